// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/launch.hpp"

#include <robocache/temporal/queries.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

// What tests of refused arguments share.

namespace robocache::test {

/// One change to the valid arguments of a Call, and the error that it must give.
template <class Call>
struct Mistake {
  const char* what;
  StatusCode code;
  const char* argument;  ///< which the text must name
  std::function<void(Call&)> make;
  int index = -1;  ///< Status::index()
};

/// p, moved by some bytes.
template <class T>
T* beside(T* p, std::ptrdiff_t bytes) {
  return reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(p) + static_cast<std::uintptr_t>(bytes));
}
template <class Enum>
Enum unknown() {
  return static_cast<Enum>(99);
}

constexpr std::int64_t huge = std::int64_t{1} << 62;

/// Valid queries of a kind that give `rows` rows, for two segments: stamps [rows], segment_of [2], row_offsets [3].
/// The offsets of windows are the second half of the stamps.
inline Queries queries_of(Queries::Kind kind, std::int64_t rows, const std::int64_t* stamps,
                          const std::int64_t* segment_of, const std::int64_t* row_offsets) {
  switch (kind) {
    case Queries::Kind::times:
      return at_times(stamps, row_offsets);
    case Queries::Kind::shared_times:
      return at_shared_times(stamps, rows / 2);
    case Queries::Kind::grid:
      return start_at(every({50, 1}, rows / 2), stamps);
    default:
      return windows(stamps, segment_of, 2, stamps + rows / 2, rows / 2);
  }
}

/// Mistakes in queries_of a kind. Of a Call with `args`, whose `at` they are, and the arrays of queries_of.
template <class Call>
std::vector<Mistake<Call>> query_mistakes(Queries::Kind kind) {
  using K = Queries::Kind;
  using Mistakes = std::vector<Mistake<Call>>;
  if (kind == K::grid) {
    return {
        {"no rate", StatusCode::invalid_value, "rate.num", [](Call& c) { c.args.at.rate = Rate(); }},
        {"rate negative", StatusCode::invalid_value, "rate.num", [](Call& c) { c.args.at.rate.num = -50; }},
        {"rate too fine", StatusCode::invalid_value, "rate.num", [](Call& c) { c.args.at.rate.num = 1'000'000'001; }},
        {"den zero", StatusCode::invalid_value, "rate.den", [](Call& c) { c.args.at.rate.den = 0; }},
        {"den negative", StatusCode::invalid_value, "rate.den", [](Call& c) { c.args.at.rate.den = -1; }},
        {"rate too coarse", StatusCode::invalid_value, "rate.den", [](Call& c) { c.args.at.rate.den = 1'000'000'001; }},
        {"start", StatusCode::invalid_value, "start", [](Call& c) { c.args.at.start = unknown<Queries::Start>(); }},
        {"starts null", StatusCode::null_pointer, "starts", [](Call& c) { c.args.at.times.data = nullptr; }},
        {"starts misaligned", StatusCode::misaligned, "times",
         [](Call& c) { c.args.at.times.data = beside(c.stamps, 4); }},
        {"starts type", StatusCode::invalid_value, "times.type",
         [](Call& c) { c.args.at.times.type = unknown<TimeType>(); }},
        {"starts of another type", StatusCode::unsupported_type, "starts.type",
         [](Call& c) { c.args.at.times.type = TimeType::f32_seconds; }},
        {"steps negative", StatusCode::invalid_size, "args.at.steps", [](Call& c) { c.args.at.steps = -1; }},
        {"steps contradict rows", StatusCode::invalid_size, "args.out.count", [](Call& c) { c.args.at.steps = 3; }},
        {"row offsets misaligned", StatusCode::misaligned, "args.at.row_offsets",
         [](Call& c) { c.args.at.row_offsets = beside(c.row_offsets, 4); }},
    };
  }
  Mistakes mistakes = {
      {"kind", StatusCode::invalid_value, "args.at.kind", [](Call& c) { c.args.at.kind = unknown<K>(); }},
      {"times null", StatusCode::null_pointer, "args.at.times", [](Call& c) { c.args.at.times.data = nullptr; }},
      {"times misaligned", StatusCode::misaligned, "args.at.times",
       [](Call& c) { c.args.at.times.data = beside(c.stamps, 4); }},
      {"times type", StatusCode::invalid_value, "args.at.times.type",
       [](Call& c) { c.args.at.times.type = unknown<TimeType>(); }},
      {"times of another type", StatusCode::unsupported_type, "args.at.times.type",
       [](Call& c) { c.args.at.times.type = TimeType::f64_seconds; }},
      {"steps negative", StatusCode::invalid_size, "args.at.steps", [](Call& c) { c.args.at.steps = -1; }},
  };
  const Mistakes of_times = {
      {"row offsets misaligned", StatusCode::misaligned, "args.at.row_offsets",
       [](Call& c) { c.args.at.row_offsets = beside(c.row_offsets, 4); }},
      {"steps contradict rows", StatusCode::invalid_size, "args.out.count",
       [](Call& c) { c.args.at = at_times(c.stamps, 3); }},
  };
  const Mistakes of_shared_times = {
      {"ragged", StatusCode::invalid_value, "args.at.row_offsets",
       [](Call& c) { c.args.at.row_offsets = c.row_offsets; }},
      {"steps contradict rows", StatusCode::invalid_size, "args.out.count", [](Call& c) { c.args.at.steps = 3; }},
      {"no steps", StatusCode::invalid_size, "args.out.count", [](Call& c) { c.args.at.steps = 0; }},
      {"rows overflow", StatusCode::overflow, "args.at.steps", [](Call& c) { c.args.at.steps = huge; }},
  };
  const Mistakes of_windows = {
      {"segment_of null", StatusCode::null_pointer, "args.at.segment_of",
       [](Call& c) { c.args.at.segment_of = nullptr; }},
      {"segment_of misaligned", StatusCode::misaligned, "args.at.segment_of",
       [](Call& c) { c.args.at.segment_of = beside(c.segment_of, 4); }},
      {"offsets null", StatusCode::null_pointer, "args.at.offsets", [](Call& c) { c.args.at.offsets.data = nullptr; }},
      {"offsets misaligned", StatusCode::misaligned, "args.at.offsets",
       [](Call& c) { c.args.at.offsets.data = beside(c.stamps, 4); }},
      {"offsets type", StatusCode::invalid_value, "args.at.offsets.type",
       [](Call& c) { c.args.at.offsets.type = unknown<TimeType>(); }},
      {"offsets of another type", StatusCode::unsupported_type, "args.at.offsets.type",
       [](Call& c) { c.args.at.offsets.type = TimeType::f64_seconds; }},
      {"anchor count negative", StatusCode::invalid_size, "args.at.anchor_count",
       [](Call& c) { c.args.at.anchor_count = -1; }},
      {"anchors contradict rows", StatusCode::invalid_size, "args.out.count",
       [](Call& c) { c.args.at.anchor_count = 3; }},
      {"rows overflow", StatusCode::overflow, "args.at.steps", [](Call& c) { c.args.at.steps = huge; }},
      {"ragged", StatusCode::invalid_value, "args.at.row_offsets",
       [](Call& c) { c.args.at.row_offsets = c.row_offsets; }},
  };
  const Mistakes& own = kind == K::times ? of_times : kind == K::shared_times ? of_shared_times : of_windows;
  mistakes.insert(mistakes.end(), own.begin(), own.end());
  return mistakes;
}

}  // namespace robocache::test
