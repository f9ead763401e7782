// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/views.hpp>
#include <robocache/temporal/clock.hpp>

#include <cstdint>
#include <type_traits>

// Sorted search among one segment's stamps, for one query, by one thread: host and device, also in a user's kernel.

ROBOCACHE_NAMESPACE_BEGIN

/// Stamps are compared as integers (ns), or as doubles (seconds, exact for stored floats).
template <class Stamp>
using time_value_t = std::conditional_t<std::is_same<Stamp, std::int64_t>::value, std::int64_t, double>;

/// One segment's corrected stamps. Stamp is std::int64_t, double or float.
template <class Stamp>
struct Stamps {
  using Value = time_value_t<Stamp>;

  const Stamp* data;   ///< the segment's first stamp
  std::int64_t count;  ///< its samples
  Clock clock;

  ROBOCACHE_HD Value operator[](std::int64_t i) const noexcept { return corrected(static_cast<Value>(data[i]), clock); }
};

namespace detail {

/// later - earlier, rounded once to F. Integers are subtracted as integers.
template <class F>
ROBOCACHE_HD inline F span(std::int64_t later, std::int64_t earlier) noexcept {
  return static_cast<F>(distance(later, earlier));
}
template <class F>
ROBOCACHE_HD inline F span(double later, double earlier) noexcept {
  return static_cast<F>(later - earlier);
}

/// later - earlier <= limit, which is in ns for both.
ROBOCACHE_HD inline bool within(std::int64_t later, std::int64_t earlier, std::int64_t limit) noexcept {
  return limit == INT64_MAX || distance(later, earlier) <= static_cast<std::uint64_t>(limit);
}
ROBOCACHE_HD inline bool within(double later, double earlier, std::int64_t limit) noexcept {
  return limit == INT64_MAX || later - earlier <= static_cast<double>(limit) * 1e-9;
}

ROBOCACHE_HD inline std::int64_t moved(std::int64_t t, std::int64_t by) noexcept { return saturating_add(t, by); }
ROBOCACHE_HD inline double moved(double t, std::int64_t by) noexcept { return fma(static_cast<double>(by), 1e-9, t); }

/// The last index i with t[i] <= q (or t[i] < q if Strict), -1 if none. The first guess assumes evenly spaced stamps,
/// then steps double and a bisection ends it: 2 dependent reads for a regular sensor, at most 2 log2(n) + 3 for any.
/// The sequence of probes depends on the stamps alone and stays inside the segment, so that unsorted stamps give a
/// defined index with t[i] <= q, and t[i+1] <= q not true. A NaN stamp counts as after q; a NaN q as before everything.
template <bool Strict, class Stamp>
ROBOCACHE_HD inline std::int64_t last_before(const Stamps<Stamp>& t, time_value_t<Stamp> q) noexcept {
  using Value = time_value_t<Stamp>;
  const auto before = [q](Value stamp) { return Strict ? stamp < q : stamp <= q; };
  if (t.count == 0) return -1;
  const Value first = t[0], last = t[t.count - 1];
  if (!before(first)) return -1;
  if (before(last)) return t.count - 1;

  std::int64_t low = 0, high = t.count - 1;  // before(t[low]) and not before(t[high]), as read
  const float position = span<float>(q, first) * divide(static_cast<float>(high), span<float>(last, first));
  // A NaN (infinite or NaN stamps) or a position outside lands at an end.
  std::int64_t guess =
      position >= 0.0f && position < static_cast<float>(high) ? static_cast<std::int64_t>(position) : 0;
  if (guess > high - 1) guess = high - 1;

  // Four neighbours at once: their reads do not wait for one another, and the guess is seldom further off.
  const std::int64_t guesses[4] = {guess > 0 ? guess - 1 : 0, guess, guess + 1, guess + 2 < high ? guess + 2 : high};
  const Value around[4] = {t[guesses[0]], t[guesses[1]], t[guesses[2]], t[guesses[3]]};
  if (before(around[1])) {
    if (!before(around[2])) return guess;
    low = guess + 1;
    if (!before(around[3])) return low;
    low = guesses[3];
    for (std::int64_t step = 1; low + step < high; step *= 2) {
      if (!before(t[low + step])) {
        high = low + step;
        break;
      }
      low += step;
    }
  } else {
    high = guess;
    if (before(around[0])) return guesses[0];
    high = guesses[0];
    for (std::int64_t step = 1; high - step > low; step *= 2) {
      if (before(t[high - step])) {
        low = high - step;
        break;
      }
      high -= step;
    }
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    if (before(t[middle])) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

template <class Stamp>
ROBOCACHE_HD inline Stamps<Stamp> stamps_of(const void* times, const RowRange& rows, const Clock& clock) noexcept {
  return {static_cast<const Stamp*>(times) + rows.begin, rows.end - rows.begin, clock};
}

}  // namespace detail

/// The last index i with t[i] <= q, or -1: the left end of the bracket of q, and the sample that `previous` takes.
template <class Stamp>
ROBOCACHE_HD inline std::int64_t last_not_after(const Stamps<Stamp>& t, time_value_t<Stamp> q) noexcept {
  return detail::last_before<false>(t, q);
}

/// The first index i with t[i] >= q, or t.count: the sample that `next` takes.
template <class Stamp>
ROBOCACHE_HD inline std::int64_t first_not_before(const Stamps<Stamp>& t, time_value_t<Stamp> q) noexcept {
  return detail::last_before<true>(t, q) + 1;
}

ROBOCACHE_NAMESPACE_END
