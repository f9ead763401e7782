// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Dense voxelization on the GPU, beside a copy of as many bytes. Clearing the output is part of the call. Method:
// bench/README.md.

#include "gpu_cases.hpp"

#include <robocache/voxel/voxelize.hpp>
#include "support/random_bits.hpp"
#include "support/street_sweep.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
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
  DeviceSet(const VoxelizeCase& spec, std::uint64_t seed, std::shared_ptr<Scratch> scratch)
      : spec_(spec),
        host_points_(points_of_case(spec, seed)),
        host_transforms_(spec.lidar ? turned_and_moved(spec.clouds) : std::vector<float>()),
        points_(host_points_),
        transforms_(host_transforms_),
        out_(spec.out_bytes()),
        call_(spec, points_.as<float>(), transforms_.as<float>(), out_.get()),
        scratch_(std::move(scratch)) {
    scratch_->reserve(robocache::workspace_bytes(call_.get(), cudaStream_t{}));
  }

  void enqueue(cudaStream_t on) const {
    robocache::throw_if_error(robocache::voxelize(call_.get(), scratch_->workspace(), on));
  }
  void poison_outputs() const { out_.poison(); }
  Counters verify() const {
    std::vector<unsigned char> expected(static_cast<std::size_t>(spec_.out_bytes()), 0x5a);
    const Call call(spec_, host_points_.data(), host_transforms_.data(), expected.data());
    const robocache::Host host{0};
    std::vector<unsigned char> scratch(robocache::workspace_bytes(call.get(), host));
    robocache::throw_if_error(robocache::voxelize(call.get(), {scratch.data(), scratch.size()}, host));
    expect_same(out_, expected, "grid");
    return {{"workspace_bytes", static_cast<double>(scratch_->workspace().bytes)}};
  }

 private:
  VoxelizeCase spec_;
  std::vector<float> host_points_, host_transforms_;
  DeviceBuffer points_, transforms_, out_;
  Call call_;
  std::shared_ptr<Scratch> scratch_;
};

GpuCase as_case(const VoxelizeCase& spec) {
  return {spec.name(), spec.all_points(), [spec](Regime regime) {
            const auto scratch = std::make_shared<Scratch>();
            return PreparedCase::of(regime, spec.bytes(),
                                    [&](std::uint64_t seed) { return DeviceSet(spec, seed, scratch); });
          }};
}

}  // namespace

std::vector<GpuCase> voxelize_cases() {
  constexpr std::int64_t million = 1'000'000;
  std::vector<GpuCase> cases;
  for (const Wanted wanted : {Wanted::occupancy_u8, Wanted::occupancy_bits, Wanted::count_i32}) {
    cases.push_back(as_case({wanted, "uniform_1M_128", 1, million, {128, 128, 128}, false}));
    cases.push_back(as_case({wanted, "uniform_16M_128", 1, 16 * million, {128, 128, 128}, false}));
  }
  for (const Wanted wanted : {Wanted::occupancy_u8, Wanted::count_i32, Wanted::mean_f32x4}) {
    cases.push_back(as_case({wanted, "lidar_64x97k_128x128x16", 64, 97'280, {128, 128, 16}, true}));
  }
  cases.push_back(as_case({Wanted::occupancy_u8, "peract_256x65536_100", 256, 65'536, {100, 100, 100}, false}));
  return cases;
}

}  // namespace robocache_bench
