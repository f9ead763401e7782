// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// How a value came about: bits 0-2 of a sample status. Values are stable.
enum class How : std::uint8_t {
  exact = 0,         ///< a sample at the query time
  interpolated = 1,  ///< between two samples
  held = 2,          ///< a sample at another time, within the recording or reached by slack
  clamped = 3,       ///< the end sample, for a query outside the recording
  extrapolated = 4,  ///< beyond the recording
  filled = 5,        ///< the fill value
};

/// Why a value is not plain: bits 3-5 of a sample status. Values are stable.
enum class Why : std::uint8_t {
  none = 0,
  outside = 1,  ///< the query is outside the recording (or is NaN)
  gap = 2,      ///< the bracket is longer than max_gap
  stale = 3,    ///< the sample is older, or further ahead, than max_age
  empty = 4,    ///< the segment has no sample
};

/// Bit 6: among the two stamps before the query and the two after it, one is smaller than its predecessor, or NaN.
constexpr std::uint8_t status_unsorted = 0x40;
/// Bit 7: a computed channel of the group is NaN or infinite before affine and output rounding. Fill is not computed.
constexpr std::uint8_t status_non_finite = 0x80;

ROBOCACHE_HD constexpr std::uint8_t make_status(How how, Why why) noexcept {
  return static_cast<std::uint8_t>(static_cast<unsigned>(how) | static_cast<unsigned>(why) << 3);
}
ROBOCACHE_HD constexpr How how_of(std::uint8_t status) noexcept { return static_cast<How>(status & 7u); }
ROBOCACHE_HD constexpr Why why_of(std::uint8_t status) noexcept { return static_cast<Why>(status >> 3 & 7u); }

/// What a loss mask wants: the value stands for the sensor at that time. Exact, interpolated, or held for no other
/// reason than its kind; from sorted stamps; finite.
ROBOCACHE_HD constexpr bool usable(std::uint8_t status) noexcept {
  return (status & (status_unsorted | status_non_finite)) == 0 && how_of(status) <= How::held &&
         why_of(status) == Why::none;
}

ROBOCACHE_NAMESPACE_END
