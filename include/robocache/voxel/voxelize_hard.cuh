// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/voxel/voxel_index.cuh>
#include <robocache/voxel/voxelize_hard.hpp>

#include <cuda_runtime_api.h>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Of several clouds: how many voxels each has, and how many of a segment's cloud begin in the segments before it.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    count_segments_kernel(const __grid_constant__ CloudsJob<F> clouds, const __grid_constant__ DeviceIndex index,
                          std::uint32_t* before_segment, std::int64_t* voxel_counts) {
  await_stream();
  const std::int64_t step = std::int64_t{gridDim.x} * index_threads;
  const auto cloud_of = [&](std::int64_t s) {
    const std::int64_t cloud = clouds.cloud_of == nullptr ? s : __ldg(clouds.cloud_of + s);
    return cloud >= 0 && cloud < clouds.clouds ? cloud : -1;
  };
  const auto begun = [&](std::int64_t s) {
    const RowRange rows = segment_rows(clouds.segments, s, clouds.count);
    return rows.end <= rows.begin ? 0u : starts_before(index, rows.end) - starts_before(index, rows.begin);
  };
  for (std::int64_t s = std::int64_t{blockIdx.x} * index_threads + threadIdx.x; s < clouds.segments.count; s += step) {
    const std::int64_t cloud = cloud_of(s);
    if (cloud >= 0 && voxel_counts != nullptr) add_to(voxel_counts + cloud, begun(s));
    if (before_segment == nullptr) continue;
    std::uint32_t before = 0;
    for (std::int64_t earlier = 0; earlier < s && cloud >= 0; ++earlier) {
      if (cloud_of(earlier) == cloud) before += begun(earlier);
    }
    before_segment[s] = before;
  }
}

/// Of several clouds: the row of each voxel that has one. Points of the others are overflow.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    assign_rows_kernel(const __grid_constant__ CloudsJob<F> clouds, const __grid_constant__ DeviceIndex index,
                       const std::int64_t max_voxels, const std::uint32_t* before_segment, std::int32_t* voxel_of_row,
                       std::int64_t* overflow) {
  await_stream();
  const std::int64_t voxel = std::int64_t{blockIdx.x} * index_threads + threadIdx.x;
  if (voxel >= index.listed || voxel >= voxel_count(index)) return;
  const SegmentView view = segment_at(clouds, __ldg(index.first_of + voxel));
  if (view.cloud < 0) return;
  const RowRange rows = segment_rows(clouds.segments, view.segment, clouds.count);
  std::int64_t within = voxel - starts_before(index, rows.begin);
  if (before_segment != nullptr) within += __ldg(before_segment + view.segment);
  if (within >= 0 && within < max_voxels) {
    voxel_of_row[view.cloud * max_voxels + within] = static_cast<std::int32_t>(voxel);
  } else if (overflow != nullptr) {
    add_to(overflow + view.cloud, __ldg(index.counts + voxel));
  }
}

/// Of a warp: in each lane the next larger of a list's indices, from the smallest that is more than `after` on; where
/// there are fewer than 32, no_index in the last lanes. Indices differ.
__device__ inline std::uint32_t smallest_of(const std::uint32_t* list, int count, std::int64_t after) noexcept {
  constexpr unsigned int everyone = 0xffffffffu;
  const auto lane = static_cast<int>(threadIdx.x) % 32;
  std::uint32_t best = no_index;
  for (int base = 0; base < count; base += 32) {
    std::uint32_t next = base + lane < count ? __ldg(list + base + lane) : no_index;
    if (next <= after) next = no_index;
    if (!__any_sync(everyone, next < __shfl_sync(everyone, best, 31))) continue;
    // Bitonic, of as many lanes as have an index.
    const int there = smaller(count - base, 32);
    for (int size = 2; size < 2 * there; size *= 2) {
      for (int distance = size / 2; distance > 0; distance /= 2) {
        const std::uint32_t other = __shfl_xor_sync(everyone, next, distance);
        const bool takes_smaller = ((lane & distance) == 0) == ((lane & size) == 0 || size == 32);
        next = takes_smaller ? smaller(next, other) : larger(next, other);
      }
    }
    if (base == 0) {
      best = next;
      continue;
    }
    best = smaller(best, __shfl_sync(everyone, next, 31 - lane));
    for (int distance = 16; distance > 0; distance /= 2) {
      const std::uint32_t other = __shfl_xor_sync(everyone, best, distance);
      best = (lane & distance) == 0 ? smaller(best, other) : larger(best, other);
    }
  }
  return best;
}

