// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/resample_case.hpp"

#include <cstdint>
#include <string>
#include <vector>

// Which times are asked for, in which segment: stored, shared, grid and window queries, uniform and ragged batches.

namespace robocache::test {
namespace {

using Plain = Combination<std::int64_t, float, float>;

/// Segments of these lengths, with a linear, a previous and a rotation group.
template <class Types>
ResampleCase<Types> batch(Random& random, const std::vector<std::int64_t>& lengths) {
  using Stamp = typename Types::Stamp;
  ResampleCase<Types> c;
  c.offsets = {0};
  for (const std::int64_t length : lengths) {
    const std::int64_t start = typical_start<Stamp>() + random.between(-3'000'000'000, 3'000'000'000);
    const std::vector<Stamp> times = irregular_times<Stamp>(random, length, start);
    c.times.insert(c.times.end(), times.begin(), times.end());
    c.offsets.push_back(c.offsets.back() + length);
  }
  add_group(c, random, channels(2, Interpolation::linear));
  add_group(c, random, channels(1, Interpolation::previous));
  add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
  c.source.outside = Outside::clamp;
  c.source.max_age = 300'000'457;
  return c;
}

template <class Types>
std::vector<typename Types::Stamp> segment_times(const ResampleCase<Types>& c, std::size_t s) {
  return {c.times.begin() + c.offsets[s], c.times.begin() + c.offsets[s + 1]};
}

template <class Types>
std::size_t segments_of(const ResampleCase<Types>& c) {
  return c.offsets.size() - 1;
}

const std::vector<std::int64_t> uneven = {17, 0, 1, 40, 2, 0, 9};

class ResampleQueries : public LauncherTest {};

TEST_P(ResampleQueries, StoredTimesOfEachSegment) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(100);
    auto c = batch<Types>(random, uneven);
    c.at.steps = 13;
    for (std::size_t s = 0; s < segments_of(c); ++s) {
      auto times = segment_times(c, s);
      if (times.empty()) times.push_back(stamp_of<typename Types::Stamp>(0));
      const auto more = varied_queries(random, times, c.at.steps);
      c.queries.insert(c.queries.end(), more.begin(), more.end());
    }
    c.rows = static_cast<std::int64_t>(c.queries.size());
    c.check(GetParam());
  });
}

TEST_P(ResampleQueries, RaggedStoredTimes) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(101);
    auto c = batch<Types>(random, uneven);
    c.row_offsets = {0};
    for (std::size_t s = 0; s < segments_of(c); ++s) {
      auto times = segment_times(c, s);
      if (times.empty()) times.push_back(stamp_of<typename Types::Stamp>(0));
      const auto more = varied_queries(random, times, random.one_in(4) ? 0 : random.between(1, 70));
      c.queries.insert(c.queries.end(), more.begin(), more.end());
      c.row_offsets.push_back(static_cast<std::int64_t>(c.queries.size()));
    }
    c.rows = static_cast<std::int64_t>(c.queries.size());
    c.check(GetParam());
  });
}

TEST_P(ResampleQueries, SharedTimes) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(102);
    auto c = batch<Types>(random, uneven);
    c.ask(varied_queries(random, segment_times(c, 3), 37));
    c.at.kind = Queries::Kind::shared_times;
    c.rows = 37 * static_cast<std::int64_t>(segments_of(c));
    c.check(GetParam());
  });
}

TEST_P(ResampleQueries, UniformSegments) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(103);
    auto c = batch<Types>(random, {12, 12, 12, 12});
    c.offsets.clear();
    c.source.segments = uniform(4, 12);
    c.at = every({100, 1}, 15);
    c.rows = 60;
    c.check(GetParam());
    // Samples past count * length belong to no segment.
    c.source.segments = uniform(3, 12);
    c.rows = 45;
    c.check(GetParam());
  });
}

const Rate rates[] = {{50, 1}, {30, 1}, {30000, 1001}, {24000, 1001}, {1000, 1}, {1, 7}, {999'999'937, 1'000'003},
                      {3, 1}};

TEST_P(ResampleQueries, GridFromTheFirstStamp) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(104);
    for (const Rate rate : rates) {
      auto c = batch<Types>(random, uneven);
      c.source.clock.offset = 12'345'678;  // the first *corrected* stamp
      c.at = every(rate, 25);
      c.rows = 25 * static_cast<std::int64_t>(segments_of(c));
      c.check(GetParam());
    }
  });
}

TEST_P(ResampleQueries, GridFromAGivenTime) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(105);
    auto c = batch<Types>(random, uneven);
    c.at = start_at(every({50, 1}, 31), typical_start<typename Types::Stamp>() - 50'000'123);
    c.rows = 31 * static_cast<std::int64_t>(segments_of(c));
    c.check(GetParam());
  });
}

