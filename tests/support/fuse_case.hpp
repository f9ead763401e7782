// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/resample_case.hpp"

#include <robocache/fuse/fuse.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace robocache::test {

template <class Out>
struct Fused {
  Status call;
  std::vector<Out> out;                   ///< [rows * row width], gaps poisoned
  std::vector<std::uint8_t> status;       ///< [rows * groups of all streams]
  std::vector<std::int64_t> age, sample;  ///< [rows * streams]
};

/// The same samples and queries for arithmetic and output in Wide.
template <class Wide, class Types>
auto widened(const ResampleCase<Types>& c) {
  ResampleCase<Combination<typename Types::Stamp, Wide, Wide>> wide;
  wide.source = c.source;
  wide.times = c.times;
  for (const auto& value : c.values) wide.values.push_back(round_to<Wide>(to_real(value)));
  wide.width = c.width;
  wide.offsets = c.offsets;
  wide.clocks = c.clocks;
  wide.rings = c.rings;
  wide.groups = c.groups;
  wide.scale = c.scale;
  wide.shift = c.shift;
  wide.at = c.at;
  wide.queries = c.queries;
  wide.row_offsets = c.row_offsets;
  wide.segment_of = c.segment_of;
  wide.window_offsets = c.window_offsets;
  wide.rows = c.rows;
  wide.with_status = c.with_status;
  return wide;
}

/// A stream alone, to elements of type Out. The compiled library has not every combination of types; the others are
/// one that it has, with wider types on both sides of the same arithmetic, rounded here.
template <class Out, class Types>
Resampled<Out> resampled(const ResampleCase<Types>& c, Launcher launcher) {
  const Resampled<Out> direct = c.template run<Out>(launcher);
  if (direct.call.code() != StatusCode::unsupported_type) return direct;
  constexpr bool in_double = std::is_same<typename Types::In, double>::value || std::is_same<Out, double>::value;
  const auto wide = widened<std::conditional_t<in_double, double, float>>(c).run(launcher);
  Resampled<Out> result;
  result.call = wide.call;
  result.status = wide.status;
  for (const auto& value : wide.out) result.out.push_back(round_to<Out>(to_real(value)));
  return result;
}

/// All that one call of fuse reads, on the host. Streams are kept as cases of resample, whose output type and queries
/// are unused.
template <class Stamp>
struct FuseCase {
  template <class In>
  using Source = ResampleCase<Combination<Stamp, In, float>>;
  using AnySource = std::variant<Source<float>, Source<double>, Source<Half>, Source<BFloat16>>;

  std::vector<AnySource> streams;
  Source<float> asked;  ///< its queries and rows
  std::vector<std::int64_t> places;
  std::int64_t row_width = -1;                  ///< -1: the sum of the streams' widths
  std::int64_t out_padding = 0, out_first = 0;  ///< elements beside the rows
  bool with_status = true, with_age = true, with_sample = true;
  int threads = 1;

  std::int32_t count() const { return static_cast<std::int32_t>(streams.size()); }
  std::int64_t width_of(std::size_t s) const {
    return std::visit([](const auto& c) { return c.out_width(); }, streams[s]);
  }
  std::int64_t groups_of(std::size_t s) const {
    return std::visit([](const auto& c) { return c.group_count(); }, streams[s]);
  }
  std::int64_t group_count() const {
    std::int64_t sum = 0;
    for (std::size_t s = 0; s < streams.size(); ++s) sum += groups_of(s);
    return sum;
  }
  std::int64_t width() const {
    if (row_width >= 0) return row_width;
    std::int64_t sum = 0;
    for (std::size_t s = 0; s < streams.size(); ++s) sum += width_of(s);
    return sum;
  }
  std::int64_t rows() const { return asked.rows; }

  /// The streams one after another, in an order and with gaps of any size.
  void scatter(Random& random, std::int64_t largest_gap) {
    std::vector<std::size_t> order(streams.size());
    for (std::size_t s = 0; s < order.size(); ++s) order[s] = s;
    random.shuffle(order);
    places.assign(streams.size(), 0);
    std::int64_t next = 0;
    for (const std::size_t s : order) {
      places[s] = next + random.between(0, largest_gap);
      next = places[s] + width_of(s);
    }
    row_width = next + random.between(0, largest_gap);
  }

  std::vector<SensorStream> sources(Arena& arena) const {
    std::vector<SensorStream> all;
    for (const AnySource& stream : streams)
      all.push_back(std::visit([&](const auto& c) { return c.inputs(arena).source; }, stream));
    return all;
  }

  FuseArgs inputs(Arena& arena, const std::vector<SensorStream>& all) const {
    FuseArgs args;
    args.streams = all.data();
    args.stream_count = count();
    args.places = places.empty() ? nullptr : places.data();
    args.at = asked.inputs(arena).at;
    return args;
  }

