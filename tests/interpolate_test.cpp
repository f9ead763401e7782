// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/interpolate.hpp>

#include "support/half.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

// The one-element functions as a user calls them in code of his own: plan_sample, then evaluate or evaluate_rotation.

namespace robocache {
namespace {

using Real = long double;

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;
constexpr Real pi = 3.14159265358979323846264338327950288L;

template <class F>
class Interpolate : public ::testing::Test {
 protected:
  static constexpr F eps = std::numeric_limits<F>::epsilon();
  static constexpr F nan = std::numeric_limits<F>::quiet_NaN();
};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Interpolate, FloatTypes);

TYPED_TEST(Interpolate, LinearIsExactAtBothEndsAndAccurateBetween) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(1);
  for (int n = 0; n < 100'000; ++n) {
    const F a = static_cast<F>(std::ldexp(random.signed_unit(), static_cast<int>(random.between(-30, 30))));
    const F b = static_cast<F>(std::ldexp(random.signed_unit(), static_cast<int>(random.between(-30, 30))));
    const F w = static_cast<F>(random.unit());
    ASSERT_EQ(linear_between(a, b, F(0)), a);
    ASSERT_EQ(linear_between(a, b, F(1)), b) << "where a + w (b - a) would lose b";
    const Real exact = Real(a) + Real(w) * (Real(b) - Real(a));
    ASSERT_LE(std::fabs(Real(linear_between(a, b, w)) - exact),
              test::ulp<F>(std::max(std::fabs(Real(a)), std::fabs(Real(b)))));
    ASSERT_EQ(linear_between(a, a, w), a);
  }
}

TYPED_TEST(Interpolate, AngleGoesTheShortestWay) {
  using F = TypeParam;
  EXPECT_NEAR(angle_between(F(3), F(-3), F(0.5)), static_cast<F>(pi), 4 * this->eps);
  EXPECT_NEAR(angle_between(F(3), F(-3), F(0.25)), 3.0707963267948966, 8 * this->eps);
  EXPECT_NEAR(angle_between(F(-3), F(3), F(0.75)), 3.0707963267948966, 8 * this->eps);
  EXPECT_NEAR(angle_between(F(0.5), F(-0.5), F(0.25)), 0.25, 4 * this->eps);
  EXPECT_NEAR(angle_between(F(0.5 + 62.83185307179586), F(0.5), F(0.3)), 0.5, 80 * this->eps) << "many turns apart";
  SCOPED_TRACE(test::seed_trace());
  test::Random random(2);
  for (int n = 0; n < 50'000; ++n) {
    const F a = static_cast<F>(3.14 * random.signed_unit()), b = static_cast<F>(3.14 * random.signed_unit());
    const F w = static_cast<F>(random.unit());
    Real way = Real(b) - Real(a);
    if (std::fabs(std::fabs(way) - pi) < 1e-5L) continue;  // both ways are shortest
    way -= 2 * pi * std::nearbyint(way / (2 * pi));
    Real exact = Real(a) + Real(w) * way;
    exact -= 2 * pi * std::nearbyint(exact / (2 * pi));
    const Real got = angle_between(a, b, w);
    const Real error = std::fabs(got - exact);
    ASSERT_LE(std::min(error, 2 * pi - error), 8 * this->eps) << a << ' ' << b << ' ' << w;
    ASSERT_TRUE(got > -pi && got <= Real(static_cast<F>(pi)));
  }
}

TYPED_TEST(Interpolate, HermiteReproducesCubicsAndGoesOnStraight) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(3);
  for (int n = 0; n < 20'000; ++n) {
    const Real c[4] = {Real(random.signed_unit()), Real(random.signed_unit()), Real(random.signed_unit()),
                       Real(random.signed_unit())};
    const auto value = [&](Real x) { return c[0] + x * (c[1] + x * (c[2] + x * c[3])); };
    const auto slope = [&](Real x) { return c[1] + x * (2 * c[2] + x * 3 * c[3]); };
    const F y0 = static_cast<F>(value(0)), y1 = static_cast<F>(value(1)), d0 = static_cast<F>(slope(0)),
            d1 = static_cast<F>(slope(1));
    const F w = static_cast<F>(random.unit());
    ASSERT_EQ(hermite(y0, y1, d0, d1, F(0)), y0);
    ASSERT_EQ(hermite(y0, y1, d0, d1, F(1)), y1);
    ASSERT_NEAR(hermite(y0, y1, d0, d1, w), static_cast<F>(value(w)), 16 * this->eps);
    ASSERT_NEAR(hermite_slope(y0, y1, d0, d1, w), static_cast<F>(slope(w)), 40 * this->eps);
    ASSERT_NEAR(hermite_slope(y0, y1, d0, d1, F(0)), d0, 16 * this->eps);
    ASSERT_NEAR(hermite_slope(y0, y1, d0, d1, F(1)), d1, 16 * this->eps);
    ASSERT_NEAR(hermite(y0, y1, d0, d1, F(-2)), static_cast<F>(Real(y0) - 2 * Real(d0)), 16 * this->eps);
    ASSERT_NEAR(hermite(y0, y1, d0, d1, F(3)), static_cast<F>(Real(y1) + 2 * Real(d1)), 16 * this->eps);
    ASSERT_EQ(hermite_slope(y0, y1, d0, d1, F(-2)), d0);
    ASSERT_EQ(hermite_slope(y0, y1, d0, d1, F(3)), d1);
  }
}

