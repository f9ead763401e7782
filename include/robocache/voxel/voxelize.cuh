// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/voxel/voxelize.hpp>
#include <robocache/voxel/voxelize_kernels.cuh>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The kernels of a job, enqueued.
struct ROBOCACHE_HIDDEN VoxelizeOnStream {
  Workspace workspace;
  cudaStream_t stream;

  ROBOCACHE_HIDDEN static LaunchShape shape_for(std::int64_t items) noexcept {
    return {smaller<std::int64_t>((items - 1) / voxelize_tuning.threads + 1, 1 << 20), voxelize_tuning.threads};
  }

  template <class F>
  ROBOCACHE_HIDDEN Status clear(const VoxelizeJob<F>& job, const TensorJob& tensor) const noexcept {
    if (tensor.data == nullptr) return {};
    const std::int64_t items = tensor.type == CellType::bit ? job.words() * job.clouds.clouds : job.all_cells();
    if (tensor.is_dense) return set_bytes(tensor.data, 0, items * size_of(tensor.type), stream);
    return launch(clear_kernel<F>, shape_for(items), stream, job.grid, tensor, job.words(), items);
  }

  /// Dynamic shared memory beyond what a kernel gets unasked: of each kernel always as much, since threads may launch
  /// it side by side.
  template <class Kernel>
  ROBOCACHE_HIDDEN static Status set_aside(Kernel* kernel, int bytes) noexcept {
    return cuda_status(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
                       "shared memory could not be set aside");
  }

  template <PointTask Task, class F>
  ROBOCACHE_HIDDEN Status run_points(const VoxelizeJob<F>& job, const DeviceScratch& scratch) const noexcept {
    if (job.clouds.count == 0) return {};
    constexpr VoxelizeTuning tuning = voxelize_tuning;
    const PointShares shares(job.clouds.count);
    int log2_entries = 0, bytes = 0;
    if (Task != PointTask::mark) {
      const int entry = CellTable::bytes_of_entry(Task == PointTask::record ? 1 + job.channel_count : 0);
      while (2 << log2_entries <= tuning.most_entries && (2 << log2_entries) * entry <= tuning.table_bytes) {
        ++log2_entries;
      }
      bytes = entry << log2_entries;
    }
    return for_layout(job.clouds, [&](auto layout) -> Status {
      const auto kernel = points_kernel<F, decltype(layout)::value, Task>;
      // With what the kernel declares itself it may be more than any kernel gets unasked.
      if (Task == PointTask::record) ROBOCACHE_CHECK(set_aside(kernel, tuning.table_bytes));
      return launch(kernel, {shares.blocks, tuning.threads, bytes}, stream, job, scratch,
                    static_cast<int>(shares.share), log2_entries);
    });
  }

  /// The most that set_aside takes for a kernel that declares little itself.
  ROBOCACHE_HIDDEN static int most_shared_memory() noexcept {
    int device = 0, most = 0;
    const bool is_known =
        cuda_status(cudaGetDevice(&device), "").ok() &&
        cuda_status(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "").ok();
    return is_known ? most - BitmapPlan::declared_bytes : 0;
  }

