// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/resample/resample.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// A job as the kernels get it.
struct ResampleLaunch {
  std::int64_t tiles;
  int rows_per_tile;
  FastDivide items_per_row;  ///< vector kernel only
};

/// What phase two needs of a row's plan, in one or two shared-memory words.
template <class F>
struct TileRow {
  std::int64_t offset;  ///< elements from the first value to the left sample; the action in the two lowest bits
  F weight;
};

/// One group of a two-point kind, V channels an access. Phase one: a thread finds the bracket of one row of the tile.
/// Phase two: the block's threads stream the tile's packs, `Batch` reads in flight each.
template <class Of, int V, int Threads>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads)
    resample_two_point_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  constexpr int batch = 4;
  __shared__ TileRow<F> tile_rows[Threads];
  __shared__ unsigned int non_finite[Threads];

  const In* values = static_cast<const In*>(job.values);
  Out* out = static_cast<Out*>(job.out);
  const Affine affine{job.scale, job.shift};
  const bool has_affine = job.scale != nullptr || job.shift != nullptr;
  const bool has_status = job.status != nullptr;
  const ChannelGroup& group = job.groups[0];

  for (std::int64_t tile = blockIdx.x; tile < launch.tiles; tile += gridDim.x) {
    const std::int64_t first_row = tile * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    constexpr int unwanted = 3;
    std::uint8_t status = 0;
    bool wanted = false;
    if (static_cast<int>(threadIdx.x) < rows) {
      const RowQuery<typename Of::Stamp> query = locate_row<typename Of::Stamp>(job, first_row + threadIdx.x);
      const auto plan = plan_sample_as<SamplePlan<F>, F>(
          query.stamps, query.first_row, query.at, find_sample(query.stamps, query.at, group.kind, job.rules.slack),
          group, job.rules, has_status);
      wanted = query.wanted;
      status = plan.status;
      const int action = wanted ? static_cast<int>(plan.action) : unwanted;
      tile_rows[threadIdx.x] = {plan.left * job.pitch_in * 4 + action, plan.weight};
      if (has_status) non_finite[threadIdx.x] = 0;
    }
    __syncthreads();

    const int packs_per_row = static_cast<int>(launch.items_per_row.divisor);
    const int packs = rows * packs_per_row;
    for (int first = static_cast<int>(threadIdx.x); first < packs; first += Threads * batch) {
      Pack<In, V> left[batch], right[batch];
      F weight[batch];
      int row[batch], channel[batch], action[batch];
#pragma unroll
      for (int b = 0; b < batch; ++b) {
        const int item = first + b * Threads;
        const bool active = item < packs;
        row[b] = active ? static_cast<int>(launch.items_per_row(static_cast<std::uint32_t>(item))) : 0;
        channel[b] = (item - row[b] * packs_per_row) * V;
        const TileRow<F> tile_row = tile_rows[row[b]];
        weight[b] = tile_row.weight;
        action[b] = active ? static_cast<int>(tile_row.offset & 3) : unwanted;
        const In* p = values + (tile_row.offset >> 2) + channel[b];
        left[b] = {};
        right[b] = {};
        if (action[b] == static_cast<int>(Action::sample) || action[b] == static_cast<int>(Action::blend)) {
          left[b] = load_pack<In, V>(p);
        }
        if (action[b] == static_cast<int>(Action::blend)) right[b] = load_pack<In, V>(p + job.pitch_in);
      }
#pragma unroll
      for (int b = 0; b < batch; ++b) {
        if (action[b] == unwanted) continue;
        F result[V];
        bool finite = true;
#pragma unroll
        for (int v = 0; v < V; ++v) {
          const F a = widen<F>(left[b].elements[v]);
          result[v] = action[b] == static_cast<int>(Action::blend)
                          ? linear_between(a, widen<F>(right[b].elements[v]), weight[b])
                          : a;
          finite = finite && is_finite(result[v]);
          if (has_affine) result[v] = affine(result[v], channel[b] + v);
        }
        Pack<Out, V> pack = narrow_pack<Out>(result);
        if (action[b] == static_cast<int>(Action::fill)) {
#pragma unroll
          for (int v = 0; v < V; ++v) pack.elements[v] = Narrow<Out>::from(job.fill);
        } else if (has_status && !finite) {
          atomicOr(&non_finite[row[b]], 1u);
        }
        store_pack<Out, V>(out + (first_row + row[b]) * job.pitch_out + channel[b], pack);
      }
    }
    if (has_status) {
      __syncthreads();
      if (wanted) {
        job.status[first_row + threadIdx.x] = non_finite[threadIdx.x] != 0 ? status | status_non_finite : status;
      }
    }
    __syncthreads();  // the next tile writes tile_rows again
  }
}

