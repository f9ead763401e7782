// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxel_index_host.hpp>
#include <robocache/voxel/voxel_index_plan.hpp>
#include <robocache/voxel/voxelize_job.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

// Point clouds into voxels of a fixed number of points each, as pillar networks take them:
//
//   robocache::HardChannel channels[4];                                      // x, y, z, intensity
//   ...
//   robocache::VoxelizeHardArgs args;
//   args.points = robocache::points_of(xyzi, count, 4);                      // const float* [count, 4]
//   args.grid = robocache::grid_over({0, -39.68, -3}, {69.12, 39.68, 1}, {0.16, 0.16, 4});
//   args.max_voxels = 40'000;
//   args.max_points = 32;
//   args.channels = channels;
//   args.channel_count = 4;
//   args.voxels = voxels;                                                    // float* [max_voxels, max_points, 4]
//   args.coords = coords;                                                    // std::int32_t* [max_voxels, 4]
//   args.num_points = num_points;                                            // std::int32_t* [max_voxels]
//   ROBOCACHE_CHECK(robocache::voxelize_hard(args, workspace, stream));      // workspace_bytes(args, stream)

ROBOCACHE_NAMESPACE_BEGIN

/// One number that is copied of each point: a field, or a coordinate as transformed or raw.
struct HardChannel {
  ChannelSource source = ChannelSource::field;
  PointField field;  ///< for ChannelSource::field: of the same points
};

/// Where the points of voxels go. Assign a pointer.
struct VoxelPoints {
  void* data = nullptr;
  CellType type = CellType::f32;  ///< f32, f64, f16 or bf16

  VoxelPoints() = default;
  template <class T>
  VoxelPoints(T* p) noexcept : data(p), type(cell_type<T>()) {}  // NOLINT(google-explicit-constructor)
};

/// First come, first served, by point index: a cloud's voxels are in the order of their first points, up to max_voxels;
/// a voxel's points are in their order, up to max_points. Points of later voxels are dropped; those of voxels that
/// are there still enter. So does mmcv's deterministic path, bit for bit, for finite points.
///
/// Each cloud has max_voxels rows of its own: a row then says which cloud it is of, where one cloud's voxels lie does
/// not depend on another's, and the limit is per cloud. voxelize_sparse gives one compact list.
///
/// Pointers are device memory for stream calls and host memory for Host calls. Any of the outputs may be left out.
struct VoxelizeHardArgs {
  PointClouds points;
  VoxelGrid grid;
  std::int64_t max_voxels = 0;  ///< of each cloud
  std::int64_t max_points = 1;  ///< of each voxel, at least 1
  CoordOrder coord_order = CoordOrder::bzyx;
  const HardChannel* channels = nullptr;  ///< [channel_count], host memory, read during the call
  std::int32_t channel_count = 0;         ///< at most 64
  VoxelPoints voxels;                     ///< [clouds, max_voxels, max_points, channel_count]
  bool zero_unused = true;                ///< whether what no point came to in `voxels` is zero; else it is left as is
  std::int32_t* coords = nullptr;         ///< [clouds, max_voxels, 4]; -1 past the last voxel
  std::int32_t* num_points = nullptr;     ///< [clouds, max_voxels]: at most max_points; 0 past the last voxel
  std::int64_t* voxel_count = nullptr;    ///< [clouds]: how many there are; more than max_voxels is possible
  std::int64_t* overflow = nullptr;       ///< [clouds]: points in the grid that found no place
  PointCounts* counts = nullptr;          ///< [clouds]: the fates of points; `kept` includes the overflow
};

/// Bytes of scratch that `voxelize_hard` needs for these arguments: host memory here. From host values alone; no
/// pointer is followed but that of the channels. 0 also where the arguments are wrong, which the call itself reports.
///
/// At most some 48 bytes a point, and 8 a cloud.
inline std::size_t workspace_bytes(const VoxelizeHardArgs& args, Host host) noexcept;

/// Voxelizes on the CPU. Shapes, errors and result bits are those of the stream overload, for any number of threads.
/// Returns when done.
ROBOCACHE_API Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, Host host);

/// The same, instantiated here for the listed types of coordinates (float, double); no library is linked.
template <class First, class... Rest>
Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same for a call on a stream: device memory.
inline std::size_t workspace_bytes(const VoxelizeHardArgs& args, cudaStream_t stream) noexcept;

