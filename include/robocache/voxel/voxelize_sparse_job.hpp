// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/voxel/voxel_index.hpp>
#include <robocache/voxel/voxelize_job.hpp>

#include <cstdint>

// The arguments of voxelize_sparse, their validation, and what is done with one point and with one voxel.

ROBOCACHE_NAMESPACE_BEGIN

/// The voxels of a batch of clouds, all in one list, and what each point became. Pointers are device memory for stream
/// calls and host memory for Host calls. Any of the outputs may be left out.
///
/// If there are more voxels than the capacity, those that come first in `order` are written, as if the others did not
/// exist; voxel_count and overflow tell. Rows past the last voxel are written too: coords -1, count 0.
struct SparseVoxels {
  PointClouds points;
  VoxelGrid grid;             ///< at most 2^63 - 1 cells over all clouds; or unbounded_grid()
  std::int64_t capacity = 0;  ///< rows of the outputs
  VoxelOrder order = VoxelOrder::first_point;
  CoordOrder coord_order = CoordOrder::bzyx;
  std::int64_t* voxel_count = nullptr;  ///< [1]: how many there are; more than the capacity is possible
  std::int32_t* coords = nullptr;       ///< [capacity, 4]: cloud and cell; of an unbounded grid cells from its origin
  std::int32_t* count = nullptr;        ///< [capacity]: points of each
  std::int32_t* point_to_voxel = nullptr;  ///< [points.count]: the row; -1: left out, or of a voxel past the capacity
  PointCounts* counts = nullptr;           ///< [clouds]: the fates of points; `kept` includes those of any voxel
  std::int64_t* overflow = nullptr;        ///< [1]: points of voxels past the capacity
};

/// Besides, numbers and lists of points for each voxel. The output of a channel is a column(data, pitch): its z, y and
/// cloud strides are 0. Rows past the last voxel hold the channel's `empty`.
///
/// Reduction::nearest takes the point with the smallest square of the distance from the centre of its voxel; of equal
/// ones that with the smallest index. Along each axis the distance is fma(-(cell + 0.5), size, p - origin) in double,
/// the difference in the type of the coordinates; by CellRule::reciprocal fma(-(cell + floor(origin * (1 / size)) +
/// 0.5), size, p). The square, fma(x, x, fma(y, y, z * z)), is rounded to float before it is compared.
struct VoxelizeSparseArgs : SparseVoxels {
  const VoxelChannel* channels = nullptr;  ///< [channel_count], host memory, read during the call
  std::int32_t channel_count = 0;          ///< at most 64
  /// [capacity + 1]: CSR over list_points, non-decreasing; ragged(list_offsets, capacity) are segments of them
  std::int64_t* list_offsets = nullptr;
  /// [points.count]: points of voxel 0 in the order of their indices, of voxel 1, ...; -1 past the last
  std::int32_t* list_points = nullptr;
};

namespace detail {

/// Validated args. What is known of a voxel while points come in: the number of points, the smallest index among them,
/// and a record of words: a mask of channels that are NaN, a word for each reduced channel, and, if any channel asks
/// for it, which point is nearest. Every word but the mask, which is or-ed, combines as ChannelJob says, from 0.
template <class F>
struct VoxelizeSparseJob : VoxelIndexJob<F> {
  std::int64_t capacity = 0;
  VoxelOrder order = VoxelOrder::first_point;
  std::int64_t* voxel_count = nullptr;
  std::int32_t* coords = nullptr;
  std::int32_t* count = nullptr;
  std::int32_t* point_to_voxel = nullptr;
  std::int64_t* overflow = nullptr;
  std::int64_t* list_offsets = nullptr;
  std::int32_t* list_points = nullptr;
  std::int32_t channel_count = 0;
  std::int32_t reduced_count = 0;  ///< of channels, which come first; the others take their value from one point
  bool has_nearest = false;
  ChannelJob channels[max_voxel_channels];  ///< not in the order of the args

