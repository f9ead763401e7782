// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/half.hpp"
#include "support/launch.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"

#include <robocache/resample/resample.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace robocache::test {

template <class Stamp_, class In_, class Out_>
struct Combination {
  using Stamp = Stamp_;
  using In = In_;
  using Out = Out_;
  static constexpr bool in_double = std::is_same<In, double>::value || std::is_same<Out, double>::value;
  static std::string name() {
    const char* stamp = std::is_same<Stamp, double>::value  ? "f64s_"
                        : std::is_same<Stamp, float>::value ? "f32s_"
                                                            : "ns_";
    return std::string(stamp) + type_name<In>() + "_" + type_name<Out>();
  }
};

/// Calls body(Combination<...>()) for every combination in the compiled library.
template <class Body>
void for_each_combination(const Body& body) {
  const auto run = [&](auto combination) {
    SCOPED_TRACE(decltype(combination)::name());
    body(combination);
  };
  run(Combination<std::int64_t, float, float>());
  run(Combination<std::int64_t, float, Half>());
  run(Combination<std::int64_t, float, BFloat16>());
  run(Combination<std::int64_t, double, double>());
  run(Combination<std::int64_t, double, float>());
  run(Combination<std::int64_t, double, BFloat16>());
  run(Combination<std::int64_t, Half, Half>());
  run(Combination<std::int64_t, BFloat16, BFloat16>());
  run(Combination<double, double, double>());
  run(Combination<double, float, float>());
  run(Combination<float, float, float>());
  run(Combination<float, BFloat16, BFloat16>());
}

template <class Out>
struct Resampled {
  Status call;
  std::vector<Out> out;              ///< [rows * channels]
  std::vector<std::uint8_t> status;  ///< [rows * groups]
};

/// All that one call reads, on the host. `source` and `at` hold what is not a pointer.
template <class Types>
struct ResampleCase {
  using Stamp = typename Types::Stamp;
  using In = typename Types::In;
  using Out = typename Types::Out;

  SensorStream source;
  std::vector<Stamp> times;
  std::vector<In> values;  ///< [times.size() * width]
  std::int64_t width = 1;
  std::vector<std::int64_t> offsets;  ///< ragged segments, if not empty
  std::vector<Clock> clocks;
  std::vector<Ring> rings;
  std::vector<ChannelGroup> groups;
  std::vector<float> scale, shift;

  Queries at;
  std::vector<Stamp> queries;  ///< or starts, or anchors
  std::vector<std::int64_t> row_offsets;
  std::vector<std::int64_t> segment_of;
  std::vector<Stamp> window_offsets;
  std::int64_t rows = 0;

  std::int64_t in_padding = 0, in_first = 0;    ///< elements beside the rows
  std::int64_t out_padding = 0, out_first = 0;  ///< likewise
  bool with_status = true;
  int threads = 1;

  std::int64_t samples() const { return static_cast<std::int64_t>(times.size()); }
  std::int64_t group_count() const { return groups.empty() ? 1 : static_cast<std::int64_t>(groups.size()); }
  std::int64_t out_width() const {
    if (groups.empty()) return source.interpolation == Interpolation::slerp ? 4 : width;
    std::int64_t sum = 0;
    for (const ChannelGroup& g : groups) sum += output_width(g);
    return sum;
  }

  /// One query per row, in one segment.
  void ask(std::vector<Stamp> q) {
    queries = std::move(q);
    at = Queries();
    at.steps = rows = static_cast<std::int64_t>(queries.size());
  }

  ResampleArgs inputs(Arena& arena) const {
    ResampleArgs args;
    args.source = source;
    args.source.times = arena.input(times);
    args.source.values =
        robocache::rows(arena.input_rows(values, samples(), width, width + in_padding + in_first, in_first), samples(),
                        width, width + in_padding + in_first);
    if (!offsets.empty())
      args.source.segments = ragged(arena.input(offsets), static_cast<std::int64_t>(offsets.size()) - 1);
    if (!clocks.empty()) args.source.clocks = arena.input(clocks);
    if (!rings.empty()) args.source.rings = arena.input(rings);
    if (!groups.empty()) {
      args.source.groups = groups.data();
      args.source.group_count = static_cast<std::int32_t>(groups.size());
    }
    if (!scale.empty()) args.source.scale = arena.input(scale);
    if (!shift.empty()) args.source.shift = arena.input(shift);

    args.at = at;
    args.at.times.type = time_traits<Stamp>::type;
    args.at.offsets.type = time_traits<Stamp>::type;
    if (!queries.empty()) args.at.times = arena.input(queries);
    if (!row_offsets.empty()) args.at.row_offsets = arena.input(row_offsets);
    if (!segment_of.empty()) args.at.segment_of = arena.input(segment_of);
    if (!window_offsets.empty()) args.at.offsets = arena.input(window_offsets);
    return args;
  }

