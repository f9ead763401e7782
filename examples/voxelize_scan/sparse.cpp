// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "sparse.hpp"

#include "pcd.hpp"
#include "support/input.hpp"
#include "support/npy.hpp"

#include <robocache/voxel/voxel_downsample.hpp>
#include <robocache/voxel/voxelize_hard.hpp>
#include <robocache/voxel/voxelize_sparse.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace voxelize_scan {
namespace {

using example::SideArray;

VoxelList list_of(ListKind kind, const robocache::VoxelGrid& grid, std::vector<Feature> features,
                  std::int64_t max_points, std::int64_t capacity) {
  VoxelList list;
  list.kind = kind;
  list.grid = grid;
  list.features = std::move(features);
  list.max_points = max_points;
  list.rows = capacity;
  const auto rows = static_cast<std::size_t>(capacity);
  if (kind != ListKind::downsampled) {
    list.coords.resize(rows * 4);
    list.count.resize(rows);
  }
  list.values.resize(rows * static_cast<std::size_t>(max_points) * list.features.size());
  return list;
}

/// A list where operators reach it.
struct ListArrays {
  ListArrays(const example::Side& side, VoxelList& list)
      : found(side, &list.found, 1),
        overflow(side, &list.overflow, 1),
        coords(side, list.coords),
        count(side, list.count),
        values(side, list.values),
        points(side, &list.points, 1) {}

  void download() const {
    found.download();
    overflow.download();
    coords.download();
    count.download();
    values.download();
    points.download();
  }

  SideArray<std::int64_t> found, overflow;
  SideArray<std::int32_t> coords, count;
  SideArray<float> values;
  SideArray<robocache::PointCounts> points;
};

/// Forgets the rows past the last voxel.
VoxelList trimmed(VoxelList list) {
  const auto cut = [&list](auto& numbers, std::int64_t rows) {
    if (list.rows != 0)
      numbers.resize(numbers.size() / static_cast<std::size_t>(list.rows) * static_cast<std::size_t>(rows));
  };
  const std::int64_t rows = std::min(list.rows, list.found);
  cut(list.coords, rows);
  cut(list.count, rows);
  cut(list.values, rows);
  list.rows = rows;
  return list;
}

/// x, y, z and intensity.
std::vector<Feature> usual_features(const Cloud& cloud) {
  std::vector<Feature> features = parse_features({}, cloud);
  for (Feature& feature : features) feature.reduction = robocache::Reduction::mean;
  return features;
}

/// The features from `first` on, each a column of the values.
std::vector<robocache::VoxelChannel> channels_of(const VoxelList& list, const Scan& scan, float* values,
                                                 std::size_t first) {
  std::vector<robocache::VoxelChannel> channels;
  const std::size_t width = list.features.size();
  for (std::size_t c = first; c < width; ++c) {
    channels.push_back(channel_of(list.features[c], scan, list.grid));
    channels.back().out = robocache::column(values + c, static_cast<std::int64_t>(width));
  }
  return channels;
}

/// What sparse voxels and downsampling have in common.
void set(robocache::SparseVoxels& args, const VoxelList& list, const Scan& scan, const ListArrays& arrays) {
  args.points = scan.points();
  args.grid = list.grid;
  args.capacity = list.rows;
  args.voxel_count = arrays.found.data();
  args.counts = arrays.points.data();
  args.overflow = arrays.overflow.data();
}

}  // namespace

VoxelList list_voxels(const Scan& scan, const robocache::VoxelGrid& grid, std::vector<Feature> features) {
  VoxelList list = list_of(ListKind::sparse, grid, std::move(features), 1, scan.cloud().points());
  {
    const ListArrays arrays(scan.side(), list);
    const auto channels = channels_of(list, scan, arrays.values.data(), 0);
    robocache::VoxelizeSparseArgs args;
    set(args, list, scan, arrays);
    args.coords = arrays.coords.data();
    args.count = arrays.count.data();
    args.channels = channels.data();
    args.channel_count = static_cast<std::int32_t>(channels.size());
    list.timing = time_call(scan.side(), args, [](const auto&... all) { return robocache::voxelize_sparse(all...); });
    arrays.download();
  }
  return trimmed(std::move(list));
}

