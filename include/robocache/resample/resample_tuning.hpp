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

#ifndef TUNE_TWO
#define TUNE_TWO 256, 4, 2, 4, 16, 256
#endif
#ifndef TUNE_GROUPS
#define TUNE_GROUPS 128, 8, 1, 8, 16, 128
#endif
/// `bytes` is the size of one access of the input.
constexpr ResampleTuning two_point_tuning(std::size_t bytes) noexcept {
  return bytes == 16 ? ResampleTuning{TUNE_TWO} : ResampleTuning{TUNE_TWO};
}
/// `bytes` is the size of the arithmetic type.
constexpr ResampleTuning groups_tuning(std::size_t bytes) noexcept {
  return bytes == 8 ? ResampleTuning{128, 4, 1, 8, 16, 128} : ResampleTuning{TUNE_GROUPS};
}

/// A tile's accesses are counted in 32 bits.
constexpr std::int64_t widest_two_point = INT32_MAX / 1024;

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
