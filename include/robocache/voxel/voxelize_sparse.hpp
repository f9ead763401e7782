// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/workspace.hpp>
#include <robocache/voxel/voxel_index_host.hpp>
#include <robocache/voxel/voxel_index_plan.hpp>
#include <robocache/voxel/voxelize_sparse_job.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Point clouds into lists of voxels. The common case:
//
//   robocache::VoxelChannel channels[4];                                     // x, y, z, intensity: means
//   ...
//   channels[c].out = robocache::column(features + c, 4);                    // float* [capacity, 4]
//   robocache::VoxelizeSparseArgs args;
//   args.points = robocache::points_of(xyzi, count, 4);                      // const float* [count, 4]
//   args.grid = robocache::grid_over({-51.2, -51.2, -5}, {51.2, 51.2, 3}, {0.1, 0.1, 0.2});
//   args.capacity = 60'000;
//   args.voxel_count = voxel_count;                                          // std::int64_t* [1]
//   args.coords = coords;                                                    // std::int32_t* [capacity, 4]
//   args.channels = channels;
//   args.channel_count = 4;
//   ROBOCACHE_CHECK(robocache::voxelize_sparse(args, workspace, stream));    // workspace_bytes(args, stream)

ROBOCACHE_NAMESPACE_BEGIN

/// Bytes of scratch that `voxelize_sparse` needs for these arguments: host memory here. From host values alone; no
/// pointer is followed but that of the channels. 0 also where the arguments are wrong, which the call itself reports.
inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, Host host) noexcept;

/// Voxelizes on the CPU. Shapes, errors and result bits are those of the stream overload, for any number of threads.
/// Returns when done.
ROBOCACHE_API Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, Host host);

/// The same, instantiated here for the listed types of coordinates (float, double); no library is linked.
template <class First, class... Rest>
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same for a call on a stream: device memory.
inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, cudaStream_t stream) noexcept;

/// Voxelizes on the current device: enqueues a few kernels and clears on `stream` and returns. Never synchronises or
/// allocates; may be captured into a graph. Calls that run at the same time need workspaces of their own.
///
/// Writes every row of every output asked for up to the capacity, voxel_count, point_to_voxel, counts and overflow,
/// nothing else, and nothing at all when it returns an error. Results are the same bits on CPU and GPU and from run to
/// run. In the order of keys nothing but point_to_voxel, list_points, and what `first` and ties of `nearest` take
/// depends on the order of the points.
///
/// How many points there are may change from replay to replay of a graph: with ragged segments, whose offsets the
/// device reads, points that lie in no segment are left out, up to the points.count of the capture.
///
/// Errors, all found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output or the
/// workspace overlaps an input or another output; columns may interleave, but two must not begin at one element),
/// misaligned, workspace_too_small, unsupported_type, cuda_error. Of a channel at fault, index() says which.
ROBOCACHE_API Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream);
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, std::nullptr_t) = delete;

/// The same, instantiated by nvcc for the listed types of coordinates; defined in voxelize_sparse.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream);
#endif

namespace detail {

/// What sorting on a stream takes: pairs of a key and a number, and places to move them to.
struct DeviceSort {
  std::int64_t count = 0;
  std::uint64_t* keys[2] = {};
  std::uint32_t* numbers[2] = {};
  unsigned char* scratch = nullptr;

  /// More than the radix sort asks for, which only a device can say; the call compares.
  std::int64_t scratch_bytes() const noexcept { return count + (1 << 20); }

  static DeviceSort carve(std::int64_t count, Carver& carver) noexcept {
    DeviceSort sort;
    sort.count = count;
    for (int side = 0; side < 2; ++side) {
      sort.keys[side] = carver.take<std::uint64_t>(count);
      sort.numbers[side] = carver.take<std::uint32_t>(count);
    }
    sort.scratch = carver.take<unsigned char>(sort.scratch_bytes());
    return sort;
  }
};

/// The scratch of a call on a stream.
struct SparseDeviceScratch {
  DeviceIndex index;
  std::uint32_t* number_of = nullptr;  ///< [most_voxels]: in the order of keys, of voxels by their first points
  DeviceSort by_key, by_voxel;

