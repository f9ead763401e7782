// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "checks.hpp"
#include "draw.hpp"

#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/voxel_downsample.hpp>
#include <robocache/voxel/voxelize.hpp>
#include <robocache/voxel/voxelize_hard.hpp>
#include <robocache/voxel/voxelize_sparse.hpp>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace robocache_validate {
namespace {

using robocache::CellType;

constexpr std::int64_t most_points = 60'000;

template <class Args>
robocache::Workspace workspace_for(Memory& memory, const Args& args) {
  return memory.workspace(
      std::visit([&](auto side) { return robocache::workspace_bytes(args, side); }, memory.where()));
}

/// What a channel takes and how, without arrays; `k` is the field.
struct DrawnChannel {
  robocache::VoxelChannel options;
  std::int64_t k = 0;
};

std::vector<DrawnChannel> draw_channels(Random& random, const DrawnClouds& clouds, std::int64_t reductions) {
  std::vector<DrawnChannel> channels(static_cast<std::size_t>(random.below(6)));
  for (DrawnChannel& channel : channels) {
    channel.options.source = static_cast<robocache::ChannelSource>(random.below(7));
    channel.options.reduction = static_cast<robocache::Reduction>(random.below(reductions));
    channel.options.ignore_nan = random.one_in(2);
    channel.options.unit = std::ldexp(1.0, static_cast<int>(random.between(-20, -3)));
    channel.options.empty = random.one_in(3) ? NAN : random.signed_unit();
    channel.k = random.below(clouds.step);
  }
  return channels;
}

/// How the channels of a call lie in memory.
enum class Layout { last, first, apart };

/// Calls use(T()) with a value of the cells' type.
template <class Use>
void with_cells_of(CellType type, const Use& use) {
  switch (type) {
    case CellType::u8:
      return use(std::uint8_t());
    case CellType::i32:
      return use(std::int32_t());
    case CellType::f64:
      return use(double());
    case CellType::f16:
      return use(robocache::Half());
    case CellType::bf16:
      return use(robocache::BFloat16());
    case CellType::bit:
      return use(std::uint32_t());
    default:
      return use(float());
  }
}

/// Half of them are floats.
CellType float_type(Random& random) {
  constexpr CellType types[] = {CellType::f32, CellType::f32, CellType::f32,
                                CellType::f64, CellType::f16, CellType::bf16};
  return types[random.below(6)];
}

struct DrawnChannels {
  std::vector<DrawnChannel> all;
  CellType type = CellType::f32;
  Layout layout = Layout::last;

