// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "case.hpp"

#include <robocache/resample/resample.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

// The cases of the resampling benchmarks: what is asked for, the times, and the bytes that must move. Host only.

namespace robocache_bench {

using robocache::Interpolation;

struct ResampleCase {
  std::string kind = "linear";
  Interpolation interpolation = Interpolation::linear;
  bool pose = false;  ///< 3 channels of `interpolation`, then a quaternion by slerp
  ElementType in = ElementType::bf16;
  ElementType out = ElementType::bf16;

  std::int64_t segments = 1;
  std::int64_t samples = 0;  ///< of a segment, or, with shortest > 0, of the longest
  std::int64_t shortest = 0;
  std::int64_t rows = 0;  ///< of a segment, unless ragged
  std::int64_t width = 0;
  std::int64_t hertz = 50;  ///< nominal rate of the source
  robocache::Rate rate;     ///< of the grid

  enum class Asked { grid, stored, shuffled };
  Asked asked = Asked::grid;
  bool f32_seconds = false;
  bool status = false;
  bool affine = false;
  std::string shape;    ///< in place of BxSxTxD
  std::string variant;  ///< part of the name

  bool ragged() const { return shortest > 0; }
  std::string name() const {
    std::string result = "resample/" + kind + "/" + name_of(in) + "_" + name_of(out) + "/";
    result += !shape.empty() ? shape
                             : std::to_string(segments) + "x" + std::to_string(samples) + "x" + std::to_string(rows) +
                                   "x" + std::to_string(width);
    return variant.empty() ? result : result + "/" + variant;
  }
};

/// A grid that covers all of each segment: the last of `rows` steps is the last of `samples`.
inline ResampleCase covering(std::int64_t segments, std::int64_t samples, std::int64_t rows, std::int64_t width) {
  ResampleCase spec;
  spec.segments = segments;
  spec.samples = samples;
  spec.rows = rows;
  spec.width = width;
  spec.hertz = 100;
  spec.rate = {(rows - 1) * spec.hertz, samples - 1};
  return spec;
}

/// The arrays of a case, in one memory space. Null where the case has none.
struct ResampleArrays {
  const void* values = nullptr;
  const void* times = nullptr;
  const void* queries = nullptr;
  const std::int64_t* sample_offsets = nullptr;
  const std::int64_t* row_offsets = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  void* out = nullptr;
  std::uint8_t* status = nullptr;
};

/// Times and everything else that lives on the host. Stamps are drawn from integers; those of float seconds are kept as
/// nanoseconds too, which are in the same order.
struct ResampleProblem {
  ResampleCase spec;
  std::vector<std::int64_t> sample_offsets;  ///< [segments + 1]
  std::vector<std::int64_t> row_offsets;     ///< [segments + 1]
  std::vector<std::int64_t> stamps;
  std::vector<std::int64_t> queries;  ///< the time of every row; the operator is given them unless `asked` is grid
  std::vector<float> stamps_f32;
  std::vector<float> queries_f32;
  std::vector<float> scale;
  std::vector<float> shift;
  std::vector<robocache::ChannelGroup> groups;

  std::int64_t samples() const { return sample_offsets.back(); }
  std::int64_t rows() const { return row_offsets.back(); }
  std::int64_t group_count() const { return groups.empty() ? 1 : static_cast<std::int64_t>(groups.size()); }
  std::int64_t stamp_bytes() const { return spec.f32_seconds ? 4 : 8; }
  bool stored_queries() const { return spec.asked != ResampleCase::Asked::grid; }

  /// Arguments for the whole problem, or, with one segment's arrays, for that segment.
  robocache::ResampleArgs args(const ResampleArrays& arrays, std::int64_t first_segment, std::int64_t segments) const;
  robocache::ResampleArgs args(const ResampleArrays& arrays) const { return args(arrays, 0, spec.segments); }

