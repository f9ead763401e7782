// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/fuse_case.hpp"
#include "support/mistakes.hpp"

#include <robocache/fuse/match.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Ring buffers give what the same samples in order give, in every operator that takes them.

namespace robocache::test {
namespace {

using Indices = std::vector<std::int64_t>;
constexpr std::int64_t ms = 1'000'000;

class Rings : public LauncherTest {};

/// What a ring with these fields holds, by the words of its description.
Ring held(const Ring& ring, std::int64_t capacity) {
  if (capacity == 0) return {0, 0};
  const std::int64_t head = ring.head % capacity;
  return {head < 0 ? head + capacity : head, std::min(std::max<std::int64_t>(ring.count, 0), capacity)};
}

std::int64_t place_of(const Ring& ring, std::int64_t capacity, std::int64_t s, std::int64_t k) {
  return s * capacity + (held(ring, capacity).head + k) % capacity;
}

std::vector<ChannelGroup> every_kind() {
  std::vector<ChannelGroup> groups;
  for (int kind = 0; kind < 9; ++kind) {
    if (kind == 7) continue;
    groups.push_back(channels(2, static_cast<Interpolation>(kind)));
    if (kind >= 3) groups.push_back(derivative_of(groups.back()));
  }
  for (int format = 0; format < 4; ++format) {
    groups.push_back(rotation(static_cast<RotationFormat>(format)));
    groups.push_back(derivative_of(groups.back()));
  }
  return groups;
}

template <class Types>
struct Pair {
  ResampleCase<Types> ordered, ring;
};

/// Samples of every ring, in order and in place. Rows of the buffer that hold no sample are NaN, at times amid the
/// others.
template <class Types>
Pair<Types> random_pair(Random& random, std::int64_t capacity, const std::vector<Ring>& rings,
                        const std::vector<ChannelGroup>& groups, std::int64_t steps) {
  using Stamp = typename Types::Stamp;
  using In = typename Types::In;
  const std::int64_t start = typical_start<Stamp>();
  Pair<Types> pair;
  ResampleCase<Types>& c = pair.ordered;
  c.offsets = {0};
  for (const Ring& ring : rings) {
    const auto times = irregular_times<Stamp>(random, held(ring, capacity).count, start);
    c.times.insert(c.times.end(), times.begin(), times.end());
    c.offsets.push_back(c.samples());
  }
  for (const ChannelGroup& group : groups) add_group(c, random, group);
  const std::int64_t segments = static_cast<std::int64_t>(rings.size());
  std::vector<Stamp> near = c.times;
  near.push_back(stamp_of<Stamp>(start));
  std::sort(near.begin(), near.end());
  c.ask(varied_queries(random, near, segments * steps));
  c.at.steps = steps;

  pair.ring = c;
  ResampleCase<Types>& r = pair.ring;
  r.offsets.clear();
  r.rings = rings;
  r.source.segments = uniform(segments, capacity);
  const std::int64_t rows = segments * capacity + random.below(2);  // maybe a row of no segment
  r.times.assign(static_cast<std::size_t>(rows), stamp_of<Stamp>(start + 5 * ms));
  r.values.assign(static_cast<std::size_t>(rows * c.width), round_to<In>(not_a_number));
  for (std::int64_t s = 0; s < segments; ++s) {
    const std::int64_t begin = c.offsets[static_cast<std::size_t>(s)];
    for (std::int64_t k = begin; k < c.offsets[static_cast<std::size_t>(s) + 1]; ++k) {
      const std::int64_t row = place_of(rings[static_cast<std::size_t>(s)], capacity, s, k - begin);
      r.times[static_cast<std::size_t>(row)] = c.times[static_cast<std::size_t>(k)];
      std::copy_n(c.values.begin() + k * c.width, c.width, r.values.begin() + row * c.width);
    }
  }
  return pair;
}

/// Every head with every count of small buffers, some of large ones, three to a call.
template <class Body>
void for_each_state(Random& random, const Body& body) {
  for (const std::int64_t capacity : {1, 2, 3, 4, 5, 6, 7, 8, 31, 100}) {
    std::vector<Ring> states;
    for (int i = 0; i < 24; ++i) states.push_back({random.below(capacity), random.between(0, capacity)});
    if (capacity <= 8) {
      states.clear();
      for (std::int64_t head = 0; head < capacity; ++head)
        for (std::int64_t count = 0; count <= capacity; ++count) states.push_back({head, count});
    } else {
      for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, capacity - 1, capacity})
        for (const std::int64_t head : {std::int64_t{0}, std::int64_t{1}, capacity - 2, capacity - 1})
          states.push_back({head, count});
    }
    random.shuffle(states);
    for (std::size_t i = 0; i < states.size(); i += 3) {
      const std::vector<Ring> rings(states.begin() + static_cast<std::ptrdiff_t>(i),
                                    states.begin() + static_cast<std::ptrdiff_t>(std::min(i + 3, states.size())));
      std::string trace = "capacity " + std::to_string(capacity);
      for (const Ring& ring : rings)
        trace += ", head " + std::to_string(ring.head) + " count " + std::to_string(ring.count);
      SCOPED_TRACE(trace);
      body(capacity, rings);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST_P(Rings, ResampleAsInOrder) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    SCOPED_TRACE(Types::name());
    Random random(800);
    int round = 0;
    for_each_state(random, [&](std::int64_t capacity, const std::vector<Ring>& rings) {
      auto pair = random_pair<Types>(random, capacity, rings, every_kind(), 25);
      vary_rules(pair.ordered.source, random, ++round);
      const Segments segments = pair.ring.source.segments;
      pair.ring.source = pair.ordered.source;
      pair.ring.source.segments = segments;
      if (round % 3 == 1) {
        pair.ordered.source.clock = pair.ring.source.clock = {7 * ms, 1e-5, typical_start<typename Types::Stamp>()};
      }
      pair.ring.in_first = round % 4;
      pair.ring.in_padding = round % 3;
      const auto got = pair.ring.run(GetParam());
      expect_same(got, pair.ordered.run(GetParam()), "in a ring and in order");
      pair.ring.expect_matches(got, pair.ring.expected());
    });
  };
  check(Combination<std::int64_t, float, float>());
  check(Combination<std::int64_t, double, double>());
  check(Combination<std::int64_t, BFloat16, BFloat16>());
  check(Combination<double, float, float>());
}

/// Each kind alone: the kernels and the loops of one kind are their own.
TEST_P(Rings, EachKindAlone) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    SCOPED_TRACE(Types::name());
    Random random(801);
    for (const ChannelGroup& kind : every_kind()) {
      ChannelGroup group = kind;
      if (group.kind != Interpolation::slerp) group.width = static_cast<std::int32_t>(random.between(1, 16));
      SCOPED_TRACE("kind " + std::to_string(static_cast<int>(group.kind)) + (group.derivative ? "'" : ""));
      for (const std::int64_t capacity : {4, 6, 9, 64}) {
        std::vector<Ring> rings;
        for (int s = 0; s < 5; ++s) rings.push_back({random.below(capacity), capacity - random.below(3)});
        auto pair = random_pair<Types>(random, capacity, rings, {group}, 60);
        pair.ring.source.outside = pair.ordered.source.outside = Outside::extrapolate;
        const auto got = pair.ring.run(GetParam());
        expect_same(got, pair.ordered.run(GetParam()), "in a ring and in order");
        pair.ring.expect_matches(got, pair.ring.expected());
      }
    }
  };
  check(Combination<std::int64_t, float, float>());
  check(Combination<std::int64_t, Half, Half>());
  check(Combination<std::int64_t, float, BFloat16>());
}

