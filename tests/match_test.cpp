// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/match.hpp>
#include <robocache/resample/resample.hpp>

#include "support/launch.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace robocache::test {
namespace {

using Direction = MatchArgs::Direction;
using Indices = std::vector<std::int64_t>;

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;
constexpr std::int64_t second = 1'000'000'000;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr Direction directions[] = {Direction::backward, Direction::forward, Direction::nearest};

constexpr std::uint8_t exact = make_status(How::exact, Why::none), held = make_status(How::held, Why::none),
                       beyond = make_status(How::clamped, Why::outside),
                       outside = make_status(How::filled, Why::outside), stale = make_status(How::filled, Why::stale),
                       empty = make_status(How::filled, Why::empty);

/// A problem in host memory, with stored ragged queries.
template <class Stamp>
struct Case {
  std::vector<Stamp> times, at;
  Indices offsets, row_offsets;  // empty: one segment
  MatchArgs options;             // direction, tie, allow_exact, tolerance, slack, clock
  std::vector<Clock> clocks;

  std::int64_t count() const { return static_cast<std::int64_t>(times.size()); }
  std::int64_t rows() const { return static_cast<std::int64_t>(at.size()); }
  std::int64_t segments() const { return offsets.empty() ? 1 : static_cast<std::int64_t>(offsets.size()) - 1; }
};

struct Found {
  Indices index, age;
  std::vector<std::uint8_t> status;

  bool operator==(const Found& other) const {
    return index == other.index && age == other.age && status == other.status;
  }
};

template <class Stamp>
Case<Stamp> one_segment(std::vector<Stamp> times, std::vector<Stamp> at, Direction direction = Direction::backward) {
  Case<Stamp> problem;
  problem.times = std::move(times);
  problem.at = std::move(at);
  problem.options.direction = direction;
  return problem;
}

template <class Stamp>
MatchArgs make_args(Arena& arena, const Case<Stamp>& problem) {
  MatchArgs args = problem.options;
  args.times = arena.input(problem.times);
  args.count = problem.count();
  args.rows = problem.rows();
  const Times at = arena.input(problem.at);
  if (problem.offsets.empty()) {
    args.at = at_times(at, problem.rows());
  } else {
    args.segments = ragged(arena.input(problem.offsets), problem.segments());
    args.at = at_times(at, arena.input(problem.row_offsets));
  }
  if (!problem.clocks.empty()) args.clocks = arena.input(problem.clocks);
  return args;
}

Found launch(Arena& arena, MatchArgs args, int threads = 1) {
  const Output<std::int64_t> index = arena.output<std::int64_t>(args.rows), age = arena.output<std::int64_t>(args.rows);
  const Output<std::uint8_t> status = arena.output<std::uint8_t>(args.rows, 1);
  args.index = index.data();
  args.age = age.data();
  args.status = status.data();
  EXPECT_OK(arena.launch([&](auto where) { return match(args, where); }, threads));
  EXPECT_TRUE(arena.inputs_untouched());
  if (arena.launcher() == Launcher::graph && args.rows > 0) {
    EXPECT_EQ(arena.graph_nodes(), 1u);
  }
  return {index.download(), age.download(), status.download()};
}

// The oracle: every sample of the segment is looked at.

template <class Stamp>
using Value = std::conditional_t<std::is_same<Stamp, std::int64_t>::value, std::int64_t, double>;

__extension__ using Wide = __int128;

std::int64_t held_at_ends(Wide t) {
  return static_cast<std::int64_t>(std::min<Wide>(std::max<Wide>(t, INT64_MIN), INT64_MAX));
}
std::int64_t shifted(std::int64_t t, std::int64_t by) { return held_at_ends(static_cast<Wide>(t) + by); }
double shifted(double t, std::int64_t by) { return std::fma(static_cast<double>(by), 1e-9, t); }
Wide apart(std::int64_t a, std::int64_t b) { return a > b ? static_cast<Wide>(a) - b : static_cast<Wide>(b) - a; }
double apart(double a, double b) { return std::fabs(a - b); }
bool tolerated(std::int64_t a, std::int64_t b, std::int64_t tolerance) {
  return tolerance == unlimited || apart(a, b) <= tolerance;
}
bool tolerated(double a, double b, std::int64_t tolerance) {
  return tolerance == unlimited || apart(a, b) <= static_cast<double>(tolerance) * 1e-9;
}
std::int64_t expected_age(std::int64_t q, std::int64_t t) { return held_at_ends(static_cast<Wide>(q) - t); }
std::int64_t expected_age(double q, double t) { return static_cast<std::int64_t>(std::nearbyint((q - t) * 1e9)); }

/// Sorted finite stamps, in the corrected clock. A stamp that slack alone admits is `held`, not beyond the recording.
template <class V>
void expect_row(const std::vector<V>& t, std::int64_t first_row, V q, const MatchArgs& options, Found& expected) {
  const bool nearest = options.direction == Direction::nearest;
  const auto n = static_cast<std::int64_t>(t.size());
  const auto stamp = [&t](std::int64_t i) { return t[static_cast<std::size_t>(i)]; };
  const auto fill = [&expected](std::uint8_t status) {
    expected.index.push_back(-1);
    expected.age.push_back(unlimited);
    expected.status.push_back(status);
  };
  if (n == 0) return fill(empty);
  const V until = nearest ? q : shifted(q, options.slack), from = nearest ? q : shifted(q, -options.slack);
  std::int64_t left = -1, right = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    if (options.allow_exact ? stamp(i) <= until : stamp(i) < until) left = i;
  }
  for (std::int64_t i = n - 1; i >= 0; --i) {
    const bool with_equal = options.allow_exact && !nearest;
    if (with_equal ? stamp(i) >= from : stamp(i) > from) right = i;
  }
  std::int64_t best = options.direction == Direction::backward ? left : right;
  if (nearest && left >= 0) {
    const bool later = right >= 0 && (apart(stamp(right), q) < apart(stamp(left), q) ||
                                      (apart(stamp(right), q) == apart(stamp(left), q) && options.tie == Tie::later));
    best = later ? right : left;
  }
  if (best < 0) return fill(outside);
  if (!tolerated(q, stamp(best), options.tolerance)) return fill(stale);
  const bool before_all = options.direction != Direction::backward && q < stamp(0);
  const bool after_all = options.direction != Direction::forward && q > stamp(n - 1);
  expected.index.push_back(first_row + best);
  expected.age.push_back(expected_age(q, stamp(best)));
  expected.status.push_back(before_all || after_all ? beyond : stamp(best) == q ? exact : held);
}

