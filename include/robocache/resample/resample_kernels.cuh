// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/resample/resample.hpp>
#include <robocache/temporal/rows_job.cuh>

#include <cstdint>
#include <type_traits>

// A block works on a tile of output rows in two phases. First a thread per row finds the bracket and decides (plans)
// the row; then all threads stream the tile's elements, evenly spread whatever the width of a row. While one block
// waits for its stamps, others on the same multiprocessor stream values. A stream of one smooth kind is worked on by
// single warps in the same way.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// A job as the kernels get it.
struct ResampleLaunch {
  std::int64_t tiles;
  int rows_per_tile;
  bool simple;            ///< has_short_path
  int access;             ///< channels; groups kernel only
  Divisor packs_per_row;  ///< the other kernels
};

/// The plan for a bracket among plain stamps.
template <class F, class Plan, class Stamp>
__device__ inline void plan_found(const StreamJob& job, const Stamps<Stamp>& stamps, const RowQuery<Stamp>& query,
                                  const Bracket<time_value_t<Stamp>>& found, const PlacedGroup& group, bool has_status,
                                  Plan& plan) noexcept {
  if constexpr (std::is_same<Plan, SamplePlan<F>>::value) {
    if (!has_status && plan_usual_into(plan, stamps, query.first_row, query.at, found, group, job.rules)) return;
  }
  plan_sample_into<F>(plan, stamps, query.first_row, query.at, found, group, job.rules, group.reach, has_status);
}

/// Phase one for one row and one group: what to do there.
template <class F, class Plan, class Stamp>
__device__ inline void plan_tile_row(const StreamJob& job, bool simple, const RowQuery<Stamp>& query,
                                     const PlacedGroup& group, bool has_status, Plan& plan) noexcept {
  if (simple) {
    const Stamps<Stamp> stamps = {query.stamps.data, query.stamps.count, Clock{}};
    const auto found = find_bracket<std::int32_t>(stamps, query.guide, query.at, group.kind, job.rules.slack);
    plan_found<F>(job, stamps, query, found, group, has_status, plan);
  } else {
    const auto found = find_bracket<std::int64_t>(query.stamps, query.guide, query.at, group.kind, job.rules.slack);
    plan_sample_into<F>(plan, query.stamps, query.first_row, query.at, found, group, job.rules, group.reach,
                        has_status);
  }
}

/// Without status, affine and ring buffer.
__host__ __device__ inline bool is_plain(const StreamJob& job) noexcept {
  return job.status == nullptr && job.scale == nullptr && job.shift == nullptr && job.ring == 0;
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
    if (V > 2 && reinterpret_cast<std::uintptr_t>(from) % (step * sizeof(float)) == 0) {
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
  wraps = 16,  ///< ring buffers: the right sample lies in the ring's first row, the left one in its last
};

/// A row's plan in shared memory, read in one access (two for double).
template <class F>
struct alignas(16) TileRow {
  const char* left;  ///< first channel of the left sample
  F weight;
  int action;

  template <class Stamp>
  __device__ static TileRow of(const StreamJob& job, std::int64_t pitch_bytes, const RowQuery<Stamp>& query,
                               const SamplePlan<F>& plan) noexcept {
    const int wraps_right = plan.wrap == 1 ? wraps : 0;
    return {static_cast<const char*>(job.values) + plan.left * pitch_bytes, plan.weight,
            !query.wanted                   ? leaves_row
            : plan.action == Action::blend  ? row_blend | wraps_right
            : plan.action == Action::sample ? row_sample
            : plan.action == Action::fill   ? row_fill
                                            : row_zero};
  }
  __device__ bool blends() const noexcept { return (action & reads_right) != 0; }
  /// Elements from the left sample to the right one.
  __device__ std::int64_t to_right(std::int64_t pitch, std::int64_t ring) const noexcept {
    return (action & wraps) != 0 ? pitch - ring : pitch;
  }
  __device__ SamplePlan<F> plan(F rate) const noexcept {
    SamplePlan<F> p;
    p.weight = weight;
    p.rate = rate;
    p.action = blends() ? Action::blend : action == row_sample ? Action::sample : Action::zero;
    return p;
  }
};

/// Asks the L2 cache for a narrow row's samples as soon as its plan is known: phase two then waits for L2 instead of
/// memory, and the request holds no register. Wide rows keep enough reads in flight by themselves, and so do
/// accesses of 16 bytes.
template <class F>
__device__ inline void prefetch_row(const StreamJob& job, std::int64_t pitch, const TileRow<F>& row,
                                    Reach reach) noexcept {
  constexpr std::int64_t most = 256, line = 64;
  if (pitch > most || (row.action & reads_left) == 0) return;
  const char* begin = row.left;
  const std::int64_t after = (row.action & reads_right) != 0 ? (reach == Reach::bracket ? 2 : 3) * pitch : pitch;
  // Never past the stream's last sample; a sample before the left one shares a line with it, or with an earlier row.
  const char* end = static_cast<const char*>(job.values) + (job.samples - 1) * pitch;
  for (std::int64_t at = 0; at < after && begin + at < end; at += line) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(begin + at));
  }
}

