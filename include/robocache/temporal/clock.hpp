// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// Corrects a sensor's clock: t' = t + offset + drift * (t - reference). A sensor whose stamps are late by a latency L
/// has the offset -L. The drift term is one double product, rounded to the nearest nanosecond, ties to even.
/// Integer sums are held at the ends of int64. Offset and reference are nanoseconds for every time type.
struct Clock {
  std::int64_t offset = 0;     ///< ns
  double drift = 0.0;          ///< seconds per second, above -1. Within +-1e-3 stamps keep their order; put the
                               ///< reference near the recording for more. NaN, which `clocks` may hold, corrects
                               ///< int64 stamps by nothing, and makes stamps in seconds NaN
  std::int64_t reference = 0;  ///< ns
};

/// A corrected stamp, in nanoseconds.
ROBOCACHE_HD inline std::int64_t corrected(std::int64_t t, const Clock& clock) noexcept {
  std::int64_t result = detail::saturating_add(t, clock.offset);
  if (clock.drift != 0.0) {
    const bool after = t >= clock.reference;
    const double span =
        static_cast<double>(after ? detail::distance(t, clock.reference) : detail::distance(clock.reference, t));
    result = detail::saturating_add(result, detail::to_int64(clock.drift * (after ? span : -span)));
  }
  return result;
}

/// A corrected stamp, in seconds.
ROBOCACHE_HD inline double corrected(double t, const Clock& clock) noexcept {
  double result = t;
  if (clock.offset != 0) result = detail::fma(static_cast<double>(clock.offset), 1e-9, result);
  if (clock.drift != 0.0) {
    const double span = detail::fma(static_cast<double>(clock.reference), -1e-9, t);
    result = detail::fma(clock.drift, span, result);
  }
  return result;
}

ROBOCACHE_NAMESPACE_END