  template <class F>
  static SparseDeviceScratch carve(const VoxelizeSparseJob<F>& job, Carver& carver) noexcept {
    SparseDeviceScratch scratch;
    scratch.index = DeviceIndex::carve(job, job.rows(), job.point_to_voxel, carver);
    if (job.order == VoxelOrder::key) {
      scratch.number_of = carver.take<std::uint32_t>(job.most_voxels);
      scratch.by_key = DeviceSort::carve(job.most_voxels, carver);
    }
    if (job.list_offsets != nullptr) scratch.by_voxel = DeviceSort::carve(job.clouds.count, carver);
    return scratch;
  }
};

/// The scratch of a call on the CPU.
struct SparseHostScratch {
  HostIndex index;
  HostSort sort;
  std::int32_t* counts = nullptr;    ///< [rows]: points of each voxel
  std::uint64_t* records = nullptr;  ///< [rows, record_words]

  template <class F>
  static SparseHostScratch carve(const VoxelizeSparseJob<F>& job, Carver& carver) noexcept {
    SparseHostScratch scratch;
    scratch.index = HostIndex::carve(job, job.point_to_voxel, carver);
    if (job.order == VoxelOrder::key) scratch.sort = HostSort::carve(job.most_voxels, carver);
    scratch.counts = carver.take<std::int32_t>(job.rows());
    scratch.records = carver.take<std::uint64_t>(job.rows() * job.record_words());
    return scratch;
  }
};

/// Points of voxels, some at a time, whose values are in arrays: loops that can be vectorised. Neighbours often share a
/// voxel, whose record then changes once for all of them.
template <class F>
struct PointBlock {
  static constexpr int most = 256;

  int count = 0, runs = 0;
  std::int32_t index[most];    ///< of the points
  std::int32_t voxel[most];    ///< of each
  std::int32_t run[most + 1];  ///< where points of one voxel begin that follow each other
  F p[3][most];                ///< as transformed

  /// Takes those of the points [first, last), at most as many as fit, whose voxel is in [begin, end).
  template <PointLayout Layout>
  void take(const CloudsJob<F>& clouds, const std::int32_t* voxel_of, std::int64_t first, std::int64_t last,
            std::int64_t begin, std::int64_t end) noexcept {
    int taken = 0, begun = 0;
    for (std::int64_t i = first; i < last; ++i) {  // without branches
      index[taken] = static_cast<std::int32_t>(i);
      voxel[taken] = voxel_of[i];
      taken += static_cast<int>((voxel_of[i] >= begin) & (voxel_of[i] < end));
    }
    for (int k = 0; k < taken; ++k) {
      run[begun] = k;
      begun += static_cast<int>((k == 0) | (voxel[k] != voxel[k > 0 ? k - 1 : 0]));
    }
    run[begun] = taken;
    SegmentView view;
    for (int k = 0; k < taken; ++k) {
      if (index[k] >= view.end) view = segment_at(clouds, index[k]);
      const Vector3<F> at = transformed(clouds.transforms, view.segment, read_point<F, Layout>(clouds, index[k]));
      p[0][k] = at.x, p[1][k] = at.y, p[2][k] = at.z;
    }
    count = taken;
    runs = begun;
  }

  /// Numbers of one channel.
  void read(const CloudsJob<F>& clouds, const ChannelJob& channel, double* values) const noexcept {
    const int axis = static_cast<int>(channel.source) - static_cast<int>(ChannelSource::x);
    if (axis >= 0 && (axis < 3 || clouds.transforms.data == nullptr)) {
      for (int k = 0; k < count; ++k) values[k] = static_cast<double>(p[axis % 3][k]);
    } else {
      for (int k = 0; k < count; ++k) values[k] = value_at(clouds, channel, index[k]);
    }
  }