/// The intervals around a row's bracket, for smooth kinds. Wide: the outer ones too, and where a ring buffer wraps.
template <class F, bool Wide>
struct alignas(16) TileStencil;

template <class F>
struct alignas(16) TileStencil<F, false> {
  F before, after, inverse_before, inverse_after;

  __device__ static TileStencil of(const StencilPlan<F>& p) noexcept {
    return {p.before, p.after, p.inverse_before, p.inverse_after};
  }
  __device__ StencilPlan<F> plan(const SamplePlan<F>& of) const noexcept {
    StencilPlan<F> p;
    static_cast<SamplePlan<F>&>(p) = of;
    p.before = before;
    p.after = after;
    p.inverse_before = inverse_before;
    p.inverse_after = inverse_after;
    return p;
  }
};
template <class F>
struct alignas(16) TileStencil<F, true> : TileStencil<F, false> {
  F inverse_before2, inverse_after2;
  int wrap;

  __device__ static TileStencil of(const StencilPlan<F>& p) noexcept {
    return {TileStencil<F, false>::of(p), p.inverse_before2, p.inverse_after2, p.wrap};
  }
  __device__ StencilPlan<F> plan(const SamplePlan<F>& of) const noexcept {
    StencilPlan<F> p = TileStencil<F, false>::plan(of);
    p.inverse_before2 = inverse_before2;
    p.inverse_after2 = inverse_after2;
    p.wrap = static_cast<std::int8_t>(wrap);
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
  Out fill;
  bool halves;  ///< rows are aligned to half an access alone

  template <int V, class F>
  __device__ void store(int row, int channel, F (&values)[V]) const noexcept {
    if (non_finite != nullptr) {
      bool finite = true;
#pragma unroll
      for (int v = 0; v < V; ++v) finite = finite && is_finite(values[v]);
      if (!finite) atomicOr(non_finite + row, group_bit);
    }
    if (affine.scale != nullptr || affine.shift != nullptr) apply_affine(affine, channel, values);
    store_aligned(row, channel, narrow_pack<Out>(values));
  }
  template <int V>
  __device__ void store_aligned(int row, int channel, const Pack<Out, V>& pack) const noexcept {
    Out* to = first + (row * pitch + channel);
    if (V > 1 && halves) {
      constexpr int half = V > 1 ? V / 2 : 1;
      Pack<Out, half> low, high;
#pragma unroll
      for (int v = 0; v < half; ++v) {
        low.elements[v] = pack.elements[v];
        high.elements[v] = pack.elements[half + v];
      }
      store_pack<Out, half>(to, low);
      store_pack<Out, half>(to + half, high);
    } else {
      store_pack<Out, V>(to, pack);
    }
  }
  template <int V>
  __device__ void store_fill(int row, int channel) const noexcept {
    Pack<Out, V> pack;
#pragma unroll
    for (int v = 0; v < V; ++v) pack.elements[v] = fill;
    store_aligned(row, channel, pack);
  }
};

/// The plans of a tile's rows, and which row an item of all their packs belongs to.
template <class F>
struct SharedRows {
  using Arithmetic = F;
  const TileRow<F>* rows;
  const Divisor& packs_per_row;

