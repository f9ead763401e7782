// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/files.hpp"
#include "support/resample_case.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

// Empty and tiny segments, duplicates, the ends of int64, limits to the nanosecond, and data that nobody should log.

namespace robocache::test {
namespace {

using Plain = Combination<std::int64_t, float, float>;
using Case = ResampleCase<Plain>;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr Interpolation every_kind[] = {Interpolation::previous, Interpolation::next,  Interpolation::nearest,
                                        Interpolation::linear,   Interpolation::cubic, Interpolation::pchip,
                                        Interpolation::akima,    Interpolation::slerp, Interpolation::angle};
constexpr Outside every_outside[] = {Outside::fill, Outside::clamp, Outside::extrapolate};

/// One group of every kind, and of every derivative.
template <class Types>
void add_every_group(ResampleCase<Types>& c, Random& random) {
  for (const Interpolation kind : every_kind) {
    const ChannelGroup group =
        kind == Interpolation::slerp ? rotation(RotationFormat::quaternion_xyzw) : channels(1, kind);
    add_group(c, random, group);
    if (kind > Interpolation::nearest) add_group(c, random, derivative_of(group));
  }
}

int code(How how, Why why) { return static_cast<int>(make_status(how, why)); }

class ResampleEdges : public LauncherTest {
 protected:
  template <class Types>
  void check_all_policies(ResampleCase<Types> c) {
    for (const Outside outside : every_outside) {
      for (const Gap gap : {Gap::fill, Gap::hold}) {
        c.source.outside = outside;
        c.source.gap = gap;
        c.check(GetParam());
        if (HasFatalFailure()) return;
      }
    }
  }

