#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of the documents, made from the files under bench/results: measured numbers beside what is required.

usage: make_table.py             prints the tables
       make_table.py --write     puts them into README.md and docs/validation.md, between markers
       make_table.py --check     fails if those are not what the result files give
       make_table.py FILE [--all]  the table of one result file of a GPU benchmark; --all: also cases of which nothing
                                   is required

Exit code 1 if --check finds a difference, or if a requirement on a family of FILE is missed or has no result. That the
README shows a missed requirement is no failure: it says so.
"""

import argparse
import difflib
import json
import pathlib
import sys

import profile_table

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"

# name -> (counter, bound): `us` is at most the bound, the others at least.
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
    "fuse/linear/bf16_bf16/4x3streams/hot": ("us", 2.5),
    "fuse/linear/bf16_bf16/1024x3streams/cold": ("copy_fraction", 0.85),
    "fuse/mixed/f32_bf16/64x5streams_ragged/cold": ("copy_fraction", 0.4),
    "match/nearest/1024x300_vs_3000/cold": ("us", 12.0),
    "gather_rows/u8_bf16/256x3x224x224/cold": ("copy_fraction", 0.88),
    "voxelize_dense/occupancy_u8/uniform_1M_128/hot": ("us", 16.0),
    "voxelize_dense/occupancy_bits/uniform_16M_128/cold": ("us", 110.0),
    "voxelize_dense/occupancy_u8/uniform_16M_128/cold": ("us", 125.0),
    "voxelize_dense/count_i32/uniform_16M_128/cold": ("us", 190.0),
    "voxelize_dense/count_i32/lidar_64x97k_128x128x16/cold": ("G_points_per_s", 55.0),
    "voxelize_dense/mean_f32x4/lidar_64x97k_128x128x16/cold": ("G_points_per_s", 8.0),
    "voxelize_dense/occupancy_u8/peract_256x65536_100/cold": ("copy_fraction", 0.5),
    "voxelize_hard/f32x4/pillars_kitti_120k/hot": ("us", 48.0),
    "voxelize_hard/f32x4/pillars_kitti_250k/hot": ("us", 60.0),
    "voxelize_hard/f32x4/pillars_kitti_1M/hot": ("us", 90.0),
    "voxelize_hard/f32x5/nuscenes_250k/hot": ("us", 85.0),
    "voxelize_sparse/mean_f32x4/lidar_64x97k_0.1m/cold": ("G_points_per_s", 6.0),
    "voxel_downsample/centroid/lidar_1M_0.1m/hot": ("us", 140.0),
    "voxel_downsample/centroid/lidar_97k_0.1m/hot": ("us", 60.0),
}
BOUNDS = {"us": "≤ {:g} µs", "copy_fraction": "≥ {:g} of copy", "G_points_per_s": "≥ {:g} G points/s"}
INFORMATIVE = (
    "resample/linear/bf16_bf16/32x500x256x256/f32_seconds/hot",
    "synchronize/approximate/1024x3streams/cold",
)


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def judged(good):
    return "pass" if good else "**fail**"


def line(*cells):
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def measured(name, result):
    """The cells for a benchmark with its time, its speed and its copy_fraction."""
    return (f"`{name}`", f"{result['us']:.2f}", f"{result['GB_per_s']:.0f}" if "GB_per_s" in result else "",
            f"{result['copy_fraction']:.2f}" if "copy_fraction" in result else "")


def results_of(data):
    return {result["name"]: result for result in data["benchmarks"] if result["run_type"] == "iteration"}


def machine_of(context):
    parts = [context.get("gpu", "GPU unknown")]
    parts += [f"{label} {context[key]}" for label, key in (("driver", "driver"), ("CUDA", "cuda_runtime"),
                                                           ("commit", "commit")) if key in context]
    return ", ".join(parts)


def gpu_row(name, result):
    counter, bound = REQUIRED.get(name, ("us", None))
    must = "" if bound is None else BOUNDS[counter].format(bound)
    if result is None or "us" not in result:
        why = "missing" if result is None else result.get("error_message", "no result")
        return line(f"`{name}`", "", "", "", must, why), False
    good = bound is None or (result[counter] <= bound if counter == "us" else result[counter] >= bound)
    verdict = "" if bound is None else judged(good)
    if counter == "G_points_per_s":
        verdict = f"{result[counter]:.1f}, {verdict}"
    return line(*measured(name, result), must, verdict), good


def gpu_table(path, everything=False):
    """The table of a GPU benchmark's result file, and whether it meets what is required of its families."""
    data = load(path)
    results = results_of(data)
    families = {name.split("/")[0] for name in results}
    names = [name for name in REQUIRED if name.split("/")[0] in families]
    if not names:
        raise ValueError(f"{path}: no benchmark of which anything is required")
    names += [name for name in INFORMATIVE if name in results]
    if everything:
        names += [name for name in results if name not in names]

    rows = [gpu_row(name, results.get(name)) for name in names]
    lines = [machine_of(data["context"]), "", "| benchmark | µs | GB/s | copy_fraction | must | verdict |",
             "| --- | ---: | ---: | ---: | --- | --- |"] + [text for text, _ in rows]
    return lines, all(good for _, good in rows)


