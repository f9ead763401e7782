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

class SparseRun : public CloudRun<VoxelizeSparseArgs> {
 public:
  SparseRun(Launcher launcher, const SparseCase& call) : CloudRun(launcher, call.in) {
    const std::int64_t points = call.in.size(), rows = call.capacity;
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
    want_counts(call.counts, call.in.cloud_count());
    for (const ChannelSpec& spec : call.in.channels) {
      columns_.push_back(arena.output<unsigned char>(column_bytes(call, spec)));
      channels.push_back(place_channel(arena, call.in, spec));
      channels.back().out = {columns_.back().data(), spec.out.type, 0, 0, 0, spec.out.strides[3]};
    }
    args.channels = channels.data();
    args.channel_count = static_cast<std::int32_t>(channels.size());
  }

  Status launch(int threads = 1) {
    return launch_with_workspace(
        &arena, args, [&](Workspace workspace, auto where) { return voxelize_sparse(args, workspace, where); },
        threads);
  }

  /// Every byte of every output.
  template <class F>
  void compare(const SparseCase& call) const {
    const SparseOracle<F> oracle(call);
    const auto rows = static_cast<std::size_t>(call.capacity);
    std::vector<std::int32_t> coords(rows * 4, -1), count(rows, 0), point_to_voxel(call.in.points.size(), -1),
        list_points;
    std::vector<std::int64_t> list_offsets = {0};
    for (std::size_t v = 0; v < oracle.voxels.size(); ++v) {
      const auto& [at, of] = oracle.voxels[v];
      const std::array<std::int32_t, 4> row = coords_of(at, call.coord_order);
      std::copy(row.begin(), row.end(), coords.begin() + static_cast<std::int64_t>(v) * 4);
      count[v] = static_cast<std::int32_t>(of.size());
      for (const std::size_t i : of) {
        point_to_voxel[i] = static_cast<std::int32_t>(v);
        list_points.push_back(static_cast<std::int32_t>(i));
      }
      list_offsets.push_back(static_cast<std::int64_t>(list_points.size()));
    }
    list_offsets.resize(rows + 1, list_offsets.back());
    list_points.resize(call.in.points.size(), -1);
    expect(voxel_count_, {oracle.found}, "voxel_count");
    expect(coords_, coords, "coords");
    expect(count_, count, "count");
    expect(point_to_voxel_, point_to_voxel, "point_to_voxel");
    expect(overflow_, {oracle.overflow}, "overflow");
    expect(list_offsets_, list_offsets, "list_offsets");
    expect(list_points_, list_points, "list_points");
    expect_counts(oracle.counts);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const ChannelSpec& spec = call.in.channels[c];
      std::vector<unsigned char> bytes(static_cast<std::size_t>(column_bytes(call, spec)), Output<char>::poison);
      for (std::size_t v = 0; v < rows; ++v) {
        put_number(
            &bytes, static_cast<std::int64_t>(v) * pitch_of(spec) * size_of(spec.out.type), field_of(spec.out.type),
            v < oracle.voxels.size() ? oracle.value_of(spec, oracle.voxels[v]) : static_cast<long double>(spec.empty));
      }
      expect_same(columns_[c].download(), bytes, "channel " + std::to_string(c));
    }
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

  std::vector<VoxelChannel> channels;

 private:
  static std::int64_t pitch_of(const ChannelSpec& spec) { return std::max<std::int64_t>(spec.out.strides[3], 1); }
  static std::int64_t column_bytes(const SparseCase& call, const ChannelSpec& spec) {
    return call.capacity == 0 ? 0 : ((call.capacity - 1) * pitch_of(spec) + 1) * size_of(spec.out.type);
  }

  std::vector<Output<std::int64_t>> voxel_count_, overflow_, list_offsets_;
  std::vector<Output<std::int32_t>> coords_, count_, point_to_voxel_, list_points_;
  std::vector<Output<unsigned char>> columns_;
};

/// Runs a call and compares.
inline void check(Launcher launcher, const SparseCase& call, int threads = 1) {
  SCOPED_TRACE(text_of(call.in) + "; capacity " + std::to_string(call.capacity) + ", order " +
               std::to_string(static_cast<int>(call.order)) + ", threads " + std::to_string(threads));
  check_run<SparseRun>(launcher, call, call.in.in_double(), threads);
}

}  // namespace robocache::test
