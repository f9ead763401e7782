// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/concurrent.hpp"
#include "support/files.hpp"
#include "support/fuse_case.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace robocache::test {
namespace {

using Mixture = FuseCase<std::int64_t>;
using Indices = std::vector<std::int64_t>;
constexpr std::int64_t ms = 1'000'000;

class Fuse : public LauncherTest {};

/// Adds a stream whose values have the type of In.
template <class In, class Stamp>
ResampleCase<Combination<Stamp, In, float>>& add_stream(FuseCase<Stamp>& c,
                                                        ResampleCase<Combination<Stamp, In, float>> stream) {
  c.streams.emplace_back(std::move(stream));
  return std::get<ResampleCase<Combination<Stamp, In, float>>>(c.streams.back());
}

/// One stream, one segment, one group of `width` channels of one kind.
template <class In>
ResampleCase<Combination<std::int64_t, In, float>> plain_source(std::vector<std::int64_t> times, std::vector<In> values,
                                                                Interpolation kind = Interpolation::linear) {
  ResampleCase<Combination<std::int64_t, In, float>> c;
  c.width = times.empty() ? 1 : static_cast<std::int64_t>(values.size() / times.size());
  c.times = std::move(times);
  c.values = std::move(values);
  c.source.interpolation = kind;
  return c;
}

template <class In, class Stamp>
void add_random_stream(FuseCase<Stamp>& c, Random& random, const Indices& lengths, const Indices& starts, int round) {
  using Types = Combination<Stamp, In, float>;
  auto stream = random_source<Types>(random, lengths, starts, round);
  const std::int64_t groups = random.between(1, 3);
  for (std::int64_t g = 0; g < groups; ++g) add_group(stream, random, random_group(random));
  random_affine(random, stream.out_width(), stream.scale, stream.shift);
  add_stream<In>(c, std::move(stream));
}

/// Asks for rows in the `round`-th of the ways there are.
template <class Stamp>
void ask_at_random(FuseCase<Stamp>& c, Random& random, std::int64_t segments, const Indices& starts, int round) {
  auto& asked = c.asked;
  std::vector<Stamp> times;  // of all streams
  for (const auto& stream : c.streams)
    std::visit([&](const auto& s) { times.insert(times.end(), s.times.begin(), s.times.end()); }, stream);
  std::sort(times.begin(), times.end());
  if (times.empty()) times.push_back(0);
  const std::int64_t steps = random.between(1, 40);
  asked.rows = segments * steps;
  Indices row_offsets = {0};
  for (std::int64_t s = 0; s < segments; ++s) row_offsets.push_back(row_offsets.back() + random.between(0, 50));
  const Indices* ragged_rows = nullptr;
  switch (round % 8) {
    case 0:
      asked.at = at_times(Times(), steps);
      asked.queries = varied_queries(random, times, asked.rows);
      break;
    case 1:
      ragged_rows = &row_offsets;
      asked.at = at_times(Times(), std::int64_t{0});
      asked.queries = varied_queries(random, times, row_offsets.back());
      break;
    case 2:
      asked.at = at_shared_times(Times(), steps);
      asked.queries = varied_queries(random, times, steps);
      break;
    case 3:
      asked.at = start_at(every({50, 1}, steps), starts[0]);
      break;
    case 4:
      asked.at = start_at(every({30000, 1001}, steps), Times());
      asked.queries = varied_queries(random, times, segments);
      break;
    case 5:
      asked.at = every({110, 1}, steps);
      break;
    case 6:
      asked.at = every({120, 1}, std::int64_t{0});
      ragged_rows = &row_offsets;
      break;
    default: {
      const std::int64_t anchors = random.between(1, 30), horizon = random.between(1, 5);
      asked.at = windows(Times(), nullptr, anchors, Times(), horizon);
      asked.queries = varied_queries(random, times, anchors);
      for (std::int64_t n = 0; n < anchors; ++n) asked.segment_of.push_back(random.between(-1, segments));
      for (std::int64_t h = 0; h < horizon; ++h) asked.window_offsets.push_back(stamp_of<Stamp>((h - 2) * 33 * ms));
      asked.rows = anchors * horizon;
    }
  }
  if (ragged_rows != nullptr) {
    asked.row_offsets = *ragged_rows;
    asked.rows = ragged_rows->back();
  }
}

/// Streams that differ in everything they may differ in.
template <class Stamp>
FuseCase<Stamp> random_mixture(Random& random, int round) {
  FuseCase<Stamp> c;
  const std::int64_t segments = random.between(1, 5), streams = random.between(1, 6);
  Indices starts;
  for (std::int64_t s = 0; s < segments; ++s) starts.push_back(typical_start<Stamp>() + s * 100 * ms);
  for (std::int64_t i = 0; i < streams; ++i) {
    Indices lengths(static_cast<std::size_t>(segments), random.between(0, 40));
    if (random.one_in(2))
      for (std::int64_t& length : lengths) length = random.one_in(4) ? random.below(3) : random.between(0, 80);
    switch (std::is_same<Stamp, double>::value ? random.below(2) : random.below(4)) {
      case 0:
        add_random_stream<float>(c, random, lengths, starts, round + static_cast<int>(i));
        break;
      case 1:
        add_random_stream<double>(c, random, lengths, starts, round + static_cast<int>(i));
        break;
      case 2:
        add_random_stream<Half>(c, random, lengths, starts, round + static_cast<int>(i));
        break;
      default:
        add_random_stream<BFloat16>(c, random, lengths, starts, round + static_cast<int>(i));
        break;
    }
  }
  ask_at_random(c, random, segments, starts, round);
  if (random.one_in(2)) c.scatter(random, 3);
  c.out_first = random.between(0, 8);
  c.out_padding = random.between(0, 8);
  c.with_status = !random.one_in(4);
  c.with_age = random.one_in(2);
  c.with_sample = random.one_in(2);
  return c;
}

TEST_P(Fuse, MixturesAreSeparateCallsSideBySide) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto out, std::uint64_t sequence) {
    using Out = decltype(out);
    Random random(sequence);
    for (int round = 0; round < 80 && !HasFatalFailure(); ++round) {
      SCOPED_TRACE(std::string(type_name<Out>()) + ", round " + std::to_string(round));
      random_mixture<std::int64_t>(random, round).template check<Out>(GetParam());
    }
  };
  check(float(), 700);
  check(Half(), 701);
  check(BFloat16(), 702);
  check(double(), 703);
}

