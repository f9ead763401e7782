// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace align_episode {

enum class Device { automatic, cpu, gpu };

/// The tensor of an episode: every stream in its own slice of the columns, at the times of the grid.
struct Aligned {
  Grid grid;
  std::int64_t channels = 0;
  std::int64_t groups = 0;
  std::vector<float> values;         ///< [rows, channels]
  std::vector<std::uint8_t> status;  ///< [rows, groups]

  std::string device;
  double first_s = 0.0;   ///< the first pass over the episode, with the loading of code
  double steady_s = 0.0;  ///< the median of those that follow
  double copies_s = 0.0;  ///< to the GPU and back
};

/// Fuses the streams on the grid. `threads` is for the CPU; 0: all of them. Throws std::runtime_error where the
/// wanted device is missing or fails.
Aligned align(const Episode& episode, const Grid& grid, robocache::Outside outside, Device device, int threads);

}  // namespace align_episode
