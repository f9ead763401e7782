// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/resample/resample.hpp>
#include <robocache/resample/resample_kernels.cuh>
#include <robocache/resample/resample_tuning.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The most channels one access can carry: every group whole accesses, aligned on both sides, 16 bytes at most.
template <class Of>
int channels_per_access(const ResampleJob& job, int most) noexcept {
  constexpr auto in_bytes = static_cast<std::int64_t>(sizeof(typename Of::In));
  constexpr auto out_bytes = static_cast<std::int64_t>(sizeof(typename Of::Out));
  const auto fits = [&job](int v) {
    bool fit = v * in_bytes <= 16 && v * out_bytes <= 16 && job.pitch_in % v == 0 && job.pitch_out % v == 0 &&
               reinterpret_cast<std::uintptr_t>(job.values) % static_cast<std::uintptr_t>(v * in_bytes) == 0 &&
               reinterpret_cast<std::uintptr_t>(job.out) % static_cast<std::uintptr_t>(v * out_bytes) == 0;
    for (std::int32_t g = 0; g < job.group_count; ++g) {
      const PlacedGroup& group = job.groups[g];
      fit = fit && (group.kind == Interpolation::slerp ||
                    (group.first_in % v == 0 && group.first_out % v == 0 && group.width % v == 0));
    }
    return fit;
  };
  int v = most;
  while (v > 1 && !fits(v)) v /= 2;
  return v;
}

/// Plain clock, and sample indices in 32 bits.
inline bool is_simple(const ResampleJob& job) noexcept { return has_plain_clock(job) && job.samples < INT32_MAX - 2; }

template <class Of>
ROBOCACHE_HIDDEN ResampleLaunch launch_of(const ResampleJob& job, const ResampleTuning& tuning,
                                          std::int64_t items_per_row) noexcept {
  const int rows = larger(job.width_out, job.pitch_out) > widest_row ? 1 : tile_rows(tuning, items_per_row);
  return {(job.rows + rows - 1) / rows, rows, is_simple(job), Divisor(larger<std::int64_t>(items_per_row, 1))};
}

template <class Of, int V>
ROBOCACHE_HIDDEN void launch_two_point(const ResampleJob& job, cudaStream_t stream) noexcept {
  if constexpr (V * sizeof(typename Of::In) <= 16 && V * sizeof(typename Of::Out) <= 16) {
    constexpr ResampleTuning tuning = two_point_tuning(V * sizeof(typename Of::In), sizeof(typename Of::F));
    const ResampleLaunch launch = launch_of<Of>(job, tuning, job.groups[0].width / V);
    const auto blocks = static_cast<unsigned int>(smaller<std::int64_t>(launch.tiles, INT32_MAX));
    resample_two_point_kernel<Of, V, tuning.threads, tuning.blocks, tuning.batch>
        <<<blocks, tuning.threads, 0, stream>>>(job, launch);
  }
}

template <class Of, int V, bool Smooth>
ROBOCACHE_HIDDEN void launch_groups(ResampleJob job, cudaStream_t stream) noexcept {
  constexpr ResampleTuning tuning = groups_tuning(sizeof(typename Of::F), Smooth);
  const ResampleLaunch launch = launch_of<Of>(job, tuning, larger<std::int64_t>(job.width_out / V, 1));
  const auto blocks = static_cast<unsigned int>(smaller<std::int64_t>(launch.tiles, INT32_MAX));
  for (std::int32_t g = 0; g < job.group_count; ++g) {
    job.groups[g].packs = Divisor(larger<std::int64_t>(job.groups[g].width / V, 1));
  }
  resample_groups_kernel<Of, V, Smooth, tuning.threads, tuning.blocks, tuning.batch>
      <<<blocks, tuning.threads, 0, stream>>>(job, launch);
}

template <class Of, Interpolation Kind>
ROBOCACHE_HIDDEN void launch_smooth(const ResampleJob& job, cudaStream_t stream) noexcept {
  constexpr int v = 2;
  constexpr ResampleTuning tuning = smooth_tuning(sizeof(typename Of::F));
  const ResampleLaunch launch = launch_of<Of>(job, tuning, job.groups[0].width / v);
  constexpr int warps = 4, threads = 32 * warps;  // each warp has its own tile
  const auto blocks = static_cast<unsigned int>((launch.tiles + warps - 1) / warps);
  if (job.status == nullptr && job.scale == nullptr && job.shift == nullptr) {
    resample_smooth_kernel<Of, Kind, true, v, threads, tuning.blocks><<<blocks, threads, 0, stream>>>(job, launch);
  } else {
    resample_smooth_kernel<Of, Kind, false, v, threads, tuning.blocks><<<blocks, threads, 0, stream>>>(job, launch);
  }
}

/// The kernel for a job, enqueued.
struct ROBOCACHE_HIDDEN ResampleOnStream {
  cudaStream_t stream;

  template <class Of>
  ROBOCACHE_HIDDEN Status operator()(Of, const ResampleJob& job) const noexcept {
    const PlacedGroup& first = job.groups[0];
    if (job.group_count > 1 || !is_two_point(first.kind) || first.derivative || first.width == 0) {
      bool smooth = false;
      for (std::int32_t g = 0; g < job.group_count; ++g) smooth = smooth || is_smooth(job.groups[g].kind);
      if (!smooth) {
        launch_groups<Of, 1, false>(job, stream);
      } else if constexpr (!Of::two_point_only) {
        const bool paired = job.group_count == 1 && is_simple(job) && job.rows < INT32_MAX &&
                            larger(job.pitch_in, job.pitch_out) <= widest_row && channels_per_access<Of>(job, 2) == 2;
        if (!paired) {
          launch_groups<Of, 1, true>(job, stream);
        } else if (first.kind == Interpolation::cubic) {
          launch_smooth<Of, Interpolation::cubic>(job, stream);
        } else if (first.kind == Interpolation::pchip) {
          launch_smooth<Of, Interpolation::pchip>(job, stream);
        } else {
          launch_smooth<Of, Interpolation::akima>(job, stream);
        }
      }
      return launch_status();
    }
    switch (channels_per_access<Of>(job, 8)) {
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
