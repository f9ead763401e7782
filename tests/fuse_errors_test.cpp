// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/mistakes.hpp"

#include <robocache/fuse/fuse.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// Every mistake that the host can see: the right code, a text that names the argument, the stream it is in, nothing
// enqueued and nothing written.

namespace robocache::test {
namespace {

constexpr std::int64_t samples = 6, width = 5, rows_wanted = 8, segments = 2, places_from[] = {1, 11, 6};
constexpr std::int32_t count = 3;
constexpr std::int64_t row_width = 16, out_width = 5;

/// Valid arguments over buffers that tests may point elsewhere: three streams of two groups.
struct Call {
  Call(Arena& arena, Queries::Kind kind)
      : out(arena.output_rows<float>(rows_wanted, row_width, row_width + 1)),
        status(arena.output<std::uint8_t>(rows_wanted * count * 2)),
        age(arena.output<std::int64_t>(rows_wanted * count + 1)),
        sample(arena.output<std::int64_t>(rows_wanted * count + 1)) {
    for (std::int32_t s = 0; s < count; ++s) {
      groups.push_back({channels(1, Interpolation::linear), rotation(RotationFormat::quaternion_xyzw)});
      SensorStream stream;
      stream.times = apart(arena, std::vector<std::int64_t>{0, 10, 20, 100, 110, 120, 130, 140});
      stream.values =
          rows(apart(arena, std::vector<float>(samples * (width + 1) + 1, 1.0f)), samples, width, width + 1);
      stream.segments = ragged(apart(arena, std::vector<std::int64_t>{0, 3, 6, 6}), segments);
      stream.clocks = apart(arena, std::vector<Clock>(segments + 1));
      stream.scale = apart(arena, std::vector<float>(out_width + 1, 1.0f));
      stream.shift = apart(arena, std::vector<float>(out_width + 1, 0.0f));
      streams.push_back(stream);
    }
    for (std::int32_t s = 0; s < count; ++s) {
      streams[at(s)].groups = groups[at(s)].data();
      streams[at(s)].group_count = 2;
    }
    places.assign(places_from, places_from + count);
    rings = apart(arena, std::vector<Ring>(segments + 1, Ring{1, 2}));
    stamps = apart(arena, std::vector<std::int64_t>{1, 2, 3, 4, 101, 102, 103, 104, 0});
    segment_of = apart(arena, std::vector<std::int64_t>{0, 1, 0});
    row_offsets = apart(arena, std::vector<std::int64_t>{0, 4, 8, 8});
    args.at = queries_of(kind, rows_wanted, stamps, segment_of, row_offsets);
    args.streams = streams.data();
    args.stream_count = count;
    args.places = places.data();
    args.out = out.rows();
    args.status = status.data();
    args.age = age.data();
    args.sample = sample.data();
  }
  /// Inputs so far from one another that an output over one of them is over no other.
  template <class T>
  static const T* apart(Arena& arena, const std::vector<T>& values) {
    return arena.input(values, static_cast<std::int64_t>(1536 / sizeof(T)));
  }
  static std::size_t at(std::int32_t s) { return static_cast<std::size_t>(s); }

  /// Every stream's samples in ring buffers of 3 rows.
  void use_rings() {
    for (SensorStream& stream : streams) {
      stream.segments = uniform(segments, 3);
      stream.rings = rings;
    }
  }
  /// `all` copies of the first stream, side by side.
  void use_streams(std::int32_t all) {
    streams.assign(static_cast<std::size_t>(all > 0 ? all : 1), streams[0]);
    for (SensorStream& stream : streams) {
      stream.groups = nullptr;
      stream.group_count = 0;
      stream.values.width = 0;
    }
    args.streams = streams.data();
    args.stream_count = all;
    args.places = nullptr;
    args.status = nullptr;
    args.age = args.sample = nullptr;
  }

