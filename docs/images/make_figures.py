#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of the operators' pages: docs/images/make_figures.py writes the .svg files beside it.

They are drawings of what the operators do, by NumPy and SciPy, not their output. Needs matplotlib.
"""

import pathlib

import matplotlib

matplotlib.use("svg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator

HERE = pathlib.Path(__file__).resolve().parent
BLUE, ORANGE, GREEN, RED, GREY = "#2b6cb0", "#c05621", "#2f855a", "#c53030", "#718096"

plt.rcParams.update({
    "svg.fonttype": "none",  # text stays text: a tenth of the size
    "svg.hashsalt": "robocache",
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
})


def save(figure, name):
    # White, so that the lines are seen on a dark page as well.
    figure.savefig(HERE / f"{name}.svg", facecolor="white", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def lanes(axes, names):
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def resample():
    t = np.array([0.0, 0.7, 1.2, 2.6, 3.1, 3.7, 4.9, 5.4])
    y = np.array([0.1, 0.15, 0.9, 1.0, 0.35, 0.3, 0.8, 0.75])
    fine, wanted = np.linspace(0, 5.4, 500), np.arange(0, 5.41, 0.5)
    kinds = {
        "previous": lambda q: y[np.searchsorted(t, q, side="right") - 1],
        "nearest": lambda q: y[np.abs(q[:, None] - t).argmin(axis=1)],
        "linear": lambda q: np.interp(q, t, y),
        "pchip, akima": PchipInterpolator(t, y),
    }
    figure, all_axes = plt.subplots(1, 4, figsize=(9.6, 2.4), sharey=True, layout="constrained")
    for axes, (name, at) in zip(all_axes, kinds.items()):
        axes.plot(fine, at(fine), color=GREY, linewidth=1)
        if name.endswith("akima"):
            axes.plot(fine, Akima1DInterpolator(t, y)(fine), color=GREY, linewidth=1, linestyle=":")
        axes.plot(t, y, "o", color=BLUE, markersize=4.5, label="logged samples")
        axes.plot(wanted, at(wanted), "o", markerfacecolor="none", markeredgecolor=ORANGE, markersize=6, label="rows")
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("time")
        axes.set_xticks([])
        axes.set_yticks([])
    figure.legend(*all_axes[0].get_legend_handles_labels(), frameon=False, ncols=2, loc="upper center",
                  bbox_to_anchor=(0.5, 1.14))
    save(figure, "resample")


def fuse():
    figure, (time, row) = plt.subplots(2, 1, figsize=(8, 3.1), height_ratios=[3, 1], layout="constrained")
    streams = [("joints, 7", 0.5, 0.0, BLUE), ("IMU, 6", 1.25, 0.3, ORANGE), ("camera, 64", 3.3, 0.9, GREEN)]
    lanes(time, [name for name, *_ in streams])
    for lane, (_, period, first, colour) in enumerate(streams):
        stamps = np.arange(first, 20, period)
        time.plot(stamps, np.full(stamps.shape, lane), "|", color=colour, markersize=11, markeredgewidth=1.6)
    for wanted in range(2, 20, 3):
        time.axvline(wanted, color=GREY, linewidth=0.8, linestyle="--")
    time.axvline(14, color=RED, linewidth=1.6)
    time.text(14.15, -0.45, "one wanted time", color=RED)
    time.set_xticks([])
    time.set_xlabel("time")
    left = 0
    for (name, *_, colour), width in zip(streams, (7, 6, 20)):
        row.add_patch(Rectangle((left, 0), width, 1, facecolor=colour, alpha=0.25, edgecolor=colour))
        row.text(left + width / 2, 0.5, name.split(",")[0], ha="center", va="center")
        left += width
    row.text(left + 0.5, 0.5, "one row of the output", va="center", color=RED)
    row.set(xlim=(-0.2, left + 9), ylim=(-0.1, 1.1))
    row.axis("off")
    save(figure, "fuse")


def match():
    figure, axes = plt.subplots(figsize=(8, 2.3), layout="constrained")
    stamps, queries = np.array([0.6, 2.0, 3.1, 6.2, 7.4]), np.array([0.2, 1.7, 4.2, 7.0])
    lanes(axes, ["samples", "backward", "forward", "nearest"])
    axes.plot(stamps, np.zeros(5), "o", color=BLUE, markersize=7)
    for i, stamp in enumerate(stamps):
        axes.text(stamp, -0.28, str(i), ha="center", color=BLUE)
    for query in queries:
        axes.axvline(query, color=GREY, linewidth=0.8, linestyle="--")
        before, after = np.searchsorted(stamps, query, side="right") - 1, np.searchsorted(stamps, query)
        nearest = int(np.abs(stamps - query).argmin())
        for lane, found in ((1, before), (2, after), (3, nearest)):
            if found < 0:
                axes.text(query, lane, "−1", ha="center", va="center", color=RED, backgroundcolor="white")
                continue
            axes.annotate("", (stamps[found], lane), (query, lane), arrowprops={"arrowstyle": "->", "color": ORANGE})
            axes.text(query + (0.08 if found == before else -0.08), lane - 0.14, str(found), color=ORANGE,
                      ha="left" if found == before else "right")
    axes.set_xticks(queries, [f"query {k}" for k in range(4)])
    axes.tick_params(axis="x", length=0)
    axes.spines["bottom"].set_visible(False)
    save(figure, "match")


def synchronize():
    figure, axes = plt.subplots(figsize=(8, 2.1), layout="constrained")
    sensors = {"camera, 30 Hz": np.arange(0.1, 10, 1.0), "lidar, 10 Hz": np.arange(0.4, 10, 3.0),
               "radar, 20 Hz": np.arange(0.25, 10, 1.5)}
    lanes(axes, list(sensors))
    used = []
    for anchor in sensors["lidar, 10 Hz"]:
        members = [(stamps[np.abs(stamps - anchor).argmin()], lane) for lane, stamps in enumerate(sensors.values())]
        used += members
        at, lane_of = zip(*members)
        axes.plot(at, lane_of, color=ORANGE, linewidth=7, alpha=0.3, solid_capstyle="round")
    for lane, stamps in enumerate(sensors.values()):
        for stamp in stamps:
            taken = (stamp, lane) in used
            axes.plot(stamp, lane, "o", markersize=7, color=BLUE, markerfacecolor=BLUE if taken else "white")
    axes.set_xticks([])
    axes.set_xlabel("time; a band is a set, rings belong to none")
    save(figure, "synchronize")


def times():
    figure, axes = plt.subplots(figsize=(8, 2.1), layout="constrained")
    received = [0, 1, 2, 3, 4, 5, 10.2, 11.2, 12.2, 13.2]
    wanted = [np.arange(0, 5.01, 0.8), np.arange(10.2, 13.21, 0.8)]
    lanes(axes, ["stamps", "check_times", "split_segments", "grid_offsets"])
    axes.plot(received, np.zeros(10), "|", color=BLUE, markersize=13, markeredgewidth=2)
    axes.text(10.2, 1, "gap", color=RED, ha="center", va="center")
    axes.plot([10.2], [0], "|", color=RED, markersize=13, markeredgewidth=2)
    for s, (first, last) in enumerate(((0, 5), (10.2, 13.2))):
        axes.plot([first, last], [2, 2], color=GREEN, linewidth=7, alpha=0.4, solid_capstyle="butt")
        axes.text((first + last) / 2, 2, f"segment {s}", ha="center", va="center")
        axes.plot(wanted[s], np.full(wanted[s].shape, 3), "o", markerfacecolor="none", color=ORANGE, markersize=5)
        axes.text(last + 0.4, 3, f"{len(wanted[s])} rows", va="center", color=ORANGE)
    axes.set_xlim(-0.5, 15.5)
    axes.set_xticks([])
    axes.set_xlabel("time")
    save(figure, "times")


def cloud():
    """Points of a wall and of two bushes, and the cell of each, 10 by 6 of them."""
    random = np.random.default_rng(5)
    wall = np.stack([np.linspace(0.4, 9.2, 34), 4.4 + 0.08 * random.standard_normal(34)])
    bushes = [np.array(centre)[:, None] + 0.38 * random.standard_normal((2, 13)) for centre in ((2.6, 1.5), (7.1, 2.2))]
    points = np.concatenate([wall, *bushes], axis=1)[:, random.permutation(60)]
    return points, np.floor(points).astype(int)


def board(title):
    figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
    axes.set(xlim=(-0.1, 10.1), ylim=(-0.1, 6.1), aspect="equal", title=title)
    axes.set_xticks(range(11), [])
    axes.set_yticks(range(7), [])
    axes.grid(color="#cbd5e0", linewidth=0.6)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure, axes


def shade(axes, cell, alpha=0.22, colour=BLUE):
    axes.add_patch(Rectangle(cell, 1, 1, facecolor=colour, alpha=alpha, edgecolor="none"))


def first_come(cells):
    """Cells in the order of their first points, each with the indices of its points."""
    lists = {}
    for i, cell in enumerate(map(tuple, cells.T.tolist())):
        lists.setdefault(cell, []).append(i)
    return lists


def voxels():
    points, cells = cloud()
    lists = first_come(cells)

    figure, axes = board("count: a number for every cell")
    for x in range(10):
        for y in range(6):
            count = len(lists.get((x, y), ()))
            shade(axes, (x, y), min(0.08 * count, 0.8))
            axes.text(x + 0.5, y + 0.5, str(count), ha="center", va="center", color="black" if count else "#a0aec0")
    axes.plot(*points, ".", color=ORANGE, markersize=3)
    save(figure, "voxelize")

    figure, axes = board("rows in the order of first points")
    for row, cell in enumerate(lists):
        shade(axes, cell)
        axes.text(cell[0] + 0.5, cell[1] + 0.5, str(row), ha="center", va="center", fontweight="bold")
    axes.plot(*points, ".", color=ORANGE, markersize=3)
    save(figure, "voxelize_sparse")

    figure, axes = board("max_voxels = 12, max_points = 3")
    for row, (cell, members) in enumerate(lists.items()):
        if row < 12:
            shade(axes, cell)
            axes.text(cell[0] + 0.05, cell[1] + 0.95, str(row), va="top", fontsize=7, fontweight="bold", zorder=5,
                      bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.5})
        kept = members[:3] if row < 12 else []
        lost = members[len(kept):]
        axes.plot(*points[:, kept], ".", color=GREEN, markersize=6)
        axes.plot(*points[:, lost], "x", color=RED, markersize=3.5)
    save(figure, "voxelize_hard")

    figure, axes = board("one point for each voxel: the centroid")
    axes.plot(*points, ".", color="#a0aec0", markersize=4)
    centroids = np.array([points[:, members].mean(axis=1) for members in lists.values()]).T
    axes.plot(*centroids, "o", color=ORANGE, markersize=5)
    save(figure, "voxel_downsample")

    figure, axes = board("the box, and a grid that begins at its corner")
    axes.grid(False)
    low, high = points.min(axis=1), points.max(axis=1)
    for k in range(11):
        axes.plot([low[0] + k, low[0] + k], [low[1], low[1] + 5], color="#cbd5e0", linewidth=0.6)
    for k in range(6):
        axes.plot([low[0], low[0] + 10], [low[1] + k, low[1] + k], color="#cbd5e0", linewidth=0.6)
    axes.add_patch(Rectangle(low, *(high - low), fill=False, edgecolor=BLUE, linewidth=1.6))
    axes.plot(*points, ".", color=ORANGE, markersize=4)
    axes.set(xlim=(low[0] - 0.3, low[0] + 10.1), ylim=(low[1] - 0.3, low[1] + 5.1))
    save(figure, "bounds")


if __name__ == "__main__":
    for draw in (resample, fuse, match, synchronize, times, voxels):
        draw()
