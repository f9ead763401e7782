// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/temporal/bracket.hpp>
#include <robocache/temporal/queries.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The grid's steps in integers: with period = 1e9*den and num coprime, step k is at
/// (k / num) * period + (k % num) * whole + round((k % num) * rest / num): no product overflows before the time itself
/// does.
struct GridStep {
  std::int64_t period = 0;
  std::int64_t num = 1;
  Divisor by_num;
  std::int64_t whole = 0;  ///< period / num
  std::int64_t rest = 0;   ///< period % num
  double den = 1.0;        ///< for seconds: step k is at k * den / rate_num
  double rate_num = 1.0;

  static constexpr std::int64_t largest_term = 1'000'000'000;

  /// 1 <= rate.num, rate.den <= largest_term.
  static GridStep of(Rate rate) noexcept {
    GridStep step;
    const std::int64_t period = 1'000'000'000 * rate.den;
    std::int64_t a = period, b = rate.num;
    while (b != 0) {
      const std::int64_t remainder = a % b;
      a = b;
      b = remainder;
    }
    step.period = period / a;
    step.num = rate.num / a;
    step.by_num = Divisor(step.num);
    step.whole = step.period / step.num;
    step.rest = step.period % step.num;
    step.den = static_cast<double>(rate.den);
    step.rate_num = static_cast<double>(rate.num);
    return step;
  }

  /// The number of steps whose times all fit int64, rounded down.
  std::int64_t longest() const noexcept { return INT64_MAX / (whole + 1); }

  /// Nanoseconds from the start to step k, 0 <= k < longest().
  ROBOCACHE_HD std::int64_t nanoseconds(std::int64_t k) const noexcept {
    std::int64_t rounds = k, within = 0, result = 0;
    if (num != 1) {
      rounds = by_num.divide(k);
      within = k - rounds * num;
      result = within * whole + by_num.divide(within * rest + num / 2);
    }
    return rounds * period + result;
  }

  /// Seconds from the start to step k.
  ROBOCACHE_HD double seconds(std::int64_t k) const noexcept { return divide(static_cast<double>(k) * den, rate_num); }
};

ROBOCACHE_HD inline std::int64_t grid_time(const GridStep& grid, std::int64_t start, std::int64_t k) noexcept {
  return saturating_add(start, grid.nanoseconds(k));
}
ROBOCACHE_HD inline double grid_time(const GridStep& grid, double start, std::int64_t k) noexcept {
  return start + grid.seconds(k);
}
template <class Value>
ROBOCACHE_HD inline Value given_start(std::int64_t ns) noexcept;
template <>
ROBOCACHE_HD inline std::int64_t given_start<std::int64_t>(std::int64_t ns) noexcept {
  return ns;
}
template <>
ROBOCACHE_HD inline double given_start<double>(std::int64_t ns) noexcept {
  return divide(static_cast<double>(ns), 1e9);  // rounded once: 0.3 s is the 0.3 that a stamp would be
}

/// The start of segment s's grid. `first` is its first corrected stamp, 0 if it has none.
template <class Stamp>
ROBOCACHE_HD inline time_value_t<Stamp> grid_start(const Queries& at, time_value_t<Stamp> first,
                                                   std::int64_t s) noexcept {
  using Value = time_value_t<Stamp>;
  if (at.start == Queries::Start::given) return given_start<Value>(at.start_time);
  if (at.start == Queries::Start::per_segment) return static_cast<Value>(static_cast<const Stamp*>(at.times.data)[s]);
  return first;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
