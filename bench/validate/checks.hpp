// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trial.hpp"

#include <functional>
#include <string>
#include <vector>

namespace robocache_validate {

/// An operator, and a random call of it that is compared with the CPU path.
struct Check {
  std::string op;
  std::function<void(Trial&)> run;
};

/// All operators.
std::vector<Check> all_checks();

std::vector<Check> time_checks();   ///< on streams of samples
std::vector<Check> voxel_checks();  ///< on points

}  // namespace robocache_validate
