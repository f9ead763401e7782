// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/resample_case.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

// Every kind, in every type combination of the compiled library, against the long-double reference.

namespace robocache::test {
namespace {

class ResampleValues : public LauncherTest {
 protected:
  /// Random recordings through one group, under every policy.
  void check(const ChannelGroup& group, std::uint64_t sequence) {
    SCOPED_TRACE(seed_trace());
    for_each_combination([&](auto types) {
      using Types = decltype(types);
      Random random(sequence);
      for (int round = 0; round < 12 && !HasFatalFailure(); ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        ResampleCase<Types> c = random_case<Types>(random, random.between(1, 40), 60);
        add_group(c, random, group);
        vary_rules(c.source, random, round);
        c.check(GetParam());
      }
    });
  }
};

TEST_P(ResampleValues, Previous) { check(channels(3, Interpolation::previous), 1); }
TEST_P(ResampleValues, Next) { check(channels(3, Interpolation::next), 2); }
TEST_P(ResampleValues, Nearest) {
  ChannelGroup group = channels(3, Interpolation::nearest);
  check(group, 3);
  group.tie = Tie::later;
  check(group, 4);
}
TEST_P(ResampleValues, Linear) { check(channels(5, Interpolation::linear), 5); }
TEST_P(ResampleValues, Cubic) { check(channels(3, Interpolation::cubic), 6); }
TEST_P(ResampleValues, Pchip) { check(channels(3, Interpolation::pchip), 7); }
TEST_P(ResampleValues, Akima) { check(channels(3, Interpolation::akima), 8); }
TEST_P(ResampleValues, Angle) { check(channels(3, Interpolation::angle), 9); }

TEST_P(ResampleValues, LinearDerivative) { check(derivative_of(channels(3, Interpolation::linear)), 11); }
TEST_P(ResampleValues, CubicDerivative) { check(derivative_of(channels(3, Interpolation::cubic)), 12); }
TEST_P(ResampleValues, PchipDerivative) { check(derivative_of(channels(3, Interpolation::pchip)), 13); }
TEST_P(ResampleValues, AkimaDerivative) { check(derivative_of(channels(3, Interpolation::akima)), 14); }
TEST_P(ResampleValues, AngleDerivative) { check(derivative_of(channels(3, Interpolation::angle)), 15); }

constexpr RotationFormat formats[] = {RotationFormat::quaternion_xyzw, RotationFormat::quaternion_wxyz,
                                      RotationFormat::rotation_vector, RotationFormat::rot6d};

TEST_P(ResampleValues, SlerpQuaternions) {
  check(rotation(RotationFormat::quaternion_xyzw), 20);
  check(rotation(RotationFormat::quaternion_wxyz), 21);
  check(rotation(RotationFormat::quaternion_wxyz, RotationFormat::quaternion_xyzw), 22);
}
TEST_P(ResampleValues, SlerpSignOfTheSample) {
  ChannelGroup group = rotation(RotationFormat::quaternion_xyzw);
  group.sign = QuaternionSign::as_sample;
  check(group, 23);
}
TEST_P(ResampleValues, SlerpRotationVectors) {
  for (const RotationFormat other : formats) {
    check(rotation(RotationFormat::rotation_vector, other), 24);
    check(rotation(other, RotationFormat::rotation_vector), 25);
  }
}
TEST_P(ResampleValues, SlerpRot6d) {
  for (const RotationFormat other : formats) {
    check(rotation(RotationFormat::rot6d, other), 26);
    check(rotation(other, RotationFormat::rot6d), 27);
  }
}
TEST_P(ResampleValues, AngularVelocity) {
  for (const RotationFormat format : formats) check(derivative_of(rotation(format)), 28);
}

/// A pose, a gripper and joints in one row; two groups of some kinds; derivatives beside values.
TEST_P(ResampleValues, MixedGroups) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(30);
    for (int round = 0; round < 12 && !HasFatalFailure(); ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      ResampleCase<Types> c = random_case<Types>(random, random.between(2, 40), 60);
      std::vector<ChannelGroup> groups = {channels(3, Interpolation::linear),
                                          rotation(RotationFormat::quaternion_xyzw),
                                          channels(1, Interpolation::previous),
                                          channels(2, Interpolation::angle),
                                          channels(2, Interpolation::pchip),
                                          channels(1, Interpolation::next),
                                          channels(1, Interpolation::previous),
                                          rotation(RotationFormat::quaternion_wxyz, RotationFormat::rot6d),
                                          channels(1, Interpolation::nearest),
                                          channels(2, Interpolation::linear),
                                          derivative_of(channels(2, Interpolation::linear)),
                                          derivative_of(rotation(RotationFormat::rotation_vector)),
                                          channels(1, Interpolation::akima),
                                          derivative_of(channels(1, Interpolation::cubic))};
      random.shuffle(groups);
      for (const ChannelGroup& group : groups) add_group(c, random, group);
      vary_rules(c.source, random, round);
      c.check(GetParam());
    }
  });
}