template <class Stamp>
Found expected_match(const Case<Stamp>& problem) {
  Found expected;
  for (std::int64_t s = 0; s < problem.segments(); ++s) {
    const auto bounds = [s](const Indices& offsets, std::int64_t all) {
      const auto i = static_cast<std::size_t>(s);
      return offsets.empty() ? RowRange{0, all} : RowRange{offsets[i], offsets[i + 1]};
    };
    const RowRange samples = bounds(problem.offsets, problem.count()),
                   rows = bounds(problem.row_offsets, problem.rows());
    std::vector<Value<Stamp>> t;
    for (std::int64_t i = samples.begin; i < samples.end; ++i) {
      const auto clock = problem.clocks.empty() ? problem.options.clock : problem.clocks[static_cast<std::size_t>(s)];
      const auto logged = static_cast<Real>(problem.times[static_cast<std::size_t>(i)]);
      t.push_back(
          static_cast<Value<Stamp>>(oracle::corrected_stamp(logged, clock, std::is_same<Stamp, std::int64_t>::value)));
    }
    for (std::int64_t r = rows.begin; r < rows.end; ++r) {
      const auto q = static_cast<Value<Stamp>>(problem.at[static_cast<std::size_t>(r)]);
      expect_row(t, samples.begin, q, problem.options, expected);
    }
  }
  return expected;
}

class Match : public LauncherTest {
 protected:
  template <class Stamp>
  Found run(const Case<Stamp>& problem, int threads = 1) {
    Arena arena(GetParam());
    return launch(arena, make_args(arena, problem), threads);
  }
  template <class Stamp>
  void check(const Case<Stamp>& problem, int threads = 1) {
    const Found got = run(problem, threads), expected = expected_match(problem);
    ASSERT_EQ(got.index, expected.index);
    ASSERT_EQ(got.age, expected.age);
    ASSERT_EQ(got.status, expected.status);
  }
  Indices indices(const std::vector<std::int64_t>& times, const std::vector<std::int64_t>& at,
                  const MatchArgs& options) {
    Case<std::int64_t> problem = one_segment(times, at);
    problem.options = options;
    return run(problem).index;
  }
};
INSTANTIATE_TEST_SUITE_P(, Match, every_launcher(), launcher_name);

TEST_P(Match, TakesTheLastOfEqualStampsBackwardAndTheFirstForward) {
  const std::vector<std::int64_t> times = {10, 20, 20, 20, 30, 30}, at = {9, 10, 15, 20, 25, 30, 31};
  MatchArgs options;
  EXPECT_EQ(indices(times, at, options), (Indices{-1, 0, 0, 3, 3, 5, 5}));
  options.direction = Direction::forward;
  EXPECT_EQ(indices(times, at, options), (Indices{0, 0, 1, 1, 4, 4, -1}));
  options.direction = Direction::nearest;
  EXPECT_EQ(indices(times, at, options), (Indices{0, 0, 0, 3, 3, 5, 5}));
  options.tie = Tie::later;
  EXPECT_EQ(indices(times, at, options), (Indices{0, 0, 1, 3, 4, 5, 5}));
}

TEST_P(Match, WithoutExactMatches) {
  const std::vector<std::int64_t> times = {10, 20, 20, 20, 30, 30}, at = {9, 10, 11, 20, 25, 30, 31};
  MatchArgs options;
  options.allow_exact = false;
  EXPECT_EQ(indices(times, at, options), (Indices{-1, -1, 0, 0, 3, 3, 5}));
  options.direction = Direction::forward;
  EXPECT_EQ(indices(times, at, options), (Indices{0, 1, 1, 4, 4, -1, -1}));
  options.direction = Direction::nearest;
  EXPECT_EQ(indices(times, at, options), (Indices{0, 1, 0, 0, 3, 3, 5}));
  options.tie = Tie::later;
  EXPECT_EQ(indices(times, at, options), (Indices{0, 1, 0, 4, 4, 3, 5}));
  options.tie = Tie::earlier;
  for (Direction direction : directions) {  // nothing but the query's own time
    options.direction = direction;
    EXPECT_EQ(indices({7}, {7}, options), (Indices{-1}));
    EXPECT_EQ(indices({7, 7, 7}, {7}, options), (Indices{-1}));
  }
}

