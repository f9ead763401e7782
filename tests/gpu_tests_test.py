#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""bench/gpu_tests.py over made-up test programs, whose cases act by their names. No GPU."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

GPU_TESTS = pathlib.Path(__file__).resolve().parent.parent / "bench" / "gpu_tests.py"
sys.path.insert(0, str(GPU_TESTS.parent))
import make_table

PROGRAM = """#!{python}
import json, pathlib, sys, time
cases = {cases!r}
options = dict(word.lstrip("-").split("=", 1) for word in sys.argv[1:] if "=" in word)
if "--gtest_list_tests" in sys.argv:
    assert options["gtest_filter"] == "*Stream*:*Graph*:Gpu*:*/Gpu*-*/Host"
    print("Running main() from gtest_main.cc")
    print("Fake.  # TypeParam = int")
    for case in cases:
        print("  " + case + "  # GetParam() = Stream")
    sys.exit(0)
results = []
for case in [name.split(".", 1)[1] for name in options["gtest_filter"].split(":")]:
    assert case in cases
    with open({log!r}, "a") as file:
        file.write(case + " ")
    if "Crash" in case:
        sys.exit(139)
    if "Slow" in case:
        time.sleep(60)
    result = {{"name": case, "classname": "Fake", "result": "SKIPPED" if "Skips" in case else "COMPLETED"}}
    if "Fails" in case:
        result["failures"] = [{{"failure": "x_test.cpp:7\\nExpected 1", "type": ""}}]
    if "Skips" in case:
        print("x_test.cpp:5: Skipped\\nno second device\\n\\n[  SKIPPED ] Fake." + case + " (0 ms)")
    results.append(result)
kind, path = options["gtest_output"].split(":", 1)
pathlib.Path(path).write_text(json.dumps({{"testsuites": [{{"name": "Fake", "testsuite": results}}]}}))
sys.exit(any("failures" in result for result in results))
"""


class GpuTests(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.program("bin/nvidia-smi", "#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 580.159.04'\n")
        (self.folder / "tests").mkdir()

    def program(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def fake_test(self, name, *cases):
        self.program(f"tests/{name}", PROGRAM.format(python=sys.executable, cases=cases, log=str(self.folder / "log")))

    def run_all(self, *options, commit="abc"):
        done = subprocess.run([sys.executable, GPU_TESTS, self.folder / "tests", self.folder / "tests.json", "--jobs",
                               "3", *options], capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": str(self.folder / "bin"), "ROBOCACHE_COMMIT": commit})
        return done.returncode, done.stdout + done.stderr

    def entries(self):
        data = json.loads((self.folder / "tests.json").read_text(encoding="utf-8"))
        self.assertEqual((data["gpu"], data["driver"]), ("NVIDIA H100 80GB HBM3", "580.159.04"))
        return {(entry["label"], entry["program"]): entry for entry in data["results"]}

    def test_passed_and_skipped(self):
        self.fake_test("one_test", *(f"Case{number}" for number in range(15)), "Huge/Stream")
        self.fake_test("two_test_cuda", "SkipsA", "SkipsB", "Good")
        code, text = self.run_all()
        self.assertEqual(code, 0, text)
        self.assertIn("19 cases, 17 passed, 2 skipped, 0 failed", text)
        one, two = (self.entries()["default", name] for name in ("one_test", "two_test_cuda"))
        self.assertEqual((one["cases"], one["passed"], one["skipped"], one["failed"]), (16, 16, {}, {}))
        self.assertEqual((two["passed"], two["skipped"]), (1, {"no second device": 2}))
        self.assertEqual((self.folder / "log").read_text(encoding="utf-8").split()[-1], "Huge/Stream")

    def test_failures_are_named(self):
        self.fake_test("one_test", "Good", "Fails")
        self.fake_test("two_test", "Crash")
        self.fake_test("three_test", "Slow")
        code, text = self.run_all("--time-limit", "2")
        self.assertEqual(code, 1, text)
        failed = {name: entry["failed"] for (_, name), entry in self.entries().items()}
        self.assertEqual(failed, {"one_test": {"Fake.Fails": "failed: x_test.cpp:7"},
                                  "two_test": {"Fake.Crash": "failed: exit code 139"},
                                  "three_test": {"Fake.Slow": "failed: no end after 2 s"}})

    def test_nothing_passed_is_a_failure(self):
        self.fake_test("one_test", "SkipsA")
        self.assertEqual(self.run_all()[0], 1)

    def test_summary_keeps_others(self):
        self.fake_test("one_test", "Good")
        self.fake_test("two_test", "Good")
        self.assertEqual(self.run_all()[0], 0)
        self.assertEqual(self.run_all("--label", "PTX", "--filter", "^one", commit="def")[0], 0)
        self.assertEqual(self.run_all("--filter", "^two", commit="def")[0], 0)
        self.assertEqual({key: entry["commit"] for key, entry in self.entries().items()},
                         {("default", "one_test"): "abc", ("default", "two_test"): "def", ("PTX", "one_test"): "def"})
        lines = make_table.gpu_tests_table(self.folder / "tests.json")
        self.assertIn("| PTX | 1 | 1 | 1 | 0 | 0 | def |", lines)
        self.assertIn("| default | 2 | 2 | 2 | 0 | 0 | abc, def |", lines)

    def test_environment_errors(self):
        self.assertEqual(self.run_all()[0], 2)  # no program
        self.fake_test("one_test", "Good")
        (self.folder / "tests.json").write_text('{"gpu": "other", "results": []}', encoding="utf-8")
        self.assertEqual(self.run_all()[0], 2)
        (self.folder / "bin" / "nvidia-smi").unlink()
        self.assertEqual(self.run_all()[0], 2)


if __name__ == "__main__":
    unittest.main()
