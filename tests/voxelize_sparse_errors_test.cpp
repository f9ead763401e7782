// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/voxel_downsample.hpp>
#include <robocache/voxel/voxelize_hard.hpp>
#include <robocache/voxel/voxelize_sparse.hpp>

#include "support/launch.hpp"
#include "support/voxel_mistakes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

// Mistakes in the arguments of voxelize_sparse, voxelize_hard and voxel_downsample.

namespace robocache::test {
namespace {

class SparseErrors : public LauncherTest {};
INSTANTIATE_TEST_SUITE_P(, SparseErrors, every_launcher(), launcher_name);

constexpr std::int64_t points = 10, capacity = 6, clouds = 2;

struct SparseCall {
  VoxelizeSparseArgs args;
  VoxelChannel channels[2];
  Workspace workspace;
};

/// Mistakes in what SparseVoxels has.
template <class Call>
std::vector<Mistake<Call>> with_sparse_mistakes(std::vector<Mistake<Call>> others) {
  std::vector<Mistake<Call>> mistakes = {
      {"cells of clouds", StatusCode::overflow, "grid.shape",
       [](Call& c) { c.args.grid.shape[0] = c.args.grid.shape[1] = c.args.grid.shape[2] = 1 << 21; }},
      {"cells of a cloud", StatusCode::overflow, "grid.shape",
       [](Call& c) { c.args.grid.shape[0] = c.args.grid.shape[1] = c.args.grid.shape[2] = 1 << 23; }},
      {"clouds have no number", StatusCode::overflow, "points.clouds",
       [](Call& c) { c.args.points.clouds = std::int64_t{INT32_MAX} + 1; }},
      {"order", StatusCode::invalid_value, "args.order", [](Call& c) { c.args.order = unknown<VoxelOrder>(); }},
      {"coord_order", StatusCode::invalid_value, "coord_order",
       [](Call& c) { c.args.coord_order = unknown<CoordOrder>(); }},
      {"capacity", StatusCode::invalid_size, "args.capacity", [](Call& c) { c.args.capacity = -1; }},
      {"capacity overflows", StatusCode::overflow, "args.capacity", [](Call& c) { c.args.capacity = huge; }},
      {"voxel_count misaligned", StatusCode::misaligned, "voxel_count",
       [](Call& c) { c.args.voxel_count = beside(c.args.voxel_count, 4); }},
      {"coords misaligned", StatusCode::misaligned, "coords",
       [](Call& c) { c.args.coords = beside(c.args.coords, 2); }},
      {"count misaligned", StatusCode::misaligned, "args.count",
       [](Call& c) { c.args.count = beside(c.args.count, 1); }},
      {"point_to_voxel misaligned", StatusCode::misaligned, "point_to_voxel",
       [](Call& c) { c.args.point_to_voxel = beside(c.args.point_to_voxel, 3); }},
      {"counts misaligned", StatusCode::misaligned, "args.counts",
       [](Call& c) { c.args.counts = beside(c.args.counts, 1); }},
      {"overflow misaligned", StatusCode::misaligned, "args.overflow",
       [](Call& c) { c.args.overflow = beside(c.args.overflow, 4); }},
      // By the last byte of one and the first of another.
      {"voxel_count over points", StatusCode::aliasing, "voxel_count",
       [](Call& c) { c.args.voxel_count = moved_to<std::int64_t>(c.args.points.x.data, 112); }},
      {"coords over points", StatusCode::aliasing, "coords",
       [](Call& c) { c.args.coords = moved_to<std::int32_t>(c.args.points.x.data, 116); }},
      {"coords before offsets", StatusCode::aliasing, "coords",
       [](Call& c) { c.args.points.segments.offsets = moved_to<const std::int64_t>(c.args.coords, 88); }},
      {"count over cloud_of", StatusCode::aliasing, "args.count",
       [](Call& c) { c.args.points.cloud_of = moved_to<const std::int64_t>(c.args.count, -8); }},
      {"point_to_voxel over transforms", StatusCode::aliasing, "point_to_voxel",
       [](Call& c) { c.args.points.transforms.data = moved(c.args.point_to_voxel, 36); }},
      {"point_to_voxel over count", StatusCode::aliasing, "point_to_voxel",
       [](Call& c) { c.args.point_to_voxel = moved_to<std::int32_t>(c.args.count, 20); }},
      {"counts over coords", StatusCode::aliasing, "coords",
       [](Call& c) { c.args.counts = moved_to<PointCounts>(c.args.coords, 88); }},
      {"overflow over voxel_count", StatusCode::aliasing, "overflow",
       [](Call& c) { c.args.overflow = c.args.voxel_count; }},
      {"workspace over points", StatusCode::aliasing, "workspace",
       [](Call& c) { c.workspace.data = moved(c.args.points.x.data, 119); }},
      {"workspace over coords", StatusCode::aliasing, "workspace", [](Call& c) { c.workspace.data = c.args.coords; }},
      {"workspace null", StatusCode::null_pointer, "workspace", [](Call& c) { c.workspace.data = nullptr; }},
      {"workspace too small", StatusCode::workspace_too_small, "workspace", [](Call& c) { --c.workspace.bytes; }},
      {"no workspace", StatusCode::workspace_too_small, "workspace", [](Call& c) { c.workspace = {}; }},
  };
  mistakes.insert(mistakes.end(), others.begin(), others.end());
  return with_channel_mistakes(with_point_mistakes(mistakes));
}

template <class Args>
void set_outputs(Arena* arena, Args* args) {
  args->capacity = capacity;
  args->voxel_count = arena->output<std::int64_t>(1).data();
  args->coords = arena->output<std::int32_t>(capacity * 4).data();
  args->count = arena->output<std::int32_t>(capacity).data();
  args->point_to_voxel = arena->output<std::int32_t>(points).data();
  args->overflow = arena->output<std::int64_t>(1).data();
  args->counts = reinterpret_cast<PointCounts*>(arena->output<std::int64_t>(clouds * 4).data());
}

TEST_P(SparseErrors, OfVoxelizeSparse) {
  using Call = SparseCall;
  const std::vector<Mistake<Call>> mistakes = with_sparse_mistakes<Call>({
      {"list_points alone", StatusCode::null_pointer, "list_offsets", [](Call& c) { c.args.list_offsets = nullptr; }},
      {"list_offsets misaligned", StatusCode::misaligned, "list_offsets",
       [](Call& c) { c.args.list_offsets = beside(c.args.list_offsets, 4); }},
      {"list_points misaligned", StatusCode::misaligned, "list_points",
       [](Call& c) { c.args.list_points = beside(c.args.list_points, 2); }},
      {"list_offsets over list_points", StatusCode::aliasing, "list_points",
       [](Call& c) { c.args.list_offsets = moved_to<std::int64_t>(c.args.list_points, -48); }},
      {"list_points over a column", StatusCode::aliasing, "list_points",
       [](Call& c) { c.args.list_points = moved_to<std::int32_t>(c.channels[0].out.data, 40); }},
      {"too many channels", StatusCode::overflow, "channel_count", [](Call& c) { c.args.channel_count = 65; }},
      {"out is dense", StatusCode::invalid_size, "channels.out", [](Call& c) { c.channels[1].out.y_stride = 1; }, 1},
      {"out of clouds", StatusCode::invalid_size, "channels.out", [](Call& c) { c.channels[1].out.cloud_stride = 9; },
       1},
      {"out pitch", StatusCode::invalid_size, "channels.out", [](Call& c) { c.channels[0].out.x_stride = -1; }, 0},
      {"out overflow", StatusCode::overflow, "channels.out", [](Call& c) { c.channels[0].out.x_stride = huge; }, 0},
      {"out bytes overflow", StatusCode::overflow, "channels.out",
       [](Call& c) { c.channels[0].out.x_stride = INT64_MAX / 19; }, 0},
      {"a column over points", StatusCode::aliasing, "tensor",
       [](Call& c) { c.args.points.x.data = moved(c.channels[0].out.data, 43); }},
      {"a column over a field", StatusCode::aliasing, "tensor",
       [](Call& c) { c.channels[0].field.data = moved(c.channels[1].out.data, -39); }},
      {"two columns", StatusCode::aliasing, "two tensors", [](Call& c) { c.channels[1].out = c.channels[0].out; }},
      {"coords over a column", StatusCode::aliasing, "coords",
       [](Call& c) { c.args.coords = moved_to<std::int32_t>(c.channels[0].out.data, 40); }},
  });
  Arena arena(GetParam());
  Call good;
  set_points(&arena, &good);
  set_outputs(&arena, &good.args);
  good.args.list_offsets = arena.output<std::int64_t>(capacity + 1).data();
  good.args.list_points = arena.output<std::int32_t>(points).data();
  set_channels(&arena, &good);
  good.channels[0].out = column(arena.output_rows<float>(capacity, 1, 2).data(), 2);
  good.channels[1].out = column(arena.output<float>(capacity).data());
  expect_refused(&arena, good, mistakes, [](const auto& args, Workspace workspace, auto where) {
    return voxelize_sparse(args, workspace, where);
  });
}

struct DownsampleArguments {
  VoxelDownsampleArgs args;
  VoxelChannel channels[2];
  Workspace workspace;
};

TEST_P(SparseErrors, OfVoxelDownsample) {
  using Call = DownsampleArguments;
  const std::vector<Mistake<Call>> mistakes = with_sparse_mistakes<Call>({
      {"keep", StatusCode::invalid_value, "args.keep", [](Call& c) { c.args.keep = unknown<DownsampleKeep>(); }},
      {"no unit, and origins", StatusCode::invalid_value, "args.unit", [](Call& c) { c.args.unit = 0; }},
      {"unit no power", StatusCode::invalid_value, "args.unit", [](Call& c) { c.args.unit = 0.3; }},
      {"unit negative", StatusCode::invalid_value, "args.unit", [](Call& c) { c.args.unit = -1; }},
      {"unit NaN", StatusCode::invalid_value, "args.unit", [](Call& c) { c.args.unit = nan; }},
      {"unit huge", StatusCode::invalid_value, "args.unit", [](Call& c) { c.args.unit = 0x1p300; }},
      {"too many channels", StatusCode::overflow, "channel_count", [](Call& c) { c.args.channel_count = 62; }},
      {"xyz null", StatusCode::null_pointer, "args.xyz", [](Call& c) { c.args.xyz.data = nullptr; }},
      {"xyz type", StatusCode::unsupported_type, "args.xyz", [](Call& c) { c.args.xyz.type = CellType::i32; }},
      {"xyz bits", StatusCode::unsupported_type, "args.xyz", [](Call& c) { c.args.xyz.type = CellType::bit; }},
      {"xyz unknown", StatusCode::invalid_value, "args.xyz", [](Call& c) { c.args.xyz.type = unknown<CellType>(); }},
      {"xyz pitch", StatusCode::invalid_size, "args.xyz", [](Call& c) { c.args.xyz.x_stride = 2; }},
      {"xyz is dense", StatusCode::invalid_size, "args.xyz", [](Call& c) { c.args.xyz.z_stride = 12; }},
      {"xyz overflow", StatusCode::overflow, "args.xyz", [](Call& c) { c.args.xyz.x_stride = huge; }},
      {"xyz misaligned", StatusCode::misaligned, "args.xyz",
       [](Call& c) { c.args.xyz.data = moved(c.args.xyz.data, 1); }},
      {"xyz over points", StatusCode::aliasing, "tensor",
       [](Call& c) { c.args.points.x.data = moved(c.args.xyz.data, 80); }},
      {"xyz over a channel", StatusCode::aliasing, "two tensors",
       [](Call& c) { c.channels[1].out.data = moved(c.args.xyz.data, 4); }},
  });
  Arena arena(GetParam());
  Call good;
  set_points(&arena, &good);
  set_outputs(&arena, &good.args);
  set_channels(&arena, &good);
  good.channels[0].out = column(arena.output<float>(capacity).data());
  good.channels[1].out = column(arena.output<float>(capacity).data());
  good.args.xyz = column(arena.output_rows<float>(capacity, 3, 4).data(), 4);
  good.args.unit = 0x1p-20;
  expect_refused(&arena, good, mistakes, [](const auto& args, Workspace workspace, auto where) {
    return voxel_downsample(args, workspace, where);
  });
}

struct HardCall {
  VoxelizeHardArgs args;
  HardChannel channels[2];
  Workspace workspace;
};

TEST_P(SparseErrors, OfVoxelizeHard) {
  using Call = HardCall;
  constexpr std::int64_t max_voxels = 5, max_points = 3, rows = clouds * max_voxels;
  const std::vector<Mistake<Call>> mistakes = with_point_mistakes<Call>({
      {"cells of clouds", StatusCode::overflow, "grid.shape",
       [](Call& c) { c.args.grid.shape[0] = c.args.grid.shape[1] = c.args.grid.shape[2] = 1 << 21; }},
      {"clouds have no number", StatusCode::overflow, "points.clouds",
       [](Call& c) { c.args.points.clouds = std::int64_t{INT32_MAX} + 1; }},
      {"coord_order", StatusCode::invalid_value, "coord_order",
       [](Call& c) { c.args.coord_order = unknown<CoordOrder>(); }},
      {"max_voxels", StatusCode::invalid_size, "max_voxels", [](Call& c) { c.args.max_voxels = -1; }},
      {"max_voxels overflows", StatusCode::overflow, "max_voxels", [](Call& c) { c.args.max_voxels = huge; }},
      {"rows overflow", StatusCode::overflow, "max_voxels", [](Call& c) { c.args.max_voxels = INT64_MAX / 100; }},
      {"max_points", StatusCode::invalid_size, "max_points", [](Call& c) { c.args.max_points = 0; }},
      {"max_points overflows", StatusCode::overflow, "max_points", [](Call& c) { c.args.max_points = huge; }},
      {"bytes overflow", StatusCode::overflow, "max_points", [](Call& c) { c.args.max_points = INT64_MAX / 21; }},
      {"channels null", StatusCode::null_pointer, "args.channels", [](Call& c) { c.args.channels = nullptr; }},
      {"channel count", StatusCode::invalid_size, "channel_count", [](Call& c) { c.args.channel_count = -1; }},
      {"too many channels", StatusCode::overflow, "channel_count", [](Call& c) { c.args.channel_count = 65; }},
      {"source", StatusCode::invalid_value, "source", [](Call& c) { c.channels[1].source = unknown<ChannelSource>(); },
       1},
      {"field null", StatusCode::null_pointer, "field.data", [](Call& c) { c.channels[0].field.data = nullptr; }, 0},
      {"field type", StatusCode::invalid_value, "field.type",
       [](Call& c) { c.channels[0].field.type = unknown<FieldType>(); }, 0},
      {"field stride", StatusCode::invalid_size, "field", [](Call& c) { c.channels[0].field.stride = -1; }, 0},
      {"voxels type", StatusCode::unsupported_type, "voxels.type", [](Call& c) { c.args.voxels.type = CellType::u8; }},
      {"voxels bits", StatusCode::unsupported_type, "voxels.type", [](Call& c) { c.args.voxels.type = CellType::bit; }},
      {"voxels unknown", StatusCode::invalid_value, "voxels.type",
       [](Call& c) { c.args.voxels.type = unknown<CellType>(); }},
      {"voxels misaligned", StatusCode::misaligned, "voxels",
       [](Call& c) { c.args.voxels.data = moved(c.args.voxels.data, 2); }},
      {"coords misaligned", StatusCode::misaligned, "coords",
       [](Call& c) { c.args.coords = beside(c.args.coords, 2); }},
      {"num_points misaligned", StatusCode::misaligned, "num_points",
       [](Call& c) { c.args.num_points = beside(c.args.num_points, 1); }},
      {"voxel_count misaligned", StatusCode::misaligned, "voxel_count",
       [](Call& c) { c.args.voxel_count = beside(c.args.voxel_count, 4); }},
      {"overflow misaligned", StatusCode::misaligned, "args.overflow",
       [](Call& c) { c.args.overflow = beside(c.args.overflow, 4); }},
      {"counts misaligned", StatusCode::misaligned, "args.counts",
       [](Call& c) { c.args.counts = beside(c.args.counts, 1); }},
      {"voxels over points", StatusCode::aliasing, "voxels",
       [](Call& c) { c.args.points.x.data = moved(c.args.voxels.data, rows * max_points * 2 * 4 - 1); }},
      {"voxels over a field", StatusCode::aliasing, "voxels",
       [](Call& c) { c.channels[0].field.data = moved(c.args.voxels.data, -39); }},
      {"coords over origins", StatusCode::aliasing, "coords",
       [](Call& c) { c.args.grid.origins = moved_to<const double>(c.args.coords, rows * 16 - 8); }},
      {"coords over voxels", StatusCode::aliasing, "coords",
       [](Call& c) { c.args.coords = moved_to<std::int32_t>(c.args.voxels.data, 8); }},
      {"num_points over coords", StatusCode::aliasing, "num_points",
       [](Call& c) { c.args.num_points = moved_to<std::int32_t>(c.args.coords, rows * 16 - 4); }},
      {"voxel_count over num_points", StatusCode::aliasing, "voxel_count",
       [](Call& c) { c.args.voxel_count = moved_to<std::int64_t>(c.args.num_points, rows * 4 - 8); }},
      {"overflow over voxel_count", StatusCode::aliasing, "overflow",
       [](Call& c) { c.args.overflow = moved_to<std::int64_t>(c.args.voxel_count, 8); }},
      {"counts over voxels", StatusCode::aliasing, "voxels",
       [](Call& c) { c.args.counts = moved_to<PointCounts>(c.args.voxels.data, 16); }},
      {"workspace over voxels", StatusCode::aliasing, "workspace",
       [](Call& c) { c.workspace.data = c.args.voxels.data; }},
      {"workspace over points", StatusCode::aliasing, "workspace",
       [](Call& c) { c.workspace.data = moved(c.args.points.x.data, 119); }},
      {"workspace null", StatusCode::null_pointer, "workspace", [](Call& c) { c.workspace.data = nullptr; }},
      {"workspace too small", StatusCode::workspace_too_small, "workspace", [](Call& c) { --c.workspace.bytes; }},
      {"no workspace", StatusCode::workspace_too_small, "workspace", [](Call& c) { c.workspace = {}; }},
  });
  Arena arena(GetParam());
  Call good;
  set_points(&arena, &good);
  set_channels(&arena, &good);
  good.args.max_voxels = max_voxels;
  good.args.max_points = max_points;
  good.args.voxels = arena.output<float>(rows * max_points * 2).data();
  good.args.coords = arena.output<std::int32_t>(rows * 4).data();
  good.args.num_points = arena.output<std::int32_t>(rows).data();
  good.args.voxel_count = arena.output<std::int64_t>(clouds).data();
  good.args.overflow = arena.output<std::int64_t>(clouds).data();
  good.args.counts = reinterpret_cast<PointCounts*>(arena.output<std::int64_t>(clouds * 4).data());
  expect_refused(&arena, good, mistakes, [](const auto& args, Workspace workspace, auto where) {
    return voxelize_hard(args, workspace, where);
  });
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// A call of the order of keys, with lists: both sort by CUB.
struct SortedCall {
  Arena arena = Arena(Launcher::stream);
  VoxelizeSparseArgs args;

  SortedCall() {
    args.points = points_of(arena.input(std::vector<float>{2.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f}), 2);
    args.grid = unbounded_grid({1, 1, 1});
    args.order = VoxelOrder::key;
    args.capacity = 2;
    args.list_offsets = arena.output<std::int64_t>(3).data();
    args.list_points = arena.output<std::int32_t>(2).data();
  }
  Status run() {
    return launch_with_workspace(
        &arena, args, [&](Workspace workspace, auto where) { return voxelize_sparse(args, workspace, where); });
  }
};

TEST(GpuErrors, WhatOthersLeftBehindIsNoErrorOfTheCall) {
  if (!has_cuda_device()) GTEST_SKIP() << "no CUDA device";
  SortedCall call;
  const Output<std::int32_t> coords = call.arena.output<std::int32_t>(8);
  call.args.coords = coords.data();
  void* too_much = nullptr;
  ASSERT_EQ(cudaMalloc(&too_much, std::size_t{1} << 50), cudaErrorMemoryAllocation);
  ASSERT_EQ(cudaPeekAtLastError(), cudaErrorMemoryAllocation);
  EXPECT_OK(call.run());
  EXPECT_EQ(coords.download(), (std::vector<std::int32_t>{0, 0, 0, 0, 0, 0, 0, 2}));
}

TEST(GpuErrors, AnErrorOfTheCallIsNotLeftBehind) {
  if (!has_cuda_device()) GTEST_SKIP() << "no CUDA device";
  SortedCall call;
  std::vector<PointCounts> on_host(1);
  call.args.counts = on_host.data();
  const Status status = call.run();
  EXPECT_EQ(status.code(), StatusCode::cuda_error) << status.what();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}
#endif

TEST(SparseArgsTest, WorkspaceOfWrongArgumentsIsNothing) {
  VoxelizeSparseArgs sparse;
  sparse.capacity = -1;
  EXPECT_EQ(workspace_bytes(sparse, Host{1}), 0u);
  VoxelizeHardArgs hard;
  hard.max_points = 0;
  EXPECT_EQ(workspace_bytes(hard, Host{1}), 0u);
  VoxelDownsampleArgs thin;
  thin.unit = 3;
  EXPECT_EQ(workspace_bytes(thin, Host{1}), 0u);
}

TEST(SparseArgsTest, CoordinatesThatAreNotListedAreRefused) {
  const double point[3] = {0, 0, 0};
  VoxelizeSparseArgs sparse;
  sparse.points = points_of(point, 1);
  EXPECT_TRUE(is_error(voxelize_sparse<float>(sparse, Workspace(), Host{1}), StatusCode::unsupported_type, "points"));
  VoxelizeHardArgs hard;
  hard.points = sparse.points;
  EXPECT_TRUE(is_error(voxelize_hard<float>(hard, Workspace(), Host{1}), StatusCode::unsupported_type, "points"));
  VoxelDownsampleArgs thin;
  thin.points = sparse.points;
  EXPECT_TRUE(is_error(voxel_downsample<float>(thin, Workspace(), Host{1}), StatusCode::unsupported_type, "points"));
}

}  // namespace
}  // namespace robocache::test