TEST_P(Match, ToleranceIsInclusive) {
  MatchArgs options;
  options.tolerance = 5;
  EXPECT_EQ(indices({10, 30}, {14, 15, 16, 24, 25, 35, 36}, options), (Indices{0, 0, -1, -1, -1, 1, -1}));
  options.direction = Direction::forward;
  EXPECT_EQ(indices({10, 30}, {4, 5, 10, 11, 24, 25, 30}, options), (Indices{-1, 0, 0, -1, -1, 1, 1}));
  options.direction = Direction::nearest;
  EXPECT_EQ(indices({10, 30}, {4, 5, 15, 16, 24, 25, 35, 36}, options), (Indices{-1, 0, 0, -1, -1, 1, 1, -1}));
  options.tolerance = 0;
  for (Direction direction : directions) {
    options.direction = direction;
    EXPECT_EQ(indices({10, 30}, {9, 10, 11, 29, 30, 31}, options), (Indices{-1, 0, -1, -1, 1, -1}));
  }
  options.allow_exact = false;
  EXPECT_EQ(indices({10, 30}, {10, 30}, options), (Indices{-1, -1}));
}

TEST_P(Match, SlackMovesTheQueryBackwardAndForwardOnly) {
  MatchArgs options;
  options.slack = 3;
  EXPECT_EQ(indices({10, 20}, {6, 7, 16, 17, 23}, options), (Indices{-1, 0, 0, 1, 1}));
  options.allow_exact = false;
  EXPECT_EQ(indices({10, 20}, {7, 8, 17, 18}, options), (Indices{-1, 0, 0, 1}));
  options.allow_exact = true;
  options.direction = Direction::forward;
  EXPECT_EQ(indices({10, 20}, {7, 13, 14, 23, 24}, options), (Indices{0, 0, 1, 1, -1}));
  options.allow_exact = false;
  EXPECT_EQ(indices({10, 20}, {12, 13, 22, 23}, options), (Indices{0, 1, 1, -1}));
  options.direction = Direction::nearest;
  options.allow_exact = true;
  EXPECT_EQ(indices({10, 20}, {6, 15, 16, 24}, options), (Indices{0, 0, 1, 1}));
  Case<std::int64_t> problem = one_segment<std::int64_t>({10, 20}, {8, 17});
  problem.options.slack = 3;
  EXPECT_EQ(run(problem).age, (Indices{-2, -3}));
  problem.options.tolerance = 2;  // measured from the query itself
  EXPECT_EQ(run(problem).index, (Indices{0, -1}));
}

