#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Linear resample and fuse in PyTorch, beside the benchmark programs in one run: same shapes, same method, ratios.

usage: torch_peer.py DIRECTORY [--filter REGEX] [--output FILE]

DIRECTORY holds resample_bench and fuse_bench. For each case the program runs first, then PyTorch on the same GPU: eager
calls in a stream, eager calls in a CUDA graph, and torch.compile in a CUDA graph. PyTorch has no grid, so its queries
are stored; stamps and queries are int64 nanoseconds, values bfloat16. What a graph leaves behind is compared with
float64 arithmetic before it is timed. A ratio is PyTorch's time divided by ours.

Exit codes: 0 done; 1 a case failed, the others are printed; 2 PyTorch, a GPU or a program is missing.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

try:
    import torch
except (ImportError, OSError):  # OSError: a shared library of it is missing
    torch = None

DEVICE = "cuda"
REPETITIONS = 15
WARM_UP_SECONDS = 0.02
SPAN = 1_000_000_000  # of every stream, in ns
CHECKED_SEGMENTS = 16
VARIANTS = {"eager_stream": "eager, stream", "eager_graph": "eager, graph", "compiled_graph": "torch.compile, graph"}


@dataclasses.dataclass(frozen=True)
class Shape:
    """One benchmark but for its regime: `segments` of `streams` (samples, channels) to `rows` each, side by side."""

    program: str
    name: str
    segments: int
    streams: tuple
    rows: int
    regimes: tuple

    def bytes(self):
        """Of one buffer set: values and stamps in, queries in, rows out."""
        read = sum(samples * (2 * width + 8) for samples, width in self.streams) + 8 * self.rows
        return self.segments * (read + self.rows * 2 * sum(width for _, width in self.streams))


def resample_shape(segments, samples, rows, width):
    return Shape("resample_bench", f"resample/linear/bf16_bf16/{segments}x{samples}x{rows}x{width}", segments,
                 ((samples, width),), rows, ("hot", "cold"))


def fuse_shape(segments, *regimes):
    return Shape("fuse_bench", f"fuse/linear/bf16_bf16/{segments}x3streams", segments,
                 ((30, 512), (100, 64), (200, 12)), 50, regimes)


SHAPES = (
    resample_shape(32, 500, 256, 256),
    resample_shape(256, 500, 256, 256),
    resample_shape(64, 4096, 1024, 32),
    resample_shape(64, 1000, 512, 512),
    resample_shape(1024, 300, 150, 14),
    resample_shape(4096, 300, 150, 14),
    fuse_shape(4, "hot"),
    fuse_shape(1024, "cold"),
)


def resample(queries, values, times):
    right = torch.searchsorted(times, queries, right=True).clamp(1, times.shape[1] - 1)
    left = right - 1
    before = times.gather(1, left)
    weight = (queries - before).to(torch.float32) / (times.gather(1, right) - before).to(torch.float32)
    shape = (-1, -1, values.shape[2])
    a = values.gather(1, left.unsqueeze(-1).expand(shape)).to(torch.float32)
    b = values.gather(1, right.unsqueeze(-1).expand(shape)).to(torch.float32)
    return torch.lerp(a, b, weight.unsqueeze(-1)).to(values.dtype)


def fuse(queries, *streams):
    """streams: values, times of the first, values, times of the second, ..."""
    parts = [resample(queries, *streams[i:i + 2]) for i in range(0, len(streams), 2)]
    return torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]


def reference(queries, *streams):
    """The same in float64, by a linear search."""
    parts = []
    segment = torch.arange(queries.shape[0]).unsqueeze(1)
    for values, times in zip(streams[::2], streams[1::2]):
        left = ((times.unsqueeze(1) <= queries.unsqueeze(2)).sum(2) - 1).clamp(0, times.shape[1] - 2)
        before, after = times[segment, left], times[segment, left + 1]
        weight = ((queries - before).double() / (after - before).double()).unsqueeze(2)
        parts.append((1 - weight) * values[segment, left].double() + weight * values[segment, left + 1].double())
    return torch.cat(parts, dim=2)


