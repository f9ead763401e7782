#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Every GPU test under compute-sanitizer, many processes side by side, and a summary as JSON. Run it by sanitize.sh.
Of tests that run on a stream and as a graph, the stream's: both launch the same kernels, in the same order.

The GPU cases of each program are cut into units of some 20 s, which run longest first; how long they take is known from
the summary of --merge, and a guess without. Where a unit of several cases is not clean its cases run again one by one,
so that only the guilty ones are named. The summary, OUTPUT/sanitize.json, is written anew after every unit.

Exit code 0: every tool ran every case and found nothing (cases that skip, or do nothing on the GPU, are counted).
1: a finding, or a test that fails. 2: usage, no compute-sanitizer, no GPU. 3: no finding, but cases without a verdict,
or a tool without any clean case.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from gpu_programs import UsageError, cases_of, machine, output_of, programs_in

TOOLS = ("racecheck", "initcheck", "memcheck", "synccheck")  # the slow ones first
# Cases that fill the GPU's memory would not fit beside a sanitizer's own. Those of the graph launcher run the kernels
# of the stream launcher again, with the same arguments. GpuValidate runs a whole validation. GpuErrors makes calls of
# the runtime fail, which memcheck reports.
NOT_CASES = "*/Host:*Huge*:*LargeTimes*:GpuValidate.*:GpuErrors.*"
FINDINGS_CODE = 9
# How the tools begin what they found.
FINDING = re.compile(r"=+ (Error: Race|Warning: Race|Invalid |Uninitialized |Unused |Barrier error|Divergent|Program hit )")
UNIT_SECONDS, UNIT_CASES = 20, 16
GUESSED_SECONDS = 10  # of a case, where no summary says it
NOT_RUN, TIME_LIMIT = "not run", "time limit"
COUNTS = ("clean", "skipped", "nothing_on_gpu")


def whole_machine():
    version = re.search(r"Version (\S+)", output_of("compute-sanitizer", "--version"))
    return {**machine(), "compute_sanitizer": version[1] if version else "unknown"}


def chosen_cases(binary, graphs):
    names = cases_of(binary, NOT_CASES)
    if graphs:
        return names
    return [name for name in names if "Graph" not in name or name.replace("Graph", "Stream") not in names]


def complaint(text):
    """The first lines in which the sanitizer or the test says what is wrong."""
    lines = [line.strip("= ") for line in text.splitlines()
             if line.startswith("=========") or "FAILED" in line or "Failure" in line]
    lines = [line for line in lines if line and "COMPUTE-SANITIZER" not in line]
    return " | ".join(lines[:3])[:400]


def judge(cases, code, text):
    """case -> (verdict, text) of one run of the sanitizer; `code` is None if it was stopped."""
    def every(verdict, why):
        return {case: (verdict, why) for case in cases}

    if code is None:
        return every("no_verdict", TIME_LIMIT)
    if "[  FAILED  ]" in text:
        return every("findings", complaint(text))
    internal = re.search(r"Internal Sanitizer Error.*", text)
    if internal and not any(FINDING.match(line) for line in text.splitlines()):
        return every("no_verdict", internal[0].strip())
    if internal or code == FINDINGS_CODE:
        return every("findings", complaint(text))
    passed = set(re.findall(r"\[       OK \] (\S+) \(", text))
    skipped = set(re.findall(r"\[  SKIPPED \] (\S+) \(", text))
    idle = "terminated before first instrumented API call" in text
    # Of racecheck: "0 hazards displayed (0 errors, 0 warnings)"; of the others: "0 errors".
    summaries = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (\d+) ", text)
    if any(int(count) for count in summaries):
        return every("findings", complaint(text))
    if not idle and (code != 0 or not summaries):
        return every("no_verdict", f"ended with exit code {code} and {len(summaries)} summary lines")
    result = {}
    for case in cases:
        if case in skipped:
            result[case] = "skipped", ""
        elif case in passed:
            result[case] = "nothing_on_gpu" if idle else "clean", ""
        else:
            result[case] = "no_verdict", f"did not run, exit code {code}"
    return result


