// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/resample/resample.hpp>

#include <cstdint>
#include <type_traits>

// A block works on a tile of output rows in two phases. First a thread per row finds the bracket and decides (plans)
// the row; then all threads stream the tile's elements, evenly spread whatever the width of a row. While one block
// waits for its stamps, others on the same multiprocessor stream values. A stream of one smooth
// kind is worked on by single warps in the same way.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// A job as the kernels get it.
struct ResampleLaunch {
  std::int64_t tiles;
  int rows_per_tile;
  bool simple;            ///< plain clock, sample indices in 32 bits
  Divisor packs_per_row;  ///< two-point kernel only
};

/// The segment of ragged row r, found by a whole warp together: 33 parts a step. Every lane calls it with the same r.
__device__ inline std::int64_t ragged_segment_by_warp(const std::int64_t* offsets, std::int64_t segments,
                                                      std::int64_t r) noexcept {
  const std::int64_t lane = threadIdx.x % 32;
  std::int64_t low = -1, high = segments + 1;
  while (high - low > 1) {
    const std::int64_t step = (high - low + 31) / 32;
    const std::int64_t probe = low + (lane + 1) * step;
    const bool before = probe < high && offsets[probe] <= r;
    const int passed = __popc(__ballot_sync(0xffffffffu, before));
    low += passed * step;
    high = smaller(high, low + step);
  }
  return low;
}

/// Phase one for row `mine` of the tile: where it is. Every lane of the warp calls it, with consecutive rows; those
/// past `rows` get no work.
template <class Of>
__device__ inline void locate_tile_row(const ResampleJob& job, bool simple, std::int64_t first_row, int rows, int mine,
                                       RowQuery<typename Of::Stamp>& query) noexcept {
  const int first_of_warp = mine / 32 * 32;
  query.wanted = false;
  if (first_of_warp >= rows) return;
  std::int64_t near = 0;
  if (job.at.row_offsets != nullptr) {
    near = ragged_segment_by_warp(job.at.row_offsets, job.segments.count, first_row + first_of_warp);
  }
  if (mine >= rows) return;
  if (simple) {
    locate_row<true>(job, first_row + mine, near, query);
  } else {
    locate_row<false>(job, first_row + mine, near, query);
  }
}

/// Phase one for one row and one group: what to do there.
template <class F, class Plan, class Stamp>
__device__ inline void plan_tile_row(const ResampleJob& job, bool simple, const RowQuery<Stamp>& query,
                                     const PlacedGroup& group, Plan& plan, bool has_status) noexcept {
  if (simple) {
    const Stamps<Stamp> stamps = {query.stamps.data, query.stamps.count, Clock{}};
    const auto found = find_bracket<std::int32_t>(stamps, query.guide, query.at, group.kind, job.rules.slack);
    plan_sample_into<F>(plan, stamps, query.first_row, query.at, found, group, job.rules, group.reach, has_status);
  } else {
    const auto found = find_bracket<std::int64_t>(query.stamps, query.guide, query.at, group.kind, job.rules.slack);
    plan_sample_into<F>(plan, query.stamps, query.first_row, query.at, found, group, job.rules, group.reach,
                        has_status);
  }
}

/// scale * value + shift for V channels from a multiple of V.
template <int V, class F>
__device__ inline void apply_affine(const Affine& affine, int channel, F (&values)[V]) noexcept {
  Pack<float, V> scale, shift;
#pragma unroll
  for (int v = 0; v < V; ++v) {
    scale.elements[v] = 1.0f;
    shift.elements[v] = -0.0f;  // the neutral addend: it keeps the sign of a zero
  }
  const auto load = [channel](const float* from, Pack<float, V>& to) {
    if (from == nullptr) return;
    constexpr int step = V < 4 ? V : 4;
    if (reinterpret_cast<std::uintptr_t>(from) % (step * sizeof(float)) == 0) {
#pragma unroll
      for (int v = 0; v < V; v += step) {
        const Pack<float, step> part = load_pack<float, step>(from + channel + v);
#pragma unroll
        for (int k = 0; k < step; ++k) to.elements[v + k] = part.elements[k];
      }
    } else {
#pragma unroll
      for (int v = 0; v < V; ++v) to.elements[v] = __ldg(from + channel + v);
    }
  };
  load(affine.scale, scale);
  load(affine.shift, shift);
#pragma unroll
  for (int v = 0; v < V; ++v) {
    values[v] = fma(values[v], static_cast<F>(scale.elements[v]), static_cast<F>(shift.elements[v]));
  }
}

