// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/geometry/quaternion.hpp>

#include "support/half.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace robocache {
namespace {

using Real = long double;
__extension__ using Quad = __float128;

constexpr Real pi = 3.14159265358979323846264338327950288L;

template <class F>
class Geometry : public ::testing::Test {
 protected:
  static constexpr F eps = std::numeric_limits<F>::epsilon();
  static constexpr bool is_float = sizeof(F) == 4;
  static F nan() { return std::numeric_limits<F>::quiet_NaN(); }
};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Geometry, FloatTypes);

// Elementary functions
// -------------------------------------------------------------------------------------------------

// The largest error found, in units of the last place of the true result.
template <class F>
class WorstUlp {
 public:
  void add(F got, Real expected, F at) {
    const Real error = std::fabs(static_cast<Real>(got) - expected) / test::ulp<F>(expected);
    if (!(error <= worst_)) {
      worst_ = error;
      at_ = at;
    }
  }
  Real worst() const { return worst_; }
  F at() const { return at_; }

 private:
  Real worst_ = 0;
  F at_ = 0;
};

// Arguments in [low, high]: even steps, the ends, and a geometric sequence toward zero.
template <class F>
std::vector<F> arguments(Real high) {
  std::vector<F> result = {F(0), static_cast<F>(high)};
  for (int i = 0; i < 200'000; ++i) result.push_back(static_cast<F>(high * i / 200'000));
  for (Real x = high; x > 1e-30L; x *= 0.97L) result.push_back(static_cast<F>(x));
  return result;
}

TYPED_TEST(Geometry, PolynomialsKeepTheirBounds) {
  using F = TypeParam;
  WorstUlp<F> sinc_error, atan_error;
  for (F u : arguments<F>(pi * pi / 4)) {
    const Real x = std::sqrt(static_cast<Real>(u));
    sinc_error.add(detail::sinc_of_square(u), x == 0 ? 1 : std::sin(x) / x, u);
  }
  EXPECT_LE(sinc_error.worst(), 1.5L) << "at u = " << sinc_error.at();

  Real worst = 0;
  for (F u : arguments<F>(pi * pi / 4)) {
    const Real expected = std::cos(std::sqrt(static_cast<Real>(u)));
    worst = std::max(worst, std::fabs(static_cast<Real>(detail::cos_of_square(u)) - expected));
  }
  EXPECT_LE(worst, 1.0L * this->eps) << "absolute: near pi/2 the result vanishes";

  for (F u : arguments<F>(1)) {
    const Real x = std::sqrt(static_cast<Real>(u));
    atan_error.add(detail::atanc_of_square(u), x == 0 ? 1 : std::atan(x) / x, u);
  }
  EXPECT_LE(atan_error.worst(), 2.0L) << "at u = " << atan_error.at();
}

TYPED_TEST(Geometry, FirstQuadrantAngleIsWithinFourUlp) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(1);
  WorstUlp<F> error;
  for (int i = 0; i < 200'000; ++i) {
    const F y = static_cast<F>(std::ldexp(random.unit(), -static_cast<int>(random.below(i % 2 == 0 ? 2 : 40))));
    const F x = static_cast<F>(std::ldexp(random.unit(), -static_cast<int>(random.below(i % 2 == 0 ? 2 : 40))));
    if (x == 0 && y == 0) continue;
    error.add(detail::first_quadrant_angle(y, x), std::atan2(static_cast<Real>(y), static_cast<Real>(x)), y);
  }
  EXPECT_LE(error.worst(), 4.0L) << "at y = " << error.at();
  EXPECT_EQ(detail::first_quadrant_angle(F(0), F(0)), F(0));
  EXPECT_EQ(detail::first_quadrant_angle(F(0), F(3)), F(0));
  EXPECT_EQ(detail::first_quadrant_angle(F(3), F(0)), static_cast<F>(pi / 2));
  EXPECT_TRUE(detail::is_nan(detail::first_quadrant_angle(this->nan(), F(1))));
}

// x - 2 pi n, nearest to zero, with 2 pi to 113 bits.
Real wrapped_exactly(Real x) {
  const Quad two_pi =
      2 * (Quad(3.141592653589793116) + Quad(1.2246467991473532072e-16) - Quad(2.9947698097183396659e-33));
  const Real turns = std::nearbyint(x / (2 * pi));
  return static_cast<Real>(Quad(x) - Quad(turns) * two_pi);
}

