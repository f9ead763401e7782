// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>
#include <robocache/voxel/point_clouds.hpp>
#include <robocache/voxel/voxel_call.hpp>
#include <robocache/voxel/voxel_grid.hpp>

#include <cstdint>

// Voxels are cells that have points. Each is known by a key, and numbered by the first of its points: what
// voxelize_sparse and voxelize_hard have in common.

ROBOCACHE_NAMESPACE_BEGIN

/// In which order voxels come. Values are stable.
enum class VoxelOrder : std::uint8_t {
  first_point = 0,  ///< by the smallest index of their points
  key = 1,          ///< by cloud, z, y, x, whatever the order of the points
};

/// What the four numbers of a voxel's coordinates are. Values are stable.
enum class CoordOrder : std::uint8_t { bzyx = 0, bxyz = 1 };

namespace detail {

/// Where a voxel is. Of an unbounded grid, relative to its origin.
struct VoxelPlace {
  std::int32_t cloud, z, y, x;
};

/// What a cloud adds to a key, before it is hashed.
ROBOCACHE_HD inline std::uint64_t key_of_cloud(std::int64_t cloud) noexcept {
  return static_cast<std::uint64_t>(cloud) * 0xd6e8feb86659fd93u;
}
/// Neighbours differ in their low bits: two rounds of multiply and fold spread them over the high ones.
ROBOCACHE_HD inline std::uint64_t hash_of(std::uint64_t key) noexcept {
  key = (key ^ key >> 32) * 0x9e3779b97f4a7c15u;
  return (key ^ key >> 29) * 0xbf58476d1ce4e5b9u;
}

/// Which voxel a point is in. A key is ((cloud * layers + z) * rows + y) * row + x, with cells counted from the lowest
/// there is: different for different voxels, and in their order. An unbounded grid has 2^21 cells along each axis, so
/// that 63 bits hold the cell alone; of several clouds, the cloud is then compared besides.
template <class F>
struct VoxelIndexJob {
  using Coordinate = F;
  using Cell = std::int64_t;  ///< a key, as PointLocator knows it
  static constexpr std::uint64_t no_key = ~std::uint64_t{0};

  CloudsJob<F> clouds;
  GridJob<F> grid;              ///< `cells` and what divides by it are not used
  std::uint64_t per_cloud = 0;  ///< keys from one cloud to the next; 0 where keys leave out the cloud
  bool compares_clouds = false;
  int key_bits = 0;              ///< keys are less than 2^key_bits
  int cloud_bits = 0;            ///< clouds are less than 2^cloud_bits
  std::int64_t most_voxels = 0;  ///< there cannot be more
  int table_bits = 0;            ///< of a table with 2^table_bits slots, at least two for each possible voxel
  CoordOrder coord_order = CoordOrder::bzyx;
  PointCounts* counts = nullptr;  ///< [clouds]

  std::int64_t table_slots() const noexcept { return std::int64_t{1} << table_bits; }

  /// The cell of a coordinate, counted from the lowest, or -1.
  ROBOCACHE_HD ROBOCACHE_ALWAYS_INLINE std::int32_t cell_along(const Axis<F>& axis, F p, F from,
                                                               CellRule rule) const noexcept {
    // Rounded down first: the sum of whole numbers is exact wherever the cell is inside.
    return axis.cell(round_down(axis.position(p, from, rule)) - static_cast<F>(grid.lowest));
  }
  ROBOCACHE_HD ROBOCACHE_ALWAYS_INLINE std::uint64_t key_of_cells(std::int32_t x, std::int32_t y, std::int32_t z,
                                                                  std::int64_t cloud) const noexcept {
    const auto rows = static_cast<std::uint64_t>(grid.rows), row = static_cast<std::uint64_t>(grid.row);
    const std::uint64_t key = static_cast<std::uint64_t>(cloud) * per_cloud +
                              (static_cast<std::uint32_t>(z) * rows + static_cast<std::uint32_t>(y)) * row +
                              static_cast<std::uint32_t>(x);
    return (x | y | z) < 0 ? no_key : key;
  }
  /// The key of a point, or no_key.
  ROBOCACHE_HD std::uint64_t key_of(const Vector3<F>& p, const Vector3<F>& origin, std::int64_t cloud) const noexcept {
    return key_of_cells(cell_along(grid.axes[0], p.x, origin.x, grid.rule),
                        cell_along(grid.axes[1], p.y, origin.y, grid.rule),
                        cell_along(grid.axes[2], p.z, origin.z, grid.rule), cloud);
  }
  /// For PointLocator: of a cell counted from the lowest, and of a point, or -1.
  ROBOCACHE_HD Cell cell_at(std::uint32_t x, std::uint32_t y, std::uint32_t z, std::int64_t cloud) const noexcept {
    return static_cast<Cell>(
        key_of_cells(static_cast<std::int32_t>(x), static_cast<std::int32_t>(y), static_cast<std::int32_t>(z), cloud));
  }
  ROBOCACHE_HD Cell cell_of_point(const Vector3<F>& p, const Vector3<F>& origin, std::int64_t cloud) const noexcept {
    return static_cast<Cell>(key_of(p, origin, cloud));
  }
  ROBOCACHE_HD std::int64_t* cell_outputs() const noexcept { return nullptr; }