// The reference for smooth kinds: SciPy's and the textbook's formulas in long double, over all samples at once
// ---------

struct Curve {
  std::vector<Real> x, y;

  std::size_t size() const { return x.size(); }
  Real h(std::size_t k) const { return x[k + 1] - x[k]; }
  Real m(std::size_t k) const { return (y[k + 1] - y[k]) / h(k); }

  Real cubic_slope(std::size_t k) const {
    const std::size_t low = k == 0 ? 0 : k - 1, high = std::min(k + 1, size() - 1);
    return (y[high] - y[low]) / (x[high] - x[low]);
  }
  static Real pchip_edge(Real h0, Real h1, Real m0, Real m1) {
    const Real d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1);
    if (!(d * m0 > 0)) return 0;
    if (!(m0 * m1 > 0) && std::fabs(d) > 3 * std::fabs(m0)) return 3 * m0;
    return d;
  }
  Real pchip_slope(std::size_t k) const {
    const std::size_t last = size() - 1;
    if (size() == 2) return m(0);
    if (k == 0) return pchip_edge(h(0), h(1), m(0), m(1));
    if (k == last) return pchip_edge(h(last - 1), h(last - 2), m(last - 1), m(last - 2));
    if (!(m(k - 1) * m(k) > 0)) return 0;
    const Real w1 = 2 * h(k) + h(k - 1), w2 = h(k) + 2 * h(k - 1);
    return (w1 + w2) / (w1 / m(k - 1) + w2 / m(k));
  }
  Real akima_slope(std::size_t k) const {
    if (size() == 2) return m(0);
    std::vector<Real> secants;  // two more on either side
    const Real left = 2 * m(0) - m(1), right = 2 * m(size() - 2) - m(size() - 3);
    secants.push_back(2 * left - m(0));
    secants.push_back(left);
    for (std::size_t i = 0; i + 1 < size(); ++i) secants.push_back(m(i));
    secants.push_back(right);
    secants.push_back(2 * right - m(size() - 2));
    const Real f1 = std::fabs(secants[k + 3] - secants[k + 2]), f2 = std::fabs(secants[k + 1] - secants[k]);
    if (f1 + f2 == 0) return (secants[k + 1] + secants[k + 2]) / 2;
    return (f1 * secants[k + 1] + f2 * secants[k + 2]) / (f1 + f2);
  }
  Real end_slope(Interpolation kind, std::size_t k) const {
    return kind == Interpolation::cubic   ? cubic_slope(k)
           : kind == Interpolation::pchip ? pchip_slope(k)
                                          : akima_slope(k);
  }
  // Value and slope at x[k] + s * h(k).
  Real at(Interpolation kind, std::size_t k, Real s, Real* slope) const {
    if (kind == Interpolation::linear) {
      *slope = m(k);
      return y[k] + s * (y[k + 1] - y[k]);
    }
    const Real d0 = end_slope(kind, k), d1 = end_slope(kind, k + 1), t = s * h(k);
    const Real c2 = (3 * m(k) - 2 * d0 - d1) / h(k), c3 = (d0 + d1 - 2 * m(k)) / (h(k) * h(k));
    *slope = d0 + t * (2 * c2 + 3 * c3 * t);
    return y[k] + t * (d0 + t * (c2 + t * c3));
  }
};

ChannelGroup group_of(Interpolation kind, bool derivative = false) {
  ChannelGroup group = channels(1, kind);
  group.derivative = derivative;
  return group;
}

template <class F, class Stamp, class In>
F value_at(const std::vector<Stamp>& times, const std::vector<In>& values, time_value_t<Stamp> q,
           const ChannelGroup& group, const ReadingRules& rules = {}) {
  const Stamps<Stamp> t = {times.data(), static_cast<std::int64_t>(times.size()), {}};
  const StencilPlan<F> plan = plan_sample<F>(t, 0, q, group, rules);
  if (plan.action == Action::fill) return std::numeric_limits<F>::quiet_NaN();
  return evaluate(plan, group, values.data() + plan.left, 1);
}
template <class Stamp>
std::uint8_t status_at(const std::vector<Stamp>& times, time_value_t<Stamp> q, const ChannelGroup& group,
                       const ReadingRules& rules = {}) {
  const Stamps<Stamp> t = {times.data(), static_cast<std::int64_t>(times.size()), {}};
  return plan_sample<float>(t, 0, q, group, rules).status;
}

