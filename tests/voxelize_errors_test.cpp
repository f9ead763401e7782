// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/voxelize.hpp>

#include "support/launch.hpp"
#include "support/voxel_mistakes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace robocache::test {
namespace {

/// Valid arguments, each mistake changes one.
struct Call {
  VoxelizeArgs args;
  VoxelChannel channels[2];
  Workspace workspace;
};

const std::vector<Mistake<Call>> mistakes = with_channel_mistakes(with_point_mistakes<Call>({
    {"unbounded", StatusCode::invalid_value, "grid.unbounded", [](Call& c) { c.args.grid.unbounded = true; }},
    {"many cells", StatusCode::overflow, "grid.shape",
     [](Call& c) { c.args.grid.shape[0] = c.args.grid.shape[1] = 1 << 16; }},
    {"cells of clouds", StatusCode::overflow, "grid.shape",
     [](Call& c) {
       c.args.grid.shape[0] = c.args.grid.shape[1] = 1 << 13;
       c.args.points.clouds = INT64_MAX / 128;
     }},
    {"occupancy type", StatusCode::invalid_value, "occupancy.type",
     [](Call& c) { c.args.occupancy.type = unknown<CellType>(); }},
    {"occupancy strides", StatusCode::invalid_size, "occupancy", [](Call& c) { c.args.occupancy.x_stride = 1; }},
    {"occupancy overlaps itself", StatusCode::invalid_size, "occupancy",
     [](Call& c) {
       c.args.occupancy.cloud_stride = 23, c.args.occupancy.z_stride = 12, c.args.occupancy.y_stride = 4;
       c.args.occupancy.x_stride = 1;
     }},
    {"occupancy runs backward", StatusCode::invalid_size, "occupancy",
     [](Call& c) {
       c.args.occupancy.cloud_stride = 24, c.args.occupancy.z_stride = 12, c.args.occupancy.y_stride = 4;
       c.args.occupancy.x_stride = -1;
     }},
    {"occupancy overflow", StatusCode::overflow, "occupancy",
     [](Call& c) {
       c.args.occupancy.cloud_stride = INT64_MAX, c.args.occupancy.z_stride = huge, c.args.occupancy.y_stride = 4;
       c.args.occupancy.x_stride = 1;
     }},
    {"bits closer than a cloud", StatusCode::invalid_size, "occupancy",
     [](Call& c) {
       c.args.grid.shape[0] = 16;
       c.args.occupancy.type = CellType::bit;
       c.args.occupancy.cloud_stride = 2;
     }},
    {"occupancy misaligned", StatusCode::misaligned, "occupancy",
     [](Call& c) { c.args.occupancy.data = moved(c.args.occupancy.data, 2); }},
    {"count type", StatusCode::unsupported_type, "count.type", [](Call& c) { c.args.count.type = CellType::f32; }},
    {"count unknown type", StatusCode::invalid_value, "count.type",
     [](Call& c) { c.args.count.type = unknown<CellType>(); }},
    {"count strides", StatusCode::invalid_size, "args.count", [](Call& c) { c.args.count.z_stride = 12; }},
    {"count overflow", StatusCode::overflow, "args.count",
     [](Call& c) { c.args.count = {c.args.count.data, CellType::i32, huge, 12, 4, 1}; }},
    {"count misaligned", StatusCode::misaligned, "args.count",
     [](Call& c) { c.args.count.data = moved(c.args.count.data, 1); }},
    {"too many channels", StatusCode::overflow, "channel_count", [](Call& c) { c.args.channel_count = 65; }},
    {"out strides", StatusCode::invalid_size, "channels.out", [](Call& c) { c.channels[1].out.y_stride = 1; }, 1},
    {"cell_of misaligned", StatusCode::misaligned, "cell_of",
     [](Call& c) { c.args.cell_of = beside(c.args.cell_of, 4); }},
    {"counts misaligned", StatusCode::misaligned, "counts", [](Call& c) { c.args.counts = beside(c.args.counts, 1); }},
    // Overlaps, by the last byte of one array and the first of another.
    {"occupancy over points", StatusCode::aliasing, "tensor",
     [](Call& c) { c.args.points.x.data = moved(c.args.occupancy.data, 191); }},
    {"occupancy over the end of points", StatusCode::aliasing, "tensor",
     [](Call& c) { c.args.points.y.data = moved(c.args.occupancy.data, -111); }},
    {"occupancy over the end of the longest row of points", StatusCode::aliasing, "tensor",
     [](Call& c) {
       PointClouds& points = c.args.points;
       points.row_points = 8;
       points.x.row_stride = points.y.row_stride = points.z.row_stride = 12;
       points.x.data = moved(c.args.occupancy.data, -(7 * 12 + 3));
     }},
    {"count over a field", StatusCode::aliasing, "tensor",
     [](Call& c) { c.channels[0].field.data = moved(c.args.count.data, -39); }},
    {"a channel over transforms", StatusCode::aliasing, "tensor",
     [](Call& c) { c.args.points.transforms.data = moved(c.channels[1].out.data, 188); }},
    {"a channel over origins", StatusCode::aliasing, "tensor",
     [](Call& c) { c.args.grid.origins = moved_to<const double>(c.channels[0].out.data, -40); }},
    {"occupancy over cloud_of", StatusCode::aliasing, "tensor",
     [](Call& c) { c.args.points.cloud_of = moved_to<const std::int64_t>(c.args.occupancy.data, 184); }},
    {"occupancy over offsets", StatusCode::aliasing, "tensor",
     [](Call& c) { c.args.points.segments.offsets = moved_to<const std::int64_t>(c.args.occupancy.data, -16); }},
    {"two tensors", StatusCode::aliasing, "two tensors", [](Call& c) { c.args.occupancy.data = c.args.count.data; }},
    {"two channels", StatusCode::aliasing, "two tensors", [](Call& c) { c.channels[1].out = c.channels[0].out; }},
    {"cell_of over points", StatusCode::aliasing, "cell_of",
     [](Call& c) { c.args.cell_of = moved_to<std::int64_t>(c.args.points.x.data, 104); }},
    {"cell_of over counts", StatusCode::aliasing, "overlaps",
     [](Call& c) { c.args.cell_of = moved_to<std::int64_t>(c.args.counts, -72); }},
    {"counts over a tensor", StatusCode::aliasing, "counts",
     [](Call& c) { c.args.counts = moved_to<PointCounts>(c.args.count.data, 184); }},
    {"workspace over points", StatusCode::aliasing, "workspace",
     [](Call& c) { c.workspace.data = moved(c.args.points.x.data, 119); }},
    {"workspace over a tensor", StatusCode::aliasing, "workspace",
     [](Call& c) { c.workspace.data = moved(c.args.occupancy.data, 100); }},
    {"workspace over cell_of", StatusCode::aliasing, "workspace", [](Call& c) { c.workspace.data = c.args.cell_of; }},
    {"workspace null", StatusCode::null_pointer, "workspace", [](Call& c) { c.workspace.data = nullptr; }},
    {"workspace too small", StatusCode::workspace_too_small, "workspace", [](Call& c) { --c.workspace.bytes; }},
    {"no workspace", StatusCode::workspace_too_small, "workspace", [](Call& c) { c.workspace = {}; }},
}));

class VoxelizeErrors : public LauncherTest {};
INSTANTIATE_TEST_SUITE_P(, VoxelizeErrors, every_launcher(), launcher_name);

TEST_P(VoxelizeErrors, EveryMistakeIsNamedAndNothingIsWritten) {
  Arena arena(GetParam());
  Call good;
  constexpr std::int64_t cells = 2 * 24;
  set_points(&arena, &good);
  set_channels(&arena, &good);
  const Output<std::int32_t> occupancy = arena.output<std::int32_t>(cells), count = arena.output<std::int32_t>(cells);
  const Output<float> first = arena.output<float>(cells), second = arena.output<float>(cells);
  const Output<std::int64_t> cell_of = arena.output<std::int64_t>(10), counts = arena.output<std::int64_t>(8);
  good.args.occupancy = dense(occupancy.data());
  good.args.count = dense(count.data());
  good.args.cell_of = cell_of.data();
  good.args.counts = reinterpret_cast<PointCounts*>(counts.data());
  good.channels[0].out = dense(first.data());
  good.channels[1].out = dense(second.data());
  expect_refused(&arena, good, mistakes,
                 [](const auto& args, Workspace workspace, auto where) { return voxelize(args, workspace, where); });
  EXPECT_EQ(cell_of.download()[0], 24);
  EXPECT_EQ(second.download()[1], 0.0f);
}

// Arguments that are wrong need no workspace; nothing to do needs none, and no pointers.
TEST(VoxelizeArgsTest, WorkspaceOfWrongArgumentsIsNothing) {
  VoxelizeArgs args;
  EXPECT_EQ(workspace_bytes(args, Host{1}), 0u);
  args.points.count = -1;
  EXPECT_EQ(workspace_bytes(args, Host{1}), 0u);
  const float point[3] = {0, 0, 0};
  args.points = points_of(point, 1);
  EXPECT_EQ(workspace_bytes(args, Host{7}), 0u) << "no channels";
  VoxelChannel channel;
  channel.source = ChannelSource::x;
  args.channels = &channel;
  args.channel_count = 1;
  EXPECT_GE(workspace_bytes(args, Host{1}), 8u);
  EXPECT_LE(workspace_bytes(args, Host{1}), 8u + 512u);
}

TEST(VoxelizeArgsTest, CoordinatesThatAreNotListedAreRefused) {
  const double point[3] = {0, 0, 0};
  double box[6];
  VoxelizeArgs args;
  args.points = points_of(point, 1);
  EXPECT_TRUE(is_error(voxelize<float>(args, Workspace(), Host{1}), StatusCode::unsupported_type, "args.points"));
  BoundsArgs of;
  of.points = args.points;
  of.boxes = box;
  EXPECT_TRUE(is_error(bounds<float>(of, Host{1}), StatusCode::unsupported_type, "args.points"));
  EXPECT_OK(bounds<double>(of, Host{1}));
}

// Tensors of a structure may interleave, and strides of one element say nothing.
TEST(VoxelizeArgsTest, WhatLooksWrongAndIsNot) {
  const float points[6] = {0.5f, 0.5f, 0.5f, 1.5f, 0.5f, 0.5f};
  VoxelizeArgs args;
  args.points = points_of(points, 2);
  args.grid.shape[0] = 2;
  args.grid.shape[1] = args.grid.shape[2] = 1;
  std::int32_t both[4] = {9, 9, 9, 9};
  args.occupancy = {both, CellType::i32, 0, 0, 7, 2};
  args.count = {both + 1, CellType::i32, INT64_MAX, INT64_MAX, 0, 2};
  std::int64_t cell_of[2];
  args.cell_of = cell_of;
  ASSERT_OK(voxelize(args, Workspace(), Host{2}));
  EXPECT_EQ((std::vector<std::int32_t>(both, both + 4)), (std::vector<std::int32_t>{1, 1, 1, 1}));

  // Three cells so far apart that the stride of a fourth would leave 64 bits, but not their reach: it holds all memory.
  args.grid.shape[0] = 3;
  args.grid.shape[1] = 2;
  args.count = {};
  args.occupancy = {both, CellType::u8, 0, 0, 1, INT64_MAX / 2 - 1};
  args.occupancy.data = reinterpret_cast<void*>(64);  // NOLINT(performance-no-int-to-ptr)
  EXPECT_TRUE(is_error(voxelize(args, Workspace(), Host{2}), StatusCode::aliasing, "overlaps an input"));
}

}  // namespace
}  // namespace robocache::test
