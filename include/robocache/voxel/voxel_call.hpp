// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/workspace.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/voxel/point_clouds.hpp>
#include <robocache/voxel/voxel_grid.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

// What every call does that has points, a grid and a workspace: which arrays overlap, how much scratch, which type the
// arithmetic is in, and, on the CPU, a walk through the points.

ROBOCACHE_NAMESPACE_BEGIN

/// Channels of one call.
constexpr std::int32_t max_voxel_channels = 64;

namespace detail {

/// The arrays of a call, for the question which of them overlap. Tensors may interleave with each other; what is
/// `alone` overlaps nothing.
struct CallArrays {
  struct Alone {
    Array array;
    const char* overlap;
  };
  static constexpr int most_alone = 12;

  Array inputs[7 + max_voxel_channels] = {};
  Array tensors[2 + max_voxel_channels] = {};
  Alone alone[most_alone] = {};
  int input_count = 0, tensor_count = 0, alone_count = 0;

  void add_clouds(const CloudsArrays& clouds, const Array& origins) noexcept {
    for (const Array& input : {clouds.fields[0], clouds.fields[1], clouds.fields[2], clouds.offsets, clouds.cloud_of,
                               clouds.transforms, origins}) {
      inputs[input_count++] = input;
    }
  }
  void add_alone(const Array& array, const char* overlap) noexcept {
    alone[alone_count++] = {array.data == nullptr ? Array{} : array, overlap};
  }
};

inline Status check_overlaps(const CallArrays& arrays) noexcept {
  const auto check_alignment = [](const Array& array) -> Status {
    const std::int64_t alignment = smaller<std::int64_t>(larger<std::int64_t>(array.size, 1), 8);
    if (reinterpret_cast<std::uintptr_t>(array.data) % static_cast<std::uintptr_t>(alignment) == 0) return {};
    return {StatusCode::misaligned, array.misaligned};
  };
  for (int i = 0; i < arrays.input_count; ++i) ROBOCACHE_CHECK(check_alignment(arrays.inputs[i]));
  for (int a = 0; a < arrays.alone_count; ++a) ROBOCACHE_CHECK(check_alignment(arrays.alone[a].array));
  const auto overlaps = [](const Array& a, const Array& b) { return a.bytes().overlaps(b.bytes()); };
  for (int t = 0; t < arrays.tensor_count; ++t) {
    const Array& tensor = arrays.tensors[t];
    for (int i = 0; i < arrays.input_count; ++i) {
      if (overlaps(tensor, arrays.inputs[i])) return {StatusCode::aliasing, "args: a tensor overlaps an input"};
    }
    for (int other = 0; other < t; ++other) {
      if (tensor.count != 0 && tensor.data == arrays.tensors[other].data) {
        return {StatusCode::aliasing, "args: two tensors begin at one element"};
      }
    }
  }
  for (int a = 0; a < arrays.alone_count; ++a) {
    const CallArrays::Alone& alone = arrays.alone[a];
    for (int i = 0; i < arrays.input_count; ++i) {
      if (overlaps(alone.array, arrays.inputs[i])) return {StatusCode::aliasing, alone.overlap};
    }
    for (int t = 0; t < arrays.tensor_count; ++t) {
      if (overlaps(alone.array, arrays.tensors[t])) return {StatusCode::aliasing, alone.overlap};
    }
    for (int other = 0; other < a; ++other) {
      if (overlaps(alone.array, arrays.alone[other].array)) return {StatusCode::aliasing, alone.overlap};
    }
  }
  return {};
}

/// What the scratch takes for these arguments; 0 where they are wrong.
template <template <class> class Job, class Scratch, class Args>
std::size_t measured_bytes(const Args& args) noexcept {
  const auto measure = [&](auto zero) -> std::size_t {
    Job<decltype(zero)> job;
    Carver carver;
    CallArrays arrays;
    if (!prepare(args, &job, &arrays).ok()) return 0;
    Scratch::carve(job, carver);
    return carver.overflow() ? 0 : carver.bytes();
  };
  return needs_double(args.points) ? measure(double{}) : measure(float{});
}

/// Validates, then calls run(job), if the coordinates' type is among those listed.
template <template <class> class Job, class Scratch, class... Listed, class Args, class Run>
Status dispatch_call(const Args& args, Workspace workspace, const Run& run) {
  const bool is_double = needs_double(args.points);
  const auto call = [&](auto zero) -> Status {
    Job<decltype(zero)> job;
    CallArrays arrays;
    ROBOCACHE_CHECK(prepare(args, &job, &arrays));
    Carver carver;
    Scratch::carve(job, carver);
    if (carver.overflow()) return {StatusCode::overflow, "args: bytes of the workspace overflow"};
    if (workspace.bytes < carver.bytes()) {
      return {StatusCode::workspace_too_small, "workspace: less than workspace_bytes(args)"};
    }
    if (workspace.data == nullptr && carver.bytes() != 0) return {StatusCode::null_pointer, "workspace.data: null"};
    arrays.add_alone({workspace.data, static_cast<std::int64_t>(carver.bytes()), 1, ""},
                     "workspace: overlaps an array of args");
    ROBOCACHE_CHECK(check_overlaps(arrays));
    return run(job);
  };
  Status status(StatusCode::unsupported_type, "args.points: no instantiation for this type of coordinates");
  (void)((std::is_same<Listed, double>::value == is_double && (status = call(Listed{}), true)) || ...);
  return status;
}

/// On the CPU: calls visit(view, begin, end) for the points [begin, end) segment by segment, as far as each reaches.
template <class F, class Visit>
ROBOCACHE_ALWAYS_INLINE inline void for_segments_of(const CloudsJob<F>& clouds, std::int64_t begin, std::int64_t end,
                                                    const Visit& visit) noexcept {
  while (begin < end) {
    const SegmentView view = segment_at(clouds, begin);
    const std::int64_t stop = smaller(end, view.end);
    visit(view, begin, stop);
    begin = stop;
  }
}

/// Calls locate(i, raw), which gives a PointFate, for the points [begin, end) of a cloud, and counts fates, if `counts`
/// is not null.
template <class F, PointLayout Layout, class Locate>
ROBOCACHE_ALWAYS_INLINE inline void locate_each(const CloudsJob<F>& clouds, const SegmentView& view,
                                                PointCounts* counts, std::int64_t begin, std::int64_t end,
                                                const Locate& locate) noexcept {
  std::int64_t of_fate[4] = {0, 0, 0, 0};
  for (std::int64_t i = begin; i < end; ++i) ++of_fate[static_cast<int>(locate(i, read_point<F, Layout>(clouds, i)))];
  if (counts == nullptr) return;
  PointCounts& sum = counts[view.cloud];
  std::int64_t* sums[4] = {&sum.kept, &sum.outside, &sum.filtered, &sum.not_finite};
  for (int fate = 0; fate < 4; ++fate) __atomic_fetch_add(sums[fate], of_fate[fate], __ATOMIC_RELAXED);
}

/// Calls put(i, number) for the points, in order, whose number lies in [begin, end).
template <class Number, class Put>
ROBOCACHE_ALWAYS_INLINE inline void for_points_of(const Number* number_of, std::int64_t count, std::int64_t begin,
                                                  std::int64_t end, const Put& put) noexcept {
  const auto span = static_cast<std::uint64_t>(end - begin);
  for (std::int64_t i = 0; i < count; ++i) {
    if (static_cast<std::uint64_t>(std::int64_t{number_of[i]} - begin) < span) put(i, number_of[i]);
  }
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