def check(out, arguments):
    """Raises unless `out` is the reference but for float arithmetic and one rounding to bfloat16."""
    count = out.shape[0]
    chosen = sorted({i * (count - 1) // (CHECKED_SEGMENTS - 1) for i in range(CHECKED_SEGMENTS)})
    expected = reference(*(argument[chosen].cpu() for argument in arguments))
    got = out[chosen].cpu()
    if got.shape != expected.shape or got.dtype != torch.bfloat16:
        raise RuntimeError(f"wrong result: {tuple(got.shape)} {got.dtype} for {tuple(expected.shape)}")
    # bfloat16 has 8 bits; values are below 2, and a few roundings in float cost less than 2^-19.
    wrong = ~((got.double() - expected).abs() <= expected.abs() * 2.0**-8 + 2.0**-19)
    if wrong.any():
        raise RuntimeError(f"wrong result: {int(wrong.sum())} of {wrong.numel()} elements")


def make_set(shape, seed):
    """Arguments of fuse(): rows from end to end of stamps that are off by up to 20 % of a period, but for the ends."""
    generator = torch.Generator(device=DEVICE).manual_seed(seed)
    start = 1_700_000_000_000_000_000 + torch.arange(shape.segments, device=DEVICE).unsqueeze(1) * 3_600_000_000_000

    def evenly(count):
        return start + torch.arange(count, device=DEVICE) * SPAN // (count - 1)

    arguments = [evenly(shape.rows).contiguous()]
    for samples, width in shape.streams:
        jitter = SPAN // (samples - 1) // 5
        offsets = torch.randint(-jitter, jitter + 1, (shape.segments, samples), generator=generator, device=DEVICE)
        offsets[:, 0] = offsets[:, -1] = 0
        values = torch.rand((shape.segments, samples, width), generator=generator, device=DEVICE) * 4 - 2
        arguments += [values.to(torch.bfloat16), evenly(samples) + offsets]
    return tuple(arguments)


def elapsed_microseconds(enqueue):
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    enqueue()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) * 1e3


def in_stream(function, sets, calls):
    def once():
        def enqueue():
            for call in range(calls):
                function(*sets[call % len(sets)])

        return elapsed_microseconds(enqueue) / calls

    check(function(*sets[0]), sets[0])
    return once


def in_graph(function, sets, calls):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for arguments in sets:
            function(*arguments)
    side.synchronize()
    graph = torch.cuda.CUDAGraph()
    outputs = [None] * len(sets)  # each set keeps an output of its own
    with torch.cuda.graph(graph, stream=side):
        for call in range(calls):
            used = call % len(sets)
            outputs[used] = None
            outputs[used] = function(*sets[used])
    for out in outputs:
        out.fill_(float("nan"))
    graph.replay()
    torch.cuda.synchronize()
    check(outputs[0], sets[0])
    check(outputs[-1], sets[-1])

    def once():
        graph.replay()  # leaves the caches as this graph leaves them
        return elapsed_microseconds(graph.replay) / calls

    return once


def medians(functions):
    """name -> function, to name -> the median of what it returns. They take turns, so that all see the same clocks."""
    warm = time.monotonic() + WARM_UP_SECONDS
    while True:
        for once in functions.values():
            once()
        if time.monotonic() >= warm:
            break
    times = {name: [] for name in functions}
    for _ in range(REPETITIONS):
        for name, once in functions.items():
            times[name].append(once())
    return {name: statistics.median(values) for name, values in times.items()}


def run_program(program, name):
    """Context and result of one benchmark."""
    command = [str(program), f"--benchmark_filter=^{name}/", "--benchmark_format=json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        data = json.loads(run.stdout)
        result = next(result for result in data["benchmarks"] if result["name"] == name)
    except (ValueError, StopIteration):
        raise RuntimeError(f"{program.name} gave no result (exit code {run.returncode})") from None
    if "error_message" in result:
        raise RuntimeError(f"{program.name}: {result['error_message']}")
    return data["context"], result


def plan(shape, regime, l2_bytes):
    """Buffer sets, and calls of a graph: those of the programs."""
    sets = max(2, 3 * l2_bytes // shape.bytes() + 1) if regime == "cold" else 1
    wanted = 4 if shape.bytes() > 500_000_000 else 24
    return sets, -(-wanted // sets) * sets


def measure(shape, regime, directory, compiled):
    """One row of the result."""
    name = f"{shape.name}/{regime}"
    context, ours = run_program(directory / shape.program, name)
    gpu = torch.cuda.get_device_name(0)
    if context.get("gpu") != gpu:
        raise RuntimeError(f"{shape.program} ran on {context.get('gpu')}, PyTorch on {gpu}")
    count, calls = plan(shape, regime, int(context["l2_bytes"]))
    sets = [make_set(shape, seed) for seed in range(count)]
    times = medians({
        "eager_stream": in_stream(fuse, sets, calls),
        "eager_graph": in_graph(fuse, sets, calls),
        "compiled_graph": in_graph(compiled, sets, calls),
    })
    result = {"name": name, "us": ours["us"], "copy_us": ours["copy_us"], "sets": count, "calls": calls}
    for variant, us in times.items():
        result[f"{variant}_us"] = us
        result[f"{variant}_over_ours"] = us / ours["us"]
    return context, result


def table_row(result):
    cells = [f"`{result['name']}`", f"{result['us']:.2f}", f"{result['copy_us'] / result['us']:.2f}"]
    cells += [f"{result[f'{variant}_us']:.1f} ({result[f'{variant}_over_ours']:.1f} ×)" for variant in VARIANTS]
    return "| " + " | ".join(cells) + " |"


def missing(directory, shapes):
    """Why nothing can be measured, or None."""
    if torch is None:
        return "PyTorch is not installed"
    if not torch.cuda.is_available():
        return "no CUDA device for PyTorch"
    programs = sorted({shape.program for shape in shapes})
    return next((f"no program {directory / name}" for name in programs if not (directory / name).is_file()), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path, help="where the benchmark programs are")
    parser.add_argument("--filter", default="", help="regular expression of NAME/REGIME: only these cases")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file to write")
    options = parser.parse_args()

    cases = {shape: [regime for regime in shape.regimes if re.search(options.filter, f"{shape.name}/{regime}")]
             for shape in SHAPES}
    cases = {shape: regimes for shape, regimes in cases.items() if regimes}
    if not cases:
        parser.error(f"no case matches {options.filter!r}")
    why = missing(options.directory, cases)
    if why:
        print(f"torch_peer.py: {why}", file=sys.stderr)
        return 2

    context, results, failures = {}, [], 0
    print(f"{torch.cuda.get_device_name(0)}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}; µs a call, and "
          "PyTorch's time / ours\n")
    print("| benchmark | ours | copy_fraction | " + " | ".join(VARIANTS.values()) + " |")
    print("| --- | ---: | ---: |" + " ---: |" * len(VARIANTS))
    for shape, regimes in cases.items():
        # Past a few shapes the compiler would give up and run a function as it is.
        torch.compiler.reset()
        compiled = torch.compile(fuse, fullgraph=True, dynamic=False)
        for regime in regimes:
            try:
                context, result = measure(shape, regime, options.directory, compiled)
                results.append(result)
                print(table_row(result), flush=True)
            except Exception as error:  # compilers raise whatever they like; the other cases go on
                failures += 1
                why = (str(error).splitlines() or [""])[0]
                print(f"torch_peer.py: {shape.name}/{regime}: {type(error).__name__}: {why}", file=sys.stderr)
            torch.cuda.empty_cache()
    if options.output and results:
        context = {key: context[key] for key in ("gpu", "driver", "commit") if key in context}
        context.update(torch=torch.__version__, cuda=torch.version.cuda)
        text = json.dumps({"context": context, "results": results}, indent=2)
        options.output.write_text(text + "\n", encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
