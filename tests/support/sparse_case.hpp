// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/launch.hpp"
#include "support/voxel_case.hpp"

#include <robocache/voxel/voxelize_sparse.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// A call of voxelize_sparse in the test's own terms, what must come of it by the definitions, and a comparison of every
// byte of every output.

namespace robocache::test {

struct SparseCase {
  VoxelCase in;  ///< points, grid, and channels, whose x stride is the pitch of their column
  std::int64_t capacity = 0;
  VoxelOrder order = VoxelOrder::first_point;
  CoordOrder coord_order = CoordOrder::bzyx;
  bool voxel_count = true, coords = true, count = true, point_to_voxel = true, counts = true, overflow = true;
  bool list_offsets = true, list_points = true;
};

/// What the definitions give.
template <class F>
class SparseOracle : public PointOracle<F> {
 public:
  using Place = typename PointOracle<F>::Place;
  struct Voxel {
    Place at;
    std::vector<std::size_t> of;  ///< points
  };

  explicit SparseOracle(const SparseCase& call) : PointOracle<F>(call.in) {
    std::map<Place, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < this->places.size(); ++i) {
      if (this->places[i][0] >= 0) members[this->places[i]].push_back(i);
    }
    for (const auto& [at, of] : members) voxels.push_back({at, of});
    if (call.order == VoxelOrder::first_point) {
      std::sort(voxels.begin(), voxels.end(), [](const Voxel& a, const Voxel& b) { return a.of[0] < b.of[0]; });
    }
    found = static_cast<std::int64_t>(voxels.size());
    for (auto v = static_cast<std::size_t>(std::min(found, call.capacity)); v < voxels.size(); ++v) {
      overflow += static_cast<std::int64_t>(voxels[v].of.size());
    }
    voxels.resize(static_cast<std::size_t>(std::min(found, call.capacity)));
  }

  std::vector<Voxel> voxels;  ///< those that fit
  std::int64_t found = 0, overflow = 0;

  long double value_of(const ChannelSpec& channel, const Voxel& voxel) const {
    if (channel.reduction == Reduction::first) return static_cast<long double>(this->value(channel, voxel.of[0]));
    if (channel.reduction != Reduction::nearest) return this->reduced(channel, voxel.of);
    std::size_t nearest = voxel.of[0];
    const auto square = [this](std::size_t i) { return round_to<float>(this->square_from_centre(i)); };
    for (const std::size_t i : voxel.of) nearest = square(i) < square(nearest) ? i : nearest;
    return static_cast<long double>(this->value(channel, nearest));
  }
};

/// The buffers of a call, and its arguments.
class SparseRun {
 public:
  SparseRun(Launcher launcher, const SparseCase& call) : arena(launcher) {
    const std::int64_t points = call.in.size(), clouds = call.in.cloud_count(), rows = call.capacity;
    args.points = place_points(arena, call.in);
    args.grid = call.in.grid;
    if (!call.in.origins.empty()) args.grid.origins = arena.input(call.in.origins);
    args.capacity = rows;
    args.order = call.order;
    args.coord_order = call.coord_order;
    want(call.voxel_count, 1, &voxel_count_, &args.voxel_count);
    want(call.coords, rows * 4, &coords_, &args.coords);
    want(call.count, rows, &count_, &args.count);
    want(call.point_to_voxel, points, &point_to_voxel_, &args.point_to_voxel);
    want(call.overflow, 1, &overflow_, &args.overflow);
    want(call.list_offsets, rows + 1, &list_offsets_, &args.list_offsets);
    want(call.list_points, points, &list_points_, &args.list_points);
    std::int64_t* counts = nullptr;
    want(call.counts, clouds * 4, &counts_, &counts);
    args.counts = reinterpret_cast<PointCounts*>(counts);
    for (const ChannelSpec& spec : call.in.channels) {
      VoxelChannel channel;
      channel.source = spec.source;
      channel.reduction = spec.reduction;
      channel.ignore_nan = spec.ignore_nan;
      channel.unit = spec.unit;
      channel.empty = spec.empty;
      channel.field = place_field(arena, call.in, spec);
      columns_.push_back(arena.output<unsigned char>(column_bytes(call, spec)));
      channel.out = {columns_.back().data(), spec.out.type, 0, 0, 0, spec.out.strides[3]};
      channels.push_back(channel);
    }
    args.channels = channels.data();
    args.channel_count = static_cast<std::int32_t>(channels.size());
  }
  SparseRun(const SparseRun&) = delete;
  SparseRun& operator=(const SparseRun&) = delete;

  /// With a workspace of exactly the bytes asked for, misaligned by one.
  Status launch(int threads = 1) {
    const std::size_t bytes = needed(threads);
    workspaces_.push_back(arena.output<unsigned char>(static_cast<std::int64_t>(bytes), 1));
    const Workspace workspace = {workspaces_.back().data(), bytes};
    return arena.launch([&](auto where) { return voxelize_sparse(args, workspace, where); }, threads);
  }
  std::size_t needed(int threads) const {
#if ROBOCACHE_HAS_CUDA_RUNTIME
    if (arena.launcher() != Launcher::host) return workspace_bytes(args, cudaStream_t{});
#endif
    return workspace_bytes(args, Host{threads});
  }