  /// Bad data: any values, but the same on GPU and CPU, and no byte outside.
  template <class Types>
  void check_same_as_host(const ResampleCase<Types>& c) {
    const auto host = c.run(Launcher::host);
    ASSERT_OK(host.call);
    if (GetParam() != Launcher::host) expect_same(host, c.run(GetParam()), "host and GPU");
    auto threads = c;
    threads.threads = 3;
    expect_same(host, threads.run(Launcher::host), "one thread and three");
  }
};

TEST_P(ResampleEdges, ShortSegments) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    using Stamp = typename Types::Stamp;
    Random random(300);
    for (int samples = 0; samples <= 5; ++samples) {
      SCOPED_TRACE("samples " + std::to_string(samples));
      ResampleCase<Types> c;
      std::vector<Stamp> q;
      for (int k = 0; k < samples; ++k) c.times.push_back(stamp_of<Stamp>(1'000'000'000 + k * 250'000'000LL));
      for (int j = -3; j <= 2 * samples + 3; ++j) q.push_back(stamp_of<Stamp>(1'000'000'000 + j * 125'000'000LL));
      c.ask(q);
      add_every_group(c, random);
      check_all_policies(c);
    }
  });
}

TEST_P(ResampleEdges, NothingToDo) {
  Random random(301);
  auto c = random_case<Plain>(random, 5, 0);
  add_group(c, random, channels(3, Interpolation::linear));
  EXPECT_OK(c.run(GetParam()).call);  // no rows

  auto no_segments = random_case<Plain>(random, 5, 0);
  no_segments.width = 1;
  no_segments.values.assign(5, 1.0f);
  no_segments.offsets = {0};
  no_segments.at = every({50, 1}, 7);
  EXPECT_OK(no_segments.run(GetParam()).call);

  ResampleArgs nothing;
  nothing.at = every({50, 1}, 0);
  Arena arena(GetParam());
  EXPECT_OK(arena.launch([&](auto where) { return resample(nothing, where); }));

  // As many rows as there are numbers, none of which is looked at.
  ResampleArgs endless;
  endless.source.segments = uniform(3, 0);
  endless.at = every({1'000'000'000, 1}, INT64_MAX / 3);
  endless.out.count = INT64_MAX / 3 * 3;
  EXPECT_OK(arena.launch([&](auto where) { return resample(endless, where); }));
}

/// No channels: the status is still the answer.
TEST_P(ResampleEdges, NoChannels) {
  Case c;
  c.times = {0, 10, 20};
  c.width = 0;
  c.ask({-5, 0, 5, 20, 25});
  const auto result = c.run(GetParam());
  ASSERT_OK(result.call);
  const int wanted[] = {code(How::filled, Why::outside), code(How::exact, Why::none),
                        code(How::interpolated, Why::none), code(How::exact, Why::none),
                        code(How::filled, Why::outside)};
  for (std::size_t r = 0; r < 5; ++r) EXPECT_EQ(static_cast<int>(result.status[r]), wanted[r]) << r;

  Random random(302);
  add_group(c, random, channels(0, Interpolation::pchip));
  add_group(c, random, channels(2, Interpolation::linear));
  add_group(c, random, channels(0, Interpolation::previous));
  c.check(GetParam());
}

/// Of one row, and without channels, the pitch says nothing.
TEST_P(ResampleEdges, AnyPitchWhereItSaysNothing) {
  Arena arena(GetParam());
  const std::vector<float> values = {1.0f, 2.0f};
  ResampleArgs args;
  args.source.times = arena.input(std::vector<std::int64_t>{10, 20});
  args.source.values = rows(arena.input(values), 1, 2, INT64_MAX);
  args.source.outside = Outside::clamp;
  args.at = start_at(every({50, 1}, 1), 10);
  auto out = arena.output<float>(2);
  args.out = rows(out.data(), 1, 2, INT64_MAX);
  EXPECT_OK(arena.launch([&](auto where) { return resample(args, where); }));
  EXPECT_EQ(out.download(), values);

  const std::vector<Ring> rings = {{0, 2}};
  auto status = arena.output<std::uint8_t>(3);
  args.source.values = rows(static_cast<const float*>(nullptr), 2, 0, INT64_MAX);
  args.source.rings = arena.input(rings);
  args.at = start_at(every({50, 1}, 3), 10);
  args.out = rows(static_cast<float*>(nullptr), 3, 0, INT64_MAX);
  args.status = status.data();
  EXPECT_OK(arena.launch([&](auto where) { return resample(args, where); }));
  EXPECT_EQ(status.download()[0], code(How::exact, Why::none));
}

/// Values of no samples may be null; groups behind the first lie beside it.
TEST_P(ResampleEdges, NoSamples) {
  Arena arena(GetParam());
  const ChannelGroup groups[] = {channels(1, Interpolation::linear), channels(2, Interpolation::previous)};
  ResampleArgs args;
  args.source.values = rows(static_cast<const float*>(nullptr), 0, 3);
  args.source.groups = groups;
  args.source.group_count = 2;
  args.source.fill = 7.0;
  args.at = start_at(every({50, 1}, 2), 0);
  auto out = arena.output<float>(6);
  args.out = rows(out.data(), 2, 3);
  EXPECT_OK(arena.launch([&](auto where) { return resample(args, where); }));
  EXPECT_EQ(out.download(), std::vector<float>(6, 7.0f));
}

TEST_P(ResampleEdges, Duplicates) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    using Stamp = typename Types::Stamp;
    Random random(303);
    const std::vector<std::vector<int>> recordings = {{0, 0},
                                                      {0, 0, 0, 0, 0, 0},
                                                      {0, 0, 1},
                                                      {0, 1, 1},
                                                      {0, 0, 1, 1, 1, 2, 2},
                                                      {0, 1, 1, 2, 3, 3, 3, 4, 5},
                                                      {0, 1, 2, 2, 3, 4}};
    for (const std::vector<int>& recording : recordings) {
      ResampleCase<Types> c;
      for (const int t : recording) c.times.push_back(stamp_of<Stamp>(1'000'000'000 + t * 250'000'000LL));
      std::vector<Stamp> q;
      for (int j = -2; j <= 22; ++j) q.push_back(stamp_of<Stamp>(1'000'000'000 + j * 62'500'000LL));
      c.ask(q);
      add_every_group(c, random);
      check_all_policies(c);
    }
  });
}

/// Which of a run of duplicates is taken, spelt out.
TEST_P(ResampleEdges, DuplicatesByHand) {
  Case c;
  c.times = {0, 10, 10, 10, 20};
  c.values = {0, 1, 2, 3, 4};
  const auto value_at = [&](Interpolation kind, std::int64_t q) {
    c.source.interpolation = kind;
    c.ask({q});
    const auto result = c.run(GetParam());
    EXPECT_OK(result.call);
    return result.out[0];
  };
  EXPECT_EQ(value_at(Interpolation::previous, 10), 3.0f);
  EXPECT_EQ(value_at(Interpolation::previous, 15), 3.0f);
  EXPECT_EQ(value_at(Interpolation::next, 10), 1.0f);
  EXPECT_EQ(value_at(Interpolation::next, 5), 1.0f);
  EXPECT_EQ(value_at(Interpolation::nearest, 10), 3.0f);
  EXPECT_EQ(value_at(Interpolation::nearest, 8), 1.0f);
  EXPECT_EQ(value_at(Interpolation::nearest, 12), 3.0f);
  EXPECT_EQ(value_at(Interpolation::linear, 10), 3.0f);
  EXPECT_EQ(value_at(Interpolation::linear, 5), 0.5f);   // the right end of a bracket is the first
  EXPECT_EQ(value_at(Interpolation::linear, 15), 3.5f);  // its left end the last
  EXPECT_EQ(value_at(Interpolation::pchip, 5), 0.5f);    // and a stencil ends there
  EXPECT_EQ(value_at(Interpolation::akima, 15), 3.5f);
  EXPECT_EQ(value_at(Interpolation::cubic, 15), 3.5f);
}

/// A query at a run of equal stamps does not look past it: the samples beyond are NaN.
TEST_P(ResampleEdges, HitsReadOneSample) {
  for (const Interpolation kind : every_kind) {
    SCOPED_TRACE(static_cast<int>(kind));
    Case c;
    c.times = {0, 10, 20};
    c.width = 4;
    c.values.assign(12, nan_value);
    std::fill(c.values.begin() + 4, c.values.begin() + 8, 0.5f);
    c.groups = {kind == Interpolation::slerp ? rotation(RotationFormat::quaternion_xyzw) : channels(4, kind)};
    c.ask({10});
    const auto result = c.run(GetParam());
    ASSERT_OK(result.call);
    for (const float value : result.out) EXPECT_EQ(value, 0.5f);
    EXPECT_EQ(static_cast<int>(result.status[0]), 0);
  }
}

TEST_P(ResampleEdges, EndsOfInt64) {
  SCOPED_TRACE(seed_trace());
  Random random(304);
  const std::vector<std::vector<std::int64_t>> recordings = {{INT64_MIN, INT64_MAX},
                                                             {INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1, INT64_MAX},
                                                             {INT64_MIN, INT64_MIN, INT64_MIN + 3},
                                                             {INT64_MAX - 2, INT64_MAX, INT64_MAX},
                                                             {-1, 0, 1}};
  const std::vector<std::int64_t> queries = {INT64_MIN, INT64_MIN + 1, INT64_MIN + 2, INT64_MIN / 2, -2,       -1, 0, 1,
                                             2,         INT64_MAX / 2, INT64_MAX - 2, INT64_MAX - 1, INT64_MAX};
  for (const auto& recording : recordings) {
    SCOPED_TRACE("from " + std::to_string(recording[0]) + ", " + std::to_string(recording.size()) + " samples");
    ResampleCase<Combination<std::int64_t, double, double>> c;
    c.times = recording;
    c.ask(queries);
    add_group(c, random, channels(2, Interpolation::previous));
    add_group(c, random, channels(2, Interpolation::next));
    add_group(c, random, channels(2, Interpolation::nearest));
    add_group(c, random, channels(2, Interpolation::linear));
    add_group(c, random, channels(2, Interpolation::pchip));
    for (const std::int64_t limit : {std::int64_t{0}, std::int64_t{1}, INT64_MAX - 1, INT64_MAX}) {
      c.source.slack = limit;
      c.source.max_age = limit;
      c.source.max_gap = limit;
      check_all_policies(c);
      c.source.slack = 0;
      check_all_policies(c);
    }
  }
}

/// Clocks that push stamps over the ends: held there, never wrapped.
TEST_P(ResampleEdges, ClockSaturates) {
  Random random(305);
  ResampleCase<Combination<std::int64_t, double, double>> c;
  c.times = {INT64_MIN, -5, 0, 5, INT64_MAX};
  c.ask({INT64_MIN, -10, 0, 10, INT64_MAX});
  add_group(c, random, channels(1, Interpolation::linear));
  add_group(c, random, channels(1, Interpolation::previous));
  for (const std::int64_t offset : {INT64_MIN, std::int64_t{-3}, std::int64_t{0}, std::int64_t{3}, INT64_MAX}) {
    for (const double drift : {0.0, 1e-3, -1e-3, 0.5, -0.999, 1e300}) {
      for (const std::int64_t reference : {INT64_MIN, std::int64_t{0}, INT64_MAX}) {
        SCOPED_TRACE("offset " + std::to_string(offset) + ", drift " + std::to_string(drift) + ", reference " +
                     std::to_string(reference));
        c.source.clock.offset = offset;
        c.source.clock.drift = drift;
        c.source.clock.reference = reference;
        // A stamp that is held at an end and then drifts back may pass another: flagged, but no matter of the
        // reference.
        std::vector<Real> corrected;
        for (const std::int64_t t : c.times)
          corrected.push_back(oracle::corrected_stamp(static_cast<Real>(t), c.source.clock, true));
        if (std::is_sorted(corrected.begin(), corrected.end())) c.check(GetParam());
        check_same_as_host(c);
      }
    }
  }
}

/// Today's stamps 1 ns apart: float seconds would see one time.
TEST_P(ResampleEdges, NanosecondsAtUnixTime) {
  const std::int64_t now = 1'700'000'000'123'456'789;
  Case c;
  c.times = {now, now + 1, now + 4};
  c.values = {0, 1, 4};
  c.ask({now - 1, now, now + 1, now + 2, now + 3, now + 4, now + 5});
  const auto result = c.run(GetParam());
  ASSERT_OK(result.call);
  for (int k = 0; k <= 4; ++k) EXPECT_NEAR(result.out[static_cast<std::size_t>(k) + 1], k, 1e-6) << k;
  EXPECT_TRUE(std::isnan(result.out[0]));
  EXPECT_TRUE(std::isnan(result.out[6]));
  const int wanted[] = {13, 0, 0, 1, 1, 0, 13};
  for (std::size_t r = 0; r < 7; ++r) EXPECT_EQ(static_cast<int>(result.status[r]), wanted[r]) << r;
}

/// Each limit accepts its own value and refuses one nanosecond more.
TEST_P(ResampleEdges, LimitsAreInclusive) {
  const auto status_at = [&](const Case& from, std::int64_t q) {
    Case c = from;
    c.ask({q});
    const auto result = c.run(GetParam());
    EXPECT_OK(result.call);
    return static_cast<int>(result.status[0]);
  };
  const std::int64_t now = 1'700'000'000'000'000'000;
  Case c;
  c.times = {now, now + 100, now + 201};
  c.values = {0, 1, 2};

  c.source.max_gap = 100;
  EXPECT_EQ(status_at(c, now + 50), code(How::interpolated, Why::none));
  EXPECT_EQ(status_at(c, now + 150), code(How::filled, Why::gap));
  EXPECT_EQ(status_at(c, now + 201), code(How::exact, Why::none));
  c.source.gap = Gap::hold;
  EXPECT_EQ(status_at(c, now + 150), code(How::held, Why::gap));
  c.source.max_age = 50;
  EXPECT_EQ(status_at(c, now + 150), code(How::held, Why::gap));
  EXPECT_EQ(status_at(c, now + 151), code(How::filled, Why::stale));

  Case steps;
  steps.times = c.times;
  steps.values = c.values;
  steps.source.max_age = 40;
  for (const Interpolation kind : {Interpolation::previous, Interpolation::next, Interpolation::nearest}) {
    steps.source.interpolation = kind;
    const bool next = kind == Interpolation::next;
    EXPECT_EQ(status_at(steps, now + (next ? 60 : 40)), code(How::held, Why::none));
    EXPECT_EQ(status_at(steps, now + (next ? 59 : 41)), code(How::filled, Why::stale));
    EXPECT_EQ(status_at(steps, now + 100), code(How::exact, Why::none));
  }
  steps.source.max_gap = 1;  // a gap is a matter of two samples
  EXPECT_EQ(status_at(steps, now + 100 - 40), code(How::held, Why::none));

  Case ends;
  ends.times = c.times;
  ends.values = c.values;
  ends.source.outside = Outside::clamp;
  ends.source.max_age = 30;
  EXPECT_EQ(status_at(ends, now + 231), code(How::clamped, Why::outside));
  EXPECT_EQ(status_at(ends, now + 232), code(How::filled, Why::stale));
  EXPECT_EQ(status_at(ends, now - 30), code(How::clamped, Why::outside));
  EXPECT_EQ(status_at(ends, now - 31), code(How::filled, Why::stale));
  ends.source.outside = Outside::extrapolate;
  ends.source.max_extrapolation = 20;
  EXPECT_EQ(status_at(ends, now + 221), code(How::extrapolated, Why::outside));
  EXPECT_EQ(status_at(ends, now + 222), code(How::filled, Why::outside));
  EXPECT_EQ(status_at(ends, now - 20), code(How::extrapolated, Why::outside));
  EXPECT_EQ(status_at(ends, now - 21), code(How::filled, Why::outside));

  Case slack;
  slack.times = c.times;
  slack.values = c.values;
  slack.source.slack = 7;
  slack.source.interpolation = Interpolation::previous;
  EXPECT_EQ(status_at(slack, now - 7), code(How::held, Why::none));
  EXPECT_EQ(status_at(slack, now - 8), code(How::filled, Why::outside));
  slack.source.interpolation = Interpolation::next;
  EXPECT_EQ(status_at(slack, now + 208), code(How::held, Why::none));
  EXPECT_EQ(status_at(slack, now + 209), code(How::filled, Why::outside));
}

TEST_P(ResampleEdges, SlackTakesTheSampleJustAfter) {
  Case c;
  c.times = {0, 100, 200};
  c.values = {0, 1, 2};
  c.source.slack = 3;
  c.source.interpolation = Interpolation::previous;
  c.ask({96, 97, 100, 103});
  EXPECT_EQ(c.run(GetParam()).out, (std::vector<float>{0, 1, 1, 1}));
  c.source.interpolation = Interpolation::next;
  c.ask({97, 100, 103, 104});
  EXPECT_EQ(c.run(GetParam()).out, (std::vector<float>{1, 1, 1, 2}));
}

/// `previous` never shows the future, `next` never the past, whatever the policy.
TEST_P(ResampleEdges, NoLeakOfTheFuture) {
  Case c;
  c.times = {100, 200};
  c.values = {1, 2};
  c.ask({99, 201});
  for (const Outside outside : every_outside) {
    c.source.outside = outside;
    c.source.interpolation = Interpolation::previous;
    auto result = c.run(GetParam());
    EXPECT_TRUE(std::isnan(result.out[0]));
    EXPECT_EQ(static_cast<int>(result.status[0]), code(How::filled, Why::outside));
    EXPECT_EQ(std::isnan(result.out[1]), outside == Outside::fill);
    c.source.interpolation = Interpolation::next;
    result = c.run(GetParam());
    EXPECT_TRUE(std::isnan(result.out[1]));
    EXPECT_EQ(static_cast<int>(result.status[1]), code(How::filled, Why::outside));
    EXPECT_EQ(std::isnan(result.out[0]), outside == Outside::fill);
  }
}

TEST_P(ResampleEdges, UnsortedIsFlagged) {
  for (const Interpolation kind : every_kind) {
    Case c;
    c.width = 4;
    c.groups = {kind == Interpolation::slerp ? rotation(RotationFormat::quaternion_xyzw) : channels(4, kind)};
    const auto flags = [&](std::vector<std::int64_t> times, std::vector<std::int64_t> queries) {
      c.times = times;
      c.values.assign(times.size() * 4, 0.5f);
      c.ask(queries);
      const auto result = c.run(GetParam());
      EXPECT_OK(result.call);
      std::vector<int> set;
      for (const std::uint8_t status : result.status) set.push_back((status & status_unsorted) != 0);
      return set;
    };
    // However it is searched, the inversion is among the two stamps before and the two after.
    EXPECT_EQ(flags({10, 5}, {0, 5, 7, 10, 20}), (std::vector<int>{1, 1, 1, 1, 1})) << static_cast<int>(kind);
    EXPECT_EQ(flags({0, 10, 5}, {20}), (std::vector<int>{1})) << static_cast<int>(kind);
    EXPECT_EQ(flags({5, 0, 10}, {-5}), (std::vector<int>{1})) << static_cast<int>(kind);
    // Duplicates are sorted.
    EXPECT_EQ(flags({0, 0, 5, 5, 5}, {-1, 0, 3, 5, 9}), (std::vector<int>{0, 0, 0, 0, 0})) << static_cast<int>(kind);
    // Far away, it is no matter of this row.
    EXPECT_EQ(flags({0, 1, 2, 3, 4, 5, 9, 8, 20}, {1, 2, 3}), (std::vector<int>{0, 0, 0})) << static_cast<int>(kind);
  }
}

TEST_P(ResampleEdges, NanStampIsFlagged) {
  ResampleCase<Combination<double, double, double>> c;
  c.times = {0.0, std::nan(""), 2.0};
  c.values = {0, 1, 2};
  c.ask({-1.0, 0.0, 1.0, 2.0, 3.0});
  const auto result = c.run(GetParam());
  ASSERT_OK(result.call);
  for (const std::uint8_t status : result.status) EXPECT_NE(status & status_unsorted, 0);
}

TEST_P(ResampleEdges, NanQueryIsOutside) {
  for (const Outside outside : every_outside) {
    const auto check = [&](auto types) {
      using Types = decltype(types);
      using Stamp = typename Types::Stamp;
      Random random(306);
      ResampleCase<Types> c;
      c.times = {0, 1, 2, 3};
      const Stamp inf = std::numeric_limits<Stamp>::infinity();
      c.ask({std::numeric_limits<Stamp>::quiet_NaN(), -std::numeric_limits<Stamp>::quiet_NaN(), Stamp(1.5), inf, -inf});
      for (const Interpolation kind : every_kind)
        add_group(c, random,
                  kind == Interpolation::slerp ? rotation(RotationFormat::quaternion_xyzw) : channels(1, kind));
      c.source.outside = outside;
      const auto result = c.run(GetParam());
      ASSERT_OK(result.call);
      const std::size_t groups = static_cast<std::size_t>(c.group_count());
      for (std::size_t g = 0; g < 2 * groups; ++g)
        EXPECT_EQ(static_cast<int>(result.status[g]), code(How::filled, Why::outside)) << g;
      if (outside == Outside::extrapolate) return;
      c.check(GetParam());
    };
    check(Combination<double, double, double>());
    check(Combination<float, float, float>());
  }
}

/// Any stamps at all, in any order: memory-safe, and the same bits everywhere.
TEST_P(ResampleEdges, GarbageStamps) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    using Stamp = typename Types::Stamp;
    Random random(307);
    const auto garbage = [&](std::int64_t range) {
      if (std::is_same<Stamp, std::int64_t>::value)
        return static_cast<Stamp>(random.one_in(3) ? static_cast<std::int64_t>(random.next()) : random.below(range));
      switch (random.below(6)) {
        case 0:
          return static_cast<Stamp>(std::numeric_limits<double>::quiet_NaN());
        case 1:
          return static_cast<Stamp>(random.one_in(2) ? HUGE_VAL : -HUGE_VAL);
        case 2:
          return static_cast<Stamp>(std::ldexp(random.signed_unit(), static_cast<int>(random.between(-140, 120))));
        default:
          return static_cast<Stamp>(static_cast<double>(random.below(range)));
      }
    };
    for (int round = 0; round < 6; ++round) {
      ResampleCase<Types> c;
      const std::int64_t samples = random.between(1, 200);
      for (std::int64_t k = 0; k < samples; ++k) c.times.push_back(garbage(samples));
      std::vector<Stamp> q;
      for (int j = 0; j < 100; ++j) q.push_back(garbage(samples));
      c.ask(q);
      add_every_group(c, random);
      for (auto& value : c.values)
        if (random.one_in(20)) value = round_to<typename Types::In>(random.one_in(2) ? not_a_number : HUGE_VALL);
      c.source.outside = static_cast<Outside>(round % 3);
      c.source.slack = random.one_in(2) ? 0 : random.below(1000);
      c.source.max_gap = random.one_in(2) ? unlimited : random.below(samples);
      check_same_as_host(c);
    }
  });
}

/// Offsets that are no offsets: some rows, never an access outside.
TEST_P(ResampleEdges, WrongOffsets) {
  SCOPED_TRACE(seed_trace());
  Random random(308);
  for (int round = 0; round < 60; ++round) {
    Case c;
    c.times = irregular_times<std::int64_t>(random, 50, 0);
    add_group(c, random, channels(5, Interpolation::linear));
    add_group(c, random, channels(1, Interpolation::akima));
    const auto wrong = [&](std::int64_t limit) {
      return random.one_in(4) ? static_cast<std::int64_t>(random.next()) : random.between(-10, limit);
    };
    for (int s = 0; s < 8; ++s) {
      c.offsets.push_back(wrong(60));
      c.row_offsets.push_back(wrong(70));
    }
    c.rows = 64;
    if (round % 2 == 0) {
      c.at = every({50, 1}, static_cast<const std::int64_t*>(nullptr));
    } else {
      for (int r = 0; r < 64; ++r) c.queries.push_back(random.below(500'000'000));
      c.at = at_times(Times(), static_cast<const std::int64_t*>(nullptr));
    }
    ASSERT_OK(c.run(GetParam()).call);  // which rows come out is unspecified; run() looks at the guard zones
  }
}

TEST_P(ResampleEdges, FillReachesEveryType) {
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(309);
    for (const double fill : {0.0, -0.0, 65504.0, 1e-3, 1e300, -HUGE_VAL, std::nan("")}) {
      auto c = random_case<Types>(random, 1, 30);
      c.source.fill = fill;
      add_group(c, random, channels(2, Interpolation::linear));
      add_group(c, random, rotation(RotationFormat::quaternion_xyzw, RotationFormat::rot6d));
      add_group(c, random, derivative_of(rotation(RotationFormat::rot6d)));
      c.scale.assign(11, 2.0f);
      c.shift.assign(11, 1.0f);
      c.check(GetParam());
    }
  });
}

/// 30 Hz stamps that went through float32: without slack, `previous` shows the frame before in half of the rows.
TEST_P(ResampleEdges, RoundedStampsWithSlack) {
  if (test_data().empty()) GTEST_SKIP() << no_test_data;
  const Recording recording = read_csv(test_data() + "/g1_humanoid/episode_0.csv");
  Case c;
  c.times = recording.times;
  for (std::size_t k = 0; k < recording.times.size(); ++k) c.values.push_back(static_cast<float>(k));
  c.source.interpolation = Interpolation::previous;
  c.at = every({30, 1}, c.samples());
  c.source.outside = Outside::clamp;
  c.rows = c.samples();
  const auto strict = c.run(GetParam());
  ASSERT_OK(strict.call);
  c.source.slack = 10'000;
  const auto slack = c.run(GetParam());
  ASSERT_OK(slack.call);
  int late = 0;
  for (std::size_t k = 0; k < recording.times.size(); ++k) {
    late += strict.out[k] != static_cast<float>(k);
    EXPECT_EQ(slack.out[k], static_cast<float>(k));
  }
  EXPECT_EQ(late, 231);
}

/// A real flight's attitude and IMU at 50 Hz, against the reference.
TEST_P(ResampleEdges, RecordedFlight) {
  if (test_data().empty()) GTEST_SKIP() << no_test_data;
  const Recording recording = read_csv(test_data() + "/px4_flight/vehicle_attitude.csv");
  const std::size_t first = recording.column("q_0");
  Case c;
  c.times.assign(recording.times.begin(), recording.times.begin() + 600);
  c.width = 4;
  for (std::size_t k = 0; k < 600; ++k)
    for (std::size_t j = 0; j < 4; ++j)
      c.values.push_back(static_cast<float>(recording.values[k * recording.names.size() + first + j]));
  c.groups = {rotation(RotationFormat::quaternion_wxyz, RotationFormat::quaternion_xyzw)};
  c.source.max_gap = 40'000'000;
  c.at = every({50, 1}, 380);
  c.rows = 380;
  c.check(GetParam());
}

INSTANTIATE_TEST_SUITE_P(, ResampleEdges, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
