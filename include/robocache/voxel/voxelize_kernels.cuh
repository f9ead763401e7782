// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
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

/// The segment that a thread's points are in, looked up anew only where they leave it.
template <class F>
struct SegmentCursor {
  int begin = 0;
  unsigned int length = 0;
  SegmentView view;
  Vector3<F> origin;

  __device__ void move(const VoxelizeJob<F>& job, int i) noexcept {
    if (static_cast<unsigned int>(i - begin) < length) return;
    view = segment_at(job.clouds, i);
    begin = static_cast<int>(view.begin);
    length = static_cast<unsigned int>(view.end - view.begin);
    if (view.cloud >= 0) origin = job.grid.origin_of(view.cloud);
  }
};

__device__ inline void add_to(std::int64_t* sum, std::uint64_t more) noexcept {
  atomicAdd(reinterpret_cast<unsigned long long*>(sum), static_cast<unsigned long long>(more));
}
__device__ inline void add_fate(PointCounts* counts, PointFate fate, std::uint64_t more) noexcept {
  add_to(fate == PointFate::kept       ? &counts->kept
         : fate == PointFate::outside  ? &counts->outside
         : fate == PointFate::filtered ? &counts->filtered
                                       : &counts->not_finite,
         more);
}

/// Fates of a block's points, of which most belong to one cloud: a warp sums those.
struct FateCounter {
  PointCounts* counts;
  std::int64_t home;
  int sums[4] = {0, 0, 0, 0};

  /// The whole warp calls it. A negative cloud is counted nowhere.
  __device__ void add(std::int64_t cloud, PointFate fate) noexcept {
    if (counts == nullptr) return;
#pragma unroll
    for (int f = 0; f < 4; ++f) {
      sums[f] += __popc(__ballot_sync(0xffffffffu, cloud == home && fate == static_cast<PointFate>(f)));
    }
    if (cloud >= 0 && cloud != home) add_fate(counts + cloud, fate, 1);
  }
  __device__ void flush() const noexcept {
    if (counts == nullptr || home < 0 || threadIdx.x % 32 != 0) return;
#pragma unroll
    for (int f = 0; f < 4; ++f) {
      if (sums[f] != 0) add_fate(counts + home, static_cast<PointFate>(f), static_cast<std::uint64_t>(sums[f]));
    }
  }
};

/// Where a thread's k-th point falls, with what follows for cell_of and counts. Invalid points are nowhere.
struct Fallen {
  std::int32_t cell;   ///< within the cloud, or -1
  std::int64_t cloud;  ///< or negative
};
template <class F>
__device__ inline Fallen locate_point(const VoxelizeJob<F>& job, SegmentCursor<F>& cursor, int i, bool valid,
                                      const Vector3<F>& raw, FateCounter& fates) noexcept {
  Located at = {-1, PointFate::kept};
  std::int64_t cloud = -1;
  if (valid) {
    cursor.move(job, i);
    cloud = cursor.view.cloud;
    if (cloud >= 0) at = locate(job, cursor.view, cursor.origin, raw);
    if (job.cell_of != nullptr) job.cell_of[i] = at.cell < 0 ? -1 : cloud * job.grid.cells + at.cell;
  }
  fates.add(cloud, at.fate);
  return {at.cell, cloud};
}