/// What phase two does with a row: which samples it reads, and whether it writes.
enum TileAction : int {
  leaves_row = 0,
  reads_left = 1,
  reads_right = 2,
  writes = 4,
  row_fill = writes,
  row_sample = writes | reads_left,
  row_blend = writes | reads_left | reads_right,
  row_zero = writes | 8,
};

/// A row's plan in shared memory, read in one access (two for double).
template <class F, class In>
struct alignas(16) TileRow {
  const In* left;  ///< first channel of the left sample
  F weight;
  int action;

  template <class Stamp>
  __device__ static TileRow of(const ResampleJob& job, const RowQuery<Stamp>& query,
                               const SamplePlan<F>& plan) noexcept {
    const In* values = static_cast<const In*>(job.values);
    return {values + plan.left * job.pitch_in, plan.weight,
            !query.wanted                   ? leaves_row
            : plan.action == Action::blend  ? row_blend
            : plan.action == Action::sample ? row_sample
            : plan.action == Action::fill   ? row_fill
                                            : row_zero};
  }
  __device__ SamplePlan<F> plan(F rate) const noexcept {
    SamplePlan<F> p;
    p.weight = weight;
    p.rate = rate;
    p.action = action == row_blend ? Action::blend : action == row_sample ? Action::sample : Action::zero;
    return p;
  }
};

/// Asks the L2 cache for a narrow row's samples as soon as its plan is known: phase two then waits for L2 instead of
/// memory, and the request holds no register. Wide rows keep enough reads in flight by themselves, and so do
/// accesses of 16 bytes.
template <class F, class In>
__device__ inline void prefetch_row(const ResampleJob& job, const TileRow<F, In>& row, Reach reach) noexcept {
  constexpr std::int64_t most = 256, line = 64;
  const std::int64_t pitch = job.pitch_in * static_cast<std::int64_t>(sizeof(In));
  if (pitch > most || (row.action & reads_left) == 0) return;
  const char* begin = reinterpret_cast<const char*>(row.left);
  const std::int64_t after = (row.action & reads_right) != 0 ? (reach == Reach::bracket ? 2 : 3) * pitch : pitch;
  // Never past the stream's last sample; a sample before the left one shares a line with it, or with an earlier row.
  const char* end =
      reinterpret_cast<const char*>(static_cast<const In*>(job.values) + (job.samples - 1) * job.pitch_in);
  for (std::int64_t at = 0; at < after && begin + at < end; at += line) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(begin + at));
  }
}

/// The intervals around a row's bracket, for smooth kinds; the outer ones only if Wide.
template <class F, bool Wide>
struct alignas(16) TileStencil {
  F values[Wide ? 6 : 4];

  __device__ static TileStencil of(const StencilPlan<F>& p) noexcept {
    TileStencil s = {{p.before, p.after, p.inverse_before, p.inverse_after}};
    if constexpr (Wide) {
      s.values[4] = p.inverse_before2;
      s.values[5] = p.inverse_after2;
    }
    return s;
  }
  __device__ StencilPlan<F> plan(F weight) const noexcept {
    StencilPlan<F> p;
    p.weight = weight;
    p.before = values[0];
    p.after = values[1];
    p.inverse_before = values[2];
    p.inverse_after = values[3];
    if constexpr (Wide) {
      p.inverse_before2 = values[4];
      p.inverse_after2 = values[5];
    }
    return p;
  }
};