/// Of a warp: bytes that begin and end at multiples of 2.
__device__ inline void zero_bytes(char* begin, std::int64_t bytes) noexcept {
  const auto lane = static_cast<int>(threadIdx.x) % 32;
  const auto to_vector = static_cast<std::int64_t>((0 - reinterpret_cast<std::uintptr_t>(begin)) % 16);
  const std::int64_t head = smaller(to_vector, bytes), middle = (bytes - head) / 16 * 16;
  const auto zero_pairs = [&](char* from, std::int64_t count) {
    for (std::int64_t b = lane * 2; b < count; b += 64) *reinterpret_cast<std::uint16_t*>(from + b) = 0;
  };
  zero_pairs(begin, head);
  for (std::int64_t b = lane * 16; b < middle; b += 512) {
    *reinterpret_cast<uint4*>(begin + head + b) = make_uint4(0, 0, 0, 0);
  }
  zero_pairs(begin + head + middle, bytes - head - middle);
}

/// Every row, by a warp each. `voxel_of_row` is null where a row is the number of its voxel.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    hard_rows_kernel(const __grid_constant__ VoxelizeHardJob<F> job, const __grid_constant__ DeviceIndex index,
                     const std::int32_t* voxel_of_row) {
  constexpr unsigned int everyone = 0xffffffffu;
  await_stream();
  const auto lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t voxels = job.clouds.count == 0 ? 0 : smaller<std::int64_t>(voxel_count(index), index.listed);
  const std::int64_t step = std::int64_t{gridDim.x} * (index_threads / 32);
  for (std::int64_t row = std::int64_t{blockIdx.x} * (index_threads / 32) + threadIdx.x / 32; row < job.rows();
       row += step) {
    const std::int64_t voxel = voxel_of_row != nullptr && voxels != 0 ? __ldg(voxel_of_row + row)
                               : row < voxels                         ? row
                                                                      : -1;
    int used = 0;
    if (voxel < 0) {
      if (lane == 0) {
        write_coords(job, job.coords, row, {-1, -1, -1, -1});
        if (job.num_points != nullptr) job.num_points[row] = 0;
      }
    } else {
      const auto count = static_cast<int>(__ldg(index.counts + voxel));
      used = static_cast<int>(smaller<std::int64_t>(count, job.max_points));
      if (lane == 0) {
        const VoxelPlace at = place_of_point(job, index, __ldg(index.first_of + voxel));
        write_coords(job, job.coords, row, at);
        if (job.num_points != nullptr) job.num_points[row] = used;
        if (job.overflow != nullptr && count > used) {
          add_to(job.overflow + at.cloud, static_cast<std::uint64_t>(count - used));
        }
      }
      if (job.voxels == nullptr) continue;
      const std::uint32_t* list = index.lists + __ldg(index.list_starts + voxel);
      std::int64_t after = -1;
      for (int done = 0; done < used; done += 32) {
        const std::uint32_t points = smallest_of(list, count, after);
        after = __shfl_sync(everyone, points, 31);
        const int numbers = smaller(used - done, 32) * job.channel_count;
        for (int base = 0; base < numbers; base += 32) {
          const int number = base + lane, k = number / job.channel_count, c = number - k * job.channel_count;
          const std::uint32_t i = __shfl_sync(everyone, points, k);
          if (number >= numbers) continue;
          const std::int64_t segment = job.clouds.transforms.data == nullptr ? 0 : segment_at(job.clouds, i).segment;
          const PointValues<F> values = values_of(job.clouds, segment, read_point<F, Layout>(job.clouds, i));
          store_number(job.voxels, job.type, row * job.voxel_numbers() + done * job.channel_count + number,
                       channel_value(job.clouds, job.channels[c], i, values));
        }
      }
    }
    if (job.voxels == nullptr || !job.zero_unused) continue;
    const std::int64_t place = job.channel_count * job.number_bytes;
    zero_bytes(job.voxels + (row * job.max_points + used) * place, (job.max_points - used) * place);
  }
}

