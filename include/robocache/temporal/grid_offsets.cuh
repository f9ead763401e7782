// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/block_scan.cuh>
#include <robocache/core/device.cuh>
#include <robocache/temporal/grid_offsets.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

template <class Stamp, int Threads>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads)
    grid_offsets_kernel(const __grid_constant__ GridOffsetsJob job) {
  await_stream();
  const std::int64_t segments = job.args.source.segments.count;
  std::int64_t rows = 0;
  if (threadIdx.x == 0) job.args.row_offsets[0] = 0;
  for (std::int64_t first = 0; first < segments; first += Threads) {
    const std::int64_t s = first + threadIdx.x;
    const std::int64_t mine = s < segments ? grid_rows<Stamp>(job, s) : 0;
    const BlockSums sums = block_sums<Threads>(mine);
    if (s < segments) {
      job.args.row_offsets[s + 1] = saturating_add(rows, saturating_add(sums.before, mine));
    }
    rows = saturating_add(rows, sums.all);
  }
}

}  // namespace detail

template <class First, class... Rest>
Status grid_offsets(const GridOffsetsArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("grid_offsets");
  detail::GridOffsetsJob job;
  ROBOCACHE_CHECK(detail::prepare(args, &job));
  return detail::dispatch_stamp<First, Rest...>(args.source.times.type, [&](auto stamp) {
    constexpr int threads = 1024;
    return detail::launch(detail::grid_offsets_kernel<decltype(stamp), threads>, {1, threads}, stream, job);
  });
}

ROBOCACHE_NAMESPACE_END
