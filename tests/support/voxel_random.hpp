// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/random.hpp"
#include "support/voxel_case.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

// Random clouds, and calls of voxelize with them.

namespace robocache::test {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

using Points = std::vector<std::array<double, 3>>;

inline VoxelGrid grid_of(std::int32_t x, std::int32_t y, std::int32_t z, double size = 1.0, double from = 0.0) {
  VoxelGrid grid;
  const std::int32_t shape[3] = {x, y, z};
  for (int k = 0; k < 3; ++k) grid.origin[k] = from, grid.size[k] = size, grid.shape[k] = shape[k];
  return grid;
}

/// A quarter of a case's points lie outside; some are on faces of cells, zero, or not finite.
inline Points random_points(Random& random, std::int64_t count, const VoxelGrid& grid, FieldType type) {
  Points points(static_cast<std::size_t>(count));
  const bool real = type <= FieldType::bf16;
  const bool is_unsigned = type == FieldType::u8 || type == FieldType::u16 || type == FieldType::u32;
  for (auto& p : points) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double range = grid.size[k] * grid.shape[k];
      p[k] = grid.origin[k] + range * (1.1 * random.unit() - 0.05);
      if (random.one_in(8))
        p[k] = grid.origin[k] + grid.size[k] * static_cast<double>(random.between(0, grid.shape[k]));
      if (real && random.one_in(200)) p[k] = random.one_in(2) ? nan : -infinity;
      if (real && random.one_in(100)) p[k] = random.one_in(2) ? -0.0 : 1e30;
      if (!real) p[k] = std::clamp(std::round(p[k]), is_unsigned ? 0.0 : -128.0, 127.0) + 0.0;
    }
    if (random.one_in(50)) p = {0, 0, 0};
  }
  return points;
}

inline TensorSpec tensor_of(Random& random, CellType type, const VoxelGrid& grid) {
  TensorSpec spec;
  spec.wanted = true;
  spec.type = type;
  const std::int64_t x = grid.shape[0], y = grid.shape[1], z = grid.shape[2];
  if (type == CellType::bit) {
    if (random.one_in(2)) spec.strides[0] = (x * y * z + 31) / 32 + random.below(3);
    return spec;
  }
  const std::int64_t step = random.between(1, 4);
  switch (random.below(5)) {
    case 0:  // one channel of channel_last
      spec.strides = {z * y * x * step, y * x * step, x * step, step};
      break;
    case 1:  // one channel of channel_first
      spec.strides = {z * y * x * step, y * x, x, 1};
      break;
    case 2:  // [clouds, x, y, z]
      spec.strides = {x * y * z, 1, z, z * y};
      break;
    case 3:  // padded rows
      spec.strides = {z * y * (x + step), y * (x + step), x + step, 1};
      break;
    default:
      break;
  }
  return spec;
}

inline std::vector<double> random_values(Random& random, std::size_t count, FieldType type, bool rare) {
  std::vector<double> values(count);
  for (double& v : values) {
    switch (type) {
      case FieldType::u8:
      case FieldType::u16:
      case FieldType::u32:
        v = static_cast<double>(random.below(256));
        break;
      case FieldType::i8:
      case FieldType::i16:
      case FieldType::i32:
        v = static_cast<double>(random.between(-128, 127));
        break;
      default:
        v = 300.0 * random.signed_unit();
        if (rare && random.one_in(40))
          v = std::array<double, 5>{nan, infinity, -infinity, -0.0, 3e9}[static_cast<std::size_t>(random.below(5))];
    }
  }
  return values;
}

