// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/resample_case.hpp"
#include "support/voxel_case.hpp"

#include <robocache/voxel/bounds.hpp>

#include <array>
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

// The same bits from every compiler, optimisation level, instruction set and launcher. A family of calls over every
// kind and type combination is reduced to one digest each, and compared with those of one build, written down here.
// Inputs come from integers and a fixed seed.

namespace robocache::test {
namespace {

const std::map<std::string, std::uint64_t>& digests() {
  static const std::map<std::string, std::uint64_t> known = {
#include "support/resample_digests.inc"
  };
  return known;
}

/// FNV-1a.
class Digest {
 public:
  template <class T>
  void add(const std::vector<T>& values) {
    for (const T& value : values) {
      const std::uint64_t bits = static_cast<std::uint64_t>(as_bits(value));
      for (std::size_t byte = 0; byte < sizeof(T); ++byte) {
        state_ ^= bits >> (8 * byte) & 0xff;
        state_ *= 0x100000001b3u;
      }
    }
  }
  std::uint64_t value() const { return state_; }

 private:
  static std::uint8_t as_bits(std::uint8_t value) { return value; }
  template <class T>
  static auto as_bits(const T& value) {
    return bits_of(value);
  }
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

struct Subject {
  const char* name;
  std::vector<ChannelGroup> groups;
};

ChannelGroup nearest_later() {
  ChannelGroup group = channels(2, Interpolation::nearest);
  group.tie = Tie::later;
  return group;
}
ChannelGroup signed_as_sample() {
  ChannelGroup group = rotation(RotationFormat::quaternion_wxyz);
  group.sign = QuaternionSign::as_sample;
  return group;
}

const std::vector<Subject>& subjects() {
  using F = RotationFormat;
  static const std::vector<Subject> all = {
      {"previous", {channels(3, Interpolation::previous)}},
      {"next", {channels(3, Interpolation::next)}},
      {"nearest", {channels(1, Interpolation::nearest), nearest_later()}},
      {"linear", {channels(14, Interpolation::linear), derivative_of(channels(3, Interpolation::linear))}},
      {"cubic", {channels(3, Interpolation::cubic), derivative_of(channels(3, Interpolation::cubic))}},
      {"pchip", {channels(3, Interpolation::pchip), derivative_of(channels(3, Interpolation::pchip))}},
      {"akima", {channels(3, Interpolation::akima), derivative_of(channels(3, Interpolation::akima))}},
      {"angle", {channels(3, Interpolation::angle), derivative_of(channels(3, Interpolation::angle))}},
      {"quaternion", {rotation(F::quaternion_xyzw), signed_as_sample(), derivative_of(rotation(F::quaternion_xyzw))}},
      {"rotation_vector",
       {rotation(F::rotation_vector), rotation(F::rotation_vector, F::rot6d),
        derivative_of(rotation(F::rotation_vector))}},
      {"rot6d", {rotation(F::rot6d), rotation(F::rot6d, F::rotation_vector), derivative_of(rotation(F::rot6d))}},
  };
  return all;
}

class BitIdentity : public LauncherTest {
 protected:
  static constexpr std::uint64_t seed = 1;

  template <class Types>
  std::uint64_t digest_of(const Subject& subject, std::uint64_t sequence) {
    using Stamp = typename Types::Stamp;
    Random random(sequence, seed);
    Digest digest;
    for (int round = 0; round < 12; ++round) {
      ResampleCase<Types> c = random_case<Types>(random, random.between(1, 40), 60);
      for (const ChannelGroup& group : subject.groups) add_group(c, random, group);
      vary_rules(c.source, random, round);
      if (round % 5 == 1) {
        c.source.clock.offset = 12'345'678;
        c.source.clock.drift = 1e-4;
        c.source.clock.reference = typical_start<Stamp>();
      }
      if (round % 5 == 2) {
        c.at = every({30000, 1001}, c.rows);
        c.queries.clear();
      }
      if (round % 5 == 3) {
        for (std::int64_t j = 0; j < c.out_width(); ++j) {
          c.scale.push_back(static_cast<float>(random.signed_unit()));
          c.shift.push_back(static_cast<float>(random.signed_unit()));
        }
      }
      if (round % 5 == 4)
        for (auto& value : c.values)
          if (random.one_in(30)) value = round_to<typename Types::In>(random.one_in(2) ? not_a_number : HUGE_VALL);
      const Resampled<typename Types::Out> result = c.run(GetParam());
      EXPECT_OK(result.call);
      digest.add(result.out);
      digest.add(result.status);
    }
    return digest.value();
  }

