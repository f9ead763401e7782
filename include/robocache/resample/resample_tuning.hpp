// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// How the resampling kernels divide the work: see resample_kernels.cuh.
struct ResampleTuning {
  int threads;           ///< of a block
  int blocks;            ///< of a multiprocessor, at least: bounds the registers
  int batch;             ///< reads of a thread in flight
  int items_per_thread;  ///< of a tile; with least_rows and most_rows gives its rows
  int least_rows;
  int most_rows;  ///< at most `threads`

  friend constexpr bool operator==(const ResampleTuning& a, const ResampleTuning& b) noexcept {
    return a.threads == b.threads && a.blocks == b.blocks && a.batch == b.batch &&
           a.items_per_thread == b.items_per_thread && a.least_rows == b.least_rows && a.most_rows == b.most_rows;
  }
};

/// The two-point kernel, by the bytes of one access of the input and those of the arithmetic type. Measured on an H100
/// (docs/performance.md): wide accesses want many small tiles, narrow ones long tiles, whose samples are prefetched.
constexpr ResampleTuning two_point_tuning(std::size_t access, std::size_t arithmetic) noexcept {
  return access == 16 && arithmetic == 4 ? ResampleTuning{128, 8, 2, 4, 16, 128}
                                         : ResampleTuning{128, 8, 2, 8, 16, 128};
}

/// The kernel for one smooth group, by the bytes of the arithmetic type: of a warp, whose tile it is, but for
/// `blocks`, which are of four warps.
constexpr ResampleTuning smooth_tuning(std::size_t arithmetic) noexcept {
  return arithmetic == 8 ? ResampleTuning{32, 5, 1, 16, 8, 32} : ResampleTuning{32, 10, 1, 16, 8, 32};
}

/// The groups kernel, by the bytes of the arithmetic type, with and without smooth kinds.
constexpr ResampleTuning groups_tuning(std::size_t arithmetic, bool smooth) noexcept {
  return arithmetic == 8 ? ResampleTuning{128, 4, 2, 8, 16, 128}
         : smooth        ? ResampleTuning{128, 7, 2, 8, 16, 128}
                         : ResampleTuning{128, 8, 2, 8, 16, 128};
}

/// Elements of an output row, and its pitch, above which a tile is one row: places within a tile are 32-bit numbers.
constexpr std::int64_t widest_row = std::int64_t{1} << 21;

/// Rows of a tile where a row has `items` independent pieces: a power of two.
constexpr int tile_rows(const ResampleTuning& tuning, std::int64_t items) noexcept {
  int rows = tuning.least_rows;
  while (rows < tuning.most_rows &&
         2 * rows * items <= static_cast<std::int64_t>(tuning.threads) * tuning.items_per_thread) {
    rows *= 2;
  }
  return rows;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
