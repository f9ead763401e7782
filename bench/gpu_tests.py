#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Every GPU case of the tests, in many processes side by side, and a summary as JSON.

usage: gpu_tests.py PROGRAMS SUMMARY [--label LABEL] [--filter REGEX] [--jobs N] [--time-limit SECONDS]

PROGRAMS is their directory. SUMMARY keeps what earlier runs of another label, or of other programs, put there. A label
tells apart what cannot be seen: how the library was built. Cases of sizes beyond 2^31 run last, one after the other, for
each wants the memory of the GPU.

Exit code 0: every case passed or skipped, and some passed. 1: others. 2: usage, no GPU, no such program.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from gpu_programs import UsageError, cases_of, machine, programs_in

NOT_CASES = "*/Host"
LARGE = re.compile("Huge|LargeTimes|OffsetsHave64Bits")
UNIT_CASES = 6


def run(program, cases, limit):
    """Case -> "" if it passed, "skipped: WHY" or "failed: WHY"; and how long they took together."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "results.json"
        command = [program, "--gtest_filter=" + ":".join(cases), f"--gtest_output=json:{path}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=limit)
            ending, text = f"exit code {done.returncode}", done.stdout
        except subprocess.TimeoutExpired:
            ending, text = f"no end after {limit:.0f} s", ""
        suites = json.loads(path.read_text(encoding="utf-8"))["testsuites"] if path.exists() else []
    reasons = {name: why.strip() for why, name in re.findall(r": Skipped\n(.*?)\[  SKIPPED \] (\S+)", text, re.DOTALL)}
    results = dict.fromkeys(cases, f"failed: {ending}")
    for suite in suites:
        for case in suite["testsuite"]:
            name = f"{case['classname']}.{case['name']}"
            if "failures" in case:
                results[name] = "failed: " + case["failures"][0]["failure"].strip().splitlines()[0]
            elif case["result"] == "SKIPPED":
                results[name] = "skipped: " + reasons.get(name, "")
            elif case["result"] == "COMPLETED":
                results[name] = ""
    return results, time.monotonic() - begin


def run_all(programs, jobs, limit):
    """Program -> case -> verdict; program -> seconds of its processes."""
    verdicts, seconds = collections.defaultdict(dict), collections.Counter()
    together, alone = [], []
    for program in programs:
        cases = cases_of(program, NOT_CASES)
        small = [case for case in cases if not LARGE.search(case)]
        shards = -(-len(small) // UNIT_CASES)
        together += [(program, small[shard::shards]) for shard in range(shards)]
        alone += [(program, [case]) for case in cases if LARGE.search(case)]
    if not together and not alone:
        raise UsageError("no GPU case")
    for units, workers in ((together, jobs), (alone, 1)):
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            running = {pool.submit(run, program, cases, limit): program for program, cases in units}
            for future in concurrent.futures.as_completed(running):
                results, took = future.result()
                program = running[future]
                verdicts[program.name].update(results)
                seconds[program.name] += took
                print(f"{program.name}: {len(results)} cases, {took:.0f} s", flush=True)
    return verdicts, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path, help="directory of the test programs")
    parser.add_argument("summary", type=pathlib.Path)
    parser.add_argument("--label", default="default", help="of the library that the programs load")
    parser.add_argument("--filter", default="", metavar="REGEX", help="test programs, by name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes side by side")
    parser.add_argument("--time-limit", type=float, default=600, metavar="SECONDS", help="of one process")
    options = parser.parse_args()

    context = machine()
    programs = programs_in(options.programs, options.filter)
    kept = []
    if options.summary.exists():
        data = json.loads(options.summary.read_text(encoding="utf-8"))
        if {key: data.get(key) for key in context} != context:
            raise UsageError(f"{options.summary}: made on another machine")
        kept = data["results"]
    verdicts, seconds = run_all(programs, options.jobs, options.time_limit)

    entries = []
    for name, results in verdicts.items():
        skipped = collections.Counter(text for text in results.values() if text.startswith("skipped: "))
        failed = {case: text for case, text in sorted(results.items()) if text.startswith("failed: ")}
        entries.append({"label": options.label, "program": name, "commit": os.environ.get("ROBOCACHE_COMMIT", "unknown"),
                        "cases": len(results), "passed": sum(not text for text in results.values()),
                        "skipped": {text.removeprefix("skipped: "): count for text, count in sorted(skipped.items())},
                        "failed": failed, "seconds": round(seconds[name], 1)})
        for case, text in failed.items():
            print(f"{name} {case}: {text}")
    kept = [entry for entry in kept if entry["label"] != options.label or entry["program"] not in verdicts]
    ordered = sorted(kept + entries, key=lambda entry: (entry["label"], entry["program"]))
    lines = ",\n".join("    " + json.dumps(entry) for entry in ordered)
    options.summary.write_text(json.dumps(context, indent=2)[:-2] + ',\n  "results": [\n' + lines + "\n  ]\n}\n",
                               encoding="utf-8")
    total = {key: sum(entry[key] for entry in entries) for key in ("cases", "passed")}
    total["skipped"] = sum(sum(entry["skipped"].values()) for entry in entries)
    total["failed"] = sum(len(entry["failed"]) for entry in entries)
    print(", ".join(f"{count} {key}" for key, count in total.items()))
    return 0 if total["passed"] and not total["failed"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError, UsageError, re.error) as error:
        print(f"gpu_tests.py: {error!s}", file=sys.stderr)
        sys.exit(2)
