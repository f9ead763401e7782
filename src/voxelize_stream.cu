// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/bounds.cuh>
#include <robocache/voxel/voxelize.cuh>

ROBOCACHE_NAMESPACE_BEGIN

Status voxelize(const VoxelizeArgs& args, Workspace workspace, cudaStream_t stream) {
  return voxelize<float, double>(args, workspace, stream);
}

Status bounds(const BoundsArgs& args, cudaStream_t stream) { return bounds<float, double>(args, stream); }

ROBOCACHE_NAMESPACE_END