  __device__ const TileRow<F>& operator[](int row) const noexcept { return rows[row]; }
  __device__ int packs_of_row() const noexcept { return static_cast<int>(packs_per_row.value); }
  __device__ int row_of(int item) const noexcept {
    return static_cast<int>(packs_per_row.divide_short(static_cast<std::uint32_t>(item)));
  }
};
/// The same for a tile of one row, in registers.
template <class F>
struct SingleRow {
  using Arithmetic = F;
  TileRow<F> row;
  int packs;

  __device__ const TileRow<F>& operator[](int) const noexcept { return row; }
  __device__ int packs_of_row() const noexcept { return packs; }
  __device__ int row_of(int) const noexcept { return 0; }
};

/// Streams one group of a two-point kind: V channels an access, Batch items of a thread in flight. Plain: without
/// status, affine and ring buffer, whose tests cost as much as the work of a narrow pack.
template <bool Plain, class In, int V, int Threads, int Batch, class TileRows, class Out>
__device__ inline void stream_two_point(int thread, const TileRows& tile_rows, int first_channel, std::int64_t pitch_in,
                                        std::int64_t ring, const TileOutput<Out>& out) noexcept {
  using F = typename TileRows::Arithmetic;
  using Word = typename detail::Word<static_cast<int>(sizeof(In)) * V>::type;
  const int packs_of_row = tile_rows.packs_of_row();
  const int packs = out.rows * packs_of_row;
  for (int begin = thread; begin < packs; begin += Threads * Batch) {
    Word left[Batch], right[Batch];
    F weight[Batch];
    int row[Batch], channel[Batch], action[Batch];
#pragma unroll
    for (int b = 0; b < Batch; ++b) {
      const int item = begin + b * Threads;
      const bool active = Batch == 1 || item < packs;
      row[b] = tile_rows.row_of(item);
      channel[b] = (item - row[b] * packs_of_row) * V;
      const TileRow<F> tile_row = tile_rows[active ? row[b] : 0];
      weight[b] = tile_row.weight;
      action[b] = active ? tile_row.action : static_cast<int>(leaves_row);
      const In* p = reinterpret_cast<const In*>(tile_row.left) + (first_channel + channel[b]);
      left[b] = {};
      right[b] = {};
      if ((action[b] & reads_left) != 0) left[b] = __ldg(reinterpret_cast<const Word*>(p));
      const std::int64_t to_right = !Plain && (action[b] & wraps) != 0 ? pitch_in - ring : pitch_in;
      if ((action[b] & reads_right) != 0) right[b] = __ldg(reinterpret_cast<const Word*>(p + to_right));
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
        values[v] = (action[b] & reads_right) != 0 ? between : a;
      }
      if constexpr (Plain) {
        out.store_aligned(row[b], channel[b], narrow_pack<Out>(values));
      } else {
        out.store(row[b], channel[b], values);
      }
    }
  }
}

/// Calls item(row, channel) for the rows of a tile and the channels below `width`, spread over all threads.
template <int Threads, class Item>
__device__ inline void for_each_item(int rows, int width, const Item& item) noexcept {
  if (width == 0) return;
  const int row_step = Threads / width, channel_step = Threads - row_step * width;
  int row = static_cast<int>(threadIdx.x) / width;
  int channel = static_cast<int>(threadIdx.x) - row * width;
  while (row < rows) {
    item(row, channel);
    row += row_step;
    channel += channel_step;
    if (channel >= width) {
      channel -= width;
      ++row;
    }
  }
}