/// Voxelizes on the current device: enqueues a few kernels and clears on `stream` and returns. Never synchronises or
/// allocates; may be captured into a graph. Calls that run at the same time need workspaces of their own.
///
/// Writes every row of every output asked for, but for unused places where zero_unused is false, nothing else, and
/// nothing at all when an argument is wrong. Results are the same bits on CPU and GPU and from run to run. Values are
/// rounded once to the type of `voxels`; NaN becomes canonical.
///
/// How many points there are may change from replay to replay of a graph, as for voxelize_sparse.
/// With points.cloud_of each segment looks at all segments before it: there should not be more than some thousand.
///
/// Errors found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output or the
/// workspace overlaps an input or another output), misaligned, workspace_too_small, unsupported_type. Of a channel at
/// fault, index() says which. Of launches: cuda_error.
ROBOCACHE_API Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, cudaStream_t stream);
Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, std::nullptr_t) = delete;  // name the stream

/// The same, instantiated by nvcc for the listed types of coordinates; defined in voxelize_hard.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, cudaStream_t stream);
template <class First, class... Rest>
Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, std::nullptr_t) = delete;
#endif

namespace detail {

/// Validated args.
template <class F>
struct VoxelizeHardJob : VoxelIndexJob<F> {
  std::int64_t max_voxels = 0, max_points = 0;
  char* voxels = nullptr;
  CellType type = CellType::f32;
  std::int64_t number_bytes = 0;  ///< of the type
  bool zero_unused = true;
  std::int32_t* coords = nullptr;
  std::int32_t* num_points = nullptr;
  std::int64_t* voxel_count = nullptr;
  std::int64_t* overflow = nullptr;
  std::int32_t channel_count = 0;
  ChannelJob channels[max_voxel_channels];  ///< sources alone

  ROBOCACHE_HD std::int64_t rows() const noexcept { return max_voxels * this->clouds.clouds; }
  /// Numbers of `voxels` from one voxel to the next.
  ROBOCACHE_HD std::int64_t voxel_numbers() const noexcept { return max_points * channel_count; }
};

/// Every channel of point i, as the k-th of the voxel in a row.
template <class F>
ROBOCACHE_HD inline void write_point(const VoxelizeHardJob<F>& job, std::int64_t row, std::int64_t k, std::int64_t i,
                                     const PointValues<F>& values) noexcept {
  const std::int64_t at = row * job.voxel_numbers() + k * job.channel_count;
  for (int c = 0; c < job.channel_count; ++c) {
    store_number(job.voxels, job.type, at + c, channel_value(job.clouds, job.channels[c], i, values));
  }
}

/// The places of a voxel from the `used`-th on.
template <class F>
ROBOCACHE_HD inline void zero_places(const VoxelizeHardJob<F>& job, std::int64_t row, std::int64_t used) noexcept {
  if (job.voxels == nullptr || !job.zero_unused) return;
  const std::int64_t place = job.channel_count * job.number_bytes;
  memset(job.voxels + (row * job.max_points + used) * place, 0,
         static_cast<std::size_t>((job.max_points - used) * place));
}

/// A row past a cloud's last voxel.
template <class F>
ROBOCACHE_HD inline void write_no_voxel(const VoxelizeHardJob<F>& job, std::int64_t row) noexcept {
  write_coords(job, job.coords, row, {-1, -1, -1, -1});
  if (job.num_points != nullptr) job.num_points[row] = 0;
  zero_places(job, row, 0);
}

template <class F>
Status prepare(const VoxelizeHardArgs& args, VoxelizeHardJob<F>* job, CallArrays* arrays) noexcept {
  VoxelIndexJob<F>* index = job;
  ROBOCACHE_CHECK(prepare(args.points, args.grid, args.coord_order, args.counts, index, arrays));
  if (args.max_voxels < 0) return {StatusCode::invalid_size, "args.max_voxels: negative"};
  if (args.max_points < 1) return {StatusCode::invalid_size, "args.max_points: less than 1"};
  ROBOCACHE_CHECK(check_channel_list(args.channels, args.channel_count));
  for (std::int32_t c = 0; c < args.channel_count; ++c) {
    const Status status = prepare_source(args.channels[c].source, args.channels[c].field, args.points,
                                         &job->channels[c], &arrays->inputs[arrays->input_count]);
    if (!status.ok()) return status.at(c);
    ++arrays->input_count;
  }
  const VoxelPoints& voxels = args.voxels;
  ROBOCACHE_CHECK(
      check_float_type(voxels.type, "args.voxels.type: unknown", "args.voxels.type: not a floating-point type"));
  const std::int64_t clouds = job->clouds.clouds, size = size_of(voxels.type);
  std::int64_t rows = 0, bytes = 0;
  if (multiply_overflows(args.max_voxels, clouds, &rows) || rows > INT64_MAX / 64) {
    return {StatusCode::overflow, "args.max_voxels: sizes in bytes overflow"};
  }
  if (multiply_overflows(rows * larger(args.channel_count, 1), args.max_points, &bytes) ||
      multiply_overflows(bytes, size, &bytes)) {
    return {StatusCode::overflow, "args.max_points: bytes of voxels overflow"};
  }
  if (args.channel_count == 0) bytes = 0;
  if (reinterpret_cast<std::uintptr_t>(voxels.data) % static_cast<std::uintptr_t>(size) != 0) {
    return {StatusCode::misaligned, "args.voxels.data: misaligned"};
  }
  arrays->add_alone({voxels.data, bytes, 1, ""}, "args.voxels: overlaps another array");
  arrays->add_alone({args.coords, rows * 4, 4, "args.coords: misaligned"}, "args.coords: overlaps another array");
  arrays->add_alone({args.num_points, rows, 4, "args.num_points: misaligned"},
                    "args.num_points: overlaps another array");
  arrays->add_alone({args.voxel_count, clouds, 8, "args.voxel_count: misaligned"},
                    "args.voxel_count: overlaps another array");
  arrays->add_alone({args.overflow, clouds, 8, "args.overflow: misaligned"}, "args.overflow: overlaps another array");
  job->max_voxels = args.max_voxels;
  job->max_points = args.max_points;
  job->voxels = bytes == 0 ? nullptr : static_cast<char*>(voxels.data);
  job->type = voxels.type;
  job->number_bytes = size;
  job->zero_unused = args.zero_unused;
  job->coords = rows == 0 ? nullptr : args.coords;
  job->num_points = rows == 0 ? nullptr : args.num_points;
  job->voxel_count = args.voxel_count;
  job->overflow = args.overflow;
  job->channel_count = args.channel_count;
  return {};
}

/// The scratch of a call on a stream.
struct HardDeviceScratch {
  DeviceIndex index;
  std::int64_t* row_of = nullptr;           ///< [most_voxels]: or -1; of several clouds
  std::int64_t* voxel_counts = nullptr;     ///< [clouds]: of several
  std::uint32_t* before_segment = nullptr;  ///< [segments]: voxels of a segment's cloud that begin in earlier ones

