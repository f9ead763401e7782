// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// voxelize and bounds with any arguments.

#include "cloud_arguments.hpp"

#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/voxelize.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace robocache::fuzz {
namespace {

void call_voxelize(Choices& choices, Memory& memory, CloudArguments& arguments) {
  VoxelizeArgs args;
  args.points = arguments.points();
  const std::int64_t clouds = args.points.cloud_count();
  args.grid = arguments.grid(clouds);
  args.occupancy = arguments.tensor(args.grid, clouds, choices.one_of(CellType::bit));
  args.count = arguments.tensor(args.grid, clouds, choices.rarely() ? choices.one_of(CellType::bit) : CellType::i32);
  std::vector<VoxelChannel> channels(static_cast<std::size_t>(choices.below(4)));
  for (VoxelChannel& channel : channels) {
    channel = arguments.channel(args.points);
    channel.out = arguments.tensor(args.grid, clouds, choices.rarely() ? choices.one_of(CellType::bit) : CellType::f32);
  }
  args.channels = choices.rarely() ? nullptr : channels.data();
  args.channel_count = arguments.told(channels.size());
  args.cell_of = memory.optional_output<std::int64_t>(args.points.count);
  args.counts = memory.optional_output<PointCounts>(clouds);
  if (args.channel_count > 64) args.channels = nullptr;
  arguments.with_workspace(workspace_bytes(args, Host{}), [&](Workspace workspace) {
    if (memory.is_large()) {
      const Status status = detail::dispatch_call<detail::VoxelizeJob, detail::HostScratch, float, double>(
          args, workspace, [](const auto&) { return Status(); });
      memory.check(status);
      return status;
    }
    return memory.run([&] { return voxelize(args, workspace, Host{}); });
  });
}

void call_bounds(Choices&, Memory& memory, CloudArguments& arguments) {
  BoundsArgs args;
  args.points = arguments.points();
  args.boxes = memory.output<double>(Wide(args.points.cloud_count()) * 6);
  if (memory.is_large()) {
    memory.check(detail::dispatch_bounds<float, double>(args, [](const auto&) { return Status(); }));
  } else {
    static_cast<void>(memory.run([&] { return bounds(args, Host{}); }));
  }
}

}  // namespace
}  // namespace robocache::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace robocache::fuzz;
  Choices choices(data, size);
  Memory memory(choices);
  CloudArguments arguments(choices, memory);
  (choices.below(8) == 1 ? call_bounds : call_voxelize)(choices, memory, arguments);
  return 0;
}
