// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxel_index.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

// The numbering of voxels on the CPU: a table of slots, open addressing, each of which holds the smallest index of a
// voxel's points. That is first come, whatever the threads: a minimum does not depend on who comes first.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

struct HostIndex {
  static constexpr std::uint32_t nobody = 0xffffffffu;
  static constexpr std::int64_t chunk = 16384;  ///< points whose voxels are numbered by one thread

  std::int32_t* voxel_of = nullptr;  ///< [points]: number of the voxel, or -1
  std::int32_t* first_of = nullptr;  ///< [most_voxels + 1]: first point of each voxel
  std::uint64_t* key_of = nullptr;   ///< [most_voxels + 1]
  std::int32_t* clouds = nullptr;    ///< [points], where they are compared besides keys
  // While voxels are numbered.
  std::uint32_t* slots = nullptr;  ///< [2^table_bits]: the first point of a voxel, or its number
  int table_bits = 0;
  std::uint64_t* keys = nullptr;   ///< [points], where threads share the table
  std::int64_t* starts = nullptr;  ///< [chunks], likewise

  /// `voxel_of` may be an output.
  template <class F>
  static HostIndex carve(const VoxelIndexJob<F>& job, std::int32_t* voxel_of, Carver& carver) noexcept {
    const std::int64_t points = job.clouds.count;
    HostIndex index;
    index.voxel_of = voxel_of != nullptr ? voxel_of : carver.take<std::int32_t>(points);
    index.first_of = carver.take<std::int32_t>(job.most_voxels + 1);
    index.key_of = carver.take<std::uint64_t>(job.most_voxels + 1);
    if (job.compares_clouds) index.clouds = carver.take<std::int32_t>(points);
    // Half a table will do, where even that has three slots for two voxels: less to clear.
    const bool half = job.table_slots() / 2 >= job.most_voxels + job.most_voxels / 2;
    index.table_bits = job.table_bits - (half && job.table_bits > 0 ? 1 : 0);
    index.slots = carver.take<std::uint32_t>(index.table_slots());
    index.keys = carver.take<std::uint64_t>(points);
    index.starts = carver.take<std::int64_t>((points + chunk - 1) / chunk);
    return index;
  }

  std::int64_t table_slots() const noexcept { return std::int64_t{1} << table_bits; }
  /// Where they are compared.
  std::int64_t cloud_of(std::int64_t i) const noexcept { return clouds == nullptr ? 0 : clouds[i]; }
  template <class F>
  VoxelPlace place_of(const VoxelIndexJob<F>& job, std::int64_t voxel) const noexcept {
    return job.place_of(key_of[voxel], cloud_of(first_of[voxel]));
  }
};

/// Looks from `slot` on for the voxel of a point; if there is none yet, for a slot for the next one, whose first_of and
/// key_of are the point's. One thread alone.
inline std::uint32_t enter_alone(const HostIndex& index, std::uint32_t slot, std::uint32_t last_slot,
                                 std::uint32_t next) noexcept {
  for (;; slot = (slot + 1) & last_slot) {
    // An empty slot is as good as one that has the voxel: no branch that is taken every other time.
    const std::uint32_t found = index.slots[slot], voxel = found == HostIndex::nobody ? next : found;
    if (index.key_of[voxel] != index.key_of[next]) continue;
    if (index.clouds != nullptr && index.cloud_of(index.first_of[voxel]) != index.cloud_of(index.first_of[next])) {
      continue;
    }
    index.slots[slot] = voxel;
    return voxel;
  }
}