/// Reads a record in accesses of 16 bytes.
template <class T>
__device__ inline T load_shared(const T* from) noexcept {
  struct Words {
    uint4 words[sizeof(T) / 16];
  } words;
#pragma unroll
  for (unsigned int i = 0; i < sizeof(T) / 16; ++i) words.words[i] = reinterpret_cast<const uint4*>(from)[i];
  return bit_cast<T>(words);
}

/// Where a tile's elements go.
template <class Out>
struct TileOutput {
  Out* first;  ///< the tile's first row, the group's first channel
  int pitch;   ///< elements
  int rows;
  unsigned int* non_finite;  ///< [rows], or null where nobody asks
  unsigned int group_bit;
  Affine affine;  ///< of the group's channels
  double fill;

  template <int V, class F>
  __device__ void store(int row, int channel, F (&values)[V]) const noexcept {
    if (non_finite != nullptr) {
      bool finite = true;
#pragma unroll
      for (int v = 0; v < V; ++v) finite = finite && is_finite(values[v]);
      if (!finite) atomicOr(non_finite + row, group_bit);
    }
    if (affine.scale != nullptr || affine.shift != nullptr) apply_affine(affine, channel, values);
    store_pack<Out, V>(first + (row * pitch + channel), narrow_pack<Out>(values));
  }
  template <int V>
  __device__ void store_fill(int row, int channel) const noexcept {
    Pack<Out, V> pack;
#pragma unroll
    for (int v = 0; v < V; ++v) pack.elements[v] = Narrow<Out>::from(fill);
    store_pack<Out, V>(first + (row * pitch + channel), pack);
  }
};

/// Streams one group of a two-point kind: V channels an access, Batch items of a thread in flight. Plain: without
/// status and affine, whose tests cost as much as the work of a narrow pack.
template <bool Plain, class F, int V, int Threads, int Batch, class In, class Out>
__device__ inline void stream_two_point(const TileRow<F, In>* tile_rows, int first_channel,
                                        const Divisor& packs_per_row, std::int64_t pitch_in,
                                        const TileOutput<Out>& out) noexcept {
  using Word = typename detail::Word<static_cast<int>(sizeof(In)) * V>::type;
  const int packs_of_row = static_cast<int>(packs_per_row.value);
  const int packs = out.rows * packs_of_row;
  for (int begin = static_cast<int>(threadIdx.x); begin < packs; begin += Threads * Batch) {
    Word left[Batch], right[Batch];
    F weight[Batch];
    int row[Batch], channel[Batch], action[Batch];
#pragma unroll
    for (int b = 0; b < Batch; ++b) {
      const int item = begin + b * Threads;
      const bool active = Batch == 1 || item < packs;
      row[b] = static_cast<int>(packs_per_row.divide_short(static_cast<std::uint32_t>(item)));
      channel[b] = (item - row[b] * packs_of_row) * V;
      const TileRow<F, In> tile_row = tile_rows[active ? row[b] : 0];
      weight[b] = tile_row.weight;
      action[b] = active ? tile_row.action : static_cast<int>(leaves_row);
      const In* p = tile_row.left + (first_channel + channel[b]);
      left[b] = {};
      right[b] = {};
      if ((action[b] & reads_left) != 0) left[b] = __ldg(reinterpret_cast<const Word*>(p));
      if ((action[b] & reads_right) != 0) right[b] = __ldg(reinterpret_cast<const Word*>(p + pitch_in));
    }
#pragma unroll
    for (int b = 0; b < Batch; ++b) {
      if ((action[b] & writes) == 0) continue;
      if (action[b] == row_fill) {
        out.template store_fill<V>(row[b], channel[b]);
        continue;
      }
      const auto from = bit_cast<Pack<In, V>>(left[b]), to = bit_cast<Pack<In, V>>(right[b]);
      F values[V];
#pragma unroll
      for (int v = 0; v < V; ++v) {
        const F a = widen<F>(from.elements[v]);
        const F between = linear_between(a, widen<F>(to.elements[v]), weight[b]);
        values[v] = action[b] == row_blend ? between : a;
      }
      if constexpr (Plain) {
        store_pack<Out, V>(out.first + (row[b] * out.pitch + channel[b]), narrow_pack<Out>(values));
      } else {
        out.store(row[b], channel[b], values);
      }
    }
  }
}

