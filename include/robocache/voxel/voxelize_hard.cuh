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
    if (cloud >= 0) add_to(voxel_counts + cloud, begun(s));
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
                       const std::int64_t max_voxels, const std::uint32_t* before_segment, std::int64_t* row_of,
                       std::int64_t* overflow) {
  await_stream();
  const std::int64_t voxel = std::int64_t{blockIdx.x} * index_threads + threadIdx.x;
  if (voxel >= index.listed || voxel >= voxel_count(index)) return;
  const SegmentView view = segment_at(clouds, __ldg(index.first_of + voxel));
  row_of[voxel] = -1;
  if (view.cloud < 0) return;
  const RowRange rows = segment_rows(clouds.segments, view.segment, clouds.count);
  std::int64_t within = voxel - starts_before(index, rows.begin);
  if (before_segment != nullptr) within += __ldg(before_segment + view.segment);
  if (within >= 0 && within < max_voxels) {
    row_of[voxel] = view.cloud * max_voxels + within;
  } else if (overflow != nullptr) {
    add_to(overflow + view.cloud, std::uint64_t{__ldg(index.others + voxel)} + 1);
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

/// Every channel of point i, as the k-th of the voxel in a row.
template <class F, PointLayout Layout>
__device__ inline void place_point(const VoxelizeHardJob<F>& job, std::int64_t row, std::int64_t k,
                                   std::uint32_t i) noexcept {
  const std::int64_t segment = job.clouds.transforms.data == nullptr ? 0 : segment_at(job.clouds, i).segment;
  const PointValues<F> values = values_of(job.clouds, segment, read_point<F, Layout>(job.clouds, i));
  const auto address = reinterpret_cast<std::uintptr_t>(job.voxels);
  if (job.type != CellType::f32 || job.channel_count % 4 != 0 || address % 16 != 0) {
    return write_point(job, row, k, i, values);
  }
  auto* to = reinterpret_cast<float4*>(job.voxels) + (row * job.voxel_numbers() + k * job.channel_count) / 4;
  for (int c = 0; c < job.channel_count; c += 4) {
    const auto value = [&](int of) {
      return Narrow<float>::from(channel_value(job.clouds, job.channels[c + of], i, values));
    };
    to[c / 4] = make_float4(value(0), value(1), value(2), value(3));
  }
}

/// Rows, a thread each: all that is said of a voxel but its points. And the points of voxels that have few, a thread
/// each: its place is how many of them have a smaller index. Voxels of many points are a warp's. `row_of` and
/// `voxel_counts` are null where a row is the number of its voxel.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads, 5)
    hard_rows_kernel(const __grid_constant__ VoxelizeHardJob<F> job, const __grid_constant__ DeviceIndex index,
                     const std::int64_t* row_of, const std::int64_t* voxel_counts) {
  constexpr int few = 48;
  constexpr unsigned int everyone = 0xffffffffu;
  await_stream();
  const auto lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t points = job.clouds.count, rows = job.rows();
  const std::int64_t voxels = points == 0 ? 0 : smaller<std::int64_t>(voxel_count(index), index.listed);
  const std::int64_t step = std::int64_t{gridDim.x} * index_threads;
  for (std::int64_t base = std::int64_t{blockIdx.x} * index_threads + threadIdx.x / 32 * 32;
       base < larger(larger(rows, voxels), points); base += step) {
    const std::int64_t at = base + lane;
    if (at < rows) {
      const std::int64_t cloud = voxel_counts == nullptr ? 0 : at / job.max_voxels;
      const bool is_past =
          voxel_counts == nullptr ? at >= voxels : at - cloud * job.max_voxels >= __ldg(voxel_counts + cloud);
      if (is_past) {
        write_coords(job, job.coords, at, {-1, -1, -1, -1});
        if (job.num_points != nullptr) job.num_points[at] = 0;
      }
    }
    int count = 0;
    std::int64_t row = -1;
    if (at < voxels) row = row_of == nullptr ? at : __ldg(row_of + at);
    if (row >= 0) {
      count = static_cast<int>(__ldg(index.others + at)) + 1;
      const auto used = static_cast<int>(smaller<std::int64_t>(count, job.max_points));
      const VoxelPlace place = place_of_point(job, index, __ldg(index.first_of + at));
      write_coords(job, job.coords, row, place);
      if (job.num_points != nullptr) job.num_points[row] = used;
      if (job.overflow != nullptr && count > used) {
        add_to(job.overflow + place.cloud, static_cast<std::uint64_t>(count - used));
      }
    }
    if (job.voxels == nullptr) continue;

    // Read before it is known what is needed of it, so that no access waits for another.
    const int voxel = at < points ? __ldg(index.voxel_of + at) : -1;
    const bool is_first = at < points && __ldg(index.place_of + at) == no_index;
    if (voxel >= 0) {
      const std::int64_t to = row_of == nullptr ? voxel : __ldg(row_of + voxel);
      const auto others = static_cast<int>(__ldg(index.others + voxel));
      const std::uint32_t* list = index.lists + __ldg(index.list_starts + voxel);
      if (to >= 0 && others < few) {
        int k = is_first ? 0 : 1;
        for (int other = 0; other < others && !is_first; ++other) k += __ldg(list + other) < at ? 1 : 0;
        if (k < job.max_points) place_point<F, Layout>(job, to, k, static_cast<std::uint32_t>(at));
      }
    }
    unsigned int many = __ballot_sync(everyone, row >= 0 && count > few);
    while (many != 0) {
      const int of = __ffs(static_cast<int>(many)) - 1;
      many &= many - 1;
      const std::int64_t to = __shfl_sync(everyone, static_cast<long long>(row), of);
      const int others = __shfl_sync(everyone, count, of) - 1;
      const auto used = static_cast<int>(smaller<std::int64_t>(others + 1, job.max_points));
      const std::uint32_t* list = index.lists + __ldg(index.list_starts + base + of);
      if (lane == 0) place_point<F, Layout>(job, to, 0, __ldg(index.first_of + base + of));
      std::int64_t after = -1;
      for (int done = 1; done < used; done += 32) {
        const std::uint32_t i = smallest_of(list, others, after);
        after = __shfl_sync(everyone, i, 31);
        if (done + lane < used) place_point<F, Layout>(job, to, done + lane, i);
      }
    }
  }
}

struct ROBOCACHE_HIDDEN VoxelizeHardOnStream {
  Workspace workspace;
  cudaStream_t stream;

  template <class F>
  ROBOCACHE_HIDDEN Status number_rows(const VoxelizeHardJob<F>& job, const HardDeviceScratch& scratch) const noexcept {
    const DeviceIndex& index = scratch.index;
    const CloudsJob<F>& clouds = job.clouds;
    ROBOCACHE_CHECK(set_bytes(scratch.voxel_counts, 0, clouds.clouds * 8, stream));
    LaunchShape shape = IndexOnStream::shape_for(clouds.segments.count);
    shape.blocks = smaller<std::int64_t>(shape.blocks, 1 << 20);
    if (clouds.segments.count != 0) {
      ROBOCACHE_CHECK(
          launch(count_segments_kernel<F>, shape, stream, clouds, index, scratch.before_segment, scratch.voxel_counts));
    }
    if (index.listed == 0) return {};
    return launch(assign_rows_kernel<F>, IndexOnStream::shape_for(index.listed), stream, clouds, index, job.max_voxels,
                  scratch.before_segment, scratch.row_of, job.overflow);
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
    ROBOCACHE_CHECK(set_bytes(job.counts, 0, clouds * static_cast<std::int64_t>(sizeof(PointCounts)), stream));
    ROBOCACHE_CHECK(set_bytes(job.overflow, 0, clouds * 8, stream));
    const std::int64_t bytes =
        job.voxels == nullptr || !job.zero_unused ? 0 : job.rows() * job.voxel_numbers() * job.number_bytes;
    const auto misaligned = static_cast<std::int64_t>((0 - reinterpret_cast<std::uintptr_t>(job.voxels)) % 16);
    const std::int64_t head = smaller(misaligned, bytes);
    ROBOCACHE_CHECK(set_bytes(job.voxels, 0, points == 0 ? bytes : head, stream));
    if (points == 0) {
      ROBOCACHE_CHECK(set_bytes(job.voxel_count, 0, clouds * 8, stream));
      ROBOCACHE_CHECK(set_bytes(scratch.voxel_counts, 0, one ? 0 : clouds * 8, stream));
    } else {
      ROBOCACHE_CHECK(steps.find_voxels(of, index, one ? job.voxel_count : nullptr, {job.voxels + head, bytes - head}));
      ROBOCACHE_CHECK(steps.number_points(index, points, nullptr, one ? job.overflow : nullptr));
      if (job.voxels != nullptr) ROBOCACHE_CHECK(steps.list_points(index, points));
      if (!one) ROBOCACHE_CHECK(number_rows(job, scratch));
    }
    if (job.rows() == 0 ||
        (job.coords == nullptr && job.num_points == nullptr && job.voxels == nullptr && job.overflow == nullptr)) {
      return {};
    }
    LaunchShape shape = IndexOnStream::shape_for(larger(larger(job.rows(), index.listed), points));
    shape.blocks = smaller<std::int64_t>(shape.blocks, 1 << 20);
    return for_scalar_layout(job.clouds, [&](auto layout) -> Status {
      return launch(hard_rows_kernel<F, decltype(layout)::value>, shape, stream, job, index, scratch.row_of,
                    scratch.voxel_counts);
    });
  }
};

}  // namespace detail

template <class First, class... Rest>
Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, cudaStream_t stream) {
  ROBOCACHE_RANGE("voxelize_hard");
  return detail::dispatch_call<detail::VoxelizeHardJob, detail::HardDeviceScratch, First, Rest...>(
      args, workspace, detail::VoxelizeHardOnStream{workspace, stream});
}

ROBOCACHE_NAMESPACE_END