TEST_P(Fuse, MixturesInSeconds) {
  SCOPED_TRACE(seed_trace());
  Random random(704);
  for (int round = 0; round < 80 && !HasFatalFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    random_mixture<double>(random, round).check<float>(GetParam());
  }
}

/// A stream of segments of one length and uncorrected stamps, two groups of which share a plan.
template <class In, class Stamp>
void add_uniform_stream(FuseCase<Stamp>& c, Random& random, std::int64_t segments, std::vector<Stamp> times,
                        int round) {
  using Types = Combination<Stamp, In, float>;
  ResampleCase<Types> stream;
  stream.source.segments = uniform(segments, static_cast<std::int64_t>(times.size()) / segments);
  stream.times = std::move(times);
  vary_rules(stream.source, random, round);
  const auto kind = random.one_in(2) ? Interpolation::linear : static_cast<Interpolation>(random.below(4));
  for (const std::int64_t width : {std::int64_t{8}, random.between(1, 70)})
    add_group(stream, random, channels(static_cast<std::int32_t>(width), kind));
  add_stream<In>(c, std::move(stream));
}

/// Stamps of `segments` segments: sorted and not, with duplicates, or, where ask_at_random asks for a grid of first
/// stamps, the widest there are.
std::vector<std::int64_t> difficult_times(Random& random, std::int64_t segments, std::int64_t length, int round) {
  std::vector<std::int64_t> times;
  for (std::int64_t s = 0; s < segments; ++s) {
    auto of_segment = irregular_times<std::int64_t>(random, length, typical_start<std::int64_t>() + s * 100 * ms);
    if (round % 8 == 5 && length > 0) of_segment.front() = INT64_MIN;
    if (round % 8 == 5 && length > 1) of_segment.back() = INT64_MAX;
    if (round % 4 == 2)
      for (std::int64_t swaps = random.between(1, 3); length > 0 && swaps > 0; --swaps)
        std::swap(of_segment[static_cast<std::size_t>(random.below(length))],
                  of_segment[static_cast<std::size_t>(random.below(length))]);
    if (round % 4 == 3)
      for (std::size_t k = 1; k < of_segment.size(); ++k)
        if (random.one_in(3)) of_segment[k] = of_segment[k - 1];
    times.insert(times.end(), of_segment.begin(), of_segment.end());
  }
  return times;
}

/// Neither corrections nor status nor ages: few such rows are searched by whole warps, 32 stamps at a time.
TEST_P(Fuse, FewPlainRows) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto out, std::uint64_t sequence) {
    using Out = decltype(out);
    Random random(sequence);
    int round = 0;
    for (const std::int64_t length : {0, 1, 2, 30, 31, 32, 33, 64, 100, 200, 255, 256, 257, 300}) {
      for (int repeat = 0; repeat < 3 && !HasFatalFailure(); ++repeat, ++round) {
        SCOPED_TRACE(std::string(type_name<Out>()) + ", round " + std::to_string(round));
        const std::int64_t segments = random.between(1, 4), steps = random.between(1, 60);
        Mixture c;
        const auto times = [&](std::int64_t n) { return difficult_times(random, segments, n, round); };
        add_uniform_stream<float>(c, random, segments, times(length), round);
        add_uniform_stream<BFloat16>(c, random, segments, times(random.between(0, 300)), round + 1);
        if (round % 2 == 0) add_uniform_stream<Half>(c, random, segments, times(1 + length / 2), round + 2);
        ask_at_random(c, random, segments, {typical_start<std::int64_t>(), 0, 0, 0}, round);
        if (round % 5 == 0) {  // the ends of int64, too
          c.asked.ask({});
          c.asked.row_offsets.clear();
          c.asked.at = at_shared_times(Times(), steps);
          for (std::int64_t k = 0; k < steps; ++k)
            c.asked.queries.push_back(random.one_in(2) ? INT64_MAX - random.below(2) : INT64_MIN + random.below(2));
          c.asked.rows = segments * steps;
        }
        c.out_first = random.between(0, 8);
        c.out_padding = random.between(0, 8);
        c.with_status = c.with_age = c.with_sample = false;
        c.check<Out>(GetParam());
      }
    }
  };
  check(float(), 710);
  check(BFloat16(), 711);
}

TEST_P(Fuse, FewPlainRowsInSeconds) {
  SCOPED_TRACE(seed_trace());
  Random random(712);
  for (int round = 0; round < 24 && !HasFatalFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::int64_t segments = random.between(1, 3), length = random.between(0, 80);
    FuseCase<double> c;
    for (int s = 0; s < 2; ++s) {
      auto times = irregular_times<double>(random, segments * length, typical_start<double>());
      for (double& t : times) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        if (round % 4 == 1 && random.one_in(20)) t = std::nan("");
        if (round % 4 == 2 && random.one_in(20)) t = random.one_in(2) ? infinity : -infinity;
      }
      add_uniform_stream<float>(c, random, segments, times, round);
    }
    ask_at_random(c, random, segments, {typical_start<std::int64_t>(), 0, 0}, round);
    for (double& q : c.asked.queries)
      if (random.one_in(10)) q = std::nan("");
    c.with_status = c.with_age = c.with_sample = false;
    c.check<float>(GetParam());
  }
}

/// As many rows as no GPU has warps for.
TEST_P(Fuse, ManyPlainRows) {
  SCOPED_TRACE(seed_trace());
  Random random(713);
  for (int round = 0; round < 4 && !HasFatalFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::int64_t segments = 41, steps = 31;
    Mixture c;
    for (const std::int64_t length : {3, 30, 100})
      add_uniform_stream<BFloat16>(c, random, segments, difficult_times(random, segments, length, round), round);
    c.asked.at =
        round % 2 == 0 ? every({50, 1}, steps) : start_at(every({50, 1}, steps), typical_start<std::int64_t>());
    c.asked.rows = segments * steps;
    c.with_status = c.with_age = c.with_sample = false;
    c.check<BFloat16>(GetParam());
  }
}

