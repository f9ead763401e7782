// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/fuse/synchronize.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// All queues of a segment, each in one lane of the smallest power of two that holds them; the warp's other lanes
/// repeat those. Whatever is returned is the same in every lane, so that a warp never diverges on it.
template <class Stamp>
class WarpQueues {
 public:
  using Value = time_value_t<Stamp>;
  static constexpr unsigned int all_lanes = 0xffffffffu;
  static constexpr std::int64_t prefetch_distance = 64;  // messages

  __device__ WarpQueues(const SynchronizeJob& job, std::int64_t segment, int lane) noexcept
      : width_(lanes_of(job.stream_count)),
        stream_(smaller(lane % width_, job.stream_count - 1)),
        queue_(job, stream_, segment),
        rows_(job.sets + segment * job.capacity * job.stream_count + stream_),
        written_(lane < job.stream_count ? job.capacity : 0),
        pitch_(job.stream_count) {}

  __device__ bool complete() const noexcept { return __all_sync(all_lanes, !queue_.empty()) != 0; }
  __device__ HeadInterval<Value> interval() const noexcept {
    HeadInterval<Value> heads = {queue_.time, queue_.time, stream_};
    for (int step = 1; step < width_; step *= 2) {
      const Value start = __shfl_xor_sync(all_lanes, heads.start, step);
      const Value end = __shfl_xor_sync(all_lanes, heads.end, step);
      const std::int32_t earliest = __shfl_xor_sync(all_lanes, heads.earliest, step);
      if (start < heads.start || (start == heads.start && earliest < heads.earliest)) {
        heads.start = start;
        heads.earliest = earliest;
      }
      heads.end = larger(heads.end, end);
    }
    return heads;
  }
  __device__ void advance(std::int32_t stream) noexcept {
    if (stream != stream_) return;
    queue_.seek(queue_.head + 1);
    const std::int64_t ahead = smaller(queue_.head + prefetch_distance, queue_.stamps.count - 1);
    asm volatile("prefetch.global.L2 [%0];" ::"l"(queue_.stamps.data + ahead));
  }
  __device__ void expect_next(std::int32_t stream, Value pivot_time) noexcept {
    if (stream == stream_ && queue_.empty()) queue_.expect_next(pivot_time);
  }
  __device__ void take() noexcept { queue_.candidate = queue_.head; }
  __device__ void publish(std::int64_t set) noexcept {
    if (set < written_) rows_[set * pitch_] = queue_.first_row + queue_.candidate;
    queue_.seek(queue_.candidate + 1);
  }

 private:
  __device__ static std::int32_t lanes_of(std::int32_t streams) noexcept {
    std::int32_t lanes = 1;
    while (lanes < streams) lanes *= 2;
    return lanes;
  }

  std::int32_t width_;
  std::int32_t stream_;
  MessageQueue<Stamp> queue_;
  std::int64_t* rows_;
  std::int64_t written_;  // sets that this lane writes
  std::int64_t pitch_;
};

inline constexpr int synchronize_threads = 64;  // few, so that some hundred segments reach every multiprocessor

template <class Stamp>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(synchronize_threads)
    synchronize_kernel(const __grid_constant__ SynchronizeJob job) {
  await_stream();
  constexpr int warps = synchronize_threads / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * warps;
  for (std::int64_t s = blockIdx.x * static_cast<std::int64_t>(warps) + threadIdx.x / 32; s < job.segments; s += step) {
    WarpQueues<Stamp> queues(job, s, lane);
    finish_segment(job, s, find_sets(queues, job), lane, 32);
  }
}

}  // namespace detail

template <class First, class... Rest>
Status synchronize(const SynchronizeArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("synchronize");
  detail::SynchronizeJob job;
  ROBOCACHE_CHECK(detail::prepare(args, &job));
  return detail::dispatch_stamp<First, Rest...>(args.streams->times.type, [&](auto stamp) -> Status {
    if (job.segments == 0) return {};
    constexpr std::int64_t warps = detail::synchronize_threads / 32;
    const std::int64_t blocks = detail::smaller<std::int64_t>((job.segments + warps - 1) / warps, 1 << 30);
    return detail::launch(detail::synchronize_kernel<decltype(stamp)>, {blocks, detail::synchronize_threads}, stream,
                          job);
  });
}

ROBOCACHE_NAMESPACE_END
