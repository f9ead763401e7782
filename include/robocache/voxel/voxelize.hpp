// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/workspace.hpp>
#include <robocache/voxel/point_clouds.hpp>
#include <robocache/voxel/voxel_grid.hpp>
#include <robocache/voxel/voxelize_job.hpp>
#include <robocache/voxel/voxelize_plan.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Point clouds into dense grids. The common case:
//
//   robocache::VoxelizeArgs args;
//   args.points = robocache::points_of(xyz, count);                          // const float* [count, 3]
//   args.grid = robocache::grid_over({-51.2, -51.2, -5}, {51.2, 51.2, 3}, {0.4, 0.4, 0.2});
//   args.occupancy = robocache::dense(occupancy);                            // std::uint8_t* [z, y, x]
//   ROBOCACHE_CHECK(robocache::voxelize(args, workspace, stream));           // workspace_bytes(args, stream)

ROBOCACHE_NAMESPACE_BEGIN

/// Bytes of scratch that `voxelize` needs for these arguments: host memory here. From host values alone; no pointer is
/// followed but that of the channels. 0 also where the arguments are wrong, which the call itself reports.
///
/// Nothing without channels. With them 8 bytes a point, unless `cell_of` is asked for, 4 bytes a cell, and
/// 16 + 8 * channels bytes for each cell that may be occupied, so for the lesser of points and cells.
inline std::size_t workspace_bytes(const VoxelizeArgs& args, Host host) noexcept;

/// Voxelizes on the CPU. Shapes, errors and result bits are those of the stream overload, for any number of threads.
/// Returns when done.
ROBOCACHE_API Status voxelize(const VoxelizeArgs& args, Workspace workspace, Host host);