  /// Rows that may hold voxels.
  std::int64_t rows() const noexcept { return smaller(capacity, this->most_voxels); }
  /// 0 where voxels need no records.
  ROBOCACHE_HD std::int64_t record_words() const noexcept {
    return reduced_count == 0 && !has_nearest ? 0 : 1 + reduced_count + (has_nearest ? 1 : 0);
  }
  /// The word of a record that says which point is nearest.
  ROBOCACHE_HD std::int64_t nearest_word() const noexcept { return 1 + reduced_count; }
  /// Whether points must be read a second time, for what becomes of their values.
  ROBOCACHE_HD bool reads_values() const noexcept { return record_words() != 0; }
};

/// A word that is the larger the nearer the point is to the centre of its voxel; of equally near ones, that with the
/// smallest index. Nearness is the square of the distance, rounded to float.
template <class F>
ROBOCACHE_HD inline std::uint64_t nearness(const VoxelIndexJob<F>& job, const VoxelPlace& at, const Vector3<F>& p,
                                           const Vector3<F>& origin, std::int64_t i) noexcept {
  const auto square = bit_cast<std::uint32_t>(static_cast<float>(job.square_from_centre(at, p, origin)));
  return ~(std::uint64_t{square} << 32 | static_cast<std::uint64_t>(i));
}
ROBOCACHE_HD inline std::int64_t nearest_point(std::uint64_t nearness) noexcept {
  return static_cast<std::int64_t>(~nearness & 0xffffffffu);
}

/// The value of a channel at one point. Only of one that has a cloud, if it is a coordinate as transformed.
template <class F>
ROBOCACHE_HD inline double value_at(const CloudsJob<F>& clouds, const ChannelJob& channel, std::int64_t i) noexcept {
  PointValues<F> values = {};
  if (channel.source != ChannelSource::field) {
    values.raw = read_point<F, PointLayout::any>(clouds, i);
    if (channel.source < ChannelSource::raw_x) values = values_of(clouds, segment_at(clouds, i).segment, values.raw);
  }
  return channel_value(clouds, channel, i, values);
}

/// Every channel of a voxel. `first` is the smallest index of its points; `record` is null if there are no records.
template <class F>
ROBOCACHE_HD inline void write_channels(const VoxelizeSparseJob<F>& job, std::int64_t row, std::int64_t count,
                                        std::int64_t first, const std::uint64_t* record) noexcept {
  for (int c = 0; c < job.channel_count; ++c) {
    const ChannelJob& channel = job.channels[c];
    double value;
    if (c < job.reduced_count) {
      value = reduced(channel, static_cast<std::uint64_t>(count), record[1 + c], (record[0] >> c & 1) != 0);
    } else {
      const bool nearest = channel.reduction == Reduction::nearest;
      value = value_at(job.clouds, channel, nearest ? nearest_point(record[job.nearest_word()]) : first);
    }
    store_number(channel.out.data, channel.out.type, row * channel.out.x_stride, value);
  }
}

/// A row of a voxel, but for the lists.
template <class F>
ROBOCACHE_HD inline void write_voxel(const VoxelizeSparseJob<F>& job, std::int64_t row, const VoxelPlace& at,
                                     std::int64_t count, std::int64_t first, const std::uint64_t* record) noexcept {
  write_coords(job, job.coords, row, at);
  if (job.count != nullptr) job.count[row] = static_cast<std::int32_t>(count);
  write_channels(job, row, count, first, record);
}

/// A row past the last voxel, but for the lists.
template <class F>
ROBOCACHE_HD inline void write_no_voxel(const VoxelizeSparseJob<F>& job, std::int64_t row) noexcept {
  write_coords(job, job.coords, row, {-1, -1, -1, -1});
  if (job.count != nullptr) job.count[row] = 0;
  for (int c = 0; c < job.channel_count; ++c) {
    const ChannelJob& channel = job.channels[c];
    store_number(channel.out.data, channel.out.type, row * channel.out.x_stride, channel.empty);
  }
}

/// A column of rows with `width` neighbouring numbers each.
struct ColumnTexts {
  const char *strides, *data, *bytes, *alignment;
};
inline Status prepare_column(const VoxelTensor& out, std::int64_t width, std::int64_t rows, const ColumnTexts& texts,
                             TensorJob* job, Array* array) noexcept {
  const std::int64_t size = size_of(out.type), pitch = out.x_stride == 0 ? width : out.x_stride;
  if (out.cloud_stride != 0 || out.z_stride != 0 || out.y_stride != 0 || pitch < width) {
    return {StatusCode::invalid_size, texts.strides};
  }
  job->type = out.type;
  job->x_stride = pitch;
  if (rows == 0) return {};
  if (out.data == nullptr) return {StatusCode::null_pointer, texts.data};
  std::int64_t last = 0, bytes = 0;
  if (multiply_overflows(rows - 1, pitch, &last) || last > INT64_MAX - width ||
      multiply_overflows(last + width, size, &bytes)) {
    return {StatusCode::overflow, texts.bytes};
  }
  if (reinterpret_cast<std::uintptr_t>(out.data) % static_cast<std::uintptr_t>(size) != 0) {
    return {StatusCode::misaligned, texts.alignment};
  }
  job->data = static_cast<char*>(out.data);
  *array = {out.data, bytes, 1, ""};
  return {};
}

inline Status check_capacity(std::int64_t capacity) noexcept {
  if (capacity < 0) return {StatusCode::invalid_size, "args.capacity: negative"};
  if (capacity > INT64_MAX / 64) return {StatusCode::overflow, "args.capacity: sizes in bytes overflow"};
  return {};
}

template <class F>
Status prepare(const VoxelizeSparseArgs& args, VoxelizeSparseJob<F>* job, CallArrays* arrays) noexcept {
  VoxelIndexJob<F>* index = job;
  ROBOCACHE_CHECK(prepare(args.points, args.grid, args.coord_order, args.counts, index, arrays));
  if (args.order > VoxelOrder::key) return {StatusCode::invalid_value, "args.order: unknown"};
  ROBOCACHE_CHECK(check_capacity(args.capacity));
  if (args.list_points != nullptr && args.list_offsets == nullptr) {
    return {StatusCode::null_pointer, "args.list_offsets: null, but list_points is not"};
  }
  ROBOCACHE_CHECK(check_channel_list(args.channels, args.channel_count));
  // Reduced channels first.
  for (const bool reduced : {true, false}) {
    for (std::int32_t c = 0; c < args.channel_count; ++c) {
      if ((args.channels[c].reduction < Reduction::first) != reduced) continue;
      ChannelJob* channel = &job->channels[job->channel_count++];
      Status status = prepare_channel(args.channels[c], args.points, Reduction::nearest, channel,
                                      &arrays->inputs[arrays->input_count]);
      if (status.ok()) {
        status = prepare_column(args.channels[c].out, 1, args.capacity,
                                {"args.channels.out: not a column", "args.channels.out.data: null",
                                 "args.channels.out: size overflows", "args.channels.out.data: misaligned"},
                                &channel->out, &arrays->tensors[arrays->tensor_count]);
      }
      if (!status.ok()) return status.at(c);
      ++arrays->input_count;
      ++arrays->tensor_count;
      job->has_nearest = job->has_nearest || channel->reduction == Reduction::nearest;
    }
    if (reduced) job->reduced_count = job->channel_count;
  }
  const std::int64_t points = args.points.count, rows = args.capacity;
  arrays->add_alone({args.voxel_count, 1, 8, "args.voxel_count: misaligned"},
                    "args.voxel_count: overlaps another array");
  arrays->add_alone({args.coords, rows * 4, 4, "args.coords: misaligned"}, "args.coords: overlaps another array");
  arrays->add_alone({args.count, rows, 4, "args.count: misaligned"}, "args.count: overlaps another array");
  arrays->add_alone({args.point_to_voxel, points, 4, "args.point_to_voxel: misaligned"},
                    "args.point_to_voxel: overlaps another array");
  arrays->add_alone({args.overflow, 1, 8, "args.overflow: misaligned"}, "args.overflow: overlaps another array");
  arrays->add_alone({args.list_offsets, rows + 1, 8, "args.list_offsets: misaligned"},
                    "args.list_offsets: overlaps another array");
  arrays->add_alone({args.list_points, points, 4, "args.list_points: misaligned"},
                    "args.list_points: overlaps another array");
  job->capacity = args.capacity;
  job->order = args.order;
  job->voxel_count = args.voxel_count;
  job->coords = rows == 0 ? nullptr : args.coords;
  job->count = rows == 0 ? nullptr : args.count;
  job->point_to_voxel = points == 0 ? nullptr : args.point_to_voxel;
  job->overflow = args.overflow;
  job->list_offsets = args.list_offsets;
  job->list_points = points == 0 ? nullptr : args.list_points;
  return {};
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
