// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/block_scan.cuh>
#include <robocache/core/device.cuh>
#include <robocache/voxel/voxel_index.cuh>
#include <robocache/voxel/voxelize_sparse.hpp>

#include <cuda_runtime_api.h>
#include <cub/device/device_radix_sort.cuh>

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Of each voxel its key or its cloud, to be sorted by. Past the last: all ones, which stay behind. `numbers` say in
/// which order the voxels come so far: keys begin, in that of first points.
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
      key = index.kind == TableKind::direct ? slot
            : index.slot_words != nullptr   ? __ldg(index.slot_words + slot) >> index.index_bits
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

/// The lists as the call gives them, from points sorted by voxel. An item is an offset and a point.
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

/// The voxels of a block, a thread each, whose lists follow one another: threads take points, whosever they are, so
/// that a voxel of many points keeps them all busy. What a warp's points of one voxel add up to is added to the voxel's
/// words in shared memory.
template <class F, PointLayout Layout>
struct BlockReducer {
  static constexpr int chunk = 4;  ///< words at a time: of channels, or of which point is nearest
  static constexpr unsigned int everyone = 0xffffffffu;
  static constexpr int no_owner = index_threads;

  struct Shared {
    unsigned long long words[chunk][index_threads];
    unsigned int is_nan[index_threads];
    int ends[index_threads];  ///< where in the lists the points of each voxel end
    int of_warps[index_threads / 32];
  };

  const VoxelizeSparseJob<F>& job;
  Shared& shared;
  bool is_voxel = false;                ///< whether this thread has one
  std::uint32_t first = 0;              ///< its first point
  const std::uint32_t* list = nullptr;  ///< the other points of all of them

  /// `others` are this thread's. The whole block calls it, and what follows.
  __device__ void find_ends(int others) noexcept {
    const auto thread = static_cast<int>(threadIdx.x);
    int end = warp_prefix_sum(others);
    if (thread % 32 == 31) shared.of_warps[thread / 32] = end;
    __syncthreads();
    for (int w = 0; w < thread / 32; ++w) end += shared.of_warps[w];
    shared.ends[thread] = end;
    __syncthreads();
  }

  __device__ PointValues<F> values_at(std::uint32_t i) const noexcept {
    const std::int64_t segment = job.clouds.transforms.data == nullptr ? 0 : segment_at(job.clouds, i).segment;
    return values_of(job.clouds, segment, read_point<F, Layout>(job.clouds, i));
  }

  /// Whose the point at a place in the lists is: of those whose points end later, the first.
  __device__ int owner_of(int at) const noexcept {
    int low = 0;
#pragma unroll
    for (int step = index_threads / 2; step > 0; step /= 2) {
      if (shared.ends[low + step - 1] <= at) low += step;
    }
    return low;
  }