/// A stream of `width` linear channels.
template <class In>
void add_linear(Mixture& c, Random& random, std::int64_t width, std::int64_t first, std::int64_t padding) {
  const Indices start = {typical_start<std::int64_t>()};
  auto stream = random_source<Combination<std::int64_t, In, float>>(random, {30}, start, 1);
  stream.source.clock = Clock();
  stream.clocks.clear();
  add_group(stream, random, channels(static_cast<std::int32_t>(width), Interpolation::linear));
  stream.in_first = first;
  stream.in_padding = padding;
  add_stream<In>(c, std::move(stream));
}

/// Widths of cameras' embeddings, arms and grippers, at every alignment of the first channel.
TEST_P(Fuse, PlacesOfEveryAlignment) {
  SCOPED_TRACE(seed_trace());
  Random random(705);
  const Indices start = {typical_start<std::int64_t>()};
  const auto check = [&](auto in, auto out) {
    using In = decltype(in);
    using Out = decltype(out);
    for (const std::vector<std::int64_t>& widths :
         {Indices{512, 64, 12}, Indices{8}, Indices{8, 8, 8}, Indices{16, 4, 7}, Indices{1, 1, 2, 32, 6}}) {
      for (std::int64_t first = 0; first < 9 && !HasFatalFailure(); ++first) {
        SCOPED_TRACE(std::string(type_name<In>()) + " to " + type_name<Out>() + ", " + std::to_string(widths.size()) +
                     " streams from channel " + std::to_string(first));
        Mixture c;
        for (const std::int64_t width : widths)
          add_linear<In>(c, random, width, random.one_in(2) ? 0 : random.between(0, 8),
                         random.one_in(2) ? 0 : random.between(0, 8));
        ask_at_random(c, random, 1, start, static_cast<int>(first));
        c.asked.row_offsets.clear();
        c.asked.at = every({100, 1}, std::int64_t{70});
        c.asked.rows = 70;
        c.asked.queries.clear();
        c.out_first = first;
        if (first % 2 == 1) c.out_padding = random.between(0, 3);
        c.with_age = c.with_sample = c.with_status = first % 3 == 2;
        c.check<Out>(GetParam());
        c.out_first = 0;
        c.out_padding = 0;
        c.places = {first};
        for (std::size_t s = 1; s < widths.size(); ++s) c.places.push_back(c.places.back() + widths[s - 1]);
        c.row_width = c.places.back() + widths.back();
        c.check<Out>(GetParam());
      }
    }
  };
  check(BFloat16(), BFloat16());
  check(float(), BFloat16());
  check(Half(), Half());
  check(float(), float());
  check(double(), BFloat16());
}

TEST_P(Fuse, OrderOfPlacesIsArbitraryAndGapsStay) {
  // Two streams in the reverse order of their channels, 2 gaps, 3 rows.
  Mixture c;
  add_stream<float>(c, plain_source<float>({0, 10}, {1, 11}));
  add_stream<double>(c, plain_source<double>({0, 10}, {100, 200, 110, 210}));
  c.asked.ask({0, 5, 10});
  c.places = {4, 1};
  c.row_width = 6;
  const auto got = c.run<float>(GetParam());
  ASSERT_OK(got.call);
  const float p = got.out[0];
  ASSERT_TRUE(Output<float>::is_poison(p));
  const std::vector<float> want = {p, 100, 200, p, 1, p, p, 105, 205, p, 6, p, p, 110, 210, p, 11, p};
  expect_same_bits(got.out, want, "out");
  c.places.clear();
  c.row_width = 5;
  const auto side_by_side = c.run<float>(GetParam());
  ASSERT_OK(side_by_side.call);
  const float q = side_by_side.out[3];
  ASSERT_TRUE(Output<float>::is_poison(q));
  expect_same_bits(side_by_side.out, {1, 100, 200, q, q, 6, 105, 205, q, q, 11, 110, 210, q, q}, "side by side");
}

constexpr int status_of(How how, Why why = Why::none) { return make_status(how, why); }

/// Numbers worked out by hand.
TEST_P(Fuse, ByHand) {
  Mixture c;
  // Linear with a limit, normalised: 2 y + 1; a bracket of 30 ns is a gap.
  auto& joint = add_stream<float>(c, plain_source<float>({0, 10, 20, 50}, {0, 1, 3, 9}));
  joint.source.max_gap = 20;
  joint.source.fill = -1;
  joint.scale = {2};
  joint.shift = {1};
  // The last command, at most 15 ns old, and 5 ns late: at 5 and 35.
  auto& command = add_stream<BFloat16>(
      c, plain_source<BFloat16>({0, 30}, {round_to<BFloat16>(4), round_to<BFloat16>(8)}, Interpolation::previous));
  command.source.clock.offset = 5;
  command.source.max_age = 15;
  command.source.outside = Outside::clamp;
  // A quarter turn about z in 20 ns, and the speed of that turn.
  auto& pose = add_stream<double>(c, plain_source<double>({0, 20}, {}));
  const double h = std::sqrt(0.5);
  pose.width = 4;
  pose.groups = {rotation(RotationFormat::quaternion_xyzw, RotationFormat::rotation_vector)};
  pose.values = {0, 0, 0, 1, 0, 0, h, h};
  c.asked.ask({-1, 0, 5, 10, 15, 20, 21, 35, 50, 51});
  const auto got = c.run<float>(GetParam());
  ASSERT_OK(got.call);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float turn = static_cast<float>(pi / 2);
  const std::vector<std::array<float, 5>> want = {
      {-1, nan, nan, nan, nan},    // before the first sample of all
      {1, nan, 0, 0, 0},           // no command yet
      {2, 4, 0, 0, turn / 4},      // the command at its very time
      {3, 4, 0, 0, turn / 2},      //
      {5, 4, 0, 0, turn * 3 / 4},  //
      {7, 4, 0, 0, turn},          // 15 old: still young enough
      {-1, nan, nan, nan, nan},    // in the gap; 16 old; after the pose's end
      {-1, 8, nan, nan, nan},      //
      {19, 8, nan, nan, nan},      // the command: 15 old, after its end, clamped
      {-1, nan, nan, nan, nan},
  };
  const auto filled = [](Why why) { return status_of(How::filled, why); };
  const int exact = status_of(How::exact), between = status_of(How::interpolated), held = status_of(How::held);
  const std::vector<std::array<int, 3>> want_status = {
      {filled(Why::outside), filled(Why::outside), filled(Why::outside)},
      {exact, filled(Why::outside), exact},
      {between, exact, between},
      {exact, held, between},
      {between, held, between},
      {exact, held, exact},
      {filled(Why::gap), filled(Why::stale), filled(Why::outside)},
      {filled(Why::gap), exact, filled(Why::outside)},
      {exact, status_of(How::clamped, Why::outside), filled(Why::outside)},
      {filled(Why::outside), filled(Why::stale), filled(Why::outside)},
  };
  const std::vector<std::array<std::int64_t, 3>> want_sample = {
      {-1, -1, -1}, {0, -1, 0}, {0, 0, 0}, {1, 0, 0}, {1, 0, 0}, {2, 0, 1}, {2, 0, 1}, {2, 1, 1}, {3, 1, 1}, {3, 1, 1}};
  const std::int64_t u = unlimited;
  const std::vector<std::array<std::int64_t, 3>> want_age = {{u, u, u},   {0, u, 0},  {5, 0, 5},  {0, 5, 10},
                                                             {5, 10, 15}, {0, 15, 0}, {1, 16, 1}, {15, 0, 15},
                                                             {0, 15, 30}, {1, 16, 31}};
  for (std::size_t r = 0; r < want.size(); ++r) {
    for (std::size_t i = 0; i < 5; ++i) {
      const float value = got.out[r * 5 + i];
      if (std::isnan(want[r][i])) {
        EXPECT_TRUE(std::isnan(value)) << r << ", " << i;
      } else if (i < 2) {
        EXPECT_EQ(value, want[r][i]) << r << ", " << i;
      } else {
        EXPECT_NEAR(value, want[r][i], 2e-7) << r << ", " << i;  // 2 ulp of the quarter turn
      }
    }
    for (std::size_t s = 0; s < 3; ++s) {
      EXPECT_EQ(static_cast<int>(got.status[r * 3 + s]), want_status[r][s]) << r << ", " << s;
      EXPECT_EQ(got.sample[r * 3 + s], want_sample[r][s]) << r << ", " << s;
      EXPECT_EQ(got.age[r * 3 + s], want_age[r][s]) << r << ", " << s;
    }
  }
}

