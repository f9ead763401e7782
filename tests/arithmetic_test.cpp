// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/core/arithmetic.hpp>

#include "support/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace robocache {
namespace {

__extension__ using Wide = __int128;

// Values at and around every power of two, both signs, and the ends: where carries and sign changes happen.
std::vector<std::int64_t> edge_values() {
  std::vector<std::int64_t> values = {0, INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1};
  for (int bit = 0; bit < 63; ++bit) {
    const std::int64_t power = std::int64_t{1} << bit;
    for (std::int64_t near : {power - 1, power, power + 1}) {
      values.push_back(near);
      values.push_back(-near);
    }
  }
  return values;
}

std::int64_t held(Wide value) {
  return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : static_cast<std::int64_t>(value);
}

TEST(Arithmetic, SaturatingAddOfEdgesAndRandomPairs) {
  const std::vector<std::int64_t> values = edge_values();
  for (std::int64_t a : values) {
    for (std::int64_t b : values) ASSERT_EQ(detail::saturating_add(a, b), held(Wide{a} + b)) << a << " + " << b;
  }
  SCOPED_TRACE(test::seed_trace());
  test::Random random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto a = static_cast<std::int64_t>(random.next()), b = static_cast<std::int64_t>(random.next());
    ASSERT_EQ(detail::saturating_add(a, b), held(Wide{a} + b)) << a << " + " << b;
  }
}

TEST(Arithmetic, DistanceIsExactForEveryOrderedPair) {
  EXPECT_EQ(detail::distance(INT64_MAX, INT64_MIN), UINT64_MAX);
  EXPECT_EQ(detail::distance(INT64_MIN, INT64_MIN), 0u);
  EXPECT_EQ(detail::distance(0, INT64_MIN), std::uint64_t{1} << 63);
  const std::vector<std::int64_t> values = edge_values();
  for (std::int64_t a : values) {
    for (std::int64_t b : values) {
      if (a < b) continue;
      ASSERT_EQ(detail::distance(a, b), static_cast<std::uint64_t>(Wide{a} - b)) << a << " - " << b;
    }
  }
}

// Ties to even in integers: independent of the rounding functions of the library and of libm.
std::int64_t nearest_int64(double a) {
  if (a != a) return 0;
  int exponent;
  const double fraction = std::frexp(a, &exponent);  // a = fraction * 2^exponent
  auto mantissa = static_cast<Wide>(std::ldexp(fraction, 53));
  exponent -= 53;
  if (exponent > 20) return a > 0 ? INT64_MAX : INT64_MIN;
  if (exponent >= 0) return held(mantissa * (Wide{1} << exponent));
  if (exponent < -60) return 0;
  const Wide one = Wide{1} << -exponent;
  Wide whole = mantissa >= 0 ? mantissa / one : -((-mantissa + one - 1) / one);
  const Wide rest = mantissa - whole * one;
  if (2 * rest > one || (2 * rest == one && (whole & 1))) ++whole;
  return held(whole);
}

