// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/launch.hpp"
#include "support/mistakes.hpp"

#include <robocache/resample/resample.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

// Every mistake that the host can see: the right code, a text that names the argument, nothing enqueued and nothing
// written.

namespace robocache::test {
namespace {

constexpr std::int64_t samples = 6, width = 5, out_width = 5, rows_wanted = 8, segments = 2;

/// Valid arguments over buffers that tests may point elsewhere.
struct Call {
  explicit Call(Arena& arena, Queries::Kind kind)
      : out(arena.output_rows<float>(rows_wanted, out_width, out_width + 1)),
        status(arena.output<std::uint8_t>(rows_wanted * 2)) {
    groups = {channels(1, Interpolation::linear), rotation(RotationFormat::quaternion_xyzw)};
    times = arena.input(std::vector<std::int64_t>{0, 10, 20, 100, 110, 120, 0});
    values = arena.input(std::vector<float>(samples * (width + 1) + 1, 1.0f));
    offsets = arena.input(std::vector<std::int64_t>{0, 3, 6, 6});
    clocks = arena.input(std::vector<Clock>(segments + 1));
    scale = arena.input(std::vector<float>(out_width + 1, 1.0f));
    shift = arena.input(std::vector<float>(out_width + 1, 0.0f));
    stamps = arena.input(std::vector<std::int64_t>{1, 2, 3, 4, 101, 102, 103, 104, 0});
    segment_of = arena.input(std::vector<std::int64_t>{0, 1, 0});
    row_offsets = arena.input(std::vector<std::int64_t>{0, 4, 8, 8});

    args.source.times = times;
    args.source.values = rows(values, samples, width, width + 1);
    args.source.segments = ragged(offsets, segments);
    args.source.clocks = clocks;
    args.source.groups = groups.data();
    args.source.group_count = 2;
    args.source.scale = scale;
    args.source.shift = shift;
    args.at = queries_of(kind, rows_wanted, stamps, segment_of, row_offsets);
    args.out = out.rows();
    args.status = status.data();
  }