/// Where threads share the table: gives the slot of point i's voxel, which then holds i, if that is the smallest index
/// so far.
inline std::uint32_t enter_shared(const HostIndex& index, std::uint32_t slot, std::uint32_t last_slot,
                                  std::uint32_t i) noexcept {
  for (;; slot = (slot + 1) & last_slot) {
    std::uint32_t* at = index.slots + slot;
    std::uint32_t found = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    if (found == HostIndex::nobody &&
        __atomic_compare_exchange_n(at, &found, i, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      return slot;
    }
    if (index.keys[found] != index.keys[i] || index.cloud_of(found) != index.cloud_of(i)) continue;
    while (i < found && !__atomic_compare_exchange_n(at, &found, i, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    }
    return slot;
  }
}

/// At most. No member of PointBlock: GCC takes the size of an array that depends on a type for a run-time value.
inline constexpr int points_of_block = 256;

/// Points that a thread takes at a time, in arrays: loops over them can be vectorised. Neighbours often share a voxel.
template <class F>
struct PointBlock {
  int count = 0;
  std::int32_t index[points_of_block];
  F p[3][points_of_block];  ///< as transformed; of points that have no voxel, finite

  // Points of one voxel that follow each other.
  int runs = 0;
  std::int32_t begin[points_of_block], end[points_of_block];  ///< within the block
  std::int32_t voxel[points_of_block];
};

/// Keys of a block of points from `first` on, as loops that know how they lie in memory. Fills the block but for runs.
template <class F, PointLayout Layout>
inline void find_keys(const VoxelIndexJob<F>& job, const HostIndex& index, std::int64_t first, PointBlock<F>* block,
                      std::uint64_t* keys) noexcept {
  const auto find = [&](const SegmentView& view, std::int64_t from, std::int64_t to) ROBOCACHE_ALWAYS_INLINE {
    const auto begin = static_cast<int>(from - first), end = static_cast<int>(to - first);
    if (index.clouds != nullptr) {
      std::fill(index.clouds + from, index.clouds + to, static_cast<std::int32_t>(view.cloud));
    }
    if (view.cloud < 0) {
      std::fill(keys + begin, keys + end, VoxelIndexJob<F>::no_key);
      for (F* along : block->p) std::fill(along + begin, along + end, F(0));
      return;
    }
    F p[3][points_of_block];
    for (int k = begin; k < end; ++k) {
      const Vector3<F> at =
          transformed(job.clouds.transforms, view.segment, read_point<F, Layout>(job.clouds, first + k));
      p[0][k] = at.x, p[1][k] = at.y, p[2][k] = at.z;
    }
    // One loop for each rule, over one axis at a time.
    std::int32_t cells[3][points_of_block];
    const Vector3<F> origin = job.grid.origin_of(view.cloud);
    const F origins[3] = {origin.x, origin.y, origin.z};
    for (int axis = 0; axis < 3; ++axis) {
      const Axis<F> along = job.grid.axes[axis];
      if (job.grid.rule == CellRule::divide) {
        for (int k = begin; k < end; ++k) {
          cells[axis][k] = job.cell_along(along, p[axis][k], origins[axis], CellRule::divide);
        }
      } else {
        for (int k = begin; k < end; ++k) {
          cells[axis][k] = job.cell_along(along, p[axis][k], origins[axis], CellRule::reciprocal);
        }
      }
    }
    std::uint64_t found[points_of_block];
    for (int k = begin; k < end; ++k) {
      found[k] = job.key_of_cells(cells[0][k], cells[1][k], cells[2][k], view.cloud);
    }
    std::copy(found + begin, found + end, keys + begin);
    for (int axis = 0; axis < 3; ++axis) {
      for (int k = begin; k < end; ++k) {
        block->p[axis][k] = (cells[0][k] | cells[1][k] | cells[2][k]) < 0 ? F(0) : p[axis][k];
      }
    }
    if (job.counts == nullptr && !job.clouds.has_filter) return;
    locate_each<F, Layout>(
        job.clouds, view, job.counts, from, to, [&](std::int64_t i, const Vector3<F>& raw) ROBOCACHE_ALWAYS_INLINE {
          std::uint64_t& key = keys[i - first];
          const bool has_cell = key != VoxelIndexJob<F>::no_key;
          const PointFate fate = fate_of(job.clouds, view, raw, [has_cell](const Vector3<F>&) { return has_cell; });
          if (fate != PointFate::kept) key = VoxelIndexJob<F>::no_key;
          return fate;
        });
  };
  for_segments_of(job.clouds, first, first + block->count, find);
  for (int k = 0; k < block->count; ++k) block->index[k] = static_cast<std::int32_t>(first + k);
}

/// Locates the points [begin, end) and enters them into the table. Where threads share it, voxel_of becomes the slot.
/// One thread alone numbers voxels at once, calls visit(block, voxels so far) for each block of points, and returns how
/// many there are; voxel_of is written if `keeps`.
template <bool Shared, class F, class Visit>
inline std::int64_t enter_points(const VoxelIndexJob<F>& job, const HostIndex& index, std::int64_t begin,
                                 std::int64_t end, bool keeps, const Visit& visit) noexcept {
  const auto last_slot = static_cast<std::uint32_t>(index.table_slots() - 1);
  std::uint32_t voxels = 0;
  PointBlock<F> block;
  for (std::int64_t first = begin; first < end; first += points_of_block) {
    block.count = static_cast<int>(smaller<std::int64_t>(end - first, points_of_block));
    std::uint64_t own_keys[points_of_block];
    std::uint64_t* keys = Shared ? index.keys + first : own_keys;
    if (job.clouds.layout == PointLayout::any) {
      find_keys<F, PointLayout::any>(job, index, first, &block, keys);
    } else {
      find_keys<F, PointLayout::triple>(job, index, first, &block, keys);
    }
    // One look-up for each run.
    std::int32_t starts[points_of_block + 1], run_of[points_of_block], voxel_of_run[points_of_block];
    int runs = 0;
    for (int k = 0; k < block.count; ++k) {
      const int before = k > 0 ? k - 1 : 0;
      starts[runs] = k;
      runs += static_cast<int>((k == 0) | (keys[k] != keys[before]) |
                               (index.cloud_of(first + k) != index.cloud_of(first + before)));
      run_of[k] = runs - 1;
    }
    starts[runs] = block.count;
    // Slots are all over the table: they are on their way while others are looked up.
    std::uint32_t slots[points_of_block];
    for (int r = 0; r < runs; ++r) {
      slots[r] = job.slot_of(keys[starts[r]], index.cloud_of(first + starts[r])) >> (job.table_bits - index.table_bits);
      __builtin_prefetch(index.slots + slots[r], 1);
    }
    block.runs = 0;
    for (int r = 0; r < runs; ++r) {
      const auto i = static_cast<std::uint32_t>(first + starts[r]);
      const std::uint64_t key = keys[starts[r]];
      voxel_of_run[r] = -1;
      if (key == VoxelIndexJob<F>::no_key) continue;
      if (Shared) {
        voxel_of_run[r] = static_cast<std::int32_t>(enter_shared(index, slots[r], last_slot, i));
        continue;
      }
      // As if a voxel began here; if not, its number stays free.
      index.first_of[voxels] = static_cast<std::int32_t>(i);
      index.key_of[voxels] = key;
      const std::uint32_t voxel = enter_alone(index, slots[r], last_slot, voxels);
      voxels += voxel == voxels ? 1 : 0;
      block.begin[block.runs] = starts[r];
      block.end[block.runs] = starts[r + 1];
      block.voxel[block.runs++] = voxel_of_run[r] = static_cast<std::int32_t>(voxel);
    }
    if (keeps) {
      for (int k = 0; k < block.count; ++k) index.voxel_of[first + k] = voxel_of_run[run_of[k]];
    }
    if (!Shared) visit(&block, voxels);
  }
  return voxels;
}

/// How many voxels begin in the points [begin, end), whose slots are known.
inline std::int64_t count_starts(const HostIndex& index, std::int64_t begin, std::int64_t end) noexcept {
  std::int64_t starts = 0;
  for (std::int64_t i = begin; i < end; ++i) {
    starts += index.voxel_of[i] >= 0 && index.slots[index.voxel_of[i]] == static_cast<std::uint32_t>(i) ? 1 : 0;
  }
  return starts;
}

/// Numbers them, from `number` on; slots then hold numbers. That is no more than the index that was there, so that
/// nobody takes a number for an index of his own.
inline void number_starts(const HostIndex& index, std::int64_t begin, std::int64_t end, std::int64_t number) noexcept {
  for (std::int64_t i = begin; i < end; ++i) {
    if (index.voxel_of[i] < 0) continue;
    std::uint32_t* slot = index.slots + index.voxel_of[i];
    if (__atomic_load_n(slot, __ATOMIC_RELAXED) != static_cast<std::uint32_t>(i)) continue;
    __atomic_store_n(slot, static_cast<std::uint32_t>(number), __ATOMIC_RELAXED);
    index.first_of[number] = static_cast<std::int32_t>(i);
    index.key_of[number++] = index.keys[i];
  }
}

// As for resample: fma and rounding are library calls unless the code may use the instructions, so it is compiled
// twice.
#if ROBOCACHE_DISPATCH_FMA
template <bool Shared, class F, class Visit>
__attribute__((target("avx2,fma"), flatten)) std::int64_t enter_points_fma(const VoxelIndexJob<F>& job,
                                                                           const HostIndex& index, std::int64_t begin,
                                                                           std::int64_t end, bool keeps,
                                                                           const Visit& visit) noexcept {
  return enter_points<Shared>(job, index, begin, end, keeps, visit);
}
#endif
template <bool Shared, class F, class Visit>
auto fastest_enter_points() noexcept {
#if ROBOCACHE_DISPATCH_FMA
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &enter_points_fma<Shared, F, Visit>;
#endif
  return &enter_points<Shared, F, Visit>;
}

/// For enter_points.
struct VisitNothing {
  template <class F>
  void operator()(PointBlock<F>*, std::int64_t) const noexcept {}
};

/// Whether one thread numbers the voxels, and visits the points.
inline bool is_alone(const Host& host, std::int64_t points) noexcept { return host.threads == 1 || points < 8192; }

/// Numbers the voxels by their first points; returns how many there are. Fates of points are added to the counts.
template <class F, class Visit>
std::int64_t number_voxels(const VoxelIndexJob<F>& job, const HostIndex& index, Host host, bool keeps,
                           const Visit& visit) {
  constexpr std::int64_t points_per_thread = 4096;
  const std::int64_t points = job.clouds.count;
  std::memset(index.slots, 0xff, static_cast<std::size_t>(index.table_slots()) * sizeof(std::uint32_t));
  if (is_alone(host, points)) return fastest_enter_points<false, F, Visit>()(job, index, 0, points, keeps, visit);
  parallel_for(host, points, points_per_thread, [&](std::int64_t begin, std::int64_t end) {
    fastest_enter_points<true, F, VisitNothing>()(job, index, begin, end, true, VisitNothing{});
  });
  const std::int64_t chunks = (points + HostIndex::chunk - 1) / HostIndex::chunk;
  const auto for_chunks = [&](const auto& body) {
    parallel_for(host, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c) {
        body(c, c * HostIndex::chunk, smaller(points, (c + 1) * HostIndex::chunk));
      }
    });
  };
  for_chunks(
      [&](std::int64_t c, std::int64_t begin, std::int64_t end) { index.starts[c] = count_starts(index, begin, end); });
  std::int64_t voxels = 0;
  for (std::int64_t c = 0; c < chunks; ++c) voxels += std::exchange(index.starts[c], voxels);
  for_chunks(
      [&](std::int64_t c, std::int64_t begin, std::int64_t end) { number_starts(index, begin, end, index.starts[c]); });
  for_chunks([&](std::int64_t, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (index.voxel_of[i] >= 0) index.voxel_of[i] = static_cast<std::int32_t>(index.slots[index.voxel_of[i]]);
    }
  });
  return voxels;
}