TEST_P(ResampleValues, AsManyGroupsAsThereMayBe) {
  Random random(31);
  auto c = random_case<Combination<std::int64_t, float, float>>(random, 20, 50);
  for (int g = 0; g < 32; ++g) add_group(c, random, channels(1, static_cast<Interpolation>(g % 7)));
  c.check(GetParam());
}

TEST_P(ResampleValues, AffineLeavesFillAlone) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(32);
    for (int round = 0; round < 4 && !HasFatalFailure(); ++round) {
      ResampleCase<Types> c = random_case<Types>(random, 20, 60);
      add_group(c, random, channels(3, Interpolation::linear));
      add_group(c, random, rotation(RotationFormat::quaternion_xyzw, RotationFormat::rot6d));
      add_group(c, random, channels(1, Interpolation::previous));
      c.source.fill = -7.5;
      c.source.max_gap = 20'000'000;
      for (std::int64_t channel = 0; channel < c.out_width(); ++channel) {
        if (round != 1) c.scale.push_back(static_cast<float>(random.signed_unit()) * 3);
        if (round != 2) c.shift.push_back(static_cast<float>(random.signed_unit()) * 3);
      }
      c.check(GetParam());
    }
  });
}

TEST_P(ResampleValues, Clocks) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(33);
    for (int round = 0; round < 6 && !HasFatalFailure(); ++round) {
      ResampleCase<Types> c = random_case<Types>(random, 40, 60);
      add_group(c, random, channels(2, Interpolation::linear));
      add_group(c, random, channels(1, Interpolation::previous));
      c.source.outside = static_cast<Outside>(round % 3);
      const auto clock = [&] {
        Clock result;
        result.offset = random.between(-30'000'000, 30'000'000);
        result.drift = round % 2 == 0 ? 0.0 : random.signed_unit() * 1e-3;
        result.reference = typical_start<typename Types::Stamp>() + random.between(-1'000'000'000, 1'000'000'000);
        return result;
      };
      c.source.clock = clock();
      if (round >= 3) {  // replaced, segment by segment
        c.clocks = {clock(), clock()};
        c.offsets = {0, 17, 40};
        c.at.steps = c.rows / 2;
      }
      c.check(GetParam());
    }
  });
}

TEST_P(ResampleValues, NonFiniteSamplesAreFlagged) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    using In = typename Types::In;
    Random random(34);
    const Interpolation kinds[] = {Interpolation::previous, Interpolation::next,  Interpolation::nearest,
                                   Interpolation::linear,   Interpolation::cubic, Interpolation::pchip,
                                   Interpolation::akima,    Interpolation::angle};
    for (const Interpolation kind : kinds) {
      // Infinite slopes may cancel or not in the smooth kinds; what they give is not promised, only that it is flagged.
      const bool infinities = kind <= Interpolation::linear;
      ResampleCase<Types> c = random_case<Types>(random, 40, 120);
      add_group(c, random, channels(3, kind));
      add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
      const Real inf = std::numeric_limits<Real>::infinity();
      for (int j = 0; j < 20; ++j) {
        In& value = c.values[static_cast<std::size_t>(random.below(c.samples() * c.width))];
        value = round_to<In>(random.one_in(2) || !infinities ? not_a_number : random.one_in(2) ? inf : -inf);
      }
      c.source.outside = Outside::clamp;
      c.source.max_gap = 20'000'000;
      c.check(GetParam());
    }
  });
}

