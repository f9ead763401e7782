#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# What compiles with which compiler, warnings being errors, as the rows of a table; 1 if anything does not.
#
#   tests/compilers.sh g++-12 clang++-19                  as C++17 and C++20: library without CUDA, each header alone,
#                                                         examples; the bits of bit_identity_test, which is run
#   tests/compilers.sh nvcc /usr/local/cuda-12.4/bin/nvcc
#                                                         all headers and a source as C++17 and C++20; the GPU library
#   tests/compilers.sh --architectures 80-real,90 nvcc    for these; 90-real if there is nothing else
#
# Builds, which stay, and logs are in build/compilers. An nvcc alone takes a quarter of an hour and more, others minutes.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly work=build/compilers
failures=0

# attempt LOG COMMAND...: leaves `yes` or `no` in $verdict.
attempt() {
  verdict=yes
  if ! "${@:2}" >>"$1" 2>&1; then
    verdict=no
    failures=$((failures + 1))
  fi
}

host_compiler() {
  local compiler=$1 version standard build log row verdict=yes
  version=$("$compiler" --version | sed -nE '1s/.* ([0-9]+\.[0-9.]+).*/\1/p')
  for standard in 17 20; do
    build=$work/${compiler##*/}-$standard log=$work/${compiler##*/}-$standard.log row=
    : >"$log"
    # Optimised, or compilers would not differ. GCC 12 sees copies that overlap in C++20's std::string where there are
    # none.
    attempt "$log" cmake -S . -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_STANDARD=$standard \
      -DCMAKE_CXX_EXTENSIONS=OFF -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O2 \
      -DCMAKE_CXX_FLAGS="$([[ $compiler == *clang* ]] || echo -Wno-restrict)" -DROBOCACHE_CUDA=OFF \
      -DROBOCACHE_WERROR=ON -DROBOCACHE_BUILD_BENCH=OFF -DROBOCACHE_TEST_CONSUMERS=OFF
    for targets in robocache header_checks 'align_episode voxelize_scan live_policy' bit_identity_test; do
      # shellcheck disable=SC2086  # several targets
      attempt "$log" cmake --build "$build" --target $targets
      row+=" $verdict |"
    done
    attempt "$log" "$build/tests/bit_identity_test"
    echo "| ${compiler##*/} $version | C++$standard |$row $verdict |"
  done
}

nvcc_compiler() {
  local compiler version name standard log verdict row=
  compiler=$(command -v "$1")
  version=$("$compiler" --version | sed -nE 's/.*release .*, V([0-9.]+).*/\1/p')
  name=nvcc-$version log=$work/nvcc-$version.log
  : >"$log"
  for standard in 17 20; do
    for source in '#include <robocache/robocache.cuh>' '#include "match_stream.cu"'; do
      echo "$source" >"$work/$name.cu"
      attempt "$log" "$compiler" -std=c++$standard -arch=sm_90 -I include -I src -c "$work/$name.cu" -o "$work/$name.o"
      row+=" $verdict |"
    done
  done
  attempt "$log" env CUDACXX="$compiler" cmake -S . -B "$work/$name" -DCMAKE_BUILD_TYPE=Release -DROBOCACHE_CUDA=ON \
    -DROBOCACHE_WERROR=ON -DCMAKE_CUDA_RUNTIME_LIBRARY=Shared -DCMAKE_CUDA_ARCHITECTURES="${architectures//,/;}" \
    -DROBOCACHE_BUILD_TESTS=OFF -DROBOCACHE_BUILD_BENCH=OFF -DROBOCACHE_BUILD_EXAMPLES=OFF
  attempt "$log" cmake --build "$work/$name" --target robocache
  echo "| nvcc $version |$row $verdict ($architectures) |"
}

architectures=90-real
if [[ ${1:-} == --architectures ]]; then
  architectures=$2
  shift 2
fi
(($#)) || { sed -n '5,13s/^# \?//p' "$0" >&2 && exit 2; }
mkdir -p "$work"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
for compiler in "$@"; do
  if [[ ${compiler##*/} == nvcc* ]]; then
    nvcc_compiler "$compiler"
  else
    host_compiler "$compiler"
  fi
done
((failures == 0))
