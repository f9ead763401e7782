// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>
#include <robocache/core/convert.hpp>
#include <robocache/core/status.hpp>
#include <robocache/geometry/quaternion.hpp>
#include <robocache/temporal/checks.hpp>

#include <cmath>
#include <cstdint>
#include <type_traits>

// The grid: which cell a coordinate falls into, and tensors over cells.

ROBOCACHE_NAMESPACE_BEGIN

/// How a coordinate becomes a cell. They differ for points within rounding of a face. Values are stable.
enum class CellRule : std::uint8_t {
  divide = 0,      ///< floor((p - origin) / size), IEEE division: as mmcv, spconv, Open3D
  reciprocal = 1,  ///< floor(p * (1 / size)) - floor(origin * (1 / size)): as PCL
};

/// Cells of one size along each axis. A point is inside where 0 <= cell < shape on every axis, so that cells are
/// half-open; -0 and 0 are one. Origin and size are first rounded to the type of the coordinates (PointClouds).
struct VoxelGrid {
  double origin[3] = {0, 0, 0};       ///< x, y, z of the lowest corner
  double size[3] = {1, 1, 1};         ///< of a cell
  std::int32_t shape[3] = {0, 0, 0};  ///< cells along x, y, z: each at most 2^23, all less than 2^31
  CellRule rule = CellRule::divide;
  const double* origins = nullptr;  ///< [clouds, 3], optional: an origin for each cloud, in place of `origin`
  std::int64_t origin_pitch = 3;    ///< of origins: numbers from one cloud to the next; 6 for the result of `bounds`
  bool unbounded = false;           ///< sparse voxels alone: `shape` is ignored; -2^20 <= cell < 2^20 on every axis

  std::int64_t cells() const noexcept { return std::int64_t{shape[0]} * shape[1] * shape[2]; }
};

/// The grid over a range: shape = round(range / size), in double: of a range that is half a cell off, float may round
/// to the other side. A shape that is no int32 becomes -1, which operators refuse.
inline VoxelGrid grid_over(const double (&low)[3], const double (&high)[3], const double (&size)[3]) noexcept {
  VoxelGrid grid;
  for (int axis = 0; axis < 3; ++axis) {
    const double cells = std::round((high[axis] - low[axis]) / size[axis]);
    grid.origin[axis] = low[axis];
    grid.size[axis] = size[axis];
    grid.shape[axis] = cells >= 0 && cells <= INT32_MAX ? static_cast<std::int32_t>(cells) : -1;
  }
  return grid;
}

/// A grid without bounds, for sparse voxels. `reciprocal` is PCL's rule.
inline VoxelGrid unbounded_grid(const double (&size)[3], CellRule rule = CellRule::divide) noexcept {
  VoxelGrid grid;
  for (int axis = 0; axis < 3; ++axis) grid.size[axis] = size[axis];
  grid.rule = rule;
  grid.unbounded = true;
  return grid;
}

/// Type of a tensor over cells. `bit`: 32 cells in a word of 32 bits, the lowest bit first; see VoxelTensor.
enum class CellType : std::uint8_t { u8 = 0, i32 = 1, f32 = 2, f64 = 3, f16 = 4, bf16 = 5, bit = 6 };

constexpr std::int64_t size_of(CellType type) noexcept {
  return type == CellType::f64 ? 8 : type == CellType::u8 ? 1 : type == CellType::f16 || type == CellType::bf16 ? 2 : 4;
}

/// The tag of a C++ type; std::uint32_t stands for words of bits.
template <class T>
constexpr CellType cell_type() noexcept {
  if constexpr (std::is_same<T, std::int32_t>::value) {
    return CellType::i32;
  } else if constexpr (std::is_same<T, std::uint32_t>::value) {
    return CellType::bit;
  } else {
    constexpr CellType types[] = {CellType::f32, CellType::f64, CellType::f16, CellType::bf16, CellType::u8};
    return types[static_cast<int>(element_traits<T>::type)];
  }
}

