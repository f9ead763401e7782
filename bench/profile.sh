#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
#
# Nsight Compute over every kernel: OUTPUT/ncu.csv has a row for each kernel of each case below, and where Nsight
# Systems is installed OUTPUT/timeline.nsys-rep shows calls of one of them.
#   bench/profile.sh DIRECTORY-OF-BENCHMARKS DIRECTORY-OF-TESTS OUTPUT [REGEX]
# REGEX selects cases. Their rows replace those of an OUTPUT/ncu.csv that is there, case by case; the others stay, and
# tests are asked for kernels that have no row of another case. The GPU's clocks are left as they are. Exit code 1 if
# ncu fails, or if all cases leave a kernel without a row; 2 if ncu is missing or no case matches.
set -euo pipefail

if (($# < 3 || $# > 4)); then
  sed -n '5,10s/^# //p' "$0" >&2
  exit 2
fi
benchmarks=$1 tests=$2 out=$3 selected=${4:-.}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for tool in ncu nvidia-smi python3; do
  command -v "$tool" > /dev/null || { echo "profile.sh: $tool: not found" >&2; exit 2; }
done
table() { python3 "$here/profile_table.py" "$@"; }

cases=(
  resample/linear/bf16_bf16/256x500x256x256/cold
  resample/linear/bf16_bf16/4096x300x150x14/cold
  resample/pchip/f32_f32/1024x300x150x14/cold
  resample/pose_slerp/f32_f32/4096x300x150x7/cold
  fuse/linear/bf16_bf16/4x3streams/cold
  fuse/linear/bf16_bf16/1024x3streams/cold
  fuse/mixed/f32_bf16/64x5streams_ragged/cold
  match/nearest/1024x300_vs_3000/cold
  gather_rows/u8_bf16/256x3x224x224/cold
  gather_rows/f32_bf16/614400x14/cold
  synchronize/approximate/1024x3streams/cold
  voxelize_dense/occupancy_u8/uniform_1M_128/cold
  voxelize_dense/occupancy_u8/uniform_16M_128/cold
  voxelize_dense/occupancy_bits/uniform_16M_128/cold
  voxelize_dense/count_i32/lidar_64x97k_128x128x16/cold
  voxelize_dense/mean_f32x4/lidar_64x97k_128x128x16/cold
  voxelize_dense/occupancy_u8/peract_256x65536_100/cold
  voxelize_hard/f32x4/pillars_kitti_250k/cold
  voxelize_sparse/mean_f32x4/lidar_64x97k_0.1m/cold
  voxel_downsample/centroid/lidar_1M_0.1m/cold
)
# For kernels that no benchmark runs: their sizes are small.
test_cases=(
  check_times_test/CheckTimes.RandomRecordings/Stream
  split_segments_test/SplitSegments.RandomRecordings/Stream
  grid_offsets_test/GridOffsets.RandomIntegerSegments/Stream
  voxelize_bounds_test/Bounds.RandomClouds/Stream
  voxelize_test/Voxelize.ManyPointsTakeEveryPath/Stream
  'voxelize_test/Voxelize.RandomCalls*/Stream'
  'voxelize_hard_test/Hard.*/Stream'
  voxelize_sparse_test/Sparse.ManyPointsAndThreads/Stream
  voxelize_sparse_test/Sparse.RandomCallsWithChannels/Stream
)

mkdir -p "$out/raw"
metrics=$(table metrics)
number=0 has_matched=0
log=''

# case, expression for kernels, most launches, program and its arguments
profile() {
  local name=$1 kernels=$2 launches=$3
  shift 3
  printf -v log '%s/raw/%02d' "$out" "$number"
  number=$((number + 1))
  echo "profiling $name"
  # The graph of a benchmark is profiled node by node.
  ncu --csv --page raw --print-units base --print-kernel-base function --metrics "$metrics" \
    --kernel-name-base function --kernel-name "regex:^($kernels)\$" --launch-count "$launches" \
    --graph-profiling node --cache-control all --clock-control none --log-file "$log.log" "$@" > "$log.out" 2>&1 || {
    echo "profile.sh: $name: ncu failed" >&2
    tail -n 5 "$log.log" "$log.out" >&2
    return 1
  }
  { echo "# case: $name"; cat "$log.log"; } > "$log.csv"
}

# The program that has a benchmark of this name.
program_of() {
  local program names
  for program in "$benchmarks"/*_bench; do
    names=$("$program" --benchmark_list_tests)
    if grep -qE "^$1(/iterations|\$)" <<< "$names"; then
      echo "$program"
      return
    fi
  done
  echo "profile.sh: no program in $benchmarks has $1" >&2
  return 1
}

# What has been profiled becomes rows at once: a run that is cut short leaves what it has.
merge() {
  table merge "$out/ncu.csv" "$log.csv" --gpu "$gpu" --driver "$driver" --ncu "$ncu_version" \
    --commit "${ROBOCACHE_COMMIT:-unknown}"
}
gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader | sed -n 1p)
driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | sed -n 1p)
ncu_version=$(ncu --version | sed -nE 's/^Version ([^ ]+).*/\1/p')

all_kernels=$(table kernels)
for name in "${cases[@]}"; do
  [[ $name =~ $selected ]] || continue
  has_matched=1
  program=$(program_of "$name")
  profile "$name" "$all_kernels" 20 "$program" --benchmark_filter="^$name"
  merge
done
for name in "${test_cases[@]}"; do
  [[ $name =~ $selected ]] || continue
  has_matched=1
  missing=$all_kernels
  [[ ! -e $out/ncu.csv ]] || missing=$(table kernels "$out/ncu.csv" --without "$name")
  [[ -n $missing ]] || continue
  profile "$name" "$missing" 60 "$tests/${name%%/*}" --gtest_filter="${name#*/}"
  # It may have none of those that are missing.
  if grep -q '^"' "$log.csv"; then merge; fi
done

((has_matched)) || { echo "profile.sh: no case matches $selected" >&2; exit 2; }
table table "$out/ncu.csv"

if command -v nsys > /dev/null; then
  name=fuse/linear/bf16_bf16/1024x3streams/cold
  program=$(program_of "$name")
  nsys profile --trace=cuda,nvtx --cuda-graph-trace=node --force-overwrite=true --output="$out/timeline" \
    "$program" --benchmark_filter="^$name"
else
  echo "nsys: not found, no timeline"
fi

missing=$(table kernels "$out/ncu.csv")
if [[ $selected == . && -n $missing ]]; then
  echo "profile.sh: no case ran $missing" >&2
  exit 1
fi
