// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/types.hpp>

#include <cstdint>
#include <type_traits>

// Non-owning, trivially copyable descriptions of caller memory. Device memory for stream calls, host memory for Host
// calls; nothing here reads it.

ROBOCACHE_NAMESPACE_BEGIN

/// A row-major matrix [count, width] whose rows are `pitch` elements apart, so that any channel slice of a wider tensor
/// is one too. The element type is a tag.
template <class Void>
struct BasicRows {
  Void* data = nullptr;
  ElementType type = ElementType::f32;
  std::int64_t count = 0;  ///< rows
  std::int64_t width = 0;  ///< elements used of each row
  std::int64_t pitch = 0;  ///< elements from one row to the next; at least width
};
using Rows = BasicRows<void>;
using ConstRows = BasicRows<const void>;

/// Rows of a typed pointer, for every type that has element_traits; const gives ConstRows.
template <class T>
BasicRows<std::conditional_t<std::is_const<T>::value, const void, void>> rows(T* data, std::int64_t count,
                                                                              std::int64_t width) noexcept {
  return {data, element_traits<std::remove_const_t<T>>::type, count, width, width};
}
template <class T>
BasicRows<std::conditional_t<std::is_const<T>::value, const void, void>> rows(T* data, std::int64_t count,
                                                                              std::int64_t width,
                                                                              std::int64_t pitch) noexcept {
  return {data, element_traits<std::remove_const_t<T>>::type, count, width, pitch};
}

/// Timestamps of a stream, or stored query times. Assign a pointer: `const int64_t*` is nanoseconds, `const double*`
/// and `const float*` are seconds.
struct Times {
  const void* data = nullptr;
  TimeType type = TimeType::int64_ns;

  Times() = default;
  Times(const std::int64_t* p) noexcept : data(p), type(TimeType::int64_ns) {}  // NOLINT(google-explicit-constructor)
  Times(const double* p) noexcept : data(p), type(TimeType::f64_seconds) {}     // NOLINT(google-explicit-constructor)
  Times(const float* p) noexcept : data(p), type(TimeType::f32_seconds) {}      // NOLINT(google-explicit-constructor)
};

/// How rows divide into segments (episodes, recordings). Uniform: segment s holds rows [s*length, (s+1)*length).
/// Ragged (CSR): rows [offsets[s], offsets[s+1]), offsets non-decreasing, in the memory space of the call.
/// Offsets that decrease or leave the rows give unspecified segments, never an access outside.
/// Default: one segment that holds every row.
struct Segments {
  static constexpr std::int64_t every_row = -1;

  const std::int64_t* offsets = nullptr;  ///< [count + 1], or null for uniform
  std::int64_t count = 1;
  std::int64_t length = every_row;  ///< uniform only
};

inline Segments uniform(std::int64_t count, std::int64_t length) noexcept { return {nullptr, count, length}; }
inline Segments ragged(const std::int64_t* offsets, std::int64_t count) noexcept { return {offsets, count, 0}; }

/// What a segment holds whose rows are a ring buffer: known in the memory of the call alone, so that a captured graph
/// reads what is there when it runs. A head outside [0, rows of the segment) counts from the nearest multiple of the
/// rows below it; a count outside [0, rows of the segment] is held at the nearer end.
struct Ring {
  std::int64_t head = 0;   ///< the oldest sample, in rows from the segment's first
  std::int64_t count = 0;  ///< samples
};

/// The rows [begin, end) of one segment.
struct RowRange {
  std::int64_t begin;
  std::int64_t end;
};

namespace detail {

/// Rows of segment s, clamped into [0, total]: offsets that are wrong give wrong rows, never an access outside.
ROBOCACHE_HD inline RowRange segment_rows(const Segments& segments, std::int64_t s, std::int64_t total) noexcept {
  if (segments.offsets == nullptr) {
    if (segments.length == Segments::every_row) return {0, total};
    return {s * segments.length, (s + 1) * segments.length};
  }
  const std::int64_t low = segments.offsets[s];
  const std::int64_t high = segments.offsets[s + 1];
  const std::int64_t begin = low < 0 ? 0 : low > total ? total : low;
  const std::int64_t end = high < begin ? begin : high > total ? total : high;
  return {begin, end};
}

/// The segment that holds output row r of ragged rows: the last s with offsets[s] <= r. -1 or `segments` where none
/// does.
ROBOCACHE_HD inline std::int64_t ragged_segment(const std::int64_t* offsets, std::int64_t segments,
                                                std::int64_t r) noexcept {
  std::int64_t low = -1, high = segments + 1;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    if (offsets[middle] <= r) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/// The same, faster where `near` is the segment or close before it.
ROBOCACHE_HD inline std::int64_t ragged_segment_near(const std::int64_t* offsets, std::int64_t segments, std::int64_t r,
                                                     std::int64_t near) noexcept {
  if (near >= 0 && near < segments && offsets[near] <= r) {
    for (std::int64_t s = near; s < near + 4 && s < segments; ++s) {
      if (r < offsets[s + 1]) return s;
    }
  }
  return ragged_segment(offsets, segments, r);
}

/// The segment that holds row r; outside [0, segments.count) where none does.
ROBOCACHE_HD inline std::int64_t segment_of_row(const Segments& segments, std::int64_t r) noexcept {
  if (segments.offsets != nullptr) return ragged_segment(segments.offsets, segments.count, r);
  if (segments.length == Segments::every_row) return 0;
  return segments.length == 0 ? -1 : r / segments.length;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
