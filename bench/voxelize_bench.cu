// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Dense voxelization on the GPU, beside a copy of as many bytes. Clearing the output is part of the call. Method:
// bench/README.md.

#include <robocache/voxel/voxelize.hpp>
#include "support/gpu_cases.cuh"
#include "support/street_sweep.hpp"

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

using robocache::CellType;
using robocache::VoxelizeArgs;

enum class Wanted { occupancy_u8, occupancy_bits, count_i32, mean_f32x4 };

struct VoxelizeCase {
  Wanted wanted = Wanted::occupancy_u8;
  std::string shape;
  std::int64_t clouds = 1;
  std::int64_t points = 0;  ///< of a cloud
  std::int32_t cells[3] = {128, 128, 128};
  bool lidar = false;  ///< copies of one sweep, turned and moved; else uniform in the grid

  std::string name() const {
    const char* names[] = {"occupancy_u8", "occupancy_bits", "count_i32", "mean_f32x4"};
    return std::string("voxelize_dense/") + names[static_cast<int>(wanted)] + "/" + shape;
  }
  std::int64_t step() const { return wanted == Wanted::mean_f32x4 ? 4 : 3; }  ///< floats of a point
  std::int64_t all_points() const { return clouds * points; }
  std::int64_t all_cells() const { return clouds * cells[0] * cells[1] * cells[2]; }
  std::int64_t out_bytes() const {
    const std::int64_t bits[] = {8, 1, 32, 128};
    return all_cells() * bits[static_cast<int>(wanted)] / 8;
  }
  /// Each point and each output once.
  std::int64_t bytes() const { return all_points() * step() * 4 + out_bytes(); }
};

std::vector<float> points_of_case(const VoxelizeCase& spec, std::uint64_t seed) {
  if (!spec.lidar) {
    std::vector<float> numbers(static_cast<std::size_t>(spec.all_points() * spec.step()));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] =
          static_cast<float>(mixed(seed * 0x100000000u + i) >> 40) * (static_cast<float>(spec.cells[0]) * 0x1p-24f);
    }
    return numbers;
  }
  const std::vector<float> sweep = street_sweep(spec.points, spec.step(), seed);
  std::vector<float> numbers;
  for (std::int64_t cloud = 0; cloud < spec.clouds; ++cloud) numbers.insert(numbers.end(), sweep.begin(), sweep.end());
  return numbers;
}

std::vector<float> transforms_of(const VoxelizeCase& spec) {
  std::vector<float> numbers;
  for (std::int64_t cloud = 0; spec.lidar && cloud < spec.clouds; ++cloud) {
    const double angle = 0.1 * static_cast<double>(cloud), c = std::cos(angle), s = std::sin(angle);
    const double m[12] = {
        c, -s, 0, 0.2 * static_cast<double>(cloud % 8), s, c, 0, -0.1 * static_cast<double>(cloud % 5), 0, 0, 1, 0.01};
    for (const double v : m) numbers.push_back(static_cast<float>(v));
  }
  return numbers;
}

/// A call's arguments over memory of either side.
struct Call {
  VoxelizeArgs args;
  std::vector<robocache::VoxelChannel> channels;

