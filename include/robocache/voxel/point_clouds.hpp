// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>
#include <robocache/core/convert.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/views.hpp>
#include <robocache/geometry/quaternion.hpp>
#include <robocache/temporal/checks.hpp>

#include <cstdint>
#include <limits>
#include <type_traits>

// Points as sensors and drivers leave them in memory, and how one of them is read.

ROBOCACHE_NAMESPACE_BEGIN

/// Type of a field of a point. Values are stable.
enum class FieldType : std::uint8_t {
  f32 = 0,
  f64 = 1,
  f16 = 2,
  bf16 = 3,
  u8 = 4,
  i8 = 5,
  u16 = 6,
  i16 = 7,
  u32 = 8,
  i32 = 9
};

constexpr std::int64_t size_of(FieldType type) noexcept {
  return type == FieldType::f64                                                       ? 8
         : type == FieldType::f32 || type == FieldType::u32 || type == FieldType::i32 ? 4
         : type == FieldType::u8 || type == FieldType::i8                             ? 1
                                                                                      : 2;
}
constexpr bool is_known(FieldType type) noexcept { return type <= FieldType::i32; }

/// The tag of a C++ type: those of element_traits, and the integers of up to 32 bits.
template <class T>
constexpr FieldType field_type() noexcept {
  if constexpr (std::is_integral<T>::value) {
    static_assert(sizeof(T) <= 4, "integers of up to 32 bits");
    constexpr FieldType types[2][3] = {{FieldType::u8, FieldType::u16, FieldType::u32},
                                       {FieldType::i8, FieldType::i16, FieldType::i32}};
    return types[std::is_signed<T>::value ? 1 : 0][sizeof(T) / 2];
  } else {
    // The first four enumerators are those of ElementType.
    return static_cast<FieldType>(element_traits<T>::type);
  }
}

/// One number of each point. No alignment is assumed. A component of a packed rgb field is a u8 field: b, g and r at
/// its bytes 0, 1 and 2.
struct PointField {
  const void* data = nullptr;  ///< of the first point
  FieldType type = FieldType::f32;
  std::int64_t stride = 0;      ///< bytes from a point to the next
  std::int64_t row_stride = 0;  ///< bytes from a row to the next; for PointClouds::row_points
};

/// A field of records (PointCloud2, KITTI, PCD): `offset` and the strides are bytes.
inline PointField record_field(const void* records, std::int64_t stride, std::int64_t offset,
                               FieldType type = FieldType::f32, std::int64_t row_stride = 0) noexcept {
  return {records == nullptr ? nullptr : static_cast<const char*>(records) + offset, type, stride, row_stride};
}
/// A field that is an array of its own, or every `step`-th number of one.
template <class T>
PointField array_field(const T* data, std::int64_t step = 1) noexcept {
  const auto size = static_cast<std::int64_t>(sizeof(T));
  return {data, field_type<T>(), step * size, 0};
}

/// Rigid transforms, row-major [segments, 3, 4]. Assign a pointer to float or double.
struct Transforms {
  const void* data = nullptr;
  bool is_double = false;

  Transforms() = default;
  Transforms(const float* p) noexcept : data(p) {}                    // NOLINT(google-explicit-constructor)
  Transforms(const double* p) noexcept : data(p), is_double(true) {}  // NOLINT(google-explicit-constructor)
};

/// A batch of clouds: points one after the other, divided into segments (a sweep, what one sensor saw), each of which
/// belongs to a cloud. Pointers are memory of the call's side.
///
/// A point is read, left out if it lies too near or is zero, transformed, and left out if it then lies outside the crop
/// box. Arithmetic is in double where a coordinate is f64, u32 or i32 or transforms are double, else in float; the
/// limits below are rounded to that type. Transformed: x' = fma(m0, x, fma(m1, y, fma(m2, z, m3))). A point is not
/// finite if a coordinate is not, as transformed; then nothing else is asked of it.
struct PointClouds {
  PointField x, y, z;
  std::int64_t count = 0;                  ///< points, at most 2^30
  std::int64_t row_points = 0;             ///< of an organised cloud: points of a row; 0: all are one row
  Segments segments;                       ///< points in no segment are left out, and counted nowhere
  const std::int64_t* cloud_of = nullptr;  ///< [segments.count], optional; outside [0, clouds): left out likewise
  std::int64_t clouds = 1;                 ///< with cloud_of; without, every segment is a cloud
  Transforms transforms;                   ///< of each segment, optional

