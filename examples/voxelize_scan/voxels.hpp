// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan.hpp"

#include <robocache/voxel/voxelize.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace voxelize_scan {

/// What a cell holds of one number of its points.
struct Feature {
  std::string name;  ///< of the number
  robocache::Reduction reduction = robocache::Reduction::mean;

  std::string text() const;
};

/// "FIELD=REDUCTION" each, or "none"; nothing: the mean of x, y and z, and the largest intensity, if the cloud has one.
/// Throws InputError.
std::vector<Feature> parse_features(const std::vector<std::string>& texts, const Cloud& cloud);

/// What operators take for a feature, but for where it goes.
robocache::VoxelChannel channel_of(const Feature& feature, const Scan& scan, const robocache::VoxelGrid& grid);

/// Times operation(args, workspace, where), with the workspace that it needs.
template <class Args, class Operation>
example::Timing time_call(const example::Side& side, const Args& args, const Operation& operation) {
  const std::size_t bytes = side.call([&](auto where) { return workspace_bytes(args, where); });
  std::vector<char> scratch(side.on_gpu() ? 0 : bytes);
  const example::SideArray<char> workspace(side, scratch.data(), bytes);
  return side.time([&](auto where) { return operation(args, robocache::Workspace{workspace.data(), bytes}, where); });
}

/// A dense grid of a cloud.
struct Voxels {
  robocache::VoxelGrid grid;
  std::vector<Feature> features;
  std::vector<std::uint8_t> occupancy;  ///< [z, y, x]
  std::vector<std::int32_t> count;      ///< [z, y, x]
  std::vector<float> values;            ///< [z, y, x, features]; 0 in empty cells
  robocache::PointCounts points{};
  example::Timing timing;

  std::vector<std::int64_t> shape() const { return {grid.shape[2], grid.shape[1], grid.shape[0]}; }
};

Voxels voxelize(const Scan& scan, const robocache::VoxelGrid& grid, std::vector<Feature> features);

}  // namespace voxelize_scan
