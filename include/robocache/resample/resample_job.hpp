// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/status.hpp>
#include <robocache/core/views.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/temporal/grid.hpp>
#include <robocache/temporal/interpolate.hpp>
#include <robocache/temporal/queries.hpp>
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

struct ResampleJob {
  const void* times = nullptr;
  const void* values = nullptr;
  std::int64_t samples = 0;
  std::int64_t pitch_in = 0;
  Segments segments;
  Clock clock;
  const Clock* clocks = nullptr;
  ReadingRules rules;

  Queries at;
  GridStep grid;
  Divisor by_steps;
  std::int64_t rows = 0;  ///< of the output; ragged queries may leave some of them alone

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

/// The rows that `at` asks for, checked against those of the output.
inline Status check_queries(const Queries& at, const SensorStream& source, std::int64_t rows, GridStep* grid) noexcept {
  const std::int64_t segments = source.segments.count;
  if (at.kind > Queries::Kind::windows) return {StatusCode::invalid_value, "args.at.kind: unknown"};
  if (at.steps < 0) return {StatusCode::invalid_size, "args.at.steps: negative"};
  const bool ragged_rows = at.row_offsets != nullptr;
  if (ragged_rows && (at.kind == Queries::Kind::shared_times || at.kind == Queries::Kind::windows)) {
    return {StatusCode::invalid_value, "args.at.row_offsets: only stored times and grids have ragged rows"};
  }
  const std::int64_t repeats = at.kind == Queries::Kind::windows ? at.anchor_count : segments;
  if (repeats < 0) return {StatusCode::invalid_size, "args.at.anchor_count: negative"};
  if (!ragged_rows) {
    std::int64_t wanted = 0;
    if (multiply_overflows(repeats, at.steps, &wanted)) {
      return {StatusCode::overflow, "args.at.steps: rows overflow"};
    }
    if (wanted != rows) return {StatusCode::invalid_size, "args.out.count: not the number of rows that args.at gives"};
  }
  if (rows == 0) return {};
  if (at.kind == Queries::Kind::grid) {
    ROBOCACHE_CHECK(check_grid(at, source, grid));
    if ((ragged_rows ? rows : at.steps) > grid->longest()) {
      return {StatusCode::overflow, "args.at.steps: the grid leaves int64 nanoseconds"};
    }
    return {};
  }
  ROBOCACHE_CHECK(check_times_array(at.times, rows, "args.at.times: null", "args.at.times.type: unknown",
                                    "args.at.times: misaligned"));
  if (at.times.type != source.times.type) {
    return {StatusCode::unsupported_type, "args.at.times.type: differs from the stream's time type"};
  }
  if (at.kind == Queries::Kind::windows) {
    if (at.segment_of == nullptr) return {StatusCode::null_pointer, "args.at.segment_of: null"};
    ROBOCACHE_CHECK(check_times_array(at.offsets, rows, "args.at.offsets: null", "args.at.offsets.type: unknown",
                                      "args.at.offsets: misaligned"));
    if (at.offsets.type != source.times.type) {
      return {StatusCode::unsupported_type, "args.at.offsets.type: differs from the stream's time type"};
    }
  }
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
  ROBOCACHE_CHECK(check_queries(args.at, source, args.out.count, &job->grid));

  std::int64_t status_bytes = 0;
  if (multiply_overflows(args.out.count, job->group_count, &status_bytes)) {
    return {StatusCode::overflow, "args.status: size overflows"};
  }
  const Queries& at = args.at;
  const std::int64_t segments = source.segments.count, stamp_bytes = size_of(source.times.type);
  const bool grid_starts = at.kind == Queries::Kind::grid && at.start == Queries::Start::per_segment;
  const bool is_window = at.kind == Queries::Kind::windows;
  const std::int64_t stored_times = at.kind == Queries::Kind::times          ? args.out.count
                                    : at.kind == Queries::Kind::shared_times ? at.steps
                                    : is_window                              ? at.anchor_count
                                    : grid_starts                            ? segments
                                                                             : 0;
  ROBOCACHE_CHECK(check_arrays(
      {in,
       {source.times.data, source.values.count, stamp_bytes, "args.source.times: misaligned"},
       {source.segments.offsets, segments + 1, 8, "args.source.segments.offsets: misaligned"},
       {source.clocks, segments, sizeof(Clock), "args.source.clocks: misaligned"},
       {source.scale, width_out, 4, "args.source.scale: misaligned"},
       {source.shift, width_out, 4, "args.source.shift: misaligned"},
       {at.row_offsets, segments + 1, 8, "args.at.row_offsets: misaligned"},
       {stored_times != 0 ? at.times.data : nullptr, stored_times, stamp_bytes, "args.at.times: misaligned"},
       {is_window ? at.segment_of : nullptr, at.anchor_count, 8, "args.at.segment_of: misaligned"},
       {is_window ? at.offsets.data : nullptr, at.steps, stamp_bytes, "args.at.offsets: misaligned"}},
      {out, {args.status, status_bytes, 1, ""}}, "args.out, args.status: overlap an input or each other"));

  job->by_steps = Divisor(larger<std::int64_t>(at.steps, 1));
  job->width_out = width_out;
  job->times = source.times.data;
  job->values = source.values.data;
  job->samples = source.values.count;
  job->pitch_in = source.values.pitch;
  job->segments = source.segments;
  job->clock = source.clock;
  job->clocks = source.clocks;
  job->rules = {source.outside, source.gap, source.max_gap, source.max_age, source.max_extrapolation, source.slack};
  job->at = args.at;
  job->rows = args.out.count;
  job->out = args.out.data;
  job->pitch_out = args.out.pitch;
  job->status = args.status;
  job->scale = source.scale;
  job->shift = source.shift;
  job->fill = source.fill;
  return {};
}

/// Where a row's value comes from: a segment's stamps, and a time.
template <class Stamp>
struct RowQuery {
  Stamps<Stamp> stamps = {nullptr, 0, {}};      ///< none where the row has no segment
  SearchGuide<time_value_t<Stamp>> guide = {};  ///< of stamps
  time_value_t<Stamp> at = {};
  std::int64_t first_row = 0;  ///< the source row of stamps[0]
  std::int64_t segment = -1;   ///< whose stamps these are; -1: none yet
  bool wanted = true;          ///< false: the row is outside every segment of ragged rows and stays as it is
};

ROBOCACHE_HD inline std::int64_t later_by(std::int64_t t, std::int64_t by) noexcept { return saturating_add(t, by); }
ROBOCACHE_HD inline double later_by(double t, double by) noexcept { return t + by; }

/// Whether stamps are used as they are logged. A template argument below, so that the corrections cost nothing then.
inline bool has_plain_clock(const ResampleJob& job) noexcept {
  return job.clocks == nullptr && job.clock.offset == 0 && job.clock.drift == 0.0;
}

/// Locates row r. `row` is that of an earlier row, whose segment is kept if it is the same, or a fresh one. `near` is a
/// guess of the segment, where rows are ragged.
template <bool PlainClock, class Stamp>
ROBOCACHE_HD inline void locate_row(const ResampleJob& job, std::int64_t r, std::int64_t near,
                                    RowQuery<Stamp>& row) noexcept {
  using Value = time_value_t<Stamp>;
  const Queries& at = job.at;
  std::int64_t block, step;  // segment (or anchor) and position in it
  row.wanted = true;
  if (at.row_offsets != nullptr) {
    block = ragged_segment_near(at.row_offsets, job.segments.count, r, near);
    row.wanted = block >= 0 && block < job.segments.count;
    if (!row.wanted) return;
    step = r - larger<std::int64_t>(at.row_offsets[block], 0);
  } else {
    block = job.by_steps.divide(r);
    step = r - block * at.steps;
  }
  const std::int64_t s = at.kind == Queries::Kind::windows ? at.segment_of[block] : block;
  if (s < 0 || s >= job.segments.count) {
    row = {};
    return;
  }
  if (s != row.segment) {
    const RowRange range = segment_rows(job.segments, s, job.samples);
    const Clock clock = job.clocks != nullptr ? job.clocks[s] : job.clock;
    row.stamps = stamps_of<Stamp>(job.times, range, PlainClock ? Clock{} : clock);
    row.guide = SearchGuide<Value>::of(row.stamps);
    row.first_row = range.begin;
    row.segment = s;
  }
  if (PlainClock) row.stamps.clock = Clock{};  // says so to the compiler, whatever row held
  const Stamp* times = static_cast<const Stamp*>(at.times.data);
  switch (at.kind) {
    case Queries::Kind::times:
      row.at = static_cast<Value>(times[r]);
      break;
    case Queries::Kind::shared_times:
      row.at = static_cast<Value>(times[step]);
      break;
    case Queries::Kind::grid:
      row.at = grid_time(job.grid, grid_start<Stamp>(at, row.guide.first, s), step);
      break;
    case Queries::Kind::windows:
      row.at = later_by(static_cast<Value>(times[block]),
                        static_cast<Value>(static_cast<const Stamp*>(at.offsets.data)[step]));
      break;
  }
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
