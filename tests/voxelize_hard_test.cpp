// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/voxelize_hard.hpp>

#include "support/concurrent.hpp"
#include "support/files.hpp"
#include "support/reserved_memory.hpp"
#include "support/voxel_case.hpp"
#include "support/voxel_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace robocache::test {
namespace {

struct HardCase {
  VoxelCase in;  ///< points, grid, and of channels source and values
  std::int64_t max_voxels = 0, max_points = 1;
  CoordOrder coord_order = CoordOrder::bzyx;
  CellType type = CellType::f32;
  bool zero_unused = true;
  bool voxels = true, coords = true, num_points = true, voxel_count = true, counts = true, overflow = true;

  std::int64_t rows() const { return in.cloud_count() * max_voxels; }
  std::int64_t voxel_bytes() const {
    return max_points * static_cast<std::int64_t>(in.channels.size()) * size_of(type);
  }
};

class HardRun : public CloudRun<VoxelizeHardArgs> {
 public:
  HardRun(Launcher launcher, const HardCase& call) : CloudRun(launcher, call.in) {
    args.max_voxels = call.max_voxels;
    args.max_points = call.max_points;
    args.coord_order = call.coord_order;
    args.zero_unused = call.zero_unused;
    for (const ChannelSpec& spec : call.in.channels) {
      channels.push_back({spec.source, place_field(arena, call.in, spec)});
    }
    args.channels = channels.data();
    args.channel_count = static_cast<std::int32_t>(channels.size());
    unsigned char* voxels = nullptr;
    const std::int64_t clouds = call.in.cloud_count();
    want(call.voxels, call.rows() * call.voxel_bytes(), &voxels_, &voxels);
    want(call.coords, call.rows() * 4, &coords_, &args.coords);
    want(call.num_points, call.rows(), &num_points_, &args.num_points);
    want(call.voxel_count, clouds, &voxel_count_, &args.voxel_count);
    want(call.overflow, clouds, &overflow_, &args.overflow);
    want_counts(call.counts, clouds);
    args.voxels.data = voxels;
    args.voxels.type = call.type;
  }

  Status launch(int threads = 1) {
    return launch_with_workspace(
        &arena, args, [&](Workspace workspace, auto where) { return voxelize_hard(args, workspace, where); }, threads);
  }

  /// Every byte of every output: a walk through the points, as the definition says.
  template <class F>
  void compare(const HardCase& call) const {
    const PointOracle<F> oracle(call.in);
    const std::int64_t clouds = call.in.cloud_count();
    const auto rows = static_cast<std::size_t>(call.rows());
    std::vector<std::int32_t> coords(rows * 4, -1), num_points(rows, 0);
    std::vector<std::int64_t> voxel_count(static_cast<std::size_t>(clouds), 0), overflow = voxel_count;
    const auto channel_count = static_cast<std::int64_t>(call.in.channels.size());
    std::vector<unsigned char> voxels(static_cast<std::size_t>(call.rows() * call.voxel_bytes()),
                                      call.zero_unused ? 0 : Output<char>::poison);
    std::map<typename PointOracle<F>::Place, std::int64_t> row_of;
    for (std::size_t i = 0; i < call.in.points.size(); ++i) {
      const auto& at = oracle.places[i];
      if (at[0] < 0) continue;
      const auto cloud = static_cast<std::size_t>(at[0]);
      const bool is_new = row_of.count(at) == 0;
      if (is_new) {
        const std::int64_t within = voxel_count[cloud]++;
        row_of[at] = within < call.max_voxels ? at[0] * call.max_voxels + within : -1;
      }
      const std::int64_t row = row_of[at];
      if (row < 0 || num_points[static_cast<std::size_t>(row)] == call.max_points) {
        ++overflow[cloud];
        continue;
      }
      if (is_new) {
        const std::array<std::int32_t, 4> of_row = coords_of(at, call.coord_order);
        std::copy(of_row.begin(), of_row.end(), coords.begin() + row * 4);
      }
      const std::int64_t place = row * call.max_points + num_points[static_cast<std::size_t>(row)]++;
      for (std::int64_t c = 0; c < channel_count; ++c) {
        put_number(&voxels, (place * channel_count + c) * size_of(call.type), field_of(call.type),
                   static_cast<long double>(oracle.value(call.in.channels[static_cast<std::size_t>(c)], i)));
      }
    }
    if (call.voxels) expect_same(voxels_[0].download(), voxels, "voxels");
    expect(coords_, coords, "coords");
    expect(num_points_, num_points, "num_points");
    expect(voxel_count_, voxel_count, "voxel_count");
    expect(overflow_, overflow, "overflow");
    expect_counts(oracle.counts);
    EXPECT_TRUE(arena.inputs_untouched());
  }