  /// What key_of made a key of. `cloud` counts only where keys leave it out.
  ROBOCACHE_HD VoxelPlace place_of(std::uint64_t key, std::int64_t cloud) const noexcept {
    const auto k = static_cast<std::int64_t>(key);
    std::int64_t x = 0, y = 0, z = 0;
    if (per_cloud == 0) {
      constexpr std::int64_t mask = 2 * unbounded_half - 1;
      x = k & mask, y = k >> 21 & mask, z = k >> 42;
    } else {
      const std::int64_t above = grid.of_row.divide(k), layer = grid.of_rows.divide(above);
      x = k - above * grid.row, y = above - layer * grid.rows;
      cloud = layer / grid.layers;
      z = layer - cloud * grid.layers;
    }
    return {static_cast<std::int32_t>(cloud), static_cast<std::int32_t>(z) + grid.lowest,
            static_cast<std::int32_t>(y) + grid.lowest, static_cast<std::int32_t>(x) + grid.lowest};
  }

  /// The slot of the table at which to begin.
  ROBOCACHE_HD std::uint32_t slot_of(std::uint64_t key, std::int64_t cloud) const noexcept {
    const std::uint64_t h = hash_of(key + (compares_clouds ? key_of_cloud(cloud) : 0));
    return table_bits == 0 ? 0u : static_cast<std::uint32_t>(h >> (64 - table_bits));
  }

  /// The square of a point's distance from the centre of its voxel.
  ROBOCACHE_HD double square_from_centre(const VoxelPlace& at, const Vector3<F>& p,
                                         const Vector3<F>& origin) const noexcept {
    const double x = from_centre(grid.axes[0], at.x, p.x, origin.x), y = from_centre(grid.axes[1], at.y, p.y, origin.y),
                 z = from_centre(grid.axes[2], at.z, p.z, origin.z);
    return fma(x, x, fma(y, y, z * z));
  }

 private:
  ROBOCACHE_HD double from_centre(const Axis<F>& axis, std::int32_t cell, F p, F from) const noexcept {
    const double middle = static_cast<double>(cell) + 0.5, size = static_cast<double>(axis.size);
    if (grid.rule == CellRule::divide) return fma(-middle, size, static_cast<double>(p - from));
    return fma(-(middle + static_cast<double>(round_down(from * axis.reciprocal))), size, static_cast<double>(p));
  }
};

/// Four numbers of a row; -1 where there is no voxel.
template <class F>
ROBOCACHE_HD inline void write_coords(const VoxelIndexJob<F>& job, std::int32_t* coords, std::int64_t row,
                                      const VoxelPlace& at) noexcept {
  if (coords == nullptr) return;
  std::int32_t* to = coords + row * 4;
  const bool is_zyx = job.coord_order == CoordOrder::bzyx;
  to[0] = at.cloud;
  to[1] = is_zyx ? at.z : at.x;
  to[2] = at.y;
  to[3] = is_zyx ? at.x : at.z;
}

template <class F>
Status prepare(const PointClouds& points, const VoxelGrid& grid, CoordOrder coord_order, PointCounts* counts,
               VoxelIndexJob<F>* job, CallArrays* arrays) noexcept {
  CloudsArrays inputs;
  ROBOCACHE_CHECK(prepare(points, &job->clouds, &inputs));
  const std::int64_t clouds = job->clouds.clouds, count = job->clouds.count;
  if (clouds > INT32_MAX) return {StatusCode::overflow, "args.points.clouds: more than 2^31 - 1"};
  Array origins = {};
  ROBOCACHE_CHECK(prepare_axes(grid, clouds, &job->grid, &origins));
  arrays->add_clouds(inputs, origins);
  if (coord_order > CoordOrder::bxyz) return {StatusCode::invalid_value, "args.coord_order: unknown"};
  job->coord_order = coord_order;
  job->counts = counts;
  arrays->add_alone({counts, clouds * 4, 8, "args.counts: misaligned"}, "args.counts: overlaps another array");
  const auto bits_of = [](std::int64_t numbers) {
    int bits = 0;
    while (bits < 63 && std::int64_t{1} << bits < numbers) ++bits;
    return bits;
  };
  job->cloud_bits = bits_of(clouds);
  job->most_voxels = clouds == 0 ? 0 : count;
  if (grid.unbounded) {
    job->key_bits = 63;
    job->compares_clouds = clouds > 1;
  } else {
    std::int64_t cells = 0, all = 0;
    if (multiply_overflows(std::int64_t{grid.shape[0]} * grid.shape[1], grid.shape[2], &cells) ||
        multiply_overflows(cells, clouds, &all)) {
      return {StatusCode::overflow, "args.grid.shape: more than 2^63 - 1 cells of all clouds"};
    }
    job->per_cloud = static_cast<std::uint64_t>(cells);
    job->key_bits = bits_of(all);
    job->most_voxels = smaller(job->most_voxels, all);
  }
  job->table_bits = bits_of(2 * job->most_voxels);
  return {};
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
