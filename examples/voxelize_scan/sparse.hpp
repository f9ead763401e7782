// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "voxels.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace voxelize_scan {

/// What a list of voxels holds of each, and in which files.
enum class ListKind {
  sparse,       ///< coords.npy, counts.npy, features.npy: numbers of its points
  hard,         ///< coords.npy, num_points.npy, voxels.npy: its first points themselves
  downsampled,  ///< downsampled.npy, downsampled.pcd: one point
};

/// Voxels of a cloud that have points, in the order of their first points.
struct VoxelList {
  ListKind kind;
  robocache::VoxelGrid grid;
  std::vector<Feature> features;
  std::int64_t max_points = 1;       ///< of each; 1 but for hard
  std::int64_t rows = 0;             ///< voxels that are listed
  std::int64_t found = 0;            ///< voxels that there are
  std::int64_t overflow = 0;         ///< points in the grid that found no place
  std::vector<std::int32_t> coords;  ///< [rows, 4]: 0, z, y, x; none where downsampled
  std::vector<std::int32_t> count;   ///< [rows]; none where downsampled
  std::vector<float> values;         ///< [rows, features]; of hard [rows, max_points, features]
  robocache::PointCounts points{};
  example::Timing timing;

  /// Points that are in no voxel of the list.
  std::int64_t dropped() const { return points.outside + points.filtered + points.not_finite + overflow; }
};

VoxelList list_voxels(const Scan& scan, const robocache::VoxelGrid& grid, std::vector<Feature> features);

/// At most `max_voxels` voxels with `max_points` points each: x, y, z and intensity, if the cloud has one. Throws
/// InputError where that is more than this example fills.
VoxelList gather_points(const Scan& scan, const robocache::VoxelGrid& grid, std::int64_t max_voxels,
                        std::int64_t max_points);

/// The mean position and intensity of each cube of `leaf`. Throws InputError where no point is left.
VoxelList downsample(const Scan& scan, double leaf);

/// Returns the names of the files. `viewpoint`: of the points as they are now.
std::vector<std::string> write_list(const VoxelList& list, const std::filesystem::path& folder,
                                    const std::array<double, 7>& viewpoint);

}  // namespace voxelize_scan
