#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""What profile.sh measures: the metrics, the kernels, raw output of Nsight Compute -> ncu.csv -> a markdown table.

usage: profile_table.py metrics               what ncu is to collect
       profile_table.py kernels [CSV] [--without CASE]
                                              the library's kernels without a row in CSV, those of a case apart, as a
                                              regular expression
       profile_table.py merge CSV RAW... --gpu NAME --driver VERSION --ncu VERSION --commit COMMIT
                                              puts the rows of RAW into CSV, in place of those of the same cases
       profile_table.py table CSV             prints the table

RAW is `ncu --csv --page raw` with a line `# case: NAME` above it. One row of CSV is one kernel of one case: of its
launches with the largest grid, the one of median duration. Values are in seconds, bytes, hertz and percent.
"""

import argparse
import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

TIME = "gpu__time_duration.sum"
SM = "sm__throughput.avg.pct_of_peak_sustained_elapsed"
MEMORY = "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"
DRAM = "dram__throughput.avg.pct_of_peak_sustained_elapsed"
L1 = "l1tex__t_sector_hit_rate.pct"
L2 = "lts__t_sector_hit_rate.pct"
WARPS = "sm__warps_active.avg.pct_of_peak_sustained_active"
REGISTERS = "launch__registers_per_thread"
CONFLICTS = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"
WAVEFRONTS = "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum"
SECTORS = "l1tex__average_t_sectors_per_request_pipe_lsu_mem_global_op_{}.ratio"
BYTES = "dram__bytes.sum"
BYTES_A_CYCLE, DRAM_HERTZ = "dram__bytes.sum.peak_sustained", "dram__cycles_elapsed.avg.per_second"
FMA_A_CYCLE = "sm__sass_thread_inst_executed_op_ffma_pred_on.sum.peak_sustained"
SM_HERTZ = "sm__cycles_elapsed.avg.per_second"
OPERATIONS = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum"
# Floating-point operations in those of float: double has half the rate, on the boards that the library is for.
WEIGHTS = {"fadd": 1, "fmul": 1, "ffma": 2, "dadd": 2, "dmul": 2, "dfma": 4}

METRICS = (TIME, SM, MEMORY, DRAM, L1, L2, WARPS, REGISTERS, "l1tex__data_bank_conflicts_pipe_lsu.sum", CONFLICTS,
           WAVEFRONTS, SECTORS.format("ld"), SECTORS.format("st"), BYTES, BYTES_A_CYCLE, DRAM_HERTZ, FMA_A_CYCLE,
           SM_HERTZ, *(OPERATIONS.format(name) for name in WEIGHTS))
KEYS = ("benchmark", "kernel", "commit", "launches")
MACHINE = ("gpu", "driver", "ncu")
BUSY = 60  # percent

UNITS = {"nsecond": 1e-9, "ns": 1e-9, "usecond": 1e-6, "us": 1e-6, "msecond": 1e-3, "ms": 1e-3, "kbyte": 1e3,
         "mbyte": 1e6, "gbyte": 1e9, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}


def library_kernels():
    names = set()
    for path in (ROOT / "include").rglob("*.cuh"):
        names.update(re.findall(r"__global__[^;{]*?\b(\w+_kernel)\s*\(", path.read_text(encoding="utf-8")))
    return sorted(names)


def number(text, unit):
    """A cell in base units; None where ncu has no value."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    over, _, under = unit.lower().partition("/")
    return value * UNITS.get(over, 1) / UNITS.get(under, 1)


def read_raw(path):
    """The case of a raw file, and of each launch the kernel, the number of threads and the metrics."""
    lines = path.read_text(encoding="utf-8").splitlines()
    case = next((line[len("# case: "):] for line in lines if line.startswith("# case: ")), None)
    if case is None:
        raise ValueError(f"{path}: no case")
    table = list(csv.reader(line for line in lines if line.startswith('"')))
    if len(table) < 3:
        return case, []
    names, units = table[0], table[1]
    missing = [metric for metric in METRICS if metric not in names]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}")
    launches = []
    for cells in table[2:]:
        row = dict(zip(names, cells))
        blocks = 1
        for extent in re.findall(r"\d+", row["Grid Size"]):
            blocks *= int(extent)
        values = {metric: number(row[metric], units[names.index(metric)]) for metric in METRICS}
        kernel = re.search(r"\w+_kernel\b", row["Kernel Name"])
        launches.append((kernel[0] if kernel else "", blocks, values))
    return case, launches


