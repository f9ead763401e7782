// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/block_scan.cuh>
#include <robocache/core/device.cuh>
#include <robocache/voxel/locate_points.cuh>
#include <robocache/voxel/voxel_index_plan.hpp>

#include <cstdint>
#include <type_traits>

// The numbering of voxels on the GPU, and lists of their points, in six steps:
// 1. enter: each point finds the slot of its voxel in a table, which ends up with the smallest index of its points;
// 2. mark: a point whose index that is begins a voxel; how many do is counted by tile;
// 3. scan the tiles: the number of a voxel is how many begin before it;
// 4. number: each point learns its voxel, and takes a place among its points, unless it is the first;
// 5. give out a part of the lists to each voxel;
// 6. list: each point but the first goes to its place.
// Minima and counts do not depend on the order in which threads come; places do, and must not show in a result.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int index_threads = 256;
inline constexpr int scan_threads = 1024;
inline constexpr std::uint32_t no_index = 0xffffffffu;

/// Which four slots a key begins at. Neighbours along x share them.
__device__ inline std::uint32_t home_bucket(std::uint64_t key, std::int64_t cloud, int slot_bits) noexcept {
  const std::uint64_t h = hash_of((key >> 2) + key_of_cloud(cloud));
  const int bits = slot_bits - DeviceIndex::least_slot_bits;
  return static_cast<std::uint32_t>(bits == 0 ? 0 : h >> (64 - bits));
}

/// Enters one point, of which keys alone do not say the voxel.
__device__ inline std::uint32_t enter_indirectly(const DeviceIndex& index, std::uint64_t key, std::int64_t cloud,
                                                 std::uint32_t i) noexcept {
  index.keys[i] = key;
  index.clouds[i] = static_cast<std::int32_t>(cloud);
  __threadfence();  // before anyone finds the index
  const auto last = static_cast<std::uint32_t>(index.slots - 1);
  for (std::uint32_t slot = home_bucket(key, cloud, index.slot_bits) * 4;; slot = (slot + 1) & last) {
    std::uint32_t* at = index.slot_indices + slot;
    std::uint32_t there = __ldcg(at);
    if (there == no_index) {
      there = atomicCAS(at, no_index, i);
      if (there == no_index) return slot;
    }
    __threadfence();
    if (__ldcg(index.keys + there) != key || __ldcg(index.clouds + there) != cloud) continue;
    if (there > i) atomicMin(at, i);
    return slot;
  }
}

/// Enters point i; the slot of its voxel. There are more slots than voxels, so that the search ends.
__device__ inline std::uint32_t enter(const DeviceIndex& index, std::uint64_t key, std::int64_t cloud,
                                      std::uint32_t i) noexcept {
  if (index.kind == TableKind::direct) {
    atomicMin(index.slot_indices + key, i);
    return static_cast<std::uint32_t>(key);
  }
  if (index.kind == TableKind::indirect) return enter_indirectly(index, key, cloud, i);
  constexpr auto nobody = ~std::uint64_t{0};
  const auto last = static_cast<std::uint32_t>(index.slots / 4 - 1);
  const bool is_packed = index.kind == TableKind::packed;
  const std::uint64_t mine = is_packed ? key << index.index_bits | i : key;
  std::uint32_t slot = 0;
  bool is_new = false;
  for (std::uint32_t bucket = home_bucket(key, 0, index.slot_bits);;) {
    const auto* from = reinterpret_cast<const ulonglong2*>(index.slot_words + std::int64_t{bucket} * 4);
    const ulonglong2 low = __ldcg(from), high = __ldcg(from + 1);
    const std::uint64_t words[4] = {low.x, low.y, high.x, high.y};
    // From a slot of its own on, so that neighbours do not meet, the first that is free or the voxel's: what comes
    // before that belongs to others for good.
    std::uint32_t best = 4;
    std::uint64_t there = 0;
#pragma unroll
    for (std::uint32_t s = 0; s < 4; ++s) {
      const std::uint32_t turn = (s - static_cast<std::uint32_t>(key)) % 4;
      const bool fits = words[s] == nobody || words[s] >> index.index_bits == key;
      if (fits && turn < best) {
        best = turn;
        there = words[s];
      }
    }
    if (best == 4) {
      bucket = (bucket + 1) & last;
      continue;
    }
    slot = bucket * 4 + (best + static_cast<std::uint32_t>(key)) % 4;
    auto* at = reinterpret_cast<unsigned long long*>(index.slot_words + slot);
    if (there == nobody) {
      there = atomicCAS(at, ~0ull, static_cast<unsigned long long>(mine));
      is_new = there == nobody;
      if (is_new) break;
      if (there >> index.index_bits != key) continue;  // another was quicker: the bucket again
    }
    if (is_packed && there > mine) atomicMin(at, static_cast<unsigned long long>(mine));
    break;
  }
  if (!is_packed && (is_new || __ldcg(index.slot_indices + slot) > i)) atomicMin(index.slot_indices + slot, i);
  return slot;
}

