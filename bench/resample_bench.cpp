// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Resampling on the GPU. Method: bench/README.md.

#include "gpu_cases.hpp"
#include "support/gpu_bench.hpp"

int main(int argc, char** argv) {
  return robocache_bench::run_gpu_benchmarks(argc, argv, {robocache_bench::resample_cases()});
}
