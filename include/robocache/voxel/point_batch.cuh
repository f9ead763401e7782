// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/voxel/point_clouds.hpp>

#include <cstdint>
#include <type_traits>

// How kernels read points.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

struct VoxelizeTuning {
  int threads;
  int batch;        ///< points that a thread has in flight
  int blocks;       ///< of the whole device; each takes a range of points, since neighbours meet in its table
  int table_bytes;  ///< of shared memory
  int most_entries;
  int bitmap_threads;
  int bin_threads;
};
inline constexpr VoxelizeTuning voxelize_tuning = {256, 4, 132 * 8, 48 * 1024, 2048, 1024, 512};

/// The points that a block reads at a time, in registers.
template <class F, PointLayout Layout, int Size = voxelize_tuning.batch>
struct PointBatch {
  static constexpr int size = Size;
  Vector3<F> raw[size];

  /// Of a thread's k-th point. `base` is a multiple of 4.
  __device__ static int index(int base, int k) noexcept {
    const auto thread = static_cast<int>(threadIdx.x);
    if constexpr (Layout == PointLayout::packed) return base + thread * size + k;
    return base + k * static_cast<int>(blockDim.x) + thread;
  }

  __device__ void load(const CloudsJob<F>& job, int base, int end) noexcept {
    if constexpr (Layout == PointLayout::packed && size > 1) {
      static_assert(size == 4, "three accesses hold four points");
      const int first = index(base, 0);
      if (first + size <= job.count && first < end) {
        const auto* from = reinterpret_cast<const float4*>(job.xyz[0].data + std::int64_t{first} * 12);
        const float4 a = __ldg(from), b = __ldg(from + 1), c = __ldg(from + 2);
        raw[0] = {a.x, a.y, a.z};
        raw[1] = {a.w, b.x, b.y};
        raw[2] = {b.z, b.w, c.x};
        raw[3] = {c.y, c.z, c.w};
        return;
      }
    }
#pragma unroll
    for (int k = 0; k < size; ++k) {
      if (index(base, k) < end) raw[k] = read_point<F, Layout>(job, index(base, k));
    }
  }
};

/// Calls run(layout) with the layout as a type: those that have kernels of their own.
template <class F, class Run>
ROBOCACHE_HIDDEN Status for_layout(const CloudsJob<F>& job, const Run& run) noexcept {
  if constexpr (sizeof(F) == 4) {
    if (job.layout == PointLayout::packed) return run(std::integral_constant<PointLayout, PointLayout::packed>{});
    if (job.layout == PointLayout::quad) return run(std::integral_constant<PointLayout, PointLayout::quad>{});
  }
  return run(std::integral_constant<PointLayout, PointLayout::any>{});
}

/// Blocks that share the points, each a range of them.
struct PointShares {
  std::int64_t share;  ///< a multiple of what a block reads at a time
  unsigned int blocks;

  explicit PointShares(std::int64_t points) noexcept {
    constexpr std::int64_t step = voxelize_tuning.threads * voxelize_tuning.batch;
    const std::int64_t steps = (points - 1) / step + 1;
    share = ((steps - 1) / voxelize_tuning.blocks + 1) * step;
    blocks = static_cast<unsigned int>((points - 1) / share + 1);
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
