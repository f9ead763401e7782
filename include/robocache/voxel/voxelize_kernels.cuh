// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/block_scan.cuh>
#include <robocache/core/device.cuh>
#include <robocache/voxel/locate_points.cuh>
#include <robocache/voxel/point_batch.cuh>
#include <robocache/voxel/voxelize.hpp>

#include <cstdint>

// Four ways through the points, chosen on the host (voxelize.cuh):
// - straight: a point marks or counts its cell in the output, which was cleared before;
// - aggregated: a block gathers its points by cell in a table in shared memory, and passes on what a cell got as a
//   whole: neighbours in a scan are neighbours in space, and atomics in L2 are what bounds counting;
// - bitmaps: a block marks cells in a bitmap of its own, and writes or merges it at the end;
// - bins: a block sorts its points by part of the grid, then a block counts each part.
// Integer sums and largest keys do not depend on the order, so the result does not either.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

struct Place {
  std::int32_t cell;  ///< within the cloud
  std::int64_t cloud;
};

/// Marks a cell; of a bit, only where it is not set yet.
template <class F>
__device__ inline void mark_on_device(const VoxelizeJob<F>& job, const Place& at) noexcept {
  const TensorJob& to = job.occupancy;
  if (to.type != CellType::bit) {
    return store_flag(to.data, to.type, to.offset(job.grid, at.cloud, at.cell), true);
  }
  auto* word = reinterpret_cast<std::uint32_t*>(to.data) + (at.cloud * to.cloud_stride + at.cell / 32);
  const std::uint32_t bit = std::uint32_t{1} << (at.cell % 32);
  if ((*static_cast<const volatile std::uint32_t*>(word) & bit) == 0) atomicOr(word, bit);
}

template <class F>
__device__ inline void count_on_device(const VoxelizeJob<F>& job, std::int64_t offset, int more) noexcept {
  atomicAdd(reinterpret_cast<int*>(job.count.data) + offset, more);
}

/// A slot that no other thread has. The threads that ask at the same time take one atomic.
__device__ inline std::uint32_t new_slot(std::uint32_t* used) noexcept {
  const unsigned int asking = __activemask();
  const auto lane = static_cast<int>(threadIdx.x) % 32;
  const int leader = __ffs(static_cast<int>(asking)) - 1;
  std::uint32_t first = 0;
  if (lane == leader) first = atomicAdd(used, static_cast<std::uint32_t>(__popc(asking)));
  first = __shfl_sync(asking, first, leader);
  return first + static_cast<std::uint32_t>(__popc(asking & ((1u << lane) - 1))) + 1;
}

/// Adds to the record of a cell, which is made where there is none yet: `points` points, the channels of `is_nan`, and
/// what more(channel) contributes.
template <class F, class More>
__device__ inline void add_to_record(const VoxelizeJob<F>& job, const DeviceScratch& scratch, std::int64_t cell,
                                     std::uint64_t points, std::uint64_t is_nan, const More& more) noexcept {
  constexpr std::uint32_t pending = 0xffffffffu;
  std::uint32_t* place = scratch.slots + cell;
  // Who makes a record finishes it within one turn, so that threads of its own warp may wait for it.
  for (bool done = false; !done;) {
    std::uint32_t slot = *static_cast<volatile std::uint32_t*>(place);
    if (slot == 0) {
      if (atomicCAS(place, 0u, pending) == 0) {
        slot = new_slot(scratch.slots + job.all_cells());
        std::uint64_t* record = job.record(scratch.records, slot);
        for (int c = 0; c < job.channel_count; ++c) {
          const Contribution of = more(c);
          is_nan |= std::uint64_t{of.is_nan} << c;
          record[2 + c] = of.word;
        }
        record[0] = points;
        record[1] = is_nan;
        __threadfence();
        atomicExch(place, slot);
        done = true;
      }
    } else if (slot != pending) {
      __threadfence();
      auto* record = reinterpret_cast<unsigned long long*>(job.record(scratch.records, slot));
      atomicAdd(record, static_cast<unsigned long long>(points));
      for (int c = 0; c < job.channel_count; ++c) {
        const Contribution of = more(c);
        is_nan |= std::uint64_t{of.is_nan} << c;
        const auto word = static_cast<unsigned long long>(of.word);
        if (word == 0) continue;
        if (job.channels[c].is_sum()) {
          atomicAdd(record + 2 + c, word);
        } else {
          atomicMax(record + 2 + c, word);
        }
      }
      if (is_nan != 0) atomicOr(record + 1, static_cast<unsigned long long>(is_nan));
      done = true;
    }
  }
}

