// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/bracket.hpp>

#include "support/random.hpp"
#include "support/reserved_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace robocache {
namespace {

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;

// A second stamp that counts how often it is read, and whether from where there is none.
struct Watched {
  double value;

  static const Watched* begin;
  static const Watched* end;
  static std::int64_t reads;
  static std::int64_t reads_outside;

  operator double() const noexcept {  // NOLINT(google-explicit-constructor): what makes it a stamp
    ++reads;
    if (this < begin || this >= end) ++reads_outside;
    return value;
  }
  static void watch(const std::vector<Watched>& stamps, std::int64_t first, std::int64_t count) {
    begin = stamps.data() + first;
    end = begin + count;
    reads = reads_outside = 0;
  }
};
const Watched* Watched::begin = nullptr;
const Watched* Watched::end = nullptr;
std::int64_t Watched::reads = 0;
std::int64_t Watched::reads_outside = 0;

template <class Stamp>
std::int64_t size_of_vector(const std::vector<Stamp>& v) {
  return static_cast<std::int64_t>(v.size());
}

// Spacings that a sensor has, and those made to defeat a guess by interpolation.
enum class Spacing { even, jittered, all_equal, runs, doubling, halving, one_far, cluster_and_tail, steps };
constexpr Spacing every_spacing[] = {Spacing::even,    Spacing::jittered, Spacing::all_equal,
                                     Spacing::runs,    Spacing::doubling, Spacing::halving,
                                     Spacing::one_far, Spacing::steps,    Spacing::cluster_and_tail};

std::vector<std::int64_t> sorted_stamps(test::Random& random, Spacing spacing, std::int64_t count, std::int64_t start) {
  std::vector<std::int64_t> stamps;
  std::int64_t t = start;
  for (std::int64_t i = 0; i < count; ++i) {
    stamps.push_back(t);
    switch (spacing) {
      case Spacing::even:
        t += 1'000'000;
        break;
      case Spacing::jittered:
        t += 1'000'000 + random.between(-900'000, 900'000);
        break;
      case Spacing::all_equal:
        break;
      case Spacing::runs:
        t += random.one_in(4) ? random.below(5) : 0;
        break;
      case Spacing::doubling:
        t += std::int64_t{1} << std::min<std::int64_t>(i * 56 / std::max<std::int64_t>(count, 1), 56 - 12);
        break;
      case Spacing::halving:
        t += std::int64_t{1} << std::min<std::int64_t>((count - i) * 56 / std::max<std::int64_t>(count, 1), 56 - 12);
        break;
      case Spacing::one_far:
        t += i == count - 2 ? std::int64_t{1} << 60 : 1 + random.below(2);
        break;
      case Spacing::cluster_and_tail:
        t += i < count / 2 ? 1 : std::int64_t{1} << 40;
        break;
      case Spacing::steps:
        t += random.one_in(32) ? std::int64_t{1} << random.below(44) : 1;
        break;
    }
  }
  return stamps;
}

std::vector<std::int64_t> queries_around(test::Random& random, const std::vector<std::int64_t>& stamps) {
  std::vector<std::int64_t> queries = {INT64_MIN, INT64_MAX, 0};
  for (std::size_t n = 0; n < 300 && !stamps.empty(); ++n) {
    const std::size_t i =
        stamps.size() <= 300 ? n % stamps.size() : static_cast<std::size_t>(random.below(size_of_vector(stamps)));
    queries.push_back(stamps[i]);
    if (stamps[i] > INT64_MIN) queries.push_back(stamps[i] - 1);
    if (stamps[i] < INT64_MAX) queries.push_back(stamps[i] + 1);
    if (i + 1 < stamps.size()) {
      const auto gap = static_cast<std::uint64_t>(stamps[i + 1]) - static_cast<std::uint64_t>(stamps[i]);
      queries.push_back(
          static_cast<std::int64_t>(static_cast<std::uint64_t>(stamps[i]) + (gap == 0 ? 0 : random.next() % gap)));
    }
  }
  if (!stamps.empty()) {
    const auto range = static_cast<std::uint64_t>(stamps.back()) - static_cast<std::uint64_t>(stamps.front());
    for (int n = 0; n < 100 && range != 0; ++n)
      queries.push_back(static_cast<std::int64_t>(static_cast<std::uint64_t>(stamps.front()) + random.next() % range));
  }
  return queries;
}

// Both searches against the standard library's.
template <class Stamp>
testing::AssertionResult agrees(const std::vector<Stamp>& stamps, time_value_t<Stamp> q) {
  const Stamps<Stamp> t = {stamps.data(), size_of_vector(stamps), {}};
  const auto value_less = [](time_value_t<Stamp> a, time_value_t<Stamp> b) { return a < b; };
  const std::int64_t last = std::upper_bound(stamps.begin(), stamps.end(), q, value_less) - stamps.begin() - 1;
  const std::int64_t first = std::lower_bound(stamps.begin(), stamps.end(), q, value_less) - stamps.begin();
  const std::int64_t got_last = last_not_after(t, q), got_first = first_not_before(t, q);
  if (got_last == last && got_first == first) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "q = " << q << " among " << stamps.size() << ": last_not_after " << got_last
                                     << ", expected " << last << "; first_not_before " << got_first << ", expected "
                                     << first;
}

constexpr std::int64_t counts[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 100, 1000, 4096};

TEST(Bracket, IntegerStampsAgreeWithTheStandardLibrary) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(1);
  for (Spacing spacing : every_spacing) {
    for (std::int64_t count : counts) {
      for (std::int64_t start : {std::int64_t{0}, unix_now, std::int64_t{-5'000'000'000}, INT64_MIN}) {
        const std::vector<std::int64_t> stamps = sorted_stamps(random, spacing, count, start);
        for (std::int64_t q : queries_around(random, stamps))
          ASSERT_TRUE(agrees(stamps, q)) << "spacing " << static_cast<int>(spacing) << ", start " << start;
      }
    }
  }
}

template <class Seconds>
void check_seconds(std::uint64_t sequence) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(sequence);
  const double inf = std::numeric_limits<double>::infinity();
  for (Spacing spacing : every_spacing) {
    for (std::int64_t count : counts) {
      for (double start : {0.0, -3.0, 1.7e9}) {
        std::vector<Seconds> stamps;
        for (std::int64_t t : sorted_stamps(random, spacing, count, 0))
          stamps.push_back(static_cast<Seconds>(start + static_cast<double>(t) * 1e-9));
        ASSERT_TRUE(std::is_sorted(stamps.begin(), stamps.end()));
        std::vector<double> queries = {-inf, inf, 0.0, -0.0, 1e300, -1e300};
        for (int n = 0; n < 200 && count > 0; ++n) {
          const double at = static_cast<double>(stamps[static_cast<std::size_t>(random.below(count))]);
          for (double q : {at, std::nextafter(at, inf), std::nextafter(at, -inf), at + 5e-4 * random.signed_unit()})
            queries.push_back(q);
        }
        for (double q : queries) ASSERT_TRUE(agrees(stamps, q)) << "spacing " << static_cast<int>(spacing);
      }
    }
  }
}
TEST(Bracket, DoubleStampsAgreeWithTheStandardLibrary) { check_seconds<double>(2); }
TEST(Bracket, FloatStampsAgreeWithTheStandardLibrary) { check_seconds<float>(3); }

TEST(Bracket, EveryQueryAmongFewStampsWithDuplicates) {
  // All non-decreasing sequences of up to 5 stamps with steps 0, 1 or 2, all queries around them.
  for (int count = 0; count <= 5; ++count) {
    int sequences = 1;
    for (int i = 1; i < count; ++i) sequences *= 3;
    for (int code = 0; code < sequences; ++code) {
      std::vector<std::int64_t> stamps;
      std::int64_t t = unix_now;
      for (int i = 0, rest = code; i < count; ++i, rest /= 3) {
        stamps.push_back(t);
        t += rest % 3;
      }
      for (std::int64_t q = unix_now - 2; q <= unix_now + 12; ++q) ASSERT_TRUE(agrees(stamps, q));
    }
  }
}

TEST(Bracket, TheWholeRangeOfInt64) {
  const std::vector<std::int64_t> stamps = {INT64_MIN, INT64_MIN, INT64_MIN + 1, -1,        0,
                                            0,         1,         INT64_MAX - 1, INT64_MAX, INT64_MAX};
  for (std::int64_t q : {INT64_MIN, INT64_MIN + 1, INT64_MIN + 2, std::int64_t{-2}, std::int64_t{-1}, std::int64_t{0},
                         std::int64_t{1}, std::int64_t{2}, INT64_MAX - 2, INT64_MAX - 1, INT64_MAX})
    EXPECT_TRUE(agrees(stamps, q));
  EXPECT_TRUE(agrees(std::vector<std::int64_t>{INT64_MIN, INT64_MAX}, 0));
}

TEST(Bracket, InfiniteStampsAreOrderedLikeOthers) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& stamps : {std::vector<double>{-inf, 0, 1, 2, 3, inf},
                                            {-inf, -inf, inf, inf},
                                            {0, 1, 2, inf},
                                            {-inf, 0, 1},
                                            {inf},
                                            {-inf}}) {
    for (double q : {-inf, -1.0, 0.0, 0.5, 1.0, 2.5, 1e308, inf}) EXPECT_TRUE(agrees(stamps, q));
  }
}