/// Any groups. The plans of one group are made by a thread a row, then the group's elements (rotations) are spread over
/// all threads, so that kinds of different cost do not share a warp.
template <class Of, int Threads>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads)
    resample_groups_kernel(const __grid_constant__ ResampleJob job, const __grid_constant__ ResampleLaunch launch) {
  using Stamp = typename Of::Stamp;
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  using Plan = typename Of::Plan;
  constexpr int most_rows = Threads / 2;
  __shared__ Plan plans[most_rows];
  __shared__ unsigned int non_finite[most_rows];
  __shared__ bool wanted[most_rows];

  const In* values = static_cast<const In*>(job.values);
  Out* out = static_cast<Out*>(job.out);
  const Affine affine{job.scale, job.shift};
  const bool has_status = job.status != nullptr;

  for (std::int64_t tile = blockIdx.x; tile < launch.tiles; tile += gridDim.x) {
    const std::int64_t first_row = tile * launch.rows_per_tile;
    const int rows = static_cast<int>(smaller<std::int64_t>(job.rows - first_row, launch.rows_per_tile));
    const bool plans_row = static_cast<int>(threadIdx.x) < rows;
    RowQuery<Stamp> query = {};
    std::int64_t found = -1;
    Interpolation searched = Interpolation::linear;
    if (plans_row) {
      query = locate_row<Stamp>(job, first_row + threadIdx.x);
      wanted[threadIdx.x] = query.wanted;
      found = find_sample(query.stamps, query.at, searched, job.rules.slack);
    }
    for (int g = 0; g < job.group_count; ++g) {
      const PlacedGroup& group = job.groups[g];
      if (plans_row) {
        if (needs_search(group.kind, searched, job.rules.slack)) {
          searched = group.kind;
          found = find_sample(query.stamps, query.at, searched, job.rules.slack);
        }
        plans[threadIdx.x] =
            plan_sample_as<Plan, F>(query.stamps, query.first_row, query.at, found, group, job.rules, has_status);
        non_finite[threadIdx.x] = 0;
      }
      __syncthreads();

      const auto store = [&](int row, int channel, F value) {
        if (has_status && !is_finite(value)) atomicOr(&non_finite[row], 1u);
        out[(first_row + row) * job.pitch_out + group.first_out + channel] =
            Narrow<Out>::from(affine(value, group.first_out + channel));
      };
      const bool rotates = group.kind == Interpolation::slerp;
      const int items_per_row = rotates ? 1 : group.width;
      const int row_step = Threads / larger(items_per_row, 1), item_step = Threads - row_step * items_per_row;
      int row = static_cast<int>(threadIdx.x) / larger(items_per_row, 1);
      int item = static_cast<int>(threadIdx.x) - row * items_per_row;
      while (row < rows && items_per_row > 0) {
        if (wanted[row]) {
          const Plan& plan = plans[row];
          const In* y = values + plan.left * job.pitch_in + group.first_in + item;
          if (plan.action == Action::fill) {
            Out* filled = out + (first_row + row) * job.pitch_out + group.first_out + item;
            for (int c = 0; c < (rotates ? group.width_out : 1); ++c) filled[c] = Narrow<Out>::from(job.fill);
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
      __syncthreads();
      if (has_status && plans_row && query.wanted) {
        const std::uint8_t status = plans[threadIdx.x].status;
        job.status[(first_row + threadIdx.x) * job.group_count + g] =
            non_finite[threadIdx.x] != 0 ? status | status_non_finite : status;
      }
    }
    __syncthreads();  // the next tile writes `wanted` and `plans` again
  }
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
