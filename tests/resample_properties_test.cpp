// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/resample_case.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

// What must hold whatever the formula: at knots, between them, and under changes that are none.

namespace robocache::test {
namespace {

using Single = Combination<std::int64_t, float, float>;
using Double = Combination<std::int64_t, double, double>;

constexpr Interpolation scalar_kinds[] = {Interpolation::previous, Interpolation::next,  Interpolation::nearest,
                                          Interpolation::linear,   Interpolation::cubic, Interpolation::pchip,
                                          Interpolation::akima};
constexpr Interpolation curves[] = {Interpolation::linear, Interpolation::cubic, Interpolation::pchip,
                                    Interpolation::akima};

class ResampleProperties : public LauncherTest {};

/// n samples, strictly increasing.
template <class Types>
ResampleCase<Types> strict_case(Random& random, std::int64_t samples) {
  ResampleCase<Types> c;
  std::int64_t t = 1'700'000'000'000'000'000;
  for (std::int64_t k = 0; k < samples; ++k) {
    c.times.push_back(t);
    t += random.between(1, 20'000'000);
  }
  return c;
}

TEST_P(ResampleProperties, ExactAtKnots) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    Random random(400);
    for (const Interpolation kind : scalar_kinds) {
      auto c = strict_case<Types>(random, 60);
      add_group(c, random, channels(7, kind));
      c.ask(c.times);
      const auto result = c.run(GetParam());
      ASSERT_OK(result.call);
      expect_same_bits(result.out, c.values, Types::name() + " kind " + std::to_string(static_cast<int>(kind)));
      for (const std::uint8_t status : result.status) ASSERT_EQ(static_cast<int>(status), 0);
    }
  };
  check(Single());
  check(Double());
  check(Combination<std::int64_t, Half, Half>());
  check(Combination<std::int64_t, BFloat16, BFloat16>());
}

/// Where the weight rounds to one, the right sample must come out, however large the left one is.
TEST_P(ResampleProperties, LinearIsExactAtBothEndsOfTheWeight) {
  ResampleCase<Single> c;
  c.times = {0, 1'000'000'000};
  c.values = {1e8f, 0.1f, 0.1f, 1e8f};
  c.width = 2;
  c.ask({1, 999'999'999});
  const auto result = c.run(GetParam());
  ASSERT_OK(result.call);
  EXPECT_EQ(result.out[0], 1e8f);
  EXPECT_NEAR(result.out[1], 0.2f, 1e-6f);
  EXPECT_EQ(result.out[2], 0.1f);
  EXPECT_EQ(result.out[3], 1e8f);
}

/// The derivative of a smooth curve at a knot is one number, whichever side it is taken from.
TEST_P(ResampleProperties, DerivativeAtKnotsIsTheSlope) {
  SCOPED_TRACE(seed_trace());
  Random random(401);
  for (const Interpolation kind : {Interpolation::cubic, Interpolation::pchip, Interpolation::akima}) {
    auto c = strict_case<Double>(random, 40);
    add_group(c, random, derivative_of(channels(3, kind)));
    c.ask(c.times);
    c.check(GetParam());  // the reference takes the knot's own slope, with no room for the bracket's steepness
  }
}

/// One nanosecond beside a knot the curve has hardly moved.
TEST_P(ResampleProperties, ContinuousAtKnots) {
  SCOPED_TRACE(seed_trace());
  Random random(402);
  for (const Interpolation kind : curves) {
    ResampleCase<Double> c;
    for (std::int64_t k = 0; k < 60; ++k) c.times.push_back(k * 10'000'000 + random.below(3'000'000));
    add_group(c, random, channels(3, kind));
    std::vector<std::int64_t> q;
    for (std::int64_t k = 1; k + 1 < c.samples(); ++k)
      for (const std::int64_t beside : {-1, 1}) q.push_back(c.times[static_cast<std::size_t>(k)] + beside);
    c.ask(q);
    const auto result = c.run(GetParam());
    for (std::size_t r = 0; r < q.size(); ++r)
      for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(result.out[3 * r + j], c.values[(r / 2 + 1) * 3 + j], 1e-5);
  }
}

TEST_P(ResampleProperties, PchipIsMonotoneWhereTheDataIs) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    using T = typename Types::Out;
    Random random(403);
    for (int round = 0; round < 20; ++round) {
      auto c = strict_case<Types>(random, 30);
      Real y = 0;
      for (std::int64_t k = 0; k < c.samples(); ++k) {
        c.values.push_back(round_to<T>(y));
        y += random.one_in(4) ? 0 : static_cast<Real>(random.below(1 << 20)) / (1 << (random.below(18)));
      }
      c.source.interpolation = Interpolation::pchip;
      std::vector<std::int64_t> q;
      for (std::size_t k = 0; k + 1 < c.times.size(); ++k)
        for (int j = 0; j < 40; ++j) q.push_back(c.times[k] + (c.times[k + 1] - c.times[k]) * j / 40);
      c.ask(q);
      const auto result = c.run(GetParam());
      ASSERT_OK(result.call);
      for (std::size_t r = 0; r + 1 < result.out.size(); ++r) {
        const Real room = 4 * ulp<T>(std::max(std::fabs(to_real(result.out[r])), Real(1)));
        ASSERT_LE(to_real(result.out[r]), to_real(result.out[r + 1]) + room) << r;
        const std::size_t k = r / 40;
        ASSERT_GE(to_real(result.out[r]), to_real(c.values[k]) - room);
        ASSERT_LE(to_real(result.out[r]), to_real(c.values[k + 1]) + room);
      }
    }
  };
  check(Single());
  check(Double());
}