TYPED_TEST(Interpolate, SmoothKindsAgreeWithLongDouble) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(4);
  for (int round = 0; round < 400; ++round) {
    const std::size_t count = round < 40 ? 2 + static_cast<std::size_t>(round % 4) : 12;
    std::vector<std::int64_t> times;
    std::vector<F> values;
    Curve curve;
    std::int64_t t = unix_now;
    for (std::size_t i = 0; i < count; ++i) {
      times.push_back(t);
      values.push_back(static_cast<F>(random.signed_unit()));
      if (random.one_in(6) && i > 0) values.back() = values[i - 1];
      curve.x.push_back(Real(t - unix_now) * 1e-9L);
      curve.y.push_back(Real(values.back()));
      t += random.between(3'000'000, 20'000'000);
    }
    for (Interpolation kind :
         {Interpolation::linear, Interpolation::cubic, Interpolation::pchip, Interpolation::akima}) {
      for (std::size_t k = 0; k + 1 < count; ++k) {
        for (int n = 0; n < 3; ++n) {
          const std::int64_t q = times[k] + 1 + random.below(times[k + 1] - times[k] - 1);
          const Real s = Real(q - times[k]) / Real(times[k + 1] - times[k]);
          Real slope = 0;
          const Real value = curve.at(kind, k, s, &slope);
          ASSERT_NEAR(static_cast<double>(value_at<F>(times, values, q, group_of(kind))), static_cast<double>(value),
                      60 * this->eps)
              << "kind " << static_cast<int>(kind) << " bracket " << k << " of " << count;
          // Secants of up to 2 / 3 ms, and akima's weights may take all but cancel.
          ASSERT_NEAR(static_cast<double>(value_at<F>(times, values, q, group_of(kind, true))),
                      static_cast<double>(slope), 60 * this->eps * 667)
              << "slope of kind " << static_cast<int>(kind) << " bracket " << k << " of " << count;
        }
      }
    }
  }
}

TYPED_TEST(Interpolate, StampsInSecondsGiveTheSameCurve) {
  using F = TypeParam;
  const std::vector<double> seconds = {0.0, 0.5, 0.75, 1.5, 2.0};
  const std::vector<float> short_seconds = {0.0f, 0.5f, 0.75f, 1.5f, 2.0f};
  std::vector<std::int64_t> ns;
  for (double s : seconds) ns.push_back(static_cast<std::int64_t>(s * 1e9));
  const std::vector<F> values = {F(1), F(3), F(2.5), F(-4), F(0)};
  for (Interpolation kind :
       {Interpolation::linear, Interpolation::cubic, Interpolation::pchip, Interpolation::akima, Interpolation::angle,
        Interpolation::previous, Interpolation::next, Interpolation::nearest}) {
    for (int step = 0; step <= 64; ++step) {
      const double q = step / 32.0;
      const auto q_ns = static_cast<std::int64_t>(q * 1e9);
      const F expected = value_at<F>(ns, values, q_ns, group_of(kind));
      ASSERT_NEAR(value_at<F>(seconds, values, q, group_of(kind)), expected, 16 * this->eps) << q;
      ASSERT_NEAR(value_at<F>(short_seconds, values, q, group_of(kind)), expected, 16 * this->eps) << q;
      if (is_step(kind)) continue;
      const F slope = value_at<F>(ns, values, q_ns, group_of(kind, true));
      ASSERT_NEAR(value_at<F>(seconds, values, q, group_of(kind, true)), slope, 100 * this->eps) << q;
    }
  }
}

TYPED_TEST(Interpolate, EveryElementTypeIsWidenedFirst) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(6);
  std::vector<std::int64_t> times;
  std::vector<float> plain;
  for (std::int64_t i = 0; i < 9; ++i) {
    times.push_back(8 * i);
    plain.push_back(static_cast<float>(random.between(-127, 127)) / 32.0f);  // exact in every type
  }
  std::vector<Half> halves;
  std::vector<BFloat16> brains;
  std::vector<double> doubles;
  for (float v : plain) {
    halves.push_back(detail::to_half(v));
    brains.push_back(detail::to_bfloat16(v));
    doubles.push_back(static_cast<double>(v));
  }
  for (Interpolation kind : {Interpolation::linear, Interpolation::pchip, Interpolation::akima, Interpolation::cubic,
                             Interpolation::nearest, Interpolation::angle}) {
    for (std::int64_t q = 0; q <= 64; ++q) {
      const F expected = value_at<F>(times, plain, q, group_of(kind));
      ASSERT_EQ(value_at<F>(times, halves, q, group_of(kind)), expected);
      ASSERT_EQ(value_at<F>(times, brains, q, group_of(kind)), expected);
      ASSERT_EQ(value_at<F>(times, doubles, q, group_of(kind)), expected);
    }
  }
}

