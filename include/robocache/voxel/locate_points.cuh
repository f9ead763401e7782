// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/voxel/point_batch.cuh>
#include <robocache/voxel/voxelize_job.hpp>

#include <cstdint>

// How kernels find out where points fall: several at a time, which mostly share their segment, so that what depends on
// the call or on the segment is asked once for all of them.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

__device__ inline void add_to(std::int64_t* sum, std::uint64_t more) noexcept {
  atomicAdd(reinterpret_cast<unsigned long long*>(sum), static_cast<unsigned long long>(more));
}
__device__ inline void add_fate(PointCounts* counts, PointFate fate, std::uint64_t more) noexcept {
  add_to(fate == PointFate::kept       ? &counts->kept
         : fate == PointFate::outside  ? &counts->outside
         : fate == PointFate::filtered ? &counts->filtered
                                       : &counts->not_finite,
         more);
}

/// Fates of a block's points, of which most belong to one cloud: those are summed in shared memory.
struct FateCounter {
  std::int64_t home;
  int sums[4];

  /// The whole block calls it, and so does flush(); a barrier follows.
  __device__ void clear(std::int64_t home_cloud) noexcept {
    if (threadIdx.x < 4) sums[threadIdx.x] = 0;
    if (threadIdx.x == 0) home = home_cloud;
  }
  __device__ void add(PointCounts* counts, std::int64_t cloud, PointFate fate) noexcept {
    if (cloud != home) return add_fate(counts + cloud, fate, 1);
    const unsigned int here = __activemask();
    const bool leads = static_cast<int>(threadIdx.x % 32) == __ffs(static_cast<int>(here)) - 1;
#pragma unroll
    for (int f = 0; f < 4; ++f) {
      const int sum = __popc(__ballot_sync(here, fate == static_cast<PointFate>(f)));
      if (leads && sum != 0) atomicAdd(sums + f, sum);
    }
  }
  /// After a barrier.
  __device__ void flush(PointCounts* counts) const noexcept {
    if (counts == nullptr || home < 0 || threadIdx.x >= 4 || sums[threadIdx.x] == 0) return;
    add_fate(counts + home, static_cast<PointFate>(threadIdx.x), static_cast<std::uint64_t>(sums[threadIdx.x]));
  }
};

/// A position inside has its whole part in the mantissa of its sum with 2^23, rounded down: conversions are four times
/// slower. Whatever lies outside, NaN and infinity too, is larger than any cell as an unsigned number.
__device__ inline std::uint32_t whole_part(float position) noexcept {
  return __float_as_uint(__fadd_rd(position, 8388608.0f)) - 0x4b000000u;
}
__device__ inline std::uint32_t whole_part(double position) noexcept {
  return position >= 0 && position < 8388608.0 ? static_cast<std::uint32_t>(static_cast<std::int32_t>(position))
                                               : 0xffffffffu;
}

template <class F>
__device__ inline std::int32_t cell_at(const GridJob<F>& grid, const Vector3<F>& position) noexcept {
  const std::uint32_t x = whole_part(position.x), y = whole_part(position.y), z = whole_part(position.z);
  const bool is_inside = x < static_cast<std::uint32_t>(grid.row) && y < static_cast<std::uint32_t>(grid.rows) &&
                         z < static_cast<std::uint32_t>(grid.layers);
  return is_inside ? static_cast<std::int32_t>(
                         (z * static_cast<std::uint32_t>(grid.rows) + y) * static_cast<std::uint32_t>(grid.row) + x)
                   : -1;
}

/// What a thread knows while it locates points.
template <class F, PointLayout Layout>
struct PointLocator {
  using Batch = PointBatch<F, Layout>;
  static constexpr int size = Batch::size;

  const VoxelizeJob<F>& job;
  FateCounter& fates;  ///< of the block
  // The segment of the points last located, and its cloud, which is negative where they are left out.
  std::int64_t segment = -1, cloud = -1;
  int segment_begin = 0;
  unsigned int segment_length = 0;
  Vector3<F> origin = {};

  __device__ PointLocator(const VoxelizeJob<F>& of, FateCounter& of_block) noexcept : job(of), fates(of_block) {}

  __device__ bool holds(int i) const noexcept { return static_cast<unsigned int>(i - segment_begin) < segment_length; }

  __device__ void enter_segment_of(int i) noexcept {
    const SegmentView view = segment_at(job.clouds, i);
    segment = view.segment;
    cloud = view.cloud;
    segment_begin = static_cast<int>(view.begin);
    segment_length = static_cast<unsigned int>(view.end - view.begin);
    if (cloud >= 0) origin = job.grid.origin_of(cloud);
  }