TEST_P(Rings, FieldsOutOfRangeAreHeld) {
  SCOPED_TRACE(seed_trace());
  Random random(802);
  using Types = Combination<std::int64_t, float, float>;
  for (const std::int64_t capacity : {1, 2, 5, 16}) {
    std::vector<Ring> rings;
    for (const std::int64_t head : {std::int64_t{-1}, -capacity, -capacity - 1, capacity, capacity + 1,
                                    3 * capacity - 1, INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1})
      for (const std::int64_t count : {std::int64_t{-1}, std::int64_t{1}, capacity, capacity + 1, INT64_MAX, INT64_MIN})
        rings.push_back({head, count});
    const auto pair = random_pair<Types>(random, capacity, rings, every_kind(), 10);
    const auto got = pair.ring.run(GetParam());
    expect_same(got, pair.ordered.run(GetParam()), "in a ring and in order");
    // Held fields are the same ring.
    auto tidy = pair.ring;
    for (Ring& ring : tidy.rings) ring = held(ring, capacity);
    expect_same(got, tidy.run(GetParam()), "as given and as held");
  }
}

TEST_P(Rings, GridsStartAtTheOldestSample) {
  SCOPED_TRACE(seed_trace());
  using Types = Combination<std::int64_t, float, float>;
  Random random(803);
  for_each_state(random, [&](std::int64_t capacity, const std::vector<Ring>& rings) {
    auto pair = random_pair<Types>(random, capacity, rings, {channels(3, Interpolation::linear)}, 1);
    for (ResampleCase<Types>* c : {&pair.ordered, &pair.ring}) {
      c->queries.clear();
      c->at = every({120, 1}, 20);
      c->rows = 20 * static_cast<std::int64_t>(rings.size());
      c->source.clock = {3 * ms, 0, 0};
    }
    const auto got = pair.ring.run(GetParam());
    expect_same(got, pair.ordered.run(GetParam()), "in a ring and in order");
    for (std::size_t s = 0; s < rings.size(); ++s) {
      if (held(rings[s], capacity).count == 0) continue;
      ASSERT_EQ(static_cast<int>(how_of(got.status[s * 20])), static_cast<int>(How::exact));
    }
  });
}

