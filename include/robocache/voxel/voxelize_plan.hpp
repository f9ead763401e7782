// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxelize_job.hpp>

#include <cstdint>

// Which way a call on a stream takes, and its scratch: from host values alone, so that no device is asked.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Whether points are sorted by part of the grid first, and each part is counted in shared memory by the block that
/// then writes it: an atomic or a store in L2 for each point is what would bound the call.
struct BinPlan {
  static constexpr int tile = 4096;          ///< points that a block sorts
  static constexpr int bin_cells = 1 << 14;  ///< 64 KiB of counts
  static constexpr int most_bins = 128;
  static constexpr int quad = 4;                                 ///< entries that are read as one; runs are whole quads
  static constexpr int entries = tile + (quad - 1) * most_bins;  ///< of a tile

  bool is_used = false;
  std::int64_t tiles = 0;
  int bins = 0;

  template <class F>
  static BinPlan of(const VoxelizeJob<F>& job) noexcept {
    constexpr std::int64_t least_points = std::int64_t{1} << 18;
    BinPlan plan;
    const std::int64_t cells = job.all_cells();
    // Words of bits must not be divided among blocks.
    const bool divides = job.occupancy.data == nullptr || job.occupancy.type != CellType::bit ||
                         job.clouds.clouds == 1 || job.grid.cells % 32 == 0;
    plan.is_used = job.has_tensors() && job.channel_count == 0 && divides && job.clouds.count >= least_points &&
                   cells != 0 && cells <= std::int64_t{most_bins} * bin_cells;
    if (!plan.is_used) return plan;
    plan.tiles = (job.clouds.count - 1) / tile + 1;
    plan.bins = static_cast<int>((cells + bin_cells - 1) / bin_cells);
    return plan;
  }
};

/// Whether cells are marked in bitmaps that blocks keep to themselves, and merge at the end.
struct BitmapPlan {
  static constexpr int declared_bytes = 128;  ///< at most, of shared memory that kernels declare besides bitmaps

  bool is_used = false;
  std::int64_t cells = 0;       ///< of a cloud
  std::int64_t held_cells = 0;  ///< of these, the first ones, which a block marks in shared memory
  std::int64_t parts = 1;       ///< of a cloud's points

  /// Whether bits are put together in memory.
  ROBOCACHE_HD bool is_merged() const noexcept { return parts > 1 || held_cells < cells; }
  int bytes() const noexcept { return static_cast<int>((held_cells + 127) / 128 * 16); }

  template <class F>
  static BitmapPlan of(const VoxelizeJob<F>& job) noexcept {
    constexpr std::int64_t most_cells = (227 * 1024 - declared_bytes) * 8;  // in the shared memory of a block
    constexpr std::int64_t blocks = 132;                                    // one a multiprocessor
    BitmapPlan plan;
    const bool marks_alone = job.occupancy.data != nullptr && job.count.data == nullptr && job.channel_count == 0;
    // A block knows its cloud's points where they are one range.
    const bool ranges = job.clouds.cloud_of == nullptr || job.clouds.clouds == 1;
    const std::int64_t clouds = job.clouds.clouds;
    plan.cells = job.grid.cells;
    plan.held_cells = smaller(plan.cells, most_cells);
    // Points of the others are an atomic in L2 each.
    if (!marks_alone || !ranges || clouds == 0 || plan.cells == 0 || plan.cells > most_cells / 7 * 8) return plan;
    const std::int64_t points = job.clouds.count / clouds;
    if (clouds * 2 <= blocks) {
      plan.parts = blocks / clouds;
      // Worth the merging of a bitmap; bins are better for longer.
      plan.is_used = points / plan.parts >= (BinPlan::of(job).is_used ? 1 << 16 : 1 << 14);
    } else {
      plan.is_used = points >= plan.cells / 64 && clouds <= INT32_MAX / 2;
    }
    return plan;
  }
};

/// The scratch of a call on a stream.
struct DeviceScratch {
  std::uint32_t* slots = nullptr;  ///< [all cells]: 0, or which record; and one more, the number of records
  std::uint64_t* records = nullptr;
  std::uint32_t* bits = nullptr;     ///< [clouds, words]
  std::uint16_t* entries = nullptr;  ///< [tiles, entries]: cells within their bins, bin by bin
  std::uint32_t* runs = nullptr;     ///< [bins, tiles]: where a bin begins and ends among a tile's quads, 16 bits each

  template <class F>
  static DeviceScratch carve(const VoxelizeJob<F>& job, Carver& carver) noexcept {
    DeviceScratch scratch;
    if (job.channel_count != 0 && job.all_cells() != 0) {
      scratch.slots = carver.take<std::uint32_t>(job.all_cells() + 1);
      scratch.records = carver.take<std::uint64_t>(job.slots() * job.record_words());
    }
    const BitmapPlan plan = BitmapPlan::of(job);
    if (plan.is_used && plan.is_merged() && job.occupancy.type != CellType::bit) {
      scratch.bits = carver.take<std::uint32_t>(job.clouds.clouds * job.words());
    }
    // Also where bitmaps are planned, for devices with less shared memory.
    const BinPlan bins = BinPlan::of(job);
    if (bins.is_used) {
      scratch.entries = carver.take<std::uint16_t>(bins.tiles * BinPlan::entries);
      scratch.runs = carver.take<std::uint32_t>(bins.tiles * bins.bins);
    }
    return scratch;
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
