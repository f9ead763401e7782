// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxel_index.hpp>

#include <cstdint>

// The scratch of a call on a stream that numbers voxels: from host values alone, so that no device is asked.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// How the table of voxels is made, by what its keys need. All hold the smallest index of each voxel's points.
enum class TableKind : std::uint8_t {
  direct,    ///< an index for each cell of all clouds, where they are few: a slot is a key
  packed,    ///< key and index in one word
  wide,      ///< words that are keys, and beside them indices
  indirect,  ///< an index, by which key and cloud are found
};

struct DeviceIndex {
  static constexpr int tile = 1024;  ///< points whose voxels are counted together
  static constexpr int least_slot_bits = 2;

  TableKind kind = TableKind::direct;
  int index_bits = 0;       ///< of a word, below the key
  int slot_bits = 0;        ///< of a table that is not direct
  std::int64_t slots = 0;   ///< of the table
  std::int64_t tiles = 0;   ///< of points
  std::int64_t listed = 0;  ///< voxels whose points may be listed

  // The table: of each slot a word or an index or both. What is empty is all ones.
  std::uint64_t* slot_words = nullptr;
  std::uint32_t* slot_indices = nullptr;
  void* table = nullptr;  ///< both
  std::int64_t table_bytes = 0;

  std::uint64_t* keys = nullptr;         ///< [points], for an indirect table
  std::int32_t* clouds = nullptr;        ///< [points], likewise
  std::uint32_t* slot_of = nullptr;      ///< [points]: or all ones
  std::uint32_t* starts = nullptr;       ///< [points / 32]: a bit for each point with which a voxel begins
  std::uint16_t* word_starts = nullptr;  ///< [points / 32]: voxels of a tile that begin before a word
  std::uint32_t* tile_starts = nullptr;  ///< [tiles + 1]: voxels that begin before a tile; at the end, all
  std::int32_t* voxel_of = nullptr;      ///< [points]: number of the voxel, or -1
  std::uint32_t* place_of = nullptr;     ///< [points]: place among its voxel's points but the first; or all ones
  std::uint32_t* first_of = nullptr;     ///< [listed]: first point of each voxel
  std::uint32_t* others = nullptr;       ///< [listed]: points of each voxel but the first: most have none
  std::uint32_t* list_starts = nullptr;  ///< [listed]
  std::uint32_t* lists = nullptr;        ///< [points]: these, voxel by voxel
  std::uint32_t* cursor = nullptr;       ///< [1]: how much of the lists is given out

  std::int64_t words() const noexcept { return tiles * (tile / 32); }

  /// `voxel_of` may be an output. Only the first `listed` voxels are listed.
  template <class F>
  static DeviceIndex carve(const VoxelIndexJob<F>& job, std::int64_t listed, std::int32_t* voxel_of,
                           Carver& carver) noexcept {
    const std::int64_t points = job.clouds.count;
    DeviceIndex index;
    index.tiles = (points + tile - 1) / tile;
    index.listed = smaller(listed, job.most_voxels);
    // An index of all ones is nobody's.
    int index_bits = 0;
    while (std::int64_t{1} << index_bits <= points) ++index_bits;
    const bool has_bounds = job.per_cloud != 0;
    const auto all_cells = static_cast<std::int64_t>(job.per_cloud) * job.clouds.clouds;
    if (has_bounds && all_cells <= smaller<std::int64_t>(4 * points, UINT32_MAX - 1)) {  // all ones is no slot
      index.kind = TableKind::direct;
      index.slots = all_cells;
    } else {
      index.kind = job.compares_clouds               ? TableKind::indirect
                   : job.key_bits + index_bits <= 64 ? TableKind::packed
                                                     : TableKind::wide;
      index.slot_bits = larger(job.table_bits, least_slot_bits);
      index.slots = std::int64_t{1} << index.slot_bits;
    }
    const bool has_words = index.kind == TableKind::packed || index.kind == TableKind::wide;
    if (index.kind == TableKind::packed) index.index_bits = index_bits;
    const std::int64_t word_bytes = has_words ? index.slots * 8 : 0;
    index.table_bytes = word_bytes + (index.kind == TableKind::packed ? 0 : index.slots * 4);
    auto* table = carver.take<char>(index.table_bytes);
    index.table = table;
    if (has_words) index.slot_words = reinterpret_cast<std::uint64_t*>(table);
    if (index.kind != TableKind::packed && table != nullptr) {
      index.slot_indices = reinterpret_cast<std::uint32_t*>(table + word_bytes);
    }
    if (index.kind == TableKind::indirect) {
      index.keys = carver.take<std::uint64_t>(points);
      index.clouds = carver.take<std::int32_t>(points);
    }
    index.slot_of = carver.take<std::uint32_t>(points);
    index.starts = carver.take<std::uint32_t>(index.words());
    index.word_starts = carver.take<std::uint16_t>(index.words());
    index.tile_starts = carver.take<std::uint32_t>(index.tiles + 1);
    index.voxel_of = voxel_of != nullptr ? voxel_of : carver.take<std::int32_t>(points);
    index.place_of = carver.take<std::uint32_t>(points);
    index.first_of = carver.take<std::uint32_t>(index.listed);
    index.others = carver.take<std::uint32_t>(index.listed);
    index.list_starts = carver.take<std::uint32_t>(index.listed);
    index.lists = carver.take<std::uint32_t>(points);
    index.cursor = carver.take<std::uint32_t>(1);
    return index;
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
