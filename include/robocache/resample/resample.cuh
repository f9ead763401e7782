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

template <class Of>
ROBOCACHE_HIDDEN ResampleLaunch launch_of(const ResampleJob& job, const ResampleTuning& tuning,
                                          std::int64_t items_per_row) noexcept {
  const int rows = tile_rows(tuning, items_per_row);
  return {(job.rows + rows - 1) / rows, rows, has_plain_clock(job), Divisor(larger<std::int64_t>(items_per_row, 1))};
}

template <class Of, int V>
ROBOCACHE_HIDDEN void launch_two_point(const ResampleJob& job, cudaStream_t stream) noexcept {
  if constexpr (V * sizeof(typename Of::In) <= 16 && V * sizeof(typename Of::Out) <= 16) {
    constexpr ResampleTuning tuning = two_point_tuning(V * sizeof(typename Of::In));
    const ResampleLaunch launch = launch_of<Of>(job, tuning, job.groups[0].width / V);
    const auto blocks = static_cast<unsigned int>(smaller<std::int64_t>(launch.tiles, INT32_MAX));
    resample_two_point_kernel<Of, V, tuning.threads, tuning.blocks, tuning.batch>
        <<<blocks, tuning.threads, 0, stream>>>(job, launch);
  }
}

template <class Of>
ROBOCACHE_HIDDEN void launch_groups(const ResampleJob& job, cudaStream_t stream) noexcept {
  constexpr ResampleTuning tuning = groups_tuning(sizeof(typename Of::F));
  const ResampleLaunch launch = launch_of<Of>(job, tuning, larger<std::int64_t>(job.width_out, 1));
  const auto blocks = static_cast<unsigned int>(smaller<std::int64_t>(launch.tiles, INT32_MAX));
  resample_groups_kernel<Of, tuning.threads, tuning.blocks><<<blocks, tuning.threads, 0, stream>>>(job, launch);
}

/// The kernel for a job, enqueued.
struct ResampleOnStream {
  cudaStream_t stream;

  template <class Of>
  ROBOCACHE_HIDDEN Status operator()(Of, const ResampleJob& job) const noexcept {
    const PlacedGroup& first = job.groups[0];
    const bool alone = job.group_count == 1 && is_two_point(first.kind) && !first.derivative && first.width > 0;
    if (!alone || first.width > widest_two_point) {
      launch_groups<Of>(job, stream);
      return launch_status();
    }
    switch (channels_per_access<typename Of::In, typename Of::Out>(job)) {
      case 8:
        launch_two_point<Of, 8>(job, stream);
        break;
      case 4:
        launch_two_point<Of, 4>(job, stream);
        break;
      case 2:
        launch_two_point<Of, 2>(job, stream);
        break;
      default:
        launch_two_point<Of, 1>(job, stream);
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
