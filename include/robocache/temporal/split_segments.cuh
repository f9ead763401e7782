// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/block_scan.cuh>
#include <robocache/core/device.cuh>
#include <robocache/temporal/split_segments.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// One block walks over the recording, so that segments come out in order without scratch.
template <class Stamp, int Threads>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads)
    split_segments_kernel(const __grid_constant__ SplitSegmentsArgs args) {
  await_stream();
  constexpr int each = 8;  // neighbouring stamps of a thread: fewer barriers
  const Stamp* times = static_cast<const Stamp*>(args.times.data);
  std::int64_t found = 0;
  for (std::int64_t first = 0; first < args.count; first += Threads * each) {
    const std::int64_t mine = first + static_cast<std::int64_t>(threadIdx.x) * each;
    unsigned int begins = 0;
#pragma unroll
    for (int k = 0; k < each; ++k) {
      if (mine + k < args.count && begins_segment(times, mine + k, args.max_gap)) begins |= 1u << k;
    }
    const BlockSums sums = block_sums<Threads>(__popc(begins));
    std::int64_t s = found + sums.before;
    for (int k = 0; k < each; ++k) {
      if ((begins >> k & 1u) == 0) continue;
      if (s <= args.capacity) args.offsets[s] = mine + k;
      ++s;
    }
    found += sums.all;
  }
  for (std::int64_t s = found + threadIdx.x; s <= args.capacity; s += Threads) args.offsets[s] = args.count;
  if (threadIdx.x == 0) *args.segment_count = found;
}

}  // namespace detail

template <class First, class... Rest>
Status split_segments(const SplitSegmentsArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("split_segments");
  ROBOCACHE_CHECK(detail::prepare(args));
  return detail::dispatch_stamp<First, Rest...>(args.times.type, [&](auto stamp) {
    constexpr int threads = 1024;
    return detail::launch(detail::split_segments_kernel<decltype(stamp), threads>, {1, threads}, stream, args);
  });
}

ROBOCACHE_NAMESPACE_END
