// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/temporal/rows_job.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The segment of ragged row r, found by a whole warp together: 33 parts a step. Every lane calls it with the same r.
__device__ inline std::int64_t ragged_segment_by_warp(const std::int64_t* offsets, std::int64_t segments,
                                                      std::int64_t r) noexcept {
  const std::int64_t lane = threadIdx.x % 32;
  std::int64_t low = -1, high = segments + 1;
  while (high - low > 1) {
    const std::int64_t step = (high - low + 31) / 32;
    const std::int64_t probe = low + (lane + 1) * step;
    const bool before = probe < high && offsets[probe] <= r;
    const int passed = __popc(__ballot_sync(0xffffffffu, before));
    low += passed * step;
    high = smaller(high, low + step);
  }
  return low;
}

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
    const std::int64_t segments = source.segments.count;
    near = NearRows::of(offsets, segments, ragged_segment_by_warp(offsets, segments, first_row + first_of_warp));
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
