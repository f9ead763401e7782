#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Draws the result of align_episode: raw samples (dots) against aligned columns (lines).

    plot_episode.py FOLDER

FOLDER holds episode.json, values.npy, status.npy, times_ns.npy and raw/<stream>_{times_ns,values}.npy, whose stamps are
corrected. Writes FOLDER/episode.png. Exit status 3: no matplotlib.
"""
import json
import pathlib
import re
import sys
import warnings

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
except ImportError:
    sys.exit(3)

MOST_STREAMS = 6
WINDOW_ROWS = 80
COLOURS = ["#1f5fa8", "#c4500f", "#2b8a3e", "#6b6b6b"]  # of lines; one stream shows at most as many columns

# What became of a row, from best to worst: its name, colour, and the opacity of its shade behind the lines.
USABLE, AT_EDGE, OUTSIDE, GAP, NOT_FINITE = range(5)
STATES = [
    ("usable", "#d6e4f2", 0.0),
    ("clamped or extrapolated", "#f2c14e", 0.40),
    ("filled: outside the stream", "#b5b5b5", 0.35),
    ("filled: gap, or sample too old", "#e4572e", 0.25),
    ("not finite", "#7b2d8b", 0.35),
]


def state_of(status):
    """The state of each row of one stream, [rows, groups] to [rows]: the worst of its groups."""
    how, why = status & 7, status >> 3 & 7
    state = np.where(how == 5, np.where((why == 1) | (why == 4), OUTSIDE, GAP), np.where(why != 0, AT_EDGE, USABLE))
    state = np.where((state == USABLE) & (status & 192 != 0), NOT_FINITE, state)
    return state.max(axis=1, initial=USABLE)


def runs(state):
    """(state, first row, row after the last) of each run of equal states."""
    cuts = [0, *(np.flatnonzero(np.diff(state)) + 1), len(state)]
    return [(int(state[b]), int(b), int(e)) for b, e in zip(cuts, cuts[1:]) if e > b]


def as_written(values, stream):
    """Raw samples in the convention of the output: unit quaternions with w >= 0."""
    values = np.array(values)
    for group in stream["groups"]:
        if group["kind"] == "slerp":
            first = group["first_column"] - stream["first_column"]
            q = values[:, first : first + 4]
            w = q[:, 0 if group["format"] == "quaternion_wxyz" else 3]
            q *= (np.where(w < 0, -1.0, 1.0) / np.linalg.norm(q, axis=1))[:, None]
    return values


def spread(values):
    """How far each column moves, without its outliers; 0 where there is no finite value."""
    if len(values) == 0:
        return np.zeros(values.shape[1])
    low, high = np.nanpercentile(np.where(np.isfinite(values), values, np.nan), [1, 99], axis=0)
    return np.nan_to_num(high - low)


def pick_columns(stream, values):
    """The columns of one physical quantity: a quaternion, or else the largest family of names that differ in a number
    or an axis; of many, those that move most."""
    for group in stream["groups"]:
        if group["kind"] == "slerp":
            first = group["first_column"] - stream["first_column"]
            return list(range(first, first + 4))
    moves = spread(values)
    families = {}
    for column, name in enumerate(stream["channels"]):
        stem = re.sub(r"(?<=.)_?\d+$|(^|_|(?<=v))[xyzw]$|^(roll|pitch|yaw)(?=speed|$)", "", name)
        if "timestamp" not in name:
            families.setdefault(stem, []).append(column)
    moving = [[column for column in family if moves[column] > 0] for family in families.values()]
    candidates = max([moving, list(families.values()), [[0]]], key=lambda option: any(option))
    best = max(candidates, key=lambda family: min(len(family), 3))
    return sorted(sorted(best, key=lambda column: -moves[column])[:3])


def pick_window(times, states, shown, aligned):
    """Of the stretches of WINDOW_ROWS rows, the one that explains most: rows that are not usable, values that move."""
    if len(times) <= 1.5 * WINDOW_ROWS:
        return 0, len(times)
    total = [np.maximum(spread(values), 1e-300) for values in aligned]
    margin = WINDOW_ROWS // 10
    best, best_score = 0, -1.0
    for first in range(0, len(times) - WINDOW_ROWS, max(1, WINDOW_ROWS // 10, len(times) // 2000)):
        inner = slice(first + margin, first + WINDOW_ROWS - margin)
        faults = sum(len({GAP, NOT_FINITE, AT_EDGE} & set(states[s][inner].tolist())) for s in shown)
        faults += 0.2 * sum(OUTSIDE in states[s][inner] for s in shown)
        motion = np.mean([np.mean(spread(values[inner]) / t) for values, t in zip(aligned, total)])
        score = (0.5 + faults) * (0.3 + motion)
        if score > best_score:
            best, best_score = first, score
    return best, best + WINDOW_ROWS


def draw_overview(axes, streams, states, times, period, window):
    axes.set_title("Every row of the episode, by stream; the frame is the part shown below", loc="left", fontsize=9)
    for line, state in enumerate(states):
        for value, begin, end in runs(state):
            axes.broken_barh(
                [(times[begin] - period / 2, (end - begin) * period)],
                (line + 0.12, 0.76),
                facecolors=STATES[value][1],
                linewidth=0,
            )
    axes.set_ylim(len(streams) + 0.1, -0.1)
    axes.set_yticks(np.arange(len(streams)) + 0.5, [stream["name"] for stream in streams])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-period / 2, (times[-1] if len(times) else 0.0) + period / 2)
    axes.axvspan(*window, facecolor="none", edgecolor="black", linewidth=1.1)


def draw_stream(axes, stream, columns, raw_times, raw, times, aligned, state, period):
    # Columns far apart would flatten each other: then each is drawn about its own middle, which its label names.
    raw, aligned = raw[:, columns], aligned[:, columns]
    middles = np.nan_to_num(np.nanmedian(aligned, axis=0)) if len(aligned) else np.zeros(len(columns))
    apart = len(columns) > 1 and np.ptp(middles) > 2.0 * spread(aligned).max() > 0.0
    decimals = 2 - int(np.floor(np.log10(spread(aligned).max()))) if apart else 0
    kinds = [group["kind"] for group in stream["groups"]]
    steps = {"previous": "steps-post", "next": "steps-pre", "nearest": "steps-mid"}
    dense = stream["rate_hz"] * period > 1.5
    for n, column in enumerate(columns):
        shift = round(float(middles[n]), decimals) if apart else 0.0
        sign = "+" if shift < 0 else "\u2212"
        label = stream["channels"][column] + (f" {sign} {abs(shift):.6g}" if shift else "")
        size = 2.5 if dense else 6
        axes.plot(raw_times, raw[:, n] - shift, "o", color=COLOURS[n], alpha=0.4, markersize=size, markeredgewidth=0)
        axes.plot(
            times,
            aligned[:, n] - shift,
            color=COLOURS[n],
            linewidth=0.9,
            marker="o",
            markersize=2.6,
            markerfacecolor="white",
            markeredgewidth=0.8,
            drawstyle=steps.get(kinds[0], "default"),
            label=label,
        )
    for value, begin, end in runs(state):
        _, colour, opacity = STATES[value]
        if opacity > 0:
            edges = times[begin] - period / 2, times[end - 1] + period / 2
            axes.axvspan(*edges, color=colour, alpha=opacity, linewidth=0)
    rate = f"{stream['rate_hz']:.0f} Hz, " if stream["rate_hz"] > 0 else ""
    axes.set_title(f"{stream['name']}: {rate}{' + '.join(dict.fromkeys(kinds))}", loc="left", fontsize=9)
    axes.legend(loc="lower right", bbox_to_anchor=(1.005, 0.98), ncol=4, frameon=False, fontsize=8, columnspacing=1.2)
    low, high = axes.get_ylim()
    least = 1e-3 * max(abs(low), abs(high), 1e-9)
    if high - low < least:
        axes.set_ylim((low + high - least) / 2, (low + high + least) / 2)
    axes.margins(y=0.12)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(True, color="#ececec", linewidth=0.6)
    axes.set_axisbelow(True)


def draw(folder):
    episode = json.loads((folder / "episode.json").read_text(encoding="utf-8"))
    values = np.load(folder / "values.npy")
    status = np.load(folder / "status.npy")
    start = episode["start_ns"]
    times = (np.load(folder / "times_ns.npy") - start) * 1e-9
    period = episode["rate"][1] / episode["rate"][0]

    streams = episode["streams"]
    states = [state_of(status[:, [group["status_column"] for group in stream["groups"]]]) for stream in streams]
    # Where there are too many, those with something to explain come first.
    by_interest = sorted(range(len(streams)), key=lambda s: -np.count_nonzero(states[s] >= GAP))
    shown = sorted(by_interest[:MOST_STREAMS])
    first_of = [stream["first_column"] for stream in streams]
    aligned = {s: values[:, first_of[s] : first_of[s] + len(streams[s]["channels"])] for s in shown}
    columns = {s: pick_columns(streams[s], aligned[s]) for s in shown}
    first, last = pick_window(times, states, shown, [aligned[s][:, columns[s]] for s in shown])
    columns = {s: pick_columns(streams[s], aligned[s][first:last]) for s in shown}
    window = (times[first] - period / 2, times[last - 1] + period / 2) if last > first else (0.0, period)

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    heights = [0.22, 0.17 * len(streams) + 0.1] + [1.0] * len(shown)
    figure = plt.figure(figsize=(10, 1.3 * sum(heights) + 1.0), constrained_layout=True)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    legend = figure.add_subplot(grid[0])
    legend.set_axis_off()
    draw_overview(figure.add_subplot(grid[1]), streams, states, times, period, window)

    shared = None
    for position, s in enumerate(shown):
        axes = figure.add_subplot(grid[position + 2], sharex=shared)
        shared = shared or axes
        raw_times = (np.load(folder / "raw" / f"{s}_times_ns.npy") - start) * 1e-9
        raw = np.load(folder / "raw" / f"{s}_values.npy")
        seen = slice(*np.searchsorted(raw_times, window))
        raw_times, raw = raw_times[seen], as_written(raw[seen], streams[s])
        rows = slice(first, last)
        of_rows = times[rows], aligned[s][rows], states[s][rows]
        draw_stream(axes, streams[s], columns[s], raw_times, raw, *of_rows, period)
        axes.tick_params(labelbottom=s == shown[-1])
    axes.set_xlim(*window)
    axes.set_xlabel("seconds since the first sample of the episode")

    present = sorted({int(value) for state in states for value in np.unique(state)})
    handles = [Patch(color=STATES[value][1], label=STATES[value][0]) for value in present]
    line = {"color": "#444444", "markersize": 4}
    handles.append(Line2D([], [], marker="o", linestyle="", alpha=0.4, markeredgewidth=0, label="raw sample", **line))
    handles.append(Line2D([], [], marker="o", markerfacecolor="white", label=f"aligned, {1 / period:.4g} Hz", **line))
    legend.legend(handles=handles, loc="center", ncol=len(handles), frameon=False, fontsize=8.5, columnspacing=1.4)
    figure.savefig(folder / "episode.png", dpi=130)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")  # all-NaN columns and zero quaternions are data here
    try:
        draw(pathlib.Path(sys.argv[1]))
    except Exception as error:  # whatever goes wrong, the arrays are there and one line says why the picture is not
        print(f"plot_episode.py: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
