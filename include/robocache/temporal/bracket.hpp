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
  std::int64_t head = 0;      ///< ring buffers: rows from `data` to the oldest sample
  std::int64_t capacity = 0;  ///< rows of the ring buffer; 0: samples lie in order

  /// Rows from `data` to sample i.
  ROBOCACHE_HD std::int64_t place(std::int64_t i) const noexcept {
    const std::int64_t at = i + head;
    return capacity != 0 && at >= capacity ? at - capacity : at;
  }
  ROBOCACHE_HD Value operator[](std::int64_t i) const noexcept {
    return corrected(static_cast<Value>(data[place(i)]), clock);
  }
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

/// The quotient of two spans of time. In nanoseconds both are 0 or within [1, 2^64].
template <class F>
ROBOCACHE_HD inline F divide_spans(F a, F b, std::int64_t) noexcept {
  return divide_moderate(a, b);
}
template <class F>
ROBOCACHE_HD inline F divide_spans(F a, F b, double) noexcept {
  return divide(a, b);
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

/// later - earlier in ns, held at the ends of int64; from seconds rounded to nearest, ties to even. NaN gives 0.
ROBOCACHE_HD inline std::int64_t nanoseconds_between(std::int64_t later, std::int64_t earlier) noexcept {
  constexpr std::uint64_t most = INT64_MAX;
  if (later >= earlier) return static_cast<std::int64_t>(smaller(distance(later, earlier), most));
  return -static_cast<std::int64_t>(smaller(distance(earlier, later) - 1, most)) - 1;
}
ROBOCACHE_HD inline std::int64_t nanoseconds_between(double later, double earlier) noexcept {
  return to_int64((later - earlier) * 1e9);
}

/// What a search needs to know of a segment, whatever the query.
template <class Value>
struct SearchGuide {
  Value first, last;
  float samples_per_unit;  ///< of time, on average

  template <class Stamp>
  ROBOCACHE_HD static SearchGuide of(const Stamps<Stamp>& t) noexcept {
    if (t.count == 0) return {Value(0), Value(0), 0.0f};
    const Value first = t[0], last = t[t.count - 1];
    return {first, last, divide_spans(static_cast<float>(t.count - 1), span<float>(last, first), first)};
  }
};

/// Two neighbouring stamps around a query, as the search read them.
template <class Value>
struct Bracket {
  std::int64_t index;  ///< of left; -1: none
  Value left;          ///< t[index], if index >= 0
  Value right;         ///< t[index + 1], if index + 1 < count
};

/// Makes the device look at all four before it branches on one: it would move the reads behind the branches that make
/// them unnecessary, where each waits for the one before.
ROBOCACHE_HD inline void look_at_once(bool& a, bool& b, bool& c, bool& d) noexcept {
#if defined(__CUDA_ARCH__)
  unsigned int all = (a ? 1u : 0u) | (b ? 2u : 0u) | (c ? 4u : 0u) | (d ? 8u : 0u);
  asm volatile("" : "+r"(all));
  a = (all & 1u) != 0;
  b = (all & 2u) != 0;
  c = (all & 4u) != 0;
  d = (all & 8u) != 0;
#else
  static_cast<void>(a);
  static_cast<void>(b);
  static_cast<void>(c);
  static_cast<void>(d);
#endif
}

/// The last index i with t[i] <= q, -1 if none. The first guess assumes evenly spaced stamps,
/// then steps double and a bisection ends it: 2 dependent reads for a regular sensor, at most 2 log2(n) + 3 for any.
/// The sequence of probes depends on the stamps alone and stays inside the segment, so that unsorted stamps give a
/// defined index with t[i] <= q, and t[i+1] <= q not true. A NaN stamp counts as after q; a NaN q as before everything.
/// Index is the type of sample indices; it holds t.count + 2.
template <class Index, class Stamp>
ROBOCACHE_HD inline Bracket<time_value_t<Stamp>> bracket_of(const Stamps<Stamp>& t,
                                                            const SearchGuide<time_value_t<Stamp>>& guide,
                                                            time_value_t<Stamp> q) noexcept {
  using Value = time_value_t<Stamp>;
  const auto before = [q](Value stamp) { return stamp <= q; };
  const Index count = static_cast<Index>(t.count);
  if (count == 0 || !before(guide.first)) return {-1, guide.first, guide.first};
  if (before(guide.last)) return {count - 1, guide.last, guide.last};

  Index low = 0, high = count - 1;  // before(t[low]) and not before(t[high]), as read
  const float position = span<float>(q, guide.first) * guide.samples_per_unit;
  // A NaN (infinite or NaN stamps) or a position outside lands at an end.
  Index guess = position >= 0.0f && position < static_cast<float>(high) ? static_cast<Index>(position) : 0;
  guess = smaller<Index>(guess, high - 1);

  // Four neighbours at once: their reads do not wait for one another, and the guess is seldom further off.
  const Index below = guess > 0 ? guess - 1 : 0, above = smaller<Index>(guess + 2, high);
  const Value at_below = t[below], at_guess = t[guess], at_next = t[guess + 1], at_above = t[above];
  bool is_below = before(at_below), is_guess = before(at_guess), is_next = before(at_next), is_above = before(at_above);
  look_at_once(is_below, is_guess, is_next, is_above);
  if (is_guess) {
    if (!is_next) return {guess, at_guess, at_next};
    if (!is_above) return {guess + 1, at_next, at_above};
    low = above;
    for (Index step = 1; step < high - low; step *= 2) {
      if (!before(t[low + step])) {
        high = low + step;
        break;
      }
      low += step;
    }
  } else {
    if (is_below) return {below, at_below, at_guess};
    high = below;
    for (Index step = 1; step < high - low; step *= 2) {
      if (before(t[high - step])) {
        low = high - step;
        break;
      }
      high -= step;
    }
  }
  while (high - low > 1) {
    const Index middle = low + (high - low) / 2;
    if (before(t[middle])) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return {low, t[low], t[high]};
}

/// The same for t[i] < q: right is the first stamp not before q.
template <class Index, class Stamp>
ROBOCACHE_HD inline Bracket<time_value_t<Stamp>> bracket_before(const Stamps<Stamp>& t,
                                                                const SearchGuide<time_value_t<Stamp>>& guide,
                                                                time_value_t<Stamp> q) noexcept {
  if (is_lowest(q)) return {-1, guide.first, guide.first};
  return bracket_of<Index>(t, guide, predecessor(q));
}

template <class Stamp>
ROBOCACHE_HD inline Stamps<Stamp> stamps_of(const void* times, const RowRange& rows, const Clock& clock) noexcept {
  return {static_cast<const Stamp*>(times) + rows.begin, rows.end - rows.begin, clock};
}
/// The same of a ring buffer.
template <class Stamp>
ROBOCACHE_HD inline Stamps<Stamp> stamps_of(const void* times, const RowRange& rows, const Clock& clock,
                                            const Ring& ring) noexcept {
  Stamps<Stamp> stamps = stamps_of<Stamp>(times, rows, clock);
  const std::int64_t capacity = stamps.count;
  if (capacity == 0) return stamps;
  const std::int64_t head = ring.head % capacity;
  stamps.head = head < 0 ? head + capacity : head;
  stamps.count = clamped<std::int64_t>(ring.count, 0, capacity);
  stamps.capacity = capacity;
  return stamps;
}

}  // namespace detail

/// The last index i with t[i] <= q, or -1: the left end of the bracket of q, and the sample that `previous` takes.
template <class Stamp>
ROBOCACHE_HD inline std::int64_t last_not_after(const Stamps<Stamp>& t, time_value_t<Stamp> q) noexcept {
  return detail::bracket_of<std::int64_t>(t, detail::SearchGuide<time_value_t<Stamp>>::of(t), q).index;
}

/// The first index i with t[i] >= q, or t.count: the sample that `next` takes.
template <class Stamp>
ROBOCACHE_HD inline std::int64_t first_not_before(const Stamps<Stamp>& t, time_value_t<Stamp> q) noexcept {
  return detail::bracket_before<std::int64_t>(t, detail::SearchGuide<time_value_t<Stamp>>::of(t), q).index + 1;
}

ROBOCACHE_NAMESPACE_END