/// A block's cells: open addressing in shared memory, a number of points and `words` words for each.
struct CellTable {
  static constexpr std::uint32_t nobody = 0xffffffffu;
  static constexpr int probes = 8;

  std::uint64_t* words;  ///< [word_count][entries]
  std::uint32_t* keys;
  std::uint32_t* points;
  int* used;
  int entries, word_count, shift;

  static int bytes_of_entry(int word_count) noexcept { return 8 + 8 * word_count; }

  __device__ CellTable(unsigned char* memory, int* used_entries, int log2_entries, int of_words) noexcept
      : words(reinterpret_cast<std::uint64_t*>(memory)),
        keys(reinterpret_cast<std::uint32_t*>(words + (of_words << log2_entries))),
        points(keys + (1 << log2_entries)),
        used(used_entries),
        entries(1 << log2_entries),
        word_count(of_words),
        shift(32 - log2_entries) {}

  __device__ void clear(int entry) const noexcept {
    keys[entry] = nobody;
    points[entry] = 0;
    for (int w = 0; w < word_count; ++w) words[w * entries + entry] = 0;
  }

  /// The entry of a cell, or -1 where the table has no room.
  __device__ int entry_of(std::uint32_t cell) const noexcept {
    int entry = static_cast<int>(cell * 2654435769u >> shift);
    for (int probe = 0; probe < probes; ++probe) {
      std::uint32_t key = *static_cast<volatile std::uint32_t*>(keys + entry);
      if (key == nobody) {
        key = atomicCAS(keys + entry, nobody, cell);
        if (key == nobody) {
          atomicAdd(used, 1);
          return entry;
        }
      }
      if (key == cell) return entry;
      entry = (entry + 1) & (entries - 1);
    }
    return -1;
  }

  __device__ void add(int word, int entry, std::uint64_t more) const noexcept {
    add_in_shared(reinterpret_cast<unsigned long long*>(words + (word * entries + entry)), more);
  }
  __device__ void take_larger(int word, int entry, std::uint64_t key) const noexcept {
    atomicMax(reinterpret_cast<unsigned long long*>(words + (word * entries + entry)),
              static_cast<unsigned long long>(key));
  }
  __device__ void set(int word, int entry, std::uint64_t bits) const noexcept {
    atomicOr(reinterpret_cast<unsigned long long*>(words + (word * entries + entry)),
             static_cast<unsigned long long>(bits));
  }
};

/// What becomes of a point that lies in a cell.
enum class PointTask {
  mark,    ///< straight; also where only cell_of or counts are wanted
  count,   ///< and mark, aggregated
  record,  ///< channels and all, aggregated
};

