// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/voxel/voxel_index.cuh>
#include <robocache/voxel/voxelize_sparse.hpp>

#include <cuda_runtime_api.h>
#include <cub/device/device_radix_sort.cuh>

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Of each voxel, in the order of first points, its key or its cloud, to be sorted by. Past the last: all ones, which
/// stay behind. `numbers` say in which order the voxels come so far; null: in that of first points.
enum class SortBy { key, cloud };
template <SortBy By, class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    sort_keys_kernel(const __grid_constant__ VoxelIndexJob<F> job, const __grid_constant__ DeviceIndex index,
                     const std::uint32_t* first_of, std::uint64_t* keys, std::uint32_t* numbers) {
  await_stream();
  const std::int64_t at = std::int64_t{blockIdx.x} * index_threads + threadIdx.x;
  if (at >= job.most_voxels) return;
  const bool is_voxel = at < voxel_count(index);
  if constexpr (By == SortBy::key) {
    numbers[at] = static_cast<std::uint32_t>(at);
    std::uint64_t key = VoxelIndexJob<F>::no_key;
    if (is_voxel) {
      const std::uint32_t first = first_of[at], slot = __ldg(index.slot_of + first);
      key = index.kind == TableKind::direct   ? slot
            : index.kind == TableKind::packed ? __ldg(index.packed + slot) >> index.index_bits
            : index.kind == TableKind::wide   ? __ldg(&index.wide[slot].key)
                                              : __ldg(index.keys + first);
    }
    keys[at] = key;
  } else {
    keys[at] =
        is_voxel ? static_cast<std::uint64_t>(__ldg(index.clouds + first_of[numbers[at]])) : VoxelIndexJob<F>::no_key;
  }
}

/// The first points of voxels, in their order.
template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    find_firsts_kernel(const __grid_constant__ Index index, const int points, std::uint32_t* first_of) {
  await_stream();
  const int i = static_cast<int>(blockIdx.x * index_threads + threadIdx.x);
  if (i >= points || (__ldg(index.starts + i / 32) >> (i % 32) & 1u) == 0) return;
  first_of[starts_before(index, i)] = static_cast<std::uint32_t>(i);
}

template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    invert_kernel(const __grid_constant__ Index index, const std::int64_t count, const std::uint32_t* numbers,
                  std::uint32_t* number_of) {
  await_stream();
  const std::int64_t at = std::int64_t{blockIdx.x} * index_threads + threadIdx.x;
  if (at < count && at < voxel_count(index)) number_of[numbers[at]] = static_cast<std::uint32_t>(at);
}

/// Points to be sorted by voxel; those of none go behind.
template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    list_keys_kernel(const __grid_constant__ Index index, const int points, std::uint64_t* keys,
                     std::uint32_t* numbers) {
  await_stream();
  const int i = static_cast<int>(blockIdx.x * index_threads + threadIdx.x);
  if (i >= points) return;
  const int voxel = __ldg(index.voxel_of + i);
  keys[i] = static_cast<std::uint64_t>(voxel < 0 ? index.listed : voxel);
  numbers[i] = static_cast<std::uint32_t>(i);
}