TEST(Bracket, NanQueryIsBeforeEverything) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::int64_t count : {0, 1, 2, 100}) {
    std::vector<double> doubles;
    std::vector<float> floats;
    for (std::int64_t i = 0; i < count; ++i) {
      doubles.push_back(static_cast<double>(i));
      floats.push_back(static_cast<float>(i));
    }
    EXPECT_EQ(last_not_after(Stamps<double>{doubles.data(), count, {}}, nan), -1);
    EXPECT_EQ(first_not_before(Stamps<double>{doubles.data(), count, {}}, nan), 0);
    EXPECT_EQ(last_not_after(Stamps<float>{floats.data(), count, {}}, nan), -1);
  }
}

TEST(Bracket, CorrectedStampsAreSearchedNotStoredOnes) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(4);
  Clock clock;
  clock.offset = -12'345'678;
  clock.drift = 3e-5;
  clock.reference = unix_now;
  for (Spacing spacing : every_spacing) {
    const std::vector<std::int64_t> stamps = sorted_stamps(random, spacing, 500, unix_now);
    std::vector<std::int64_t> fixed;
    for (std::int64_t t : stamps) fixed.push_back(corrected(t, clock));
    ASSERT_TRUE(std::is_sorted(fixed.begin(), fixed.end()));
    const Stamps<std::int64_t> t = {stamps.data(), 500, clock};
    for (std::int64_t q : queries_around(random, fixed)) {
      ASSERT_EQ(last_not_after(t, q), std::upper_bound(fixed.begin(), fixed.end(), q) - fixed.begin() - 1) << q;
      ASSERT_EQ(first_not_before(t, q), std::lower_bound(fixed.begin(), fixed.end(), q) - fixed.begin()) << q;
    }
  }
}

