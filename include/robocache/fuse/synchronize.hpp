// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/temporal/bracket.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

constexpr std::int32_t max_sync_streams = 32;

/// The messages of one sensor, known by their stamps.
struct SyncStream {
  Times times;                    ///< [count]
  std::int64_t count = 0;         ///< messages
  Segments segments;              ///< of the messages; every stream has the same number
  Clock clock;                    ///< corrects `times`
  const Clock* clocks = nullptr;  ///< [segments.count], optional: replaces `clock` for each segment
  std::int64_t min_spacing = 0;   ///< ns: the next message cannot come sooner. It only helps to decide about the last
                                  ///< candidate of a segment, see below
};

/// Sets of one message of each stream whose stamps lie close together: the ApproximateTime policy of ROS
/// message_filters (C++) over recorded streams, with queues that never overflow. Each message is used at most once,
/// sets do not cross, and no set fits between two that follow each other.
///
/// - A candidate is the earliest unused message of every stream. Its interval runs from its earliest to its latest
///   stamp; of equal stamps that of the lowest stream is the earliest. While the interval is longer than max_interval,
///   its earliest message is dropped.
/// - The latest message of the first candidate is the pivot: the set to be found contains it. Further candidates come
///   from leaving out the earliest message, again and again, until that is the pivot. A candidate replaces the best one
///   unless (its end - best end) * (1 + age_penalty) >= its start - best start.
/// - The best candidate becomes a set as soon as none that contains the pivot can replace it. What was left out after
///   it may be part of the next set.
/// - Where a stream ends before that is known, its next message is assumed at the pivot's stamp, or min_spacing after
///   its last message, whichever is later. If a candidate with such messages could replace the best one, the segment
///   ends without it.
///
/// The comparison is exact for spans up to 2^53 ns; 1 + age_penalty is rounded to double (ROS 2 rounds the product to
/// whole nanoseconds, which for sorted stamps decides alike). With sorted stamps whose spacing keeps min_spacing the
/// sets are those of the live policy for any order of arrival, but for one: when a stream has run out, the live policy
/// does not look again at what others bring later, and may hold back the last set of a segment. Where stamps decrease,
/// they are read as they come: the result is defined, and uses no message twice. A message whose corrected stamp is NaN
/// or infinite takes no part. Stamps in seconds are compared as doubles, and so are their differences.
///
/// Work for a set is the number of messages between it and its pivot, times streams on the CPU: small unless a stream
/// holds long runs of equal stamps.
struct SynchronizeArgs {
  const SyncStream* streams = nullptr;    ///< [stream_count], host memory, read during the call; one time type for all
  std::int32_t stream_count = 0;          ///< 1 to max_sync_streams
  std::int64_t max_interval = unlimited;  ///< ns from the earliest to the latest message of a set, inclusive
  double age_penalty = 0.1;               ///< how much a later end counts against a candidate; finite, not negative

  std::int64_t* sets = nullptr;       ///< [segments * capacity, stream_count]: rows of each stream's times. Row
                                      ///< s * capacity + k is set k of segment s; -1 past the last
  std::int64_t capacity = 0;          ///< sets that a segment has room for; 0 only counts
  std::int64_t* set_count = nullptr;  ///< [segments]: the number found, which may exceed capacity: then the first
                                      ///< `capacity` are in sets
};