  /// Adds the points' words to word `w` of records that have `width` of them.
  void add(const std::uint64_t* words, std::uint64_t* records, std::int64_t width, std::int64_t w) const noexcept {
    if (2 * runs > count) {
      for (int k = 0; k < count; ++k) records[voxel[k] * width + w] += words[k];
      return;
    }
    std::uint64_t before[most + 1];
    before[0] = 0;
    for (int k = 0; k < count; ++k) before[k + 1] = before[k] + words[k];
    for (int r = 0; r < runs; ++r) records[voxel[run[r]] * width + w] += before[run[r + 1]] - before[run[r]];
  }
  /// Likewise, where the largest stays.
  void take_larger(const std::uint64_t* words, std::uint64_t* records, std::int64_t width,
                   std::int64_t w) const noexcept {
    for (int k = 0; k < count; ++k) {
      std::uint64_t& word = records[voxel[k] * width + w];
      word = larger(word, words[k]);
    }
  }
};

/// What values add to the records of a channel; returns whether any makes its voxel NaN.
inline bool find_words(const ChannelJob& channel, const double* values, int count, std::uint64_t* words) noexcept {
  std::uint64_t any_nan = 0;  // as wide as the words
  const auto take = [&](const Contribution& more, int k) ROBOCACHE_ALWAYS_INLINE {
    words[k] = more.word;
    any_nan |= std::uint64_t{more.is_nan};
  };
  if (channel.is_sum()) {
    const double inverse_unit = channel.inverse_unit;
    for (int k = 0; k < count; ++k) take(units_of(values[k], inverse_unit), k);
  } else {
    for (int k = 0; k < count; ++k) take(contribution(channel, values[k]), k);
  }
  return any_nan != 0;
}

/// Adds a block of points to the records of their voxels.
template <class F>
void add_block(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, PointBlock<F>* block) noexcept {
  const std::int64_t width = job.record_words();
  std::uint64_t words[PointBlock<F>::most];
  for (int r = 0; r < block->runs; ++r) {
    scratch.counts[block->voxel[block->run[r]]] += block->run[r + 1] - block->run[r];
  }
  for (int c = 0; c < job.reduced_count; ++c) {
    const ChannelJob channel = job.channels[c];
    double values[PointBlock<F>::most];
    block->read(job.clouds, channel, values);
    const bool any_nan = find_words(channel, values, block->count, words);
    if (channel.is_sum()) {
      block->add(words, scratch.records, width, 1 + c);
    } else {
      block->take_larger(words, scratch.records, width, 1 + c);
    }
    for (int k = 0; any_nan && k < block->count; ++k) {
      scratch.records[block->voxel[k] * width] |= std::uint64_t{contribution(channel, values[k]).is_nan} << c;
    }
  }
  if (!job.has_nearest) return;
  for (int k = 0; k < block->count; ++k) {
    const std::int64_t i = block->index[k];
    const VoxelPlace at = job.place_of(scratch.index.key_of[block->voxel[k]], segment_at(job.clouds, i).cloud);
    words[k] = nearness(job, at, {block->p[0][k], block->p[1][k], block->p[2][k]}, job.grid.origin_of(at.cloud), i);
  }
  block->take_larger(words, scratch.records, width, job.nearest_word());
}

/// The records of the voxels [begin, end), and how many points they have.
template <class F, PointLayout Layout>
void add_points(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, std::int64_t begin,
                std::int64_t end) noexcept {
  PointBlock<F> block;
  const std::int64_t points = job.clouds.count;
  for (std::int64_t first = 0; first < points; first += PointBlock<F>::most) {
    block.template take<Layout>(job.clouds, scratch.index.voxel_of, first, smaller(points, first + PointBlock<F>::most),
                                begin, end);
    add_block(job, scratch, &block);
  }
}

/// Rows [begin, end) of voxels, but for the lists.
template <class F>
void write_voxels(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, std::int64_t begin,
                  std::int64_t end) noexcept {
  const HostIndex& index = scratch.index;
  const std::int64_t words = job.record_words();
  std::memset(scratch.counts + begin, 0, static_cast<std::size_t>(end - begin) * sizeof(std::int32_t));
  if (words == 0) {
    for_points_of(index.voxel_of, job.clouds.count, begin, end,
                  [&](std::int64_t, std::int64_t v) { ++scratch.counts[v]; });
  } else {
    std::memset(scratch.records + begin * words, 0,
                static_cast<std::size_t>((end - begin) * words) * sizeof(std::uint64_t));
    if (job.clouds.layout == PointLayout::any) {
      add_points<F, PointLayout::any>(job, scratch, begin, end);
    } else {
      add_points<F, PointLayout::triple>(job, scratch, begin, end);
    }
  }
  for (std::int64_t v = begin; v < end; ++v) {
    const std::int32_t first = index.first_of[v];
    VoxelPlace at = {-1, -1, -1, -1};
    if (job.coords != nullptr) at = index.place_of(job, v);
    write_voxel(job, v, at, scratch.counts[v], first, words == 0 ? nullptr : scratch.records + v * words);
  }
}

#if ROBOCACHE_DISPATCH_FMA
template <class F>
__attribute__((target("avx2,fma"), flatten)) void write_voxels_fma(const VoxelizeSparseJob<F>& job,
                                                                   const SparseHostScratch& scratch, std::int64_t begin,
                                                                   std::int64_t end) noexcept {
  write_voxels(job, scratch, begin, end);
}
#endif
template <class F>
auto fastest_write_voxels() noexcept {
#if ROBOCACHE_DISPATCH_FMA
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &write_voxels_fma<F>;
#endif
  return &write_voxels<F>;
}

/// `value` in the rows [begin, end) of a column.
template <class T>
void fill_column(const TensorJob& column, std::int64_t begin, std::int64_t end, double value) noexcept {
  const T number = Narrow<T>::from(value);
  for (std::int64_t row = begin; row < end; ++row) store_as(column.data, row * column.x_stride, number);
}

/// If the columns are all there is in the rows of a matrix, and rows past the last voxel are 0, where it begins.
template <class F>
char* matrix_of_zeros(const VoxelizeSparseJob<F>& job) noexcept {
  const std::int64_t columns = job.channel_count;
  char* begin = columns == 0 ? nullptr : job.channels[0].out.data;
  for (int c = 1; c < columns; ++c) begin = std::min(begin, job.channels[c].out.data);
  for (int c = 0; c < columns; ++c) {
    const ChannelJob& channel = job.channels[c];
    // Columns do not begin at one element: that many, so near, are all.
    const bool is_column = channel.out.type == job.channels[0].out.type && channel.out.x_stride == columns &&
                           channel.out.data - begin < columns * size_of(channel.out.type);
    if (!is_column || bit_cast<std::uint64_t>(channel.empty) != 0) return nullptr;
  }
  return begin;
}

/// The rows [begin, end), which are past the last voxel.
template <class F>
void write_no_voxels(const VoxelizeSparseJob<F>& job, std::int64_t begin, std::int64_t end) noexcept {
  const auto count = static_cast<std::size_t>(end - begin);
  if (job.coords != nullptr) std::memset(job.coords + begin * 4, 0xff, count * 4 * sizeof(std::int32_t));
  if (job.count != nullptr) std::memset(job.count + begin, 0, count * sizeof(std::int32_t));
  if (char* matrix = matrix_of_zeros(job); matrix != nullptr) {
    const std::int64_t row = job.channel_count * size_of(job.channels[0].out.type);
    std::memset(matrix + begin * row, 0, count * static_cast<std::size_t>(row));
    return;
  }
  // Columns mostly interleave: all of them for some rows at a time, which stay in the cache.
  constexpr std::int64_t rows = 1024;
  for (std::int64_t first = begin; first < end; first += rows) {
    for (int c = 0; c < job.channel_count; ++c) {
      const TensorJob& column = job.channels[c].out;
      const auto fill = column.type == CellType::f32   ? &fill_column<float>
                        : column.type == CellType::f64 ? &fill_column<double>
                        : column.type == CellType::f16 ? &fill_column<Half>
                                                       : &fill_column<BFloat16>;
      fill(column, first, smaller(end, first + rows), job.channels[c].empty);
    }
  }
}

struct VoxelizeSparseOnHost {
  static constexpr std::int64_t voxels_per_thread = 4096;

