#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# Runs the fuzzers from their corpus on, and fails on any finding:
#
#   tests/fuzz/run.sh [--seconds N | --runs N] [--seed N] [--jobs N] [--into FOLDER] BINARIES [TARGET...]
#
# BINARIES is the folder that holds fuzz_*, build/fuzz/tests/fuzz of the preset. Each target takes N seconds (10), or N
# executions. FOLDER (BINARIES/run) gets new inputs, findings, logs and summary.json; it may be one of an earlier run,
# which is then continued. With a seed, the same inputs are tried as far as the time allows.

set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# Inputs of more bytes show nothing more, and take longer. So does -entropic, the book-keeping of rare code.
readonly longest=512

limit=-max_total_time=10 seed=0 jobs=1 into=
while [[ ${1:-} == --* ]]; do
  case $1 in
    --seconds) limit=-max_total_time=$2 ;;
    --runs) limit=-runs=$2 ;;
    --seed) seed=$2 ;;
    --jobs) jobs=$2 ;;
    --into) into=$2 ;;
    *) echo "unknown option '$1'" >&2 && exit 2 ;;
  esac
  shift 2
done
(($#)) || { sed -n '5,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2 && exit 2; }
binaries=$1
shift
into=${into:-$binaries/run}
targets=("$@")
((${#targets[@]})) || for binary in "$binaries"/fuzz_*; do targets+=("${binary##*/fuzz_}"); done

run_one() {
  local target=$1 findings=0 log=$into/$1.log
  mkdir -p "$into/corpus/$target" "$into/findings"
  "$binaries/fuzz_$target" "$limit" -seed="$seed" -max_len=$longest -timeout=20 -entropic=0 -print_final_stats=1 \
    -artifact_prefix="$into/findings/$target-" "$into/corpus/$target" "$here/corpus/$target" >"$log" 2>&1 || findings=1
  # "#123 DONE cov: 45 ft: 67 corp: 8/9b ...", "Done 123 runs in 4 second(s)"
  local executions seconds features inputs
  executions=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+)$/\1/p' "$log")
  seconds=$(sed -nE 's/^Done [0-9]+ runs in ([0-9]+) second.*/\1/p' "$log")
  features=$(sed -nE 's/.* ft: ([0-9]+) .*/\1/p' "$log" | tail -n 1)
  inputs=$(sed -nE 's/.* corp: ([0-9]+)\/.*/\1/p' "$log" | tail -n 1)
  ((findings == 0)) || tail -n 60 "$log" >&2
  printf '{"target": "%s", "commit": "%s", "executions": %d, "seconds": %d, "executions_per_second": %d, "features": %d, ' \
    "$target" "$commit" "${executions:-0}" "${seconds:-0}" $((${executions:-0} / (${seconds:-0} > 0 ? seconds : 1))) "${features:-0}" \
    >"$into/$target.json"
  printf '"corpus": %d, "findings": %d}' "${inputs:-0}" "$findings" >>"$into/$target.json"
  sed -E 's/[{}"]//g' "$into/$target.json" && echo
}
commit=$(git -C "$here" rev-parse --short HEAD)
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export -f run_one
export here binaries into limit seed longest commit

mkdir -p "$into"
rm -f "$into"/*.json
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -euo pipefail -c 'run_one {}'
{
  printf '{\n  "compiler": "%s",\n  "results": [\n' "$(clang++ --version | head -n 1)"
  for target in "${targets[@]}"; do
    [[ $target == "${targets[0]}" ]] || printf ',\n'
    printf '    %s' "$(<"$into/$target.json")"
  done
  printf '\n  ]\n}\n'
} >"$into/summary.json"
! grep -q '"findings": [1-9]' "$into/summary.json"
