// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu_case.hpp"

#include <vector>

namespace robocache_bench {

/// The main function of a benchmark program: the ceilings, then each case, hot and cold, beside a plain copy of as many
/// bytes, by Google Benchmark. Method: bench/README.md.
int run_gpu_benchmarks(int argc, char** argv, const std::vector<std::vector<GpuCase>>& families);

}  // namespace robocache_bench
