// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "checks.hpp"
#include "draw.hpp"

#include <robocache/fuse/fuse.hpp>
#include <robocache/fuse/gather_rows.hpp>
#include <robocache/fuse/match.hpp>
#include <robocache/fuse/synchronize.hpp>
#include <robocache/resample/resample.hpp>
#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/split_segments.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace robocache_validate {
namespace {

using robocache::ElementType;
using robocache::TimeType;

template <std::size_t N, class T>
T drawn_from(Random& random, const std::array<T, N>& values) {
  return values[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(N)))];
}

std::int64_t segment_count(Random& random) { return drawn_from(random, std::array<std::int64_t, 5>{1, 1, 3, 17, 200}); }

TimeType time_type(Random& random) {
  return drawn_from(random, std::array<TimeType, 4>{TimeType::int64_ns, TimeType::int64_ns, TimeType::f64_seconds,
                                                    TimeType::f32_seconds});
}

/// Of the compiled library: src/combinations.hpp.
struct Combination {
  TimeType time;
  ElementType in, out;
};
constexpr std::array<Combination, 12> combinations = {{{TimeType::int64_ns, ElementType::f32, ElementType::f32},
                                                       {TimeType::int64_ns, ElementType::f32, ElementType::f16},
                                                       {TimeType::int64_ns, ElementType::f32, ElementType::bf16},
                                                       {TimeType::int64_ns, ElementType::f64, ElementType::f64},
                                                       {TimeType::int64_ns, ElementType::f64, ElementType::f32},
                                                       {TimeType::int64_ns, ElementType::f64, ElementType::bf16},
                                                       {TimeType::int64_ns, ElementType::f16, ElementType::f16},
                                                       {TimeType::int64_ns, ElementType::bf16, ElementType::bf16},
                                                       {TimeType::f64_seconds, ElementType::f64, ElementType::f64},
                                                       {TimeType::f64_seconds, ElementType::f32, ElementType::f32},
                                                       {TimeType::f32_seconds, ElementType::f32, ElementType::f32},
                                                       {TimeType::f32_seconds, ElementType::bf16, ElementType::bf16}}};

std::string shape_of(const DrawnTimes& times) {
  return std::to_string(times.segments.count) + " segments, " + std::to_string(times.stamps.size()) +
         " stamps of type " + std::to_string(static_cast<int>(times.type));
}

void check_resample(Trial& trial) {
  Random& random = trial.random();
  const Combination types = drawn_from(random, combinations);
  const DrawnStream source = DrawnStream::of(trial, types.time, types.in, segment_count(random));
  const DrawnQueries at = DrawnQueries::of(trial, source.times);
  const std::int64_t pitch = source.out_width + random.below(4);
  const std::string shape = shape_of(source.times) + ", " + std::to_string(at.rows) + " rows x " +
                            std::to_string(source.out_width) + ", types " + std::to_string(static_cast<int>(types.in)) +
                            " to " + std::to_string(static_cast<int>(types.out));
  trial.compare("resample", shape, [&](Memory& memory) {
    robocache::ResampleArgs args;
    args.source = source.place(memory);
    args.at = at.place(memory);
    args.out = {memory.output("out", at.rows * pitch, types.out), types.out, at.rows, source.out_width, pitch};
    args.status = memory.output<std::uint8_t>("status", at.rows * source.group_count());
    return call_of([args](auto where) { return robocache::resample(args, where); });
  });
}

void check_fuse(Trial& trial) {
  Random& random = trial.random();
  const bool is_ns = !random.one_in(4);
  const TimeType time = is_ns ? TimeType::int64_ns : TimeType::f64_seconds;
  const ElementType out = is_ns ? drawn_from(random, std::array<ElementType, 4>{ElementType::f32, ElementType::f64,
                                                                                ElementType::f16, ElementType::bf16})
                                : ElementType::f32;
  const std::int64_t segments = segment_count(random), count = random.between(1, 6);
  std::vector<DrawnStream> streams;
  std::int64_t width = 0, groups = 0;
  for (std::int64_t s = 0; s < count; ++s) {
    const auto in = is_ns ? drawn_from(random, std::array<ElementType, 4>{ElementType::f32, ElementType::f64,
                                                                          ElementType::f16, ElementType::bf16})
                          : drawn_from(random, std::array<ElementType, 2>{ElementType::f32, ElementType::f64});
    streams.push_back(DrawnStream::of(trial, time, in, segments));
    width += streams.back().out_width;
    groups += streams.back().group_count();
  }
  const DrawnQueries at = DrawnQueries::of(trial, streams[0].times);
  trial.compare("fuse",
                std::to_string(count) + " streams, " + shape_of(streams[0].times) + ", " + std::to_string(at.rows) +
                    " rows x " + std::to_string(width) + ", to type " + std::to_string(static_cast<int>(out)),
                [&](Memory& memory) {
                  auto placed = std::make_shared<std::vector<robocache::SensorStream>>();
                  for (const DrawnStream& stream : streams) placed->push_back(stream.place(memory));
                  robocache::FuseArgs args;
                  args.streams = placed->data();
                  args.stream_count = static_cast<std::int32_t>(count);
                  args.at = at.place(memory);
                  args.out = {memory.output("out", at.rows * width, out), out, at.rows, width, width};
                  args.status = memory.output<std::uint8_t>("status", at.rows * groups);
                  args.age = memory.output<std::int64_t>("age", at.rows * count);
                  args.sample = memory.output<std::int64_t>("sample", at.rows * count);
                  return call_of([args, placed](auto where) { return robocache::fuse(args, where); });
                });
}

