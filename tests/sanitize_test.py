#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""bench/sanitize.sh over made-up test programs, with a compute-sanitizer that acts by the names of cases. No GPU."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SANITIZE = pathlib.Path(__file__).resolve().parent.parent / "bench" / "sanitize.sh"
sys.path.insert(0, str(SANITIZE.parent))
import make_table

TEST_PROGRAM = """#!{python}
import sys, time
cases = {cases!r}
chosen = next(word for word in sys.argv if word.startswith("--gtest_filter=")).split("=", 1)[1].split(":")
if "--gtest_list_tests" in sys.argv:
    print("Running main() from gtest_main.cc")
    print("Fake.  # TypeParam = int")
    for case in cases:
        print("  " + case + "  # GetParam() = Stream")
    sys.exit(0)
failed = False
for case in [case for case in cases if "Fake." + case in chosen]:
    if "Slow" in case:
        time.sleep(60)
    if "Crash" in case:
        sys.exit(139)
    verdict = "[  FAILED  ]" if "Fails" in case else "[  SKIPPED ]" if "Skips" in case else "[       OK ]"
    failed |= "Fails" in case
    print(verdict, "Fake." + case, "(1 ms)")
sys.exit(failed)
"""

SANITIZER = """#!{python}
import subprocess, sys
if "--version" in sys.argv:
    print("NVIDIA (R) Compute Sanitizer\\nVersion 2025.3.1.0 (build 1)")
    sys.exit(0)
tool = sys.argv[sys.argv.index("--tool") + 1]
done = subprocess.run([sys.argv[-2], sys.argv[-1]], stdout=subprocess.PIPE, text=True)
chosen = sys.argv[-1].split("=", 1)[1].split(":")
print("========= COMPUTE-SANITIZER")
print(done.stdout, end="")
if done.returncode == 139:
    print("========= Error: process didn't terminate successfully")
    sys.exit(139)
if all("Idle" in case for case in chosen):
    print("========= Target application terminated before first instrumented API call")
    sys.exit(done.returncode)
if tool == "racecheck" and any("Internal" in case for case in chosen):
    if any("Hazard" in case for case in chosen):
        print("========= Error: Race reported between Write access and Read access")
    print("========= Internal Sanitizer Error: Detected a failure to track a kernel launch")
    print("========= ERROR SUMMARY: 1 error")
    sys.exit(9)
hazards = sum("Hazard" in case for case in chosen) + (sum("Together" in case for case in chosen) == 2)
if hazards:
    print("========= Error: Race reported between Write access and Read access")
print("========= RACECHECK SUMMARY: %d hazards displayed (0 errors, %d warnings)" % (hazards, hazards)
      if tool == "racecheck" else "========= ERROR SUMMARY: %d errors" % hazards)
sys.exit(9 if hazards else done.returncode)
"""

NVIDIA_SMI = "#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 580.159.04'\n"