/// The lists as the call gives them, from points sorted by voxel. `items` are offsets, then points.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    write_lists_kernel(const __grid_constant__ VoxelizeSparseJob<F> job, const std::int64_t listed,
                       const std::uint64_t* keys, const std::uint32_t* numbers) {
  await_stream();
  const std::int64_t points = job.clouds.count, step = std::int64_t{gridDim.x} * index_threads;
  const auto first_from = [&](std::int64_t voxel) {
    std::int64_t low = 0, high = points;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (static_cast<std::int64_t>(__ldg(keys + middle)) < voxel) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  for (std::int64_t item = std::int64_t{blockIdx.x} * index_threads + threadIdx.x;
       item < larger(job.capacity + 1, points); item += step) {
    if (item <= job.capacity) job.list_offsets[item] = first_from(smaller(item, listed));
    if (item < points && job.list_points != nullptr) {
      const bool is_listed = static_cast<std::int64_t>(__ldg(keys + item)) < listed;
      job.list_points[item] = is_listed ? static_cast<std::int32_t>(__ldg(numbers + item)) : -1;
    }
  }
}

/// `Lanes` lanes of a warp, this one `lane`, take turns with the `count` points of a voxel.
template <class F, PointLayout Layout, int Lanes>
struct VoxelReducer {
  static constexpr int chunk = 4;  ///< channels that are reduced at a time

  const VoxelizeSparseJob<F>& job;
  const std::uint32_t* list;
  int count, lane;

  __device__ PointValues<F> values_at(std::uint32_t i) const noexcept {
    const std::int64_t segment = job.clouds.transforms.data == nullptr ? 0 : segment_at(job.clouds, i).segment;
    return values_of(job.clouds, segment, read_point<F, Layout>(job.clouds, i));
  }

  __device__ static std::uint64_t other_lane(std::uint64_t word, int distance) noexcept {
    return __shfl_xor_sync(0xffffffffu, static_cast<unsigned long long>(word), distance);
  }

  /// Reduced channels [first, first + chunk) of a row.
  __device__ void reduce(std::int64_t row, int first) const noexcept {
    std::uint64_t words[chunk] = {};
    unsigned int is_nan = 0;
    for (int j = lane; j < count; j += Lanes) {
      const std::uint32_t i = __ldg(list + j);
      const PointValues<F> values = values_at(i);
#pragma unroll
      for (int k = 0; k < chunk; ++k) {
        if (first + k >= job.reduced_count) continue;
        const ChannelJob& channel = job.channels[first + k];
        const Contribution more = contribution(channel, channel_value(job.clouds, channel, i, values));
        words[k] = channel.combine(words[k], more.word);
        is_nan |= (more.is_nan ? 1u : 0u) << k;
      }
    }
    if constexpr (Lanes > 1) {
      is_nan = __reduce_or_sync(0xffffffffu, is_nan);
#pragma unroll
      for (int k = 0; k < chunk; ++k) {
        if (first + k >= job.reduced_count) continue;
#pragma unroll
        for (int distance = Lanes / 2; distance > 0; distance /= 2) {
          words[k] = job.channels[first + k].combine(words[k], other_lane(words[k], distance));
        }
      }
    }
    if (lane != 0) return;
#pragma unroll
    for (int k = 0; k < chunk; ++k) {
      if (first + k >= job.reduced_count) continue;
      const ChannelJob& channel = job.channels[first + k];
      store_number(channel.out.data, channel.out.type, row * channel.out.x_stride,
                   reduced(channel, static_cast<std::uint64_t>(count), words[k], (is_nan >> k & 1u) != 0));
    }
  }

  __device__ std::int64_t nearest(const VoxelPlace& at) const noexcept {
    std::uint64_t word = 0;
    for (int j = lane; j < count; j += Lanes) {
      const std::uint32_t i = __ldg(list + j);
      word = larger(word, nearness(job, at, values_at(i).p, job.grid.origin_of(at.cloud), i));
    }
    if constexpr (Lanes > 1) {
#pragma unroll
      for (int distance = Lanes / 2; distance > 0; distance /= 2) word = larger(word, other_lane(word, distance));
    }
    return nearest_point(word);
  }

  /// Every output of a row.
  __device__ void write(const DeviceIndex& index, std::int64_t row, std::uint32_t first) const noexcept {
    const VoxelPlace at = place_of_point(job, index, first);
    if (lane == 0) {
      write_coords(job, job.coords, row, at);
      if (job.count != nullptr) job.count[row] = count;
    }
    for (int c = 0; c < job.reduced_count; c += chunk) reduce(row, c);
    if (job.reduced_count == job.channel_count) return;
    const std::int64_t chosen = job.has_nearest ? nearest(at) : 0;
    if (lane != 0) return;
    for (int c = job.reduced_count; c < job.channel_count; ++c) {
      const ChannelJob& channel = job.channels[c];
      const double value = value_at(job.clouds, channel, channel.reduction == Reduction::nearest ? chosen : first);
      store_number(channel.out.data, channel.out.type, row * channel.out.x_stride, value);
    }
  }
};

/// Every row. A thread takes a voxel of few points, a warp one of many.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    voxel_rows_kernel(const __grid_constant__ VoxelizeSparseJob<F> job, const __grid_constant__ DeviceIndex index) {
  constexpr int few = 24;
  constexpr unsigned int everyone = 0xffffffffu;
  await_stream();
  const auto lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t voxels = job.clouds.count == 0 ? 0 : smaller<std::int64_t>(voxel_count(index), index.listed);
  const std::int64_t step = std::int64_t{gridDim.x} * index_threads;
  // By warps, which stay together.
  for (std::int64_t base = std::int64_t{blockIdx.x} * index_threads + threadIdx.x / 32 * 32; base < job.capacity;
       base += step) {
    const std::int64_t row = base + lane;
    if (row >= voxels && row < job.capacity) write_no_voxel(job, row);
    std::uint32_t first = 0;
    int count = 0;
    const std::uint32_t* list = index.lists;
    if (row < voxels) {
      first = __ldg(index.first_of + row);
      count = static_cast<int>(__ldg(index.counts + row));
      if (job.reads_values()) list += __ldg(index.list_starts + row);
      if (count <= few || !job.reads_values()) VoxelReducer<F, Layout, 1>{job, list, count, 0}.write(index, row, first);
    }
    unsigned int many = __ballot_sync(everyone, count > few && job.reads_values());
    while (many != 0) {
      const int of = __ffs(static_cast<int>(many)) - 1;
      many &= many - 1;
      const auto start = __shfl_sync(everyone, static_cast<long long>(list - index.lists), of);
      const VoxelReducer<F, Layout, 32> reducer = {job, index.lists + start, __shfl_sync(everyone, count, of), lane};
      reducer.write(index, base + of, __shfl_sync(everyone, first, of));
    }
  }
}

