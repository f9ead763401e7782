#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs every GPU test under compute-sanitizer: memcheck, racecheck, initcheck and synccheck.
#   tests/sanitize.sh DIRECTORY-OF-TEST-BINARIES [JOBS]
# Exit code 0 only if every tool ran every binary and found nothing.
set -euo pipefail

binaries=${1:?usage: sanitize.sh DIRECTORY-OF-TEST-BINARIES [JOBS]}
jobs=${2:-4}
command -v compute-sanitizer > /dev/null || { echo "compute-sanitizer: not found" >&2; exit 2; }
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# Cases that fill the GPU's memory would not fit beside a sanitizer's own.
filter='*Stream*:*Graph*:Gpu*:*/Gpu*-*Huge*:*LargeTimes*'

run_one() {  # tool binary
  local log
  log="$logs/$1.$(basename "$2")"
  if compute-sanitizer --tool "$1" --error-exitcode 9 --print-limit 5 \
    "$2" --gtest_filter="$filter" --gtest_brief=1 > "$log" 2>&1; then
    echo "$1 $(basename "$2"): clean, $(grep -oE '[0-9]+ tests ran|[0-9]+ tests? from' "$log" | head -1)"
  elif grep -q 'terminated before first instrumented API call' "$log"; then
    echo "$1 $(basename "$2"): nothing on the GPU"
  else
    echo "$1 $(basename "$2"): FAILED"
    grep -E '=========|FAILED|Failure' "$log" | head -20
    return 1
  fi
}
export -f run_one
export logs filter

work=()
for tool in memcheck racecheck initcheck synccheck; do
  for binary in "$binaries"/*_test "$binaries"/*_test_cuda; do
    [[ -x $binary && -f $binary ]] || continue
    "$binary" --gtest_list_tests --gtest_filter="$filter" | grep -q '^  ' || continue
    work+=("$tool" "$binary")
  done
done
[[ ${#work[@]} -gt 0 ]] || { echo "no test binaries in $binaries" >&2; exit 2; }
# shellcheck disable=SC2016  # for the inner bash to expand
printf '%s\n' "${work[@]}" | xargs -P "$jobs" -n 2 bash -c 'run_one "$0" "$1"' && echo "compute-sanitizer: all clean"
