// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The sum of the values of all threads before this one in a block of Threads, and of the whole block. Values are not
/// negative; sums are held at INT64_MAX. Every thread of the block calls it; it ends with a barrier.
struct BlockSums {
  std::int64_t before;
  std::int64_t all;
};
template <int Threads>
__device__ inline BlockSums block_sums(std::int64_t value) noexcept {
  static_assert(Threads % 32 == 0 && Threads <= 1024, "whole warps, and one warp that sums them");
  __shared__ std::int64_t warp_sums[32];
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const auto scan = [lane](std::int64_t sum) {
    for (int step = 1; step < 32; step *= 2) {
      const std::int64_t other = __shfl_up_sync(0xffffffffu, sum, static_cast<unsigned int>(step));
      if (lane >= step) sum = saturating_add(sum, other);
    }
    return sum;
  };
  const std::int64_t sum = scan(value);
  if (lane == 31) warp_sums[warp] = sum;
  __syncthreads();
  if (warp == 0) {
    const std::int64_t sums = scan(lane < Threads / 32 ? warp_sums[lane] : 0);
    warp_sums[lane] = sums;
  }
  __syncthreads();
  const std::int64_t of_lower_warps = warp == 0 ? 0 : warp_sums[warp - 1];
  const std::int64_t lower_lanes = __shfl_up_sync(0xffffffffu, sum, 1);
  const BlockSums sums = {saturating_add(of_lower_warps, lane == 0 ? 0 : lower_lanes), warp_sums[31]};
  __syncthreads();
  return sums;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
