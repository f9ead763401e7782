// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/views.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// num / den steps per second: {50, 1}, {30, 1}, {30000, 1001}.
struct Rate {
  std::int64_t num = 0;
  std::int64_t den = 1;
};

/// The times at which rows are wanted, in the corrected clock. Sorted or not. Made by the functions below.
/// Pointers are device memory for stream calls and host memory for Host calls.
struct Queries {
  enum class Kind : std::uint8_t { times = 0, shared_times = 1, grid = 2, windows = 3 };
  enum class Start : std::uint8_t { first_stamp = 0, given = 1, per_segment = 2 };

  Kind kind = Kind::times;
  Start start = Start::first_stamp;

  std::int64_t steps = 0;  ///< rows of each segment; with row_offsets unused; windows: offsets per anchor
  const std::int64_t* row_offsets = nullptr;  ///< [segments + 1]: ragged rows

  Times times;  ///< times, shared_times: the queries. grid: the starts, if per segment. windows: the anchors

  Rate rate;                    ///< grid
  std::int64_t start_time = 0;  ///< grid, given: ns, for every time type

  const std::int64_t* segment_of = nullptr;  ///< windows: [anchor_count]
  std::int64_t anchor_count = 0;             ///< windows
  Times offsets;                             ///< windows: [steps]
};

/// `steps` stored query times for each segment, [segments * steps].
inline Queries at_times(Times times, std::int64_t steps) noexcept {
  Queries q;
  q.times = times;
  q.steps = steps;
  return q;
}

inline Queries at_times(Times times, int steps) noexcept { return at_times(times, std::int64_t{steps}); }

/// Stored query times, ragged: row r of the output is at times[r], and segment s has the rows
/// [row_offsets[s], row_offsets[s+1]).
inline Queries at_times(Times times, const std::int64_t* row_offsets) noexcept {
  Queries q;
  q.times = times;
  q.row_offsets = row_offsets;
  return q;
}

/// The same `steps` query times for every segment.
inline Queries at_shared_times(Times times, std::int64_t steps) noexcept {
  Queries q = at_times(times, steps);
  q.kind = Queries::Kind::shared_times;
  return q;
}

/// A grid that is never stored: q[k] = start + round(k * 1e9 * den / num) ns, k = 0 .. steps-1, rounded half up and
/// never accumulated. It starts at each segment's first corrected stamp unless start_at says otherwise.
inline Queries every(Rate rate, std::int64_t steps) noexcept {
  Queries q;
  q.kind = Queries::Kind::grid;
  q.rate = rate;
  q.steps = steps;
  return q;
}

inline Queries every(Rate rate, int steps) noexcept {
  return every(rate, std::int64_t{steps});
}  // a literal 0 is no pointer

/// The same with as many steps in segment s as row_offsets[s+1] - row_offsets[s]; grid_offsets computes them. As many
/// steps as all segments have together must span less than 2^63 ns, for the host knows no other number.
inline Queries every(Rate rate, const std::int64_t* row_offsets) noexcept {
  Queries q = every(rate, 0);
  q.row_offsets = row_offsets;
  return q;
}

/// The grid, started at one time (ns) in every segment.
inline Queries start_at(Queries grid, std::int64_t start_ns) noexcept {
  grid.start = Queries::Start::given;
  grid.start_time = start_ns;
  return grid;
}

/// The grid, started at starts[s] in segment s. `starts` has the time type of the stream.
inline Queries start_at(Queries grid, Times starts) noexcept {
  grid.start = Queries::Start::per_segment;
  grid.times = starts;
  return grid;
}

/// Observation histories and action chunks: row n * horizon + h is at anchors[n] + offsets[h], in segment_of[n].
/// A segment index outside the stream's segments gives filled rows with the status `empty`.
inline Queries windows(Times anchors, const std::int64_t* segment_of, std::int64_t anchor_count, Times offsets,
                       std::int64_t horizon) noexcept {
  Queries q;
  q.kind = Queries::Kind::windows;
  q.times = anchors;
  q.segment_of = segment_of;
  q.anchor_count = anchor_count;
  q.offsets = offsets;
  q.steps = horizon;
  return q;
}

ROBOCACHE_NAMESPACE_END
