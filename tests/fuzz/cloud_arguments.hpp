// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stream_arguments.hpp"

#include <robocache/voxel/voxelize_sparse.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace robocache::fuzz {

/// Arguments that operators on point clouds share.
class CloudArguments {
 public:
  CloudArguments(Choices& choices, Memory& memory) : choices_(choices), memory_(memory), streams_(choices, memory) {}

  PointClouds points() {
    PointClouds points;
    points.count = choices_.size(16);
    memory_.work(points.count);  // with strides of zero they need no memory
    points.row_points = choices_.rarely() ? choices_.size(5) : 0;
    const bool are_records = choices_.flag();
    if (are_records) {
      const FieldType type = choices_.one_of(FieldType::i32);
      const std::int64_t size = size_of(type);
      PointField field = layout(type, 3 * size, points);
      const Wide bytes = field_bytes(field, points) == 0 ? 0 : field_bytes(field, points) + 2 * size;
      const auto* data = static_cast<const char*>(memory_.input_of(size, bytes));
      points.x = points.y = points.z = field;
      points.x.data = data;
      points.y.data = data == nullptr ? data : data + size;
      points.z.data = data == nullptr ? data : data + 2 * size;
    } else {
      for (PointField* along : {&points.x, &points.y, &points.z}) *along = field(points);
    }
    points.segments = streams_.segments(streams_.segment_count(), points.count);
    if (choices_.rarely()) {
      points.cloud_of = memory_.input<std::int64_t>(points.segments.count);
      points.clouds = choices_.size(3);
    }
    if (choices_.rarely()) {
      points.transforms.is_double = choices_.flag();
      const std::int64_t size = points.transforms.is_double ? 8 : 4;
      points.transforms.data = memory_.input_of(size, Wide(points.segments.count) * 12 * size);
    }
    points.min_range = choices_.real(0.0);
    points.drop_zero = choices_.flag();
    if (choices_.rarely()) {
      for (double* corner : {points.crop_min, points.crop_max}) {
        for (int axis = 0; axis < 3; ++axis) corner[axis] = choices_.real(corner[axis]);
      }
    }
    return points;
  }
  /// A field of the same points.
  PointField field(const PointClouds& points) {
    const FieldType type = choices_.one_of(FieldType::i32);
    PointField field = layout(type, size_of(type), points);
    field.data = memory_.input_of(size_of(type), field_bytes(field, points));
    return field;
  }

  VoxelGrid grid(std::int64_t clouds) {
    VoxelGrid grid;
    for (int axis = 0; axis < 3; ++axis) {
      grid.origin[axis] = choices_.real(0.0);
      grid.size[axis] = choices_.real(1.0);
      grid.shape[axis] = static_cast<std::int32_t>(choices_.size(6));
    }
    grid.rule = choices_.one_of(CellRule::reciprocal);
    grid.unbounded = choices_.rarely();
    if (choices_.rarely()) {
      grid.origin_pitch = choices_.rarely() ? choices_.size(6) : 3;
      const Wide between = (Wide(clouds) - 1) * std::max<std::int64_t>(grid.origin_pitch, 0);
      grid.origins = memory_.input<double>(clouds <= 0 ? Wide(0) : between + 3);
    }
    return grid;
  }

