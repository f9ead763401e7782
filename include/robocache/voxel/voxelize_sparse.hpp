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
///
/// At most some 36 bytes a point, and 24 more for the order of keys; 4 bytes for each voxel that may be written, or in
/// the order of keys exist, and with channels other than `first` 8 * (2 + channels) more.
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
/// nothing else, and nothing at all when an argument is wrong. Results are the same bits on CPU and GPU and from run to
/// run. In the order of keys nothing but point_to_voxel, list_points, and what `first` and ties of `nearest` take
/// depends on the order of the points.
///
/// How many points there are may change from replay to replay of a graph: with ragged segments, whose offsets the
/// device reads, points that lie in no segment are left out, up to the points.count of the capture.
///
/// The order of keys and lists take an error that is pending in the runtime (cudaPeekAtLastError) from the calling
/// thread; no call fails for one.
///
/// Errors found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output or the
/// workspace overlaps an input or another output; columns may interleave, but two must not begin at one element),
/// misaligned, workspace_too_small, unsupported_type. Of a channel at fault, index() says which. Of launches:
/// cuda_error.
ROBOCACHE_API Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream);
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, std::nullptr_t) = delete;

/// The same, instantiated by nvcc for the listed types of coordinates; defined in voxelize_sparse.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, cudaStream_t stream);
template <class First, class... Rest>
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, std::nullptr_t) = delete;
#endif

namespace detail {

/// What sorting on a stream takes: pairs of a key and a number, and places to move them to.
struct DeviceSort {
  std::int64_t count = 0;
  std::uint64_t* keys[2] = {};
  std::uint32_t* numbers[2] = {};
  unsigned char* scratch = nullptr;

  /// More than the radix sort asks for, which only a device can say; the sort compares.
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
  std::int64_t recorded = 0;         ///< voxels that are counted and have records: the first ones
  std::int32_t* counts = nullptr;    ///< [recorded]: points of each
  std::uint64_t* records = nullptr;  ///< [recorded, record_words]

  template <class F>
  static SparseHostScratch carve(const VoxelizeSparseJob<F>& job, Carver& carver) noexcept {
    SparseHostScratch scratch;
    scratch.index = HostIndex::carve(job, job.point_to_voxel, carver);
    if (job.order == VoxelOrder::key) scratch.sort = HostSort::carve(job.most_voxels, carver);
    scratch.recorded = job.order == VoxelOrder::key ? job.most_voxels : job.rows();
    scratch.counts = carver.take<std::int32_t>(scratch.recorded);
    scratch.records = carver.take<std::uint64_t>(scratch.recorded * job.record_words());
    return scratch;
  }

  /// The voxel of a row.
  template <class F>
  std::int64_t voxel_at(const VoxelizeSparseJob<F>& job, std::int64_t row) const noexcept {
    return job.order == VoxelOrder::key ? sort.voxels[0][row] : row;
  }
  template <class F>
  void clear(const VoxelizeSparseJob<F>& job, std::int64_t begin, std::int64_t end) const noexcept {
    std::fill(counts + begin, counts + end, 0);
    std::fill(records + begin * job.record_words(), records + end * job.record_words(), std::uint64_t{0});
  }
};

/// Numbers of one channel.
template <class F>
inline void read_values(const CloudsJob<F>& clouds, const ChannelJob& channel, const PointBlock<F>& block,
                        double* values) noexcept {
  const int axis = static_cast<int>(channel.source) - static_cast<int>(ChannelSource::x);
  if (axis >= 0 && (axis < 3 || clouds.transforms.data == nullptr)) {
    for (int k = 0; k < block.count; ++k) values[k] = static_cast<double>(block.p[axis % 3][k]);
  } else {
    for (int k = 0; k < block.count; ++k) values[k] = value_at(clouds, channel, block.index[k]);
  }
}

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

/// Adds what the points of a block add to word `w` of their voxels' records, which have `width` words.
template <class F>
inline void add_words(const PointBlock<F>& block, const std::uint64_t* words, bool is_sum, std::uint64_t* records,
                      std::int64_t width, std::int64_t w) noexcept {
  if (is_sum) {
    std::uint64_t before[points_of_block + 1];
    before[0] = 0;
    for (int k = 0; k < block.count; ++k) before[k + 1] = before[k] + words[k];
    for (int r = 0; r < block.runs; ++r) {
      records[block.voxel[r] * width + w] += before[block.end[r]] - before[block.begin[r]];
    }
    return;
  }
  for (int r = 0; r < block.runs; ++r) {
    std::uint64_t& word = records[block.voxel[r] * width + w];
    for (int k = block.begin[r]; k < block.end[r]; ++k) word = larger(word, words[k]);
  }
}

/// Adds a block of points to the records of their voxels.
template <class F>
void add_block(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, const PointBlock<F>& block) noexcept {
  const std::int64_t width = job.record_words();
  const int runs = block.runs;
  for (int r = 0; r < runs; ++r) scratch.counts[block.voxel[r]] += block.end[r] - block.begin[r];
  std::uint64_t words[points_of_block];
  for (int c = 0; c < job.reduced_count; ++c) {
    const ChannelJob channel = job.channels[c];
    double values[points_of_block];
    read_values(job.clouds, channel, block, values);
    const bool any_nan = find_words(channel, values, block.count, words);
    add_words(block, words, channel.is_sum(), scratch.records, width, 1 + c);
    for (int r = 0; any_nan && r < runs; ++r) {
      for (int k = block.begin[r]; k < block.end[r]; ++k) {
        scratch.records[block.voxel[r] * width] |= std::uint64_t{contribution(channel, values[k]).is_nan} << c;
      }
    }
  }
  if (!job.has_nearest) return;
  for (int r = 0; r < runs; ++r) {
    const VoxelPlace at = scratch.index.place_of(job, block.voxel[r]);
    const Vector3<F> origin = job.grid.origin_of(at.cloud);
    for (int k = block.begin[r]; k < block.end[r]; ++k) {
      words[k] = nearness(job, at, {block.p[0][k], block.p[1][k], block.p[2][k]}, origin, block.index[k]);
    }
  }
  add_words(block, words, false, scratch.records, width, job.nearest_word());
}

/// Adds blocks, as one thread numbers the voxels.
template <class F>
struct AddBlocks {
  const VoxelizeSparseJob<F>& job;
  const SparseHostScratch& scratch;
  std::int64_t* cleared;  ///< records

