// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/resample/resample.hpp>
#include <robocache/resample/resample_kernels.cuh>
#include <robocache/resample/resample_tuning.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The most channels one access can carry: both sides aligned, whole rows, 16 bytes at most.
template <class In, class Out>
int channels_per_access(const ResampleJob& job) noexcept {
  const auto fits = [&job](int v) {
    const std::int64_t bytes_in = v * static_cast<std::int64_t>(sizeof(In));
    const std::int64_t bytes_out = v * static_cast<std::int64_t>(sizeof(Out));
    return bytes_in <= 16 && bytes_out <= 16 && job.groups[0].width % v == 0 && job.pitch_in % v == 0 &&
           job.pitch_out % v == 0 && reinterpret_cast<std::uintptr_t>(job.values) % bytes_in == 0 &&
           reinterpret_cast<std::uintptr_t>(job.out) % bytes_out == 0;
  };
  int v = 8;
  while (v > 1 && !fits(v)) v /= 2;
  return v;
}

template <class Of, int V, int Threads>
ROBOCACHE_HIDDEN void launch_two_point(const ResampleJob& job, const ResampleTuning& tuning,
                                       cudaStream_t stream) noexcept {
  if constexpr (V * sizeof(typename Of::In) <= 16 && V * sizeof(typename Of::Out) <= 16) {
    const std::int64_t packs = job.groups[0].width / V;
    const int rows = tile_rows(tuning, packs);
    const ResampleLaunch launch = {(job.rows + rows - 1) / rows, rows, FastDivide(static_cast<std::uint32_t>(packs))};
    const auto blocks = static_cast<unsigned int>(smaller<std::int64_t>(launch.tiles, INT32_MAX));
    resample_two_point_kernel<Of, V, Threads><<<blocks, Threads, 0, stream>>>(job, launch);
  }
}

template <class Of, int Threads>
ROBOCACHE_HIDDEN void launch_groups(const ResampleJob& job, const ResampleTuning& tuning,
                                    cudaStream_t stream) noexcept {
  const int rows = tile_rows(tuning, larger<std::int64_t>(job.width_out, 1));
  const ResampleLaunch launch = {(job.rows + rows - 1) / rows, rows, FastDivide(1)};
  const auto blocks = static_cast<unsigned int>(smaller<std::int64_t>(launch.tiles, INT32_MAX));
  resample_groups_kernel<Of, Threads><<<blocks, Threads, 0, stream>>>(job, launch);
}

/// The kernel and the tile for a job, enqueued.
struct ResampleOnStream {
  cudaStream_t stream;

  template <class Of>
  ROBOCACHE_HIDDEN Status operator()(Of, const ResampleJob& job) const noexcept {
    constexpr ResampleTuning two_point = {256, 4, 32, 128};
    constexpr ResampleTuning groups = {256, 8, 16, 128};
    constexpr std::int64_t widest = INT32_MAX / 256;  // a tile's packs are counted in 32 bits
    const PlacedGroup& first = job.groups[0];
    const bool alone = job.group_count == 1 && is_two_point(first.kind) && !first.derivative && first.width > 0;
    if (alone && first.width <= widest) {
      switch (channels_per_access<typename Of::In, typename Of::Out>(job)) {
        case 8:
          launch_two_point<Of, 8, two_point.threads>(job, two_point, stream);
          break;
        case 4:
          launch_two_point<Of, 4, two_point.threads>(job, two_point, stream);
          break;
        case 2:
          launch_two_point<Of, 2, two_point.threads>(job, two_point, stream);
          break;
        default:
          launch_two_point<Of, 1, two_point.threads>(job, two_point, stream);
      }
    } else {
      launch_groups<Of, groups.threads>(job, groups, stream);
    }
    return launch_status();
  }
};

}  // namespace detail

template <class First, class... Rest>
Status resample(const ResampleArgs& args, cudaStream_t stream) {
  return detail::dispatch<First, Rest...>(args, detail::ResampleOnStream{stream});
}

ROBOCACHE_NAMESPACE_END