/// A buffer without rows holds nothing, whatever its state says; nor do no segments.
TEST_P(Rings, WithoutRows) {
  using Types = Combination<std::int64_t, float, float>;
  ResampleCase<Types> c;
  c.rings = {{3, 4}, {-1, INT64_MAX}};
  c.source.segments = uniform(2, 0);
  c.ask({0, 1, 2, 3});
  c.at.steps = 2;
  const auto got = c.run(GetParam());
  ASSERT_OK(got.call);
  for (const std::uint8_t status : got.status)
    EXPECT_EQ(static_cast<int>(status), static_cast<int>(make_status(How::filled, Why::empty)));
  c.rings = {{0, 1}};
  c.source.segments = uniform(0, 5);
  c.ask({});
  EXPECT_OK(c.run(GetParam()).call);
}

/// One segment of every row may be a ring too.
TEST_P(Rings, OfEveryRow) {
  ResampleCase<Combination<std::int64_t, float, float>> c;
  c.times = {30, 40, 10, 20};
  c.values = {3, 4, 1, 2};
  c.rings = {{2, 4}};
  c.ask({10, 15, 25, 30, 35, 40});
  const auto got = c.run(GetParam());
  ASSERT_OK(got.call);
  expect_same_bits(got.out, {1, 1.5f, 2.5f, 3, 3.5f, 4}, "out");
}

