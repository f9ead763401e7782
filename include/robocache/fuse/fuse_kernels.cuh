// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/fuse/fuse.hpp>
#include <robocache/resample/resample_kernels.cuh>

#include <cstdint>
#include <type_traits>

// A block works on a tile of rows of one stream, as in resample. Tiles of the same rows are neighbours in the grid, so
// that the parts of a row, which may share a sector, meet in the cache.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

struct FusedStreamLaunch {
  std::int32_t end = 0;  ///< tiles of a round of this stream and those before it
  std::int32_t rows_per_tile = 1;
  std::int32_t access = 1;  ///< channels
  bool halves = false;      ///< of an access, in the output
};

/// The grid in rounds: each covers `rows` rows of all streams.
struct FuseLaunch {
  std::int64_t tiles = 0;  ///< below 2^31
  std::int32_t rows = 0;
  Divisor tiles_per_round;
  FusedStreamLaunch streams[max_streams];
};

// What every device of CUDA 12.1 takes; a graph replays a kernel as fast with 16 KB as with 64 bytes.
static_assert(sizeof(FuseJob) + sizeof(FuseLaunch) <= 32764, "kernel parameters");

/// FuseTypesOf::with_input on the device.
template <class S, class O, class... I, class K, class Run>
__device__ void with_input(FuseTypesOf<FuseTypes<S, O, Inputs<I...>, K>>, ElementType type, const Run& run) noexcept {
  (void)((element_traits<I>::type == type && (run(TypesOf<Types<S, I, O, K>>{}), true)) || ...);
}

/// An element whose type is known at run time alone.
struct AnyElement {
  const char* data;
  ElementType type;
};
template <class F>
__device__ inline F widen(AnyElement element) noexcept {
  switch (element.type) {
    case ElementType::f32:
      return widen<F>(*reinterpret_cast<const float*>(element.data));
    case ElementType::f64:
      return widen<F>(*reinterpret_cast<const double*>(element.data));
    case ElementType::f16:
      return widen<F>(*reinterpret_cast<const Half*>(element.data));
    default:
      return widen<F>(*reinterpret_cast<const BFloat16*>(element.data));
  }
}

/// What evaluate takes for a pointer: rotations and scalars cost so much that one code for all types is as fast.
struct AnyRow {
  const char* data;
  ElementType type;
  int size;

  __device__ AnyElement operator[](std::int64_t i) const noexcept { return {data + i * size, type}; }
  __device__ AnyRow operator+(std::int64_t i) const noexcept { return {data + i * size, type, size}; }
};

struct AnyElements {
  ElementType type;
  int size;

  __device__ AnyRow operator()(const char* sample, int c) const noexcept { return AnyRow{sample, type, size} + c; }
};

/// What all streams of a kernel have in common, the narrowest that fits: each of these takes registers from the others.
enum class FuseSet {
  plain,   ///< has_short_path and is_plain, two-point kinds; nobody asks for ages
  simple,  ///< has_short_path, no smooth kinds; nobody asks for ages
  steady,  ///< no smooth kinds
  any,
};

/// One tile of one stream, whose arithmetic is in F.
template <class Of, class F, FuseSet Set, int Threads, int Batch>
__device__ inline void fuse_tile(const FuseJob& job, int s, const FusedStreamLaunch& launch, std::int64_t first_row,
                                 int rows, unsigned char* shared) noexcept {
  using Tile = GroupsTile<F, Set == FuseSet::any, Threads>;
  Tile& tile = *reinterpret_cast<Tile*>(shared);
  const FusedStream& stream = job.streams[s];
  const std::int64_t ring = Set <= FuseSet::simple ? 0 : stream.ring;
  tile.template run<typename Of::Stamp, Set == FuseSet::plain>(
      stream, stream.pitch_bytes, job.streams[0], job, Set <= FuseSet::simple, first_row, rows,
      [&](int g) -> const PlacedGroup& { return job.groups[stream.first_group + g]; },
      [&](int g) {
        const PlacedGroup& group = job.groups[stream.first_group + g];
        const auto out = tile.template output<typename Of::Out>(stream, group, g, first_row, rows, launch.halves);
        if (Of::two_point_only || Set == FuseSet::plain || (is_two_point(group.kind) && !group.derivative)) {
          with_input(Of{}, stream.type, [&](auto of) {
            using One = decltype(of);
            if constexpr (std::is_same<typename One::F, F>::value) {
              tile.template write_two_point<Set == FuseSet::plain, typename One::In, Batch>(
                  stream, ring, group, AnyAccess<One>{launch.access}, out);
            }
          });
        } else if constexpr (!Of::two_point_only && Set != FuseSet::plain) {
          tile.write_one_by_one(stream, ring, group, AnyElements{stream.type, stream.element_bytes}, out);
        }
      });
}