  /// Each 32-byte sector of values, bracketing times and stored queries that is touched, once; each byte of output.
  std::int64_t bytes() const;
};

inline std::int64_t rounded_division(std::int64_t a, std::int64_t b) { return (a + b / 2) / b; }

inline ResampleProblem make_problem(const ResampleCase& spec) {
  ResampleProblem problem;
  problem.spec = spec;
  std::mt19937_64 random(20260101);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
  };
  const std::int64_t period = 1'000'000'000 / spec.hertz;
  const std::int64_t jitter = period / 5;

  problem.sample_offsets.push_back(0);
  problem.row_offsets.push_back(0);
  for (std::int64_t s = 0; s < spec.segments; ++s) {
    const std::int64_t length = spec.ragged() ? spec.shortest + below(spec.samples - spec.shortest + 1) : spec.samples;
    const std::int64_t first = spec.f32_seconds ? 0 : 1'700'000'000'000'000'000 + s * 3'600'000'000'000 + below(period);
    const std::int64_t last = first + (length - 1) * period;
    for (std::int64_t i = 0; i < length; ++i) {
      // The ends are not jittered, so that the grid lies inside the recording.
      const bool inside = i > 0 && i + 1 < length;
      problem.stamps.push_back(first + i * period + (inside ? below(2 * jitter + 1) - jitter : 0));
    }
    const auto grid_time = [&](std::int64_t k) {
      return first + rounded_division(k * 1'000'000'000 * spec.rate.den, spec.rate.num);
    };
    std::int64_t rows = spec.rows;
    if (spec.ragged()) {
      for (rows = 0; grid_time(rows) <= last;) ++rows;
    }
    const std::size_t first_row = problem.queries.size();
    for (std::int64_t k = 0; k < rows; ++k) problem.queries.push_back(grid_time(k));
    if (spec.asked == ResampleCase::Asked::shuffled) {
      for (std::int64_t k = rows - 1; k > 0; --k) {
        std::swap(problem.queries[first_row + static_cast<std::size_t>(k)],
                  problem.queries[first_row + static_cast<std::size_t>(below(k + 1))]);
      }
    }
    problem.sample_offsets.push_back(problem.sample_offsets.back() + length);
    problem.row_offsets.push_back(problem.row_offsets.back() + rows);
  }
  if (spec.f32_seconds) {
    const auto to_seconds = [](std::vector<std::int64_t>& nanoseconds) {
      std::vector<float> seconds;
      seconds.reserve(nanoseconds.size());
      for (std::int64_t& t : nanoseconds) {
        seconds.push_back(static_cast<float>(static_cast<double>(t) * 1e-9));
        t = std::llround(static_cast<double>(seconds.back()) * 1e9);
      }
      return seconds;
    };
    problem.stamps_f32 = to_seconds(problem.stamps);
    problem.queries_f32 = to_seconds(problem.queries);
  }
  if (spec.affine) {
    for (std::int64_t c = 0; c < spec.width; ++c) {
      problem.scale.push_back(static_cast<float>(1 + below(1000)) / 256.0f);
      problem.shift.push_back(static_cast<float>(below(1000) - 500) / 128.0f);
    }
  }
  if (spec.pose) {
    problem.groups = {robocache::channels(static_cast<std::int32_t>(spec.width - 4), spec.interpolation),
                      robocache::rotation(robocache::RotationFormat::quaternion_xyzw)};
  }
  return problem;
}

inline robocache::ResampleArgs ResampleProblem::args(const ResampleArrays& arrays, std::int64_t first_segment,
                                                     std::int64_t segments) const {
  const std::size_t first = static_cast<std::size_t>(first_segment);
  const std::size_t end = static_cast<std::size_t>(first_segment + segments);
  const std::int64_t sample_count = sample_offsets[end] - sample_offsets[first];
  const std::int64_t row_count = row_offsets[end] - row_offsets[first];
  const bool whole_ragged = spec.ragged() && arrays.sample_offsets != nullptr;

  const auto times_of = [&](const void* data) {
    return spec.f32_seconds ? robocache::Times(static_cast<const float*>(data))
                            : robocache::Times(static_cast<const std::int64_t*>(data));
  };
  robocache::ResampleArgs args;
  args.source.times = times_of(arrays.times);
  args.source.values = {arrays.values, spec.in, sample_count, spec.width, spec.width};
  args.source.segments = whole_ragged ? robocache::ragged(arrays.sample_offsets, segments)
                                      : robocache::uniform(segments, sample_count / segments);
  args.source.interpolation = spec.interpolation;
  args.source.groups = groups.empty() ? nullptr : groups.data();
  args.source.group_count = static_cast<std::int32_t>(groups.size());
  args.source.scale = arrays.scale;
  args.source.shift = arrays.shift;
  if (stored_queries()) {
    args.at = robocache::at_times(times_of(arrays.queries), row_count / segments);
  } else if (whole_ragged) {
    args.at = robocache::every(spec.rate, arrays.row_offsets);
  } else {
    args.at = robocache::every(spec.rate, row_count / segments);
  }
  args.out = {arrays.out, spec.out, row_count, spec.width, spec.width};
  args.status = arrays.status;
  return args;
}

inline std::int64_t ResampleProblem::bytes() const {
  // Samples used before and after the bracket's left one.
  std::int64_t before = 0;
  std::int64_t after = 1;
  switch (spec.interpolation) {
    case Interpolation::cubic:
    case Interpolation::pchip:
      before = 1, after = 2;
      break;
    case Interpolation::akima:
      before = 2, after = 3;
      break;
    default:
      break;
  }
  std::vector<bool> time_marks(stamps.size());
  std::vector<bool> value_marks(stamps.size());
  for (std::size_t s = 0; s + 1 < sample_offsets.size(); ++s) {
    const std::int64_t begin = sample_offsets[s];
    const std::int64_t end = sample_offsets[s + 1];
    std::int64_t i = begin;
    for (std::int64_t row = row_offsets[s]; row < row_offsets[s + 1]; ++row) {
      const std::int64_t q = queries[static_cast<std::size_t>(row)];
      const auto stamp = [&](std::int64_t at) { return stamps[static_cast<std::size_t>(at)]; };
      if (stamp(i) > q) i = begin;
      if (stamp(i) > q) continue;
      if (i + 8 < end && stamp(i + 8) <= q) {
        i = std::upper_bound(stamps.begin() + i, stamps.begin() + end, q) - stamps.begin() - 1;
      }
      while (i + 1 < end && stamp(i + 1) <= q) ++i;
      const auto mark = [](std::vector<bool>& marks, std::int64_t first, std::int64_t last) {
        for (std::int64_t at = first; at <= last; ++at) marks[static_cast<std::size_t>(at)] = true;
      };
      if (stamp(i) == q) {
        mark(time_marks, i, i);
        mark(value_marks, i, i);
        continue;
      }
      if (i + 1 == end) continue;  // outside: filled
      const std::int64_t first = std::max(begin, i - before);
      const std::int64_t last = std::min(end - 1, i + after);
      mark(time_marks, first, last);
      if (spec.interpolation == Interpolation::previous) {
        mark(value_marks, i, i);
      } else if (spec.interpolation == Interpolation::nearest) {
        const std::int64_t nearest = q - stamp(i) <= stamp(i + 1) - q ? i : i + 1;
        mark(value_marks, nearest, nearest);
      } else {
        mark(value_marks, first, last);
      }
    }
  }
  std::int64_t total = sector_bytes(time_marks, stamp_bytes());
  total += sector_bytes(value_marks, spec.width * robocache::size_of(spec.in));
  if (stored_queries()) total += sector_bytes(std::vector<bool>(queries.size(), true), stamp_bytes());
  total += rows() * spec.width * robocache::size_of(spec.out);
  if (spec.status) total += rows() * group_count();
  return total;
}

}  // namespace robocache_bench