def cpu_table(path):
    """The table of compare_scipy.py's result file."""
    data = load(path)
    machine = data["machine"]

    def row(label, key, ratio=None, peer=None):
        cells = [label, f"{data['microseconds'][key]:.0f}", "", "", ""]
        if ratio:
            cells[2] = f"{data[ratio]:.3g} × {peer}"
        if ratio in data["must"]:
            bound = data["must"][ratio]
            cells[3:] = f"≥ {bound:g}", judged(data[ratio] >= bound)
        return line(*cells)

    return [
        f"CPU ({machine['processor']}, {machine['cores']} cores), default compiler flags, beside SciPy "
        f"{data['versions']['scipy']} `interp1d` in the same run: linear,",
        "float64, 300 samples → 150 rows × 14 channels.",
        "",
        "| | µs | ratio | must | verdict |",
        "| --- | ---: | ---: | --- | --- |",
        row("SciPy, 64 calls", "scipy"),
        row("RoboCache, 64 segments, one thread", "64x300x150x14/threads:1", "one_thread_over_scipy", "SciPy"),
        row("RoboCache, 64 segments, two threads of a `ThreadPool`", "64x300x150x14/threads:2",
            "two_threads_over_one", "one thread"),
        row("RoboCache, 1024 segments, one thread", "1024x300x150x14/threads:1"),
        row("RoboCache, 1024 segments, two threads of a `ThreadPool`", "1024x300x150x14/threads:2",
            "two_threads_over_one_1024_segments", "one thread"),
    ]


