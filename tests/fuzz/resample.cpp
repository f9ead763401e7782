// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// resample, fuse and match with any arguments.

#include "combinations.hpp"
#include "fuse_combinations.hpp"
#include "stream_arguments.hpp"

#include <robocache/fuse/fuse.hpp>
#include <robocache/fuse/match.hpp>
#include <robocache/resample/resample.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

namespace robocache::fuzz {
namespace {

/// What dispatch finds before it would run.
template <class Args, class... Listed>
Status validate(const Args& args, std::tuple<Listed...>) {
  return detail::dispatch<Listed...>(args, [](auto, const auto&) { return Status(); });
}

void call_resample(Choices& choices, Memory& memory, StreamArguments& arguments) {
  ResampleArgs args;
  const TimeType stamps = choices.one_of(TimeType::f32_seconds);
  args.source = arguments.stream(stamps, arguments.segment_count());
  std::int64_t rows = 0;
  args.at = arguments.queries(stamps, args.source.segments.count, &rows);
  const std::int64_t width = choices.size_or(StreamArguments::output_channels(args.source));
  args.out = arguments.out_rows(choices.one_of(ElementType::bf16), rows, width);
  args.status = memory.optional_output<std::uint8_t>(Wide(rows) * StreamArguments::group_count(args.source));
  if (memory.is_large()) {
    memory.check(validate(args, detail::Combinations{}));
  } else {
    static_cast<void>(memory.run([&] { return resample(args, Host{}); }));
  }
}

void call_fuse(Choices& choices, Memory& memory, StreamArguments& arguments) {
  FuseArgs args;
  const TimeType stamps = choices.one_of(TimeType::f32_seconds);
  const std::int64_t segments = arguments.segment_count();
  std::vector<SensorStream> streams(1 + static_cast<std::size_t>(choices.below(3)));
  std::int64_t width = 0, groups = 0;
  for (SensorStream& stream : streams) {
    stream = arguments.stream(choices.rarely() ? choices.one_of(TimeType::f32_seconds) : stamps, segments);
    width += StreamArguments::output_channels(stream);
    groups += StreamArguments::group_count(stream);
  }
  args.streams = choices.rarely() ? nullptr : streams.data();
  args.stream_count = static_cast<std::int32_t>(streams.size());
  if (choices.rarely()) args.stream_count = static_cast<std::int32_t>(choices.size(0));
  if (args.stream_count > static_cast<std::int32_t>(streams.size()) && args.stream_count <= max_streams) {
    args.streams = nullptr;
  }
  std::vector<std::int64_t> places(streams.size());
  for (std::int64_t& place : places) place = choices.size(9);
  if (choices.rarely()) args.places = places.data();
  std::int64_t rows = 0;
  args.at = arguments.queries(stamps, segments, &rows);
  args.out = arguments.out_rows(choices.one_of(ElementType::bf16), rows, choices.size_or(width));
  args.status = memory.optional_output<std::uint8_t>(Wide(rows) * groups);
  args.age = memory.optional_output<std::int64_t>(Wide(rows) * static_cast<Wide>(streams.size()));
  args.sample = memory.optional_output<std::int64_t>(Wide(rows) * static_cast<Wide>(streams.size()));
  if (memory.is_large()) {
    memory.check(validate(args, detail::FuseCombinations{}));
  } else {
    static_cast<void>(memory.run([&] { return fuse(args, Host{}); }));
  }
}

void call_match(Choices& choices, Memory& memory, StreamArguments& arguments) {
  MatchArgs args;
  const TimeType stamps = choices.one_of(TimeType::f32_seconds);
  const std::int64_t segments = arguments.segment_count();
  args.count = choices.size(12);
  args.times = arguments.times(stamps, args.count);
  args.segments = arguments.segments(segments, args.count);
  args.clock = arguments.clock();
  args.clocks = arguments.clocks(segments);
  args.rings = arguments.rings(segments);
  args.at = arguments.queries(stamps, segments, &args.rows);
  args.direction = choices.one_of(MatchArgs::Direction::nearest);
  args.tie = choices.one_of(Tie::later);
  args.allow_exact = choices.flag();
  args.tolerance = choices.duration(unlimited);
  args.slack = choices.duration(0);
  args.index = memory.output<std::int64_t>(args.rows);
  args.age = memory.optional_output<std::int64_t>(args.rows);
  args.status = memory.optional_output<std::uint8_t>(args.rows);
  if (memory.is_large()) {
    detail::MatchJob job;
    memory.check(detail::prepare(args, &job));
  } else {
    static_cast<void>(memory.run([&] { return match(args, Host{}); }));
  }
}

}  // namespace
}  // namespace robocache::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace robocache::fuzz;
  Choices choices(data, size);
  Memory memory(choices);
  StreamArguments arguments(choices, memory);
  constexpr void (*calls[])(Choices&, Memory&, StreamArguments&) = {call_resample, call_fuse, call_match};
  calls[choices.below(3)](choices, memory, arguments);
  return 0;
}