/// The smallest index of a slot's points, once all are entered.
__device__ inline std::uint32_t first_in(const DeviceIndex& index, std::uint32_t slot) noexcept {
  if (index.kind == TableKind::packed) {
    return static_cast<std::uint32_t>(__ldg(index.slot_words + slot) & ((std::uint64_t{1} << index.index_bits) - 1));
  }
  return __ldg(index.slot_indices + slot);
}

/// Which voxel a point with a slot is of.
template <class F>
__device__ inline VoxelPlace place_of_point(const VoxelIndexJob<F>& job, const DeviceIndex& index,
                                            std::uint32_t i) noexcept {
  const std::uint32_t slot = __ldg(index.slot_of + i);
  if (index.kind == TableKind::direct) return job.place_of(slot, 0);
  if (index.slot_words != nullptr) return job.place_of(__ldg(index.slot_words + slot) >> index.index_bits, 0);
  return job.place_of(__ldg(index.keys + i), __ldg(index.clouds + i));
}

/// How many voxels begin before point i, which is at most the number of points.
__device__ inline std::uint32_t starts_before(const DeviceIndex& index, std::int64_t i) noexcept {
  const std::int64_t tile = i / DeviceIndex::tile, word = i / 32;
  const std::uint32_t of_tile = __ldg(index.tile_starts + tile);
  if (tile == index.tiles) return of_tile;
  const std::uint32_t below = (1u << (i % 32)) - 1;
  return of_tile + __ldg(index.word_starts + word) +
         static_cast<std::uint32_t>(__popc(static_cast<int>(__ldg(index.starts + word) & below)));
}
__device__ inline std::uint32_t voxel_count(const DeviceIndex& index) noexcept {
  return __ldg(index.tile_starts + index.tiles);
}

/// What a kernel clears beside its own work: of that, memory knows nothing while it waits for others.
struct ClearedBytes {
  char* data = nullptr;  ///< a multiple of 16
  std::int64_t bytes = 0;

  /// All threads of all blocks call it.
  __device__ void clear() const noexcept {
    const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
    const std::int64_t from = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x, vectors = bytes / 16;
    for (std::int64_t v = from; v < vectors; v += step) reinterpret_cast<uint4*>(data)[v] = make_uint4(0, 0, 0, 0);
    for (std::int64_t b = vectors * 16 + from; b < bytes; b += step) data[b] = 0;
  }
};

template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads, 6)
    enter_kernel(const __grid_constant__ VoxelIndexJob<F> job, const __grid_constant__ DeviceIndex index,
                 const ClearedBytes cleared) {
  // One point a thread: the accesses of a point depend on each other, and only threads wait side by side.
  using Batch = PointBatch<F, Layout, 1>;
  __shared__ FateCounter fates;
  await_stream();
  const auto end = static_cast<int>(job.clouds.count);
  const int base = static_cast<int>(blockIdx.x) * index_threads, i = Batch::index(base, 0);
  if (job.counts != nullptr) {
    fates.clear(segment_at(job.clouds, base).cloud);
    __syncthreads();
  }
  PointLocator<VoxelIndexJob<F>, Layout, 1> locator(job, fates);
  Batch batch;
  batch.load(job.clouds, base, end);
  std::uint32_t slot = no_index;
  locator.locate(batch, base, base, end, [&](int, int, std::int64_t key) {
    slot = enter(index, static_cast<std::uint64_t>(key), locator.cloud, static_cast<std::uint32_t>(i));
  });
  if (i < end) index.slot_of[i] = slot;
  cleared.clear();
  if (job.counts == nullptr) return;
  __syncthreads();
  fates.flush(job.counts);
}

/// Marks the points with which voxels begin; counts them within a tile. Until they have places, place_of is the first
/// point of each point's voxel. Clears what later steps count in.
template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    mark_starts_kernel(const __grid_constant__ Index index, const int points) {
  constexpr int words = DeviceIndex::tile / 32, warps = index_threads / 32, each = words / warps;
  __shared__ std::uint32_t counts[words];
  await_stream();
  const auto thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
  const auto tile = static_cast<int>(blockIdx.x);
  std::uint32_t slots[each], firsts[each];
#pragma unroll
  for (int w = 0; w < each; ++w) {
    const int i = tile * DeviceIndex::tile + (warp * each + w) * 32 + lane;
    slots[w] = i < points ? __ldg(index.slot_of + i) : no_index;
    if (i < index.listed) index.others[i] = 0;
  }
  if (tile == 0 && thread == 0) *index.cursor = 0;
#pragma unroll
  for (int w = 0; w < each; ++w) firsts[w] = slots[w] == no_index ? no_index : first_in(index, slots[w]);
#pragma unroll
  for (int w = 0; w < each; ++w) {
    const int word = warp * each + w, i = tile * DeviceIndex::tile + word * 32 + lane;
    const std::uint32_t starts = __ballot_sync(0xffffffffu, firsts[w] == static_cast<std::uint32_t>(i));
    if (i < points) index.place_of[i] = firsts[w];
    if (lane == 0) {
      index.starts[tile * words + word] = starts;
      counts[word] = static_cast<std::uint32_t>(__popc(static_cast<int>(starts)));
    }
  }
  __syncthreads();
  if (thread >= words) return;
  static_assert(words == 32, "one warp adds them up");
  const std::uint32_t sum = warp_prefix_sum(counts[thread]);
  index.word_starts[tile * words + thread] = static_cast<std::uint16_t>(sum - counts[thread]);
  if (thread == 31) index.tile_starts[tile] = sum;
}