/// A grid of first stamps starts at that of the first stream, corrected, whatever the clocks of the others.
TEST_P(Fuse, GridStartsAtTheFirstStream) {
  const auto stream = [](std::int64_t offset) {
    auto c = plain_source<float>({100, 110, 120, 0, 10, 20}, {0, 1, 2, 3, 4, 5});
    c.source.segments = uniform(2, 3);
    c.source.clock.offset = offset;
    c.source.outside = Outside::extrapolate;
    return c;
  };
  for (const std::int64_t first : {std::int64_t{0}, std::int64_t{7}, std::int64_t{-5}}) {
    for (const std::int64_t second : {std::int64_t{0}, std::int64_t{4}}) {
      SCOPED_TRACE("offsets " + std::to_string(first) + ", " + std::to_string(second));
      Mixture c;
      add_stream<float>(c, stream(first));
      add_stream<float>(c, stream(second));
      add_stream<float>(c, stream(first));
      c.asked.at = every({1'000'000'000, 1}, 4);
      c.asked.rows = 8;
      for (const bool with_age : {true, false}) {
        c.with_age = c.with_sample = with_age;
        c.check<float>(GetParam());
        const auto got = c.run<float>(GetParam());
        ASSERT_OK(got.call);
        // Sample 0 of the second stream is at 100 + second; row 0 asks for 100 + first.
        EXPECT_FLOAT_EQ(got.out[1], static_cast<float>(first - second) / 10);
        EXPECT_EQ(got.out[0], 0.0f);
      }
    }
  }
  // A segment that the first stream has no sample in starts at 0; so does every one where it has none at all.
  Mixture c;
  auto empty = plain_source<float>({100, 110}, {0, 1});
  empty.offsets = {0, 2, 2};
  add_stream<float>(c, empty);
  auto full = plain_source<float>({90, 105, -2, 8}, {0, 1, 2, 3});
  full.offsets = {0, 2, 4};
  add_stream<float>(c, full);
  c.asked.at = every({1'000'000'000, 1}, 3);
  c.asked.rows = 6;
  c.check<float>(GetParam());
  const auto got = c.run<float>(GetParam());
  ASSERT_OK(got.call);
  EXPECT_EQ(got.age, (Indices{0, 10, 1, 11, 2, 12, unlimited, 2, unlimited, 3, unlimited, 4}));
  EXPECT_EQ(got.sample, (Indices{0, 0, 0, 0, 0, 0, -1, 2, -1, 2, -1, 2}));
}

TEST_P(Fuse, AgesInSecondsAreRoundedToNanoseconds) {
  FuseCase<double> c;
  ResampleCase<Combination<double, float, float>> stream;
  stream.times = {0.0, 1e-9, 1.0, 1e6};
  stream.values = {0, 1, 2, 3};
  add_stream<float>(c, stream);
  stream.source.clock.offset = 500'000'000;
  add_stream<float>(c, stream);
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  c.asked.ask({0.4e-9, 0.6e-9, 2.5e-9, 1.5 + 3e-10, 0.75, -1.0, nan, -inf, inf, 1e18});
  const auto got = c.run<float>(GetParam());
  ASSERT_OK(got.call);
  const std::int64_t u = unlimited;
  // 2.5e-9 - 1e-9 is a little above 1.5 ns.
  EXPECT_EQ(got.age,
            (Indices{0, u, 1, u, 2, u, 500'000'000, 0, 749'999'999, 249'999'999, u, u, u, u, u, u, u, u, u, u}));
  EXPECT_EQ(got.sample, (Indices{0, -1, 0, -1, 1, -1, 2, 2, 1, 1, -1, -1, -1, -1, -1, -1, 3, 3, 3, 3}));
}

TEST_P(Fuse, AgesAreHeldAtTheEndsOfInt64) {
  Mixture c;
  add_stream<float>(c, plain_source<float>({INT64_MIN, 0}, {0, 1}));
  add_stream<float>(c, plain_source<float>({INT64_MAX}, {0}));
  auto early = plain_source<float>({5, 10}, {0, 1});
  early.source.clock.offset = INT64_MIN;
  add_stream<float>(c, early);
  c.asked.ask({INT64_MIN, -1, 0, INT64_MAX});
  const auto got = c.run<float>(GetParam());
  ASSERT_OK(got.call);
  const std::int64_t u = unlimited, most = INT64_MAX;
  EXPECT_EQ(got.sample, (Indices{0, -1, -1, 0, -1, 1, 1, -1, 1, 1, 0, 1}));
  EXPECT_EQ(got.age, (Indices{0, u, u, most, u, most - 10, 0, u, most - 9, most, 0, most}));
}

/// Streams that have little or nothing to say beside one that has.
TEST_P(Fuse, EmptyShortAndDistantStreams) {
  SCOPED_TRACE(seed_trace());
  Random random(706);
  const std::int64_t start = typical_start<std::int64_t>();
  for (int round = 0; round < 12 && !HasFatalFailure(); ++round) {
    for (int silent = 0; silent < 16 && !HasFatalFailure(); ++silent) {
      SCOPED_TRACE("round " + std::to_string(round) + ", mask " + std::to_string(silent));
      Mixture c;
      for (int i = 0; i < 4; ++i) {
        const std::int64_t length = (silent >> i & 1) == 0 ? 30 : i == 0 ? 0 : i == 1 ? 1 : i == 2 ? 2 : 0;
        const Indices lengths = {length, 20, silent == 15 ? 0 : 20};
        const std::int64_t distance = (silent >> i & 1) != 0 && i == 2 ? 1'000'000 * ms * (round % 2 == 0 ? 1 : -1) : 0;
        const Indices starts = {start + distance, start, start + 100 * ms};
        if (i % 2 == 0) {
          add_random_stream<float>(c, random, lengths, starts, round + i);
        } else {
          add_random_stream<BFloat16>(c, random, lengths, starts, round + i);
        }
      }
      ask_at_random(c, random, 3, {start, start, start}, round);
      c.check<BFloat16>(GetParam());
    }
  }
}

TEST_P(Fuse, AllStreamsEmpty) {
  Mixture c;
  add_stream<float>(c, plain_source<float>({}, {}));
  add_stream<double>(c, plain_source<double>({}, {}, Interpolation::akima));
  std::get<Mixture::Source<double>>(c.streams[1]).source.fill = 3;
  c.asked.at = every({50, 1}, 5);
  c.asked.rows = 5;
  c.check<float>(GetParam());
  const auto got = c.run<float>(GetParam());
  for (const std::uint8_t status : got.status) EXPECT_EQ(static_cast<int>(status), status_of(How::filled, Why::empty));
  EXPECT_EQ(got.age, Indices(10, unlimited));
  EXPECT_EQ(got.sample, Indices(10, -1));
  EXPECT_EQ(got.out[1], 3.0f);
  // No memory at all behind them.
  FuseArgs args;
  SensorStream streams[2];
  for (SensorStream& stream : streams) {
    stream.values.width = stream.values.pitch = 2;
  }
  args.streams = streams;
  args.stream_count = 2;
  args.at = every({50, 1}, 5);
  Arena arena(GetParam());
  const auto out = arena.output_rows<float>(5, 4, 4);
  args.out = out.rows();
  ASSERT_OK(arena.launch([&](auto where) { return fuse(args, where); }));
  for (const float value : out.download()) EXPECT_TRUE(std::isnan(value));
}

TEST_P(Fuse, NothingToDo) {
  Random random(707);
  const Indices start = {typical_start<std::int64_t>()};
  // No rows.
  Mixture c;
  add_random_stream<float>(c, random, {30}, start, 0);
  add_random_stream<double>(c, random, {20}, start, 1);
  c.asked.at = every({50, 1}, 0);
  c.check<float>(GetParam());
  // No segments, and so no rows.
  Mixture none;
  add_random_stream<float>(none, random, {}, start, 0);
  add_random_stream<Half>(none, random, {}, start, 0);
  none.asked.at = every({50, 1}, 5);
  none.check<BFloat16>(GetParam());
}

TEST_P(Fuse, StreamsWithoutChannels) {
  Random random(708);
  const Indices start = {typical_start<std::int64_t>()};
  auto silent = random_source<Combination<std::int64_t, float, float>>(random, {30}, start, 0);
  silent.width = 0;
  // Between others, at the ends, alone; with status, age and sample all the same.
  for (int mask = 1; mask < 16 && !HasFatalFailure(); ++mask) {
    SCOPED_TRACE(mask);
    Mixture c;
    for (int i = 0; i < 4; ++i) {
      if ((mask >> i & 1) != 0) {
        add_stream<float>(c, silent);
      } else {
        add_linear<BFloat16>(c, random, 3, 0, 0);
      }
    }
    ask_at_random(c, random, 1, start, 0);
    c.check<float>(GetParam());
    if (mask == 15) continue;
    // In the midst of the channels of another one, whichever comes first.
    c.places.assign(4, 0);
    std::int64_t next = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      c.places[i] = c.width_of(i) == 0 ? 1 : next;
      next += c.width_of(i);
    }
    c.row_width = next;
    c.check<float>(GetParam());
  }
}

/// The offset moves a query from before the first sample onto it, and the last sample before a query past it.
TEST_P(Fuse, OffsetsMoveTheBoundary) {
  for (std::int64_t offset = -2; offset <= 2; ++offset) {
    SCOPED_TRACE(offset);
    Mixture c;
    for (const Outside outside : {Outside::fill, Outside::clamp, Outside::extrapolate}) {
      auto moved = plain_source<float>({100, 110}, {0, 10});
      moved.source.clock.offset = offset;
      moved.source.outside = outside;
      add_stream<float>(c, moved);
      moved.source.interpolation = Interpolation::previous;
      add_stream<float>(c, moved);
    }
    c.asked.ask({99, 100, 101, 109, 110, 111});
    const auto got = c.run<float>(GetParam());
    ASSERT_OK(got.call);
    for (std::size_t r = 0; r < 6; ++r) {
      const std::int64_t q = c.asked.queries[r], t = q - offset;
      const bool before = t<100, after = t> 110;
      const float* out = &got.out[r * 6];
      if (before || after) {
        EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1])) << q;
        EXPECT_EQ(out[2], before ? 0.0f : 10.0f) << q;
        EXPECT_FLOAT_EQ(out[4], static_cast<float>(t - 100)) << q;
      } else {
        for (const int i : {0, 2, 4}) EXPECT_FLOAT_EQ(out[i], static_cast<float>(t - 100)) << q;
        EXPECT_EQ(out[1], t == 110 ? 10.0f : 0.0f) << q;
      }
      EXPECT_EQ(std::isnan(out[3]), before) << q;
      for (std::size_t s = 0; s < 6; ++s) {
        EXPECT_EQ(got.sample[r * 6 + s], before ? -1 : t >= 110 ? 1 : 0) << q;
        EXPECT_EQ(got.age[r * 6 + s], before ? unlimited : t >= 110 ? t - 110 : t - 100) << q;
      }
    }
  }
}

