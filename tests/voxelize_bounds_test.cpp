// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/voxelize.hpp>

#include "support/launch.hpp"
#include "support/mistakes.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace robocache::test {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

class Bounds : public LauncherTest {};
INSTANTIATE_TEST_SUITE_P(, Bounds, every_launcher(), launcher_name);

struct Case {
  std::int64_t count = 0, step = 3;
  std::vector<std::int64_t> offsets = {0};
  bool transformed = false, named = false, filtered = false;
};

/// Boxes by the definition.
template <class T>
std::vector<double> expected(const Case& call, const std::vector<T>& numbers, const std::vector<double>& transforms,
                             const std::vector<std::int64_t>& cloud_of, std::int64_t clouds) {
  std::vector<double> boxes;
  for (std::int64_t c = 0; c < clouds; ++c) {
    boxes.insert(boxes.end(), {infinity, infinity, infinity, -infinity, -infinity, -infinity});
  }
  for (std::size_t s = 0; s + 1 < call.offsets.size(); ++s) {
    const std::int64_t cloud = call.named ? cloud_of[s] : static_cast<std::int64_t>(s);
    for (std::int64_t i = call.offsets[s]; i < call.offsets[s + 1]; ++i) {
      const T* raw = numbers.data() + i * call.step;
      T p[3] = {raw[0], raw[1], raw[2]};
      for (std::size_t k = 0; k < 3 && call.transformed; ++k) {
        T m[4];
        for (std::size_t n = 0; n < 4; ++n) m[n] = static_cast<T>(transforms[s * 12 + k * 4 + n]);
        p[k] = std::fma(m[0], raw[0], std::fma(m[1], raw[1], std::fma(m[2], raw[2], m[3])));
      }
      if (!std::isfinite(p[0]) || !std::isfinite(p[1]) || !std::isfinite(p[2])) continue;
      const bool zero = raw[0] == 0 && raw[1] == 0 && raw[2] == 0;
      if (call.filtered && (zero || p[2] > T(4))) continue;
      for (std::size_t k = 0; k < 3; ++k) {
        double& low = boxes[static_cast<std::size_t>(cloud) * 6 + k];
        double& high = boxes[static_cast<std::size_t>(cloud) * 6 + 3 + k];
        low = std::min(low, static_cast<double>(p[k]) + 0.0);
        high = std::max(high, static_cast<double>(p[k]) + 0.0);
      }
    }
  }
  return boxes;
}

template <class T>
void check(Launcher launcher, const Case& call, Random& random, int threads) {
  std::vector<T> numbers(static_cast<std::size_t>(call.count * call.step));
  for (T& v : numbers) {
    v = static_cast<T>(5.0 * random.signed_unit());
    if (random.one_in(50)) v = static_cast<T>(random.one_in(2) ? nan : infinity);
    if (random.one_in(30)) v = random.one_in(2) ? T(-0.0) : T(0);
  }
  for (std::int64_t i = 0; i < call.count; ++i) {
    if (random.one_in(20)) std::fill_n(numbers.begin() + i * call.step, 3, T(0));
  }
  const std::int64_t segments = static_cast<std::int64_t>(call.offsets.size()) - 1, clouds = call.named ? 2 : segments;
  std::vector<double> transforms;
  for (std::int64_t k = 0; k < segments * 12; ++k) transforms.push_back(2.0 * random.signed_unit());
  std::vector<std::int64_t> cloud_of;
  for (std::int64_t s = 0; s < segments; ++s) cloud_of.push_back(random.below(2));
  Arena arena(launcher);
  BoundsArgs args;
  args.points = points_of(arena.input(numbers), call.count, call.step);
  args.points.segments = ragged(arena.input(call.offsets), segments);
  if (call.transformed) {
    args.points.transforms = sizeof(T) == 8
                                 ? Transforms(arena.input(transforms))
                                 : Transforms(arena.input(std::vector<float>(transforms.begin(), transforms.end())));
  }
  if (call.named) {
    args.points.cloud_of = arena.input(cloud_of);
    args.points.clouds = clouds;
  }
  if (call.filtered) {
    args.points.drop_zero = true;
    args.points.crop_max[2] = 4.0;
  }
  const Output<double> boxes = arena.output<double>(clouds * 6);
  args.boxes = boxes.data();
  ASSERT_OK(arena.launch([&](auto where) { return bounds(args, where); }, threads));
  const std::vector<double> got = boxes.download(), wanted = expected(call, numbers, transforms, cloud_of, clouds);
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i], wanted[i]) << i;
    ASSERT_EQ(std::signbit(got[i]), std::signbit(wanted[i])) << i;
  }
}

