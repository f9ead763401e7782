// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/voxel_downsample.hpp>

#include "support/files.hpp"
#include "support/sparse_case.hpp"
#include "support/voxel_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

// A downsampling is a call of voxelize_sparse, whose tests are in voxelize_sparse_test: what is tested here is which.

namespace robocache::test {
namespace {

class Downsample : public LauncherTest {
 protected:
  static Status launch(Arena* arena, const VoxelDownsampleArgs& args, int threads = 1) {
    return launch_with_workspace(
        arena, args, [&](Workspace workspace, auto where) { return voxel_downsample(args, workspace, where); },
        threads);
  }
};
INSTANTIATE_TEST_SUITE_P(, Downsample, every_launcher(), launcher_name);

constexpr DownsampleKeep keeps[] = {DownsampleKeep::centroid, DownsampleKeep::first, DownsampleKeep::nearest};

TEST_P(Downsample, KeepsWhatItIsAskedFor) {
  SCOPED_TRACE(seed_trace());
  Random random(301);
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    SparseCase call;
    call.in = random_case(random, random.one_in(2) ? FieldType::f32 : FieldType::f64);
    call.in.grid.unbounded = random.one_in(2);
    call.order = random.one_in(2) ? VoxelOrder::key : VoxelOrder::first_point;
    call.capacity = random.between(0, 400);
    const DownsampleKeep keep = keeps[random.below(3)];
    const double unit = random.one_in(2) || !call.in.origins.empty() ? 0x1p-16 : 0;
    ChannelSpec more[2];
    for (ChannelSpec& spec : more) {
      spec.values = random_values(random, call.in.points.size(), FieldType::f32, true);
      spec.reduction = random.one_in(2) ? Reduction::mean : Reduction::nearest;
    }
    ChannelSpec axes[3];
    for (int axis = 0; axis < 3; ++axis) {
      ChannelSpec& spec = axes[axis];
      spec.source = static_cast<ChannelSource>(1 + axis);
      constexpr Reduction reductions[] = {Reduction::mean, Reduction::first, Reduction::nearest};
      spec.reduction = reductions[static_cast<int>(keep)];
      // 2^39 of them reach the farthest coordinate.
      double cells = call.in.grid.unbounded ? 0x1p20 : call.in.grid.shape[axis];
      if (call.in.grid.rule == CellRule::reciprocal && call.in.grid.origin[axis] != 0) cells += 1;  // before the origin
      const double reach = std::fabs(call.in.grid.origin[axis]) + cells * call.in.grid.size[axis];
      spec.unit = unit != 0 ? unit : std::exp2(std::ceil(std::log2(reach))) * 0x1p-39;
    }
    Arena arena(GetParam());
    VoxelDownsampleArgs args;
    args.points = place_points(arena, call.in);
    args.grid = call.in.grid;
    if (!call.in.origins.empty()) args.grid.origins = arena.input(call.in.origins);
    args.capacity = call.capacity;
    args.order = call.order;
    args.keep = keep;
    args.unit = unit;
    const std::int64_t pitch = random.between(3, 5);
    const Output<double> xyz = arena.output_rows<double>(call.capacity, 3, pitch, 1);
    args.xyz = column(xyz.data(), random.one_in(2) && pitch == 3 ? 0 : pitch);
    const Output<std::int64_t> voxel_count = arena.output<std::int64_t>(1);
    args.voxel_count = voxel_count.data();
    VoxelChannel channels[2];
    const Output<float> out = arena.output<float>(call.capacity * 2);
    for (std::size_t c = 0; c < 2; ++c) {
      channels[c].field = place_field(arena, call.in, more[c]);
      channels[c].reduction = more[c].reduction;
      channels[c].out = column(out.data() + c, 2);
    }
    args.channels = channels;
    args.channel_count = 2;
    ASSERT_OK(launch(&arena, args, static_cast<int>(random.between(1, 3))));
    const auto compare = [&](const auto& oracle) {
      EXPECT_EQ(voxel_count.download()[0], oracle.found);
      const std::vector<double> got = xyz.download();
      const std::vector<float> got_out = out.download();
      for (std::size_t v = 0; v < static_cast<std::size_t>(call.capacity); ++v) {
        const bool is_voxel = v < oracle.voxels.size();
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const double wanted = is_voxel ? static_cast<double>(oracle.value_of(axes[axis], oracle.voxels[v])) : 0.0;
          ASSERT_EQ(got[v * 3 + axis], wanted) << "voxel " << v << ", axis " << axis;
        }
        for (std::size_t c = 0; c < 2; ++c) {
          const float wanted = is_voxel ? round_to<float>(oracle.value_of(more[c], oracle.voxels[v])) : 0.0f;
          ASSERT_EQ(std::memcmp(&got_out[v * 2 + c], &wanted, 4), 0) << "voxel " << v << ", channel " << c;
        }
      }
    };
    if (call.in.in_double()) {
      compare(SparseOracle<double>(call));
    } else {
      compare(SparseOracle<float>(call));
    }
  }
}