  /// An output over the cells of all clouds, at times left out.
  VoxelTensor tensor(const VoxelGrid& grid, std::int64_t clouds, CellType type) {
    VoxelTensor tensor;
    tensor.type = type;
    const auto cells_along = [&grid](int axis) { return Wide(std::max(grid.shape[axis], 0)); };
    const Wide shape[3] = {cells_along(0), cells_along(1), cells_along(2)};
    const Wide cells = shape[0] * shape[1] * shape[2], words = std::floor((cells + 31) / 32);
    if (clouds < 0) clouds = 0;
    Wide elements = clouds * (type == CellType::bit ? words : cells);
    if (choices_.rarely()) {
      std::int64_t* strides[3] = {&tensor.x_stride, &tensor.y_stride, &tensor.z_stride};
      Wide step = 1, last = 0;
      for (int axis = 0; axis < 3; ++axis) {
        const Wide usual = step + choices_.below(3);
        *strides[axis] = choices_.size_or(usual > 1 << 20 || usual < 1 ? 1 : static_cast<std::int64_t>(usual));
        step = shape[axis] * *strides[axis];
        last += (shape[axis] - 1) * *strides[axis];
      }
      tensor.cloud_stride = choices_.size_or(step > 1 << 20 || step < 1 ? 1 : static_cast<std::int64_t>(step));
      if (type == CellType::bit) last = words - 1;
      const bool is_dense = (tensor.cloud_stride | tensor.z_stride | tensor.y_stride | tensor.x_stride) == 0 ||
                            (type == CellType::bit && tensor.cloud_stride == 0);
      if (!is_dense && elements != 0) elements = last + (Wide(clouds) - 1) * tensor.cloud_stride + 1;
    }
    tensor.data = choices_.flag() ? output(type, elements) : nullptr;
    return tensor;
  }
  /// An output with `width` neighbouring numbers for each of the rows.
  VoxelTensor column(std::int64_t rows, std::int64_t width) {
    VoxelTensor column;
    column.type = choices_.one_of(CellType::bit);
    if (choices_.flag()) column.type = CellType::f32;
    column.x_stride = choices_.rarely() ? choices_.size(4) : 0;
    if (choices_.rarely()) column.y_stride = choices_.size(1);
    const std::int64_t pitch = column.x_stride == 0 ? width : std::max<std::int64_t>(column.x_stride, 0);
    column.data = output(column.type, rows <= 0 ? Wide(0) : (Wide(rows) - 1) * pitch + width);
    return column;
  }
  void* output(CellType type, Wide elements) { return memory_.output_bytes(elements * size_of(type)); }

  /// All but the output.
  VoxelChannel channel(const PointClouds& points) {
    VoxelChannel channel;
    channel.source = choices_.one_of(ChannelSource::raw_z);
    if (channel.source == ChannelSource::field) channel.field = field(points);
    channel.reduction = choices_.one_of(Reduction::nearest);
    channel.ignore_nan = choices_.flag();
    channel.unit = choices_.real(0x1p-20);
    channel.empty = choices_.real(0.0);
    return channel;
  }
  /// How many channels the call is told of, where there are so many.
  std::int32_t told(std::size_t channels) {
    const auto count = static_cast<std::int32_t>(channels);
    return choices_.rarely() ? (choices_.flag() ? -1 : max_voxel_channels + 1) : count;
  }

  /// Calls run(workspace) with a workspace of exactly the size that is asked for, or at times one that is too small.
  template <class Run>
  void with_workspace(std::size_t bytes, const Run& run) {
    Workspace workspace;
    workspace.bytes = bytes;
    const bool is_small = bytes != 0 && choices_.rarely();
    if (is_small)
      workspace.bytes -=
          1 + static_cast<std::size_t>(choices_.below(static_cast<std::int64_t>(std::min<std::size_t>(bytes, 9))));
    workspace.data = memory_.output_bytes(static_cast<Wide>(workspace.bytes));
    const Status status = run(workspace);
    require(!is_small || !status.ok(), "a workspace that is too small is refused");
  }

 private:
  PointField layout(FieldType type, std::int64_t usual, const PointClouds& points) {
    PointField field;
    field.type = type;
    field.stride = choices_.size_or(usual + (choices_.rarely() ? choices_.below(5) : 0));
    if (points.row_points != 0) {
      field.row_stride = choices_.size_or(std::clamp<std::int64_t>(points.row_points, 0, 16) *
                                          std::clamp<std::int64_t>(field.stride, 0, 64));
    }
    return field;
  }
  /// From the first byte to the last.
  static Wide field_bytes(const PointField& field, const PointClouds& points) {
    if (points.count <= 0 || points.row_points < 0) return 0;
    const std::int64_t columns = points.row_points == 0 ? points.count : std::min(points.row_points, points.count);
    const std::int64_t rows = (points.count - 1) / columns + 1, last_columns = points.count - (rows - 1) * columns;
    const Wide stride = std::max<std::int64_t>(field.stride, 0),
               row_stride = std::max<std::int64_t>(field.row_stride, 0);
    const Wide last = (rows - 1) * row_stride + (last_columns - 1) * stride;
    const Wide before = rows > 1 ? (rows - 2) * row_stride + (columns - 1) * stride : Wide(0);
    return std::max(last, before) + size_of(field.type);
  }

  Choices& choices_;
  Memory& memory_;
  StreamArguments streams_;
};

}  // namespace robocache::fuzz