/// Calls item(row, channel) for the rows of a tile and the multiples of `step` below `width`, spread over all threads.
template <int Threads, class Item>
__device__ inline void for_each_item(int rows, int width, int step, const Item& item) noexcept {
  const int items = width / step;
  if (items == 0) return;
  const int row_step = Threads / items, item_step = Threads - row_step * items;
  int row = static_cast<int>(threadIdx.x) / items;
  int index = static_cast<int>(threadIdx.x) - row * items;
  while (row < rows) {
    item(row, index * step);
    row += row_step;
    index += item_step;
    if (index >= items) {
      index -= items;
      ++row;
    }
  }
}

/// Streams one group of a smooth kind, V channels an access. What is usual goes without branches, so that all reads are
/// under way before the arithmetic and channels interleave; any other item goes the general way, from the start.
template <bool Plain, Interpolation Kind, int V, int Threads, bool Wide, class F, class In, class Pitch, class Out>
__device__ inline void stream_smooth(int thread, const TileRow<F, In>* tile_rows, const F* rates,
                                     const TileStencil<F, Wide>* stencils, const PlacedGroup& group,
                                     const Divisor& packs_per_row, Pitch pitch, const TileOutput<Out>& out) noexcept {
  constexpr bool wide = Kind == Interpolation::akima;
  const int packs_of_row = group.width / V, packs = out.rows * packs_of_row;
  for (int item = thread; item < packs; item += Threads) {
    const int row = static_cast<int>(packs_per_row.divide_short(static_cast<std::uint32_t>(item)));
    const int channel = (item - row * packs_of_row) * V;
    const TileRow<F, In> tile_row = load_shared(tile_rows + row);
    const StencilPlan<F> plan = load_shared(stencils + row).plan(tile_row.weight);
    const In* y = tile_row.left + (group.first_in + channel);
    bool usual = tile_row.action == row_blend && has_all_neighbours(Kind, plan);
    F values[V];
    if (usual) {
      const In *at_before = y - pitch, *at_right = y + pitch, *at_after = at_right + pitch;
      const Pack<In, V> before = load_pack<In, V>(at_before), left = load_pack<In, V>(y);
      const Pack<In, V> right = load_pack<In, V>(at_right), after = load_pack<In, V>(at_after);
      const Pack<In, V> before2 = wide ? load_pack<In, V>(at_before - pitch) : before;
      const Pack<In, V> after2 = wide ? load_pack<In, V>(at_after + pitch) : after;
      F from[V], to[V];
      EndSlopes<F> d[V];
#pragma unroll
      for (int v = 0; v < V; ++v) {
        from[v] = widen<F>(left.elements[v]);
        to[v] = widen<F>(right.elements[v]);
        d[v] = usual_slopes(Kind, plan,
                            Neighbours<F>{widen<F>(before2.elements[v]), widen<F>(before.elements[v]), from[v], to[v],
                                          widen<F>(after.elements[v]), widen<F>(after2.elements[v])},
                            usual);
      }
      if (usual && !group.derivative) {
#pragma unroll
        for (int v = 0; v < V; ++v) values[v] = hermite_inside(from[v], to[v], d[v].left, d[v].right, plan.weight);
        if constexpr (Plain) {
          store_pack<Out, V>(out.first + (row * out.pitch + channel), narrow_pack<Out>(values));
        } else {
          out.store(row, channel, values);
        }
        continue;
      }
    }
    if ((tile_row.action & writes) == 0) continue;
    if (tile_row.action == row_fill) {
      out.template store_fill<V>(row, channel);
      continue;
    }
    StencilPlan<F> general = plan;
    static_cast<SamplePlan<F>&>(general) = tile_row.plan(rates[row]);
    const ChannelGroup of_kind = {V, Kind, group.derivative};
#pragma unroll
    for (int v = 0; v < V; ++v) values[v] = evaluate(general, of_kind, y + v, pitch);
    out.store(row, channel, values);
  }
}