/// Where rows are few, what counts is how long one takes. So a warp, which is a block, has one row of one stream: what
/// needs no memory is computed while the kernels ahead still run, all lanes look for the bracket together, and nothing
/// goes through shared memory. For jobs that has_few_rows. Of is a FuseTypesOf without double.
template <class Of>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(32)
    fuse_row_kernel(const __grid_constant__ FuseLaunch launch, const __grid_constant__ FuseJob job,
                    const __grid_constant__ Divisor by_streams) {
  using Stamp = typename Of::Stamp;
  using Out = typename Of::Out;
  const std::uint32_t row = by_streams.divide_short(blockIdx.x);
  const int s = static_cast<int>(blockIdx.x - row * static_cast<std::uint32_t>(by_streams.value));
  const FusedStream& stream = job.streams[s];
  const PlacedGroup& group = job.groups[stream.first_group];
  const auto query = UniformQuery<Stamp>::of(stream, job.streams[0], job, row);
  const TileOutput<Out> out = {static_cast<Out*>(stream.out) + row * stream.pitch_out,
                               0,
                               1,
                               nullptr,
                               0u,
                               {nullptr, nullptr},
                               stream.template fill<Out>(),
                               launch.streams[s].halves};
  await_stream();

  const WarpStamps<Stamp, 8> stamps(query.stamps);
  RowQuery<Stamp> at;
  at.stamps = query.stamps;
  at.first_row = query.first_row;
  at.at = query.time();
  Bracket<time_value_t<Stamp>> found;
  if (group.kind != Interpolation::linear || !stamps.find(at.at, found)) {
    const auto guide = SearchGuide<time_value_t<Stamp>>::of(query.stamps);
    found = find_bracket<std::int32_t>(query.stamps, guide, at.at, group.kind, stream.rules.slack);
  }
  SamplePlan<float> plan;
  plan_found<float>(stream, query.stamps, at, found, group, false, plan);
  with_input(Of{}, stream.type, [&](auto of) {
    using One = decltype(of);
    AnyAccess<One>{launch.streams[s].access}([&](auto v) {
      constexpr int V = decltype(v)::value;
      const SingleRow<float> planned = {TileRow<float>::of(stream, stream.pitch_bytes, at, plan),
                                        static_cast<int>(stream.width_out) / V};
      stream_two_point<true, typename One::In, V, 32, 2>(static_cast<int>(threadIdx.x), planned, 0, stream.pitch_in, 0,
                                                         out);
    });
  });
}

/// Of is a FuseTypesOf. A block takes one tile.
template <class Of, FuseSet Set, int Threads, int MinBlocks, int Batch>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    fuse_kernel(const __grid_constant__ FuseLaunch launch, const __grid_constant__ FuseJob job) {
  using Widest = std::conditional_t<Of::has_double, double, float>;
  __shared__ alignas(16) unsigned char shared[sizeof(GroupsTile<Widest, Set == FuseSet::any, Threads>)];
  const std::uint32_t round = launch.tiles_per_round.divide_short(blockIdx.x);
  const int of_round = static_cast<int>(blockIdx.x - round * static_cast<std::uint32_t>(launch.tiles_per_round.value));
  int s = 0, before = 0;
  while (of_round >= launch.streams[s].end) before = launch.streams[s++].end;
  const FusedStreamLaunch& of_stream = launch.streams[s];
  const std::int64_t first_row = std::int64_t{round} * launch.rows + (of_round - before) * of_stream.rows_per_tile;
  await_stream();
  if (first_row >= job.rows) return;
  const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, of_stream.rows_per_tile));
  if (Set > FuseSet::simple && (job.age != nullptr || job.sample != nullptr)) {
    RowQuery<typename Of::Stamp> query;
    locate_tile_row(job.streams[s], job.streams[0], job, false, first_row, rows, static_cast<int>(threadIdx.x), query);
    write_age(job, query, (first_row + threadIdx.x) * job.stream_count + s);
  }
  using Out = typename Of::Out;
  if constexpr (Of::has_double && !std::is_same<Out, double>::value) {
    if (job.streams[s].type != ElementType::f64) {
      return fuse_tile<Of, float, Set, Threads, Batch>(job, s, of_stream, first_row, rows, shared);
    }
  }
  fuse_tile<Of, Widest, Set, Threads, Batch>(job, s, of_stream, first_row, rows, shared);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
