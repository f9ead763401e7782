// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxelize_job.hpp>

#include <cstdint>

// Which way a call on a stream takes, and its scratch: from host values alone, so that no device is asked.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Whether cells are marked in bitmaps that blocks keep to themselves, and merge at the end.
struct BitmapPlan {
  bool is_used = false;
  int slabs = 1;                ///< parts of a cloud's grid
  std::int64_t slab_cells = 0;  ///< a multiple of 32
  std::int64_t parts = 1;       ///< of a cloud's points; if several, their bitmaps are merged

  template <class F>
  static BitmapPlan of(const VoxelizeJob<F>& job) noexcept {
    constexpr std::int64_t most_cells = std::int64_t{1} << 20;  // in 128 KiB of shared memory
    constexpr std::int64_t blocks = 132;                        // one a multiprocessor
    constexpr std::int64_t least_points = 16384;                // worth the merging of a bitmap
    BitmapPlan plan;
    const bool marks_alone = job.occupancy.data != nullptr && job.count.data == nullptr && job.channel_count == 0;
    // A block knows its cloud's points where they are one range.
    const bool ranges = job.clouds.cloud_of == nullptr || job.clouds.clouds == 1;
    const std::int64_t clouds = job.clouds.clouds, cells = job.grid.cells;
    if (!marks_alone || !ranges || clouds == 0 || cells == 0 || cells > 2 * most_cells) return plan;
    plan.slabs = cells > most_cells ? 2 : 1;
    plan.slab_cells = ((cells + plan.slabs - 1) / plan.slabs + 31) / 32 * 32;
    const std::int64_t points = job.clouds.count / clouds;
    if (clouds * plan.slabs * 2 <= blocks) {
      plan.parts = blocks / (clouds * plan.slabs);
      plan.is_used = points / plan.parts >= least_points;
    } else {
      plan.is_used = points >= cells / 64 && clouds <= INT32_MAX / 2;
    }
    return plan;
  }
};

/// Whether points are sorted by part of the grid first, and each part is counted in shared memory: many points in few
/// cells, where an atomic in L2 for each would bound the call.
struct BinPlan {
  static constexpr int tile = 6144;          ///< points that a block sorts, in 37 KiB
  static constexpr int bin_cells = 1 << 14;  ///< 64 KiB of counts
  static constexpr int most_bins = 128;
  static constexpr int splits = 2;  ///< blocks of a bin, each with a part of the tiles

  bool is_used = false;
  std::int64_t tiles = 0;
  int bins = 0;

  template <class F>
  static BinPlan of(const VoxelizeJob<F>& job) noexcept {
    constexpr std::int64_t least_points = std::int64_t{1} << 22;
    BinPlan plan;
    const bool counts_alone = job.count.data != nullptr && job.occupancy.data == nullptr && job.channel_count == 0;
    const std::int64_t cells = job.all_cells();
    plan.is_used = counts_alone && job.clouds.count >= least_points && cells <= std::int64_t{most_bins} * bin_cells;
    if (!plan.is_used) return plan;
    plan.tiles = (job.clouds.count - 1) / tile + 1;
    plan.bins = static_cast<int>((cells + bin_cells - 1) / bin_cells);
    return plan;
  }
};

/// The scratch of a call on a stream.
struct DeviceScratch {
  std::uint32_t* slots = nullptr;  ///< [all cells]: 0, or which record; and one more, the number of records
  std::uint64_t* records = nullptr;
  std::uint32_t* bits = nullptr;     ///< [clouds, words]
  std::uint16_t* entries = nullptr;  ///< [tiles, tile]: cells within their bins, bin by bin
  std::uint32_t* starts = nullptr;   ///< [tiles, bins + 1]: of the bins among a tile's entries

  template <class F>
  static DeviceScratch carve(const VoxelizeJob<F>& job, Carver& carver) noexcept {
    DeviceScratch scratch;
    if (job.channel_count != 0 && job.all_cells() != 0) {
      scratch.slots = carver.take<std::uint32_t>(job.all_cells() + 1);
      scratch.records = carver.take<std::uint64_t>(job.slots() * job.record_words());
    }
    const BitmapPlan plan = BitmapPlan::of(job);
    if (plan.is_used && plan.parts > 1 && job.occupancy.type != CellType::bit) {
      scratch.bits = carver.take<std::uint32_t>(job.clouds.clouds * job.words());
    }
    const BinPlan bins = BinPlan::of(job);
    if (bins.is_used) {
      scratch.entries = carver.take<std::uint16_t>(bins.tiles * BinPlan::tile);
      scratch.starts = carver.take<std::uint32_t>(bins.tiles * (bins.bins + 1));
    }
    return scratch;
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