  std::vector<unsigned char> voxels() const { return voxels_[0].download(); }
  std::vector<std::int64_t> voxel_count() const { return voxel_count_[0].download(); }
  std::vector<std::int64_t> overflow() const { return overflow_[0].download(); }

  std::vector<HardChannel> channels;

 private:
  std::vector<Output<std::int64_t>> voxel_count_, overflow_;
  std::vector<Output<std::int32_t>> coords_, num_points_;
  std::vector<Output<unsigned char>> voxels_;
};

class Hard : public LauncherTest {
 protected:
  void check(const HardCase& call, int threads = 1) {
    SCOPED_TRACE(text_of(call.in) + "; " + std::to_string(call.max_voxels) + " voxels of " +
                 std::to_string(call.max_points) + ", threads " + std::to_string(threads));
    check_run<HardRun>(GetParam(), call, call.in.in_double(), threads);
  }
};
INSTANTIATE_TEST_SUITE_P(, Hard, every_launcher(), launcher_name);

constexpr CellType types[] = {CellType::f32, CellType::f64, CellType::f16, CellType::bf16};

void add_hard_channels(Random& random, HardCase* call, std::int64_t count) {
  for (std::int64_t c = 0; c < count; ++c) {
    call->in.channels.push_back(random_channel(random, call->in.points.size()));
  }
}

HardCase random_hard_case(Random& random, FieldType type) {
  HardCase call;
  call.in = random_case(random, type);
  call.in.occupancy = call.in.count = {};
  call.in.grid.unbounded = random.one_in(4);
  call.max_voxels = random.one_in(10) ? 0 : random.between(1, random.one_in(2) ? 20 : 400);
  call.max_points = random.between(1, 9);
  call.coord_order = random.one_in(2) ? CoordOrder::bzyx : CoordOrder::bxyz;
  call.type = types[random.below(4)];
  call.zero_unused = random.one_in(2);
  bool* wanted[] = {&call.voxels, &call.coords, &call.num_points, &call.voxel_count, &call.counts, &call.overflow};
  for (bool* each : wanted) *each = !random.one_in(5);
  add_hard_channels(random, &call, random.below(6));
  return call;
}

TEST_P(Hard, RandomCalls) {
  SCOPED_TRACE(seed_trace());
  Random random(201);
  for (int i = 0; i < 250; ++i) {
    SCOPED_TRACE(i);
    const FieldType type = random_type(random);
    check(random_hard_case(random, type), static_cast<int>(random.between(0, 3)));
    if (HasFailure()) return;
  }
}

HardCase plain_case(Random& random, std::int64_t points, const VoxelGrid& grid) {
  HardCase call;
  call.in.grid = grid;
  call.in.points = random_points(random, points, grid, FieldType::f32);
  add_hard_channels(random, &call, 4);
  return call;
}

// Clouds that several segments share, so that the voxels of one are numbered among those of others.
TEST_P(Hard, ManyPointsThreadsAndSharedClouds) {
  SCOPED_TRACE(seed_trace());
  Random random(202);
  for (const double size : {4.0, 0.4}) {
    const auto side = static_cast<std::int32_t>(8.0 / size);
    HardCase call = plain_case(random, 40'000, grid_of(side, side, side, size, -3.0));
    call.in.offsets = {0, 11'000, 11'500, 20'000, 33'000, 40'000};
    call.in.cloud_of = {1, 0, 1, 5, 0};
    call.in.clouds = 3;  // one of which is empty
    call.max_points = 5;
    for (const std::int64_t max_voxels : {1, 700, 7'000}) {
      call.max_voxels = max_voxels;
      check(call, 4);
    }
  }
}

TEST_P(Hard, LimitsOfVoxelsAndOfPoints) {
  SCOPED_TRACE(seed_trace());
  Random random(203);
  HardCase call = plain_case(random, 600, grid_of(4, 4, 3));
  const std::int64_t voxels = [&] {
    const PointOracle<float> oracle(call.in);
    std::map<PointOracle<float>::Place, int> members;
    for (const auto& place : oracle.places) members[place] = 1;
    return static_cast<std::int64_t>(members.size()) - 1;  // those that are nowhere
  }();
  ASSERT_EQ(voxels, 48);
  for (const std::int64_t max_voxels : {std::int64_t{0}, std::int64_t{1}, voxels - 1, voxels, voxels + 1}) {
    for (const std::int64_t max_points : {1, 2, 1000}) {
      call.max_voxels = max_voxels;
      call.max_points = max_points;
      call.zero_unused = max_points == 2;
      check(call, 2);
    }
  }
  call.in.points = Points(600, {1.5, 1.5, 1.5});  // all in one
  for (const std::int64_t max_points : {1, 599, 600, 601}) {
    call.max_voxels = 1;
    call.max_points = max_points;
    check(call);
  }
}

TEST_P(Hard, ThousandCloudsSomeOfThemEmpty) {
  SCOPED_TRACE(seed_trace());
  Random random(204);
  HardCase call = plain_case(random, 12'000, grid_of(5, 5, 5));
  call.in.offsets = random_offsets(random, 1000, 12'000);
  call.max_voxels = 9;
  call.max_points = 3;
  check(call, 2);
}

TEST_P(Hard, NothingToDo) {
  HardCase call;
  call.in.grid = grid_of(4, 3, 2);
  ChannelSpec channel;
  channel.source = ChannelSource::x;
  call.in.channels.push_back(channel);
  call.max_points = 2;
  for (const std::int64_t max_voxels : {0, 3}) {
    call.max_voxels = max_voxels;
    call.in.points.clear();
    for (const std::vector<std::int64_t>& offsets :
         {std::vector<std::int64_t>{}, std::vector<std::int64_t>{0, 0, 0}, std::vector<std::int64_t>{0}}) {
      call.in.offsets = offsets;
      check(call);
    }
    call.in.offsets.clear();
    call.in.points = Points(50, {-1.0, 0.5, 0.5});
    check(call);  // outside
    call.in.points = Points(50, {0.5, nan, 0.5});
    check(call);
    call.in.offsets = {20, 30};
    check(call);  // most in no segment
  }
}

TEST_P(Hard, RunsAgreeAndBadOffsetsAreSafe) {
  SCOPED_TRACE(seed_trace());
  Random random(205);
  HardCase call = plain_case(random, 3'000, grid_of(8, 8, 8));
  call.max_voxels = 100;
  call.max_points = 4;
  HardRun first(GetParam(), call);
  ASSERT_OK(first.launch());
  first.compare<float>(call);
  const std::vector<unsigned char> wanted = first.voxels();
  for (int run = 0; run < 100; ++run) {
    first.arena.poison_outputs();
    ASSERT_OK(first.launch(1 + run % 3));
    ASSERT_TRUE(first.voxels() == wanted) << "run " << run;
  }
  call.in.offsets = {2'000, INT64_MIN, INT64_MAX, -7};
  HardRun bad(GetParam(), call);
  EXPECT_OK(bad.launch(2));
  static_cast<void>(bad.voxels());  // the guards

  // From point 0 on, the first segment holds all points; a search for point 20, the first with a voxel, finds none.
  HardCase lost = plain_case(random, 60, grid_of(2, 2, 2));
  std::fill(lost.in.points.begin(), lost.in.points.begin() + 20, std::array<double, 3>{nan, nan, nan});
  std::fill(lost.in.points.begin() + 20, lost.in.points.end(), std::array<double, 3>{0.5, 0.5, 0.5});
  lost.in.offsets = {0, 100, 100, 20, 20, 20, 20};
  lost.max_voxels = 2;
  HardRun other(GetParam(), lost);
  EXPECT_OK(other.launch());
  static_cast<void>(other.voxels());
  static_cast<void>(other.voxel_count());
  static_cast<void>(other.overflow());
}

// Offsets in the memory of the call say how many points there are.
TEST_P(Hard, NumberOfPointsIsReadWhenTheCallRuns) {
  SCOPED_TRACE(seed_trace());
  Random random(206);
  HardCase most = plain_case(random, 10'000, grid_of(10, 10, 10));
  most.max_voxels = 500;
  most.max_points = 6;
  most.in.offsets = {0, 4'000, 10'000};
  HardRun run(GetParam(), most);
  const detail::Buffer offsets(GetParam(), 24);
  run.args.points.segments = ragged(reinterpret_cast<const std::int64_t*>(offsets.data()), 2);
  const std::size_t bytes = workspace_for(GetParam(), run.args);
  const Output<unsigned char> scratch = run.arena.output<unsigned char>(static_cast<std::int64_t>(bytes));
  Repeated repeated(GetParam());
  for (const std::int64_t points : {10'000, 4'000, 0, 4'777, 10'000}) {
    SCOPED_TRACE(points);
    HardCase call = most;
    call.in.offsets = {0, std::min<std::int64_t>(points, 4'000), points};
    offsets.write(0, call.in.offsets.data(), 24);
    run.arena.poison_outputs();
    ASSERT_OK(repeated.run([&](auto where) { return voxelize_hard(run.args, {scratch.data(), bytes}, where); }));
    run.compare<float>(call);
  }
}

// What mmcv's deterministic path gives.
TEST_P(Hard, GoldenOfMmcv) {
  const std::string folder = test_data();
  if (folder.empty()) GTEST_SKIP() << no_test_data;
  const std::string golden = folder + "/golden/mmcv_hard_voxel/";
  const NpyArray<float> points = read_npy<float>(golden + "points.npy"),
                        voxels = read_npy<float>(golden + "voxels.npy");
  const NpyArray<std::int32_t> coords = read_npy<std::int32_t>(golden + "coords_zyx.npy"),
                               num_points = read_npy<std::int32_t>(golden + "num_points_per_voxel.npy");
  const std::int64_t count = points.shape[0], max_points = voxels.shape[1], max_voxels = 20'000,
                     found = coords.shape[0];
  ASSERT_TRUE(points.is_column_major);
  Arena arena(GetParam());
  const float* columns = arena.input(points.values);
  VoxelizeHardArgs args;
  HardChannel channels[4];
  PointField* fields[3] = {&args.points.x, &args.points.y, &args.points.z};
  for (int c = 0; c < 4; ++c) {
    channels[c].field = array_field(columns + c * count);
    if (c < 3) *fields[c] = channels[c].field;
  }
  args.points.count = count;
  args.grid = grid_over({0, -40, -3}, {70.4, 40, 1}, {0.5, 0.5, 0.5});
  args.max_voxels = max_voxels;
  args.max_points = max_points;
  args.channels = channels;
  args.channel_count = 4;
  args.zero_unused = false;
  const Output<float> out = arena.output<float>(max_voxels * max_points * 4);
  const Output<std::int32_t> places = arena.output<std::int32_t>(max_voxels * 4),
                             sizes = arena.output<std::int32_t>(max_voxels);
  const Output<std::int64_t> voxel_count = arena.output<std::int64_t>(1);
  args.voxels = out.data();
  args.coords = places.data();
  args.num_points = sizes.data();
  args.voxel_count = voxel_count.data();
  ASSERT_OK(launch_with_workspace(
      &arena, args, [&](Workspace workspace, auto where) { return voxelize_hard(args, workspace, where); }));
  EXPECT_EQ(voxel_count.download()[0], found);
  const std::vector<float> got = out.download();
  const std::vector<std::int32_t> got_places = places.download(), got_sizes = sizes.download();
  for (std::size_t v = 0; v < static_cast<std::size_t>(found); ++v) {
    SCOPED_TRACE(v);
    for (std::size_t k = 0; k < 3; ++k) ASSERT_EQ(got_places[v * 4 + 1 + k], coords.values[v * 3 + k]);
    ASSERT_EQ(got_sizes[v], num_points.values[v]);
    const std::size_t begin = v * static_cast<std::size_t>(max_points) * 4;
    ASSERT_EQ(std::memcmp(&got[begin], &voxels.values[begin], static_cast<std::size_t>(got_sizes[v]) * 16), 0);
  }
}

// More than 2^31 numbers of one voxel.
TEST_P(Hard, OffsetsHave64Bits) {
  constexpr std::int64_t most = (std::int64_t{1} << 31) + 8;
  const HugeOutput<Half> out(GetParam(), 2 * most);
  if (out.data() == nullptr) GTEST_SKIP() << out.missing();
  Arena arena(GetParam());
  VoxelizeHardArgs args;
  args.points = points_of(arena.input(std::vector<float>{0.5f, 0.5f, 0.5f, 2.5f, 0.5f, 1.5f, 2.25f, 0.25f, 1.25f}), 3);
  args.grid = unbounded_grid({1.0, 1.0, 1.0});
  args.max_voxels = 2;
  args.max_points = most;
  HardChannel channel;
  channel.source = ChannelSource::x;
  args.channels = &channel;
  args.channel_count = 1;
  args.voxels = out.data();
  args.zero_unused = false;
  const Output<std::int32_t> num_points = arena.output<std::int32_t>(2);
  args.num_points = num_points.data();
  ASSERT_OK(launch_with_workspace(
      &arena, args, [&](Workspace workspace, auto where) { return voxelize_hard(args, workspace, where); }));
  EXPECT_EQ(num_points.download(), (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(out.read(0).bits, round_to<Half>(0.5L).bits);
  EXPECT_EQ(out.read(most).bits, round_to<Half>(2.5L).bits);
  EXPECT_EQ(out.read(most + 1).bits, round_to<Half>(2.25L).bits);
}

// Calls side by side share nothing.
TEST_P(Hard, ThreadsSideBySide) {
  SCOPED_TRACE(seed_trace());
  std::vector<HardCase> calls;
  for (std::uint64_t w = 0; w < 4; ++w) {
    Random random(220 + w);
    calls.push_back(random_hard_case(random, FieldType::f32));
    calls.back().voxels = true;
  }
  expect_same_at_once(4, 8, [&](std::size_t w) {
    HardRun run(GetParam(), calls[w]);
    throw_if_error(run.launch(2));
    return run.voxels();
  });
}

}  // namespace
}  // namespace robocache::test