void check_match(Trial& trial) {
  Random& random = trial.random();
  const DrawnTimes times = DrawnTimes::of(trial, time_type(random), segment_count(random));
  const DrawnQueries at = DrawnQueries::of(trial, times);
  robocache::MatchArgs options;
  options.direction = static_cast<robocache::MatchArgs::Direction>(random.below(3));
  options.tie = static_cast<robocache::Tie>(random.below(2));
  options.allow_exact = !random.one_in(3);
  if (random.one_in(2)) options.tolerance = 2 * times.period;
  if (random.one_in(3)) options.slack = times.period / 2;
  trial.compare("match", shape_of(times) + ", " + std::to_string(at.rows) + " rows", [&](Memory& memory) {
    robocache::MatchArgs args = options;
    args.times = times.place(memory);
    args.count = times.segments.rows();
    args.segments = times.segments.place(memory);
    args.clock = times.clock;
    if (!times.clocks.empty()) args.clocks = memory.input(times.clocks);
    if (!times.rings.empty()) args.rings = memory.input(times.rings);
    args.at = at.place(memory);
    args.rows = at.rows;
    args.index = memory.output<std::int64_t>("index", at.rows);
    args.age = memory.output<std::int64_t>("age", at.rows);
    args.status = memory.output<std::uint8_t>("status", at.rows);
    return call_of([args](auto where) { return robocache::match(args, where); });
  });
}

void check_gather_rows(Trial& trial) {
  Random& random = trial.random();
  struct Types {
    ElementType in, out;
  };
  const auto [in, out] = drawn_from(random, std::array<Types, 10>{{{ElementType::u8, ElementType::f32},
                                                                   {ElementType::u8, ElementType::f16},
                                                                   {ElementType::u8, ElementType::bf16},
                                                                   {ElementType::u8, ElementType::u8},
                                                                   {ElementType::f32, ElementType::bf16},
                                                                   {ElementType::f32, ElementType::f16},
                                                                   {ElementType::f32, ElementType::f32},
                                                                   {ElementType::bf16, ElementType::bf16},
                                                                   {ElementType::f64, ElementType::f64},
                                                                   {ElementType::f16, ElementType::f16}}});
  // Where rows are copied alone, without affine or another layout.
  const bool is_copy = in == ElementType::f64 || in == ElementType::f16;
  const std::int64_t channels = drawn_from(random, std::array<std::int64_t, 4>{1, 3, 4, 17});
  const std::int64_t width = channels * random.between(1, drawn_from(random, std::array<std::int64_t, 3>{5, 60, 900}));
  const std::int64_t rows = trial.size(300), wanted = trial.size(600), pitch_in = width + random.below(5),
                     pitch_out = width + random.below(5);
  std::vector<double> values(static_cast<std::size_t>(rows * pitch_in));
  for (double& v : values) v = random.one_in(100) ? 1e30 * random.signed_unit() : 4.0 * random.signed_unit();
  std::vector<std::int64_t> index(static_cast<std::size_t>(wanted));
  for (std::int64_t& i : index) i = rows == 0 || random.one_in(10) ? random.between(-1, rows + 1) : random.below(rows);
  std::vector<float> scale, shift;
  if (!is_copy && random.one_in(2)) {
    for (std::int64_t c = 0; c < channels; ++c) {
      scale.push_back(static_cast<float>(random.signed_unit()));
      shift.push_back(static_cast<float>(random.signed_unit()));
    }
  }
  robocache::GatherRowsArgs options;
  options.channels = static_cast<std::int32_t>(channels);
  options.from = static_cast<robocache::ImageLayout>(random.below(2));
  options.to = is_copy ? options.from : static_cast<robocache::ImageLayout>(random.below(2));
  options.fill = random.one_in(2) ? 0.5 : options.fill;
  trial.compare("gather_rows",
                std::to_string(wanted) + " of " + std::to_string(rows) + " rows x " + std::to_string(width) +
                    ", types " + std::to_string(static_cast<int>(in)) + " to " + std::to_string(static_cast<int>(out)),
                [&, in = in, out = out](Memory& memory) {
                  robocache::GatherRowsArgs args = options;
                  args.source = {memory.input(encoded(in, values)), in, rows, width, pitch_in};
                  args.index = memory.input(index);
                  args.out = {memory.output("out", wanted * pitch_out, out), out, wanted, width, pitch_out};
                  if (!scale.empty()) args.scale = memory.input(scale);
                  if (!shift.empty()) args.shift = memory.input(shift);
                  return call_of([args](auto where) { return robocache::gather_rows(args, where); });
                });
}

