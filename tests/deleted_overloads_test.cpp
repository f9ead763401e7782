// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include <robocache/robocache.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>

// A stream that is left out by accident does not compile: neither nullptr, {} nor 0 names one.

namespace robocache::test {
namespace {

/// Whether a CALL on these arguments would compile.
template <class Args, class Call>
constexpr bool compiles(Call) {
  return std::is_invocable<Call, const Args&>::value;
}
#define CALL(...) [](const auto& args) -> decltype(__VA_ARGS__) { return __VA_ARGS__; }

#if ROBOCACHE_HAS_CUDA_RUNTIME
// `...`: the operator, with its types where it is given any; `ahead`: what stands ahead of the stream.
#define EXPECT_STREAM_IS_NAMED(Args, ahead, ...)                                               \
  EXPECT_TRUE(compiles<Args>(CALL(__VA_ARGS__(args, ahead(cudaStream_t()))))) << #__VA_ARGS__; \
  EXPECT_TRUE(compiles<Args>(CALL(__VA_ARGS__(args, ahead(Host()))))) << #__VA_ARGS__;         \
  EXPECT_FALSE(compiles<Args>(CALL(__VA_ARGS__(args, ahead(nullptr))))) << #__VA_ARGS__;       \
  EXPECT_FALSE(compiles<Args>(CALL(__VA_ARGS__(args, ahead({}))))) << #__VA_ARGS__;            \
  EXPECT_FALSE(compiles<Args>(CALL(__VA_ARGS__(args, ahead(0))))) << #__VA_ARGS__
// Of the compiled library, and of listed types.
#define EXPECT_BOTH_FORMS(Args, ahead, op, Listed) \
  EXPECT_STREAM_IS_NAMED(Args, ahead, op);         \
  EXPECT_STREAM_IS_NAMED(Args, ahead, op<Listed>)
#define NOTHING(stream) stream
#define WORKSPACE(stream) Workspace(), stream

TEST(DeletedOverloads, OfEveryOperator) {
  using Stamp = std::int64_t;
  using Resampled = Types<Stamp, float, float>;
  using Fused = FuseTypes<Stamp, float, float>;
  using Gathered = Conversion<float, float>;
  EXPECT_BOTH_FORMS(ResampleArgs, NOTHING, resample, Resampled);
  EXPECT_BOTH_FORMS(FuseArgs, NOTHING, fuse, Fused);
  EXPECT_BOTH_FORMS(MatchArgs, NOTHING, match, Stamp);
  EXPECT_BOTH_FORMS(GatherRowsArgs, NOTHING, gather_rows, Gathered);
  EXPECT_BOTH_FORMS(SynchronizeArgs, NOTHING, synchronize, Stamp);
  EXPECT_BOTH_FORMS(CheckTimesArgs, NOTHING, check_times, Stamp);
  EXPECT_BOTH_FORMS(SplitSegmentsArgs, NOTHING, split_segments, Stamp);
  EXPECT_BOTH_FORMS(GridOffsetsArgs, NOTHING, grid_offsets, Stamp);
  EXPECT_BOTH_FORMS(VoxelizeArgs, WORKSPACE, voxelize, float);
  EXPECT_BOTH_FORMS(BoundsArgs, NOTHING, bounds, float);
  EXPECT_BOTH_FORMS(VoxelizeSparseArgs, WORKSPACE, voxelize_sparse, float);
  EXPECT_BOTH_FORMS(VoxelizeHardArgs, WORKSPACE, voxelize_hard, float);
  EXPECT_BOTH_FORMS(VoxelDownsampleArgs, WORKSPACE, voxel_downsample, float);
}
#else
TEST(DeletedOverloads, HasNoStreamWithoutCuda) { EXPECT_TRUE(compiles<ResampleArgs>(CALL(resample(args, Host())))); }
#endif

}  // namespace
}  // namespace robocache::test
