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

CASE = "resample_cpu/linear/f64_f64/64x300x150x14"
LARGER = "resample_cpu/linear/f64_f64/1024x300x150x14"  # how two threads fare when their start weighs little
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
    """(case, threads) -> microseconds."""
    command = [binary, f"--benchmark_filter=({CASE}|{LARGER})/threads", "--benchmark_format=json",
               "--benchmark_min_time=0.2"]
    results = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["benchmarks"]
    times = {}
    for result in results:
        case, threads = result["name"].split("/threads:")
        times[case, int(threads)] = result["real_time"]
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", help="JSON file to write")
    options = parser.parse_args()

    segments = make_segments()
    scipy_times, library_times = [], []
    for _ in range(options.repeats):
        scipy_times.append(scipy_microseconds(segments))
        library_times.append(library_microseconds(options.binary))

    peer = statistics.median(scipy_times)
    library = {key: statistics.median(times[key] for times in library_times) for key in library_times[0]}
    faster = peer / library[CASE, 1]
    scaling = library[CASE, 1] / library[CASE, 2]
    report = {
        "case": CASE,
        "machine": {"processor": processor_name(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "numpy": numpy.__version__, "scipy": scipy.__version__},
        "repeats": options.repeats,
        "microseconds": {
            "scipy": round(peer, 1),
            **{f"{case.rsplit('/', 1)[1]}/threads:{threads}": round(microseconds, 1)
               for (case, threads), microseconds in library.items()},
        },
        "one_thread_over_scipy": round(faster, 2),
        "two_threads_over_one": round(scaling, 2),
        "two_threads_over_one_1024_segments": round(library[LARGER, 1] / library[LARGER, 2], 2),
        "must": {"one_thread_over_scipy": MUST_BEAT_SCIPY, "two_threads_over_one": MUST_SCALE},
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return 0 if faster >= MUST_BEAT_SCIPY and scaling >= MUST_SCALE else 1


def processor_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
