#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The markdown table of a result file of resample_bench: measured numbers beside what is required.

usage: make_table.py [FILE] [--all]

FILE defaults to bench/results/h100-sxm/resample.json. --all adds the cases without a requirement and the ceilings.
Exit code 1 if a requirement is missed or its benchmark is missing.
"""

import argparse
import json
import pathlib
import sys

DEFAULT = pathlib.Path(__file__).parent / "results" / "h100-sxm" / "resample.json"

# name -> (counter, bound): `us` is at most the bound, `copy_fraction` at least.
REQUIRED = {
    "resample/linear/bf16_bf16/32x500x256x256/hot": ("us", 5.0),
    "resample/linear/bf16_bf16/256x500x256x256/cold": ("copy_fraction", 0.88),
    "resample/linear/bf16_bf16/64x4096x1024x32/hot": ("us", 6.0),
    "resample/linear/bf16_bf16/4096x300x150x14/cold": ("copy_fraction", 0.75),
    "resample/linear/f32_bf16/4096x300x150x14/cold": ("copy_fraction", 0.75),
    "resample/linear/f32_bf16/4096x300x150x14/ragged/cold": ("copy_fraction", 0.75),
    "resample/pose_slerp/f32_f32/4096x300x150x7/cold": ("copy_fraction", 0.5),
    "resample/pchip/f32_f32/1024x300x150x14/cold": ("copy_fraction", 0.6),
    "resample/linear/f64_f64/one_segment_5M/cold": ("copy_fraction", 0.8),
}
INFORMATIVE = ("resample/linear/bf16_bf16/32x500x256x256/f32_seconds/hot",)


def requirement(name):
    if name not in REQUIRED:
        return "", None
    counter, bound = REQUIRED[name]
    return (f"≤ {bound:g} µs" if counter == "us" else f"≥ {bound:g} of copy"), (counter, bound)


def met(result, counter, bound):
    return result[counter] <= bound if counter == "us" else result[counter] >= bound


def row(name, result):
    text, bound = requirement(name)
    if result is None or "us" not in result:
        why = "missing" if result is None else result.get("error_message", "no result")
        return f"| `{name}` | | | | {text} | {why} |", False
    fraction = f"{result['copy_fraction']:.2f}" if "copy_fraction" in result else ""
    speed = f"{result['GB_per_s']:.0f}" if "GB_per_s" in result else ""
    good = bound is None or met(result, *bound)
    verdict = "" if bound is None else "pass" if good else "**fail**"
    return f"| `{name}` | {result['us']:.2f} | {speed} | {fraction} | {text} | {verdict} |", good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=DEFAULT, type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="every benchmark of the file")
    options = parser.parse_args()

    data = json.loads(options.file.read_text(encoding="utf-8"))
    results = {result["name"]: result for result in data["benchmarks"] if result["run_type"] == "iteration"}
    names = list(REQUIRED) + [name for name in INFORMATIVE if name in results]
    if options.all:
        names += [name for name in results if name not in names]

    context = data["context"]
    parts = [context.get("gpu", "GPU unknown")]
    parts += [f"{label} {context[key]}" for label, key in (("driver", "driver"), ("CUDA", "cuda_runtime"),
                                                           ("commit", "commit")) if key in context]
    print(", ".join(parts) + "\n")
    print("| benchmark | µs | GB/s | copy_fraction | must | verdict |")
    print("| --- | ---: | ---: | ---: | --- | --- |")
    good = True
    for name in names:
        text, passed = row(name, results.get(name))
        print(text)
        good = good and passed
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