/// Each block takes `share` points, a multiple of what it reads at a time.
template <class F, PointLayout Layout, PointTask Task>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.threads)
    points_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ DeviceScratch scratch,
                  const int share, const int log2_entries) {
  using Batch = PointBatch<F, Layout>;
  constexpr int step = voxelize_tuning.threads * Batch::size;
  extern __shared__ __align__(16) unsigned char memory[];
  __shared__ int used;
  __shared__ FateCounter fates;
  await_stream();
  const auto count = static_cast<int>(job.clouds.count);
  const std::int64_t first = std::int64_t{blockIdx.x} * share;
  const auto begin = static_cast<int>(first), end = static_cast<int>(smaller<std::int64_t>(first + share, count));
  const auto thread = static_cast<int>(threadIdx.x);

  const CellTable table(memory, &used, log2_entries, Task == PointTask::record ? 1 + job.channel_count : 0);
  bool aggregates = Task != PointTask::mark && job.all_cells() < CellTable::nobody;
  if (aggregates) {
    for (int entry = thread; entry < table.entries; entry += voxelize_tuning.threads) table.clear(entry);
    if (thread == 0) used = 0;
  }
  fates.clear(job.counts == nullptr ? -1 : segment_at(job.clouds, begin).cloud);
  __syncthreads();
  PointLocator<VoxelizeJob<F>, Layout> locator(job, fates);
  int gathered = 0;                                   // points since the table was empty
  for (int base = begin; base < end; base += step) {  // 2^30 points at most
    Batch batch;
    batch.load(job.clouds, base, end);
    locator.locate(batch, base, begin, end, [&](int k, int i, std::int32_t of_cloud) {
      const Place at = {of_cloud, locator.cloud};
      if constexpr (Task == PointTask::mark) {
        if (job.occupancy.data != nullptr) mark_on_device(job, at);
      } else {
        const std::int64_t cell = at.cloud * job.grid.cells + at.cell;
        const int entry = aggregates ? table.entry_of(static_cast<std::uint32_t>(cell)) : -1;
        if constexpr (Task == PointTask::count) {
          if (entry >= 0) {
            atomicAdd(table.points + entry, 1u);
            return;
          }
          count_on_device(job, job.count.offset(job.grid, at.cloud, at.cell), 1);
          if (job.occupancy.data != nullptr) mark_on_device(job, at);
        } else {
          const PointValues<F> values = values_of(job.clouds, locator.segment, batch.raw[k]);
          const auto more = [&](int c) {
            return contribution(job.channels[c], channel_value(job.clouds, job.channels[c], i, values));
          };
          if (entry < 0) {
            add_to_record(job, scratch, cell, 1, 0, more);
            return;
          }
          atomicAdd(table.points + entry, 1u);
          for (int c = 0; c < job.channel_count; ++c) {
            const Contribution of = more(c);
            if (of.is_nan) table.set(0, entry, std::uint64_t{1} << c);
            if (job.channels[c].is_sum()) {
              table.add(1 + c, entry, of.word);
            } else {
              table.take_larger(1 + c, entry, of.word);
            }
          }
        }
      }
    });
    if (Task == PointTask::mark || !aggregates) continue;
    gathered += step;
    __syncthreads();
    const int entries_used = used;
    __syncthreads();  // all have read it before it changes
    if (entries_used <= table.entries / 2 && base + step < end) continue;
    for (int entry = thread; entry < table.entries; entry += voxelize_tuning.threads) {
      const std::uint32_t cell = table.keys[entry];
      if (cell == CellTable::nobody) continue;
      if constexpr (Task == PointTask::count) {
        const std::int64_t cloud = job.grid.of_cells.divide(cell);
        const Place at = {static_cast<std::int32_t>(cell - cloud * job.grid.cells), cloud};
        count_on_device(job, job.count.offset(job.grid, cloud, at.cell), static_cast<int>(table.points[entry]));
        if (job.occupancy.data != nullptr) mark_on_device(job, at);
      } else if constexpr (Task == PointTask::record) {
        add_to_record(job, scratch, cell, table.points[entry], table.words[entry], [&](int c) {
          return Contribution{table.words[(1 + c) * table.entries + entry], false};
        });
      }
      table.clear(entry);
    }
    // Where a cell got fewer than two points, as of points in random order, the table is only in the way.
    aggregates = entries_used * 2 <= gathered;
    gathered = 0;
    if (thread == 0) used = 0;
    __syncthreads();
  }
  __syncthreads();
  fates.flush(job.counts);
}

/// Every output of every cell, from its record.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.threads)
    cells_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ DeviceScratch scratch) {
  await_stream();
  const std::int64_t step = std::int64_t{gridDim.x} * voxelize_tuning.threads;
  for (std::int64_t cell = std::int64_t{blockIdx.x} * voxelize_tuning.threads + threadIdx.x; cell < job.all_cells();
       cell += step) {
    const std::uint32_t slot = __ldg(scratch.slots + cell);
    write_cell(job, cell, slot == 0 ? nullptr : job.record(scratch.records, slot));
  }
}