  Call(const VoxelizeCase& spec, const float* points, const float* transforms, void* out) {
    args.points = robocache::points_of(points, spec.all_points(), spec.step());
    args.points.segments = robocache::uniform(spec.clouds, spec.points);
    if (spec.lidar) {
      args.points.transforms = transforms;
      args.grid = robocache::grid_over({-51.2, -51.2, -4.0}, {51.2, 51.2, 4.0}, {0.8, 0.8, 0.5});
    }
    for (int k = 0; k < 3; ++k) args.grid.shape[k] = spec.cells[k];
    switch (spec.wanted) {
      case Wanted::occupancy_u8:
        args.occupancy = robocache::dense(static_cast<std::uint8_t*>(out));
        break;
      case Wanted::occupancy_bits:
        args.occupancy = robocache::dense(static_cast<std::uint32_t*>(out));
        break;
      case Wanted::count_i32:
        args.count = robocache::dense(static_cast<std::int32_t*>(out));
        break;
      case Wanted::mean_f32x4:
        constexpr robocache::ChannelSource sources[4] = {robocache::ChannelSource::x, robocache::ChannelSource::y,
                                                         robocache::ChannelSource::z, robocache::ChannelSource::field};
        for (int c = 0; c < 4; ++c) {
          robocache::VoxelChannel channel;
          channel.source = sources[c];
          if (c == 3) channel.field = robocache::array_field(points + 3, 4);
          channel.out = robocache::channel_last(static_cast<float*>(out), args.grid, 4, c);
          channels.push_back(channel);
        }
    }
  }
  VoxelizeArgs get() const {
    VoxelizeArgs with_channels = args;
    with_channels.channels = channels.data();
    with_channels.channel_count = static_cast<std::int32_t>(channels.size());
    return with_channels;
  }
};

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  DeviceSet(const VoxelizeCase& spec, std::uint64_t seed)
      : spec_(spec),
        host_points_(points_of_case(spec, seed)),
        host_transforms_(transforms_of(spec)),
        points_(host_points_),
        transforms_(host_transforms_),
        out_(spec.out_bytes()),
        call_(spec, points_.as<float>(), transforms_.as<float>(), out_.get()) {}

  VoxelizeArgs args() const { return call_.get(); }

  /// So that verify() sees what was not written.
  void poison_output() const {
    check(cudaMemset(out_.get(), 0xa5, static_cast<std::size_t>(spec_.out_bytes())), "cudaMemset");
    check(cudaDeviceSynchronize(), "poison");
  }

  /// Compares every byte with the CPU path.
  void verify() const {
    std::vector<unsigned char> expected(static_cast<std::size_t>(spec_.out_bytes()), 0x5a);
    const Call call(spec_, host_points_.data(), host_transforms_.data(), expected.data());
    const robocache::Host host{0};
    std::vector<unsigned char> scratch(robocache::workspace_bytes(call.get(), host));
    robocache::throw_if_error(robocache::voxelize(call.get(), {scratch.data(), scratch.size()}, host));
    if (download(out_.get(), 0, spec_.out_bytes()) != expected) throw std::runtime_error("differs from the CPU path");
  }

 private:
  VoxelizeCase spec_;
  std::vector<float> host_points_, host_transforms_;
  DeviceBuffer points_, transforms_, out_;
  Call call_;
};

double run_case(benchmark::State& state, const VoxelizeCase& spec, Regime regime) {
  const Stream stream;
  const Plan plan = Plan::of(regime, spec.bytes());
  std::vector<DeviceSet> sets;
  sets.reserve(static_cast<std::size_t>(plan.sets));
  for (int set = 0; set < plan.sets; ++set) sets.emplace_back(spec, 1 + static_cast<std::uint64_t>(set));
  const std::size_t scratch_bytes = robocache::workspace_bytes(sets.front().args(), stream.get());
  const DeviceBuffer scratch(static_cast<std::int64_t>(scratch_bytes));
  const CallGraph graph(stream.get(), plan.calls, [&](int call, cudaStream_t on) {
    robocache::throw_if_error(robocache::voxelize(sets[static_cast<std::size_t>(call % plan.sets)].args(),
                                                  {scratch.get(), scratch_bytes}, on));
  });
  for (const DeviceSet& set : sets) set.poison_output();
  graph.replay();
  stream.synchronize();
  sets.front().verify();
  if (sets.size() > 1) sets.back().verify();
  const double us = time_beside_copy(state, stream, graph, plan, spec.bytes());
  state.counters["points"] = static_cast<double>(spec.all_points());
  state.counters["G_points_per_s"] = static_cast<double>(spec.all_points()) / us * 1e-3;
  state.counters["workspace_bytes"] = static_cast<double>(scratch_bytes);
  return us;
}

void add_case(const VoxelizeCase& spec) {
  for (const Regime regime : {Regime::hot, Regime::cold}) {
    add(spec.name() + "/" + name_of(regime),
        [spec, regime](benchmark::State& state) { return run_case(state, spec, regime); });
  }
}

void add_cases() {
  constexpr std::int64_t million = 1'000'000;
  for (const Wanted wanted : {Wanted::occupancy_u8, Wanted::occupancy_bits, Wanted::count_i32}) {
    add_case({wanted, "uniform_1M_128", 1, million, {128, 128, 128}, false});
    add_case({wanted, "uniform_16M_128", 1, 16 * million, {128, 128, 128}, false});
  }
  for (const Wanted wanted : {Wanted::occupancy_u8, Wanted::count_i32, Wanted::mean_f32x4}) {
    add_case({wanted, "lidar_64x97k_128x128x16", 64, 97'280, {128, 128, 16}, true});
  }
  add_case({Wanted::occupancy_u8, "peract_256x65536_100", 256, 65'536, {100, 100, 100}, false});
}

}  // namespace
}  // namespace robocache_bench

int main(int argc, char** argv) {
  robocache_bench::add_context();
  robocache_bench::add_ceilings();
  robocache_bench::add_cases();
  return robocache_bench::run_benchmarks(argc, argv);
}
