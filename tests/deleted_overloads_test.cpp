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
// `...`: the operator with its types, if it is given any; `between` are arguments ahead of the stream.
#define EXPECT_STREAM_IS_NAMED(Args, between, ...)                                                \
  EXPECT_TRUE(compiles<Args>(CALL(__VA_ARGS__(args, between cudaStream_t())))) << #__VA_ARGS__;   \
  EXPECT_TRUE(compiles<Args>(CALL(__VA_ARGS__(args, between Host())))) << #__VA_ARGS__;           \
  EXPECT_FALSE(compiles<Args>(CALL(__VA_ARGS__(args, between nullptr)))) << #__VA_ARGS__;         \
  EXPECT_FALSE(compiles<Args>(CALL(__VA_ARGS__(args, between{})))) << #__VA_ARGS__ << " with {}"; \
  EXPECT_FALSE(compiles<Args>(CALL(__VA_ARGS__(args, between 0)))) << #__VA_ARGS__ << " with 0"
#define NOTHING
#define WORKSPACE Workspace(),

TEST(DeletedOverloads, OfTheCompiledLibrary) {
  EXPECT_STREAM_IS_NAMED(ResampleArgs, NOTHING, resample);
  EXPECT_STREAM_IS_NAMED(FuseArgs, NOTHING, fuse);
  EXPECT_STREAM_IS_NAMED(MatchArgs, NOTHING, match);
  EXPECT_STREAM_IS_NAMED(GatherRowsArgs, NOTHING, gather_rows);
  EXPECT_STREAM_IS_NAMED(SynchronizeArgs, NOTHING, synchronize);
  EXPECT_STREAM_IS_NAMED(CheckTimesArgs, NOTHING, check_times);
  EXPECT_STREAM_IS_NAMED(SplitSegmentsArgs, NOTHING, split_segments);
  EXPECT_STREAM_IS_NAMED(GridOffsetsArgs, NOTHING, grid_offsets);
  EXPECT_STREAM_IS_NAMED(VoxelizeArgs, WORKSPACE, voxelize);
  EXPECT_STREAM_IS_NAMED(BoundsArgs, NOTHING, bounds);
  EXPECT_STREAM_IS_NAMED(VoxelizeSparseArgs, WORKSPACE, voxelize_sparse);
  EXPECT_STREAM_IS_NAMED(VoxelizeHardArgs, WORKSPACE, voxelize_hard);
  EXPECT_STREAM_IS_NAMED(VoxelDownsampleArgs, WORKSPACE, voxel_downsample);
}

TEST(DeletedOverloads, OfListedTypes) {
  using Listed = Types<std::int64_t, float, float>;
  using Fused = FuseTypes<std::int64_t, float, float>;
  using Converted = Conversion<float, float>;
  EXPECT_STREAM_IS_NAMED(ResampleArgs, NOTHING, resample<Listed>);
  EXPECT_STREAM_IS_NAMED(FuseArgs, NOTHING, fuse<Fused>);
  EXPECT_STREAM_IS_NAMED(MatchArgs, NOTHING, match<std::int64_t>);
  EXPECT_STREAM_IS_NAMED(GatherRowsArgs, NOTHING, gather_rows<Converted>);
  EXPECT_STREAM_IS_NAMED(SynchronizeArgs, NOTHING, synchronize<std::int64_t>);
  EXPECT_STREAM_IS_NAMED(CheckTimesArgs, NOTHING, check_times<std::int64_t>);
  EXPECT_STREAM_IS_NAMED(SplitSegmentsArgs, NOTHING, split_segments<std::int64_t>);
  EXPECT_STREAM_IS_NAMED(GridOffsetsArgs, NOTHING, grid_offsets<std::int64_t>);
  EXPECT_STREAM_IS_NAMED(VoxelizeArgs, WORKSPACE, voxelize<float>);
  EXPECT_STREAM_IS_NAMED(BoundsArgs, NOTHING, bounds<float>);
  EXPECT_STREAM_IS_NAMED(VoxelizeSparseArgs, WORKSPACE, voxelize_sparse<float>);
  EXPECT_STREAM_IS_NAMED(VoxelizeHardArgs, WORKSPACE, voxelize_hard<float>);
  EXPECT_STREAM_IS_NAMED(VoxelDownsampleArgs, WORKSPACE, voxel_downsample<float>);
}
#else
TEST(DeletedOverloads, HasNoStreamWithoutCuda) { EXPECT_TRUE(compiles<ResampleArgs>(CALL(resample(args, Host())))); }
#endif

}  // namespace
}  // namespace robocache::test
