// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/split_segments.hpp>

#include "support/launch.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace robocache::test {
namespace {

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Case {
  bool duplicates = true;
  std::int64_t max_gap = unlimited;
  std::vector<std::int64_t> offsets;  // ragged if not empty
  std::int64_t uniform_count = 0, uniform_length = 0;
};

struct Offence {
  std::int64_t row;
  TimeFault fault;
  bool operator==(const Offence& other) const { return row == other.row && fault == other.fault; }
};
void PrintTo(const Offence& offence, std::ostream* os) {
  *os << "row " << offence.row << " fault " << static_cast<int>(offence.fault);
}

std::vector<std::pair<std::int64_t, std::int64_t>> ranges_of(const Case& c, std::int64_t count) {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  if (!c.offsets.empty()) {
    for (std::size_t s = 0; s + 1 < c.offsets.size(); ++s) ranges.emplace_back(c.offsets[s], c.offsets[s + 1]);
  } else if (c.uniform_count > 0) {
    for (std::int64_t s = 0; s < c.uniform_count; ++s)
      ranges.emplace_back(s * c.uniform_length, (s + 1) * c.uniform_length);
  } else {
    ranges.emplace_back(0, count);
  }
  return ranges;
}

// The gap between two stamps against a limit in ns, in the terms of each time type.
bool longer(std::int64_t later, std::int64_t earlier, std::int64_t limit) {
  return static_cast<std::uint64_t>(later) - static_cast<std::uint64_t>(earlier) > static_cast<std::uint64_t>(limit);
}
bool longer(double later, double earlier, std::int64_t limit) {
  return limit != unlimited && later - earlier > static_cast<double>(limit) * 1e-9;
}
bool finite(std::int64_t) { return true; }
bool finite(double t) { return std::isfinite(t); }

// Straight from the definition, stamp after stamp.
template <class Stamp>
std::vector<Offence> expected_offences(const std::vector<Stamp>& times, const Case& c) {
  using Value = std::conditional_t<std::is_same<Stamp, std::int64_t>::value, std::int64_t, double>;
  std::vector<Offence> result;
  for (const auto& range : ranges_of(c, static_cast<std::int64_t>(times.size()))) {
    Offence found{-1, TimeFault::none};
    for (std::int64_t i = range.first; i < range.second && found.row < 0; ++i) {
      const Value t = static_cast<Value>(times[static_cast<std::size_t>(i)]);
      if (!finite(t)) {
        found = {i, TimeFault::not_finite};
        break;
      }
      if (i == range.first) continue;
      const Value before = static_cast<Value>(times[static_cast<std::size_t>(i - 1)]);
      if (t < before)
        found = {i, TimeFault::backward};
      else if (t == before && c.duplicates)
        found = {i, TimeFault::duplicate};
      else if (longer(t, before, c.max_gap))
        found = {i, TimeFault::gap};
    }
    result.push_back(found);
  }
  return result;
}

class CheckTimes : public LauncherTest {
 protected:
  template <class Stamp>
  std::vector<Offence> run(const std::vector<Stamp>& times, const Case& c, int threads = 1) {
    Arena arena(GetParam());
    const auto count = static_cast<std::int64_t>(times.size());
    const auto segments = static_cast<std::int64_t>(ranges_of(c, count).size());
    CheckTimesArgs args;
    args.times = arena.input(times);
    args.count = count;
    if (!c.offsets.empty()) args.segments = ragged(arena.input(c.offsets), segments);
    if (c.offsets.empty() && c.uniform_count > 0) args.segments = uniform(c.uniform_count, c.uniform_length);
    args.duplicates = c.duplicates;
    args.max_gap = c.max_gap;
    const Output<std::int64_t> out = arena.output<std::int64_t>(segments);
    args.offences = out.data();
    EXPECT_OK(arena.launch([&](auto where) { return check_times(args, where); }, threads));
    std::vector<Offence> result;
    for (std::int64_t packed : out.download()) result.push_back({offence_row(packed), offence_fault(packed)});
    return result;
  }
  template <class Stamp>
  void check(const std::vector<Stamp>& times, const Case& c) {
    EXPECT_EQ(run(times, c), expected_offences(times, c));
  }
};
INSTANTIATE_TEST_SUITE_P(, CheckTimes, every_launcher(), launcher_name);

TEST_P(CheckTimes, EachFaultIsNamedWithItsRow) {
  std::vector<std::int64_t> regular;
  for (std::int64_t i = 0; i < 1000; ++i) regular.push_back(unix_now + i * 2'500'000);
  const std::vector<Offence> none = {{-1, TimeFault::none}};
  EXPECT_EQ(run(regular, {}), none);
  EXPECT_EQ(run(std::vector<std::int64_t>{INT64_MIN, 0, INT64_MAX}, {}), none) << "no limit, no gap";

  const std::vector<std::int64_t> good = {unix_now, unix_now + 10, unix_now + 20, unix_now + 30, unix_now + 40};
  Case c;
  c.max_gap = 10;
  EXPECT_EQ(run(good, c)[0], (Offence{-1, TimeFault::none})) << "the limit is inclusive";
  std::vector<std::int64_t> times = good;
  times[3] = times[2] - 1;
  EXPECT_EQ(run(times, c)[0], (Offence{3, TimeFault::backward}));
  times[3] = times[2];
  EXPECT_EQ(run(times, c)[0], (Offence{3, TimeFault::duplicate}));
  times[3] = times[2] + 11;
  EXPECT_EQ(run(times, c)[0], (Offence{3, TimeFault::gap}));
  std::vector<double> seconds = {0.0, 0.1, 0.2, 0.3};
  seconds[2] = nan;
  EXPECT_EQ(run(seconds, {})[0], (Offence{2, TimeFault::not_finite}));
  seconds[2] = inf;
  EXPECT_EQ(run(seconds, {})[0], (Offence{2, TimeFault::not_finite}));
  seconds[0] = -inf;
  EXPECT_EQ(run(seconds, {})[0], (Offence{0, TimeFault::not_finite})) << "also the first stamp of a segment";
}

TEST_P(CheckTimes, TheFirstOffenceWins) {
  std::vector<std::int64_t> times;
  for (int i = 0; i < 5000; ++i) times.push_back(i);
  times[4000] = 0;
  times[3000] = times[2999];
  times[4999] = -5;
  EXPECT_EQ(run(times, {})[0], (Offence{3000, TimeFault::duplicate}));
  Case c;
  c.duplicates = false;
  // Row 3001 is 2 after row 3000: legal; the next offence is the jump back.
  EXPECT_EQ(run(times, c)[0], (Offence{4000, TimeFault::backward}));
}

TEST_P(CheckTimes, SegmentsAreJudgedOneByOne) {
  // Each segment begins before the last one ended: no offence across the border.
  const std::vector<std::int64_t> times = {50, 60, 70, 10, 20, 20, 5, 6, 100, 1, 0};
  Case c;
  c.offsets = {0, 3, 3, 6, 9, 9, 11};
  c.max_gap = 20;
  const std::vector<Offence> expected = {{-1, TimeFault::none}, {-1, TimeFault::none}, {5, TimeFault::duplicate},
                                         {8, TimeFault::gap},   {-1, TimeFault::none}, {10, TimeFault::backward}};
  EXPECT_EQ(run(times, c), expected);
  Case whole;
  EXPECT_EQ(run(times, whole)[0], (Offence{3, TimeFault::backward}));

  // Rows outside every segment are not judged.
  const std::vector<std::int64_t> around = {9, 8, 1, 2, 3, 0, 0};
  c = Case();
  c.offsets = {2, 4, 5};
  const std::vector<Offence> none = {{-1, TimeFault::none}, {-1, TimeFault::none}};
  EXPECT_EQ(run(around, c), none);
  Case part;
  part.uniform_count = 2;
  part.uniform_length = 1;
  EXPECT_EQ(run(around, part), none);
}

TEST_P(CheckTimes, EmptyAndOneSampleSegmentsAreFine) {
  EXPECT_EQ(run(std::vector<std::int64_t>{}, {}), (std::vector<Offence>{{-1, TimeFault::none}}));
  EXPECT_EQ(run(std::vector<double>{nan}, {})[0], (Offence{0, TimeFault::not_finite}));
  EXPECT_EQ(run(std::vector<float>{1.0f}, {})[0], (Offence{-1, TimeFault::none}));
  Case empties;
  empties.offsets = {0, 0, 0, 1, 1};
  EXPECT_EQ(run(std::vector<std::int64_t>{7}, empties), std::vector<Offence>(4, {-1, TimeFault::none}));
  Case no_length;
  no_length.uniform_count = 5;
  no_length.uniform_length = 0;
  EXPECT_EQ(run(std::vector<std::int64_t>{}, no_length), std::vector<Offence>(5, {-1, TimeFault::none}));

  Arena arena(GetParam());
  CheckTimesArgs no_segments;
  no_segments.times = arena.input(std::vector<std::int64_t>{1, 2});
  no_segments.count = 2;
  no_segments.segments = uniform(0, 2);
  ASSERT_OK(arena.launch([&](auto where) { return check_times(no_segments, where); }));
}

TEST_P(CheckTimes, GapLimits) {
  Case c;
  c.max_gap = INT64_MAX - 1;
  EXPECT_EQ(run(std::vector<std::int64_t>{INT64_MIN, INT64_MAX}, c)[0], (Offence{1, TimeFault::gap}));
  c.max_gap = 0;
  EXPECT_EQ(run(std::vector<std::int64_t>{5, 6}, c)[0], (Offence{1, TimeFault::gap}));
  c.duplicates = false;
  EXPECT_EQ(run(std::vector<std::int64_t>{5, 5}, c)[0], (Offence{-1, TimeFault::none}));

  // Of seconds, too, the limit is in nanoseconds.
  c = Case();
  c.max_gap = 500'000'000;
  EXPECT_EQ(run(std::vector<double>{1.0, 1.5, 2.0}, c)[0], (Offence{-1, TimeFault::none})) << "inclusive";
  EXPECT_EQ(run(std::vector<double>{1.0, 1.5, 2.0000001}, c)[0], (Offence{2, TimeFault::gap}));
  EXPECT_EQ(run(std::vector<float>{1.0f, 1.5f, 2.25f}, c)[0], (Offence{2, TimeFault::gap}));
}

// Random recordings with a few faults, cut into random segments.
template <class Stamp>
std::vector<Stamp> faulty_times(Random& random, std::int64_t count) {
  std::vector<Stamp> times;
  std::int64_t t = std::is_same<Stamp, float>::value ? 0 : unix_now;
  for (std::int64_t i = 0; i < count; ++i) {
    t += random.between(500'000, 1'500'000);
    if (random.one_in(60)) t -= random.below(5'000'000);
    if (random.one_in(60)) t += random.below(300'000'000);
    if (std::is_same<Stamp, std::int64_t>::value)
      times.push_back(static_cast<Stamp>(t));
    else
      times.push_back(static_cast<Stamp>(static_cast<double>(t) * 1e-9));
    if (i > 0 && random.one_in(60)) times.back() = times[times.size() - 2];
    if (!std::is_same<Stamp, std::int64_t>::value && random.one_in(200))
      times.back() = static_cast<Stamp>(random.one_in(2) ? nan : inf);
  }
  return times;
}

template <class Stamp, class Check>
void random_cases(const Check& check) {
  SCOPED_TRACE(seed_trace());
  Random random(sizeof(Stamp) + std::is_same<Stamp, double>::value);
  for (std::int64_t count : {1, 2, 255, 256, 257, 5000}) {
    for (int round = 0; round < 4; ++round) {
      const std::vector<Stamp> times = faulty_times<Stamp>(random, count);
      Case c;
      c.duplicates = random.one_in(2);
      c.max_gap = random.one_in(2) ? unlimited : random.below(200'000'000);
      check(times, c);
      c.uniform_length = 1 + random.below(count);
      c.uniform_count = count / c.uniform_length;
      check(times, c);
      c.offsets = {random.one_in(2) ? 0 : random.below(count)};
      while (c.offsets.size() < 2 || (c.offsets.back() < count && c.offsets.size() < 200))
        c.offsets.push_back(std::min(count, c.offsets.back() + random.below(random.one_in(3) ? 2 : 120)));
      check(times, c);
    }
  }
}

TEST_P(CheckTimes, RandomRecordings) {
  random_cases<std::int64_t>([this](const auto& times, const Case& c) { check(times, c); });
  random_cases<double>([this](const auto& times, const Case& c) { check(times, c); });
  random_cases<float>([this](const auto& times, const Case& c) { check(times, c); });
}

TEST_P(CheckTimes, WrongOffsetsStayInside) {
  const std::vector<std::int64_t> times = {1, 2, 3, 4, 5};
  for (const std::vector<std::int64_t>& offsets :
       {std::vector<std::int64_t>{-100, 3, 1'000'000}, {4, 2, 0}, {INT64_MIN, INT64_MAX, INT64_MIN}, {7, 8, 9}}) {
    Case c;
    c.offsets = offsets;
    for (const Offence& offence : run(times, c)) EXPECT_EQ(offence.fault, TimeFault::none);
  }
}

TEST(CheckTimesHost, ThreadsDoNotChangeTheResult) {
  SCOPED_TRACE(seed_trace());
  Random random(50);
  const std::vector<std::int64_t> times = faulty_times<std::int64_t>(random, 20'000);
  CheckTimesArgs args;
  args.times = times.data();
  args.count = 20'000;
  args.segments = uniform(100, 200);
  args.max_gap = 50'000'000;
  std::vector<std::int64_t> one(100), many(100);
  args.offences = one.data();
  ASSERT_OK(check_times(args, Host{1}));
  for (int threads : {0, 2, 7, 1000}) {
    args.offences = many.data();
    ASSERT_OK(check_times(args, Host{threads}));
    EXPECT_EQ(many, one) << threads;
  }
}

TEST(CheckTimesHost, HeaderOnlyInstantiationRefusesOtherTypes) {
  const std::vector<std::int64_t> times = {1, 1};
  std::int64_t offence = 0;
  CheckTimesArgs args;
  args.times = times.data();
  args.count = 2;
  args.offences = &offence;
  ASSERT_OK((check_times<std::int64_t>(args, Host{})));
  EXPECT_EQ(offence_row(offence), 1);
  offence = 77;
  EXPECT_TRUE(is_error(check_times<double>(args, Host{}), StatusCode::unsupported_type, "times"));
  EXPECT_EQ(offence, 77);
  EXPECT_TRUE(is_error(check_times<float, double>(args, Host{}), StatusCode::unsupported_type, "times"));
}

TEST(TimeOperators, TheStreamCannotBeLeftOut) {
  const auto check = [](const auto& args, auto where) -> decltype(check_times(args, where)) { return {}; };
  const auto split = [](const auto& args, auto where) -> decltype(split_segments(args, where)) { return {}; };
  const auto grid = [](const auto& args, auto where) -> decltype(grid_offsets(args, where)) { return {}; };
  EXPECT_TRUE((std::is_invocable_r<Status, decltype(check), CheckTimesArgs, Host>::value));
  EXPECT_TRUE((std::is_invocable_r<Status, decltype(split), SplitSegmentsArgs, Host>::value));
  EXPECT_TRUE((std::is_invocable_r<Status, decltype(grid), GridOffsetsArgs, Host>::value));
  EXPECT_FALSE((std::is_invocable<decltype(check), CheckTimesArgs, std::nullptr_t>::value));
  EXPECT_FALSE((std::is_invocable<decltype(split), SplitSegmentsArgs, std::nullptr_t>::value));
  EXPECT_FALSE((std::is_invocable<decltype(grid), GridOffsetsArgs, std::nullptr_t>::value));
}

TEST(CheckTimesHost, PackedOffences) {
  EXPECT_EQ(offence_row(no_offence), -1);
  EXPECT_EQ(offence_fault(no_offence), TimeFault::none);
  EXPECT_EQ(static_cast<int>(TimeFault::not_finite), 1);
  EXPECT_EQ(static_cast<int>(TimeFault::backward), 2);
  EXPECT_EQ(static_cast<int>(TimeFault::duplicate), 3);
  EXPECT_EQ(static_cast<int>(TimeFault::gap), 4);
}

TEST_P(CheckTimes, EveryMistakeIsNamedAndNothingIsWritten) {
  Arena arena(GetParam());
  CheckTimesArgs good;
  good.times = arena.input(std::vector<std::int64_t>{1, 2, 3, 4});
  good.count = 4;
  good.segments = uniform(2, 2);
  const Output<std::int64_t> out = arena.output<std::int64_t>(2);
  good.offences = out.data();
  const auto expect_error = [&](const CheckTimesArgs& args, StatusCode code, const char* argument) {
    arena.poison_outputs();
    EXPECT_TRUE(is_error(arena.launch([&](auto where) { return check_times(args, where); }), code, argument));
    EXPECT_TRUE(out.untouched()) << argument;
  };
  CheckTimesArgs args = good;
  args.times.data = nullptr;
  expect_error(args, StatusCode::null_pointer, "times");
  args = good;
  args.times.type = static_cast<TimeType>(3);
  expect_error(args, StatusCode::invalid_value, "times.type");
  args = good;
  args.times.data = static_cast<const char*>(good.times.data) + 4;
  args.count = 3;
  args.segments = uniform(1, 2);
  expect_error(args, StatusCode::misaligned, "times");
  args = good;
  args.count = -1;
  expect_error(args, StatusCode::invalid_size, "count");
  args.count = INT64_MAX / 4;
  expect_error(args, StatusCode::overflow, "count");
  args = good;
  args.segments = uniform(-1, 2);
  expect_error(args, StatusCode::invalid_size, "segments");
  args.segments = uniform(2, -2);
  expect_error(args, StatusCode::invalid_size, "segments");
  args.segments = uniform(2, 3);
  expect_error(args, StatusCode::invalid_size, "segments");
  args.segments = uniform(INT64_MAX / 2, 3);
  expect_error(args, StatusCode::overflow, "segments");
  args.segments = Segments();
  args.segments.count = 2;
  expect_error(args, StatusCode::invalid_size, "segments");
  args = good;
  args.max_gap = -1;
  expect_error(args, StatusCode::invalid_value, "max_gap");
  args = good;
  args.offences = nullptr;
  expect_error(args, StatusCode::null_pointer, "offences");
  args = good;
  args.offences = reinterpret_cast<std::int64_t*>(reinterpret_cast<char*>(out.data()) + 4);
  expect_error(args, StatusCode::misaligned, "offences");
  args = good;
  args.offences = const_cast<std::int64_t*>(static_cast<const std::int64_t*>(good.times.data)) + 3;
  expect_error(args, StatusCode::aliasing, "offences");
  const std::int64_t* offsets = arena.input(std::vector<std::int64_t>{0, 2, 4});
  args = good;
  args.segments = ragged(offsets, 2);
  args.offences = const_cast<std::int64_t*>(offsets) + 1;
  expect_error(args, StatusCode::aliasing, "offences");
  args.segments = ragged(reinterpret_cast<const std::int64_t*>(reinterpret_cast<const char*>(offsets) + 4), 1);
  args.offences = out.data();
  expect_error(args, StatusCode::misaligned, "segments");
}

}  // namespace
}  // namespace robocache::test