// On the circle: results next to pi and -pi are close.
Real circle_distance(Real a, Real b) { return std::fabs(wrapped_exactly(a - b)); }

TYPED_TEST(Geometry, WrapAngleKeepsPrecisionInItsStatedRange) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(2);
  const F half_turn = static_cast<F>(pi);
  const Real largest = this->is_float ? 1e5L : 1e12L;
  Real worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Real span = i % 2 == 0 ? largest : 20.0L;
    F x = static_cast<F>(span * static_cast<Real>(random.signed_unit()));
    if (i % 5 == 0) x = static_cast<F>(pi * static_cast<Real>(random.between(-31, 31)));  // at the seam and at zero
    if (i % 15 == 0) x = std::nextafter(x, F(0));
    const F wrapped = detail::wrap_angle(x);
    ASSERT_LE(wrapped, half_turn) << x;
    ASSERT_GT(wrapped, -half_turn) << x;
    const Real distance = circle_distance(static_cast<Real>(wrapped), wrapped_exactly(static_cast<Real>(x)));
    worst = std::max(worst, distance);
  }
  EXPECT_LE(worst, 3.0L * this->eps) << "three roundings, each at most half a unit at pi, which is one epsilon";
}

TYPED_TEST(Geometry, WrapAngleOfAnyFiniteValueIsInRange) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  using L = std::numeric_limits<F>;
  test::Random random(4);
  const F half_turn = static_cast<F>(pi);
  std::vector<F> inputs = {L::max(), -L::max(), L::denorm_min(), F(1e9), F(-1e9), F(1e20), F(-1e20), F(1e38)};
  for (int i = 0; i < 200'000; ++i)
    inputs.push_back(test::from_bits<F>(static_cast<typename test::Format<F>::bits>(random.next())));
  for (F x : inputs) {
    if (!std::isfinite(x)) continue;
    const F wrapped = detail::wrap_angle(x);
    ASSERT_TRUE(wrapped > -half_turn && wrapped <= half_turn) << x << " -> " << wrapped;
  }
  EXPECT_TRUE(detail::is_nan(detail::wrap_angle(L::infinity())));
  EXPECT_TRUE(detail::is_nan(detail::wrap_angle(-L::infinity())));
  EXPECT_TRUE(detail::is_nan(detail::wrap_angle(L::quiet_NaN())));

  // What is in range stays as it is.
  for (int i = 0; i < 100'000; ++i) {
    const F x = static_cast<F>(3.14 * random.signed_unit());
    ASSERT_EQ(detail::wrap_angle(x), x);
  }
  EXPECT_EQ(detail::wrap_angle(half_turn), half_turn);
  EXPECT_EQ(detail::wrap_angle(-half_turn), half_turn) << "the interval is open at -pi";
  EXPECT_EQ(detail::wrap_angle(F(0)), F(0));
}

// Quaternions
// ----------------------------------------------------------------------------------------------------------

// The test's own quaternions: long double, textbook formulas.
struct Q {
  Real x, y, z, w;
};
struct V {
  Real x, y, z;
};

template <class F>
Q wide(const Quaternion<F>& q) {
  return {static_cast<Real>(q.x), static_cast<Real>(q.y), static_cast<Real>(q.z), static_cast<Real>(q.w)};
}
template <class F>
V wide(const Vector3<F>& v) {
  return {static_cast<Real>(v.x), static_cast<Real>(v.y), static_cast<Real>(v.z)};
}
template <class F>
Quaternion<F> narrow(const Q& q) {
  return {static_cast<F>(q.x), static_cast<F>(q.y), static_cast<F>(q.z), static_cast<F>(q.w)};
}
Real norm(const Q& q) { return std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w); }
Real norm(const V& v) { return std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z); }
Q times(Real s, const Q& q) { return {s * q.x, s * q.y, s * q.z, s * q.w}; }
Q plus(const Q& a, const Q& b) { return {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w}; }
Q unit(const Q& q) { return times(1 / norm(q), q); }
Q conjugate(const Q& q) { return {-q.x, -q.y, -q.z, q.w}; }
Q multiply(const Q& a, const Q& b) {
  return {a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y, a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
          a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w, a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z};
}
V rotate(const Q& q, const V& v) {
  const Q r = multiply(multiply(q, Q{v.x, v.y, v.z, 0}), conjugate(q));
  return {r.x, r.y, r.z};
}
Q exponential(const V& v) {
  const Real angle = norm(v), s = angle == 0 ? 0.5L : std::sin(angle / 2) / angle;
  return {v.x * s, v.y * s, v.z * s, std::cos(angle / 2)};
}
Real distance(const Q& a, const Q& b) { return norm(plus(a, times(-1, b))); }
Real rotation_distance(const Q& a, const Q& b) { return std::min(distance(a, b), distance(a, times(-1, b))); }