  // Filters. Ranges are from the sensor, before the transform; the box, inclusive, is for transformed points.
  double min_range = 0;    ///< nearer points are left out; squares are compared, in the type of the coordinates
  bool drop_zero = false;  ///< whether points at exactly (0, 0, 0) are left out, before the transform
  double crop_min[3] = {-std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity()};
  double crop_max[3] = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::infinity()};

  std::int64_t cloud_count() const noexcept { return cloud_of != nullptr ? clouds : segments.count; }
};

/// Points whose x, y and z are neighbours, `step` numbers from one point to the next: 3 if nothing lies between.
template <class T>
PointClouds points_of(const T* xyz, std::int64_t count, std::int64_t step = 3) noexcept {
  PointClouds points;
  points.x = array_field(xyz, step);
  points.y = array_field(xyz == nullptr ? xyz : xyz + 1, step);
  points.z = array_field(xyz == nullptr ? xyz : xyz + 2, step);
  points.count = count;
  return points;
}
/// Records with x, y and z of one type at any place.
inline PointClouds points_of_records(const void* records, std::int64_t count, std::int64_t stride,
                                     std::int64_t x_offset, std::int64_t y_offset, std::int64_t z_offset,
                                     FieldType type = FieldType::f32) noexcept {
  PointClouds points;
  points.x = record_field(records, stride, x_offset, type);
  points.y = record_field(records, stride, y_offset, type);
  points.z = record_field(records, stride, z_offset, type);
  points.count = count;
  return points;
}

/// What became of a point. Values are stable.
enum class PointFate : std::uint8_t { kept = 0, outside = 1, filtered = 2, not_finite = 3 };

/// How many points of a cloud met which fate. `outside` is the grid.
struct PointCounts {
  std::int64_t kept;
  std::int64_t outside;
  std::int64_t filtered;  ///< too near, zero, or outside the crop box
  std::int64_t not_finite;
};

namespace detail {

template <class F>
inline constexpr F infinite = std::numeric_limits<F>::infinity();

/// A field, validated.
struct FieldJob {
  const char* data = nullptr;
  std::int64_t stride = 0;
  std::int64_t row_stride = 0;
  FieldType type = FieldType::f32;
  bool is_aligned = true;  ///< every element
};

/// How coordinates lie in memory. Each kind can be read as any before it.
enum class PointLayout : std::uint8_t {
  any,
  triple,  ///< neighbouring floats, one row
  quad,    ///< the same, in aligned records of 16 bytes
  packed,  ///< the same, nothing between, 16-byte aligned
};

template <class F>
struct CloudsJob {
  FieldJob xyz[3];
  std::int64_t count = 0;
  Divisor row_points;  ///< all points, where there is one row
  Segments segments;
  Divisor segment_length;
  const std::int64_t* cloud_of = nullptr;
  std::int64_t clouds = 0;
  Transforms transforms;
  F min_square = 0;
  F crop_min[3] = {}, crop_max[3] = {};
  bool drop_zero = false, has_filter = false;
  PointLayout layout = PointLayout::any;