/// Clears a tensor with gaps: bits by words, others by cells.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.threads)
    clear_kernel(const __grid_constant__ GridJob<F> grid, const __grid_constant__ TensorJob tensor,
                 const std::int64_t words, const std::int64_t items) {
  await_stream();
  const std::int64_t step = std::int64_t{gridDim.x} * voxelize_tuning.threads;
  for (std::int64_t item = std::int64_t{blockIdx.x} * voxelize_tuning.threads + threadIdx.x; item < items;
       item += step) {
    if (tensor.type == CellType::bit) {
      const std::int64_t cloud = item / words;
      reinterpret_cast<std::uint32_t*>(tensor.data)[cloud * tensor.cloud_stride + (item - cloud * words)] = 0;
    } else {
      store_flag(tensor.data, tensor.type, offset_of(grid, tensor, item), false);
    }
  }
}

/// Four bits as four bytes of 0 or 1.
__device__ inline unsigned int spread(unsigned int bits) noexcept { return (bits & 15u) * 0x00204081u & 0x01010101u; }

/// Writes the occupancy of `count` cells of a cloud, from `first` on, which is a multiple of 32. The whole block calls
/// it. `words` begin with the first cell.
template <class F>
__device__ inline void write_flags(const VoxelizeJob<F>& job, std::int64_t cloud, int first, int count,
                                   const std::uint32_t* words) noexcept {
  const TensorJob& to = job.occupancy;
  const auto thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  int done = 0;
  if (to.type == CellType::u8 && to.is_even && to.x_stride == 1) {
    char* out = to.data + cloud * to.cloud_stride + first;
    if (reinterpret_cast<std::uintptr_t>(out) % 16 == 0) {
      for (int item = thread; item < count / 16; item += threads) {
        const std::uint32_t bits = words[item / 2] >> (item % 2 * 16);
        reinterpret_cast<uint4*>(out)[item] =
            make_uint4(spread(bits), spread(bits >> 4), spread(bits >> 8), spread(bits >> 12));
      }
      done = count / 16 * 16;
    }
  }
  for (int cell = done + thread; cell < count; cell += threads) {
    store_flag(to.data, to.type, to.offset(job.grid, cloud, first + cell), (words[cell / 32] >> (cell % 32) & 1u) != 0);
  }
}

/// One cloud, one part of its points. Bits of all parts but a single one, and of cells that no block holds, are merged
/// into `merged`, [clouds, pitch] words that are 0.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.bitmap_threads, 1)
    bitmap_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ BitmapPlan plan,
                  std::uint32_t* merged, const std::int64_t pitch) {
  using Batch = PointBatch<F, Layout>;
  constexpr int threads = voxelize_tuning.bitmap_threads;
  extern __shared__ __align__(16) std::uint32_t bitmap[];
  __shared__ FateCounter fates;
  const auto thread = static_cast<int>(threadIdx.x);
  const std::int64_t cloud = blockIdx.x / plan.parts, part = blockIdx.x - cloud * plan.parts;
  const auto held = static_cast<unsigned int>(plan.held_cells);
  const int words = static_cast<int>(held + 31) / 32;
  for (int w = thread * 4; w < words; w += threads * 4) {
    *reinterpret_cast<uint4*>(bitmap + w) = make_uint4(0, 0, 0, 0);  // whole vectors are set aside
  }
  fates.clear(cloud);
  __syncthreads();
  await_stream();

  std::uint32_t* to = merged + cloud * pitch;
  const std::int64_t count = job.clouds.count;
  const RowRange points =
      job.clouds.cloud_of != nullptr ? RowRange{0, count} : segment_rows(job.clouds.segments, cloud, count);
  const std::int64_t span = points.end - points.begin;
  const auto begin = static_cast<int>(points.begin + span * part / plan.parts),
             end = static_cast<int>(points.begin + span * (part + 1) / plan.parts);
  PointLocator<VoxelizeJob<F>, Layout> locator(job, fates);
  for (int base = begin / 4 * 4; base < end; base += threads * Batch::size) {  // 2^30 points at most
    Batch batch;
    batch.load(job.clouds, base, end);
    locator.locate(batch, base, begin, end, [&](int, int, std::int32_t at) {
      if (locator.cloud != cloud) return;  // where segments overlap
      const auto cell = static_cast<unsigned int>(at);
      const std::uint32_t bit = 1u << (cell % 32);
      if (cell < held) {
        atomicOr(bitmap + cell / 32, bit);
      } else {
        atomicOr(to + cell / 32, bit);
      }
    });
  }
  __syncthreads();
  fates.flush(job.counts);
  if (!plan.is_merged() && job.occupancy.type != CellType::bit) {
    write_flags(job, cloud, 0, static_cast<int>(held), bitmap);
    return;
  }
  for (int w = thread; w < words; w += threads) {
    if (!plan.is_merged()) {
      to[w] = bitmap[w];
    } else if (bitmap[w] != 0) {
      atomicOr(to + w, bitmap[w]);
    }
  }
}