class Unit:
    def __init__(self, tool, binary, cases, guess):
        self.tool, self.binary, self.cases, self.guess = tool, binary, cases, guess
        self.log = None
        self.outcome = {}
        self.seconds = 0.0

    def run(self, log, limit, deadline):
        """Verdicts of its cases; None if there is no time left."""
        begin = time.monotonic()
        stop = min(begin + limit, deadline)
        if stop <= begin:
            return None
        self.log = log
        command = ["compute-sanitizer", "--tool", self.tool, "--error-exitcode", str(FINDINGS_CODE),
                   "--print-limit", "5", str(self.binary), "--gtest_filter=" + ":".join(self.cases)]
        with open(log, "w", encoding="utf-8") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                code = process.wait(stop - begin)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # the test, too
                process.wait()
                code = None
        self.seconds = time.monotonic() - begin
        if code is None and stop == deadline:
            return None
        self.outcome = judge(self.cases, code, log.read_text(encoding="utf-8", errors="replace"))
        return self.outcome

    def verdicts(self):
        return {verdict for verdict, _ in self.outcome.values()}


class Entry:
    """What is known of a program under a tool: of an earlier run, if that goes on, and of this one."""

    def __init__(self, tool, binary, cases, earlier, commit):
        self.todo = cases
        self.results = {}
        self.suspects = []  # units of several cases with a finding
        self.data = earlier or {"tool": tool, "binary": binary.name, "verdict": "", "commit": commit,
                                "cases": len(cases), **dict.fromkeys(COUNTS, 0), "seconds": 0.0, "findings": [],
                                "no_verdict": []}
        if earlier:
            self.data["no_verdict"] = [item for item in earlier["no_verdict"] if not undecided(item)]

    def summary(self):
        data = json.loads(json.dumps(self.data))
        for case in self.todo:
            verdict, text = self.results.get(case, ("no_verdict", NOT_RUN))
            if verdict in COUNTS:
                data[verdict] += 1
            else:
                data[verdict].append({"case": case, "text": text})
        for unit in self.suspects:  # that none of their cases explains, so far or at all
            if not {item["case"] for item in data["findings"]} & set(unit.cases):
                text = next(text for verdict, text in unit.outcome.values() if verdict == "findings")
                data["findings"].append({"case": ":".join(unit.cases), "text": f"in one process: {text}"})
        data["seconds"] = round(data["seconds"], 1)
        data["verdict"] = next(verdict for verdict in ("findings", "no_verdict", *COUNTS) if data[verdict])
        return data


def undecided(item):
    """Whether more time may bring a verdict."""
    return item["text"] in (NOT_RUN, TIME_LIMIT)


def text_of(context, entries):
    """The summary file: one entry a line."""
    ordered = sorted(entries, key=lambda entry: (TOOLS.index(entry["tool"]), entry["binary"]))
    lines = ",\n".join("    " + json.dumps(entry) for entry in ordered)
    return json.dumps(context, indent=2)[:-2] + ',\n  "results": [\n' + lines + "\n  ]\n}\n"