  ROBOCACHE_HD const char* place(const FieldJob& field, std::int64_t i) const noexcept {
    if (row_points.value >= count) return field.data + i * field.stride;
    const std::int64_t row = row_points.divide(i);
    return field.data + row * field.row_stride + (i - row * row_points.value) * field.stride;
  }
};

/// What the points of one segment share.
struct SegmentView {
  std::int64_t begin = 0, end = 0;  ///< points
  std::int64_t segment = 0;         ///< one that exists even if the point is in none
  std::int64_t cloud = -1;          ///< negative: left out
};

template <class F>
ROBOCACHE_HD ROBOCACHE_NOINLINE_ON_DEVICE SegmentView segment_at(const CloudsJob<F>& job, std::int64_t i) noexcept {
  SegmentView view;
  if (job.segments.offsets != nullptr) {
    view.segment = ragged_segment(job.segments.offsets, job.segments.count, i);
  } else if (job.segments.length != Segments::every_row) {
    view.segment = job.segments.length == 0 ? job.segments.count : job.segment_length.divide(i);
  }
  if (view.segment < 0 || view.segment >= job.segments.count) {
    view.begin = i;
    view.end = i + 1;
    view.segment = 0;
    return view;
  }
  const RowRange rows = segment_rows(job.segments, view.segment, job.count);
  // Offsets that decrease may name a segment without the point.
  view.begin = smaller(rows.begin, i);
  view.end = larger(rows.end, i + 1);
  const std::int64_t cloud = job.cloud_of != nullptr ? job.cloud_of[view.segment] : view.segment;
  if (cloud >= 0 && cloud < job.clouds) view.cloud = cloud;
  return view;
}

template <class T>
ROBOCACHE_HD inline T read_unaligned(const char* at) noexcept {
  T value;
  memcpy(&value, at, sizeof(T));  // flawfinder: ignore: the size of `value`
  return value;
}

#if defined(__CUDACC__)
/// Through the read-only path: of a plain access the compiler knows that one by bytes gives the same, and may take
/// that.
template <class T>
__device__ inline T read_aligned(const char* at) noexcept {
  if constexpr (sizeof(T) == 8) {
    return bit_cast<T>(__ldg(reinterpret_cast<const unsigned long long*>(at)));
  } else if constexpr (sizeof(T) == 4) {
    return bit_cast<T>(__ldg(reinterpret_cast<const unsigned int*>(at)));
  } else if constexpr (sizeof(T) == 2) {
    return bit_cast<T>(__ldg(reinterpret_cast<const unsigned short*>(at)));
  } else {
    return bit_cast<T>(__ldg(reinterpret_cast<const unsigned char*>(at)));
  }
}
#endif

/// A field's number at an address, widened exactly where F can hold it, else rounded.
template <class F>
ROBOCACHE_HD inline F read_field(const FieldJob& field, const char* at) noexcept {
  const auto read = [&](auto zero) {
    using T = decltype(zero);
#if defined(__CUDA_ARCH__)
    if (field.is_aligned) return read_aligned<T>(at);
#endif
    return read_unaligned<T>(at);
  };
  switch (field.type) {
    case FieldType::f32:
      return widen<F>(read(float{}));
    case FieldType::f64:
      return static_cast<F>(read(double{}));
    case FieldType::f16:
      return widen<F>(read(Half{}));
    case FieldType::bf16:
      return widen<F>(read(BFloat16{}));
    case FieldType::u8:
      return static_cast<F>(read(std::uint8_t{}));
    case FieldType::i8:
      return static_cast<F>(read(std::int8_t{}));
    case FieldType::u16:
      return static_cast<F>(read(std::uint16_t{}));
    case FieldType::i16:
      return static_cast<F>(read(std::int16_t{}));
    case FieldType::u32:
      return static_cast<F>(read(std::uint32_t{}));
    default:
      return static_cast<F>(read(std::int32_t{}));
  }
}

/// The coordinates of point i, as stored.
template <class F, PointLayout Layout>
ROBOCACHE_HD inline Vector3<F> read_point(const CloudsJob<F>& job, std::int64_t i) noexcept {
  if constexpr (Layout == PointLayout::any) {
    return {read_field<F>(job.xyz[0], job.place(job.xyz[0], i)), read_field<F>(job.xyz[1], job.place(job.xyz[1], i)),
            read_field<F>(job.xyz[2], job.place(job.xyz[2], i))};
  } else {
    const char* at = job.xyz[0].data + i * job.xyz[0].stride;
#if defined(__CUDA_ARCH__)
    if constexpr (Layout == PointLayout::quad) {
      const float4 quad = __ldg(reinterpret_cast<const float4*>(at));
      return {quad.x, quad.y, quad.z};
    } else if (Layout == PointLayout::packed || job.xyz[0].is_aligned) {
      const float* triple = reinterpret_cast<const float*>(at);
      return {__ldg(triple), __ldg(triple + 1), __ldg(triple + 2)};
    }
#endif
    return {read_unaligned<float>(at), read_unaligned<float>(at + 4), read_unaligned<float>(at + 8)};
  }
}

template <class F>
ROBOCACHE_HD inline bool is_finite(const Vector3<F>& p) noexcept {
  return is_finite(p.x) && is_finite(p.y) && is_finite(p.z);
}

/// By the transform of a segment.
template <class F>
ROBOCACHE_HD inline Vector3<F> transformed(const Transforms& transforms, std::int64_t segment,
                                           const Vector3<F>& p) noexcept {
  if (transforms.data == nullptr) return p;
  const auto apply = [&p](const auto* m) ROBOCACHE_ALWAYS_INLINE {
    const auto row = [&p](const auto* r) ROBOCACHE_ALWAYS_INLINE {
      return fma(static_cast<F>(r[0]), p.x,
                 fma(static_cast<F>(r[1]), p.y, fma(static_cast<F>(r[2]), p.z, static_cast<F>(r[3]))));
    };
    return Vector3<F>{row(m), row(m + 4), row(m + 8)};
  };
  // Double transforms make F double.
  if (sizeof(F) == 8 && transforms.is_double) return apply(static_cast<const double*>(transforms.data) + segment * 12);
  return apply(static_cast<const float*>(transforms.data) + segment * 12);
}

/// Whether the filters leave a finite point out.
template <class F>
ROBOCACHE_HD inline bool is_filtered(const CloudsJob<F>& job, const Vector3<F>& raw, const Vector3<F>& p) noexcept {
  if (!job.has_filter) return false;
  if (job.drop_zero && raw.x == F(0) && raw.y == F(0) && raw.z == F(0)) return true;
  if (fma(raw.x, raw.x, fma(raw.y, raw.y, raw.z * raw.z)) < job.min_square) return true;
  return !(p.x >= job.crop_min[0] && p.x <= job.crop_max[0] && p.y >= job.crop_min[1] && p.y <= job.crop_max[1] &&
           p.z >= job.crop_min[2] && p.z <= job.crop_max[2]);
}

/// What becomes of a point that was read as `raw`; find(p) says whether the grid has a cell for it.
template <class F, class Find>
ROBOCACHE_HD inline PointFate fate_of(const CloudsJob<F>& job, const SegmentView& view, const Vector3<F>& raw,
                                      const Find& find) noexcept {
  const Vector3<F> p = transformed(job.transforms, view.segment, raw);
  if (job.has_filter && is_finite(p) && is_filtered(job, raw, p)) return PointFate::filtered;
  // NaN and infinity are nowhere inside: only points outside need the question why.
  if (find(p)) return PointFate::kept;
  return is_finite(p) ? PointFate::outside : PointFate::not_finite;
}

inline bool needs_double(const PointClouds& points) noexcept {
  const auto is_wide = [](FieldType type) {
    return type == FieldType::f64 || type == FieldType::u32 || type == FieldType::i32;
  };
  return is_wide(points.x.type) || is_wide(points.y.type) || is_wide(points.z.type) ||
         (points.transforms.data != nullptr && points.transforms.is_double);
}

/// One field of `count` points in rows of `row_points`: null, type, strides, and its bytes.
struct FieldTexts {
  const char *data, *type, *stride, *bytes;
};
inline Status prepare_field(const PointField& field, std::int64_t count, std::int64_t row_points,
                            const FieldTexts& texts, FieldJob* job, Array* array) noexcept {
  if (!is_known(field.type)) return {StatusCode::invalid_value, texts.type};
  if (field.stride < 0 || field.row_stride < 0) return {StatusCode::invalid_size, texts.stride};
  if (count == 0) return {};
  if (field.data == nullptr) return {StatusCode::null_pointer, texts.data};
  const std::int64_t columns = smaller(count, row_points), rows = (count - 1) / row_points + 1;
  const std::int64_t last_columns = count - (rows - 1) * row_points;
  std::int64_t in_row = 0, in_last = 0, to_last = 0;
  if (multiply_overflows(columns - 1, field.stride, &in_row) ||
      multiply_overflows(rows - 1, field.row_stride, &to_last) || __builtin_add_overflow(in_row, to_last, &in_last) ||
      in_last > INT64_MAX - 8) {
    return {StatusCode::overflow, texts.bytes};
  }
  const std::int64_t before_last = rows > 1 ? to_last - field.row_stride + in_row : 0;
  const std::int64_t bytes = size_of(field.type) + larger(before_last, to_last + (last_columns - 1) * field.stride);
  *array = {field.data, bytes, 1, ""};
  job->data = static_cast<const char*>(field.data);
  job->stride = field.stride;
  job->row_stride = rows > 1 ? field.row_stride : 0;
  job->type = field.type;
  const auto bits = reinterpret_cast<std::uintptr_t>(field.data) | static_cast<std::uintptr_t>(field.stride) |
                    static_cast<std::uintptr_t>(job->row_stride);
  job->is_aligned = bits % static_cast<std::uintptr_t>(size_of(field.type)) == 0;
  return {};
}

template <class F>
PointLayout layout_of(const CloudsJob<F>& job) noexcept {
  const FieldJob &x = job.xyz[0], &y = job.xyz[1], &z = job.xyz[2];
  const bool floats = x.type == FieldType::f32 && y.type == FieldType::f32 && z.type == FieldType::f32;
  const auto address = [](const FieldJob& field) { return reinterpret_cast<std::uintptr_t>(field.data); };
  const bool triple = address(y) == address(x) + 4 && address(z) == address(x) + 8 && x.stride == y.stride &&
                      x.stride == z.stride && job.row_points.value >= job.count;
  if (sizeof(F) != 4 || !floats || !triple) return PointLayout::any;
  const bool aligned = address(x) % 16 == 0;
  if (x.stride == 16 && aligned) return PointLayout::quad;
  return x.stride == 12 && aligned ? PointLayout::packed : PointLayout::triple;
}

/// The inputs that an output must not overlap.
struct CloudsArrays {
  Array fields[3] = {{nullptr, 0, 1, ""}, {nullptr, 0, 1, ""}, {nullptr, 0, 1, ""}};
  Array offsets = fields[0], cloud_of = fields[0], transforms = fields[0];
};

template <class F>
Status prepare(const PointClouds& points, CloudsJob<F>* job, CloudsArrays* arrays) noexcept {
  if (points.count < 0) return {StatusCode::invalid_size, "args.points.count: negative"};
  if (points.count > 1 << 30) return {StatusCode::overflow, "args.points.count: more than 2^30"};
  if (points.row_points < 0) return {StatusCode::invalid_size, "args.points.row_points: negative"};
  const std::int64_t row_points = points.row_points == 0 ? larger<std::int64_t>(points.count, 1) : points.row_points;
  const FieldTexts texts[3] = {{"args.points.x.data: null", "args.points.x.type: unknown",
                                "args.points.x: negative stride", "args.points.x: size overflows"},
                               {"args.points.y.data: null", "args.points.y.type: unknown",
                                "args.points.y: negative stride", "args.points.y: size overflows"},
                               {"args.points.z.data: null", "args.points.z.type: unknown",
                                "args.points.z: negative stride", "args.points.z: size overflows"}};
  const PointField* fields[3] = {&points.x, &points.y, &points.z};
  for (int axis = 0; axis < 3; ++axis) {
    ROBOCACHE_CHECK(
        prepare_field(*fields[axis], points.count, row_points, texts[axis], &job->xyz[axis], &arrays->fields[axis]));
  }
  ROBOCACHE_CHECK(check_segments(points.segments, points.count));
  if (points.cloud_of != nullptr) {
    if (points.clouds < 0) return {StatusCode::invalid_size, "args.points.clouds: negative"};
    if (points.clouds > INT64_MAX / 64) return {StatusCode::overflow, "args.points.clouds: sizes in bytes overflow"};
  }
  if (!(points.min_range >= 0) || !is_finite(points.min_range)) {
    return {StatusCode::invalid_value, "args.points.min_range: negative or not finite"};
  }
  for (int axis = 0; axis < 3; ++axis) {
    if (is_nan(points.crop_min[axis])) return {StatusCode::invalid_value, "args.points.crop_min: NaN"};
    if (is_nan(points.crop_max[axis])) return {StatusCode::invalid_value, "args.points.crop_max: NaN"};
  }
  const std::int64_t segments = points.segments.count;
  const std::int64_t transform_bytes = points.transforms.is_double ? 8 : 4;
  if (points.transforms.data != nullptr && segments > INT64_MAX / 128) {
    return {StatusCode::overflow, "args.points.transforms: size overflows"};
  }
  arrays->offsets = {points.segments.offsets, segments + 1, 8, "args.points.segments: misaligned"};
  arrays->cloud_of = {points.cloud_of, segments, 8, "args.points.cloud_of: misaligned"};
  arrays->transforms = {points.transforms.data, points.transforms.data == nullptr ? 0 : segments * 12, transform_bytes,
                        "args.points.transforms: misaligned"};

  job->count = points.count;
  job->row_points = Divisor(row_points);
  job->segments = points.segments;
  job->segment_length = Divisor(larger<std::int64_t>(points.segments.length, 1));
  job->cloud_of = points.cloud_of;
  job->clouds = points.cloud_count();
  job->transforms = points.transforms;
  const F range = static_cast<F>(points.min_range);
  job->min_square = range * range;
  job->drop_zero = points.drop_zero;
  job->has_filter = points.drop_zero || range > F(0);
  for (int axis = 0; axis < 3; ++axis) {
    job->crop_min[axis] = static_cast<F>(points.crop_min[axis]);
    job->crop_max[axis] = static_cast<F>(points.crop_max[axis]);
    // Where F rounds a limit to infinity, every finite point is on the same side of it.
    job->has_filter = job->has_filter || job->crop_min[axis] != -infinite<F> || job->crop_max[axis] != infinite<F>;
  }
  job->layout = layout_of(*job);
  return {};
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