// 2 log2(n) of doubling and bisection, both ends, and four reads around the guess.
std::int64_t most_reads(std::int64_t count) {
  std::int64_t bits = 0;
  while ((std::int64_t{1} << bits) < count) ++bits;
  return 2 * bits + 7;
}

TEST(Bracket, ReadsAreBoundedForAnySpacing) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(5);
  for (Spacing spacing : every_spacing) {
    for (std::int64_t count : {1, 2, 3, 10, 1000, 100'000}) {
      std::vector<Watched> stamps;
      for (std::int64_t t : sorted_stamps(random, spacing, count, 0)) stamps.push_back({static_cast<double>(t)});
      for (int n = 0; n < 2000; ++n) {
        const double q =
            stamps[static_cast<std::size_t>(random.below(count))].value + static_cast<double>(random.below(3));
        Watched::watch(stamps, 0, count);
        const std::int64_t found = last_not_after(Stamps<Watched>{stamps.data(), count, {}}, q);
        ASSERT_LE(Watched::reads, most_reads(count)) << "spacing " << static_cast<int>(spacing) << ", " << count;
        ASSERT_EQ(Watched::reads_outside, 0);
        ASSERT_LE(stamps[static_cast<std::size_t>(found)].value, q);
      }
    }
  }
}

TEST(Bracket, ARegularSensorNeedsTwoRoundsOfReads) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(6);
  const std::int64_t count = 100'000;
  std::vector<Watched> stamps;
  for (std::int64_t i = 0; i < count; ++i) stamps.push_back({static_cast<double>(i) + 0.2 * random.signed_unit()});
  for (int n = 0; n < 20'000; ++n) {
    Watched::watch(stamps, 0, count);
    static_cast<void>(
        last_not_after(Stamps<Watched>{stamps.data(), count, {}}, static_cast<double>(count) * random.unit()));
    ASSERT_LE(Watched::reads, 6) << "the ends, then four neighbours of the guess";
  }
}

// Whatever the stamps are: an index in [-1, n-1] with t[i] <= q and not t[i+1] <= q, and no read outside.
template <class Next>
void check_unsorted(test::Random& random, const Next& next_stamp) {
  std::vector<Watched> stamps(3000);
  for (int round = 0; round < 60; ++round) {
    for (Watched& stamp : stamps) stamp.value = next_stamp();
    for (int n = 0; n < 300; ++n) {
      const std::int64_t count = random.one_in(2) ? random.below(12) : random.below(size_of_vector(stamps) - 20);
      const std::int64_t first = 10;
      const double q =
          random.one_in(2) ? next_stamp() : stamps[static_cast<std::size_t>(first + random.below(count + 1))].value;
      Watched::watch(stamps, first, count);
      const Stamps<Watched> t = {stamps.data() + first, count, {}};
      const std::int64_t last = last_not_after(t, q), from = first_not_before(t, q);
      ASSERT_EQ(Watched::reads_outside, 0) << count << " stamps, q " << q;
      ASSERT_LE(Watched::reads, 2 * most_reads(count)) << count;
      ASSERT_TRUE(last >= -1 && last < std::max<std::int64_t>(count, 0)) << last << " of " << count;
      ASSERT_TRUE(from >= 0 && from <= count) << from << " of " << count;
      const auto value = [&](std::int64_t i) { return stamps[static_cast<std::size_t>(first + i)].value; };
      ASSERT_TRUE(last < 0 || value(last) <= q);
      ASSERT_FALSE(last + 1 < count && value(last + 1) <= q);
      ASSERT_TRUE(from == 0 || value(from - 1) < q);
      ASSERT_FALSE(from < count && value(from) < q);
    }
  }
}

