// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/split_segments.hpp>

#include "support/launch.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace robocache::test {
namespace {

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Split {
  std::int64_t found;
  std::vector<std::int64_t> offsets;  // capacity + 1
};

bool follows(std::int64_t before, std::int64_t t, std::int64_t max_gap) {
  if (t < before) return false;
  return static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(before) <= static_cast<std::uint64_t>(max_gap);
}
bool follows(double before, double t, std::int64_t max_gap) {
  if (std::isnan(before) || std::isnan(t) || t < before) return false;
  return max_gap == unlimited || t - before <= static_cast<double>(max_gap) * 1e-9;
}

// Every segment in full, then the capacity's rule.
template <class Stamp>
Split expected_split(const std::vector<Stamp>& times, std::int64_t max_gap, std::int64_t capacity) {
  std::vector<std::int64_t> begins;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (i == 0 || !follows(times[i - 1], times[i], max_gap)) begins.push_back(static_cast<std::int64_t>(i));
  }
  Split result = {static_cast<std::int64_t>(begins.size()), begins};
  result.offsets.resize(static_cast<std::size_t>(capacity) + 1, static_cast<std::int64_t>(times.size()));
  return result;
}

class SplitSegments : public LauncherTest {
 protected:
  template <class Stamp>
  Split run(const std::vector<Stamp>& times, std::int64_t max_gap, std::int64_t capacity) {
    Arena arena(GetParam());
    SplitSegmentsArgs args;
    args.times = arena.input(times);
    args.count = static_cast<std::int64_t>(times.size());
    args.max_gap = max_gap;
    args.capacity = capacity;
    const Output<std::int64_t> offsets = arena.output<std::int64_t>(capacity + 1);
    const Output<std::int64_t> found = arena.output<std::int64_t>(1);
    args.offsets = offsets.data();
    args.segment_count = found.data();
    EXPECT_OK(arena.launch([&](auto where) { return split_segments(args, where); }));
    return {found.download()[0], offsets.download()};
  }
  template <class Stamp>
  void check(const std::vector<Stamp>& times, std::int64_t max_gap, std::int64_t capacity) {
    const Split got = run(times, max_gap, capacity), expected = expected_split(times, max_gap, capacity);
    EXPECT_EQ(got.found, expected.found) << times.size() << " stamps, capacity " << capacity;
    EXPECT_EQ(got.offsets, expected.offsets) << times.size() << " stamps, capacity " << capacity;
  }
};
INSTANTIATE_TEST_SUITE_P(, SplitSegments, every_launcher(), launcher_name);

using Offsets = std::vector<std::int64_t>;

TEST_P(SplitSegments, CutsAtBackwardJumpsAndLongPauses) {
  const std::vector<std::int64_t> times = {unix_now,      unix_now + 10, unix_now + 10, unix_now + 20,
                                           unix_now + 31, unix_now,      unix_now + 5,  unix_now - 1};
  Split split = run(times, 10, 4);
  EXPECT_EQ(split.found, 4);
  EXPECT_EQ(split.offsets, (Offsets{0, 4, 5, 7, 8})) << "the limit is inclusive, a duplicate is no cut";
  split = run(times, unlimited, 4);
  EXPECT_EQ(split.found, 3);
  EXPECT_EQ(split.offsets, (Offsets{0, 5, 7, 8, 8})) << "offsets past the last segment are the count";
  split = run(times, 0, 8);
  EXPECT_EQ(split.found, 7);
  EXPECT_EQ(split.offsets, (Offsets{0, 1, 3, 4, 5, 6, 7, 8, 8}));
}

TEST_P(SplitSegments, MoreThanTheCapacityIsCountedAndNotWritten) {
  const std::vector<std::int64_t> times = {9, 8, 7, 7, 6, 5};
  for (std::int64_t capacity : {1, 2, 4, 5, 6, 100}) check(times, unlimited, capacity);
  const Split split = run(times, unlimited, 2);
  EXPECT_EQ(split.found, 5);
  EXPECT_EQ(split.offsets, (Offsets{0, 1, 2})) << "the last written segment ends where it does";
}

