// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/voxelize.hpp>

#include "support/concurrent.hpp"
#include "support/files.hpp"
#include "support/voxel_case.hpp"
#include "support/voxel_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace robocache::test {
namespace {

class Voxelize : public LauncherTest {
 protected:
  void check(const VoxelCase& call, int threads = 1) { test::check(GetParam(), call, threads); }
};
INSTANTIATE_TEST_SUITE_P(, Voxelize, every_launcher(), launcher_name);

TEST_P(Voxelize, RandomCallsWithoutChannels) {
  SCOPED_TRACE(seed_trace());
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    const FieldType type = random_type(random);
    check(random_case(random, type), static_cast<int>(random.between(0, 3)));
    if (HasFailure()) return;
  }
}

TEST_P(Voxelize, RandomCallsWithChannels) {
  SCOPED_TRACE(seed_trace());
  Random random(2);
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    VoxelCase call = random_case(random, random_type(random));
    add_channels(random, &call, random.between(1, 6));
    check(call, static_cast<int>(random.between(0, 3)));
    if (HasFailure()) return;
  }
}

TEST_P(Voxelize, EveryReductionWithEveryOutputAndLayout) {
  SCOPED_TRACE(seed_trace());
  Random random(3);
  for (const CellType out : {CellType::f32, CellType::f64, CellType::f16, CellType::bf16}) {
    for (int layout = 0; layout < 8; ++layout) {
      VoxelCase call;
      call.grid = grid_of(5, 4, 3);
      call.points = random_points(random, 600, call.grid, FieldType::f32);
      for (int reduction = 0; reduction < 4; ++reduction) {
        ChannelSpec channel;
        channel.values = random_values(random, call.points.size(), FieldType::f32, false);
        channel.reduction = static_cast<Reduction>(reduction);
        channel.out = tensor_of(random, out, call.grid);
        call.channels.push_back(channel);
      }
      call.occupancy = tensor_of(random, static_cast<CellType>(layout % 7), call.grid);
      check(call);
    }
  }
}

TEST_P(Voxelize, SixtyFourChannels) {
  SCOPED_TRACE(seed_trace());
  Random random(4);
  VoxelCase call = random_case(random, FieldType::f32);
  call.points = random_points(random, 5000, call.grid, FieldType::f32);
  call.offsets.clear();
  call.uniform_length = -1;
  call.cloud_of.clear();
  call.origins.clear();
  call.transforms.clear();
  add_channels(random, &call, 64);
  check(call, 2);
}

// Points on every face, edge and corner of the grid and beside it, in both types.
TEST_P(Voxelize, FacesAreHalfOpen) {
  for (const FieldType type : {FieldType::f32, FieldType::f64}) {
    for (const CellRule rule : {CellRule::divide, CellRule::reciprocal}) {
      VoxelCase call;
      call.type = type;
      call.grid = grid_of(3, 2, 1, 0.5, -0.5);
      call.grid.rule = rule;
      const auto next = [&](double v, double to) {
        return type == FieldType::f32
                   ? static_cast<double>(std::nextafter(static_cast<float>(v), static_cast<float>(to)))
                   : std::nextafter(v, to);
      };
      std::vector<double> at[3];
      for (std::size_t k = 0; k < 3; ++k) {
        const double low = -0.5, high = low + 0.5 * call.grid.shape[k];
        for (const double face : {low, 0.0, high}) {
          at[k].insert(at[k].end(), {next(face, -infinity), face, next(face, infinity)});
        }
      }
      for (const double x : at[0]) {
        for (const double y : at[1]) {
          for (const double z : at[2]) call.points.push_back({x, y, z});
        }
      }
      call.occupancy = {true, CellType::u8, {}};
      call.count = {true, CellType::i32, {}};
      check(call);
    }
  }
}

TEST_P(Voxelize, StrangeNumbers) {
  const std::vector<double> strange = {0.0,    -0.0,    1e-45, -1e-45,   1e-38,     -1e-38,     1e30, -1e30,
                                       3.4e38, -3.4e38, nan,   infinity, -infinity, 0.99999994, 1.0,  -1.0};
  for (const double size : {1.0, 0.1, 1e-7, 1e9, 1e-30}) {
    for (const double from : {0.0, -3.0, 1e-40}) {
      for (const CellRule rule : {CellRule::divide, CellRule::reciprocal}) {
        for (const FieldType type : {FieldType::f32, FieldType::f64}) {
          VoxelCase call;
          call.type = type;
          call.grid = grid_of(4, 4, 4, size, from);
          call.grid.rule = rule;
          for (const double x : strange) {
            for (const double y : strange) call.points.push_back({x, y, 0.5});
          }
          call.occupancy = {true, CellType::bit, {}};
          check(call);
        }
      }
    }
  }
}