void check_synchronize(Trial& trial) {
  Random& random = trial.random();
  const TimeType type = time_type(random);
  const std::int64_t segments = segment_count(random), count = random.between(1, 5);
  std::vector<DrawnTimes> sensors;
  for (std::int64_t s = 0; s < count; ++s) sensors.push_back(DrawnTimes::of(trial, type, segments));
  const std::int64_t capacity = random.between(0, 200);
  robocache::SynchronizeArgs options;
  if (random.one_in(2)) options.max_interval = sensors[0].period;
  if (random.one_in(3)) options.age_penalty = random.unit();
  const std::int64_t spacing = random.one_in(3) ? sensors[0].period / 2 : 0;
  trial.compare("synchronize", std::to_string(count) + " streams, " + shape_of(sensors[0]), [&](Memory& memory) {
    auto streams = std::make_shared<std::vector<robocache::SyncStream>>();
    for (const DrawnTimes& times : sensors) {
      robocache::SyncStream stream;
      stream.times = times.place(memory);
      stream.count = times.segments.rows();
      stream.segments = times.segments.place(memory);
      stream.clock = times.clock;
      if (!times.clocks.empty()) stream.clocks = memory.input(times.clocks);
      stream.min_spacing = spacing;
      streams->push_back(stream);
    }
    robocache::SynchronizeArgs args = options;
    args.streams = streams->data();
    args.stream_count = static_cast<std::int32_t>(count);
    args.capacity = capacity;
    args.sets = memory.output<std::int64_t>("sets", segments * capacity * count);
    args.set_count = memory.output<std::int64_t>("set_count", segments);
    return call_of([args, streams](auto where) { return robocache::synchronize(args, where); });
  });
}

void check_check_times(Trial& trial) {
  Random& random = trial.random();
  const DrawnTimes times = DrawnTimes::of(trial, time_type(random), segment_count(random));
  const bool duplicates = random.one_in(2);
  const std::int64_t max_gap = random.one_in(2) ? robocache::unlimited : 10 * times.period;
  trial.compare("check_times", shape_of(times), [&](Memory& memory) {
    robocache::CheckTimesArgs args;
    args.times = times.place(memory);
    args.count = times.segments.rows();
    args.segments = times.segments.place(memory);
    args.duplicates = duplicates;
    args.max_gap = max_gap;
    args.offences = memory.output<std::int64_t>("offences", times.segments.count);
    return call_of([args](auto where) { return robocache::check_times(args, where); });
  });
}

void check_split_segments(Trial& trial) {
  Random& random = trial.random();
  const DrawnTimes times = DrawnTimes::of(trial, time_type(random), 1);
  const std::int64_t capacity = random.between(1, 300);
  const std::int64_t max_gap = random.one_in(3) ? robocache::unlimited : 10 * times.period;
  trial.compare("split_segments", shape_of(times), [&](Memory& memory) {
    robocache::SplitSegmentsArgs args;
    args.times = times.place(memory);
    args.count = times.segments.rows();
    args.max_gap = max_gap;
    args.offsets = memory.output<std::int64_t>("offsets", capacity + 1);
    args.capacity = capacity;
    args.segment_count = memory.output<std::int64_t>("segment_count", 1);
    return call_of([args](auto where) { return robocache::split_segments(args, where); });
  });
}

void check_grid_offsets(Trial& trial) {
  Random& random = trial.random();
  const DrawnTimes times = DrawnTimes::of(trial, time_type(random), segment_count(random));
  const robocache::Rate rate = {random.between(1, 500), random.between(1, 3)};
  trial.compare("grid_offsets", shape_of(times), [&](Memory& memory) {
    robocache::GridOffsetsArgs args;
    args.source.times = times.place(memory);
    args.source.values.count = times.segments.rows();
    args.source.segments = times.segments.place(memory);
    args.source.clock = times.clock;
    if (!times.clocks.empty()) args.source.clocks = memory.input(times.clocks);
    args.at = robocache::every(rate, 0);
    args.row_offsets = memory.output<std::int64_t>("row_offsets", times.segments.count + 1);
    return call_of([args](auto where) { return robocache::grid_offsets(args, where); });
  });
}

}  // namespace

std::vector<Check> time_checks() {
  return {{"resample", check_resample},
          {"fuse", check_fuse},
          {"match", check_match},
          {"gather_rows", check_gather_rows},
          {"synchronize", check_synchronize},
          {"check_times", check_check_times},
          {"split_segments", check_split_segments},
          {"grid_offsets", check_grid_offsets}};
}

}  // namespace robocache_validate
