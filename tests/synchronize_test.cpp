// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/synchronize.hpp>

#include "support/launch.hpp"
#include "support/random.hpp"
#include "support/synchronize_oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace robocache::test {
namespace {

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;
constexpr std::int64_t ms = 1'000'000;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Set = std::vector<std::int64_t>;  // a row of each stream
using Sets = std::vector<Set>;          // of a segment
template <class Stamp>
using Streams = std::vector<std::vector<Stamp>>;  // stamps of a segment, or of all

/// What is asked for; the defaults are those of the operator.
struct Options : SyncRules {
  std::vector<std::vector<std::int64_t>> offsets;  // of each stream; none: one segment
  std::vector<Clock> clock;                        // of each stream, optional
  std::vector<std::vector<Clock>> clocks;          // of each stream and segment, optional
  std::int64_t capacity = -1;                      // as many as there can be
  int threads = 1;
};

struct Result {
  std::vector<std::int64_t> found;
  std::vector<Sets> sets;  // of each segment
};

class Synchronize : public LauncherTest {
 protected:
  template <class Stamp>
  Result run(const Streams<Stamp>& streams, const Options& options) {
    return run_with(GetParam(), streams, options);
  }

  template <class Stamp>
  static Result run_with(Launcher launcher, const Streams<Stamp>& streams, const Options& options) {
    Arena arena(launcher);
    const std::size_t n = streams.size();
    const std::int64_t segments =
        options.offsets.empty() ? 1 : static_cast<std::int64_t>(options.offsets[0].size()) - 1;
    std::int64_t capacity = options.capacity;
    if (capacity < 0) {
      capacity = INT64_MAX;
      for (const auto& times : streams) capacity = std::min(capacity, static_cast<std::int64_t>(times.size()));
    }
    std::vector<SyncStream> sources(n);
    for (std::size_t i = 0; i < n; ++i) {
      sources[i].times = arena.input(streams[i]);
      sources[i].count = static_cast<std::int64_t>(streams[i].size());
      if (!options.offsets.empty()) sources[i].segments = ragged(arena.input(options.offsets[i]), segments);
      if (!options.clock.empty()) sources[i].clock = options.clock[i];
      if (!options.clocks.empty()) sources[i].clocks = arena.input(options.clocks[i]);
      if (!options.min_spacing.empty()) sources[i].min_spacing = options.min_spacing[i];
    }
    SynchronizeArgs args;
    args.streams = sources.data();
    args.stream_count = static_cast<std::int32_t>(n);
    args.max_interval = options.max_interval;
    args.age_penalty = options.age_penalty;
    args.capacity = capacity;
    const auto width = static_cast<std::int64_t>(n);
    const Output<std::int64_t> sets = arena.output<std::int64_t>(segments * capacity * width);
    const Output<std::int64_t> found = arena.output<std::int64_t>(segments);
    args.sets = sets.data();
    args.set_count = found.data();
    EXPECT_OK(arena.launch(
        [&](auto where) {
          const Status status = synchronize(args, where);
          std::vector<SyncStream>(n).swap(sources);  // the streams are read during the call
          args.streams = sources.data();
          return status;
        },
        options.threads));
    EXPECT_TRUE(arena.inputs_untouched());
    if (launcher == Launcher::graph) {
      EXPECT_EQ(arena.graph_nodes(), 1u);
    }

    Result result = {found.download(), {}};
    const std::vector<std::int64_t> rows = sets.download();
    for (std::int64_t s = 0; s < segments; ++s) {
      result.sets.emplace_back();
      for (std::int64_t k = 0; k < capacity; ++k) {
        const auto row = rows.begin() + (s * capacity + k) * width;
        const Set set(row, row + width);
        if (k < result.found[static_cast<std::size_t>(s)]) {
          result.sets.back().push_back(set);
        } else {
          EXPECT_EQ(set, Set(n, -1)) << "row " << k << " of segment " << s << " is past the count";
        }
      }
    }
    return result;
  }

  /// The sets of one segment.
  template <class Stamp>
  Sets sets_of(const Streams<Stamp>& streams, const Options& options = {}) {
    const Result result = run(streams, options);
    EXPECT_EQ(result.found[0], static_cast<std::int64_t>(result.sets[0].size()));
    return result.sets[0];
  }