/// Streams one group of a smooth kind, V channels an access. What is usual goes without branches, so that all reads are
/// under way before the arithmetic and channels interleave; any other item goes the general way, from the start.
template <bool Plain, Interpolation Kind, class In, int V, int Threads, bool Wide, class F, class Pitch, class Out>
__device__ inline void stream_smooth(int thread, const TileRow<F>* tile_rows, const F* rates,
                                     const TileStencil<F, Wide>* stencils, const PlacedGroup& group,
                                     const Divisor& packs_per_row, Pitch pitch, std::int64_t ring,
                                     const TileOutput<Out>& out) noexcept {
  constexpr bool wide = Kind == Interpolation::akima;
  const int packs_of_row = group.width / V, packs = out.rows * packs_of_row;
  for (int item = thread; item < packs; item += Threads) {
    const int row = static_cast<int>(packs_per_row.divide_short(static_cast<std::uint32_t>(item)));
    const int channel = (item - row * packs_of_row) * V;
    const TileRow<F> tile_row = load_shared(tile_rows + row);
    SamplePlan<F> blend;
    blend.weight = tile_row.weight;
    const StencilPlan<F> plan = load_shared(stencils + row).plan(blend);
    const In* y = reinterpret_cast<const In*>(tile_row.left) + (group.first_in + channel);
    bool usual = tile_row.action == row_blend && plan.wrap == SamplePlan<F>::no_wrap && has_all_neighbours(Kind, plan);
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
    const StencilPlan<F> general = stencils[row].plan(tile_row.plan(rates[row]));
    const ChannelGroup of_kind = {V, Kind, group.derivative};
#pragma unroll
    for (int v = 0; v < V; ++v) values[v] = evaluate(general, of_kind, y + v, static_cast<std::int64_t>(pitch), ring);
    out.store(row, channel, values);
  }
}

/// Channel c of a sample.
template <class In>
struct Elements {
  __device__ const In* operator()(const char* sample, int c) const noexcept {
    return reinterpret_cast<const In*>(sample) + c;
  }
};

/// Streams one rotation group, a rotation a thread.
template <int Threads, class Elements, class F, class Out>
__device__ inline void stream_rotations(const Elements& elements, const TileRow<F>* tile_rows, const F* rates,
                                        const PlacedGroup& placed, std::int64_t pitch, std::int64_t ring,
                                        const TileOutput<Out>& out) noexcept {
  const ChannelGroup group = placed;
  const int first_in = placed.first_in, channels = placed.width_out;
  for (int row = static_cast<int>(threadIdx.x); row < out.rows; row += Threads) {
    const TileRow<F> tile_row = tile_rows[row];
    if ((tile_row.action & writes) == 0) continue;
    if (tile_row.action == row_fill) {
      for (int c = 0; c < channels; ++c) out.template store_fill<1>(row, c);
      continue;
    }
    const SamplePlan<F> plan = tile_row.plan(rates[row]);
    const RotationChannels<F> rotation =
        evaluate_rotation(plan, group, elements(tile_row.left, first_in), tile_row.to_right(pitch, ring));
#pragma unroll
    for (int c = 0; c < 6; ++c) {
      F value[1] = {rotation.values[c]};
      if (c < channels) out.store(row, c, value);
    }
  }
}

/// Streams one group of any kind but slerp, a channel a thread. stencils: null where no kind is smooth.
template <int Threads, class Elements, class F, class Out>
__device__ inline void stream_scalars(const Elements& elements, const TileRow<F>* tile_rows, const F* rates,
                                      const TileStencil<F, true>* stencils, const PlacedGroup& placed,
                                      std::int64_t pitch, std::int64_t ring, const TileOutput<Out>& out) noexcept {
  const ChannelGroup group = placed;
  const int first_in = placed.first_in;
  for_each_item<Threads>(out.rows, group.width, [&](int row, int channel) {
    const TileRow<F> tile_row = tile_rows[row];
    if ((tile_row.action & writes) == 0) return;
    if (tile_row.action == row_fill) return out.template store_fill<1>(row, channel);
    const auto y = elements(tile_row.left, first_in + channel);
    const SamplePlan<F> plan = tile_row.plan(rates[row]);
    F value[1];
    if (stencils != nullptr && is_smooth(group.kind)) {
      value[0] = evaluate(stencils[row].plan(plan), group, y, pitch, ring);
    } else {
      value[0] = evaluate(plan, group, y, tile_row.to_right(pitch, ring));
    }
    out.store(row, channel, value);
  });
}

