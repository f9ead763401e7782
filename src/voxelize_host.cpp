// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/voxelize.hpp>

ROBOCACHE_NAMESPACE_BEGIN

Status voxelize(const VoxelizeArgs& args, Workspace workspace, Host host) {
  return voxelize<float, double>(args, workspace, host);
}

Status bounds(const BoundsArgs& args, Host host) { return bounds<float, double>(args, host); }

ROBOCACHE_NAMESPACE_END
