// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/voxelize_sparse.hpp>

#include "support/concurrent.hpp"
#include "support/reserved_memory.hpp"
#include "support/sparse_case.hpp"
#include "support/voxel_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

namespace robocache::test {
namespace {

class Sparse : public LauncherTest {
 protected:
  void check(const SparseCase& call, int threads = 1) { test::check(GetParam(), call, threads); }
};
INSTANTIATE_TEST_SUITE_P(, Sparse, every_launcher(), launcher_name);

constexpr VoxelOrder orders[] = {VoxelOrder::first_point, VoxelOrder::key};

ChannelSpec channel_of(Random& random, std::size_t points, Reduction reduction) {
  constexpr CellType outs[] = {CellType::f32, CellType::f64, CellType::f16, CellType::bf16};
  ChannelSpec channel = random_channel(random, points);
  channel.reduction = reduction;
  channel.ignore_nan = random.one_in(2);
  channel.unit = std::ldexp(1.0, static_cast<int>(random.between(-22, -3)));
  channel.empty = random.one_in(3) ? nan : random.one_in(2) ? 7.25 * random.signed_unit() : 0.0;
  channel.out.type = outs[random.below(4)];
  channel.out.strides[3] = random.below(4);
  return channel;
}
void add_random_channels(Random& random, SparseCase* call, std::int64_t count) {
  for (std::int64_t c = 0; c < count; ++c) {
    call->in.channels.push_back(channel_of(random, call->in.points.size(), static_cast<Reduction>(random.below(6))));
  }
}

/// How many voxels the definitions give.
std::int64_t voxels_of(SparseCase call) {
  call.capacity = 0;
  return call.in.in_double() ? SparseOracle<double>(call).found : SparseOracle<float>(call).found;
}

SparseCase random_sparse_case(Random& random, FieldType type) {
  SparseCase call;
  call.in = random_case(random, type);
  call.in.occupancy = call.in.count = {};
  call.in.grid.unbounded = random.one_in(2);
  call.order = orders[random.below(2)];
  call.coord_order = random.one_in(2) ? CoordOrder::bzyx : CoordOrder::bxyz;
  const std::int64_t voxels = voxels_of(call);
  const std::int64_t capacities[] = {0, 1, std::max<std::int64_t>(voxels - 1, 0), voxels, voxels + 3, call.in.size()};
  call.capacity = capacities[random.below(6)];
  bool* wanted[] = {&call.voxel_count, &call.coords,       &call.count,       &call.point_to_voxel,
                    &call.counts,      &call.list_offsets, &call.list_points, &call.overflow};
  for (bool* each : wanted) *each = !random.one_in(4);
  call.list_points = call.list_points && call.list_offsets;
  return call;
}

TEST_P(Sparse, RandomCallsWithoutChannels) {
  SCOPED_TRACE(seed_trace());
  Random random(101);
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    const FieldType type = random_type(random);
    check(random_sparse_case(random, type), static_cast<int>(random.between(0, 3)));
    if (HasFailure()) return;
  }
}

TEST_P(Sparse, RandomCallsWithChannels) {
  SCOPED_TRACE(seed_trace());
  Random random(102);
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    SparseCase call = random_sparse_case(random, random_type(random));
    add_random_channels(random, &call, random.between(1, 6));
    check(call, static_cast<int>(random.between(0, 3)));
    if (HasFailure()) return;
  }
}

SparseCase plain_case(Random& random, std::int64_t points, VoxelGrid grid) {
  SparseCase call;
  call.in.grid = grid;
  call.in.points = random_points(random, points, grid, FieldType::f32);
  call.capacity = points;
  return call;
}
constexpr Reduction reductions[] = {Reduction::sum, Reduction::mean,  Reduction::min,
                                    Reduction::max, Reduction::first, Reduction::nearest};

