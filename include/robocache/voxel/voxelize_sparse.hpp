// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxel_index_plan.hpp>
#include <robocache/voxel/voxelize_sparse_job.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

// Point clouds into lists of voxels. The common case:
//
//   robocache::VoxelChannel channels[4];                                     // x, y, z, intensity: means
//   ...
//   channels[c].out = robocache::column(features + c, 4);                    // float* [capacity, 4]
//   robocache::VoxelizeSparseArgs args;
//   args.points = robocache::points_of(xyzi, count, 4);                      // const float* [count, 4]
//   args.grid = robocache::grid_over({-51.2, -51.2, -5}, {51.2, 51.2, 3}, {0.1, 0.1, 0.2});
//   args.capacity = 60'000;
//   args.voxel_count = voxel_count;                                          // std::int64_t* [1]
//   args.coords = coords;                                                    // std::int32_t* [capacity, 4]
//   args.channels = channels;
//   args.channel_count = 4;
//   ROBOCACHE_CHECK(robocache::voxelize_sparse(args, workspace, stream));    // workspace_bytes(args, stream)

ROBOCACHE_NAMESPACE_BEGIN

/// Bytes of scratch that `voxelize_sparse` needs for these arguments: host memory here. From host values alone; no
/// pointer is followed but that of the channels. 0 also where the arguments are wrong, which the call itself reports.
inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, Host host) noexcept;

/// Voxelizes on the CPU. Shapes, errors and result bits are those of the stream overload, for any number of threads.
/// Returns when done.
ROBOCACHE_API Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, Host host);

/// The same, instantiated here for the listed types of coordinates (float, double); no library is linked.
template <class First, class... Rest>
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same for a call on a stream: device memory.
inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, cudaStream_t stream) noexcept;

/// Voxelizes on the current device: enqueues a few kernels and clears on `stream` and returns. Never synchronises or
/// allocates; may be captured into a graph. Calls that run at the same time need workspaces of their own.
///
/// Writes every row of every output asked for up to the capacity, voxel_count, point_to_voxel, counts and overflow,
/// nothing else, and nothing at all when it returns an error. Results are the same bits on CPU and GPU and from run to
/// run. In the order of keys nothing but point_to_voxel, list_points, and what `first` and ties of `nearest` take
/// depends on the order of the points.
///
/// How many points there are may change from replay to replay of a graph: with ragged segments, whose offsets the
/// device reads, points that lie in no segment are left out, up to the points.count of the capture.
///
/// Errors, all found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output or the
/// workspace overlaps an input or another output; columns may interleave, but two must not begin at one element),
/// misaligned, workspace_too_small, unsupported_type, cuda_error. Of a channel at fault, index() says which.
ROBOCACHE_API Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream);
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, std::nullptr_t) = delete;

/// The same, instantiated by nvcc for the listed types of coordinates; defined in voxelize_sparse.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream);
#endif

namespace detail {

/// The scratch of a call on a stream.
struct SparseDeviceScratch {
  DeviceIndex index;
  std::uint64_t* records = nullptr;  ///< [rows, record_words]
  std::uint32_t* counts = nullptr;   ///< [most_voxels]: points of each voxel

  template <class F>
  static SparseDeviceScratch carve(const VoxelizeSparseJob<F>& job, Carver& carver) noexcept {
    SparseDeviceScratch scratch;
    scratch.index = DeviceIndex::carve(job, carver);
    scratch.records = carver.take<std::uint64_t>(job.rows() * job.record_words());
    scratch.counts = carver.take<std::uint32_t>(job.most_voxels);
    return scratch;
  }
};

}  // namespace detail

#if ROBOCACHE_HAS_CUDA_RUNTIME
inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, cudaStream_t) noexcept {
  return detail::measured_bytes<detail::VoxelizeSparseJob>(
      args, [](const auto& job, detail::Carver& carver) { detail::SparseDeviceScratch::carve(job, carver); });
}
#endif

ROBOCACHE_NAMESPACE_END
