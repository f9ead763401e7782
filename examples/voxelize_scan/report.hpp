// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sparse.hpp"

#include <filesystem>
#include <string>

namespace voxelize_scan {

/// What there is to say about a grid beside its numbers.
struct Report {
  Extent extent;
  std::int64_t occupied = 0;  ///< cells
  std::int32_t fullest = 0;   ///< points of the fullest cell
};

Report report_on(const Voxels& voxels, const Extent& extent);

/// For a terminal.
std::string summary_of(const Cloud& cloud, const Voxels& voxels, const Report& report);

/// For a reader of the arrays.
std::string grid_json(const Cloud& cloud, const Voxels& voxels, const Report& report);

/// The same of a list of voxels.
std::string summary_of(const Cloud& cloud, const VoxelList& list, const Extent& extent);
std::string list_json(const Cloud& cloud, const VoxelList& list, const Extent& extent);

/// Draws top.png and side.png in `folder`, which holds the other results, by plot_grid.py. Returns why there are no
/// pictures; empty: there are.
std::string draw_grid(const std::filesystem::path& folder, const std::string& python);

}  // namespace voxelize_scan
