// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// The ragged rows of a grid that ends with each segment.
struct GridOffsetsArgs {
  SensorStream source;                  ///< times, values.count, segments, clock and clocks are used
  Queries at;                           ///< a grid; its steps and row_offsets are not used
  std::int64_t* row_offsets = nullptr;  ///< [segments + 1], for every(rate, row_offsets)
};

/// row_offsets[s+1] - row_offsets[s] is the number of grid times in segment s that are not after its last corrected
/// stamp; row_offsets[0] is 0. An empty segment has none. In a segment within rate.den seconds of 2^63 ns some may be
/// missing or too many. Segments that are ring buffers are refused. Pointers are host memory. Returns when done.
ROBOCACHE_API Status grid_offsets(const GridOffsetsArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status grid_offsets(const GridOffsetsArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory, on the current device: enqueues one kernel of one block on `stream` and returns. Never
/// synchronises, allocates or uses scratch; may be captured into a graph.
///
/// Errors found before the launch, when nothing is written: null_pointer, invalid_size, invalid_value (a kind of
/// queries that is no grid among them), overflow, aliasing (row_offsets overlap an input), misaligned,
/// unsupported_type. Of the launch: cuda_error.
ROBOCACHE_API Status grid_offsets(const GridOffsetsArgs& args, cudaStream_t stream);
Status grid_offsets(const GridOffsetsArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status grid_offsets(const GridOffsetsArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status grid_offsets(const GridOffsetsArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

/// What the loop and the kernel read.
struct GridOffsetsJob {
  GridOffsetsArgs args;
  GridStep grid;
};

inline Status prepare(const GridOffsetsArgs& args, GridOffsetsJob* job) noexcept {
  const SensorStream& source = args.source;
  if (source.values.count < 0) return {StatusCode::invalid_size, "args.source.values.count: negative"};
  std::int64_t bytes = 0;
  if (multiply_overflows(source.values.count, 8, &bytes)) {
    return {StatusCode::overflow, "args.source.values.count: size overflows"};
  }
  ROBOCACHE_CHECK(check_times_array(source.times, source.values.count, "args.source.times: null",
                                    "args.source.times.type: unknown", "args.source.times: misaligned"));
  ROBOCACHE_CHECK(check_segments(source.segments, source.values.count));
  ROBOCACHE_CHECK(check_clock(source.clock));
  if (source.rings != nullptr) return {StatusCode::invalid_value, "args.source.rings: offsets are of recordings"};
  if (args.at.kind != Queries::Kind::grid) return {StatusCode::invalid_value, "args.at.kind: not a grid"};
  ROBOCACHE_CHECK(check_grid(args.at, source.segments.count, source.times.type, &job->grid));
  if (args.row_offsets == nullptr) return {StatusCode::null_pointer, "args.row_offsets: null"};
  const bool starts = args.at.start == Queries::Start::per_segment;
  const std::int64_t segments = source.segments.count, stamp_bytes = size_of(source.times.type);
  ROBOCACHE_CHECK(check_arrays({{source.times.data, source.values.count, stamp_bytes, "args.source.times: misaligned"},
                                {source.segments.offsets, segments + 1, 8, "args.source.segments: misaligned"},
                                {source.clocks, segments, sizeof(Clock), "args.source.clocks: misaligned"},
                                {starts ? args.at.times.data : nullptr, segments, stamp_bytes, "starts: misaligned"}},
                               {{args.row_offsets, segments + 1, 8, "args.row_offsets: misaligned"}},
                               "args.row_offsets: overlaps an input"));
  job->args = args;
  return {};
}

/// The number of steps k with start + nanoseconds(k) <= last, at most longest().
ROBOCACHE_HD inline std::int64_t steps_until(const GridStep& grid, std::int64_t start, std::int64_t last) noexcept {
  if (last < start) return 0;
  const std::uint64_t length = smaller<std::uint64_t>(distance(last, start), INT64_MAX);
  const auto period = static_cast<std::uint64_t>(grid.period);
  const std::int64_t longest = INT64_MAX / (grid.whole + 1);
  const std::uint64_t rounds = length / period;
  if (rounds >= static_cast<std::uint64_t>(longest / grid.num)) {
    // within one round of the limit: not a recording
    return longest;
  }
  const double rest = static_cast<double>(length % period) * static_cast<double>(grid.num);
  std::int64_t k = static_cast<std::int64_t>(rounds) * grid.num +
                   static_cast<std::int64_t>(divide(rest, static_cast<double>(grid.period)));
  while (static_cast<std::uint64_t>(grid.nanoseconds(k)) > length) --k;
  while (static_cast<std::uint64_t>(grid.nanoseconds(k + 1)) <= length) ++k;
  return k + 1;
}
ROBOCACHE_HD inline std::int64_t steps_until(const GridStep& grid, double start, double last) noexcept {
  constexpr double most = 4503599627370496.0;  // 2^52: beyond, steps are no longer told apart
  const double steps = divide((last - start) * grid.rate_num, grid.den);
  if (!(steps >= 0.0)) return 0;
  if (steps >= most) return static_cast<std::int64_t>(most);
  auto k = static_cast<std::int64_t>(steps);
  // The quotient is off by a few roundings at most; where stamps are so coarse that more steps fall on one time, the
  // count is that of the quotient.
  for (int i = 0; i < 2 && k > 0 && !(grid_time(grid, start, k) <= last); ++i) --k;
  for (int i = 0; i < 2 && grid_time(grid, start, k + 1) <= last; ++i) ++k;
  return k + 1;
}

/// The number of rows of segment s.
template <class Stamp>
ROBOCACHE_HD inline std::int64_t grid_rows(const GridOffsetsJob& job, std::int64_t s) noexcept {
  const SensorStream& source = job.args.source;
  const RowRange range = segment_rows(source.segments, s, source.values.count);
  const Stamps<Stamp> stamps =
      stamps_of<Stamp>(source.times.data, range, source.clocks != nullptr ? source.clocks[s] : source.clock);
  if (stamps.count == 0) return 0;
  return steps_until(job.grid, grid_start<Stamp>(job.args.at, stamps[0], s), stamps[stamps.count - 1]);
}

}  // namespace detail

template <class First, class... Rest>
Status grid_offsets(const GridOffsetsArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));  // one thread: a few operations a segment
  detail::GridOffsetsJob job;
  ROBOCACHE_CHECK(detail::prepare(args, &job));
  return detail::dispatch_stamp<First, Rest...>(args.source.times.type, [&](auto stamp) {
    std::int64_t rows = 0;
    args.row_offsets[0] = 0;
    for (std::int64_t s = 0; s < args.source.segments.count; ++s) {
      rows = detail::saturating_add(rows, detail::grid_rows<decltype(stamp)>(job, s));
      args.row_offsets[s + 1] = rows;
    }
    return Status{};
  });
}

ROBOCACHE_NAMESPACE_END
