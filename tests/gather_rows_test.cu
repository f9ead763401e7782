// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Header-only gathering on the GPU: conversions that the compiled library lacks give the bits of the CPU path.

#include <robocache/fuse/gather_rows.cuh>

#include "support/launch.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace robocache::test {
namespace {

class GatherRowsHeaderOnly : public LauncherTest {
 protected:
  /// Runs both paths on the same random call.
  template <class In, class Out>
  void compare(Random& random) {
    const std::int64_t pixels = random.one_in(2) ? 16 * random.between(1, 70) : random.between(1, 90);
    const std::int64_t channels = random.one_in(2) ? 3 : random.between(1, 5), width = pixels * channels;
    const std::int64_t source_rows = random.between(1, 6), count = random.between(1, 9), gap = random.below(3) * 8;
    std::vector<In> source(static_cast<std::size_t>(source_rows * width));
    for (In& element : source) {
      // Values around those of bytes, and any bits.
      const double value = 300.0 * random.signed_unit();
      const std::uint64_t bits = random.next();
      std::memcpy(&element, &bits, sizeof(In));
      if (sizeof(In) > 1 && !random.one_in(4)) element = robocache::detail::Narrow<In>::from(value);
    }
    std::vector<std::int64_t> index;
    for (std::int64_t r = 0; r < count; ++r) index.push_back(random.between(-1, source_rows));
    std::vector<float> scale, shift;
    for (std::int64_t c = 0; c < channels; ++c) {
      scale.push_back(static_cast<float>(random.signed_unit()));
      shift.push_back(static_cast<float>(100.0 * random.signed_unit()));
    }
    GatherRowsArgs args;
    args.channels = static_cast<std::int32_t>(channels);
    args.from = random.one_in(2) ? ImageLayout::channel_first : ImageLayout::channel_last;
    args.to = random.one_in(2) ? ImageLayout::channel_first : ImageLayout::channel_last;
    args.fill = random.one_in(2) ? 300.0 * random.signed_unit() : args.fill;
    const bool has_scale = random.one_in(2), has_shift = random.one_in(2);
    const auto run = [&](Launcher launcher) {
      Arena arena(launcher);
      args.source = rows(arena.input_rows(source, source_rows, width, width + gap), source_rows, width, width + gap);
      args.index = arena.input(index);
      const Output<Out> out = arena.output_rows<Out>(count, width, width + gap);
      args.out = out.rows();
      args.scale = has_scale ? arena.input(scale) : nullptr;
      args.shift = has_shift ? arena.input(shift) : nullptr;
      EXPECT_OK(arena.launch([&](auto where) { return gather_rows<Conversion<In, Out>>(args, where); }));
      return out.download();
    };
    const std::vector<Out> got = run(GetParam()), wanted = run(Launcher::host);
    ASSERT_EQ(std::memcmp(got.data(), wanted.data(), got.size() * sizeof(Out)), 0)
        << pixels << " pixels x " << channels << " channels, " << sizeof(In) << " to " << sizeof(Out) << " bytes";
  }
};
INSTANTIATE_TEST_SUITE_P(, GatherRowsHeaderOnly, testing::Values(Launcher::stream, Launcher::graph), launcher_name);

TEST_P(GatherRowsHeaderOnly, EveryConversionGivesTheBitsOfTheCpuPath) {
  SCOPED_TRACE(seed_trace());
  Random random(1);
  for (int i = 0; i < 60; ++i) {
    compare<double, double>(random);
    compare<double, BFloat16>(random);
    compare<float, double>(random);
    compare<std::uint8_t, double>(random);
    compare<Half, float>(random);
    compare<float, std::uint8_t>(random);
    compare<double, std::uint8_t>(random);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace robocache::test
