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
  Divisor packs;                 ///< accesses of a row; set by the launch
  Reach reach = Reach::bracket;  ///< the furthest of the groups that share this plan
};

struct ResampleJob : RowsJob {
  const void* values = nullptr;
  std::int64_t pitch_in = 0;
  ReadingRules rules;

  void* out = nullptr;
  std::int64_t pitch_out = 0;
  std::uint8_t* status = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  double fill = 0.0;

  PlacedGroup groups[max_groups];
  std::int32_t group_count = 0;
  std::int64_t width_out = 0;  ///< channels that all groups write
};

inline Status place_groups(const SensorStream& source, ResampleJob* job, std::int64_t* width_out) noexcept {
  if (source.group_count < 0) return {StatusCode::invalid_size, "args.source.group_count: negative"};
  if (source.group_count > max_groups)
    return {StatusCode::invalid_size, "args.source.group_count: more than max_groups"};
  if (source.group_count != 0 && source.groups == nullptr) {
    return {StatusCode::null_pointer, "args.source.groups: null"};
  }
  if (source.values.width > max_width) return {StatusCode::overflow, "args.source.values.width: more than 2^30"};
  if (source.interpolation > Interpolation::angle) {
    return {StatusCode::invalid_value, "args.source.interpolation: unknown"};
  }
  const ChannelGroup whole = channels(static_cast<std::int32_t>(source.values.width), source.interpolation);
  const ChannelGroup* groups = source.group_count == 0 ? &whole : source.groups;
  job->group_count = source.group_count == 0 ? 1 : source.group_count;
  std::int64_t in = 0, out = 0;
  std::int32_t leader = 0;
  for (std::int32_t g = 0; g < job->group_count; ++g) {
    const ChannelGroup& group = groups[g];
    if (group.kind > Interpolation::angle) return {StatusCode::invalid_value, "args.source.groups: unknown kind"};
    if (group.tie > Tie::later) return {StatusCode::invalid_value, "args.source.groups: unknown tie"};
    if (group.from > RotationFormat::rot6d || group.to > RotationFormat::rot6d) {
      return {StatusCode::invalid_value, "args.source.groups: unknown rotation format"};
    }
    if (group.sign > QuaternionSign::as_sample) {
      return {StatusCode::invalid_value, "args.source.groups: unknown quaternion sign"};
    }
    if (group.width < 0) return {StatusCode::invalid_size, "args.source.groups: negative width"};
    if (group.kind == Interpolation::slerp && group.width != channels_of(group.from)) {
      return {StatusCode::invalid_size, "args.source.groups: a slerp group has the width of its rotation format"};
    }
    if (group.derivative && is_step(group.kind)) {
      return {StatusCode::invalid_value, "args.source.groups: a step kind has no derivative"};
    }
    PlacedGroup& placed = job->groups[g];
    static_cast<ChannelGroup&>(placed) = group;
    placed.first_in = static_cast<std::int32_t>(in);
    placed.first_out = static_cast<std::int32_t>(out);
    placed.width_out = output_width(group);
    if (g > 0 && same_plan(job->groups[g - 1], placed)) placed.shares_plan = true;
    if (!placed.shares_plan) leader = g;
    job->groups[leader].reach = larger(job->groups[leader].reach, reach_of(placed.kind));
    in += group.width;
    out += placed.width_out;
    if (in > source.values.width || out > max_width) {
      return {StatusCode::invalid_size, "args.source.groups: wider than args.source.values"};
    }
  }
  if (in != source.values.width) {
    return {StatusCode::invalid_size, "args.source.groups: widths do not add up to args.source.values.width"};
  }
  *width_out = out;
  return {};
}

/// Every mistake the host can see, and the job. Args is ResampleArgs. A job without rows or channels is not to be run.
template <class Args>
Status prepare(const Args& args, ResampleJob* job) noexcept {
  const SensorStream& source = args.source;
  Array in = {nullptr, 0, 1, ""}, out = in;
  ROBOCACHE_CHECK(check_rows(source.values,
                             {"args.source.values.data: null", "args.source.values: negative count or width",
                              "args.source.values.pitch: smaller than the width", "args.source.values.type: unknown",
                              "args.source.values: size in bytes overflows", "args.source.values.data: misaligned"},
                             &in));
  ROBOCACHE_CHECK(
      check_rows(args.out,
                 {"args.out.data: null", "args.out: negative count or width", "args.out.pitch: smaller than the width",
                  "args.out.type: unknown", "args.out: size in bytes overflows", "args.out.data: misaligned"},
                 &out));
  ROBOCACHE_CHECK(check_times_array(source.times, source.values.count, "args.source.times: null",
                                    "args.source.times.type: unknown", "args.source.times: misaligned"));
  ROBOCACHE_CHECK(check_segments(source.segments, source.values.count));
  ROBOCACHE_CHECK(check_clock(source.clock));
  if (source.outside > Outside::extrapolate) return {StatusCode::invalid_value, "args.source.outside: unknown"};
  if (source.gap > Gap::hold) return {StatusCode::invalid_value, "args.source.gap: unknown"};
  if (source.max_gap < 0) return {StatusCode::invalid_value, "args.source.max_gap: negative"};
  if (source.max_age < 0) return {StatusCode::invalid_value, "args.source.max_age: negative"};
  if (source.max_extrapolation < 0) return {StatusCode::invalid_value, "args.source.max_extrapolation: negative"};
  if (source.slack < 0) return {StatusCode::invalid_value, "args.source.slack: negative"};
  std::int64_t width_out = 0;
  ROBOCACHE_CHECK(place_groups(source, job, &width_out));
  if (width_out != args.out.width) {
    return {StatusCode::invalid_size, "args.out.width: not the number of channels that the groups give"};
  }
  ROBOCACHE_CHECK(check_queries(args.at, source.segments.count, source.times.type, args.out.count,
                                "args.out.count: not the number of rows that args.at gives", job));

  std::int64_t status_bytes = 0;
  if (multiply_overflows(args.out.count, job->group_count, &status_bytes)) {
    return {StatusCode::overflow, "args.status: size overflows"};
  }
  const std::int64_t segments = source.segments.count;
  const QueryArrays asked = QueryArrays::of(*job, segments, source.times.type);
  ROBOCACHE_CHECK(check_arrays(
      {in,
       {source.times.data, source.values.count, size_of(source.times.type), "args.source.times: misaligned"},
       {source.segments.offsets, segments + 1, 8, "args.source.segments.offsets: misaligned"},
       {source.clocks, segments, sizeof(Clock), "args.source.clocks: misaligned"},
       {source.scale, width_out, 4, "args.source.scale: misaligned"},
       {source.shift, width_out, 4, "args.source.shift: misaligned"},
       asked.row_offsets,
       asked.times,
       asked.segment_of,
       asked.offsets},
      {out, {args.status, status_bytes, 1, ""}}, "args.out, args.status: overlap an input or each other"));

  job->width_out = width_out;
  job->times = source.times.data;
  job->values = source.values.data;
  job->samples = source.values.count;
  job->pitch_in = source.values.pitch;
  job->segments = source.segments;
  job->clock = source.clock;
  job->clocks = source.clocks;
  job->rules = {source.outside, source.gap, source.max_gap, source.max_age, source.max_extrapolation, source.slack};
  job->out = args.out.data;
  job->pitch_out = args.out.pitch;
  job->status = args.status;
  job->scale = source.scale;
  job->shift = source.shift;
  job->fill = source.fill;
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
