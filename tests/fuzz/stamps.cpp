// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// check_times, split_segments, grid_offsets and synchronize with any arguments.

#include "stream_arguments.hpp"

#include <robocache/fuse/synchronize.hpp>
#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/split_segments.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace robocache::fuzz {
namespace {

void call_check_times(Choices& choices, Memory& memory, StreamArguments& arguments) {
  CheckTimesArgs args;
  args.count = choices.size(16);
  args.times = arguments.times(choices.one_of(TimeType::f32_seconds), args.count);
  args.segments = arguments.segments(arguments.segment_count(), args.count);
  args.duplicates = choices.flag();
  args.max_gap = choices.duration(unlimited);
  args.offences = memory.output<std::int64_t>(args.segments.count);
  if (memory.is_large()) return memory.check(detail::prepare(args));
  if (!memory.run([&] { return check_times(args, Host{}); }).ok()) return;
  for (std::int64_t s = 0; s < args.segments.count; ++s) {
    require(offence_row(args.offences[s]) < args.count, "an offence names a stamp");
  }
}

void call_split_segments(Choices& choices, Memory& memory, StreamArguments& arguments) {
  SplitSegmentsArgs args;
  args.count = choices.size(16);
  args.times = arguments.times(choices.one_of(TimeType::f32_seconds), args.count);
  args.max_gap = choices.duration(unlimited);
  args.capacity = choices.size(6);
  args.offsets = memory.output<std::int64_t>(Wide(args.capacity) + 1);
  args.segment_count = memory.output<std::int64_t>(1);
  if (memory.is_large()) return memory.check(detail::prepare(args));
  if (!memory.run([&] { return split_segments(args, Host{}); }).ok()) return;
  require(*args.segment_count >= 0 && *args.segment_count <= args.count, "a segment has a stamp");
  require(args.offsets[0] == 0 && std::is_sorted(args.offsets, args.offsets + args.capacity + 1) &&
              args.offsets[args.capacity] <= args.count,
          "offsets are those of segments");
}

void call_grid_offsets(Choices& choices, Memory& memory, StreamArguments& arguments) {
  GridOffsetsArgs args;
  const TimeType stamps = choices.one_of(TimeType::f32_seconds);
  const std::int64_t segments = arguments.segment_count();
  args.source.values.count = choices.size(12);
  args.source.times = arguments.times(stamps, args.source.values.count);
  args.source.segments = arguments.segments(segments, args.source.values.count);
  args.source.clock = arguments.clock();
  args.source.clocks = arguments.clocks(segments);
  args.at.kind = choices.rarely() ? choices.one_of(Queries::Kind::windows) : Queries::Kind::grid;
  args.at.rate = {choices.size_or(50), choices.size_or(1)};
  args.at.start = choices.one_of(Queries::Start::per_segment);
  args.at.start_time = choices.duration(0);
  args.at.times = arguments.times(stamps, args.at.start == Queries::Start::per_segment ? segments : 0);
  args.row_offsets = memory.output<std::int64_t>(Wide(segments) + 1);
  if (memory.is_large()) {
    detail::GridOffsetsJob job;
    return memory.check(detail::prepare(args, &job));
  }
  if (!memory.run([&] { return grid_offsets(args, Host{}); }).ok()) return;
  require(args.row_offsets[0] == 0 && std::is_sorted(args.row_offsets, args.row_offsets + segments + 1),
          "row offsets do not decrease");
}

void call_synchronize(Choices& choices, Memory& memory, StreamArguments& arguments) {
  SynchronizeArgs args;
  const TimeType stamps = choices.one_of(TimeType::f32_seconds);
  std::int64_t segments = arguments.segment_count();
  std::vector<SyncStream> streams(1 + static_cast<std::size_t>(choices.below(4)));
  for (SyncStream& stream : streams) {
    stream.count = choices.size(12);
    stream.times = arguments.times(choices.rarely() ? choices.one_of(TimeType::f32_seconds) : stamps, stream.count);
    stream.segments = arguments.segments(choices.size_or(segments), stream.count);
    stream.clock = arguments.clock();
    stream.clocks = arguments.clocks(stream.segments.count);
    stream.min_spacing = choices.duration(0);
  }
  args.streams = choices.rarely() ? nullptr : streams.data();
  args.stream_count = static_cast<std::int32_t>(streams.size());
  if (choices.rarely()) args.stream_count = -1;
  args.max_interval = choices.duration(unlimited);
  args.age_penalty = choices.real(0.1);
  args.capacity = choices.size(6);
  segments = streams[0].segments.count;
  args.sets = memory.output<std::int64_t>(Wide(segments) * args.capacity * std::max(args.stream_count, 0));
  args.set_count = memory.output<std::int64_t>(segments);
  if (memory.is_large()) {
    detail::SynchronizeJob job;
    return memory.check(detail::prepare(args, &job));
  }
  if (!memory.run([&] { return synchronize(args, Host{}); }).ok()) return;
  const auto width = static_cast<std::int64_t>(streams.size());
  for (std::int64_t i = 0; i < segments * args.capacity * width; ++i) {
    const std::int64_t row = args.sets[i];
    require(row >= -1 && row < streams[static_cast<std::size_t>(i % width)].count, "a set is of messages");
  }
}

}  // namespace
}  // namespace robocache::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace robocache::fuzz;
  Choices choices(data, size);
  Memory memory(choices);
  StreamArguments arguments(choices, memory);
  constexpr void (*calls[])(Choices&, Memory&, StreamArguments&) = {call_check_times, call_split_segments,
                                                                    call_grid_offsets, call_synchronize};
  calls[choices.below(4)](choices, memory, arguments);
  return 0;
}
