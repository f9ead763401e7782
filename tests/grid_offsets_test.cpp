// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/grid_offsets.hpp>

#include "support/launch.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace robocache::test {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;
constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t year = 31'557'600 * second;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

constexpr Rate rates[] = {{50, 1},
                          {30, 1},
                          {30000, 1001},
                          {60000, 1001},
                          {24000, 1001},
                          {1, 1},
                          {1, 3600},
                          {400, 3},
                          {1000, 1},
                          {3, 7},
                          {999'999'937, 1},
                          {1'000'000'000, 1},
                          {999'999'937, 999'999'893},
                          {7, 1'000'000'000},
                          {2, 4}};

std::string text(Rate rate) { return std::to_string(rate.num) + "/" + std::to_string(rate.den); }

// round(k * 1e9 * den / num), half up, in 128 bits. 2 k den 1e9 stays below 2^127 for every k < 2^36 and den <= 1e9.
Wide step_time(Rate rate, std::int64_t k) {
  const Wide doubled = 2 * Wide{k} * rate.den * second + rate.num;
  return doubled / (2 * Wide{rate.num});
}
// How many k >= 0 have start + step_time(k) <= last: by bisection over a monotone function, no division of the
// library's kind.
std::int64_t steps_until(Rate rate, std::int64_t start, std::int64_t last) {
  if (last < start) return 0;
  std::int64_t low = 0, high = 1;  // low fits, high is looked for
  const auto fits = [&](std::int64_t k) { return start + step_time(rate, k) <= last; };
  while (fits(high)) high *= 2;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return high;
}

// The grid itself
// ------------------------------------------------------------------------------------------------------

TEST(GridStep, TimesAreExactOverYears) {
  SCOPED_TRACE(seed_trace());
  Random random(1);
  for (Rate rate : rates) {
    const auto step = robocache::detail::GridStep::of(rate);
    const std::int64_t ten_years = std::max<std::int64_t>(steps_until(rate, 0, 10 * year), 2);
    std::vector<std::int64_t> ks = {0, 1, 2, 3, ten_years};
    for (int i = 0; i < 20'000; ++i)
      ks.push_back(random.below(i % 2 == 0 ? ten_years : std::min<std::int64_t>(ten_years, 100'000)));
    for (std::int64_t k : ks) {
      if (k > (std::int64_t{1} << 36)) k >>= 24;
      ASSERT_EQ(Wide{step.nanoseconds(k)}, step_time(rate, k)) << text(rate) << " k " << k;
    }
  }
}

TEST(GridStep, RoundsHalfUpAndNeverAccumulates) {
  const auto half = robocache::detail::GridStep::of({400'000'000, 1});  // 2.5 ns
  EXPECT_EQ(half.nanoseconds(1), 3);
  EXPECT_EQ(half.nanoseconds(2), 5);
  EXPECT_EQ(half.nanoseconds(3), 8);
  const auto ntsc = robocache::detail::GridStep::of({30000, 1001});
  EXPECT_EQ(ntsc.nanoseconds(1), 33'366'667);
  EXPECT_EQ(ntsc.nanoseconds(3), 100'100'000);
  EXPECT_EQ(ntsc.nanoseconds(30000), 1001 * second);
  EXPECT_EQ(ntsc.nanoseconds(30000LL * 315'360), 1001LL * second * 315'360) << "ten years later, no drift";
}

TEST(GridStep, NeverOverflowsBelowItsLongest) {
  SCOPED_TRACE(seed_trace());
  Random random(2);
  for (int i = 0; i < 2000; ++i) {
    Rate rate = rates[static_cast<std::size_t>(i) % (sizeof rates / sizeof rates[0])];
    if (i >= 200)
      rate = {1 + random.below(second), 1 + (random.one_in(2) ? random.below(second) : random.below(10'000))};
    const auto step = robocache::detail::GridStep::of(rate);
    const std::int64_t longest = step.longest();
    std::int64_t before = -1;
    for (std::int64_t k : {std::int64_t{0}, longest / 3, longest / 2, longest - 2, longest - 1}) {
      if (k < 0) continue;
      const std::int64_t at = step.nanoseconds(k);
      ASSERT_GE(at, before) << text(rate) << " k " << k << " of " << longest;
      // Exact in units of 1 / num: |at * num - k * period| <= num / 2. Above 2^127 the product is not checked.
      const Wide period = Wide{rate.den} * second;
      if (k < (std::int64_t{1} << 62) / 1'000'000'000) {
        ASSERT_EQ(Wide{at}, (2 * Wide{k} * period + rate.num) / (2 * Wide{rate.num})) << text(rate) << " k " << k;
      }
      before = at;
    }
  }
}

// grid_offsets
// ---------------------------------------------------------------------------------------------------------

template <class Stamp>
struct Job {
  std::vector<Stamp> times;
  Rate rate = {50, 1};
  std::vector<std::int64_t> offsets;                   // ragged if not empty
  std::int64_t uniform_count = 0, uniform_length = 0;  // otherwise, if not 0
  Clock clock;
  std::vector<Clock> clocks;
  bool given = false;
  std::int64_t start = 0;
  std::vector<Stamp> starts;

  std::int64_t count() const { return static_cast<std::int64_t>(times.size()); }
  std::int64_t segments() const {
    return !offsets.empty() ? static_cast<std::int64_t>(offsets.size()) - 1 : uniform_count > 0 ? uniform_count : 1;
  }
  std::int64_t begin(std::int64_t s) const {
    return !offsets.empty() ? offsets[static_cast<std::size_t>(s)] : s * uniform_length;
  }
  std::int64_t end(std::int64_t s) const {
    if (!offsets.empty()) return offsets[static_cast<std::size_t>(s) + 1];
    return uniform_count > 0 ? (s + 1) * uniform_length : count();
  }
};

class GridOffsets : public LauncherTest {
 protected:
  template <class Stamp>
  static GridOffsetsArgs make_args(Arena& arena, const Job<Stamp>& job) {
    GridOffsetsArgs args;
    args.source.times = arena.input(job.times);
    args.source.values.count = job.count();
    if (!job.offsets.empty())
      args.source.segments = ragged(arena.input(job.offsets), job.segments());
    else if (job.uniform_count > 0)
      args.source.segments = uniform(job.uniform_count, job.uniform_length);
    args.source.clock = job.clock;
    if (!job.clocks.empty()) args.source.clocks = arena.input(job.clocks);
    args.at = every(job.rate, 0);
    if (job.given) args.at = start_at(args.at, job.start);
    if (!job.starts.empty()) args.at = start_at(args.at, Times(arena.input(job.starts)));
    return args;
  }
  template <class Stamp>
  std::vector<std::int64_t> run(const Job<Stamp>& job) {
    Arena arena(GetParam());
    GridOffsetsArgs args = make_args(arena, job);
    const Output<std::int64_t> out = arena.output<std::int64_t>(job.segments() + 1);
    args.row_offsets = out.data();
    EXPECT_OK(arena.launch([&](auto where) { return grid_offsets(args, where); }));
    return out.download();
  }
};
INSTANTIATE_TEST_SUITE_P(, GridOffsets, every_launcher(), launcher_name);

std::vector<std::int64_t> expected_offsets(const Job<std::int64_t>& job) {
  std::vector<std::int64_t> result = {0};
  for (std::int64_t s = 0; s < job.segments(); ++s) {
    std::int64_t rows = 0;
    if (job.begin(s) < job.end(s)) {
      const Clock& clock = job.clocks.empty() ? job.clock : job.clocks[static_cast<std::size_t>(s)];
      const std::int64_t first = corrected(job.times[static_cast<std::size_t>(job.begin(s))], clock);
      const std::int64_t last = corrected(job.times[static_cast<std::size_t>(job.end(s) - 1)], clock);
      const std::int64_t start = !job.starts.empty() ? job.starts[static_cast<std::size_t>(s)]
                                 : job.given         ? job.start
                                                     : first;
      rows = steps_until(job.rate, start, last);
    }
    result.push_back(result.back() + rows);
  }
  return result;
}

TEST_P(GridOffsets, LengthsOfTheDesignExample) {
  // 12 s and 30 s at 50 Hz are 600 and 1500 steps, and the one that falls on the last stamp.
  Job<std::int64_t> job;
  job.times = {unix_now, unix_now + 12 * second,    unix_now, unix_now + 30 * second,
               unix_now, unix_now + 30 * second - 1};
  job.uniform_count = 3;
  job.uniform_length = 2;
  EXPECT_EQ(run(job), (std::vector<std::int64_t>{0, 601, 601 + 1501, 601 + 1501 + 1500}));
}

TEST_P(GridOffsets, EmptyAndOneSampleSegments) {
  Job<std::int64_t> job;
  job.times = {5, 7, 7 + 20'000'000};
  job.offsets = {0, 0, 1, 1, 3, 3};
  EXPECT_EQ(run(job), (std::vector<std::int64_t>{0, 0, 1, 1, 3, 3}));
  Job<double> nothing;
  EXPECT_EQ(run(nothing), (std::vector<std::int64_t>{0, 0}));
  Job<float> one;
  one.times = {2.5f};
  EXPECT_EQ(run(one), (std::vector<std::int64_t>{0, 1}));
  Job<std::int64_t> no_segments;
  no_segments.offsets = {0};
  EXPECT_EQ(run(no_segments), (std::vector<std::int64_t>{0}));
}

TEST_P(GridOffsets, YearsAtEveryRate) {
  for (Rate rate : rates) {
    if (rate.num / rate.den > 100'000) continue;  // the oracle's products stay within 128 bits
    Job<std::int64_t> job;
    job.rate = rate;
    job.offsets = {0};
    for (std::int64_t span :
         {std::int64_t{0}, std::int64_t{1}, second, 1001 * second, 1001 * second - 1, 3 * year, 100 * year}) {
      for (std::int64_t nudge : {-1, 0, 1}) {
        job.times.push_back(unix_now);
        job.times.push_back(unix_now + std::max<std::int64_t>(span + nudge, 0));
        job.offsets.push_back(job.count());
      }
    }
    // On the grid, and just before it.
    for (std::int64_t k : {1, 2, 3, 29'999, 30'000, 30'001, 1'000'003}) {
      const std::int64_t at = static_cast<std::int64_t>(step_time(rate, k));
      if (at > 100 * year) continue;
      for (std::int64_t nudge : {-1, 0}) {
        job.times.push_back(unix_now);
        job.times.push_back(unix_now + at + nudge);
        job.offsets.push_back(job.count());
      }
    }
    ASSERT_EQ(run(job), expected_offsets(job)) << text(rate);
  }
}

template <class Stamp>
Job<Stamp> random_job(Random& random, std::int64_t segments) {
  Job<Stamp> job;
  job.rate = rates[static_cast<std::size_t>(random.below(10))];
  job.offsets = {0};
  for (std::int64_t s = 0; s < segments; ++s) {
    const std::int64_t count = random.one_in(8) ? 0 : 1 + random.below(6);
    std::int64_t t = std::is_same<Stamp, float>::value ? random.below(100 * second) : unix_now + random.below(year);
    for (std::int64_t i = 0; i < count; ++i) {
      job.times.push_back(std::is_same<Stamp, std::int64_t>::value ? static_cast<Stamp>(t)
                                                                   : static_cast<Stamp>(static_cast<double>(t) * 1e-9));
      t += random.below(20 * second);
    }
    job.offsets.push_back(job.count());
  }
  return job;
}

TEST_P(GridOffsets, RandomIntegerSegments) {
  SCOPED_TRACE(seed_trace());
  Random random(3);
  for (std::int64_t segments : {1, 31, 33, 1023, 1024, 1025, 3000}) {
    Job<std::int64_t> job = random_job<std::int64_t>(random, segments);
    ASSERT_EQ(run(job), expected_offsets(job)) << segments;
    job.clock.offset = -random.below(second);
    job.clock.drift = 1e-4 * random.signed_unit();
    job.clock.reference = unix_now;
    ASSERT_EQ(run(job), expected_offsets(job)) << "one clock";
    for (std::int64_t s = 0; s < segments; ++s) {
      Clock clock;
      clock.offset = random.between(-second, second);
      clock.drift = 1e-3 * random.signed_unit();
      clock.reference = unix_now + random.below(year);
      job.clocks.push_back(clock);
    }
    ASSERT_EQ(run(job), expected_offsets(job)) << "a clock for each";
    job.given = true;
    job.start = unix_now + random.below(year);
    ASSERT_EQ(run(job), expected_offsets(job)) << "given start";
    job.given = false;
    for (std::int64_t s = 0; s < segments; ++s) job.starts.push_back(unix_now + random.below(year));
    ASSERT_EQ(run(job), expected_offsets(job)) << "a start for each";
  }
}

TEST_P(GridOffsets, StartsBeforeAndAfterTheRecording) {
  Job<std::int64_t> job;
  job.times = {unix_now, unix_now + second};
  job.given = true;
  job.start = unix_now - second;
  EXPECT_EQ(run(job), (std::vector<std::int64_t>{0, 101}));
  job.start = unix_now + second;
  EXPECT_EQ(run(job), (std::vector<std::int64_t>{0, 1}));
  job.start = unix_now + second + 1;
  EXPECT_EQ(run(job), (std::vector<std::int64_t>{0, 0}));
  job.start = INT64_MAX;
  EXPECT_EQ(run(job), (std::vector<std::int64_t>{0, 0}));
}

// In seconds the last step may fall on either side of the last stamp where they differ by rounding alone.
template <class Stamp>
void check_seconds(const Job<Stamp>& job, const std::vector<std::int64_t>& got) {
  ASSERT_EQ(got[0], 0);
  for (std::int64_t s = 0; s < job.segments(); ++s) {
    const std::int64_t rows = got[static_cast<std::size_t>(s) + 1] - got[static_cast<std::size_t>(s)];
    if (job.begin(s) == job.end(s)) {
      ASSERT_EQ(rows, 0);
      continue;
    }
    const Clock& clock = job.clocks.empty() ? job.clock : job.clocks[static_cast<std::size_t>(s)];
    const double first = corrected(static_cast<double>(job.times[static_cast<std::size_t>(job.begin(s))]), clock);
    const double last = corrected(static_cast<double>(job.times[static_cast<std::size_t>(job.end(s) - 1)]), clock);
    const long double start = !job.starts.empty() ? static_cast<long double>(job.starts[static_cast<std::size_t>(s)])
                              : job.given         ? static_cast<long double>(job.start) * 1e-9L
                                                  : static_cast<long double>(first);
    const long double steps = (static_cast<long double>(last) - start) * job.rate.num / job.rate.den;
    const long double ulp = std::nextafter(std::fabs(last), inf) - std::fabs(last);
    const long double slack = 2 * ulp * job.rate.num / job.rate.den + 1e-12L * std::fabs(steps);
    const auto least = steps - slack < 0 ? 0 : static_cast<std::int64_t>(std::floor(steps - slack)) + 1;
    const auto most = steps + slack < 0 ? 0 : static_cast<std::int64_t>(std::floor(steps + slack)) + 1;
    ASSERT_GE(rows, least) << "segment " << s << " rate " << text(job.rate);
    ASSERT_LE(rows, most) << "segment " << s << " rate " << text(job.rate);
  }
}

// Where the quotient is a rounding off, on either side.
TEST_P(GridOffsets, SecondsAreCountedByTheGridsOwnTimes) {
  Job<double> job;
  job.times = {1.2, 3.4999999999999996};
  job.rate = {10, 1};
  EXPECT_EQ(run(job)[1], 23);
  job.times = {1700007665.5, 1700007666.28};
  job.rate = {50, 1};
  EXPECT_EQ(run(job)[1], 40);
}

TEST_P(GridOffsets, RandomSegmentsInSeconds) {
  SCOPED_TRACE(seed_trace());
  Random random(4);
  for (std::int64_t segments : {1, 100, 1025}) {
    Job<double> job = random_job<double>(random, segments);
    check_seconds(job, run(job));
    job.clock.offset = -3'000'000;
    job.clock.drift = 2e-5;
    job.clock.reference = unix_now;
    check_seconds(job, run(job));
    job.given = true;
    job.start = unix_now + year / 2;
    check_seconds(job, run(job));
    Job<float> short_job = random_job<float>(random, segments);
    check_seconds(short_job, run(short_job));
    for (std::int64_t s = 0; s < segments; ++s) short_job.starts.push_back(static_cast<float>(random.below(100)));
    check_seconds(short_job, run(short_job));
  }
  Job<double> exact;  // representable: no doubt at the end
  exact.times = {0.0, 2.0};
  exact.rate = {4, 1};
  EXPECT_EQ(run(exact)[1], 9);
  exact.times = {0.0, std::nextafter(2.0, 0.0)};
  EXPECT_EQ(run(exact)[1], 8);
}

TEST_P(GridOffsets, GarbageStampsEndAndStayInRange) {
  for (const std::vector<double>& times : {std::vector<double>{nan},
                                           {1.0, nan},
                                           {nan, 1.0},
                                           {-inf, inf},
                                           {inf, -inf},
                                           {inf, inf},
                                           {0.0, inf},
                                           {3.0, 1.0},
                                           {1e300},
                                           {1e25},
                                           {-1e25, -1e25},
                                           {1e25, 1.0001e25},
                                           {0.0, 1e300},
                                           {-1e300, 1e300},
                                           {1e17, 1e17}}) {
    Job<double> job;
    job.times = times;
    const std::vector<std::int64_t> got = run(job);
    EXPECT_EQ(got[0], 0);
    EXPECT_GE(got[1], 0) << times[0];
  }
  for (const std::vector<std::int64_t>& times :
       {std::vector<std::int64_t>{INT64_MIN, INT64_MAX}, {INT64_MAX, INT64_MIN}, {INT64_MIN}, {INT64_MAX}, {3, 1}}) {
    for (Rate rate : rates) {
      Job<std::int64_t> job;
      job.times = times;
      job.rate = rate;
      const std::vector<std::int64_t> got = run(job);
      EXPECT_EQ(got[0], 0);
      const bool none = times.size() == 2 && times[0] > times[1];
      EXPECT_GE(got[1], none ? 0 : 1) << times[0] << " rate " << text(rate);
      EXPECT_LE(got[1], none ? 0 : times.size() == 1 ? 1 : INT64_MAX) << times[0] << " rate " << text(rate);
    }
  }
}

TEST_P(GridOffsets, SumsOfRowsAreHeldNotWrapped) {
  Job<std::int64_t> job;
  job.rate = {1'000'000'000, 1};
  for (int s = 0; s < 40; ++s) {
    job.times.push_back(0);
    job.times.push_back(INT64_MAX / 4);
  }
  job.uniform_count = 40;
  job.uniform_length = 2;
  const std::vector<std::int64_t> got = run(job);
  ASSERT_EQ(got[1], INT64_MAX / 4 + 1);
  for (std::size_t s = 1; s < got.size(); ++s) ASSERT_GE(got[s], got[s - 1]) << s;
  EXPECT_EQ(got.back(), INT64_MAX);
}

TEST_P(GridOffsets, EveryMistakeIsNamedAndNothingIsWritten) {
  Arena arena(GetParam());
  Job<std::int64_t> job;
  job.times = {1, 2, 3, 4};
  job.offsets = {0, 2, 4};
  GridOffsetsArgs good = make_args(arena, job);
  const Output<std::int64_t> out = arena.output<std::int64_t>(3);
  good.row_offsets = out.data();
  const auto expect_error = [&](const GridOffsetsArgs& args, StatusCode code, const char* argument) {
    arena.poison_outputs();
    EXPECT_TRUE(is_error(arena.launch([&](auto where) { return grid_offsets(args, where); }), code, argument));
    EXPECT_TRUE(out.untouched()) << argument;
  };
  const auto shifted = [](const void* p) {
    return reinterpret_cast<const std::int64_t*>(static_cast<const char*>(p) + 4);
  };
  const auto writable = [](const void* p) { return static_cast<std::int64_t*>(const_cast<void*>(p)); };
  GridOffsetsArgs args = good;
  args.source.times.data = nullptr;
  expect_error(args, StatusCode::null_pointer, "source.times");
  args = good;
  args.source.times.type = static_cast<TimeType>(3);
  expect_error(args, StatusCode::invalid_value, "source.times.type");
  args = good;
  args.source.times.data = shifted(good.source.times.data);
  expect_error(args, StatusCode::misaligned, "source.times");
  args = good;
  args.source.values.count = -1;
  expect_error(args, StatusCode::invalid_size, "source.values.count");
  args.source.values.count = INT64_MAX / 2;
  expect_error(args, StatusCode::overflow, "source.values.count");
  args = good;
  args.source.segments = uniform(-1, 0);
  expect_error(args, StatusCode::invalid_size, "segments");
  args.source.segments = uniform(2, 3);
  expect_error(args, StatusCode::invalid_size, "segments");
  args.source.segments = uniform(INT64_MAX, 3);
  expect_error(args, StatusCode::overflow, "segments");
  args.source.segments = ragged(good.source.segments.offsets, INT64_MAX);
  expect_error(args, StatusCode::overflow, "segments");
  args.source.segments = ragged(shifted(good.source.segments.offsets), 1);
  expect_error(args, StatusCode::misaligned, "segments");
  for (double drift : {-1.0, -2.0, nan, inf}) {
    args = good;
    args.source.clock.drift = drift;
    expect_error(args, StatusCode::invalid_value, "clock.drift");
  }
  args = good;
  const Ring ring;
  args.source.rings = &ring;
  expect_error(args, StatusCode::invalid_value, "source.rings");
  args = good;
  args.at.kind = Queries::Kind::times;
  expect_error(args, StatusCode::invalid_value, "at.kind");
  args.at.kind = static_cast<Queries::Kind>(4);
  expect_error(args, StatusCode::invalid_value, "at.kind");
  for (Rate rate : {Rate{0, 1}, Rate{-50, 1}, Rate{second + 1, 1}, Rate{INT64_MAX, 1}}) {
    args = good;
    args.at.rate = rate;
    expect_error(args, StatusCode::invalid_value, "rate.num");
  }
  for (Rate rate : {Rate{50, 0}, Rate{50, -1}, Rate{50, second + 1}, Rate{1, INT64_MAX}}) {
    args = good;
    args.at.rate = rate;
    expect_error(args, StatusCode::invalid_value, "rate.den");
  }
  args = good;
  args.at.start = static_cast<Queries::Start>(3);
  expect_error(args, StatusCode::invalid_value, "start");
  args = good;
  args.at = start_at(good.at, Times(static_cast<const std::int64_t*>(nullptr)));
  expect_error(args, StatusCode::null_pointer, "starts");
  args.at = start_at(good.at, Times(arena.input(std::vector<double>{1, 2})));
  expect_error(args, StatusCode::unsupported_type, "starts");
  const std::int64_t* starts = arena.input(std::vector<std::int64_t>{1, 2, 3});
  args.at = start_at(good.at, Times(shifted(starts)));
  expect_error(args, StatusCode::misaligned, "times");
  args = good;
  args.row_offsets = nullptr;
  expect_error(args, StatusCode::null_pointer, "row_offsets");
  args.row_offsets = writable(shifted(out.data()));
  expect_error(args, StatusCode::misaligned, "row_offsets");
  args.row_offsets = writable(good.source.times.data) + 1;
  expect_error(args, StatusCode::aliasing, "row_offsets");
  args.row_offsets = writable(good.source.segments.offsets);
  expect_error(args, StatusCode::aliasing, "row_offsets");
  args = good;
  args.at = start_at(good.at, Times(starts));
  args.row_offsets = writable(starts);
  expect_error(args, StatusCode::aliasing, "row_offsets");
  args = good;
  args.source.clocks = arena.input(std::vector<Clock>(2));
  args.row_offsets = writable(args.source.clocks) + 3;
  expect_error(args, StatusCode::aliasing, "row_offsets");
}

TEST(GridOffsetsHost, HeaderOnlyInstantiationRefusesOtherTypes) {
  const std::vector<double> times = {0.0, 1.0};
  std::vector<std::int64_t> rows(2, 77);
  GridOffsetsArgs args;
  args.source.times = times.data();
  args.source.values.count = 2;
  args.at = every({10, 1}, 0);
  args.row_offsets = rows.data();
  EXPECT_TRUE(is_error(grid_offsets<std::int64_t>(args, Host{}), StatusCode::unsupported_type, "times"));
  EXPECT_EQ(rows[1], 77);
  ASSERT_OK((grid_offsets<float, double>(args, Host{})));
  EXPECT_EQ(rows, (std::vector<std::int64_t>{0, 11}));
}

}  // namespace
}  // namespace robocache::test
