// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks.hpp"
#include "progress.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>

namespace robocache_validate {

/// Random calls of all operators for `minutes`, from several threads at a time, each on streams and graphs of its own;
/// every result is compared. In between, the time of a few fixed cases and the free device memory. What was found, with
/// a list `failures`: a result that differs, or memory that is not what it was after the first fifth.
nlohmann::ordered_json soak(const TrialOptions& options, double minutes, Progress& progress);

}  // namespace robocache_validate
