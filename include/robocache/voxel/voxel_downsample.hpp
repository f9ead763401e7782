// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/voxel/voxelize_sparse.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

// One point for each voxel. The common case:
//
//   robocache::VoxelDownsampleArgs args;
//   args.points = robocache::points_of(xyz, count);                          // const float* [count, 3]
//   args.grid = robocache::leaf_grid(0.1);
//   args.capacity = count;
//   args.xyz = robocache::column(thinned, 3);                                // float* [capacity, 3]
//   args.voxel_count = thinned_count;                                        // std::int64_t* [1]
//   ROBOCACHE_CHECK(robocache::voxel_downsample(args, workspace, stream));   // workspace_bytes(args, stream)

ROBOCACHE_NAMESPACE_BEGIN

/// Which point stands for those of a voxel. Values are stable.
enum class DownsampleKeep : std::uint8_t {
  centroid = 0,  ///< the mean of x, y and z
  first = 1,     ///< the one with the smallest index
  nearest = 2,   ///< the one nearest to the centre; of equally near ones, the first
};

/// The grid that PCL's VoxelGrid has: cubes from the origin of coordinates on, without bounds.
inline VoxelGrid leaf_grid(double leaf) noexcept { return unbounded_grid({leaf, leaf, leaf}, CellRule::reciprocal); }

/// Points as transformed. Centroids are PCL's, up to the rounding of its float sums: here they are exact sums of
/// coordinates in whole multiples of `unit` (VoxelChannel). Where PCL warns of overflow and passes the cloud through,
/// points beyond the grid are dropped and counted in `counts`.
struct VoxelDownsampleArgs : SparseVoxels {
  DownsampleKeep keep = DownsampleKeep::centroid;
  VoxelTensor xyz;  ///< [capacity, 3] as column(data, pitch), a pitch of at least 3; 0 past the last voxel
  /// Of centroids, a power of two; 0: the finest at which coordinates anywhere in the grid are held, at `grid.origin`;
  /// with `grid.origins`, which only the device knows, it must be named. For an unbounded grid of cubes at 0 that is
  /// some 2^-19 of a cube, so that a centroid is within 2^-20 of one.
  double unit = 0;
  /// Numbers besides: averaged (mean), taken from the first or the nearest point, ... What is not named is dropped.
  const VoxelChannel* channels = nullptr;  ///< [channel_count], host memory, read during the call
  std::int32_t channel_count = 0;          ///< at most 61
};

namespace detail {

/// The call of voxelize_sparse that a downsampling is.
struct DownsampleCall {
  VoxelizeSparseArgs args;
  VoxelChannel channels[max_voxel_channels];

  Status set(const VoxelDownsampleArgs& from) noexcept {
    static_cast<SparseVoxels&>(args) = from;
    if (from.keep > DownsampleKeep::nearest) return {StatusCode::invalid_value, "args.keep: unknown"};
    if (from.channel_count < 0) return {StatusCode::invalid_size, "args.channel_count: negative"};
    if (from.channel_count > max_voxel_channels - 3) {
      return {StatusCode::overflow, "args.channel_count: more than 61"};
    }
    if (from.channel_count > 0 && from.channels == nullptr) {
      return {StatusCode::null_pointer, "args.channels: null"};
    }
    for (std::int32_t c = 0; c < from.channel_count; ++c) channels[c] = from.channels[c];
    ROBOCACHE_CHECK(check_xyz(from));
    constexpr Reduction reductions[] = {Reduction::mean, Reduction::first, Reduction::nearest};
    for (int axis = 0; axis < 3; ++axis) {
      VoxelChannel& channel = channels[from.channel_count + axis];
      channel.source = static_cast<ChannelSource>(static_cast<int>(ChannelSource::x) + axis);
      channel.reduction = reductions[static_cast<int>(from.keep)];
      channel.unit = from.unit != 0 ? from.unit : unit_of(from.grid, axis);
      channel.out = from.xyz;
      if (channel.out.x_stride == 0) channel.out.x_stride = 3;
      if (from.xyz.data != nullptr)
        channel.out.data = static_cast<char*>(from.xyz.data) + axis * size_of(from.xyz.type);
    }
    args.channels = channels;
    args.channel_count = from.channel_count + 3;
    return {};
  }

