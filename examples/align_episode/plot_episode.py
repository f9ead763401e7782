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
import sys

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
LINES_PER_STREAM = 3
WINDOW_S = 2.4
LINE_COLOURS = ["#1f5fa8", "#c4500f", "#2b8a3e"]
# Of a row: usable, or how it came about and why.
STATES = ["usable", "held, clamped or extrapolated", "filled: outside", "filled: gap or stale", "not finite"]
STATE_COLOURS = ["#dbe7f3", "#f2c14e", "#b8b8b8", "#e4572e", "#7b2d8b"]
SHADES = {1: ("#f2c14e", 0.35), 2: ("#b8b8b8", 0.35), 3: ("#e4572e", 0.22), 4: ("#7b2d8b", 0.30)}


def state_of(status):
    """The state of each row of one stream, the worst of its groups."""
    how, why = status & 7, status >> 3 & 7
    state = np.where(how == 5, np.where(why == 1, 2, 3), np.where(why != 0, 1, 0))
    state = np.where((state == 0) & (status & 192 != 0), 4, state)
    return state.max(axis=1)


def runs(state):
    """(value, first row, row after the last) of each run of equal states."""
    cuts = np.flatnonzero(np.diff(state)) + 1
    begins = np.concatenate([[0], cuts])
    ends = np.concatenate([cuts, [len(state)]])
    return [(int(state[b]), int(b), int(e)) for b, e in zip(begins, ends) if e > b]


def raw_as_aligned(values, stream):
    """Raw samples in the convention of the output: unit quaternions with w >= 0."""
    values = np.array(values)
    for group in stream["groups"]:
        if group["kind"] != "slerp":
            continue
        first = group["first_column"] - stream["first_column"]
        q = values[:, first : first + 4]
        w = q[:, 0 if group["format"] == "quaternion_wxyz" else 3]
        q *= (np.where(w < 0, -1.0, 1.0) / np.linalg.norm(q, axis=1))[:, None]
    return values


def spread(values):
    """A measure of how much there is to see in each column."""
    finite = np.where(np.isfinite(values), values, np.nan)
    low, high = np.nanpercentile(finite, [2, 98], axis=0)
    return high - low


def pick_columns(values):
    """The columns that move most, of those that share a scale with the most lively one."""
    if values.shape[0] == 0:
        return list(range(min(LINES_PER_STREAM, values.shape[1])))
    with np.errstate(all="ignore"):
        widths = np.nan_to_num(spread(values))
        middles = np.nan_to_num(np.nanmedian(np.where(np.isfinite(values), values, np.nan), axis=0))
    order = np.argsort(-widths, kind="stable")
    chosen = [order[0]]
    for column in order[1:]:
        near = abs(middles[column] - middles[order[0]]) <= 2.5 * widths[order[0]]
        if len(chosen) < LINES_PER_STREAM and near and widths[column] >= 0.1 * widths[order[0]]:
            chosen.append(column)
    return sorted(int(c) for c in chosen)