/// Every curve reproduces a straight line: exactly, where the numbers allow it.
TEST_P(ResampleProperties, StraightLinesStayStraight) {
  for (const Interpolation kind : curves) {
    ResampleCase<Single> c;
    for (std::int64_t k = 0; k < 12; ++k) {
      c.times.push_back(k * 1024);
      c.values.push_back(static_cast<float>(k * 8 - 40));
    }
    c.source.interpolation = kind;
    c.source.outside = Outside::extrapolate;
    std::vector<std::int64_t> q;
    for (std::int64_t t = -2048; t <= 13 * 1024; t += 64) q.push_back(t);
    c.ask(q);
    const auto result = c.run(GetParam());
    for (std::size_t r = 0; r < q.size(); ++r)
      EXPECT_EQ(result.out[r], static_cast<float>(q[r]) / 128.0f - 40.0f) << static_cast<int>(kind) << " at " << q[r];
  }
}

/// A constant has no derivative, and stays.
TEST_P(ResampleProperties, ConstantsStay) {
  Random random(404);
  for (const Interpolation kind : scalar_kinds) {
    auto c = strict_case<Single>(random, 20);
    c.values.assign(20, 0.1f);
    c.source.interpolation = kind;
    c.ask(varied_queries(random, c.times, 200));
    c.source.outside = Outside::clamp;
    for (const float value : c.run(GetParam()).out)
      EXPECT_TRUE(std::isnan(value) || std::fabs(value - 0.1f) < 1e-8f) << static_cast<int>(kind) << ": " << value;
    if (kind < Interpolation::linear) continue;
    c.groups = {derivative_of(channels(1, kind))};
    for (const float value : c.run(GetParam()).out) EXPECT_EQ(value, 0.0f);
  }
}

/// Only differences of times count: to the bit, at any epoch. A clock offset is the same shift.
TEST_P(ResampleProperties, EpochDoesNotMatter) {
  SCOPED_TRACE(seed_trace());
  Random random(405);
  ResampleCase<Single> c;
  c.times = irregular_times<std::int64_t>(random, 60, 0);
  c.ask(varied_queries(random, c.times, 200));
  for (const Interpolation kind : scalar_kinds) add_group(c, random, channels(2, kind));
  add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
  add_group(c, random, channels(2, Interpolation::angle));
  c.source.outside = Outside::extrapolate;
  const auto at_zero = c.run(GetParam());
  for (const std::int64_t epoch : {std::int64_t{1'700'000'000'000'000'000}, std::int64_t{-5'000'000'000'000'000'000}}) {
    auto moved = c;
    for (std::int64_t& t : moved.times) t += epoch;
    for (std::int64_t& q : moved.queries) q += epoch;
    expect_same(at_zero, moved.run(GetParam()), "epoch");
    moved.times = c.times;
    moved.source.clock.offset = epoch;
    expect_same(at_zero, moved.run(GetParam()), "offset");
  }
}

/// Time run backwards turns previous into next.
TEST_P(ResampleProperties, MirrorOfPreviousIsNext) {
  SCOPED_TRACE(seed_trace());
  Random random(406);
  for (const Outside outside : {Outside::fill, Outside::clamp}) {
    ResampleCase<Single> c;
    c.times = irregular_times<std::int64_t>(random, 60, 0);
    add_group(c, random, channels(3, Interpolation::previous));
    c.ask(varied_queries(random, c.times, 300));
    c.source.outside = outside;
    c.source.slack = 1'000'000;
    c.source.max_age = 50'000'000;
    auto mirrored = c;
    mirrored.groups = {channels(3, Interpolation::next)};
    for (std::size_t k = 0; k < c.times.size(); ++k) {
      mirrored.times[k] = -c.times[c.times.size() - 1 - k];
      for (std::size_t j = 0; j < 3; ++j) mirrored.values[3 * k + j] = c.values[3 * (c.times.size() - 1 - k) + j];
    }
    for (std::int64_t& q : mirrored.queries) q = -q;
    expect_same(c.run(GetParam()), mirrored.run(GetParam()), "mirror");
  }
}