  /// Against the oracle, segment by segment.
  template <class Stamp>
  std::int64_t check(const Streams<Stamp>& streams, const Options& options) {
    const Result result = run(streams, options);
    std::int64_t all = 0;
    for (std::size_t s = 0; s < result.sets.size(); ++s) {
      Streams<Stamp> part = streams;
      std::vector<std::int64_t> begins(streams.size(), 0);
      if (!options.offsets.empty()) {
        for (std::size_t i = 0; i < streams.size(); ++i) {
          begins[i] = options.offsets[i][s];
          part[i].assign(streams[i].begin() + begins[i], streams[i].begin() + options.offsets[i][s + 1]);
        }
      }
      Sets expected = expected_sets(part, options);
      all += static_cast<std::int64_t>(expected.size());
      EXPECT_EQ(result.found[s], static_cast<std::int64_t>(expected.size())) << "segment " << s;
      for (Set& set : expected) {
        for (std::size_t i = 0; i < set.size(); ++i) set[i] += begins[i];
      }
      if (options.capacity >= 0 && static_cast<std::int64_t>(expected.size()) > options.capacity)
        expected.resize(static_cast<std::size_t>(options.capacity));
      EXPECT_EQ(result.sets[s], expected) << "segment " << s;
    }
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(, Synchronize, every_launcher(), launcher_name);

using Ns = Streams<std::int64_t>;

TEST_P(Synchronize, EqualStampsMatchExactly) {
  const std::vector<std::int64_t> times = {unix_now, unix_now + 10 * ms, unix_now + 20 * ms};
  EXPECT_EQ(sets_of(Ns{times, times, times}), (Sets{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}}))
      << "nothing can be better than an interval of no length, not even at the end";
}

TEST_P(Synchronize, TheSmallestIntervalAroundThePivotWins) {
  // The pivot is 10 of the slow stream; 11 is nearer to it than 9, but the penalty of the later end is too much.
  const Ns streams = {{0, 4, 9, 11, 16, 25}, {10, 20, 30}};
  Options options;
  EXPECT_EQ(sets_of(streams, options), (Sets{{2, 0}, {4, 1}}));
  // 8 before, 1 after the pivot: the later one.
  EXPECT_EQ(sets_of(Ns{{2, 11, 30}, {10, 40}}), (Sets{{1, 0}}));
  // From 2 to 10 and from 10 to 18 are alike: the earlier, by the penalty; and without one, since it came first.
  EXPECT_EQ(sets_of(Ns{{2, 18, 40}, {10, 50}})[0], (Set{0, 0}));
  options.age_penalty = 0;
  EXPECT_EQ(sets_of(Ns{{2, 18, 40}, {10, 50}}, options)[0], (Set{0, 0}));
  EXPECT_EQ(sets_of(Ns{{2, 17, 40}, {10, 50}}, options)[0], (Set{1, 0}));
}

TEST_P(Synchronize, TheAgePenaltyIsExact) {
  // The candidates are [0, 100] and [start, 110]; 10 * 1.1 is 11.0000000000000009 for the double 1.1.
  const auto first_set = [&](std::int64_t start, std::int64_t end, double penalty) {
    Options options;
    options.age_penalty = penalty;
    return sets_of(Ns{{0, end, 300}, {start, 500}, {100, 600}}, options)[0];
  };
  // The first candidate is {0, start, 100}; leaving 0 out makes {start, 100, end}.
  EXPECT_EQ(first_set(11, 110, 0.1), (Set{0, 0, 0}));
  EXPECT_EQ(first_set(12, 110, 0.1), (Set{1, 0, 0}));
  // 1 + 0.7 is below 1.7 in double: 10 * 1.7 is less than 17, though it rounds to it.
  EXPECT_EQ(first_set(17, 110, 0.7), (Set{1, 0, 0}));
  EXPECT_EQ(first_set(16, 110, 0.7), (Set{0, 0, 0}));
  EXPECT_EQ(first_set(10, 110, 0.0), (Set{0, 0, 0}));
  EXPECT_EQ(first_set(11, 110, 0.0), (Set{1, 0, 0}));
  EXPECT_EQ(first_set(99, 101, 1e300), (Set{0, 0, 0}));
  EXPECT_EQ(first_set(99, 101, std::numeric_limits<double>::max()), (Set{0, 0, 0}));
}

TEST_P(Synchronize, Ties) {
  EXPECT_EQ(sets_of(Ns{{10, 10, 20}, {10, 10, 20}, {10, 10, 20}}), (Sets{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}}));
  check(Ns{{5, 5, 5, 7}, {5, 7, 7}, {5, 5, 7, 7}}, {});
  check(Ns{{5, 7, 7}, {5, 5, 5, 7}}, {});
  EXPECT_EQ(sets_of(Ns{{4, 4, 9}, {4, 9}}), (Sets{{0, 0}, {2, 1}}))
      << "a start that is better by nothing replaces nothing";
}

TEST_P(Synchronize, MessagesAreUsedOnceAndDroppedBetweenSets) {
  // 100 Hz beside 10 Hz: one in ten.
  Ns streams(2);
  for (std::int64_t k = 0; k < 100; ++k) streams[0].push_back(unix_now + k * 10 * ms);
  for (std::int64_t k = 0; k < 10; ++k) streams[1].push_back(unix_now + k * 100 * ms + 3 * ms);
  const Sets sets = sets_of(streams);
  ASSERT_EQ(sets.size(), 10u);
  for (std::size_t k = 0; k < 10; ++k)
    EXPECT_EQ(sets[k], (Set{static_cast<std::int64_t>(10 * k), static_cast<std::int64_t>(k)}));
}

TEST_P(Synchronize, MaxIntervalIsInclusive) {
  const Ns streams = {{0, 100, 200, 400}, {10, 120, 215, 400}};
  Options options;
  options.max_interval = 20;
  EXPECT_EQ(sets_of(streams, options), (Sets{{0, 0}, {1, 1}, {2, 2}, {3, 3}}));
  options.max_interval = 19;
  EXPECT_EQ(sets_of(streams, options), (Sets{{0, 0}, {2, 2}, {3, 3}}));
  options.max_interval = 14;
  EXPECT_EQ(sets_of(streams, options), (Sets{{0, 0}, {3, 3}}));
  options.max_interval = 9;
  EXPECT_EQ(sets_of(streams, options), (Sets{{3, 3}}));
  options.max_interval = 0;
  EXPECT_EQ(sets_of(Ns{{1, 2, 3}, {0, 2, 4}, {2, 2, 2}}, options), (Sets{{1, 1, 0}}));
  // Seconds are compared with the limit in seconds.
  options.max_interval = 500'000'000;
  EXPECT_EQ(sets_of(Streams<double>{{0.0, 2.0, 9.0}, {0.5, 2.5000001, 9.0}}, options), (Sets{{0, 0}, {2, 2}}));
  EXPECT_EQ(sets_of(Streams<float>{{0.0f, 2.0f, 9.0f}, {0.5f, 2.75f, 9.0f}}, options), (Sets{{0, 0}, {2, 2}}));
}

TEST_P(Synchronize, ALastCandidateThatIsNotProvenIsHeldBack) {
  // Stream 0 ends before the pivot at 10. Its next message might come at 10 itself.
  EXPECT_EQ(sets_of(Ns{{0}, {10}}), Sets());
  EXPECT_EQ(sets_of(Ns{{0, 5}, {10, 20}}), Sets());
  EXPECT_EQ(sets_of(Ns{{0, 5, 16}, {10, 20}}), (Sets{{1, 0}}))
      << "16 is not better than 5, and nothing comes before it";
  // The next message of stream 0 comes at 15 at the earliest: [10, 15] is no longer, but ends later.
  Options options;
  options.min_spacing = {10, 0};
  EXPECT_EQ(sets_of(Ns{{0, 5}, {10, 20}}, options), (Sets{{1, 0}}));
  options.min_spacing = {9, 0};
  EXPECT_EQ(sets_of(Ns{{0, 5}, {10, 20}}, options), Sets()) << "(14 - 10) * 1.1 < 10 - 5";
  options.age_penalty = 0.25;
  EXPECT_EQ(sets_of(Ns{{0, 5}, {10, 20}}, options), (Sets{{1, 0}}));
  options.min_spacing = {INT64_MAX, 0};
  EXPECT_EQ(sets_of(Ns{{0, 5}, {10, 20}}, options), (Sets{{1, 0}}));
  EXPECT_EQ(sets_of(Ns{{unix_now, unix_now + 5}, {unix_now + 10}}, options), (Sets{{1, 0}}))
      << "sums are held at the end";

  // What other streams have is used to prove the candidate, also what lies behind the end of the one that ended: after
  // [1, 10] stream 1 has 30, which is too far, or 11, which would do.
  EXPECT_EQ(sets_of(Ns{{1}, {1, 30}, {10}}), (Sets{{0, 0, 0}}));
  EXPECT_EQ(sets_of(Ns{{1}, {1, 11}, {10}}), Sets());
  // The last set of equal stamps needs no proof; the pivot itself is reached.
  EXPECT_EQ(sets_of(Ns{{7}, {7}}), (Sets{{0, 0}}));
}

TEST_P(Synchronize, OneStream) {
  EXPECT_EQ(sets_of(Ns{{5, 7, 7, 100}}), (Sets{{0}, {1}, {2}, {3}}));
  EXPECT_EQ(sets_of(Streams<double>{{1.0, nan, 0.5, inf}}), (Sets{{0}, {2}}));
  EXPECT_EQ(sets_of(Ns{{}}), Sets());
}

TEST_P(Synchronize, EmptyStreams) {
  EXPECT_EQ(sets_of(Ns{{}, {}}), Sets());
  EXPECT_EQ(sets_of(Ns{{1, 2, 3}, {}}), Sets());
  EXPECT_EQ(sets_of(Ns{{}, {1, 2, 3}, {1, 2, 3}}), Sets());
  Options options;
  options.capacity = 3;
  EXPECT_EQ(run(Ns{{1, 2, 3}, {}, {1}}, options).found, (std::vector<std::int64_t>{0})) << "the rows are -1";
  options.offsets = {{0, 0, 1, 3}, {0, 2, 2, 3}};
  EXPECT_EQ(run(Ns{{1, 2, 3}, {1, 2, 2}}, options).sets, (std::vector<Sets>{{}, {}, {{1, 2}}}));
}

TEST_P(Synchronize, NoSegments) {
  Arena arena(GetParam());
  SyncStream streams[2];
  for (SyncStream& stream : streams) {
    stream.times = arena.input(std::vector<std::int64_t>{1, 2});
    stream.count = 2;
    stream.segments = uniform(0, 2);
  }
  SynchronizeArgs args;
  args.streams = streams;
  args.stream_count = 2;
  args.capacity = 5;
  ASSERT_OK(arena.launch([&](auto where) { return synchronize(args, where); }));
}

TEST_P(Synchronize, MoreThanTheCapacityIsCountedAndNotWritten) {
  Ns streams(3);
  for (std::int64_t k = 0; k < 40; ++k) {
    for (std::size_t i = 0; i < 3; ++i)
      streams[i].push_back(unix_now + k * 10 * ms + static_cast<std::int64_t>(i) * ms);
  }
  Options options;
  options.offsets = {{0, 10, 40}, {0, 11, 40}, {0, 9, 40}};
  for (std::int64_t capacity : {0, 1, 5, 8, 9, 10, 29, 100}) {
    options.capacity = capacity;
    EXPECT_GT(check(streams, options), 35) << capacity;
  }
}

TEST_P(Synchronize, CountingNeedsNoSets) {
  Arena arena(GetParam());
  SyncStream streams[2];
  for (SyncStream& stream : streams) {
    stream.times = arena.input(std::vector<std::int64_t>{1, 2, 3, 4});
    stream.count = 4;
    stream.segments = uniform(2, 2);
  }
  const Output<std::int64_t> found = arena.output<std::int64_t>(2);
  SynchronizeArgs args;
  args.streams = streams;
  args.stream_count = 2;
  args.set_count = found.data();
  ASSERT_OK(arena.launch([&](auto where) { return synchronize(args, where); }));
  EXPECT_EQ(found.download(), (std::vector<std::int64_t>{2, 2}));
}

TEST_P(Synchronize, ClocksMoveStamps) {
  // The camera's stamps are late by 40 ms in the first segment and by 140 in the second.
  Ns streams(2);
  std::vector<std::int64_t> shifted;
  for (std::int64_t k = 0; k < 20; ++k) {
    streams[0].push_back(unix_now + k * 100 * ms);
    streams[1].push_back(unix_now + k * 100 * ms + (k < 10 ? 40 : 140) * ms);
  }
  Options options;
  options.offsets = {{0, 10, 20}, {0, 10, 20}};
  EXPECT_NE(run(streams, options).sets[1].front(), (Set{10, 10}));
  options.clocks = {std::vector<Clock>(2), {Clock{-40 * ms, 0.0, 0}, Clock{-140 * ms, 0.0, 0}}};
  const Result right = run(streams, options);
  for (std::size_t s = 0; s < 2; ++s) {
    ASSERT_EQ(right.sets[s].size(), 10u);
    for (std::size_t k = 0; k < 10; ++k) EXPECT_EQ(right.sets[s][k], Set(2, static_cast<std::int64_t>(10 * s + k)));
  }
  // One clock for all segments is the same for the first; a clock of the segment replaces it.
  Options one = options;
  one.clocks.clear();
  one.clock = {Clock{}, Clock{-40 * ms, 0.0, 0}};
  EXPECT_EQ(run(streams, one).sets[0], right.sets[0]);
  EXPECT_NE(run(streams, one).sets[1], right.sets[1]);
  options.clock = {Clock{}, Clock{777 * ms, 0.0, 0}};
  EXPECT_EQ(run(streams, options).sets, right.sets);

  // A drift of one half, exactly: stamps 0, 20, 40 become 0, 30, 60.
  Options drift;
  drift.clock = {Clock{0, 0.5, 0}, Clock{}};
  const Sets expected = {{0, 0}, {1, 2}, {2, 4}};
  EXPECT_EQ(sets_of(Ns{{0, 20, 40}, {1, 20, 31, 40, 61}}, drift), expected);
  EXPECT_EQ(sets_of(Streams<double>{{0, 20, 40}, {1, 20, 31, 40, 61}}, drift), expected);
}

TEST_P(Synchronize, ExtremeStamps) {
  check(Ns{{INT64_MIN, INT64_MAX}, {INT64_MIN, INT64_MAX}}, {});
  Options options;
  options.max_interval = INT64_MAX - 1;
  EXPECT_EQ(sets_of(Ns{{INT64_MIN, INT64_MAX}, {INT64_MAX}}, options), (Sets{{1, 0}})) << "the span does not wrap";
  EXPECT_EQ(sets_of(Ns{{INT64_MIN, INT64_MAX}, {INT64_MAX}}), (Sets{{1, 0}})) << "no limit: replaced, not dropped";
  options.min_spacing = {INT64_MAX, INT64_MAX};
  EXPECT_EQ(sets_of(Ns{{INT64_MAX - 10}, {INT64_MAX - 3}}, options), Sets()) << "(MAX - pivot) * 1.1 < 7";
  EXPECT_EQ(sets_of(Ns{{INT64_MAX - 10}, {INT64_MAX - 8}}, options), (Sets{{0, 0}}));
  const double most = std::numeric_limits<double>::max();
  EXPECT_EQ(sets_of(Streams<double>{{-most, most}, {-most, most}}), (Sets{{0, 0}, {1, 1}}));
  EXPECT_EQ(sets_of(Streams<double>{{-0.0, 1.0}, {0.0, 1.0}}), (Sets{{0, 0}, {1, 1}}));
}

TEST_P(Synchronize, StampsThatAreNotFiniteTakeNoPart) {
  const Streams<double> streams = {
      {nan, 0.0, inf, 1.0, 2.0, nan}, {0.1, nan, nan, 1.1, -inf, 2.1}, {0.0, 1.0, nan, 2.2}};
  EXPECT_EQ(sets_of(streams), (Sets{{1, 0, 0}, {3, 3, 1}}));
  EXPECT_EQ(sets_of(Streams<double>{{0.0, 1.0, 2.0}, {0.1, 1.1, 2.1}, {0.0, 1.0, 2.2}}).size(), 2u)
      << "the same without them";
  EXPECT_EQ(sets_of(Streams<float>{{static_cast<float>(nan), 1.0f}, {1.0f, static_cast<float>(inf)}}), (Sets{{1, 0}}));
  EXPECT_EQ(sets_of(Streams<double>{{nan, nan}, {0.0, 1.0}}), Sets());
  // A stamp that the clock makes infinite.
  Options options;
  options.clock = {Clock{0, 1e300, 0}, Clock{}};
  EXPECT_EQ(sets_of(Streams<double>{{1e200, 0.0}, {0.0, 1.0}}, options), (Sets{{1, 0}}));
  // What comes after the last finite one is not the last message: 0.5 + 0.6 is.
  options = Options();
  options.min_spacing = {600'000'000, 0};
  EXPECT_EQ(sets_of(Streams<double>{{0.5, nan, inf}, {0.8}}, options), (Sets{{0, 0}}));
  options.min_spacing = {500'000'000, 0};
  EXPECT_EQ(sets_of(Streams<double>{{0.5, nan, inf}, {0.8}}, options), Sets());
}

// Sensors of random rates with jitter, losses, pauses and duplicates, in units of `unit` ns; sorted.
std::vector<std::int64_t> sensor(Random& random, std::int64_t length) {
  std::vector<std::int64_t> times;
  const std::int64_t period = 1 + random.below(40), jitter = random.below(period + 1);
  for (std::int64_t t = random.below(2 * period); t < length; t += period) {
    if (random.one_in(8)) continue;
    if (random.one_in(50)) t += random.below(5 * period);
    times.push_back(t + random.below(jitter + 1));
    if (random.one_in(20)) times.push_back(times.back());
  }
  std::sort(times.begin(), times.end());
  return times;
}

template <class Stamp>
struct Recording {
  Streams<Stamp> streams;
  Options options;
};

template <class Stamp>
Recording<Stamp> recording(Random& random, std::size_t n, std::int64_t segments, std::int64_t longest) {
  constexpr bool nanoseconds = std::is_same<Stamp, std::int64_t>::value;
  // Seconds are multiples of 2^-10, so that their differences are exact.
  const std::int64_t units[] = {1, 10, 1000, ms};
  const std::int64_t unit = units[random.below(4)];
  const std::int64_t tick = nanoseconds ? unit : 976'562;
  Recording<Stamp> result;
  result.streams.resize(n);
  result.options.offsets.assign(n, {0});
  const double penalties[] = {0.1, 0.1, 0.0, 0.5, 0.7, 1.3, 40.0};
  result.options.age_penalty = penalties[random.below(7)];
  if (random.one_in(2)) result.options.max_interval = random.below(60) * tick + (nanoseconds ? 0 : tick / 2);
  for (std::size_t i = 0; i < n; ++i) {
    if (random.one_in(2)) {
      result.options.min_spacing.resize(n, 0);
      result.options.min_spacing[i] = random.below(20) * tick;
    }
  }
  for (std::int64_t s = 0; s < segments; ++s) {
    const std::int64_t start = nanoseconds ? unix_now + s * 1'000'000'007 : s * 1024;
    for (std::size_t i = 0; i < n; ++i) {
      if (!random.one_in(30)) {
        for (std::int64_t t : sensor(random, 1 + random.below(longest))) {
          result.streams[i].push_back(nanoseconds ? static_cast<Stamp>(start + t * unit)
                                                  : static_cast<Stamp>(start + t) / static_cast<Stamp>(1024));
        }
      }
      result.options.offsets[i].push_back(static_cast<std::int64_t>(result.streams[i].size()));
    }
  }
  return result;
}

template <class Stamp, class Check>
void random_recordings(std::uint64_t sequence, const Check& check) {
  SCOPED_TRACE(seed_trace());
  Random random(sequence);
  std::int64_t sets = 0;
  for (const std::size_t n : std::vector<std::size_t>{1, 2, 3, 4, 5, 8, 9, 17, 31, 32}) {
    for (int round = 0; round < 12; ++round) {
      SCOPED_TRACE(std::to_string(n) + " streams, round " + std::to_string(round));
      const std::int64_t longest = n < 6 ? 500 : 200;
      const Recording<Stamp> r = recording<Stamp>(random, n, 1 + random.below(n < 6 ? 9 : 3), longest);
      sets += check(r.streams, r.options);
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(sets, 1000) << "the recordings have something to find";
}

TEST_P(Synchronize, RandomRecordingsInNanoseconds) {
  random_recordings<std::int64_t>(1, [this](const auto& streams, const Options& o) { return check(streams, o); });
}
TEST_P(Synchronize, RandomRecordingsInSeconds) {
  random_recordings<double>(2, [this](const auto& streams, const Options& o) { return check(streams, o); });
}
TEST_P(Synchronize, RandomRecordingsInFloatSeconds) {
  random_recordings<float>(3, [this](const auto& streams, const Options& o) { return check(streams, o); });
}

TEST_P(Synchronize, ALongRecordingOfThreeSensors) {
  SCOPED_TRACE(seed_trace());
  Random random(4);
  Ns streams(3);
  const std::int64_t periods[] = {33'333'333, 100 * ms, 20 * ms};
  for (std::size_t i = 0; i < 3; ++i) {
    std::int64_t t = unix_now + random.below(periods[i]);
    while (t < unix_now + 10'000 * ms) {
      streams[i].push_back(t + random.between(-periods[i] / 5, periods[i] / 5));
      t += periods[i];
    }
  }
  EXPECT_GT(check(streams, {}), 90);
}

TEST_P(Synchronize, ManySegments) {
  SCOPED_TRACE(seed_trace());
  Random random(5);
  const Recording<std::int64_t> r = recording<std::int64_t>(random, 3, 700, 60);
  check(r.streams, r.options);
}

// Unsorted stamps have no oracle but what a set is: rows of the segment, each used at most once, in their order. All
// launchers agree.
template <class Stamp>
void expect_sets(const Streams<Stamp>& streams, const Options& options, const Result& result) {
  for (std::size_t s = 0; s < result.sets.size(); ++s) {
    const Sets& sets = result.sets[s];
    for (std::size_t k = 0; k < sets.size(); ++k) {
      for (std::size_t i = 0; i < streams.size(); ++i) {
        const std::int64_t row = sets[k][i];
        EXPECT_GE(row, k == 0 ? options.offsets[i][s] : sets[k - 1][i] + 1);
        ASSERT_LT(row, options.offsets[i][s + 1]);
        EXPECT_TRUE(std::isfinite(static_cast<double>(streams[i][static_cast<std::size_t>(row)])));
      }
    }
  }
}

TEST_P(Synchronize, UnsortedStampsAreDefined) {
  // A head that steps back makes the start earlier, and no better.
  EXPECT_EQ(sets_of(Ns{{4, 1, 11}, {5}, {4}}), (Sets{{0, 0, 0}}));
  EXPECT_EQ(sets_of(Ns{{5, 1, 11}, {7}, {7}}), (Sets{{0, 0, 0}}));
  EXPECT_EQ(sets_of(Streams<double>{{5, 1, 11}, {7}, {7}}), (Sets{{0, 0, 0}}));
  SCOPED_TRACE(seed_trace());
  Random random(6);
  const auto check_unsorted = [&](auto stamp) {
    using Stamp = decltype(stamp);
    for (const std::size_t n : std::vector<std::size_t>{1, 2, 3, 6, 32}) {
      for (int round = 0; round < 10; ++round) {
        Recording<Stamp> r = recording<Stamp>(random, n, 3, 300);
        for (auto& times : r.streams) {
          if (random.one_in(3)) random.shuffle(times);
          if (random.one_in(4)) std::reverse(times.begin(), times.end());
          for (Stamp& t : times) {
            if (random.one_in(40)) t = static_cast<Stamp>(random.one_in(2) ? INT64_MIN : INT64_MAX);
            if (!std::is_same<Stamp, std::int64_t>::value && random.one_in(30)) t = static_cast<Stamp>(nan);
            if (!std::is_same<Stamp, std::int64_t>::value && random.one_in(60)) t = static_cast<Stamp>(-inf);
          }
        }
        const Result result = run(r.streams, r.options);
        expect_sets(r.streams, r.options, result);
        const Result host = run_with(Launcher::host, r.streams, r.options);
        EXPECT_EQ(result.found, host.found);
        EXPECT_EQ(result.sets, host.sets);
      }
    }
  };
  check_unsorted(std::int64_t{});
  check_unsorted(double{});
  check_unsorted(float{});
}

TEST_P(Synchronize, LongRunsOfEqualStamps) {
  Ns streams = {std::vector<std::int64_t>(300, 7), std::vector<std::int64_t>(200, 7), {}};
  for (std::int64_t k = 0; k < 250; ++k) streams[2].push_back(k / 50);
  check(streams, {});
}

TEST_P(Synchronize, WrongOffsetsStayInside) {
  const Ns streams = {{1, 2, 3, 4, 5}, {1, 2, 3, 4}};
  for (const std::vector<std::int64_t>& offsets :
       {std::vector<std::int64_t>{-100, 3, 1'000'000}, {4, 2, 0}, {INT64_MIN, INT64_MAX, INT64_MIN}, {7, 8, 9}}) {
    Options options;
    options.offsets = {offsets, {0, 2, 4}};
    options.capacity = 5;
    for (const Sets& sets : run(streams, options).sets) {
      for (const Set& set : sets) {
        EXPECT_TRUE(set[0] >= 0 && set[0] < 5 && set[1] >= 0 && set[1] < 4);
      }
    }
  }
}

TEST_P(Synchronize, UniformAndRaggedSegmentsMix) {
  Arena arena(GetParam());
  SyncStream streams[2];
  streams[0].times = arena.input(std::vector<std::int64_t>{0, 10, 20, 0, 10, 20, 99});
  streams[0].count = 7;
  streams[0].segments = uniform(2, 3);
  streams[1].times = arena.input(std::vector<std::int64_t>{0, 20, 10});
  streams[1].count = 3;
  streams[1].segments = ragged(arena.input(std::vector<std::int64_t>{0, 2, 3}), 2);
  const Output<std::int64_t> found = arena.output<std::int64_t>(2);
  const Output<std::int64_t> sets = arena.output<std::int64_t>(8);
  SynchronizeArgs args;
  args.streams = streams;
  args.stream_count = 2;
  args.capacity = 2;
  args.sets = sets.data();
  args.set_count = found.data();
  ASSERT_OK(arena.launch([&](auto where) { return synchronize(args, where); }));
  EXPECT_EQ(found.download(), (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(sets.download(), (std::vector<std::int64_t>{0, 0, 2, 1, 4, 2, -1, -1}));
}

TEST(SynchronizeHost, ThreadsDoNotChangeTheResult) {
  SCOPED_TRACE(seed_trace());
  Random random(7);
  const Recording<double> r = recording<double>(random, 4, 50, 200);
  class Run : public Synchronize {
   public:
    using Synchronize::run_with;
  };
  Options options = r.options;
  const Result one = Run::run_with(Launcher::host, r.streams, options);
  for (int threads : {0, 2, 7, 1000}) {
    options.threads = threads;
    const Result many = Run::run_with(Launcher::host, r.streams, options);
    EXPECT_EQ(many.found, one.found) << threads;
    EXPECT_EQ(many.sets, one.sets) << threads;
  }
}

TEST(SynchronizeHost, HeaderOnlyInstantiationRefusesOtherTypes) {
  const std::vector<std::int64_t> times = {1, 2};
  std::int64_t found = 77;
  SyncStream stream;
  stream.times = times.data();
  stream.count = 2;
  SynchronizeArgs args;
  args.streams = &stream;
  args.stream_count = 1;
  args.set_count = &found;
  EXPECT_TRUE(is_error(synchronize<double>(args, Host{}), StatusCode::unsupported_type, "times"));
  EXPECT_EQ(found, 77);
  ASSERT_OK((synchronize<float, std::int64_t>(args, Host{})));
  EXPECT_EQ(found, 2);
}

TEST(SynchronizeHost, TheStreamCannotBeLeftOut) {
  const auto call = [](const auto& args, auto where) -> decltype(synchronize(args, where)) { return {}; };
  EXPECT_TRUE((std::is_invocable_r<Status, decltype(call), SynchronizeArgs, Host>::value));
  EXPECT_FALSE((std::is_invocable<decltype(call), SynchronizeArgs, std::nullptr_t>::value));
}

TEST_P(Synchronize, EveryMistakeIsNamedAndNothingIsWritten) {
  Arena arena(GetParam());
  std::vector<SyncStream> good_streams(33);
  for (SyncStream& stream : good_streams) {
    stream.times = arena.input(std::vector<std::int64_t>{1, 2, 3, 4});
    stream.count = 4;
    stream.segments = uniform(2, 2);
  }
  const Output<std::int64_t> sets = arena.output<std::int64_t>(2 * 3 * 32), found = arena.output<std::int64_t>(2);
  std::vector<SyncStream> streams = good_streams;
  SynchronizeArgs good;
  good.streams = streams.data();
  good.stream_count = 3;
  good.capacity = 3;
  good.sets = sets.data();
  good.set_count = found.data();
  const auto expect_error = [&](const SynchronizeArgs& args, StatusCode code, const char* argument, int index = -1) {
    arena.poison_outputs();
    const Status status = arena.launch([&](auto where) { return synchronize(args, where); });
    EXPECT_TRUE(is_error(status, code, argument));
    EXPECT_EQ(status.index(), index) << argument;
    EXPECT_TRUE(sets.untouched() && found.untouched()) << argument;
    streams = good_streams;
  };
  const auto shifted = [](const void* p) {
    return reinterpret_cast<std::int64_t*>(reinterpret_cast<std::uintptr_t>(p) + 4);
  };

  SynchronizeArgs args = good;
  for (std::int32_t count : {0, -1, 33, INT32_MAX, INT32_MIN}) {
    args.stream_count = count;
    expect_error(args, StatusCode::invalid_size, "stream_count");
  }
  args = good;
  args.streams = nullptr;
  expect_error(args, StatusCode::null_pointer, "streams");
  // Every stream is checked.
  for (std::size_t i = 0; i < 3; ++i) {
    SyncStream& stream = streams[i];
    const int index = static_cast<int>(i), differing = std::max(index, 1);  // from the first
    stream.count = -1;
    expect_error(good, StatusCode::invalid_size, "streams.count", index);
    stream.count = INT64_MAX / 4;
    expect_error(good, StatusCode::overflow, "streams.count", index);
    stream.times.data = nullptr;
    expect_error(good, StatusCode::null_pointer, "streams.times", index);
    stream.times.type = static_cast<TimeType>(3);
    expect_error(good, StatusCode::invalid_value, "streams.times.type", index);
    stream.times.type = TimeType::f64_seconds;
    expect_error(good, StatusCode::unsupported_type, "streams.times.type", differing);
    stream.times.data = shifted(stream.times.data);
    expect_error(good, StatusCode::misaligned, "streams.times", index);
    stream.segments = uniform(-1, 2);
    expect_error(good, StatusCode::invalid_size, "segments", index);
    stream.segments = uniform(2, 3);
    expect_error(good, StatusCode::invalid_size, "segments", index);
    stream.segments = uniform(INT64_MAX / 64, 100);
    expect_error(good, StatusCode::overflow, "segments", index);
    stream.segments = uniform(1, 4);
    expect_error(good, StatusCode::invalid_size, "streams.segments.count", differing);
    stream.segments = uniform(4, 1);
    expect_error(good, StatusCode::invalid_size, "streams.segments.count", differing);
    stream.clock.drift = -1.0;
    expect_error(good, StatusCode::invalid_value, "clock.drift", index);
    stream.clock.drift = nan;
    expect_error(good, StatusCode::invalid_value, "clock.drift", index);
    stream.min_spacing = -1;
    expect_error(good, StatusCode::invalid_value, "streams.min_spacing", index);
    stream.segments = ragged(shifted(found.data()), 2);
    expect_error(good, StatusCode::misaligned, "streams.segments");
    stream.clocks = reinterpret_cast<const Clock*>(shifted(found.data()));
    expect_error(good, StatusCode::misaligned, "streams.clocks");
    stream.times = static_cast<const std::int64_t*>(sets.data() + 2 * 3 * 3 - 1);
    expect_error(good, StatusCode::aliasing, "sets");
    stream.segments = ragged(found.data() + 1, 2);
    expect_error(good, StatusCode::aliasing, "set_count");
    stream.segments = ragged(found.data() - 2, 2);  // by its last offset
    expect_error(good, StatusCode::aliasing, "set_count");
    stream.clocks = reinterpret_cast<const Clock*>(sets.data());
    expect_error(good, StatusCode::aliasing, "sets");
  }
  args = good;
  args.max_interval = -1;
  expect_error(args, StatusCode::invalid_value, "max_interval");
  args = good;
  for (double penalty : {-1e-300, -1.0, nan, inf, -inf}) {
    args.age_penalty = penalty;
    expect_error(args, StatusCode::invalid_value, "age_penalty");
  }
  args = good;
  args.capacity = -1;
  expect_error(args, StatusCode::invalid_size, "capacity");
  for (std::int64_t capacity : {INT64_MAX, INT64_MAX / 2, INT64_MAX / 6, INT64_MAX / 48 + 1}) {
    args.capacity = capacity;
    expect_error(args, StatusCode::overflow, "capacity");
  }
  args = good;
  args.sets = nullptr;
  expect_error(args, StatusCode::null_pointer, "args.sets");
  args.sets = shifted(good.sets);
  expect_error(args, StatusCode::misaligned, "args.sets");
  args = good;
  args.set_count = nullptr;
  expect_error(args, StatusCode::null_pointer, "args.set_count");
  args.set_count = shifted(good.set_count);
  expect_error(args, StatusCode::misaligned, "args.set_count");
  args.set_count = good.sets + 2 * 3 * 3 - 1;
  expect_error(args, StatusCode::aliasing, "args.set_count");
}

}  // namespace
}  // namespace robocache::test
