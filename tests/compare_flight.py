#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The recorded flight at 50 Hz by align_episode, against NumPy.

usage: compare_flight.py ALIGN_EPISODE FLIGHT

ALIGN_EPISODE is the program, FLIGHT a directory of CSV files whose first column is time_ns. Every stream is aligned by
one call of fuse: linearly, the attitude by slerp. NumPy does the same in float64, and says itself which rows have a
value: those within a stream, and not across a pause of more than 2.5 median intervals. Exit code 1 on a difference.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy

ATTITUDE = "vehicle_attitude"
TOLERANCE = 2e-6  # of a channel's largest magnitude: inputs and results are float32


def align(program, flight, output):
    subprocess.run([program, "--input", flight, "--rate", "50", "--quaternion", f"{ATTITUDE}:q_0:wxyz", "--no-plot",
                    "--output", output], check=True, stdout=subprocess.DEVNULL)
    output = pathlib.Path(output)
    columns = json.loads((output / "episode.json").read_text(encoding="utf-8"))["columns"]
    return numpy.load(output / "times_ns.npy"), numpy.load(output / "values.npy"), columns


def read(path):
    names = path.open(encoding="utf-8").readline().strip().split(",")
    text = numpy.genfromtxt(path, delimiter=",", skip_header=1, dtype=str)
    return names[1:], text[:, 0].astype(numpy.int64), text[:, 1:].astype(numpy.float32).astype(numpy.float64)


def neighbours(times, stamps):
    """For each time the samples around it, how far it lies between them, and whether it has a value."""
    right = numpy.searchsorted(stamps, times, side="right").clip(1, len(stamps) - 1)
    left = right - 1
    interval = stamps[right] - stamps[left]
    weight = (times - stamps[left]) / interval
    inside = (times >= stamps[0]) & (times <= stamps[-1])
    near = interval <= 2.5 * numpy.median(numpy.diff(stamps))
    return left, right, weight, inside & (near | numpy.isin(times, stamps))


def slerp(a, b, weight):
    b = numpy.where((a * b).sum(1, keepdims=True) < 0, -b, b)
    angle = 2 * numpy.arctan2(numpy.linalg.norm(a - b, axis=1), numpy.linalg.norm(a + b, axis=1))
    sine = numpy.where(angle == 0, 1, numpy.sin(angle))
    share = numpy.where(angle == 0, weight, numpy.sin(weight * angle) / sine)
    rest = numpy.where(angle == 0, 1 - weight, numpy.sin((1 - weight) * angle) / sine)
    return rest[:, None] * a + share[:, None] * b


def main():
    program, flight = sys.argv[1:]
    with tempfile.TemporaryDirectory() as output:
        times, values, columns = align(program, flight, output)
    compared, worst = 0, 0.0
    for path in sorted(pathlib.Path(flight).glob("*.csv")):
        names, stamps, samples = read(path)
        left, right, weight, valid = neighbours(times, stamps)
        expected = samples[left] + weight[:, None] * (samples[right] - samples[left])
        if path.stem == ATTITUDE:
            first = names.index("q_0")
            unit = samples[:, first:first + 4] / numpy.linalg.norm(samples[:, first:first + 4], axis=1, keepdims=True)
            expected[:, first:first + 4] = slerp(unit[left], unit[right], weight)
        for c, name in enumerate(names):
            got = values[:, columns.index(f"{path.stem}.{name}")].astype(numpy.float64)
            if (numpy.isnan(got) == valid).any():
                sys.exit(f"{path.stem}.{name}: other rows have a value than NumPy says")
            scale = numpy.abs(samples[:, c]).max() or 1.0
            difference = numpy.abs(got - expected[:, c])[valid]
            if path.stem == ATTITUDE and name.startswith("q_"):  # q and -q are one rotation
                difference = numpy.minimum(difference, numpy.abs(got + expected[:, c])[valid])
            worst = max(worst, difference.max() / scale)
            compared += int(valid.sum())
    print(f"{compared} values of {len(columns)} columns, largest difference {worst:.1e} of a channel's largest magnitude")
    if compared == 0 or not worst <= TOLERANCE:
        sys.exit("differs from NumPy")


if __name__ == "__main__":
    main()
