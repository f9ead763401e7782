// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/core/convert.hpp>

#include "support/half.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace robocache {
namespace {

using test::Format;

// The oracle for rounding into a 16-bit format: all its non-negative values in order, the last of them standing for
// infinity at the value that the format would have there. The nearest is found by search; ties take the even pattern.
template <class T>
class Nearest {
 public:
  Nearest() {
    constexpr int exponent_bits = 15 - Format<T>::mantissa;
    const int infinity = ((1 << exponent_bits) - 1) << Format<T>::mantissa;
    for (int bits = 0; bits <= infinity; ++bits) {
      const int exponent = bits >> Format<T>::mantissa, fraction = bits & ((1 << Format<T>::mantissa) - 1);
      const int hidden = exponent == 0 ? 0 : 1 << Format<T>::mantissa;
      values_.push_back(std::ldexp(static_cast<long double>(hidden + fraction),
                                   std::max(exponent, 1) - Format<T>::bias - Format<T>::mantissa));
    }
  }

  /// Finite values, then the stand-in of infinity.
  const std::vector<long double>& values() const { return values_; }

  std::uint16_t operator()(long double value) const {
    if (std::isnan(value)) return Format<T>::nan;
    const long double magnitude = std::fabs(value);
    const std::size_t above =
        static_cast<std::size_t>(std::lower_bound(values_.begin(), values_.end(), magnitude) - values_.begin());
    std::size_t nearest = std::min(above, values_.size() - 1);
    if (above > 0 && above < values_.size()) {
      const long double up = values_[above] - magnitude, down = magnitude - values_[above - 1];
      if (down < up || (down == up && above % 2 == 1)) nearest = above - 1;
    }
    return static_cast<std::uint16_t>(nearest | (std::signbit(value) ? 0x8000u : 0u));
  }

 private:
  std::vector<long double> values_;
};

template <class T>
class Convert16 : public ::testing::Test {};
using Types16 = ::testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(Convert16, Types16);

TYPED_TEST(Convert16, WidensEveryPattern) {
  using T = TypeParam;
  const Nearest<T> nearest;
  const std::size_t infinity = nearest.values().size() - 1;
  for (int bits = 0; bits < 0x10000; ++bits) {
    const T value{static_cast<std::uint16_t>(bits)};
    const float f = detail::to_float(value);
    const auto magnitude = static_cast<std::size_t>(bits & 0x7fff);
    if (magnitude > infinity) {
      ASSERT_TRUE(f != f) << std::hex << bits;
      ASSERT_TRUE(detail::widen<double>(value) != detail::widen<double>(value)) << std::hex << bits;
      continue;
    }
    const long double expected =
        magnitude == infinity ? std::numeric_limits<long double>::infinity() : nearest.values()[magnitude];
    ASSERT_EQ(std::fabs(static_cast<long double>(f)), expected) << std::hex << bits;
    ASSERT_EQ(std::signbit(f), bits >= 0x8000) << std::hex << bits;
    ASSERT_EQ(detail::widen<float>(value), f) << std::hex << bits;
    ASSERT_EQ(detail::widen<double>(value), static_cast<double>(f)) << std::hex << bits;
  }
}

TYPED_TEST(Convert16, WidenedValuesComeBackAndNansAreCanonical) {
  using T = TypeParam;
  const std::size_t infinity = Nearest<T>().values().size() - 1;
  for (int bits = 0; bits < 0x10000; ++bits) {
    const T value{static_cast<std::uint16_t>(bits)};
    const int expected = static_cast<std::size_t>(bits & 0x7fff) > infinity ? 0x7fff : bits;
    ASSERT_EQ(detail::Narrow<T>::from(detail::widen<float>(value)).bits, expected) << std::hex << bits;
    ASSERT_EQ(detail::Narrow<T>::from(detail::widen<double>(value)).bits, expected) << std::hex << bits;
  }
}

// Every value of the format, every midpoint between neighbours, and the floats next to each of them.
TYPED_TEST(Convert16, RoundsFloatsAroundEveryBoundary) {
  using T = TypeParam;
  const Nearest<T> nearest;
  const std::vector<long double>& values = nearest.values();
  const float inf = std::numeric_limits<float>::infinity();
  const auto check = [&](float f) {
    for (float signed_f : {f, -f}) {
      const std::uint16_t expected = nearest(static_cast<long double>(signed_f));
      if (detail::Narrow<T>::from(signed_f).bits != expected) return false;
      if (test::round_to<T>(signed_f).bits != expected) return false;
    }
    return true;
  };
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    for (long double boundary : {values[i], (values[i] + values[i + 1]) / 2}) {
      float f = static_cast<float>(boundary);
      for (int step = 0; step < 3; ++step) f = std::nextafter(f, -inf);
      for (int step = 0; step < 7; ++step, f = std::nextafter(f, inf)) {
        ASSERT_TRUE(check(std::fabs(f))) << "value " << i << ", float " << std::hexfloat << f;
      }
    }
  }
  for (float f : {inf, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min(),
                  std::numeric_limits<float>::min(), 0.0f}) {
    EXPECT_TRUE(check(f)) << f;
  }
}