/// NaN arrives with any sign and payload, and leaves as one.
TEST_P(ResampleValues, NanIsCanonical) {
  ResampleCase<Combination<std::int64_t, float, float>> c;
  c.times = {0, 10, 20};
  c.source.interpolation = Interpolation::previous;
  c.values = {from_bits<float>(0xffc12345u), from_bits<float>(0x7f800001u), from_bits<float>(0xffffffffu)};
  c.ask({0, 5, 10, 20});
  const auto result = c.run(GetParam());
  ASSERT_OK(result.call);
  for (const float value : result.out) EXPECT_EQ(bits_of(value), Format<float>::nan);
  EXPECT_EQ(static_cast<int>(result.status[1]),
            static_cast<int>(make_status(How::held, Why::none) | status_non_finite));
}

TEST_P(ResampleValues, ZeroNormRotationIsNan) {
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    for (const RotationFormat from :
         {RotationFormat::quaternion_xyzw, RotationFormat::quaternion_wxyz, RotationFormat::rot6d}) {
      ResampleCase<Types> c;
      Random random(35);
      for (int k = 0; k < 5; ++k) c.times.push_back(stamp_of<typename Types::Stamp>(k * 1'000'000'000LL));
      add_group(c, random, rotation(from));
      std::fill(c.values.begin() + c.width * 2, c.values.begin() + c.width * 3, typename Types::In{});
      std::vector<typename Types::Stamp> q;
      for (int k = 0; k <= 8; ++k) q.push_back(stamp_of<typename Types::Stamp>(k * 500'000'000LL));
      c.ask(q);
      c.check(GetParam());
      const auto result = c.run(GetParam());
      for (int k = 0; k <= 8; ++k)
        EXPECT_EQ((result.status[static_cast<std::size_t>(k)] & status_non_finite) != 0, k >= 3 && k <= 5) << k;
    }
  });
}

/// A rotation vector of zero is the identity, not a division by zero.
TEST_P(ResampleValues, ZeroRotationVectorIsTheIdentity) {
  ResampleCase<Combination<std::int64_t, float, float>> c;
  c.times = {0, 10};
  c.width = 3;
  c.values.assign(6, 0.0f);
  c.groups = {rotation(RotationFormat::rotation_vector, RotationFormat::quaternion_xyzw)};
  c.ask({0, 3, 10});
  const auto result = c.run(GetParam());
  ASSERT_OK(result.call);
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(result.out[4 * r + j], j == 3 ? 1.0f : 0.0f);
}

/// Values that a double holds and a float does not: one rounding, to the nearest even, no way round by float.
TEST_P(ResampleValues, DoubleRoundsOnce) {
  Random random(36);
  const auto check = [&](auto types) {
    using Types = decltype(types);
    using Out = typename Types::Out;
    ResampleCase<Types> c;
    c.source.interpolation = Interpolation::previous;
    for (std::int64_t k = 0; k < 400; ++k) {
      // Just beside the middle of two neighbours, where rounding twice goes wrong.
      const Out near = round_to<Out>(static_cast<Real>(random.signed_unit()));
      const Real middle = to_real(near) + ulp<Out>(to_real(near)) / 2;
      c.times.push_back(k);
      c.values.push_back(static_cast<double>(middle + middle * static_cast<Real>(random.between(-2, 2)) * 0x1p-51L));
    }
    c.ask(c.times);
    c.check(GetParam());
  };
  check(Combination<std::int64_t, double, float>());
  check(Combination<std::int64_t, double, BFloat16>());
}

INSTANTIATE_TEST_SUITE_P(, ResampleValues, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