// The crop box is inclusive, min_range is not.
TEST_P(Voxelize, LimitsOfTheFilters) {
  for (const FieldType type : {FieldType::f32, FieldType::f64}) {
    VoxelCase call;
    call.type = type;
    call.grid = grid_of(4, 4, 4);
    call.crop_min = {1.0, 0.5, 0.25};
    call.crop_max = {3.0, 2.5, 3.75};
    call.min_range = 3.0;
    for (const double x : {0.5, 1.0, 3.0, 3.5}) {
      for (const double y : {0.25, 0.5, 2.5, 3.0}) {
        for (const double z : {0.0, 0.25, 3.75, 3.875}) call.points.push_back({x, y, z});
      }
    }
    call.points.push_back({2.0, 1.0, 2.0});  // at a distance of 3
    call.points.push_back({2.0, 1.0, 1.9999998});
    call.count = {true, CellType::i32, {}};
    check(call);
  }
}

// The largest values that sums hold, and the next beyond them.
TEST_P(Voxelize, RangeOfSums) {
  VoxelCase call;
  call.grid = grid_of(8, 1, 1);
  const double most = 0x1p39 * 0.125;
  const std::vector<double> values = {most,
                                      -most,
                                      std::nextafter(most, infinity),
                                      -std::nextafter(most, infinity),
                                      0.0625,  // half a unit
                                      0.1875,
                                      -0.0625,
                                      -0.0};
  for (std::size_t i = 0; i < values.size(); ++i) call.points.push_back({static_cast<double>(i) + 0.5, 0.5, 0.5});
  for (const Reduction reduction : {Reduction::sum, Reduction::mean}) {
    ChannelSpec channel;
    channel.type = FieldType::f64;
    channel.values = values;
    channel.reduction = reduction;
    channel.unit = 0.125;
    channel.out = {true, CellType::f64, {}};
    call.channels.push_back(channel);
  }
  VoxelRun run(GetParam(), call);
  ASSERT_OK(run.launch());
  run.compare<float>(call);
  std::vector<double> sums(8);
  std::memcpy(sums.data(), run.channel(0).data(), 64);
  EXPECT_EQ(sums[0], most);
  EXPECT_EQ(sums[1], -most);
  EXPECT_TRUE(std::isnan(sums[2]) && std::isnan(sums[3]));
  EXPECT_EQ((std::vector<double>(sums.begin() + 4, sums.end())), (std::vector<double>{0.0, 0.25, 0.0, 0.0}));
}

TEST_P(Voxelize, GridsOfOneCellAndLongGrids) {
  SCOPED_TRACE(seed_trace());
  Random random(5);
  for (const auto& shape :
       {std::array<std::int32_t, 3>{1, 1, 1}, {1, 1, 100}, {1, 77, 1}, {33, 1, 1}, {100000, 1, 2}}) {
    VoxelCase call;
    call.grid = grid_of(shape[0], shape[1], shape[2], 0.125, -1.0);
    call.points = random_points(random, 500, call.grid, FieldType::f32);
    call.occupancy = tensor_of(random, CellType::bit, call.grid);
    call.count = {true, CellType::i32, {}};
    add_channels(random, &call, 2);
    check(call, 2);
  }
}

TEST_P(Voxelize, EmptyCloudsEmptyBatchesAndPointsAllOutside) {
  VoxelCase call;
  call.grid = grid_of(4, 3, 2);
  call.occupancy = {true, CellType::f16, {}};
  call.count = {true, CellType::i32, {}};
  ChannelSpec channel;
  channel.source = ChannelSource::x;
  channel.empty = -2.5;
  channel.out = {true, CellType::f32, {}};
  for (const bool with_channels : {false, true}) {
    call.channels.assign(with_channels ? 1 : 0, channel);
    call.points.clear();
    call.offsets.clear();
    check(call);  // no points
    call.offsets = {0, 0, 0};
    check(call);  // two empty clouds
    call.offsets = {0};
    check(call);  // no clouds
    call.offsets.clear();
    call.points = Points(100, {-1.0, 5.0, 0.5});
    check(call);  // outside
    call.points = Points(100, {nan, 1.0, 0.5});
    check(call);
    call.offsets = {40, 60};
    check(call);  // most in no segment
  }
  VoxelizeArgs none;
  Arena arena(GetParam());
  EXPECT_OK(arena.launch([&](auto where) { return voxelize(none, Workspace{}, where); })) << "nothing at all";
}

