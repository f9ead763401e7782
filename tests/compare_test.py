#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""bench/compare.py as a program, on made-up result files. No GPU is needed."""

import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

COMPARE = pathlib.Path(__file__).resolve().parent.parent / "bench" / "compare.py"
CASE, OTHER = "resample/linear/f32_f32/1x2x3x4/hot", "fuse/linear/f32_f32/4x3streams/hot"

# Stands for a benchmark program: appends its name to a log, and writes a result that grows a little with every run.
PROGRAM = """#!{python}
import json, pathlib, sys
here = pathlib.Path({folder!r})
log = here / "log"
runs = log.read_text().split() if log.exists() else []
log.write_text(" ".join(runs + [{name!r}]))
options = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:])
result = {{"name": options["benchmark_filter"], "run_type": "iteration", "us": {us} + 0.001 * len(runs)}}
pathlib.Path(options["benchmark_out"]).write_text(json.dumps({{"context": {{"gpu": "G"}}, "benchmarks": [result]}}))
"""


def around(us, count=9, noise=0.01, seed=1):
    generator = random.Random(seed)
    return [us * (1 + noise * (2 * generator.random() - 1)) for _ in range(count)]


class Compare(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def file(self, name, cases, gpu="G", failed=()):
        results = [{"name": case, "run_type": "iteration", "us": us} for case, values in cases.items() for us in values]
        results += [{"name": case, "run_type": "iteration", "error_occurred": True, "error_message": "no CUDA device"}
                    for case in failed]
        # What Google Benchmark adds to repetitions, and no value of its own.
        results += [{"name": f"{case}_mean", "run_type": "aggregate", "us": 1e9} for case in cases]
        path = self.folder / name
        path.write_text(json.dumps({"context": {"gpu": gpu}, "benchmarks": results}), encoding="utf-8")
        return path

    def run_compare(self, *arguments):
        done = subprocess.run([sys.executable, COMPARE, *map(str, arguments)], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    def verdict(self, base, head, *options):
        return self.run_compare(self.file("base.json", base), self.file("head.json", head), *options)

    def test_equal_pair_passes(self):
        self.assertEqual(self.verdict({CASE: around(5)}, {CASE: around(5)})[0], 0)

    def test_noisy_pair_passes(self):
        # 8 % apart in the median, and well within what repetitions of one build differ by.
        base = [5.0, 6.5, 4.2, 5.8, 4.9, 6.1, 4.4, 5.2, 5.6]
        head = [5.6, 4.3, 6.4, 5.9, 4.8, 6.6, 4.5, 5.7, 5.3]
        self.assertEqual(self.verdict({CASE: base}, {CASE: head})[0], 0)

    def test_slower_one_fails_and_is_named(self):
        code, text = self.verdict({CASE: around(5), OTHER: around(2)}, {CASE: around(5.5, seed=2), OTHER: around(2)})
        self.assertEqual(code, 1, text)
        self.assertEqual([row.split()[0] for row in text.splitlines() if row.endswith("SLOWER")], [CASE])

    def test_threshold_is_a_choice(self):
        pair = {CASE: around(5)}, {CASE: around(5.5, seed=2)}
        self.assertEqual(self.verdict(*pair, "--threshold", "0.2")[0], 0)
        # Significant, and too small to matter.
        self.assertEqual(self.verdict({CASE: around(5, noise=1e-4)}, {CASE: around(5.1, noise=1e-4)})[0], 0)

    def test_faster_one_passes(self):
        code, text = self.verdict({CASE: around(5)}, {CASE: around(4, seed=2)})
        self.assertEqual(code, 0, text)
        self.assertIn("faster", text)

    def test_missing_case_fails_and_is_named(self):
        code, text = self.verdict({CASE: around(5), OTHER: around(2)}, {CASE: around(5)})
        self.assertEqual(code, 1, text)
        self.assertIn(OTHER, [row.split()[0] for row in text.splitlines() if "MISSING" in row])

    def test_failed_case_is_missing(self):
        base = self.file("base.json", {CASE: around(5), OTHER: around(2)})
        code, text = self.run_compare(base, self.file("head.json", {CASE: around(5)}, failed=[OTHER]))
        self.assertEqual(code, 1, text)
        self.assertIn("MISSING: no CUDA device", text)

    def test_case_that_fails_in_both_fails(self):
        base = self.file("base.json", {CASE: around(5)}, failed=[OTHER])
        code, text = self.run_compare(base, self.file("head.json", {CASE: around(5)}, failed=[OTHER]))
        self.assertEqual(code, 1, text)
        self.assertRegex(text, f"{OTHER} +failed in base: no CUDA device; FAILED: no CUDA device")
        code, text = self.run_compare(base, self.file("head.json", {CASE: around(5), OTHER: around(2)}))
        self.assertEqual(code, 0, text)

    def test_values_that_are_no_times_are_an_error(self):
        for wrong in (math.nan, math.inf, 0.0, -1.0, None, "5"):
            self.assertEqual(self.verdict({CASE: around(5)}, {CASE: [*around(5, 8), wrong]})[0], 2)
            self.assertEqual(self.verdict({CASE: [*around(5, 8), wrong]}, {CASE: around(5)})[0], 2)
        for text in ("[]", "3", '{"benchmarks": [3], "context": {}}', '{"benchmarks": []}'):
            (self.folder / "odd.json").write_text(text, encoding="utf-8")
            self.assertEqual(self.run_compare(self.folder / "odd.json", self.folder / "odd.json")[0], 2, text)

    def test_without_scipy(self):
        (self.folder / "scipy.py").write_text("raise ImportError('no SciPy')\n", encoding="utf-8")
        with mock.patch.dict(os.environ, {"PYTHONPATH": str(self.folder)}):
            self.assertEqual(self.run_compare("--help")[0], 0)
            code, text = self.verdict({CASE: around(5)}, {CASE: around(5)})
            self.assertEqual((code, text), (2, "compare.py: no SciPy\n"))

    def test_new_case_passes(self):
        code, text = self.verdict({CASE: around(5)}, {CASE: around(5), OTHER: around(2)})
        self.assertEqual(code, 0, text)
        self.assertRegex(text, f"{OTHER} +not in base")

    def test_too_few_repetitions_are_an_error_that_says_how_many(self):
        for counts in ((3, 9), (9, 3), (1, 1)):
            code, text = self.verdict({CASE: around(5, counts[0])}, {CASE: around(9, counts[1])})
            self.assertEqual(code, 2, text)
            self.assertIn("at least 4 repetitions", text)
        # As many as it says do find a regression.
        self.assertEqual(self.verdict({CASE: around(5, 4)}, {CASE: around(9, 4)})[0], 1)

    def test_files_that_cannot_be_compared_are_an_error(self):
        good = self.file("good.json", {CASE: around(5)})
        for base, head in ((good, self.file("other.json", {CASE: around(5)}, gpu="H")),
                           (self.file("empty.json", {}, failed=[CASE]), good),
                           (self.folder / "none.json", good)):
            self.assertEqual(self.run_compare(base, head)[0], 2)

    def program(self, name, us):
        path = self.folder / name
        path.write_text(PROGRAM.format(python=sys.executable, folder=str(self.folder), name=name, us=us),
                        encoding="utf-8")
        path.chmod(0o755)
        return path

    def test_programs_run_in_turns(self):
        out = self.folder / "out"
        programs = self.program("old", 5), self.program("new", 6)
        code, text = self.run_compare("--run", *programs, "--rounds", "5", "--filter", CASE, "--output", out)
        self.assertEqual(code, 1, text)
        self.assertEqual((self.folder / "log").read_text(encoding="utf-8").split(),
                         "old new new old old new new old old new".split())
        for name, count in (("base.json", 5), ("head.json", 5)):
            results = json.loads((out / name).read_text(encoding="utf-8"))["benchmarks"]
            self.assertEqual([result["repetition_index"] for result in results], list(range(count)))
        self.assertEqual(self.run_compare(out / "base.json", out / "base.json")[0], 0)

    def test_program_that_fails_is_an_error(self):
        self.assertEqual(self.run_compare("--run", "/bin/false", "/bin/false", "--output", self.folder)[0], 2)
        few = "--run", "/bin/true", "/bin/true", "--output", self.folder, "--rounds", 3
        self.assertEqual(self.run_compare(*few)[0], 2)


if __name__ == "__main__":
    unittest.main()