struct ROBOCACHE_HIDDEN VoxelizeHardOnStream {
  Workspace workspace;
  cudaStream_t stream;

  template <class F>
  ROBOCACHE_HIDDEN Status number_rows(const VoxelizeHardJob<F>& job, const HardDeviceScratch& scratch) const noexcept {
    const DeviceIndex& index = scratch.index;
    const CloudsJob<F>& clouds = job.clouds;
    ROBOCACHE_CHECK(IndexOnStream{stream}.set_bytes(scratch.voxel_of_row, 0xff, job.rows() * 4));
    LaunchShape shape = IndexOnStream::shape_for(clouds.segments.count);
    shape.blocks = smaller<std::int64_t>(shape.blocks, 1 << 20);
    if (clouds.segments.count != 0) {
      ROBOCACHE_CHECK(
          launch(count_segments_kernel<F>, shape, stream, clouds, index, scratch.before_segment, job.voxel_count));
    }
    if (index.listed == 0) return {};
    return launch(assign_rows_kernel<F>, IndexOnStream::shape_for(index.listed), stream, clouds, index, job.max_voxels,
                  scratch.before_segment, scratch.voxel_of_row, job.overflow);
  }

  template <class F>
  ROBOCACHE_HIDDEN Status operator()(const VoxelizeHardJob<F>& job) const noexcept {
    Carver carver(workspace);
    const HardDeviceScratch scratch = HardDeviceScratch::carve(job, carver);
    const DeviceIndex& index = scratch.index;
    const IndexOnStream steps = {stream};
    const VoxelIndexJob<F>& of = job;
    const bool one = HardDeviceScratch::has_one_cloud(job);
    const std::int64_t points = job.clouds.count, clouds = job.clouds.clouds;
    ROBOCACHE_CHECK(steps.set_bytes(job.counts, 0, clouds * static_cast<std::int64_t>(sizeof(PointCounts))));
    ROBOCACHE_CHECK(steps.set_bytes(job.overflow, 0, clouds * 8));
    if (!one || points == 0) ROBOCACHE_CHECK(steps.set_bytes(job.voxel_count, 0, clouds * 8));
    if (points != 0) {
      ROBOCACHE_CHECK(steps.find_voxels(of, index, one ? job.voxel_count : nullptr));
      ROBOCACHE_CHECK(steps.number_points(index, points, nullptr, one ? job.overflow : nullptr));
      if (job.voxels != nullptr) ROBOCACHE_CHECK(steps.list_points(index, points));
      if (!one) ROBOCACHE_CHECK(number_rows(job, scratch));
    }
    if (job.rows() == 0 ||
        (job.coords == nullptr && job.num_points == nullptr && job.voxels == nullptr && job.overflow == nullptr)) {
      return {};
    }
    const LaunchShape shape = {smaller<std::int64_t>((job.rows() - 1) / (index_threads / 32) + 1, 1 << 20),
                               index_threads};
    return for_layout(job.clouds, [&](auto layout) -> Status {
      return launch(hard_rows_kernel<F, decltype(layout)::value>, shape, stream, job, index, scratch.voxel_of_row);
    });
  }
};

}  // namespace detail

template <class First, class... Rest>
Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, cudaStream_t stream) {
  return detail::dispatch_call<detail::VoxelizeHardJob, First, Rest...>(
      args, workspace, [](const auto& job, detail::Carver& carver) { detail::HardDeviceScratch::carve(job, carver); },
      detail::VoxelizeHardOnStream{workspace, stream});
}

ROBOCACHE_NAMESPACE_END
