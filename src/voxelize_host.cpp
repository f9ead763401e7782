// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/voxelize.hpp>
#include <robocache/voxel/voxelize_hard.hpp>
#include <robocache/voxel/voxelize_sparse.hpp>

ROBOCACHE_NAMESPACE_BEGIN

Status voxelize(const VoxelizeArgs& args, Workspace workspace, Host host) {
  return voxelize<float, double>(args, workspace, host);
}

Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, Host host) {
  return voxelize_sparse<float, double>(args, workspace, host);
}

Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, Host host) {
  return voxelize_hard<float, double>(args, workspace, host);
}

Status bounds(const BoundsArgs& args, Host host) { return bounds<float, double>(args, host); }

ROBOCACHE_NAMESPACE_END