TEST_P(Fuse, MaxAgeIsInclusive) {
  Mixture c;
  for (const std::int64_t age : {std::int64_t{0}, std::int64_t{9}, std::int64_t{10}, std::int64_t{11}}) {
    auto stream = plain_source<float>({100, 200}, {1, 2}, Interpolation::previous);
    stream.source.max_age = age;
    stream.source.clock.offset = 3;
    add_stream<float>(c, stream);
  }
  c.asked.ask({103, 112, 113, 114});
  const auto got = c.run<float>(GetParam());
  ASSERT_OK(got.call);
  const Indices ages = {0, 9, 10, 11};
  for (std::size_t r = 0; r < 4; ++r)
    for (std::size_t s = 0; s < 4; ++s) {
      EXPECT_EQ(std::isnan(got.out[r * 4 + s]), ages[r] > ages[s]) << r << ", " << s;
      EXPECT_EQ(got.age[r * 4 + s], ages[r]);
    }
}

TEST_P(Fuse, AsManyStreamsAsThereMayBe) {
  SCOPED_TRACE(seed_trace());
  Random random(709);
  const Indices starts(2, typical_start<std::int64_t>());
  for (const int streams : {1, 2, 31, 32}) {
    SCOPED_TRACE(streams);
    for (int round = 0; round < 4; ++round) {
      Mixture c;
      for (int s = 0; s < streams; ++s) {
        if (s % 3 == 0) {
          add_random_stream<float>(c, random, {random.between(0, 40), 20}, starts, s);
        } else if (s % 3 == 1) {
          add_random_stream<BFloat16>(c, random, {random.between(0, 40), 20}, starts, s);
        } else {
          add_random_stream<double>(c, random, {random.between(0, 40), 20}, starts, s);
        }
      }
      ask_at_random(c, random, 2, starts, round);
      c.scatter(random, 2);
      c.check<BFloat16>(GetParam());
      c.check<float>(GetParam());
    }
  }
}