/// Streams one rotation group, a rotation a thread.
template <class F, int Threads, class In, class Out>
__device__ inline void stream_rotations(const TileRow<F, In>* tile_rows, const F* rates, const PlacedGroup& placed,
                                        std::int64_t pitch, const TileOutput<Out>& out) noexcept {
  const ChannelGroup group = placed;
  const int first_in = placed.first_in, channels = placed.width_out;
  for (int row = static_cast<int>(threadIdx.x); row < out.rows; row += Threads) {
    const TileRow<F, In> tile_row = tile_rows[row];
    if ((tile_row.action & writes) == 0) continue;
    if (tile_row.action == row_fill) {
      for (int c = 0; c < channels; ++c) out.template store_fill<1>(row, c);
      continue;
    }
    const SamplePlan<F> plan = tile_row.plan(rates[row]);
    const RotationChannels<F> rotation = evaluate_rotation(plan, group, tile_row.left + first_in, pitch);
#pragma unroll
    for (int c = 0; c < 6; ++c) {
      F value[1] = {rotation.values[c]};
      if (c < channels) out.store(row, c, value);
    }
  }
}

/// Streams one group of angles, or of derivatives of a kind that is not smooth.
template <class F, int Threads, class In, class Out>
__device__ inline void stream_scalars(const TileRow<F, In>* tile_rows, const F* rates, const PlacedGroup& placed,
                                      std::int64_t pitch, const TileOutput<Out>& out) noexcept {
  const ChannelGroup group = placed;
  const int first_in = placed.first_in;
  for_each_item<Threads>(out.rows, group.width, 1, [&](int row, int channel) {
    const TileRow<F, In> tile_row = tile_rows[row];
    if ((tile_row.action & writes) == 0) return;
    if (tile_row.action == row_fill) return out.template store_fill<1>(row, channel);
    F value[1] = {evaluate(tile_row.plan(rates[row]), group, tile_row.left + (first_in + channel), pitch)};
    out.store(row, channel, value);
  });
}

/// One group of a two-point kind.
template <class Of, int V, int Threads, int MinBlocks, int Batch>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    resample_two_point_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  __shared__ TileRow<F, In> tile_rows[Threads];
  __shared__ unsigned int non_finite[Threads];

  const bool has_status = job.status != nullptr;
  const bool plain = !has_status && job.scale == nullptr && job.shift == nullptr;
  for (std::int64_t tile = blockIdx.x; tile < launch.tiles; tile += gridDim.x) {
    const std::int64_t first_row = tile * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    RowQuery<typename Of::Stamp> query;
    locate_tile_row<Of>(job, launch.simple, first_row, rows, static_cast<int>(threadIdx.x), query);
    SamplePlan<F> plan;
    if (static_cast<int>(threadIdx.x) < rows) {
      if (query.wanted) plan_tile_row<F>(job, launch.simple, query, job.groups[0], plan, has_status);
      const auto tile_row = TileRow<F, In>::of(job, query, plan);
      if (V * sizeof(In) < 16) prefetch_row(job, tile_row, Reach::bracket);
      tile_rows[threadIdx.x] = tile_row;
      if (has_status) non_finite[threadIdx.x] = 0;
    }
    __syncthreads();

    const TileOutput<Out> out = {static_cast<Out*>(job.out) + first_row * job.pitch_out,
                                 static_cast<int>(job.pitch_out),
                                 rows,
                                 has_status ? non_finite : nullptr,
                                 1u,
                                 {job.scale, job.shift},
                                 job.fill};
    if (plain) {
      stream_two_point<true, F, V, Threads, Batch>(tile_rows, 0, launch.packs_per_row, job.pitch_in, out);
    } else {
      stream_two_point<false, F, V, Threads, Batch>(tile_rows, 0, launch.packs_per_row, job.pitch_in, out);
    }
    if (has_status) {
      __syncthreads();
      if (query.wanted) {
        const unsigned int flag = non_finite[threadIdx.x] != 0 ? status_non_finite : 0u;
        job.status[first_row + threadIdx.x] = static_cast<std::uint8_t>(plan.status | flag);
      }
    }
    __syncthreads();  // the next tile writes tile_rows again
  }
}

