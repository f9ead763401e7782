// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/voxel/point_clouds.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>
#include <mutex>

ROBOCACHE_NAMESPACE_BEGIN

/// The axis-aligned box of each cloud's points, as transformed: those that are finite and pass the filters. Pointers
/// are device memory for stream calls and host memory for Host calls.
struct BoundsArgs {
  PointClouds points;
  double* boxes = nullptr;  ///< [clouds, 2, 3]: lowest x, y, z, highest x, y, z; without points +inf and -inf
};

/// Finds the boxes on the CPU. Results are those of the stream overload, bit for bit. Returns when done.
ROBOCACHE_API Status bounds(const BoundsArgs& args, Host host);
/// The same, instantiated here for the listed types of coordinates (float, double).
template <class First, class... Rest>
Status bounds(const BoundsArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory, in one pass over the points: enqueues three kernels on `stream`, never synchronises,
/// allocates or uses scratch; may be captured into a graph. -0 is written as 0. As VoxelGrid::origins, with an
/// origin_pitch of 6, the boxes place a grid at each cloud.
///
/// Errors found before the launch, when nothing is written: null_pointer, invalid_size, invalid_value, overflow,
/// aliasing, misaligned, unsupported_type. Of launches: cuda_error.
ROBOCACHE_API Status bounds(const BoundsArgs& args, cudaStream_t stream);
Status bounds(const BoundsArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status bounds(const BoundsArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status bounds(const BoundsArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

template <class F>
struct BoundsJob {
  CloudsJob<F> clouds;
  double* boxes = nullptr;
};

template <class F>
Status prepare(const BoundsArgs& args, BoundsJob<F>* job) noexcept {
  CloudsArrays in;
  ROBOCACHE_CHECK(prepare(args.points, &job->clouds, &in));
  job->boxes = args.boxes;
  if (job->clouds.clouds == 0) return {};
  if (args.boxes == nullptr) return {StatusCode::null_pointer, "args.boxes: null"};
  return check_arrays({in.fields[0], in.fields[1], in.fields[2], in.offsets, in.cloud_of, in.transforms},
                      {{args.boxes, job->clouds.clouds * 6, 8, "args.boxes: misaligned"}},
                      "args.boxes: overlaps an input");
}

/// The box of no point, to be extended.
template <class F>
struct Box {
  F low[3], high[3];

  ROBOCACHE_HD static Box none() noexcept {
    constexpr F infinity = infinite<F>;
    return {{infinity, infinity, infinity}, {-infinity, -infinity, -infinity}};
  }
  ROBOCACHE_HD bool is_none() const noexcept { return high[0] < low[0]; }
  ROBOCACHE_HD void extend(const Vector3<F>& p) noexcept {
    const F at[3] = {p.x + F(0), p.y + F(0), p.z + F(0)};  // -0 becomes 0
    for (int axis = 0; axis < 3; ++axis) {
      low[axis] = smaller(low[axis], at[axis]);
      high[axis] = larger(high[axis], at[axis]);
    }
  }
};

/// Extends the box by point i, unless that is left out.
template <class F>
ROBOCACHE_HD inline void extend_by(Box<F>* box, const CloudsJob<F>& job, const SegmentView& view,
                                   const Vector3<F>& raw) noexcept {
  const Vector3<F> p = transformed(job.transforms, view.segment, raw);
  if (is_finite(p) && !is_filtered(job, raw, p)) box->extend(p);
}

template <class Listed, class Run>
Status run_bounds(const BoundsArgs& args, const Run& run) {
  BoundsJob<Listed> job;
  ROBOCACHE_CHECK(prepare(args, &job));
  return job.clouds.clouds == 0 ? Status{} : run(job);
}

/// Validates, then calls run(job), if the coordinates' type is among those listed.
template <class... Listed, class Run>
Status dispatch_bounds(const BoundsArgs& args, const Run& run) {
  const bool is_double = needs_double(args.points);
  Status status(StatusCode::unsupported_type, "args.points: no instantiation for this type of coordinates");
  (void)((std::is_same<Listed, double>::value == is_double && (status = run_bounds<Listed>(args, run), true)) || ...);
  return status;
}

struct BoundsOnHost {
  Host host;

  template <class F>
  Status operator()(const BoundsJob<F>& job) const {
    for (std::int64_t cloud = 0; cloud < job.clouds.clouds; ++cloud) {
      for (int k = 0; k < 6; ++k) {
        job.boxes[cloud * 6 + k] = k < 3 ? infinite<double> : -infinite<double>;
      }
    }
    std::mutex merging;
    constexpr std::int64_t points_per_thread = 4096;
    parallel_for(host, job.clouds.count, points_per_thread, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end;) {
        const SegmentView view = segment_at(job.clouds, i);
        const std::int64_t stop = smaller(end, view.end);
        Box<F> box = Box<F>::none();
        for (; view.cloud >= 0 && i < stop; ++i) {
          const Vector3<F> raw = job.clouds.layout == PointLayout::any
                                     ? read_point<F, PointLayout::any>(job.clouds, i)
                                     : read_point<F, PointLayout::triple>(job.clouds, i);
          extend_by(&box, job.clouds, view, raw);
        }
        i = stop;
        if (box.is_none()) continue;
        const std::lock_guard<std::mutex> lock(merging);
        double* to = job.boxes + view.cloud * 6;
        for (int axis = 0; axis < 3; ++axis) {
          to[axis] = smaller(to[axis], static_cast<double>(box.low[axis]));
          to[3 + axis] = larger(to[3 + axis], static_cast<double>(box.high[axis]));
        }
      }
    });
    return {};
  }
};

}  // namespace detail

template <class First, class... Rest>
Status bounds(const BoundsArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  return detail::dispatch_bounds<First, Rest...>(args, detail::BoundsOnHost{host});
}

ROBOCACHE_NAMESPACE_END
