// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

// What the cases of all operators share: the names of types, and the bytes that must move. Host only.

namespace robocache_bench {

using robocache::ElementType;

inline const char* name_of(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return "f32";
    case ElementType::f64:
      return "f64";
    case ElementType::f16:
      return "f16";
    case ElementType::u8:
      return "u8";
    default:
      return "bf16";
  }
}

/// Bytes of the sectors that hold the marked records of `size` bytes, the first at a sector boundary.
inline std::int64_t sector_bytes(const std::vector<bool>& marked, std::int64_t size) {
  if (size == 0) return 0;
  std::int64_t sectors = 0;
  std::int64_t next = 0;  // first sector that is not counted yet
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (!marked[i]) continue;
    const std::int64_t begin = static_cast<std::int64_t>(i) * size;
    const std::int64_t end = (begin + size - 1) / 32 + 1;
    sectors += end - std::max(begin / 32, next);
    next = end;
  }
  return sectors * 32;
}

}  // namespace robocache_bench
