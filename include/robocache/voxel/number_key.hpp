// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Keys of doubles are ordered as the numbers are; those of numbers are above 0 and below its complement.
ROBOCACHE_HD inline std::uint64_t key_of(double value) noexcept {
  const auto bits = bit_cast<std::uint64_t>(value);
  return bits >> 63 != 0 ? ~bits : bits | std::uint64_t{1} << 63;
}
ROBOCACHE_HD inline double number_of(std::uint64_t key) noexcept {
  return bit_cast<double>(key >> 63 != 0 ? key & ~(std::uint64_t{1} << 63) : ~key);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