/// One block: from what begins in each tile to what begins before it.
template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(scan_threads)
    scan_tiles_kernel(const __grid_constant__ Index index, std::int64_t* voxel_count) {
  __shared__ std::uint32_t of_warps[32];
  await_stream();
  const auto thread = static_cast<int>(threadIdx.x), lane = thread % 32;
  const auto each = static_cast<int>((index.tiles + scan_threads - 1) / scan_threads);
  const std::int64_t begin = smaller<std::int64_t>(std::int64_t{thread} * each, index.tiles),
                     end = smaller<std::int64_t>(begin + each, index.tiles);
  std::uint32_t own = 0;
  for (std::int64_t t = begin; t < end; ++t) own += index.tile_starts[t];
  const std::uint32_t sum = warp_prefix_sum(own);
  if (lane == 31) of_warps[thread / 32] = sum;
  __syncthreads();
  std::uint32_t before = 0, all = 0;
  for (int w = 0; w < scan_threads / 32; ++w) {
    if (w == thread / 32) before = all;
    all += of_warps[w];
  }
  before += sum - own;
  for (std::int64_t t = begin; t < end; ++t) {
    const std::uint32_t here = index.tile_starts[t];
    index.tile_starts[t] = before;
    before += here;
  }
  if (thread != 0) return;
  index.tile_starts[index.tiles] = all;
  if (voxel_count != nullptr) *voxel_count = all;
}

/// Each point's voxel, and, unless the voxel begins with it, its place among the others. `number_of` renumbers voxels,
/// if it is not null. Of voxels past the listed ones, points count as overflow, if that is not null.
template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    number_kernel(const __grid_constant__ Index index, const int points, const std::uint32_t* number_of,
                  std::int64_t* overflow) {
  constexpr int each = 4;
  constexpr unsigned int everyone = 0xffffffffu;
  await_stream();
  const auto thread = static_cast<int>(threadIdx.x), lane = thread % 32;
  const int base = static_cast<int>(blockIdx.x) * index_threads * each + thread / 32 * 32 * each + lane;
  std::uint32_t voxels[each];
#pragma unroll
  for (int k = 0; k < each; ++k) voxels[k] = base + k * 32 < points ? index.place_of[base + k * 32] : no_index;
  unsigned int begins = 0;
#pragma unroll
  for (int k = 0; k < each; ++k) {
    begins |= (voxels[k] == static_cast<std::uint32_t>(base + k * 32) ? 1u : 0u) << k;
    if (voxels[k] != no_index) voxels[k] = starts_before(index, voxels[k]);
  }
  if (number_of != nullptr) {
#pragma unroll
    for (int k = 0; k < each; ++k) {
      if (voxels[k] != no_index) voxels[k] = __ldg(number_of + voxels[k]);
    }
  }
  int dropped = 0;
#pragma unroll
  for (int k = 0; k < each; ++k) {
    const int i = base + k * 32;
    const bool is_listed = voxels[k] < index.listed;  // no_index is more than there can be
    dropped += voxels[k] != no_index && !is_listed ? 1 : 0;
    if (i < points) index.voxel_of[i] = is_listed ? static_cast<std::int32_t>(voxels[k]) : -1;
    if (is_listed && (begins >> k & 1u) != 0) index.first_of[voxels[k]] = static_cast<std::uint32_t>(i);
    // Neighbours in memory are neighbours in space: those of one voxel take one atomic.
    const bool is_other = is_listed && (begins >> k & 1u) == 0;
    const unsigned int same = __match_any_sync(everyone, is_other ? voxels[k] : no_index);
    const int leader = __ffs(static_cast<int>(same)) - 1;
    std::uint32_t place = 0;
    if (is_other && lane == leader) {
      place = atomicAdd(index.others + voxels[k], static_cast<std::uint32_t>(__popc(static_cast<int>(same))));
    }
    place = __shfl_sync(everyone, place, leader);
    place += static_cast<std::uint32_t>(__popc(static_cast<int>(same & ((1u << lane) - 1))));
    if (i < points) index.place_of[i] = is_other ? place : no_index;
  }
  if (overflow == nullptr) return;
  const int all_dropped = warp_sum(dropped);
  if (lane == 0 && all_dropped != 0) add_to(overflow, static_cast<std::uint64_t>(all_dropped));
}

