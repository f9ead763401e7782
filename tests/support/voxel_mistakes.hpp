// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/mistakes.hpp"
#include "support/voxel_random.hpp"
#include "support/workspace.hpp"

#include <robocache/voxel/voxel_grid.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

// Mistakes in points and grids, which every call has that takes them. A Call has `args`, two `channels` and a
// `workspace`.

namespace robocache::test {

template <class T>
void* moved(T* p, std::ptrdiff_t bytes) {
  return const_cast<void*>(static_cast<const void*>(beside(p, bytes)));
}
template <class To, class T>
To* moved_to(T* p, std::ptrdiff_t bytes) {
  return static_cast<To*>(moved(p, bytes));
}

/// Ten points of three floats each, in two ragged segments with cloud_of and float transforms; a grid with origins.
template <class Call>
void set_points(Arena* arena, Call* call) {
  PointClouds& points = call->args.points;
  points = points_of(arena->input(std::vector<float>(30, 0.5f)), 10);
  points.segments = ragged(arena->input(std::vector<std::int64_t>{0, 4, 10}), 2);
  points.cloud_of = arena->input(std::vector<std::int64_t>{1, 0});
  points.clouds = 2;
  points.transforms = arena->input(std::vector<float>(24, 0.25f));
  const int shape[3] = {4, 3, 2};
  for (int k = 0; k < 3; ++k) call->args.grid.shape[k] = shape[k];
  call->args.grid.origins = arena->input(std::vector<double>(6, 0.0));
}
/// Of a Call after set_points.
template <class Call>
std::vector<Mistake<Call>> with_point_mistakes(std::vector<Mistake<Call>> others) {
  std::vector<Mistake<Call>> mistakes = {
      {"x null", StatusCode::null_pointer, "points.x", [](Call& c) { c.args.points.x.data = nullptr; }},
      {"y null", StatusCode::null_pointer, "points.y", [](Call& c) { c.args.points.y.data = nullptr; }},
      {"z null", StatusCode::null_pointer, "points.z", [](Call& c) { c.args.points.z.data = nullptr; }},
      {"x type", StatusCode::invalid_value, "points.x.type",
       [](Call& c) { c.args.points.x.type = unknown<FieldType>(); }},
      {"y type", StatusCode::invalid_value, "points.y.type",
       [](Call& c) { c.args.points.y.type = unknown<FieldType>(); }},
      {"z type", StatusCode::invalid_value, "points.z.type",
       [](Call& c) { c.args.points.z.type = unknown<FieldType>(); }},
      {"x stride", StatusCode::invalid_size, "points.x", [](Call& c) { c.args.points.x.stride = -12; }},
      {"y row stride", StatusCode::invalid_size, "points.y", [](Call& c) { c.args.points.y.row_stride = -1; }},
      {"z too long", StatusCode::overflow, "points.z", [](Call& c) { c.args.points.z.stride = huge; }},
      {"x rows too long", StatusCode::overflow, "points.x",
       [](Call& c) {
         c.args.points.row_points = 2;
         c.args.points.x.row_stride = huge;
       }},
      {"x barely too long", StatusCode::overflow, "points.x", [](Call& c) { c.args.points.x.stride = INT64_MAX / 9; }},
      {"count", StatusCode::invalid_size, "points.count", [](Call& c) { c.args.points.count = -1; }},
      {"too many", StatusCode::overflow, "points.count", [](Call& c) { c.args.points.count = (1 << 30) + 1; }},
      {"row_points", StatusCode::invalid_size, "row_points", [](Call& c) { c.args.points.row_points = -1; }},
      {"segments", StatusCode::invalid_size, "segments", [](Call& c) { c.args.points.segments.count = -1; }},
      {"segments overflow", StatusCode::overflow, "segments", [](Call& c) { c.args.points.segments.count = huge; }},
      {"segments length", StatusCode::invalid_size, "segments",
       [](Call& c) { c.args.points.segments = uniform(2, 6); }},
      {"segments negative length", StatusCode::invalid_size, "segments",
       [](Call& c) { c.args.points.segments = uniform(2, -2); }},
      {"segments misaligned", StatusCode::misaligned, "segments",
       [](Call& c) { c.args.points.segments.offsets = beside(c.args.points.segments.offsets, 4); }},
      {"cloud_of misaligned", StatusCode::misaligned, "cloud_of",
       [](Call& c) { c.args.points.cloud_of = beside(c.args.points.cloud_of, 1); }},
      {"clouds", StatusCode::invalid_size, "clouds", [](Call& c) { c.args.points.clouds = -1; }},
      {"clouds overflow", StatusCode::overflow, "clouds", [](Call& c) { c.args.points.clouds = huge; }},
      {"transforms overflow", StatusCode::overflow, "transforms",
       [](Call& c) { c.args.points.segments.count = INT64_MAX / 64; }},
      {"transforms misaligned", StatusCode::misaligned, "transforms",
       [](Call& c) { c.args.points.transforms.data = moved(c.args.points.transforms.data, 2); }},
      {"range", StatusCode::invalid_value, "min_range", [](Call& c) { c.args.points.min_range = -1; }},
      {"range NaN", StatusCode::invalid_value, "min_range", [](Call& c) { c.args.points.min_range = nan; }},
      {"range infinite", StatusCode::invalid_value, "min_range", [](Call& c) { c.args.points.min_range = infinity; }},
      {"crop_min", StatusCode::invalid_value, "crop_min", [](Call& c) { c.args.points.crop_min[1] = nan; }},
      {"crop_max", StatusCode::invalid_value, "crop_max", [](Call& c) { c.args.points.crop_max[2] = nan; }},
      {"rule", StatusCode::invalid_value, "grid.rule", [](Call& c) { c.args.grid.rule = unknown<CellRule>(); }},
      {"shape", StatusCode::invalid_size, "grid.shape", [](Call& c) { c.args.grid.shape[1] = -1; }},
      {"long axis", StatusCode::overflow, "grid.shape", [](Call& c) { c.args.grid.shape[0] = (1 << 23) + 1; }},
      {"size zero", StatusCode::invalid_value, "grid.size", [](Call& c) { c.args.grid.size[0] = 0; }},
      {"size negative", StatusCode::invalid_value, "grid.size", [](Call& c) { c.args.grid.size[1] = -0.1; }},
      {"size NaN", StatusCode::invalid_value, "grid.size", [](Call& c) { c.args.grid.size[2] = nan; }},
      {"size infinite", StatusCode::invalid_value, "grid.size", [](Call& c) { c.args.grid.size[2] = infinity; }},
      {"size rounds to zero", StatusCode::invalid_value, "grid.size", [](Call& c) { c.args.grid.size[2] = 1e-60; }},
      {"size without reciprocal", StatusCode::invalid_value, "grid.size", [](Call& c) { c.args.grid.size[2] = 1e-40; }},
      {"origin NaN", StatusCode::invalid_value, "grid.origin", [](Call& c) { c.args.grid.origin[0] = nan; }},
      {"origin rounds to infinity", StatusCode::invalid_value, "grid.origin",
       [](Call& c) { c.args.grid.origin[1] = 1e39; }},
      {"origin_pitch", StatusCode::invalid_size, "origin_pitch", [](Call& c) { c.args.grid.origin_pitch = 2; }},
      {"origins overflow", StatusCode::overflow, "origins", [](Call& c) { c.args.grid.origin_pitch = huge; }},
      {"origins misaligned", StatusCode::misaligned, "origins",
       [](Call& c) { c.args.grid.origins = beside(c.args.grid.origins, 4); }},
  };
  mistakes.insert(mistakes.end(), others.begin(), others.end());
  return mistakes;
}

/// A field and a coordinate, without their outputs.
template <class Call>
void set_channels(Arena* arena, Call* call) {
  call->channels[0].field = array_field(arena->input(std::vector<float>(10, 2.0f)));
  call->channels[1].source = ChannelSource::z;
  call->args.channels = call->channels;
  call->args.channel_count = 2;
}
/// Of a Call after set_channels, whose outputs are float.
template <class Call>
std::vector<Mistake<Call>> with_channel_mistakes(std::vector<Mistake<Call>> others) {
  std::vector<Mistake<Call>> mistakes = {
      {"channels null", StatusCode::null_pointer, "args.channels", [](Call& c) { c.args.channels = nullptr; }},
      {"channel count", StatusCode::invalid_size, "channel_count", [](Call& c) { c.args.channel_count = -1; }},
      {"source", StatusCode::invalid_value, "source", [](Call& c) { c.channels[1].source = unknown<ChannelSource>(); },
       1},
      {"reduction", StatusCode::invalid_value, "reduction",
       [](Call& c) { c.channels[0].reduction = unknown<Reduction>(); }, 0},
      {"unit no power", StatusCode::invalid_value, "unit", [](Call& c) { c.channels[1].unit = 0.1; }, 1},
      {"unit zero", StatusCode::invalid_value, "unit", [](Call& c) { c.channels[1].unit = 0; }, 1},
      {"unit negative", StatusCode::invalid_value, "unit", [](Call& c) { c.channels[1].unit = -0.5; }, 1},
      {"unit NaN", StatusCode::invalid_value, "unit", [](Call& c) { c.channels[1].unit = nan; }, 1},
      {"unit tiny", StatusCode::invalid_value, "unit", [](Call& c) { c.channels[1].unit = 0x1p-300; }, 1},
      {"unit infinite", StatusCode::invalid_value, "unit", [](Call& c) { c.channels[1].unit = infinity; }, 1},
      {"field null", StatusCode::null_pointer, "field.data", [](Call& c) { c.channels[0].field.data = nullptr; }, 0},
      {"field type", StatusCode::invalid_value, "field.type",
       [](Call& c) { c.channels[0].field.type = unknown<FieldType>(); }, 0},
      {"field stride", StatusCode::invalid_size, "field", [](Call& c) { c.channels[0].field.stride = -1; }, 0},
      {"field overflow", StatusCode::overflow, "field", [](Call& c) { c.channels[0].field.stride = huge; }, 0},
      {"out null", StatusCode::null_pointer, "out.data", [](Call& c) { c.channels[1].out.data = nullptr; }, 1},
      {"out type", StatusCode::unsupported_type, "out.type", [](Call& c) { c.channels[1].out.type = CellType::u8; }, 1},
      {"out bits", StatusCode::unsupported_type, "out.type", [](Call& c) { c.channels[1].out.type = CellType::bit; },
       1},
      {"out unknown", StatusCode::invalid_value, "out.type",
       [](Call& c) { c.channels[1].out.type = unknown<CellType>(); }, 1},
      {"out misaligned", StatusCode::misaligned, "channels.out",
       [](Call& c) { c.channels[1].out.data = moved(c.channels[1].out.data, 2); }, 1},
  };
  mistakes.insert(mistakes.end(), others.begin(), others.end());
  return mistakes;
}

/// Every mistake is refused by its name, and writes nothing; without one the call is right.
template <class Call, class Run>
void expect_refused(Arena* arena, Call good, const std::vector<Mistake<Call>>& mistakes, const Run& run) {
  const std::size_t needed = workspace_for(arena->launcher(), good.args);
  ASSERT_GT(needed, 0u);
  const Output<unsigned char> scratch = arena->output<unsigned char>(static_cast<std::int64_t>(needed));
  good.workspace = {scratch.data(), needed};
  const auto launch = [&](const Call& call) {
    return arena->launch([&](auto where) { return run(call.args, call.workspace, where); });
  };
  for (const Mistake<Call>& mistake : mistakes) {
    SCOPED_TRACE(mistake.what);
    Call call = good;
    call.args.channels = call.channels;
    mistake.make(call);
    arena->poison_outputs();
    const Status status = launch(call);
    EXPECT_TRUE(is_error(status, mistake.code, mistake.argument));
    EXPECT_EQ(status.index(), mistake.index);
    EXPECT_TRUE(arena->outputs_untouched());
  }
  arena->poison_outputs();
  good.args.channels = good.channels;
  ASSERT_OK(launch(good)) << "right without a mistake";
  static_cast<void>(scratch.download());
}

}  // namespace robocache::test