TYPED_TEST(Interpolate, ReadsNothingOutsideTheSegment) {
  using F = TypeParam;
  // Rows of other segments are NaN: one that is read shows.
  for (std::size_t count : {1u, 2u, 3u, 4u, 7u}) {
    std::vector<std::int64_t> times;
    const std::int64_t first_row = 5, pitch = 3;
    std::vector<F> values(static_cast<std::size_t>(pitch) * (count + 10), this->nan);
    for (std::size_t i = 0; i < count; ++i) {
      times.push_back(unix_now + static_cast<std::int64_t>(i * i + i) * 1000);
      values[(static_cast<std::size_t>(first_row) + i) * static_cast<std::size_t>(pitch) + 1] =
          static_cast<F>(i % 3) - F(0.5);
    }
    const Stamps<std::int64_t> t = {times.data(), static_cast<std::int64_t>(count), {}};
    for (Outside outside : {Outside::clamp, Outside::extrapolate}) {
      ReadingRules rules;
      rules.outside = outside;
      for (int kind = 0; kind <= static_cast<int>(Interpolation::angle); ++kind) {
        const auto interpolation = static_cast<Interpolation>(kind);
        if (interpolation == Interpolation::slerp) continue;
        for (bool derivative : {false, true}) {
          if (derivative && is_step(interpolation)) continue;
          const ChannelGroup group = group_of(interpolation, derivative);
          for (std::int64_t q = unix_now - 3000; q <= times.back() + 3000; q += 250) {
            const StencilPlan<F> plan = plan_sample<F>(t, first_row, q, group, rules);
            if (plan.action == Action::fill) {
              ASSERT_TRUE(interpolation == Interpolation::previous || interpolation == Interpolation::next);
              continue;
            }
            ASSERT_GE(plan.left, first_row);
            ASSERT_LT(plan.left, first_row + static_cast<std::int64_t>(count));
            const F got = evaluate(plan, group, values.data() + plan.left * pitch + 1, pitch);
            ASSERT_TRUE(std::isfinite(got)) << "kind " << kind << ", " << count << " samples, q " << q - unix_now;
          }
        }
      }
    }
  }
}

// Decisions
// ------------------------------------------------------------------------------------------------------------

const std::vector<Interpolation> two_sided = {Interpolation::linear, Interpolation::cubic, Interpolation::pchip,
                                              Interpolation::akima,  Interpolation::slerp, Interpolation::angle};

// What kernels use where a bracket has all its neighbours, against the textbook in long double and the general case.
TYPED_TEST(Interpolate, SlopesWithoutBranchesAreTheSlopes) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(11);
  const auto number = [&](Real least, Real most) {
    const Real size = least + (most - least) * (Real(random.signed_unit()) + 1) / 2;
    return static_cast<F>(random.one_in(2) ? size : -size);
  };
  for (int n = 0; n < 20'000; ++n) {
    StencilPlan<F> p;
    F* lengths[] = {&p.before, &p.after};
    for (F* length : lengths) *length = static_cast<F>(std::abs(number(0.25, 4)));
    const F before2 = std::abs(number(0.25, 4)), after2 = std::abs(number(0.25, 4));
    p.inverse_before = F(1) / p.before, p.inverse_after = F(1) / p.after;
    p.inverse_before2 = F(1) / before2, p.inverse_after2 = F(1) / after2;
    const detail::Neighbours<F> y = {number(1, 9),   number(10, 18), number(19, 27),
                                     number(28, 36), number(37, 45), number(46, 54)};
    const Real m[] = {(Real(y.before) - y.before2) / before2, (Real(y.left) - y.before) / p.before,
                      Real(y.right) - y.left, (Real(y.after) - y.right) / p.after, (Real(y.after2) - y.after) / after2};
    const auto akima = [](Real m1, Real m2, Real m3, Real m4) {
      const Real of_m2 = std::abs(m4 - m3), of_m3 = std::abs(m2 - m1);
      return (of_m2 * m2 + of_m3 * m3) / (of_m2 + of_m3);
    };
    const auto pchip = [](Real m1, Real m2, Real h1, Real h2) {
      if (m1 * m2 <= 0) return Real(0);
      const Real w1 = 2 * h2 + h1, w2 = h2 + 2 * h1;
      return (w1 + w2) / (w1 / m1 + w2 / m2);
    };
    Real largest = 0;
    for (const Real secant : m) largest = std::max(largest, std::abs(secant));
    // Secants of some hundred; where akima's weights are nearly zero, they are what is left of such.
    const Real lightest =
        std::min(std::abs(m[3] - m[2]) + std::abs(m[1] - m[0]), std::abs(m[4] - m[3]) + std::abs(m[2] - m[1]));
    const Real bound = 8 * Real(this->eps) * largest, akima_bound = bound * (1 + 2 * largest / lightest);
    const struct {
      Interpolation kind;
      Real left, right, bound;
    } cases[] = {
        {Interpolation::cubic, (Real(y.right) - y.before) / (1 + Real(p.before)),
         (Real(y.after) - y.left) / (1 + Real(p.after)), bound},
        {Interpolation::pchip, pchip(m[1], m[2], p.before, 1), pchip(m[2], m[3], 1, p.after), bound},
        {Interpolation::akima, akima(m[0], m[1], m[2], m[3]), akima(m[1], m[2], m[3], m[4]), akima_bound},
    };
    for (const auto& wanted : cases) {
      SCOPED_TRACE(static_cast<int>(wanted.kind));
      bool usual = true;
      const detail::EndSlopes<F> d = detail::usual_slopes(wanted.kind, p, y, usual);
      ASSERT_TRUE(usual);
      ASSERT_LE(std::abs(d.left - wanted.left), wanted.bound);
      ASSERT_LE(std::abs(d.right - wanted.right), wanted.bound);
      const detail::EndIntervals<F> intervals = {p.before,        p.after,           p.inverse_before,
                                                 p.inverse_after, p.inverse_before2, p.inverse_after2};
      const detail::EndSlopes<F> general = detail::end_slopes(wanted.kind, intervals, y);
      ASSERT_EQ(d.left, general.left);
      ASSERT_EQ(d.right, general.right);
    }
  }
}