TEST(Arithmetic, ToInt64RoundsToEvenAndHoldsAtTheEnds) {
  EXPECT_EQ(detail::to_int64(std::numeric_limits<double>::quiet_NaN()), 0);
  EXPECT_EQ(detail::to_int64(-std::numeric_limits<double>::quiet_NaN()), 0);
  EXPECT_EQ(detail::to_int64(std::numeric_limits<double>::infinity()), INT64_MAX);
  EXPECT_EQ(detail::to_int64(-std::numeric_limits<double>::infinity()), INT64_MIN);
  volatile double limit = 9223372036854775808.0;  // not folded: the conversion of an instruction would wrap
  EXPECT_EQ(detail::to_int64(limit), INT64_MAX);
  EXPECT_EQ(detail::to_int64(2 * limit), INT64_MAX);
  EXPECT_EQ(detail::to_int64(-2 * limit), INT64_MIN);
  EXPECT_EQ(detail::to_int64(9223372036854774784.0), 9223372036854774784);
  EXPECT_EQ(detail::to_int64(-9223372036854775808.0), INT64_MIN);
  EXPECT_EQ(detail::to_int64(-9223372036854774784.0), -9223372036854774784);
  EXPECT_EQ(detail::to_int64(0.5), 0);
  EXPECT_EQ(detail::to_int64(1.5), 2);
  EXPECT_EQ(detail::to_int64(2.5), 2);
  EXPECT_EQ(detail::to_int64(-0.5), 0);
  EXPECT_EQ(detail::to_int64(-1.5), -2);
  EXPECT_EQ(detail::to_int64(0.49999999999999994), 0) << "the sum with 0.5 would round up";
  EXPECT_EQ(detail::to_int64(4503599627370497.5), 4503599627370498);
  EXPECT_EQ(detail::to_int64(5e-324), 0);
  SCOPED_TRACE(test::seed_trace());
  test::Random random(2);
  for (int i = 0; i < 1'000'000; ++i) {
    const double any = detail::bit_cast<double>(random.next());
    ASSERT_EQ(detail::to_int64(any), nearest_int64(any)) << any;
    const double scaled = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random.next())), -(i % 64));
    ASSERT_EQ(detail::to_int64(scaled), nearest_int64(scaled)) << scaled;
    const double half = static_cast<double>(static_cast<std::int64_t>(random.next()) >> 20) + 0.5;
    ASSERT_EQ(detail::to_int64(half), nearest_int64(half)) << half;
  }
}

template <class F>
class ArithmeticOf : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(ArithmeticOf, FloatTypes);

TYPED_TEST(ArithmeticOf, FmaRoundsOnce) {
  using F = TypeParam;
  const F eps = std::numeric_limits<F>::epsilon();
  EXPECT_EQ(detail::fma(F(1) + eps, F(1) - eps, F(-1)), -eps * eps) << "a rounded product would give 0";
  EXPECT_EQ(detail::fma(F(1) + eps, F(1) + eps, F(-1) - 2 * eps), eps * eps);
  const F huge = std::numeric_limits<F>::max();
  EXPECT_EQ(detail::fma(huge, F(2), -huge), huge) << "no overflow in between";
}

TYPED_TEST(ArithmeticOf, HornerEvaluatesInTheOrderOfItsDocumentation) {
  using F = TypeParam;
  EXPECT_EQ(detail::horner(F(3), F(7)), F(7));
  EXPECT_EQ(detail::horner(F(2), F(1), F(10), F(100)), F(421));
  EXPECT_EQ(detail::horner(F(-2), F(1), F(10), F(100), F(1000)), F(1 - 20 + 400 - 8000));
  const F eps = std::numeric_limits<F>::epsilon();
  EXPECT_EQ(detail::horner(F(1) + eps, F(-1), F(1) - eps), -eps * eps) << "fused";
}

TYPED_TEST(ArithmeticOf, DivideAndSquareRootAreTheIeeeOnes) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(3);
  for (int i = 0; i < 300'000; ++i) {
    const F a =
        static_cast<F>(std::ldexp(static_cast<long double>(random.next()), static_cast<int>(random.next() % 40) - 84));
    const F b = static_cast<F>(
        std::ldexp(static_cast<long double>(random.next() | 1), static_cast<int>(random.next() % 40) - 84));
    const F quotient = detail::divide(a, b);
    const F root = detail::square_root(a);
    // The rounded result lies within half a unit: |q*b - a| <= ulp(q)/2 * b, in long double, which holds both exactly
    // for float and to 2^-64 for double.
    const long double half_unit = std::ldexp(1.0L, std::ilogb(quotient) - std::numeric_limits<F>::digits);
    const long double tolerance = half_unit * (1 + 1e-3L);
    ASSERT_LE(std::fabs(static_cast<long double>(quotient) - static_cast<long double>(a) / b), tolerance)
        << a << " / " << b;
    const long double exact_root = std::sqrt(static_cast<long double>(a));
    const long double root_half_unit = std::ldexp(1.0L, std::ilogb(root) - std::numeric_limits<F>::digits);
    ASSERT_LE(std::fabs(static_cast<long double>(root) - exact_root), root_half_unit * (1 + 1e-3L)) << a;
  }
  const F inf = std::numeric_limits<F>::infinity();
  EXPECT_EQ(detail::divide(F(1), F(0)), inf);
  EXPECT_EQ(detail::divide(F(-1), F(0)), -inf);
  EXPECT_TRUE(detail::is_nan(detail::divide(F(0), F(0))));
  EXPECT_TRUE(detail::is_nan(detail::square_root(F(-1))));
  EXPECT_EQ(detail::square_root(std::numeric_limits<F>::denorm_min()) > F(0), true) << "subnormals are not flushed";
}

