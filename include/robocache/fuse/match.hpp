// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/temporal/interpolate.hpp>
#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/rows_job.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// As-of join: for each query the one sample of its segment that stands for it, as pandas' merge_asof.
/// Pointers are device memory for stream calls and host memory for Host calls. Durations are nanoseconds for every time
/// type. Stamps of one segment should not decrease; where they do, results stay defined and memory-safe, and
/// status_unsorted says so.
struct MatchArgs {
  /// Values are stable.
  enum class Direction : std::uint8_t {
    backward = 0,  ///< the last sample not after the query; of equal stamps the last
    forward = 1,   ///< the first sample not before the query; of equal stamps the first
    nearest = 2,   ///< the nearer of the last not after the query and the first after it
  };

  Times times;  ///< [count]
  std::int64_t count = 0;
  Segments segments;              ///< of the samples; default one segment
  Clock clock;                    ///< corrects `times`
  const Clock* clocks = nullptr;  ///< [segments.count], optional: replaces `clock` for each segment
  const Ring* rings = nullptr;    ///< [segments.count], optional: the stamps of each segment are a ring buffer

  Queries at;             ///< of the time type of `times`
  std::int64_t rows = 0;  ///< as many as `at` gives; with ragged queries row_offsets[segments]

  Direction direction = Direction::backward;
  Tie tie = Tie::earlier;              ///< nearest only: pandas takes the earlier of two equally near, polars the later
  bool allow_exact = true;             ///< false: only samples before (after) the query, as slack moves it, not at it
  std::int64_t tolerance = unlimited;  ///< |query - stamp|, inclusive
  std::int64_t slack = 0;  ///< backward and forward: the sample is looked for from the query plus (minus) this; one
                           ///< that only slack reaches is held, whether or not the query lies in the recording

  std::int64_t* index = nullptr;   ///< [rows]: the row of `times`, not of the segment; -1: none
  std::int64_t* age = nullptr;     ///< [rows], optional: query minus corrected stamp, ns, held at the ends of int64;
                                   ///< `unlimited` where there is none. From seconds rounded to nearest, ties to even
  std::uint8_t* status = nullptr;  ///< [rows], optional: sample_status.hpp, as of a step kind with Outside::clamp:
                                   ///< exact; held; clamped for a query beyond the recording; filled where there is
                                   ///< none, because outside (or a NaN query), stale (beyond the tolerance) or empty
};