TYPED_TEST(Interpolate, SlopesThatNeedBranchesAreSaidToDoSo) {
  using F = TypeParam;
  StencilPlan<F> p;
  p.before = p.after = p.inverse_before = p.inverse_after = p.inverse_before2 = p.inverse_after2 = F(1);
  for (const Interpolation kind : {Interpolation::cubic, Interpolation::pchip, Interpolation::akima}) {
    for (const F size : {F(1e-30), F(1e30)}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(kind) << " of " << size);
      bool usual = true;
      detail::usual_slopes<F>(kind, p, {size, 3 * size, 4 * size, 8 * size, 9 * size, 16 * size}, usual);
      EXPECT_FALSE(usual);
    }
    // Equal samples need none, but for pchip.
    bool usual = true;
    const detail::EndSlopes<F> flat = detail::usual_slopes<F>(kind, p, {7, 7, 7, 7, 7, 7}, usual);
    EXPECT_EQ(usual, kind != Interpolation::pchip);
    if (!usual) continue;
    EXPECT_EQ(flat.left, F(0));
    EXPECT_EQ(flat.right, F(0));
  }
}

TEST(PlanSample, InsideTheRecording) {
  const std::vector<std::int64_t> times = {100, 200, 300};
  for (Interpolation kind : two_sided) {
    EXPECT_EQ(status_at(times, 100, group_of(kind)), make_status(How::exact, Why::none));
    EXPECT_EQ(status_at(times, 300, group_of(kind)), make_status(How::exact, Why::none));
    EXPECT_EQ(status_at(times, 250, group_of(kind)), make_status(How::interpolated, Why::none));
  }
  for (Interpolation kind : {Interpolation::previous, Interpolation::next, Interpolation::nearest}) {
    EXPECT_EQ(status_at(times, 200, group_of(kind)), make_status(How::exact, Why::none));
    EXPECT_EQ(status_at(times, 201, group_of(kind)), make_status(How::held, Why::none));
  }
}

TEST(PlanSample, OutsideTheRecording) {
  const std::vector<std::int64_t> times = {100, 200, 300};
  ReadingRules fill, clamp, extrapolate;
  clamp.outside = Outside::clamp;
  extrapolate.outside = Outside::extrapolate;
  const std::uint8_t filled = make_status(How::filled, Why::outside), clamped = make_status(How::clamped, Why::outside);
  for (std::int64_t q : {99, 301}) {
    for (Interpolation kind : two_sided) {
      EXPECT_EQ(status_at(times, q, group_of(kind), fill), filled);
      EXPECT_EQ(status_at(times, q, group_of(kind), clamp), clamped);
      EXPECT_EQ(status_at(times, q, group_of(kind), extrapolate), make_status(How::extrapolated, Why::outside));
    }
    EXPECT_EQ(status_at(times, q, group_of(Interpolation::nearest), fill), filled);
    EXPECT_EQ(status_at(times, q, group_of(Interpolation::nearest), clamp), clamped);
    EXPECT_EQ(status_at(times, q, group_of(Interpolation::nearest), extrapolate), clamped);
  }
  for (const ReadingRules& rules : {fill, clamp, extrapolate}) {
    EXPECT_EQ(status_at(times, 99, group_of(Interpolation::previous), rules), filled) << "no sample from the future";
    EXPECT_EQ(status_at(times, 301, group_of(Interpolation::next), rules), filled);
    const std::uint8_t after = rules.outside == Outside::fill ? filled : clamped;
    EXPECT_EQ(status_at(times, 301, group_of(Interpolation::previous), rules), after);
    EXPECT_EQ(status_at(times, 99, group_of(Interpolation::next), rules), after);
  }
  const std::vector<float> values = {1, 2, 4};
  EXPECT_EQ(value_at<float>(times, values, 350, group_of(Interpolation::linear), extrapolate), 5.0f);
  EXPECT_EQ(value_at<float>(times, values, 50, group_of(Interpolation::linear), extrapolate), 0.5f);
  EXPECT_EQ(value_at<float>(times, values, 350, group_of(Interpolation::linear), clamp), 4.0f);
  EXPECT_EQ(value_at<float>(times, values, 350, group_of(Interpolation::linear, true), clamp), 0.0f);
  EXPECT_FLOAT_EQ(value_at<float>(times, values, 350, group_of(Interpolation::linear, true), extrapolate), 2e7f);
}

