// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Hard and sparse voxels and downsampling on the GPU, beside a copy of as many bytes: points in, every output row out.
// Clears and whatever else a call needs are part of it. Method: bench/README.md.

#include "gpu_cases.hpp"

#include <robocache/voxel/voxel_downsample.hpp>
#include <robocache/voxel/voxelize_hard.hpp>
#include "support/random_bits.hpp"
#include "support/street_sweep.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace robocache_bench {
namespace {

using robocache::Status;
using robocache::VoxelDownsampleArgs;
using robocache::VoxelizeHardArgs;
using robocache::VoxelizeSparseArgs;
using robocache::Workspace;

template <class Where>
Status run(const VoxelizeHardArgs& args, Workspace workspace, Where where) {
  return robocache::voxelize_hard(args, workspace, where);
}
template <class Where>
Status run(const VoxelizeSparseArgs& args, Workspace workspace, Where where) {
  return robocache::voxelize_sparse(args, workspace, where);
}
template <class Where>
Status run(const VoxelDownsampleArgs& args, Workspace workspace, Where where) {
  return robocache::voxel_downsample(args, workspace, where);
}

enum class Operator { hard, sparse, downsample };

struct SparseCase {
  Operator op = Operator::hard;
  std::string name;
  std::int64_t clouds = 1;
  std::int64_t points = 0;  ///< of a cloud
  std::int64_t step = 4;    ///< floats of a point
  std::int64_t rows = 0;    ///< voxels that fit
  std::int64_t max_points = 0;
  double low[3] = {}, high[3] = {}, size[3] = {};  ///< of the grid

  bool lidar() const { return op != Operator::hard; }
  std::int64_t all_points() const { return clouds * points; }
  /// Of coordinates, features, and numbers: of one row.
  std::vector<std::int64_t> row_bytes() const {
    if (op == Operator::hard) return {16, max_points * step * 4, 4};
    if (op == Operator::sparse) return {16, step * 4, 4};
    return {12};
  }
  std::int64_t bytes() const {
    std::int64_t bytes = all_points() * step * 4;
    for (const std::int64_t of_row : row_bytes()) bytes += rows * of_row;
    return bytes;
  }
};

/// Uniform in the grid, or sweeps of a made-up street; those of one cloud are turned and moved, as those of a drive.
std::vector<float> points_of_case(const SparseCase& spec, std::uint64_t seed) {
  constexpr std::int64_t sweep_points = 97'280;
  std::vector<float> numbers(static_cast<std::size_t>(spec.all_points() * spec.step));
  if (!spec.lidar()) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto unit = static_cast<double>(mixed(seed * 0x100000000u + i) >> 40) * 0x1p-24;
      const std::size_t c = i % static_cast<std::size_t>(spec.step);
      numbers[i] = static_cast<float>(c < 3 ? spec.low[c] + unit * (spec.high[c] - spec.low[c]) : unit);
    }
    return numbers;
  }
  const std::vector<float> sweep = street_sweep(std::min(sweep_points, spec.points), spec.step, seed);
  const auto of_sweep = static_cast<std::int64_t>(sweep.size()) / spec.step;
  for (std::int64_t i = 0; i < spec.all_points(); ++i) {
    const std::int64_t copy = spec.clouds > 1 ? 0 : i / of_sweep;
    const double angle = 0.02 * static_cast<double>(copy), c = std::cos(angle), s = std::sin(angle);
    const float* from = sweep.data() + i % of_sweep * spec.step;
    float* to = numbers.data() + i * spec.step;
    std::copy(from, from + spec.step, to);
    to[0] = static_cast<float>(c * from[0] - s * from[1] + 0.5 * static_cast<double>(copy));
    to[1] = static_cast<float>(s * from[0] + c * from[1]);
  }
  return numbers;
}

