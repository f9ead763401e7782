// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/resample_case.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

// Sizes past 2^31.

namespace robocache::test {
namespace {

class ResampleHuge : public LauncherTest {
 protected:
  void SetUp() override {
    LauncherTest::SetUp();
    if (IsSkipped()) return;
    if (GetParam() == Launcher::host && std::getenv("ROBOCACHE_TEST_HUGE") == nullptr)
      GTEST_SKIP() << "ROBOCACHE_TEST_HUGE is not set: minutes of work, 12 GB of memory";
#if ROBOCACHE_HAS_CUDA_RUNTIME
    std::size_t free = 0, total = 0;
    if (GetParam() == Launcher::stream && (cudaMemGetInfo(&free, &total) != cudaSuccess || free >> 30 < 12))
      GTEST_SKIP() << "less than 12 GiB of device memory are free";
#endif
  }

  static constexpr std::int64_t past = (std::int64_t{1} << 31) + 5;

  Status run(const ResampleArgs& args) {
    Arena arena(GetParam());
    return arena.launch([&](auto where) { return resample(args, where); }, 0);
  }
  template <class T>
  static T element(const detail::Buffer& buffer, std::int64_t i) {
    T value{};
    buffer.read(static_cast<std::size_t>(i) * sizeof(T), &value, sizeof(T));
    return value;
  }
};

TEST_P(ResampleHuge, MoreRowsThan32Bits) {
  // A step each nanosecond along a ramp: row k is k / 2^20, rounded.
  Arena arena(GetParam());
  ResampleArgs args;
  args.source.times = arena.input(std::vector<std::int64_t>{0, past + 3});
  args.source.values = rows(arena.input(std::vector<float>{0.0f, static_cast<float>(past + 3) / 1048576.0f}), 2, 1);
  args.at = every({1'000'000'000, 1}, past);
  const detail::Buffer out(GetParam(), static_cast<std::size_t>(past) * 2),
      status(GetParam(), static_cast<std::size_t>(past));
  args.out = rows(reinterpret_cast<BFloat16*>(out.data()), past, 1);
  args.status = status.data();
  ASSERT_OK(run(args));
  for (const std::int64_t k : {std::int64_t{0}, std::int64_t{1} << 20, (std::int64_t{1} << 30) + 77,
                               (std::int64_t{1} << 31) - 1, std::int64_t{1} << 31, past - 1}) {
    const Real wanted = static_cast<Real>(k) / 1048576;
    EXPECT_NEAR(static_cast<double>(to_real(element<BFloat16>(out, k))), static_cast<double>(wanted),
                static_cast<double>(ulp<BFloat16>(wanted)))
        << k;
    EXPECT_EQ(static_cast<int>(element<std::uint8_t>(status, k)), k == 0 ? 0 : 1) << k;
  }
}

TEST_P(ResampleHuge, MoreElementsThan32Bits) {
  // Input and output of some 2^31 / 16 + 1000 rows of 16: sample k at k microseconds, asked for there.
  constexpr std::int64_t width = 16, samples = past / width + 1000;
  const detail::Buffer values(GetParam(), static_cast<std::size_t>(samples * width) * 2);
  const detail::Buffer times(GetParam(), static_cast<std::size_t>(samples) * 8);
  const detail::Buffer out(GetParam(), static_cast<std::size_t>(samples * width) * 2);
  constexpr std::int64_t chunk = 1 << 20;
  std::vector<std::int64_t> stamps(chunk);
  std::vector<std::uint16_t> pattern(static_cast<std::size_t>(chunk * width));
  for (std::int64_t begin = 0; begin < samples; begin += chunk) {
    const std::int64_t count = std::min(chunk, samples - begin);
    for (std::int64_t k = 0; k < count; ++k) {
      stamps[static_cast<std::size_t>(k)] = (begin + k) * 1000;
      // Finite bits that tell the rows apart.
      for (std::int64_t j = 0; j < width; ++j)
        pattern[static_cast<std::size_t>(k * width + j)] = static_cast<std::uint16_t>(((begin + k) * 131 + j) & 0x3fff);
    }
    times.write(static_cast<std::size_t>(begin) * 8, stamps.data(), static_cast<std::size_t>(count) * 8);
    values.write(static_cast<std::size_t>(begin * width) * 2, pattern.data(),
                 static_cast<std::size_t>(count * width) * 2);
  }
  ResampleArgs args;
  args.source.times = reinterpret_cast<const std::int64_t*>(times.data());
  args.source.values = rows(reinterpret_cast<const BFloat16*>(values.data()), samples, width);
  args.source.interpolation = Interpolation::linear;
  args.at = every({1'000'000, 1}, samples);
  args.out = rows(reinterpret_cast<BFloat16*>(out.data()), samples, width);
  ASSERT_OK(run(args));
  for (const std::int64_t row :
       {std::int64_t{0}, std::int64_t{1}, samples / 2, past / width - 1, past / width, past / width + 1, samples - 1})
    for (std::int64_t j = 0; j < width; ++j)
      EXPECT_EQ(element<BFloat16>(out, row * width + j).bits, ((row * 131 + j) & 0x3fff)) << "row " << row;
}

INSTANTIATE_TEST_SUITE_P(, ResampleHuge, testing::Values(Launcher::host, Launcher::stream), launcher_name);

}  // namespace
}  // namespace robocache::test
