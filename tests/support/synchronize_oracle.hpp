// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/views.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

// Approximate time synchronisation by enumeration, for sorted and finite stamps. All unused messages are put into one
// order, by stamp and then by stream. Every message of that order begins one candidate: of each stream the first
// message that is not before it. Nothing is moved between queues and nothing ends a search early.

namespace robocache::test {

__extension__ using WideInteger = __int128;

/// Nanoseconds are exact, seconds have 64 bits.
template <class Stamp>
using SyncTime = std::conditional_t<std::is_same<Stamp, std::int64_t>::value, WideInteger, long double>;

/// later_end * (1 + penalty) >= later_start
inline bool keeps_best(WideInteger later_end, WideInteger later_start, double penalty) {
  int exponent = 0;
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(1.0 + penalty, &exponent), 53));
  return later_end * mantissa >= later_start * (WideInteger{1} << (53 - exponent));
}
inline bool keeps_best(long double later_end, long double later_start, double penalty) {
  return later_end * static_cast<long double>(1.0 + penalty) >= later_start;
}

/// A duration in the unit of the stamps.
template <class Time>
Time sync_duration(std::int64_t nanoseconds) {
  return std::is_same<Time, WideInteger>::value ? static_cast<Time>(nanoseconds)
                                                : static_cast<Time>(static_cast<long double>(nanoseconds) / 1e9L);
}

struct SyncRules {
  std::int64_t max_interval = INT64_MAX;
  double age_penalty = 0.1;
  std::vector<std::int64_t> min_spacing;  ///< of each stream; none: 0
};

/// The sets of one segment; streams[i] are the stamps of stream i. A set has the index in each of them.
template <class Stamp>
std::vector<std::vector<std::int64_t>> expected_sets(const std::vector<std::vector<Stamp>>& streams,
                                                     const SyncRules& rules) {
  using Time = SyncTime<Stamp>;
  struct Event {
    Time time;
    std::size_t stream;
    std::int64_t index;
  };
  struct Candidate {
    std::vector<Event> members;
    bool complete = true;  ///< no member is assumed
    Time start() const { return std::min_element(members.begin(), members.end(), before)->time; }
    /// The latest member, of the highest stream if several are.
    Event last() const { return *std::max_element(members.begin(), members.end(), before); }
    static bool before(const Event& a, const Event& b) {
      return std::tie(a.time, a.stream) < std::tie(b.time, b.stream);
    }
  };
  const std::size_t n = streams.size();
  std::vector<std::int64_t> unused(n, 0);  // the first of each stream
  std::vector<std::vector<std::int64_t>> sets;
  for (;;) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < n; ++i) {
      for (auto k = unused[i]; k < static_cast<std::int64_t>(streams[i].size()); ++k)
        events.push_back({static_cast<Time>(streams[i][static_cast<std::size_t>(k)]), i, k});
    }
    std::stable_sort(events.begin(), events.end(), Candidate::before);

    // What begins with event e. `assumed` stands in for a stream that has nothing left.
    const auto candidate_from = [&](std::size_t e, const std::vector<Event>& assumed) {
      Candidate result;
      for (std::size_t i = 0; i < n; ++i) {
        const auto found = std::find_if(events.begin() + static_cast<std::ptrdiff_t>(e), events.end(),
                                        [i](const Event& event) { return event.stream == i; });
        if (found != events.end()) {
          result.members.push_back(*found);
        } else {
          result.complete = false;
          if (!assumed.empty()) result.members.push_back(assumed[i]);
        }
      }
      return result;
    };

    Candidate best;
    std::size_t e = 0;
    for (; e < events.size(); ++e) {
      best = candidate_from(e, {});
      if (!best.complete || best.last().time - best.start() <= sync_duration<Time>(rules.max_interval)) break;
    }
    if (e == events.size() || !best.complete) return sets;

    const Event pivot = best.last();
    std::vector<Event> assumed;
    for (std::size_t i = 0; i < n; ++i) {
      const Time spacing = rules.min_spacing.empty() ? Time(0) : sync_duration<Time>(rules.min_spacing[i]);
      assumed.push_back({std::max<Time>(pivot.time, static_cast<Time>(streams[i].back()) + spacing), i, -1});
    }
    const auto is_pivot = [&](const Event& event) {
      return event.stream == pivot.stream && event.index == pivot.index;
    };
    while (!is_pivot(events[e])) {
      ++e;
      const Candidate next = candidate_from(e, assumed);
      const bool keep = keeps_best(next.last().time - best.last().time, next.start() - best.start(), rules.age_penalty);
      if (keep) continue;
      if (!next.complete) return sets;  // a message that has yet to come could be better
      best = next;
    }
    sets.emplace_back();
    for (const Event& member : best.members) {
      sets.back().push_back(member.index);
      unused[member.stream] = member.index + 1;
    }
  }
}

}  // namespace robocache::test