  /// Of one cloud, the first voxels have the rows of their numbers.
  template <class F>
  static bool has_one_cloud(const VoxelizeHardJob<F>& job) noexcept {
    return job.clouds.clouds == 1;
  }

  template <class F>
  static HardDeviceScratch carve(const VoxelizeHardJob<F>& job, Carver& carver) noexcept {
    HardDeviceScratch scratch;
    const bool one = has_one_cloud(job);
    scratch.index = DeviceIndex::carve(job, one ? job.max_voxels : job.most_voxels, nullptr, carver);
    if (one) return scratch;
    scratch.row_of = carver.take<std::int64_t>(job.most_voxels);
    scratch.voxel_counts = job.voxel_count != nullptr ? job.voxel_count : carver.take<std::int64_t>(job.clouds.clouds);
    if (job.clouds.cloud_of != nullptr) {
      scratch.before_segment = carver.take<std::uint32_t>(job.clouds.segments.count);
    }
    return scratch;
  }
};

/// The scratch of a call on the CPU.
struct HardHostScratch {
  HostIndex index;
  std::int64_t* row_of = nullptr;        ///< [most_voxels]: or -1
  std::int32_t* num_points = nullptr;    ///< [most_voxels]
  std::int64_t* voxel_counts = nullptr;  ///< [clouds]