TEST_P(ResampleProperties, SlerpHasUnitNorm) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    using T = typename Types::Out;
    Random random(407);
    auto c = random_case<Types>(random, 60, 2000);
    c.source.outside = Outside::extrapolate;
    add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
    const auto result = c.run(GetParam());
    ASSERT_OK(result.call);
    for (std::size_t r = 0; r < result.out.size(); r += 4) {
      Real norm = 0;
      for (std::size_t j = 0; j < 4; ++j) norm += to_real(result.out[r + j]) * to_real(result.out[r + j]);
      ASSERT_NEAR(static_cast<double>(norm), 1.0, static_cast<double>(6 * ulp<T>(Real(1)))) << "row " << r / 4;
      ASSERT_GE(to_real(result.out[r + 3]), 0);
    }
  };
  check(Single());
  check(Double());
}

/// Between two rotations the way to both is covered in proportion to time.
TEST_P(ResampleProperties, SlerpTurnsAtConstantVelocity) {
  SCOPED_TRACE(seed_trace());
  Random random(408);
  for (int round = 0; round < 30; ++round) {
    ResampleCase<Double> c;
    c.times = {0, 1000};
    add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
    std::vector<std::int64_t> q;
    for (std::int64_t t = 0; t <= 1000; t += 50) q.push_back(t);
    c.ask(q);
    const auto result = c.run(GetParam());
    const auto angle_between = [&](std::size_t a, std::size_t b) {
      Real dot = 0, cross = 0;
      for (std::size_t j = 0; j < 4; ++j) dot += to_real(result.out[4 * a + j]) * to_real(result.out[4 * b + j]);
      for (std::size_t j = 0; j < 4; ++j) {
        const Real d = to_real(result.out[4 * b + j]) * (dot < 0 ? -1 : 1) - to_real(result.out[4 * a + j]);
        cross += d * d;
      }
      return 4 * std::asin(std::sqrt(cross) / 2);
    };
    const Real whole = angle_between(0, 20);
    for (std::size_t k = 0; k <= 20; ++k)
      EXPECT_NEAR(static_cast<double>(angle_between(0, k)), static_cast<double>(whole * static_cast<Real>(k) / 20),
                  1e-14);
  }
}

/// A rotation has two quaternions of any length: scaling by powers of two and flipping signs changes no bit.
TEST_P(ResampleProperties, SlerpIgnoresSignAndLength) {
  SCOPED_TRACE(seed_trace());
  Random random(409);
  auto c = random_case<Single>(random, 60, 300);
  add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
  const auto result = c.run(GetParam());
  auto flipped = c;
  for (std::size_t k = 0; k < c.times.size(); ++k) {
    const float factor = (random.one_in(2) ? -1.0f : 1.0f) * std::ldexp(1.0f, static_cast<int>(random.between(-8, 8)));
    for (std::size_t j = 0; j < 4; ++j) flipped.values[4 * k + j] *= factor;
  }
  const auto other = flipped.run(GetParam());
  ASSERT_EQ(result.out.size(), other.out.size());
  for (std::size_t i = 0; i < result.out.size(); ++i) {
    if (std::isnan(result.out[i]) && std::isnan(other.out[i])) continue;
    ASSERT_EQ(result.out[i], other.out[i]) << i;  // zeros may differ in sign
  }
}

TEST_P(ResampleProperties, QuaternionOrderIsOnlyOrder) {
  SCOPED_TRACE(seed_trace());
  Random random(410);
  auto c = random_case<Single>(random, 60, 300);
  c.source.outside = Outside::extrapolate;
  add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
  const auto xyzw = c.run(GetParam());
  c.groups = {rotation(RotationFormat::quaternion_wxyz)};
  for (std::size_t k = 0; k < c.times.size(); ++k)
    std::rotate(c.values.begin() + static_cast<std::ptrdiff_t>(4 * k),
                c.values.begin() + static_cast<std::ptrdiff_t>(4 * k) + 3,
                c.values.begin() + static_cast<std::ptrdiff_t>(4 * k) + 4);
  auto wxyz = c.run(GetParam());
  for (std::size_t r = 0; r < wxyz.out.size(); r += 4)
    std::rotate(wxyz.out.begin() + static_cast<std::ptrdiff_t>(r),
                wxyz.out.begin() + static_cast<std::ptrdiff_t>(r) + 1,
                wxyz.out.begin() + static_cast<std::ptrdiff_t>(r) + 4);
  expect_same(xyzw, wxyz, "order");
}

