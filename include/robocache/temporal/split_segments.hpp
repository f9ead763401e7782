// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// Cuts one recording where its clock jumps back (or is NaN) and where it pauses for longer than max_gap.
struct SplitSegmentsArgs {
  Times times;  ///< [count]
  std::int64_t count = 0;
  std::int64_t max_gap = unlimited;       ///< ns, inclusive
  std::int64_t* offsets = nullptr;        ///< [capacity + 1]: CSR, ready for ragged(offsets, capacity)
  std::int64_t capacity = 0;              ///< segments that offsets can hold; at least 1
  std::int64_t* segment_count = nullptr;  ///< [1]: the number found, which may exceed capacity: then only the first
                                          ///< `capacity` segments are in offsets, the last of them ending where it does
};

/// Pointers are host memory. Returns when done. An empty recording has no segment: segment_count 0, offsets[0] 0.
/// Offsets past the last segment are set to `count`: segments beyond *segment_count are empty.
ROBOCACHE_API Status split_segments(const SplitSegmentsArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status split_segments(const SplitSegmentsArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory, on the current device: enqueues one kernel of one block on `stream` (it is meant for once
/// per recording) and returns. Never synchronises, allocates or uses scratch; may be captured into a graph.
///
/// Errors found before the launch, when nothing is written: null_pointer, invalid_size, invalid_value, overflow,
/// aliasing (an output overlaps the stamps or the other output), misaligned, unsupported_type. Of the launch:
/// cuda_error.
ROBOCACHE_API Status split_segments(const SplitSegmentsArgs& args, cudaStream_t stream);
Status split_segments(const SplitSegmentsArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status split_segments(const SplitSegmentsArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status split_segments(const SplitSegmentsArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

inline Status prepare(const SplitSegmentsArgs& args) noexcept {
  if (args.count < 0) return {StatusCode::invalid_size, "args.count: negative"};
  std::int64_t bytes = 0;
  if (multiply_overflows(args.count, 8, &bytes)) return {StatusCode::overflow, "args.count: size overflows"};
  ROBOCACHE_CHECK(check_times_array(args.times, args.count, "args.times: null", "args.times.type: unknown",
                                    "args.times: misaligned"));
  if (args.max_gap < 0) return {StatusCode::invalid_value, "args.max_gap: negative"};
  if (args.capacity < 1) return {StatusCode::invalid_size, "args.capacity: less than 1"};
  if (args.capacity == INT64_MAX || multiply_overflows(args.capacity + 1, 8, &bytes)) {
    return {StatusCode::overflow, "args.capacity: size overflows"};
  }
  if (args.offsets == nullptr) return {StatusCode::null_pointer, "args.offsets: null"};
  if (args.segment_count == nullptr) return {StatusCode::null_pointer, "args.segment_count: null"};
  return check_arrays({{args.times.data, args.count, size_of(args.times.type), "args.times: misaligned"}},
                      {{args.offsets, args.capacity + 1, 8, "args.offsets: misaligned"},
                       {args.segment_count, 1, 8, "args.segment_count: misaligned"}},
                      "args.offsets, args.segment_count: overlap args.times or each other");
}

/// Whether a segment begins at stamp i.
template <class Stamp>
ROBOCACHE_HD inline bool begins_segment(const Stamp* times, std::int64_t i, std::int64_t max_gap) noexcept {
  using Value = time_value_t<Stamp>;
  if (i == 0) return true;
  const Value previous = static_cast<Value>(times[i - 1]), t = static_cast<Value>(times[i]);
  return !(previous <= t) || !within(t, previous, max_gap);
}

}  // namespace detail

template <class First, class... Rest>
Status split_segments(const SplitSegmentsArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));  // one thread: one pass over the stamps, bound by memory
  ROBOCACHE_CHECK(detail::prepare(args));
  return detail::dispatch_stamp<First, Rest...>(args.times.type, [&](auto stamp) {
    const auto* times = static_cast<const decltype(stamp)*>(args.times.data);
    std::int64_t found = 0;
    for (std::int64_t i = 0; i < args.count; ++i) {
      if (!detail::begins_segment(times, i, args.max_gap)) continue;
      if (found <= args.capacity) args.offsets[found] = i;
      ++found;
    }
    for (std::int64_t s = found; s <= args.capacity; ++s) args.offsets[s] = args.count;
    *args.segment_count = found;
    return Status{};
  });
}

ROBOCACHE_NAMESPACE_END