/// Synchronises on the CPU. Pointers are host memory. Returns when done.
ROBOCACHE_API Status synchronize(const SynchronizeArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status synchronize(const SynchronizeArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory, on the current device: enqueues one kernel on `stream`, a warp for each segment, and
/// returns. Never synchronises, allocates or uses scratch; may be captured into a graph.
///
/// Errors found before the launch, when nothing is written: null_pointer, invalid_size, invalid_value, overflow,
/// aliasing (an output overlaps an input or the other output), misaligned, unsupported_type (stamps of several types).
/// Of a stream whose values are wrong, index() says which. Of the launch: cuda_error.
ROBOCACHE_API Status synchronize(const SynchronizeArgs& args, cudaStream_t stream);
Status synchronize(const SynchronizeArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status synchronize(const SynchronizeArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status synchronize(const SynchronizeArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

/// What the loop and the kernel read.
struct SynchronizeJob {
  SyncStream streams[max_sync_streams];
  std::int32_t stream_count;
  std::int64_t segments;
  std::int64_t max_interval;
  double penalty_factor;
  std::int64_t* sets;
  std::int64_t capacity;
  std::int64_t* set_count;
};
static_assert(sizeof(SynchronizeJob) <= 4096, "kernel parameters that every CUDA version and architecture accepts");

inline Status check_stream(const SyncStream& stream, const SyncStream& first) noexcept {
  if (stream.count < 0) return {StatusCode::invalid_size, "args.streams.count: negative"};
  std::int64_t bytes = 0;
  if (multiply_overflows(stream.count, 8, &bytes)) return {StatusCode::overflow, "args.streams.count: size overflows"};
  ROBOCACHE_CHECK(check_times_array(stream.times, stream.count, "args.streams.times: null",
                                    "args.streams.times.type: unknown", "args.streams.times: misaligned"));
  if (stream.times.type != first.times.type) {
    return {StatusCode::unsupported_type, "args.streams.times.type: streams differ"};
  }
  ROBOCACHE_CHECK(check_segments(stream.segments, stream.count));
  if (stream.segments.count != first.segments.count) {
    return {StatusCode::invalid_size, "args.streams.segments.count: streams differ"};
  }
  ROBOCACHE_CHECK(check_clock(stream.clock));
  if (stream.min_spacing < 0) return {StatusCode::invalid_value, "args.streams.min_spacing: negative"};
  return {};
}

inline Status prepare(const SynchronizeArgs& args, SynchronizeJob* job) noexcept {
  if (args.stream_count < 1 || args.stream_count > max_sync_streams) {
    return {StatusCode::invalid_size, "args.stream_count: outside [1, 32]"};
  }
  if (args.streams == nullptr) return {StatusCode::null_pointer, "args.streams: null"};
  const SyncStream* end = args.streams + args.stream_count;
  for (const SyncStream* stream = args.streams; stream != end; ++stream) {
    const Status status = check_stream(*stream, *args.streams);
    if (!status.ok()) return status.at(static_cast<int>(stream - args.streams));
  }
  if (args.max_interval < 0) return {StatusCode::invalid_value, "args.max_interval: negative"};
  if (!(args.age_penalty >= 0.0) || !is_finite(args.age_penalty)) {
    return {StatusCode::invalid_value, "args.age_penalty: must be finite and not negative"};
  }
  if (args.capacity < 0) return {StatusCode::invalid_size, "args.capacity: negative"};
  const std::int64_t segments = args.streams->segments.count;
  std::int64_t indices = 0, bytes = 0;
  if (multiply_overflows(segments, args.capacity, &indices) ||
      multiply_overflows(indices, args.stream_count, &indices) || multiply_overflows(indices, 8, &bytes)) {
    return {StatusCode::overflow, "args.capacity: size of args.sets overflows"};
  }
  if (args.sets == nullptr && indices != 0) return {StatusCode::null_pointer, "args.sets: null"};
  if (args.set_count == nullptr && segments != 0) return {StatusCode::null_pointer, "args.set_count: null"};
  for (const SyncStream* stream = args.streams; stream != end; ++stream) {
    ROBOCACHE_CHECK(check_arrays(
        {{stream->times.data, stream->count, size_of(stream->times.type), "args.streams.times: misaligned"},
         {stream->segments.offsets, segments + 1, 8, "args.streams.segments: misaligned"},
         {stream->clocks, segments, sizeof(Clock), "args.streams.clocks: misaligned"}},
        {{args.sets, indices, 8, "args.sets: misaligned"}, {args.set_count, segments, 8, "args.set_count: misaligned"}},
        "args.sets, args.set_count: overlap an input or each other"));
  }
  std::copy(args.streams, end, job->streams);
  job->stream_count = args.stream_count;
  job->segments = segments;
  job->max_interval = args.max_interval;
  job->penalty_factor = 1.0 + args.age_penalty;
  job->sets = args.sets;
  job->capacity = args.capacity;
  job->set_count = args.set_count;
  return {};
}

/// One stream's messages in a segment: those before `head` are used, dropped or left out for now.
template <class Stamp>
struct MessageQueue {
  using Value = time_value_t<Stamp>;

  Stamps<Stamp> stamps = {};
  std::int64_t first_row = 0;
  std::int64_t min_spacing = 0;
  std::int64_t head = 0;
  std::int64_t candidate = 0;  ///< this stream's message in the best candidate
  Value time = Value(0);       ///< of the head; of the last message if the queue is empty

  MessageQueue() = default;
  ROBOCACHE_HD MessageQueue(const SynchronizeJob& job, std::int32_t stream, std::int64_t segment) noexcept {
    const SyncStream& source = job.streams[stream];
    const RowRange rows = segment_rows(source.segments, segment, source.count);
    stamps =
        stamps_of<Stamp>(source.times.data, rows, source.clocks != nullptr ? source.clocks[segment] : source.clock);
    first_row = rows.begin;
    min_spacing = source.min_spacing;
    seek(0);
  }

  ROBOCACHE_HD bool empty() const noexcept { return head == stamps.count; }
  /// The head becomes the first message from i on that has a finite stamp.
  ROBOCACHE_HD void seek(std::int64_t i) noexcept {
    for (head = i; head < stamps.count; ++head) {
      const Value t = stamps[head];
      if (!is_finite(t)) continue;
      time = t;
      return;
    }
  }
  /// The earliest stamp that a message after the last may have, as far as it matters.
  ROBOCACHE_HD void expect_next(Value pivot_time) noexcept { time = larger(pivot_time, moved(time, min_spacing)); }
};

/// From the earliest to the latest head of all queues.
template <class Value>
struct HeadInterval {
  Value start, end;
  std::int32_t earliest;  ///< the stream that it starts with
};

ROBOCACHE_HD inline double signed_span(std::int64_t a, std::int64_t b) noexcept {
  return a >= b ? span<double>(a, b) : -span<double>(b, a);
}
ROBOCACHE_HD inline double signed_span(double a, double b) noexcept { return a - b; }

/// (end - best_end) * factor >= start - best_start. The product is exact: rounded, and where that decides nothing, its
/// rounding error.
template <class Value>
ROBOCACHE_HD inline bool outweighs(Value end, Value best_end, Value start, Value best_start, double factor) noexcept {
  const double later_end = signed_span(end, best_end), later_start = signed_span(start, best_start);
  const double product = rounded_product(later_end, factor);
  return product == later_start ? fma(later_end, factor, -product) >= 0.0 : product > later_start;
}

/// Whether no message that has yet to come can make a candidate better than `best`. Queues that are empty hold the
/// earliest stamp of their next message afterwards. The pivot's head stays: with it as the earliest, both comparisons
/// are one. So what is left out is a message, since no expected one is earlier than the pivot.
template <class Queues, class Value>
ROBOCACHE_HD inline bool is_final(Queues& queues, const HeadInterval<Value>& best, Value pivot_time,
                                  std::int32_t left_out, double factor) noexcept {
  for (;;) {
    queues.expect_next(left_out, pivot_time);
    const HeadInterval<Value> heads = queues.interval();
    if (outweighs(heads.end, best.end, pivot_time, best.start, factor)) return true;
    if (!outweighs(heads.end, best.end, heads.start, best.start, factor)) return false;
    left_out = heads.earliest;
    queues.advance(left_out);
  }
}

/// The policy, for one segment; returns the number of sets. Queues are the heads of all streams: the host loops over
/// them, a warp holds one in each lane.
template <class Queues>
ROBOCACHE_HD inline std::int64_t find_sets(Queues& queues, const SynchronizeJob& job) noexcept {
  using Value = typename Queues::Value;
  std::int64_t found = 0;
  bool searching = false;  // there is a best candidate, and a pivot
  Value pivot_time = Value(0);
  HeadInterval<Value> best = {};
  while (queues.complete()) {
    const HeadInterval<Value> heads = queues.interval();
    const bool first = !searching;
    if (first && !within(heads.end, heads.start, job.max_interval)) {
      queues.advance(heads.earliest);
      continue;
    }
    if (first) pivot_time = heads.end;
    if (first || !outweighs(heads.end, best.end, heads.start, best.start, job.penalty_factor)) {
      best = heads;
      queues.take();
    }
    queues.advance(heads.earliest);
    // A later candidate ends where this one does or later, and starts at the pivot at the latest. That ends the search
    // also where this one starts with the pivot.
    searching = !outweighs(heads.end, best.end, pivot_time, best.start, job.penalty_factor) &&
                (queues.complete() || !is_final(queues, best, pivot_time, heads.earliest, job.penalty_factor));
    if (searching) continue;
    queues.publish(found);
    ++found;
  }
  return found;
}

/// What a segment leaves in the outputs beside its sets; `lane` of `lanes` does its share.
ROBOCACHE_HD inline void finish_segment(const SynchronizeJob& job, std::int64_t segment, std::int64_t found, int lane,
                                        int lanes) noexcept {
  const std::int64_t first = (segment * job.capacity + found) * job.stream_count;
  const std::int64_t end = (segment + 1) * job.capacity * job.stream_count;
  for (std::int64_t i = first + lane; i < end; i += lanes) job.sets[i] = -1;
  if (lane == 0) job.set_count[segment] = found;
}

/// All queues of a segment, one after the other.
template <class Stamp>
class HostQueues {
 public:
  using Value = time_value_t<Stamp>;

  HostQueues(const SynchronizeJob& job, std::int64_t segment) noexcept
      : rows_(job.sets + segment * job.capacity * job.stream_count), capacity_(job.capacity), count_(job.stream_count) {
    for (std::int32_t i = 0; i < count_; ++i) queues_[i] = MessageQueue<Stamp>(job, i, segment);
  }

  bool complete() const noexcept {
    return std::none_of(queues_, queues_ + count_, [](const MessageQueue<Stamp>& queue) { return queue.empty(); });
  }
  HeadInterval<Value> interval() const noexcept {
    HeadInterval<Value> heads = {queues_[0].time, queues_[0].time, 0};
    for (std::int32_t i = 1; i < count_; ++i) {
      const Value time = queues_[i].time;
      if (time < heads.start) heads.start = time, heads.earliest = i;
      heads.end = larger(heads.end, time);
    }
    return heads;
  }
  void advance(std::int32_t stream) noexcept { queues_[stream].seek(queues_[stream].head + 1); }
  void expect_next(std::int32_t stream, Value pivot_time) noexcept {
    if (queues_[stream].empty()) queues_[stream].expect_next(pivot_time);
  }
  void take() noexcept {
    for (std::int32_t i = 0; i < count_; ++i) queues_[i].candidate = queues_[i].head;
  }
  void publish(std::int64_t set) noexcept {
    for (std::int32_t i = 0; i < count_; ++i) {
      if (set < capacity_) rows_[set * count_ + i] = queues_[i].first_row + queues_[i].candidate;
      queues_[i].seek(queues_[i].candidate + 1);
    }
  }

 private:
  MessageQueue<Stamp> queues_[max_sync_streams];
  std::int64_t* rows_;
  std::int64_t capacity_;
  std::int32_t count_;
};

}  // namespace detail

template <class First, class... Rest>
Status synchronize(const SynchronizeArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  detail::SynchronizeJob job;
  ROBOCACHE_CHECK(detail::prepare(args, &job));
  return detail::dispatch_stamp<First, Rest...>(args.streams->times.type, [&](auto stamp) {
    detail::parallel_for(host, job.segments, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) {
        detail::HostQueues<decltype(stamp)> queues(job, s);
        detail::finish_segment(job, s, detail::find_sets(queues, job), 0, 1);
      }
    });
    return Status{};
  });
}

ROBOCACHE_NAMESPACE_END