TEST_P(Rings, MatchGivesTheRowOfTheBuffer) {
  SCOPED_TRACE(seed_trace());
  using Types = Combination<std::int64_t, float, float>;
  using Direction = MatchArgs::Direction;
  struct Matched {
    Indices index, age;
    std::vector<std::uint8_t> status;
  };
  const auto run = [&](const ResampleCase<Types>& c, MatchArgs args) {
    Arena arena(GetParam());
    const ResampleArgs inputs = c.inputs(arena);
    args.times = inputs.source.times;
    args.count = c.samples();
    args.segments = inputs.source.segments;
    args.clock = inputs.source.clock;
    args.rings = inputs.source.rings;
    args.at = inputs.at;
    args.rows = c.rows;
    const auto index = arena.output<std::int64_t>(c.rows), age = arena.output<std::int64_t>(c.rows);
    const auto status = arena.output<std::uint8_t>(c.rows);
    args.index = index.data();
    args.age = age.data();
    args.status = status.data();
    EXPECT_OK(arena.launch([&](auto where) { return match(args, where); }));
    return Matched{index.download(), age.download(), status.download()};
  };
  Random random(804);
  int round = 0;
  for_each_state(random, [&](std::int64_t capacity, const std::vector<Ring>& rings) {
    auto pair = random_pair<Types>(random, capacity, rings, {channels(1, Interpolation::linear)}, 25);
    if (++round % 2 == 0) pair.ordered.source.clock = pair.ring.source.clock = {-2 * ms, 1e-6, 0};
    for (const Direction direction : {Direction::backward, Direction::forward, Direction::nearest}) {
      for (const bool allow_exact : {true, false}) {
        MatchArgs args;
        args.direction = direction;
        args.allow_exact = allow_exact;
        args.tie = round % 3 == 0 ? Tie::later : Tie::earlier;
        if (round % 2 == 1) args.tolerance = 20 * ms;
        const Matched got = run(pair.ring, args);
        Matched want = run(pair.ordered, args);
        for (std::size_t r = 0; r < want.index.size(); ++r) {
          if (want.index[r] < 0) continue;
          const std::size_t s = r / 25;
          want.index[r] =
              place_of(rings[s], capacity, static_cast<std::int64_t>(s), want.index[r] - pair.ordered.offsets[s]);
        }
        ASSERT_EQ(got.index, want.index);
        ASSERT_EQ(got.age, want.age);
        ASSERT_EQ(got.status, want.status);
      }
    }
  });
}

/// Ring buffers and streams in order, side by side: separate calls, the physical row of the last sample, and the bits
/// of the same samples in order.
TEST_P(Rings, FuseAsInOrder) {
  SCOPED_TRACE(seed_trace());
  using Types = Combination<std::int64_t, float, float>;
  Random random(805);
  int round = 0;
  for_each_state(random, [&](std::int64_t capacity, const std::vector<Ring>& rings) {
    FuseCase<std::int64_t> c, in_order;
    ++round;
    for (int i = 0; i < 3; ++i) {
      std::vector<ChannelGroup> groups;
      for (int g = 0; g < 2; ++g) groups.push_back(random_group(random));
      auto pair = random_pair<Types>(random, capacity, rings, groups, 15);
      const Segments segments = pair.ring.source.segments;
      vary_rules(pair.ordered.source, random, round + i);
      if (random.one_in(2)) pair.ordered.source.clock.offset = random.between(-20 * ms, 20 * ms);
      pair.ring.source = pair.ordered.source;
      pair.ring.source.segments = segments;
      if (i == 0) {
        c.asked.queries = pair.ordered.queries;
        c.asked.at = pair.ordered.at;
        c.asked.rows = pair.ordered.rows;
      }
      pair.ordered.queries.clear();
      pair.ring.queries.clear();
      in_order.streams.emplace_back(pair.ordered);
      // The one in order may be the first, whose stamps a grid starts at, or not.
      if (i == round % 3) {
        c.streams.emplace_back(pair.ordered);
      } else {
        c.streams.emplace_back(pair.ring);
      }
    }
    if (round % 2 == 0) {
      c.asked.queries.clear();
      c.asked.at = every({100, 1}, 15);
    }
    in_order.asked = c.asked;
    c.check<float>(GetParam());
    const auto got = c.run<float>(GetParam()), want = in_order.run<float>(GetParam());
    ASSERT_OK(got.call);
    ASSERT_OK(want.call);
    expect_same_bits(got.out, want.out, "in rings and in order");
    expect_same_bits(got.status, want.status, "in rings and in order");
    ASSERT_EQ(got.age, want.age);
  });
}

