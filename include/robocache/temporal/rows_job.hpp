// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/status.hpp>
#include <robocache/core/views.hpp>
#include <robocache/temporal/bracket.hpp>
#include <robocache/temporal/checks.hpp>
#include <robocache/temporal/clock.hpp>
#include <robocache/temporal/grid.hpp>
#include <robocache/temporal/queries.hpp>

#include <cstdint>

// Output rows among a stream's stamps, for every operator that takes Queries: their checks, and where row r is.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The stamps of one stream, in their segments.
struct StampSource {
  const void* times = nullptr;
  std::int64_t samples = 0;
  Segments segments;
  Clock clock;
  const Clock* clocks = nullptr;
  const Ring* rings = nullptr;
};

/// The rows that are asked for.
struct WantedRows {
  Queries at;
  GridStep grid;
  Divisor by_steps;
  std::int64_t rows = 0;  ///< of the output; ragged queries may leave some of them alone
};

/// Both, for an operator on one stream.
struct RowsJob : StampSource, WantedRows {};

/// The `rows` that `at` asks for among segments with such stamps; fills `wanted`. `wrong_rows` is the text where `at`
/// gives another number.
inline Status check_queries(const Queries& at, std::int64_t segments, TimeType stamps, std::int64_t rows,
                            const char* wrong_rows, WantedRows* wanted) noexcept {
  if (at.kind > Queries::Kind::windows) return {StatusCode::invalid_value, "args.at.kind: unknown"};
  if (at.steps < 0) return {StatusCode::invalid_size, "args.at.steps: negative"};
  const bool ragged_rows = at.row_offsets != nullptr;
  if (ragged_rows && (at.kind == Queries::Kind::shared_times || at.kind == Queries::Kind::windows)) {
    return {StatusCode::invalid_value, "args.at.row_offsets: only stored times and grids have ragged rows"};
  }
  const std::int64_t repeats = at.kind == Queries::Kind::windows ? at.anchor_count : segments;
  if (repeats < 0) return {StatusCode::invalid_size, "args.at.anchor_count: negative"};
  if (!ragged_rows) {
    std::int64_t product = 0;
    if (multiply_overflows(repeats, at.steps, &product)) {
      return {StatusCode::overflow, "args.at.steps: rows overflow"};
    }
    if (product != rows) return {StatusCode::invalid_size, wrong_rows};
  }
  // Stored times and segments, also where no row is asked for.
  constexpr std::int64_t most_stored = INT64_MAX / 8;
  const bool is_window = at.kind == Queries::Kind::windows;
  if ((at.kind == Queries::Kind::times && rows > most_stored) || (is_window && at.anchor_count > most_stored) ||
      ((is_window || at.kind == Queries::Kind::shared_times) && at.steps > most_stored)) {
    return {StatusCode::overflow, "args.at.times: sizes in bytes overflow"};
  }
  wanted->at = at;
  wanted->by_steps = Divisor(larger<std::int64_t>(at.steps, 1));
  wanted->rows = rows;
  if (rows == 0) return {};
  if (at.kind == Queries::Kind::grid) {
    ROBOCACHE_CHECK(check_grid(at, segments, stamps, &wanted->grid));
    if ((ragged_rows ? rows : at.steps) > wanted->grid.longest()) {
      return {StatusCode::overflow, "args.at.steps: the grid leaves int64 nanoseconds"};
    }
    return {};
  }
  ROBOCACHE_CHECK(check_times_array(at.times, rows, "args.at.times: null", "args.at.times.type: unknown",
                                    "args.at.times: misaligned"));
  if (at.times.type != stamps) {
    return {StatusCode::unsupported_type, "args.at.times.type: differs from the stream's time type"};
  }
  if (at.kind == Queries::Kind::windows) {
    if (at.segment_of == nullptr) return {StatusCode::null_pointer, "args.at.segment_of: null"};
    ROBOCACHE_CHECK(check_times_array(at.offsets, rows, "args.at.offsets: null", "args.at.offsets.type: unknown",
                                      "args.at.offsets: misaligned"));
    if (at.offsets.type != stamps) {
      return {StatusCode::unsupported_type, "args.at.offsets.type: differs from the stream's time type"};
    }
  }
  return {};
}

/// The arrays that Queries point at, for check_arrays; null where they are not read.
struct QueryArrays {
  Array row_offsets, times, segment_of, offsets;

