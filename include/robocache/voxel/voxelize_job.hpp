// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/voxel/number_key.hpp>
#include <robocache/voxel/point_clouds.hpp>
#include <robocache/voxel/voxel_call.hpp>
#include <robocache/voxel/voxel_grid.hpp>

#include <cmath>
#include <cstdint>

// The arguments of voxelize, their validation, and what is done with one point and with one cell.

ROBOCACHE_NAMESPACE_BEGIN

/// What a cell holds of its points' values. Values are stable.
enum class Reduction : std::uint8_t {
  sum = 0,
  mean = 1,
  min = 2,
  max = 3,
  first = 4,    ///< sparse voxels alone: of the point with the smallest index
  nearest = 5,  ///< sparse voxels alone: of the point nearest to the voxel's centre
};

/// What a channel is made of. Coordinates are as transformed, or `raw`: as stored. Values are stable.
enum class ChannelSource : std::uint8_t { field = 0, x = 1, y = 2, z = 3, raw_x = 4, raw_y = 5, raw_z = 6 };

/// One number for each cell, reduced over the points in it.
///
/// sum and mean are exact sums of values that were first rounded to whole multiples of `unit`, in 64-bit integers: the
/// same bits whatever the order. The sum is divided in double, and rounded once to the output's type. So a mean is off
/// by at most unit / 2, besides that rounding. A value beyond 2^39 units, or that is not finite, makes the cell NaN.
/// Sums of up to 2^24 such values fit; those of more points wrap unless they stay below 2^63 units.
///
/// min and max compare as doubles, and are exact; -0 is less than 0. NaN makes the cell NaN, or is ignored; a cell with
/// nothing else is NaN all the same.
struct VoxelChannel {
  ChannelSource source = ChannelSource::field;
  PointField field;  ///< for ChannelSource::field: of the same points
  Reduction reduction = Reduction::mean;
  bool ignore_nan = false;  ///< min and max
  double unit = 0x1p-20;    ///< sum and mean: a power of two; by default values up to 524,288, to 1e-6
  double empty = 0;         ///< what cells without points hold
  VoxelTensor out;          ///< f32, f64, f16 or bf16
};

/// Pointers are device memory for stream calls and host memory for Host calls, but `channels`, which is host memory
/// and read during the call. Any of the outputs may be left out.
struct VoxelizeArgs {
  PointClouds points;
  VoxelGrid grid;
  VoxelTensor occupancy;                   ///< 1 where a cell has a point, else 0; of any type
  VoxelTensor count;                       ///< points of each cell; i32
  const VoxelChannel* channels = nullptr;  ///< [channel_count]
  std::int32_t channel_count = 0;
  std::int64_t* cell_of = nullptr;  ///< [points.count]: ((cloud * Z + z) * Y + y) * X + x; -1: left out
  PointCounts* counts = nullptr;    ///< [clouds]: the fates of points
};

namespace detail {

struct ChannelJob {
  FieldJob field;
  TensorJob out;
  double unit = 1, inverse_unit = 1, empty = 0;
  ChannelSource source = ChannelSource::field;
  Reduction reduction = Reduction::mean;
  bool ignore_nan = false;
  bool begins_pack = false;  ///< this and the next three lie side by side in every cell, aligned as a whole

  ROBOCACHE_HD bool is_sum() const noexcept { return reduction <= Reduction::mean; }
  /// Of what records hold: sums, or keys of which the largest stays. 0 is neutral.
  ROBOCACHE_HD std::uint64_t combine(std::uint64_t a, std::uint64_t b) const noexcept {
    return is_sum() ? a + b : larger(a, b);
  }
};

/// Validated args. A record is what is known of an occupied cell: the number of points, a mask of channels that are
/// NaN, and a word for each channel.
template <class F>
struct VoxelizeJob {
  using Coordinate = F;
  using Cell = std::int32_t;  ///< within a cloud

  CloudsJob<F> clouds;
  GridJob<F> grid;
  TensorJob occupancy, count;
  std::int64_t* cell_of = nullptr;
  PointCounts* counts = nullptr;
  std::int32_t channel_count = 0;
  ChannelJob channels[max_voxel_channels];

