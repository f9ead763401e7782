// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/voxel/voxel_grid.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace voxelize_scan {

/// The box of the points that are finite and not filtered.
struct Extent {
  double low[3], high[3];

  bool is_empty() const { return !(low[0] <= high[0]); }
};

/// What the user asked for; empty: not said.
struct GridRequest {
  std::vector<double> voxel;  ///< one size, or three
  std::vector<double> range;  ///< x0 y0 z0 x1 y1 z1
};

/// The grid over the range, or over all of the extent. Without a size of cells: 1, 2 or 5 times a power of ten, so that
/// the longest side has at most 512, and the fewer, the fewer points there are. `is_double`: the coordinates' type.
/// Throws InputError where the cells are too many, with a size that would do.
robocache::VoxelGrid choose_grid(const GridRequest& request, const Extent& extent, std::int64_t points, bool is_double);

}  // namespace voxelize_scan