  Workspace workspace;
  Host host;

  template <class F>
  Status operator()(const VoxelizeSparseJob<F>& job) const {
    Carver carver(workspace);
    const SparseHostScratch scratch = SparseHostScratch::carve(job, carver);
    if (job.counts != nullptr) {
      std::memset(job.counts, 0, static_cast<std::size_t>(job.clouds.clouds) * sizeof(PointCounts));
    }
    const std::int64_t voxels = number_voxels(job, scratch.index, host);
    if (job.order == VoxelOrder::key) order_by_key(job, scratch.index, scratch.sort, voxels, host);
    const std::int64_t written = smaller(voxels, job.capacity);
    parallel_for(host, written, voxels_per_thread,
                 [&](std::int64_t begin, std::int64_t end) { fastest_write_voxels<F>()(job, scratch, begin, end); });
    parallel_for(host, job.capacity - written, voxels_per_thread,
                 [&](std::int64_t begin, std::int64_t end) { write_no_voxels(job, written + begin, written + end); });
    if (job.list_offsets != nullptr) write_lists(job, scratch, written);
    if (job.voxel_count != nullptr) *job.voxel_count = voxels;
    drop_overflow(job, scratch.index, voxels > written);
    return {};
  }

 private:
  template <class F>
  void write_lists(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, std::int64_t written) const {
    // Each offset is first where its list begins, and moves to where the list ends, as it is filled: there the next one
    // begins.
    std::int64_t* ends = job.list_offsets + 1;
    std::int64_t listed = 0;
    for (std::int64_t v = 0; v < written; ++v) {
      ends[v] = listed;
      listed += scratch.counts[v];
      if (job.list_points == nullptr) ends[v] = listed;
    }
    job.list_offsets[0] = 0;
    for (std::int64_t v = written; v < job.capacity; ++v) ends[v] = listed;
    if (job.list_points == nullptr) return;
    parallel_for(host, written, voxels_per_thread, [&](std::int64_t begin, std::int64_t end) {
      for_points_of(scratch.index.voxel_of, job.clouds.count, begin, end,
                    [&](std::int64_t i, std::int64_t v) { job.list_points[ends[v]++] = static_cast<std::int32_t>(i); });
    });
    for (std::int64_t k = listed; k < job.clouds.count; ++k) job.list_points[k] = -1;
  }

