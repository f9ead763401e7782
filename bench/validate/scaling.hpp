// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "progress.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace robocache_validate {

/// The same work on each device, first on one at a time, then on all at once, each from a thread of its own: of cases
/// whose data stay on the device, and of one that takes them from pinned host memory and brings the result back.
/// `scaling` is the sum of the rates together, divided by the sum of those alone: 1 is linear. Results are compared
/// with the CPU path's on every device. What fails is appended, and has no entry in the result.
nlohmann::ordered_json scaling_over(const std::vector<int>& devices, Progress& progress,
                                    std::vector<std::string>* failures);

}  // namespace robocache_validate