TEST_P(Match, AgeAndStatus) {
  Case<std::int64_t> problem =
      one_segment<std::int64_t>({unix_now, unix_now + 100}, {unix_now - 1, unix_now, unix_now + 99, unix_now + 107});
  Found found = run(problem);
  EXPECT_EQ(found.age, (Indices{unlimited, 0, 99, 7}));
  EXPECT_EQ(found.status, (std::vector<std::uint8_t>{outside, exact, held, beyond}));
  problem.options.direction = Direction::forward;
  found = run(problem);
  EXPECT_EQ(found.age, (Indices{-1, 0, -1, unlimited}));
  EXPECT_EQ(found.status, (std::vector<std::uint8_t>{beyond, exact, held, outside}));
  problem.options.direction = Direction::nearest;
  problem.options.tolerance = 1;
  found = run(problem);
  EXPECT_EQ(found.age, (Indices{-1, 0, -1, unlimited}));
  EXPECT_EQ(found.status, (std::vector<std::uint8_t>{beyond, exact, held, stale}));
  const Case<double> seconds = one_segment<double>({1.5, 4.0}, {1.75, 1.5, 3.9999999987});
  EXPECT_EQ(run(seconds).age, (Indices{250'000'000, 0, 2'499'999'999}));  // 2.4999999987 s, rounded to nearest
}

TEST_P(Match, AgeIsHeldAtTheEndsOfInt64) {
  Case<std::int64_t> problem = one_segment<std::int64_t>({INT64_MIN, INT64_MIN + 5}, {INT64_MIN, -1, 0, 4, INT64_MAX});
  Found found = run(problem);
  EXPECT_EQ(found.index, (Indices{0, 1, 1, 1, 1}));
  EXPECT_EQ(found.age, (Indices{0, INT64_MAX - 5, INT64_MAX - 4, INT64_MAX, INT64_MAX}));
  problem = one_segment<std::int64_t>({INT64_MAX}, {INT64_MIN, -2, -1, 0, INT64_MAX}, Direction::forward);
  found = run(problem);
  EXPECT_EQ(found.index, (Indices{0, 0, 0, 0, 0}));
  EXPECT_EQ(found.age, (Indices{INT64_MIN, INT64_MIN, INT64_MIN, -INT64_MAX, 0}));
  problem.options.tolerance = INT64_MAX - 1;  // a limit, unlike `unlimited`
  EXPECT_EQ(run(problem).index, (Indices{-1, -1, -1, -1, 0}));
  problem.options.tolerance = unlimited;
  problem.options.slack = INT64_MAX;
  EXPECT_EQ(run(problem).index, (Indices{0, 0, 0, 0, 0}));
  for (bool allow_exact : {true, false}) {
    problem = one_segment<std::int64_t>({INT64_MIN, INT64_MAX}, {INT64_MIN, -1, 0, INT64_MAX}, Direction::nearest);
    problem.options.allow_exact = allow_exact;
    EXPECT_EQ(run(problem).index, allow_exact ? (Indices{0, 0, 1, 1}) : (Indices{1, 0, 1, 0}));
  }
  Case<double> seconds = one_segment<double>({-1e300, 0.0}, {-1e299, 1e300});
  EXPECT_EQ(run(seconds).age, (Indices{INT64_MAX, INT64_MAX}));
  seconds.options.direction = Direction::forward;
  seconds.at = {-inf, -1e299};
  EXPECT_EQ(run(seconds).age, (Indices{INT64_MIN, INT64_MIN}));
}

TEST_P(Match, EmptyAndOneSampleSegments) {
  Case<std::int64_t> problem;
  problem.times = {100, 200, 300, 400};
  problem.offsets = {0, 0, 1, 1, 3, 4, 4};
  problem.row_offsets = {0, 2, 4, 4, 6, 6, 7};
  problem.at = {100, 200, 100, 99, 150, 350, 400};
  for (Direction direction : directions) {
    problem.options.direction = direction;
    ASSERT_NO_FATAL_FAILURE(check(problem));
  }
  Case<std::int64_t> nothing = one_segment<std::int64_t>({}, {3, 4});
  EXPECT_EQ(run(nothing).index, (Indices{-1, -1}));
  EXPECT_EQ(run(nothing).status, (std::vector<std::uint8_t>{empty, empty}));
  EXPECT_EQ(run(one_segment<double>({1.0}, {})).index, Indices{});
  EXPECT_EQ(run(one_segment<float>({}, {})).index, Indices{});
  Case<std::int64_t> no_segments;
  no_segments.times = {1};
  no_segments.offsets = no_segments.row_offsets = {0};
  EXPECT_EQ(run(no_segments).index, Indices{});
}

TEST_P(Match, OutputsAreOptionalButTheIndex) {
  const Case<std::int64_t> problem = one_segment<std::int64_t>({1, 5, 9}, {0, 1, 4, 10}, Direction::nearest);
  Arena arena(GetParam());
  MatchArgs args = make_args(arena, problem);
  const Output<std::int64_t> index = arena.output<std::int64_t>(4), age = arena.output<std::int64_t>(4);
  const Output<std::uint8_t> status = arena.output<std::uint8_t>(4);
  args.index = index.data();
  const auto run_again = [&] {
    arena.poison_outputs();
    ASSERT_OK(arena.launch([&](auto where) { return match(args, where); }));
    EXPECT_EQ(index.download(), (Indices{0, 0, 1, 2}));
  };
  run_again();
  EXPECT_TRUE(age.untouched() && status.untouched());
  args.age = age.data();
  run_again();
  EXPECT_EQ(age.download(), (Indices{-1, 0, -1, 1}));
  EXPECT_TRUE(status.untouched());
  args.age = nullptr;
  args.status = status.data();
  run_again();
  EXPECT_TRUE(age.untouched());
  EXPECT_EQ(status.download(), (std::vector<std::uint8_t>{beyond, exact, held, beyond}));
}

/// Random sorted segments, with duplicates, and queries that often fall on a stamp or midway.
template <class Stamp>
Case<Stamp> random_case(Random& random, std::int64_t segments, std::int64_t most_samples, std::int64_t most_rows) {
  constexpr bool integer = std::is_same<Stamp, std::int64_t>::value;
  const auto to_stamp = [](std::int64_t t) {  // quarters of a second: exact in float, ties included
    return integer ? static_cast<Stamp>(t) : static_cast<Stamp>(static_cast<double>(t) * 0.25);
  };
  Case<Stamp> problem;
  problem.offsets = problem.row_offsets = {0};
  for (std::int64_t s = 0; s < segments; ++s) {
    const std::int64_t count = random.one_in(8) ? random.below(3) : random.below(most_samples + 1);
    const std::int64_t rows = random.one_in(8) ? 0 : random.below(most_rows + 1);
    const std::int64_t first = integer ? unix_now + random.below(1000) : random.below(1000);
    const std::int64_t spread = 1 + random.below(20);
    std::int64_t t = first;
    for (std::int64_t i = 0; i < count; ++i) {
      problem.times.push_back(to_stamp(t));
      if (random.one_in(50)) t += random.below(40 * spread);  // a pause: evenly spaced guesses go wrong
      if (!random.one_in(4)) t += random.below(spread + 1);
    }
    const std::int64_t margin = 2 * spread;
    for (std::int64_t r = 0; r < rows; ++r) problem.at.push_back(to_stamp(random.between(first - margin, t + margin)));
    if (random.one_in(2)) std::sort(problem.at.end() - rows, problem.at.end());
    problem.offsets.push_back(problem.count());
    problem.row_offsets.push_back(problem.rows());
  }
  const std::int64_t unit = integer ? 1 : second / 4;
  MatchArgs& options = problem.options;
  options.direction = directions[random.below(3)];
  options.tie = random.one_in(2) ? Tie::earlier : Tie::later;
  options.allow_exact = !random.one_in(3);
  if (random.one_in(2)) options.tolerance = random.below(20) * unit;
  if (random.one_in(2)) options.slack = random.below(10) * unit;
  return problem;
}

template <class Stamp>
void with_clocks(Random& random, Case<Stamp>& problem) {
  const auto random_clock = [&random] {
    Clock clock;
    clock.offset = random.between(-20, 20) * (std::is_same<Stamp, std::int64_t>::value ? 1 : second / 4);
    if (std::is_same<Stamp, std::int64_t>::value && random.one_in(2)) {
      clock.drift = 1e-3 * random.signed_unit();
      clock.reference = unix_now - random.below(100'000);
    }
    return clock;
  };
  if (random.one_in(2)) {
    problem.options.clock = random_clock();
  } else {
    for (std::int64_t s = 0; s < problem.segments(); ++s) problem.clocks.push_back(random_clock());
  }
}

TEST_P(Match, RandomSegmentsOfEveryStampType) {
  SCOPED_TRACE(seed_trace());
  Random random(1);
  const auto check_some = [&](auto stamp) {
    for (int i = 0; i < 60; ++i) {
      auto problem = random_case<decltype(stamp)>(random, 1 + random.below(40), 60, 60);
      if (i % 3 == 2) with_clocks(random, problem);
      ASSERT_NO_FATAL_FAILURE(check(problem)) << "case " << i;
    }
  };
  ASSERT_NO_FATAL_FAILURE(check_some(std::int64_t{}));
  ASSERT_NO_FATAL_FAILURE(check_some(double{}));
  ASSERT_NO_FATAL_FAILURE(check_some(float{}));
}

TEST_P(Match, LongSegmentsAndManyThreads) {
  SCOPED_TRACE(seed_trace());
  Random random(2);
  for (int i = 0; i < 12; ++i) {
    Case<std::int64_t> problem = random_case<std::int64_t>(random, 5, 3000, 2500);
    if (i % 2 == 1) with_clocks(random, problem);
    ASSERT_NO_FATAL_FAILURE(check(problem, 5)) << "case " << i;
  }
}

TEST_P(Match, FormsOfQueriesAgree) {
  SCOPED_TRACE(seed_trace());
  Random random(3);
  constexpr std::int64_t segments = 7, length = 90, steps = 37, anchors = 50;
  std::vector<std::int64_t> times, grid, shared, shared_at;
  for (std::int64_t s = 0; s < segments; ++s) {
    std::int64_t t = unix_now + random.below(second);
    for (std::int64_t k = 0; k < steps; ++k) {  // 30000/1001 Hz, rounded half up
      grid.push_back(t + static_cast<std::int64_t>((static_cast<Wide>(k) * 1001 * second * 2 + 30000) / 60000));
    }
    for (std::int64_t i = 0; i < length; ++i, t += random.below(second / 30)) times.push_back(t);
  }
  for (std::int64_t k = 0; k < steps; ++k) shared.push_back(unix_now + random.below(2 * second));
  for (std::int64_t s = 0; s < segments; ++s) shared_at.insert(shared_at.end(), shared.begin(), shared.end());
  for (Direction direction : directions) {
    Arena arena(GetParam());
    MatchArgs args;
    args.direction = direction;
    args.times = arena.input(times);
    args.count = segments * length;
    args.segments = uniform(segments, length);
    args.rows = segments * steps;
    const auto found = [&](const Queries& at) {
      args.at = at;
      return launch(arena, args);
    };
    const Found by_grid = found(at_times(arena.input(grid), steps));
    Indices row_offsets;
    for (std::int64_t s = 0; s <= segments; ++s) row_offsets.push_back(s * steps);
    EXPECT_EQ(found(every({30000, 1001}, steps)), by_grid);
    EXPECT_EQ(found(every({30000, 1001}, arena.input(row_offsets))), by_grid);
    EXPECT_EQ(found(at_times(arena.input(grid), arena.input(row_offsets))), by_grid);
    EXPECT_EQ(found(at_shared_times(arena.input(shared), steps)), found(at_times(arena.input(shared_at), steps)));

    // Each anchor is a query of its segment's own list.
    Case<std::int64_t> stored;
    stored.times = times;
    stored.options.direction = direction;
    std::vector<std::int64_t> at, history = {-second / 5, 0, second / 7};
    Indices segment_of;
    Found expected;
    for (std::int64_t a = 0; a < anchors; ++a) {
      const std::int64_t s = random.between(-2, segments + 1);
      const bool exists = s >= 0 && s < segments;
      segment_of.push_back(s);
      at.push_back(unix_now + random.below(3 * second));
      const auto begin = times.begin() + (exists ? s * length : 0);
      const std::vector<std::int64_t> own(begin, begin + (exists ? length : 0));
      for (std::int64_t offset : history) expect_row(own, s * length, at.back() + offset, args, expected);
    }
    args.rows = anchors * 3;
    EXPECT_EQ(found(windows(arena.input(at), arena.input(segment_of), anchors, arena.input(history), 3)), expected);
  }
}

TEST_P(Match, RowsOutsideEverySegmentStay) {
  Case<std::int64_t> problem;
  problem.times = {1, 2, 3};
  problem.offsets = {0, 1, 3};
  problem.row_offsets = {2, 130, 140};
  problem.at.assign(300, 2);
  const Found found = run(problem);
  for (std::size_t r = 0; r < 300; ++r) {
    if (r >= 2 && r < 140) {
      EXPECT_EQ(found.index[r], r < 130 ? 0 : 1) << r;
    } else {
      EXPECT_TRUE(Output<std::int64_t>::is_poison(found.index[r]) && Output<std::int64_t>::is_poison(found.age[r]) &&
                  Output<std::uint8_t>::is_poison(found.status[r]))
          << r;
    }
  }
}

TEST_P(Match, AgreesWithResample) {
  SCOPED_TRACE(seed_trace());
  Random random(4);
  for (int i = 0; i < 30; ++i) {
    Case<std::int64_t> problem = random_case<std::int64_t>(random, 10, 50, 50);
    if (i % 2 == 1) with_clocks(random, problem);
    if (i % 5 == 0) random.shuffle(problem.times);  // unsorted: the same answer still
    problem.options.allow_exact = true;
    Arena arena(GetParam());
    const MatchArgs args = make_args(arena, problem);
    const Found found = launch(arena, args);

    std::vector<double> numbers;
    for (std::int64_t k = 0; k < problem.count(); ++k) numbers.push_back(static_cast<double>(k));
    ChannelGroup group = channels(1, args.direction == Direction::backward  ? Interpolation::previous
                                     : args.direction == Direction::forward ? Interpolation::next
                                                                            : Interpolation::nearest);
    group.tie = args.tie;
    ResampleArgs same;
    same.source.times = args.times;
    same.source.values = rows(arena.input(numbers), args.count, 1);
    same.source.segments = args.segments;
    same.source.clock = args.clock;
    same.source.clocks = args.clocks;
    same.source.groups = &group;
    same.source.group_count = 1;
    same.source.outside = Outside::clamp;
    same.source.fill = -1;
    same.source.max_age = args.tolerance;
    same.source.slack = args.slack;
    same.at = args.at;
    const Output<double> out = arena.output<double>(args.rows);
    const Output<std::uint8_t> status = arena.output<std::uint8_t>(args.rows);
    same.out = robocache::rows(out.data(), args.rows, 1);
    same.status = status.data();
    ASSERT_OK(arena.launch([&](auto where) { return resample(same, where); }));
    Indices resampled;
    for (double number : out.download()) resampled.push_back(static_cast<std::int64_t>(number));
    ASSERT_EQ(found.index, resampled) << "case " << i;
    ASSERT_EQ(found.status, status.download()) << "case " << i;
  }
}

TEST_P(Match, NanAndInfiniteTimes) {
  Case<double> problem = one_segment<double>({0.0, 1.0, 2.0, 3.0}, {nan, -inf, inf, 1.4});
  Found found = run(problem);
  EXPECT_EQ(found.index, (Indices{-1, -1, 3, 1}));
  EXPECT_EQ(found.status, (std::vector<std::uint8_t>{outside, outside, beyond, held}));
  EXPECT_EQ(found.age[2], INT64_MAX);
  problem.options.direction = Direction::forward;
  EXPECT_EQ(run(problem).index, (Indices{-1, 0, -1, 2}));
  for (bool allow_exact : {true, false}) {
    problem.options.direction = Direction::nearest;
    problem.options.allow_exact = allow_exact;
    EXPECT_EQ(run(problem).index, (Indices{-1, 0, 3, 1}));
  }
  problem = one_segment<double>({-inf, 0.0, inf}, {-inf, -1.0, 1.0, inf});
  EXPECT_EQ(run(problem).index, (Indices{0, 0, 1, 2}));
  EXPECT_EQ(run(problem).age, (Indices{0, INT64_MAX, second, 0}));
  // NaN counts as after every query.
  problem = one_segment<double>({0.0, 1.0, nan, nan}, {0.5, 5.0});
  found = run(problem);
  EXPECT_EQ(found.index, (Indices{0, 1}));
  EXPECT_EQ(found.status[1], held | status_unsorted);
  problem.options.direction = Direction::nearest;
  EXPECT_EQ(run(problem).index, (Indices{0, 1}));
}

/// Unsorted stamps: what is promised is a sample on the right side of the query, the same for every launcher.
TEST_P(Match, UnsortedStampsStayInsideTheSegment) {
  SCOPED_TRACE(seed_trace());
  Random random(5);
  for (int i = 0; i < 40; ++i) {
    Case<double> problem = random_case<double>(random, 8, 70, 70);
    random.shuffle(problem.times);
    for (double& t : problem.times) t = random.one_in(20) ? nan : random.one_in(20) ? -inf : t;
    for (double& q : problem.at) q = random.one_in(20) ? nan : random.one_in(20) ? inf : q;
    if (i % 2 == 1) with_clocks(random, problem);
    const MatchArgs& options = problem.options;
    const Found found = run(problem);
    Arena host(Launcher::host);
    ASSERT_EQ(found, launch(host, make_args(host, problem), 3)) << "case " << i;
    for (std::int64_t s = 0; s < problem.segments(); ++s) {
      const auto segment = static_cast<std::size_t>(s);
      const Clock clock = problem.clocks.empty() ? options.clock : problem.clocks[segment];
      for (std::int64_t r = problem.row_offsets[segment]; r < problem.row_offsets[segment + 1]; ++r) {
        const auto row = static_cast<std::size_t>(r);
        const std::int64_t k = found.index[row];
        if (k == -1) {
          ASSERT_EQ(how_of(found.status[row]), How::filled);
          ASSERT_EQ(found.age[row], unlimited);
          continue;
        }
        ASSERT_TRUE(k >= problem.offsets[segment] && k < problem.offsets[segment + 1]);
        const double q = problem.at[row], t = corrected(problem.times[static_cast<std::size_t>(k)], clock);
        ASSERT_FALSE(std::isnan(q));
        if (options.direction == Direction::backward) {
          ASSERT_LE(t, shifted(q, options.slack));
        }
        if (options.direction == Direction::forward) {
          ASSERT_FALSE(t < shifted(q, -options.slack));
        }
        if (!options.allow_exact && options.slack == 0) {
          ASSERT_NE(t, q);
        }
      }
    }
  }
  Case<std::int64_t> jump = one_segment<std::int64_t>({10, 20, 15, 30}, {16});
  EXPECT_NE(run(jump).status[0] & status_unsorted, 0);
}

TEST_P(Match, OffsetsThatAreWrongNeverLeaveTheStamps) {
  Case<std::int64_t> problem;
  problem.times = {1, 2, 3};
  problem.offsets = {-5, 2, 1, INT64_MAX, INT64_MIN, 3};
  problem.row_offsets = {0, 2, 4, 6, 8, 10};
  problem.at = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (std::int64_t k : run(problem).index) EXPECT_TRUE(k >= -1 && k < 3);
}

class MatchErrors : public Match {
 protected:
  void SetUp() override {
    Match::SetUp();
    if (IsSkipped()) return;
    problem_.times = {1, 2, 3, 4};
    problem_.offsets = {0, 2, 4};
    problem_.row_offsets = {0, 2, 4};
    problem_.at = {1, 2, 3, 4};
    problem_.clocks.resize(2);
    good_ = make_args(arena_, problem_);
    index_ = std::make_unique<Output<std::int64_t>>(arena_.output<std::int64_t>(5));
    age_ = std::make_unique<Output<std::int64_t>>(arena_.output<std::int64_t>(4));
    status_ = std::make_unique<Output<std::uint8_t>>(arena_.output<std::uint8_t>(4));
    good_.index = index_->data();
    good_.age = age_->data();
    good_.status = status_->data();
  }
  void expect_error(const MatchArgs& args, StatusCode code, const char* argument) {
    EXPECT_TRUE(is_error(arena_.launch([&](auto where) { return match(args, where); }), code, argument));
    EXPECT_TRUE(index_->untouched() && age_->untouched() && status_->untouched()) << argument;
    EXPECT_TRUE(arena_.inputs_untouched()) << argument;
  }
  template <class T>
  static T* moved(T* p, int bytes) {
    return reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(p) + static_cast<std::uintptr_t>(bytes));
  }
  template <class To, class From>
  static To* writable(const From* p) {
    return reinterpret_cast<To*>(const_cast<std::remove_const_t<From>*>(p));
  }

  Arena arena_{GetParam()};
  Case<std::int64_t> problem_;
  MatchArgs good_;
  std::unique_ptr<Output<std::int64_t>> index_, age_;
  std::unique_ptr<Output<std::uint8_t>> status_;
};
INSTANTIATE_TEST_SUITE_P(, MatchErrors, every_launcher(), launcher_name);

TEST_P(MatchErrors, Samples) {
  MatchArgs args = good_;
  args.times.data = nullptr;
  expect_error(args, StatusCode::null_pointer, "args.times");
  args = good_;
  args.times.type = static_cast<TimeType>(3);
  expect_error(args, StatusCode::invalid_value, "args.times.type");
  args = good_;
  args.times.data = moved(static_cast<const char*>(good_.times.data), 4);
  expect_error(args, StatusCode::misaligned, "args.times");
  args = good_;
  args.count = -1;
  expect_error(args, StatusCode::invalid_size, "args.count");
  args.count = INT64_MAX / 4;
  expect_error(args, StatusCode::overflow, "args.count");
  args = good_;
  args.segments.count = -1;
  expect_error(args, StatusCode::invalid_size, "segments.count");
  args.segments = uniform(2, 3);
  expect_error(args, StatusCode::invalid_size, "segments");
  args.segments = uniform(3, -1);
  expect_error(args, StatusCode::invalid_size, "segments");
  args.segments = uniform(2, INT64_MAX);
  expect_error(args, StatusCode::overflow, "segments");
  args.segments = ragged(good_.segments.offsets, INT64_MAX);
  expect_error(args, StatusCode::overflow, "segments");
  args.segments = ragged(moved(good_.segments.offsets, 4), 1);
  expect_error(args, StatusCode::misaligned, "segments.offsets");
  args = good_;
  args.clocks = moved(good_.clocks, 4);
  expect_error(args, StatusCode::misaligned, "clocks");
  for (double drift : {-1.0, nan, inf, -inf}) {
    args = good_;
    args.clock.drift = drift;
    expect_error(args, StatusCode::invalid_value, "clock.drift");
  }
}

TEST_P(MatchErrors, Options) {
  MatchArgs args = good_;
  args.direction = static_cast<Direction>(3);
  expect_error(args, StatusCode::invalid_value, "args.direction");
  args = good_;
  args.tie = static_cast<Tie>(2);
  expect_error(args, StatusCode::invalid_value, "args.tie");
  for (std::int64_t negative : {std::int64_t{-1}, INT64_MIN}) {
    args = good_;
    args.tolerance = negative;
    expect_error(args, StatusCode::invalid_value, "args.tolerance");
    args = good_;
    args.slack = negative;
    expect_error(args, StatusCode::invalid_value, "args.slack");
  }
}

TEST_P(MatchErrors, QueriesAndRows) {
  MatchArgs args = good_;
  args.rows = -1;
  expect_error(args, StatusCode::invalid_size, "args.rows");
  args.rows = INT64_MAX / 4;
  expect_error(args, StatusCode::overflow, "args.rows");
  args = good_;
  args.at = at_times(good_.at.times, 3);
  expect_error(args, StatusCode::invalid_size, "args.rows");
  args.at = every({10, 1}, 3);
  expect_error(args, StatusCode::invalid_size, "args.rows");
  args.at = at_times(good_.at.times, -1);
  expect_error(args, StatusCode::invalid_size, "args.at.steps");
  args.at = at_times(good_.at.times, INT64_MAX);
  expect_error(args, StatusCode::overflow, "args.at.steps");
  args = good_;
  args.at.kind = static_cast<Queries::Kind>(4);
  expect_error(args, StatusCode::invalid_value, "args.at.kind");
  args = good_;
  args.at.kind = Queries::Kind::shared_times;
  expect_error(args, StatusCode::invalid_value, "args.at.row_offsets");
  args = good_;
  args.at.times.data = nullptr;
  expect_error(args, StatusCode::null_pointer, "args.at.times");
  args = good_;
  args.at.times.type = TimeType::f64_seconds;
  expect_error(args, StatusCode::unsupported_type, "args.at.times.type");
  args = good_;
  args.at.times.data = moved(static_cast<const char*>(good_.at.times.data), 4);
  expect_error(args, StatusCode::misaligned, "args.at.times");
  args = good_;
  args.at.row_offsets = moved(good_.at.row_offsets, 4);
  expect_error(args, StatusCode::misaligned, "args.at.row_offsets");
  args = good_;
  args.at = every({0, 1}, 2);
  expect_error(args, StatusCode::invalid_value, "rate.num");
  args.at = every({10, 0}, 2);
  expect_error(args, StatusCode::invalid_value, "rate.den");
  args.at = start_at(every({10, 1}, 2), Times(static_cast<const std::int64_t*>(nullptr)));
  expect_error(args, StatusCode::null_pointer, "starts");
  const std::int64_t* some = good_.at.row_offsets;
  args.at = windows(good_.at.times, nullptr, 2, Times(some), 2);
  expect_error(args, StatusCode::null_pointer, "args.at.segment_of");
  args.at = windows(good_.at.times, some, 2, Times(static_cast<const std::int64_t*>(nullptr)), 2);
  expect_error(args, StatusCode::null_pointer, "args.at.offsets");
  args.at = windows(good_.at.times, some, -2, Times(some), 2);
  expect_error(args, StatusCode::invalid_size, "args.at.anchor_count");
  args.at = windows(good_.at.times, moved(some, 4), 2, Times(some), 2);
  expect_error(args, StatusCode::misaligned, "args.at.segment_of");
}

TEST_P(MatchErrors, Outputs) {
  MatchArgs args = good_;
  args.index = nullptr;
  expect_error(args, StatusCode::null_pointer, "args.index");
  args = good_;
  args.index = moved(good_.index, 4);
  expect_error(args, StatusCode::misaligned, "args.index");
  args = good_;
  args.age = moved(good_.age, 4);
  expect_error(args, StatusCode::misaligned, "args.age");
  args = good_;
  args.age = good_.index + 1;
  expect_error(args, StatusCode::aliasing, "args.age");
  args = good_;
  args.status = reinterpret_cast<std::uint8_t*>(good_.index + 3);
  expect_error(args, StatusCode::aliasing, "args.status");
  const void* inputs[] = {good_.times.data, good_.segments.offsets, good_.clocks, good_.at.times.data,
                          good_.at.row_offsets};
  for (const void* input : inputs) {
    args = good_;
    args.index = writable<std::int64_t>(static_cast<const char*>(input));
    expect_error(args, StatusCode::aliasing, "args.index");
    args = good_;
    args.age = writable<std::int64_t>(static_cast<const char*>(input));
    expect_error(args, StatusCode::aliasing, "args.age");
    args = good_;
    args.status = writable<std::uint8_t>(static_cast<const char*>(input));
    expect_error(args, StatusCode::aliasing, "args.status");
  }
  const std::int64_t* some = arena_.input(Indices{0, 1});
  args = good_;
  args.at = windows(good_.at.times, some, 2, Times(good_.at.row_offsets), 2);
  args.index = writable<std::int64_t>(some);
  expect_error(args, StatusCode::aliasing, "args.index");
  args.at = windows(good_.at.times, good_.at.row_offsets, 2, Times(some), 2);
  expect_error(args, StatusCode::aliasing, "args.index");
}

/// A call on the CPU whose arrays are by hand; room for ten rows at least.
template <class Stamp = std::int64_t>
struct SmallMatch {
  std::vector<Stamp> times, at;
  std::vector<std::int64_t> index;
  MatchArgs args;

  SmallMatch(std::vector<Stamp> t, std::vector<Stamp> q) : times(std::move(t)), at(std::move(q)) {
    index.assign(std::max<std::size_t>(at.size(), 10), 77);
    args.times = times.data();
    args.count = static_cast<std::int64_t>(times.size());
    args.rows = static_cast<std::int64_t>(at.size());
    args.at = at_times(at.data(), args.rows);
    args.index = index.data();
  }
};

TEST(MatchHost, HeaderOnlyInstantiationRefusesOtherTypes) {
  SmallMatch<double> call({0.0, 1.0}, {0.5});
  EXPECT_TRUE(is_error(match<std::int64_t>(call.args, Host{}), StatusCode::unsupported_type, "times"));
  EXPECT_EQ(call.index[0], 77);
  ASSERT_OK((match<float, double>(call.args, Host{})));
  EXPECT_EQ(call.index[0], 0);
}

TEST(MatchHost, SegmentsPastTheLastSampleAreRefused) {
  SmallMatch<> call({0, 1, 2}, {0, 1});
  call.args.segments = uniform(2, 2);
  call.args.at = at_times(call.at.data(), 1);
  EXPECT_TRUE(is_error(match(call.args, Host{}), StatusCode::invalid_size, "segments"));
}

TEST(MatchHost, RaggedGridsHaveALimit) {
  const std::vector<std::int64_t> row_offsets = {0, 10};
  SmallMatch<> call({0}, {0});
  call.args.at = every({1, 1'000'000'000}, row_offsets.data());
  call.args.rows = 10;
  EXPECT_TRUE(is_error(match(call.args, Host{}), StatusCode::overflow, "args.at.steps"));
  call.args.rows = 9;
  EXPECT_OK(match(call.args, Host{}));
}

TEST(MatchHost, WindowsAreHeldAtTheEndOfInt64) {
  const std::vector<std::int64_t> segment_of = {0}, offsets = {5};
  SmallMatch<> call({0, 10}, {INT64_MAX - 1});
  call.args.at = windows(call.at.data(), segment_of.data(), 1, offsets.data(), 1);
  ASSERT_OK(match(call.args, Host{}));
  EXPECT_EQ(call.index[0], 1);
}

TEST(MatchHost, ALoneNanIsUnsorted) {
  SmallMatch<double> call({nan}, {1.0});
  std::uint8_t status = 0;
  call.args.status = &status;
  ASSERT_OK(match(call.args, Host{}));
  EXPECT_EQ(call.index[0], -1);
  EXPECT_EQ(status, make_status(How::filled, Why::outside) | status_unsorted);
}

TEST(MatchHost, AnArrayOfNothingOverlapsNothing) {
  SmallMatch<> call({}, {1, 2});
  call.args.times = static_cast<const std::int64_t*>(call.index.data() + 1);
  ASSERT_OK(match(call.args, Host{}));
  EXPECT_EQ(call.index[0], -1);
}

}  // namespace
}  // namespace robocache::test
