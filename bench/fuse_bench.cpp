// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Fusion on the GPU, and the operators beside it: matching, gathering, synchronising. Method: bench/README.md.

#include "gpu_cases.hpp"
#include "support/gpu_bench.hpp"

int main(int argc, char** argv) {
  return robocache_bench::run_gpu_benchmarks(argc, argv,
                                             {robocache_bench::fuse_cases(), robocache_bench::match_cases(),
                                              robocache_bench::gather_cases(), robocache_bench::synchronize_cases()});
}
