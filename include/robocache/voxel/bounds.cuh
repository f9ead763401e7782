// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/number_key.hpp>
#include <robocache/voxel/point_batch.cuh>

#include <cstdint>

// Boxes are keys, which atomics order as the numbers, until the last kernel.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.threads)
    clear_boxes_kernel(const __grid_constant__ BoundsJob<F> job) {
  await_stream();
  const std::int64_t step = std::int64_t{gridDim.x} * voxelize_tuning.threads;
  for (std::int64_t i = std::int64_t{blockIdx.x} * voxelize_tuning.threads + threadIdx.x; i < job.clouds.clouds * 6;
       i += step) {
    reinterpret_cast<std::uint64_t*>(job.boxes)[i] = key_of(i % 6 < 3 ? infinite<double> : -infinite<double>);
  }
}

template <class F>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.threads)
    finish_boxes_kernel(const __grid_constant__ BoundsJob<F> job) {
  await_stream();
  const std::int64_t step = std::int64_t{gridDim.x} * voxelize_tuning.threads;
  for (std::int64_t i = std::int64_t{blockIdx.x} * voxelize_tuning.threads + threadIdx.x; i < job.clouds.clouds * 6;
       i += step) {
    job.boxes[i] = number_of(reinterpret_cast<const std::uint64_t*>(job.boxes)[i]);
  }
}

/// Extends a box of keys in shared or device memory.
template <class F>
__device__ inline void merge_box(unsigned long long* keys, const Box<F>& box) noexcept {
#pragma unroll
  for (int axis = 0; axis < 3; ++axis) {
    atomicMin(keys + axis, static_cast<unsigned long long>(key_of(static_cast<double>(box.low[axis]))));
    atomicMax(keys + 3 + axis, static_cast<unsigned long long>(key_of(static_cast<double>(box.high[axis]))));
  }
}

/// A thread keeps the box of the cloud that its points are in; those of the block's first cloud meet in shared memory.
template <class F, PointLayout Layout>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(voxelize_tuning.threads)
    bounds_kernel(const __grid_constant__ BoundsJob<F> job, const int share) {
  using Batch = PointBatch<F, Layout>;
  __shared__ unsigned long long shared_box[6];
  await_stream();
  auto* boxes = reinterpret_cast<unsigned long long*>(job.boxes);
  const std::int64_t first = std::int64_t{blockIdx.x} * share;
  const auto begin = static_cast<int>(first),
             end = static_cast<int>(smaller<std::int64_t>(first + share, job.clouds.count));
  const std::int64_t home = segment_at(job.clouds, begin).cloud;
  if (threadIdx.x == 0) {
    for (int k = 0; k < 6; ++k) shared_box[k] = key_of(k < 3 ? infinite<double> : -infinite<double>);
  }
  __syncthreads();
  SegmentView view;
  Box<F> box = Box<F>::none();
  const auto flush = [&] {
    if (!box.is_none()) merge_box(boxes + view.cloud * 6, box);
    box = Box<F>::none();
  };
  Batch batch;
  for (std::int64_t base = begin; base < end; base += voxelize_tuning.threads * Batch::size) {
    batch.load(job.clouds, static_cast<int>(base), end);
#pragma unroll
    for (int k = 0; k < Batch::size; ++k) {
      const int i = Batch::index(static_cast<int>(base), k);
      if (i >= end) continue;
      if (i < view.begin || i >= view.end) {
        const SegmentView next = segment_at(job.clouds, i);
        if (next.cloud != view.cloud) flush();
        view = next;
      }
      if (view.cloud >= 0) extend_by(&box, job.clouds, view, batch.raw[k]);
    }
  }
  if (__all_sync(0xffffffffu, box.is_none() || view.cloud == home)) {
#pragma unroll
    for (int axis = 0; axis < 3; ++axis) {
#pragma unroll
      for (int lanes = 16; lanes > 0; lanes /= 2) {
        box.low[axis] = smaller(box.low[axis], __shfl_xor_sync(0xffffffffu, box.low[axis], lanes));
        box.high[axis] = larger(box.high[axis], __shfl_xor_sync(0xffffffffu, box.high[axis], lanes));
      }
    }
    if (threadIdx.x % 32 == 0 && !box.is_none()) merge_box(shared_box, box);
  } else {
    flush();
  }
  __syncthreads();
  if (threadIdx.x < 6 && home >= 0) {
    unsigned long long* to = boxes + home * 6 + threadIdx.x;
    if (threadIdx.x < 3) {
      atomicMin(to, shared_box[threadIdx.x]);
    } else {
      atomicMax(to, shared_box[threadIdx.x]);
    }
  }
}

struct ROBOCACHE_HIDDEN BoundsOnStream {
  cudaStream_t stream;

  template <class F>
  ROBOCACHE_HIDDEN Status operator()(const BoundsJob<F>& job) const noexcept {
    constexpr int threads = voxelize_tuning.threads;
    const std::int64_t numbers = job.clouds.clouds * 6;
    const LaunchShape shape = {smaller<std::int64_t>((numbers - 1) / threads + 1, 1 << 16), threads};
    ROBOCACHE_CHECK(launch(clear_boxes_kernel<F>, shape, stream, job));
    if (job.clouds.count > 0) {
      const PointShares shares(job.clouds.count);
      ROBOCACHE_CHECK(for_layout(job.clouds, [&](auto layout) -> Status {
        return launch(bounds_kernel<F, decltype(layout)::value>, {shares.blocks, threads}, stream, job,
                      static_cast<int>(shares.share));
      }));
    }
    return launch(finish_boxes_kernel<F>, shape, stream, job);
  }
};

}  // namespace detail

template <class First, class... Rest>
Status bounds(const BoundsArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("bounds");
  return detail::dispatch_bounds<First, Rest...>(args, detail::BoundsOnStream{stream});
}

ROBOCACHE_NAMESPACE_END