class Sanitize(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.out = self.folder / "out"
        self.program("bin/compute-sanitizer", SANITIZER)
        self.program("bin/nvidia-smi", NVIDIA_SMI)
        (self.folder / "bin" / "python3").symlink_to(sys.executable)
        for tool in ("bash", "dirname"):
            (self.folder / "bin" / tool).symlink_to(shutil.which(tool))

    def program(self, name, text, **fields):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(python=sys.executable, **fields) if "{python}" in text else text, encoding="utf-8")
        path.chmod(0o755)

    def fake_test(self, name, *cases):
        self.program(f"tests/{name}", TEST_PROGRAM, cases=cases)

    def sanitize(self, *options, commit="abc"):
        done = subprocess.run([SANITIZE, self.folder / "tests", "--output", self.out, "--jobs", "3", *options],
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": str(self.folder / "bin"), "ROBOCACHE_COMMIT": commit})
        return done.returncode, done.stdout + done.stderr

    def summary(self, path=None):
        data = json.loads((path or self.out / "sanitize.json").read_text(encoding="utf-8"))
        self.context = {key: value for key, value in data.items() if key != "results"}
        return {(entry["tool"], entry["binary"]): entry for entry in data["results"]}

    def test_clean(self):
        self.fake_test("one_test", "First", "Second", "Third")
        self.fake_test("two_test_cuda", "SkipsForData", "Fourth")
        code, text = self.sanitize()
        self.assertEqual(code, 0, text)
        results = self.summary()
        self.assertEqual(self.context, {"gpu": "NVIDIA H100 80GB HBM3", "driver": "580.159.04",
                                        "compute_sanitizer": "2025.3.1.0"})
        self.assertEqual(len(results), 8)
        for (tool, binary), entry in results.items():
            self.assertIn(tool, ("memcheck", "racecheck", "initcheck", "synccheck"))
            expected = (3, 3, 0) if binary == "one_test" else (2, 1, 1)
            self.assertEqual((entry["cases"], entry["clean"], entry["skipped"]), expected)
            self.assertEqual((entry["verdict"], entry["commit"], entry["findings"]), ("clean", "abc", []))
        self.assertEqual(list((self.out / "logs").iterdir()), [])

    def test_findings_are_named_by_case(self):
        self.fake_test("bad_test", "First", "Hazard", "Third", "Fails")
        code, text = self.sanitize("--tool", "racecheck", "--tool", "memcheck")
        self.assertEqual(code, 1, text)
        for entry in self.summary().values():
            self.assertEqual(entry["verdict"], "findings")
            self.assertEqual({item["case"] for item in entry["findings"]}, {"Fake.Hazard", "Fake.Fails"})
            self.assertEqual(entry["clean"], 2)
        self.assertIn("Race reported", text)
        self.assertTrue(list((self.out / "logs").iterdir()))

    def test_finding_that_no_case_has_alone_is_kept(self):
        self.fake_test("pair_test", "TogetherA", "TogetherB")
        self.assertEqual(self.sanitize("--tool", "memcheck")[0], 1)
        entry = self.summary()["memcheck", "pair_test"]
        self.assertEqual([item["case"] for item in entry["findings"]], ["Fake.TogetherA:Fake.TogetherB"])

    def test_internal_error_is_no_verdict_of_the_guilty_case_alone(self):
        self.fake_test("threads_test", "First", "Internal", "Third", "Fourth")
        code, text = self.sanitize()
        self.assertEqual(code, 3, text)
        results = self.summary()
        for tool in ("memcheck", "initcheck", "synccheck"):
            self.assertEqual(results[tool, "threads_test"]["verdict"], "clean")
        entry = results["racecheck", "threads_test"]
        self.assertEqual((entry["verdict"], entry["clean"]), ("no_verdict", 3))
        self.assertEqual([item["case"] for item in entry["no_verdict"]], ["Fake.Internal"])
        self.assertIn("failure to track a kernel launch", entry["no_verdict"][0]["text"])

        lines = make_table.sanitizer_table(self.out / "sanitize.json")
        self.assertIn("| racecheck | 4 | 3 | 0 | 0 | 0 | 1 |", lines)
        self.assertIn("| memcheck | 4 | 4 | 0 | 0 | 0 | 0 |", lines)
        self.assertTrue(lines[-1].startswith("racecheck, `Fake.Internal`: Internal Sanitizer Error"))

    def test_program_without_gpu_work_is_counted_apart(self):
        self.fake_test("idle_test", "IdleA", "IdleB")
        self.fake_test("busy_test", "First")
        self.assertEqual(self.sanitize("--tool", "synccheck")[0], 0)
        entry = self.summary()["synccheck", "idle_test"]
        self.assertEqual((entry["verdict"], entry["nothing_on_gpu"], entry["clean"]), ("nothing_on_gpu", 2, 0))

    def test_nothing_checked_is_no_success(self):
        self.fake_test("idle_test", "IdleA", "IdleB")
        self.fake_test("skips_test", "SkipsC")
        code, text = self.sanitize("--tool", "synccheck", "--tool", "memcheck")
        self.assertEqual(code, 3)
        self.assertIn("nothing was checked by memcheck, synccheck", text)

    def test_finding_beside_an_internal_error_is_a_finding(self):
        self.fake_test("both_test", "InternalHazard", "Other")
        code, text = self.sanitize("--tool", "racecheck")
        self.assertEqual(code, 1, text)
        entry = self.summary()["racecheck", "both_test"]
        self.assertEqual([item["case"] for item in entry["findings"]], ["Fake.InternalHazard"])
        self.assertIn("Race reported", entry["findings"][0]["text"])

    def test_graph_cases_without_a_twin_are_run(self):
        self.fake_test("graph_test", "Case/Stream", "Case/Graph", "Other/Graph", "GraphOf/Stream")
        self.assertEqual(self.sanitize("--tool", "memcheck")[0], 0)
        self.assertEqual(self.summary()["memcheck", "graph_test"]["cases"], 3)
        self.assertEqual(self.sanitize("--tool", "memcheck", "--graphs")[0], 0)
        self.assertEqual(self.summary()["memcheck", "graph_test"]["cases"], 4)

    def test_crash_is_no_verdict(self):
        self.fake_test("crash_test", "Crash", "IdleCrash", "Good")
        self.assertEqual(self.sanitize("--tool", "memcheck")[0], 3)
        entry = self.summary()["memcheck", "crash_test"]
        self.assertEqual({item["case"] for item in entry["no_verdict"]}, {"Fake.Crash", "Fake.IdleCrash"})
        self.assertEqual(entry["clean"], 1)

    def test_time_limit(self):
        self.fake_test("slow_test", "Slow", "Fast")
        self.assertEqual(self.sanitize("--tool", "memcheck", "--time-limit", "2")[0], 3)
        entry = self.summary()["memcheck", "slow_test"]
        self.assertEqual(entry["no_verdict"], [{"case": "Fake.Slow", "text": "time limit"}])

    def test_budget_then_continue(self):
        cases = [f"Case{number}" for number in range(8)]
        self.fake_test("many_test", *cases)
        file = self.folder / "kept" / "sanitize.json"
        code, text = self.sanitize("--tool", "memcheck", "--budget", "0", "--merge", file)
        self.assertEqual(code, 3, text)
        entry = self.summary(file)["memcheck", "many_test"]
        self.assertEqual((entry["clean"], len(entry["no_verdict"])), (0, 8))
        # Pretend that one had been reached.
        done = entry["no_verdict"].pop()["case"]
        entry["clean"] = 1
        file.write_text(json.dumps({**self.context, "results": [entry]}), encoding="utf-8")
        code, text = self.sanitize("--tool", "memcheck", "--merge", file, "--continue")
        self.assertEqual(code, 0, text)
        entry = self.summary(file)["memcheck", "many_test"]
        self.assertEqual((entry["verdict"], entry["cases"], entry["clean"], entry["no_verdict"]), ("clean", 8, 8, []))
        self.assertNotIn(done, text)
        # Of another commit everything runs again.
        self.assertEqual(self.sanitize("--tool", "memcheck", "--merge", file, "--continue", commit="def")[0], 0)
        entry = self.summary(file)["memcheck", "many_test"]
        self.assertEqual((entry["commit"], entry["cases"], entry["clean"]), ("def", 8, 8))
        # So does a program that has other cases.
        self.fake_test("many_test", *cases, "Hazard")
        self.assertEqual(self.sanitize("--tool", "memcheck", "--merge", file, "--continue", commit="def")[0], 1)
        # What no commit tells apart cannot go on.
        self.assertEqual(self.sanitize("--tool", "memcheck", "--merge", file, "--continue", commit="")[0], 2)

    def test_programs_that_are_gone_leave_the_summary(self):
        self.fake_test("one_test", "First")
        self.fake_test("two_test", "Second")
        file = self.folder / "sanitize.json"
        self.assertEqual(self.sanitize("--tool", "memcheck", "--merge", file)[0], 0)
        (self.folder / "tests" / "one_test").unlink()
        self.assertEqual(self.sanitize("--tool", "synccheck", "--merge", file)[0], 0)
        self.assertEqual(set(self.summary(file)), {("memcheck", "two_test"), ("synccheck", "two_test")})

    def test_subset_is_merged(self):
        self.fake_test("one_test", "First")
        self.fake_test("two_test", "Second")
        file = self.folder / "sanitize.json"
        self.assertEqual(self.sanitize("--tool", "memcheck", "--merge", file)[0], 0)
        self.assertEqual(self.sanitize("--filter", "^two", "--merge", file, commit="def")[0], 0)
        results = self.summary(file)
        self.assertEqual(results["memcheck", "one_test"]["commit"], "abc")
        self.assertEqual(results["memcheck", "two_test"]["commit"], "def")
        self.assertEqual(len(results), 5)
        self.assertEqual(results, self.summary())

    def test_summary_of_another_machine_is_refused(self):
        self.fake_test("one_test", "First")
        file = self.folder / "sanitize.json"
        file.write_text(json.dumps({"gpu": "other", "results": []}), encoding="utf-8")
        self.assertEqual(self.sanitize("--merge", file)[0], 2)

    def test_environment_errors(self):
        self.assertEqual(self.sanitize()[0], 2)  # no program
        self.fake_test("one_test", "First")
        self.assertEqual(self.sanitize("--filter", "none")[0], 2)
        self.assertEqual(self.sanitize("--tool", "magic")[0], 2)
        self.program("bin/nvidia-smi", "#!/bin/sh\nexit 9\n")
        self.assertEqual(self.sanitize()[0], 2)
        self.program("bin/nvidia-smi", NVIDIA_SMI)
        (self.folder / "bin" / "compute-sanitizer").unlink()
        code, text = self.sanitize()
        self.assertEqual(code, 2)
        self.assertIn("compute-sanitizer: not found", text)


if __name__ == "__main__":
    unittest.main()