  /// contribute(i, words, is_nan) sets the first `wanted` words of a point; is_sum(k) says whether words are added, or
  /// the largest stays. Afterwards each thread's words are in `shared`.
  template <class Contribute, class IsSum>
  __device__ void reduce(int wanted, const Contribute& contribute, const IsSum& is_sum) const noexcept {
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 32;
    {
      unsigned long long words[chunk] = {};
      unsigned int is_nan = 0;
      if (is_voxel) contribute(first, words, &is_nan);
#pragma unroll
      for (int k = 0; k < chunk; ++k) shared.words[k][thread] = words[k];
      shared.is_nan[thread] = is_nan;
    }
    __syncthreads();
    const int all = shared.ends[index_threads - 1];
    for (int base = thread - lane; base < all; base += index_threads) {
      const int at = base + lane;
      const int owner = at < all ? owner_of(at) : no_owner + lane;
      unsigned long long words[chunk] = {};
      unsigned int is_nan = 0;
      if (at < all) contribute(__ldg(list + at), words, &is_nan);
      for (int distance = 1; distance < 32; distance *= 2) {
        const int other_owner = __shfl_down_sync(everyone, owner, static_cast<unsigned int>(distance));
        const bool same = lane + distance < 32 && other_owner == owner;
        if (!__any_sync(everyone, same)) break;
        const unsigned int other_nan = __shfl_down_sync(everyone, is_nan, static_cast<unsigned int>(distance));
        if (same) is_nan |= other_nan;
#pragma unroll
        for (int k = 0; k < chunk; ++k) {
          if (k >= wanted) continue;
          const unsigned long long other = __shfl_down_sync(everyone, words[k], static_cast<unsigned int>(distance));
          if (same) words[k] = is_sum(k) ? words[k] + other : larger(words[k], other);
        }
      }
      const int before = __shfl_up_sync(everyone, owner, 1);
      if (at >= all || (lane != 0 && before == owner)) continue;
#pragma unroll
      for (int k = 0; k < chunk; ++k) {
        if (k >= wanted) continue;
        if (is_sum(k)) {
          add_in_shared(&shared.words[k][owner], words[k]);
        } else {
          atomicMax(&shared.words[k][owner], words[k]);
        }
      }
      if (is_nan != 0) atomicOr(&shared.is_nan[owner], is_nan);
    }
    __syncthreads();
  }

  /// Channels from `first_channel` on.
  __device__ void reduce_channels(int first_channel) const noexcept {
    reduce(
        smaller(job.reduced_count - first_channel, chunk),
        [&](std::uint32_t i, unsigned long long(&words)[chunk], unsigned int* is_nan) {
          const PointValues<F> values = values_at(i);
#pragma unroll
          for (int k = 0; k < chunk; ++k) {
            if (first_channel + k >= job.reduced_count) continue;
            const ChannelJob& channel = job.channels[first_channel + k];
            const Contribution more = contribution(channel, channel_value(job.clouds, channel, i, values));
            words[k] = more.word;
            *is_nan |= (more.is_nan ? 1u : 0u) << k;
          }
        },
        [&](int k) { return job.channels[first_channel + k].is_sum(); });
  }

  /// Of the points of each voxel the nearest to its centre; this thread's.
  __device__ std::int64_t find_nearest(const DeviceIndex& index) const noexcept {
    reduce(
        1,
        [&](std::uint32_t i, unsigned long long(&words)[chunk], unsigned int*) {
          const VoxelPlace at = place_of_point(job, index, i);
          words[0] = nearness(job, at, values_at(i).p, job.grid.origin_of(at.cloud), i);
        },
        [](int) { return false; });
    return nearest_point(shared.words[0][threadIdx.x]);
  }
};