 private:
  /// What is said of xyz, so that no text speaks of channels.
  static Status check_xyz(const VoxelDownsampleArgs& from) noexcept {
    ROBOCACHE_CHECK(check_capacity(from.capacity));
    ROBOCACHE_CHECK(
        check_float_type(from.xyz.type, "args.xyz.type: unknown", "args.xyz.type: not a floating-point type"));
    if (from.unit != 0 && !is_unit(from.unit)) {
      return {StatusCode::invalid_value, "args.unit: neither 0 nor a power of two within 2^-200 and 2^200"};
    }
    if (from.unit == 0 && from.keep == DownsampleKeep::centroid && from.grid.origins != nullptr) {
      return {StatusCode::invalid_value, "args.unit: 0, but of grid.origins the host knows no reach"};
    }
    TensorJob job;
    Array array = {};
    return prepare_column(from.xyz, 3, from.capacity,
                          {"args.xyz: not a column with a pitch of at least 3", "args.xyz.data: null",
                           "args.xyz: size overflows", "args.xyz.data: misaligned"},
                          &job, &array);
  }

  /// The least power of two of which 2^39 reach every coordinate in the grid; any, if that is none.
  static double unit_of(const VoxelGrid& grid, int axis) noexcept {
    double cells = grid.unbounded ? 0x1p20 : static_cast<double>(grid.shape[axis]);
    // Cells of the reciprocal rule begin at a multiple of their size, up to one cell before the origin.
    if (grid.rule == CellRule::reciprocal && grid.origin[axis] != 0) cells += 1;
    const double reach = absolute(grid.origin[axis]) + cells * absolute(grid.size[axis]);
    if (!(reach > 0) || !is_finite(reach)) return 1;
    int exponent = 0;
    const bool is_power = std::frexp(reach, &exponent) == 0.5;
    return std::ldexp(1.0, clamped(exponent - 39 - (is_power ? 1 : 0), -200, 200));
  }
};

}  // namespace detail

/// Bytes of scratch, host memory here: what voxelize_sparse needs for x, y, z and the channels.
inline std::size_t workspace_bytes(const VoxelDownsampleArgs& args, Host host) noexcept {
  detail::DownsampleCall call;
  return call.set(args).ok() ? workspace_bytes(call.args, host) : 0;
}

/// Downsamples on the CPU; returns when done. A call of voxelize_sparse, with its errors.
inline Status voxel_downsample(const VoxelDownsampleArgs& args, Workspace workspace, Host host) {
  detail::DownsampleCall call;
  ROBOCACHE_CHECK(call.set(args));
  return voxelize_sparse(call.args, workspace, host);
}
/// The same, instantiated here for the listed types of coordinates (float, double); no library is linked.
template <class First, class... Rest>
Status voxel_downsample(const VoxelDownsampleArgs& args, Workspace workspace, Host host) {
  detail::DownsampleCall call;
  ROBOCACHE_CHECK(call.set(args));
  return voxelize_sparse<First, Rest...>(call.args, workspace, host);
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same for a call on a stream: device memory.
inline std::size_t workspace_bytes(const VoxelDownsampleArgs& args, cudaStream_t stream) noexcept {
  detail::DownsampleCall call;
  return call.set(args).ok() ? workspace_bytes(call.args, stream) : 0;
}

/// Downsamples on the current device, as voxelize_sparse does: the same bits as on the CPU, asynchronous, capturable.
/// The errors are its errors; those of the three columns of xyz say args.xyz.
inline Status voxel_downsample(const VoxelDownsampleArgs& args, Workspace workspace, cudaStream_t stream) {
  detail::DownsampleCall call;
  ROBOCACHE_CHECK(call.set(args));
  return voxelize_sparse(call.args, workspace, stream);
}
Status voxel_downsample(const VoxelDownsampleArgs& args, Workspace workspace, std::nullptr_t) = delete;

/// The same, instantiated by nvcc for the listed types of coordinates; include voxelize_sparse.cuh.
template <class First, class... Rest>
Status voxel_downsample(const VoxelDownsampleArgs& args, Workspace workspace, cudaStream_t stream) {
  detail::DownsampleCall call;
  ROBOCACHE_CHECK(call.set(args));
  return voxelize_sparse<First, Rest...>(call.args, workspace, stream);
}
template <class First, class... Rest>
Status voxel_downsample(const VoxelDownsampleArgs& args, Workspace workspace, std::nullptr_t) = delete;
#endif

ROBOCACHE_NAMESPACE_END