TEST_P(SplitSegments, EmptyAndOneSample) {
  Split split = run(std::vector<std::int64_t>{}, 5, 3);
  EXPECT_EQ(split.found, 0);
  EXPECT_EQ(split.offsets, (Offsets{0, 0, 0, 0}));
  split = run(std::vector<double>{nan}, 5, 1);
  EXPECT_EQ(split.found, 1);
  EXPECT_EQ(split.offsets, (Offsets{0, 1}));
  split = run(std::vector<float>{2.0f}, 0, 2);
  EXPECT_EQ(split.found, 1);
  EXPECT_EQ(split.offsets, (Offsets{0, 1, 1}));
}

TEST_P(SplitSegments, ExtremeStamps) {
  EXPECT_EQ(run(std::vector<std::int64_t>{INT64_MIN, INT64_MAX}, INT64_MAX - 1, 2).found, 2) << "no wrap";
  EXPECT_EQ(run(std::vector<std::int64_t>{INT64_MIN, INT64_MAX}, unlimited, 2).found, 1) << "no limit";
  EXPECT_EQ(run(std::vector<std::int64_t>{INT64_MAX, INT64_MIN}, unlimited, 2).found, 2);
  // NaN belongs to nobody: it is cut off on both sides.
  EXPECT_EQ(run(std::vector<double>{1.0, nan, 2.0, 3.0}, unlimited, 4).offsets, (Offsets{0, 1, 2, 4, 4}));
  EXPECT_EQ(run(std::vector<double>{1.0, inf, 2.0}, 1'000'000'000, 4).found, 3);
  EXPECT_EQ(run(std::vector<double>{-inf, 1.0, inf}, unlimited, 4).found, 1);
  EXPECT_EQ(run(std::vector<double>{1.0, 1.5, 2.0000001}, 500'000'000, 2).offsets, (Offsets{0, 2, 3}));
  EXPECT_EQ(run(std::vector<float>{1.0f, 1.5f, 2.25f}, 500'000'000, 2).offsets, (Offsets{0, 2, 3}));
}

template <class Stamp>
std::vector<Stamp> recording(Random& random, std::int64_t count, std::int64_t cut_every) {
  std::vector<Stamp> times;
  std::int64_t t = std::is_same<Stamp, float>::value ? 0 : unix_now;
  for (std::int64_t i = 0; i < count; ++i) {
    t += random.below(2'000'000);
    if (random.one_in(cut_every)) t += random.one_in(2) ? -random.below(50'000'000) : random.below(500'000'000);
    times.push_back(std::is_same<Stamp, std::int64_t>::value ? static_cast<Stamp>(t)
                                                             : static_cast<Stamp>(static_cast<double>(t) * 1e-9));
    if (!std::is_same<Stamp, std::int64_t>::value && random.one_in(20 * cut_every))
      times.back() = static_cast<Stamp>(nan);
  }
  return times;
}

TEST_P(SplitSegments, RandomRecordings) {
  SCOPED_TRACE(seed_trace());
  Random random(1);
  const auto sizes = {1, 2, 31, 32, 33, 1023, 1024, 1025, 8191, 8192, 8193, 20'000};
  for (std::int64_t count : sizes) {
    for (std::int64_t cut_every : {2, 50, 3000}) {
      const std::int64_t max_gap = random.one_in(3) ? unlimited : random.below(100'000'000);
      for (std::int64_t capacity : {std::int64_t{1}, std::int64_t{7}, count / 4 + 1, count}) {
        check(recording<std::int64_t>(random, count, cut_every), max_gap, capacity);
        check(recording<double>(random, count, cut_every), max_gap, capacity);
        check(recording<float>(random, count, cut_every), max_gap, capacity);
      }
    }
  }
}

TEST_P(SplitSegments, TheSegmentsPassCheckTimes) {
  SCOPED_TRACE(seed_trace());
  Random random(2);
  const std::vector<std::int64_t> times = recording<std::int64_t>(random, 5000, 40);
  const std::int64_t max_gap = 100'000'000;
  const Split split = run(times, max_gap, 1000);
  ASSERT_GT(split.found, 10);
  Arena arena(GetParam());
  CheckTimesArgs args;
  args.times = arena.input(times);
  args.count = 5000;
  args.segments = ragged(arena.input(split.offsets), 1000);  // also those past the last: they are empty
  args.duplicates = false;
  args.max_gap = max_gap;
  const Output<std::int64_t> offences = arena.output<std::int64_t>(1000);
  args.offences = offences.data();
  ASSERT_OK(arena.launch([&](auto where) { return check_times(args, where); }));
  for (std::int64_t offence : offences.download()) ASSERT_EQ(offence, no_offence);
}

TEST_P(SplitSegments, EveryMistakeIsNamedAndNothingIsWritten) {
  Arena arena(GetParam());
  SplitSegmentsArgs good;
  good.times = arena.input(std::vector<std::int64_t>{1, 2, 0, 4});
  good.count = 4;
  good.capacity = 3;
  const Output<std::int64_t> offsets = arena.output<std::int64_t>(4), found = arena.output<std::int64_t>(1);
  good.offsets = offsets.data();
  good.segment_count = found.data();
  const auto expect_error = [&](const SplitSegmentsArgs& args, StatusCode code, const char* argument) {
    arena.poison_outputs();
    EXPECT_TRUE(is_error(arena.launch([&](auto where) { return split_segments(args, where); }), code, argument));
    EXPECT_TRUE(offsets.untouched() && found.untouched()) << argument;
  };
  const auto shifted = [](std::int64_t* p) { return reinterpret_cast<std::int64_t*>(reinterpret_cast<char*>(p) + 4); };
  auto* times = const_cast<std::int64_t*>(static_cast<const std::int64_t*>(good.times.data));
  SplitSegmentsArgs args = good;
  args.times.data = nullptr;
  expect_error(args, StatusCode::null_pointer, "times");
  args = good;
  args.times.type = static_cast<TimeType>(9);
  expect_error(args, StatusCode::invalid_value, "times.type");
  args = good;
  args.times.data = shifted(times);
  args.count = 3;
  expect_error(args, StatusCode::misaligned, "times");
  args = good;
  args.count = -1;
  expect_error(args, StatusCode::invalid_size, "count");
  args.count = INT64_MAX;
  expect_error(args, StatusCode::overflow, "count");
  args = good;
  args.max_gap = -1;
  expect_error(args, StatusCode::invalid_value, "max_gap");
  args = good;
  args.capacity = 0;
  expect_error(args, StatusCode::invalid_size, "capacity");
  args.capacity = INT64_MIN;
  expect_error(args, StatusCode::invalid_size, "capacity");
  args.capacity = INT64_MAX;
  expect_error(args, StatusCode::overflow, "capacity");
  args = good;
  args.offsets = nullptr;
  expect_error(args, StatusCode::null_pointer, "offsets");
  args.offsets = shifted(good.offsets);
  expect_error(args, StatusCode::misaligned, "offsets");
  args.offsets = times;
  expect_error(args, StatusCode::aliasing, "offsets");
  args = good;
  args.segment_count = nullptr;
  expect_error(args, StatusCode::null_pointer, "segment_count");
  args.segment_count = shifted(good.segment_count);
  expect_error(args, StatusCode::misaligned, "segment_count");
  args.segment_count = times + 3;
  expect_error(args, StatusCode::aliasing, "segment_count");
  args.segment_count = good.offsets + 3;
  expect_error(args, StatusCode::aliasing, "segment_count");
}

}  // namespace
}  // namespace robocache::test