/// A milliradian, where acos in float would be 2 % off, and nearly half a turn.
TEST_P(ResampleProperties, SlerpIsAccurateForSmallAndLargeArcs) {
  for (const double arc : {1e-6, 1e-4, 1e-3, 1e-2, 1.0, 3.0, 3.14, 3.1415}) {
    ResampleCase<Single> c;
    c.times = {0, 1000};
    c.width = 4;
    for (const double angle : {0.0, arc}) {
      c.values.push_back(0.0f);
      c.values.push_back(0.0f);
      c.values.push_back(static_cast<float>(std::sin(angle / 2)));
      c.values.push_back(static_cast<float>(std::cos(angle / 2)));
    }
    c.groups = {rotation(RotationFormat::quaternion_xyzw, RotationFormat::rotation_vector)};
    c.ask({250, 500, 750});
    const auto result = c.run(GetParam());
    for (std::size_t r = 0; r < 3; ++r) {
      const double wanted = arc * 0.25 * static_cast<double>(r + 1);
      EXPECT_NEAR(result.out[3 * r + 2], wanted, 4e-7 * std::min(1.0, wanted) + 2e-7 * arc) << "arc " << arc;
      EXPECT_EQ(result.out[3 * r], 0.0f);
    }
  }
}

TEST_P(ResampleProperties, AnglesGoTheShortWay) {
  constexpr float half_turn = 3.14159274f;
  ResampleCase<Single> c;
  c.times = {0, 100, 200, 300};
  c.values = {3.0f, -3.0f, 3.0f + 2 * half_turn, 0.5f};
  c.source.interpolation = Interpolation::angle;
  c.ask({0, 50, 100, 150, 200, 300});
  const auto result = c.run(GetParam());
  EXPECT_NEAR(result.out[0], 3.0, 1e-6);
  EXPECT_NEAR(std::fabs(result.out[1]), half_turn, 1e-6);  // through half a turn, not through zero
  EXPECT_NEAR(result.out[2], -3.0, 1e-6);
  EXPECT_NEAR(std::fabs(result.out[3]), half_turn, 2e-6);
  EXPECT_NEAR(result.out[4], 3.0, 2e-6);
  EXPECT_NEAR(result.out[5], 0.5, 1e-6);
}

TEST_P(ResampleProperties, AnglesStayInRange) {
  SCOPED_TRACE(seed_trace());
  Random random(411);
  auto c = random_case<Single>(random, 60, 2000);
  c.width = 2;
  for (int k = 0; k < 120; ++k)
    c.values.push_back(static_cast<float>(std::ldexp(random.signed_unit(), static_cast<int>(random.between(-3, 30)))));
  c.source.interpolation = Interpolation::angle;
  c.source.outside = Outside::extrapolate;
  const auto result = c.run(GetParam());
  for (const float value : result.out) {
    ASSERT_LE(value, 3.14159274f);
    ASSERT_GE(value, -3.14159274f);
  }
}

/// What a loss mask may use.
TEST(ResampleStatus, Usable) {
  const How every_how[] = {How::exact, How::interpolated, How::held, How::clamped, How::extrapolated, How::filled};
  const Why every_why[] = {Why::none, Why::outside, Why::gap, Why::stale, Why::empty};
  for (const How how : every_how) {
    for (const Why why : every_why) {
      const std::uint8_t status = make_status(how, why);
      EXPECT_EQ(how_of(status), how);
      EXPECT_EQ(why_of(status), why);
      const bool plain = why == Why::none && (how == How::exact || how == How::interpolated || how == How::held);
      EXPECT_EQ(usable(status), plain);
      EXPECT_FALSE(usable(status | status_unsorted));
      EXPECT_FALSE(usable(status | status_non_finite));
    }
  }
  EXPECT_EQ(static_cast<int>(make_status(How::filled, Why::empty)), 0x25);
  EXPECT_EQ(static_cast<int>(status_unsorted), 0x40);
  EXPECT_EQ(static_cast<int>(status_non_finite), 0x80);
}

INSTANTIATE_TEST_SUITE_P(, ResampleProperties, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