  void compare(const std::string& name, std::uint64_t digest) {
    std::printf("digest {\"%s\", 0x%016" PRIx64 "},\n", name.c_str(), digest);
    const auto known = digests().find(name);
    ASSERT_NE(known, digests().end()) << name << " has no digest written down";
    EXPECT_EQ(digest, known->second) << name << ": other bits than those written down";
  }
};

TEST_P(BitIdentity, EveryKindAndType) {
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    std::uint64_t sequence = 0;
    for (const Subject& subject : subjects())
      compare(std::string(subject.name) + "/" + Types::name(), digest_of<Types>(subject, sequence++));
  });
}

/// Points about a grid, made without products that a compiler may fuse; some on its faces, some that are none; two
/// segments with transforms, and every channel.
VoxelCase voxel_case(Random& random, FieldType type, CellRule rule, CellType out, CellType occupancy) {
  VoxelCase call;
  call.type = type;
  for (int k = 0; k < 3; ++k) {
    call.grid.shape[k] = 9 - 2 * k;
    call.grid.size[k] = 0.3;
    call.grid.origin[k] = std::fma(0.1, k, -1.1);
  }
  call.grid.rule = rule;
  for (int i = 0; i < 700; ++i) {
    std::array<double, 3> p;
    for (double& v : p) {
      v = 1.8 * random.signed_unit();
      if (random.one_in(9)) v = std::fma(0.3, static_cast<double>(random.below(9)), -1.1);
      if (random.one_in(60)) v = random.one_in(2) ? std::nan("") : HUGE_VAL;
    }
    call.points.push_back(p);
  }
  call.offsets = {0, 300, 700};
  for (int k = 0; k < 24; ++k) {
    call.transforms.push_back(std::fma(0.1, random.signed_unit(), k % 12 % 5 == 0 ? 1.0 : 0.0));
  }
  call.double_transforms = type == FieldType::f64;
  call.min_range = 0.2;
  call.occupancy = {true, occupancy, {}};
  call.count = {true, CellType::i32, {}};
  for (int reduction = 0; reduction < 4; ++reduction) {
    for (const ChannelSource source : {ChannelSource::field, ChannelSource::x, ChannelSource::raw_z}) {
      ChannelSpec channel;
      channel.source = source;
      for (std::size_t i = 0; i < call.points.size(); ++i) channel.values.push_back(100.0 * random.signed_unit());
      channel.reduction = static_cast<Reduction>(reduction);
      channel.empty = 0.1;
      channel.out = {true, out, {}};
      call.channels.push_back(channel);
    }
  }
  return call;
}

TEST_P(BitIdentity, VoxelizeAndBounds) {
  std::uint64_t sequence = 1000;
  for (const FieldType type : {FieldType::f32, FieldType::f64, FieldType::f16, FieldType::bf16}) {
    for (const CellRule rule : {CellRule::divide, CellRule::reciprocal}) {
      Random random(sequence++, seed);
      Digest digest, boxes;
      // Every type of occupancy beside every type of channels' outputs, at least once.
      for (int round = 0; round < 7; ++round) {
        constexpr CellType outs[] = {CellType::f32, CellType::f64, CellType::f16, CellType::bf16};
        const VoxelCase call = voxel_case(random, type, rule, outs[round % 4], static_cast<CellType>(round));
        VoxelRun run(GetParam(), call);
        EXPECT_OK(run.launch(2));
        digest.add(run.occupancy());
        digest.add(run.count());
        for (std::size_t c = 0; c < call.channels.size(); ++c) digest.add(run.channel(c));
        BoundsArgs args;
        args.points = run.args.points;
        const Output<double> box = run.arena.output<double>(12);
        args.boxes = box.data();
        EXPECT_OK(run.arena.launch([&](auto where) { return bounds(args, where); }));
        boxes.add(box.download());
      }
      const std::string name =
          "type" + std::to_string(static_cast<int>(type)) + (rule == CellRule::divide ? "_divide" : "_reciprocal");
      compare("voxelize/" + name, digest.value());
      compare("bounds/" + name, boxes.value());
    }
  }
}

class BitIdentityOfGpu : public LauncherTest {};

/// A wider net without digests: Host and GPU, byte for byte.
TEST_P(BitIdentityOfGpu, SameAsHost) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(600);
    for (int round = 0; round < 24; ++round) {
      ResampleCase<Types> c = random_case<Types>(random, random.between(1, 700), 400);
      for (const Subject& subject : subjects())
        if (random.one_in(2))
          for (const ChannelGroup& group : subject.groups) add_group(c, random, group);
      add_group(c, random, channels(static_cast<std::int32_t>(random.between(1, 300)), Interpolation::linear));
      vary_rules(c.source, random, round);
      c.in_first = random.between(0, 3);
      c.out_first = random.between(0, 3);
      auto host = c;
      host.threads = 0;
      expect_same(host.run(Launcher::host), c.run(GetParam()), "round " + std::to_string(round));
      if (HasFatalFailure()) return;
    }
  });
}

/// A stream of one smooth group has a kernel of its own.
TEST_P(BitIdentityOfGpu, OneSmoothGroupSameAsHost) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(601);
    for (int round = 0; round < 36; ++round) {
      ResampleCase<Types> c = random_case<Types>(random, random.between(1, 700), 400);
      constexpr Interpolation kinds[] = {Interpolation::cubic, Interpolation::pchip, Interpolation::akima};
      const auto width = static_cast<std::int32_t>(random.one_in(6) ? 300 : 2 * random.between(1, 9));
      const ChannelGroup group = channels(width, kinds[round % 3]);
      add_group(c, random, random.one_in(4) ? derivative_of(group) : group);
      vary_rules(c.source, random, round);
      c.with_status = random.one_in(2);
      c.in_first = 2 * random.between(0, 1);
      c.out_first = 2 * random.between(0, 1);
      if (random.one_in(3)) {
        for (std::int64_t j = 0; j < c.out_width(); ++j) {
          c.scale.push_back(static_cast<float>(random.signed_unit()));
          c.shift.push_back(static_cast<float>(random.signed_unit()));
        }
      }
      if (random.one_in(3)) {  // channels that stand still, and values that are none
        for (auto& value : c.values) {
          if (random.one_in(2)) value = round_to<typename Types::In>(1.0L);
          if (random.one_in(60)) value = round_to<typename Types::In>(random.one_in(2) ? not_a_number : HUGE_VALL);
        }
      }
      auto host = c;
      host.threads = 0;
      expect_same(host.run(Launcher::host), c.run(GetParam()), "round " + std::to_string(round));
      if (HasFatalFailure()) return;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(, BitIdentity, every_launcher(), launcher_name);

INSTANTIATE_TEST_SUITE_P(, BitIdentityOfGpu, testing::Values(Launcher::stream, Launcher::graph), launcher_name);

}  // namespace
}  // namespace robocache::test