inline VoxelCase random_case(Random& random, FieldType type) {
  VoxelCase call;
  call.type = type;
  const bool real = type <= FieldType::bf16;
  call.grid =
      grid_of(static_cast<std::int32_t>(random.between(1, 20)), static_cast<std::int32_t>(random.between(1, 12)),
              static_cast<std::int32_t>(random.between(1, 7)));
  for (int k = 0; k < 3; ++k) {
    call.grid.size[k] = real ? std::array<double, 4>{0.1, 0.25, 1.0, 3.7}[static_cast<std::size_t>(random.below(4))]
                             : static_cast<double>(random.between(1, 5));
    call.grid.origin[k] = real ? 20.0 * random.signed_unit() : 0.0;
  }
  if (random.one_in(3)) call.grid.rule = CellRule::reciprocal;
  const std::int64_t count = random.one_in(10) ? 0 : random.between(1, 3000);
  call.points = random_points(random, count, call.grid, type);
  const std::int64_t size = size_of(type);
  if (random.one_in(4)) call.separate = true;
  if (random.one_in(2)) call.stride = random.one_in(2) && size == 4 ? 16 : 3 * size + random.below(15);
  if (random.one_in(3)) call.misalign = random.below(9);
  if (random.one_in(4) && count > 0) {
    call.row_points = random.between(1, count + 5);
    call.row_gap = random.below(20);
  }
  if (random.one_in(2)) {
    call.offsets = {random.below(std::max<std::int64_t>(count / 4, 1))};
    for (std::int64_t s = random.between(1, 6); s > 0; --s) {
      call.offsets.push_back(random.between(call.offsets.back(), count));
    }
  } else if (random.one_in(2)) {
    call.uniform_length = random.below(std::max<std::int64_t>(count, 1) + 1);
  }
  if (call.segments() > 40) call.uniform_length = -1;
  if (random.one_in(2)) {
    call.clouds = random.between(1, 3);
    for (std::int64_t s = 0; s < call.segments(); ++s) call.cloud_of.push_back(random.between(-1, call.clouds));
    for (std::int64_t& c : call.cloud_of) c = random.one_in(9) ? c : std::clamp<std::int64_t>(c, 0, call.clouds - 1);
  }
  if (random.one_in(2)) {
    for (std::int64_t s = 0; s < call.segments(); ++s) {
      for (int k = 0; k < 12; ++k) {
        call.transforms.push_back((k % 5 == 0 ? 1.0 : 0.0) + 0.1 * random.signed_unit() * (k % 4 == 3 ? 30 : 1));
      }
    }
    call.double_transforms = random.one_in(2);
  }
  if (random.one_in(3)) call.min_range = 6.0 * random.unit();
  if (random.one_in(3)) call.drop_zero = true;
  if (random.one_in(3)) {
    for (std::size_t k = 0; k < 3; ++k) {
      if (random.one_in(2)) call.crop_min[k] = call.grid.origin[k] + random.unit();
      if (random.one_in(2))
        call.crop_max[k] = call.grid.origin[k] + call.grid.size[k] * call.grid.shape[k] * random.unit();
    }
  }
  if (random.one_in(3)) {
    for (std::int64_t cloud = 0; cloud < call.cloud_count(); ++cloud) {
      for (int k = 0; k < 3; ++k) call.origins.push_back(call.grid.origin[k] + 2.0 * random.signed_unit());
    }
  }
  const CellType any_type = static_cast<CellType>(random.below(7));
  if (!random.one_in(4)) call.occupancy = tensor_of(random, any_type, call.grid);
  if (!random.one_in(3)) call.count = tensor_of(random, CellType::i32, call.grid);
  call.cell_of = !random.one_in(3);
  call.counts = !random.one_in(3);
  return call;
}

/// Every other time the usual one.
inline FieldType random_type(Random& random) {
  return random.one_in(2) ? FieldType::f32 : static_cast<FieldType>(random.below(10));
}

/// Offsets of so many clouds of few points each, or none.
inline std::vector<std::int64_t> random_offsets(Random& random, int clouds, std::int64_t points) {
  std::vector<std::int64_t> offsets = {0};
  for (int cloud = 0; cloud < clouds; ++cloud) {
    offsets.push_back(std::min<std::int64_t>(offsets.back() + random.below(25), points));
  }
  return offsets;
}

/// A source, with values in case it is a field.
inline ChannelSpec random_channel(Random& random, std::size_t points) {
  ChannelSpec channel;
  channel.source = static_cast<ChannelSource>(random.below(7));
  channel.type = static_cast<FieldType>(random.below(10));
  channel.values = random_values(random, points, channel.type, true);
  return channel;
}

inline void add_channels(Random& random, VoxelCase* call, std::int64_t count) {
  constexpr CellType outs[] = {CellType::f32, CellType::f64, CellType::f16, CellType::bf16};
  for (std::int64_t c = 0; c < count; ++c) {
    ChannelSpec channel = random_channel(random, call->points.size());
    channel.reduction = static_cast<Reduction>(random.below(4));
    channel.ignore_nan = random.one_in(2);
    channel.unit = std::ldexp(1.0, static_cast<int>(random.between(-22, -3)));
    channel.empty = random.one_in(3) ? nan : 7.25 * random.signed_unit();
    channel.out = tensor_of(random, outs[random.below(4)], call->grid);
    call->channels.push_back(channel);
  }
}

}  // namespace robocache::test
