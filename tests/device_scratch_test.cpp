// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/robocache.hpp>

#include "support/launch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

// What voxel operators plan for a stream is planned by the host, and without one: which way is taken, and the scratch.

namespace robocache::test {
namespace {

namespace plan = robocache::detail;

/// What is carved of a workspace: arrays that lie in it, and apart.
class Carved {
 public:
  template <class T>
  void add(const T* array, std::int64_t count) {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    if (array != nullptr && bytes != 0) arrays_.emplace_back(reinterpret_cast<std::uintptr_t>(array), bytes);
  }
  void add_index(const plan::DeviceIndex& index, std::int64_t points) {
    add(static_cast<const char*>(index.table), index.table_bytes);
    if (index.kind == plan::TableKind::indirect) add(index.keys, points), add(index.clouds, points);
    add(index.slot_of, points);
    add(index.starts, index.tiles * 32);
    add(index.word_starts, index.tiles * 32);
    add(index.tile_starts, index.tiles + 1);
    add(index.voxel_of, points);
    add(index.place_of, points);
    add(index.first_of, index.listed);
    add(index.others, index.listed);
    add(index.list_starts, index.listed);
    add(index.lists, points);
    add(index.cursor, 1);
  }
  void add_sort(const plan::DeviceSort& sort) {
    for (int side = 0; side < 2; ++side) add(sort.keys[side], sort.count), add(sort.numbers[side], sort.count);
    if (sort.scratch != nullptr) add(sort.scratch, sort.scratch_bytes());
  }

  void check(const std::vector<unsigned char>& memory, std::size_t begin, std::size_t arrays) {
    std::sort(arrays_.begin(), arrays_.end());
    EXPECT_EQ(arrays_.size(), arrays);
    std::uintptr_t end = reinterpret_cast<std::uintptr_t>(memory.data()) + begin;
    for (const auto& [at, bytes] : arrays_) {
      EXPECT_GE(at, end);
      EXPECT_EQ(at % 256, 0u);
      end = at + bytes;
    }
    EXPECT_LE(end, reinterpret_cast<std::uintptr_t>(memory.data()) + memory.size());
  }

 private:
  std::vector<std::pair<std::uintptr_t, std::size_t>> arrays_;
};

/// Plans a call, and calls look(scratch, job, carved) after its scratch was carved of just the bytes that were
/// measured, wherever they begin; then there are `arrays` of them.
template <template <class> class Job, class Scratch, class Args, class Look>
void plan_call(const Args& args, std::size_t arrays, const Look& look) {
  Job<float> job;
  plan::CallArrays inputs;
  ASSERT_OK(prepare(args, &job, &inputs));
  const std::size_t bytes = plan::measured_bytes<Job, Scratch>(args);
  for (const std::size_t begin : {std::size_t{0}, std::size_t{1}, std::size_t{255}}) {
    std::vector<unsigned char> memory(begin + bytes);
    plan::Carver carver(Workspace{bytes == 0 ? nullptr : memory.data() + begin, bytes});
    const Scratch scratch = Scratch::carve(job, carver);
    EXPECT_FALSE(carver.overflow());
    Carved carved;
    look(scratch, job, &carved);
    carved.check(memory, begin, arrays);
  }
}

/// Nothing reads them here.
float* const some_floats = reinterpret_cast<float*>(std::uintptr_t{1} << 20);
std::int64_t* const some_integers = reinterpret_cast<std::int64_t*>(std::uintptr_t{1} << 40);

VoxelGrid grid_of(std::int32_t x, std::int32_t y, std::int32_t z) {
  VoxelGrid grid;
  grid.shape[0] = x, grid.shape[1] = y, grid.shape[2] = z;
  return grid;
}

/// A dense call: how many arrays its scratch has, and how it marks cells.
struct Dense {
  VoxelizeArgs args;
  VoxelChannel channel;
  std::vector<std::uint8_t> cells;