// Everything in the grid is held by the unit that is chosen, and finely; where PCL would pass the cloud through, points
// are counted.
TEST_P(Downsample, UnitOfItsOwnHoldsTheWholeGrid) {
  for (const double leaf : {0.01, 0.1, 0.3, 1.0, 8.0}) {
    for (const double from : {0.0, 5'000'000.0}) {
      SCOPED_TRACE(leaf);
      SCOPED_TRACE(from);
      const double low = from - leaf * 0x1p20, high = from + leaf * 0x1p20, middle = from + (0.25 + 0x1p-19) * leaf;
      const std::vector<double> xyz = {low + leaf,  low + leaf, low + leaf, high - leaf, high - leaf,
                                       high - leaf, middle,     middle,     middle,      high + leaf,
                                       middle,      middle,     middle,     middle,      low - leaf};
      Arena arena(GetParam());
      VoxelDownsampleArgs args;
      args.points = points_of(arena.input(xyz), 5);
      args.grid = unbounded_grid({leaf, leaf, leaf});
      for (double& origin : args.grid.origin) origin = from;
      args.capacity = 5;
      const Output<double> out = arena.output<double>(15);
      const Output<std::int64_t> counts = arena.output<std::int64_t>(4), overflow = arena.output<std::int64_t>(1);
      args.xyz = column(out.data(), 3);
      args.counts = reinterpret_cast<PointCounts*>(counts.data());
      args.overflow = overflow.data();
      ASSERT_OK(launch(&arena, args));
      const std::vector<double> got = out.download();
      for (std::size_t k = 0; k < 9; ++k) {
        EXPECT_NEAR(got[k], xyz[k], std::max(leaf * 0x1p-19, from * 0x1p-39)) << k;
        if (from == 0 && leaf >= 1) {
          EXPECT_EQ(got[k], xyz[k]) << "multiples of the unit, " << k;
        }
      }
      EXPECT_EQ(counts.download(), (std::vector<std::int64_t>{3, 2, 0, 0}));
      EXPECT_EQ(overflow.download()[0], 0);
    }
  }
}

// By the reciprocal rule the cells of this grid begin half a cell before its origin.
TEST_P(Downsample, UnitHoldsTheCellBeforeTheOrigin) {
  const double size = 0x1p17 / (0x1p20 + 0.75);
  Arena arena(GetParam());
  VoxelDownsampleArgs args;
  args.points = points_of(arena.input(std::vector<float>{-131072.016f, 0, 0}), 1);
  args.grid = unbounded_grid({size, size, size});
  args.grid.rule = CellRule::reciprocal;
  for (double& origin : args.grid.origin) origin = -0.5 * size;
  args.capacity = 1;
  const Output<float> out = arena.output<float>(3);
  const Output<std::int64_t> counts = arena.output<std::int64_t>(4);
  args.xyz = column(out.data(), 3);
  args.counts = reinterpret_cast<PointCounts*>(counts.data());
  ASSERT_OK(launch(&arena, args));
  EXPECT_EQ(counts.download()[0], 1);
  EXPECT_EQ(out.download(), (std::vector<float>{-131072.016f, 0, 0}));
}

// Of a grid beyond all units it is the largest.
TEST_P(Downsample, UnitOfAHugeGridIsHeld) {
  Arena arena(GetParam());
  VoxelDownsampleArgs args;
  args.points = points_of(arena.input(std::vector<double>{0x1p238, 0x1p238, 0x1p238}), 1);
  args.grid = grid_over({0, 0, 0}, {0x1p241, 0x1p241, 0x1p241}, {0x1p240, 0x1p240, 0x1p240});
  args.capacity = 1;
  const Output<double> out = arena.output<double>(3);
  args.xyz = column(out.data(), 3);
  ASSERT_OK(launch(&arena, args));
  EXPECT_EQ(out.download(), (std::vector<double>(3, 0x1p238)));
}