/// Bits [clouds, words] as the occupancy asked for. A block takes `chunk` cells of a cloud at a time.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.threads)
    expand_kernel(const __grid_constant__ VoxelizeJob<F> job, const std::uint32_t* bits) {
  constexpr int chunk = voxelize_tuning.threads * 16;
  await_stream();
  const std::int64_t chunks = (job.grid.cells + chunk - 1) / chunk;
  for (std::int64_t item = blockIdx.x; item < chunks * job.clouds.clouds; item += gridDim.x) {
    const std::int64_t cloud = item / chunks;
    const auto first = static_cast<int>((item - cloud * chunks) * chunk);
    write_flags(job, cloud, first, static_cast<int>(smaller<std::int64_t>(chunk, job.grid.cells - first)),
                bits + cloud * job.words() + first / 32);
  }
}

/// Sorts a tile of points by bin. Entries are where in its bin a point's cell is, in any order within a bin, whose last
/// quad is filled up with the entry `bin_cells`.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.bin_threads, 1024 / voxelize_tuning.bin_threads)
    bin_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ BinPlan plan,
               const __grid_constant__ DeviceScratch scratch) {
  using Batch = PointBatch<F, Layout>;
  constexpr int threads = voxelize_tuning.bin_threads, tile = BinPlan::tile, quad = BinPlan::quad;
  constexpr int batches = tile / (threads * Batch::size);
  // Each quarter of the threads counts for itself, so that a place among those of a bin is 11 bits beside 21 of a cell.
  constexpr int quarters = threads / BinPlan::most_bins, cell_bits = 21;
  static_assert(batches * threads * Batch::size == tile && tile / quarters <= 1 << (32 - cell_bits), "");
  static_assert(BinPlan::most_bins * BinPlan::bin_cells == 1 << cell_bits, "");
  __shared__ __align__(16) std::uint16_t sorted[BinPlan::entries];
  __shared__ std::uint32_t counts[threads];  // [bins, quarters]
  __shared__ std::uint32_t of_warps[threads / 32];
  __shared__ FateCounter fates;
  const auto thread = static_cast<int>(threadIdx.x);
  counts[thread] = 0;
  await_stream();
  const std::int64_t tile_begin = std::int64_t{blockIdx.x} * tile;
  const auto begin = static_cast<int>(tile_begin),
             end = static_cast<int>(smaller<std::int64_t>(tile_begin + tile, job.clouds.count));
  fates.clear(job.counts == nullptr ? -1 : segment_at(job.clouds, begin).cloud);
  __syncthreads();

  PointLocator<VoxelizeJob<F>, Layout> locator(job, fates);
  std::uint32_t* of_quarter = counts + thread / (threads / quarters);
  std::uint32_t points[batches * Batch::size], present = 0;
#pragma unroll
  for (int b = 0; b < batches; ++b) {
    const int base = begin + b * threads * Batch::size;
    Batch batch;
    batch.load(job.clouds, base, end);
    locator.locate(batch, base, begin, end, [&](int k, int, std::int32_t at) {
      const auto cell = static_cast<std::uint32_t>(locator.cloud * job.grid.cells) + static_cast<std::uint32_t>(at);
      const std::uint32_t rank = atomicAdd(of_quarter + cell / BinPlan::bin_cells * quarters, 1u);
      points[b * Batch::size + k] = rank << cell_bits | cell;
      present |= 1u << (b * Batch::size + k);
    });
  }
  __syncthreads();
  fates.flush(job.counts);

  // From counts to where each begins.
  const std::uint32_t count = counts[thread];
  std::uint32_t of_bin = count;
#pragma unroll
  for (int step = 1; step < quarters; step *= 2) of_bin += __shfl_xor_sync(0xffffffffu, of_bin, step);
  const std::uint32_t padding = thread % quarters == quarters - 1 ? (0u - of_bin) % quad : 0;
  std::uint32_t total = 0;
  const std::uint32_t sum = block_prefix_sum(count + padding, of_warps, &total);
  counts[thread] = sum - padding - count;
  for (std::uint32_t p = sum - padding; p < sum; ++p) sorted[p] = BinPlan::bin_cells;
  const std::uint32_t bin_end = __shfl_down_sync(0xffffffffu, sum, quarters - 1);
  if (thread % quarters == 0 && thread / quarters < plan.bins) {
    scratch.runs[thread / quarters * plan.tiles + blockIdx.x] = (sum - count) / quad | bin_end / quad << 16;
  }
  __syncthreads();
#pragma unroll
  for (int p = 0; p < batches * Batch::size; ++p) {
    if ((present >> p & 1u) == 0) continue;
    const std::uint32_t cell = points[p] % (1u << cell_bits), rank = points[p] >> cell_bits;
    sorted[of_quarter[cell / BinPlan::bin_cells * quarters] + rank] =
        static_cast<std::uint16_t>(cell % BinPlan::bin_cells);
  }
  __syncthreads();
  auto* to = reinterpret_cast<uint2*>(scratch.entries + std::int64_t{blockIdx.x} * BinPlan::entries);
  for (int q = thread; q < static_cast<int>(total) / quad; q += threads)
    to[q] = reinterpret_cast<const uint2*>(sorted)[q];
}