/// Gives each listed voxel its part of the lists.
template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    give_out_lists_kernel(const __grid_constant__ Index index) {
  __shared__ std::uint32_t of_warps[index_threads / 32];
  __shared__ std::uint32_t begin;
  await_stream();
  const auto count = static_cast<std::uint32_t>(smaller<std::int64_t>(voxel_count(index), index.listed));
  const std::uint32_t voxel = blockIdx.x * index_threads + threadIdx.x;
  if (blockIdx.x * index_threads >= count) return;
  const std::uint32_t own = voxel < count ? __ldg(index.others + voxel) : 0;
  std::uint32_t all = 0;
  const std::uint32_t sum = block_prefix_sum(own, of_warps, &all);
  if (threadIdx.x == 0) begin = atomicAdd(index.cursor, all);
  __syncthreads();
  if (voxel < count) index.list_starts[voxel] = begin + sum - own;
}

template <class Index>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(index_threads)
    list_kernel(const __grid_constant__ Index index, const int points) {
  constexpr int each = 4;
  await_stream();
  const int base = static_cast<int>(blockIdx.x) * index_threads * each + static_cast<int>(threadIdx.x);
  std::uint32_t places[each];
#pragma unroll
  for (int k = 0; k < each; ++k) {
    const int i = base + k * index_threads;
    places[k] = i < points ? __ldg(index.place_of + i) : no_index;
  }
#pragma unroll
  for (int k = 0; k < each; ++k) {
    const int i = base + k * index_threads;
    if (places[k] == no_index) continue;
    index.lists[__ldg(index.list_starts + __ldg(index.voxel_of + i)) + places[k]] = static_cast<std::uint32_t>(i);
  }
}

/// As for_layout, of kernels that read one point at a time.
template <class F, class Run>
ROBOCACHE_HIDDEN Status for_scalar_layout(const CloudsJob<F>& job, const Run& run) noexcept {
  if constexpr (sizeof(F) == 4) {
    if (job.layout == PointLayout::quad) return run(std::integral_constant<PointLayout, PointLayout::quad>{});
    if (job.layout != PointLayout::any) return run(std::integral_constant<PointLayout, PointLayout::triple>{});
  }
  return run(std::integral_constant<PointLayout, PointLayout::any>{});
}

/// The steps, enqueued.
struct ROBOCACHE_HIDDEN IndexOnStream {
  cudaStream_t stream;

  ROBOCACHE_HIDDEN static LaunchShape shape_for(std::int64_t items, int each = 1) noexcept {
    return {(items - 1) / (index_threads * each) + 1, index_threads};
  }

  /// Steps 1 to 3: afterwards it is known with which points voxels begin. There is a point.
  template <class F>
  ROBOCACHE_HIDDEN Status find_voxels(const VoxelIndexJob<F>& job, const DeviceIndex& index, std::int64_t* voxel_count,
                                      const ClearedBytes& cleared) const noexcept {
    ROBOCACHE_CHECK(set_bytes(index.table, 0xff, index.table_bytes, stream));
    ROBOCACHE_CHECK(for_scalar_layout(job.clouds, [&](auto layout) -> Status {
      return launch(enter_kernel<F, decltype(layout)::value>, shape_for(job.clouds.count), stream, job, index, cleared);
    }));
    const auto points = static_cast<int>(job.clouds.count);
    ROBOCACHE_CHECK(launch(mark_starts_kernel<DeviceIndex>, {index.tiles, index_threads}, stream, index, points));
    return launch(scan_tiles_kernel<DeviceIndex>, {1, scan_threads}, stream, index, voxel_count);
  }

  /// Step 4.
  ROBOCACHE_HIDDEN Status number_points(const DeviceIndex& index, std::int64_t points, const std::uint32_t* number_of,
                                        std::int64_t* overflow) const noexcept {
    return launch(number_kernel<DeviceIndex>, shape_for(points, 4), stream, index, static_cast<int>(points), number_of,
                  overflow);
  }

  /// Steps 5 and 6.
  ROBOCACHE_HIDDEN Status list_points(const DeviceIndex& index, std::int64_t points) const noexcept {
    if (index.listed == 0) return {};
    ROBOCACHE_CHECK(launch(give_out_lists_kernel<DeviceIndex>, shape_for(index.listed), stream, index));
    return launch(list_kernel<DeviceIndex>, shape_for(points, 4), stream, index, static_cast<int>(points));
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
