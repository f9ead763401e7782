// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/temporal/rows_job.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The segment of ragged row r, found by a whole warp together: 33 parts a step. Every lane calls it with the same r.
/// Index holds segments + 33.
template <class Index>
__device__ inline Index ragged_segment_by_warp(const std::int64_t* offsets, Index segments, std::int64_t r) noexcept {
  const Index lane = static_cast<Index>(threadIdx.x % 32);
  Index low = -1, high = segments + 1;
  while (high - low > 1) {
    const Index step = (high - low + 31) / 32;
    const Index probe = low + (lane + 1) * step;
    const bool before = probe < high && offsets[probe] <= r;
    const int passed = __popc(__ballot_sync(0xffffffffu, before));
    low += passed * step;
    high = smaller<Index>(high, low + step);
  }
  return low;
}

/// Up to 32 * Parts stamps of one segment, which a whole warp looks through together: all reads are under way at once,
/// whatever the query.
template <class Stamp, int Parts>
struct WarpStamps {
  using Value = time_value_t<Stamp>;

  Stamps<Stamp> all;
  Stamp mine[Parts];  ///< every 32nd stamp, from the lane's number on

  __device__ explicit WarpStamps(const Stamps<Stamp>& t) noexcept : all(t), mine{} {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const Stamp* first = t.data + lane;
    const int count = static_cast<int>(smaller<std::int64_t>(t.count, 32 * Parts)) - lane;
#pragma unroll
    for (int p = 0; p < Parts; ++p) {
      if (32 * p < count) mine[p] = __ldg(first + 32 * p);
    }
  }
  /// The bracket of q, for every lane. False where there are more stamps, or where they are not sorted and the order of
  /// bracket_of's probes matters. Every lane calls it with the same q.
  __device__ bool find(Value q, Bracket<Value>& found) const noexcept {
    constexpr unsigned int every_lane = 0xffffffffu;
    if (all.count < 1 || all.count > 32 * Parts) return false;
    const int lane = static_cast<int>(threadIdx.x) % 32, count = static_cast<int>(all.count);
    unsigned int is_before = 0;  // a bit for each of mine
#pragma unroll
    for (int p = 0; p < Parts; ++p) {
      if (lane + 32 * p < count && static_cast<Value>(mine[p]) <= q) is_before |= 1u << p;
    }
    const int before = warp_sum(__popc(is_before));
    // Sorted: they are the first ones.
    const int mine_before = (before + 31 - lane) / 32;
    if (!__all_sync(every_lane, is_before == (1u << mine_before) - 1u)) return false;
    const Stamp *left = all.data + larger(before - 1, 0), *right = all.data + smaller(before, count - 1);
    found = {before - 1, static_cast<Value>(__ldg(left)), static_cast<Value>(__ldg(before == 0 ? left : right))};
    return true;
  }
};

/// Where row `mine` of a tile's `rows` is; query.wanted is false where there is nothing to do. Every lane of a warp
/// calls it, with consecutive rows from a multiple of 32 on. `simple` is has_short_path of the source.
template <class Stamp>
__device__ inline void locate_tile_row(const StampSource& source, const StampSource& starts, const WantedRows& wanted,
                                       bool simple, std::int64_t first_row, int rows, int mine,
                                       RowQuery<Stamp>& query) noexcept {
  const int first_of_warp = mine / 32 * 32;
  query.wanted = false;
  if (first_of_warp >= rows) return;
  NearRows near;
  if (wanted.at.row_offsets != nullptr) {
    const std::int64_t* offsets = wanted.at.row_offsets;
    const std::int64_t segments = source.segments.count, r = first_row + first_of_warp;
    near = NearRows::of(offsets, segments,
                        simple ? ragged_segment_by_warp(offsets, static_cast<std::int32_t>(segments), r)
                               : ragged_segment_by_warp(offsets, segments, r));
  }
  if (mine >= rows) return;
  if (simple) {
    locate_row<true>(source, starts, wanted, first_row + mine, near, query);
  } else {
    locate_row<false>(source, starts, wanted, first_row + mine, near, query);
  }
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