struct ROBOCACHE_HIDDEN VoxelizeSparseOnStream {
  Workspace workspace;
  cudaStream_t stream;

  /// Sorts pairs by the low `bits` bits of their keys, stably; what is left is in side 0.
  ROBOCACHE_HIDDEN Status sort(DeviceSort* by, int bits) const noexcept {
    cub::DoubleBuffer<std::uint64_t> keys(by->keys[0], by->keys[1]);
    cub::DoubleBuffer<std::uint32_t> numbers(by->numbers[0], by->numbers[1]);
    std::size_t bytes = 0;
    const auto run = [&](void* scratch) {
      return cub::DeviceRadixSort::SortPairs(scratch, bytes, keys, numbers, by->count, 0, bits, stream);
    };
    ROBOCACHE_CHECK(cuda_status(run(nullptr), "the radix sort could not be asked for its scratch"));
    if (bytes > static_cast<std::size_t>(by->scratch_bytes())) {
      return {StatusCode::workspace_too_small, "workspace: this version of CUB sorts with more scratch than is known"};
    }
    ROBOCACHE_CHECK(cuda_status(run(by->scratch), "the radix sort could not be launched"));
    by->keys[0] = keys.Current();
    by->keys[1] = keys.Alternate();
    by->numbers[0] = numbers.Current();
    by->numbers[1] = numbers.Alternate();
    return {};
  }

  template <class F>
  ROBOCACHE_HIDDEN Status number_by_key(const VoxelizeSparseJob<F>& job,
                                        const SparseDeviceScratch& scratch) const noexcept {
    const VoxelIndexJob<F>& of = job;
    const DeviceIndex& index = scratch.index;
    const auto points = static_cast<int>(job.clouds.count);
    // Numbering comes later: until then there is room for first points, of all voxels.
    std::uint32_t* first_of = index.place_of;
    ROBOCACHE_CHECK(
        launch(find_firsts_kernel<DeviceIndex>, IndexOnStream::shape_for(points), stream, index, points, first_of));
    DeviceSort by = scratch.by_key;
    const LaunchShape shape = IndexOnStream::shape_for(by.count);
    ROBOCACHE_CHECK(
        launch(sort_keys_kernel<SortBy::key, F>, shape, stream, of, index, first_of, by.keys[0], by.numbers[0]));
    ROBOCACHE_CHECK(sort(&by, larger(job.key_bits, 1)));
    if (job.compares_clouds) {
      ROBOCACHE_CHECK(
          launch(sort_keys_kernel<SortBy::cloud, F>, shape, stream, of, index, first_of, by.keys[0], by.numbers[0]));
      ROBOCACHE_CHECK(sort(&by, job.cloud_bits + 1));
    }
    return launch(invert_kernel<DeviceIndex>, shape, stream, index, by.count, by.numbers[0], scratch.number_of);
  }