/// One group of a two-point kind, plain stamps, and sample indices in 32 bits.
template <class Of, int V, int Threads, int MinBlocks, int Batch>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    resample_two_point_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  __shared__ TileRow<F> tile_rows[Threads];
  __shared__ unsigned int non_finite[Threads];

  const int mine = static_cast<int>(threadIdx.x);
  const bool has_status = job.status != nullptr;
  const bool plain = is_plain(job);
  await_stream();
  for (std::int64_t tile = blockIdx.x; tile < launch.tiles; tile += gridDim.x) {
    const std::int64_t first_row = tile * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    RowQuery<typename Of::Stamp> query;
    locate_tile_row(job, job, job, true, first_row, rows, static_cast<int>(threadIdx.x), query);
    SamplePlan<F> plan;
    if (static_cast<int>(threadIdx.x) < rows) {
      if (query.wanted) plan_tile_row<F>(job, true, query, job.groups[0], has_status, plan);
      const auto pitch_bytes = job.pitch_in * static_cast<std::int64_t>(sizeof(In));
      const auto tile_row = TileRow<F>::of(job, pitch_bytes, query, plan);
      if (V * sizeof(In) < 16) prefetch_row(job, pitch_bytes, tile_row, Reach::bracket);
      tile_rows[threadIdx.x] = tile_row;
      if (has_status) non_finite[threadIdx.x] = 0;
    }
    __syncthreads();

    const SharedRows<F> planned = {tile_rows, launch.packs_per_row};
    const TileOutput<Out> out = {static_cast<Out*>(job.out) + first_row * job.pitch_out,
                                 static_cast<int>(job.pitch_out),
                                 rows,
                                 has_status ? non_finite : nullptr,
                                 1u,
                                 {job.scale, job.shift},
                                 job.template fill<Out>(),
                                 false};
    if (plain) {
      stream_two_point<true, In, V, Threads, Batch>(mine, planned, 0, job.pitch_in, 0, out);
    } else {
      stream_two_point<false, In, V, Threads, Batch>(mine, planned, 0, job.pitch_in, 0, out);
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
  using Stencil = TileStencil<F, Kind == Interpolation::akima>;
  struct Tile {
    TileRow<F> rows[32];
    Stencil stencils[32];
    F rates[32];
    unsigned int statuses[32];
  };
  __shared__ Tile tiles[Threads / 32];

  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t tile_index = static_cast<std::int64_t>(blockIdx.x) * (Threads / 32) + warp;
  await_stream();
  if (tile_index >= launch.tiles) return;
  Tile& tile = tiles[warp];
  const bool has_status = !Plain && job.status != nullptr;
  PlacedGroup group = job.groups[0];
  group.kind = Kind;  // says so to the compiler
  group.reach = reach_of(Kind);

  const std::int64_t first_row = tile_index * launch.rows_per_tile;
  const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
  RowQuery<typename Of::Stamp> query;
  locate_tile_row(job, job, job, true, first_row, rows, lane, query);
  StencilPlan<F> plan;
  if (query.wanted) plan_tile_row<F>(job, true, query, group, has_status, plan);
  const auto pitch_bytes = job.pitch_in * static_cast<std::int64_t>(sizeof(In));
  tile.rows[lane] = TileRow<F>::of(job, pitch_bytes, query, plan);
  tile.stencils[lane] = Stencil::of(plan);
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
                               job.template fill<Out>(),
                               false};
  stream_smooth<Plain, Kind, In, V, 32>(lane, tile.rows, tile.rates, tile.stencils, group, launch.packs_per_row,
                                        static_cast<int>(job.pitch_in), 0, out);
  if (has_status) {
    __syncwarp();
    if (tile.rows[lane].action != leaves_row) {
      job.status[first_row + lane] = static_cast<std::uint8_t>(tile.statuses[lane]);
    }
  }
}