  std::vector<std::vector<ChannelGroup>> groups;
  std::vector<SensorStream> streams;
  std::vector<std::int64_t> places;
  const Ring* rings;
  const std::int64_t *stamps, *segment_of, *row_offsets;
  Output<float> out;
  Output<std::uint8_t> status;
  Output<std::int64_t> age, sample;
  FuseArgs args;
};
using Mistakes = std::vector<Mistake<Call>>;

class FuseErrors : public LauncherTest {
 protected:
  void accept(Queries::Kind kind, const std::function<void(Call&)>& make) {
    Arena arena(GetParam());
    Call call(arena, kind);
    make(call);
    EXPECT_OK(arena.launch([&](auto where) { return fuse(call.args, where); }));
  }
  void refuse(Queries::Kind kind, const Mistakes& mistakes) {
    accept(kind, [](Call&) {});
    for (const Mistake<Call>& mistake : mistakes) {
      SCOPED_TRACE(mistake.what);
      Arena arena(GetParam());
      Call call(arena, kind);
      mistake.make(call);
      const Status status = arena.launch([&](auto where) { return fuse(call.args, where); });
      EXPECT_TRUE(is_error(status, mistake.code, mistake.argument));
      EXPECT_EQ(status.index(), mistake.index) << status.what();
      EXPECT_EQ(status.cuda_error(), 0);
      EXPECT_TRUE(call.out.untouched());
      EXPECT_TRUE(call.status.untouched());
      EXPECT_TRUE(call.age.untouched());
      EXPECT_TRUE(call.sample.untouched());
      EXPECT_TRUE(arena.inputs_untouched());
    }
  }
  /// The same mistake in each of the streams.
  void refuse_in_each(const char* what, StatusCode code, const char* argument,
                      const std::function<void(Call&, std::size_t)>& make) {
    SCOPED_TRACE(what);
    for (std::int32_t s = 0; s < count; ++s) {
      refuse(Queries::Kind::times,
             {{what, code, argument, [&](Call& c) { make(c, static_cast<std::size_t>(s)); }, static_cast<int>(s)}});
    }
  }
};

TEST_P(FuseErrors, NumberOfStreams) {
  refuse(Queries::Kind::times,
         {
             {"none", StatusCode::invalid_size, "args.stream_count", [](Call& c) { c.args.stream_count = 0; }},
             {"negative", StatusCode::invalid_size, "args.stream_count", [](Call& c) { c.args.stream_count = -1; }},
             {"very negative", StatusCode::invalid_size, "args.stream_count",
              [](Call& c) { c.args.stream_count = INT32_MIN; }},
             {"33", StatusCode::invalid_size, "args.stream_count", [](Call& c) { c.use_streams(33); }},
             {"INT32_MAX", StatusCode::invalid_size, "args.stream_count",
              [](Call& c) { c.args.stream_count = INT32_MAX; }},
             {"null", StatusCode::null_pointer, "args.streams", [](Call& c) { c.args.streams = nullptr; }},
         });
  for (const std::int32_t all : {1, 2, 31, 32}) {
    SCOPED_TRACE(all);
    accept(Queries::Kind::times, [all](Call& c) { c.use_streams(all); });
  }
}

TEST_P(FuseErrors, NumberOfGroups) {
  // 32 groups of no channel in each stream but the last, which has one group too many, or just as many as may be.
  const auto with = [](std::int32_t last) {
    return [last](Call& c) {
      c.use_streams(5);
      c.groups.assign(5, std::vector<ChannelGroup>(32, channels(0, Interpolation::linear)));
      for (std::size_t s = 0; s < 5; ++s) {
        c.streams[s].groups = c.groups[s].data();
        c.streams[s].group_count = s < 3 ? 32 : s == 3 ? 32 - 1 : last;
      }
    };
  };
  static_assert(max_fuse_groups == 128 && max_groups == 32 && max_streams == 32);
  accept(Queries::Kind::times, with(1));
  refuse(Queries::Kind::times, {{"129", StatusCode::invalid_size, "max_fuse_groups", with(2), 4},
                                {"159", StatusCode::invalid_size, "max_fuse_groups", with(32), 4},
                                // One stream has its own limit.
                                {"33 of one", StatusCode::invalid_size, "max_groups",
                                 [](Call& c) {
                                   c.groups[1].assign(33, channels(0, Interpolation::linear));
                                   c.streams[1].groups = c.groups[1].data();
                                   c.streams[1].group_count = 33;
                                 },
                                 1}});
  // A stream without groups has one.
  const auto one_each = [with](Call& c) {
    with(0)(c);
    c.streams[4].groups = nullptr;
  };
  accept(Queries::Kind::times, one_each);
  refuse(Queries::Kind::times, {{"the one that is implied", StatusCode::invalid_size, "max_fuse_groups",
                                 [one_each](Call& c) {
                                   one_each(c);
                                   c.streams[3].group_count = 32;
                                 },
                                 4}});
}

TEST_P(FuseErrors, EveryStreamIsChecked) {
  using S = StatusCode;
  refuse_in_each("times null", S::null_pointer, "source.times",
                 [](Call& c, std::size_t s) { c.streams[s].times.data = nullptr; });
  refuse_in_each("times misaligned", S::misaligned, "source.times",
                 [](Call& c, std::size_t s) { c.streams[s].times.data = beside(c.streams[s].times.data, 4); });
  refuse_in_each("times type", S::invalid_value, "source.times.type",
                 [](Call& c, std::size_t s) { c.streams[s].times.type = unknown<TimeType>(); });
  refuse_in_each("values null", S::null_pointer, "source.values.data",
                 [](Call& c, std::size_t s) { c.streams[s].values.data = nullptr; });
  refuse_in_each("values misaligned", S::misaligned, "source.values.data",
                 [](Call& c, std::size_t s) { c.streams[s].values.data = beside(c.streams[s].values.data, 2); });
  refuse_in_each("values type", S::invalid_value, "source.values.type",
                 [](Call& c, std::size_t s) { c.streams[s].values.type = unknown<ElementType>(); });
  refuse_in_each("samples negative", S::invalid_size, "source.values",
                 [](Call& c, std::size_t s) { c.streams[s].values.count = -1; });
  refuse_in_each("width negative", S::invalid_size, "source.values",
                 [](Call& c, std::size_t s) { c.streams[s].values.width = -1; });
  refuse_in_each("pitch", S::invalid_size, "source.values.pitch",
                 [](Call& c, std::size_t s) { c.streams[s].values.pitch = width - 1; });
  refuse_in_each("bytes overflow", S::overflow, "source.values",
                 [](Call& c, std::size_t s) { c.streams[s].values.pitch = huge / 8; });
  refuse_in_each("segment count", S::invalid_size, "segments.count",
                 [](Call& c, std::size_t s) { c.streams[s].segments.count = -1; });
  refuse_in_each("segment length", S::invalid_size, "segments.length",
                 [](Call& c, std::size_t s) { c.streams[s].segments = uniform(segments, -2); });
  refuse_in_each("segments too long", S::invalid_size, "segments",
                 [](Call& c, std::size_t s) { c.streams[s].segments = uniform(segments, 4); });
  refuse_in_each("segments overflow", S::overflow, "segments",
                 [](Call& c, std::size_t s) { c.streams[s].segments = uniform(segments, huge); });
  refuse_in_each("offsets misaligned", S::misaligned, "segments.offsets", [](Call& c, std::size_t s) {
    c.streams[s].segments.offsets = beside(c.streams[s].segments.offsets, 4);
  });
  refuse_in_each("drift", S::invalid_value, "clock.drift",
                 [](Call& c, std::size_t s) { c.streams[s].clock.drift = std::nan(""); });
  refuse_in_each("clocks misaligned", S::misaligned, "source.clocks",
                 [](Call& c, std::size_t s) { c.streams[s].clocks = beside(c.streams[s].clocks, 4); });
  refuse_in_each("ragged rings", S::invalid_value, "rings",
                 [](Call& c, std::size_t s) { c.streams[s].rings = c.rings; });
  refuse_in_each("rings misaligned", S::misaligned, "source.rings", [](Call& c, std::size_t s) {
    c.use_rings();
    c.streams[s].rings = beside(c.rings, 4);
  });
  refuse_in_each("outside", S::invalid_value, "source.outside",
                 [](Call& c, std::size_t s) { c.streams[s].outside = unknown<Outside>(); });
  refuse_in_each("gap", S::invalid_value, "source.gap",
                 [](Call& c, std::size_t s) { c.streams[s].gap = unknown<Gap>(); });
  refuse_in_each("max_gap", S::invalid_value, "source.max_gap",
                 [](Call& c, std::size_t s) { c.streams[s].max_gap = -1; });
  refuse_in_each("max_age", S::invalid_value, "source.max_age",
                 [](Call& c, std::size_t s) { c.streams[s].max_age = -1; });
  refuse_in_each("max_extrapolation", S::invalid_value, "source.max_extrapolation",
                 [](Call& c, std::size_t s) { c.streams[s].max_extrapolation = -1; });
  refuse_in_each("slack", S::invalid_value, "source.slack", [](Call& c, std::size_t s) { c.streams[s].slack = -1; });
  refuse_in_each("scale misaligned", S::misaligned, "source.scale",
                 [](Call& c, std::size_t s) { c.streams[s].scale = beside(c.streams[s].scale, 2); });
  refuse_in_each("shift misaligned", S::misaligned, "source.shift",
                 [](Call& c, std::size_t s) { c.streams[s].shift = beside(c.streams[s].shift, 2); });
  refuse_in_each("groups null", S::null_pointer, "source.groups",
                 [](Call& c, std::size_t s) { c.streams[s].groups = nullptr; });
  refuse_in_each("groups negative", S::invalid_size, "source.group_count",
                 [](Call& c, std::size_t s) { c.streams[s].group_count = -1; });
  refuse_in_each("kind", S::invalid_value, "source.groups",
                 [](Call& c, std::size_t s) { c.groups[s][0].kind = unknown<Interpolation>(); });
  refuse_in_each("tie", S::invalid_value, "source.groups",
                 [](Call& c, std::size_t s) { c.groups[s][0].tie = unknown<Tie>(); });
  refuse_in_each("format", S::invalid_value, "source.groups",
                 [](Call& c, std::size_t s) { c.groups[s][1].to = unknown<RotationFormat>(); });
  refuse_in_each("sign", S::invalid_value, "source.groups",
                 [](Call& c, std::size_t s) { c.groups[s][1].sign = unknown<QuaternionSign>(); });
  refuse_in_each("step derivative", S::invalid_value, "source.groups", [](Call& c, std::size_t s) {
    c.groups[s][0].kind = Interpolation::previous;
    c.groups[s][0].derivative = true;
  });
  refuse_in_each("group width", S::invalid_size, "source.groups",
                 [](Call& c, std::size_t s) { c.groups[s][0].width = 2; });
  refuse_in_each("interpolation", S::invalid_value, "source.interpolation", [](Call& c, std::size_t s) {
    c.streams[s].groups = nullptr;
    c.streams[s].group_count = 0;
    c.streams[s].interpolation = unknown<Interpolation>();
  });
}

TEST_P(FuseErrors, StreamsThatDoNotGoTogether) {
  refuse(Queries::Kind::times, {
                                   {"stamps of another type", StatusCode::unsupported_type, "source.times.type",
                                    [](Call& c) { c.streams[2].times.type = TimeType::f64_seconds; }, 2},
                                   {"the first one's differ", StatusCode::unsupported_type, "source.times.type",
                                    [](Call& c) { c.streams[0].times.type = TimeType::f64_seconds; }, 1},
                                   {"fewer segments", StatusCode::invalid_size, "source.segments.count",
                                    [](Call& c) { c.streams[1].segments.count = 1; }, 1},
                                   {"more segments", StatusCode::invalid_size, "source.segments.count",
                                    [](Call& c) { c.streams[2].segments = uniform(3, 2); }, 2},
                                   {"one segment", StatusCode::invalid_size, "source.segments.count",
                                    [](Call& c) { c.streams[2].segments = Segments(); }, 2},
                               });
}

TEST_P(FuseErrors, TypesThatNoOneCompiled) {
  const auto all_stamps = [](TimeType type) {
    return [type](Call& c) {
      for (SensorStream& stream : c.streams) stream.times.type = type;
      c.args.at.times.type = type;
    };
  };
  refuse(Queries::Kind::times,
         {
             {"bytes as a source", StatusCode::unsupported_type, "types",
              [](Call& c) { c.streams[1].values.type = ElementType::u8; }},
             {"bytes as an output", StatusCode::unsupported_type, "types",
              [](Call& c) { c.args.out.type = ElementType::u8; }},
             {"stamps in single precision", StatusCode::unsupported_type, "types", all_stamps(TimeType::f32_seconds)},
             {"seconds to bfloat16", StatusCode::unsupported_type, "types",
              [all_stamps](Call& c) {
                all_stamps(TimeType::f64_seconds)(c);
                c.args.out.type = ElementType::bf16;
              }},
             {"half values with seconds", StatusCode::unsupported_type, "types",
              [all_stamps](Call& c) {
                all_stamps(TimeType::f64_seconds)(c);
                c.streams[2].values.type = ElementType::f16;
              }},
         });
  accept(Queries::Kind::times, all_stamps(TimeType::f64_seconds));
}

TEST_P(FuseErrors, Output) {
  refuse(
      Queries::Kind::times,
      {
          {"null", StatusCode::null_pointer, "args.out.data", [](Call& c) { c.args.out.data = nullptr; }},
          {"misaligned", StatusCode::misaligned, "args.out.data",
           [](Call& c) { c.args.out.data = beside(c.args.out.data, 1); }},
          {"type", StatusCode::invalid_value, "args.out.type",
           [](Call& c) { c.args.out.type = unknown<ElementType>(); }},
          {"rows negative", StatusCode::invalid_size, "args.out", [](Call& c) { c.args.out.count = -1; }},
          {"width negative", StatusCode::invalid_size, "args.out", [](Call& c) { c.args.out.width = -1; }},
          {"pitch small", StatusCode::invalid_size, "args.out.pitch",
           [](Call& c) { c.args.out.pitch = row_width - 1; }},
          {"rows * pitch overflows", StatusCode::overflow, "args.out", [](Call& c) { c.args.out.pitch = huge; }},
          {"bytes overflow", StatusCode::overflow, "args.out", [](Call& c) { c.args.out.pitch = huge / 8; }},
          {"age misaligned", StatusCode::misaligned, "args.age", [](Call& c) { c.args.age = beside(c.args.age, 4); }},
          {"age misaligned by a byte", StatusCode::misaligned, "args.age",
           [](Call& c) { c.args.age = beside(c.args.age, 1); }},
          {"sample misaligned", StatusCode::misaligned, "args.sample",
           [](Call& c) { c.args.sample = beside(c.args.sample, 4); }},
          // Rows without channels need no memory, whatever their number; the other outputs do.
          {"sizes of the other outputs overflow", StatusCode::overflow, "args.age",
           [](Call& c) {
             c.use_streams(3);
             c.args.out = rows(static_cast<float*>(nullptr), huge / 8, 0);  // of stored times the bytes fit
             c.args.at = at_times(c.stamps, c.row_offsets);
           }},
      });
}

TEST_P(FuseErrors, Places) {
  const auto place = [](std::int32_t s, std::int64_t channel) {
    return [s, channel](Call& c) { c.places[static_cast<std::size_t>(s)] = channel; };
  };
  refuse(Queries::Kind::times,
         {
             {"negative", StatusCode::invalid_size, "args.out.width", place(1, -1), 1},
             {"very negative", StatusCode::invalid_size, "args.out.width", place(1, INT64_MIN), 1},
             {"beyond the row", StatusCode::invalid_size, "args.out.width", place(1, row_width - out_width + 1), 1},
             {"far beyond the row", StatusCode::invalid_size, "args.out.width", place(2, INT64_MAX), 2},
             {"the same place", StatusCode::aliasing, "args.places", place(1, 1), 1},
             {"a channel over the end", StatusCode::aliasing, "args.places", place(2, 5), 2},
             {"a channel over the beginning", StatusCode::aliasing, "args.places", place(2, 7), 2},
             {"over the first", StatusCode::aliasing, "args.places", place(1, 0), 1},
             {"side by side in too narrow a row", StatusCode::invalid_size, "args.out.width",
              [](Call& c) {
                c.args.places = nullptr;
                c.args.out.width = 14;
              },
              2},
             {"no width", StatusCode::invalid_size, "args.out.width",
              [](Call& c) {
                c.args.places = nullptr;
                c.args.out.width = 0;
              },
              0},
             {"inside a wider one", StatusCode::aliasing, "args.places",
              [](Call& c) {
                c.streams[2].values.width = 1;
                c.streams[2].group_count = 1;
                c.places[2] = 3;
              },
              2},
             {"around a narrower one", StatusCode::aliasing, "args.places",
              [](Call& c) {
                c.streams[0].values.width = 1;
                c.streams[0].group_count = 1;
                c.places = {12, 10, 0};
              },
              1},
         });
  accept(Queries::Kind::times, place(1, row_width - out_width));
  accept(Queries::Kind::times, [](Call& c) { c.args.places = nullptr; });
  accept(Queries::Kind::times, [](Call& c) {
    c.args.places = nullptr;
    c.args.out.width = 15;
  });
}

TEST_P(FuseErrors, Queries) {
  using K = Queries::Kind;
  for (const K kind : {K::times, K::shared_times, K::grid, K::windows}) refuse(kind, query_mistakes<Call>(kind));
  refuse(K::grid, {{"steps leave int64", StatusCode::overflow, "args.at.steps", [](Call& c) {
                      for (SensorStream& stream : c.streams) stream.segments.count = 1;
                      c.args.at.rate = {1, 1'000'000'000};
                      c.args.at.steps = c.args.out.count = 20;
                      c.args.out.pitch = row_width;
                      c.args.status = nullptr;
                      c.args.age = c.args.sample = nullptr;
                    }}});
}

/// Each output over any input of any stream, or over another output, by a single element.
TEST_P(FuseErrors, Aliasing) {
  using K = Queries::Kind;
  using Pick = std::function<const void*(const Call&)>;
  struct Input {
    const char* name;
    K kind;
    Pick begin;
    int index;
    bool in_rings;
  };
  std::vector<Input> inputs = {
      {"stored times", K::times, [](const Call& c) { return c.args.at.times.data; }, -1, false},
      {"row offsets", K::times, [](const Call& c) { return c.args.at.row_offsets; }, -1, false},
      {"shared times", K::shared_times, [](const Call& c) { return c.args.at.times.data; }, -1, false},
      {"starts", K::grid, [](const Call& c) { return c.args.at.times.data; }, -1, false},
      {"anchors", K::windows, [](const Call& c) { return c.args.at.times.data; }, -1, false},
      {"segment_of", K::windows, [](const Call& c) { return c.args.at.segment_of; }, -1, false},
      {"window offsets", K::windows, [](const Call& c) { return c.args.at.offsets.data; }, -1, false},
  };
  for (std::int32_t s = 0; s < count; ++s) {
    const std::size_t i = static_cast<std::size_t>(s);
    inputs.push_back({"times", K::times, [i](const Call& c) { return c.streams[i].times.data; }, s, false});
    inputs.push_back({"values", K::times, [i](const Call& c) { return c.streams[i].values.data; }, s, false});
    inputs.push_back({"last value", K::times,
                      [i](const Call& c) {
                        return static_cast<const float*>(c.streams[i].values.data) + (samples - 1) * (width + 1) +
                               width - 1;
                      },
                      s, false});
    inputs.push_back(
        {"segment offsets", K::times, [i](const Call& c) { return c.streams[i].segments.offsets; }, s, false});
    inputs.push_back({"clocks", K::times, [i](const Call& c) { return c.streams[i].clocks; }, s, false});
    inputs.push_back({"scale", K::times, [i](const Call& c) { return c.streams[i].scale; }, s, false});
    inputs.push_back({"shift", K::times, [i](const Call& c) { return c.streams[i].shift; }, s, false});
  }
  inputs.push_back({"rings", K::times, [](const Call& c) { return c.rings; }, 0, true});
  constexpr std::int64_t out_bytes = ((rows_wanted - 1) * (row_width + 1) + row_width) * 4,
                         status_bytes = rows_wanted * count * 2, age_bytes = rows_wanted * count * 8;
  for (const Input& input : inputs) {
    SCOPED_TRACE(std::string(input.name) + " of " + std::to_string(input.index));
    // The output ends inside the input, or begins where the input begins.
    for (const bool at_end : {true, false}) {
      const auto place = [&](Call& c, std::int64_t bytes, std::int64_t overlap) {
        if (input.in_rings) c.use_rings();
        return beside(const_cast<void*>(input.begin(c)), at_end ? overlap - bytes : 0);
      };
      refuse(input.kind,
             {{"out", StatusCode::aliasing, "args.out", [&](Call& c) { c.args.out.data = place(c, out_bytes, 4); },
               input.index},
              {"status", StatusCode::aliasing, "args.status",
               [&](Call& c) { c.args.status = static_cast<std::uint8_t*>(place(c, status_bytes, 1)); }, input.index},
              {"age", StatusCode::aliasing, "args.age",
               [&](Call& c) { c.args.age = static_cast<std::int64_t*>(place(c, age_bytes, 8)); }, input.index},
              {"sample", StatusCode::aliasing, "args.sample",
               [&](Call& c) { c.args.sample = static_cast<std::int64_t*>(place(c, age_bytes, 8)); }, input.index}});
    }
  }
  // Outputs over one another: no stream's fault.
  const auto over = [](std::int64_t from, std::int64_t bytes, std::int64_t own, bool at_end, std::int64_t overlap) {
    return from + (at_end ? bytes - overlap : overlap - own);
  };
  for (const bool at_end : {true, false}) {
    const std::int64_t shift_out = over(0, out_bytes, age_bytes, at_end, 8) / 8 * 8;
    refuse(
        K::times,
        {{"status over out", StatusCode::aliasing, "args.status",
          [&](Call& c) {
            c.args.status = reinterpret_cast<std::uint8_t*>(c.out.data()) + over(0, out_bytes, status_bytes, at_end, 1);
          }},
         {"age over out", StatusCode::aliasing, "args.age",
          [&](Call& c) { c.args.age = beside(reinterpret_cast<std::int64_t*>(c.out.data()), shift_out); }},
         {"sample over out", StatusCode::aliasing, "args.sample",
          [&](Call& c) { c.args.sample = beside(reinterpret_cast<std::int64_t*>(c.out.data()), shift_out); }},
         {"age over sample", StatusCode::aliasing, "args.age",
          [&](Call& c) { c.args.age = beside(c.args.sample, over(0, age_bytes, age_bytes, at_end, 8)); }},
         {"status over age", StatusCode::aliasing, "args.status",
          [&](Call& c) {
            c.args.status = reinterpret_cast<std::uint8_t*>(c.args.age) + over(0, age_bytes, status_bytes, at_end, 1);
          }},
         {"status over sample", StatusCode::aliasing, "args.status", [&](Call& c) {
            c.args.status =
                reinterpret_cast<std::uint8_t*>(c.args.sample) + over(0, age_bytes, status_bytes, at_end, 1);
          }}});
  }
  // Streams may share whatever they read.
  accept(K::times, [](Call& c) {
    c.streams[1] = c.streams[0];
    c.streams[2].times = c.streams[0].times;
    c.args.at.times = c.streams[0].times;
  });
}

/// The text of an exception names the stream.
TEST(FuseHost, ErrorsAsExceptions) {
  Arena arena(Launcher::host);
  Call call(arena, Queries::Kind::times);
  call.streams[2].slack = -1;
  try {
    throw_if_error(fuse(call.args, Host{1}));
    FAIL() << "no exception";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "RoboCache: source.slack: negative (of 2)");
  }
}

TEST(FuseHost, NegativeThreads) {
  Arena arena(Launcher::host);
  Call call(arena, Queries::Kind::times);
  const Status status = fuse(call.args, Host{-1});
  EXPECT_TRUE(is_error(status, StatusCode::invalid_value, "threads"));
  EXPECT_EQ(status.index(), -1);
  EXPECT_TRUE(call.out.untouched());
}

INSTANTIATE_TEST_SUITE_P(, FuseErrors, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