TYPED_TEST(Convert16, RoundsRandomFloats) {
  using T = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  const Nearest<T> nearest;
  test::Random random(1);
  for (int i = 0; i < 500'000; ++i) {
    std::uint32_t bits = static_cast<std::uint32_t>(random.next());
    // Half of them where binary16 is finite: all exponents alike would leave few there.
    if (i % 2 == 0) bits = (bits & 0x80ffffffu) | (std::uint32_t{0x33} + static_cast<std::uint32_t>(i / 2 % 20)) << 24;
    const float f = detail::bit_cast<float>(bits);
    ASSERT_EQ(detail::Narrow<T>::from(f).bits, nearest(static_cast<long double>(f))) << std::hex << bits;
  }
}

TYPED_TEST(Convert16, RoundsDoublesOnce) {
  using T = TypeParam;
  const Nearest<T> nearest;
  const std::vector<long double>& values = nearest.values();
  const auto check = [&](double d) {
    for (double signed_d : {d, -d}) {
      if (detail::Narrow<T>::from(signed_d).bits != nearest(static_cast<long double>(signed_d))) return false;
    }
    return true;
  };
  // Just beside a midpoint: rounded to float first, it would become the tie.
  int would_differ = 0;
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const auto middle = static_cast<double>((values[i] + values[i + 1]) / 2);
    ASSERT_TRUE(check(static_cast<double>(values[i]))) << i;
    ASSERT_TRUE(check(middle)) << i;
    for (int shift : {2, 20, 26, 30, 40, 51}) {
      const double nudge = std::ldexp(middle, -shift);
      for (double d : {middle + nudge, middle - nudge}) {
        ASSERT_TRUE(check(d)) << "value " << i << ", double " << std::hexfloat << d;
        would_differ += detail::Narrow<T>::from(static_cast<float>(d)).bits != detail::Narrow<T>::from(d).bits;
      }
    }
  }
  EXPECT_GT(would_differ, 10'000) << "the inputs do not tell one rounding from two";
}

TYPED_TEST(Convert16, RoundsExtremeAndRandomDoubles) {
  using T = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  const Nearest<T> nearest;
  using L = std::numeric_limits<double>;
  for (double d : {0.0,
                   L::denorm_min(),
                   L::min(),
                   1e-300,
                   1e-46,
                   7e-46,
                   1e-41,
                   1e-38,
                   2.98e-8,
                   5.96e-8,
                   65504.0,
                   65519.999999,
                   65520.0,
                   65536.0,
                   3.38953138925e38,
                   3.3961775292304e38,
                   3.4028234663852886e38,
                   3.4028235677973366e38,
                   3.5e38,
                   1e300,
                   L::max(),
                   L::infinity()}) {
    for (double signed_d : {d, -d}) {
      EXPECT_EQ(detail::Narrow<T>::from(signed_d).bits, nearest(static_cast<long double>(signed_d))) << signed_d;
    }
  }
  test::Random random(2);
  for (int i = 0; i < 300'000; ++i) {
    std::uint64_t bits = random.next();
    if (i % 4 != 0)
      bits = (bits & 0x800fffffffffffffu) | (std::uint64_t{1023 - 26} + static_cast<std::uint64_t>(i % 44)) << 52;
    const double d = detail::bit_cast<double>(bits);
    ASSERT_EQ(detail::Narrow<T>::from(d).bits, nearest(static_cast<long double>(d))) << std::hex << bits;
  }
}

TYPED_TEST(Convert16, EveryNanBecomesTheOne) {
  using T = TypeParam;
  test::Random random(3);
  for (int i = 0; i < 10'000; ++i) {
    const auto payload = static_cast<std::uint32_t>(random.next());
    const float f = detail::bit_cast<float>(payload | 0x7f800000u | (i % 2 == 0 ? 1u : 0x400000u));
    ASSERT_EQ(detail::Narrow<T>::from(f).bits, 0x7fff) << std::hex << payload;
    const double d = detail::bit_cast<double>(random.next() | 0x7ff0000000000000u | (i % 2 == 0 ? 1u : 1ull << 51));
    ASSERT_EQ(detail::Narrow<T>::from(d).bits, 0x7fff);
  }
}