/// Calls run(std::integral_constant<int, V>{}), V channels an access: one.
struct SingleAccess {
  int channels;

  template <class Run>
  __device__ void operator()(const Run& run) const noexcept {
    run(std::integral_constant<int, 1>{});
  }
};
/// The same for 1, 2, 4 or 8 channels an access, as far as they fit 16 bytes.
template <class Of>
struct AnyAccess {
  int channels;

  template <int V>
  static constexpr bool fits = V * sizeof(typename Of::In) <= 16 && V * sizeof(typename Of::Out) <= 16;

  template <class Run>
  __device__ void operator()(const Run& run) const noexcept {
    if constexpr (fits<8>) {
      if (channels == 8) return run(std::integral_constant<int, 8>{});
    }
    if constexpr (fits<4>) {
      if (channels == 4) return run(std::integral_constant<int, 4>{});
    }
    if constexpr (fits<2>) {
      if (channels == 2) return run(std::integral_constant<int, 2>{});
    }
    run(std::integral_constant<int, 1>{});
  }
};

/// What a block that works on the groups of one stream keeps of its tile of rows, and the two phases.
template <class F, bool Smooth, int Threads>
struct GroupsTile {
  TileRow<F> rows[Threads];
  TileStencil<F, true> stencils[Smooth ? Threads : 1];
  F rates[Threads];
  unsigned int non_finite[Threads];  // a bit for each group
  static_assert(max_groups <= 32, "a bit for each group");

  /// All groups of one stream for the `count` rows from first_row on: plans the rows, calls write_group(g) for the
  /// groups that share the plan, then the next. `group_at` gives group g. After that each thread is done with all
  /// entries but its own.
  template <class Stamp, bool Prefetch, class GroupAt, class WriteGroup>
  __device__ void run(const StreamJob& job, std::int64_t pitch_bytes, const StampSource& starts,
                      const WantedRows& wanted, bool simple, std::int64_t first_row, int count, const GroupAt& group_at,
                      const WriteGroup& write_group) noexcept {
    const int mine = static_cast<int>(threadIdx.x);
    if (mine < count) non_finite[mine] = 0;
    for (int leader = 0, end; leader < job.group_count; leader = end) {
      end = leader + 1;
      while (end < job.group_count && group_at(end).shares_plan) ++end;
      std::uint8_t status = 0;
      {
        // A row is located anew for each plan: kept, it would hold registers that streaming needs.
        RowQuery<Stamp> query;
        locate_tile_row(job, starts, wanted, simple, first_row, count, mine, query);
        if (mine < count) {
          std::conditional_t<Smooth, StencilPlan<F>, SamplePlan<F>> plan;
          if (query.wanted) plan_tile_row<F>(job, simple, query, group_at(leader), job.status != nullptr, plan);
          const auto row = TileRow<F>::of(job, pitch_bytes, query, plan);
          if constexpr (Prefetch) prefetch_row(job, pitch_bytes, row, group_at(leader).reach);
          rows[mine] = row;
          rates[mine] = plan.rate;
          if constexpr (Smooth) stencils[mine] = TileStencil<F, true>::of(plan);
          status = plan.status;
        }
      }
      __syncthreads();
      for (int g = leader; g < end; ++g) write_group(g);
      __syncthreads();
      if (job.status != nullptr && mine < count && rows[mine].action != leaves_row) {
        for (int g = leader; g < end; ++g) {
          const unsigned int flag = (non_finite[mine] >> g & 1u) != 0 ? status_non_finite : 0u;
          job.status[(first_row + mine) * job.pitch_status + g] = static_cast<std::uint8_t>(status | flag);
        }
      }
    }
  }

  /// Where group g of the tile's rows goes.
  template <class Out>
  __device__ TileOutput<Out> output(const StreamJob& job, const PlacedGroup& group, int g, std::int64_t first_row,
                                    int count, bool halves) noexcept {
    const auto of_group = [&group](const float* p) { return p == nullptr ? nullptr : p + group.first_out; };
    return {static_cast<Out*>(job.out) + first_row * job.pitch_out + group.first_out,
            static_cast<int>(job.pitch_out),
            count,
            job.status != nullptr ? non_finite : nullptr,
            1u << g,
            {of_group(job.scale), of_group(job.shift)},
            job.template fill<Out>(),
            halves};
  }