Real random_real(test::Random& random) { return static_cast<Real>(random.signed_unit()); }
Q random_quaternion(test::Random& random) {
  for (;;) {
    const Q q = {random_real(random), random_real(random), random_real(random), random_real(random)};
    if (norm(q) > 0.1L) return unit(q);
  }
}
V random_axis(test::Random& random) {
  for (;;) {
    const V v = {random_real(random), random_real(random), random_real(random)};
    const Real n = norm(v);
    if (n > 0.1L) return {v.x / n, v.y / n, v.z / n};
  }
}
V scaled_axis(const V& v, Real s) { return {v.x * s, v.y * s, v.z * s}; }

// Where the rounding of sums and of branches is likeliest to go wrong: axes, half turns, equal components.
std::vector<Q> special_quaternions() {
  std::vector<Q> result;
  for (int code = 1; code < 81; ++code) {
    const int digits[4] = {code % 3 - 1, code / 3 % 3 - 1, code / 9 % 3 - 1, code / 27 - 1};
    const Q q = {Real(digits[0]), Real(digits[1]), Real(digits[2]), Real(digits[3])};
    if (norm(q) == 0) continue;
    result.push_back(unit(q));
    result.push_back(unit(Q{q.x, q.y + 1e-4L, q.z - 1e-9L, q.w + 1e-6L}));
  }
  return result;
}

template <class F>
std::vector<Quaternion<F>> quaternions(test::Random& random, int count) {
  std::vector<Quaternion<F>> result;
  for (const Q& q : special_quaternions()) result.push_back(narrow<F>(q));
  for (int i = 0; i < count; ++i) result.push_back(narrow<F>(random_quaternion(random)));
  return result;
}

template <class F>
bool all_canonical_nan(const Quaternion<F>& q) {
  for (F v : {q.x, q.y, q.z, q.w}) {
    if (test::bits_of(v) != test::Format<F>::nan) return false;
  }
  return true;
}

TYPED_TEST(Geometry, ProductFollowsHamiltonAndTheGroupLaws) {
  using F = TypeParam;
  const Quaternion<F> i{1, 0, 0, 0}, j{0, 1, 0, 0}, k{0, 0, 1, 0}, one{0, 0, 0, 1};
  const auto expect = [](const Quaternion<F>& got, const Quaternion<F>& wanted, const char* what) {
    EXPECT_TRUE(got.x == wanted.x && got.y == wanted.y && got.z == wanted.z && got.w == wanted.w) << what;
  };
  expect(product(i, j), k, "ij = k");
  expect(product(j, k), i, "jk = i");
  expect(product(k, i), j, "ki = j");
  expect(product(j, i), negated(k), "ji = -k");
  expect(product(k, j), negated(i), "kj = -i");
  expect(product(i, k), negated(j), "ik = -j");
  expect(product(i, i), negated(one), "ii = -1");
  expect(product(one, k), k, "1k = k");

  SCOPED_TRACE(test::seed_trace());
  test::Random random(10);
  const std::vector<Quaternion<F>> samples = quaternions<F>(random, 3000);
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const Quaternion<F>& a = samples[n];
    const Quaternion<F>& b = samples[(n * 7 + 3) % samples.size()];
    const Quaternion<F>& c = samples[(n * 13 + 5) % samples.size()];
    const Real tolerance = 4.0L * this->eps;
    ASSERT_LE(distance(wide(product(a, b)), multiply(wide(a), wide(b))), tolerance);
    ASSERT_LE(distance(wide(product(product(a, b), c)), wide(product(a, product(b, c)))), 2 * tolerance);
    ASSERT_EQ(distance(wide(product(a, one)), wide(a)), 0) << "identity";
    ASSERT_EQ(distance(wide(product(one, a)), wide(a)), 0) << "identity";
    ASSERT_LE(distance(wide(product(a, conjugated(a))), wide(one)), tolerance) << "inverse";
    ASSERT_LE(distance(wide(product(conjugated(a), a)), wide(one)), tolerance) << "inverse";
    ASSERT_LE(distance(wide(conjugated(product(a, b))), wide(product(conjugated(b), conjugated(a)))), tolerance);
    // "the rotation b, then a"
    const V v = {0.3L, -0.4L, 0.5L};
    const V turned = rotate(unit(wide(product(a, b))), v), twice = rotate(unit(wide(a)), rotate(unit(wide(b)), v));
    ASSERT_LE(norm(V{turned.x - twice.x, turned.y - twice.y, turned.z - twice.z}), 2 * tolerance);
  }
}