// 0.3 s after 0 is the stamp 0.3: a product with 1e-9 is another number.
TEST_P(ResampleQueries, AGivenTimeInSecondsHitsTheStampOfItsDecimals) {
  using Types = Combination<double, double, double>;
  for (const std::int64_t ms : {300, 600, 700, 1'001, 4'350, 99'999}) {
    ResampleCase<Types> c;
    const double at = static_cast<double>(ms) / 1e3;
    c.times = {at - 1, at, at + 1};
    c.values = {1, 2, 3};
    c.source.interpolation = Interpolation::next;
    c.at = start_at(every({10, 1}, 1), ms * 1'000'000);
    c.rows = 1;
    const auto got = c.run(GetParam());
    EXPECT_EQ(got.out[0], 2.0) << ms;
    EXPECT_EQ(how_of(got.status[0]), How::exact) << ms;
  }
}

TEST_P(ResampleQueries, GridFromATimePerSegment) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    using Stamp = typename Types::Stamp;
    Random random(106);
    auto c = batch<Types>(random, uneven);
    c.at = start_at(every({30000, 1001}, 31), Times());
    for (std::size_t s = 0; s < segments_of(c); ++s) {
      const auto times = segment_times(c, s);
      c.queries.push_back(static_cast<Stamp>((times.empty() ? Stamp(0) : times[0]) +
                                             stamp_of<Stamp>(5'000'000 * static_cast<std::int64_t>(s))));
    }
    c.rows = 31 * static_cast<std::int64_t>(segments_of(c));
    c.check(GetParam());
  });
}

TEST_P(ResampleQueries, RaggedGrid) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(107);
    for (const std::vector<std::int64_t>& steps :
         {std::vector<std::int64_t>{20, 0, 3, 64, 1, 5, 0}, std::vector<std::int64_t>{0, 0, 0, 300, 0, 0, 0}}) {
      auto c = batch<Types>(random, uneven);
      c.at = every({50, 1}, static_cast<const std::int64_t*>(nullptr));
      c.row_offsets = {0};
      for (const std::int64_t count : steps) c.row_offsets.push_back(c.row_offsets.back() + count);
      c.rows = c.row_offsets.back();
      c.check(GetParam());
    }
  });
}

/// Rows that no segment has stay as they are: the output may be larger than the offsets, which only the device knows.
TEST_P(ResampleQueries, RowsOutsideTheRaggedOnesAreLeftAlone) {
  Random random(108);
  auto c = batch<Plain>(random, {10, 10});
  c.at = every({50, 1}, static_cast<const std::int64_t*>(nullptr));
  c.row_offsets = {2, 5, 9};
  c.rows = 13;
  const auto result = c.run(GetParam());
  ASSERT_OK(result.call);
  const std::size_t width = static_cast<std::size_t>(c.out_width()), groups = static_cast<std::size_t>(c.group_count());
  for (std::size_t r = 0; r < 13; ++r) {
    const bool wanted = r >= 2 && r < 9;
    for (std::size_t j = 0; j < width; ++j)
      EXPECT_EQ(Output<float>::is_poison(result.out[r * width + j]), !wanted) << "row " << r;
    for (std::size_t g = 0; g < groups; ++g)
      EXPECT_EQ(Output<std::uint8_t>::is_poison(result.status[r * groups + g]), !wanted) << "row " << r;
  }
}

TEST_P(ResampleQueries, Windows) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    using Stamp = typename Types::Stamp;
    Random random(109);
    auto c = batch<Types>(random, uneven);
    const std::int64_t anchors = 23, horizon = 9;
    for (std::int64_t n = 0; n < anchors; ++n) {
      const std::int64_t s = random.between(-1, static_cast<std::int64_t>(segments_of(c)));  // one too low and too high
      const bool exists = s >= 0 && s < static_cast<std::int64_t>(segments_of(c));
      auto times = exists ? segment_times(c, static_cast<std::size_t>(s)) : std::vector<Stamp>();
      if (times.empty()) times.push_back(stamp_of<Stamp>(0));
      c.segment_of.push_back(s);
      c.queries.push_back(varied_queries(random, times, 1)[0]);
    }
    c.segment_of[3] = INT64_MIN;
    c.segment_of[4] = INT64_MAX;
    c.at = windows(Times(), nullptr, anchors, Times(), horizon);
    for (std::int64_t h = 0; h < horizon; ++h) c.window_offsets.push_back(stamp_of<Stamp>((h - 4) * 33'333'333));
    c.rows = anchors * horizon;
    c.check(GetParam());
  });
}

