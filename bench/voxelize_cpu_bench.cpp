// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Dense voxelization on the CPU: one sweep into 128 x 128 x 16 cells. bench/compare_numpy.py runs the count beside
// NumPy, on points of its own, which ROBOCACHE_BENCH_POINTS names: a file of float32 [points, 3].

#include "support/report.hpp"
#include "support/street_sweep.hpp"

#include <robocache/voxel/voxelize.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

std::vector<float> points_to_use() {
  const char* name = std::getenv("ROBOCACHE_BENCH_POINTS");  // flawfinder: ignore: a file's name
  if (name == nullptr) return street_sweep(97'280, 3, 1);
  std::ifstream file(name, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<float> points(bytes.size() / 12 * 3);
  std::memcpy(points.data(), bytes.data(), points.size() * sizeof(float));  // flawfinder: ignore: sized from `bytes`
  return points;
}

void run_case(benchmark::State& state, bool mean, robocache::Host host) {
  const std::vector<float> points = points_to_use();
  robocache::VoxelizeArgs args;
  args.points = robocache::points_of(points.data(), static_cast<std::int64_t>(points.size() / 3));
  args.grid = robocache::grid_over({-51.2, -51.2, -4.0}, {51.2, 51.2, 4.0}, {0.8, 0.8, 0.5});
  std::vector<std::int32_t> counts(static_cast<std::size_t>(args.grid.cells()));
  std::vector<float> means(static_cast<std::size_t>(args.grid.cells() * 3));
  robocache::VoxelChannel channels[3];
  for (int c = 0; c < 3; ++c) {
    channels[c].source = static_cast<robocache::ChannelSource>(1 + c);
    channels[c].out = robocache::channel_last(means.data(), args.grid, 3, c);
  }
  if (mean) {
    args.channels = channels;
    args.channel_count = 3;
  } else {
    args.count = robocache::dense(counts.data());
  }
  std::vector<unsigned char> scratch(robocache::workspace_bytes(args, host));
  for (auto _ : state) {
    const robocache::Status status = robocache::voxelize(args, {scratch.data(), scratch.size()}, host);
    if (!status.ok()) {
      state.SkipWithError(status.what());
      break;
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * args.points.count);
}

void add_case(const std::string& what, bool mean) {
  const auto add = [&what](const char* threads, const auto& run) {
    benchmark::RegisterBenchmark(("voxelize_cpu/" + what + "/lidar_97k_128x128x16/threads:" + threads).c_str(), run)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  add("1", [mean](benchmark::State& state) { run_case(state, mean, robocache::Host{1}); });
  add("2", [mean](benchmark::State& state) {
    robocache::ThreadPool pool(2);
    run_case(state, mean, robocache::Host{2, &pool});
  });
}

}  // namespace
}  // namespace robocache_bench

int main(int argc, char** argv) {
  robocache_bench::add_case("count_i32", false);
  robocache_bench::add_case("mean_f32x3", true);
  return robocache_bench::run_benchmarks(argc, argv);
}