  /// Runs it; every byte beside the declared outputs must keep its poison, and every input its value.
  template <class Out>
  Fused<Out> run(Launcher launcher) const {
    Arena arena(launcher);
    const std::vector<SensorStream> all = sources(arena);
    FuseArgs args = inputs(arena, all);
    const auto out = arena.output_rows<Out>(rows(), width(), width() + out_padding + out_first, out_first);
    const auto status = arena.output<std::uint8_t>(rows() * group_count(), 1);
    const auto age = arena.output<std::int64_t>(rows() * count()),
               sample = arena.output<std::int64_t>(rows() * count());
    args.out = out.rows();
    args.status = with_status ? status.data() : nullptr;
    args.age = with_age ? age.data() : nullptr;
    args.sample = with_sample ? sample.data() : nullptr;
    Fused<Out> result;
    result.call = arena.launch([&](auto where) { return fuse(args, where); }, threads);
    EXPECT_TRUE(arena.inputs_untouched());
    if (!with_status || !result.call.ok()) {
      EXPECT_TRUE(status.untouched());
    }
    if (!with_age || !result.call.ok()) {
      EXPECT_TRUE(age.untouched());
    }
    if (!with_sample || !result.call.ok()) {
      EXPECT_TRUE(sample.untouched());
    }
    if (!result.call.ok()) {
      EXPECT_TRUE(out.untouched());
    }
    if (launcher == Launcher::graph && result.call.ok()) {
      EXPECT_EQ(arena.graph_nodes(), rows() == 0 ? 0u : 1u);
    }
    result.out = out.download();
    result.status = status.download();
    result.age = age.download();
    result.sample = sample.download();
    return result;
  }

  /// Stream s by a call of resample for it alone.
  template <class Out>
  Resampled<Out> alone(std::size_t s, Launcher launcher) const {
    std::vector<Stamp> starts;
    if (asked.at.kind == Queries::Kind::grid && asked.at.start == Queries::Start::first_stamp) {
      Arena arena(Launcher::host);
      const std::vector<SensorStream> all = sources(arena);
      for (const oracle::Segment& segment : oracle::segments_of(all[0]))
        starts.push_back(segment.t.empty() ? Stamp(0) : static_cast<Stamp>(segment.t[0]));
    }
    return std::visit(
        [&](auto c) {
          c.at = asked.at;
          c.queries = asked.queries;
          if (!starts.empty()) {
            c.at.start = Queries::Start::per_segment;
            c.queries = starts;
          }
          c.row_offsets = asked.row_offsets;
          c.segment_of = asked.segment_of;
          c.window_offsets = asked.window_offsets;
          c.rows = asked.rows;
          c.with_status = with_status;
          return resampled<Out>(c, launcher);
        },
        streams[s]);
  }

  /// Ages and samples by looking at every sample.
  template <class Out>
  void expect_ages(const Fused<Out>& got) const {
    constexpr bool integer = std::is_same<Stamp, std::int64_t>::value;
    Arena arena(Launcher::host);
    const std::vector<SensorStream> all = sources(arena);
    const FuseArgs args = inputs(arena, all);
    std::vector<std::vector<oracle::Segment>> segments;
    for (const SensorStream& source : all) segments.push_back(oracle::segments_of(source));
    for (std::int64_t r = 0; r < rows(); ++r) {
      const oracle::AskedRow row = oracle::asked_row(args.at, r, integer, segments[0]);
      for (std::size_t s = 0; s < streams.size(); ++s) {
        const oracle::Segment& segment = oracle::at(segments[s], row.segment);
        const std::int64_t k = segment.last_at_or_before(row.q);
        std::int64_t age = unlimited, sample = -1;
        if (k >= 0) {
          sample = segment.rows[static_cast<std::size_t>(k)];
          if (integer) {
            age = static_cast<std::int64_t>(oracle::held_sum(row.q, -segment.at(k)));
          } else {
            volatile double seconds = static_cast<double>(row.q) - static_cast<double>(segment.at(k));
            volatile double product = seconds * 1e9;
            const double rounded = std::nearbyint(static_cast<double>(product));
            age = std::isnan(rounded) ? 0  // of an infinite query and stamp
                  : rounded >= 0x1p63 ? INT64_MAX
                  : rounded < -0x1p63 ? INT64_MIN
                                      : static_cast<std::int64_t>(rounded);
          }
        }
        const std::size_t i = static_cast<std::size_t>(r) * streams.size() + s;
        if (with_sample) {
          ASSERT_EQ(got.sample[i], sample) << "row " << r << ", stream " << s;
        }
        if (with_age) {
          ASSERT_EQ(got.age[i], age) << "row " << r << ", stream " << s;
        }
      }
    }
  }