def pick_window(states, times, length):
    """The stretch with the most changes of state, of values that move: where there is something to explain."""
    if len(times) == 0 or times[-1] - times[0] <= 1.5 * length:
        return (0.0, float(times[-1])) if len(times) else (0.0, 1.0)
    changes = np.zeros(len(times))
    for state in states:
        kinds = [value for value in np.unique(state) if value in SHADES]
        for value in kinds:
            inside = (state == value).astype(float)
            starts = np.diff(inside, prepend=inside[:1]) > 0
            changes += starts * (0.3 if value == 2 else 1.0)
    rows = max(1, int(round(length / (times[-1] - times[0]) * (len(times) - 1))))
    score = np.convolve(changes, np.ones(max(1, int(rows * 0.8))), mode="valid")
    best = np.flatnonzero(score == score.max())
    middle = int(best[len(best) // 2]) + int(rows * 0.4)
    first = float(np.clip(times[middle] - length / 2, times[0], times[-1] - length))
    return first, first + length


def draw(folder):
    episode = json.loads((folder / "episode.json").read_text(encoding="utf-8"))
    values = np.load(folder / "values.npy")
    status = np.load(folder / "status.npy")
    times_ns = np.load(folder / "times_ns.npy")
    start = episode["start_ns"]
    times = (times_ns - start) * 1e-9
    period = episode["rate"][1] / episode["rate"][0]

    streams = episode["streams"]
    states = []
    for stream in streams:
        columns = [group["status_column"] for group in stream["groups"]]
        states.append(state_of(status[:, columns]) if len(times) else np.zeros(0, int))
    shown = list(range(len(streams)))[:MOST_STREAMS]
    window = pick_window([states[s] for s in shown], times, WINDOW_S)

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    strip = 0.16 * len(streams) + 0.1
    heights = [strip] + [1.0] * len(shown)
    figure = plt.figure(figsize=(10, 1.1 + 1.35 * sum(heights)), constrained_layout=True)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)

    overview = figure.add_subplot(grid[0])
    overview.set_title("whole episode: state of every row", loc="left", fontsize=9)
    for line, state in enumerate(states):
        for value, begin, end in runs(state):
            overview.broken_barh(
                [(times[begin], (end - begin) * period)], (line + 0.1, 0.8), facecolors=STATE_COLOURS[value], linewidth=0
            )
    overview.set_ylim(len(streams), 0)
    overview.set_yticks(np.arange(len(streams)) + 0.5, [stream["name"] for stream in streams])
    overview.tick_params(axis="y", length=0)
    overview.set_xlim(0, max(float(times[-1]) if len(times) else 0.0, period))
    overview.axvspan(*window, facecolor="none", edgecolor="black", linewidth=1.0)

    first_axes = None
    for position, s in enumerate(shown):
        stream = streams[s]
        axes = figure.add_subplot(grid[position + 1], sharex=first_axes)
        first_axes = first_axes or axes
        raw_times = (np.load(folder / "raw" / f"{s}_times_ns.npy") - start) * 1e-9
        raw = np.load(folder / "raw" / f"{s}_values.npy", mmap_mode="r" if len(raw_times) else None)
        low, high = np.searchsorted(raw_times, [window[0] - period, window[1] + period])
        raw_times, raw = raw_times[low:high], raw_as_aligned(raw[low:high], stream)
        rows = slice(*np.searchsorted(times, [window[0] - period, window[1] + period]))
        first = stream["first_column"]
        columns = pick_columns(raw)
        step = stream["groups"][0]["kind"] in ("previous", "next", "nearest")
        for colour, column in zip(LINE_COLOURS, columns):
            axes.plot(raw_times, raw[:, column], ".", color=colour, alpha=0.45, markersize=4, markeredgewidth=0)
            axes.plot(
                times[rows],
                values[rows, first + column],
                color=colour,
                linewidth=1.2,
                marker="o",
                markersize=2.6,
                markerfacecolor="white",
                markeredgewidth=0.7,
                drawstyle="steps-mid" if step else "default",
                label=stream["channels"][column],
            )
        for value, begin, end in runs(states[s][rows]):
            if value in SHADES:
                colour, alpha = SHADES[value]
                begin_s, end_s = times[rows][begin] - period / 2, times[rows][end - 1] + period / 2
                axes.axvspan(begin_s, end_s, color=colour, alpha=alpha, linewidth=0)
        kinds = "+".join(dict.fromkeys(group["kind"] for group in stream["groups"]))
        axes.set_title(
            f"{stream['name']}   {stream['rate_hz']:.4g} Hz, {kinds}, {100 * stream['coverage']:.1f} % usable",
            loc="left",
            fontsize=9,
        )
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
        axes.margins(y=0.12)
        axes.grid(True, color="#eeeeee", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelbottom=position == len(shown) - 1)
    if first_axes is not None:
        first_axes.set_xlim(*window)
        axes.set_xlabel("seconds since the first sample")

    present = sorted({value for state in states for value in np.unique(state)})
    handles = [Patch(color=STATE_COLOURS[value], label=STATES[value]) for value in present]
    handles.append(Line2D([], [], color="#444444", marker=".", linestyle="", alpha=0.6, label="raw sample"))
    handles.append(
        Line2D([], [], color="#444444", marker="o", markersize=3, markerfacecolor="white", label=f"aligned, {1 / period:.4g} Hz")
    )
    figure.legend(handles=handles, loc="upper center", ncol=len(handles), frameon=False, fontsize=8)
    figure.savefig(folder / "episode.png", dpi=130)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        draw(pathlib.Path(sys.argv[1]))
    except Exception as error:  # whatever goes wrong, the caller has its data and wants one line
        print(f"plot_episode.py: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