/// An output with one number for each cell of each cloud. Strides are elements; all zero stands for a dense tensor
/// [clouds, z, y, x]. Elements must not overlap.
///
/// Bits are [clouds, words], x fastest within a cloud: cell n is bit n % 32 of word n / 32. Of the strides only that of
/// the cloud counts, in words; 0: ceil(cells / 32). Bits past the last cell are 0.
struct VoxelTensor {
  void* data = nullptr;  ///< null: not wanted
  CellType type = CellType::f32;
  std::int64_t cloud_stride = 0;
  std::int64_t z_stride = 0;
  std::int64_t y_stride = 0;
  std::int64_t x_stride = 0;
};

/// [clouds, z, y, x]; of std::uint32_t, bits.
template <class T>
VoxelTensor dense(T* data) noexcept {
  return {data, cell_type<T>(), 0, 0, 0, 0};
}
/// One number for each voxel of a sparse result, `pitch` elements apart: column c of [capacity, C] is
/// column(data + c, C).
template <class T>
VoxelTensor column(T* data, std::int64_t pitch = 1) noexcept {
  return {data, cell_type<T>(), 0, 0, 0, pitch};
}
/// Channel c of [clouds, z, y, x, channels].
template <class T>
VoxelTensor channel_last(T* data, const VoxelGrid& grid, std::int64_t channels, std::int64_t c) noexcept {
  const std::int64_t y = channels * grid.shape[0], z = y * grid.shape[1];
  return {data == nullptr ? data : data + c, cell_type<T>(), z * grid.shape[2], z, y, channels};
}
/// Channel c of [clouds, channels, z, y, x].
template <class T>
VoxelTensor channel_first(T* data, const VoxelGrid& grid, std::int64_t channels, std::int64_t c) noexcept {
  const std::int64_t y = grid.shape[0], z = y * grid.shape[1], plane = z * grid.shape[2];
  return {data == nullptr ? data : data + c * plane, cell_type<T>(), channels * plane, z, y, 1};
}

namespace detail {

/// a / b by the reciprocal of b, rounded as IEEE division, where a is 0 or at least 2^-100, b lies within
/// [2^-20, 2^20], and the result is finite. The first correction leaves less than one unit in the last place, the
/// second then rounds rightly, since the reciprocal does (Markstein 1990). No special function unit, unlike division.
template <class F>
ROBOCACHE_HD inline F divide_by_reciprocal(F a, F b, F reciprocal) noexcept {
  F q = rounded_product(a, reciprocal);
  q = fma(fma(-b, q, a), reciprocal, q);
  return fma(fma(-b, q, a), reciprocal, q);
}

template <class F>
struct Axis {
  F origin, size, reciprocal;
  F cells;

  Axis() noexcept = default;
  Axis(double from, double step, std::int32_t shape) noexcept
      : origin(static_cast<F>(from)),
        size(static_cast<F>(step)),
        reciprocal(F(1) / size),
        cells(static_cast<F>(shape)) {}

  /// The cell of a finite coordinate, not yet rounded down; one inside is not negative and below `cells`.
  ROBOCACHE_HD F position(F p, F from, CellRule rule) const noexcept {
    // Both are whole; where their difference is not exact, it is far outside.
    if (rule == CellRule::reciprocal) return round_down(p * reciprocal) - round_down(from * reciprocal);
    return divide(p - from, size);
  }
  ROBOCACHE_HD bool contains(F position) const noexcept { return position >= F(0) && position < cells; }
  /// The whole part of a position inside, or -1.
  ROBOCACHE_HD std::int32_t cell(F position) const noexcept {
    const F held = position >= F(0) ? position : F(-1);
    return static_cast<std::int32_t>(held < cells ? held : F(-1));
  }
};

template <class F>
struct GridJob {
  Axis<F> axes[3];
  CellRule rule = CellRule::divide;
  bool is_quick = false;  ///< sizes are those of divide_by_reciprocal, and no axis has more than 2^21 cells
  const double* origins = nullptr;
  std::int64_t origin_pitch = 3;
  std::int64_t cells = 0;                      ///< of a cloud, less than 2^31
  std::int32_t row = 0, rows = 0, layers = 0;  ///< cells along x, y and z
  std::int32_t lowest = 0;                     ///< cell along each axis
  Divisor of_cells, of_rows, of_row;

