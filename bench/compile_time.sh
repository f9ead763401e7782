#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
#
# How long nvcc takes, for one architecture, over a file that includes the resample header alone and instantiates one
# type pair. usage: bench/compile_time.sh [OUT.json]   (NVCC, ARCH and REPEATS from the environment)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
nvcc=${NVCC:-nvcc}
arch=${ARCH:-sm_90}
repeats=${REPEATS:-3}
out=${1:-}
[[ $out != -* ]] || { sed -n '5,6s/^# //p' "$0" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

: > "$work/empty.cu"
instantiate() {
  cat <<CODE
#include <robocache/resample/resample.cuh>
robocache::Status run(const robocache::ResampleArgs& args, cudaStream_t stream) {
  return robocache::resample<robocache::Types<std::int64_t, float, __nv_bfloat16, robocache::$1>>(args, stream);
}
CODE
}
instantiate AllKinds > "$work/all_kinds.cu"
instantiate TwoPointKinds > "$work/two_point_kinds.cu"

# "wall processor" seconds of the run with the median wall-clock time of `repeats`.
measure() {
  local TIMEFORMAT='%R %U %S'
  for _ in $(seq "$repeats"); do
    { time "$nvcc" -std=c++17 -O3 -arch="$arch" -I"$root/include" -c "$work/$1.cu" -o "$work/$1.o" \
      2> "$work/log"; } 2>&1 || { cat "$work/log" >&2; exit 1; }
  done | awk '{ printf "%.2f %.2f\n", $1, $2 + $3 }' | sort -n | awk '{ t[NR] = $0 } END { print t[int((NR + 1) / 2)] }'
}

empty_times=$(measure empty)
two_point_times=$(measure two_point_kinds)
all_times=$(measure all_kinds)
read -r empty empty_cpu <<< "$empty_times"
read -r two_point two_point_cpu <<< "$two_point_times"
read -r all all_cpu <<< "$all_times"
toolkit=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')

cat <<TABLE
| file | seconds | processor seconds | must (seconds) |
| --- | --- | --- | --- |
| empty | $empty | $empty_cpu | |
| one type pair, TwoPointKinds | $two_point | $two_point_cpu | <= 5 |
| one type pair, AllKinds | $all | $all_cpu | <= 10 |
TABLE
if [[ -n $out ]]; then
  mkdir -p "$(dirname "$out")"
  cat > "$out" <<JSON
{
  "toolkit": "$toolkit",
  "architecture": "$arch",
  "repeats": $repeats,
  "cores": $(nproc),
  "seconds": {"empty": $empty, "two_point_kinds": $two_point, "all_kinds": $all},
  "processor_seconds": {"empty": $empty_cpu, "two_point_kinds": $two_point_cpu, "all_kinds": $all_cpu},
  "must": {"two_point_kinds": 5.0, "all_kinds": 10.0}
}
JSON
fi
awk -v a="$all" -v t="$two_point" 'BEGIN { exit !(a <= 10 && t <= 5) }'