TEST(PlanSample, LimitsAreInclusive) {
  const std::vector<std::int64_t> times = {0, 100};
  const std::uint8_t stale = make_status(How::filled, Why::stale), gap = make_status(How::filled, Why::gap);
  ReadingRules rules;
  rules.max_gap = 100;
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::linear), rules), make_status(How::interpolated, Why::none));
  rules.max_gap = 99;
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::linear), rules), gap);
  EXPECT_EQ(status_at(times, 100, group_of(Interpolation::linear), rules), make_status(How::exact, Why::none));
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::previous), rules), make_status(How::held, Why::none));
  rules.gap = Gap::hold;
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::linear), rules), make_status(How::held, Why::gap));
  rules.max_age = 49;
  EXPECT_EQ(status_at(times, 49, group_of(Interpolation::linear), rules), make_status(How::held, Why::gap));
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::linear), rules), stale);
  EXPECT_EQ(status_at(times, 49, group_of(Interpolation::previous), rules), make_status(How::held, Why::none));
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::previous), rules), stale);
  EXPECT_EQ(status_at(times, 51, group_of(Interpolation::next), rules), make_status(How::held, Why::none));
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::next), rules), stale);
  EXPECT_EQ(status_at(times, 50, group_of(Interpolation::nearest), rules), stale);
  ReadingRules outside;
  outside.outside = Outside::clamp;
  outside.max_age = 5;
  EXPECT_EQ(status_at(times, 105, group_of(Interpolation::linear), outside), make_status(How::clamped, Why::outside));
  EXPECT_EQ(status_at(times, 106, group_of(Interpolation::linear), outside), stale);
  outside.outside = Outside::extrapolate;
  outside.max_extrapolation = 7;
  EXPECT_EQ(how_of(status_at(times, 107, group_of(Interpolation::linear), outside)), How::extrapolated);
  EXPECT_EQ(status_at(times, -8, group_of(Interpolation::linear), outside), make_status(How::filled, Why::outside));
}

TEST(PlanSample, SlackReachesAcrossTheQuery) {
  const std::vector<std::int64_t> times = {100, 200, 300};
  const std::vector<float> values = {1, 2, 3};
  ReadingRules rules;
  rules.slack = 10;
  const ChannelGroup previous = group_of(Interpolation::previous), next = group_of(Interpolation::next);
  EXPECT_EQ(value_at<float>(times, values, 190, previous, rules), 2.0f);
  EXPECT_EQ(value_at<float>(times, values, 189, previous, rules), 1.0f);
  EXPECT_EQ(value_at<float>(times, values, 90, previous, rules), 1.0f);
  EXPECT_TRUE(std::isnan(value_at<float>(times, values, 89, previous, rules)));
  EXPECT_EQ(value_at<float>(times, values, 210, next, rules), 2.0f);
  EXPECT_EQ(value_at<float>(times, values, 211, next, rules), 3.0f);
  EXPECT_EQ(value_at<float>(times, values, 310, next, rules), 3.0f);
  EXPECT_TRUE(std::isnan(value_at<float>(times, values, 311, next, rules)));
  EXPECT_EQ(value_at<float>(times, values, 190, group_of(Interpolation::nearest), rules), 2.0f);
}

TEST(PlanSample, DuplicatesAndTies) {
  const std::vector<std::int64_t> times = {0, 100, 100, 100, 200};
  const std::vector<float> values = {0, 1, 2, 3, 4};
  const auto at = [&](std::int64_t q, Interpolation kind) { return value_at<float>(times, values, q, group_of(kind)); };
  EXPECT_EQ(at(100, Interpolation::previous), 3.0f);
  EXPECT_EQ(at(150, Interpolation::previous), 3.0f);
  EXPECT_EQ(at(100, Interpolation::next), 1.0f);
  EXPECT_EQ(at(50, Interpolation::next), 1.0f);
  EXPECT_EQ(at(100, Interpolation::linear), 3.0f);
  EXPECT_EQ(at(50, Interpolation::linear), 0.5f) << "the right end of a bracket is the first of a run";
  EXPECT_EQ(at(150, Interpolation::linear), 3.5f);
  for (Interpolation kind : {Interpolation::cubic, Interpolation::pchip, Interpolation::akima})
    EXPECT_EQ(at(50, kind), 0.5f) << "an empty interval ends a stencil";
  ChannelGroup nearest = group_of(Interpolation::nearest);
  EXPECT_EQ(value_at<float>(times, values, 50, nearest), 0.0f);
  nearest.tie = Tie::later;
  EXPECT_EQ(value_at<float>(times, values, 50, nearest), 1.0f);
  EXPECT_EQ(value_at<float>(times, values, 150, nearest), 4.0f);
  EXPECT_EQ(value_at<float>(times, values, 149, nearest), 3.0f);
}