class Run:
    def __init__(self, options):
        self.options = options
        self.context = whole_machine()
        self.commit = os.environ.get("ROBOCACHE_COMMIT", "unknown")
        self.deadline = time.monotonic() + options.budget
        self.known = {}  # (tool, binary) -> entry of the file to merge with
        if options.merge and options.merge.exists():
            data = json.loads(options.merge.read_text(encoding="utf-8"))
            if {key: data.get(key) for key in self.context} != self.context:
                raise UsageError(f"{options.merge}: made on another machine")
            self.known = {(entry["tool"], entry["binary"]): entry for entry in data["results"]}
        self.entries = {}
        self.logs = options.output / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)

    def plan(self):
        units = []
        for binary in programs_in(self.options.binaries, self.options.filter):
            cases = chosen_cases(binary, self.options.graphs)
            for tool in self.options.tool or TOOLS:
                if cases:
                    units += self.plan_one(tool, binary, cases)
        if not self.entries:
            raise UsageError(f"no GPU test in {self.options.binaries}")
        if not self.options.filter:  # what is known of programs that there are no more
            self.known = {key: entry for key, entry in self.known.items() if key[1] in {b for _, b in self.entries}}
        return sorted(units, key=lambda unit: (-unit.guess, TOOLS.index(unit.tool)))

    def plan_one(self, tool, binary, cases):
        known = self.known.get((tool, binary.name))
        of_case = max(known["seconds"] / max(known["cases"], 1), 0.1) if known else GUESSED_SECONDS
        # Another number of cases is another program, or other cases of it.
        is_same = known and (known["commit"], known["cases"]) == (self.commit, len(cases))
        earlier = known if self.options.go_on and is_same else None
        if earlier:
            cases = [item["case"] for item in earlier["no_verdict"] if undecided(item)]
        self.entries[tool, binary.name] = Entry(tool, binary, cases, earlier, self.commit)
        size = min(max(int(UNIT_SECONDS / of_case), 1), UNIT_CASES)
        shards = -(-len(cases) // size)
        return [Unit(tool, binary, cases[shard::shards], of_case * len(cases[shard::shards]))
                for shard in range(shards)]

    def record(self, unit):
        """Takes what a finished unit says, and gives the units that are to repeat its cases."""
        entry = self.entries[unit.tool, unit.binary.name]
        entry.data["seconds"] += unit.seconds
        if unit.verdicts() <= set(COUNTS):
            unit.log.unlink()
        elif len(unit.cases) > 1:
            if "findings" in unit.verdicts():
                entry.suspects.append(unit)
            return [Unit(unit.tool, unit.binary, [case], 0) for case in unit.cases]
        entry.results.update(unit.outcome)
        return []

    def write(self):
        entries = {**self.known, **{key: entry.summary() for key, entry in self.entries.items()}}
        for path in filter(None, (self.options.output / "sanitize.json", self.options.merge)):
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(path.name + ".new")
            beside.write_text(text_of(self.context, entries.values()), encoding="utf-8")
            beside.replace(path)

    def run(self):
        units = self.plan()
        number = 0
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            running = {}

            def start(unit):
                nonlocal number
                number += 1
                log = self.logs / f"{unit.tool}.{unit.binary.name}.{number}.log"
                running[pool.submit(unit.run, log, self.options.time_limit, self.deadline)] = unit

            for unit in units:
                start(unit)
            self.write()
            while running:
                done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    unit = running.pop(future)
                    if future.result() is None:
                        continue  # no time left
                    for again in self.record(unit):
                        start(again)
                    print(f"{unit.tool} {unit.binary.name}: {len(unit.cases)} cases, "
                          f"{', '.join(sorted(unit.verdicts()))}, {unit.seconds:.0f} s; {len(running)} units left",
                          flush=True)
                self.write()
        return [entry.summary() for entry in self.entries.values()]


def report(entries):
    """Prints what was found; the exit code."""
    for entry in entries:
        for kind in ("findings", "no_verdict"):
            for item in entry[kind]:
                print(f"{entry['tool']} {entry['binary']} {item['case']}: {kind}: {item['text']}")
    print("\n" + "".join(f"{word:>16}" for word in ("tool", "cases", *COUNTS, "findings", "no_verdict")))
    for tool in TOOLS:
        of_tool = [entry for entry in entries if entry["tool"] == tool]
        if of_tool:
            numbers = [sum(entry[key] for entry in of_tool) for key in ("cases", *COUNTS)]
            numbers += [sum(len(entry[key]) for entry in of_tool) for key in ("findings", "no_verdict")]
            print("".join(f"{word:>16}" for word in (tool, *numbers)))
    if any(entry["findings"] for entry in entries):
        return 1
    idle = [tool for tool in sorted({entry["tool"] for entry in entries})
            if not any(entry["clean"] for entry in entries if entry["tool"] == tool)]
    if idle:
        print(f"nothing was checked by {', '.join(idle)}")
    return 3 if idle or any(entry["no_verdict"] for entry in entries) else 0


def main():
    parser = argparse.ArgumentParser(prog="sanitize.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", type=pathlib.Path, help="directory of the test programs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes side by side")
    parser.add_argument("--tool", action="append", choices=TOOLS, help="instead of all; may be repeated")
    parser.add_argument("--graphs", action="store_true", help="cases of the graph launcher, too")
    parser.add_argument("--filter", default="", metavar="REGEX", help="test programs, by name")
    parser.add_argument("--time-limit", type=float, default=500, metavar="SECONDS", help="of one unit")
    parser.add_argument("--budget", type=float, default=1e9, metavar="SECONDS",
                        help="of the whole run; what it does not reach has no verdict")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("build/sanitize"), metavar="DIR",
                        help="for sanitize.json, and the logs of what is not clean")
    parser.add_argument("--merge", type=pathlib.Path, metavar="FILE",
                        help="a summary that the results of this run, of any subset, go into")
    parser.add_argument("--continue", dest="go_on", action="store_true",
                        help="with --merge: of what has been run at this commit, only cases that time ran out for")
    options = parser.parse_args()
    if options.go_on and not (options.merge and os.environ.get("ROBOCACHE_COMMIT")):
        parser.error("--continue needs --merge, and the commit in ROBOCACHE_COMMIT")
    run = Run(options)
    return report(run.run())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError, UsageError, re.error) as error:
        print(f"sanitize.sh: {error!s}", file=sys.stderr)
        sys.exit(2)