VoxelList gather_points(const Scan& scan, const robocache::VoxelGrid& grid, std::int64_t max_voxels,
                        std::int64_t max_points) {
  constexpr std::int64_t most_numbers = std::int64_t{1} << 28;  // 1 GB of results
  std::vector<Feature> features = usual_features(scan.cloud());
  const std::int64_t capacity = std::min(max_voxels, scan.cloud().points());  // no voxel is without a point
  const std::int64_t numbers_of_voxel = max_points * static_cast<std::int64_t>(features.size());
  if (capacity > most_numbers / numbers_of_voxel) {
    throw example::InputError("--max-points: " + std::to_string(capacity) + " voxels of " + std::to_string(max_points) +
                              " points are more than this example fills");
  }
  VoxelList list = list_of(ListKind::hard, grid, std::move(features), max_points, capacity);
  {
    const ListArrays arrays(scan.side(), list);
    std::vector<robocache::HardChannel> channels;
    for (const Feature& feature : list.features) {
      const robocache::VoxelChannel channel = channel_of(feature, scan, grid);
      channels.push_back({channel.source, channel.field});
    }
    robocache::VoxelizeHardArgs args;
    args.points = scan.points();
    args.grid = grid;
    args.max_voxels = capacity;
    args.max_points = max_points;
    args.channels = channels.data();
    args.channel_count = static_cast<std::int32_t>(channels.size());
    args.voxels = arrays.values.data();
    args.coords = arrays.coords.data();
    args.num_points = arrays.count.data();
    args.voxel_count = arrays.found.data();
    args.overflow = arrays.overflow.data();
    args.counts = arrays.points.data();
    list.timing = time_call(scan.side(), args, [](const auto&... all) { return robocache::voxelize_hard(all...); });
    arrays.download();
  }
  return trimmed(std::move(list));
}

VoxelList downsample(const Scan& scan, double leaf) {
  VoxelList list = list_of(ListKind::downsampled, robocache::leaf_grid(leaf), usual_features(scan.cloud()), 1,
                           scan.cloud().points());
  {
    const ListArrays arrays(scan.side(), list);
    const auto channels = channels_of(list, scan, arrays.values.data(), 3);
    robocache::VoxelDownsampleArgs args;
    set(args, list, scan, arrays);
    args.xyz = robocache::column(arrays.values.data(), static_cast<std::int64_t>(list.features.size()));
    args.channels = channels.data();
    args.channel_count = static_cast<std::int32_t>(channels.size());
    list.timing = time_call(scan.side(), args, [](const auto&... all) { return robocache::voxel_downsample(all...); });
    arrays.download();
  }
  if (list.found == 0) {
    throw example::InputError(
        "--downsample: no point is left: all are filtered, not finite, or more than 2^20 leaves away");
  }
  return trimmed(std::move(list));
}

std::vector<std::string> write_list(const VoxelList& list, const std::filesystem::path& folder,
                                    const std::array<double, 7>& viewpoint) {
  std::vector<std::string> files;
  const auto write = [&](const char* name, const auto& numbers, const std::vector<std::int64_t>& shape) {
    example::write_npy(folder / name, numbers, shape);
    files.emplace_back(name);
  };
  const auto width = static_cast<std::int64_t>(list.features.size());
  if (list.kind == ListKind::downsampled) {
    write("downsampled.npy", list.values, {list.rows, width});
    std::vector<std::string> names;
    for (const Feature& feature : list.features) names.push_back(feature.name);
    files.emplace_back("downsampled.pcd");
    example::write_text(folder / files.back(), pcd_of(names, list.values, viewpoint));
    return files;
  }
  write("coords.npy", list.coords, {list.rows, 4});
  if (list.kind == ListKind::hard) {
    write("num_points.npy", list.count, {list.rows});
    write("voxels.npy", list.values, {list.rows, list.max_points, width});
  } else {
    write("counts.npy", list.count, {list.rows});
    if (width != 0) write("features.npy", list.values, {list.rows, width});
  }
  return files;
}

}  // namespace voxelize_scan
