// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/status.hpp>
#include <robocache/core/views.hpp>
#include <robocache/temporal/grid.hpp>

#include <cstdint>
#include <initializer_list>

// The mistakes that the host can see in arguments which several operators share.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

inline bool multiply_overflows(std::int64_t a, std::int64_t b, std::int64_t* product) noexcept {
  return __builtin_mul_overflow(a, b, product);
}

/// The bytes [begin, end) of a view.
struct ByteRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  static ByteRange of(const void* data, std::int64_t bytes) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    return {begin, begin + static_cast<std::uintptr_t>(bytes)};
  }
  bool overlaps(const ByteRange& other) const noexcept {
    return begin < other.end && other.begin < end && begin != end && other.begin != other.end;
  }
};

/// An array that an operator reads or writes, or null.
struct Array {
  const void* data;
  std::int64_t count;
  std::int64_t size;  ///< bytes of an element
  const char* misaligned;

  /// Of null, the count may be any number.
  ByteRange bytes() const noexcept { return data == nullptr ? ByteRange{} : ByteRange::of(data, count * size); }
};

/// Every array aligned, and no output over an input or another output. Sizes in bytes are known not to overflow.
inline Status check_arrays(std::initializer_list<Array> inputs, std::initializer_list<Array> outputs,
                           const char* overlap) noexcept {
  for (const auto& list : {inputs, outputs}) {
    for (const Array& array : list) {
      const std::int64_t alignment = array.size < 8 ? array.size : 8;
      if (reinterpret_cast<std::uintptr_t>(array.data) % static_cast<std::uintptr_t>(alignment) != 0) {
        return {StatusCode::misaligned, array.misaligned};
      }
    }
  }
  for (const Array& output : outputs) {
    for (const Array& input : inputs) {
      if (output.bytes().overlaps(input.bytes())) return {StatusCode::aliasing, overlap};
    }
    for (const Array& other : outputs) {
      if (&other != &output && output.bytes().overlaps(other.bytes())) return {StatusCode::aliasing, overlap};
    }
  }
  return {};
}

/// A matrix: sizes, pitch, alignment, and that its bytes can be counted, which come back as `array`.
struct RowsTexts {
  const char *data, *count, *pitch, *type, *bytes, *alignment;
};
template <class Void>
Status check_rows(const BasicRows<Void>& rows, const RowsTexts& texts, Array* array) noexcept {
  if (!is_known(rows.type)) return {StatusCode::invalid_value, texts.type};
  if (rows.count < 0 || rows.width < 0) return {StatusCode::invalid_size, texts.count};
  if (rows.pitch < rows.width) return {StatusCode::invalid_size, texts.pitch};
  if (rows.count == 0 || rows.width == 0) return {};
  if (rows.data == nullptr) return {StatusCode::null_pointer, texts.data};
  std::int64_t elements = 0, bytes = 0;
  if (multiply_overflows(rows.count - 1, rows.pitch, &elements) ||
      __builtin_add_overflow(elements, rows.width, &elements) ||
      multiply_overflows(elements, size_of(rows.type), &bytes)) {
    return {StatusCode::overflow, texts.bytes};
  }
  if (reinterpret_cast<std::uintptr_t>(rows.data) % static_cast<std::uintptr_t>(size_of(rows.type)) != 0) {
    return {StatusCode::misaligned, texts.alignment};
  }
  *array = {rows.data, bytes, 1, ""};
  return {};
}

/// Stored times: null and alignment. `count` is their number where the host knows it.
inline Status check_times_array(const Times& times, std::int64_t count, const char* null_text, const char* type_text,
                                const char* alignment_text) noexcept {
  if (!is_known(times.type)) return {StatusCode::invalid_value, type_text};
  if (times.data == nullptr && count != 0) return {StatusCode::null_pointer, null_text};
  if (reinterpret_cast<std::uintptr_t>(times.data) % static_cast<std::uintptr_t>(size_of(times.type)) != 0) {
    return {StatusCode::misaligned, alignment_text};
  }
  return {};
}

/// Segments over `samples` rows.
inline Status check_segments(const Segments& segments, std::int64_t samples) noexcept {
  if (segments.count < 0) return {StatusCode::invalid_size, "segments.count: negative"};
  if (segments.count > INT64_MAX / 64) return {StatusCode::overflow, "segments.count: sizes in bytes overflow"};
  if (segments.offsets != nullptr) return {};
  if (segments.length == Segments::every_row) {
    if (segments.count != 1) return {StatusCode::invalid_size, "segments: one segment holds every row"};
    return {};
  }
  std::int64_t covered = 0;
  if (segments.length < 0) return {StatusCode::invalid_size, "segments.length: negative"};
  if (multiply_overflows(segments.count, segments.length, &covered)) {
    return {StatusCode::overflow, "segments: count * length overflows"};
  }
  if (covered > samples) return {StatusCode::invalid_size, "segments: count * length exceeds the samples"};
  return {};
}

inline Status check_clock(const Clock& clock) noexcept {
  if (!is_finite(clock.drift) || clock.drift <= -1.0) {
    return {StatusCode::invalid_value, "clock.drift: must be finite and above -1"};
  }
  return {};
}

inline Status check_rings(const Ring* rings, const Segments& segments) noexcept {
  if (rings == nullptr || segments.offsets == nullptr) return {};
  return {StatusCode::invalid_value, "rings: ring buffers have segments of one length"};
}

/// Rate and start of a grid over segments with such stamps; fills `grid`.
inline Status check_grid(const Queries& at, std::int64_t segments, TimeType stamps, GridStep* grid) noexcept {
  constexpr std::int64_t most = GridStep::largest_term;
  if (at.rate.num < 1 || at.rate.num > most) return {StatusCode::invalid_value, "rate.num: outside [1, 1e9]"};
  if (at.rate.den < 1 || at.rate.den > most) return {StatusCode::invalid_value, "rate.den: outside [1, 1e9]"};
  if (at.start > Queries::Start::per_segment) return {StatusCode::invalid_value, "start: unknown"};
  if (at.start == Queries::Start::per_segment) {
    ROBOCACHE_CHECK(check_times_array(at.times, segments, "starts: null", "args.at.times.type: unknown",
                                      "args.at.times: misaligned"));
    if (at.times.type != stamps) {
      return {StatusCode::unsupported_type, "starts.type: differ from the stream's time type"};
    }
  }
  *grid = GridStep::of(at.rate);
  return {};
}

/// Calls run(Stamp{}) for the listed stamp type that fits the tag.
template <class... Listed, class Run>
Status dispatch_stamp(TimeType type, const Run& run) noexcept {
  Status status(StatusCode::unsupported_type, "times.type: no instantiation for this time type");
  (void)((time_traits<Listed>::type == type && (status = run(Listed{}), true)) || ...);
  return status;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
