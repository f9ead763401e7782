// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/status.hpp>
#include <robocache/core/views.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/temporal/interpolate.hpp>
#include <robocache/temporal/rows_job.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#include <cstdint>
#include <initializer_list>

// What args become after validation: one flat, trivially copyable description that the CPU loop and the GPU kernel
// read.

ROBOCACHE_NAMESPACE_BEGIN

/// Channel groups that one stream may have.
constexpr std::int32_t max_groups = 32;

/// Channels that one stream may have, in or out.
constexpr std::int64_t max_width = std::int64_t{1} << 30;

namespace detail {

/// A channel group and its place in the rows.
struct PlacedGroup : ChannelGroup {
  std::int32_t first_in = 0;
  std::int32_t first_out = 0;
  std::int32_t width_out = 0;
  bool shares_plan = false;      ///< with the group before
  Reach reach = Reach::bracket;  ///< the furthest of the groups that share this plan
  Divisor packs;                 ///< accesses of a row; set by the launch
};

inline bool has_two_point_only(const PlacedGroup* groups, std::int32_t count) noexcept {
  bool all = true;
  for (std::int32_t g = 0; g < count; ++g) all = all && is_two_point(groups[g].kind) && !groups[g].derivative;
  return all;
}
inline bool has_smooth(const PlacedGroup* groups, std::int32_t count) noexcept {
  bool any = false;
  for (std::int32_t g = 0; g < count; ++g) any = any || is_smooth(groups[g].kind);
  return any;
}

/// One stream, and where its rows go.
struct StreamJob : StampSource {
  const void* values = nullptr;
  std::int64_t pitch_in = 0;
  std::int64_t ring = 0;  ///< elements of a ring buffer; 0: samples lie in order
  ReadingRules rules;

  void* out = nullptr;  ///< the stream's first channel of the first row
  std::int64_t pitch_out = 0;
  std::uint8_t* status = nullptr;  ///< its first group of the first row
  std::int32_t pitch_status = 0;
  std::int32_t group_count = 0;
  std::int64_t width_out = 0;  ///< channels that all groups write
  const float* scale = nullptr;
  const float* shift = nullptr;
  std::uint64_t fill_bits = 0;  ///< the fill value in the output's type, from the lowest address on