TYPED_TEST(Geometry, NormalizedIsAccurateForEveryNorm) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(11);
  using L = std::numeric_limits<F>;
  for (int exponent = L::min_exponent - 1; exponent < L::max_exponent; ++exponent) {
    for (int n = 0; n < 20; ++n) {
      const Q direction = random_quaternion(random);
      const Quaternion<F> q = narrow<F>(times(std::ldexp(1.0L, exponent), direction));
      const Quaternion<F> got = normalized(q);
      ASSERT_LE(distance(wide(got), unit(wide(q))), 3.0L * this->eps) << "norm 2^" << exponent;
      ASSERT_NEAR(static_cast<double>(norm(wide(got))), 1.0, 2.0 * this->eps) << "norm 2^" << exponent;
    }
  }

  // Subnormal, overflowing and lopsided.
  const F tiny = L::denorm_min(), huge = L::max();
  const Quaternion<F> inputs[] = {{tiny, 0, 0, 0},        {tiny, tiny, tiny, tiny},  {huge, huge, huge, huge},
                                  {huge, tiny, 0, -huge}, {0, 0, -tiny, 3 * tiny},   {huge, 0, 0, 0},
                                  {L::min(), 1, 0, 0},    {0, L::min(), L::min(), 0}};
  for (const Quaternion<F>& q : inputs) {
    const Q expected = unit(
        times(1 / std::max({std::fabs(Real(q.x)), std::fabs(Real(q.y)), std::fabs(Real(q.z)), std::fabs(Real(q.w))}),
              wide(q)));
    EXPECT_LE(distance(wide(normalized(q)), expected), 3.0L * this->eps)
        << q.x << ' ' << q.y << ' ' << q.z << ' ' << q.w;
  }
}

TYPED_TEST(Geometry, NormalizedOfNothingIsCanonicalNan) {
  using F = TypeParam;
  using L = std::numeric_limits<F>;
  EXPECT_TRUE(all_canonical_nan(normalized(Quaternion<F>{0, 0, 0, 0})));
  EXPECT_TRUE(all_canonical_nan(normalized(Quaternion<F>{F(-0.0), 0, F(-0.0), 0})));
  for (F bad : {L::quiet_NaN(), -L::quiet_NaN(), L::infinity(), -L::infinity()}) {
    for (int place = 0; place < 4; ++place) {
      F v[4] = {F(0.5), F(0.5), F(0.5), F(0.5)};
      v[place] = bad;
      EXPECT_TRUE(all_canonical_nan(normalized(Quaternion<F>{v[0], v[1], v[2], v[3]}))) << bad << " at " << place;
      F alone[4] = {};
      alone[place] = bad;
      EXPECT_TRUE(all_canonical_nan(normalized(Quaternion<F>{alone[0], alone[1], alone[2], alone[3]}))) << bad;
    }
  }
}

// Slerp in long double, from the same chord formula, with the arc chosen as the shortest; exact for equal ends.
Q slerp_exactly(const Q& a, Q b, Real weight) {
  if (a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w < 0) b = times(-1, b);
  const Real angle = 2 * std::atan2(norm(plus(a, times(-1, b))), norm(plus(a, b)));
  if (angle < 1e-15L) return unit(plus(times(1 - weight, a), times(weight, b)));
  return plus(times(std::sin((1 - weight) * angle) / std::sin(angle), a),
              times(std::sin(weight * angle) / std::sin(angle), b));
}