  /// Runs it, to elements of type To; every byte beside the declared output must keep its poison.
  template <class To = Out>
  Resampled<To> run(Launcher launcher) const {
    Arena arena(launcher);
    ResampleArgs args = inputs(arena);
    const auto out = arena.output_rows<To>(rows, out_width(), out_width() + out_padding + out_first, out_first);
    const auto status = arena.output<std::uint8_t>(rows * group_count());
    args.out = out.rows();
    args.status = with_status ? status.data() : nullptr;
    Resampled<To> result;
    result.call = arena.launch([&](auto where) { return resample(args, where); }, threads);
    result.out = out.download();
    result.status = status.download();
    if (!with_status || !result.call.ok()) {
      EXPECT_TRUE(status.untouched());
    }
    if (!result.call.ok()) {
      EXPECT_TRUE(out.untouched());
    }
    if (launcher == Launcher::graph && result.call.ok()) {
      EXPECT_LE(arena.graph_nodes(), 1u);
    }
    return result;
  }

  Expected expected() const {
    Arena arena(Launcher::host);
    ResampleArgs args = inputs(arena);
    args.out.count = rows;
    return expected_resample(args);
  }

  /// Runs it and compares every element and status with the reference.
  void check(Launcher launcher) const {
    const Resampled<Out> result = run(launcher);
    ASSERT_OK(result.call);
    expect_matches(result, expected());
  }

  /// How far off the library may be, in units of scale * unit roundoff. Linear: three roundings of the weight and two
  /// of the fused sums, each of a part of the scale. Smooth kinds: lengths, secants and slopes besides. Rotations: two
  /// normalisations, the arc's angle and two sines. One and a half to four times what many random inputs show.
  static Real allowed(const ChannelGroup& g) {
    if (g.kind == Interpolation::linear || g.kind == Interpolation::angle) return 4;
    return g.kind == Interpolation::slerp ? 8 : 16;
  }

  void expect_matches(const Resampled<Out>& got, const Expected& want) const {
    const Real roundoff = Types::in_double ? 0x1p-53L : 0x1p-24L;
    std::vector<ChannelGroup> kinds = groups;
    if (kinds.empty()) kinds.push_back(channels(static_cast<std::int32_t>(width), source.interpolation));
    for (std::int64_t r = 0; r < want.rows; ++r) {
      for (std::size_t g = 0; g < kinds.size(); ++g) {
        const std::size_t at_status = static_cast<std::size_t>(r * want.groups) + g;
        if (with_status) {
          ASSERT_EQ(static_cast<int>(got.status[at_status]), static_cast<int>(want.status[at_status]))
              << "status, row " << r << ", group " << g;
        }
        Real sign = 1;
        const std::int64_t begin = want.group_begin[g], end = want.group_begin[g + 1];
        const std::size_t first = static_cast<std::size_t>(r * want.channels + begin);
        if (end > begin && want.elements[first].sign_is_free) {
          Real product = 0;
          for (std::int64_t c = 0; c < end - begin; ++c)
            product += to_real(got.out[first + static_cast<std::size_t>(c)]) *
                       want.elements[first + static_cast<std::size_t>(c)].value;
          sign = product < 0 ? -1 : 1;
        }
        for (std::int64_t c = begin; c < end; ++c) {
          const std::size_t i = static_cast<std::size_t>(r * want.channels + c);
          const ExpectedElement& e = want.elements[i];
          const auto what = [&] {
            return "row " + std::to_string(r) + ", channel " + std::to_string(c) + ", group " + std::to_string(g) +
                   " of kind " + std::to_string(static_cast<int>(kinds[g].kind)) +
                   (kinds[g].derivative ? " (derivative)" : "");
          };
          const Real value = to_real(got.out[i]);
          if (e.any_non_finite) {
            ASSERT_FALSE(std::isfinite(value)) << what();
            if (std::isnan(value)) {
              ASSERT_EQ(bits_of(got.out[i]), Format<Out>::nan) << what();
            }
            continue;
          }
          // However far it is extrapolated, a rotation is one.
          if (kinds[g].kind == Interpolation::slerp && !kinds[g].derivative && !e.filled && scale.empty() &&
              shift.empty()) {
            const Real most = kinds[g].to == RotationFormat::rotation_vector ? pi : 1;
            ASSERT_LE(std::fabs(value), most + 4 * ulp<Out>(most)) << what();
          }
          if (e.ill_conditioned) {
            ASSERT_TRUE(std::isfinite(value)) << what();
            continue;
          }
          const Real wanted = sign * e.value;
          if (e.filled || e.scale == 0) {
            ASSERT_EQ(bits_of(got.out[i]), bits_of(round_to<Out>(wanted)))
                << what() << ": " << value << " for " << wanted << (e.filled ? " (filled)" : "");
            continue;
          }
          Real error = value - wanted;
          if (e.periodic) {
            ASSERT_LE(std::fabs(value), pi + ulp<Out>(pi)) << what();
            error = std::remainder(error, 2 * pi);
          }
          const Real arithmetic = allowed(kinds[g]) * e.scale * roundoff;
          const Real rounding = ulp<Out>(std::fabs(wanted) + arithmetic) / 2;
          // Beyond the largest finite number of a narrow type the result is infinite.
          if (std::isinf(to_real(round_to<Out>(wanted))) && std::isinf(value)) continue;
          ASSERT_LE(std::fabs(error), arithmetic + rounding * 1.001L)
              << what() << ": " << value << " for " << wanted << ", scale " << e.scale;
        }
      }
    }
  }
};

