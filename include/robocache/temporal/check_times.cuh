// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/temporal/check_times.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int check_times_threads = 256;

// Templates, like every kernel here, so that only what is called is compiled.
template <class Stamp>
ROBOCACHE_HIDDEN __global__ void clear_offences_kernel(const __grid_constant__ CheckTimesArgs args) {
  await_stream();
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * check_times_threads;
  for (std::int64_t s = blockIdx.x * static_cast<std::int64_t>(check_times_threads) + threadIdx.x;
       s < args.segments.count; s += step) {
    args.offences[s] = no_offence;
  }
}

/// A stamp a thread; the smallest packed offence of a segment is its first.
template <class Stamp>
ROBOCACHE_HIDDEN __global__ void find_offences_kernel(const __grid_constant__ CheckTimesArgs args) {
  await_stream();
  const Stamp* times = static_cast<const Stamp*>(args.times.data);
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * check_times_threads;
  for (std::int64_t i = blockIdx.x * static_cast<std::int64_t>(check_times_threads) + threadIdx.x; i < args.count;
       i += step) {
    // Most stamps are right: the segment is looked for only where the stamp would be wrong in the middle of one.
    const TimeFault suspicion = fault_of(times, 0, i, args.duplicates, args.max_gap);
    if (suspicion == TimeFault::none) continue;
    const std::int64_t s = segment_of_row(args.segments, i);
    if (s < 0 || s >= args.segments.count) continue;
    const RowRange rows = segment_rows(args.segments, s, args.count);
    const TimeFault fault = fault_of(times, rows.begin, i, args.duplicates, args.max_gap);
    if (fault == TimeFault::none) continue;
    atomicMin(reinterpret_cast<long long*>(args.offences + s), static_cast<long long>(pack_offence(i, fault)));
  }
}

}  // namespace detail

template <class First, class... Rest>
Status check_times(const CheckTimesArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("check_times");
  ROBOCACHE_CHECK(detail::prepare(args));
  return detail::dispatch_stamp<First, Rest...>(args.times.type, [&](auto stamp) -> Status {
    using Stamp = decltype(stamp);
    constexpr int threads = detail::check_times_threads;
    const auto blocks = [](std::int64_t items) {
      return detail::smaller<std::int64_t>((items + threads - 1) / threads, 1 << 16);
    };
    if (args.segments.count == 0) return {};
    ROBOCACHE_CHECK(
        detail::launch(detail::clear_offences_kernel<Stamp>, {blocks(args.segments.count), threads}, stream, args));
    if (args.count == 0) return {};
    return detail::launch(detail::find_offences_kernel<Stamp>, {blocks(args.count), threads}, stream, args);
  });
}

ROBOCACHE_NAMESPACE_END