  static QueryArrays of(const WantedRows& wanted, std::int64_t segments, TimeType stamps) noexcept {
    const Queries& at = wanted.at;
    const bool grid_starts = at.kind == Queries::Kind::grid && at.start == Queries::Start::per_segment;
    const bool is_window = at.kind == Queries::Kind::windows;
    const std::int64_t stored = at.kind == Queries::Kind::times          ? wanted.rows
                                : at.kind == Queries::Kind::shared_times ? at.steps
                                : is_window                              ? at.anchor_count
                                : grid_starts                            ? segments
                                                                         : 0;
    const std::int64_t bytes = size_of(stamps);
    return {{at.row_offsets, segments + 1, 8, "args.at.row_offsets: misaligned"},
            {stored != 0 ? at.times.data : nullptr, stored, bytes, "args.at.times: misaligned"},
            {is_window ? at.segment_of : nullptr, at.anchor_count, 8, "args.at.segment_of: misaligned"},
            {is_window ? at.offsets.data : nullptr, at.steps, bytes, "args.at.offsets: misaligned"}};
  }
};

/// Where a row's value comes from: a segment's stamps, and a time.
template <class Stamp>
struct RowQuery {
  Stamps<Stamp> stamps = {nullptr, 0, {}};      ///< none where the row has no segment
  SearchGuide<time_value_t<Stamp>> guide = {};  ///< of stamps
  time_value_t<Stamp> at = {};
  std::int64_t first_row = 0;  ///< the source row of stamps[0]
  std::int64_t segment = -1;   ///< whose stamps these are; -1: none yet
  bool wanted = true;          ///< false: the row is outside every segment of ragged rows and stays as it is
};

ROBOCACHE_HD inline std::int64_t later_by(std::int64_t t, std::int64_t by) noexcept { return saturating_add(t, by); }
ROBOCACHE_HD inline double later_by(double t, double by) noexcept { return t + by; }

/// Whether stamps are used as they are logged, in their order. A template argument below, so that corrections and ring
/// buffers cost nothing then.
inline bool has_plain_stamps(const StampSource& source) noexcept {
  return source.clocks == nullptr && source.clock.offset == 0 && source.clock.drift == 0.0 && source.rings == nullptr;
}

/// Whether, besides, numbers of samples and segments fit 32 bits: what the short path of the kernels asks for.
inline bool has_short_path(const StampSource& source) noexcept {
  constexpr std::int64_t most = INT32_MAX - 64;
  return has_plain_stamps(source) && source.samples < most && source.segments.count < most;
}

/// Stamps of segment s.
template <bool Plain, class Stamp>
ROBOCACHE_HD inline Stamps<Stamp> segment_stamps(const StampSource& source, std::int64_t s,
                                                 const RowRange& range) noexcept {
  if (Plain) return stamps_of<Stamp>(source.times, range, Clock{});
  const Clock clock = source.clocks != nullptr ? source.clocks[s] : source.clock;
  if (source.rings == nullptr) return stamps_of<Stamp>(source.times, range, clock);
  return stamps_of<Stamp>(source.times, range, clock, source.rings[s]);
}

/// The first stamp of segment s, 0 where it has none.
template <bool Plain, class Stamp>
ROBOCACHE_HD inline time_value_t<Stamp> first_stamp(const StampSource& source, std::int64_t s) noexcept {
  const auto stamps = segment_stamps<Plain, Stamp>(source, s, segment_rows(source.segments, s, source.samples));
  return stamps.count == 0 ? time_value_t<Stamp>(0) : stamps[0];
}

/// A segment of ragged rows, as a guess where other rows are; none: segment -1.
struct NearRows {
  std::int64_t segment = -1, begin = 0, end = 0;

  ROBOCACHE_HD static NearRows of(const std::int64_t* offsets, std::int64_t segments, std::int64_t s) noexcept {
    if (offsets == nullptr || s < 0 || s >= segments) return {};
    return {s, offsets[s], offsets[s + 1]};
  }
};

/// Row r where all segments have the same number of samples and of rows: everything about it that needs no memory.
template <class Stamp>
struct UniformQuery {
  using Value = time_value_t<Stamp>;

  Stamps<Stamp> stamps;
  std::int64_t first_row;  ///< the source row of stamps[0]
  const Stamp* from;       ///< holds the time, or the start of the grid; null: `start`
  Value start;
  bool is_on_grid;
  Value after;  ///< the start of the grid

  static bool fits(const StampSource& source, const WantedRows& wanted) noexcept {
    return has_plain_stamps(source) && source.segments.offsets == nullptr && wanted.at.row_offsets == nullptr &&
           wanted.at.kind != Queries::Kind::windows;
  }