  template <class F>
  static HardHostScratch carve(const VoxelizeHardJob<F>& job, Carver& carver) noexcept {
    HardHostScratch scratch;
    scratch.index = HostIndex::carve(job, nullptr, carver);
    scratch.row_of = carver.take<std::int64_t>(job.most_voxels);
    scratch.num_points = carver.take<std::int32_t>(job.most_voxels);
    scratch.voxel_counts = job.voxel_count != nullptr ? job.voxel_count : carver.take<std::int64_t>(job.clouds.clouds);
    return scratch;
  }
};

/// The rows of the voxels [begin, end), which have one.
template <class F>
void fill_voxels(const VoxelizeHardJob<F>& job, const HardHostScratch& scratch, std::int64_t begin,
                 std::int64_t end) noexcept {
  const HostIndex& index = scratch.index;
  std::memset(scratch.num_points + begin, 0, static_cast<std::size_t>(end - begin) * sizeof(std::int32_t));
  SegmentView view;
  for_points_of(index.voxel_of, job.clouds.count, begin, end,
                [&](std::int64_t i, std::int64_t v) ROBOCACHE_ALWAYS_INLINE {
                  if (i >= view.end) view = segment_at(job.clouds, i);
                  const std::int64_t row = scratch.row_of[v], k = scratch.num_points[v];
                  if (row < 0 || k >= job.max_points) {
                    if (job.overflow != nullptr && view.cloud >= 0) {
                      __atomic_fetch_add(job.overflow + view.cloud, 1, __ATOMIC_RELAXED);
                    }
                    return;
                  }
                  ++scratch.num_points[v];
                  if (job.voxels == nullptr) return;
                  write_point(job, row, k, i,
                              values_of(job.clouds, view.segment, read_point<F, PointLayout::any>(job.clouds, i)));
                });
  for (std::int64_t v = begin; v < end; ++v) {
    const std::int64_t row = scratch.row_of[v];
    if (row < 0) continue;
    write_coords(job, job.coords, row, index.place_of(job, v));
    if (job.num_points != nullptr) job.num_points[row] = scratch.num_points[v];
    zero_places(job, row, scratch.num_points[v]);
  }
}

#if ROBOCACHE_DISPATCH_FMA
template <class F>
__attribute__((target("avx2,fma"), flatten)) void fill_voxels_fma(const VoxelizeHardJob<F>& job,
                                                                  const HardHostScratch& scratch, std::int64_t begin,
                                                                  std::int64_t end) noexcept {
  fill_voxels(job, scratch, begin, end);
}
#endif
template <class F>
auto fastest_fill_voxels() noexcept {
#if ROBOCACHE_DISPATCH_FMA
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &fill_voxels_fma<F>;
#endif
  return &fill_voxels<F>;
}

struct VoxelizeHardOnHost {
  Workspace workspace;
  Host host;

  template <class F>
  Status operator()(const VoxelizeHardJob<F>& job) const {
    Carver carver(workspace);
    const HardHostScratch scratch = HardHostScratch::carve(job, carver);
    const auto clouds = static_cast<std::size_t>(job.clouds.clouds);
    if (job.counts != nullptr) std::memset(job.counts, 0, clouds * sizeof(PointCounts));
    if (job.overflow != nullptr) std::memset(job.overflow, 0, clouds * sizeof(std::int64_t));
    if (clouds != 0) std::memset(scratch.voxel_counts, 0, clouds * sizeof(std::int64_t));
    const std::int64_t voxels = number_voxels(job, scratch.index, host, true, VisitNothing{});
    // The numbers of a cloud's voxels grow with its own.
    SegmentView view;
    for (std::int64_t v = 0; v < voxels; ++v) {
      const std::int64_t first = scratch.index.first_of[v];
      if (first >= view.end) view = segment_at(job.clouds, first);
      scratch.row_of[v] = -1;
      if (view.cloud < 0) continue;  // offsets that decrease: another segment than when the point was entered
      const std::int64_t within = scratch.voxel_counts[view.cloud]++;
      if (within < job.max_voxels) scratch.row_of[v] = view.cloud * job.max_voxels + within;
    }
    constexpr std::int64_t voxels_per_thread = 1024, rows_per_thread = 1024;
    parallel_for(host, voxels, voxels_per_thread,
                 [&](std::int64_t begin, std::int64_t end) { fastest_fill_voxels<F>()(job, scratch, begin, end); });
    parallel_for(host, job.rows(), rows_per_thread, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t cloud = row / job.max_voxels;
        if (row - cloud * job.max_voxels >= scratch.voxel_counts[cloud]) write_no_voxel(job, row);
      }
    });
    return {};
  }
};

}  // namespace detail

inline std::size_t workspace_bytes(const VoxelizeHardArgs& args, Host) noexcept {
  return detail::measured_bytes<detail::VoxelizeHardJob, detail::HardHostScratch>(args);
}

template <class First, class... Rest>
Status voxelize_hard(const VoxelizeHardArgs& args, Workspace workspace, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  return detail::dispatch_call<detail::VoxelizeHardJob, detail::HardHostScratch, First, Rest...>(
      args, workspace, detail::VoxelizeHardOnHost{workspace, host});
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
inline std::size_t workspace_bytes(const VoxelizeHardArgs& args, cudaStream_t) noexcept {
  return detail::measured_bytes<detail::VoxelizeHardJob, detail::HardDeviceScratch>(args);
}
#endif

ROBOCACHE_NAMESPACE_END
