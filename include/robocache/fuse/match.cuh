// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/fuse/match.hpp>
#include <robocache/temporal/rows_job.cuh>

#include <cstdint>
#include <type_traits>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int match_threads = 128;

/// A row a thread. Simple: plain stamps, samples and rows counted in 32 bits, one search.
template <class Stamp, bool Simple, bool IndexOnly>
__device__ inline void match_tile(const MatchJob& job, std::int64_t first) noexcept {
  const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first, match_threads));
  RowQuery<Stamp> query;
  locate_tile_row(job, job, job, Simple, first, rows, static_cast<int>(threadIdx.x), query);
  if (!query.wanted) return;
  if constexpr (Simple) query.stamps = {query.stamps.data, query.stamps.count, Clock{}};
  match_row<std::conditional_t<Simple, std::int32_t, std::int64_t>, Simple, IndexOnly>(job, query, first + threadIdx.x);
}

template <class Stamp, bool Simple, bool IndexOnly>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(match_threads) match_kernel(const __grid_constant__ MatchJob job) {
  await_stream();
  if constexpr (Simple) {  // no loop, whose invariants would be computed ahead for every row
    match_tile<Stamp, true, IndexOnly>(job, blockIdx.x * static_cast<unsigned int>(match_threads));
  } else {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * match_threads;
    for (std::int64_t first = blockIdx.x * std::int64_t{match_threads}; first < job.rows; first += step) {
      match_tile<Stamp, false, false>(job, first);
    }
  }
}

}  // namespace detail

template <class First, class... Rest>
Status match(const MatchArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("match");
  detail::MatchJob job;
  ROBOCACHE_CHECK(detail::prepare(args, &job));
  return detail::dispatch_stamp<First, Rest...>(args.times.type, [&](auto stamp) -> Status {
    using Stamp = decltype(stamp);
    if (job.rows == 0) return {};
    constexpr int threads = detail::match_threads;
    const std::int64_t blocks = detail::smaller<std::int64_t>((job.rows - 1) / threads + 1, INT32_MAX);
    const bool simple = detail::has_short_path(job) && job.rows < INT32_MAX && !detail::searches_twice(job);
    const bool index_only = job.age == nullptr && job.status == nullptr;
    const auto kernel = !simple      ? detail::match_kernel<Stamp, false, false>
                        : index_only ? detail::match_kernel<Stamp, true, true>
                                     : detail::match_kernel<Stamp, true, false>;
    return detail::launch(kernel, {blocks, threads}, stream, job);
  });
}

ROBOCACHE_NAMESPACE_END