TEST_P(Bounds, RandomClouds) {
  SCOPED_TRACE(seed_trace());
  Random random(1);
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    Case call;
    call.count = random.one_in(10) ? 0 : random.between(1, i % 10 == 0 ? 20'000 : 500);
    call.step = random.between(3, 5);
    for (std::int64_t s = random.below(random.one_in(5) ? 200 : 5); s > 0; --s) {
      call.offsets.push_back(random.between(call.offsets.back(), call.count));
    }
    call.offsets.push_back(call.count);
    call.transformed = random.one_in(2);
    call.named = random.one_in(2);
    call.filtered = random.one_in(2);
    check<float>(GetParam(), call, random, static_cast<int>(random.between(0, 3)));
    check<double>(GetParam(), call, random, static_cast<int>(random.between(0, 3)));
    if (HasFatalFailure()) return;
  }
}

TEST_P(Bounds, NoCloudsAndNoPoints) {
  Arena arena(GetParam());
  BoundsArgs args;
  args.points.segments = uniform(0, 5);
  EXPECT_OK(arena.launch([&](auto where) { return bounds(args, where); })) << "no clouds, all null";
  const Output<double> boxes = arena.output<double>(6);
  args.points.segments = Segments();
  args.boxes = boxes.data();
  ASSERT_OK(arena.launch([&](auto where) { return bounds(args, where); }));
  EXPECT_EQ(boxes.download(), (std::vector<double>{infinity, infinity, infinity, -infinity, -infinity, -infinity}));
}

TEST_P(Bounds, NegativeZeroIsZero) {
  Arena arena(GetParam());
  BoundsArgs args;
  args.points = points_of(arena.input(std::vector<float>(9, -0.0f)), 3);
  const Output<double> boxes = arena.output<double>(6);
  args.boxes = boxes.data();
  ASSERT_OK(arena.launch([&](auto where) { return bounds(args, where); }));
  for (const double v : boxes.download()) EXPECT_TRUE(v == 0.0 && !std::signbit(v));
}

// The boxes place the grids: every finite point is then inside, the lowest in the first cell.
TEST_P(Bounds, PlaceGrids) {
  SCOPED_TRACE(seed_trace());
  Random random(2);
  std::vector<float> numbers(3000);
  for (float& v : numbers) v = static_cast<float>(7.0 * random.signed_unit());
  Arena arena(GetParam());
  BoundsArgs of;
  of.points = points_of(arena.input(numbers), 1000);
  of.points.segments = uniform(2, 500);
  const Output<double> boxes = arena.output<double>(12);
  of.boxes = boxes.data();
  VoxelizeArgs args;
  args.points = of.points;
  args.grid.origins = boxes.data();
  args.grid.origin_pitch = 6;
  for (int k = 0; k < 3; ++k) args.grid.shape[k] = 15;
  const Output<std::int64_t> cell_of = arena.output<std::int64_t>(1000), counts = arena.output<std::int64_t>(8);
  args.cell_of = cell_of.data();
  args.counts = reinterpret_cast<PointCounts*>(counts.data());
  ASSERT_OK(arena.launch([&](auto where) {
    const Status found = bounds(of, where);
    return found.ok() ? voxelize(args, Workspace(), where) : found;
  }));
  EXPECT_EQ(counts.download(), (std::vector<std::int64_t>{500, 0, 0, 0, 500, 0, 0, 0}));
  const std::vector<double> box = boxes.download();
  for (std::int64_t i = 0; i < 1000; ++i) {
    if (static_cast<double>(numbers[static_cast<std::size_t>(i * 3)]) != box[i < 500 ? 0 : 6]) continue;
    EXPECT_EQ(cell_of.download()[static_cast<std::size_t>(i)] % 15, 0);
  }
}