/// Matches on the CPU. Shapes, errors and results are those of the stream overload; pointers are host memory. Returns
/// when done.
ROBOCACHE_API Status match(const MatchArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status match(const MatchArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// Matches on the current device: enqueues one kernel on `stream` and returns. Never synchronises, allocates or uses
/// scratch; may be captured into a graph. Writes one element of each output for every row of `args.at`; rows outside
/// every segment of ragged queries stay as they are. Results are the same on CPU and GPU.
///
/// Errors found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output overlaps an
/// input or another output), misaligned, unsupported_type. Of the launch: cuda_error. Nothing is written then.
ROBOCACHE_API Status match(const MatchArgs& args, cudaStream_t stream);
Status match(const MatchArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status match(const MatchArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status match(const MatchArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

/// What the loop and the kernel read.
struct MatchJob : RowsJob {
  MatchArgs::Direction direction = MatchArgs::Direction::backward;
  Tie tie = Tie::earlier;
  bool allow_exact = true;
  std::int64_t tolerance = unlimited;
  std::int64_t slack = 0;
  std::int64_t* index = nullptr;
  std::int64_t* age = nullptr;
  std::uint8_t* status = nullptr;
};

inline Status prepare(const MatchArgs& args, MatchJob* job) noexcept {
  std::int64_t bytes = 0;
  if (args.count < 0) return {StatusCode::invalid_size, "args.count: negative"};
  if (multiply_overflows(args.count, 8, &bytes)) return {StatusCode::overflow, "args.count: size overflows"};
  ROBOCACHE_CHECK(check_times_array(args.times, args.count, "args.times: null", "args.times.type: unknown",
                                    "args.times: misaligned"));
  ROBOCACHE_CHECK(check_segments(args.segments, args.count));
  ROBOCACHE_CHECK(check_clock(args.clock));
  ROBOCACHE_CHECK(check_rings(args.rings, args.segments));
  if (args.direction > MatchArgs::Direction::nearest) {
    return {StatusCode::invalid_value, "args.direction: unknown"};
  }
  if (args.tie > Tie::later) return {StatusCode::invalid_value, "args.tie: unknown"};
  if (args.tolerance < 0) return {StatusCode::invalid_value, "args.tolerance: negative"};
  if (args.slack < 0) return {StatusCode::invalid_value, "args.slack: negative"};
  if (args.rows < 0) return {StatusCode::invalid_size, "args.rows: negative"};
  if (multiply_overflows(args.rows, 8, &bytes)) return {StatusCode::overflow, "args.rows: size overflows"};
  const std::int64_t segments = args.segments.count;
  ROBOCACHE_CHECK(check_queries(args.at, segments, args.times.type, args.rows,
                                "args.rows: not the number of rows that args.at gives", job));
  if (args.index == nullptr && args.rows != 0) return {StatusCode::null_pointer, "args.index: null"};
  const QueryArrays asked = QueryArrays::of(*job, segments, args.times.type);
  ROBOCACHE_CHECK(check_arrays({{args.times.data, args.count, size_of(args.times.type), "args.times: misaligned"},
                                {args.segments.offsets, segments + 1, 8, "args.segments.offsets: misaligned"},
                                {args.clocks, segments, sizeof(Clock), "args.clocks: misaligned"},
                                {args.rings, segments, sizeof(Ring), "args.rings: misaligned"},
                                asked.row_offsets,
                                asked.times,
                                asked.segment_of,
                                asked.offsets},
                               {{args.index, args.rows, 8, "args.index: misaligned"},
                                {args.age, args.rows, 8, "args.age: misaligned"},
                                {args.status, args.rows, 1, ""}},
                               "args.index, args.age, args.status: overlap an input or each other"));
  static_cast<StampSource&>(*job) = {args.times.data, args.count, args.segments, args.clock, args.clocks, args.rings};
  job->direction = args.direction;
  job->tie = args.tie;
  job->allow_exact = args.allow_exact;
  job->tolerance = args.tolerance;
  job->slack = args.slack;
  job->index = args.index;
  job->age = args.age;
  job->status = args.status;
  return {};
}

/// Whether a row may take two searches: its neighbours on either side of samples at its own time.
ROBOCACHE_HD inline bool searches_twice(const MatchJob& job) noexcept {
  return job.direction == MatchArgs::Direction::nearest && !job.allow_exact;
}

/// Matches one row, and writes it. Index is the type of sample indices, as for bracket_of. Once: the job never searches
/// twice. IndexOnly: nobody asks for age and status.
template <class Index, bool Once, bool IndexOnly, class Stamp>
ROBOCACHE_HD inline void match_row(const MatchJob& job, const RowQuery<Stamp>& query, std::int64_t r) noexcept {
  using Direction = MatchArgs::Direction;
  using Value = time_value_t<Stamp>;
  const Stamps<Stamp>& t = query.stamps;
  const Value q = query.at;
  const bool backward = job.direction == Direction::backward, forward = job.direction == Direction::forward;
  ChannelGroup group;
  group.kind = backward ? Interpolation::previous : forward ? Interpolation::next : Interpolation::nearest;
  group.tie = job.tie;

  // Left is the last stamp before `sought` or at it; right is the first stamp that is not left.
  Value sought = q;
  if (job.slack != 0 && (backward || forward)) sought = moved(q, backward ? job.slack : -job.slack);
  Bracket<Value> found = {-1, query.guide.first, query.guide.first};
  const bool strictly = backward ? !job.allow_exact : forward && job.allow_exact;
  if (!strictly || !is_lowest(sought)) {
    found = bracket_of<Index>(t, query.guide, strictly ? predecessor(sought) : sought);
  }
  if (!Once && searches_twice(job) && found.index >= 0 && found.left == q) {
    const Bracket<Value> before = bracket_before<Index>(t, query.guide, q);
    bool takes_left = before.index >= 0;
    if (takes_left && found.index + 1 < t.count) {
      takes_left = !right_is_nearest(Bracket<Value>{before.index, before.left, found.right}, q, job.tie);
    }
    group.kind = takes_left ? Interpolation::previous : Interpolation::next;
    if (takes_left) found = before;
  }

  if (IndexOnly && group.kind == Interpolation::nearest && job.tolerance == unlimited && found.index >= 0 &&
      found.index + 1 < t.count) {  // what is usual, in few instructions
    job.index[r] = query.first_row + t.place(found.index + (right_is_nearest(found, q, job.tie) ? 1 : 0));
    return;
  }
  ReadingRules rules;
  rules.outside = Outside::clamp;
  rules.max_age = job.tolerance;
  SamplePlan<float> plan;
  plan_sample_into<float>(plan, t, query.first_row, q, found, group, rules, Reach::bracket,
                          !IndexOnly && job.status != nullptr);
  const bool matched = plan.action == Action::sample;
  job.index[r] = matched ? plan.left : -1;
  if (IndexOnly) return;
  if (job.age != nullptr) {
    const bool is_left = found.index >= 0 && plan.left - query.first_row == t.place(found.index);
    const Value stamp = is_left ? found.left : found.right;
    job.age[r] = matched ? nanoseconds_between(q, stamp) : unlimited;
  }
  if (job.status != nullptr) job.status[r] = plan.status;
}

template <class Stamp, bool Plain>
__attribute__((flatten)) void match_rows(const MatchJob& job, std::int64_t begin, std::int64_t end) noexcept {
  RowQuery<Stamp> query;
  for (std::int64_t r = begin; r < end; ++r) {
    locate_row<Plain>(job, r, NearRows::of(job.at.row_offsets, job.segments.count, query.segment), query);
    if (query.wanted) match_row<std::int64_t, false, false>(job, query, r);
  }
}

}  // namespace detail

template <class First, class... Rest>
Status match(const MatchArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  detail::MatchJob job;
  ROBOCACHE_CHECK(detail::prepare(args, &job));
  return detail::dispatch_stamp<First, Rest...>(args.times.type, [&](auto stamp) {
    using Stamp = decltype(stamp);
    constexpr std::int64_t rows_per_thread = 1 << 11;  // a thread costs some 20 us to start
    const auto run =
        detail::has_plain_stamps(job) ? &detail::match_rows<Stamp, true> : &detail::match_rows<Stamp, false>;
    detail::parallel_for(host, job.rows, rows_per_thread,
                         [&job, run](std::int64_t begin, std::int64_t end) { run(job, begin, end); });
    return Status{};
  });
}

ROBOCACHE_NAMESPACE_END