/// 128 groups: 32 in each of 4 streams, or 4 in each of 32.
TEST_P(Fuse, AsManyGroupsAsThereMayBe) {
  SCOPED_TRACE(seed_trace());
  Random random(710);
  const Indices start = {typical_start<std::int64_t>()};
  for (const int streams : {4, 32}) {
    SCOPED_TRACE(streams);
    Mixture c;
    for (int s = 0; s < streams; ++s) {
      auto stream = random_source<Combination<std::int64_t, float, float>>(random, {25}, start, s);
      for (int g = 0; g < max_fuse_groups / streams; ++g) add_group(stream, random, random_group(random));
      add_stream<float>(c, std::move(stream));
    }
    ask_at_random(c, random, 1, start, 0);
    ASSERT_EQ(c.group_count(), 128);
    c.check<float>(GetParam());
  }
}

TEST_P(Fuse, ThreadsTimesStreams) {
  SCOPED_TRACE(seed_trace());
  constexpr int workers = 8, calls = 10;
  std::vector<Mixture> cases;
  std::vector<Fused<BFloat16>> wanted;
  for (int w = 0; w < workers; ++w) {
    Random random(720 + static_cast<std::uint64_t>(w));
    cases.push_back(random_mixture<std::int64_t>(random, w));
    wanted.push_back(cases.back().run<BFloat16>(Launcher::host));
    cases.back().threads = 1 + w % 3;
  }
  expect_right_at_once(workers, calls, [&](std::size_t i) {
    const auto got = cases[i].run<BFloat16>(GetParam());
    return got.call.ok() && got.status == wanted[i].status && got.age == wanted[i].age &&
           got.sample == wanted[i].sample && got.out.size() == wanted[i].out.size() &&
           (got.out.empty() ||
            std::memcmp(got.out.data(), wanted[i].out.data(), got.out.size() * sizeof(BFloat16)) == 0);
  });
}

/// The arguments, the streams, their groups and the places may go as soon as the call returns, also under capture.
TEST_P(Fuse, ArgumentsAreReadDuringTheCall) {
  SCOPED_TRACE(seed_trace());
  Random random(711);
  Mixture c = random_mixture<std::int64_t>(random, 0);
  c.scatter(random, 3);
  c.with_status = true;
  const auto wanted = c.run<float>(Launcher::host);
  Arena arena(GetParam());
  const std::vector<SensorStream> sources = c.sources(arena);
  const FuseArgs inputs = c.inputs(arena, sources);
  const auto out = arena.output_rows<float>(c.rows(), c.width(), c.width() + c.out_padding + c.out_first, c.out_first);
  const auto status = arena.output<std::uint8_t>(c.rows() * c.group_count());
  ASSERT_OK(arena.launch([&](auto where) {
    auto args = std::make_unique<FuseArgs>(inputs);
    std::vector<SensorStream> streams = sources;
    std::vector<std::vector<ChannelGroup>> groups;
    for (SensorStream& stream : streams) {
      groups.emplace_back(stream.groups, stream.groups + stream.group_count);
      stream.groups = groups.back().data();
    }
    auto places = c.places;
    args->streams = streams.data();
    args->places = places.data();
    args->out = out.rows();
    args->status = status.data();
    const Status result = fuse(*args, where);
    for (auto& of_stream : groups)
      std::memset(static_cast<void*>(of_stream.data()), 0xff, of_stream.size() * sizeof(ChannelGroup));
    std::memset(static_cast<void*>(streams.data()), 0xff, streams.size() * sizeof(SensorStream));
    std::memset(static_cast<void*>(places.data()), 0xff, places.size() * sizeof(std::int64_t));
    std::memset(static_cast<void*>(args.get()), 0xff, sizeof(FuseArgs));
    return result;
  }));
  expect_same_bits(wanted.out, out.download(), "out");
  expect_same_bits(wanted.status, status.download(), "status");
  if (GetParam() == Launcher::graph) {
    EXPECT_EQ(arena.graph_nodes(), 1u) << "one launch";
  }
}