  template <class Out>
  ROBOCACHE_HD Out fill() const noexcept {
    Out value;
    memcpy(&value, &fill_bits, sizeof(Out));  // flawfinder: ignore: 8 bytes at most
    return value;
  }
};

/// One stream at the wanted rows, for the CPU.
struct StreamRows {
  const StreamJob& job;
  const PlacedGroup* groups;  ///< [job.group_count]
  const WantedRows& wanted;
  const StampSource& starts;  ///< where a grid of first stamps starts
};

/// Of resample.
struct ResampleJob : StreamJob, WantedRows {
  PlacedGroup groups[max_groups];
};

/// The channel groups of a stream, into `placed`, which has room for `room`.
inline Status place_groups(const SensorStream& source, std::int32_t room, PlacedGroup* placed,
                           StreamJob* job) noexcept {
  if (source.group_count < 0) return {StatusCode::invalid_size, "source.group_count: negative"};
  if (source.group_count > max_groups) return {StatusCode::invalid_size, "source.group_count: more than max_groups"};
  if (source.group_count != 0 && source.groups == nullptr) return {StatusCode::null_pointer, "source.groups: null"};
  if (source.values.width > max_width) return {StatusCode::overflow, "source.values.width: more than 2^30"};
  if (source.interpolation > Interpolation::angle) {
    return {StatusCode::invalid_value, "source.interpolation: unknown"};
  }
  const ChannelGroup whole = channels(static_cast<std::int32_t>(source.values.width), source.interpolation);
  const ChannelGroup* groups = source.group_count == 0 ? &whole : source.groups;
  job->group_count = source.group_count == 0 ? 1 : source.group_count;
  if (job->group_count > room) return {StatusCode::invalid_size, "source.groups: more than max_fuse_groups in all"};
  std::int64_t in = 0, out = 0;
  std::int32_t leader = 0;
  for (std::int32_t g = 0; g < job->group_count; ++g) {
    const ChannelGroup& group = groups[g];
    if (group.kind > Interpolation::angle) return {StatusCode::invalid_value, "source.groups: unknown kind"};
    if (group.tie > Tie::later) return {StatusCode::invalid_value, "source.groups: unknown tie"};
    if (group.from > RotationFormat::rot6d || group.to > RotationFormat::rot6d) {
      return {StatusCode::invalid_value, "source.groups: unknown rotation format"};
    }
    if (group.sign > QuaternionSign::as_sample) {
      return {StatusCode::invalid_value, "source.groups: unknown quaternion sign"};
    }
    if (group.width < 0) return {StatusCode::invalid_size, "source.groups: negative width"};
    if (group.kind == Interpolation::slerp && group.width != channels_of(group.from)) {
      return {StatusCode::invalid_size, "source.groups: a slerp group has the width of its rotation format"};
    }
    if (group.derivative && is_step(group.kind)) {
      return {StatusCode::invalid_value, "source.groups: a step kind has no derivative"};
    }
    PlacedGroup& place = placed[g];
    static_cast<ChannelGroup&>(place) = group;
    place.first_in = static_cast<std::int32_t>(in);
    place.first_out = static_cast<std::int32_t>(out);
    place.width_out = output_width(group);
    if (g > 0 && same_plan(placed[g - 1], place)) place.shares_plan = true;
    if (!place.shares_plan) leader = g;
    placed[leader].reach = larger(placed[leader].reach, reach_of(place.kind));
    in += group.width;
    out += place.width_out;
    if (in > source.values.width || out > max_width) {
      return {StatusCode::invalid_size, "source.groups: wider than source.values"};
    }
  }
  if (in != source.values.width) {
    return {StatusCode::invalid_size, "source.groups: widths do not add up to source.values.width"};
  }
  job->width_out = out;
  return {};
}

/// The matrix that results go to.
inline Status check_out(const Rows& out, Array* array) noexcept {
  return check_rows(
      out,
      {"args.out.data: null", "args.out: negative count or width", "args.out.pitch: smaller than the width",
       "args.out.type: unknown", "args.out: size in bytes overflows", "args.out.data: misaligned"},
      array);
}

/// Every mistake in a stream but overlaps, and the job, which has no output yet.
inline Status prepare_stream(const SensorStream& source, std::int32_t room, PlacedGroup* placed,
                             StreamJob* job) noexcept {
  Array in = {nullptr, 0, 1, ""};
  ROBOCACHE_CHECK(check_rows(source.values,
                             {"source.values.data: null", "source.values: negative count or width",
                              "source.values.pitch: smaller than the width", "source.values.type: unknown",
                              "source.values: size in bytes overflows", "source.values.data: misaligned"},
                             &in));
  std::int64_t bytes = 0;
  if (multiply_overflows(source.values.count, 8, &bytes)) {
    return {StatusCode::overflow, "source.times: size in bytes overflows"};
  }
  ROBOCACHE_CHECK(check_times_array(source.times, source.values.count, "source.times: null",
                                    "source.times.type: unknown", "source.times: misaligned"));
  ROBOCACHE_CHECK(check_segments(source.segments, source.values.count));
  ROBOCACHE_CHECK(check_clock(source.clock));
  ROBOCACHE_CHECK(check_rings(source.rings, source.segments));
  if (source.outside > Outside::extrapolate) return {StatusCode::invalid_value, "source.outside: unknown"};
  if (source.gap > Gap::hold) return {StatusCode::invalid_value, "source.gap: unknown"};
  if (source.max_gap < 0) return {StatusCode::invalid_value, "source.max_gap: negative"};
  if (source.max_age < 0) return {StatusCode::invalid_value, "source.max_age: negative"};
  if (source.max_extrapolation < 0) return {StatusCode::invalid_value, "source.max_extrapolation: negative"};
  if (source.slack < 0) return {StatusCode::invalid_value, "source.slack: negative"};
  ROBOCACHE_CHECK(place_groups(source, room, placed, job));

  job->times = source.times.data;
  job->samples = source.values.count;
  job->segments = source.segments;
  job->clock = source.clock;
  job->clocks = source.clocks;
  job->rings = source.rings;
  job->values = source.values.data;
  // Of one row, or without channels, it may be huge.
  const bool has_pitch = source.values.count > 1 && source.values.width > 0;
  job->pitch_in = has_pitch ? source.values.pitch : source.values.width;
  if (source.rings != nullptr && source.segments.count > 0) {
    job->ring = segment_rows(source.segments, 0, source.values.count).end * job->pitch_in;
  }
  job->rules = {source.outside, source.gap, source.max_gap, source.max_age, source.max_extrapolation, source.slack};
  job->scale = source.scale;
  job->shift = source.shift;
  return {};
}

template <class Out>
std::uint64_t fill_bits(double fill) noexcept {
  const Out value = Narrow<Out>::from(fill);
  std::uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(Out));  // flawfinder: ignore: 8 bytes at most
  return bits;
}