// So many that threads share the table, into few voxels and into many, with neighbours in order and without.
TEST_P(Sparse, ManyPointsAndThreads) {
  SCOPED_TRACE(seed_trace());
  Random random(103);
  for (const double size : {4.0, 0.05}) {
    for (const bool unbounded : {false, true}) {
      const auto side = static_cast<std::int32_t>(8.0 / size);
      SparseCase call = plain_case(random, 60'000, grid_of(side, side, side, size, -3.0));
      call.in.grid.unbounded = unbounded;
      if (unbounded) std::sort(call.in.points.begin(), call.in.points.end());
      call.in.offsets = {100, 7'000, 30'001, 59'990};
      for (const Reduction reduction : {Reduction::mean, Reduction::nearest, Reduction::first}) {
        call.in.channels.push_back(channel_of(random, call.in.points.size(), reduction));
      }
      call.order = unbounded ? VoxelOrder::first_point : VoxelOrder::key;
      call.capacity = 40'000;
      check(call, 5);
    }
  }
}

TEST_P(Sparse, CapacityIsNeverExceeded) {
  SCOPED_TRACE(seed_trace());
  Random random(104);
  SparseCase call = plain_case(random, 900, grid_of(9, 8, 7));
  call.in.offsets = {0, 400, 900};
  for (const Reduction reduction : reductions) {
    call.in.channels.push_back(channel_of(random, call.in.points.size(), reduction));
  }
  for (const VoxelOrder order : orders) {
    call.order = order;
    const std::int64_t voxels = voxels_of(call);
    ASSERT_GT(voxels, 300);
    for (const std::int64_t capacity : {std::int64_t{0}, std::int64_t{1}, voxels - 1, voxels, voxels + 1, 2 * voxels}) {
      call.capacity = capacity;
      check(call, 2);
    }
  }
}

TEST_P(Sparse, OneVoxelAndOneEach) {
  SCOPED_TRACE(seed_trace());
  Random random(105);
  for (const bool alone : {false, true}) {
    SparseCase call;
    for (int i = 0; i < 20'000; ++i) {
      const double x = alone ? static_cast<double>(i) : 0.0;
      call.in.points.push_back({x + 0.5 * random.unit(), 7.5, -3.25});
    }
    random.shuffle(call.in.points);
    call.in.grid = unbounded_grid({1.0, 1.0, 1.0});
    for (const Reduction reduction : reductions) {
      call.in.channels.push_back(channel_of(random, call.in.points.size(), reduction));
    }
    for (const VoxelOrder order : orders) {
      call.order = order;
      call.capacity = alone ? 20'000 : 2;
      check(call, 3);
    }
  }
}

// The lowest and the highest cells, and the next beyond them.
TEST_P(Sparse, LimitsOfAnUnboundedGrid) {
  for (const FieldType type : {FieldType::f32, FieldType::f64}) {
    for (const CellRule rule : {CellRule::divide, CellRule::reciprocal}) {
      for (const double from : {0.0, 4.0, -1024.0}) {
        SparseCase call;
        call.in.type = type;
        call.in.grid = unbounded_grid({0.5, 0.5, 0.5}, rule);
        for (double& origin : call.in.grid.origin) origin = from;
        const double low = from - 0x1p19, high = from + 0x1p19;
        const auto next = [type](double v, double to) {
          return type == FieldType::f32
                     ? static_cast<double>(std::nextafter(static_cast<float>(v), static_cast<float>(to)))
                     : std::nextafter(v, to);
        };
        const std::vector<double> at = {
            next(low, -infinity), low, next(low, infinity), from - 0.25, from, next(high, 0), high, 3e38, -3e38};
        for (const double x : at) {
          for (const double y : at) {
            for (const double z : at) call.in.points.push_back({x, y, z});
          }
        }
        // The same voxels again, of other clouds.
        const auto points = static_cast<std::int64_t>(call.in.points.size());
        for (int copy = 0; copy < 2; ++copy) {
          call.in.points.insert(call.in.points.end(), call.in.points.begin(), call.in.points.begin() + points);
        }
        call.in.offsets = {0, points, 2 * points, 3 * points};
        call.capacity = 3 * points;
        for (const VoxelOrder order : orders) {
          call.order = order;
          check(call);
        }
      }
    }
  }
}

// As many cells as keys can tell apart, of one cloud and of several.
TEST_P(Sparse, LimitsOfABoundedGrid) {
  constexpr std::int32_t longest = 1 << 23;
  for (const std::int64_t clouds : {1, 3}) {
    SparseCase call;
    call.in.grid = grid_of(longest, longest, clouds == 1 ? (1 << 17) - 1 : (1 << 15));
    const double top = static_cast<double>(longest - 1), top_z = call.in.grid.shape[2] - 1.0;
    for (const double x : {0.0, 1.0, top, top + 1}) {
      for (const double y : {0.0, 77.0, top, top + 1}) {
        for (const double z : {0.0, top_z, -1.0}) call.in.points.push_back({x, y, z});
      }
    }
    const auto points = call.in.size();
    call.in.offsets = {0};
    for (std::int64_t c = 1; c <= clouds; ++c) {
      if (c > 1) call.in.points.insert(call.in.points.end(), call.in.points.begin(), call.in.points.begin() + points);
      call.in.offsets.push_back(c * points);
    }
    call.capacity = clouds * points;
    for (const VoxelOrder order : orders) {
      call.order = order;
      check(call);
    }
  }
}

// Of equally near points the first; nearness is that to the voxel's own centre, far from the origin, too.
TEST_P(Sparse, NearestToTheCentre) {
  for (const CellRule rule : {CellRule::divide, CellRule::reciprocal}) {
    for (const double from : {0.0, -37.5}) {
      SparseCase call;
      call.in.type = FieldType::f64;
      call.in.grid = unbounded_grid({0.5, 1.0, 2.0}, rule);
      for (double& origin : call.in.grid.origin) origin = from;
      ChannelSpec channel;
      channel.reduction = Reduction::nearest;
      channel.out.type = CellType::f64;
      for (const double cell : {0.0, -3.0, 1000.0}) {
        for (const double off : {0.3, -0.2, 0.1, -0.1, 0.2}) {
          call.in.points.push_back({from + 0.5 * (cell + 0.5 + off), from + cell + 0.5, from + 2.0 * (cell + 0.5)});
        }
        call.in.points.push_back({from + 0.5 * (cell + 0.5), from + cell + 0.75, from + 2.0 * (cell + 0.5)});
      }
      for (std::size_t i = 0; i < call.in.points.size(); ++i) channel.values.push_back(static_cast<double>(i));
      call.in.channels.push_back(channel);
      call.capacity = 3;
      check(call);
    }
  }
}

// Columns of one matrix, as networks take them.
TEST_P(Sparse, ColumnsInterleave) {
  SCOPED_TRACE(seed_trace());
  Random random(106);
  SparseCase call = plain_case(random, 700, grid_of(6, 5, 4));
  call.capacity = 150;
  for (const Reduction reduction : reductions) {
    ChannelSpec channel = channel_of(random, call.in.points.size(), reduction);
    channel.out.type = CellType::f32;
    channel.out.strides[3] = 1;
    call.in.channels.push_back(channel);
  }
  SparseRun run(GetParam(), call);
  ASSERT_OK(run.launch());
  const SparseOracle<float> oracle(call);
  constexpr std::int64_t wide = 8;
  const Output<float> all = run.arena.output_rows<float>(call.capacity, 6, wide, 1);
  for (std::size_t c = 0; c < 6; ++c) run.channels[c].out = column(all.data() + c, wide);
  ASSERT_OK(run.launch());
  const std::vector<float> got = all.download();
  for (std::size_t v = 0; v < static_cast<std::size_t>(call.capacity); ++v) {
    for (std::size_t c = 0; c < 6; ++c) {
      const float wanted = v < oracle.voxels.size()
                               ? round_to<float>(oracle.value_of(call.in.channels[c], oracle.voxels[v]))
                               : static_cast<float>(call.in.channels[c].empty);
      ASSERT_EQ(std::memcmp(&got[v * 6 + c], &wanted, 4), 0) << v << ", " << c << ": " << got[v * 6 + c];
    }
  }
}

TEST_P(Sparse, SixtyFourChannels) {
  SCOPED_TRACE(seed_trace());
  Random random(107);
  SparseCase call = plain_case(random, 2'000, grid_of(10, 10, 10));
  add_random_channels(random, &call, 64);
  call.order = VoxelOrder::key;
  check(call, 2);
}

// The same bytes from every run; in the order of keys, from every order of the points.
TEST_P(Sparse, RunsAndPermutationsAgree) {
  SCOPED_TRACE(seed_trace());
  Random random(108);
  SparseCase call = plain_case(random, 3'000, grid_of(9, 9, 9));
  for (const Reduction reduction : {Reduction::sum, Reduction::mean, Reduction::min, Reduction::max}) {
    call.in.channels.push_back(channel_of(random, call.in.points.size(), reduction));
  }
  call.capacity = 500;  // too few
  for (const VoxelOrder order : orders) {
    call.order = order;
    SparseRun first(GetParam(), call);
    ASSERT_OK(first.launch());
    const std::vector<unsigned char> wanted = first.bytes();
    for (int run = 0; run < 100; ++run) {
      first.arena.poison_outputs();
      ASSERT_OK(first.launch(1 + run % 3));
      ASSERT_TRUE(first.bytes() == wanted) << "run " << run;
    }
    for (int permutation = 0; permutation < 20; ++permutation) {
      std::vector<std::size_t> places(call.in.points.size());
      std::iota(places.begin(), places.end(), std::size_t{0});
      random.shuffle(places);
      SparseCase shuffled = call;
      for (std::size_t i = 0; i < places.size(); ++i) {
        shuffled.in.points[i] = call.in.points[places[i]];
        for (std::size_t c = 0; c < call.in.channels.size(); ++c) {
          shuffled.in.channels[c].values[i] = call.in.channels[c].values[places[i]];
        }
      }
      if (order == VoxelOrder::first_point) {  // as the definitions say for this order
        check(shuffled);
        continue;
      }
      SparseRun again(GetParam(), shuffled);
      ASSERT_OK(again.launch());
      ASSERT_TRUE(again.bytes(false) == first.bytes(false)) << "permutation " << permutation;
    }
  }
}

TEST_P(Sparse, ThousandCloudsSomeOfThemEmpty) {
  SCOPED_TRACE(seed_trace());
  Random random(109);
  for (const bool unbounded : {false, true}) {
    SparseCase call = plain_case(random, 12'000, grid_of(5, 5, 5));
    call.in.grid.unbounded = unbounded;
    call.in.offsets = random_offsets(random, 1000, 12'000);
    call.in.channels.push_back(channel_of(random, call.in.points.size(), Reduction::mean));
    for (const VoxelOrder order : orders) {
      call.order = order;
      check(call, 2);
    }
  }
}

TEST_P(Sparse, NothingToDo) {
  SparseCase call;
  call.in.grid = grid_of(4, 3, 2);
  ChannelSpec channel;
  channel.source = ChannelSource::x;
  channel.reduction = Reduction::nearest;
  channel.empty = -2.5;
  call.in.channels.push_back(channel);
  call.in.channels[0].out.type = CellType::f32;
  for (const std::int64_t capacity : {0, 5}) {
    call.capacity = capacity;
    for (const bool unbounded : {false, true}) {
      call.in.grid.unbounded = unbounded;
      call.in.points.clear();
      for (const std::vector<std::int64_t>& offsets :
           {std::vector<std::int64_t>{}, std::vector<std::int64_t>{0, 0, 0}, std::vector<std::int64_t>{0}}) {
        call.in.offsets = offsets;
        check(call);
      }
      call.in.offsets.clear();
      call.in.points = Points(100, {unbounded ? 3e6 : -1.0, 5.0, 0.5});
      check(call);  // outside
      call.in.points = Points(100, {nan, 1.0, 0.5});
      check(call);
      call.in.offsets = {40, 60};
      check(call);  // most in no segment
    }
  }
  call.in.points = Points(100, {0.5, 0.5, 0.5});
  call.in.grid = grid_of(4, 0, 2);
  check(call);  // no cells
  VoxelizeSparseArgs none;
  Arena arena(GetParam());
  EXPECT_OK(launch_with_workspace(&arena, none, [&](Workspace workspace, auto where) {
    return voxelize_sparse(none, workspace, where);
  })) << "nothing at all";
}

TEST_P(Sparse, BadOffsetsAndCloudNumbersAreSafe) {
  SparseCase call;
  call.in.grid = grid_of(4, 4, 4);
  call.in.points = Points(100, {0.5, 1.5, 2.5});
  call.in.offsets = {0, 30, 60, 100};
  call.in.cloud_of = {INT64_MIN, 2, INT64_MAX};
  call.in.clouds = 2;
  call.capacity = 4;
  check(call);
  for (const bool unbounded : {false, true}) {
    call.in.grid.unbounded = unbounded;
    call.in.cloud_of.clear();
    call.in.offsets = {50, INT64_MIN, INT64_MAX, -7};
    SparseRun run(GetParam(), call);
    EXPECT_OK(run.launch(2));
    static_cast<void>(run.bytes());  // the guards
  }
}

// One capture, or one set of arguments, for any number of points up to the most: offsets in the memory of the call say
// how many there are.
TEST_P(Sparse, NumberOfPointsIsReadWhenTheCallRuns) {
  SCOPED_TRACE(seed_trace());
  Random random(110);
  SparseCase most = plain_case(random, 10'000, grid_of(20, 20, 20));
  most.capacity = 3'000;
  most.in.offsets = {0, 10'000};
  most.in.channels.push_back(channel_of(random, most.in.points.size(), Reduction::mean));
  SparseRun run(GetParam(), most);
  const detail::Buffer offsets(GetParam(), 16);
  run.args.points.segments = ragged(reinterpret_cast<const std::int64_t*>(offsets.data()), 1);
  const std::size_t bytes = workspace_for(GetParam(), run.args);
  const Output<unsigned char> scratch = run.arena.output<unsigned char>(static_cast<std::int64_t>(bytes));
  Repeated repeated(GetParam());
  for (const std::int64_t points : {10'000, 1, 0, 777, 9'999, 10'000}) {
    SCOPED_TRACE(points);
    SparseCase call = most;
    call.in.offsets = {0, points};
    offsets.write(0, call.in.offsets.data(), 16);
    run.arena.poison_outputs();
    ASSERT_OK(repeated.run([&](auto where) { return voxelize_sparse(run.args, {scratch.data(), bytes}, where); }));
    run.compare<float>(call);
  }
}

// More than 2^31 numbers from one row to the next.
TEST_P(Sparse, OffsetsHave64Bits) {
  constexpr std::int64_t pitch = (std::int64_t{1} << 31) + 8;
  const HugeOutput<Half> out(GetParam(), 2 * pitch + 1);
  if (out.data() == nullptr) GTEST_SKIP() << out.missing();
  Arena arena(GetParam());
  VoxelizeSparseArgs args;
  args.points = points_of(arena.input(std::vector<float>{0.5f, 0.5f, 0.5f, 2.5f, 0.5f, 1.5f}), 2);
  args.grid = unbounded_grid({1.0, 1.0, 1.0});
  args.capacity = 3;
  VoxelChannel channel;
  channel.source = ChannelSource::x;
  channel.empty = 7;
  channel.out = column(out.data(), pitch);
  args.channels = &channel;
  args.channel_count = 1;
  ASSERT_OK(launch_with_workspace(
      &arena, args, [&](Workspace workspace, auto where) { return voxelize_sparse(args, workspace, where); }));
  EXPECT_EQ(out.read(0).bits, round_to<Half>(0.5L).bits);
  EXPECT_EQ(out.read(pitch).bits, round_to<Half>(2.5L).bits);
  EXPECT_EQ(out.read(2 * pitch).bits, round_to<Half>(7.0L).bits);
}

// Calls side by side share nothing.
TEST_P(Sparse, ThreadsSideBySide) {
  SCOPED_TRACE(seed_trace());
  std::vector<SparseCase> calls;
  for (std::uint64_t w = 0; w < 4; ++w) {
    Random random(120 + w);
    calls.push_back(random_sparse_case(random, FieldType::f32));
    add_random_channels(random, &calls.back(), 2);
  }
  expect_same_at_once(4, 8, [&](std::size_t w) {
    SparseRun run(GetParam(), calls[w]);
    throw_if_error(run.launch(2));
    return run.bytes();
  });
}

// Hash values of neighbouring cells are spread: nobody looks far for his slot.
TEST(VoxelIndexTest, ScansDoNotCrowdTheTable) {
  for (const bool unbounded : {true, false}) {
    VoxelizeSparseArgs args;
    args.points.count = 0;
    args.grid = unbounded_grid({1, 1, 1});
    if (!unbounded) args.grid = grid_of(64, 64, 64);
    robocache::detail::VoxelizeSparseJob<float> job;
    robocache::detail::CallArrays arrays;
    ASSERT_OK(prepare(args, &job, &arrays));
    job.table_bits = 17;
    std::vector<int> taken(1 << 17, 0);
    const Vector3<float> origin = {0, 0, 0};
    for (int x = 0; x < 64; ++x) {
      for (int y = 0; y < 32; ++y) {
        for (int z = 0; z < 32; ++z) {
          const Vector3<float> p = {static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)};
          ++taken[job.slot_of(job.key_of(p, origin, 0), 0)];
        }
      }
    }
    // 65,536 voxels in 131,072 slots: at random, 7 or more meet in one slot in one of twenty tables.
    EXPECT_LE(*std::max_element(taken.begin(), taken.end()), 8);
  }
}

struct SmallSparse {
  std::vector<float> xyz;
  VoxelChannel channels[2];
  VoxelizeSparseArgs args;

  SmallSparse(std::vector<float> points, std::int64_t capacity) : xyz(std::move(points)) {
    args.points = points_of(xyz.data(), static_cast<std::int64_t>(xyz.size()) / 3);
    args.grid = grid_over({0, 0, 0}, {2, 1, 1}, {1, 1, 1});
    args.capacity = capacity;
    for (VoxelChannel& channel : channels) channel.source = ChannelSource::x;
    args.channels = channels;
    args.channel_count = 1;
  }
  Status run(int threads = 1) {
    std::vector<unsigned char> scratch(workspace_bytes(args, Host{threads}));
    return voxelize_sparse(args, {scratch.data(), scratch.size()}, Host{threads});
  }
};

// Each segment's points are under its own transform, also where threads share them.
TEST(SparseOnHost, TransformsOfSegments) {
  const std::int64_t n = 40'000;
  SmallSparse call(std::vector<float>(3 * static_cast<std::size_t>(n), 0.25f), 2);
  const std::vector<std::int64_t> offsets = {0, n / 2, n}, cloud_of = {0, 0};
  const std::vector<float> transforms = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0};
  std::vector<float> out(2, 77.0f);
  call.args.points.segments = ragged(offsets.data(), 2);
  call.args.points.cloud_of = cloud_of.data();
  call.args.points.clouds = 1;
  call.args.points.transforms = transforms.data();
  call.channels[0].out = column(out.data());
  for (const int threads : {1, 2}) {
    ASSERT_OK(call.run(threads));
    EXPECT_EQ(out, (std::vector<float>{0.25f, 1.25f})) << threads;
  }
}

// Columns of one matrix are filled together, of two arrays not.
TEST(SparseOnHost, EmptyRowsOfColumnsFarApart) {
  SmallSparse call({5, 5, 5}, 2);
  std::vector<float> out(8, 1.0f);
  call.args.channel_count = 2;
  call.channels[0].out = column(out.data(), 2);
  call.channels[1].out = column(out.data() + 4, 2);
  ASSERT_OK(call.run());
  EXPECT_EQ(out, (std::vector<float>{0, 1, 0, 1, 0, 1, 0, 1}));
}

// One row of columns of two types is none of a matrix, near as they are.
TEST(SparseOnHost, EmptyRowOfColumnsOfTwoTypes) {
  SmallSparse call({5, 5, 5}, 1);
  std::vector<float> out(2, 1.0f);
  call.args.channel_count = 2;
  call.channels[0].out = column(reinterpret_cast<Half*>(out.data()), 2);
  call.channels[1].out = column(out.data() + 1, 2);
  ASSERT_OK(call.run());
  EXPECT_EQ(out[1], 0);
}

TEST(SparseOnHost, EmptyRowsHoldTheSignOfZero) {
  SmallSparse call({5, 5, 5}, 2);
  std::vector<float> out(2, 1.0f);
  call.channels[0].empty = -0.0;
  call.channels[0].out = column(out.data());
  ASSERT_OK(call.run());
  EXPECT_TRUE(std::signbit(out[0]) && std::signbit(out[1]));
}

TEST(SparseOnHost, LimitsOfTheUnit) {
  for (const int exponent : {-201, -200, 200, 201}) {
    SmallSparse call({0.5f, 0.5f, 0.5f}, 2);
    std::vector<float> out(2);
    call.channels[0].unit = std::ldexp(1.0, exponent);
    call.channels[0].out = column(out.data());
    if (std::abs(exponent) == 200) {
      EXPECT_OK(call.run());
    } else {
      EXPECT_TRUE(is_error(call.run(), StatusCode::invalid_value, "unit")) << exponent;
    }
  }
}

// Pitched origins end with the last one's three numbers.
TEST(SparseOnHost, OutputsInsideTheLastOriginAreRefused) {
  SmallSparse call({0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f}, 1);
  const std::vector<std::int64_t> offsets = {0, 1, 2};
  std::vector<double> boxes(12);
  call.args.channel_count = 0;
  call.args.points.segments = ragged(offsets.data(), 2);
  call.args.grid.origins = boxes.data();
  call.args.grid.origin_pitch = 6;
  call.args.voxel_count = reinterpret_cast<std::int64_t*>(boxes.data() + 8);
  EXPECT_EQ(call.run().code(), StatusCode::aliasing);
  call.args.voxel_count = reinterpret_cast<std::int64_t*>(boxes.data() + 9);
  EXPECT_OK(call.run());
}

}  // namespace
}  // namespace robocache::test
