// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// What the values of a warp's lanes up to this one add up to. Every lane calls it.
template <class T, class Add>
__device__ inline T warp_prefix_sum(T value, const Add& add) noexcept {
  const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const T lower = __shfl_up_sync(0xffffffffu, value, static_cast<unsigned int>(step));
    if (lane >= step) value = add(value, lower);
  }
  return value;
}
template <class T>
__device__ inline T warp_prefix_sum(T value) noexcept {
  return warp_prefix_sum(value, [](T a, T b) { return a + b; });
}

/// The same of a block's threads, and the sum of all of them. `of_warps` is in shared memory; there is a barrier before
/// it is read, none after.
template <class T, int Warps>
__device__ inline T block_prefix_sum(T value, T (&of_warps)[Warps], T* all) noexcept {
  const auto thread = static_cast<int>(threadIdx.x);
  T sum = warp_prefix_sum(value);
  if (thread % 32 == 31) of_warps[thread / 32] = sum;
  __syncthreads();
  *all = 0;
#pragma unroll
  for (int w = 0; w < Warps; ++w) {
    if (w == thread / 32) sum += *all;
    *all += of_warps[w];
  }
  return sum;
}

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
  const auto add = [](std::int64_t a, std::int64_t b) { return saturating_add(a, b); };
  const std::int64_t sum = warp_prefix_sum(value, add);
  if (lane == 31) warp_sums[warp] = sum;
  __syncthreads();
  if (warp == 0) {
    const std::int64_t sums = warp_prefix_sum(lane < Threads / 32 ? warp_sums[lane] : 0, add);
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