/// What sorting by key takes: voxels, and a place to move them to.
struct HostSort {
  std::uint64_t* keys[2] = {};   ///< [most_voxels]
  std::int32_t* voxels[2] = {};  ///< [most_voxels]

  static HostSort carve(std::int64_t most_voxels, Carver& carver) noexcept {
    HostSort sort;
    for (int side = 0; side < 2; ++side) {
      sort.keys[side] = carver.take<std::uint64_t>(most_voxels);
      sort.voxels[side] = carver.take<std::int32_t>(most_voxels);
    }
    return sort;
  }

  /// Sorts the first `count` of side 0 by the low `bits` bits of their keys, stably; what is left is in side 0.
  void by_key(std::int64_t count, int bits) noexcept {
    constexpr int digit_bits = 8;
    for (int shift = 0; shift < bits; shift += digit_bits) {
      const auto digit = [&](std::uint64_t key) { return key >> shift & ((1u << digit_bits) - 1); };
      std::int64_t places[(1 << digit_bits) + 1] = {};
      for (std::int64_t i = 0; i < count; ++i) ++places[digit(keys[0][i]) + 1];
      if (count > 0 && places[digit(keys[0][0]) + 1] == count) continue;  // one digit for all
      for (int d = 0; d < 1 << digit_bits; ++d) places[d + 1] += places[d];
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t to = places[digit(keys[0][i])]++;
        keys[1][to] = keys[0][i];
        voxels[1][to] = voxels[0][i];
      }
      std::swap(keys[0], keys[1]);
      std::swap(voxels[0], voxels[1]);
    }
  }
};

/// The voxels in the order of their keys. What comes back are [voxels] numbers, and what becomes of each.
template <class F>
void sort_voxels(const VoxelIndexJob<F>& job, const HostIndex& index, std::int64_t voxels, HostSort* sort) noexcept {
  for (std::int64_t v = 0; v < voxels; ++v) {
    sort->keys[0][v] = index.key_of[v];
    sort->voxels[0][v] = static_cast<std::int32_t>(v);
  }
  sort->by_key(voxels, job.key_bits);
  if (job.compares_clouds) {
    for (std::int64_t v = 0; v < voxels; ++v) {
      sort->keys[0][v] = static_cast<std::uint64_t>(index.cloud_of(index.first_of[sort->voxels[0][v]]));
    }
    sort->by_key(voxels, job.cloud_bits);
  }
  for (std::int64_t v = 0; v < voxels; ++v) sort->voxels[1][sort->voxels[0][v]] = static_cast<std::int32_t>(v);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