template <class T>
void expect_same_bits(const std::vector<T>& a, const std::vector<T>& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_EQ(bits_of(a[i]), bits_of(b[i]))
        << what << ": element " << i << ": " << to_real(a[i]) << " and " << to_real(b[i]);
}
inline void expect_same_bits(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b,
                             const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_EQ(static_cast<int>(a[i]), static_cast<int>(b[i])) << what << ": status " << i;
}
template <class Out>
void expect_same(const Resampled<Out>& a, const Resampled<Out>& b, const std::string& what) {
  ASSERT_OK(a.call);
  ASSERT_OK(b.call);
  expect_same_bits(a.out, b.out, what);
  expect_same_bits(a.status, b.status, what);
}

/// A stamp of `ns` nanoseconds.
template <class Stamp>
Stamp stamp_of(std::int64_t ns) {
  if (std::is_same<Stamp, std::int64_t>::value) return static_cast<Stamp>(ns);
  return static_cast<Stamp>(static_cast<double>(ns) / 1e9);
}

/// Where recordings start: today, in the resolution that the type has.
template <class Stamp>
std::int64_t typical_start() {
  return std::is_same<Stamp, float>::value ? 12'345'678'901 : 1'700'000'000'123'456'789;
}

/// About 10 ms apart; now and then a duplicate, a nanosecond, a gap of some 0.1 s.
template <class Stamp>
std::vector<Stamp> irregular_times(Random& random, std::int64_t count, std::int64_t start) {
  std::vector<Stamp> times;
  std::int64_t t = start;
  for (std::int64_t k = 0; k < count; ++k) {
    times.push_back(stamp_of<Stamp>(t));
    const std::int64_t dice = random.below(16);
    t += dice == 0   ? 0
         : dice == 1 ? 1
         : dice == 2 ? random.between(60, 140) * 1'000'003
                     : random.between(7'000'000, 13'000'000);
  }
  return times;
}

/// Hits, neighbours of hits, midpoints, anything between, and times outside, in no order.
template <class Stamp>
std::vector<Stamp> varied_queries(Random& random, const std::vector<Stamp>& times, std::int64_t count) {
  std::vector<Stamp> queries;
  const std::int64_t n = static_cast<std::int64_t>(times.size());
  const auto at = [&](std::int64_t k) {
    return times[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, n - 1))];
  };
  const Stamp unit = stamp_of<Stamp>(std::is_same<Stamp, std::int64_t>::value ? 1 : 1'000);
  for (std::int64_t j = 0; j < count; ++j) {
    const std::int64_t k = random.below(n);
    const Stamp a = at(k), b = at(k + 1);
    switch (random.below(8)) {
      case 0:
        queries.push_back(a);
        break;
      case 1:
        queries.push_back(static_cast<Stamp>(a + (random.one_in(2) ? unit : -unit)));
        break;
      case 2:
        queries.push_back(static_cast<Stamp>(a + (b - a) / 2));
        break;
      case 3:
        queries.push_back(static_cast<Stamp>(at(0) - stamp_of<Stamp>(random.between(0, 200'000'000))));
        break;
      case 4:
        queries.push_back(static_cast<Stamp>(at(n - 1) + stamp_of<Stamp>(random.between(0, 200'000'000))));
        break;
      default:
        queries.push_back(static_cast<Stamp>(a + (b - a) * static_cast<Stamp>(random.below(1024)) / 1024));
        break;
    }
  }
  return queries;
}