def rows_of(path, commit):
    """The rows of one case; kernels that are not the library's are left out."""
    case, launches = read_raw(path)
    rows = []
    for kernel in sorted({name for name, _, _ in launches} & set(library_kernels())):
        most = max(blocks for name, blocks, _ in launches if name == kernel)
        values = sorted((values for name, blocks, values in launches if name == kernel and blocks == most),
                        key=lambda values: values[TIME])
        rows.append({"benchmark": case, "kernel": kernel, "commit": commit, "launches": len(values),
                     **values[(len(values) - 1) // 2]})
    return case, rows


def read_csv(path):
    """The machine and the rows of a file that `merge` has written."""
    lines = path.read_text(encoding="utf-8").splitlines()
    machine = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    rows = []
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        rows.append({key: text if key in KEYS else float(text) if text else None for key, text in row.items()})
    return machine, rows


def merge(path, raw, machine, commit):
    rows = []
    if path.exists():
        before, rows = read_csv(path)
        if before != machine:
            raise ValueError(f"{path}: made on another machine: {before} is not {machine}")
    for name in raw:
        case, of_case = rows_of(name, commit)
        if not of_case:
            raise ValueError(f"{name}: no kernel of the library in {case}")
        rows = [row for row in rows if row["benchmark"] != case] + of_case
    rows.sort(key=lambda row: (row["benchmark"], row["kernel"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {key}: {value}\n" for key, value in machine.items())
        writer = csv.DictWriter(file, (*KEYS, *METRICS), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})


def roofline(row):
    """Operations a byte of DRAM, and how much is reached of what the roof allows at that intensity."""
    counts = [row[OPERATIONS.format(name)] for name in WEIGHTS]
    needed = [row[key] for key in (TIME, BYTES, BYTES_A_CYCLE, DRAM_HERTZ, FMA_A_CYCLE, SM_HERTZ)]
    if None in counts or None in needed:
        return None, None
    operations = sum(weight * count for weight, count in zip(WEIGHTS.values(), counts))
    seconds, moved, bytes_a_cycle, dram_hertz, fma_a_cycle, sm_hertz = needed
    # Below the ridge the roof is the bandwidth, above it the arithmetic: the larger share is the one of the roof.
    reached = max(moved / seconds / (bytes_a_cycle * dram_hertz), operations / seconds / (2 * fma_a_cycle * sm_hertz))
    return operations / moved if moved else None, 100 * reached


def limit(row):
    if None in (row[SM], row[MEMORY], row[DRAM]):
        return ""
    if max(row[SM], row[MEMORY]) < BUSY:
        return "latency"
    if row[SM] > row[MEMORY]:
        return "compute"
    return "DRAM" if row[DRAM] >= BUSY else "caches"


def shown(value, digits=0):
    return "" if value is None else f"{value:.{digits}f}"


def table(path):
    """The lines of the markdown table of a file."""
    machine, rows = read_csv(path)
    lines = [f"{machine['gpu']}, driver {machine['driver']}, Nsight Compute {machine['ncu']}, "
             f"commit {', '.join(sorted({row['commit'] for row in rows}))}. Each launch begins with empty caches.",
             "",
             "| kernel | case | µs | SM % | memory % | DRAM % | L1 hit % | L2 hit % | warps % | registers | "
             "bank conflicts % | sectors a load, store | FLOP/byte | % of roof | limited by |",
             "| --- | --- |" + " ---: |" * 12 + " --- |"]
    for row in rows:
        intensity, reached = roofline(row)
        conflicts = 100 * row[CONFLICTS] / row[WAVEFRONTS] if row[WAVEFRONTS] and row[CONFLICTS] is not None else None
        sectors = ", ".join(shown(row[SECTORS.format(way)], 1) or "–" for way in ("ld", "st"))
        cells = [f"`{row['kernel']}`", f"`{row['benchmark']}`", shown(row[TIME] and 1e6 * row[TIME], 1),
                 *(shown(row[key]) for key in (SM, MEMORY, DRAM, L1, L2, WARPS, REGISTERS)), shown(conflicts),
                 sectors, shown(intensity, 2), shown(reached), limit(row)]
        lines.append("| " + " | ".join(cells) + " |")
    without = sorted(set(library_kernels()) - {row["kernel"] for row in rows})
    lines += ["", "Kernels without a row: " + (", ".join(f"`{name}`" for name in without) or "none") + "."]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("metrics")
    kernels = commands.add_parser("kernels")
    kernels.add_argument("csv", nargs="?", type=pathlib.Path)
    kernels.add_argument("--without", metavar="CASE")
    merging = commands.add_parser("merge")
    merging.add_argument("csv", type=pathlib.Path)
    merging.add_argument("raw", nargs="+", type=pathlib.Path)
    for key in (*MACHINE, "commit"):
        merging.add_argument(f"--{key}", required=True)
    commands.add_parser("table").add_argument("csv", type=pathlib.Path)
    options = parser.parse_args()

    if options.command == "metrics":
        print(",".join(METRICS))
    elif options.command == "kernels":
        rows = read_csv(options.csv)[1] if options.csv else []
        seen = {row["kernel"] for row in rows if row["benchmark"] != options.without}
        print("|".join(name for name in library_kernels() if name not in seen))
    elif options.command == "merge":
        merge(options.csv, options.raw, {key: getattr(options, key) for key in MACHINE}, options.commit)
    else:
        print("\n".join(table(options.csv)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"profile_table.py: {error}")