INSTANTIATE_TEST_SUITE_P(, Fuse, every_launcher(), launcher_name);

/// In host memory alone: threads share rows however many there are.
TEST(FuseThreads, NumberDoesNotMatter) {
  SCOPED_TRACE(seed_trace());
  Random random(712);
  const Indices start = {typical_start<std::int64_t>()};
  for (int round = 0; round < 4; ++round) {
    Mixture c;
    add_random_stream<float>(c, random, {300}, start, round);
    add_random_stream<BFloat16>(c, random, {100}, start, round + 1);
    add_linear<double>(c, random, 200, 0, 0);
    c.asked.ask(varied_queries(random, std::get<Mixture::Source<float>>(c.streams[0]).times, 5000));
    const auto one = c.run<float>(Launcher::host);
    ASSERT_OK(one.call);
    for (const int threads : {0, 2, 7, 1000}) {
      c.threads = threads;
      const auto many = c.run<float>(Launcher::host);
      ASSERT_OK(many.call);
      expect_same_bits(one.out, many.out, "out");
      expect_same_bits(one.status, many.status, "status");
      EXPECT_EQ(one.age, many.age);
      EXPECT_EQ(one.sample, many.sample);
    }
  }
}

// A whole flight at 50 Hz in one call, against plain loops in double.
class FuseFlight : public LauncherTest {
 protected:
  void SetUp() override {
    LauncherTest::SetUp();
    if (!IsSkipped() && test_data().empty()) GTEST_SKIP() << no_test_data;
  }

  struct Topic {
    Indices times;
    std::vector<float> values;
    std::size_t width = 0;

    double at(std::int64_t k, std::size_t c) const {
      return static_cast<double>(values[static_cast<std::size_t>(k) * width + c]);
    }
    /// The last sample not after q, or -1.
    std::int64_t before(std::int64_t q) const {
      return std::upper_bound(times.begin(), times.end(), q) - times.begin() - 1;
    }
  };
  static Topic read(const std::string& name, const std::vector<std::string>& columns) {
    const Recording recording = read_csv(test_data() + "/px4_flight/" + name + ".csv");
    Topic topic;
    topic.times = recording.times;
    topic.width = columns.size();
    for (std::size_t i = 0; i < recording.times.size(); ++i)
      for (const std::string& column : columns)
        topic.values.push_back(
            static_cast<float>(recording.values[i * recording.names.size() + recording.column(column)]));
    return topic;
  }
};
INSTANTIATE_TEST_SUITE_P(, FuseFlight, every_launcher(), launcher_name);