/// Where the stream's rows go: from channel `place` of `out` and group `first_group` of the status on.
inline void place_stream(const SensorStream& source, const Rows& out, std::int64_t place, std::uint8_t* status,
                         std::int32_t first_group, std::int32_t groups, StreamJob* job) noexcept {
  if (out.data != nullptr) job->out = static_cast<char*>(out.data) + place * size_of(out.type);
  job->pitch_out = out.width > 0 ? out.pitch : 0;  // without channels it may be huge
  if (status != nullptr) job->status = status + first_group;
  job->pitch_status = groups;
  job->fill_bits = out.type == ElementType::f32   ? fill_bits<float>(source.fill)
                   : out.type == ElementType::f64 ? fill_bits<double>(source.fill)
                   : out.type == ElementType::f16 ? fill_bits<Half>(source.fill)
                                                  : fill_bits<BFloat16>(source.fill);
}

/// That a stream's arrays are aligned and no output overlaps them. `source` passed prepare_stream, which counted
/// `width_out`.
inline Status check_stream_arrays(const SensorStream& source, std::int64_t width_out,
                                  std::initializer_list<Array> outputs, const char* overlap) noexcept {
  const std::int64_t segments = source.segments.count, samples = source.values.count;
  const std::int64_t elements =
      samples == 0 || source.values.width == 0 ? 0 : (samples - 1) * source.values.pitch + source.values.width;
  return check_arrays({{source.values.data, elements * size_of(source.values.type), 1, ""},
                       {source.times.data, samples, size_of(source.times.type), "source.times: misaligned"},
                       {source.segments.offsets, segments + 1, 8, "source.segments.offsets: misaligned"},
                       {source.clocks, segments, sizeof(Clock), "source.clocks: misaligned"},
                       {source.rings, segments, sizeof(Ring), "source.rings: misaligned"},
                       {source.scale, width_out, 4, "source.scale: misaligned"},
                       {source.shift, width_out, 4, "source.shift: misaligned"}},
                      outputs, overlap);
}

/// Every mistake the host can see, and the job. Args is ResampleArgs. A job without rows is not to be run: there is
/// nothing to write.
template <class Args>
Status prepare(const Args& args, ResampleJob* job) noexcept {
  const SensorStream& source = args.source;
  Array out = {nullptr, 0, 1, ""};
  ROBOCACHE_CHECK(check_out(args.out, &out));
  ROBOCACHE_CHECK(prepare_stream(source, max_groups, job->groups, job));
  if (job->width_out != args.out.width) {
    return {StatusCode::invalid_size, "args.out.width: not the number of channels that the groups give"};
  }
  ROBOCACHE_CHECK(check_queries(args.at, source.segments.count, source.times.type, args.out.count,
                                "args.out.count: not the number of rows that args.at gives", job));
  std::int64_t status_bytes = 0;
  if (multiply_overflows(args.out.count, job->group_count, &status_bytes)) {
    return {StatusCode::overflow, "args.status: size overflows"};
  }
  const Array status = {args.status, status_bytes, 1, ""};
  const char* overlap = "args.out, args.status: overlap an input or each other";
  const QueryArrays asked = QueryArrays::of(*job, source.segments.count, source.times.type);
  ROBOCACHE_CHECK(check_stream_arrays(source, job->width_out, {out, status}, overlap));
  ROBOCACHE_CHECK(
      check_arrays({asked.row_offsets, asked.times, asked.segment_of, asked.offsets}, {out, status}, overlap));

  place_stream(source, args.out, 0, args.status, 0, job->group_count, job);
  if (job->width_out == 0 && job->status == nullptr) job->rows = 0;
  return {};
}

/// On the way out: value * scale + shift of one output channel, fused, then rounded.
struct Affine {
  const float* scale;
  const float* shift;

  template <class F>
  ROBOCACHE_HD F operator()(F value, std::int64_t channel) const noexcept {
    if (scale == nullptr && shift == nullptr) return value;
    // -0 is the neutral addend: it keeps the sign of a zero.
    return fma(value, scale != nullptr ? static_cast<F>(scale[channel]) : F(1),
               shift != nullptr ? static_cast<F>(shift[channel]) : F(-0.0));
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