/// Writes the counts of `cells` cells, numbered over all clouds, from `first` on. The whole block calls it.
template <class F>
__device__ inline void write_counts(const VoxelizeJob<F>& job, std::int64_t first, int cells,
                                    const std::uint32_t* counts) noexcept {
  const TensorJob& to = job.count;
  if (to.data == nullptr) return;
  const auto thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  int done = 0;
  char* out = to.data + first * 4;
  if (to.is_dense && reinterpret_cast<std::uintptr_t>(out) % 16 == 0) {
    for (int item = thread; item < cells / 4; item += threads) {
      reinterpret_cast<uint4*>(out)[item] = reinterpret_cast<const uint4*>(counts)[item];
    }
    done = cells / 4 * 4;
  }
  for (int cell = done + thread; cell < cells; cell += threads) {
    store_as(to.data, offset_of(job.grid, to, first + cell), static_cast<std::int32_t>(counts[cell]));
  }
}

/// The same for the occupancy. Bits begin with a word.
template <class F>
__device__ inline void write_occupied(const VoxelizeJob<F>& job, std::int64_t first, int cells,
                                      const std::uint32_t* counts) noexcept {
  const TensorJob& to = job.occupancy;
  if (to.data == nullptr) return;
  const auto thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  if (to.type == CellType::bit) {
    for (int cell = thread; cell < (cells + 31) / 32 * 32; cell += threads) {
      const unsigned int word = __ballot_sync(0xffffffffu, cell < cells && counts[cell] != 0);
      if (cell % 32 != 0) continue;
      const std::int64_t cloud = job.grid.of_cells.divide(first + cell);
      reinterpret_cast<std::uint32_t*>(
          to.data)[cloud * to.cloud_stride + (first + cell - cloud * job.grid.cells) / 32] = word;
    }
    return;
  }
  int done = 0;
  if (to.type == CellType::u8 && to.is_dense && reinterpret_cast<std::uintptr_t>(to.data + first) % 4 == 0) {
    for (int item = thread; item < cells / 4; item += threads) {
      const uint4 of = reinterpret_cast<const uint4*>(counts)[item];
      reinterpret_cast<std::uint32_t*>(to.data + first)[item] = (of.x != 0 ? 1u : 0u) | (of.y != 0 ? 1u << 8 : 0u) |
                                                                (of.z != 0 ? 1u << 16 : 0u) |
                                                                (of.w != 0 ? 1u << 24 : 0u);
    }
    done = cells / 4 * 4;
  }
  for (int cell = done + thread; cell < cells; cell += threads) {
    store_flag(to.data, to.type, offset_of(job.grid, to, first + cell), counts[cell] != 0);
  }
}

