#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Lower bounds of measured ratios, under bench/gates, from the result files under bench/results.

usage: make_gates.py --write    writes the gates files
       make_gates.py --check    fails if they are not what the result files give

A bound is what was measured, less the board's margin, cut off after two significant digits. A board that nobody has
measured gets the bounds of another one with a wider margin, and says so. Exit code 1 if --check finds a difference.
"""

import argparse
import decimal
import json
import math
import re
import sys

from make_table import RESULTS, ROOT, load, settle

GATES = ROOT / "bench" / "gates"
COUNTER = "copy_fraction"
FILES = ("resample.json", "fuse.json", "voxelize_dense.json", "voxelize_sparse.json")

# file -> (regular expression that the whole name of the device matches, the board whose results are used, margin)
BOARDS = {
    "h100-sxm": ("^NVIDIA H100 80GB HBM3$", "h100-sxm", "0.15"),
    "h100-pcie": ("^NVIDIA H100 PCIe$", "h100-sxm", "0.5"),
    "a100": ("^NVIDIA A100.*$", "h100-sxm", "0.5"),
    "h200": ("^NVIDIA H200$", "h200", "0.15"),
    "default": ("^.*$", "h100-sxm", "0.5"),
}

# Every family has one, and every way through a kernel that the others do not take. The quick ones are prepared fast.
QUICK = (
    "resample/linear/bf16_bf16/32x500x256x256/hot",
    "resample/pchip/f32_f32/1024x300x150x14/hot",
    "fuse/linear/bf16_bf16/4x3streams/hot",
    "match/nearest/1024x300_vs_3000/hot",
    "gather_rows/u8_u8/256x150528/hot",
    "synchronize/approximate/1024x3streams/hot",
    "voxelize_dense/occupancy_u8/uniform_1M_128/hot",
    "voxelize_hard/f32x4/pillars_kitti_120k/hot",
    "voxel_downsample/centroid/lidar_97k_0.1m/hot",
)
OTHERS = (
    "resample/linear/bf16_bf16/256x500x256x256/cold",
    "resample/linear/bf16_bf16/64x4096x1024x32/hot",
    "resample/linear/bf16_bf16/4096x300x150x14/cold",
    "resample/linear/f32_bf16/4096x300x150x14/ragged/cold",
    "resample/linear/f64_f64/1024x300x150x14/cold",
    "resample/previous/bf16_bf16/256x500x256x256/cold",
    "resample/cubic/f32_f32/1024x300x150x14/cold",
    "resample/pchip/f32_f32/1024x300x150x14/cold",
    "resample/akima/f32_f32/1024x300x150x14/cold",
    "resample/pose_slerp/f32_f32/4096x300x150x7/cold",
    "fuse/linear/bf16_bf16/1024x3streams/cold",
    "fuse/mixed/f32_bf16/64x5streams_ragged/cold",
    "match/nearest/1024x300_vs_3000/cold",
    "match/forward/1024x300_vs_3000/cold",
    "gather_rows/u8_bf16/256x3x224x224/cold",
    "gather_rows/f32_bf16/614400x14/cold",
    "voxelize_dense/occupancy_u8/uniform_16M_128/cold",
    "voxelize_dense/occupancy_bits/uniform_16M_128/cold",
    "voxelize_dense/count_i32/uniform_16M_128/cold",
    "voxelize_dense/count_i32/lidar_64x97k_128x128x16/cold",
    "voxelize_dense/mean_f32x4/lidar_64x97k_128x128x16/cold",
    "voxelize_dense/occupancy_u8/peract_256x65536_100/cold",
    "voxelize_hard/f32x4/pillars_kitti_1M/cold",
    "voxelize_hard/f32x5/nuscenes_250k/cold",
    "voxelize_sparse/mean_f32x4/lidar_64x97k_0.1m/cold",
    "voxel_downsample/centroid/lidar_1M_0.1m/cold",
)


def bound(measured, margin):
    """Two significant digits of what is left of the measured ratio, never more than that."""
    if not 0 < measured < math.inf:
        raise ValueError(f"a measured ratio of {measured}")
    value = decimal.Decimal(measured) * (1 - decimal.Decimal(margin))
    return float(value.quantize(decimal.Decimal(1).scaleb(value.adjusted() - 1), decimal.ROUND_DOWN))


def measured_ratios(board):
    """name -> ratio, of everything under bench/results/BOARD that is compared with a copy."""
    ratios = {}
    for name in FILES:
        data = load(RESULTS / board / name)
        if not re.search(BOARDS[board][0], data["context"]["gpu"]):
            raise ValueError(f"{board}/{name}: measured on a {data['context']['gpu']}")
        for result in data["benchmarks"]:
            if result["run_type"] == "iteration" and COUNTER in result:
                ratios[result["name"]] = result[COUNTER]
    forgotten = {name.split("/")[0] for name in ratios} - {name.split("/")[0] for name in QUICK + OTHERS}
    if forgotten:
        raise ValueError(f"no gate of {', '.join(sorted(forgotten))}")
    return ratios


def gates_file(board):
    expression, source, margin = BOARDS[board]
    ratios = measured_ratios(source)
    head = {
        "gpu": expression,
        "measured": board == source,
        "margin": float(margin),
        "source": [f"bench/results/{source}/{name}" for name in FILES],
    }
    if board != source:
        head["note"] = (f"Not measured on this board: the ratios of {source} with a margin of {float(margin):.0%}. "
                        "Tighten them when there are results.")
    # One gate a line.
    gates = ",\n".join("    " + json.dumps({"benchmark": name, "counter": COUNTER,
                                            "at_least": bound(ratios[name], margin), "quick": name in QUICK})
                       for name in QUICK + OTHERS)
    return json.dumps(head, indent=2)[:-2] + ',\n  "gates": [\n' + gates + "\n  ]\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the gates files")
    action.add_argument("--check", action="store_true", help="fail if they are not what the result files give")
    options = parser.parse_args()
    good = [settle(GATES / f"{board}.json", gates_file(board), options.write) for board in BOARDS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"make_gates.py: {error!r}")