TEST_P(Rings, Errors) {
  Arena arena(GetParam());
  const std::int64_t* times = arena.input(Indices{0, 1, 2, 3});
  const float* values = arena.input(std::vector<float>{0, 1, 2, 3});
  const Ring* rings = arena.input(std::vector<Ring>{{0, 2}, {1, 2}, {0, 0}});
  const std::int64_t* offsets = arena.input(Indices{0, 2, 4});
  const auto out = arena.output<float>(2);
  const auto index = arena.output<std::int64_t>(2);
  ResampleArgs resampled_args;
  resampled_args.source.times = times;
  resampled_args.source.values = rows(values, 4, 1);
  resampled_args.source.segments = uniform(2, 2);
  resampled_args.source.rings = rings;
  resampled_args.at = at_times(times, 1);
  resampled_args.out = rows(out.data(), 2, 1);
  MatchArgs matched_args;
  matched_args.times = times;
  matched_args.count = 4;
  matched_args.segments = uniform(2, 2);
  matched_args.rings = rings;
  matched_args.at = at_times(times, 1);
  matched_args.rows = 2;
  matched_args.index = index.data();
  const auto refuse = [&](StatusCode code, const char* argument, const ResampleArgs& a, const MatchArgs& b) {
    EXPECT_TRUE(is_error(arena.launch([&](auto where) { return resample(a, where); }), code, argument));
    EXPECT_TRUE(is_error(arena.launch([&](auto where) { return match(b, where); }), code, argument));
    EXPECT_TRUE(out.untouched());
    EXPECT_TRUE(index.untouched());
  };
  {
    auto a = resampled_args;
    auto b = matched_args;
    a.source.segments = b.segments = ragged(offsets, 2);
    refuse(StatusCode::invalid_value, "rings", a, b);
  }
  {
    auto a = resampled_args;
    auto b = matched_args;
    a.source.rings = b.rings = beside(rings, 4);
    refuse(StatusCode::misaligned, "rings", a, b);
  }
  {
    auto a = resampled_args;
    auto b = matched_args;
    a.out.data = const_cast<Ring*>(rings + 1);
    b.index = &const_cast<Ring*>(rings + 1)->count;
    refuse(StatusCode::aliasing, "args.", a, b);
  }
  EXPECT_OK(arena.launch([&](auto where) { return resample(resampled_args, where); }));
  EXPECT_OK(arena.launch([&](auto where) { return match(matched_args, where); }));
}

