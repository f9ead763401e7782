#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""bench/profile.sh and bench/profile_table.py, on made-up output of Nsight Compute. No GPU is needed."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))
import profile_table

CASE = "match/nearest/1024x300_vs_3000/cold"
UNITS = {profile_table.TIME: "ns", profile_table.BYTES: "Mbyte", profile_table.BYTES_A_CYCLE: "Kbyte/cycle",
         profile_table.DRAM_HERTZ: "cycle/nsecond", profile_table.SM_HERTZ: "cycle/nsecond"}
# A board of 2 TB/s and, with 10 multiply-adds a cycle at 1.5 GHz, 30 GFLOP/s: the ridge is at 0.015 FLOP/byte.
VALUES = {profile_table.TIME: "10,000", profile_table.BYTES: "8", profile_table.BYTES_A_CYCLE: "1",
          profile_table.DRAM_HERTZ: "2", profile_table.SM_HERTZ: "1.5", profile_table.FMA_A_CYCLE: "10",
          profile_table.SM: "20", profile_table.MEMORY: "45.4", profile_table.DRAM: "40.2",
          profile_table.CONFLICTS: "25", profile_table.WAVEFRONTS: "1,000",
          **{profile_table.OPERATIONS.format(name): "0" for name in profile_table.WEIGHTS},
          profile_table.OPERATIONS.format("ffma"): "20,000", profile_table.OPERATIONS.format("dadd"): "1,000",
          profile_table.SECTORS.format("st"): "n/a"}

NCU = """#!{python}
import os, pathlib, sys
sys.path.insert(0, {bench!r})
sys.path.insert(0, {tests!r})
if "--version" in sys.argv:
    print("NVIDIA (R) Nsight Compute Command Line Profiler\\nVersion 2025.3.0.0 (build 1) (public-release)")
    sys.exit(0)
import profile_test
kernels = sys.argv[sys.argv.index("--kernel-name") + 1][len("regex:^("):-len(")$")].split("|")
program = sys.argv[-2].rsplit("/", 1)[1]
if program == "fails_bench":
    sys.exit(9)
wanted = {{"fuse_bench": ["match_kernel"], "check_times_test": ["clear_offences_kernel", "match_kernel"]}}[program]
launches = [(kernel, "(4, 1, 1)", {{}}) for kernel in wanted if kernel in kernels]
out = pathlib.Path(sys.argv[sys.argv.index("--log-file") + 1])
out.write_text(profile_test.raw(launches) if launches else "==WARNING== No kernels were profiled.\\n")
"""
BENCHMARK = "#!/bin/sh\necho {case}/iterations:1/manual_time\n"


def raw(launches):
    """What ncu writes: of each launch the kernel, the grid, and values that are not the usual ones."""
    names = ["ID", "Kernel Name", "Grid Size", *profile_table.METRICS]
    rows = [names, ["", "", "", *(UNITS.get(metric, "") for metric in profile_table.METRICS)]]
    for number, (kernel, grid, values) in enumerate(launches):
        rows.append([str(number), kernel, grid,
                     *({**VALUES, **values}.get(metric, "3") for metric in profile_table.METRICS)])
    return "==PROF== Connected to process 7\n" + "".join(
        ",".join(f'"{cell}"' for cell in row) + "\n" for row in rows) + "==PROF== Disconnected from process 7\n"