TEST(Bracket, UnsortedStampsAreMemorySafeAndDefined) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(7);
  check_unsorted(random, [&] { return static_cast<double>(random.below(1000)); });
}

TEST(Bracket, ArbitraryBitPatternsAreMemorySafeAndDefined) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(8);
  check_unsorted(random, [&] {
    switch (random.below(6)) {
      case 0:
        return std::numeric_limits<double>::quiet_NaN();
      case 1:
        return std::ldexp(random.signed_unit(), static_cast<int>(random.between(-1070, 1023)));
      case 2:
        return random.one_in(2) ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
      default:
        return random.signed_unit();
    }
  });
}

TEST(Bracket, UnsortedIntegersFromTheWholeRangeAreDefined) {
  SCOPED_TRACE(test::seed_trace());
  test::Random random(9);
  for (int n = 0; n < 20'000; ++n) {
    const std::int64_t count = random.below(40);
    std::vector<std::int64_t> stamps;  // of exactly this size: a sanitizer sees a read outside
    for (std::int64_t i = 0; i < count; ++i)
      stamps.push_back(static_cast<std::int64_t>(random.next()) >> random.below(64));
    const auto q = static_cast<std::int64_t>(random.next()) >> random.below(64);
    const std::int64_t last = last_not_after(Stamps<std::int64_t>{stamps.data(), count, {}}, q);
    ASSERT_TRUE(last >= -1 && last < std::max<std::int64_t>(count, 0));
    ASSERT_TRUE(last < 0 || stamps[static_cast<std::size_t>(last)] <= q);
    ASSERT_TRUE(last + 1 >= count || stamps[static_cast<std::size_t>(last + 1)] > q);
  }
}

TEST(Bracket, MoreThan2To31Stamps) {
  const std::int64_t count = 3'000'000'000;
  const test::ReservedZeros<float> memory(count);
  float* stamps = memory.data();
  if (stamps == nullptr) GTEST_SKIP() << "no address space for " << count << " stamps";
  for (int i = 0; i < 1000; ++i) stamps[count - 1000 + i] = static_cast<float>(i + 1);
  stamps[0] = -1.0f;
  const Stamps<float> t = {stamps, count, {}};
  EXPECT_EQ(last_not_after(t, -2.0), -1);
  EXPECT_EQ(last_not_after(t, -0.5), 0);
  EXPECT_EQ(last_not_after(t, 0.0), count - 1001);
  EXPECT_EQ(first_not_before(t, 0.0), 1);
  EXPECT_EQ(last_not_after(t, 500.5), count - 1000 + 499);
  EXPECT_EQ(first_not_before(t, 500.5), count - 1000 + 500);
  EXPECT_EQ(last_not_after(t, 1e9), count - 1);
}

// Spans and limits
// -----------------------------------------------------------------------------------------------------

TEST(Bracket, SpansAreTakenInIntegers) {
  EXPECT_EQ(detail::span<float>(unix_now + 3, unix_now), 3.0f);
  EXPECT_EQ(detail::span<double>(unix_now + 1, unix_now), 1.0);
  EXPECT_EQ(detail::span<double>(INT64_MAX, INT64_MIN), 18446744073709551615.0);
  EXPECT_EQ(detail::span<float>(2.5, 1.0), 1.5f);
}

TEST(Bracket, LimitsAreInclusive) {
  EXPECT_TRUE(detail::within(unix_now + 100, unix_now, 100));
  EXPECT_FALSE(detail::within(unix_now + 101, unix_now, 100));
  EXPECT_TRUE(detail::within(INT64_MAX, INT64_MIN, INT64_MAX));
  EXPECT_FALSE(detail::within(INT64_MAX, INT64_MIN, INT64_MAX - 1));
  EXPECT_TRUE(detail::within(2.5, 2.0, 500'000'000));
  EXPECT_FALSE(detail::within(2.5, 2.0, 499'999'999));
  EXPECT_TRUE(detail::within(std::numeric_limits<double>::infinity(), 0.0, INT64_MAX));
}

}  // namespace
}  // namespace robocache