// Clouds of PCL's VoxelGrid: as many centroids, in the order of keys, which is PCL's.
TEST_P(Downsample, GoldensOfPcl) {
  const std::string folder = test_data();
  if (folder.empty()) GTEST_SKIP() << no_test_data;
  struct Golden {
    std::string cloud, name;
    double leaf;
    std::int64_t voxels;
  };
  for (const Golden& golden : {Golden{"/lidar/bunny", "bunny_leaf_0.02", 0.02, 103},
                               {"/lidar/vlp16_per_point_time", "vlp16_per_point_time_leaf_0.2", 0.2, 1418},
                               {"/lidar/hesai_ot128", "hesai_ot128_leaf_0.5", 0.5, 430},
                               {"/lidar/street_a", "street_a_leaf_0.25", 0.25, 6147},
                               {"/lidar/table_organized_nan", "table_organized_nan_leaf_0.01", 0.01, 9389},
                               {"/ouster_sweep/os0_128_sweep", "os0_128_sweep_leaf_0.1", 0.1, 56649}}) {
    SCOPED_TRACE(golden.name);
    const std::vector<float> xyz = read_pcd(folder + golden.cloud + ".pcd");
    const NpyArray<float> wanted = read_npy<float>(folder + "/golden/pcl_voxelgrid/" + golden.name + ".npy");
    Arena arena(GetParam());
    VoxelDownsampleArgs args;
    args.points = points_of(arena.input(xyz), static_cast<std::int64_t>(xyz.size() / 3));
    args.grid = leaf_grid(golden.leaf);
    args.capacity = golden.voxels;
    args.order = VoxelOrder::key;
    const Output<float> out = arena.output<float>(golden.voxels * 3);
    const Output<std::int64_t> voxel_count = arena.output<std::int64_t>(1);
    args.xyz = column(out.data(), 3);
    args.voxel_count = voxel_count.data();
    ASSERT_OK(launch(&arena, args, 2));
    ASSERT_EQ(voxel_count.download()[0], golden.voxels);
    ASSERT_EQ(wanted.shape[0], golden.voxels);
    const std::vector<float> got = out.download();
    for (std::size_t v = 0; v < static_cast<std::size_t>(golden.voxels); ++v) {
      double square = 0, difference = 0;
      for (std::size_t k = v * 3; k < v * 3 + 3; ++k) {
        square += static_cast<double>(wanted.values[k]) * static_cast<double>(wanted.values[k]);
        const double off = static_cast<double>(got[k]) - static_cast<double>(wanted.values[k]);
        difference += off * off;
      }
      ASSERT_LE(std::sqrt(difference), 1e-5 * std::sqrt(square)) << "voxel " << v;
    }
  }
}

TEST_P(Downsample, EveryTypeOfOutput) {
  SCOPED_TRACE(seed_trace());
  Random random(302);
  const Points points = random_points(random, 500, grid_of(4, 4, 4), FieldType::f32);
  std::vector<float> xyz;
  for (const auto& p : points) {
    for (const double v : p) xyz.push_back(static_cast<float>(v));
  }
  const auto run = [&](auto element) {
    using T = decltype(element);
    Arena arena(GetParam());
    VoxelDownsampleArgs args;
    args.points = points_of(arena.input(xyz), 500);
    args.grid = leaf_grid(1.0);
    args.grid.size[0] = 2.0;
    args.capacity = 20;
    args.keep = DownsampleKeep::first;
    const Output<T> out = arena.output<T>(60);
    args.xyz = column(out.data(), 3);
    EXPECT_OK(launch(&arena, args));
    return out.download();
  };
  const std::vector<float> wide = run(float{});
  EXPECT_TRUE(std::any_of(wide.begin(), wide.end(), [](float v) { return v != 0.0f; }));
  const std::vector<double> twice = run(double{});
  const std::vector<Half> half = run(Half{});
  const std::vector<BFloat16> bfloat = run(BFloat16{});
  for (std::size_t k = 0; k < wide.size(); ++k) {
    const auto value = static_cast<long double>(wide[k]);
    EXPECT_EQ(static_cast<double>(wide[k]), twice[k]);
    EXPECT_EQ(half[k].bits, round_to<Half>(value).bits);
    EXPECT_EQ(bfloat[k].bits, round_to<BFloat16>(value).bits);
  }
}

}  // namespace
}  // namespace robocache::test