TEST_P(ResampleQueries, OrderDoesNotMatter) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(110);
    auto c = random_case<Types>(random, 50, 300);
    add_group(c, random, channels(3, Interpolation::akima));
    add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
    const auto direct = c.run(GetParam());
    std::vector<std::size_t> order(c.queries.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    random.shuffle(order);
    auto shuffled = c;
    for (std::size_t i = 0; i < order.size(); ++i) shuffled.queries[i] = c.queries[order[i]];
    const auto result = shuffled.run(GetParam());
    const std::size_t width = static_cast<std::size_t>(c.out_width());
    for (std::size_t i = 0; i < order.size(); ++i)
      for (std::size_t j = 0; j < width; ++j)
        ASSERT_EQ(bits_of(result.out[i * width + j]), bits_of(direct.out[order[i] * width + j]));
  });
}

/// The rows of a batch are those of its segments one by one.
TEST_P(ResampleQueries, BatchSplitDoesNotMatter) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(111);
    auto c = batch<Types>(random, uneven);
    add_group(c, random, channels(3, Interpolation::pchip));
    c.at = every({90, 1}, 40);
    c.rows = 40 * static_cast<std::int64_t>(segments_of(c));
    const auto whole = c.run(GetParam());
    ASSERT_OK(whole.call);
    Resampled<typename Types::Out> joined;
    for (std::size_t s = 0; s < segments_of(c); ++s) {
      auto part = c;
      part.times = segment_times(c, s);
      part.values.assign(c.values.begin() + c.offsets[s] * c.width, c.values.begin() + c.offsets[s + 1] * c.width);
      part.offsets.clear();
      part.rows = 40;
      const auto result = part.run(GetParam());
      ASSERT_OK(result.call);
      joined.out.insert(joined.out.end(), result.out.begin(), result.out.end());
      joined.status.insert(joined.status.end(), result.status.begin(), result.status.end());
    }
    expect_same(whole, joined, "whole and joined");
  });
}

/// Every form of the same questions gives the same bits.
TEST_P(ResampleQueries, FormsAgree) {
  SCOPED_TRACE(seed_trace());
  Random random(112);
  auto c = batch<Plain>(random, {20, 20, 20});
  c.at = every({30000, 1001}, 30);
  c.rows = 90;
  const auto grid = c.run(GetParam());

  auto stored = c;
  stored.at = Queries();
  stored.at.steps = 30;
  for (std::size_t s = 0; s < 3; ++s)
    for (std::int64_t k = 0; k < 30; ++k)
      stored.queries.push_back(c.times[static_cast<std::size_t>(c.offsets[s])] +
                               (2 * k * 1'001'000'000'000 + 30000) / 60000);
  expect_same(grid, stored.run(GetParam()), "grid and stored");

  auto ragged_rows = stored;
  ragged_rows.at.steps = 0;
  ragged_rows.row_offsets = {0, 30, 60, 90};
  expect_same(grid, ragged_rows.run(GetParam()), "grid and ragged stored");

  auto as_windows = c;
  as_windows.at = windows(Times(), nullptr, 3, Times(), 30);
  as_windows.segment_of = {0, 1, 2};
  for (std::size_t s = 0; s < 3; ++s) as_windows.queries.push_back(c.times[static_cast<std::size_t>(c.offsets[s])]);
  for (std::int64_t k = 0; k < 30; ++k)
    as_windows.window_offsets.push_back((2 * k * 1'001'000'000'000 + 30000) / 60000);
  expect_same(grid, as_windows.run(GetParam()), "grid and windows");
}

/// Steps are not accumulated, and no product overflows before the time does, over centuries.
TEST_P(ResampleQueries, GridStaysExact) {
  struct {
    Rate rate;
    std::int64_t steps;
  } const grids[] = {
      {{30000, 1001}, 4000}, {{999'983, 999'999'937}, 4000}, {{7, 999'999'937}, 60}, {{1, 1'000'000'000}, 9}};
  for (const auto& grid : grids) {
    const std::int64_t start = -(std::int64_t{1} << 61);
    ResampleCase<Plain> c;
    c.source.interpolation = Interpolation::linear;
    for (std::int64_t k = 0; k < grid.steps; ++k) {
      c.times.push_back(start + static_cast<std::int64_t>(oracle::grid_step(grid.rate, k, true)));
      c.values.push_back(static_cast<float>(k));
    }
    c.at = start_at(every(grid.rate, grid.steps), start);
    c.rows = grid.steps;
    const auto result = c.run(GetParam());
    ASSERT_OK(result.call);
    EXPECT_EQ(result.out, c.values);
    for (const std::uint8_t status : result.status) ASSERT_EQ(static_cast<int>(status), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(, ResampleQueries, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