  Dense(std::int64_t points, const VoxelGrid& grid) {
    args.points = points_of(some_floats, points);
    args.grid = grid;
    args.occupancy = dense(reinterpret_cast<std::uint8_t*>(std::uintptr_t{1} << 50));
  }
  void expect(bool bitmaps, bool bins, std::size_t arrays) {
    plan_call<plan::VoxelizeJob, plan::DeviceScratch>(
        args, arrays, [&](const plan::DeviceScratch& scratch, const auto& job, Carved* carved) {
          const plan::BitmapPlan bitmap_plan = plan::BitmapPlan::of(job);
          const plan::BinPlan bin_plan = plan::BinPlan::of(job);
          EXPECT_EQ(bitmap_plan.is_used, bitmaps);
          EXPECT_EQ(bin_plan.is_used, bins);
          if (bins) {
            EXPECT_GE(bin_plan.tiles * 4096, job.clouds.count);
            EXPECT_LT((bin_plan.tiles - 1) * 4096, job.clouds.count);
            EXPECT_GE(std::int64_t{bin_plan.bins} * 16384, job.all_cells());
            carved->add(scratch.entries, bin_plan.tiles * (4096 + 3 * 128));
            carved->add(scratch.runs, bin_plan.tiles * bin_plan.bins);
          }
          if (scratch.bits != nullptr) carved->add(scratch.bits, job.clouds.clouds * ((job.grid.cells + 31) / 32));
          const std::int64_t records = std::min(job.all_cells(), job.clouds.count);
          if (job.channel_count != 0) {
            carved->add(scratch.slots, job.all_cells() + 1);
            carved->add(scratch.records, records * (2 + job.channel_count));
          }
        });
  }
  std::size_t bytes() const { return plan::measured_bytes<plan::VoxelizeJob, plan::DeviceScratch>(args); }
};

TEST(DeviceScratch, OfFewPointsIsNone) {
  Dense call(10'000, grid_of(64, 64, 8));
  call.expect(false, false, 0);
  EXPECT_EQ(call.bytes(), 0u);
  call = Dense(0, grid_of(64, 64, 8));
  call.expect(false, false, 0);
}

TEST(DeviceScratch, OfManyPointsIsABitACellAndSomeBytesAPoint) {
  constexpr std::int64_t points = 1 << 20, cells = 128 * 128 * 32;
  Dense call(points, grid_of(128, 128, 32));
  call.expect(false, true, 2);  // too few points for each of as many bitmaps as there are multiprocessors
  EXPECT_LE(static_cast<double>(call.bytes()), 2.3 * points + cells / 8 + 4 * 256);

  call = Dense(16 * points, grid_of(128, 128, 32));
  call.expect(true, true, 3);
  EXPECT_LE(static_cast<double>(call.bytes()), 2.3 * 16 * points + cells / 8 + 4 * 256);

  call.args.count = dense(reinterpret_cast<std::int32_t*>(std::uintptr_t{1} << 51));
  call.expect(false, true, 2);  // bits do not count

  call = Dense(16 * points, grid_of(2048, 2048, 64));
  call.expect(false, false, 0);  // more cells than bins, and than shared memory
}

TEST(DeviceScratch, OfManyCloudsABlockHasEach) {
  const std::vector<std::int64_t> offsets(1001);
  Dense call(1 << 20, grid_of(32, 32, 4));
  call.args.points.segments = ragged(offsets.data(), 1000);
  call.expect(true, false, 0);  // 1000 points, of 64 that are worth it; 4 million cells of all clouds are too many bins
  call = Dense(1000 * 10, grid_of(32, 32, 4));
  call.args.points.segments = ragged(offsets.data(), 1000);
  call.expect(false, false, 0);

  // Words of bits that two blocks would write.
  call = Dense(1 << 18, grid_of(5, 5, 5));
  call.args.points.segments = ragged(offsets.data(), 2);
  call.args.points.cloud_of = some_integers;
  call.args.points.clouds = 2;
  call.expect(false, true, 2);
  call.args.occupancy = dense(reinterpret_cast<std::uint32_t*>(std::uintptr_t{1} << 50));
  call.expect(false, false, 0);
}

TEST(DeviceScratch, OfChannelsIsARecordForEachCellThatMayBeOccupied) {
  Dense call(1000, grid_of(16, 16, 16));
  call.channel.source = ChannelSource::x;
  call.channel.out = dense(some_floats + (1 << 20));
  call.args.channels = &call.channel;
  call.args.channel_count = 1;
  call.expect(false, false, 2);
  constexpr std::size_t documented = 4 * 16 * 16 * 16 + (16 + 8) * 1000;
  EXPECT_GE(call.bytes(), documented);
  EXPECT_LE(call.bytes(), documented + 4 * 256);
}

struct Sparse {
  VoxelizeSparseArgs args;

  Sparse(std::int64_t points, const VoxelGrid& grid) {
    args.points = points_of(some_floats, points);
    args.grid = grid;
    args.capacity = points;
    args.voxel_count = some_integers;
  }
  void expect(plan::TableKind kind, std::size_t arrays) {
    plan_call<plan::VoxelizeSparseJob, plan::SparseDeviceScratch>(
        args, arrays, [&](const plan::SparseDeviceScratch& scratch, const auto& job, Carved* carved) {
          const std::int64_t points = job.clouds.count;
          EXPECT_EQ(scratch.index.kind, kind);
          if (kind != plan::TableKind::direct) {
            EXPECT_GE(scratch.index.slots, 2 * job.most_voxels);
          }
          carved->add_index(scratch.index, points);
          carved->add(scratch.number_of, job.most_voxels);
          carved->add_sort(scratch.by_key);
          carved->add_sort(scratch.by_voxel);
        });
  }
};
constexpr std::size_t index_arrays = 12;  // without the two that an indirect table has besides

TEST(DeviceScratch, TablesHoldWhatKeysNeed) {
  // 4096 cells for 1024 points and more: a slot for each.
  Sparse(1024, grid_of(16, 16, 16)).expect(plan::TableKind::direct, index_arrays);
  // 4096 keys are 12 bits, which an index fits beside.
  Sparse(1023, grid_of(16, 16, 16)).expect(plan::TableKind::packed, index_arrays);
  // 63 bits of key leave one for an index, which 0, 1 and nobody do not fit in.
  Sparse(1000, unbounded_grid({1, 1, 1})).expect(plan::TableKind::wide, index_arrays);
  const std::vector<std::int64_t> offsets = {0, 500, 1000};
  Sparse clouds(1000, unbounded_grid({1, 1, 1}));
  clouds.args.points.segments = ragged(offsets.data(), 2);
  clouds.expect(plan::TableKind::indirect, index_arrays + 2);
}

TEST(DeviceScratch, OfTheOrderOfKeysAndOfListsIsSorted) {
  Sparse call(5000, grid_of(64, 64, 64));
  call.args.order = VoxelOrder::key;
  call.expect(plan::TableKind::packed, index_arrays + 6);
  call = Sparse(5000, grid_of(64, 64, 64));
  call.args.list_offsets = some_integers + 1;
  call.args.list_points = reinterpret_cast<std::int32_t*>(std::uintptr_t{1} << 52);
  call.expect(plan::TableKind::packed, index_arrays + 5);
}

TEST(DeviceScratch, OfHardVoxelsKnowsTheRowsOfSeveralClouds) {
  VoxelizeHardArgs args;
  args.points = points_of(some_floats, 3000);
  args.grid = grid_of(100, 100, 1);
  args.max_voxels = 500;
  args.num_points = reinterpret_cast<std::int32_t*>(std::uintptr_t{1} << 50);
  const std::vector<std::int64_t> offsets = {0, 1000, 2000, 3000};
  const auto expect = [&](std::int64_t listed, std::size_t arrays) {
    plan_call<plan::VoxelizeHardJob, plan::HardDeviceScratch>(
        args, arrays, [&](const plan::HardDeviceScratch& scratch, const auto& job, Carved* carved) {
          EXPECT_EQ(scratch.index.listed, listed);
          carved->add_index(scratch.index, 3000);
          carved->add(scratch.row_of, 3000);
          if (scratch.voxel_counts != args.voxel_count) carved->add(scratch.voxel_counts, job.clouds.clouds);
          carved->add(scratch.before_segment, 3);
        });
  };
  expect(500, index_arrays);  // of one cloud only those are listed that have a row
  args.points.segments = ragged(offsets.data(), 3);
  expect(3000, index_arrays + 2);
  args.voxel_count = some_integers;
  expect(3000, index_arrays + 1);
  args.points.cloud_of = some_integers + 8;
  args.points.clouds = 2;
  expect(3000, index_arrays + 2);
}

}  // namespace
}  // namespace robocache::test