  std::vector<ChannelGroup> groups;
  const std::int64_t *times, *offsets, *stamps, *segment_of, *row_offsets;
  const float *values, *scale, *shift;
  const Clock* clocks;
  Output<float> out;
  Output<std::uint8_t> status;
  ResampleArgs args;
};

using Mistakes = std::vector<Mistake<Call>>;

class ResampleErrors : public LauncherTest {
 protected:
  void refuse(Queries::Kind kind, const Mistakes& mistakes) {
    {
      Arena arena(GetParam());
      Call call(arena, kind);
      ASSERT_OK(arena.launch([&](auto where) { return resample(call.args, where); })) << "without any mistake";
    }
    for (const Mistake<Call>& mistake : mistakes) {
      SCOPED_TRACE(mistake.what);
      Arena arena(GetParam());
      Call call(arena, kind);
      mistake.make(call);
      EXPECT_TRUE(is_error(arena.launch([&](auto where) { return resample(call.args, where); }), mistake.code,
                           mistake.argument));
      EXPECT_TRUE(call.out.untouched());
      EXPECT_TRUE(call.status.untouched());
      EXPECT_TRUE(arena.inputs_untouched());
    }
  }
};

TEST_P(ResampleErrors, Source) {
  refuse(
      Queries::Kind::times,
      {
          {"times null", StatusCode::null_pointer, "source.times", [](Call& c) { c.args.source.times.data = nullptr; }},
          {"times misaligned", StatusCode::misaligned, "source.times",
           [](Call& c) { c.args.source.times.data = beside(c.times, 4); }},
          {"times type", StatusCode::invalid_value, "source.times.type",
           [](Call& c) { c.args.source.times.type = unknown<TimeType>(); }},
          {"values null", StatusCode::null_pointer, "source.values.data",
           [](Call& c) { c.args.source.values.data = nullptr; }},
          {"values misaligned", StatusCode::misaligned, "source.values.data",
           [](Call& c) { c.args.source.values.data = beside(c.values, 2); }},
          {"values type", StatusCode::invalid_value, "source.values.type",
           [](Call& c) { c.args.source.values.type = unknown<ElementType>(); }},
          {"samples negative", StatusCode::invalid_size, "source.values",
           [](Call& c) { c.args.source.values.count = -1; }},
          {"width negative", StatusCode::invalid_size, "source.values",
           [](Call& c) { c.args.source.values.width = -1; }},
          {"pitch small", StatusCode::invalid_size, "source.values.pitch",
           [](Call& c) { c.args.source.values.pitch = width - 1; }},
          {"pitch negative", StatusCode::invalid_size, "source.values.pitch",
           [](Call& c) { c.args.source.values.pitch = INT64_MIN; }},
          {"rows * pitch overflows", StatusCode::overflow, "source.values",
           [](Call& c) { c.args.source.values.pitch = huge; }},
          {"bytes overflow", StatusCode::overflow, "source.values",
           [](Call& c) { c.args.source.values.pitch = huge / 8; }},
          {"bytes of times overflow, without channels", StatusCode::overflow, "source.times",
           [](Call& c) { c.args.source.values.count = huge, c.args.source.values.width = 0; }},
          {"segment count negative", StatusCode::invalid_size, "segments.count",
           [](Call& c) { c.args.source.segments.count = -1; }},
          {"segment length negative", StatusCode::invalid_size, "segments.length",
           [](Call& c) { c.args.source.segments = uniform(segments, -2); }},
          {"more in segments than samples", StatusCode::invalid_size, "segments",
           [](Call& c) { c.args.source.segments = uniform(segments, 4); }},
          {"count * length overflows", StatusCode::overflow, "segments",
           [](Call& c) { c.args.source.segments = uniform(segments, huge); }},
          {"two segments of every row", StatusCode::invalid_size, "segments",
           [](Call& c) {
             c.args.source.segments = Segments();
             c.args.source.segments.count = 2;
           }},
          {"offsets misaligned", StatusCode::misaligned, "segments.offsets",
           [](Call& c) { c.args.source.segments.offsets = beside(c.offsets, 4); }},
          {"drift NaN", StatusCode::invalid_value, "clock.drift",
           [](Call& c) { c.args.source.clock.drift = std::nan(""); }},
          {"drift infinite", StatusCode::invalid_value, "clock.drift",
           [](Call& c) { c.args.source.clock.drift = std::numeric_limits<double>::infinity(); }},
          {"drift turns time round", StatusCode::invalid_value, "clock.drift",
           [](Call& c) { c.args.source.clock.drift = -1; }},
          {"clocks misaligned", StatusCode::misaligned, "source.clocks",
           [](Call& c) { c.args.source.clocks = beside(c.clocks, 4); }},
          {"outside", StatusCode::invalid_value, "source.outside",
           [](Call& c) { c.args.source.outside = unknown<Outside>(); }},
          {"gap", StatusCode::invalid_value, "source.gap", [](Call& c) { c.args.source.gap = unknown<Gap>(); }},
          {"max_gap", StatusCode::invalid_value, "source.max_gap", [](Call& c) { c.args.source.max_gap = -1; }},
          {"max_age", StatusCode::invalid_value, "source.max_age", [](Call& c) { c.args.source.max_age = -1; }},
          {"max_extrapolation", StatusCode::invalid_value, "source.max_extrapolation",
           [](Call& c) { c.args.source.max_extrapolation = -1; }},
          {"slack", StatusCode::invalid_value, "source.slack", [](Call& c) { c.args.source.slack = -1; }},
          {"scale misaligned", StatusCode::misaligned, "source.scale",
           [](Call& c) { c.args.source.scale = beside(c.scale, 2); }},
          {"shift misaligned", StatusCode::misaligned, "source.shift",
           [](Call& c) { c.args.source.shift = beside(c.shift, 2); }},
      });
}

TEST_P(ResampleErrors, Groups) {
  refuse(Queries::Kind::times,
         {
             {"null", StatusCode::null_pointer, "source.groups", [](Call& c) { c.args.source.groups = nullptr; }},
             {"count negative", StatusCode::invalid_size, "source.group_count",
              [](Call& c) { c.args.source.group_count = -1; }},
             {"too many", StatusCode::invalid_size, "source.group_count",
              [](Call& c) {
                c.groups.resize(33);
                c.args.source.groups = c.groups.data();
                c.args.source.group_count = 33;
              }},
             {"kind", StatusCode::invalid_value, "source.groups",
              [](Call& c) { c.groups[0].kind = unknown<Interpolation>(); }},
             {"tie", StatusCode::invalid_value, "source.groups", [](Call& c) { c.groups[0].tie = unknown<Tie>(); }},
             {"from", StatusCode::invalid_value, "source.groups",
              [](Call& c) { c.groups[1].from = unknown<RotationFormat>(); }},
             {"to", StatusCode::invalid_value, "source.groups",
              [](Call& c) { c.groups[1].to = unknown<RotationFormat>(); }},
             {"sign", StatusCode::invalid_value, "source.groups",
              [](Call& c) { c.groups[1].sign = unknown<QuaternionSign>(); }},
             {"width negative", StatusCode::invalid_size, "source.groups", [](Call& c) { c.groups[0].width = -1; }},
             {"three channels for a quaternion", StatusCode::invalid_size, "source.groups",
              [](Call& c) {
                c.groups[0].width = 2;
                c.groups[1].width = 3;
              }},
             {"derivative of previous", StatusCode::invalid_value, "source.groups",
              [](Call& c) {
                c.groups[0].kind = Interpolation::previous;
                c.groups[0].derivative = true;
              }},
             {"derivative of nearest", StatusCode::invalid_value, "source.groups",
              [](Call& c) {
                c.groups[0].kind = Interpolation::nearest;
                c.groups[0].derivative = true;
              }},
             {"channels left over", StatusCode::invalid_size, "source.groups",
              [](Call& c) { c.args.source.group_count = 1; }},
             {"channels missing", StatusCode::invalid_size, "source.groups", [](Call& c) { c.groups[0].width = 2; }},
             {"sum of widths overflows", StatusCode::invalid_size, "source.groups",
              [](Call& c) {
                c.groups.assign(4, channels(INT32_MAX, Interpolation::linear));
                c.args.source.groups = c.groups.data();
                c.args.source.group_count = 4;
              }},
             {"kind without groups", StatusCode::invalid_value, "source.interpolation",
              [](Call& c) {
                c.args.source.group_count = 0;
                c.args.source.groups = nullptr;
                c.args.source.interpolation = unknown<Interpolation>();
              }},
             {"slerp of five channels, without groups", StatusCode::invalid_size, "source",
              [](Call& c) {
                c.args.source.group_count = 0;
                c.args.source.groups = nullptr;
                c.args.source.interpolation = Interpolation::slerp;
              }},
         });
}

TEST_P(ResampleErrors, Output) {
  refuse(Queries::Kind::times,
         {
             {"null", StatusCode::null_pointer, "args.out.data", [](Call& c) { c.args.out.data = nullptr; }},
             {"misaligned", StatusCode::misaligned, "args.out.data",
              [](Call& c) { c.args.out.data = reinterpret_cast<char*>(c.out.data()) + 1; }},
             {"type", StatusCode::invalid_value, "args.out.type",
              [](Call& c) { c.args.out.type = unknown<ElementType>(); }},
             {"rows negative", StatusCode::invalid_size, "args.out", [](Call& c) { c.args.out.count = -1; }},
             {"width negative", StatusCode::invalid_size, "args.out", [](Call& c) { c.args.out.width = -1; }},
             {"width wrong", StatusCode::invalid_size, "args.out.width",
              [](Call& c) { c.args.out.width = out_width - 1; }},
             {"width of another format", StatusCode::invalid_size, "args.out.width",
              [](Call& c) { c.groups[1].to = RotationFormat::rot6d; }},
             {"pitch small", StatusCode::invalid_size, "args.out.pitch",
              [](Call& c) { c.args.out.pitch = out_width - 1; }},
             {"rows * pitch overflows", StatusCode::overflow, "args.out", [](Call& c) { c.args.out.pitch = huge; }},
             {"bytes overflow", StatusCode::overflow, "args.out", [](Call& c) { c.args.out.pitch = huge / 8; }},
             {"types that no one compiled", StatusCode::unsupported_type, "types",
              [](Call& c) {
                c.args.source.values.type = ElementType::f16;
                c.args.out.type = ElementType::bf16;
              }},
             {"bytes as a source", StatusCode::unsupported_type, "types",
              [](Call& c) { c.args.source.values.type = ElementType::u8; }},
             {"bytes as an output", StatusCode::unsupported_type, "types",
              [](Call& c) { c.args.out.type = ElementType::u8; }},
             {"stamps that no one compiled", StatusCode::unsupported_type, "types",
              [](Call& c) {
                c.args.source.times.type = c.args.at.times.type = TimeType::f32_seconds;
                c.args.out.type = ElementType::bf16;
              }},
         });
}

TEST_P(ResampleErrors, StoredTimes) {
  using K = Queries::Kind;
  for (const K kind : {K::times, K::shared_times}) refuse(kind, query_mistakes<Call>(kind));
  refuse(K::shared_times,
         {{"bytes of times overflow, without segments", StatusCode::overflow, "args.at.times",
           [](Call& c) { c.args.source.segments.count = c.args.out.count = 0, c.args.at.steps = huge; }}});
}

TEST_P(ResampleErrors, Grid) {
  refuse(Queries::Kind::grid, query_mistakes<Call>(Queries::Kind::grid));
  refuse(Queries::Kind::grid, {{"steps leave int64", StatusCode::overflow, "args.at.steps", [](Call& c) {
                                  c.args.source.segments = uniform(1, samples);
                                  c.args.at.rate = {1, 1'000'000'000};
                                  c.args.at.steps = c.args.out.count = 20;
                                }}});
}

TEST_P(ResampleErrors, Windows) {
  refuse(Queries::Kind::windows, query_mistakes<Call>(Queries::Kind::windows));
  refuse(Queries::Kind::windows,
         {{"bytes of anchors overflow, without a horizon", StatusCode::overflow, "args.at.times",
           [](Call& c) { c.args.at.steps = c.args.out.count = 0, c.args.at.anchor_count = huge; }},
          {"bytes of offsets overflow, without anchors", StatusCode::overflow, "args.at.times",
           [](Call& c) { c.args.at.anchor_count = c.args.out.count = 0, c.args.at.steps = huge; }}});
}

/// An output over any input, or over the other output, by a single byte.
TEST_P(ResampleErrors, Aliasing) {
  using Pick = std::function<const void*(const Call&)>;
  struct Input {
    const char* name;
    Queries::Kind kind;
    Pick begin;
  };
  const std::vector<Input> inputs = {
      {"times", Queries::Kind::times, [](const Call& c) { return c.args.source.times.data; }},
      {"values", Queries::Kind::times, [](const Call& c) { return c.args.source.values.data; }},
      {"segment offsets", Queries::Kind::times, [](const Call& c) { return c.args.source.segments.offsets; }},
      {"clocks", Queries::Kind::times, [](const Call& c) { return c.args.source.clocks; }},
      {"scale", Queries::Kind::times, [](const Call& c) { return c.args.source.scale; }},
      {"shift", Queries::Kind::times, [](const Call& c) { return c.args.source.shift; }},
      {"stored times", Queries::Kind::times, [](const Call& c) { return c.args.at.times.data; }},
      {"row offsets", Queries::Kind::times, [](const Call& c) { return c.args.at.row_offsets; }},
      {"shared times", Queries::Kind::shared_times, [](const Call& c) { return c.args.at.times.data; }},
      {"starts", Queries::Kind::grid, [](const Call& c) { return c.args.at.times.data; }},
      {"anchors", Queries::Kind::windows, [](const Call& c) { return c.args.at.times.data; }},
      {"segment_of", Queries::Kind::windows, [](const Call& c) { return c.args.at.segment_of; }},
      {"window offsets", Queries::Kind::windows, [](const Call& c) { return c.args.at.offsets.data; }},
  };
  const std::int64_t out_bytes = ((rows_wanted - 1) * (out_width + 1) + out_width) * 4, status_bytes = rows_wanted * 2;
  for (const Input& input : inputs) {
    SCOPED_TRACE(input.name);
    // The output ends inside the input, or begins where the input begins.
    for (const bool at_end : {true, false}) {
      const auto place = [&](Call& c, std::int64_t bytes, std::int64_t overlap) {
        char* begin = static_cast<char*>(const_cast<void*>(input.begin(c)));
        return at_end ? begin - bytes + overlap : begin;
      };
      refuse(input.kind,
             {
                 {"out", StatusCode::aliasing, "args.out", [&](Call& c) { c.args.out.data = place(c, out_bytes, 4); }},
                 {"status", StatusCode::aliasing, "args.status",
                  [&](Call& c) { c.args.status = reinterpret_cast<std::uint8_t*>(place(c, status_bytes, 1)); }},
             });
    }
  }
  refuse(Queries::Kind::times,
         {
             {"status over the end of out", StatusCode::aliasing, "args.status",
              [&](Call& c) { c.args.status = reinterpret_cast<std::uint8_t*>(c.out.data()) + out_bytes - 1; }},
             {"status before out", StatusCode::aliasing, "args.status",
              [&](Call& c) { c.args.status = reinterpret_cast<std::uint8_t*>(c.out.data()) - status_bytes + 1; }},
         });
}

// Groups without channels need no bytes but those of their status.
TEST_P(ResampleErrors, StatusOfMoreRowsThanMemory) {
  refuse(Queries::Kind::grid, {{"status", StatusCode::overflow, "args.status", [](Call& c) {
                                  c.groups.assign(4, channels(0, Interpolation::linear));
                                  c.args.source.groups = c.groups.data();
                                  c.args.source.group_count = 4;
                                  c.args.source.values.width = c.args.out.width = 0;
                                  c.args.source.segments.count = INT64_MAX / 64;
                                  c.args.at.steps = 32;
                                  c.args.out.count = INT64_MAX / 64 * 32;
                                }}});
}

TEST(ResampleHost, NegativeThreads) {
  Arena arena(Launcher::host);
  Call call(arena, Queries::Kind::times);
  EXPECT_TRUE(is_error(resample(call.args, Host{-1}), StatusCode::invalid_value, "threads"));
  EXPECT_TRUE(call.out.untouched());
}

TEST(ResampleHost, KindsThatNoOneInstantiated) {
  using TwoPoint = Types<std::int64_t, float, float, TwoPointKinds>;
  Arena arena(Launcher::host);
  Call call(arena, Queries::Kind::times);
  EXPECT_TRUE(is_error(resample<TwoPoint>(call.args, Host{1}), StatusCode::unsupported_type, "TwoPointKinds"));
  EXPECT_TRUE(call.out.untouched());
  call.groups[1] = channels(4, Interpolation::previous);
  EXPECT_OK(resample<TwoPoint>(call.args, Host{1}));
}

INSTANTIATE_TEST_SUITE_P(, ResampleErrors, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
