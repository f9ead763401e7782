// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode.hpp"
#include "support/side.hpp"

#include <cstdint>
#include <vector>

namespace align_episode {

/// The tensor of an episode: every stream in its own slice of the columns, at the times of the grid.
struct Aligned {
  Grid grid;
  std::int64_t channels = 0;
  std::int64_t groups = 0;
  std::vector<float> values;         ///< [rows, channels]
  std::vector<std::uint8_t> status;  ///< [rows, groups]
  example::Timing timing;
};

/// Fuses the streams on the grid. Throws std::runtime_error where the device fails.
Aligned align(const Episode& episode, const Grid& grid, robocache::Outside outside, const example::Side& side);

}  // namespace align_episode
