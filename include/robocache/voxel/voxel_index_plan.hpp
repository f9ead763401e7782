// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxel_index.hpp>

#include <cstdint>

// The scratch of a call on a stream that numbers voxels: from host values alone, so that no device is asked.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

struct DeviceIndex {
  std::uint64_t* keys = nullptr;     ///< [points]: or no_key
  std::int32_t* clouds = nullptr;    ///< [points], where clouds are compared besides keys
  std::uint32_t* slots = nullptr;    ///< [table_slots]: the smallest index of a voxel's points
  std::uint32_t* slot_of = nullptr;  ///< [points]
  std::int32_t* voxel_of = nullptr;  ///< [points]: the number of the voxel
  std::int32_t* first_of = nullptr;  ///< [most_voxels]: the first point of a voxel

  template <class F>
  static DeviceIndex carve(const VoxelIndexJob<F>& job, Carver& carver) noexcept {
    const std::int64_t points = job.clouds.count;
    DeviceIndex scratch;
    scratch.keys = carver.take<std::uint64_t>(points);
    if (job.compares_clouds) scratch.clouds = carver.take<std::int32_t>(points);
    scratch.slots = carver.take<std::uint32_t>(job.table_slots());
    scratch.slot_of = carver.take<std::uint32_t>(points);
    scratch.voxel_of = carver.take<std::int32_t>(points);
    scratch.first_of = carver.take<std::int32_t>(job.most_voxels);
    return scratch;
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
