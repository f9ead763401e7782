// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// How the resampling kernels divide the work. A block first finds the brackets of a tile of rows, one row a thread,
/// and then streams the tile's vectors with all its threads, whatever the width of a row.
struct ResampleTuning {
  int threads;             ///< of a block
  int vectors_per_thread;  ///< of a tile; bounds the rows of a tile from above
  int least_rows;          ///< of a tile
  int most_rows;           ///< of a tile, at most `threads`

  friend constexpr bool operator==(const ResampleTuning& a, const ResampleTuning& b) noexcept {
    return a.threads == b.threads && a.vectors_per_thread == b.vectors_per_thread && a.least_rows == b.least_rows &&
           a.most_rows == b.most_rows;
  }
};

/// Rows of a tile where a row has `items` independent pieces: a power of two.
constexpr int tile_rows(const ResampleTuning& tuning, std::int64_t items) noexcept {
  int rows = tuning.least_rows;
  while (rows < tuning.most_rows &&
         2 * rows * items <= static_cast<std::int64_t>(tuning.threads) * tuning.vectors_per_thread) {
    rows *= 2;
  }
  return rows;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