TEST(PlanSample, EmptyOneSampleAndNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::int64_t> none, one = {100};
  ReadingRules extrapolate;
  extrapolate.outside = Outside::extrapolate;
  for (int k = 0; k <= static_cast<int>(Interpolation::angle); ++k) {
    const ChannelGroup group = group_of(static_cast<Interpolation>(k));
    EXPECT_EQ(status_at(none, 5, group), make_status(How::filled, Why::empty)) << k;
    EXPECT_EQ(status_at(one, 100, group), make_status(How::exact, Why::none)) << k;
    EXPECT_EQ(why_of(status_at(one, 101, group)), Why::outside) << k;
    EXPECT_EQ(status_at(std::vector<double>{0.0, 1.0}, nan, group, extrapolate),
              make_status(How::filled, Why::outside));
  }
  const std::vector<float> value = {7};
  EXPECT_EQ(value_at<float>(one, value, 500, group_of(Interpolation::linear), extrapolate), 7.0f);
  EXPECT_EQ(status_at(one, 500, group_of(Interpolation::linear), extrapolate), make_status(How::clamped, Why::outside));
  EXPECT_EQ(value_at<float>(one, value, 100, group_of(Interpolation::linear, true), extrapolate), 0.0f);
}

TEST(PlanSample, UnsortedNeighboursAreFlagged) {
  std::vector<std::int64_t> times = {0, 10, 20, 30, 40, 50, 60, 70, 80};
  EXPECT_EQ(status_at(times, 45, group_of(Interpolation::linear)) & status_unsorted, 0);
  times[6] = 45;  // the second stamp after the bracket [40, 50]
  EXPECT_NE(status_at(times, 42, group_of(Interpolation::linear)) & status_unsorted, 0);
  EXPECT_EQ(status_at(times, 12, group_of(Interpolation::linear)) & status_unsorted, 0) << "far from the fault";
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(status_at(std::vector<double>{0, 1, 2, nan}, 1.5, group_of(Interpolation::linear)) & status_unsorted, 0);
}

// Rotations
// ------------------------------------------------------------------------------------------------------------

struct Rotation {
  Real matrix[3][3];
};

// By Rodrigues' formula: no quaternion, so that formats are compared as what they mean.
Rotation rotation_of_vector(Real x, Real y, Real z) {
  const Real angle = std::sqrt(x * x + y * y + z * z);
  const Real s = angle == 0 ? 1 : std::sin(angle) / angle,
             c = angle == 0 ? 0.5L : (1 - std::cos(angle)) / (angle * angle);
  return {{{1 - c * (y * y + z * z), c * x * y - s * z, c * x * z + s * y},
           {c * x * y + s * z, 1 - c * (x * x + z * z), c * y * z - s * x},
           {c * x * z - s * y, c * y * z + s * x, 1 - c * (x * x + y * y)}}};
}
Rotation rotation_of_quaternion(Real x, Real y, Real z, Real w) {
  return {{{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)},
           {2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)},
           {2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)}}};
}
template <class F>
Rotation decoded(RotationFormat format, const F* v) {
  switch (format) {
    case RotationFormat::rotation_vector:
      return rotation_of_vector(v[0], v[1], v[2]);
    case RotationFormat::rot6d:
      return {{{Real(v[0]), Real(v[3]), Real(v[1]) * v[5] - Real(v[2]) * v[4]},
               {Real(v[1]), Real(v[4]), Real(v[2]) * v[3] - Real(v[0]) * v[5]},
               {Real(v[2]), Real(v[5]), Real(v[0]) * v[4] - Real(v[1]) * v[3]}}};
    case RotationFormat::quaternion_wxyz:
      return rotation_of_quaternion(v[1], v[2], v[3], v[0]);
    default:
      return rotation_of_quaternion(v[0], v[1], v[2], v[3]);
  }
}
template <class F>
std::vector<F> encoded(RotationFormat format, const Rotation& r, Real x, Real y, Real z) {
  // (x, y, z) is the rotation vector of r.
  if (format == RotationFormat::rotation_vector) return {F(x), F(y), F(z)};
  if (format == RotationFormat::rot6d)
    return {F(r.matrix[0][0]), F(r.matrix[1][0]), F(r.matrix[2][0]),
            F(r.matrix[0][1]), F(r.matrix[1][1]), F(r.matrix[2][1])};
  const Real angle = std::sqrt(x * x + y * y + z * z), s = std::sin(angle / 2) / angle, w = std::cos(angle / 2);
  // Of any norm: 3 here.
  const std::vector<F> q = {F(3 * s * x), F(3 * s * y), F(3 * s * z), F(3 * w)};
  if (format == RotationFormat::quaternion_xyzw) return q;
  return {q[3], q[0], q[1], q[2]};
}
Real difference(const Rotation& a, const Rotation& b) {
  Real worst = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) worst = std::max(worst, std::fabs(a.matrix[i][j] - b.matrix[i][j]));
  return worst;
}