/// Marks a cell; of a bit, only where it is not set yet.
template <class F>
__device__ inline void mark_on_device(const VoxelizeJob<F>& job, const Fallen& at) noexcept {
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

  /// 64-bit addition as two of 32 bits, which shared memory does by itself.
  __device__ void add(int word, int entry, std::uint64_t more) const noexcept {
    auto* halves = reinterpret_cast<unsigned int*>(words + (word * entries + entry));
    const auto low = static_cast<unsigned int>(more);
    auto high = static_cast<unsigned int>(more >> 32);
    if (low != 0 && atomicAdd(halves, low) > ~low) ++high;
    if (high != 0) atomicAdd(halves + 1, high);
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
    __syncthreads();
  }
  FateCounter fates = {job.counts, job.counts == nullptr ? -1 : segment_at(job.clouds, begin).cloud};
  SegmentCursor<F> cursor;
  Batch batch;
  int gathered = 0;  // points since the table was empty
  for (std::int64_t at_base = begin; at_base < end; at_base += step) {
    const auto base = static_cast<int>(at_base);
    batch.load(job.clouds, base, end);
#pragma unroll
    for (int k = 0; k < Batch::size; ++k) {
      const int i = Batch::index(base, k);
      const Fallen at = locate_point(job, cursor, i, i < end, batch.raw[k], fates);
      if (at.cell < 0) continue;
      if constexpr (Task == PointTask::mark) {
        if (job.occupancy.data != nullptr) mark_on_device(job, at);
      } else {
        const std::int64_t cell = at.cloud * job.grid.cells + at.cell;
        const int entry = aggregates ? table.entry_of(static_cast<std::uint32_t>(cell)) : -1;
        if constexpr (Task == PointTask::count) {
          if (entry >= 0) {
            atomicAdd(table.points + entry, 1u);
            continue;
          }
          count_on_device(job, job.count.offset(job.grid, at.cloud, at.cell), 1);
          if (job.occupancy.data != nullptr) mark_on_device(job, at);
        } else {
          const PointValues<F> values = values_of(job.clouds, cursor.view, batch.raw[k]);
          const auto more = [&](int c) {
            return contribution(job.channels[c], channel_value(job.clouds, job.channels[c], i, values));
          };
          if (entry < 0) {
            add_to_record(job, scratch, cell, 1, 0, more);
            continue;
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
    }
    if (Task == PointTask::mark || !aggregates) continue;
    gathered += step;
    __syncthreads();
    const int entries_used = used;
    __syncthreads();  // all have read it before it changes
    if (entries_used <= table.entries / 2 && at_base + step < end) continue;
    for (int entry = thread; entry < table.entries; entry += voxelize_tuning.threads) {
      const std::uint32_t cell = table.keys[entry];
      if (cell == CellTable::nobody) continue;
      if constexpr (Task == PointTask::count) {
        const std::int64_t cloud = job.grid.of_cells.divide(cell);
        const Fallen at = {static_cast<std::int32_t>(cell - cloud * job.grid.cells), cloud};
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
  fates.flush();
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

/// One cloud, one slab of its cells, one part of its points. All parts of a slab but a single one merge their bits into
/// `merged`, [clouds, pitch] words that are 0.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.bitmap_threads, 1)
    bitmap_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ BitmapPlan plan,
                  std::uint32_t* merged, const std::int64_t pitch) {
  using Batch = PointBatch<F, Layout>;
  constexpr int threads = voxelize_tuning.bitmap_threads;
  extern __shared__ std::uint32_t bitmap[];
  await_stream();
  const auto thread = static_cast<int>(threadIdx.x);
  // Slabs of the same points are neighbours, and find them in L2.
  const int slab = static_cast<int>(blockIdx.x) % plan.slabs;
  const std::int64_t of_parts = blockIdx.x / static_cast<unsigned int>(plan.slabs);
  const std::int64_t cloud = of_parts / plan.parts, part = of_parts - cloud * plan.parts;
  const auto first_cell = static_cast<int>(slab * plan.slab_cells);
  const auto cells = static_cast<int>(smaller(plan.slab_cells, job.grid.cells - first_cell));
  const int words = (cells + 31) / 32;
  for (int w = thread; w < words; w += threads) bitmap[w] = 0;
  __syncthreads();

  const std::int64_t count = job.clouds.count;
  const RowRange points =
      job.clouds.cloud_of != nullptr ? RowRange{0, count} : segment_rows(job.clouds.segments, cloud, count);
  const std::int64_t span = points.end - points.begin;
  const auto begin = static_cast<int>(points.begin + span * part / plan.parts),
             end = static_cast<int>(points.begin + span * (part + 1) / plan.parts);
  FateCounter fates = {slab == 0 ? job.counts : nullptr, cloud};
  SegmentCursor<F> cursor;
  Batch batch;
  for (std::int64_t at_base = begin / 4 * 4; at_base < end; at_base += threads * Batch::size) {
    const auto base = static_cast<int>(at_base);
    batch.load(job.clouds, base, end);
#pragma unroll
    for (int k = 0; k < Batch::size; ++k) {
      const int i = Batch::index(base, k);
      const bool valid = i >= begin && i < end;
      const Fallen at = locate_point(job, cursor, i, valid, batch.raw[k], fates);
      const auto within = static_cast<unsigned int>(at.cell - first_cell);
      if (at.cell >= 0 && at.cloud == cloud && within < static_cast<unsigned int>(cells)) {
        atomicOr(bitmap + within / 32, 1u << (within % 32));
      }
    }
  }
  fates.flush();
  __syncthreads();
  if (plan.parts == 1 && job.occupancy.type != CellType::bit) {
    write_flags(job, cloud, first_cell, cells, bitmap);
    return;
  }
  std::uint32_t* to = merged + cloud * pitch + first_cell / 32;
  for (int w = thread; w < words; w += threads) {
    if (plan.parts == 1) {
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

/// Sorts a tile of points by bin. Entries are where in its bin a point's cell is; their order within a bin is any.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.bin_threads, 2)
    bin_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ BinPlan plan,
               const __grid_constant__ DeviceScratch scratch) {
  using Batch = PointBatch<F, Layout>;
  constexpr int threads = voxelize_tuning.bin_threads, tile = BinPlan::tile, each = BinPlan::most_bins / 32;
  constexpr std::uint32_t nowhere = 0xffffffffu;
  __shared__ std::uint32_t cells[tile];
  __shared__ std::uint32_t sorted[tile / 2];  // pairs of entries
  __shared__ std::uint32_t fill[BinPlan::most_bins];
  await_stream();
  const auto thread = static_cast<int>(threadIdx.x);
  const int begin = static_cast<int>(blockIdx.x) * tile;
  const auto end = static_cast<int>(smaller<std::int64_t>(begin + tile, job.clouds.count));
  for (int bin = thread; bin < BinPlan::most_bins; bin += threads) fill[bin] = 0;
  __syncthreads();

  FateCounter fates = {job.counts, job.counts == nullptr ? -1 : segment_at(job.clouds, begin).cloud};
  SegmentCursor<F> cursor;
  Batch batch;
  for (int base = begin; base < end; base += threads * Batch::size) {
    batch.load(job.clouds, base, end);
#pragma unroll
    for (int k = 0; k < Batch::size; ++k) {
      const int i = Batch::index(base, k);
      const Fallen at = locate_point(job, cursor, i, i < end, batch.raw[k], fates);
      if (i >= end) continue;
      const std::uint32_t cell =
          at.cell < 0 ? nowhere : static_cast<std::uint32_t>(at.cloud * job.grid.cells + at.cell);
      cells[i - begin] = cell;
      if (cell != nowhere) atomicAdd(fill + cell / BinPlan::bin_cells, 1u);
    }
  }
  fates.flush();
  __syncthreads();

  // From how many each bin gets to where it begins.
  std::uint32_t* starts = scratch.starts + std::int64_t{blockIdx.x} * (plan.bins + 1);
  if (thread < 32) {
    std::uint32_t of_lane = 0;
    for (int k = 0; k < each; ++k) of_lane += fill[thread * each + k];
    std::uint32_t sum = of_lane;
    for (int step = 1; step < 32; step *= 2) {
      const std::uint32_t other = __shfl_up_sync(0xffffffffu, sum, static_cast<unsigned int>(step));
      if (thread >= step) sum += other;
    }
    std::uint32_t start = sum - of_lane;
    for (int k = 0; k < each; ++k) {
      const int bin = thread * each + k;
      const std::uint32_t here = fill[bin];
      fill[bin] = start;
      if (bin <= plan.bins) starts[bin] = start;
      start += here;
    }
    if (thread == 31 && plan.bins == BinPlan::most_bins) starts[plan.bins] = start;
  }
  __syncthreads();
  auto* entries = reinterpret_cast<std::uint16_t*>(sorted);
  for (int i = thread; i < end - begin; i += threads) {
    const std::uint32_t cell = cells[i];
    if (cell == nowhere) continue;
    entries[atomicAdd(fill + cell / BinPlan::bin_cells, 1u)] = static_cast<std::uint16_t>(cell % BinPlan::bin_cells);
  }
  __syncthreads();
  // Each bin is filled up to where the next began.
  const auto pairs = static_cast<int>((fill[BinPlan::most_bins - 1] + 1) / 2);
  auto* to = reinterpret_cast<std::uint32_t*>(scratch.entries) + std::int64_t{blockIdx.x} * (tile / 2);
  for (int pair = thread; pair < pairs; pair += threads) to[pair] = sorted[pair];
}

/// Counts one bin over a part of the tiles, a warp a tile at a time, and adds to counts that were cleared.
template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.bitmap_threads)
    count_bins_kernel(const __grid_constant__ VoxelizeJob<F> job, const __grid_constant__ BinPlan plan,
                      const __grid_constant__ DeviceScratch scratch) {
  constexpr int threads = voxelize_tuning.bitmap_threads, warps = threads / 32;
  constexpr unsigned int everyone = 0xffffffffu;
  extern __shared__ std::uint32_t counts[];
  await_stream();
  const auto thread = static_cast<int>(threadIdx.x), lane = thread % 32;
  const int bin = static_cast<int>(blockIdx.x) % plan.bins, split = static_cast<int>(blockIdx.x) / plan.bins;
  for (int cell = thread; cell < BinPlan::bin_cells; cell += threads) counts[cell] = 0;
  __syncthreads();
  for (std::int64_t t = split * warps + thread / 32; t < plan.tiles; t += BinPlan::splits * warps) {
    const std::uint32_t* starts = scratch.starts + t * (plan.bins + 1) + bin;
    const auto begin = static_cast<int>(__ldg(starts)), end = static_cast<int>(__ldg(starts + 1));
    const std::uint16_t* entries = scratch.entries + t * BinPlan::tile;
    for (int first = begin; first < end; first += 32) {
      const bool valid = first + lane < end;
      const int cell = valid ? __ldg(entries + first + lane) : 0;
      // Many points in one cell would queue for its count.
      const int of_first = __shfl_sync(everyone, cell, 0);
      if (__all_sync(everyone, !valid || cell == of_first)) {
        if (lane == 0) atomicAdd(counts + of_first, static_cast<std::uint32_t>(smaller(end - first, 32)));
      } else if (valid) {
        atomicAdd(counts + cell, 1u);
      }
    }
  }
  __syncthreads();
  const std::int64_t first_cell = std::int64_t{bin} * BinPlan::bin_cells;
  const auto cells = static_cast<int>(smaller<std::int64_t>(BinPlan::bin_cells, job.all_cells() - first_cell));
  for (int cell = thread; cell < cells; cell += threads) {
    if (counts[cell] == 0) continue;
    count_on_device(job, offset_of(job.grid, job.count, first_cell + cell), static_cast<int>(counts[cell]));
  }
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