  template <class F>
  ROBOCACHE_HIDDEN Status run_bitmaps(const VoxelizeJob<F>& job, const BitmapPlan& plan,
                                      std::uint32_t* bits) const noexcept {
    const bool writes_bits = job.occupancy.type == CellType::bit;
    std::uint32_t* merged = writes_bits ? reinterpret_cast<std::uint32_t*>(job.occupancy.data) : bits;
    const std::int64_t pitch = writes_bits ? job.occupancy.cloud_stride : job.words();
    if (plan.is_merged()) {
      ROBOCACHE_CHECK(writes_bits ? clear(job, job.occupancy)
                                  : set_bytes(bits, 0, job.words() * job.clouds.clouds * 4, stream));
    }
    // Points in no segment are in no block's range.
    ROBOCACHE_CHECK(set_bytes(job.cell_of, 0xff, job.clouds.count * 8, stream));
    const int bytes = plan.bytes();
    const std::int64_t blocks = job.clouds.clouds * plan.parts;
    const Status marked = for_layout(job.clouds, [&](auto layout) -> Status {
      const auto kernel = bitmap_kernel<F, decltype(layout)::value>;
      ROBOCACHE_CHECK(set_aside(kernel, most_shared_memory()));
      return launch(kernel, {blocks, voxelize_tuning.bitmap_threads, bytes}, stream, job, plan, merged, pitch);
    });
    if (!marked.ok()) return marked;
    if (!plan.is_merged() || writes_bits) return {};
    return launch(expand_kernel<F>, shape_for(job.all_cells() / 16 + job.clouds.clouds), stream, job, bits);
  }

  template <class F>
  ROBOCACHE_HIDDEN Status run_bins(const VoxelizeJob<F>& job, const BinPlan& plan,
                                   const DeviceScratch& scratch) const noexcept {
    const Status sorted = for_layout(job.clouds, [&](auto layout) -> Status {
      return launch(bin_kernel<F, decltype(layout)::value>, {plan.tiles, voxelize_tuning.bin_threads}, stream, job,
                    plan, scratch);
    });
    if (!sorted.ok()) return sorted;
    const auto kernel = bin_cells_kernel<F>;
    constexpr int bytes = (BinPlan::bin_cells + 1) * 4;
    ROBOCACHE_CHECK(set_aside(kernel, bytes));
    return launch(kernel, {plan.bins, voxelize_tuning.bitmap_threads, bytes}, stream, job, plan, scratch);
  }

  template <class F>
  ROBOCACHE_HIDDEN Status operator()(const VoxelizeJob<F>& job) const noexcept {
    Carver carver(workspace);
    const DeviceScratch scratch = DeviceScratch::carve(job, carver);
    ROBOCACHE_CHECK(
        set_bytes(job.counts, 0, job.clouds.clouds * static_cast<std::int64_t>(sizeof(PointCounts)), stream));
    if (job.all_cells() == 0 || (job.channel_count == 0 && !job.has_tensors())) {
      return job.cell_of != nullptr || job.counts != nullptr ? run_points<PointTask::mark>(job, scratch) : Status{};
    }
    if (job.channel_count != 0) {
      ROBOCACHE_CHECK(set_bytes(scratch.slots, 0, (job.all_cells() + 1) * 4, stream));
      if (job.occupancy.type == CellType::bit) ROBOCACHE_CHECK(clear(job, job.occupancy));
      ROBOCACHE_CHECK(run_points<PointTask::record>(job, scratch));
      return launch(cells_kernel<F>, shape_for(job.all_cells()), stream, job, scratch);
    }
    const BitmapPlan bitmaps = BitmapPlan::of(job);
    if (bitmaps.is_used && bitmaps.bytes() <= most_shared_memory()) return run_bitmaps(job, bitmaps, scratch.bits);
    const BinPlan bins = BinPlan::of(job);
    if (bins.is_used && (BinPlan::bin_cells + 1) * 4 <= most_shared_memory()) return run_bins(job, bins, scratch);
    ROBOCACHE_CHECK(clear(job, job.occupancy));
    ROBOCACHE_CHECK(clear(job, job.count));
    if (job.count.data != nullptr) return run_points<PointTask::count>(job, scratch);
    return run_points<PointTask::mark>(job, scratch);
  }
};

}  // namespace detail

template <class First, class... Rest>
Status voxelize(const VoxelizeArgs& args, Workspace workspace, cudaStream_t stream) {
  ROBOCACHE_RANGE("voxelize");
  return detail::dispatch_call<detail::VoxelizeJob, detail::DeviceScratch, First, Rest...>(
      args, workspace, detail::VoxelizeOnStream{workspace, stream});
}

ROBOCACHE_NAMESPACE_END
