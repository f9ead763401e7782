// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/gpu_case.hpp"

#include <vector>

// The benchmark cases of each operator. Shapes and regimes: bench/README.md.

namespace robocache_bench {

std::vector<GpuCase> resample_cases();
std::vector<GpuCase> fuse_cases();
std::vector<GpuCase> match_cases();
std::vector<GpuCase> gather_cases();
std::vector<GpuCase> synchronize_cases();
std::vector<GpuCase> voxelize_cases();
std::vector<GpuCase> voxelize_sparse_cases();

}  // namespace robocache_bench
