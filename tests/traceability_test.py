#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""docs/make_traceability.py finds rows that name what does not exist, and what no row names."""

import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "docs"))
import make_traceability


class Traceability(unittest.TestCase):
    def mistakes(self, *rows):
        with mock.patch.object(make_traceability, "ROWS", rows):
            return list(make_traceability.Project().mistakes())

    def test_rows_of_the_project_are_good(self):
        self.assertEqual(self.mistakes(*make_traceability.ROWS), [])

    def test_what_does_not_exist_is_named(self):
        stale = make_traceability.Row(
            "R-1", "", ("fuse/gone.hpp",),
            {"gone_test.cpp": ("*",), "core_test.cpp": ("Status.Gone", "Status.*"),
             "compare_test.py": ("*.test_gone",)},
            ("fuse/gone/*", "fuse/*"), ("results/gone.json",))
        self.assertEqual(self.mistakes(*make_traceability.ROWS, stale),
                         ["R-1: no header fuse/gone.hpp", "R-1: no test gone_test.cpp",
                          "R-1: no case Status.Gone in core_test.cpp", "R-1: no case *.test_gone in compare_test.py",
                          "R-1: no result of a benchmark fuse/gone/*", "R-1: no file bench/results/gone.json"])

    def test_what_no_row_names_is_named(self):
        rows = [row for row in make_traceability.ROWS if row.number != "R-SYNC-1"]
        self.assertEqual(self.mistakes(*rows), ["no requirement names the operator fuse/synchronize.hpp",
                                                "no requirement names the test synchronize_test.cpp"])

    def test_numbers_are_unique(self):
        rows = make_traceability.ROWS
        self.assertEqual(self.mistakes(*rows, rows[0]), ["R-ASYNC-1 is there twice"])


if __name__ == "__main__":
    unittest.main()
