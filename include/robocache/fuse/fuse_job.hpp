// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/resample/resample_job.hpp>

#include <cstdint>

// What args become after validation: the jobs of the single streams, which write into the same rows.

ROBOCACHE_NAMESPACE_BEGIN

/// Streams that one call fuses.
constexpr std::int32_t max_streams = 32;

/// Channel groups that they have in all.
constexpr std::int32_t max_fuse_groups = 128;

namespace detail {

struct FusedStream : StreamJob {
  std::int64_t pitch_bytes = 0;
  std::int32_t element_bytes = 0;  ///< of the values
  std::int32_t first_group = 0;
  ElementType type = ElementType::f32;  ///< of the values
};

struct FuseJob : WantedRows {
  std::int32_t stream_count = 0;
  std::int64_t* age = nullptr;
  std::int64_t* sample = nullptr;
  FusedStream streams[max_streams];
  PlacedGroup groups[max_fuse_groups];
};

/// Every mistake the host can see, and the job. Args is FuseArgs. A job without rows is not to be run.
template <class Args>
Status prepare(const Args& args, FuseJob* job) noexcept {
  if (args.stream_count < 1) return {StatusCode::invalid_size, "args.stream_count: less than 1"};
  if (args.stream_count > max_streams) return {StatusCode::invalid_size, "args.stream_count: more than max_streams"};
  if (args.streams == nullptr) return {StatusCode::null_pointer, "args.streams: null"};
  job->stream_count = args.stream_count;
  Array out = {nullptr, 0, 1, ""};
  ROBOCACHE_CHECK(check_out(args.out, &out));

  const SensorStream& first = args.streams[0];
  std::int64_t places[max_streams], next_place = 0;
  std::int32_t group_count = 0;
  for (std::int32_t s = 0; s < args.stream_count; ++s) {
    const SensorStream& source = args.streams[s];
    FusedStream& stream = job->streams[s];
    const Status status = prepare_stream(source, max_fuse_groups - group_count, job->groups + group_count, &stream);
    if (!status.ok()) return status.at(s);
    if (source.times.type != first.times.type) {
      return Status(StatusCode::unsupported_type, "source.times.type: differs from that of streams[0]").at(s);
    }
    if (source.segments.count != first.segments.count) {
      return Status(StatusCode::invalid_size, "source.segments.count: differs from that of streams[0]").at(s);
    }
    stream.type = source.values.type;
    stream.element_bytes = static_cast<std::int32_t>(size_of(stream.type));
    stream.pitch_bytes = stream.pitch_in * stream.element_bytes;
    stream.first_group = group_count;
    group_count += stream.group_count;
    places[s] = args.places != nullptr ? args.places[s] : next_place;
    if (places[s] < 0 || places[s] > args.out.width - stream.width_out) {
      return Status(StatusCode::invalid_size, "args.out.width: the stream's channels do not fit at their place").at(s);
    }
    next_place = places[s] + stream.width_out;
    for (std::int32_t other = 0; other < s; ++other) {
      if (larger(places[s], places[other]) < smaller(next_place, places[other] + job->streams[other].width_out)) {
        return Status(StatusCode::aliasing, "args.places: the stream writes channels of another one").at(s);
      }
    }
  }
  ROBOCACHE_CHECK(check_queries(args.at, first.segments.count, first.times.type, args.out.count,
                                "args.out.count: not the number of rows that args.at gives", job));

  std::int64_t status_bytes = 0, ages = 0, age_bytes = 0;
  if (multiply_overflows(args.out.count, group_count, &status_bytes) ||
      multiply_overflows(args.out.count, args.stream_count, &ages) || multiply_overflows(ages, 8, &age_bytes)) {
    return {StatusCode::overflow, "args.status, args.age, args.sample: size overflows"};
  }
  const Array status = {args.status, status_bytes, 1, ""};
  const Array age = {args.age, ages, 8, "args.age: misaligned"};
  const Array sample = {args.sample, ages, 8, "args.sample: misaligned"};
  const char* overlap = "args.out, args.status, args.age, args.sample: overlap an input or each other";
  const QueryArrays asked = QueryArrays::of(*job, first.segments.count, first.times.type);
  ROBOCACHE_CHECK(check_arrays({asked.row_offsets, asked.times, asked.segment_of, asked.offsets},
                               {out, status, age, sample}, overlap));

  for (std::int32_t s = 0; s < args.stream_count; ++s) {
    const Status checked =
        check_stream_arrays(args.streams[s], job->streams[s].width_out, {out, status, age, sample}, overlap);
    if (!checked.ok()) return checked.at(s);
  }

  for (std::int32_t s = 0; s < args.stream_count; ++s) {
    FusedStream& stream = job->streams[s];
    place_stream(args.streams[s], args.out, places[s], args.status, stream.first_group, group_count, &stream);
  }
  job->age = args.age;
  job->sample = args.sample;
  return {};
}

/// The last sample not after the query, and its age. `at` is the place in both arrays.
template <class Stamp>
ROBOCACHE_HD inline void write_age(const FuseJob& job, const RowQuery<Stamp>& query, std::int64_t at) noexcept {
  if (!query.wanted) return;
  const auto found = bracket_of<std::int64_t>(query.stamps, query.guide, query.at);
  const bool exists = found.index >= 0;
  if (job.sample != nullptr) job.sample[at] = exists ? query.first_row + query.stamps.place(found.index) : -1;
  if (job.age != nullptr) job.age[at] = exists ? nanoseconds_between(query.at, found.left) : unlimited;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