  ROBOCACHE_HD Vector3<F> origin_of(std::int64_t cloud) const noexcept {
    if (origins == nullptr) return {axes[0].origin, axes[1].origin, axes[2].origin};
    const double* from = origins + cloud * origin_pitch;
    return {static_cast<F>(from[0]), static_cast<F>(from[1]), static_cast<F>(from[2])};
  }
  /// The cell of a point within its cloud, or -1.
  ROBOCACHE_HD std::int32_t cell_of(const Vector3<F>& p, const Vector3<F>& origin) const noexcept {
    const F x = axes[0].position(p.x, origin.x, rule), y = axes[1].position(p.y, origin.y, rule),
            z = axes[2].position(p.z, origin.z, rule);
    if (!(axes[0].contains(x) && axes[1].contains(y) && axes[2].contains(z))) return -1;
    return (static_cast<std::int32_t>(z) * rows + static_cast<std::int32_t>(y)) * row + static_cast<std::int32_t>(x);
  }
};

/// A tensor over cells, validated.
struct TensorJob {
  char* data = nullptr;
  CellType type = CellType::f32;
  bool is_even = false;   ///< neighbouring cells of a cloud lie x_stride apart, whatever the row
  bool is_dense = false;  ///< and those of all clouds together are one block
  std::int64_t cloud_stride = 0, z_stride = 0, y_stride = 0, x_stride = 0;