  template <class F>
  ROBOCACHE_HIDDEN Status write_lists(const VoxelizeSparseJob<F>& job,
                                      const SparseDeviceScratch& scratch) const noexcept {
    const auto points = static_cast<int>(job.clouds.count);
    DeviceSort by = scratch.by_voxel;
    int bits = 1;
    while (std::int64_t{1} << bits <= scratch.index.listed) ++bits;
    ROBOCACHE_CHECK(launch(list_keys_kernel<DeviceIndex>, IndexOnStream::shape_for(points), stream, scratch.index,
                           points, by.keys[0], by.numbers[0]));
    ROBOCACHE_CHECK(sort(&by, bits));
    LaunchShape shape = IndexOnStream::shape_for(larger(job.capacity + 1, job.clouds.count));
    shape.blocks = smaller<std::int64_t>(shape.blocks, 1 << 20);
    return launch(write_lists_kernel<F>, shape, stream, job, scratch.index.listed, by.keys[0], by.numbers[0]);
  }

  template <class F>
  ROBOCACHE_HIDDEN Status operator()(const VoxelizeSparseJob<F>& job) const noexcept {
    Carver carver(workspace);
    const SparseDeviceScratch scratch = SparseDeviceScratch::carve(job, carver);
    const DeviceIndex& index = scratch.index;
    const IndexOnStream steps = {stream};
    const VoxelIndexJob<F>& of = job;
    ROBOCACHE_CHECK(steps.set_bytes(job.counts, 0, job.clouds.clouds * static_cast<std::int64_t>(sizeof(PointCounts))));
    ROBOCACHE_CHECK(steps.set_bytes(job.overflow, 0, 8));
    const std::int64_t points = job.clouds.count;
    if (points == 0) {
      ROBOCACHE_CHECK(steps.set_bytes(job.voxel_count, 0, 8));
      if (job.list_offsets != nullptr) ROBOCACHE_CHECK(steps.set_bytes(job.list_offsets, 0, (job.capacity + 1) * 8));
    } else {
      ROBOCACHE_CHECK(steps.find_voxels(of, index, job.voxel_count));
      if (job.order == VoxelOrder::key) ROBOCACHE_CHECK(number_by_key(job, scratch));
      ROBOCACHE_CHECK(steps.number_points(index, points, scratch.number_of, job.overflow));
      if (job.reads_values()) ROBOCACHE_CHECK(steps.list_points(index, points));
      if (job.list_offsets != nullptr) ROBOCACHE_CHECK(write_lists(job, scratch));
    }
    if (job.capacity == 0 || (job.coords == nullptr && job.count == nullptr && job.channel_count == 0)) return {};
    LaunchShape shape = IndexOnStream::shape_for(job.capacity);
    shape.blocks = smaller<std::int64_t>(shape.blocks, 1 << 20);
    return for_layout(job.clouds, [&](auto layout) -> Status {
      return launch(voxel_rows_kernel<F, decltype(layout)::value>, shape, stream, job, index);
    });
  }
};

}  // namespace detail

template <class First, class... Rest>
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream) {
  return detail::dispatch_call<detail::VoxelizeSparseJob, First, Rest...>(
      args, workspace, [](const auto& job, detail::Carver& carver) { detail::SparseDeviceScratch::carve(job, carver); },
      detail::VoxelizeSparseOnStream{workspace, stream});
}

ROBOCACHE_NAMESPACE_END
