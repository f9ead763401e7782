// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/resample/resample.hpp>
#include <robocache/resample/resample_kernels.cuh>
#include <robocache/resample/resample_tuning.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Whether accesses of `in` channels of the input and `out` of the output are aligned, with every group whole accesses
/// of the larger.
template <class Of>
bool access_fits(const StreamJob& job, const PlacedGroup* groups, int in, int out) noexcept {
  const auto aligned = [](const void* p, std::int64_t pitch, int channels, std::size_t size) {
    const auto bytes = static_cast<std::int64_t>(size) * channels;
    return bytes <= 16 && pitch % channels == 0 &&
           reinterpret_cast<std::uintptr_t>(p) % static_cast<std::uintptr_t>(bytes) == 0;
  };
  const int larger_one = larger(in, out);
  bool fit = aligned(job.values, job.pitch_in, in, sizeof(typename Of::In)) &&
             aligned(job.out, job.pitch_out, out, sizeof(typename Of::Out)) &&
             static_cast<std::size_t>(larger_one) * sizeof(typename Of::Out) <= 16;
  for (std::int32_t g = 0; g < job.group_count; ++g) {
    const PlacedGroup& group = groups[g];
    fit = fit && (group.kind == Interpolation::slerp ||
                  (group.first_in % larger_one == 0 && group.first_out % out == 0 && group.width % larger_one == 0));
  }
  return fit;
}

/// The most channels one access can carry on both sides.
template <class Of>
int channels_per_access(const StreamJob& job, const PlacedGroup* groups, int most) noexcept {
  int v = most;
  while (v > 1 && !access_fits<Of>(job, groups, v, v)) v /= 2;
  return v;
}

template <class Of>
ROBOCACHE_HIDDEN ResampleLaunch launch_of(const ResampleJob& job, const ResampleTuning& tuning,
                                          std::int64_t items_per_row) noexcept {
  const int rows = larger(job.width_out, job.pitch_out) > widest_row ? 1 : tile_rows(tuning, items_per_row);
  return {(job.rows - 1) / rows + 1, rows, has_short_path(job), 1, Divisor(larger<std::int64_t>(items_per_row, 1))};
}

template <class Of, int V>
ROBOCACHE_HIDDEN Status launch_two_point(const ResampleJob& job, cudaStream_t stream) noexcept {
  if constexpr (V * sizeof(typename Of::In) <= 16 && V * sizeof(typename Of::Out) <= 16) {
    constexpr ResampleTuning tuning = two_point_tuning(V * sizeof(typename Of::In), sizeof(typename Of::F));
    const ResampleLaunch launch = launch_of<Of>(job, tuning, job.groups[0].width / V);
    return detail::launch(resample_two_point_kernel<Of, V, tuning.threads, tuning.blocks, tuning.batch>,
                          {smaller<std::int64_t>(launch.tiles, INT32_MAX), tuning.threads}, stream, job, launch);
  } else {
    return {};  // no such access
  }
}

/// Access is SingleAccess, or AnyAccess<Of>.
template <class Of, class Access, bool Smooth>
ROBOCACHE_HIDDEN Status launch_groups(ResampleJob job, cudaStream_t stream) noexcept {
  constexpr ResampleTuning tuning = groups_tuning(sizeof(typename Of::F), Smooth);
  const int access = std::is_same<Access, SingleAccess>::value ? 1 : channels_per_access<Of>(job, job.groups, 8);
  ResampleLaunch launch = launch_of<Of>(job, tuning, larger<std::int64_t>(job.width_out / access, 1));
  launch.access = access;
  for (std::int32_t g = 0; g < job.group_count; ++g) {
    job.groups[g].packs = Divisor(larger<std::int64_t>(job.groups[g].width / access, 1));
  }
  return detail::launch(resample_groups_kernel<Of, Access, Smooth, tuning.threads, tuning.blocks, tuning.batch>,
                        {smaller<std::int64_t>(launch.tiles, INT32_MAX), tuning.threads}, stream, job, launch);
}

template <class Of, Interpolation Kind>
ROBOCACHE_HIDDEN Status launch_smooth(const ResampleJob& job, cudaStream_t stream) noexcept {
  constexpr int v = 2;
  constexpr ResampleTuning tuning = smooth_tuning(sizeof(typename Of::F));
  const ResampleLaunch launch = launch_of<Of>(job, tuning, job.groups[0].width / v);
  constexpr int warps = 4, threads = 32 * warps;  // each warp has its own tile
  const bool plain = job.status == nullptr && job.scale == nullptr && job.shift == nullptr;
  return detail::launch(plain ? resample_smooth_kernel<Of, Kind, true, v, threads, tuning.blocks>
                              : resample_smooth_kernel<Of, Kind, false, v, threads, tuning.blocks>,
                        {(launch.tiles + warps - 1) / warps, threads}, stream, job, launch);
}

/// The kernel for a job, enqueued.
struct ROBOCACHE_HIDDEN ResampleOnStream {
  cudaStream_t stream;

  template <class Of>
  ROBOCACHE_HIDDEN Status operator()(Of, const ResampleJob& job) const noexcept {
    const PlacedGroup& first = job.groups[0];
    if (!has_two_point_only(job.groups, job.group_count)) {
      if constexpr (!Of::two_point_only) return launch_costlier<Of>(job);
    }
    if (job.group_count > 1 || first.width == 0 || !has_short_path(job)) {
      return launch_groups<typename Of::TwoPoint, AnyAccess<Of>, false>(job, stream);
    }
    switch (channels_per_access<Of>(job, job.groups, 8)) {
      case 8:
        return launch_two_point<Of, 8>(job, stream);
      case 4:
        return launch_two_point<Of, 4>(job, stream);
      case 2:
        return launch_two_point<Of, 2>(job, stream);
      default:
        return launch_two_point<Of, 1>(job, stream);
    }
  }

  template <class Of>
  ROBOCACHE_HIDDEN Status launch_costlier(const ResampleJob& job) const noexcept {
    if (!has_smooth(job.groups, job.group_count)) return launch_groups<Of, SingleAccess, false>(job, stream);
    const bool even = job.group_count == 1 && has_short_path(job) && job.rows < INT32_MAX &&
                      larger(job.pitch_in, job.pitch_out) <= widest_row &&
                      channels_per_access<Of>(job, job.groups, 2) == 2;
    if (!even) return launch_groups<Of, SingleAccess, true>(job, stream);
    const Interpolation kind = job.groups[0].kind;
    if (kind == Interpolation::cubic) return launch_smooth<Of, Interpolation::cubic>(job, stream);
    if (kind == Interpolation::pchip) return launch_smooth<Of, Interpolation::pchip>(job, stream);
    return launch_smooth<Of, Interpolation::akima>(job, stream);
  }
};

}  // namespace detail

template <class First, class... Rest>
Status resample(const ResampleArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("resample");
  return detail::dispatch<First, Rest...>(args, detail::ResampleOnStream{stream});
}

ROBOCACHE_NAMESPACE_END