  /// Runs it, and compares every bit with separate calls of resample; gaps must be untouched.
  template <class Out>
  void check(Launcher launcher) const {
    const Fused<Out> got = run<Out>(launcher);
    ASSERT_OK(got.call);
    const std::size_t row = static_cast<std::size_t>(width()), all_groups = static_cast<std::size_t>(group_count());
    std::vector<char> written(row, 0);
    std::size_t next = 0, first_group = 0;
    for (std::size_t s = 0; s < streams.size(); ++s) {
      const Resampled<Out> want = alone<Out>(s, launcher);
      ASSERT_OK(want.call);
      const std::size_t channels = static_cast<std::size_t>(width_of(s)),
                        groups = static_cast<std::size_t>(groups_of(s));
      const std::size_t place = places.empty() ? next : static_cast<std::size_t>(places[s]);
      next = place + channels;
      for (std::size_t r = 0; r < static_cast<std::size_t>(rows()); ++r) {
        for (std::size_t c = 0; c < channels; ++c)
          ASSERT_EQ(bits_of(got.out[r * row + place + c]), bits_of(want.out[r * channels + c]))
              << "row " << r << ", stream " << s << ", channel " << c << ": " << to_real(got.out[r * row + place + c])
              << " and " << to_real(want.out[r * channels + c]);
        for (std::size_t g = 0; with_status && g < groups; ++g)
          ASSERT_EQ(static_cast<int>(got.status[r * all_groups + first_group + g]),
                    static_cast<int>(want.status[r * groups + g]))
              << "status, row " << r << ", stream " << s << ", group " << g;
      }
      std::fill(written.begin() + static_cast<std::ptrdiff_t>(place),
                written.begin() + static_cast<std::ptrdiff_t>(next), 1);
      first_group += groups;
    }
    for (std::size_t i = 0; i < got.out.size(); ++i)
      ASSERT_TRUE(written[i % row] || Output<Out>::is_poison(got.out[i])) << "a gap was written, element " << i;
    expect_ages(got);
  }
};

/// One group of any kind.
inline ChannelGroup random_group(Random& random) {
  const auto kind = static_cast<Interpolation>(random.below(9));
  ChannelGroup group = channels(static_cast<std::int32_t>(random.between(1, random.one_in(4) ? 20 : 4)), kind);
  if (kind == Interpolation::slerp) {
    group = rotation(static_cast<RotationFormat>(random.below(4)), static_cast<RotationFormat>(random.below(4)));
    group.sign = static_cast<QuaternionSign>(random.below(2));
  }
  group.tie = static_cast<Tie>(random.below(2));
  group.derivative = kind >= Interpolation::linear && random.one_in(4);
  return group;
}

/// A stream with `lengths` samples in its segments, all of which begin near `starts`; clocks, limits and layout at
/// random, no channels yet.
template <class Types>
ResampleCase<Types> random_source(Random& random, const std::vector<std::int64_t>& lengths,
                                  const std::vector<std::int64_t>& starts, int round) {
  using Stamp = typename Types::Stamp;
  ResampleCase<Types> c;
  bool even = true;
  c.offsets = {0};
  const Clock clock = {random.between(-50'000'000, 50'000'000), random.signed_unit() * 1e-5, starts[0]};
  const int clocks = static_cast<int>(random.below(3));
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    const auto times = irregular_times<Stamp>(random, lengths[s], starts[s] + random.between(-80'000'000, 80'000'000));
    c.times.insert(c.times.end(), times.begin(), times.end());
    c.offsets.push_back(static_cast<std::int64_t>(c.times.size()));
    even = even && lengths[s] == lengths[0];
    if (clocks == 2) c.clocks.push_back({random.between(-50'000'000, 50'000'000), clock.drift, starts[s]});
  }
  if (clocks == 1) c.source.clock = clock;
  vary_rules(c.source, random, round);
  if (even && !lengths.empty() && random.one_in(2)) {
    c.source.segments = uniform(static_cast<std::int64_t>(lengths.size()), lengths[0]);
    c.offsets.clear();
  }
  c.in_first = random.between(0, 3);
  c.in_padding = random.between(0, 3);
  return c;
}

inline void random_affine(Random& random, std::int64_t width, std::vector<float>& scale, std::vector<float>& shift) {
  if (random.one_in(3))
    for (std::int64_t c = 0; c < width; ++c) scale.push_back(static_cast<float>(random.signed_unit()));
  if (random.one_in(3))
    for (std::int64_t c = 0; c < width; ++c) shift.push_back(static_cast<float>(random.signed_unit()));
}

}  // namespace robocache::test
