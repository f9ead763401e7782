// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/resample/resample.hpp>

#include <cstdint>

// A block works on a tile of output rows in two phases. First a thread per row finds the bracket and decides (plans)
// the row; then all threads stream the tile's elements, evenly spread whatever the width of a row. While one block
// waits for its stamps, others on the same multiprocessor stream values.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// A job as the kernels get it.
struct ResampleLaunch {
  std::int64_t tiles;
  int rows_per_tile;
  bool plain_clock;
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

/// Phase one's search for one row of the tile. Every lane of the warp calls it; rows past `rows` get no work.
template <class Of>
__device__ inline RowQuery<typename Of::Stamp> locate_tile_row(const ResampleJob& job, bool plain_clock,
                                                               std::int64_t first_row, int rows) noexcept {
  using Stamp = typename Of::Stamp;
  const int mine = static_cast<int>(threadIdx.x);
  const int first_of_warp = mine / 32 * 32;
  RowQuery<Stamp> query = {};
  if (first_of_warp >= rows) return query;
  std::int64_t near = 0;
  if (job.at.row_offsets != nullptr) {
    near = ragged_segment_by_warp(job.at.row_offsets, job.segments.count, first_row + first_of_warp);
  }
  if (mine >= rows) return query;
  return plain_clock ? locate_row<Stamp, true>(job, first_row + mine, near)
                     : locate_row<Stamp, false>(job, first_row + mine, near);
}

/// What phase two needs of a row's plan.
template <class F>
struct TileRow {
  std::int64_t place;  ///< 4 * (elements from the first value to the left sample) + action
  F weight;
};

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

/// One group of a two-point kind, V channels an access, Batch accesses of a thread in flight.
template <class Of, int V, int Threads, int MinBlocks, int Batch>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    resample_two_point_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  constexpr int unwanted = 3;  // beside the actions fill, sample and blend
  __shared__ TileRow<F> tile_rows[Threads];
  __shared__ unsigned int non_finite[Threads];

  const In* values = static_cast<const In*>(job.values);
  Out* out = static_cast<Out*>(job.out);
  const bool has_affine = job.scale != nullptr || job.shift != nullptr;
  const bool has_status = job.status != nullptr;
  const ChannelGroup& group = job.groups[0];