TYPED_TEST(Geometry, SlerpOfRandomPairs) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(20);
  const std::vector<Quaternion<F>> samples = quaternions<F>(random, 5000);
  Real worst = 0;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const Quaternion<F> a = normalized(samples[n]), b = normalized(samples[(n * 31 + 7) % samples.size()]);
    if (std::fabs(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w) < 1e-4) continue;  // both ways round are shortest
    for (F weight : {F(0), F(0.25), F(0.5), static_cast<F>(random.unit()), F(1)}) {
      const Quaternion<F> got = slerp(a, b, weight);
      worst = std::max(worst, distance(wide(got), slerp_exactly(unit(wide(a)), unit(wide(b)), weight)));
      ASSERT_NEAR(static_cast<double>(norm(wide(got))), 1.0, 2.0 * this->eps);
    }
  }
  EXPECT_LE(worst, 5.0L * this->eps);
}

TYPED_TEST(Geometry, SlerpEndsMiddleAndConstantVelocity) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(21);
  for (int n = 0; n < 5000; ++n) {
    const Quaternion<F> a = normalized(narrow<F>(random_quaternion(random)));
    const Quaternion<F> b = normalized(narrow<F>(random_quaternion(random)));
    ASSERT_LE(distance(wide(slerp(a, b, F(0))), wide(a)), 3.0L * this->eps) << "the sign is that of a";
    ASSERT_LE(rotation_distance(wide(slerp(a, b, F(1))), wide(b)), 3.0L * this->eps);
    const Quaternion<F> forth = slerp(a, b, F(0.5)), back = slerp(b, a, F(0.5));
    ASSERT_LE(rotation_distance(wide(forth), wide(back)), 6.0L * this->eps) << "the middle is one";
    const Quaternion<F> same = slerp(a, a, static_cast<F>(random.unit()));
    ASSERT_LE(distance(wide(same), wide(a)), 3.0L * this->eps);
    const Quaternion<F> flipped = slerp(a, negated(a), static_cast<F>(random.unit()));
    ASSERT_LE(distance(wide(flipped), wide(a)), 3.0L * this->eps) << "-a is the rotation a";
    const Q first = wide(slerp(a, b, F(0.25))), last = wide(slerp(a, b, F(0.75)));
    ASSERT_LE(std::fabs(distance(first, wide(forth)) - distance(wide(forth), last)), 8.0L * this->eps) << "velocity";
  }
}

TYPED_TEST(Geometry, SlerpOfNearlyEqualRotations) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(22);
  for (Real angle : {1e-1L, 1e-2L, 1e-3L, 1e-4L, 1e-5L, 1e-6L, 1e-7L, 1e-8L, 1e-9L, 1e-10L, 1e-11L, 1e-12L, 1e-15L}) {
    for (int n = 0; n < 300; ++n) {
      const Q from = random_quaternion(random);
      const Q to = multiply(from, exponential(scaled_axis(random_axis(random), angle)));
      const Quaternion<F> a = normalized(narrow<F>(from)), b = normalized(narrow<F>(times(n % 2 == 0 ? 1 : -1, to)));
      const F weight = static_cast<F>(random.unit());
      const Quaternion<F> got = slerp(a, b, weight);
      // Relative to the arc as rounded: 1e-12 rad in double leave 4 digits of it.
      ASSERT_LE(distance(wide(got), slerp_exactly(unit(wide(a)), unit(wide(b)), weight)), 3.0L * this->eps) << angle;
    }
  }
}

// The angle travelled, seen from an exactly representable start, shows the relative precision that the chord keeps.
TYPED_TEST(Geometry, SlerpOfATinyArcFromTheIdentityIsRelativelyExact) {
  using F = TypeParam;
  for (Real angle = 1e-2L; angle > 1e-15L; angle /= 3) {
    const Quaternion<F> a{0, 0, 0, 1},
        b{static_cast<F>(std::sin(angle / 2)), 0, 0, static_cast<F>(std::cos(angle / 2))};
    for (F weight : {F(0.1), F(0.5), F(0.9)}) {
      const Real expected = slerp_exactly(unit(wide(a)), unit(wide(b)), weight).x;
      EXPECT_LE(std::fabs(static_cast<Real>(slerp(a, b, weight).x) - expected), 4 * this->eps * std::fabs(expected))
          << angle << ' ' << weight;
    }
  }
}

