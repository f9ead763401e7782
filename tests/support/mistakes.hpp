// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/launch.hpp"

#include <robocache/temporal/queries.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

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
      return windows(stamps, segment_of, 2, stamps, rows / 2);
  }
}

}  // namespace robocache::test