TEST_P(Bounds, EveryMistakeIsNamedAndNothingIsWritten) {
  Arena arena(GetParam());
  BoundsArgs good;
  good.points = points_of(arena.input(std::vector<float>(30, 1.0f)), 10);
  good.points.segments = ragged(arena.input(std::vector<std::int64_t>{0, 10}), 1);
  const Output<double> boxes = arena.output<double>(6);
  good.boxes = boxes.data();
  const std::vector<Mistake<BoundsArgs>> mistakes = {
      {"points", StatusCode::null_pointer, "points.x", [](BoundsArgs& a) { a.points.x.data = nullptr; }},
      {"count", StatusCode::invalid_size, "points.count", [](BoundsArgs& a) { a.points.count = -5; }},
      {"range", StatusCode::invalid_value, "min_range", [](BoundsArgs& a) { a.points.min_range = nan; }},
      {"segments", StatusCode::invalid_size, "segments", [](BoundsArgs& a) { a.points.segments.count = -1; }},
      {"boxes null", StatusCode::null_pointer, "boxes", [](BoundsArgs& a) { a.boxes = nullptr; }},
      {"boxes misaligned", StatusCode::misaligned, "boxes", [](BoundsArgs& a) { a.boxes = beside(a.boxes, 4); }},
      {"boxes over points", StatusCode::aliasing, "boxes",
       [](BoundsArgs& a) { a.points.z.data = beside(static_cast<const char*>(static_cast<void*>(a.boxes)), 47); }},
      {"boxes over offsets", StatusCode::aliasing, "boxes",
       [](BoundsArgs& a) {
         a.boxes = reinterpret_cast<double*>(const_cast<std::int64_t*>(a.points.segments.offsets));
       }},
  };
  for (const Mistake<BoundsArgs>& mistake : mistakes) {
    BoundsArgs args = good;
    mistake.make(args);
    arena.poison_outputs();
    EXPECT_TRUE(is_error(arena.launch([&](auto where) { return bounds(args, where); }), mistake.code, mistake.argument))
        << mistake.what;
    EXPECT_TRUE(boxes.untouched()) << mistake.what;
  }
  ASSERT_OK(arena.launch([&](auto where) { return bounds(good, where); }));
  EXPECT_EQ(boxes.download(), std::vector<double>(6, 1.0));
}

TEST_P(Bounds, RecordsWithFieldsAnywhere) {
  struct Record {
    float intensity, z;
    std::uint32_t ring;
    float y, x;
  };
  Arena arena(GetParam());
  std::vector<unsigned char> bytes(3 * sizeof(Record));
  const Record records[] = {{9, -3, 7, 2, 1}, {9, 5, 7, -4, 8}, {9, 1, 7, 0, -6}};
  std::memcpy(bytes.data(), records, sizeof(records));
  BoundsArgs args;
  args.points = points_of_records(arena.input(bytes), 3, sizeof(Record), 16, 12, 4);
  const auto boxes = arena.output<double>(6);
  args.boxes = boxes.data();
  ASSERT_OK(arena.launch([&](auto where) { return bounds(args, where); }));
  EXPECT_EQ(boxes.download(), (std::vector<double>{-6, -4, -3, 8, 2, 5}));
}

// Fields beside each other, but not from record to record.
TEST(BoundsOnHost, FieldsWithAStrideOfTheirOwn) {
  const std::vector<float> points = {0.5f, 0.25f, 0.75f, 0.5f, 7, 7};
  for (const int axis : {0, 1, 2}) {
    std::vector<double> boxes(6);
    BoundsArgs args;
    args.points = points_of(points.data(), 2);
    PointField* const fields[] = {&args.points.x, &args.points.y, &args.points.z};
    fields[axis]->stride = 0;  // the first record's for all
    args.boxes = boxes.data();
    ASSERT_OK(bounds(args, Host{}));
    for (int other = 0; other < 3; ++other) {
      const auto place = static_cast<std::size_t>(other);
      EXPECT_EQ(boxes[3 + place], other == axis ? points[place] : std::max(points[place], points[3 + place])) << axis;
    }
  }
}

TEST(BoundsOnHost, ASegmentOfNoCloudHasNoSay) {
  const std::vector<float> points = {1, 1, 1, 2, 2, 2};
  const std::vector<std::int64_t> offsets = {0, 1, 2}, cloud_of = {-1, 0};
  std::vector<double> boxes(6);
  BoundsArgs args;
  args.points = points_of(points.data(), 2);
  args.points.segments = ragged(offsets.data(), 2);
  args.points.cloud_of = cloud_of.data();
  args.points.clouds = 1;
  args.boxes = boxes.data();
  ASSERT_OK(bounds(args, Host{}));
  EXPECT_EQ(boxes, std::vector<double>(6, 2.0));
}

TEST(BoundsOnHost, BoxesInsideTransformsAreRefused) {
  const std::vector<float> points = {1, 1, 1, 2, 2, 2};
  const std::vector<std::int64_t> offsets = {0, 1, 2};
  std::vector<double> transforms(24 + 12);
  BoundsArgs args;
  args.points = points_of(points.data(), 2);
  args.points.segments = ragged(offsets.data(), 2);
  args.points.transforms = static_cast<const double*>(transforms.data());
  args.boxes = transforms.data() + 23;
  EXPECT_EQ(bounds(args, Host{}).code(), StatusCode::aliasing);
  args.boxes = transforms.data() + 24;
  EXPECT_OK(bounds(args, Host{}));
}

}  // namespace
}  // namespace robocache::test