  for (std::int64_t tile = blockIdx.x; tile < launch.tiles; tile += gridDim.x) {
    const std::int64_t first_row = tile * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    const auto query = locate_tile_row<Of>(job, launch.plain_clock, first_row, rows);
    SamplePlan<F> plan;
    if (static_cast<int>(threadIdx.x) < rows) {
      const auto decide = [&](const auto& stamps) {
        plan_sample_into<F>(plan, stamps, query.first_row, query.at,
                            find_sample(stamps, query.at, group.kind, job.rules.slack), group, job.rules, false,
                            has_status);
      };
      if (launch.plain_clock) {
        auto stamps = query.stamps;
        stamps.clock = Clock{};
        decide(stamps);
      } else {
        decide(query.stamps);
      }
      const int action = query.wanted ? static_cast<int>(plan.action) : unwanted;
      tile_rows[threadIdx.x] = {plan.left * job.pitch_in * 4 + action, plan.weight};
      if (has_status) non_finite[threadIdx.x] = 0;
    }
    __syncthreads();

    const int packs_per_row = static_cast<int>(launch.packs_per_row.value);
    const int packs = rows * packs_per_row;
    for (int first = static_cast<int>(threadIdx.x); first < packs; first += Threads * Batch) {
      Pack<In, V> left[Batch], right[Batch];
      F weight[Batch];
      int row[Batch], channel[Batch], action[Batch];
#pragma unroll
      for (int b = 0; b < Batch; ++b) {
        const int item = first + b * Threads;
        const bool active = item < packs;
        row[b] = active ? static_cast<int>(launch.packs_per_row.divide_short(static_cast<std::uint32_t>(item))) : 0;
        channel[b] = (item - row[b] * packs_per_row) * V;
        const TileRow<F> tile_row = tile_rows[row[b]];
        weight[b] = tile_row.weight;
        action[b] = active ? static_cast<int>(tile_row.place & 3) : unwanted;
        const In* p = values + (tile_row.place >> 2) + channel[b];
        left[b] = {};
        right[b] = {};
        if (action[b] == static_cast<int>(Action::sample) || action[b] == static_cast<int>(Action::blend)) {
          left[b] = load_pack<In, V>(p);
        }
        if (action[b] == static_cast<int>(Action::blend)) right[b] = load_pack<In, V>(p + job.pitch_in);
      }
#pragma unroll
      for (int b = 0; b < Batch; ++b) {
        if (action[b] == unwanted) continue;
        F result[V];
#pragma unroll
        for (int v = 0; v < V; ++v) {
          const F a = widen<F>(left[b].elements[v]);
          const F between = linear_between(a, widen<F>(right[b].elements[v]), weight[b]);
          result[v] = action[b] == static_cast<int>(Action::blend) ? between : a;
        }
        if (has_status) {
          bool finite = true;
#pragma unroll
          for (int v = 0; v < V; ++v) finite = finite && is_finite(result[v]);
          if (!finite) atomicOr(&non_finite[row[b]], 1u);
        }
        if (has_affine) apply_affine<V>(Affine{job.scale, job.shift}, channel[b], result);
        Pack<Out, V> pack = narrow_pack<Out>(result);
        if (action[b] == static_cast<int>(Action::fill)) {
#pragma unroll
          for (int v = 0; v < V; ++v) pack.elements[v] = Narrow<Out>::from(job.fill);
        }
        store_pack<Out, V>(out + (first_row + row[b]) * job.pitch_out + channel[b], pack);
      }
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

/// Any groups. Groups that are decided alike share a plan. The elements (rotations) of one group after the other are
/// spread over all threads, so that kinds of different cost do not share a warp.
template <class Of, int Threads, int MinBlocks>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, MinBlocks)
    resample_groups_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  using Plan = typename Of::Plan;
  __shared__ Plan plans[Threads];
  __shared__ unsigned int non_finite[Threads];  // a bit for each group
  __shared__ bool wanted[Threads];
  static_assert(max_groups <= 32, "a bit for each group");

  const In* values = static_cast<const In*>(job.values);
  Out* out = static_cast<Out*>(job.out);
  const Affine affine{job.scale, job.shift};
  const bool has_status = job.status != nullptr;

  for (std::int64_t tile = blockIdx.x; tile < launch.tiles; tile += gridDim.x) {
    const std::int64_t first_row = tile * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    const bool plans_row = static_cast<int>(threadIdx.x) < rows;
    const auto query = locate_tile_row<Of>(job, launch.plain_clock, first_row, rows);
    if (plans_row) {
      wanted[threadIdx.x] = query.wanted;
      non_finite[threadIdx.x] = 0;
    }
    for (int leader = 0, end; leader < job.group_count; leader = end) {
      end = leader + 1;
      while (end < job.group_count && job.groups[end].shares_plan) ++end;
      if (plans_row) {
        const PlacedGroup& group = job.groups[leader];
        Plan plan;
        const auto decide = [&](const auto& stamps) {
          plan_sample_into<F>(plan, stamps, query.first_row, query.at,
                              find_sample(stamps, query.at, group.kind, job.rules.slack), group, job.rules,
                              group.stencil, has_status);
        };
        if (launch.plain_clock) {
          auto stamps = query.stamps;
          stamps.clock = Clock{};
          decide(stamps);
        } else {
          decide(query.stamps);
        }
        plans[threadIdx.x] = plan;
      }
      __syncthreads();

      for (int g = leader; g < end; ++g) {
        const PlacedGroup& group = job.groups[g];
        const auto store = [&](int row, int channel, F value) {
          if (has_status && !is_finite(value)) atomicOr(&non_finite[row], 1u << g);
          out[(first_row + row) * job.pitch_out + group.first_out + channel] =
              Narrow<Out>::from(affine(value, group.first_out + channel));
        };
        const bool rotates = group.kind == Interpolation::slerp;
        const int items_per_row = rotates ? 1 : group.width;
        if (items_per_row == 0) continue;
        const int row_step = Threads / items_per_row, item_step = Threads - row_step * items_per_row;
        int row = static_cast<int>(threadIdx.x) / items_per_row;
        int item = static_cast<int>(threadIdx.x) - row * items_per_row;
        while (row < rows) {
          if (wanted[row]) {
            const Plan& plan = plans[row];
            const In* y = values + plan.left * job.pitch_in + group.first_in + item;
            if (plan.action == Action::fill) {
              Out* filled = out + (first_row + row) * job.pitch_out + group.first_out + item;
              for (int c = 0; c < (rotates ? group.width_out : 1); ++c) filled[c] = Narrow<Out>::from(job.fill);
            } else if constexpr (Of::two_point_only) {
              const F a = widen<F>(y[0]);
              store(row, item,
                    plan.action == Action::blend ? linear_between(a, widen<F>(y[job.pitch_in]), plan.weight) : a);
            } else if (rotates) {
              const RotationChannels<F> channels = evaluate_rotation(plan, group, y, job.pitch_in);
#pragma unroll
              for (int c = 0; c < 6; ++c) {
                if (c < group.width_out) store(row, c, channels.values[c]);
              }
            } else {
              store(row, item, evaluate(plan, group, y, job.pitch_in));
            }
          }
          row += row_step;
          item += item_step;
          if (item >= items_per_row) {
            item -= items_per_row;
            ++row;
          }
        }
      }
      __syncthreads();
      if (has_status && plans_row && query.wanted) {
        for (int g = leader; g < end; ++g) {
          const unsigned int flag = (non_finite[threadIdx.x] >> g & 1u) != 0 ? status_non_finite : 0u;
          job.status[(first_row + threadIdx.x) * job.group_count + g] =
              static_cast<std::uint8_t>(plans[threadIdx.x].status | flag);
        }
      }
    }
    __syncthreads();  // the next tile writes `wanted` and `plans` again
  }
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
