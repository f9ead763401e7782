// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/voxelize_hard.cuh>
#include <robocache/voxel/voxelize_sparse.cuh>

ROBOCACHE_NAMESPACE_BEGIN

Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream) {
  return voxelize_sparse<float, double>(args, workspace, stream);
}

Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, cudaStream_t stream) {
  return voxelize_hard<float, double>(args, workspace, stream);
}

ROBOCACHE_NAMESPACE_END
