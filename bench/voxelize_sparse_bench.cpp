// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Hard and sparse voxels and downsampling on the GPU. Method: bench/README.md.

#include "gpu_cases.hpp"
#include "support/gpu_bench.hpp"

int main(int argc, char** argv) {
  return robocache_bench::run_gpu_benchmarks(argc, argv, {robocache_bench::voxelize_sparse_cases()});
}