/// The same, instantiated here for the listed types of coordinates (float, double); no library is linked.
template <class First, class... Rest>
Status voxelize(const VoxelizeArgs& args, Workspace workspace, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same for a call on a stream: device memory. With channels as for the CPU, but for the 8 bytes a point. Without,
/// none for few points; from 2^18 on at most one bit for each cell and some 2.3 bytes a point.
inline std::size_t workspace_bytes(const VoxelizeArgs& args, cudaStream_t stream) noexcept;

/// Voxelizes on the current device: enqueues a few kernels and clears on `stream` and returns. Never synchronises or
/// allocates; may be captured into a graph. Calls that run at the same time need workspaces of their own.
///
/// Writes every element of every tensor asked for, cell_of and counts, nothing else, and nothing at all when an
/// argument is wrong. Results are the same bits on CPU and GPU and from run to run, whatever the order of the points
/// within a cloud.
///
/// Coordinates that are three neighbouring floats in records of 12 or 16 bytes, 16-byte aligned, are fastest.
///
/// Errors found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output or the
/// workspace overlaps an input, cell_of or counts overlaps another output, or two tensors begin at one element; tensors
/// may interleave), misaligned, workspace_too_small, unsupported_type. Of a channel at fault, index() says which. Of
/// launches: cuda_error.
ROBOCACHE_API Status voxelize(const VoxelizeArgs& args, Workspace workspace, cudaStream_t stream);
Status voxelize(const VoxelizeArgs& args, Workspace workspace, std::nullptr_t) = delete;  // name the stream

/// The same, instantiated by nvcc for the listed types of coordinates; defined in voxelize.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status voxelize(const VoxelizeArgs& args, Workspace workspace, cudaStream_t stream);
template <class First, class... Rest>
Status voxelize(const VoxelizeArgs& args, Workspace workspace, std::nullptr_t) = delete;
#endif

namespace detail {

/// The scratch of a call on the CPU, with channels.
struct HostScratch {
  std::int64_t* cell_of = nullptr;
  std::uint32_t* slots = nullptr;
  std::uint64_t* records = nullptr;

  template <class F>
  static HostScratch carve(const VoxelizeJob<F>& job, Carver& carver) noexcept {
    HostScratch scratch;
    scratch.cell_of = job.cell_of;
    if (job.channel_count == 0) return scratch;
    if (scratch.cell_of == nullptr) scratch.cell_of = carver.take<std::int64_t>(job.clouds.count);
    scratch.slots = carver.take<std::uint32_t>(job.all_cells());
    scratch.records = carver.take<std::uint64_t>(job.slots() * job.record_words());
    return scratch;
  }
};

/// Where the points [begin, end) fall, as loops that know how they lie in memory. `cells` has a place for each.
template <class F, PointLayout Layout>
inline void locate_points(const VoxelizeJob<F>& job, std::int64_t begin, std::int64_t end,
                          std::int64_t* cells) noexcept {
  for_segments_of(job.clouds, begin, end,
                  [&](const SegmentView& view, std::int64_t first, std::int64_t stop) ROBOCACHE_ALWAYS_INLINE {
                    if (view.cloud < 0) {
                      for (std::int64_t i = first; i < stop; ++i) cells[i - begin] = -1;
                      return;
                    }
                    const Vector3<F> origin = job.grid.origin_of(view.cloud);
                    const std::int64_t first_cell = view.cloud * job.grid.cells;
                    locate_each<F, Layout>(job.clouds, view, job.counts, first, stop,
                                           [&](std::int64_t i, const Vector3<F>& raw) ROBOCACHE_ALWAYS_INLINE {
                                             const Located at = locate(job, view, origin, raw);
                                             cells[i - begin] = at.cell < 0 ? -1 : first_cell + at.cell;
                                             return at.fate;
                                           });
                  });
}

template <class F>
inline void locate_on_host(const VoxelizeJob<F>& job, std::int64_t begin, std::int64_t end,
                           std::int64_t* cells) noexcept {
  if (job.clouds.layout == PointLayout::any) return locate_points<F, PointLayout::any>(job, begin, end, cells);
  return locate_points<F, PointLayout::triple>(job, begin, end, cells);
}

/// Occupancy and count of the cells [begin, end), if nothing is there. Bits were cleared before.
template <class F>
void clear_cells(const VoxelizeJob<F>& job, std::int64_t begin, std::int64_t end) noexcept {
  for (const TensorJob* tensor : {&job.occupancy, &job.count}) {
    if (tensor->data == nullptr || tensor->type == CellType::bit) continue;
    if (tensor->is_dense) {
      const std::int64_t size = size_of(tensor->type);
      std::memset(tensor->data + begin * size, 0, static_cast<std::size_t>((end - begin) * size));
    } else {
      for (std::int64_t cell = begin; cell < end; ++cell) {
        store_flag(tensor->data, tensor->type, offset_of(job.grid, *tensor, cell), false);
      }
    }
  }
}

/// Points that are located, then marked, at a time.
constexpr std::int64_t mark_batch = 256;

/// Adds to the counts while other threads may: an atomic addition for each run of points in one cell, of which scans
/// have many. Runs are found without branches to mispredict, and fetched ahead, since such additions wait in turn.
template <class F>
void count_runs(const VoxelizeJob<F>& job, const std::int64_t* cells, std::int64_t points) noexcept {
  auto* counts = reinterpret_cast<std::int32_t*>(job.count.data);
  const auto count_of = [&](std::int64_t cell) { return counts + offset_of(job.grid, job.count, cell); };
  std::int64_t end[mark_batch];
  int runs = 0;
  for (std::int64_t i = 1; i < points; ++i) {
    end[runs] = i;
    runs += cells[i] != cells[i - 1] ? 1 : 0;
  }
  end[runs++] = points;
  for (int r = 0; r < runs; ++r) __builtin_prefetch(count_of(larger<std::int64_t>(cells[end[r] - 1], 0)), 1);
  for (int r = 0; r < runs; ++r) {
    const std::int64_t cell = cells[end[r] - 1], more = end[r] - (r == 0 ? 0 : end[r - 1]);
    if (cell >= 0) __atomic_fetch_add(count_of(cell), static_cast<std::int32_t>(more), __ATOMIC_RELAXED);
  }
}

/// Occupancy and count of cells that were cleared, by up to mark_batch points in them. Other threads may do the same,
/// unless `alone`.
template <class F>
void mark_cells(const VoxelizeJob<F>& job, const std::int64_t* cells, std::int64_t points, bool alone) noexcept {
  if (job.count.data != nullptr && alone) {
    auto* counts = reinterpret_cast<std::int32_t*>(job.count.data);
    for (std::int64_t i = 0; i < points; ++i) {
      if (cells[i] >= 0) ++counts[offset_of(job.grid, job.count, cells[i])];
    }
  } else if (job.count.data != nullptr) {
    count_runs(job, cells, points);
  }
  if (job.occupancy.data != nullptr) {
    for (std::int64_t i = 0; i < points; ++i) {
      if (cells[i] >= 0) mark_occupied(job, cells[i]);
    }
  }
}

/// Every output of the cells [begin, end), by records of the occupied ones.
template <class F>
void reduce_cells(const VoxelizeJob<F>& job, const HostScratch& scratch, std::atomic<std::uint32_t>* used,
                  std::int64_t begin, std::int64_t end) noexcept {
  std::memset(scratch.slots + begin, 0, static_cast<std::size_t>(end - begin) * sizeof(std::uint32_t));
  SegmentView view;
  for_points_of(scratch.cell_of, job.clouds.count, begin, end,
                [&](std::int64_t i, std::int64_t cell) ROBOCACHE_ALWAYS_INLINE {
                  std::uint32_t& slot = scratch.slots[cell];
                  if (slot == 0) {
                    slot = used->fetch_add(1, std::memory_order_relaxed) + 1;
                    std::memset(job.record(scratch.records, slot), 0,
                                static_cast<std::size_t>(job.record_words()) * sizeof(std::uint64_t));
                  }
                  if (i >= view.end) view = segment_at(job.clouds, i);
                  std::uint64_t* record = job.record(scratch.records, slot);
                  ++record[0];
                  const PointValues<F> values =
                      values_of(job.clouds, view.segment, read_point<F, PointLayout::any>(job.clouds, i));
                  for (int c = 0; c < job.channel_count; ++c) {
                    const Contribution more =
                        contribution(job.channels[c], channel_value(job.clouds, job.channels[c], i, values));
                    record[1] |= std::uint64_t{more.is_nan} << c;
                    record[2 + c] = job.channels[c].combine(record[2 + c], more.word);
                  }
                });
  for (std::int64_t cell = begin; cell < end; ++cell) {
    const std::uint32_t slot = scratch.slots[cell];
    write_cell(job, cell, slot == 0 ? nullptr : job.record(scratch.records, slot));
  }
}

// As for resample: fma and rounding are library calls unless the code may use the instructions, so it is compiled
// twice.
#if ROBOCACHE_DISPATCH_FMA
template <class F>
__attribute__((target("avx2,fma"), flatten)) void locate_on_host_fma(const VoxelizeJob<F>& job, std::int64_t begin,
                                                                     std::int64_t end, std::int64_t* cells) noexcept {
  locate_on_host(job, begin, end, cells);
}
template <class F>
__attribute__((target("avx2,fma"), flatten)) void reduce_cells_fma(const VoxelizeJob<F>& job,
                                                                   const HostScratch& scratch,
                                                                   std::atomic<std::uint32_t>* used, std::int64_t begin,
                                                                   std::int64_t end) noexcept {
  reduce_cells(job, scratch, used, begin, end);
}
#endif

template <class F>
struct FastestOnHost {
  void (*locate)(const VoxelizeJob<F>&, std::int64_t, std::int64_t, std::int64_t*) = &locate_on_host<F>;
  void (*reduce)(const VoxelizeJob<F>&, const HostScratch&, std::atomic<std::uint32_t>*, std::int64_t,
                 std::int64_t) = &reduce_cells<F>;

  FastestOnHost() noexcept {
#if ROBOCACHE_DISPATCH_FMA
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
    locate = &locate_on_host_fma<F>;
    reduce = &reduce_cells_fma<F>;
#endif
  }
};

struct VoxelizeOnHost {
  Workspace workspace;
  Host host;

  template <class F>
  Status operator()(const VoxelizeJob<F>& job) const {
    Carver carver(workspace);
    const HostScratch scratch = HostScratch::carve(job, carver);
    if (job.counts != nullptr) {
      std::memset(job.counts, 0, static_cast<std::size_t>(job.clouds.clouds) * sizeof(PointCounts));
    }
    if (job.occupancy.data != nullptr && job.occupancy.type == CellType::bit) {
      auto* words = reinterpret_cast<std::uint32_t*>(job.occupancy.data);
      for (std::int64_t cloud = 0; cloud < job.clouds.clouds; ++cloud) {
        std::memset(words + cloud * job.occupancy.cloud_stride, 0, static_cast<std::size_t>(job.words()) * 4);
      }
    }
    const bool marks = job.channel_count == 0 && job.has_tensors();
    constexpr std::int64_t grain = 4096, cleared_grain = 1 << 17;  // a thread costs some 20 us to start
    if (marks) {
      parallel_for(host, job.all_cells(), cleared_grain,
                   [&](std::int64_t begin, std::int64_t end) { clear_cells(job, begin, end); });
    }
    const FastestOnHost<F> fastest;
    const std::int64_t points = job.clouds.count, threads = threads_for(host, points, grain);
    parallel_for(host, points, grain, [&](std::int64_t begin, std::int64_t end) {
      std::int64_t buffer[mark_batch];
      for (; begin < end; begin += mark_batch) {
        const std::int64_t stop = smaller(begin + mark_batch, end);
        std::int64_t* cells = scratch.cell_of != nullptr ? scratch.cell_of + begin : buffer;
        fastest.locate(job, begin, stop, cells);
        if (marks) mark_cells(job, cells, stop - begin, threads == 1);
      }
    });
    if (job.channel_count == 0 || job.all_cells() == 0) return {};
    std::atomic<std::uint32_t> used{0};
    parallel_for(host, job.all_cells(), grain,
                 [&](std::int64_t begin, std::int64_t end) { fastest.reduce(job, scratch, &used, begin, end); });
    return {};
  }
};

}  // namespace detail

inline std::size_t workspace_bytes(const VoxelizeArgs& args, Host) noexcept {
  return detail::measured_bytes<detail::VoxelizeJob, detail::HostScratch>(args);
}

template <class First, class... Rest>
Status voxelize(const VoxelizeArgs& args, Workspace workspace, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  return detail::dispatch_call<detail::VoxelizeJob, detail::HostScratch, First, Rest...>(
      args, workspace, detail::VoxelizeOnHost{workspace, host});
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
inline std::size_t workspace_bytes(const VoxelizeArgs& args, cudaStream_t) noexcept {
  return detail::measured_bytes<detail::VoxelizeJob, detail::DeviceScratch>(args);
}
#endif

ROBOCACHE_NAMESPACE_END