  /// r < 2^31; a grid of first stamps starts at those of `starts`. Both fit.
  ROBOCACHE_HD static UniformQuery of(const StampSource& source, const StampSource& starts, const WantedRows& wanted,
                                      std::uint32_t r) noexcept {
    const Queries& at = wanted.at;
    const std::uint32_t s = wanted.by_steps.divide_short(r);
    const std::uint32_t step = r - s * static_cast<std::uint32_t>(at.steps);
    const auto length = [](const StampSource& of) {
      return of.segments.length == Segments::every_row ? of.samples : of.segments.length;
    };
    const std::int64_t samples = length(source), first_row = s * samples;
    const auto* times = static_cast<const Stamp*>(at.times.data);
    UniformQuery query = {
        {static_cast<const Stamp*>(source.times) + first_row, samples, {}}, first_row, nullptr, 0, false, 0};
    if (at.kind == Queries::Kind::grid) {
      query.is_on_grid = true;
      query.after = grid_time(wanted.grid, Value(0), step);
      if (at.start == Queries::Start::given) query.start = given_start<Value>(at.start_time);
      if (at.start == Queries::Start::per_segment) query.from = times + s;
      if (at.start == Queries::Start::first_stamp && length(starts) != 0) {
        query.from = static_cast<const Stamp*>(starts.times) + s * length(starts);
      }
    } else {
      query.from = times + (at.kind == Queries::Kind::times ? r : step);
    }
    return query;
  }
  ROBOCACHE_HD Value time() const noexcept {
    const Value t = from != nullptr ? static_cast<Value>(*from) : start;
    return is_on_grid ? later_by(t, after) : t;
  }
};

/// Locates row r. `row` is that of an earlier row, whose segment is kept if it is the same, or a fresh one. `near` is a
/// guess of the segment, where rows are ragged. A grid of first stamps starts at those of `starts`. Plain: both sources
/// have plain stamps.
template <bool Plain, class Stamp>
ROBOCACHE_HD inline void locate_row(const StampSource& source, const StampSource& starts, const WantedRows& wanted,
                                    std::int64_t r, const NearRows& near, RowQuery<Stamp>& row) noexcept {
  using Value = time_value_t<Stamp>;
  const Queries& at = wanted.at;
  std::int64_t block, step;  // segment (or anchor) and position in it
  row.wanted = true;
  if (at.row_offsets != nullptr) {
    std::int64_t begin = near.begin;
    block = near.segment;
    if (r < near.begin || r >= near.end) {
      block = ragged_segment_near(at.row_offsets, source.segments.count, r, near.segment);
      row.wanted = block >= 0 && block < source.segments.count;
      if (!row.wanted) return;
      begin = at.row_offsets[block];
    }
    step = r - larger<std::int64_t>(begin, 0);
  } else {
    block = wanted.by_steps.divide(r);
    step = r - block * at.steps;
  }
  const std::int64_t s = at.kind == Queries::Kind::windows ? at.segment_of[block] : block;
  if (s < 0 || s >= source.segments.count) {
    row = {};
    return;
  }
  if (s != row.segment) {
    const RowRange range = segment_rows(source.segments, s, source.samples);
    row.stamps = segment_stamps<Plain, Stamp>(source, s, range);
    row.guide = SearchGuide<Value>::of(row.stamps);
    row.first_row = range.begin;
    row.segment = s;
  }
  if (Plain) row.stamps = {row.stamps.data, row.stamps.count, Clock{}};  // for the compiler, whatever row held
  const Stamp* times = static_cast<const Stamp*>(at.times.data);
  switch (at.kind) {
    case Queries::Kind::times:
      row.at = static_cast<Value>(times[r]);
      break;
    case Queries::Kind::shared_times:
      row.at = static_cast<Value>(times[step]);
      break;
    case Queries::Kind::grid:
      row.at = grid_time(wanted.grid,
                         at.start == Queries::Start::first_stamp && &source != &starts
                             ? first_stamp<Plain, Stamp>(starts, s)
                             : grid_start<Stamp>(at, row.guide.first, s),
                         step);
      break;
    case Queries::Kind::windows:
      row.at = later_by(static_cast<Value>(times[block]),
                        static_cast<Value>(static_cast<const Stamp*>(at.offsets.data)[step]));
      break;
  }
}
template <bool Plain, class Stamp>
ROBOCACHE_HD inline void locate_row(const RowsJob& job, std::int64_t r, const NearRows& near,
                                    RowQuery<Stamp>& row) noexcept {
  locate_row<Plain>(job, job, job, r, near, row);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
