// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts of fuse_bench that have files of their own.

namespace robocache_bench {

void add_match_cases();
void add_gather_cases();
void add_synchronize_cases();

}  // namespace robocache_bench
