// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/resample_case.hpp"

#include <cstdint>
#include <string>
#include <vector>

// Slices, pitches, odd widths and sizes around the widths of vectors, warps and tiles: same values, and no byte beside
// them. Guard zones and padding are checked by Output::download.

namespace robocache::test {
namespace {

class ResampleLayout : public LauncherTest {};

/// Every first channel and width of a wide row, in and out, so that no alignment is left out.
TEST_P(ResampleLayout, EveryChannelSlice) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    SCOPED_TRACE(Types::name());
    Random random(200);
    for (std::int64_t width = 1; width <= 17 && !HasFatalFailure(); ++width) {
      for (std::int64_t first = 0; first < 9 && !HasFatalFailure(); ++first) {
        SCOPED_TRACE("width " + std::to_string(width) + ", first channel " + std::to_string(first));
        auto c = random_case<Types>(random, 12, 9);
        c.width = width;
        c.values = random_values<typename Types::In>(random, 12 * width, 4.0);
        c.in_first = first;
        c.in_padding = random.between(0, 8);
        c.out_first = random.between(0, 8);
        c.out_padding = random.between(0, 8);
        c.with_status = random.one_in(2);
        c.source.outside = Outside::clamp;
        if (width % 3 == 2)
          c.groups = {channels(1, Interpolation::previous),
                      channels(static_cast<std::int32_t>(width) - 1, Interpolation::linear)};
        c.check(GetParam());
      }
    }
  };
  check(Combination<std::int64_t, BFloat16, BFloat16>());
  check(Combination<std::int64_t, Half, Half>());
  check(Combination<std::int64_t, float, float>());
  check(Combination<std::int64_t, float, BFloat16>());
  check(Combination<std::int64_t, double, float>());
}

TEST_P(ResampleLayout, SlicesOfTheOtherTypes) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(201);
    for (const std::int64_t width : {1, 2, 3, 4, 7, 8, 14, 16, 17, 32, 33}) {
      auto c = random_case<Types>(random, 20, 40);
      c.width = width;
      c.values = random_values<typename Types::In>(random, 20 * width, 4.0);
      c.in_first = random.between(0, 3);
      c.in_padding = random.between(0, 3);
      c.out_first = random.between(0, 3);
      c.out_padding = random.between(0, 3);
      c.check(GetParam());
    }
  });
}

/// Rows around the sizes of vectors, warps, blocks and tiles.
TEST_P(ResampleLayout, RowCounts) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    SCOPED_TRACE(Types::name());
    Random random(202);
    for (const std::int64_t rows : {1,  2,  3,   7,   8,   9,   15,  16,  17,  31,  32,  33,   63,
                                    64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1025}) {
      for (const std::int64_t width : {1, 8, 14}) {
        SCOPED_TRACE("rows " + std::to_string(rows) + ", width " + std::to_string(width));
        auto c = random_case<Types>(random, 30, rows);
        c.width = width;
        c.values = random_values<typename Types::In>(random, 30 * width, 4.0);
        c.check(GetParam());
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  };
  check(Combination<std::int64_t, BFloat16, BFloat16>());
  check(Combination<std::int64_t, float, float>());
}

TEST_P(ResampleLayout, SegmentsOfEverySize) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    SCOPED_TRACE(Types::name());
    Random random(203);
    ResampleCase<Types> c;
    c.offsets = c.row_offsets = {0};
    for (std::int64_t s = 0; s < 70; ++s) {
      const auto times = irregular_times<typename Types::Stamp>(random, s, typical_start<typename Types::Stamp>());
      c.times.insert(c.times.end(), times.begin(), times.end());
      c.offsets.push_back(static_cast<std::int64_t>(c.times.size()));
      c.row_offsets.push_back(c.row_offsets.back() + (s * 37) % 71);
    }
    add_group(c, random, channels(14, Interpolation::linear));
    c.at = every({110, 1}, static_cast<const std::int64_t*>(nullptr));
    c.rows = c.row_offsets.back();
    c.check(GetParam());
  };
  check(Combination<std::int64_t, BFloat16, BFloat16>());
  check(Combination<std::int64_t, float, BFloat16>());
  check(Combination<float, float, float>());
}

TEST_P(ResampleLayout, WideRows) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto types) {
    using Types = decltype(types);
    SCOPED_TRACE(Types::name());
    Random random(204);
    for (const std::int64_t width : {255, 256, 257, 1000, 1024, 2049}) {
      for (const std::int64_t misaligned : {0, 1}) {
        auto c = random_case<Types>(random, 9, 7);
        c.width = width;
        c.values = random_values<typename Types::In>(random, 9 * width, 4.0);
        c.in_first = c.out_first = misaligned;
        c.source.outside = Outside::extrapolate;
        c.check(GetParam());
      }
    }
    auto c = random_case<Types>(random, 9, 7);
    add_group(c, random, channels(3, Interpolation::previous));
    add_group(c, random, channels(1000, Interpolation::linear));
    add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
    add_group(c, random, channels(500, Interpolation::pchip));
    c.check(GetParam());
  };
  check(Combination<std::int64_t, BFloat16, BFloat16>());
  check(Combination<std::int64_t, float, float>());
  check(Combination<std::int64_t, double, double>());
}

TEST_P(ResampleLayout, ManySamples) {
  SCOPED_TRACE(seed_trace());
  Random random(205);
  using Types = Combination<std::int64_t, float, float>;
  ResampleCase<Types> c;
  // Two rates and long pauses: a guess from even spacing is far off.
  std::int64_t t = typical_start<std::int64_t>();
  for (int k = 0; k < 20000; ++k) {
    c.times.push_back(t);
    t += k % 5000 == 4999 ? 3'600'000'000'000 : k < 9000 ? 1'000'000 : 20'000'000;
  }
  c.width = 1;
  c.values = random_values<float>(random, c.samples(), 4.0);
  std::vector<std::int64_t> q;
  for (int j = 0; j < 300; ++j)
    q.push_back(c.times[static_cast<std::size_t>(random.below(19999))] + random.below(1'000'000));
  c.ask(q);
  c.check(GetParam());
}

/// In host memory alone: threads share rows however many there are.
TEST(ResampleThreads, NumberDoesNotMatter) {
  SCOPED_TRACE(seed_trace());
  for_each_combination([&](auto types) {
    using Types = decltype(types);
    Random random(206);
    auto c = random_case<Types>(random, 300, 5000);
    add_group(c, random, channels(14, Interpolation::linear));
    add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
    add_group(c, random, channels(3, Interpolation::akima));
    const auto one = c.run(Launcher::host);
    for (const int threads : {0, 2, 7, 1000}) {
      c.threads = threads;
      expect_same(one, c.run(Launcher::host), std::to_string(threads) + " threads");
    }
  });
}

TEST_P(ResampleLayout, StatusIsOptional) {
  Random random(207);
  auto c = random_case<Combination<std::int64_t, float, float>>(random, 30, 100);
  add_group(c, random, channels(3, Interpolation::linear));
  add_group(c, random, channels(1, Interpolation::nearest));
  const auto with = c.run(GetParam());
  c.with_status = false;
  expect_same_bits(with.out, c.run(GetParam()).out, "with and without status");
}

INSTANTIATE_TEST_SUITE_P(, ResampleLayout, every_launcher(), launcher_name);

}  // namespace
}  // namespace robocache::test
