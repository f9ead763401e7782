#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The CPU path beside SciPy: 64 calls of interp1d linear, 300 -> 150 x 14 float64, in one run.

usage: compare_scipy.py BINARY [--repeats N] [--output FILE]

BINARY is resample_cpu_bench. SciPy and the binary take turns; times are medians over the turns. SciPy's time is that of
constructing and calling interp1d, as its users do. Exit code 1 if a required ratio is not reached.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import numpy
import scipy
from scipy.interpolate import interp1d

CASE = "resample_cpu/linear/f64_f64/64x300x150x14/threads:"
SEGMENTS, SAMPLES, ROWS, WIDTH = 64, 300, 150, 14
MUST_BEAT_SCIPY = 15.0
MUST_SCALE = 1.7


def make_segments():
    random = numpy.random.default_rng(20260101)
    segments = []
    for _ in range(SEGMENTS):
        times = numpy.arange(SAMPLES) * 20e-3
        times[1:-1] += random.uniform(-4e-3, 4e-3, SAMPLES - 2)
        queries = numpy.arange(ROWS) * 40e-3 + random.uniform(0.0, 8e-3, ROWS)
        segments.append((times, random.uniform(-2.0, 2.0, (SAMPLES, WIDTH)), queries))
    return segments


def scipy_microseconds(segments):
    def once():
        begin = time.perf_counter()
        for times, values, queries in segments:
            interp1d(times, values, axis=0, kind="linear")(queries)
        return (time.perf_counter() - begin) * 1e6

    once()
    return statistics.median(once() for _ in range(9))


def library_microseconds(binary):
    command = [binary, f"--benchmark_filter={CASE}", "--benchmark_format=json", "--benchmark_min_time=0.3"]
    results = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["benchmarks"]
    return {int(result["name"].removeprefix(CASE)): result["real_time"] for result in results}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", help="JSON file to write")
    options = parser.parse_args()

    segments = make_segments()
    scipy_times, one_thread, two_threads = [], [], []
    for _ in range(options.repeats):
        scipy_times.append(scipy_microseconds(segments))
        library = library_microseconds(options.binary)
        one_thread.append(library[1])
        two_threads.append(library[2])

    peer, one, two = (statistics.median(times) for times in (scipy_times, one_thread, two_threads))
    report = {
        "case": CASE.rsplit("/", 1)[0],
        "machine": {"processor": processor_name(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "numpy": numpy.__version__, "scipy": scipy.__version__},
        "repeats": options.repeats,
        "microseconds": {"scipy": round(peer, 1), "one_thread": round(one, 1), "two_threads": round(two, 1)},
        "one_thread_over_scipy": round(peer / one, 2),
        "two_threads_over_one": round(one / two, 2),
        "must": {"one_thread_over_scipy": MUST_BEAT_SCIPY, "two_threads_over_one": MUST_SCALE},
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return 0 if peer / one >= MUST_BEAT_SCIPY and one / two >= MUST_SCALE else 1


def processor_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
