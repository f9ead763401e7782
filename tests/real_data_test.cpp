// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/split_segments.hpp>

#include "support/files.hpp"
#include "support/launch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace robocache::test {
namespace {

using Stamps = std::vector<std::int64_t>;

constexpr std::int64_t millisecond = 1'000'000;

// The time operators on what real sensors logged. Expected counts are taken from the stamps here, by plain loops, and
// where the recording's description states a count, that one is asserted too.
class RealTimes : public LauncherTest {
 protected:
  void SetUp() override {
    LauncherTest::SetUp();
    if (!IsSkipped() && test_data().empty()) GTEST_SKIP() << no_test_data;
  }

  static Stamps stamps_of(const std::string& file) { return read_csv(test_data() + "/" + file).times; }
  static Stamps column_of(const std::string& file, const std::string& name) {
    const Recording recording = read_csv(test_data() + "/" + file);
    Stamps stamps;
    for (std::size_t i = 0; i < recording.times.size(); ++i)
      stamps.push_back(
          static_cast<std::int64_t>(recording.values[i * recording.names.size() + recording.column(name)]));
    return stamps;
  }
  static std::vector<Stamps> px4() {
    std::vector<Stamps> streams;
    for (const char* topic : {"sensor_combined", "vehicle_attitude", "vehicle_rates_setpoint", "actuator_controls_0",
                              "actuator_outputs", "vehicle_local_position"})
      streams.push_back(stamps_of(std::string("px4_flight/") + topic + ".csv"));
    return streams;
  }
  static std::vector<Stamps> g1() {
    std::vector<Stamps> episodes;
    for (int i = 0; i < 3; ++i) episodes.push_back(stamps_of("g1_humanoid/episode_" + std::to_string(i) + ".csv"));
    return episodes;
  }
  static void append(const Stamps& part, Stamps* all, Stamps* offsets) {
    if (offsets->empty()) offsets->push_back(0);
    all->insert(all->end(), part.begin(), part.end());
    offsets->push_back(static_cast<std::int64_t>(all->size()));
  }