TEST_P(FuseFlight, AtFiftyHertz) {
  const std::vector<Topic> topics = {
      read("sensor_combined", {"gyro_rad_0", "gyro_rad_1", "gyro_rad_2", "accelerometer_m_s2_0", "accelerometer_m_s2_1",
                               "accelerometer_m_s2_2"}),
      read("vehicle_attitude", {"q_0", "q_1", "q_2", "q_3"}),
      read("vehicle_rates_setpoint", {"roll", "pitch", "yaw", "thrust"}),
      read("actuator_controls_0", {"control_0", "control_1", "control_2", "control_3"}),
      read("actuator_outputs", {"output_0", "output_1", "output_2", "output_3"}),
      read("vehicle_local_position", {"x", "y", "z", "vx", "vy", "vz"})};
  constexpr std::size_t attitude = 1, outputs = 4;
  constexpr std::int64_t max_age = 60 * ms, max_gap = 100 * ms;
  Mixture c;
  for (std::size_t i = 0; i < topics.size(); ++i) {
    auto stream = plain_source<float>(topics[i].times, topics[i].values);
    stream.source.max_gap = i == 5 ? 150 * ms : max_gap;
    if (i == attitude) stream.groups = {rotation(RotationFormat::quaternion_wxyz)};
    if (i == outputs) {
      stream.source.interpolation = Interpolation::previous;
      stream.source.max_age = max_age;
      stream.source.outside = Outside::clamp;
    }
    add_stream<float>(c, std::move(stream));
  }
  const std::int64_t first = topics[0].times.front(), last = topics[0].times.back();
  c.asked.rows = (last - first) / (20 * ms) + 3;  // two of them after the end
  c.asked.at = every({50, 1}, c.asked.rows);
  const auto got = c.run<float>(GetParam());
  ASSERT_OK(got.call);
  std::size_t row_width = 0;
  for (const Topic& topic : topics) row_width += topic.width;
  int filled = 0, interpolated = 0;
  for (std::int64_t r = 0; r < c.asked.rows; ++r) {
    const std::int64_t q = first + r * 20 * ms;
    const float* out = &got.out[static_cast<std::size_t>(r) * row_width];
    for (std::size_t i = 0; i < topics.size(); out += topics[i++].width) {
      SCOPED_TRACE("row " + std::to_string(r) + ", topic " + std::to_string(i));
      const Topic& topic = topics[i];
      const std::size_t at = static_cast<std::size_t>(r) * topics.size() + i;
      const std::int64_t k = topic.before(q), n = static_cast<std::int64_t>(topic.times.size());
      ASSERT_EQ(got.sample[at], k);
      ASSERT_EQ(got.age[at], k < 0 ? unlimited : q - topic.times[static_cast<std::size_t>(k)]);
      const std::int64_t left = k < 0 ? 0 : topic.times[static_cast<std::size_t>(k)];
      if (i == outputs) {
        const bool fresh = k >= 0 && q - left <= max_age;
        ASSERT_EQ(how_of(got.status[at]) == How::filled, !fresh);
        for (std::size_t j = 0; j < topic.width; ++j) {
          if (fresh) {
            ASSERT_EQ(static_cast<double>(out[j]), topic.at(k, j));
          } else {
            ASSERT_TRUE(std::isnan(out[j]));
          }
        }
        continue;
      }
      const bool hit = k >= 0 && left == q;
      const bool inside = k >= 0 && k + 1 < n;
      const std::int64_t length = inside ? topic.times[static_cast<std::size_t>(k) + 1] - left : 0;
      if (!hit && (!inside || length > (i == 5 ? 150 * ms : max_gap))) {
        ASSERT_EQ(how_of(got.status[at]), How::filled);
        for (std::size_t j = 0; j < topic.width; ++j) ASSERT_TRUE(std::isnan(out[j]));
        ++filled;
        continue;
      }
      ASSERT_EQ(how_of(got.status[at]), hit ? How::exact : How::interpolated);
      ASSERT_TRUE(usable(got.status[at]));
      ++interpolated;
      const std::int64_t next = hit ? k : k + 1;
      const double w = hit ? 0 : static_cast<double>(q - left) / static_cast<double>(length);
      if (i != attitude) {
        // In float: a quotient of two rounded lengths, two fused steps, the result; each half a unit of 2^-23, of a
        // part of |a| + |b|.
        for (std::size_t j = 0; j < topic.width; ++j) {
          const double a = topic.at(k, j), b = topic.at(next, j);
          ASSERT_NEAR(static_cast<double>(out[j]), a + (b - a) * w, 5 * 0x1p-24 * (std::fabs(a) + std::fabs(b)));
        }
        continue;
      }
      double a[4], b[4], norm_a = 0, norm_b = 0, dot = 0, wanted[4];
      for (std::size_t j = 0; j < 4; ++j) {
        a[j] = topic.at(k, j), b[j] = topic.at(next, j);
        norm_a += a[j] * a[j], norm_b += b[j] * b[j];
      }
      for (std::size_t j = 0; j < 4; ++j) {
        a[j] /= std::sqrt(norm_a), b[j] /= std::sqrt(norm_b);
        dot += a[j] * b[j];
      }
      if (dot < 0)
        for (double& x : b) x = -x;
      const double angle = std::acos(std::min(std::fabs(dot), 1.0));
      // Below 1e-4 rad the chord is the arc to 1e-9.
      const double wa = angle < 1e-4 ? 1 - w : std::sin((1 - w) * angle) / std::sin(angle);
      const double wb = angle < 1e-4 ? w : std::sin(w * angle) / std::sin(angle);
      for (std::size_t j = 0; j < 4; ++j) wanted[j] = wa * a[j] + wb * b[j];
      const double sign = wanted[0] < 0 ? -1 : 1;
      // Of unit quaternions in float: two normalisations, the arc, its sines: some 16 roundings of at most 2^-24.
      for (std::size_t j = 0; j < 4; ++j) ASSERT_NEAR(static_cast<double>(out[j]), sign * wanted[j], 16 * 0x1p-24);
    }
  }
  EXPECT_GT(interpolated, 16'000);
  EXPECT_GT(filled, 10);
}

class FuseHuge : public LauncherTest {
 protected:
  void SetUp() override {
    LauncherTest::SetUp();
    if (IsSkipped()) return;
    if (GetParam() == Launcher::host && std::getenv("ROBOCACHE_TEST_HUGE") == nullptr)
      GTEST_SKIP() << "ROBOCACHE_TEST_HUGE is not set: a minute of work, 5 GB of memory";
#if ROBOCACHE_HAS_CUDA_RUNTIME
    std::size_t free = 0, total = 0;
    if (GetParam() == Launcher::stream && (cudaMemGetInfo(&free, &total) != cudaSuccess || free >> 30 < 6))
      GTEST_SKIP() << "less than 6 GiB of device memory are free";
#endif
  }
};

/// Two streams at the two ends of rows of 1000 elements, of which there are more than 2^31; a nanosecond a row.
TEST_P(FuseHuge, MoreElementsThan32Bits) {
  constexpr std::int64_t pitch = 1000, count = (std::int64_t{1} << 31) / pitch + 1000;
  const detail::Buffer out(GetParam(), static_cast<std::size_t>(count * pitch) * 2);
  Arena arena(GetParam());
  const std::int64_t* times = arena.input(Indices{0, 1 << 22});
  SensorStream streams[2];
  for (SensorStream& stream : streams) stream.times = times;
  streams[0].values = rows(arena.input(std::vector<float>{0, 4}), 2, 1);
  streams[1].values = rows(arena.input(std::vector<BFloat16>{{0x3f80}, {0x40a0}}), 2, 1);  // 1 and 5
  const std::int64_t places[2] = {pitch - 1, 0};
  FuseArgs args;
  args.streams = streams;
  args.stream_count = 2;
  args.places = places;
  args.at = every({1'000'000'000, 1}, count);
  args.out = rows(reinterpret_cast<BFloat16*>(out.data()), count, pitch);
  ASSERT_OK(arena.launch([&](auto where) { return fuse(args, where); }, 0));
  for (const std::int64_t r : {std::int64_t{0}, count / 2, (std::int64_t{1} << 31) / pitch, count - 1}) {
    const Real wanted = static_cast<Real>(r) / 1048576;
    for (const int s : {0, 1}) {
      BFloat16 value{};
      out.read(static_cast<std::size_t>(r * pitch + places[s]) * 2, &value, 2);
      EXPECT_NEAR(static_cast<double>(to_real(value)), static_cast<double>(wanted + s),
                  static_cast<double>(ulp<BFloat16>(wanted + s)))
          << r;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, FuseHuge, testing::Values(Launcher::host, Launcher::stream), launcher_name);

TEST(FuseOnHost, RowsOfNoSegmentStayAsTheyAre) {
  const std::vector<std::int64_t> times = {10, 20}, at = {10, 10, 20, 20}, row_offsets = {1, 3};
  const std::vector<float> values = {1, 2};
  std::vector<float> out(4, 7.0f);
  std::vector<std::int64_t> age(4, 7), sample(4, 7);
  SensorStream stream;
  stream.times = times.data();
  stream.values = rows(values.data(), 2, 1);
  FuseArgs args;
  args.streams = &stream;
  args.stream_count = 1;
  args.at = at_times(at.data(), row_offsets.data());
  args.out = rows(out.data(), 4, 1);
  args.age = age.data();
  args.sample = sample.data();
  ASSERT_OK(fuse(args, Host{}));
  EXPECT_EQ(out, (std::vector<float>{7, 1, 2, 7}));
  EXPECT_EQ(age, (std::vector<std::int64_t>{7, 0, 0, 7}));
  EXPECT_EQ(sample, (std::vector<std::int64_t>{7, 0, 1, 7}));
}

}  // namespace
}  // namespace robocache::test
