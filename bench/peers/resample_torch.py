#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Linear resampling in PyTorch, on the shapes of resample_bench and by its method.

usage: resample_torch.py [--output FILE]

For each shape: eager calls in a stream, eager calls in a CUDA graph, and torch.compile in a CUDA graph. A graph holds 24
calls and is replayed; times are medians per call, by events. Times are int64 nanoseconds and queries are stored (PyTorch
has no grid). Each variant is checked against float64 arithmetic before it is timed.
"""

import argparse
import json
import statistics

import torch

CALLS = 24
REPETITIONS = 15
SHAPES = (  # segments, samples, rows, width, samples per second, rows per second
    (32, 500, 256, 256, 100, 25500 / 499),
    (256, 500, 256, 256, 100, 25500 / 499),
    (64, 4096, 1024, 32, 100, 102300 / 4095),
    (64, 1000, 512, 512, 100, 51100 / 999),
    (1024, 300, 150, 14, 50, 25),
    (4096, 300, 150, 14, 50, 25),
)


def resample(values, times, queries):
    right = torch.searchsorted(times, queries, right=True).clamp(1, times.shape[1] - 1)
    left = right - 1
    before = times.gather(1, left)
    weight = (queries - before).to(torch.float32) / (times.gather(1, right) - before).to(torch.float32)
    shape = (-1, -1, values.shape[2])
    a = values.gather(1, left.unsqueeze(-1).expand(shape)).to(torch.float32)
    b = values.gather(1, right.unsqueeze(-1).expand(shape)).to(torch.float32)
    return torch.lerp(a, b, weight.unsqueeze(-1)).to(values.dtype)


def make_set(segments, samples, rows, width, sample_rate, row_rate, seed):
    generator = torch.Generator(device="cuda").manual_seed(seed)
    period = 10**9 // sample_rate
    start = 1_700_000_000_000_000_000 + torch.arange(segments, device="cuda").unsqueeze(1) * 3_600_000_000_000
    jitter = torch.randint(-period // 5, period // 5 + 1, (segments, samples), generator=generator, device="cuda")
    jitter[:, 0] = jitter[:, -1] = 0
    times = start + torch.arange(samples, device="cuda") * period + jitter
    grid = (torch.arange(rows, device="cuda", dtype=torch.float64) * 1e9 / row_rate).round().to(torch.int64)
    values = torch.rand((segments, samples, width), generator=generator, device="cuda") * 4 - 2
    return values.to(torch.bfloat16), times, (start + grid).contiguous()


def check(function, arguments):
    values, times, queries = arguments
    right = torch.searchsorted(times, queries, right=True).clamp(1, times.shape[1] - 1)
    before, after = times.gather(1, right - 1), times.gather(1, right)
    weight = ((queries - before).double() / (after - before).double()).unsqueeze(-1)
    rows = torch.arange(values.shape[0], device="cuda").unsqueeze(1)
    a, b = values[rows, right - 1].double(), values[rows, right].double()
    expected = a + (b - a) * weight
    error = (function(*arguments).double() - expected).abs().max().item()
    if not error < 0.02:  # bf16 of values up to 2: half a unit in the last place is 0.004
        raise RuntimeError(f"wrong result: error {error}")


def stream_microseconds(function, sets):
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for call in range(CALLS):
        function(*sets[call % len(sets)])
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) * 1e3 / CALLS


def captured(function, sets):
    calls = -(-CALLS // len(sets)) * len(sets)
    side = torch.cuda.Stream()
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

    def replay():
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        graph.replay()
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e3 / calls

    return replay


def median(function):
    for _ in range(5):
        function()
    return statistics.median(function() for _ in range(REPETITIONS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", help="JSON file to write")
    options = parser.parse_args()

    properties = torch.cuda.get_device_properties(0)
    results = []
    print(f"{properties.name}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}")
    print("| shape | regime | eager, stream us | eager, graph us | torch.compile, graph us |")
    print("| --- | --- | --- | --- | --- |")
    for shape in SHAPES:
        segments, samples, rows, width = shape[:4]
        name = f"{segments}x{samples}x{rows}x{width}"
        compiled = torch.compile(resample, dynamic=False)
        set_bytes = segments * (samples * (2 * width + 8) + rows * (2 * width + 8))
        cold_sets = max(2, 3 * properties.L2_cache_size // set_bytes + 1)
        sets = [make_set(*shape, seed) for seed in range(cold_sets)]
        check(resample, sets[0])
        check(compiled, sets[0])
        for regime, used in (("hot", sets[:1]), ("cold", sets)):
            row = {"shape": name, "regime": regime}
            row["eager_stream"] = median(lambda: stream_microseconds(resample, used))
            row["eager_graph"] = median(captured(resample, used))
            row["compiled_graph"] = median(captured(compiled, used))
            results.append(row)
            print(f"| {name} | {regime} | {row['eager_stream']:.1f} | {row['eager_graph']:.1f} "
                  f"| {row['compiled_graph']:.1f} |", flush=True)
        del sets
        torch.cuda.empty_cache()
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            json.dump({"gpu": properties.name, "torch": torch.__version__, "cuda": torch.version.cuda,
                       "microseconds": results}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