/// One group of a smooth kind, stamps as they are logged, and sample indices in 32 bits. A warp has a tile of its own,
/// and waits for no other.
template <class Of, Interpolation Kind, bool Plain, int V, int Threads, int MinBlocks>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    resample_smooth_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  struct Tile {
    TileRow<F, In> rows[32];
    TileStencil<F, Kind == Interpolation::akima> stencils[32];
    F rates[32];
    unsigned int statuses[32];
  };
  __shared__ Tile tiles[Threads / 32];

  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t tile_index = static_cast<std::int64_t>(blockIdx.x) * (Threads / 32) + warp;
  if (tile_index >= launch.tiles) return;
  Tile& tile = tiles[warp];
  const bool has_status = !Plain && job.status != nullptr;
  PlacedGroup group = job.groups[0];
  group.kind = Kind;  // says so to the compiler
  group.reach = reach_of(Kind);

  const std::int64_t first_row = tile_index * launch.rows_per_tile;
  const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
  RowQuery<typename Of::Stamp> query;
  locate_tile_row<Of>(job, true, first_row, rows, lane, query);
  StencilPlan<F> plan;
  if (query.wanted) plan_tile_row<F>(job, true, query, group, plan, has_status);
  tile.rows[lane] = TileRow<F, In>::of(job, query, plan);
  tile.stencils[lane] = TileStencil<F, Kind == Interpolation::akima>::of(plan);
  tile.rates[lane] = plan.rate;
  tile.statuses[lane] = plan.status;
  __syncwarp();

  std::int64_t offset = first_row * job.pitch_out * static_cast<std::int64_t>(sizeof(Out));
  asm("" : "+l"(offset));  // so that it is not computed again for each item
  const TileOutput<Out> out = {reinterpret_cast<Out*>(static_cast<char*>(job.out) + offset),
                               static_cast<int>(job.pitch_out),
                               launch.rows_per_tile,
                               has_status ? tile.statuses : nullptr,
                               status_non_finite,
                               {job.scale, job.shift},
                               job.fill};
  stream_smooth<Plain, Kind, V, 32>(lane, tile.rows, tile.rates, tile.stencils, group, launch.packs_per_row,
                                    static_cast<int>(job.pitch_in), out);
  if (has_status) {
    __syncwarp();
    if (tile.rows[lane].action != leaves_row) {
      job.status[first_row + lane] = static_cast<std::uint8_t>(tile.statuses[lane]);
    }
  }
}