TYPED_TEST(Geometry, SlerpOfNearlyOppositeRotations) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(23);
  // Rotations by almost half a turn against each other: the two quaternions are almost orthogonal.
  for (Real short_of : {1e-1L, 1e-2L, 1e-3L, 1e-4L, 1e-5L, 1e-8L, 1e-12L}) {
    if (short_of < 40 * static_cast<Real>(this->eps)) continue;
    for (int n = 0; n < 300; ++n) {
      const Q from = random_quaternion(random);
      const Q to = multiply(from, exponential(scaled_axis(random_axis(random), pi - short_of)));
      const Quaternion<F> a = normalized(narrow<F>(from)), b = normalized(narrow<F>(times(n % 2 == 0 ? 1 : -1, to)));
      const F weight = static_cast<F>(random.unit());
      const Quaternion<F> got = slerp(a, b, weight);
      ASSERT_LE(distance(wide(got), slerp_exactly(unit(wide(a)), unit(wide(b)), weight)), 5.0L * this->eps) << short_of;
    }
  }

  // Exactly half a turn: one of the two ways, the whole of it.
  const Quaternion<F> a{0, 0, 0, 1};
  for (const Quaternion<F>& b :
       {Quaternion<F>{1, 0, 0, 0}, Quaternion<F>{0, -1, 0, 0}, Quaternion<F>{0, F(0.6), F(0.8), 0}}) {
    for (F weight : {F(0), F(0.125), F(0.5), F(1)}) {
      const Quaternion<F> got = slerp(a, b, weight);
      EXPECT_NEAR(static_cast<double>(norm(wide(got))), 1.0, 2.0 * this->eps);
      EXPECT_NEAR(static_cast<double>(got.w), std::cos(static_cast<double>(weight) * 1.5707963267948966),
                  4.0 * this->eps);
    }
  }
}

TYPED_TEST(Geometry, SlerpExtrapolatesAtTheSameVelocityAndSign) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(25);
  for (int n = 0; n < 4000; ++n) {
    const Q from = random_quaternion(random);
    const Real angle =
        n % 2 == 0 ? 3.0L * static_cast<Real>(random.unit()) : std::ldexp(1.0L, -static_cast<int>(random.below(30)));
    const Q to = multiply(from, exponential(scaled_axis(random_axis(random), angle)));
    const Quaternion<F> a = normalized(narrow<F>(from)), b = normalized(narrow<F>(to));
    for (Real w : {-7.3L, -1.0L, -0.01L, 1.01L, 2.0L, 3.5L, 10.0L}) {
      const F weight = static_cast<F>(w);
      const Q expected = slerp_exactly(unit(wide(a)), unit(wide(b)), static_cast<Real>(weight));
      const Quaternion<F> got = slerp(a, b, weight);
      ASSERT_LE(distance(wide(got), expected), (4 + 4 * std::fabs(w)) * this->eps)
          << "angle " << static_cast<double>(angle) << " weight " << weight;
      ASSERT_NEAR(static_cast<double>(norm(wide(got))), 1.0, 4.0 * this->eps);
    }
  }
}

TYPED_TEST(Geometry, SlerpOfNanIsNan) {
  using F = TypeParam;
  const Quaternion<F> a{0, 0, 0, 1}, b{F(0.6), 0, 0, F(0.8)}, bad = normalized(Quaternion<F>{0, 0, 0, 0});
  EXPECT_TRUE(detail::is_nan(slerp(a, b, this->nan()).w));
  for (const Quaternion<F>& q : {slerp(bad, b, F(0.5)), slerp(a, bad, F(0.5)), slerp(a, bad, F(1.5))}) {
    EXPECT_TRUE(detail::is_nan(q.x) && detail::is_nan(q.y) && detail::is_nan(q.z) && detail::is_nan(q.w));
  }
}

// Rotation vectors and columns
// -----------------------------------------------------------------------------------------

template <class F>
Vector3<F> narrow(const V& v) {
  return {static_cast<F>(v.x), static_cast<F>(v.y), static_cast<F>(v.z)};
}