def torch_table(path):
    """The table of torch_peer.py's result file."""
    data = load(path)
    context = data["context"]
    lines = [
        f"{context['gpu']}, driver {context['driver']}, PyTorch {context['torch']}, CUDA {context['cuda']}, commit "
        f"{context['commit']}; PyTorch's time divided by ours, in one run:",
        "",
        "| benchmark | µs | eager, stream | eager, graph | `torch.compile`, graph |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for result in data["results"]:
        ratios = [f"{result[f'{key}_over_ours']:.3g} ×" for key in ("eager_stream", "eager_graph", "compiled_graph")]
        lines.append(line(f"`{result['name']}`", f"{result['us']:.2f}", *ratios))
    return lines


def compile_time_table(path):
    """The table of compile_time.sh's result file."""
    data = load(path)
    lines = [
        f"nvcc {data['toolkit']}, {data['architecture']}, a file that includes the resample header alone and "
        "instantiates one type pair:",
        "",
        "| | seconds | must | verdict |",
        "| --- | ---: | --- | --- |",
    ]
    for label, key in (("TwoPointKinds", "two_point_kinds"), ("AllKinds", "all_kinds")):
        seconds, bound = data["seconds"][key], data["must"][key]
        lines.append(line(f"`{label}`", f"{seconds:.1f}", f"≤ {bound:g}", judged(seconds <= bound)))
    return lines


def sanitizer_table(path):
    """The table of sanitize.sh's summary."""
    data = load(path)
    results = data["results"]
    lines = [
        f"{data['gpu']}, driver {data['driver']}, compute-sanitizer {data['compute_sanitizer']}, commit "
        f"{', '.join(sorted({entry['commit'] for entry in results}))}; cases:",
        "",
        "| tool | run | clean | skipped | nothing on the GPU | findings | without a verdict |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for tool in sorted({entry["tool"] for entry in results}):
        of_tool = [entry for entry in results if entry["tool"] == tool]
        counts = [sum(entry[key] for entry in of_tool) for key in ("cases", "clean", "skipped", "nothing_on_gpu")]
        counts += [sum(len(entry[key]) for entry in of_tool) for key in ("findings", "no_verdict")]
        lines.append(line(tool, *map(str, counts)))
    reasons = {}
    for entry in results:
        for item in entry["findings"] + entry["no_verdict"]:
            reasons.setdefault((entry["tool"], item["text"]), []).append(f"`{item['case']}`")
    for (tool, text), cases in reasons.items():
        lines += ["", f"{tool}, {', '.join(cases)}: {text}"]
    return lines


def gpu_tests_table(path):
    """The table of gpu_tests.py's summary."""
    data = load(path)
    lines = [
        f"{data['gpu']}, driver {data['driver']}; cases:",
        "",
        "| library | programs | cases | passed | skipped | failed | commit |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for label in sorted({entry["label"] for entry in data["results"]}):
        of_label = [entry for entry in data["results"] if entry["label"] == label]
        counts = [len(of_label)] + [sum(entry[key] for entry in of_label) for key in ("cases", "passed")]
        counts += [sum(sum(entry["skipped"].values()) for entry in of_label),
                   sum(len(entry["failed"]) for entry in of_label)]
        commits = ", ".join(sorted({entry["commit"] for entry in of_label}))
        lines.append(line(label, *map(str, counts), commits))
        for entry in of_label:
            lines += [line(f"{entry['program']}: {case}", "", "", "", "", text, "")
                      for case, text in entry["failed"].items()]
    return lines


def board_table(path):
    """The cases of the README's tables, on another board."""
    files = [load(path / name) for name in ("resample.json", "fuse.json", "voxelize_dense.json", "voxelize_sparse.json")]
    lines = [machine_of(files[0]["context"]), "", "| benchmark | µs | GB/s | copy_fraction |",
             "| --- | ---: | ---: | ---: |"]
    for results in map(results_of, files):
        lines += [line(*measured(name, results[name])) for name in (*REQUIRED, *INFORMATIVE) if name in results]
    return lines


def blocks():
    """document -> name of the markers -> the lines between them."""
    gpu = RESULTS / "h100-sxm"
    validation = {}
    if (gpu / "ncu.csv").exists():
        validation["profile"] = profile_table.table(gpu / "ncu.csv")
    if (gpu / "sanitize.json").exists():
        validation["sanitizers"] = sanitizer_table(gpu / "sanitize.json")
    if (gpu / "tests.json").exists():
        validation["gpu_tests"] = gpu_tests_table(gpu / "tests.json")
    if (RESULTS / "h200").is_dir():
        validation["h200"] = board_table(RESULTS / "h200")
    return {
        ROOT / "README.md": {
            "results": gpu_table(gpu / "resample.json")[0],
            "fuse": gpu_table(gpu / "fuse.json")[0],
            "voxelize": gpu_table(gpu / "voxelize_dense.json")[0],
            "voxelize_sparse": gpu_table(gpu / "voxelize_sparse.json")[0],
            "torch": torch_table(gpu / "torch.json"),
            "cpu": cpu_table(RESULTS / "cpu" / "scipy.json"),
            "compile_time": compile_time_table(RESULTS / "cpu" / "compile_time.json"),
        },
        ROOT / "docs" / "validation.md": validation,
    }


def settle(path, wanted, write):
    """Writes a generated file, or shows how it differs from what it should be; whether it then is that."""
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    if write:
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
        return True
    name = str(path.relative_to(ROOT))
    sys.stdout.writelines(difflib.unified_diff(present.splitlines(True), wanted.splitlines(True), name,
                                               f"{name}, as it should be"))
    return present == wanted


def with_blocks(document, tables):
    text = document.read_text(encoding="utf-8")
    for name, lines in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise ValueError(f"{document}: one pair of markers <!-- {name} --> and <!-- /{name} --> is needed")
        head, rest = text.split(begin)
        text = head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1]
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=pathlib.Path, help="a result file of a GPU benchmark")
    parser.add_argument("--all", action="store_true", help="every benchmark of FILE")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--write", action="store_true", help="put the tables into the documents")
    action.add_argument("--check", action="store_true", help="fail if the documents' tables are not the results'")
    options = parser.parse_args()
    if options.file and (options.write or options.check):
        parser.error("the documents' tables are made from the files under bench/results, not from FILE")
    if options.all and not options.file:
        parser.error("--all needs FILE")

    if options.file:
        lines, good = gpu_table(options.file, options.all)
        print("\n".join(lines))
        return 0 if good else 1

    documents = blocks()
    if not (options.write or options.check):
        print("\n\n".join("\n".join(lines) for tables in documents.values() for lines in tables.values()))
        return 0
    good = [settle(document, with_blocks(document, tables), options.write) for document, tables in documents.items()]
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"make_table.py: {error!r}")