/// A call's arguments over memory of either side. `out` is an array for each of row_bytes, then the number of voxels.
class Call {
 public:
  Call(const SparseCase& spec, const float* points, const float* transforms, const std::vector<void*>& out) {
    robocache::PointClouds clouds = robocache::points_of(points, spec.all_points(), spec.step);
    clouds.segments = robocache::uniform(spec.clouds, spec.points);
    if (spec.clouds > 1) clouds.transforms = transforms;
    constexpr robocache::ChannelSource xyz[3] = {robocache::ChannelSource::x, robocache::ChannelSource::y,
                                                 robocache::ChannelSource::z};
    auto* count = static_cast<std::int64_t*>(out.back());
    switch (spec.op) {
      case Operator::hard: {
        VoxelizeHardArgs args;
        args.points = clouds;
        args.grid = robocache::grid_over(spec.low, spec.high, spec.size);
        args.max_voxels = spec.rows;
        args.max_points = spec.max_points;
        for (std::int64_t c = 0; c < spec.step; ++c) {
          robocache::HardChannel channel;
          channel.field = robocache::array_field(points + c, spec.step);
          if (c < 3) channel.source = xyz[c];
          hard_channels_.push_back(channel);
        }
        args.channels = hard_channels_.data();
        args.channel_count = static_cast<std::int32_t>(spec.step);
        args.coords = static_cast<std::int32_t*>(out[0]);
        args.voxels = static_cast<float*>(out[1]);
        args.num_points = static_cast<std::int32_t*>(out[2]);
        args.voxel_count = count;
        args_ = args;
        break;
      }
      case Operator::sparse: {
        VoxelizeSparseArgs args;
        args.points = clouds;
        args.grid = robocache::grid_over(spec.low, spec.high, spec.size);
        args.capacity = spec.rows;
        args.coords = static_cast<std::int32_t*>(out[0]);
        for (std::int64_t c = 0; c < spec.step; ++c) {
          robocache::VoxelChannel channel;
          channel.field = robocache::array_field(points + c, spec.step);
          if (c < 3) channel.source = xyz[c];
          channel.out = robocache::column(static_cast<float*>(out[1]) + c, spec.step);
          channels_.push_back(channel);
        }
        args.channels = channels_.data();
        args.channel_count = static_cast<std::int32_t>(spec.step);
        args.count = static_cast<std::int32_t*>(out[2]);
        args.voxel_count = count;
        args_ = args;
        break;
      }
      case Operator::downsample:
        VoxelDownsampleArgs args;
        args.points = clouds;
        args.grid = robocache::leaf_grid(spec.size[0]);
        args.capacity = spec.rows;
        args.xyz = robocache::column(static_cast<float*>(out[0]), 3);
        args.voxel_count = count;
        args_ = args;
    }
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  template <class Where>
  std::size_t workspace_bytes(Where where) const {
    return std::visit([&](const auto& args) { return robocache::workspace_bytes(args, where); }, args_);
  }
  template <class Where>
  void enqueue(Workspace workspace, Where where) const {
    robocache::throw_if_error(
        std::visit([&](const auto& args) -> Status { return run(args, workspace, where); }, args_));
  }

 private:
  std::variant<VoxelizeHardArgs, VoxelizeSparseArgs, VoxelDownsampleArgs> args_;
  std::vector<robocache::HardChannel> hard_channels_;
  std::vector<robocache::VoxelChannel> channels_;
};

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  DeviceSet(const SparseCase& spec, std::uint64_t seed, std::shared_ptr<Scratch> scratch)
      : spec_(spec),
        host_points_(points_of_case(spec, seed)),
        host_transforms_(spec.clouds > 1 ? turned_and_moved(spec.clouds) : std::vector<float>()),
        points_(host_points_),
        transforms_(host_transforms_),
        scratch_(std::move(scratch)) {
    for (const std::int64_t of_row : spec.row_bytes()) out_.emplace_back(spec.rows * of_row);
    out_.emplace_back(8);
    std::vector<void*> pointers;
    for (const DeviceBuffer& buffer : out_) pointers.push_back(buffer.get());
    call_ = std::make_unique<Call>(spec, points_.as<float>(), transforms_.as<float>(), pointers);
    scratch_->reserve(call_->workspace_bytes(cudaStream_t{}));
  }