TYPED_TEST(Geometry, ExponentialOfARotationVector) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(30);
  for (Real angle : {0.0L, 1e-30L, 1e-20L, 1e-12L, 1e-7L, 1e-3L, 0.5L, 1.0L, 3.0L, pi - 1e-3L, pi - 1e-6L, pi,
                     pi + 1e-6L, 5.0L, 2 * pi - 1e-5L, 2 * pi, 7.0L, 30.0L}) {
    for (int n = 0; n < 200; ++n) {
      const Vector3<F> v = narrow<F>(scaled_axis(random_axis(random), angle));
      const Quaternion<F> got = from_rotation_vector(v);
      const Q expected = exponential(wide(v));
      // The angle is rounded relative to itself.
      ASSERT_LE(rotation_distance(wide(got), expected), (3 + angle) * this->eps) << static_cast<double>(angle);
      if (angle > 0 && angle < 1) {
        ASSERT_LE(std::fabs(static_cast<Real>(got.x) - expected.x), 4 * this->eps * std::fabs(expected.x))
            << "relative for small angles, " << static_cast<double>(angle);
      }
    }
  }
}

TYPED_TEST(Geometry, RotationVectorsRoundTrip) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(31);
  for (Real angle : {0.0L, 1e-30L, 1e-20L, 1e-12L, 1e-7L, 1e-4L, 1e-2L, 0.5L, 1.0L, 1.5L, 2.0L, 3.0L, pi - 1e-2L,
                     pi - 1e-4L, pi - 1e-5L}) {
    for (int n = 0; n < 200; ++n) {
      const Vector3<F> v = narrow<F>(scaled_axis(random_axis(random), angle));
      const Vector3<F> back = to_rotation_vector(from_rotation_vector(v));
      const V error = {Real(back.x) - Real(v.x), Real(back.y) - Real(v.y), Real(back.z) - Real(v.z)};
      // Relative to the vector: near zero nothing may be lost either.
      ASSERT_LE(norm(error), 8 * this->eps * norm(wide(v))) << static_cast<double>(angle);
    }
  }
}

TYPED_TEST(Geometry, LogarithmOfUnitQuaternions) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(32);
  std::vector<Quaternion<F>> samples = quaternions<F>(random, 5000);
  for (int n = 0; n < 1000; ++n) {  // near half a turn, on either side of it
    const Q turn = exponential(scaled_axis(
        random_axis(random), pi + random_real(random) * std::ldexp(1.0L, -static_cast<int>(random.below(40)))));
    samples.push_back(narrow<F>(turn));
  }
  const Real half_turn = static_cast<Real>(static_cast<F>(pi));
  for (const Quaternion<F>& sample : samples) {
    const Quaternion<F> q = normalized(sample);
    const Vector3<F> v = to_rotation_vector(q);
    ASSERT_LE(norm(wide(v)), half_turn * (1 + 2 * this->eps)) << "angle in [0, pi]";
    ASSERT_LE(rotation_distance(exponential(wide(v)), unit(wide(q))), 5 * this->eps)
        << q.x << ' ' << q.y << ' ' << q.z << ' ' << q.w;
  }
  const Vector3<F> none = to_rotation_vector(Quaternion<F>{0, 0, 0, 1});
  EXPECT_TRUE(none.x == 0 && none.y == 0 && none.z == 0);
  const Vector3<F> negative = to_rotation_vector(Quaternion<F>{0, 0, 0, -1});
  EXPECT_TRUE(negative.x == 0 && negative.y == 0 && negative.z == 0);
}

TYPED_TEST(Geometry, ColumnsAreThoseOfTheRotationMatrix) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(33);
  for (const Quaternion<F>& sample : quaternions<F>(random, 3000)) {
    const Quaternion<F> q = normalized(sample);
    const Columns<F> columns = to_columns(q);
    const V first = rotate(unit(wide(q)), V{1, 0, 0}), second = rotate(unit(wide(q)), V{0, 1, 0});
    const V got_first = wide(columns.first), got_second = wide(columns.second);
    ASSERT_LE(norm(V{got_first.x - first.x, got_first.y - first.y, got_first.z - first.z}), 6 * this->eps);
    ASSERT_LE(norm(V{got_second.x - second.x, got_second.y - second.y, got_second.z - second.z}), 6 * this->eps);
    ASSERT_LE(rotation_distance(wide(from_columns(columns)), wide(q)), 6 * this->eps)
        << q.x << ' ' << q.y << ' ' << q.z << ' ' << q.w;
  }
}