/// Every row, by a thread each.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    voxel_rows_kernel(const __grid_constant__ VoxelizeSparseJob<F> job, const __grid_constant__ DeviceIndex index) {
  using Reducer = BlockReducer<F, Layout>;
  __shared__ typename Reducer::Shared shared;
  await_stream();
  const auto thread = static_cast<int>(threadIdx.x);
  const std::int64_t voxels = job.clouds.count == 0 ? 0 : smaller<std::int64_t>(voxel_count(index), index.listed);
  const std::int64_t step = std::int64_t{gridDim.x} * index_threads;
  for (std::int64_t base = std::int64_t{blockIdx.x} * index_threads; base < job.capacity; base += step) {
    const std::int64_t row = base + thread;
    if (row >= voxels && row < job.capacity) write_no_voxel(job, row);
    if (base >= voxels) continue;
    Reducer reducer = {job, shared};
    const bool is_voxel = row < voxels;
    int others = 0;
    if (is_voxel) {
      reducer.is_voxel = true;
      reducer.first = __ldg(index.first_of + row);
      if (job.reads_values() || job.count != nullptr) others = static_cast<int>(__ldg(index.others + row));
      if (job.coords != nullptr) write_coords(job, job.coords, row, place_of_point(job, index, reducer.first));
      if (job.count != nullptr) job.count[row] = others + 1;
    }
    std::int64_t nearest = 0;
    if (job.reads_values()) {
      reducer.list = index.lists + __ldg(index.list_starts + base);
      reducer.find_ends(others);
      for (int c = 0; c < job.reduced_count; c += Reducer::chunk) {
        reducer.reduce_channels(c);
#pragma unroll 1
        for (int k = 0; k < Reducer::chunk; ++k) {
          if (c + k >= job.reduced_count || !is_voxel) continue;
          const ChannelJob& channel = job.channels[c + k];
          store_number(channel.out.data, channel.out.type, row * channel.out.x_stride,
                       reduced(channel, static_cast<std::uint64_t>(others) + 1, shared.words[k][thread],
                               (shared.is_nan[thread] >> k & 1u) != 0));
        }
        __syncthreads();  // before the next words
      }
      if (job.has_nearest) {
        nearest = reducer.find_nearest(index);
        __syncthreads();
      }
    }
    for (int c = job.reduced_count; c < job.channel_count && is_voxel; ++c) {
      const ChannelJob& channel = job.channels[c];
      const double value =
          value_at(job.clouds, channel, channel.reduction == Reduction::nearest ? nearest : reducer.first);
      store_number(channel.out.data, channel.out.type, row * channel.out.x_stride, value);
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
    auto bytes = static_cast<std::size_t>(by->scratch_bytes());
    // CUB would take an error that somebody else has left behind for its own, and the sort for failed.
    static_cast<void>(cudaGetLastError());
    ROBOCACHE_CHECK(
        cuda_status(cub::DeviceRadixSort::SortPairs(by->scratch, bytes, keys, numbers, by->count, 0, bits, stream),
                    "the radix sort could not be launched"));
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
    // Points are listed later: until then there is room for first points, of all voxels.
    std::uint32_t* first_of = index.lists;
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
    ROBOCACHE_CHECK(
        set_bytes(job.counts, 0, job.clouds.clouds * static_cast<std::int64_t>(sizeof(PointCounts)), stream));
    ROBOCACHE_CHECK(set_bytes(job.overflow, 0, 8, stream));
    const std::int64_t points = job.clouds.count;
    if (points == 0) {
      ROBOCACHE_CHECK(set_bytes(job.voxel_count, 0, 8, stream));
      ROBOCACHE_CHECK(set_bytes(job.list_offsets, 0, (job.capacity + 1) * 8, stream));
    } else {
      ROBOCACHE_CHECK(steps.find_voxels(of, index, job.voxel_count, {}));
      if (job.order == VoxelOrder::key) ROBOCACHE_CHECK(number_by_key(job, scratch));
      ROBOCACHE_CHECK(steps.number_points(index, points, scratch.number_of, job.overflow));
      if (job.reads_values()) ROBOCACHE_CHECK(steps.list_points(index, points));
      if (job.list_offsets != nullptr) ROBOCACHE_CHECK(write_lists(job, scratch));
    }
    if (job.capacity == 0 || (job.coords == nullptr && job.count == nullptr && job.channel_count == 0)) return {};
    LaunchShape shape = IndexOnStream::shape_for(job.capacity);
    shape.blocks = smaller<std::int64_t>(shape.blocks, 1 << 20);
    return for_scalar_layout(job.clouds, [&](auto layout) -> Status {
      return launch(voxel_rows_kernel<F, decltype(layout)::value>, shape, stream, job, index);
    });
  }
};

}  // namespace detail

template <class First, class... Rest>
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream) {
  ROBOCACHE_RANGE("voxelize_sparse");
  return detail::dispatch_call<detail::VoxelizeSparseJob, detail::SparseDeviceScratch, First, Rest...>(
      args, workspace, detail::VoxelizeSparseOnStream{workspace, stream});
}

ROBOCACHE_NAMESPACE_END