TYPED_TEST(ArithmeticOf, Classification) {
  using F = TypeParam;
  using L = std::numeric_limits<F>;
  for (F finite : {F(0), F(-0.0), F(1), -L::max(), L::max(), L::denorm_min(), -L::min()}) {
    EXPECT_TRUE(detail::is_finite(finite)) << finite;
    EXPECT_FALSE(detail::is_nan(finite)) << finite;
  }
  for (F infinite : {L::infinity(), -L::infinity()}) {
    EXPECT_FALSE(detail::is_finite(infinite));
    EXPECT_FALSE(detail::is_nan(infinite));
  }
  for (F nan : {L::quiet_NaN(), -L::quiet_NaN(), L::signaling_NaN(), detail::canonical_nan<F>()}) {
    EXPECT_FALSE(detail::is_finite(nan));
    EXPECT_TRUE(detail::is_nan(nan));
  }
  EXPECT_EQ(detail::absolute(F(-3)), F(3));
  EXPECT_FALSE(std::signbit(detail::absolute(F(-0.0))));
}

TEST(Arithmetic, CanonicalNanBits) {
  EXPECT_EQ(detail::bit_cast<std::uint32_t>(detail::canonical_nan<float>()), 0x7fc00000u);
  EXPECT_EQ(detail::bit_cast<std::uint64_t>(detail::canonical_nan<double>()), 0x7ff8000000000000u);
}

TYPED_TEST(ArithmeticOf, RoundToEvenOfHalves) {
  using F = TypeParam;
  for (int k = -1000; k <= 1000; ++k) {
    const F half = static_cast<F>(k) + F(0.5);
    EXPECT_EQ(detail::round_to_even(half), static_cast<F>(k % 2 == 0 ? k : k + 1)) << half;
    EXPECT_EQ(detail::round_to_even(static_cast<F>(k)), static_cast<F>(k));
  }
  const F below_half = std::nextafter(F(0.5), F(0));
  EXPECT_EQ(detail::round_to_even(below_half), F(0));
  const F large = std::ldexp(F(1), std::numeric_limits<F>::digits) + F(2);
  EXPECT_EQ(detail::round_to_even(large), large);
}

TEST(Arithmetic, RoundedProductIsNeverFusedWithAnAddition) {
  // a*a is 1 + 2e + e^2; rounded it loses e^2, fused it keeps it.
  const double e = std::ldexp(1.0, -30);
  volatile double a = 1 + e, c = -(1 + 2 * e);
  EXPECT_EQ(detail::rounded_product(a, a) + c, 0.0);
  EXPECT_EQ(detail::fma(a, a, c), e * e);
}

TEST(Arithmetic, SmallerLargerClamped) {
  EXPECT_EQ(detail::smaller(2, 3), 2);
  EXPECT_EQ(detail::larger(2, 3), 3);
  EXPECT_EQ(detail::clamped(5, 0, 3), 3);
  EXPECT_EQ(detail::clamped(-5, 0, 3), 0);
  EXPECT_EQ(detail::clamped(2, 0, 3), 2);
  EXPECT_EQ(detail::clamped(INT64_MIN, INT64_MIN, INT64_MAX), INT64_MIN);
}

}  // namespace
}  // namespace robocache