/// Sensors that log into rings while a policy asks for its history again and again: what is on the device when the
/// graph runs counts, not what was there when it was captured. All from empty to several times round.
TEST_P(Rings, StateIsReadWhenTheCallRuns) {
  SCOPED_TRACE(seed_trace());
  Random random(806);
  constexpr std::int64_t steps = 6;
  struct Live {
    std::int64_t capacity, period;
    Interpolation kind;
    std::unique_ptr<detail::Buffer> times, values, ring;
    std::int64_t logged = 0;
    Indices all_times;
    std::vector<float> all_values;
  };
  std::vector<Live> live;
  live.push_back({8, 10 * ms, Interpolation::akima, {}, {}, {}, 0, {}, {}});
  live.push_back({5, 23 * ms, Interpolation::linear, {}, {}, {}, 0, {}, {}});
  live.push_back({3, 37 * ms, Interpolation::previous, {}, {}, {}, 0, {}, {}});
  const Launcher launcher = GetParam();
  std::vector<SensorStream> streams;
  for (Live& sensor : live) {
    const std::size_t capacity = static_cast<std::size_t>(sensor.capacity);
    sensor.times = std::make_unique<detail::Buffer>(launcher, capacity * 8);
    sensor.values = std::make_unique<detail::Buffer>(launcher, capacity * 8);
    sensor.ring = std::make_unique<detail::Buffer>(launcher, sizeof(Ring));
    sensor.times->upload(std::vector<unsigned char>(capacity * 8, 0));
    sensor.values->upload(std::vector<unsigned char>(capacity * 8, 0xff));
    const Ring empty;
    sensor.ring->write(0, &empty, sizeof(Ring));
    SensorStream stream;
    stream.times = reinterpret_cast<const std::int64_t*>(sensor.times->data());
    stream.values = rows(reinterpret_cast<const float*>(sensor.values->data()), sensor.capacity, 2);
    stream.rings = reinterpret_cast<const Ring*>(sensor.ring->data());
    stream.interpolation = sensor.kind;
    stream.outside = Outside::clamp;
    streams.push_back(stream);
  }
  const detail::Buffer now(launcher, 8), history(launcher, steps * 8), segment(launcher, 8);
  const Indices offsets = {-50 * ms, -40 * ms, -30 * ms, -20 * ms, -10 * ms, 0};
  const std::int64_t zero = 0;
  history.write(0, offsets.data(), steps * 8);
  segment.write(0, &zero, 8);
  const detail::Buffer out(launcher, steps * 6 * 4), sample(launcher, steps * 3 * 8);
  FuseArgs args;
  args.streams = streams.data();
  args.stream_count = 3;
  args.at =
      windows(reinterpret_cast<const std::int64_t*>(now.data()), reinterpret_cast<const std::int64_t*>(segment.data()),
              1, reinterpret_cast<const std::int64_t*>(history.data()), steps);
  args.out = rows(reinterpret_cast<float*>(out.data()), steps, 6);
  args.sample = reinterpret_cast<std::int64_t*>(sample.data());
  Repeated repeated(launcher);
  for (std::int64_t tick = 0; tick < 40; ++tick) {
    SCOPED_TRACE(tick);
    const std::int64_t time = tick * 17 * ms;
    for (Live& sensor : live) {
      for (; tick > 0 && sensor.logged * sensor.period <= time; ++sensor.logged) {
        const std::int64_t stamp = sensor.logged * sensor.period;
        const float value[2] = {static_cast<float>(random.signed_unit()), static_cast<float>(random.signed_unit())};
        const std::size_t row = static_cast<std::size_t>(sensor.logged % sensor.capacity);
        sensor.times->write(row * 8, &stamp, 8);
        sensor.values->write(row * 8, value, 8);
        sensor.all_times.push_back(stamp);
        sensor.all_values.insert(sensor.all_values.end(), value, value + 2);
      }
      const std::int64_t count = std::min(sensor.logged, sensor.capacity);
      const Ring ring = {(sensor.logged - count) % sensor.capacity, count};
      sensor.ring->write(0, &ring, sizeof(Ring));
    }
    now.write(0, &time, 8);
    ASSERT_OK(repeated.run([&](auto where) { return fuse(args, where); }));

    // The same samples in order, on the host.
    std::vector<SensorStream> ordered = streams;
    for (std::size_t s = 0; s < 3; ++s) {
      const std::int64_t count = std::min(live[s].logged, live[s].capacity), first = live[s].logged - count;
      ordered[s].times = live[s].all_times.data() + first;
      ordered[s].values = rows(static_cast<const float*>(live[s].all_values.data()) + 2 * first, count, 2);
      ordered[s].rings = nullptr;
    }
    std::vector<float> want(steps * 6), got(steps * 6);
    Indices want_sample(steps * 3), got_sample(steps * 3);
    FuseArgs reference = args;
    reference.streams = ordered.data();
    reference.at = windows(&time, &zero, 1, offsets.data(), steps);
    reference.out = rows(want.data(), steps, 6);
    reference.sample = want_sample.data();
    ASSERT_OK(fuse(reference, Host{1}));
    for (std::size_t i = 0; i < want_sample.size(); ++i) {
      const Live& sensor = live[i % 3];
      const std::int64_t first = sensor.logged - std::min(sensor.logged, sensor.capacity);
      if (want_sample[i] >= 0) want_sample[i] = (first + want_sample[i]) % sensor.capacity;
    }
    out.read(0, got.data(), got.size() * 4);
    sample.read(0, got_sample.data(), got_sample.size() * 8);
    expect_same_bits(got, want, "in rings and in order");
    ASSERT_EQ(got_sample, want_sample);
  }
}

INSTANTIATE_TEST_SUITE_P(, Rings, every_launcher(), launcher_name);

TEST(RingsOnHost, EachSegmentHasItsClock) {
  const std::vector<std::int64_t> times = {30, 10, 20, 130}, at = {20, 30};
  const std::vector<Ring> rings = {{1, 2}, {1, 1}};
  std::vector<Clock> clocks(2);
  clocks[1].offset = -100;
  std::vector<std::int64_t> index(2, 77);
  MatchArgs args;
  args.times = times.data();
  args.count = 4;
  args.segments = uniform(2, 2);
  args.rings = rings.data();
  args.clocks = clocks.data();
  args.at = at_times(at.data(), 1);
  args.rows = 2;
  args.index = index.data();
  ASSERT_OK(match(args, Host{}));
  EXPECT_EQ(index, (std::vector<std::int64_t>{1, 3}));
}

}  // namespace
}  // namespace robocache::test