  static DrawnChannels of(Random& random, const DrawnClouds& clouds, std::int64_t reductions) {
    return {draw_channels(random, clouds, reductions), float_type(random), static_cast<Layout>(random.below(3))};
  }
  /// Over cells or, if `rows` are given, over rows.
  std::shared_ptr<std::vector<robocache::VoxelChannel>> place(Memory& memory, const DrawnClouds& clouds,
                                                              const robocache::PointClouds& points,
                                                              std::int64_t rows) const {
    auto channels = std::make_shared<std::vector<robocache::VoxelChannel>>();
    const auto count = static_cast<std::int64_t>(all.size());
    const std::int64_t cells = rows >= 0 ? rows : clouds.cloud_count() * clouds.grid.cells();
    with_cells_of(type, [&](auto number) {
      auto* out = memory.output<decltype(number)>("channels", cells * count);
      for (std::int64_t c = 0; c < count; ++c) {
        robocache::VoxelChannel channel = all[static_cast<std::size_t>(c)].options;
        channel.field = clouds.field(points, all[static_cast<std::size_t>(c)].k);
        if (layout == Layout::apart) {
          channel.out = rows >= 0 ? robocache::column(out + c * cells) : robocache::dense(out + c * cells);
        } else if (rows >= 0) {
          channel.out = robocache::column(out + c, count);
        } else {
          channel.out = layout == Layout::last ? robocache::channel_last(out, clouds.grid, count, c)
                                               : robocache::channel_first(out, clouds.grid, count, c);
        }
        channels->push_back(channel);
      }
    });
    return channels;
  }
  std::string shape() const {
    return std::to_string(all.size()) + " channels of type " + std::to_string(static_cast<int>(type)) + ", layout " +
           std::to_string(static_cast<int>(layout));
  }
};

void check_voxelize(Trial& trial) {
  Random& random = trial.random();
  // Far more points than usual take other ways through the memory.
  const DrawnClouds clouds = DrawnClouds::of(trial, random.one_in(10) ? 600'000 : most_points);
  const auto channels = random.one_in(2) ? DrawnChannels() : DrawnChannels::of(random, clouds, 4);
  // Bytes and bits have kernels of their own.
  constexpr CellType types[] = {CellType::u8,  CellType::u8,  CellType::bit, CellType::bit, CellType::i32,
                                CellType::f32, CellType::f64, CellType::f16, CellType::bf16};
  const CellType occupancy = types[random.below(9)];
  const bool wants_occupancy = !random.one_in(4), wants_count = random.one_in(2), wants_cells = random.one_in(2);
  const std::string shape = clouds.shape() + (wants_occupancy ? ", occupancy " : ", no occupancy ") +
                            std::to_string(static_cast<int>(occupancy)) + ", " + channels.shape();
  trial.compare("voxelize", shape, [&](Memory& memory) {
    const std::int64_t cells = clouds.cloud_count() * clouds.grid.cells();
    robocache::VoxelizeArgs args;
    args.points = clouds.place(memory);
    args.grid = clouds.place_grid(memory);
    if (wants_occupancy) {
      const std::int64_t words = clouds.cloud_count() * ((clouds.grid.cells() + 31) / 32);
      with_cells_of(occupancy, [&](auto number) {
        args.occupancy =
            robocache::dense(memory.output<decltype(number)>("occupancy", occupancy == CellType::bit ? words : cells));
      });
    }
    if (wants_count) args.count = robocache::dense(memory.output<std::int32_t>("count", cells));
    if (wants_cells) args.cell_of = memory.output<std::int64_t>("cell_of", clouds.points());
    args.counts =
        reinterpret_cast<robocache::PointCounts*>(memory.output<std::int64_t>("counts", clouds.cloud_count() * 4));
    const auto placed = channels.place(memory, clouds, args.points, -1);
    args.channels = placed->data();
    args.channel_count = static_cast<std::int32_t>(placed->size());
    const robocache::Workspace workspace = workspace_for(memory, args);
    return call_of([args, placed, workspace](auto where) { return robocache::voxelize(args, workspace, where); });
  });
}

void check_bounds(Trial& trial) {
  const DrawnClouds clouds = DrawnClouds::of(trial, most_points);
  trial.compare("bounds", clouds.shape(), [&](Memory& memory) {
    robocache::BoundsArgs args;
    args.points = clouds.place(memory);
    args.boxes = memory.output<double>("boxes", clouds.cloud_count() * 6);
    return call_of([args](auto where) { return robocache::bounds(args, where); });
  });
}

/// What sparse voxels and downsampling share.
struct DrawnSparse {
  DrawnClouds clouds;
  std::int64_t capacity;
  robocache::VoxelOrder order;
  robocache::CoordOrder coord_order;

  explicit DrawnSparse(Trial& trial) : clouds(DrawnClouds::of(trial, most_points)) {
    Random& random = trial.random();
    if (random.one_in(3)) {
      clouds.origins.clear();
      clouds.grid.unbounded = true;
    }
    capacity = random.one_in(3) ? clouds.points() : random.between(0, clouds.points());
    order = static_cast<robocache::VoxelOrder>(random.below(2));
    coord_order = static_cast<robocache::CoordOrder>(random.below(2));
  }
  template <class Args>
  void place(Memory& memory, Args* args) const {
    args->points = clouds.place(memory);
    args->grid = clouds.place_grid(memory);
    args->capacity = capacity;
    args->order = order;
    args->coord_order = coord_order;
    args->voxel_count = memory.output<std::int64_t>("voxel_count", 1);
    args->coords = memory.output<std::int32_t>("coords", capacity * 4);
    args->count = memory.output<std::int32_t>("count", capacity);
    args->point_to_voxel = memory.output<std::int32_t>("point_to_voxel", clouds.points());
    args->counts =
        reinterpret_cast<robocache::PointCounts*>(memory.output<std::int64_t>("counts", clouds.cloud_count() * 4));
    args->overflow = memory.output<std::int64_t>("overflow", 1);
  }
  std::string shape() const {
    return clouds.shape() + (clouds.grid.unbounded ? " unbounded" : "") + ", capacity " + std::to_string(capacity) +
           ", order " + std::to_string(static_cast<int>(order));
  }
};

void check_voxelize_sparse(Trial& trial) {
  Random& random = trial.random();
  const DrawnSparse drawn(trial);
  const auto channels = DrawnChannels::of(random, drawn.clouds, 6);
  const bool wants_lists = random.one_in(2);
  trial.compare("voxelize_sparse", drawn.shape() + ", " + channels.shape(), [&](Memory& memory) {
    robocache::VoxelizeSparseArgs args;
    drawn.place(memory, &args);
    const auto placed = channels.place(memory, drawn.clouds, args.points, drawn.capacity);
    args.channels = placed->data();
    args.channel_count = static_cast<std::int32_t>(placed->size());
    if (wants_lists) {
      args.list_offsets = memory.output<std::int64_t>("list_offsets", drawn.capacity + 1);
      args.list_points = memory.output<std::int32_t>("list_points", drawn.clouds.points());
    }
    const robocache::Workspace workspace = workspace_for(memory, args);
    return call_of(
        [args, placed, workspace](auto where) { return robocache::voxelize_sparse(args, workspace, where); });
  });
}

void check_voxel_downsample(Trial& trial) {
  Random& random = trial.random();
  const DrawnSparse drawn(trial);
  const auto channels = DrawnChannels::of(random, drawn.clouds, 6);
  const auto keep = static_cast<robocache::DownsampleKeep>(random.below(3));
  const bool has_unit = random.one_in(3) || !drawn.clouds.origins.empty();
  const double unit = has_unit ? std::ldexp(1.0, static_cast<int>(random.between(-24, -8))) : 0.0;
  trial.compare("voxel_downsample",
                drawn.shape() + ", keep " + std::to_string(static_cast<int>(keep)) + ", " + channels.shape(),
                [&](Memory& memory) {
                  robocache::VoxelDownsampleArgs args;
                  drawn.place(memory, &args);
                  args.keep = keep;
                  args.unit = unit;
                  args.xyz = robocache::column(memory.output<float>("xyz", drawn.capacity * 3), 3);
                  const auto placed = channels.place(memory, drawn.clouds, args.points, drawn.capacity);
                  args.channels = placed->data();
                  args.channel_count = static_cast<std::int32_t>(placed->size());
                  const robocache::Workspace workspace = workspace_for(memory, args);
                  return call_of([args, placed, workspace](auto where) {
                    return robocache::voxel_downsample(args, workspace, where);
                  });
                });
}

void check_voxelize_hard(Trial& trial) {
  Random& random = trial.random();
  const DrawnClouds clouds = DrawnClouds::of(trial, most_points);
  const std::int64_t max_voxels = random.between(0, 5000), max_points = random.between(1, 40),
                     channel_count = random.between(0, 6);
  std::vector<DrawnChannel> channels(static_cast<std::size_t>(channel_count));
  for (DrawnChannel& channel : channels) {
    channel.options.source = static_cast<robocache::ChannelSource>(random.below(7));
    channel.k = random.below(clouds.step);
  }
  const CellType type = float_type(random);
  const bool zero_unused = random.one_in(2);
  const auto coord_order = static_cast<robocache::CoordOrder>(random.below(2));
  trial.compare("voxelize_hard",
                clouds.shape() + ", " + std::to_string(max_voxels) + " voxels of " + std::to_string(max_points) +
                    " points x " + std::to_string(channel_count) + " of type " + std::to_string(static_cast<int>(type)),
                [&](Memory& memory) {
                  const std::int64_t rows = clouds.cloud_count() * max_voxels;
                  robocache::VoxelizeHardArgs args;
                  args.points = clouds.place(memory);
                  args.grid = clouds.place_grid(memory);
                  args.max_voxels = max_voxels;
                  args.max_points = max_points;
                  args.coord_order = coord_order;
                  auto placed = std::make_shared<std::vector<robocache::HardChannel>>();
                  for (const DrawnChannel& channel : channels) {
                    placed->push_back({channel.options.source, clouds.field(args.points, channel.k)});
                  }
                  args.channels = placed->data();
                  args.channel_count = static_cast<std::int32_t>(channel_count);
                  with_cells_of(type, [&](auto number) {
                    args.voxels = memory.output<decltype(number)>("voxels", rows * max_points * channel_count);
                  });
                  args.zero_unused = zero_unused;
                  args.coords = memory.output<std::int32_t>("coords", rows * 4);
                  args.num_points = memory.output<std::int32_t>("num_points", rows);
                  args.voxel_count = memory.output<std::int64_t>("voxel_count", clouds.cloud_count());
                  args.overflow = memory.output<std::int64_t>("overflow", clouds.cloud_count());
                  const robocache::Workspace workspace = workspace_for(memory, args);
                  return call_of([args, placed, workspace](auto where) {
                    return robocache::voxelize_hard(args, workspace, where);
                  });
                });
}

}  // namespace

std::vector<Check> all_checks() {
  std::vector<Check> checks = time_checks();
  const std::vector<Check> others = voxel_checks();
  checks.insert(checks.end(), others.begin(), others.end());
  return checks;
}

std::vector<Check> voxel_checks() {
  return {{"voxelize", check_voxelize},
          {"bounds", check_bounds},
          {"voxelize_sparse", check_voxelize_sparse},
          {"voxelize_hard", check_voxelize_hard},
          {"voxel_downsample", check_voxel_downsample}};
}

}  // namespace robocache_validate
