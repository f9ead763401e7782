#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The CPU path beside NumPy: points counted in 128 x 128 x 16 cells by floor, mask and bincount, in one run.

usage: compare_numpy.py BINARY [--points FILE] [--repeats N] [--output FILE]

BINARY is voxelize_cpu_bench. FILE holds float32 [points, 3]; without it the points are 97,280 of a made-up street. NumPy
and the binary take turns; times are medians over the turns. Exit code 1 if the required ratio is not reached.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

CASE = "voxelize_cpu/count_i32/lidar_97k_128x128x16"
LOW, SIZE, SHAPE = (-51.2, -51.2, -4.0), (0.8, 0.8, 0.5), (128, 128, 16)
MUST_BEAT_NUMPY = 3.0


def street(beams=128, columns=760):
    """Column by column, what a spinning sensor sees of the ground and two walls."""
    random = numpy.random.default_rng(20260101)
    azimuth = numpy.repeat(numpy.linspace(0.0, 2.0 * numpy.pi, columns, endpoint=False), beams)
    elevation = numpy.tile(numpy.radians(numpy.linspace(45.0, -45.0, beams)), columns)
    along = numpy.cos(elevation)
    direction = numpy.stack([along * numpy.cos(azimuth), along * numpy.sin(azimuth), numpy.sin(elevation)], axis=1)
    to_ground = numpy.where(direction[:, 2] < 0, -1.8 / numpy.minimum(direction[:, 2], -1e-9), 90.0)
    to_wall = 13.0 / numpy.maximum(numpy.abs(direction[:, 1]), 1e-9)
    reach = numpy.minimum(numpy.minimum(to_ground, to_wall), 90.0) + random.uniform(-0.02, 0.02, len(azimuth))
    return (direction * reach[:, None]).astype(numpy.float32)


def numpy_microseconds(points):
    low, size, shape = numpy.array(LOW, numpy.float32), numpy.array(SIZE, numpy.float32), numpy.array(SHAPE)

    def once():
        begin = time.perf_counter()
        cells = numpy.floor((points - low) / size).astype(numpy.int32)
        inside = cells[((cells >= 0) & (cells < shape)).all(axis=1)]
        index = (inside[:, 2] * SHAPE[1] + inside[:, 1]) * SHAPE[0] + inside[:, 0]
        numpy.bincount(index, minlength=SHAPE[0] * SHAPE[1] * SHAPE[2])
        return (time.perf_counter() - begin) * 1e6

    once()
    return statistics.median(once() for _ in range(25))


def library_microseconds(binary, name):
    """threads -> microseconds."""
    command = [binary, f"--benchmark_filter={CASE}/threads", "--benchmark_format=json", "--benchmark_min_time=0.2"]
    done = subprocess.run(command, check=True, capture_output=True, text=True,
                          env={**os.environ, "ROBOCACHE_BENCH_POINTS": name})
    results = json.loads(done.stdout)["benchmarks"]
    return {int(result["name"].rsplit(":", 1)[1]): result["real_time"] for result in results}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--points", help="float32 [points, 3]")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", help="JSON file to write")
    options = parser.parse_args()

    points = numpy.fromfile(options.points, numpy.float32).reshape(-1, 3) if options.points else street()
    peer_times, library_times = [], []
    with tempfile.NamedTemporaryFile() as file:
        file.write(numpy.ascontiguousarray(points).tobytes())
        file.flush()
        for _ in range(options.repeats):
            peer_times.append(numpy_microseconds(points))
            library_times.append(library_microseconds(options.binary, file.name))
    peer = statistics.median(peer_times)
    library = {threads: statistics.median(times[threads] for times in library_times) for threads in (1, 2)}
    report = {
        "case": CASE,
        "points": len(points),
        "versions": {"python": platform.python_version(), "numpy": numpy.__version__},
        "repeats": options.repeats,
        "microseconds": {"numpy": round(peer, 1),
                         **{f"threads:{threads}": round(value, 1) for threads, value in library.items()}},
        "one_thread_over_numpy": round(peer / library[1], 2),
        "two_threads_over_one": round(library[1] / library[2], 2),
        "must": {"one_thread_over_numpy": MUST_BEAT_NUMPY},
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return 0 if peer / library[1] >= MUST_BEAT_NUMPY else 1


if __name__ == "__main__":
    sys.exit(main())