  /// Counts the points of voxels past the capacity, which are in no voxel that is written.
  template <class F>
  static void drop_overflow(const VoxelizeSparseJob<F>& job, const HostIndex& index, bool any) noexcept {
    std::int64_t overflow = 0;
    for (std::int64_t i = 0; any && i < job.clouds.count; ++i) {
      if (index.voxel_of[i] < job.capacity) continue;
      index.voxel_of[i] = -1;
      ++overflow;
    }
    if (job.overflow != nullptr) *job.overflow = overflow;
  }
};

}  // namespace detail

inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, Host) noexcept {
  return detail::measured_bytes<detail::VoxelizeSparseJob>(
      args, [](const auto& job, detail::Carver& carver) { detail::SparseHostScratch::carve(job, carver); });
}

template <class First, class... Rest>
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, Host host) {
  if (host.threads < 0) return {StatusCode::invalid_value, "host.threads: negative"};
  return detail::dispatch_call<detail::VoxelizeSparseJob, First, Rest...>(
      args, workspace, [](const auto& job, detail::Carver& carver) { detail::SparseHostScratch::carve(job, carver); },
      detail::VoxelizeSparseOnHost{workspace, host});
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, cudaStream_t) noexcept {
  return detail::measured_bytes<detail::VoxelizeSparseJob>(
      args, [](const auto& job, detail::Carver& carver) { detail::SparseDeviceScratch::carve(job, carver); });
}
#endif

ROBOCACHE_NAMESPACE_END