/// Counts the points of one bin, and writes what is wanted of its cells.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.bitmap_threads, 1)
    bin_cells_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ BinPlan plan,
                     const __grid_constant__ DeviceScratch scratch) {
  constexpr int threads = voxelize_tuning.bitmap_threads;
  // Half a warp takes a run, `ahead` of them at once: reading is what takes time.
  constexpr int lanes = 16, teams = threads / lanes, ahead = 4;
  extern __shared__ __align__(16) std::uint32_t counts[];  // and one of what fills up quads
  const auto thread = static_cast<int>(threadIdx.x), lane = thread % lanes;
  const auto bin = static_cast<int>(blockIdx.x);
  for (int cell = thread * 4; cell < BinPlan::bin_cells; cell += threads * 4) {
    *reinterpret_cast<uint4*>(counts + cell) = make_uint4(0, 0, 0, 0);
  }
  __syncthreads();
  await_stream();
  const auto count_quad = [](const uint2& q) {
    atomicAdd(counts + (q.x & 0xffffu), 1u);
    atomicAdd(counts + (q.x >> 16), 1u);
    atomicAdd(counts + (q.y & 0xffffu), 1u);
    atomicAdd(counts + (q.y >> 16), 1u);
  };
  const std::uint32_t* runs = scratch.runs + bin * plan.tiles;
  for (std::int64_t first = thread / lanes; first < plan.tiles; first += teams * lanes) {
    // A lane knows one run: of tiles that lie `teams` apart, so that few tiles employ all of them, too.
    const std::int64_t mine = first + std::int64_t{lane} * teams;
    const std::uint32_t run = mine < plan.tiles ? __ldg(runs + mine) : 0;
    const auto* entries = reinterpret_cast<const uint2*>(scratch.entries + first * BinPlan::entries);
    for (int t = 0; t < lanes && first + std::int64_t{t} * teams < plan.tiles; t += ahead) {
      uint2 quads[ahead];
      int at[ahead], end[ahead];
#pragma unroll
      for (int a = 0; a < ahead; ++a) {
        const std::uint32_t of_tile = __shfl_sync(0xffffu << (thread & 16), run, t + a, lanes);
        at[a] = static_cast<int>(of_tile & 0xffffu) + lane;
        end[a] = static_cast<int>(of_tile >> 16);
        if (at[a] < end[a]) quads[a] = __ldg(entries + (t + a) * (teams * BinPlan::entries / BinPlan::quad) + at[a]);
      }
#pragma unroll
      for (int a = 0; a < ahead; ++a) {
        if (at[a] < end[a]) count_quad(quads[a]);
        for (int more = at[a] + lanes; more < end[a]; more += lanes) {
          count_quad(__ldg(entries + (t + a) * (teams * BinPlan::entries / BinPlan::quad) + more));
        }
      }
    }
  }
  __syncthreads();
  const std::int64_t first_cell = std::int64_t{bin} * BinPlan::bin_cells;
  const auto cells = static_cast<int>(smaller<std::int64_t>(BinPlan::bin_cells, job.all_cells() - first_cell));
  write_counts(job, first_cell, cells, counts);
  write_occupied(job, first_cell, cells, counts);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
