// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// voxelize_sparse, voxelize_hard and voxel_downsample with any arguments.

#include "cloud_arguments.hpp"

#include <robocache/voxel/voxel_downsample.hpp>
#include <robocache/voxel/voxelize_hard.hpp>
#include <robocache/voxel/voxelize_sparse.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace robocache::fuzz {
namespace {

/// Everything of a sparse call but its channels.
void set_voxels(Choices& choices, Memory& memory, CloudArguments& arguments, SparseVoxels* args) {
  args->points = arguments.points();
  const std::int64_t clouds = args->points.cloud_count();
  args->grid = arguments.grid(clouds);
  args->capacity = choices.size(16);
  args->order = choices.one_of(VoxelOrder::key);
  args->coord_order = choices.one_of(CoordOrder::bxyz);
  args->voxel_count = memory.optional_output<std::int64_t>(1);
  args->coords = memory.optional_output<std::int32_t>(Wide(args->capacity) * 4);
  args->count = memory.optional_output<std::int32_t>(args->capacity);
  args->point_to_voxel = memory.optional_output<std::int32_t>(args->points.count);
  args->counts = memory.optional_output<PointCounts>(clouds);
  args->overflow = memory.optional_output<std::int64_t>(1);
  memory.work(args->capacity);
}

std::vector<VoxelChannel> sparse_channels(Choices& choices, CloudArguments& arguments, const SparseVoxels& args) {
  std::vector<VoxelChannel> channels(static_cast<std::size_t>(choices.below(4)));
  for (VoxelChannel& channel : channels) {
    channel = arguments.channel(args.points);
    channel.out = arguments.column(args.capacity, 1);
  }
  return channels;
}

Status validate(const VoxelizeSparseArgs& args, Workspace workspace) {
  return detail::dispatch_call<detail::VoxelizeSparseJob, detail::SparseHostScratch, float, double>(
      args, workspace, [](const auto&) { return Status(); });
}
Status validate(const VoxelizeHardArgs& args, Workspace workspace) {
  return detail::dispatch_call<detail::VoxelizeHardJob, detail::HardHostScratch, float, double>(
      args, workspace, [](const auto&) { return Status(); });
}
Status validate(const VoxelDownsampleArgs& args, Workspace workspace) {
  detail::DownsampleCall call;
  ROBOCACHE_CHECK(call.set(args));
  return validate(call.args, workspace);
}

/// Calls run(workspace), or validates alone where there is too much to do.
template <class Args, class Run>
void call_with_workspace(Memory& memory, CloudArguments& arguments, const Args& args, const Run& run) {
  arguments.with_workspace(workspace_bytes(args, Host{}), [&](Workspace workspace) {
    if (!memory.is_large()) return memory.run([&] { return run(workspace); });
    const Status status = validate(args, workspace);
    memory.check(status);
    return status;
  });
}

void call_sparse(Choices& choices, Memory& memory, CloudArguments& arguments) {
  VoxelizeSparseArgs args;
  set_voxels(choices, memory, arguments, &args);
  const std::vector<VoxelChannel> channels = sparse_channels(choices, arguments, args);
  args.channel_count = arguments.told(channels.size());
  args.channels = choices.rarely() || args.channel_count > max_voxel_channels ? nullptr : channels.data();
  args.list_offsets = memory.optional_output<std::int64_t>(Wide(args.capacity) + 1);
  args.list_points = memory.optional_output<std::int32_t>(args.points.count);
  call_with_workspace(memory, arguments, args,
                      [&](Workspace workspace) { return voxelize_sparse(args, workspace, Host{}); });
}

void call_downsample(Choices& choices, Memory& memory, CloudArguments& arguments) {
  VoxelDownsampleArgs args;
  set_voxels(choices, memory, arguments, &args);
  args.keep = choices.one_of(DownsampleKeep::nearest);
  args.xyz = arguments.column(args.capacity, 3);
  args.unit = choices.real(0.0);
  const std::vector<VoxelChannel> channels = sparse_channels(choices, arguments, args);
  args.channel_count = arguments.told(channels.size());
  args.channels = choices.rarely() || args.channel_count > max_voxel_channels ? nullptr : channels.data();
  call_with_workspace(memory, arguments, args,
                      [&](Workspace workspace) { return voxel_downsample(args, workspace, Host{}); });
}

void call_hard(Choices& choices, Memory& memory, CloudArguments& arguments) {
  VoxelizeHardArgs args;
  args.points = arguments.points();
  const std::int64_t clouds = args.points.cloud_count();
  args.grid = arguments.grid(clouds);
  args.max_voxels = choices.size(12);
  args.max_points = 1 + choices.below(4);
  args.max_points = choices.size_or(args.max_points);
  args.coord_order = choices.one_of(CoordOrder::bxyz);
  std::vector<HardChannel> channels(static_cast<std::size_t>(choices.below(4)));
  for (HardChannel& channel : channels) {
    channel.source = choices.one_of(ChannelSource::raw_z);
    if (channel.source == ChannelSource::field) channel.field = arguments.field(args.points);
  }
  args.channel_count = arguments.told(channels.size());
  args.channels = choices.rarely() || args.channel_count > max_voxel_channels ? nullptr : channels.data();
  const Wide rows = Wide(clouds) * args.max_voxels;
  memory.work(rows);
  args.voxels.type = choices.rarely() ? choices.one_of(CellType::bit) : CellType::f32;
  const Wide places = args.max_points < 0 || rows < 0 ? Wide(0) : rows * args.max_points;
  args.voxels.data =
      choices.flag() ? arguments.output(args.voxels.type, places * static_cast<Wide>(channels.size())) : nullptr;
  args.zero_unused = choices.flag();
  args.coords = memory.optional_output<std::int32_t>(rows * 4);
  args.num_points = memory.optional_output<std::int32_t>(rows);
  args.voxel_count = memory.optional_output<std::int64_t>(clouds);
  args.overflow = memory.optional_output<std::int64_t>(clouds);
  args.counts = memory.optional_output<PointCounts>(clouds);
  call_with_workspace(memory, arguments, args,
                      [&](Workspace workspace) { return voxelize_hard(args, workspace, Host{}); });
}

}  // namespace
}  // namespace robocache::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace robocache::fuzz;
  Choices choices(data, size);
  Memory memory(choices);
  CloudArguments arguments(choices, memory);
  constexpr void (*calls[])(Choices&, Memory&, CloudArguments&) = {call_sparse, call_hard, call_downsample};
  calls[choices.below(3)](choices, memory, arguments);
  return 0;
}