  /// For PointLocator: of a cell counted from the lowest, and of a point, or -1.
  ROBOCACHE_HD Cell cell_at(std::uint32_t x, std::uint32_t y, std::uint32_t z, std::int64_t) const noexcept {
    return static_cast<Cell>((z * static_cast<std::uint32_t>(grid.rows) + y) * static_cast<std::uint32_t>(grid.row) +
                             x);
  }
  ROBOCACHE_HD Cell cell_of_point(const Vector3<F>& p, const Vector3<F>& origin, std::int64_t) const noexcept {
    return grid.cell_of(p, origin);
  }
  ROBOCACHE_HD std::int64_t* cell_outputs() const noexcept { return cell_of; }

  ROBOCACHE_HD std::int64_t all_cells() const noexcept { return grid.cells * clouds.clouds; }
  ROBOCACHE_HD std::int64_t words() const noexcept { return (grid.cells + 31) / 32; }
  ROBOCACHE_HD std::int64_t record_words() const noexcept { return 2 + channel_count; }
  /// Cells that may be occupied.
  std::int64_t slots() const noexcept { return smaller(all_cells(), clouds.count); }
  /// Of a slot; they count from 1.
  ROBOCACHE_HD std::uint64_t* record(std::uint64_t* records, std::uint32_t slot) const noexcept {
    const std::int64_t before = static_cast<std::int64_t>(slot) - 1;
    return &records[before * record_words()];
  }
  bool has_tensors() const noexcept {
    return all_cells() != 0 && (occupancy.data != nullptr || count.data != nullptr || channel_count != 0);
  }
};

struct Located {
  std::int32_t cell;  ///< within the cloud; -1 unless kept
  PointFate fate;
};

/// Where a point falls that was read as `raw`.
template <class F>
ROBOCACHE_HD inline Located locate(const VoxelizeJob<F>& job, const SegmentView& view, const Vector3<F>& origin,
                                   const Vector3<F>& raw) noexcept {
  std::int32_t cell = -1;
  const PointFate fate = fate_of(job.clouds, view, raw, [&](const Vector3<F>& p) ROBOCACHE_ALWAYS_INLINE {
    cell = job.grid.cell_of(p, origin);
    return cell >= 0;
  });
  return {cell, fate};
}

template <class F>
struct PointValues {
  Vector3<F> raw, p;
};
template <class F>
ROBOCACHE_HD inline PointValues<F> values_of(const CloudsJob<F>& clouds, std::int64_t segment,
                                             const Vector3<F>& raw) noexcept {
  return {raw, transformed(clouds.transforms, segment, raw)};
}

/// Of a field, widened.
template <class F>
ROBOCACHE_HD inline double field_value(const CloudsJob<F>& clouds, const FieldJob& field, std::int64_t i) noexcept {
  return read_field<double>(field, clouds.place(field, i));
}

template <class F>
ROBOCACHE_HD inline double channel_value(const CloudsJob<F>& clouds, const ChannelJob& channel, std::int64_t i,
                                         const PointValues<F>& values) noexcept {
  switch (channel.source) {
    case ChannelSource::field:
      return field_value(clouds, channel.field, i);
    case ChannelSource::x:
      return static_cast<double>(values.p.x);
    case ChannelSource::y:
      return static_cast<double>(values.p.y);
    case ChannelSource::z:
      return static_cast<double>(values.p.z);
    case ChannelSource::raw_x:
      return static_cast<double>(values.raw.x);
    case ChannelSource::raw_y:
      return static_cast<double>(values.raw.y);
    default:
      return static_cast<double>(values.raw.z);
  }
}

/// What a value adds to a record.
struct Contribution {
  std::uint64_t word;
  bool is_nan;
};
/// To a sum.
ROBOCACHE_HD inline Contribution units_of(double value, double inverse_unit) noexcept {
  const double units = value * inverse_unit;
  const bool fits = absolute(units) <= 0x1p39;
  // The sum with 1.5 * 2^52 is rounded to whole units, ties to even, and holds them in its low bits. The product is
  // exact, or next to nothing: contraction changes nothing.
  const std::uint64_t word = bit_cast<std::uint64_t>(units + 0x1.8p52) - bit_cast<std::uint64_t>(0x1.8p52);
  return {fits ? word : 0, !fits};
}
ROBOCACHE_HD inline Contribution contribution(const ChannelJob& channel, double value) noexcept {
  if (channel.is_sum()) return units_of(value, channel.inverse_unit);
  if (is_nan(value)) return {0, !channel.ignore_nan};
  const std::uint64_t key = key_of(value);
  return {channel.reduction == Reduction::min ? ~key : key, false};
}

/// The number that an occupied cell holds.
ROBOCACHE_HD inline double reduced(const ChannelJob& channel, std::uint64_t count, std::uint64_t word,
                                   bool is_nan) noexcept {
  if (is_nan || (!channel.is_sum() && word == 0)) return canonical_nan<double>();
  const auto sum = static_cast<double>(static_cast<std::int64_t>(word));
  switch (channel.reduction) {
    case Reduction::sum:
      return sum * channel.unit;
    case Reduction::mean:
      if (count == 1) return sum * channel.unit;  // as most sparse voxels
      return divide(sum, static_cast<double>(static_cast<std::int64_t>(count))) * channel.unit;
    default:
      return number_of(channel.reduction == Reduction::min ? ~word : word);
  }
}

/// Where a tensor has a cell that is numbered over all clouds.
template <class F>
ROBOCACHE_HD inline std::int64_t offset_of(const GridJob<F>& grid, const TensorJob& tensor,
                                           std::int64_t cell) noexcept {
  if (tensor.is_dense) return cell;
  const std::int64_t cloud = grid.of_cells.divide(cell);
  return tensor.offset(grid, cloud, cell - cloud * grid.cells);
}

/// Sets a bit that others may set at the same time.
ROBOCACHE_HD inline void set_bits(std::uint32_t* word, std::uint32_t bits) noexcept {
#if defined(__CUDA_ARCH__)
  atomicOr(word, bits);
#else
  __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
#endif
}

/// Marks a cell as occupied that was cleared before. Any number of threads may, at once.
template <class F>
ROBOCACHE_HD inline void mark_occupied(const VoxelizeJob<F>& job, std::int64_t cell) noexcept {
  const TensorJob& to = job.occupancy;
  if (to.type != CellType::bit) return store_flag(to.data, to.type, offset_of(job.grid, to, cell), true);
  const std::int64_t cloud = job.grid.of_cells.divide(cell), within = cell - cloud * job.grid.cells;
  auto* word = reinterpret_cast<std::uint32_t*>(to.data) + (cloud * to.cloud_stride + within / 32);
  set_bits(word, std::uint32_t{1} << (within % 32));
}

#if defined(__CUDACC__)
/// Four neighbours in one access. Of single or half precision.
__device__ inline void store_four(char* data, CellType type, std::int64_t at, const double (&v)[4]) noexcept {
  if (type == CellType::f32) {
    const float4 four = {Narrow<float>::from(v[0]), Narrow<float>::from(v[1]), Narrow<float>::from(v[2]),
                         Narrow<float>::from(v[3])};
    *reinterpret_cast<float4*>(data + at * 4) = four;
  } else if (type == CellType::f16) {
    const ushort4 four = {Narrow<Half>::from(v[0]).bits, Narrow<Half>::from(v[1]).bits, Narrow<Half>::from(v[2]).bits,
                          Narrow<Half>::from(v[3]).bits};
    *reinterpret_cast<ushort4*>(data + at * 2) = four;
  } else {
    const ushort4 four = {Narrow<BFloat16>::from(v[0]).bits, Narrow<BFloat16>::from(v[1]).bits,
                          Narrow<BFloat16>::from(v[2]).bits, Narrow<BFloat16>::from(v[3]).bits};
    *reinterpret_cast<ushort4*>(data + at * 2) = four;
  }
}
#endif

/// Whether channels c to c + 3 can be written as one.
inline bool is_pack(const ChannelJob* channels, int c) noexcept {
  const TensorJob& first = channels[c].out;
  const std::int64_t size = size_of(first.type);
  if (first.data == nullptr || size > 4) return false;
  for (int k = 1; k < 4; ++k) {
    const TensorJob& out = channels[c + k].out;
    const bool follows = reinterpret_cast<std::uintptr_t>(out.data) ==
                         reinterpret_cast<std::uintptr_t>(first.data) + static_cast<std::uintptr_t>(k * size);
    if (!follows || out.type != first.type || out.cloud_stride != first.cloud_stride ||
        out.z_stride != first.z_stride || out.y_stride != first.y_stride || out.x_stride != first.x_stride) {
      return false;
    }
  }
  const std::int64_t strides = first.cloud_stride | first.z_stride | first.y_stride | first.x_stride;
  return strides % 4 == 0 && reinterpret_cast<std::uintptr_t>(first.data) % static_cast<std::uintptr_t>(4 * size) == 0;
}

/// Writes every output of a cell. `record` is null for an empty one. Bits were cleared before.
template <class F>
ROBOCACHE_HD inline void write_cell(const VoxelizeJob<F>& job, std::int64_t cell,
                                    const std::uint64_t* record) noexcept {
  const std::uint64_t count = record == nullptr ? 0 : record[0];
  if (job.occupancy.data != nullptr) {
    if (job.occupancy.type != CellType::bit) {
      store_flag(job.occupancy.data, job.occupancy.type, offset_of(job.grid, job.occupancy, cell), count != 0);
    } else if (count != 0) {
      mark_occupied(job, cell);
    }
  }
  if (job.count.data != nullptr) {
    store_as(job.count.data, offset_of(job.grid, job.count, cell), static_cast<std::int32_t>(count));
  }
  const std::uint64_t is_nan = record == nullptr ? 0 : record[1];
  const auto value = [&](int c) {
    if (record == nullptr) return job.channels[c].empty;
    return reduced(job.channels[c], count, record[2 + c], (is_nan >> c & 1) != 0);
  };
  for (int c = 0; c < job.channel_count; ++c) {
    const TensorJob& out = job.channels[c].out;
    const std::int64_t at = offset_of(job.grid, out, cell);
#if defined(__CUDA_ARCH__)
    if (job.channels[c].begins_pack) {
      const double values[4] = {value(c), value(c + 1), value(c + 2), value(c + 3)};
      store_four(out.data, out.type, at, values);
      c += 3;
      continue;
    }
#endif
    store_number(out.data, out.type, at, value(c));
  }
}

template <class Channel>
Status check_channel_list(const Channel* channels, std::int32_t count) noexcept {
  if (count < 0) return {StatusCode::invalid_size, "args.channel_count: negative"};
  if (count > max_voxel_channels) return {StatusCode::overflow, "args.channel_count: more than 64"};
  if (count > 0 && channels == nullptr) return {StatusCode::null_pointer, "args.channels: null"};
  return {};
}

inline Status check_float_type(CellType type, const char* unknown, const char* unsupported) noexcept {
  if (type > CellType::bit) return {StatusCode::invalid_value, unknown};
  if (type < CellType::f32 || type > CellType::bf16) return {StatusCode::unsupported_type, unsupported};
  return {};
}

/// What a channel reads.
inline Status prepare_source(ChannelSource source, const PointField& field, const PointClouds& points, ChannelJob* job,
                             Array* input) noexcept {
  if (source > ChannelSource::raw_z) return {StatusCode::invalid_value, "args.channels.source: unknown"};
  job->source = source;
  if (source != ChannelSource::field) return {};
  const std::int64_t row_points = points.row_points == 0 ? larger<std::int64_t>(points.count, 1) : points.row_points;
  return prepare_field(field, points.count, row_points,
                       {"args.channels.field.data: null", "args.channels.field.type: unknown",
                        "args.channels.field: negative stride", "args.channels.field: size overflows"},
                       &job->field, input);
}

inline bool is_unit(double unit) noexcept {
  int exponent = 0;
  return is_finite(unit) && std::frexp(unit, &exponent) == 0.5 && exponent > -200 && exponent <= 201;  // of 2 * unit
}

/// All but the output.
inline Status prepare_channel(const VoxelChannel& channel, const PointClouds& points, Reduction last, ChannelJob* job,
                              Array* input) noexcept {
  if (channel.reduction > last) {
    return {StatusCode::invalid_value, "args.channels.reduction: unknown, or not of this operator"};
  }
  if (!is_unit(channel.unit)) {
    return {StatusCode::invalid_value, "args.channels.unit: not a power of two within 2^-200 and 2^200"};
  }
  job->unit = channel.unit;
  job->inverse_unit = 1.0 / channel.unit;
  job->empty = channel.empty;
  job->reduction = channel.reduction;
  job->ignore_nan = channel.ignore_nan;
  ROBOCACHE_CHECK(check_float_type(channel.out.type, "args.channels.out.type: unknown",
                                   "args.channels.out.type: not a floating-point type"));
  return prepare_source(channel.source, channel.field, points, job, input);
}

inline Status prepare_dense_channel(const VoxelChannel& channel, const VoxelizeArgs& args, ChannelJob* job,
                                    Array* input, Array* tensor) noexcept {
  ROBOCACHE_CHECK(prepare_channel(channel, args.points, Reduction::max, job, input));
  const std::int64_t clouds = args.points.cloud_count();
  ROBOCACHE_CHECK(
      prepare_tensor(channel.out, args.grid, clouds,
                     {"args.channels.out.type: unknown", "args.channels.out: strides overlap or are negative",
                      "args.channels.out: size overflows", "args.channels.out.data: misaligned"},
                     &job->out, tensor));
  if (channel.out.data == nullptr && clouds * args.grid.cells() != 0) {
    return {StatusCode::null_pointer, "args.channels.out.data: null"};
  }
  return {};
}

template <class F>
Status prepare(const VoxelizeArgs& args, VoxelizeJob<F>* job, CallArrays* arrays) noexcept {
  CloudsArrays clouds;
  ROBOCACHE_CHECK(prepare(args.points, &job->clouds, &clouds));
  Array origins = {};
  ROBOCACHE_CHECK(prepare(args.grid, job->clouds.clouds, &job->grid, &origins));
  arrays->add_clouds(clouds, origins);
  ROBOCACHE_CHECK(prepare_tensor(args.occupancy, args.grid, job->clouds.clouds,
                                 {"args.occupancy.type: unknown", "args.occupancy: strides overlap or are negative",
                                  "args.occupancy: size overflows", "args.occupancy.data: misaligned"},
                                 &job->occupancy, &arrays->tensors[0]));
  ROBOCACHE_CHECK(prepare_tensor(args.count, args.grid, job->clouds.clouds,
                                 {"args.count.type: unknown", "args.count: strides overlap or are negative",
                                  "args.count: size overflows", "args.count.data: misaligned"},
                                 &job->count, &arrays->tensors[1]));
  if (args.count.data != nullptr && args.count.type != CellType::i32) {
    return {StatusCode::unsupported_type, "args.count.type: not i32"};
  }
  arrays->tensor_count = 2;
  ROBOCACHE_CHECK(check_channel_list(args.channels, args.channel_count));
  for (std::int32_t c = 0; c < args.channel_count; ++c) {
    const Status status =
        prepare_dense_channel(args.channels[c], args, &job->channels[c], &arrays->inputs[arrays->input_count],
                              &arrays->tensors[arrays->tensor_count]);
    if (!status.ok()) return status.at(c);
    ++arrays->input_count;
    ++arrays->tensor_count;
  }
  for (std::int32_t c = 0; c + 4 <= args.channel_count;) {
    job->channels[c].begins_pack = is_pack(job->channels, c);
    c += job->channels[c].begins_pack ? 4 : 1;
  }
  const std::int64_t points = args.points.count;
  arrays->add_alone({args.cell_of, points, 8, "args.cell_of: misaligned"}, "args.cell_of: overlaps another array");
  arrays->add_alone({args.counts, job->clouds.clouds * 4, 8, "args.counts: misaligned"},
                    "args.counts: overlaps another array");
  job->cell_of = points == 0 ? nullptr : args.cell_of;
  job->counts = args.counts;
  job->channel_count = args.channel_count;
  return {};
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
