// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu_case.hpp"

#include <robocache/core/types.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

// What the memory system gives to kernels that do nothing but move 16-byte vectors.

namespace robocache_bench {

/// `count` random values in [-2, 2), never zero, in device memory. Synchronises.
void fill_random(void* data, robocache::ElementType type, std::int64_t count, std::uint64_t seed);

struct Ceiling {
  std::string name;
  std::int64_t bytes = 0;           ///< moved by a call
  std::function<double()> measure;  ///< microseconds of a call, on the current device
};
std::vector<Ceiling> ceilings();

/// Of the current device's multiprocessors, all of them busy for some 20 ms.
double sm_clock_mhz();

struct Timing {
  double us = 0;       ///< of a call
  double copy_us = 0;  ///< of a plain copy of as many bytes as the call must move
  double copy_fraction() const { return copy_us / us; }
};
Timing time_beside_copy(const PreparedCase& prepared);

}  // namespace robocache_bench