  void enqueue(cudaStream_t on) const { call_->enqueue(scratch_->workspace(), on); }
  void poison_outputs() const {
    for (const DeviceBuffer& buffer : out_) buffer.poison();
  }
  Counters verify() const {
    std::vector<std::vector<unsigned char>> expected;
    std::vector<void*> pointers;
    for (const DeviceBuffer& buffer : out_) expected.emplace_back(static_cast<std::size_t>(buffer.bytes()), 0x5a);
    for (std::vector<unsigned char>& bytes : expected) pointers.push_back(bytes.data());
    const Call call(spec_, host_points_.data(), host_transforms_.data(), pointers);
    const robocache::Host host{0};
    std::vector<unsigned char> scratch(call.workspace_bytes(host));
    call.enqueue({scratch.data(), scratch.size()}, host);
    for (std::size_t k = 0; k < out_.size(); ++k) expect_same(out_[k], expected[k], "voxels");
    std::int64_t voxels = 0;
    std::memcpy(&voxels, expected.back().data(), sizeof(voxels));
    return {{"voxels", static_cast<double>(voxels)},
            {"workspace_bytes", static_cast<double>(scratch_->workspace().bytes)}};
  }

 private:
  SparseCase spec_;
  std::vector<float> host_points_, host_transforms_;
  DeviceBuffer points_, transforms_;
  std::vector<DeviceBuffer> out_;
  std::unique_ptr<Call> call_;
  std::shared_ptr<Scratch> scratch_;
};

GpuCase as_case(const SparseCase& spec) {
  return {spec.name, spec.all_points(), [spec](Regime regime) {
            const auto scratch = std::make_shared<Scratch>();
            return PreparedCase::of(regime, spec.bytes(),
                                    [&](std::uint64_t seed) { return DeviceSet(spec, seed, scratch); });
          }};
}

}  // namespace

std::vector<GpuCase> voxelize_sparse_cases() {
  std::vector<GpuCase> cases;
  SparseCase pillars;
  pillars.op = Operator::hard;
  pillars.rows = 40'000;
  pillars.max_points = 32;
  const double low[3] = {0, -39.68, -3}, high[3] = {69.12, 39.68, 1}, size[3] = {0.16, 0.16, 4};
  std::copy(low, low + 3, pillars.low);
  std::copy(high, high + 3, pillars.high);
  std::copy(size, size + 3, pillars.size);
  for (const auto& [name, points] :
       {std::pair<const char*, std::int64_t>{"120k", 120'000}, {"250k", 250'000}, {"1M", 1'000'000}}) {
    pillars.name = std::string("voxelize_hard/f32x4/pillars_kitti_") + name;
    pillars.points = points;
    cases.push_back(as_case(pillars));
  }
  cases.push_back(as_case({Operator::hard,
                           "voxelize_hard/f32x5/nuscenes_250k",
                           1,
                           250'000,
                           5,
                           160'000,
                           10,
                           {-54, -54, -5},
                           {54, 54, 3},
                           {0.075, 0.075, 0.2}}));
  cases.push_back(as_case({Operator::sparse,
                           "voxelize_sparse/mean_f32x4/lidar_64x97k_0.1m",
                           64,
                           97'280,
                           4,
                           64 * 80'000,
                           0,
                           {-102.4, -102.4, -16},
                           {102.4, 102.4, 16},
                           {0.1, 0.1, 0.1}}));
  for (const auto& [name, points] : {std::pair<const char*, std::int64_t>{"1M", 1'000'000}, {"97k", 97'280}}) {
    SparseCase leaves;
    leaves.op = Operator::downsample;
    leaves.name = std::string("voxel_downsample/centroid/lidar_") + name + "_0.1m";
    leaves.points = leaves.rows = points;
    leaves.step = 3;
    leaves.size[0] = 0.1;
    cases.push_back(as_case(leaves));
  }
  return cases;
}

}  // namespace robocache_bench
