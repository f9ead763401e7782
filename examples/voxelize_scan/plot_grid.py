#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Draws the result of voxelize_scan: the grid from above, and from the side.

    plot_grid.py FOLDER

FOLDER holds grid.json and count.npy. Writes FOLDER/top.png, whose colour is the height of the highest occupied cell, and
FOLDER/side.png, whose colour is the number of points along the line of sight. Exit status 3: no matplotlib.
"""
import json
import pathlib
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    from matplotlib.colors import LogNorm, Normalize
except ImportError:
    sys.exit(3)

MOST_PIXELS = 1500  # along an axis; cells beyond are drawn together
LONGEST_INCHES = 10.0
X, Y, Z = 0, 1, 2


def thinned(image):
    """At most MOST_PIXELS along both axes: of neighbours the largest stays, NaN where all are."""
    for axis in (0, 1):
        step = -(-image.shape[axis] // MOST_PIXELS)
        if step > 1:
            image = np.fmax.reduceat(image, np.arange(0, image.shape[axis], step), axis=axis)
    return image


def heights(count, low, size):
    """[y, x]: the upper face of the highest cell that has points; NaN where none has."""
    height = np.full(count.shape[1:], np.nan)
    for z in range(count.shape[0]):
        height[count[z] > 0] = low + (z + 1) * size
    return height


def points_along(count, axis):
    """The number of points along an axis of [z, y, x]; NaN where there is none."""
    points = count.sum(axis=axis, dtype=np.float64)
    points[points == 0] = np.nan
    return points


def occupied_part(image):
    """The rows and columns from the first to the last that has something, and a margin."""
    seen = np.isfinite(image)
    if not seen.any():
        return slice(0, image.shape[0]), slice(0, image.shape[1])
    part = []
    for axis in (1, 0):
        places = np.flatnonzero(seen.any(axis=axis))
        length = seen.shape[1 - axis]
        margin = 1 + len(places) // 50
        part.append(slice(max(0, int(places[0]) - margin), min(length, int(places[-1]) + 1 + margin)))
    return tuple(part)


def draw(path, image, grid, axes, scale, title, label):
    across, up = axes
    rows, columns = occupied_part(image)
    image = thinned(image[rows, columns])
    norm, extend = scale(image)
    origin, size = grid["origin_xyz"], grid["cell_xyz"]
    box = [
        origin[across] + columns.start * size[across],
        origin[across] + columns.stop * size[across],
        origin[up] + rows.start * size[up],
        origin[up] + rows.stop * size[up],
    ]
    width, height = box[1] - box[0], box[3] - box[2]
    # True proportions, unless the picture would be a mere line.
    aspect = max(1.0, width / (12.0 * height)) if width > height else min(1.0, 2.0 * width / height)
    inches = np.array([width, height * aspect]) * (LONGEST_INCHES - 2.0) / max(width, height * aspect)
    figure, plot = plt.subplots(figsize=np.maximum(inches + [2.0, 1.2], [7.5, 2.4]), constrained_layout=True)
    shown = plot.imshow(
        image, origin="lower", extent=box, aspect=aspect, cmap="viridis", norm=norm, interpolation="none"
    )
    plot.set_facecolor("#f4f4f4")
    plot.set_xlabel("xyz"[across])
    plot.set_ylabel("xyz"[up] + (f" (stretched {aspect:.3g} times)" if aspect != 1.0 else ""))
    plot.ticklabel_format(useOffset=False)
    plot.locator_params(axis="y", nbins=max(3, min(10, int(2 * inches[1]))))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    figure.colorbar(shown, ax=plot, label=label, extend=extend, fraction=0.05, pad=0.01, shrink=0.9)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def linear(image):
    """A scale over what there is, but for outliers; and at which ends those are."""
    seen = image[np.isfinite(image)]
    if len(seen) == 0:
        return Normalize(0.0, 1.0), "neither"
    low, high = np.percentile(seen, [1, 99])
    beyond = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    return Normalize(low, max(high, low + 1e-9)), beyond[bool(seen.min() < low), bool(seen.max() > high)]


def logarithmic(image):
    return LogNorm(1.0, max(10.0, np.nanmax(image, initial=1.0))), "neither"


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        folder = pathlib.Path(sys.argv[1])
        grid = json.loads((folder / "grid.json").read_text(encoding="utf-8"))
        count = np.load(folder / "count.npy", mmap_mode="r")
        cells = " x ".join(str(n) for n in grid["shape_xyz"])
        sizes = [f"{size:.6g}" for size in grid["cell_xyz"]]
        of = sizes[0] if len(set(sizes)) == 1 else " x ".join(sizes)
        about = f"{grid['cloud']}: {grid['points']['kept']:,} points in {cells} cells of {of}"

        height = heights(count, grid["origin_xyz"][Z], grid["cell_xyz"][Z])
        draw(folder / "top.png", height, grid, (X, Y), linear, f"{about}, from above", "top of the highest cell, z")

        # Along the shorter of the horizontal axes.
        lengths = [n * size for n, size in zip(grid["shape_xyz"], grid["cell_xyz"])]
        across, along = (X, 1) if lengths[X] >= lengths[Y] else (Y, 2)
        points = points_along(count, along)
        label = f"points along {'zyx'[along]}"
        draw(folder / "side.png", points, grid, (across, Z), logarithmic, f"{about}, from the side", label)
    except Exception as error:  # whatever goes wrong, the arrays are there and one line says why the pictures are not
        print(f"plot_grid.py: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