  // Phase two, by the kind of a group. All threads share each group, so that kinds of different cost do not share a
  // warp.

  /// Plain: the stream surely is. `ring` is job.ring, a constant where it can be.
  template <bool Plain, class In, int Batch, class Access, class Out>
  __device__ void write_two_point(const StreamJob& job, std::int64_t ring, const PlacedGroup& group,
                                  const Access& access, const TileOutput<Out>& out) const noexcept {
    if (group.width == 0) return;
    const int mine = static_cast<int>(threadIdx.x);
    const SharedRows<F> planned = {rows, group.packs};
    access([&](auto v) {  // flawfinder: ignore: no call of POSIX
      constexpr int V = decltype(v)::value;
      if (Plain || is_plain(job)) {
        stream_two_point<true, In, V, Threads, Batch>(mine, planned, group.first_in, job.pitch_in, 0, out);
      } else if constexpr (!Plain) {
        stream_two_point<false, In, V, Threads, Batch>(mine, planned, group.first_in, job.pitch_in, ring, out);
      }
    });
  }

  template <class Elements, class Out>
  __device__ void write_one_by_one(const StreamJob& job, std::int64_t ring, const PlacedGroup& group,
                                   const Elements& elements, const TileOutput<Out>& out) const noexcept {
    if (group.kind == Interpolation::slerp) {
      stream_rotations<Threads>(elements, rows, rates, group, job.pitch_in, ring, out);
    } else {
      stream_scalars<Threads>(elements, rows, rates, Smooth ? stencils : nullptr, group, job.pitch_in, ring, out);
    }
  }

  template <class In, class Out>
  __device__ void write_smooth(const StreamJob& job, const PlacedGroup& group,
                               const TileOutput<Out>& out) const noexcept {
    const auto stream = [&](auto kind) {
      stream_smooth<false, decltype(kind)::value, In, 1, Threads>(static_cast<int>(threadIdx.x), rows, rates, stencils,
                                                                  group, group.packs, job.pitch_in, job.ring, out);
    };
    if (group.kind == Interpolation::cubic) {
      stream(std::integral_constant<Interpolation, Interpolation::cubic>{});
    } else if (group.kind == Interpolation::pchip) {
      stream(std::integral_constant<Interpolation, Interpolation::pchip>{});
    } else {
      stream(std::integral_constant<Interpolation, Interpolation::akima>{});
    }
  }
};

/// Any groups; smooth kinds only if Smooth. Access is SingleAccess, or AnyAccess<Of>.
template <class Of, class Access, bool Smooth, int Threads, int MinBlocks, int Batch>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    resample_groups_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  __shared__ GroupsTile<typename Of::F, Smooth, Threads> tile;
  await_stream();
  const auto pitch_bytes = job.pitch_in * static_cast<std::int64_t>(sizeof(typename Of::In));
  for (std::int64_t t = blockIdx.x; t < launch.tiles; t += gridDim.x) {
    const std::int64_t first_row = t * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    tile.template run<typename Of::Stamp, true>(
        job, pitch_bytes, job, job, launch.simple, first_row, rows,
        [&](int g) -> const PlacedGroup& { return job.groups[g]; },
        [&](int g) {
          using In = typename Of::In;
          const PlacedGroup& group = job.groups[g];
          const auto out = tile.template output<typename Of::Out>(job, group, g, first_row, rows, false);
          if (is_two_point(group.kind) && !group.derivative) {
            tile.template write_two_point<false, In, Batch>(job, job.ring, group, Access{launch.access}, out);
          } else if (Smooth && is_smooth(group.kind)) {
            if constexpr (Smooth) tile.template write_smooth<In>(job, group, out);
          } else if constexpr (!Of::two_point_only) {
            tile.write_one_by_one(job, job.ring, group, Elements<In>{}, out);
          }
        });
  }
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