class Profile(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def raw_file(self, *launches, case=CASE, name="raw.csv"):
        path = self.folder / name
        path.write_text(f"# case: {case}\n" + raw(launches), encoding="utf-8")
        return path

    def merged(self, *raw_files, gpu="G", commit="abc"):
        path = self.folder / "ncu.csv"
        profile_table.merge(path, raw_files, {"gpu": gpu, "driver": "1", "ncu": "2"}, commit)
        return path

    def row(self, **values):
        launch = "match_kernel", "(4, 1, 1)", {getattr(profile_table, key): value for key, value in values.items()}
        return profile_table.rows_of(self.raw_file(launch), "abc")[1][0]

    def test_units_and_separators(self):
        row = self.row()
        self.assertAlmostEqual(1e6 * row[profile_table.TIME], 10)
        self.assertAlmostEqual(row[profile_table.BYTES], 8e6)
        self.assertAlmostEqual(row[profile_table.BYTES_A_CYCLE], 1000)
        self.assertAlmostEqual(row[profile_table.DRAM_HERTZ] / 2e9, 1)
        self.assertIsNone(row[profile_table.SECTORS.format("st")])
        self.assertAlmostEqual(profile_table.number("1.5", "Ghz"), 1.5e9)

    def test_median_launch_of_the_largest_grid_of_kernels_of_the_library(self):
        def launch(kernel, grid, time):
            return kernel, grid, {profile_table.TIME: time}

        path = self.raw_file(launch("copy_kernel", "(9, 1, 1)", "5"), launch("match_kernel", "(1, 1, 1)", "1"),
                             *(launch("match_kernel", "(4, 2, 1)", time) for time in ("900", "100", "300")),
                             launch("void fuse_kernel<int>(Job)", "(4, 1, 1)", "70"))
        rows = profile_table.rows_of(path, "abc")[1]
        self.assertEqual([(row["kernel"], row["launches"]) for row in rows], [("fuse_kernel", 1), ("match_kernel", 3)])
        self.assertAlmostEqual(1e9 * rows[1][profile_table.TIME], 300)

    def test_roofline(self):
        # (2 x 20,000 of float + 2 x 1,000 of double) operations, 8 MB in 10 us.
        intensity, reached = profile_table.roofline(self.row())
        self.assertAlmostEqual(intensity, 42_000 / 8e6)
        self.assertAlmostEqual(reached, 100 * 8e6 / 10e-6 / 2e12)
        # Above the ridge the arithmetic is the roof.
        intensity, reached = profile_table.roofline(self.row(BYTES="0.0001"))
        self.assertAlmostEqual(intensity, 420)
        self.assertAlmostEqual(reached, 100 * 42_000 / 10e-6 / 30e9)
        self.assertEqual(profile_table.roofline(self.row(BYTES="n/a")), (None, None))
        self.assertIsNone(profile_table.roofline(self.row(BYTES="0"))[0])

    def test_limits(self):
        self.assertEqual(profile_table.limit(self.row()), "latency")
        self.assertEqual(profile_table.limit(self.row(MEMORY="80", DRAM="75")), "DRAM")
        self.assertEqual(profile_table.limit(self.row(MEMORY="80")), "caches")
        self.assertEqual(profile_table.limit(self.row(SM="81", MEMORY="80")), "compute")
        self.assertEqual(profile_table.limit(self.row(SM="n/a")), "")

    def test_file_survives_and_cases_are_replaced(self):
        one = self.raw_file(("match_kernel", "(4, 1, 1)", {}), name="one.csv")
        other = self.raw_file(("fuse_kernel", "(4, 1, 1)", {}), case="fuse/a/hot", name="other.csv")
        path = self.merged(one, other)
        machine, rows = profile_table.read_csv(path)
        self.assertEqual(machine, {"gpu": "G", "driver": "1", "ncu": "2"})
        self.assertEqual([(row["benchmark"], row["kernel"]) for row in rows],
                         [("fuse/a/hot", "fuse_kernel"), (CASE, "match_kernel")])
        self.assertAlmostEqual(rows[0][profile_table.BYTES], 8e6)
        self.assertIsNone(rows[0][profile_table.SECTORS.format("st")])
        self.merged(one, commit="def")
        self.assertEqual([row["commit"] for row in profile_table.read_csv(path)[1]], ["abc", "def"])
        with self.assertRaises(ValueError):
            self.merged(one, gpu="H")

    def test_case_without_kernels_is_an_error(self):
        with self.assertRaises(ValueError):
            self.merged(self.raw_file(("copy_kernel", "(4, 1, 1)", {})))
        with self.assertRaises(ValueError):
            self.merged(self.raw_file())

    def test_table(self):
        lines = profile_table.table(self.merged(self.raw_file(("match_kernel", "(4, 1, 1)", {}))))
        self.assertIn(f"| `match_kernel` | `{CASE}` | 10.0 | 20 | 45 | 40 | 3 | 3 | 3 | 3 | 2 | 3.0, – | 0.01 | 40 | "
                      "latency |", lines)
        self.assertEqual(len({line.count("|") for line in lines if line.startswith("|")}), 1)
        self.assertNotIn("match_kernel", lines[-1])
        self.assertIn("`fuse_kernel`", lines[-1])

    def script(self, name, text, **fields):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(python=sys.executable, bench=str(BENCH), tests=str(BENCH.parent / "tests"),
                                    **fields), encoding="utf-8")
        path.chmod(0o755)

    def profile(self, *arguments):
        done = subprocess.run([BENCH / "profile.sh", *map(str, arguments)], capture_output=True, text=True,
                              check=False, env={**os.environ, "PATH": str(self.folder / "bin")})
        return done.returncode, done.stdout + done.stderr

    def test_script(self):
        self.script("bin/ncu", NCU)
        self.script("bin/nvidia-smi", "#!/bin/sh\necho made-up\n")
        (self.folder / "bin" / "python3").symlink_to(sys.executable)
        for tool in ("bash", "dirname", "mkdir", "rm", "cat", "grep", "sed", "tail"):
            (self.folder / "bin" / tool).symlink_to(shutil.which(tool))
        self.script("bench/fuse_bench", BENCHMARK, case=CASE)
        out = self.folder / "out"
        code, text = self.profile(self.folder / "bench", self.folder / "tests", out, "match|check_times|split_segments")
        self.assertNotEqual(code, 0)  # ncu does not get along with the last one
        self.assertIn("SplitSegments.RandomRecordings/Stream: ncu failed", text)
        self.assertEqual(len(profile_table.read_csv(out / "ncu.csv")[1]), 2)  # of those before it
        code, text = self.profile(self.folder / "bench", self.folder / "tests", out, "match|check_times")
        self.assertEqual(code, 0, text)
        self.assertIn("nsys: not found, no timeline", text)
        machine, rows = profile_table.read_csv(out / "ncu.csv")
        self.assertEqual(machine, {"gpu": "made-up", "driver": "made-up", "ncu": "2025.3.0.0"})
        # The test is asked for kernels that the benchmark did not run.
        self.assertEqual([(row["benchmark"].split("/")[0], row["kernel"]) for row in rows],
                         [("check_times_test", "clear_offences_kernel"), ("match", "match_kernel")])
        # A case that is chosen again is run again, also where it has given every kernel that it can.
        text = (out / "ncu.csv").read_text(encoding="utf-8")
        (out / "ncu.csv").write_text(text.replace(",unknown,", ",old,"), encoding="utf-8")
        code, text = self.profile(self.folder / "bench", self.folder / "tests", out, "check_times")
        self.assertEqual(code, 0, text)
        self.assertEqual([row["commit"] for row in profile_table.read_csv(out / "ncu.csv")[1]], ["unknown", "old"])
        self.assertNotEqual(self.profile(self.folder / "bench", self.folder / "tests", out, "resample/pchip")[0], 0)
        self.assertEqual(self.profile(self.folder / "bench", self.folder / "tests", out, "no such case")[0], 2)
        (self.folder / "bin" / "ncu").unlink()
        self.assertEqual(self.profile(self.folder / "bench", self.folder / "tests", out)[0], 2)


if __name__ == "__main__":
    unittest.main()