TEST(Convert, FloatAndDoubleStoresKeepBitsAndMakeNansCanonical) {
  test::Random random(4);
  for (int i = 0; i < 100'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random.next());
    const float f = detail::bit_cast<float>(bits);
    ASSERT_EQ(test::bits_of(detail::Narrow<float>::from(f)), f == f ? bits : 0x7fc00000u);
    const std::uint64_t wide_bits = random.next();
    const double d = detail::bit_cast<double>(wide_bits);
    ASSERT_EQ(test::bits_of(detail::Narrow<double>::from(d)), d == d ? wide_bits : 0x7ff8000000000000u);
    ASSERT_EQ(test::bits_of(detail::Narrow<float>::from(d)), test::bits_of(test::round_to<float>(d)));
    const double near = std::ldexp(static_cast<double>(random.next()), static_cast<int>(random.below(300)) - 220);
    ASSERT_EQ(test::bits_of(detail::Narrow<float>::from(near)), test::bits_of(test::round_to<float>(near)));
  }
  EXPECT_EQ(test::bits_of(detail::Narrow<float>::from(detail::bit_cast<float>(0xffffffffu))), 0x7fc00000u);
  EXPECT_EQ(test::bits_of(detail::Narrow<float>::from(detail::bit_cast<float>(0x7f800001u))), 0x7fc00000u);
  EXPECT_EQ(test::bits_of(detail::Narrow<double>::from(detail::bit_cast<double>(~0ull))), 0x7ff8000000000000u);
  EXPECT_EQ(test::bits_of(detail::Narrow<float>::from(-0.0f)), 0x80000000u) << "zero keeps its sign";
}

TEST(Convert, BytesWidenExactlyAndRoundToEvenSaturatedWithNanZero) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<std::uint8_t>(byte);
    EXPECT_EQ(detail::widen<float>(value), static_cast<float>(byte));
    EXPECT_EQ(detail::widen<double>(value), static_cast<double>(byte));
  }
  const auto check = [](double d) {
    const double wanted = std::isnan(d) ? 0.0 : std::min(std::max(std::nearbyint(d), 0.0), 255.0);
    ASSERT_EQ(detail::Narrow<std::uint8_t>::from(d), wanted) << std::hexfloat << d;
    const auto f = static_cast<float>(d);
    const float wanted_f = std::isnan(f) ? 0.0f : std::min(std::max(std::nearbyint(f), 0.0f), 255.0f);
    ASSERT_EQ(detail::Narrow<std::uint8_t>::from(f), wanted_f) << std::hexfloat << f;
  };
  for (int halves = -6; halves < 520; ++halves) {
    const double d = 0.5 * halves;
    for (double near : {d, std::nextafter(d, -1e9), std::nextafter(d, 1e9), d - 1e-5, d + 1e-5}) check(near);
    check(static_cast<double>(std::nextafter(static_cast<float>(d), 1e9f)));
    check(static_cast<double>(std::nextafter(static_cast<float>(d), -1e9f)));
  }
  using L = std::numeric_limits<double>;
  for (double d : {L::infinity(), L::max(), 1e30, L::denorm_min(), L::quiet_NaN(), 4294967297.0, 1.8e19}) {
    check(d);
    check(-d);
  }
}

TEST(Convert, RoundToOddKeepsWhatASecondRoundingNeeds) {
  EXPECT_EQ(detail::round_to_odd(1.0), 1.0f) << "exact values stay";
  EXPECT_EQ(test::bits_of(detail::round_to_odd(1.0 + 0x1p-40)), 0x3f800001u);
  EXPECT_EQ(test::bits_of(detail::round_to_odd(1.0 - 0x1p-40)), 0x3f7fffffu);
  EXPECT_EQ(test::bits_of(detail::round_to_odd(-1.0 - 0x1p-40)), 0xbf800001u);
  EXPECT_EQ(test::bits_of(detail::round_to_odd(1e-300)), 1u) << "not zero: something was lost";
  EXPECT_EQ(test::bits_of(detail::round_to_odd(1e300)), 0x7f7fffffu) << "not infinite: that was lost too";
}

}  // namespace
}  // namespace robocache
