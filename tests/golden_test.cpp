// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/files.hpp"
#include "support/resample_case.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

// SciPy's results, in double, at stamps of 1.7e18 ns with a 1 ns step and a 0.9 s gap. SciPy was given seconds since
// the first sample, so each of its times is rounded: by up to ulp(t) / 2, t < 16 s, that is 1e-15 s. Tolerances are the
// few units in the last place of either side's arithmetic, and that shift in time by the steepest slope nearby.

namespace robocache::test {
namespace {

using Types = Combination<std::int64_t, double, double>;

class Golden : public LauncherTest {
 protected:
  void SetUp() override {
    LauncherTest::SetUp();
    if (IsSkipped()) return;
    if (test_data().empty()) GTEST_SKIP() << no_test_data;
    folder_ = test_data() + "/golden/interp/";
    case_.times = read_npy<std::int64_t>(folder_ + "times_ns.npy").values;
    const NpyArray<double> values = read_npy<double>(folder_ + "values.npy");
    case_.values = values.values;
    case_.width = values.shape[1];
  }

  void ask(const std::string& queries) { case_.ask(read_npy<std::int64_t>(folder_ + queries + ".npy").values); }

  /// Among the intervals around a query: the steepest |dy/dt| per second, or that over the shortest interval.
  double steepness(std::int64_t q, std::int64_t channel, std::int64_t reach, bool of_derivative) const {
    const auto& t = case_.times;
    const std::int64_t i = std::upper_bound(t.begin(), t.end(), q) - t.begin() - 1;
    double steepest = 0, shortest = 1e9;
    const std::int64_t first = std::max<std::int64_t>(i - reach, 0);
    const std::int64_t last = std::min<std::int64_t>(std::max<std::int64_t>(i, 0) + reach, case_.samples() - 2);
    for (std::int64_t k = std::min(first, last); k <= last; ++k) {
      const std::size_t at = static_cast<std::size_t>(k);
      const double seconds = 1e-9 * static_cast<double>(t[at + 1] - t[at]);
      steepest = std::max(steepest, std::fabs(value(k + 1, channel) - value(k, channel)) / seconds);
      shortest = std::min(shortest, seconds);
    }
    return of_derivative ? steepest / shortest : steepest;
  }
  double value(std::int64_t k, std::int64_t channel) const {
    return case_.values[static_cast<std::size_t>(k * case_.width + channel)];
  }

  /// Bit for bit: kinds that copy a sample.
  void expect_equal(const std::string& golden) {
    const NpyArray<double> wanted = read_npy<double>(folder_ + golden + ".npy");
    const auto result = case_.run(GetParam());
    ASSERT_OK(result.call);
    ASSERT_EQ(result.out.size(), wanted.values.size());
    for (std::size_t i = 0; i < wanted.values.size(); ++i)
      ASSERT_EQ(result.out[i], wanted.values[i]) << "element " << i;
  }

  /// Within `ulps` of the value, and the shift in time by the steepest curve nearby.
  void expect_near(const std::string& golden, double ulps, double shift, std::int64_t reach) {
    const NpyArray<double> wanted = read_npy<double>(folder_ + golden + ".npy");
    const auto result = case_.run(GetParam());
    ASSERT_OK(result.call);
    ASSERT_EQ(result.out.size(), wanted.values.size());
    const bool derivative = !case_.groups.empty() && case_.groups[0].derivative;
    for (std::int64_t r = 0; r < case_.rows; ++r) {
      for (std::int64_t c = 0; c < case_.width; ++c) {
        const std::size_t i = static_cast<std::size_t>(r * case_.width + c);
        const double steep = steepness(case_.queries[static_cast<std::size_t>(r)], c, reach, derivative);
        const double allowed = ulps * 0x1p-52 * std::max(1.0, std::fabs(wanted.values[i])) + shift * steep;
        const double error = std::fabs(result.out[i] - wanted.values[i]);
        EXPECT_LE(error, allowed) << "row " << r << ", channel " << c << ": " << result.out[i] << " for "
                                  << wanted.values[i];
      }
    }
  }

  std::string folder_;
  ResampleCase<Types> case_;
};

TEST_P(Golden, Previous) {
  ask("query_ns");
  case_.source.interpolation = Interpolation::previous;
  expect_equal("previous");
}
TEST_P(Golden, Next) {
  ask("query_ns");
  case_.source.interpolation = Interpolation::next;
  expect_equal("next");
}
TEST_P(Golden, Nearest) {
  ask("query_ns");
  case_.source.interpolation = Interpolation::nearest;
  expect_equal("nearest");
}
TEST_P(Golden, NearestUp) {
  ask("query_ns");
  ChannelGroup group = channels(static_cast<std::int32_t>(case_.width), Interpolation::nearest);
  group.tie = Tie::later;
  case_.groups = {group};
  expect_equal("nearest_up");
}
TEST_P(Golden, Linear) {
  ask("query_ns");
  expect_near("linear", 4, 1e-15, 0);
}
TEST_P(Golden, LinearClamped) {
  ask("query_outside_ns");
  case_.source.outside = Outside::clamp;
  expect_near("linear_clamped_outside", 4, 1e-15, 0);
}
TEST_P(Golden, LinearExtrapolated) {
  ask("query_outside_ns");
  case_.source.outside = Outside::extrapolate;
  expect_near("linear_extrapolated_outside", 4, 1e-15, 0);
}
TEST_P(Golden, Pchip) {
  ask("query_ns");
  case_.source.interpolation = Interpolation::pchip;
  expect_near("pchip", 8, 1e-15, 1);
}
TEST_P(Golden, PchipDerivative) {
  ask("query_ns");
  case_.groups = {derivative_of(channels(static_cast<std::int32_t>(case_.width), Interpolation::pchip))};
  // The second derivative of a piece is up to 24 secants over its length.
  expect_near("pchip_derivative", 8, 6e-15, 1);
}
TEST_P(Golden, Akima) {
  ask("query_ns");
  case_.source.interpolation = Interpolation::akima;
  expect_near("akima", 8, 1e-15, 3);
}
TEST_P(Golden, Slerp) {
  ask("query_ns");
  case_.values = read_npy<double>(folder_ + "quaternions_xyzw.npy").values;
  case_.width = 4;
  case_.groups = {rotation(RotationFormat::quaternion_xyzw)};
  expect_near("slerp_xyzw_w_positive", 8, 1e-15, 0);
}

INSTANTIATE_TEST_SUITE_P(, Golden, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
