// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Downsampling, sparse and hard voxels on the CPU, of a sweep and of an organised cloud. Where PCL is found, its
// VoxelGrid is timed in the same run: peers/pcl_voxel_grid.cpp.

#include "support/report.hpp"
#include "support/sparse_clouds.hpp"

#include <robocache/voxel/voxel_downsample.hpp>
#include <robocache/voxel/voxelize_hard.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

using robocache::Host;

/// Runs call(workspace) as often as the state asks.
template <class Call>
void time_call(benchmark::State& state, std::size_t bytes, std::int64_t points, const Call& call) {
  std::vector<unsigned char> scratch(bytes);
  for (auto _ : state) {
    const robocache::Status status = call(robocache::Workspace{scratch.data(), scratch.size()});
    if (!status.ok()) {
      state.SkipWithError(status.what());
      break;
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * points);
}

void run_downsample(benchmark::State& state, const SparseCloud& cloud, robocache::VoxelOrder order, Host host) {
  std::vector<float> out(cloud.xyz.size());
  std::int64_t voxels = 0;
  robocache::VoxelDownsampleArgs args;
  args.points = robocache::points_of(cloud.xyz.data(), cloud.points());
  args.grid = robocache::leaf_grid(static_cast<double>(cloud.leaf));
  args.capacity = cloud.points();
  args.order = order;
  args.xyz = robocache::column(out.data(), 3);
  args.voxel_count = &voxels;
  time_call(state, workspace_bytes(args, host), cloud.points(),
            [&](robocache::Workspace workspace) { return voxel_downsample(args, workspace, host); });
  state.counters["voxels"] = static_cast<double>(voxels);
}

void run_hard(benchmark::State& state, const SparseCloud& cloud, Host host) {
  constexpr std::int64_t max_voxels = 60'000, max_points = 10;
  std::vector<float> voxels(max_voxels * max_points * 3);
  std::vector<std::int32_t> coords(max_voxels * 4), num_points(max_voxels);
  robocache::HardChannel channels[3];
  for (int c = 0; c < 3; ++c) channels[c].source = static_cast<robocache::ChannelSource>(1 + c);
  robocache::VoxelizeHardArgs args;
  args.points = robocache::points_of(cloud.xyz.data(), cloud.points());
  args.grid = robocache::leaf_grid(static_cast<double>(cloud.leaf));
  args.max_voxels = max_voxels;
  args.max_points = max_points;
  args.channels = channels;
  args.channel_count = 3;
  args.voxels = voxels.data();
  args.coords = coords.data();
  args.num_points = num_points.data();
  time_call(state, workspace_bytes(args, host), cloud.points(),
            [&](robocache::Workspace workspace) { return voxelize_hard(args, workspace, host); });
}

template <class Run>
void add_case(const std::string& name, const Run& run) {
  const auto add = [&name](const char* threads, const auto& body) {
    benchmark::RegisterBenchmark((name + "/threads:" + threads).c_str(), body)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  add("1", [run](benchmark::State& state) { run(state, Host{1}); });
  add("2", [run](benchmark::State& state) {
    robocache::ThreadPool pool(2);
    run(state, Host{2, &pool});
  });
}

}  // namespace
}  // namespace robocache_bench

int main(int argc, char** argv) {
  using robocache::VoxelOrder;
  for (const robocache_bench::SparseCloud& cloud : robocache_bench::sparse_clouds()) {
    const auto add = [&cloud](const std::string& what, const auto& run) {
      robocache_bench::add_case(what + "/" + cloud.name, run);
    };
    add("voxel_downsample_cpu/centroid_f32x3", [&](benchmark::State& state, robocache::Host host) {
      robocache_bench::run_downsample(state, cloud, VoxelOrder::first_point, host);
    });
    add("voxel_downsample_cpu/centroid_f32x3_by_key", [&](benchmark::State& state, robocache::Host host) {
      robocache_bench::run_downsample(state, cloud, VoxelOrder::key, host);
    });
    add("voxelize_hard_cpu/f32x3_10_points",
        [&](benchmark::State& state, robocache::Host host) { robocache_bench::run_hard(state, cloud, host); });
  }
  return robocache_bench::run_benchmarks(argc, argv);
}