  void operator()(PointBlock<F>* block, std::int64_t voxels) const noexcept {
    const std::int64_t needed = smaller(voxels, scratch.recorded);
    scratch.clear(job, *cleared, needed);
    *cleared = needed;
    if (voxels > needed) leave_out_unrecorded(block);
    add_block(job, scratch, *block);
  }
  void leave_out_unrecorded(PointBlock<F>* block) const noexcept {
    int runs = 0;
    for (int r = 0; r < block->runs; ++r) {
      if (block->voxel[r] >= scratch.recorded) continue;
      block->begin[runs] = block->begin[r];
      block->end[runs] = block->end[r];
      block->voxel[runs++] = block->voxel[r];
    }
    block->runs = runs;
  }
};

/// Adds the points of the voxels [begin, end), which are numbered.
template <class F, PointLayout Layout>
void add_points_as(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, std::int64_t begin,
                   std::int64_t end) noexcept {
  const std::int32_t* voxel_of = scratch.index.voxel_of;
  scratch.clear(job, begin, end);
  PointBlock<F> block;
  SegmentView view;
  for (std::int64_t first = 0; first < job.clouds.count; first += points_of_block) {
    const std::int64_t stop = smaller(job.clouds.count, first + points_of_block);
    block.count = block.runs = 0;
    for (std::int64_t i = first; i < stop; ++i) {
      block.index[block.count] = static_cast<std::int32_t>(i);
      block.count += static_cast<int>((voxel_of[i] >= begin) & (voxel_of[i] < end));
    }
    for (int k = 0; k < block.count; ++k) {
      const std::int64_t i = block.index[k];
      if (i >= view.end) view = segment_at(job.clouds, i);
      const Vector3<F> at = transformed(job.clouds.transforms, view.segment, read_point<F, Layout>(job.clouds, i));
      block.p[0][k] = at.x, block.p[1][k] = at.y, block.p[2][k] = at.z;
      if (block.runs == 0 || block.voxel[block.runs - 1] != voxel_of[i]) {
        block.begin[block.runs] = k;
        block.voxel[block.runs++] = voxel_of[i];
      }
      block.end[block.runs - 1] = k + 1;
    }
    add_block(job, scratch, block);
  }
}

template <class F>
void add_points(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, std::int64_t begin,
                std::int64_t end) noexcept {
  if (job.clouds.layout == PointLayout::any) return add_points_as<F, PointLayout::any>(job, scratch, begin, end);
  return add_points_as<F, PointLayout::triple>(job, scratch, begin, end);
}

/// The rows [begin, end) of voxels, but for the lists.
template <class F>
void write_voxels(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, std::int64_t begin,
                  std::int64_t end) noexcept {
  const std::int64_t words = job.record_words();
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t v = scratch.voxel_at(job, row);
    VoxelPlace at = {-1, -1, -1, -1};
    if (job.coords != nullptr) at = scratch.index.place_of(job, v);
    write_voxel(job, row, at, scratch.counts[v], scratch.index.first_of[v],
                words == 0 ? nullptr : scratch.records + v * words);
  }
}