TEST_P(Voxelize, OneMillionPointsInOneCell) {
  SCOPED_TRACE(seed_trace());
  Random random(6);
  constexpr std::size_t count = 1'000'000;
  VoxelCase call;
  call.grid = grid_of(3, 3, 3);
  call.points = Points(count, {1.5, 1.5, 1.5});
  call.count = {true, CellType::i32, {}};
  call.occupancy = {true, CellType::u8, {}};
  call.cell_of = false;
  ChannelSpec channel;
  channel.unit = 0x1p-20;
  channel.out = {true, CellType::f64, {}};
  for (std::size_t i = 0; i < count; ++i) channel.values.push_back(5e5 + 1000.0 * random.signed_unit());
  channel.reduction = Reduction::mean;
  call.channels.push_back(channel);
  channel.reduction = Reduction::max;
  call.channels.push_back(channel);
  VoxelRun run(GetParam(), call);
  ASSERT_OK(run.launch(2));
  run.compare<float>(call);
  // The stated error, against the plain mean of what was stored.
  long double sum = 0;
  for (const double v : channel.values) sum += static_cast<long double>(static_cast<float>(v));
  double mean = 0;
  std::memcpy(&mean, run.channel(0).data() + 13 * sizeof(double), sizeof(double));
  EXPECT_NEAR(mean, static_cast<double>(sum / count), 0x1p-21);
}

// The order of points within a cloud does not matter, nor whether clouds go in one call or in several.
TEST_P(Voxelize, OrderAndBatchSplitDoNotMatter) {
  SCOPED_TRACE(seed_trace());
  Random random(7);
  VoxelCase call;
  call.grid = grid_of(8, 8, 8);
  call.points = random_points(random, 4000, call.grid, FieldType::f32);
  call.offsets = {0, 1700, 4000};
  call.count = {true, CellType::i32, {}};
  call.cell_of = false;
  ChannelSpec channel;
  channel.out = {true, CellType::f32, {}};
  channel.values = random_values(random, 4000, FieldType::f32, false);
  call.channels.push_back(channel);
  VoxelRun whole(GetParam(), call);
  ASSERT_OK(whole.launch(3));

  std::vector<std::size_t> order(4000);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 0; i < 1700; ++i) std::swap(order[i], order[static_cast<std::size_t>(random.below(1700))]);
  VoxelCase shuffled = call;
  for (std::size_t i = 0; i < order.size(); ++i) {
    shuffled.points[i] = call.points[order[i]];
    shuffled.channels[0].values[i] = channel.values[order[i]];
  }
  VoxelRun again(GetParam(), shuffled);
  ASSERT_OK(again.launch());
  EXPECT_EQ(again.channel(0), whole.channel(0));
  EXPECT_EQ(again.count(), whole.count());

  std::vector<unsigned char> parts;
  for (const bool second : {false, true}) {
    VoxelCase part = call;
    const auto cut = [&](auto values) {
      return decltype(values)(values.begin() + (second ? 1700 : 0), second ? values.end() : values.begin() + 1700);
    };
    part.points = cut(call.points);
    part.channels[0].values = cut(channel.values);
    part.offsets.clear();
    VoxelRun run(GetParam(), part);
    ASSERT_OK(run.launch());
    const std::vector<unsigned char> bytes = run.channel(0);
    parts.insert(parts.end(), bytes.begin(), bytes.end());
  }
  EXPECT_EQ(parts, whole.channel(0));
}

