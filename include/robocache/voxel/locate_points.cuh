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
/// In shared memory: as two additions of 32 bits, which it does by itself.
__device__ inline void add_in_shared(unsigned long long* sum, std::uint64_t more) noexcept {
  auto* halves = reinterpret_cast<unsigned int*>(sum);
  const auto low = static_cast<unsigned int>(more);
  auto high = static_cast<unsigned int>(more >> 32);
  if (low != 0 && atomicAdd(halves, low) > ~low) ++high;
  if (high != 0) atomicAdd(halves + 1, high);
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

/// The whole part, modulo 2^32, of a position in [-2^22, 2^22): it is in the mantissa of the sum with 1.5 * 2^23,
/// rounded down; conversions are four times slower. Of any other, NaN and infinity too, a number in
/// [2^22, 2^32 - 2^22), which is no cell: up to 2^21 are added or subtracted, and an axis has at most 2^21 cells.
__device__ inline std::uint32_t whole_part(float position) noexcept {
  return __float_as_uint(__fadd_rd(position, 12582912.0f)) - 0x4b400000u;
}
__device__ inline std::uint32_t whole_part(double position) noexcept {
  return absolute(position) < 4194304.0 ? static_cast<std::uint32_t>(static_cast<std::int32_t>(round_down(position)))
                                        : 0x40000000u;
}

/// What a thread knows while it locates points.
template <class Job, PointLayout Layout, int Size = voxelize_tuning.batch>
struct PointLocator {
  using F = typename Job::Coordinate;
  using Cell = typename Job::Cell;
  using Batch = PointBatch<F, Layout, Size>;
  static constexpr int size = Batch::size;

  const Job& job;
  FateCounter& fates;  ///< of the block
  // The segment of the points last located, and its cloud, which is negative where they are left out.
  std::int64_t segment = -1, cloud = -1;
  int segment_begin = 0;
  unsigned int segment_length = 0;
  Vector3<F> origin = {};

  __device__ PointLocator(const Job& of, FateCounter& of_block) noexcept : job(of), fates(of_block) {}

  __device__ bool holds(int i) const noexcept { return static_cast<unsigned int>(i - segment_begin) < segment_length; }

  __device__ void enter_segment_of(int i) noexcept {
    const SegmentView view = segment_at(job.clouds, i);
    segment = view.segment;
    cloud = view.cloud;
    segment_begin = static_cast<int>(view.begin);
    segment_length = static_cast<unsigned int>(view.end - view.begin);
    if (cloud >= 0) origin = job.grid.origin_of(cloud);
  }

  /// Calls visit(k, i, cell) for those points of a batch among [begin, end) that have a cell, in `cloud`.
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
      Cell cells[size];
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
      if (job.cell_outputs() != nullptr || job.counts != nullptr) record_fates(cells, base, here);
      if (cloud < 0) here = 0;
#pragma unroll
      for (int k = 0; k < size; ++k) {
        if ((here >> k & 1u) != 0 && cells[k] >= 0) visit(k, Batch::index(base, k), cells[k]);
      }
    }
  }

 private:
  __device__ void record_fates(const Cell (&cells)[size], int base, unsigned int here) noexcept {
#pragma unroll
    for (int k = 0; k < size; ++k) {
      if ((here >> k & 1u) == 0) continue;
      const bool is_kept = cells[k] >= 0 && cloud >= 0;
      if (job.cell_outputs() != nullptr) {
        job.cell_outputs()[Batch::index(base, k)] = is_kept ? cloud * job.grid.cells + cells[k] : -1;
      }
      if (job.counts != nullptr && cloud >= 0) {
        fates.add(job.counts, cloud, is_kept ? PointFate::kept : static_cast<PointFate>(-cells[k]));
      }
    }
  }

  __device__ Cell cell_at(std::uint32_t whole_x, std::uint32_t whole_y, std::uint32_t whole_z) const noexcept {
    const auto lowest = static_cast<std::uint32_t>(job.grid.lowest);
    const std::uint32_t x = whole_x - lowest, y = whole_y - lowest, z = whole_z - lowest;
    const bool is_inside = x < static_cast<std::uint32_t>(job.grid.row) &&
                           y < static_cast<std::uint32_t>(job.grid.rows) &&
                           z < static_cast<std::uint32_t>(job.grid.layers);
    return is_inside ? job.cell_at(x, y, z, cloud) : Cell{-1};
  }

  /// Cells of the points at `p`, or -1 for outside, where a few multiplications and additions give them.
  __device__ bool find_quickly(const Vector3<F> (&p)[size], Cell (&cells)[size]) const noexcept {
    if (!job.grid.is_quick || job.clouds.has_filter) return false;
    const Axis<F>* axes = job.grid.axes;
    if (job.grid.rule == CellRule::divide) {
      Vector3<F> from[size];
      F least = infinite<F>;
#pragma unroll
      for (int k = 0; k < size; ++k) {
        from[k] = {p[k].x - origin.x, p[k].y - origin.y, p[k].z - origin.z};
        // NaN is left out: it is in no cell by any way.
        least = ::fmin(least, ::fmin(absolute(from[k].x), ::fmin(absolute(from[k].y), absolute(from[k].z))));
      }
      if (!(least >= F(0x1p-100))) return false;
#pragma unroll
      for (int k = 0; k < size; ++k) {
        cells[k] = cell_at(whole_part(divide_by_reciprocal(from[k].x, axes[0].size, axes[0].reciprocal)),
                           whole_part(divide_by_reciprocal(from[k].y, axes[1].size, axes[1].reciprocal)),
                           whole_part(divide_by_reciprocal(from[k].z, axes[2].size, axes[2].reciprocal)));
      }
      return true;
    }
    // What lies beyond 2^22 stays outside when up to 2^21 are subtracted, since no axis has more cells than that.
    const F x = round_down(origin.x * axes[0].reciprocal), y = round_down(origin.y * axes[1].reciprocal),
            z = round_down(origin.z * axes[2].reciprocal);
    constexpr F most = 1 << 20;
    if (!(absolute(x) <= most && absolute(y) <= most && absolute(z) <= most)) return false;
    const std::uint32_t cell_x = whole_part(x), cell_y = whole_part(y), cell_z = whole_part(z);
#pragma unroll
    for (int k = 0; k < size; ++k) {
      cells[k] = cell_at(whole_part(rounded_product(p[k].x, axes[0].reciprocal)) - cell_x,
                         whole_part(rounded_product(p[k].y, axes[1].reciprocal)) - cell_y,
                         whole_part(rounded_product(p[k].z, axes[2].reciprocal)) - cell_z);
    }
    return true;
  }

  /// Cells; of points that have none, the fate's negative.
  __device__ void find(const Batch& batch, Cell (&cells)[size]) const noexcept {
    Vector3<F> p[size];
#pragma unroll
    for (int k = 0; k < size; ++k) p[k] = batch.raw[k];
    if (job.clouds.transforms.data != nullptr && cloud >= 0) {
#pragma unroll
      for (int k = 0; k < size; ++k) p[k] = transformed(job.clouds.transforms, segment, p[k]);
    }
    if (!find_quickly(p, cells)) {
      // Copies, so that it is only here that they are in memory.
      Vector3<F> points[2 * size];
      Cell found[size];
#pragma unroll
      for (int k = 0; k < size; ++k) {
        points[k] = batch.raw[k];
        points[size + k] = p[k];
      }
      find_one_by_one(job, Vector3<F>(origin), cloud, points, found);
#pragma unroll
      for (int k = 0; k < size; ++k) cells[k] = found[k];
    }
    if (job.counts != nullptr) {
#pragma unroll
      for (int k = 0; k < size; ++k) {
        if (cells[k] < 0 && !is_finite(p[k])) cells[k] = -static_cast<Cell>(PointFate::not_finite);
      }
    }
  }

  /// `points` are as stored, then as transformed.
  static __device__ ROBOCACHE_NOINLINE_ON_DEVICE void find_one_by_one(const Job& job, const Vector3<F>& origin,
                                                                      std::int64_t cloud, const Vector3<F>* points,
                                                                      Cell* cells) noexcept {
#pragma unroll 1
    for (int k = 0; k < size; ++k) {
      const Vector3<F>&raw = points[k], &p = points[size + k];
      const bool leaves_out = is_finite(p) && is_filtered(job.clouds, raw, p);
      cells[k] = leaves_out ? -static_cast<Cell>(PointFate::filtered) : job.cell_of_point(p, origin, cloud);
    }
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