#if ROBOCACHE_DISPATCH_FMA
template <class F>
__attribute__((target("avx2,fma"), flatten)) void add_points_fma(const VoxelizeSparseJob<F>& job,
                                                                 const SparseHostScratch& scratch, std::int64_t begin,
                                                                 std::int64_t end) noexcept {
  add_points(job, scratch, begin, end);
}
template <class F>
__attribute__((target("avx2,fma"), flatten)) void write_voxels_fma(const VoxelizeSparseJob<F>& job,
                                                                   const SparseHostScratch& scratch, std::int64_t begin,
                                                                   std::int64_t end) noexcept {
  write_voxels(job, scratch, begin, end);
}
#endif
template <class F>
struct FastestSparse {
  using Part = void (*)(const VoxelizeSparseJob<F>&, const SparseHostScratch&, std::int64_t, std::int64_t);
  Part add = &add_points<F>, write = &write_voxels<F>;

  FastestSparse() noexcept {
#if ROBOCACHE_DISPATCH_FMA
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
    add = &add_points_fma<F>;
    write = &write_voxels_fma<F>;
#endif
  }
};

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
    SparseHostScratch scratch = SparseHostScratch::carve(job, carver);
    if (job.counts != nullptr) {
      std::memset(job.counts, 0, static_cast<std::size_t>(job.clouds.clouds) * sizeof(PointCounts));
    }
    const FastestSparse<F> fastest;
    const bool wants_rows = job.point_to_voxel != nullptr || job.overflow != nullptr || job.list_offsets != nullptr;
    std::int64_t cleared = 0;
    const std::int64_t voxels =
        number_voxels(job, scratch.index, host, wants_rows, AddBlocks<F>{job, scratch, &cleared});
    if (!is_alone(host, job.clouds.count)) {
      parallel_for(host, smaller(voxels, scratch.recorded), voxels_per_thread,
                   [&](std::int64_t begin, std::int64_t end) { fastest.add(job, scratch, begin, end); });
    }
    if (job.order == VoxelOrder::key) {
      sort_voxels(job, scratch.index, voxels, &scratch.sort);
      if (wants_rows) number_by_rows(job, scratch);
    }
    const std::int64_t written = smaller(voxels, job.capacity);
    parallel_for(host, written, voxels_per_thread,
                 [&](std::int64_t begin, std::int64_t end) { fastest.write(job, scratch, begin, end); });
    parallel_for(host, job.capacity - written, voxels_per_thread,
                 [&](std::int64_t begin, std::int64_t end) { write_no_voxels(job, written + begin, written + end); });
    if (job.list_offsets != nullptr) write_lists(job, scratch, written);
    if (job.voxel_count != nullptr) *job.voxel_count = voxels;
    if (wants_rows) drop_overflow(job, scratch.index, voxels > written);
    return {};
  }

 private:
  /// voxel_of as rows, of voxels that are sorted.
  template <class F>
  void number_by_rows(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch) const {
    std::int32_t* voxel_of = scratch.index.voxel_of;
    constexpr std::int64_t points_per_thread = 16384;
    parallel_for(host, job.clouds.count, points_per_thread, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        if (voxel_of[i] >= 0) voxel_of[i] = scratch.sort.voxels[1][voxel_of[i]];
      }
    });
  }

  template <class F>
  void write_lists(const VoxelizeSparseJob<F>& job, const SparseHostScratch& scratch, std::int64_t written) const {
    // Each offset is first where its list begins, and moves to where the list ends, as it is filled: there the next one
    // begins.
    std::int64_t* ends = job.list_offsets + 1;
    std::int64_t listed = 0;
    for (std::int64_t v = 0; v < written; ++v) {
      ends[v] = listed;
      listed += scratch.counts[scratch.voxel_at(job, v)];
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
  return detail::measured_bytes<detail::VoxelizeSparseJob, detail::SparseHostScratch>(args);
}

template <class First, class... Rest>
Status voxelize_sparse(const VoxelizeSparseArgs& args, Workspace workspace, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  return detail::dispatch_call<detail::VoxelizeSparseJob, detail::SparseHostScratch, First, Rest...>(
      args, workspace, detail::VoxelizeSparseOnHost{workspace, host});
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
inline std::size_t workspace_bytes(const VoxelizeSparseArgs& args, cudaStream_t) noexcept {
  return detail::measured_bytes<detail::VoxelizeSparseJob, detail::SparseDeviceScratch>(args);
}
#endif

ROBOCACHE_NAMESPACE_END