/// Any groups; smooth kinds only if Smooth. Groups that are decided alike share a plan. One group after the other is
/// spread over all threads, so that kinds of different cost do not share a warp.
template <class Of, int V, bool Smooth, int Threads, int MinBlocks, int Batch>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    resample_groups_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  __shared__ TileRow<F, In> tile_rows[Threads];
  using Plan = std::conditional_t<Smooth, StencilPlan<F>, SamplePlan<F>>;
  __shared__ F rates[Threads];
  __shared__ TileStencil<F, true> stencils[Smooth ? Threads : 1];
  __shared__ unsigned int non_finite[Threads];  // a bit for each group
  static_assert(max_groups <= 32, "a bit for each group");

  const bool has_status = job.status != nullptr;
  const bool plain = !has_status && job.scale == nullptr && job.shift == nullptr;
  for (std::int64_t tile = blockIdx.x; tile < launch.tiles; tile += gridDim.x) {
    const std::int64_t first_row = tile * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    const bool plans_row = static_cast<int>(threadIdx.x) < rows;
    RowQuery<typename Of::Stamp> query;
    locate_tile_row<Of>(job, launch.simple, first_row, rows, static_cast<int>(threadIdx.x), query);
    if (plans_row) non_finite[threadIdx.x] = 0;
    for (int leader = 0, end; leader < job.group_count; leader = end) {
      end = leader + 1;
      while (end < job.group_count && job.groups[end].shares_plan) ++end;
      std::uint8_t status = 0;
      if (plans_row) {
        Plan plan;
        if (query.wanted) plan_tile_row<F>(job, launch.simple, query, job.groups[leader], plan, has_status);
        const auto tile_row = TileRow<F, In>::of(job, query, plan);
        prefetch_row(job, tile_row, job.groups[leader].reach);
        tile_rows[threadIdx.x] = tile_row;
        rates[threadIdx.x] = plan.rate;
        if constexpr (Smooth) stencils[threadIdx.x] = TileStencil<F, true>::of(plan);
        status = plan.status;
      }
      __syncthreads();

      for (int g = leader; g < end; ++g) {
        const PlacedGroup& group = job.groups[g];
        const auto of_group = [&group](const float* p) { return p == nullptr ? nullptr : p + group.first_out; };
        const TileOutput<Out> out = {static_cast<Out*>(job.out) + first_row * job.pitch_out + group.first_out,
                                     static_cast<int>(job.pitch_out),
                                     rows,
                                     has_status ? non_finite : nullptr,
                                     1u << g,
                                     {of_group(job.scale), of_group(job.shift)},
                                     job.fill};
        if (is_two_point(group.kind) && !group.derivative) {
          if (group.width == 0) continue;
          if (plain) {
            stream_two_point<true, F, V, Threads, Batch>(tile_rows, group.first_in, group.packs, job.pitch_in, out);
          } else {
            stream_two_point<false, F, V, Threads, Batch>(tile_rows, group.first_in, group.packs, job.pitch_in, out);
          }
          continue;
        }
        if constexpr (!Of::two_point_only) {
          if (group.kind == Interpolation::slerp) {
            stream_rotations<F, Threads>(tile_rows, rates, group, job.pitch_in, out);
          } else if (!is_smooth(group.kind)) {
            stream_scalars<F, Threads>(tile_rows, rates, group, job.pitch_in, out);
          }
        }
        if constexpr (Smooth) {
          if (group.kind == Interpolation::cubic) {
            stream_smooth<false, Interpolation::cubic, V, Threads>(static_cast<int>(threadIdx.x), tile_rows, rates,
                                                                   stencils, group, group.packs, job.pitch_in, out);
          } else if (group.kind == Interpolation::pchip) {
            stream_smooth<false, Interpolation::pchip, V, Threads>(static_cast<int>(threadIdx.x), tile_rows, rates,
                                                                   stencils, group, group.packs, job.pitch_in, out);
          } else if (group.kind == Interpolation::akima) {
            stream_smooth<false, Interpolation::akima, V, Threads>(static_cast<int>(threadIdx.x), tile_rows, rates,
                                                                   stencils, group, group.packs, job.pitch_in, out);
          }
        }
      }
      __syncthreads();
      if (has_status && query.wanted) {
        for (int g = leader; g < end; ++g) {
          const unsigned int flag = (non_finite[threadIdx.x] >> g & 1u) != 0 ? status_non_finite : 0u;
          job.status[(first_row + threadIdx.x) * job.group_count + g] = static_cast<std::uint8_t>(status | flag);
        }
      }
    }
    __syncthreads();  // the next tile writes tile_rows again
  }
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