  /// Of a cell within its cloud, in elements.
  template <class F>
  ROBOCACHE_HD std::int64_t offset(const GridJob<F>& grid, std::int64_t cloud, std::int64_t cell) const noexcept {
    if (is_even) return cloud * cloud_stride + cell * x_stride;
    const std::int64_t above = grid.of_row.divide(cell), z = grid.of_rows.divide(above), y = above - z * grid.rows,
                       x = cell - above * grid.row;
    return cloud * cloud_stride + z * z_stride + y * y_stride + x * x_stride;
  }
};

template <class T>
ROBOCACHE_HD inline void store_as(char* data, std::int64_t at, T value) noexcept {
  reinterpret_cast<T*>(data)[at] = value;
}

/// Rounds once. Not for bits.
ROBOCACHE_HD inline void store_number(char* data, CellType type, std::int64_t at, double value) noexcept {
  switch (type) {
    case CellType::u8:
      return store_as(data, at, Narrow<std::uint8_t>::from(value));
    case CellType::i32:
      return store_as(data, at, static_cast<std::int32_t>(value));
    case CellType::f32:
      return store_as(data, at, Narrow<float>::from(value));
    case CellType::f64:
      return store_as(data, at, Narrow<double>::from(value));
    case CellType::f16:
      return store_as(data, at, Narrow<Half>::from(value));
    default:
      return store_as(data, at, Narrow<BFloat16>::from(value));
  }
}

/// 0 or 1. Not for bits. Others may store the same at the same time.
ROBOCACHE_HD inline void store_flag(char* data, CellType type, std::int64_t at, bool flag) noexcept {
  const auto store = [&](auto value) {
#if defined(__CUDA_ARCH__)
    store_as(data, at, value);
#else
    __atomic_store(reinterpret_cast<decltype(value)*>(data) + at, &value, __ATOMIC_RELAXED);
#endif
  };
  switch (type) {
    case CellType::u8:
      return store(static_cast<std::uint8_t>(flag ? 1 : 0));
    case CellType::i32:
      return store(std::int32_t{flag ? 1 : 0});
    case CellType::f32:
      return store(flag ? 1.0f : 0.0f);
    case CellType::f64:
      return store(flag ? 1.0 : 0.0);
    case CellType::f16:
      return store(static_cast<std::uint16_t>(flag ? 0x3c00 : 0));
    default:
      return store(static_cast<std::uint16_t>(flag ? 0x3f80 : 0));
  }
}

/// Of the cells of an unbounded grid along an axis.
inline constexpr std::int32_t unbounded_half = 1 << 20;

/// What dense and sparse grids share.
template <class F>
Status prepare_axes(const VoxelGrid& grid, std::int64_t clouds, GridJob<F>* job, Array* origins) noexcept {
  if (grid.rule > CellRule::reciprocal) return {StatusCode::invalid_value, "args.grid.rule: unknown"};
  bool is_quick = true;
  for (int axis = 0; axis < 3; ++axis) {
    const std::int32_t shape = grid.unbounded ? 2 * unbounded_half : grid.shape[axis];
    if (shape < 0) return {StatusCode::invalid_size, "args.grid.shape: negative"};
    if (shape > 1 << 23) return {StatusCode::overflow, "args.grid.shape: more than 2^23"};
    const F size = static_cast<F>(grid.size[axis]), reciprocal = F(1) / size;
    if (!(size > F(0)) || !is_finite(size) || !is_finite(reciprocal)) {
      return {StatusCode::invalid_value, "args.grid.size: not positive, or it or its reciprocal is not finite"};
    }
    if (!is_finite(static_cast<F>(grid.origin[axis]))) {
      return {StatusCode::invalid_value, "args.grid.origin: not finite"};
    }
    job->axes[axis] = Axis<F>(grid.origin[axis], grid.size[axis], shape);
    *(axis == 0 ? &job->row : axis == 1 ? &job->rows : &job->layers) = shape;
    is_quick = is_quick && size >= F(0x1p-20) && size <= F(0x1p20) && shape <= 1 << 21;
  }
  if (grid.origins != nullptr) {
    std::int64_t numbers = 0, bytes = 0;
    if (grid.origin_pitch < 3) return {StatusCode::invalid_size, "args.grid.origin_pitch: less than 3"};
    if (multiply_overflows(clouds, grid.origin_pitch, &numbers) || multiply_overflows(numbers, 8, &bytes)) {
      return {StatusCode::overflow, "args.grid.origins: size overflows"};
    }
    *origins = {grid.origins, clouds == 0 ? 0 : numbers - grid.origin_pitch + 3, 8, "args.grid.origins: misaligned"};
  }
  job->rule = grid.rule;
  job->is_quick = is_quick;
  if (grid.unbounded) job->lowest = -unbounded_half;
  job->of_rows = Divisor(larger(job->rows, 1));
  job->of_row = Divisor(larger(job->row, 1));
  job->origins = grid.origins;
  job->origin_pitch = grid.origin_pitch;
  return {};
}

template <class F>
Status prepare(const VoxelGrid& grid, std::int64_t clouds, GridJob<F>* job, Array* origins) noexcept {
  if (grid.unbounded) return {StatusCode::invalid_value, "args.grid.unbounded: a dense grid has bounds"};
  ROBOCACHE_CHECK(prepare_axes(grid, clouds, job, origins));
  std::int64_t cells = 0, all = 0, bytes = 0;
  if (multiply_overflows(std::int64_t{grid.shape[0]} * grid.shape[1], grid.shape[2], &cells) || cells > INT32_MAX) {
    return {StatusCode::overflow, "args.grid.shape: more than 2^31 - 1 cells"};
  }
  // Records of cells are counted in 64 bits, too.
  if (multiply_overflows(cells, clouds, &all) || multiply_overflows(all, 1024, &bytes)) {
    return {StatusCode::overflow, "args.grid.shape: cells of all clouds overflow"};
  }
  job->cells = cells;
  job->of_cells = Divisor(larger<std::int64_t>(cells, 1));
  return {};
}

/// Strides, alignment and bytes of an output, which is wanted if its data is not null.
struct TensorTexts {
  const char *type, *strides, *bytes, *alignment;
};
inline Status prepare_tensor(const VoxelTensor& tensor, const VoxelGrid& grid, std::int64_t clouds,
                             const TensorTexts& texts, TensorJob* job, Array* array) noexcept {
  if (tensor.type > CellType::bit) return {StatusCode::invalid_value, texts.type};
  if (tensor.data == nullptr) return {};
  struct Extent {
    std::int64_t count, stride;
  };
  const std::int64_t cells = grid.cells(), words = cells / 32 + (cells % 32 != 0 ? 1 : 0);
  Extent extents[4] = {{clouds, tensor.cloud_stride},
                       {grid.shape[2], tensor.z_stride},
                       {grid.shape[1], tensor.y_stride},
                       {grid.shape[0], tensor.x_stride}};
  if (tensor.type == CellType::bit) {
    extents[0].stride = tensor.cloud_stride == 0 ? words : tensor.cloud_stride;
    extents[1] = extents[2] = {1, 0};
    extents[3] = {words, 1};
  } else if (tensor.cloud_stride == 0 && tensor.z_stride == 0 && tensor.y_stride == 0 && tensor.x_stride == 0) {
    extents[3].stride = 1;
    for (int i = 2; i >= 0; --i) extents[i].stride = extents[i + 1].stride * extents[i + 1].count;
  }
  job->cloud_stride = extents[0].stride;
  job->z_stride = extents[1].stride;
  job->y_stride = extents[2].stride;
  job->x_stride = extents[3].stride;
  for (Extent& extent : extents) {
    if (extent.stride < 0) return {StatusCode::invalid_size, texts.strides};
    if (extent.count == 0) return {};
  }
  // Of a single element along an axis the stride says nothing. From the narrowest stride to the widest, each must step
  // over all that the narrower ones reach.
  std::int64_t last = 0;
  for (bool taken[4] = {}; true;) {
    int next = -1;
    for (int i = 0; i < 4; ++i) {
      if (taken[i] || extents[i].count == 1) continue;
      if (next < 0 || extents[i].stride < extents[next].stride) next = i;
    }
    if (next < 0) break;
    taken[next] = true;
    if (extents[next].stride <= last) return {StatusCode::invalid_size, texts.strides};
    std::int64_t reach = 0;
    if (multiply_overflows(extents[next].count - 1, extents[next].stride, &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return {StatusCode::overflow, texts.bytes};
    }
  }
  std::int64_t bytes = 0;
  if (last == INT64_MAX || multiply_overflows(last + 1, size_of(tensor.type), &bytes)) {
    return {StatusCode::overflow, texts.bytes};
  }
  if (reinterpret_cast<std::uintptr_t>(tensor.data) % static_cast<std::uintptr_t>(size_of(tensor.type)) != 0) {
    return {StatusCode::misaligned, texts.alignment};
  }
  job->data = static_cast<char*>(tensor.data);
  job->type = tensor.type;
  if (tensor.type != CellType::bit) {
    const Extent &x = extents[3], &y = extents[2], &z = extents[1];
    // The step from cell to cell, where rows of one cell leave it to y, and layers of one cell to z.
    const std::int64_t step = x.count > 1 ? x.stride : y.count > 1 ? y.stride : z.count > 1 ? z.stride : 1;
    // A product passes its axis's reach, which is below 2^63, by one stride: it fits without a sign, not with one.
    const auto times = [](std::int64_t count, std::uint64_t stride) {
      return static_cast<std::uint64_t>(count) * stride;
    };
    const std::uint64_t row = times(x.count, static_cast<std::uint64_t>(step)), layer = times(y.count, row);
    job->is_even = (y.count == 1 || static_cast<std::uint64_t>(y.stride) == row) &&
                   (z.count == 1 || static_cast<std::uint64_t>(z.stride) == layer);
    if (job->is_even) job->x_stride = step;
  }
  job->is_dense = last == clouds * (tensor.type == CellType::bit ? words : cells) - 1;
  if (tensor.type != CellType::bit) {
    job->is_dense = job->is_dense && job->is_even && job->x_stride == 1;
  }
  *array = {tensor.data, bytes, 1, ""};
  return {};
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