template <class In>
std::vector<In> random_values(Random& random, std::int64_t count, double amplitude) {
  std::vector<In> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(round_to<In>(static_cast<Real>(random.signed_unit()) * amplitude));
  return values;
}

/// `rows` rotations in any format: sometimes close to the one before, of any norm and sign.
template <class In>
std::vector<In> random_rotations(Random& random, std::int64_t rows, RotationFormat format) {
  std::vector<In> values;
  Real v[6] = {0, 0, 0, 1, 0, 0};  // not double, whose sums of products compilers contract
  const std::int32_t width = channels_of(format);
  for (std::int64_t r = 0; r < rows; ++r) {
    const bool close = r > 0 && random.one_in(3);
    Real norm = 0;
    do {
      norm = 0;
      for (int c = 0; c < width; ++c) {
        v[c] = close ? v[c] + 0x1p-7L * random.signed_unit() : random.signed_unit();
        norm += v[c] * v[c];
      }
      if (format == RotationFormat::rot6d) {  // two columns, neither short nor nearly parallel
        const Real aa = v[0] * v[0] + v[1] * v[1] + v[2] * v[2], bb = v[3] * v[3] + v[4] * v[4] + v[5] * v[5];
        const Real ab = v[0] * v[3] + v[1] * v[4] + v[2] * v[5];
        if (aa < 0.1L || bb < 0.1L || ab * ab > 0.8L * aa * bb) norm = 0;
      }
    } while (norm < 0.1L);
    const Real sign = format <= RotationFormat::quaternion_wxyz && random.one_in(2) ? -1 : 1;
    for (int c = 0; c < width; ++c) values.push_back(round_to<In>(sign * v[c]));
  }
  return values;
}

/// Puts the columns of several channel groups side by side.
template <class In>
void append_columns(std::vector<In>& values, std::int64_t& width, const std::vector<In>& more, std::int64_t more_width,
                    std::int64_t rows) {
  std::vector<In> merged;
  for (std::int64_t r = 0; r < rows; ++r) {
    merged.insert(merged.end(), values.begin() + r * width, values.begin() + (r + 1) * width);
    merged.insert(merged.end(), more.begin() + r * more_width, more.begin() + (r + 1) * more_width);
  }
  values = std::move(merged);
  width += more_width;
}

/// Adds a group with random samples.
template <class Types>
void add_group(ResampleCase<Types>& c, Random& random, const ChannelGroup& group) {
  using In = typename Types::In;
  std::vector<In> columns;
  if (group.kind == Interpolation::slerp)
    columns = random_rotations<In>(random, c.samples(), group.from);
  else
    columns = random_values<In>(random, c.samples() * group.width, group.kind == Interpolation::angle ? 10.0 : 4.0);
  if (c.groups.empty()) c.width = 0;
  append_columns(c.values, c.width, columns, group.width, c.samples());
  c.groups.push_back(group);
}

inline ChannelGroup derivative_of(ChannelGroup group) {
  group.derivative = true;
  return group;
}

/// Policies in turn; limits that real recordings could have, and that are met by some brackets and not by others.
inline void vary_rules(SensorStream& source, Random& random, int round) {
  source.outside = static_cast<Outside>(round % 3);
  source.gap = static_cast<Gap>(round / 3 % 2);
  source.fill = round % 2 == 0 ? -7.5 : source.fill;
  if (round % 4 == 1) source.max_gap = 11'003'457;
  if (round % 4 == 2) source.max_age = random.between(1'000'003, 60'000'003);
  if (round % 4 == 3) {
    source.max_gap = 90'003'457;
    source.max_age = 40'000'457;
    source.max_extrapolation = 70'000'457;
    source.slack = 2'000'457;
  }
}

/// An irregular recording, and `count` queries.
template <class Types>
ResampleCase<Types> random_case(Random& random, std::int64_t samples, std::int64_t count) {
  using Stamp = typename Types::Stamp;
  ResampleCase<Types> c;
  c.times = irregular_times<Stamp>(random, samples, typical_start<Stamp>());
  c.ask(varied_queries(random, c.times, count));
  return c;
}

}  // namespace robocache::test