TEST_P(Voxelize, DoubleCoordinatesFarFromTheOrigin) {
  SCOPED_TRACE(seed_trace());
  Random random(8);
  VoxelCase call;
  call.type = FieldType::f64;
  call.grid = grid_of(20, 20, 20, 0.05);
  for (int k = 0; k < 3; ++k) call.grid.origin[k] = 200'000.0 + 0.1 * k;
  for (int i = 0; i < 2000; ++i) {
    std::array<double, 3> p;
    for (std::size_t k = 0; k < 3; ++k) p[k] = call.grid.origin[k] + 1.1 * random.unit() - 0.05;
    call.points.push_back(p);
  }
  call.count = {true, CellType::i32, {}};
  ChannelSpec channel;
  channel.source = ChannelSource::y;
  channel.unit = 0x1p-20;
  channel.out = {true, CellType::f64, {}};
  call.channels.push_back(channel);
  check(call);
  for (auto& p : call.points) p = {p[0] - 200'000.0, p[1] - 200'000.0, p[2] - 200'000.0};
  for (int k = 0; k < 12; ++k) call.transforms.push_back(k % 5 == 0 ? 1.0 : k % 4 == 3 ? 200'000.0 : 0.0);
  call.double_transforms = true;
  check(call);
  call.type = FieldType::f32;  // near the sensor, transformed in double
  check(call);
}

// Channels of one tensor, through the helpers: side by side, and in planes.
TEST_P(Voxelize, ChannelsOfOneTensorInterleave) {
  SCOPED_TRACE(seed_trace());
  Random random(9);
  VoxelCase call;
  call.grid = grid_of(6, 5, 4);
  call.points = random_points(random, 1500, call.grid, FieldType::f32);
  call.offsets = {0, 700, 1500};
  constexpr std::int64_t cells = 120, clouds = 2;
  // Eight can be written by fours.
  const auto run_as = [&](auto element, bool last, std::int64_t channels) {
    using T = decltype(element);
    VoxelCase separate = call;
    for (std::int64_t c = 0; c < channels; ++c) {
      ChannelSpec channel;
      channel.values = random_values(random, 1500, FieldType::f32, false);
      channel.reduction = static_cast<Reduction>(c % 4);
      channel.empty = static_cast<double>(c);
      channel.out = {true, cell_type<T>(), {}};
      separate.channels.push_back(channel);
    }
    VoxelRun run(GetParam(), separate);
    ASSERT_OK(run.launch());
    std::vector<std::vector<unsigned char>> wanted;
    for (std::int64_t c = 0; c < channels; ++c) wanted.push_back(run.channel(static_cast<std::size_t>(c)));
    const Output<T> all = run.arena.output<T>(channels * cells * clouds);
    for (std::int64_t c = 0; c < channels; ++c) {
      run.channels[static_cast<std::size_t>(c)].out =
          last ? channel_last(all.data(), call.grid, channels, c) : channel_first(all.data(), call.grid, channels, c);
    }
    ASSERT_OK(run.launch());
    const std::vector<T> got = all.download();
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t cell = 0; cell < cells * clouds; ++cell) {
        const std::int64_t at = last ? cell * channels + c : (cell / cells * channels + c) * cells + cell % cells;
        ASSERT_EQ(std::memcmp(&got[static_cast<std::size_t>(at)],
                              wanted[static_cast<std::size_t>(c)].data() + cell * static_cast<std::int64_t>(sizeof(T)),
                              sizeof(T)),
                  0)
            << "channel " << c << ", cell " << cell;
      }
    }
  };
  for (const bool last : {false, true}) {
    for (const std::int64_t channels : {8, 9}) {
      run_as(float{}, last, channels);
      run_as(double{}, last, channels);
      run_as(Half{}, last, channels);
      run_as(BFloat16{}, last, channels);
    }
  }
}