  /// Every byte of every output.
  template <class F>
  void compare(const SparseCase& call) const {
    const SparseOracle<F> oracle(call);
    const auto rows = static_cast<std::size_t>(call.capacity);
    std::vector<std::int32_t> coords(rows * 4, -1), count(rows, 0), point_to_voxel(call.in.points.size(), -1),
        list_points;
    std::vector<std::int64_t> list_offsets = {0}, counts;
    for (std::size_t v = 0; v < oracle.voxels.size(); ++v) {
      const auto& [at, of] = oracle.voxels[v];
      const bool is_zyx = call.coord_order == CoordOrder::bzyx;
      const std::array<std::int64_t, 4> numbers = {at[0], is_zyx ? at[1] : at[3], at[2], is_zyx ? at[3] : at[1]};
      for (std::size_t k = 0; k < 4; ++k) coords[v * 4 + k] = static_cast<std::int32_t>(numbers[k]);
      count[v] = static_cast<std::int32_t>(of.size());
      for (const std::size_t i : of) {
        point_to_voxel[i] = static_cast<std::int32_t>(v);
        list_points.push_back(static_cast<std::int32_t>(i));
      }
      list_offsets.push_back(static_cast<std::int64_t>(list_points.size()));
    }
    list_offsets.resize(rows + 1, list_offsets.back());
    list_points.resize(call.in.points.size(), -1);
    for (const PointCounts& of : oracle.counts) {
      counts.insert(counts.end(), {of.kept, of.outside, of.filtered, of.not_finite});
    }
    expect(voxel_count_, {oracle.found}, "voxel_count");
    expect(coords_, coords, "coords");
    expect(count_, count, "count");
    expect(point_to_voxel_, point_to_voxel, "point_to_voxel");
    expect(overflow_, {oracle.overflow}, "overflow");
    expect(list_offsets_, list_offsets, "list_offsets");
    expect(list_points_, list_points, "list_points");
    expect(counts_, counts, "counts");
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const ChannelSpec& spec = call.in.channels[c];
      std::vector<unsigned char> bytes(static_cast<std::size_t>(column_bytes(call, spec)), Output<char>::poison),
          number;
      for (std::size_t v = 0; v < rows; ++v) {
        number.clear();
        append_number(
            &number, field_of(spec.out.type),
            v < oracle.voxels.size() ? oracle.value_of(spec, oracle.voxels[v]) : static_cast<long double>(spec.empty));
        std::copy(number.begin(), number.end(),
                  bytes.begin() + static_cast<std::int64_t>(v) * pitch_of(spec) * size_of(spec.out.type));
      }
      expect_same(columns_[c].download(), bytes, "channel " + std::to_string(c));
    }
    for (const auto& workspace : workspaces_) static_cast<void>(workspace.download());  // its guards
    EXPECT_TRUE(arena.inputs_untouched());
  }

  /// Every byte of every output, of what is asked for; for comparisons of runs.
  std::vector<unsigned char> bytes(bool of_points = true) const {
    std::vector<unsigned char> all;
    const auto append = [&all](const auto& outputs) {
      for (const auto& out : outputs) {
        const auto values = out.download();
        const auto* from = reinterpret_cast<const unsigned char*>(values.data());
        all.insert(all.end(), from, from + values.size() * sizeof(*values.data()));
      }
    };
    append(voxel_count_);
    append(coords_);
    append(count_);
    append(overflow_);
    append(list_offsets_);
    append(counts_);
    append(columns_);
    if (!of_points) return all;
    append(point_to_voxel_);
    append(list_points_);
    return all;
  }

  Arena arena;
  VoxelizeSparseArgs args;
  std::vector<VoxelChannel> channels;

 private:
  template <class T>
  void want(bool wanted, std::int64_t count, std::vector<Output<T>>* outs, T** to) {
    if (!wanted) return;
    outs->push_back(arena.output<T>(count));
    *to = outs->back().data();
  }
  template <class T>
  static void expect(const std::vector<Output<T>>& outs, const std::vector<T>& wanted, const char* what) {
    if (outs.empty()) return;
    const std::vector<T> got = outs[0].download();
    EXPECT_TRUE(got == wanted) << what << ": " << testing::PrintToString(got) << "\nnot "
                               << testing::PrintToString(wanted);
  }
  static std::int64_t pitch_of(const ChannelSpec& spec) { return std::max<std::int64_t>(spec.out.strides[3], 1); }
  static std::int64_t column_bytes(const SparseCase& call, const ChannelSpec& spec) {
    return call.capacity == 0 ? 0 : ((call.capacity - 1) * pitch_of(spec) + 1) * size_of(spec.out.type);
  }

  std::vector<Output<std::int64_t>> voxel_count_, overflow_, list_offsets_, counts_;
  std::vector<Output<std::int32_t>> coords_, count_, point_to_voxel_, list_points_;
  std::vector<Output<unsigned char>> columns_, workspaces_;
};

/// Runs a call and compares.
inline void check(Launcher launcher, const SparseCase& call, int threads = 1) {
  SCOPED_TRACE(text_of(call.in) + "; capacity " + std::to_string(call.capacity) + ", order " +
               std::to_string(static_cast<int>(call.order)) + ", threads " + std::to_string(threads));
  SparseRun run(launcher, call);
  ASSERT_OK(run.launch(threads));
  if (call.in.in_double()) {
    run.compare<double>(call);
  } else {
    run.compare<float>(call);
  }
}

}  // namespace robocache::test