TYPED_TEST(Interpolate, RotationsOfEveryFormatTurnAboutOneAxis) {
  using F = TypeParam;
  SCOPED_TRACE(test::seed_trace());
  test::Random random(5);
  const RotationFormat formats[] = {RotationFormat::quaternion_xyzw, RotationFormat::quaternion_wxyz,
                                    RotationFormat::rotation_vector, RotationFormat::rot6d};
  const std::vector<std::int64_t> times = {unix_now, unix_now + 10'000'000};
  const Stamps<std::int64_t> t = {times.data(), 2, {}};
  ReadingRules rules;
  rules.outside = Outside::extrapolate;
  for (int n = 0; n < 200; ++n) {
    // About a fixed axis the answer is the rotation by the interpolated angle.
    Real axis[3], norm = 0;
    for (Real& a : axis) {
      a = Real(random.signed_unit()) + 1.1L;
      norm += a * a;
    }
    for (Real& a : axis) a /= std::sqrt(norm);
    const Real from = 0.05L + Real(random.unit()), to = from + 1.5L * Real(random.unit());
    for (RotationFormat in : formats) {
      for (RotationFormat out : formats) {
        ChannelGroup group = rotation(in, out);
        const int width = channels_of(in);
        std::vector<F> rows;
        for (Real angle : {from, to}) {
          const Real x = axis[0] * angle, y = axis[1] * angle, z = axis[2] * angle;
          for (F v : encoded<F>(in, rotation_of_vector(x, y, z), x, y, z)) rows.push_back(v);
        }
        for (std::int64_t q : {times[0], times[0] + 3'000'000, times[1], times[1] + 2'000'000, times[0] - 500'000}) {
          const StencilPlan<F> plan = plan_sample<F>(t, 0, q, group, rules);
          const RotationChannels<F> got = evaluate_rotation(plan, group, rows.data() + plan.left * width, width);
          const Real angle = from + (to - from) * Real(q - times[0]) / 1e7L;
          ASSERT_LE(difference(decoded(out, got.values),
                               rotation_of_vector(axis[0] * angle, axis[1] * angle, axis[2] * angle)),
                    30 * this->eps)
              << "from " << static_cast<int>(in) << " to " << static_cast<int>(out) << " at " << q - times[0];
        }
        group.derivative = true;
        const StencilPlan<F> plan = plan_sample<F>(t, 0, times[0] + 1'000'000, group, rules);
        const RotationChannels<F> velocity = evaluate_rotation(plan, group, rows.data(), width);
        for (int i = 0; i < 3; ++i)
          ASSERT_NEAR(static_cast<double>(velocity.values[i]), static_cast<double>(axis[i] * (to - from) * 100),
                      100 * 20 * this->eps);
      }
    }
  }
}

TYPED_TEST(Interpolate, QuaternionSignAndBadRotations) {
  using F = TypeParam;
  const std::vector<std::int64_t> times = {0, 100};
  const Stamps<std::int64_t> t = {times.data(), 2, {}};
  ChannelGroup group = rotation(RotationFormat::quaternion_xyzw);
  const F c = static_cast<F>(std::cos(0.4)), s = static_cast<F>(std::sin(0.4));
  const std::vector<F> rows = {0, 0, -s, -c, 0, 0, s, c};
  for (std::int64_t q : {0, 30, 100}) {
    const StencilPlan<F> plan = plan_sample<F>(t, 0, q, group, {});
    group.sign = QuaternionSign::w_non_negative;
    EXPECT_GT(evaluate_rotation(plan, group, rows.data() + 4 * plan.left, 4).values[3], F(0));
    group.sign = QuaternionSign::as_sample;
    EXPECT_EQ(evaluate_rotation(plan, group, rows.data() + 4 * plan.left, 4).values[3] < F(0), q != 100) << q;
  }
  const std::vector<F> bad = {0, 0, 0, 0, 0, 0, s, c};
  const StencilPlan<F> plan = plan_sample<F>(t, 0, 30, group, {});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(evaluate_rotation(plan, group, bad.data(), 4).values[i]));
}

}  // namespace
}  // namespace robocache