TEST_P(Voxelize, ManyPointsTakeEveryPath) {
  SCOPED_TRACE(seed_trace());
  Random random(10);
  struct Shape {
    std::int32_t x, y, z;
    std::int64_t points;
    std::vector<std::int64_t> offsets;
  };
  // On the CPU enough for two threads.
  const std::int64_t part = GetParam() == Launcher::host ? 5 : 1;
  std::vector<std::int64_t> many = {5};  // some points in no segment
  for (int s = 0; s < 140; ++s) many.push_back(many.back() + 400 / part + s % 7);
  std::vector<Shape> shapes = {{64, 64, 16, 60'001 / part, {}},
                               {20, 30, 10, many.back() + 11, many},
                               {64, 64, 17, 30'000 / part, {0, 11'111 / part, 30'000 / part}}};
  // Enough to be sorted by part of the grid, of one cloud and of many; and enough for bitmaps that are merged, of cells
  // too many for one block.
  std::vector<std::int64_t> clouds = {0};
  for (int s = 0; s < 1000; ++s) clouds.push_back(clouds.back() + 263 + s % 9);
  if (GetParam() != Launcher::host) {
    shapes.push_back({128, 100, 64, 270'001, {}});
    shapes.push_back({10, 11, 10, clouds.back() + 3, clouds});
    shapes.push_back({128, 128, 129, 132 * 16'400, {}});
  }
  for (const Shape& shape : shapes) {
    for (const FieldType type : {FieldType::f32, FieldType::f64}) {
      // The large ones take as long as their oracle.
      const bool large = shape.points > 100'000, huge = shape.points > 1'000'000;
      if (huge && type == FieldType::f64) continue;
      VoxelCase call;
      call.type = type;
      call.grid = grid_of(shape.x, shape.y, shape.z, 0.1, -3.0);
      call.points = random_points(random, shape.points, call.grid, type);
      call.offsets = shape.offsets;
      call.cell_of = !huge;
      for (const CellType out : {CellType::u8, CellType::bit, CellType::f16}) {
        if (huge ? out == CellType::u8 : type == FieldType::f64 && out != CellType::u8) continue;
        call.occupancy = {true, out, {}};
        call.count = {false, CellType::i32, {}};
        check(call);
        if (huge) continue;
        call.count = {true, CellType::i32, {}};
        check(call, 2);
      }
      if (large) continue;
      add_channels(random, &call, 3);
      check(call, 2);
    }
  }
}

// A crowd in one cell, which all threads add to, and points in no segment.
TEST(VoxelizeOnHost, AnyNumberOfThreads) {
  SCOPED_TRACE(seed_trace());
  Random random(12);
  for (const CellType type : {CellType::u8, CellType::bf16, CellType::bit}) {
    VoxelCase call;
    call.grid = grid_of(30, 40, 9, 0.25, -2.0);
    call.points = random_points(random, 30'011, call.grid, FieldType::f32);
    for (std::size_t i = 0; i < call.points.size(); ++i) {
      if (i % 5 != 0 && random.one_in(2)) call.points[i] = {1.0, 2.0, -1.5};
    }
    call.offsets = {3, 11, 9'000, 29'000};
    call.occupancy = tensor_of(random, type, call.grid);
    call.count = tensor_of(random, CellType::i32, call.grid);
    call.cell_of = random.one_in(2);
    for (const bool with_channels : {false, true}) {
      if (with_channels) add_channels(random, &call, 2);
      for (const int threads : {1, 2, 3, 7, 1000}) {
        SCOPED_TRACE(threads);
        test::check(Launcher::host, call, threads);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

// So many that they are sorted first. The cells are known beforehand: the points were made from them.
TEST_P(Voxelize, CountsManyPointsInFewCells) {
  SCOPED_TRACE(seed_trace());
  Random random(11);
  constexpr std::int64_t count = (1 << 19) + 1001, first = 200'000, x = 128, y = 64;
  const auto run = [&](std::int64_t step, std::int64_t z, std::int64_t crowd) {
    const std::int64_t cells = x * y * z;
    std::vector<float> numbers(static_cast<std::size_t>(count * step), 0.0f);
    std::vector<std::int32_t> wanted(static_cast<std::size_t>(2 * cells), 0);
    std::vector<std::int64_t> fates(8, 0);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t cloud = i < first ? 0 : 1;
      const std::int64_t cell = random.one_in(3) ? crowd : random.below(cells), outside = random.one_in(50) ? 1 : 0;
      float* p = numbers.data() + i * step;
      p[0] = static_cast<float>(cell % x) + 0.25f;
      p[1] = static_cast<float>(cell / x % y + outside * y) + 0.5f;
      p[2] = static_cast<float>(cell / (x * y));
      fates[static_cast<std::size_t>(cloud * 4 + outside)] += 1;
      if (outside == 0) ++wanted[static_cast<std::size_t>(cloud * cells + cell)];
    }
    Arena arena(GetParam());
    VoxelizeArgs args;
    args.points = points_of(arena.input(numbers), count, step);
    args.points.segments = ragged(arena.input(std::vector<std::int64_t>{0, first, count}), 2);
    args.grid = grid_of(x, y, static_cast<std::int32_t>(z));
    const Output<std::int32_t> counts = arena.output<std::int32_t>(2 * cells);
    const Output<std::int64_t> of_clouds = arena.output<std::int64_t>(8), cell_of = arena.output<std::int64_t>(count);
    args.count = dense(counts.data());
    args.counts = reinterpret_cast<PointCounts*>(of_clouds.data());
    args.cell_of = cell_of.data();
    ASSERT_OK(launch_with_workspace(
        &arena, args, [&](Workspace workspace, auto where) { return voxelize(args, workspace, where); }, 2));
    EXPECT_TRUE(counts.download() == wanted);
    EXPECT_EQ(of_clouds.download(), fates);
    std::vector<std::int32_t> again(wanted.size(), 0);
    for (const std::int64_t cell : cell_of.download()) {
      if (cell >= 0) ++again[static_cast<std::size_t>(cell)];
    }
    EXPECT_TRUE(again == wanted);
  };
  run(3, 128, 0);  // as many cells as can be sorted
  run(4, 77, x * y * 77 - 1);
}

TEST_P(Voxelize, BadOffsetsAndCloudNumbersAreSafe) {
  VoxelCase call;
  call.grid = grid_of(4, 4, 4);
  call.points = Points(100, {0.5, 1.5, 2.5});
  call.offsets = {0, 30, 60, 100};
  call.count = {true, CellType::i32, {}};
  call.occupancy = {true, CellType::u8, {}};
  call.cloud_of = {INT64_MIN, 2, INT64_MAX};
  call.clouds = 2;
  check(call);
  call.cloud_of.clear();
  call.offsets = {50, INT64_MIN, INT64_MAX, -7};
  VoxelRun run(GetParam(), call);
  EXPECT_OK(run.launch(2));
}

TEST_P(Voxelize, RealSweep) {
  const std::string folder = test_data();
  if (folder.empty()) GTEST_SKIP() << no_test_data;
  std::ifstream file(folder + "/ouster_sweep/os0_128_sweep.pcd", std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string mark = "DATA binary\n";
  const std::size_t begin = all.find(mark) + mark.size();
  constexpr std::int64_t count = 97299, stride = 22;
  ASSERT_EQ(all.size() - begin, static_cast<std::size_t>(count * stride));
  // Read as it is, records of 22 bytes, against its numbers as doubles of the test's own.
  const std::vector<unsigned char> records(all.begin() + static_cast<std::ptrdiff_t>(begin), all.end());
  VoxelCase call;
  call.grid = grid_over({-51.2, -51.2, -4.0}, {51.2, 51.2, 4.0}, {0.8, 0.8, 0.5});
  call.grid.rule = CellRule::divide;
  ChannelSpec intensity, height;
  for (std::int64_t i = 0; i < count; ++i) {
    float numbers[4];
    std::memcpy(numbers, records.data() + i * stride, sizeof(numbers));
    call.points.push_back(
        {static_cast<double>(numbers[0]), static_cast<double>(numbers[1]), static_cast<double>(numbers[2])});
    intensity.values.push_back(static_cast<double>(numbers[3]));
  }
  call.stride = stride;
  call.occupancy = {true, CellType::u8, {}};
  call.count = {true, CellType::i32, {}};
  intensity.reduction = Reduction::max;
  intensity.out = {true, CellType::bf16, {}};
  height.source = ChannelSource::z;
  height.out = {true, CellType::f32, {}};
  call.channels = {intensity, height};
  check(call, 2);
}

/// A PCD file with binary data, of which x, y and z are the first three floats of each record.
struct PcdFile {
  std::int64_t stride = 0, count = 0;
  std::vector<unsigned char> records;

  explicit PcdFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string line, key;
    while (key != "DATA" && std::getline(file, line)) {
      std::istringstream words(line);
      words >> key;
      if (key == "POINTS") words >> count;
      if (key == "SIZE") {
        for (std::int64_t size; words >> size;) stride += size;
      }
    }
    records.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
};

// One record of each is 16, 12 and 34 bytes. All are read as they are, against their numbers as doubles.
TEST_P(Voxelize, RealSweepsOfOtherSensors) {
  const std::string folder = test_data();
  if (folder.empty()) GTEST_SKIP() << no_test_data;
  for (const char* name : {"street_a", "hesai_ot128", "vlp16_per_point_time"}) {
    SCOPED_TRACE(name);
    const PcdFile file(folder + "/lidar/" + name + ".pcd");
    ASSERT_GT(file.count, 0);
    ASSERT_EQ(file.records.size(), static_cast<std::size_t>(file.count * file.stride));
    VoxelCase call;
    ChannelSpec mean, highest;
    for (std::int64_t i = 0; i < file.count; ++i) {
      float xyz[3];
      std::memcpy(xyz, file.records.data() + i * file.stride, sizeof(xyz));
      call.points.push_back({static_cast<double>(xyz[0]), static_cast<double>(xyz[1]), static_cast<double>(xyz[2])});
    }
    call.stride = file.stride;
    call.drop_zero = true;
    call.grid = grid_over({-40, -40, -3}, {40, 40, 5}, {0.5, 0.5, 0.5});
    call.grid.rule = file.stride == 12 ? CellRule::reciprocal : CellRule::divide;
    call.occupancy = {true, CellType::bit, {}};
    call.count = {true, CellType::i32, {}};
    check(call, 2);
    mean.source = ChannelSource::x;
    mean.out = {true, CellType::f32, {}};
    highest.source = ChannelSource::z;
    highest.reduction = Reduction::max;
    highest.out = {true, CellType::f16, {}};
    call.channels = {mean, highest};
    check(call, 3);

    // And its box.
    Arena arena(GetParam());
    BoundsArgs args;
    args.points = points_of_records(arena.input(file.records), file.count, file.stride, 0, 4, 8);
    const Output<double> box = arena.output<double>(6);
    args.boxes = box.data();
    ASSERT_OK(arena.launch([&](auto where) { return bounds(args, where); }, 2));
    std::vector<double> wanted = {infinity, infinity, infinity, -infinity, -infinity, -infinity};
    for (const auto& p : call.points) {
      if (!std::isfinite(p[0]) || !std::isfinite(p[1]) || !std::isfinite(p[2])) continue;
      for (std::size_t k = 0; k < 3; ++k) {
        wanted[k] = std::min(wanted[k], p[k]);
        wanted[3 + k] = std::max(wanted[3 + k], p[k]);
      }
    }
    EXPECT_EQ(box.download(), wanted);
  }
}

// Calls side by side share nothing.
TEST_P(Voxelize, ThreadsSideBySide) {
  SCOPED_TRACE(seed_trace());
  std::vector<VoxelCase> calls;
  for (std::uint64_t w = 0; w < 4; ++w) {
    Random random(20 + w);
    calls.push_back(random_case(random, FieldType::f32));
    calls.back().count = {true, CellType::i32, {}};
    add_channels(random, &calls.back(), 2);
  }
  expect_same_at_once(4, 8, [&](std::size_t w) {
    VoxelRun run(GetParam(), calls[w]);
    throw_if_error(run.launch(2));
    std::vector<unsigned char> bytes = run.count();
    const std::vector<unsigned char> channel = run.channel(0);
    bytes.insert(bytes.end(), channel.begin(), channel.end());
    return bytes;
  });
}

// Nor do calls whose blocks need more shared memory than those of others.
TEST_P(Voxelize, ThreadsWithSmallAndLargeGrids) {
  SCOPED_TRACE(seed_trace());
  std::vector<VoxelCase> calls;
  for (std::int32_t w = 0; w < 6; ++w) {
    Random random(230 + static_cast<std::uint64_t>(w));
    VoxelCase call;
    call.grid = grid_of(4 << w / 2 * 2, 8, 4, 0.25);
    call.points = random_points(random, 20'000, call.grid, FieldType::f32);
    call.uniform_length = 250;  // many clouds: bitmaps
    call.occupancy = tensor_of(random, CellType::u8, call.grid);
    if (w % 2 != 0) add_channels(random, &call, 1 + 3 * (w / 2));
    calls.push_back(call);
  }
  expect_same_at_once(static_cast<int>(calls.size()), 12, [&](std::size_t w) {
    VoxelRun run(GetParam(), calls[w]);
    throw_if_error(run.launch());
    return run.occupancy();
  });
}

// More than 2^31 numbers, and more than 2^31 cells.
class VoxelizeHuge : public LauncherTest {};
INSTANTIATE_TEST_SUITE_P(, VoxelizeHuge, testing::Values(Launcher::host, Launcher::stream), launcher_name);

TEST_P(VoxelizeHuge, OffsetsHave64Bits) {
  if (GetParam() == Launcher::host && std::getenv("ROBOCACHE_TEST_HUGE") == nullptr)
    GTEST_SKIP() << "ROBOCACHE_TEST_HUGE is not set: 3 GB of memory";
#if ROBOCACHE_HAS_CUDA_RUNTIME
  std::size_t free = 0, total = 0;
  if (GetParam() == Launcher::stream && (cudaMemGetInfo(&free, &total) != cudaSuccess || free >> 30 < 6))
    GTEST_SKIP() << "less than 6 GiB of device memory are free";
#endif
  constexpr std::int64_t side = 1100, cells = side * side * side;
  static_assert(2 * cells > std::int64_t{1} << 31, "more than 32 bits");
  Arena arena(GetParam());
  const detail::Buffer out(GetParam(), static_cast<std::size_t>(2 * cells));
  VoxelizeArgs args;
  args.points = points_of(
      arena.input(std::vector<float>{0.5f, 0.5f, 0.5f, 1099.5f, 1099.5f, 1099.5f, 7.5f, 3.5f, 1098.5f, 2, 2, 2}), 4);
  args.points.segments = uniform(2, 2);
  args.grid = grid_of(side, side, side);
  args.occupancy = dense(out.data());
  const Output<std::int64_t> cell_of = arena.output<std::int64_t>(4);
  args.cell_of = cell_of.data();
  ASSERT_OK(arena.launch([&](auto where) { return voxelize(args, Workspace{}, where); }));
  const std::vector<std::int64_t> wanted = {0, cells - 1, cells + (1098 * side + 3) * side + 7,
                                            cells + (2 * side + 2) * side + 2};
  EXPECT_EQ(cell_of.download(), wanted);
  for (const std::int64_t cell : wanted) {
    unsigned char got[2] = {9, 9};
    out.read(static_cast<std::size_t>(cell), got, 2);
    EXPECT_EQ(got[0], 1) << cell;
    EXPECT_EQ(got[1], 0) << cell;
  }
}

// The quotient that the GPU takes is that of IEEE division.
TEST(VoxelGridTest, DivisionByReciprocalIsDivision) {
  SCOPED_TRACE(seed_trace());
  Random random(30);
  const auto compare = [](auto a, auto b) {
    const auto quotient = robocache::detail::divide_by_reciprocal(a, b, static_cast<decltype(a)>(1) / b);
    return quotient == a / b || std::isnan(quotient);
  };
  for (int i = 0; i < 400'000; ++i) {
    const int exponent = static_cast<int>(random.between(-90, 100));
    const double b = std::ldexp(1.0 + random.unit(), static_cast<int>(random.between(-20, 19)));
    double a = std::ldexp(1.0 + random.unit(), exponent);
    if (random.one_in(3)) a = b * static_cast<double>(random.between(1, 1 << 23));
    const auto narrow_a = static_cast<float>(a), narrow_b = static_cast<float>(b);
    ASSERT_TRUE(compare(a, b)) << a << " / " << b;
    ASSERT_TRUE(compare(narrow_a, narrow_b)) << narrow_a << " / " << narrow_b;
    ASSERT_TRUE(compare(-std::nextafter(narrow_a, 0.0f), narrow_b)) << narrow_a << " / " << narrow_b;
  }
}

TEST(VoxelGridTest, ShapeIsTheRoundedRange) {
  const VoxelGrid grid = grid_over({0, -40, -3}, {70.4, 40, 1}, {0.16, 0.16, 4});
  EXPECT_EQ(grid.shape[0], 440);
  EXPECT_EQ(grid.shape[1], 500);
  EXPECT_EQ(grid.shape[2], 1);
  EXPECT_EQ(grid.cells(), 220'000);
  EXPECT_EQ(grid_over({0, 0, 0}, {1, 1, 1}, {0, 1, 1}).shape[0], -1);
  EXPECT_EQ(grid_over({0, 0, 0}, {nan, 1, 1}, {1, 1, 1}).shape[0], -1);
  EXPECT_EQ(grid_over({0, 0, 0}, {-1, 1, 1}, {1, 1, 1}).shape[0], -1);
  EXPECT_EQ(grid_over({0, 0, 0}, {1e12, 1, 1}, {1, 1, 1}).shape[0], -1);
}

// No gaps, but y and z change places: not the order in which cells are numbered.
TEST(VoxelizeOnHost, AxesOfADenseTensorMayChangePlaces) {
  const std::vector<float> point = {0.5f, 1.5f, 0.5f};
  std::vector<std::int32_t> count(8, 77);
  VoxelizeArgs args;
  args.points = points_of(point.data(), 1);
  args.grid = grid_over({0, 0, 0}, {2, 2, 2}, {1, 1, 1});
  args.count = {count.data(), CellType::i32, 8, 2, 4, 1};
  std::vector<unsigned char> scratch(workspace_bytes(args, Host{}));
  ASSERT_OK(voxelize(args, {scratch.data(), scratch.size()}, Host{}));
  EXPECT_EQ(count, (std::vector<std::int32_t>{0, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(VoxelizeOnHost, NegativeStridesAndTooManyCellsAreRefused) {
  const std::vector<float> point = {0.5f, 0.5f, 0.5f};
  std::vector<std::int32_t> count(8);
  std::vector<std::int64_t> cell_of(1);
  VoxelizeArgs args;
  args.points = points_of(point.data(), 1);
  args.grid = grid_over({0, 0, 0}, {2, 2, 1}, {1, 1, 1});
  args.count = {count.data(), CellType::i32, 4, -4, 2, 1};  // of an axis of one cell
  EXPECT_TRUE(is_error(voxelize(args, Workspace{}, Host{}), StatusCode::invalid_size, "args.count"));
  args.count = {};
  args.cell_of = cell_of.data();
  args.grid.shape[0] = 1 << 23;
  args.grid.shape[1] = 1 << 8;
  EXPECT_TRUE(is_error(voxelize(args, Workspace{}, Host{}), StatusCode::overflow, "args.grid.shape"));
}

}  // namespace
}  // namespace robocache::test
