# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The test programs and the GPU that they run on: what gpu_tests.py and sanitize.py share."""

import os
import re
import subprocess

GPU_CASES = "*Stream*:*Graph*:Gpu*:*/Gpu*"


class UsageError(Exception):
    pass


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UsageError(f"{' '.join(map(str, command))}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def machine():
    """The first GPU and its driver."""
    gpus = output_of("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").strip().splitlines()
    if not gpus or "," not in gpus[0]:
        raise UsageError("no GPU: nvidia-smi names none")
    name, driver = (word.strip() for word in gpus[0].split(",", 1))
    return {"gpu": name, "driver": driver}


def programs_in(directory, expression):
    """The test programs whose names the regular expression matches."""
    return [path for path in sorted([*directory.glob("*_test"), *directory.glob("*_test_cuda")])
            if path.is_file() and os.access(path, os.X_OK) and re.search(expression, path.name)]


def cases_of(program, but):
    """The program's GPU cases, without those that the GoogleTest patterns `but` match."""
    names, suite = [], ""
    for line in output_of(program, "--gtest_list_tests", f"--gtest_filter={GPU_CASES}-{but}").splitlines():
        if line.startswith("  "):
            names.append(suite + line.split("#")[0].strip())
        else:
            suite = line.split("#")[0].strip()
    return names
