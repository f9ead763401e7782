// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/clock.hpp>

#include "support/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace robocache {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;

Clock make_clock(std::int64_t offset, double drift, std::int64_t reference) {
  Clock clock;
  clock.offset = offset;
  clock.drift = drift;
  clock.reference = reference;
  return clock;
}

std::int64_t held(Wide value) {
  return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : static_cast<std::int64_t>(value);
}

// t + offset + round(drift * (t - reference)), the product in double as documented, the sums in 128 bits, each held.
std::int64_t expected_stamp(std::int64_t t, const Clock& clock) {
  const std::int64_t shifted = held(Wide{t} + clock.offset);
  const double product = clock.drift * static_cast<double>(Wide{t} - clock.reference);
  if (std::isnan(product)) return shifted;
  const long double rounded = std::nearbyint(static_cast<long double>(product));
  return rounded >= 0x1p63L   ? held(Wide{shifted} + INT64_MAX)
         : rounded < -0x1p63L ? held(Wide{shifted} + INT64_MIN)
                              : held(Wide{shifted} + static_cast<std::int64_t>(rounded));
}

TEST(Clock, DefaultChangesNothing) {
  for (std::int64_t t : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, unix_now, INT64_MAX})
    EXPECT_EQ(corrected(t, Clock()), t);
  for (double t : {-1.0, 0.0, 1.7e9, 1e300}) EXPECT_EQ(corrected(t, Clock()), t);
  EXPECT_TRUE(std::isnan(corrected(std::numeric_limits<double>::quiet_NaN(), Clock())));
  EXPECT_TRUE(std::signbit(corrected(-0.0, Clock())));
}

TEST(Clock, LatencyIsANegativeOffset) {
  EXPECT_EQ(corrected(unix_now, make_clock(-3'000'000, 0, 0)), unix_now - 3'000'000);
  EXPECT_EQ(corrected(unix_now, make_clock(1, 0, 0)), unix_now + 1) << "a nanosecond survives at Unix time";
  EXPECT_DOUBLE_EQ(corrected(10.0, make_clock(-250'000'000, 0, 0)), 9.75);
}

TEST(Clock, DriftIsCountedFromTheReference) {
  // 20 ppm over an hour are 72 ms.
  const std::int64_t hour = 3'600'000'000'000;
  EXPECT_EQ(corrected(unix_now + hour, make_clock(0, 20e-6, unix_now)), unix_now + hour + 72'000'000);
  EXPECT_EQ(corrected(unix_now - hour, make_clock(0, 20e-6, unix_now)), unix_now - hour - 72'000'000);
  EXPECT_EQ(corrected(unix_now, make_clock(5, 20e-6, unix_now)), unix_now + 5);
  EXPECT_NEAR(corrected(3600.0, make_clock(0, 20e-6, 0)), 3600.072, 1e-9);
}

TEST(Clock, DriftRoundsTiesToEven) {
  EXPECT_EQ(corrected(std::int64_t{1}, make_clock(0, 0.5, 0)), 1);
  EXPECT_EQ(corrected(std::int64_t{3}, make_clock(0, 0.5, 0)), 5);
  EXPECT_EQ(corrected(std::int64_t{-1}, make_clock(0, 0.5, 0)), -1);
  EXPECT_EQ(corrected(std::int64_t{-3}, make_clock(0, 0.5, 0)), -5);
}

TEST(Clock, SumsAreHeldAtTheEnds) {
  EXPECT_EQ(corrected(INT64_MAX, make_clock(1, 0, 0)), INT64_MAX);
  EXPECT_EQ(corrected(INT64_MIN, make_clock(-1, 0, 0)), INT64_MIN);
  EXPECT_EQ(corrected(INT64_MAX, make_clock(0, 1.0, INT64_MIN)), INT64_MAX);
  EXPECT_EQ(corrected(INT64_MIN, make_clock(0, 1.0, INT64_MAX)), INT64_MIN);
  EXPECT_EQ(corrected(INT64_MIN, make_clock(INT64_MAX, 0, 0)), -1);
}

TEST(Clock, RandomIntegerStampsAgreeWith128BitSums) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(1);
  for (int i = 0; i < 300'000; ++i) {
    const bool wild = i % 4 == 0;
    const std::int64_t t = wild ? static_cast<std::int64_t>(random.next())
                                : unix_now + random.between(-1'000'000'000'000, 1'000'000'000'000);
    const Clock clock = wild ? make_clock(static_cast<std::int64_t>(random.next()), random.signed_unit(),
                                          static_cast<std::int64_t>(random.next()))
                             : make_clock(random.between(-1'000'000'000, 1'000'000'000), random.signed_unit() * 1e-3,
                                          unix_now + random.between(-1'000'000'000'000, 1'000'000'000'000));
    ASSERT_EQ(corrected(t, clock), expected_stamp(t, clock))
        << t << " offset " << clock.offset << " drift " << clock.drift << " reference " << clock.reference;
  }
}

// A negative drift takes from each step what it adds far from the reference, where a double no longer resolves it:
// sensor clocks are within 1e-3 at Unix times even from the reference 0, and anything above -1 is within 2^53 ns.
TEST(Clock, OrderIsKept) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(2);
  for (int i = 0; i < 400'000; ++i) {
    std::int64_t a = unix_now + random.below(1'000'000), b = a + random.below(3);
    Clock clock = make_clock(random.below(1000), random.signed_unit() * 1e-3, 0);
    if (i % 3 == 0) clock = make_clock(0, -0.999 * random.unit(), unix_now);
    if (i % 3 == 1) {
      a = static_cast<std::int64_t>(random.next());
      b = static_cast<std::int64_t>(random.next());
      clock =
          make_clock(static_cast<std::int64_t>(random.next()), random.unit(), static_cast<std::int64_t>(random.next()));
    }
    const std::int64_t first = a < b ? a : b, second = a < b ? b : a;
    ASSERT_LE(corrected(first, clock), corrected(second, clock))
        << first << ' ' << second << " drift " << clock.drift << " reference " << clock.reference;
  }
}

TEST(Clock, DoubleStampsAgreeWithLongDouble) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(3);
  for (int i = 0; i < 100'000; ++i) {
    const double t = 1.7e9 + random.signed_unit() * 1e6;
    const Clock clock = make_clock(random.between(-1'000'000'000, 1'000'000'000), random.signed_unit() * 1e-3,
                                   unix_now + random.between(-1'000'000, 1'000'000));
    const long double expected = static_cast<long double>(t) + clock.offset * 1e-9L +
                                 static_cast<long double>(clock.drift) *
                                     (static_cast<long double>(t) - static_cast<long double>(clock.reference) * 1e-9L);
    // Three roundings near 1.7e9, one unit there is 2.4e-7 s; the one of the span is scaled by the drift.
    ASSERT_NEAR(static_cast<double>(corrected(t, clock) - expected), 0.0, 2 * 2.4e-7) << i;
  }
  EXPECT_TRUE(std::isnan(corrected(std::numeric_limits<double>::quiet_NaN(), make_clock(5, 1e-6, 0))));
}

}  // namespace
}  // namespace robocache