TYPED_TEST(Geometry, ColumnsAreOrthonormalisedAsGramSchmidtDoes) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(34);
  for (int n = 0; n < 3000; ++n) {
    const Q q = random_quaternion(random);
    const V x = rotate(q, V{1, 0, 0}), y = rotate(q, V{0, 1, 0});
    // The first column of any length, the second sheared along the first.
    const Real length = std::ldexp(1.0L, static_cast<int>(random.between(-20, 20)));
    const Real width = std::ldexp(1.0L, static_cast<int>(random.between(-20, 20)));
    const Real shear = 2 * random_real(random);
    const Columns<F> columns = {
        narrow<F>(scaled_axis(x, length)),
        narrow<F>(V{width * (y.x + shear * x.x), width * (y.y + shear * x.y), width * (y.z + shear * x.z)})};
    const Quaternion<F> got = from_columns(columns);
    ASSERT_LE(rotation_distance(wide(got), q), 20 * this->eps) << "shear " << static_cast<double>(shear);
    ASSERT_NEAR(static_cast<double>(norm(wide(got))), 1.0, 2.0 * this->eps);
  }

  // Parallel, zero or not finite.
  const Vector3<F> zero{0, 0, 0}, x{1, 0, 0}, y{0, 1, 0}, bad{this->nan(), 0, 0},
      infinite{std::numeric_limits<F>::infinity(), 0, 0};
  for (const Columns<F>& columns :
       {Columns<F>{zero, y}, Columns<F>{x, zero}, Columns<F>{x, x}, Columns<F>{x, {-3, 0, 0}}, Columns<F>{zero, zero},
        Columns<F>{bad, y}, Columns<F>{x, bad}, Columns<F>{infinite, y}}) {
    EXPECT_TRUE(all_canonical_nan(from_columns(columns)));
  }
}

TYPED_TEST(Geometry, ParallelColumnsOfAnyDirectionAreNan) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(35);
  EXPECT_TRUE(all_canonical_nan(from_columns(Columns<F>{{1, 2, 3}, {2, 4, 6}})));
  for (int n = 0; n < 3000; ++n) {
    const Q q = random_quaternion(random);
    const V x = rotate(q, V{1, 0, 0}), y = rotate(q, V{0, 1, 0});
    // Parallel but for the rounding of their six components, which is at most 1.5 units of roundoff of sine.
    const Real factor = std::ldexp(random.one_in(2) ? -1.1L : 0.7L, static_cast<int>(random.between(-20, 20)));
    const Vector3<F> first = narrow<F>(x);
    ASSERT_TRUE(all_canonical_nan(from_columns(Columns<F>{first, first})));
    ASSERT_TRUE(all_canonical_nan(from_columns(Columns<F>{first, narrow<F>(scaled_axis(x, factor))})));
    // Some hundred times as far apart they are not.
    const Real sine = 1000 * this->eps;
    const Quaternion<F> near =
        from_columns(Columns<F>{first, narrow<F>(V{x.x + sine * y.x, x.y + sine * y.y, x.z + sine * y.z})});
    ASSERT_NEAR(static_cast<double>(norm(wide(near))), 1.0, 2.0 * this->eps);
    ASSERT_LE(rotation_distance(wide(near), q), 1e-2);
  }
}

TYPED_TEST(Geometry, AngularVelocityIsInTheBodyFrame) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(35);
  for (int n = 0; n < 3000; ++n) {
    const Q from = random_quaternion(random);
    const V turn = scaled_axis(random_axis(random), 3.1L * static_cast<Real>(random.unit()));
    const Quaternion<F> a = normalized(narrow<F>(from));
    const Quaternion<F> b = normalized(narrow<F>(times(n % 2 == 0 ? 1 : -1, multiply(from, exponential(turn)))));
    const V got = wide(angular_velocity(a, b, F(8)));
    // An error in the quaternions is twice that in the rotation; 8 is the rate.
    ASSERT_LE(norm(V{got.x - 8 * turn.x, got.y - 8 * turn.y, got.z - 8 * turn.z}), 8 * 10 * this->eps) << n;
  }
}

}  // namespace
}  // namespace robocache
