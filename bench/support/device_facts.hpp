// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace robocache_bench {

/// 0 without a driver, too.
int device_count();

/// Commit (ROBOCACHE_COMMIT), version, toolkit; where there is a device: driver, the current device's name, capability,
/// multiprocessors, L2, memory, ECC, highest clocks.
std::vector<std::pair<std::string, std::string>> device_facts();

}  // namespace robocache_bench