  /// Calls visit(k, i, cell) for those points of a batch among [begin, end) that have a cell, within `cloud`.
  template <class Visit>
  __device__ void locate(const Batch& batch, int base, int begin, int end, const Visit& visit) noexcept {
    constexpr unsigned int all = (1u << size) - 1;
    unsigned int pending = all;
    if (Batch::index(base, 0) < begin || Batch::index(base, size - 1) >= end) {
      pending = 0;
#pragma unroll
      for (int k = 0; k < size; ++k) {
        pending |= (Batch::index(base, k) >= begin && Batch::index(base, k) < end ? 1u : 0u) << k;
      }
    }
    while (pending != 0) {
      const int first = Batch::index(base, __ffs(static_cast<int>(pending)) - 1);
      if (!holds(first)) enter_segment_of(first);
      // All as if they were of this segment; most are.
      std::int32_t cells[size];
      find(batch, cells);
      unsigned int here = all;
      if (pending != all || !holds(Batch::index(base, size - 1))) {
        here = 0;
#pragma unroll
        for (int k = 0; k < size; ++k) {
          const bool is_here = (pending >> k & 1u) != 0 && holds(Batch::index(base, k));
          here |= (is_here ? 1u : 0u) << k;
        }
      }
      pending &= ~here;
      if (job.cell_of != nullptr || job.counts != nullptr) record_fates(cells, base, here);
      if (cloud < 0) here = 0;
#pragma unroll
      for (int k = 0; k < size; ++k) {
        if ((here >> k & 1u) != 0 && cells[k] >= 0) visit(k, Batch::index(base, k), cells[k]);
      }
    }
  }

 private:
  __device__ void record_fates(const std::int32_t (&cells)[size], int base, unsigned int here) noexcept {
#pragma unroll
    for (int k = 0; k < size; ++k) {
      if ((here >> k & 1u) == 0) continue;
      const bool is_kept = cells[k] >= 0 && cloud >= 0;
      if (job.cell_of != nullptr) job.cell_of[Batch::index(base, k)] = is_kept ? cloud * job.grid.cells + cells[k] : -1;
      if (job.counts != nullptr && cloud >= 0) {
        fates.add(job.counts, cloud, is_kept ? PointFate::kept : static_cast<PointFate>(-cells[k]));
      }
    }
  }

  /// Cells within the cloud; of points that have none, the fate's negative.
  __device__ void find(const Batch& batch, std::int32_t (&cells)[size]) const noexcept {
    Vector3<F> p[size];
#pragma unroll
    for (int k = 0; k < size; ++k) p[k] = batch.raw[k];
    if (job.clouds.transforms.data != nullptr && cloud >= 0) {
#pragma unroll
      for (int k = 0; k < size; ++k) p[k] = transformed(job.clouds.transforms, segment, p[k]);
    }
    Vector3<F> from[size];
    F least = infinite<F>;
#pragma unroll
    for (int k = 0; k < size; ++k) {
      from[k] = {p[k].x - origin.x, p[k].y - origin.y, p[k].z - origin.z};
      // NaN is left out: it is in no cell by any way.
      least = ::fmin(least, ::fmin(absolute(from[k].x), ::fmin(absolute(from[k].y), absolute(from[k].z))));
    }
    if (job.is_plain && least >= job.grid.least) {
      const Axis<F>* axes = job.grid.axes;
#pragma unroll
      for (int k = 0; k < size; ++k) {
        cells[k] = cell_at(job.grid, {divide_by_reciprocal(from[k].x, axes[0].size, axes[0].reciprocal),
                                      divide_by_reciprocal(from[k].y, axes[1].size, axes[1].reciprocal),
                                      divide_by_reciprocal(from[k].z, axes[2].size, axes[2].reciprocal)});
      }
    } else {
      // Copies, so that it is only here that they are in memory.
      Vector3<F> points[2 * size];
      std::int32_t found[size];
#pragma unroll
      for (int k = 0; k < size; ++k) {
        points[k] = batch.raw[k];
        points[size + k] = p[k];
      }
      find_one_by_one(job, Vector3<F>(origin), points, found);
#pragma unroll
      for (int k = 0; k < size; ++k) cells[k] = found[k];
    }
    if (job.counts != nullptr) {
#pragma unroll
      for (int k = 0; k < size; ++k) {
        if (cells[k] < 0 && !is_finite(p[k])) cells[k] = -static_cast<std::int32_t>(PointFate::not_finite);
      }
    }
  }

  /// `points` are as stored, then as transformed.
  static __device__ ROBOCACHE_NOINLINE_ON_DEVICE void find_one_by_one(const VoxelizeJob<F>& job,
                                                                      const Vector3<F>& origin,
                                                                      const Vector3<F>* points,
                                                                      std::int32_t* cells) noexcept {
#pragma unroll 1
    for (int k = 0; k < size; ++k) {
      const Vector3<F>&raw = points[k], &p = points[size + k];
      const bool leaves_out = is_finite(p) && is_filtered(job.clouds, raw, p);
      cells[k] = leaves_out ? -static_cast<std::int32_t>(PointFate::filtered) : job.grid.cell_of(p, origin);
    }
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
