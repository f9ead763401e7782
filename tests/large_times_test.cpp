// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/split_segments.hpp>

#include "support/launch.hpp"
#include "support/reserved_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

// Recordings of more than 2^31 stamps: 0 everywhere but at the end, where the clock jumps back.

namespace robocache::test {
namespace {

constexpr std::int64_t count = (std::int64_t{1} << 31) + 5000;
constexpr std::int64_t border = (std::int64_t{1} << 31) + 1;
const std::vector<float> ending = {1.0f, 1.0f, 0.5f};
const std::vector<std::int64_t> offsets = {0, border, count};

CheckTimesArgs check_args(const float* times, const std::int64_t* segments, std::int64_t* offences) {
  CheckTimesArgs args;
  args.times = times;
  args.count = count;
  args.segments = ragged(segments, 2);
  args.duplicates = false;
  args.offences = offences;
  return args;
}
SplitSegmentsArgs split_args(const float* times, std::int64_t* cuts, std::int64_t* found) {
  SplitSegmentsArgs args;
  args.times = times;
  args.count = count;
  args.offsets = cuts;
  args.capacity = 3;
  args.segment_count = found;
  return args;
}
GridOffsetsArgs grid_args(const float* times, const std::int64_t* segments, std::int64_t* row_offsets) {
  GridOffsetsArgs args;
  args.source.times = times;
  args.source.values.count = count;
  args.source.segments = ragged(segments, 2);
  args.at = every({10, 1}, 0);
  args.row_offsets = row_offsets;
  return args;
}
void expect_results(const std::vector<std::int64_t>& offences, const std::vector<std::int64_t>& cuts,
                    const std::vector<std::int64_t>& row_offsets) {
  EXPECT_EQ(offences[0], no_offence);
  EXPECT_EQ(offence_row(offences[1]), count - 1);
  EXPECT_EQ(offence_fault(offences[1]), TimeFault::backward);
  EXPECT_EQ(cuts, (std::vector<std::int64_t>{0, count - 1, count, count, 2}));  // the last is the count found
  EXPECT_EQ(row_offsets, (std::vector<std::int64_t>{0, 1, 1 + 6}));
}

TEST(LargeTimes, HostCountsBeyond2To31) {
  if (ROBOCACHE_TEST_SANITIZED) GTEST_SKIP() << "too slow under a sanitizer";
  const ReservedZeros<float> times(count);
  if (times.data() == nullptr) GTEST_SKIP() << "no address space for " << count << " stamps";
  std::copy(ending.begin(), ending.end(), times.data() + count - 3);
  std::vector<std::int64_t> offences(2), cuts(5), row_offsets(3);
  ASSERT_OK(check_times(check_args(times.data(), offsets.data(), offences.data()), Host{2}));
  ASSERT_OK(split_segments(split_args(times.data(), cuts.data(), &cuts[4]), Host{}));
  ASSERT_OK(grid_offsets(grid_args(times.data(), offsets.data(), row_offsets.data()), Host{}));
  expect_results(offences, cuts, row_offsets);
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
TEST(GpuLargeTimes, CountsBeyond2To31) {
  if (!has_cuda_device()) GTEST_SKIP() << "no CUDA device";
  float* times = nullptr;
  if (cudaMalloc(reinterpret_cast<void**>(&times), count * sizeof(float)) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    GTEST_SKIP() << "no memory for " << count << " stamps";
  }
  ASSERT_EQ(cudaMemset(times, 0, count * sizeof(float)), cudaSuccess);
  ASSERT_EQ(cudaMemcpy(times + count - 3, ending.data(), 3 * sizeof(float), cudaMemcpyHostToDevice), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  Arena arena(Launcher::stream);
  const std::int64_t* segments = arena.input(offsets);
  const Output<std::int64_t> offences = arena.output<std::int64_t>(2), cuts = arena.output<std::int64_t>(5),
                             row_offsets = arena.output<std::int64_t>(3);
  EXPECT_OK(arena.launch([&](auto where) { return check_times(check_args(times, segments, offences.data()), where); }));
  EXPECT_OK(
      arena.launch([&](auto where) { return split_segments(split_args(times, cuts.data(), cuts.data() + 4), where); }));
  EXPECT_OK(
      arena.launch([&](auto where) { return grid_offsets(grid_args(times, segments, row_offsets.data()), where); }));
  expect_results(offences.download(), cuts.download(), row_offsets.download());
  EXPECT_EQ(cudaFree(times), cudaSuccess);
}
#endif

}  // namespace
}  // namespace robocache::test
