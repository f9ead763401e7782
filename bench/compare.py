#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Two builds of a benchmark program beside each other: which cases became slower, outside the noise.

usage: compare.py BASE.json HEAD.json [--threshold 0.05]
       compare.py --run BASE_BINARY HEAD_BINARY --output DIR [--rounds 9] [--filter REGEX] [--threshold 0.05]

The files are Google Benchmark's, with several repetitions of each case. --run makes them, DIR/base.json and
DIR/head.json: each round runs both programs, and rounds take turns in which of the two goes first, so that a drift of
the clocks meets both alike.

A case has become slower if the median of its counter `us` has grown by more than the threshold and a two-sided
Mann-Whitney U test gives p < 0.05, the test that Google Benchmark's own comparison makes. Exit code 1 if a case has,
or if it failed in head or is not there; 2 if the files cannot be compared.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

COUNTER = "us"
SIGNIFICANT = 0.05


def smallest_p(count):
    """What the test gives for `count` values each if all of one side are larger: no result is more significant."""
    return 2 / math.comb(2 * count, count)


NEEDED = next(count for count in range(1, 100) if smallest_p(count) < SIGNIFICANT)


def read(path):
    """The context of a result file, its cases with their values, and those that failed with what they said."""
    data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    values, errors = {}, {}
    for result in data["benchmarks"]:
        if result.get("run_type") != "iteration":
            continue  # medians and the like, which repetitions add
        if COUNTER in result:
            if not (isinstance(result[COUNTER], (int, float)) and 0 < result[COUNTER] < math.inf):
                raise ValueError(f"{path}: {result['name']}: {COUNTER} is {result[COUNTER]}")
            values.setdefault(result["name"], []).append(result[COUNTER])
        else:
            errors[result["name"]] = result.get("error_message", f"no counter {COUNTER}")
    return data["context"], values, errors


def compare(base_path, head_path, threshold):
    from scipy.stats import mannwhitneyu  # pylint: disable=import-outside-toplevel; --help needs none

    (base_context, base, base_errors), (head_context, head, errors) = read(base_path), read(head_path)
    if base_context.get("gpu") != head_context.get("gpu"):
        raise ValueError(f"measured on {base_context.get('gpu')} and on {head_context.get('gpu')}")
    if not base:
        raise ValueError(f"{base_path}: no case with a counter {COUNTER}")
    few = [name for name in base if min(len(base[name]), len(head.get(name, base[name]))) < NEEDED]
    if few:
        raise ValueError(f"at least {NEEDED} repetitions of a case are needed for p < {SIGNIFICANT} (9 are better), "
                         f"in both files: {', '.join(few)}")

    width = max(map(len, base))
    print(f"{'case':{width}}  {'base us':>10}  {'head us':>10}  {'ratio':>6}  {'p':>6}  verdict")
    good = True
    for name, before in base.items():
        if name in errors or name not in head:
            print(f"{name:{width}}  {statistics.median(before):10.2f}  MISSING: {errors.get(name, 'not in head')}")
            good = False
            continue
        medians = statistics.median(before), statistics.median(head[name])
        ratio = medians[1] / medians[0]
        p = mannwhitneyu(before, head[name], alternative="two-sided").pvalue
        beyond = p < SIGNIFICANT and abs(ratio - 1) > threshold
        verdict = "" if not beyond else "SLOWER" if ratio > 1 else "faster"
        good = good and verdict != "SLOWER"
        print(f"{name:{width}}  {medians[0]:10.2f}  {medians[1]:10.2f}  {ratio:6.3f}  {p:6.4f}  {verdict}".rstrip())
    for name in sorted({*head, *errors} - {*base}):
        why = f"failed in base: {base_errors[name]}" if name in base_errors else "not in base"
        if name in errors:
            why += f"; FAILED: {errors[name]}"
            good = False
        print(f"{name:{width}}  {why}")
    print(f"{'no case' if good else 'FAILED: a case'} is missing, failed, or slower by more than {threshold:.0%} "
          f"(p < {SIGNIFICANT})")
    return good


def run_once(binary, expression):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        subprocess.run([binary, f"--benchmark_out={out}", f"--benchmark_filter={expression}"], check=True,
                       stdout=subprocess.DEVNULL)
        return json.loads(out.read_text(encoding="utf-8"))


def run_in_turns(binaries, rounds, expression, output):
    """Runs both programs `rounds` times; the names of the two files with all their results."""
    merged = [None, None]
    for number in range(rounds):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            print(f"round {number + 1} of {rounds}: {binaries[side]}", file=sys.stderr, flush=True)
            data = run_once(binaries[side], expression)
            for result in data["benchmarks"]:
                result["repetitions"], result["repetition_index"] = rounds, number
            if merged[side] is None:
                merged[side] = data
            else:
                merged[side]["benchmarks"] += data["benchmarks"]
    output.mkdir(parents=True, exist_ok=True)
    paths = output / "base.json", output / "head.json"
    for path, data in zip(paths, merged):
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", help="result file, or program with --run")
    parser.add_argument("head", help="likewise")
    parser.add_argument("--threshold", type=float, default=0.05, help="growth of the median that is no regression yet")
    parser.add_argument("--run", action="store_true", help="base and head are programs: run them in turns")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--filter", default=".", help="the cases to run")
    parser.add_argument("--output", type=pathlib.Path, help="directory of the result files of --run")
    options = parser.parse_args()
    if options.run and options.output is None:
        parser.error("--run needs --output")
    if options.run and options.rounds < NEEDED:
        parser.error(f"--rounds: at least {NEEDED}")

    paths = options.base, options.head
    if options.run:
        paths = run_in_turns(paths, options.rounds, options.filter, options.output)
    return 0 if compare(*paths, options.threshold) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ImportError, OSError, ValueError, LookupError, TypeError, AttributeError,
            subprocess.CalledProcessError) as error:
        print(f"compare.py: {error!s}", file=sys.stderr)
        sys.exit(2)