  template <class Stamp>
  std::vector<std::int64_t> check(const std::vector<Stamp>& times, const Stamps& offsets, std::int64_t max_gap,
                                  bool duplicates = true) {
    Arena arena(GetParam());
    CheckTimesArgs args;
    args.times = arena.input(times);
    args.count = static_cast<std::int64_t>(times.size());
    const auto segments = static_cast<std::int64_t>(offsets.size()) - 1;
    args.segments = ragged(arena.input(offsets), segments);
    args.duplicates = duplicates;
    args.max_gap = max_gap;
    const Output<std::int64_t> out = arena.output<std::int64_t>(segments);
    args.offences = out.data();
    EXPECT_OK(arena.launch([&](auto where) { return check_times(args, where); }));
    return out.download();
  }
  Stamps split(const Stamps& times, std::int64_t max_gap) {
    Arena arena(GetParam());
    SplitSegmentsArgs args;
    args.times = arena.input(times);
    args.count = static_cast<std::int64_t>(times.size());
    args.max_gap = max_gap;
    args.capacity = args.count;
    const Output<std::int64_t> offsets = arena.output<std::int64_t>(args.capacity + 1);
    const Output<std::int64_t> found = arena.output<std::int64_t>(1);
    args.offsets = offsets.data();
    args.segment_count = found.data();
    EXPECT_OK(arena.launch([&](auto where) { return split_segments(args, where); }));
    Stamps result = offsets.download();
    result.resize(static_cast<std::size_t>(found.download()[0]) + 1);
    return result;
  }
  static Stamps naive_split(const Stamps& times, std::int64_t max_gap) {
    Stamps offsets = {0};
    for (std::size_t i = 1; i < times.size(); ++i) {
      if (times[i] < times[i - 1] || times[i] - times[i - 1] > max_gap) offsets.push_back(static_cast<std::int64_t>(i));
    }
    offsets.push_back(static_cast<std::int64_t>(times.size()));
    return offsets;
  }
};
INSTANTIATE_TEST_SUITE_P(, RealTimes, every_launcher(), launcher_name);

TEST_P(RealTimes, FlightStreamsHaveTheirDropouts) {
  for (const Stamps& times : px4()) {
    Stamps steps;
    for (std::size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
    std::sort(steps.begin(), steps.end());
    ASSERT_GT(steps.front(), 0);
    const std::int64_t usual = steps[steps.size() / 2], longest = steps.back();
    EXPECT_GE(longest, 64 * millisecond);
    EXPECT_LE(longest, 201 * millisecond);
    for (std::int64_t max_gap : {longest, longest - 1, 3 * usual, 3 * usual / 2}) {
      const Stamps cuts = split(times, max_gap), expected = naive_split(times, max_gap);
      EXPECT_EQ(cuts, expected) << times.size() << " stamps, limit " << max_gap;
      const std::int64_t offence = check(times, {0, static_cast<std::int64_t>(times.size())}, max_gap)[0];
      if (expected.size() > 2) {
        EXPECT_EQ(offence_row(offence), expected[1]);
        EXPECT_EQ(offence_fault(offence), TimeFault::gap);
      } else {
        EXPECT_EQ(offence, no_offence);
      }
    }
    EXPECT_EQ(split(times, longest).size(), 2u) << "the limit is inclusive";
    EXPECT_GT(split(times, longest - 1).size(), 2u);
  }
}

TEST_P(RealTimes, NineAxisSensorHasTenGaps) {
  const Stamps times = stamps_of("imu/xio_9axis.csv");
  ASSERT_EQ(times.size(), 13'514u);
  const Stamps cuts = split(times, 15 * millisecond);
  EXPECT_EQ(cuts, naive_split(times, 15 * millisecond));
  EXPECT_EQ(cuts.size(), 1u + 11u) << "10 gaps leave 11 segments";
  const std::int64_t first = check(times, {0, 13'514}, 15 * millisecond)[0];
  EXPECT_EQ(offence_row(first), cuts[1]);
  EXPECT_EQ(offence_fault(first), TimeFault::gap);
  for (std::int64_t offence : check(times, cuts, 15 * millisecond)) EXPECT_EQ(offence, no_offence);
}

TEST_P(RealTimes, QuadrupedArrivalHas248Duplicates) {
  const Stamps device = stamps_of("imu/quadruped_400hz.csv"),
               arrival = column_of("imu/quadruped_400hz.csv", "arrival_ns");
  const auto count = static_cast<std::int64_t>(arrival.size());
  EXPECT_EQ(check(device, {0, count}, 2'500'000)[0], no_offence);
  Stamps expected;
  for (std::int64_t i = 1; i < count; ++i) {
    if (arrival[static_cast<std::size_t>(i)] == arrival[static_cast<std::size_t>(i - 1)]) expected.push_back(i);
  }
  ASSERT_EQ(expected.size(), 248u);
  // Cut at every duplicate, the pieces are clean; each piece and its duplicate are not.
  Stamps pieces = {0}, with_duplicate = {0};
  for (std::int64_t row : expected) {
    pieces.push_back(row);
    with_duplicate.push_back(row + 1);
  }
  pieces.push_back(count);
  for (std::int64_t offence : check(arrival, pieces, unlimited)) EXPECT_EQ(offence, no_offence);
  const std::vector<std::int64_t> offences = check(arrival, with_duplicate, unlimited);
  for (std::size_t s = 0; s < expected.size(); ++s) {
    // Where one duplicate follows another, the second begins its piece and has no predecessor there.
    const bool follows = s > 0 && expected[s] == expected[s - 1] + 1;
    EXPECT_EQ(offence_row(offences[s]), follows ? -1 : expected[s]);
    EXPECT_EQ(offence_fault(offences[s]), follows ? TimeFault::none : TimeFault::duplicate);
  }
  EXPECT_EQ(offence_row(check(arrival, {0, count}, unlimited)[0]), expected[0]);
  EXPECT_EQ(check(arrival, {0, count}, unlimited, false)[0], no_offence);
  EXPECT_EQ(split(arrival, unlimited).size(), 2u) << "a duplicate is no cut";
  EXPECT_EQ(split(arrival, 50 * millisecond), naive_split(arrival, 50 * millisecond));
}

TEST_P(RealTimes, EpisodesAndStreamsAsRaggedSegments) {
  Stamps all, offsets;
  for (const Stamps& times : px4()) append(times, &all, &offsets);
  for (const Stamps& times : g1()) append(times, &all, &offsets);
  append(column_of("imu/quadruped_400hz.csv", "arrival_ns"), &all, &offsets);
  const std::vector<std::int64_t> offences = check(all, offsets, unlimited);
  for (std::size_t s = 0; s + 1 < offences.size(); ++s) EXPECT_EQ(offences[s], no_offence) << s;
  EXPECT_EQ(offence_fault(offences.back()), TimeFault::duplicate);

  // Rows of a grid, counted step by step.
  for (const Rate rate : {Rate{50, 1}, Rate{30, 1}, Rate{30000, 1001}}) {
    Arena arena(GetParam());
    GridOffsetsArgs args;
    args.source.times = arena.input(all);
    args.source.values.count = static_cast<std::int64_t>(all.size());
    const auto segments = static_cast<std::int64_t>(offsets.size()) - 1;
    args.source.segments = ragged(arena.input(offsets), segments);
    args.at = every(rate, 0);
    const Output<std::int64_t> out = arena.output<std::int64_t>(segments + 1);
    args.row_offsets = out.data();
    ASSERT_OK(arena.launch([&](auto where) { return grid_offsets(args, where); }));
    const std::vector<std::int64_t> got = out.download();
    for (std::int64_t s = 0; s < segments; ++s) {
      const std::int64_t first = all[static_cast<std::size_t>(offsets[static_cast<std::size_t>(s)])];
      const std::int64_t last = all[static_cast<std::size_t>(offsets[static_cast<std::size_t>(s) + 1] - 1)];
      std::int64_t rows = 0;  // k * 1e9 * den < 2^63 for a minute or two of steps
      while (first + (2 * rows * 1'000'000'000 * rate.den + rate.num) / (2 * rate.num) <= last) ++rows;
      EXPECT_EQ(got[static_cast<std::size_t>(s) + 1] - got[static_cast<std::size_t>(s)], rows) << s;
    }
  }
}

TEST_P(RealTimes, FloatSecondsSinceTheEpochCannotHoldARecording) {
  // What the integer stamps are for: as float32 seconds of Unix time neighbours become equal, at once.
  const Stamps times = stamps_of("px4_flight/sensor_combined.csv");
  const auto count = static_cast<std::int64_t>(times.size());
  std::vector<float> since_epoch, since_start;
  std::vector<double> wide;
  for (std::int64_t t : times) {
    since_epoch.push_back(static_cast<float>(1.7e9 + static_cast<double>(t) * 1e-9));
    since_start.push_back(static_cast<float>(static_cast<double>(t - times[0]) * 1e-9));
    wide.push_back(1.7e9 + static_cast<double>(t) * 1e-9);
  }
  const std::int64_t offence = check(since_epoch, {0, count}, unlimited)[0];
  EXPECT_EQ(offence_row(offence), 1);
  EXPECT_EQ(offence_fault(offence), TimeFault::duplicate);
  EXPECT_EQ(check(since_start, {0, count}, unlimited)[0], no_offence);
  EXPECT_EQ(check(wide, {0, count}, unlimited)[0], no_offence);
}

}  // namespace
}  // namespace robocache::test
