// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/convert.hpp>
#include <robocache/geometry/quaternion.hpp>
#include <robocache/temporal/bracket.hpp>
#include <robocache/temporal/sample_status.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#include <cstdint>
#include <type_traits>

// One element's work, in two steps that host and device share: `plan_sample` looks at the stamps, once per row and
// channel group, and decides which samples to read and how to weigh them; `evaluate` reads them, once per channel.
// Both are usable in a user's own kernel.

ROBOCACHE_NAMESPACE_BEGIN

/// The limits of a stream, without its data.
struct ReadingRules {
  Outside outside = Outside::fill;
  Gap gap = Gap::fill;
  std::int64_t max_gap = unlimited;
  std::int64_t max_age = unlimited;
  std::int64_t max_extrapolation = unlimited;
  std::int64_t slack = 0;
};

/// What evaluate() does with the samples of a plan.
enum class Action : std::uint8_t {
  fill = 0,    ///< write the fill value; read nothing
  sample = 1,  ///< read sample `left` alone
  blend = 2,   ///< weigh the bracket [left, left + 1], and its neighbours where the kind wants them
  zero = 3,    ///< a derivative where the value is held
};

/// A decision for one query and one channel group. F is the arithmetic type.
template <class F>
struct SamplePlan {
  std::int64_t left = 0;  ///< row of the sample, or of the bracket's left end
  F weight = F(0);        ///< position in the bracket: 0 at left, 1 at left + 1, beyond them when extrapolating
  F rate = F(0);          ///< 1 / (length of the bracket in seconds), for derivatives
  Action action = Action::fill;
  std::uint8_t status = 0;
  std::int8_t wrap = no_wrap;  ///< ring buffers: the sample, counted from `left`, that lies in the ring's first row

  static constexpr std::int8_t no_wrap = 127;

  /// Elements from sample `left` to the k-th after it, -2 <= k <= 3, where rows are `pitch` apart. `ring` is the
  /// elements of the whole ring buffer; 0 where samples lie in order.
  ROBOCACHE_HD std::int64_t offset(int k, std::int64_t pitch, std::int64_t ring) const noexcept {
    return k * pitch + (wrap > 0 ? (k >= wrap ? -ring : 0) : (k < wrap ? ring : 0));
  }
};

/// How far around the bracket a plan looks.
enum class Reach : std::uint8_t {
  bracket = 0,
  neighbours = 1,       ///< one interval on each side: cubic, pchip
  wide_neighbours = 2,  ///< two: akima
};

/// With the intervals around the bracket, whose length is 1: [left-1, left] has the length `before`, and so on. An
/// inverse of 0 says that there is no such interval: the segment ends, or the interval is empty.
template <class F>
struct StencilPlan : SamplePlan<F> {
  F before = F(0), after = F(0);
  F inverse_before = F(0), inverse_after = F(0);
  F inverse_before2 = F(0), inverse_after2 = F(0);
};

ROBOCACHE_HD constexpr bool is_step(Interpolation kind) noexcept { return kind <= Interpolation::nearest; }
/// Kinds that read at most the two samples of a bracket, channel by channel, without wrapping.
ROBOCACHE_HD constexpr bool is_two_point(Interpolation kind) noexcept { return kind <= Interpolation::linear; }
ROBOCACHE_HD constexpr bool is_smooth(Interpolation kind) noexcept {
  return kind >= Interpolation::cubic && kind <= Interpolation::akima;
}

ROBOCACHE_HD constexpr Reach reach_of(Interpolation kind) noexcept {
  return kind == Interpolation::akima ? Reach::wide_neighbours : is_smooth(kind) ? Reach::neighbours : Reach::bracket;
}

/// a at weight 0 and b at weight 1, both exactly.
template <class F>
ROBOCACHE_HD inline F linear_between(F a, F b, F weight) noexcept {
  return detail::fma(weight, b, detail::fma(-weight, a, a));
}

/// Radians from a to b the shortest way round, in (-pi, pi].
template <class F>
ROBOCACHE_HD inline F angle_between(F a, F b, F weight) noexcept {
  return detail::wrap_angle(detail::fma(weight, detail::wrap_angle(b - a), a));
}

namespace detail {

template <class F>
ROBOCACHE_HD inline F hermite_inside(F y0, F y1, F d0, F d1, F weight) noexcept {
  const F chord = y1 - y0, rest = F(1) - weight;
  const F correction = fma(rest, d0 - chord, -weight * (d1 - chord));
  return fma(weight * rest, correction, linear_between(y0, y1, weight));
}
template <class F>
ROBOCACHE_HD inline F hermite_slope_inside(F y0, F y1, F d0, F d1, F weight) noexcept {
  const F chord = y1 - y0, rest = F(1) - weight;
  const F from_d0 = rest * fma(F(-3), weight, F(1));
  const F from_d1 = weight * fma(F(3), weight, F(-2));
  return fma(from_d0, d0, fma(from_d1, d1, (F(6) * weight * rest) * chord));
}

}  // namespace detail

/// The cubic through y0, y1 with the slopes d0, d1 over a bracket of length 1; beyond it, the straight line of the end
/// slope. Written as the chord and a correction that vanishes at both ends.
template <class F>
ROBOCACHE_HD inline F hermite(F y0, F y1, F d0, F d1, F weight) noexcept {
  using detail::fma;
  if (weight < F(0)) return fma(d0, weight, y0);
  if (weight > F(1)) return fma(d1, weight - F(1), y1);
  return detail::hermite_inside(y0, y1, d0, d1, weight);
}
template <class F>
ROBOCACHE_HD inline F hermite_slope(F y0, F y1, F d0, F d1, F weight) noexcept {
  if (weight < F(0)) return d0;
  if (weight > F(1)) return d1;
  return detail::hermite_slope_inside(y0, y1, d0, d1, weight);
}

namespace detail {

template <class F>
ROBOCACHE_HD inline bool opposite_or_zero(F a, F b) noexcept {
  return (a <= F(0) && b >= F(0)) || (a >= F(0) && b <= F(0));
}

/// pchip's slope between two intervals: (w1 + w2) / (w1 / m1 + w2 / m2), with w1 = 2 h2 + h1 and w2 = h2 + 2 h1, by one
/// division. `usual` becomes false where the secants are so small, large or zero that this does not do.
template <class F>
ROBOCACHE_HD inline F pchip_usual(F m1, F m2, F h1, F h2, bool& usual) noexcept {
  constexpr F tiny = F(1e-12), huge = F(1e12);  // then every operand of the division is moderate
  const F product = m1 * m2, w1 = fma(F(2), h2, h1), w2 = fma(F(2), h1, h2), sum = w1 + w2;
  const F numerator = sum * product, denominator = fma(w1, m2, w2 * m1);
  const bool opposite = product < F(0);
  usual = usual & (opposite | ((product > tiny) & (numerator < huge) & (absolute(denominator) < huge)));
  const F slope = divide_moderate(numerator, denominator);
  return opposite ? F(0) : slope;
}

/// The same for any secants, by two divisions where one does not do.
template <class F>
ROBOCACHE_HD inline F pchip_interior(F m1, F m2, F h1, F h2) noexcept {
  bool usual = true;
  const F slope = pchip_usual(m1, m2, h1, h2, usual);
  if (usual) return slope;
  if (opposite_or_zero(m1, m2)) return F(0);
  const F w1 = fma(F(2), h2, h1), w2 = fma(F(2), h1, h2), sum = w1 + w2;
  return absolute(m1) <= absolute(m2) ? divide(sum * m1, fma(w2, divide(m1, m2), w1))
                                      : divide(sum * m2, fma(w1, divide(m2, m1), w2));
}

/// pchip's slope at an end: three points, limited as SciPy does (Moler, Numerical Computing with MATLAB, 3.6). The
/// end's interval has the secant m1 and the length 1, the next one m2 and h2.
template <class F>
ROBOCACHE_HD inline F pchip_end(F m1, F m2, F h2) noexcept {
  const F slope = divide(fma(F(2) + h2, m1, -m2), F(1) + h2);
  if (opposite_or_zero(slope, m1)) return F(0);
  if (opposite_or_zero(m1, m2) && absolute(slope) > F(3) * absolute(m1)) return rounded_product(F(3), m1);
  return slope;
}

/// a / b for b > 0 without branches; `usual` becomes false where this is not the quotient.
template <class F>
ROBOCACHE_HD inline F divide_usual(F a, F b, bool& usual) noexcept {
  constexpr F tiny = F(1e-12), huge = F(1e12);
  const F size = absolute(a), quotient = divide_moderate(a, b);
  usual = usual & ((size == F(0)) | ((size > tiny) & (size < huge))) & (b > tiny) & (b < huge);
  return size == F(0) ? a : quotient;
}

/// Akima's slope between the secants m2 and m3, with m1 and m4 beyond them, as a numerator and a denominator. SciPy
/// compares the weights with the largest of all rows and channels; here with the local secants, so that a row does not
/// depend on others. `flat` says that the weights are too small, and the slope is the mean.
template <class F>
struct AkimaSlope {
  F weighted, sum, mean;
  bool flat;

  ROBOCACHE_HD static AkimaSlope of(F m1, F m2, F m3, F m4) noexcept {
    const F of_m2 = absolute(m4 - m3), of_m3 = absolute(m2 - m1), sum = of_m2 + of_m3;
    const F largest = larger(larger(absolute(m1), absolute(m2)), larger(absolute(m3), absolute(m4)));
    return {fma(of_m2, m2, of_m3 * m3), sum, rounded_product(F(0.5), m2 + m3), sum <= F(1e-9) * largest};
  }
  ROBOCACHE_HD F slope() const noexcept { return flat ? mean : divide(weighted, sum); }
  ROBOCACHE_HD F usual_slope(bool& usual) const noexcept {
    bool divides = true;
    const F quotient = divide_usual(weighted, sum, divides);
    usual = usual & (flat | divides);
    return flat ? mean : quotient;
  }
};

/// The samples around a bracket of one channel. Those that a plan's stencil does not have are not looked at.
template <class F>
struct Neighbours {
  F before2, before, left, right, after, after2;
};

/// A stencil's intervals alone, by value: a call that is not inlined must not force a plan into memory.
template <class F>
struct EndIntervals {
  F before, after, inverse_before, inverse_after, inverse_before2, inverse_after2;
};

template <class F>
struct EndSlopes {
  F left, right;
};

/// The slopes of a smooth kind at the ends of the bracket, whose length is 1: any case.
template <class F>
ROBOCACHE_HD ROBOCACHE_NOINLINE_ON_DEVICE EndSlopes<F> end_slopes(Interpolation kind, const EndIntervals<F> p,
                                                                  const Neighbours<F> y) noexcept {
  const bool has_before = p.inverse_before != F(0), has_after = p.inverse_after != F(0);
  const F m = y.right - y.left;
  if (kind == Interpolation::cubic) {
    return {has_before ? divide(y.right - y.before, F(1) + p.before) : m,
            has_after ? divide(y.after - y.left, F(1) + p.after) : m};
  }
  F m_before = rounded_product(y.left - y.before, p.inverse_before);
  F m_after = rounded_product(y.after - y.right, p.inverse_after);
  if (kind == Interpolation::pchip) {
    return {has_before  ? pchip_interior(m_before, m, p.before, F(1))
            : has_after ? pchip_end(m, m_after, p.after)
                        : m,
            has_after    ? pchip_interior(m, m_after, F(1), p.after)
            : has_before ? pchip_end(m, m_before, p.before)
                         : m};
  }
  if (!has_before && !has_after) return {m, m};
  if (!has_before) m_before = fma(F(2), m, -m_after);
  if (!has_after) m_after = fma(F(2), m, -m_before);
  const F m_before2 =
      p.inverse_before2 != F(0) ? rounded_product(y.before - y.before2, p.inverse_before2) : fma(F(2), m_before, -m);
  const F m_after2 =
      p.inverse_after2 != F(0) ? rounded_product(y.after2 - y.after, p.inverse_after2) : fma(F(2), m_after, -m);
  return {AkimaSlope<F>::of(m_before2, m_before, m, m_after).slope(),
          AkimaSlope<F>::of(m_before, m, m_after, m_after2).slope()};
}

/// The same for a bracket with all the neighbours of its kind, without branches, so that channels interleave. `usual`
/// becomes false where these are not the slopes.
template <class F>
ROBOCACHE_HD inline EndSlopes<F> usual_slopes(Interpolation kind, const StencilPlan<F>& p, const Neighbours<F>& y,
                                              bool& usual) noexcept {
  if (kind == Interpolation::cubic) {
    return {divide_usual(y.right - y.before, F(1) + p.before, usual),
            divide_usual(y.after - y.left, F(1) + p.after, usual)};
  }
  const F m = y.right - y.left;
  const F m_before = rounded_product(y.left - y.before, p.inverse_before);
  const F m_after = rounded_product(y.after - y.right, p.inverse_after);
  if (kind == Interpolation::pchip) {
    return {pchip_usual(m_before, m, p.before, F(1), usual), pchip_usual(m, m_after, F(1), p.after, usual)};
  }
  const F m_before2 = rounded_product(y.before - y.before2, p.inverse_before2);
  const F m_after2 = rounded_product(y.after2 - y.after, p.inverse_after2);
  return {AkimaSlope<F>::of(m_before2, m_before, m, m_after).usual_slope(usual),
          AkimaSlope<F>::of(m_before, m, m_after, m_after2).usual_slope(usual)};
}

/// Whether the bracket has all the neighbours that the kind looks at. It lies inside the recording then.
template <class F>
ROBOCACHE_HD inline bool has_all_neighbours(Interpolation kind, const StencilPlan<F>& p) noexcept {
  return p.inverse_before != F(0) && p.inverse_after != F(0) &&
         (kind != Interpolation::akima || (p.inverse_before2 != F(0) && p.inverse_after2 != F(0)));
}

/// Value, or first derivative per second, of a smooth kind.
template <class F>
ROBOCACHE_HD inline F smooth_between(Interpolation kind, bool derivative, const StencilPlan<F>& p,
                                     const Neighbours<F>& y) noexcept {
  EndSlopes<F> d;
  bool usual = kind == Interpolation::pchip && has_all_neighbours(kind, p);
  if (usual) d = usual_slopes(Interpolation::pchip, p, y, usual);
  if (!usual) {
    d = end_slopes(
        kind,
        EndIntervals<F>{p.before, p.after, p.inverse_before, p.inverse_after, p.inverse_before2, p.inverse_after2}, y);
  }
  if (derivative) return hermite_slope(y.left, y.right, d.left, d.right, p.weight) * p.rate;
  return hermite(y.left, y.right, d.left, d.right, p.weight);
}

/// Whether a stamp near index i is smaller than its predecessor, or NaN: among i-1, i, i+1, i+2.
template <class Stamp>
ROBOCACHE_HD inline bool unsorted_near(const Stamps<Stamp>& t, std::int64_t i) noexcept {
  const std::int64_t first = larger<std::int64_t>(i - 1, 0), last = smaller<std::int64_t>(i + 2, t.count - 1);
  bool sorted = first > last || t[first] == t[first];
  for (std::int64_t k = first; k < last; ++k) sorted = sorted && t[k] <= t[k + 1];
  return !sorted;
}

ROBOCACHE_HD inline bool is_nan(std::int64_t) noexcept { return false; }

template <class F>
ROBOCACHE_HD inline F rate_of(F length, std::int64_t) noexcept {
  return divide(F(1e9), length);
}
template <class F>
ROBOCACHE_HD inline F rate_of(F length, double) noexcept {
  return divide(F(1), length);
}

template <class F, class Stamp>
ROBOCACHE_HD inline void plan_stencil(const Stamps<Stamp>&, std::int64_t, time_value_t<Stamp>, time_value_t<Stamp>, F,
                                      bool, SamplePlan<F>&) noexcept {}
template <class F, class Stamp>
ROBOCACHE_HD inline void plan_stencil(const Stamps<Stamp>& t, std::int64_t left, time_value_t<Stamp> from,
                                      time_value_t<Stamp> to, F length, bool wide, StencilPlan<F>& plan) noexcept {
  using Value = time_value_t<Stamp>;
  const auto between = [](Value a, Value b) { return a < b ? span<F>(b, a) : F(0); };
  const auto interval = [&t, between](std::int64_t i) {  // [i, i+1], 0 where there is none
    return i >= 0 && i + 1 < t.count ? between(t[i], t[i + 1]) : F(0);
  };
  const auto ratio = [](F a, F b) { return divide_spans(a, b, Value(0)); };
  const F before = left > 0 ? between(t[left - 1], from) : F(0);
  const F after = left + 2 < t.count ? between(to, t[left + 2]) : F(0);
  plan.inverse_before = plan.inverse_after = plan.inverse_before2 = plan.inverse_after2 = F(0);
  if (before > F(0)) {
    plan.before = ratio(before, length);
    plan.inverse_before = ratio(length, before);
    const F before2 = wide ? interval(left - 2) : F(0);
    if (before2 > F(0)) plan.inverse_before2 = ratio(length, before2);
  }
  if (after > F(0)) {
    plan.after = ratio(after, length);
    plan.inverse_after = ratio(length, after);
    const F after2 = wide ? interval(left + 2) : F(0);
    if (after2 > F(0)) plan.inverse_after2 = ratio(length, after2);
  }
}

}  // namespace detail

namespace detail {

/// The search that a kind needs. For `next` the bracket's right end is the sample, for the others the left end.
template <class Index, class Stamp>
ROBOCACHE_HD inline Bracket<time_value_t<Stamp>> find_bracket(const Stamps<Stamp>& t,
                                                              const SearchGuide<time_value_t<Stamp>>& guide,
                                                              time_value_t<Stamp> q, Interpolation kind,
                                                              std::int64_t slack) noexcept {
  if (kind == Interpolation::next) {
    q = slack == 0 ? q : moved(q, -slack);
    if (is_lowest(q)) return {-1, guide.first, guide.first};
    q = predecessor(q);
  } else if (kind == Interpolation::previous && slack != 0) {
    q = moved(q, slack);
  }
  return bracket_of<Index>(t, guide, q);
}

/// Whether a group of `kind` needs another search than the one made for `searched`.
ROBOCACHE_HD constexpr bool needs_search(Interpolation kind, Interpolation searched, std::int64_t slack) noexcept {
  const bool was_next = searched == Interpolation::next, is_next = kind == Interpolation::next;
  const bool moves = slack != 0;
  const bool was_previous = moves && searched == Interpolation::previous;
  const bool is_previous = moves && kind == Interpolation::previous;
  return was_next != is_next || was_previous != is_previous;
}

/// Whether two groups of a stream are decided alike, so that one plan serves both.
ROBOCACHE_HD constexpr bool same_plan(const ChannelGroup& a, const ChannelGroup& b) noexcept {
  if (is_step(a.kind) || is_step(b.kind)) return a.kind == b.kind && a.tie == b.tie;
  return a.derivative == b.derivative;
}

/// Whether `nearest` takes the right one of two samples around q.
template <class Value>
ROBOCACHE_HD inline bool right_is_nearest(const Bracket<Value>& found, Value q, Tie tie) noexcept {
  const auto from_left = distance(q, found.left), from_right = distance(found.right, q);
  return from_right < from_left || (from_right == from_left && tie == Tie::later);
}

/// What is usual, in few instructions: the plan of a linear group for a query between two samples, where nobody asks
/// for a status and samples lie in order. False where it is anything else; then `plan` is as it was.
template <class F, class Stamp>
ROBOCACHE_HD inline bool plan_usual_into(SamplePlan<F>& plan, const Stamps<Stamp>& t, std::int64_t first_row,
                                         time_value_t<Stamp> q, const Bracket<time_value_t<Stamp>>& found,
                                         const ChannelGroup& group, const ReadingRules& rules) noexcept {
  if (group.kind != Interpolation::linear || group.derivative) return false;
  if (found.index < 0 || found.index + 1 >= t.count || found.left == q) return false;
  if (!within(found.right, found.left, rules.max_gap)) return false;
  plan = {};
  plan.left = first_row + found.index;
  plan.weight = divide_spans(span<F>(q, found.left), span<F>(found.right, found.left), q);
  plan.action = Action::blend;
  return true;
}

/// Decides one row of one group. Plan is SamplePlan<F>, or StencilPlan<F>, whose intervals are looked at as far as
/// `reach`. `found` is find_bracket's result, `first_row` the row of the segment's first sample. Bit status_unsorted is
/// looked at only if `check_order`. Whatever `plan` held is overwritten, its intervals only if they are looked at.
template <class F, class Plan, class Stamp>
ROBOCACHE_HD inline void plan_sample_into(Plan& plan, const Stamps<Stamp>& t, std::int64_t first_row,
                                          time_value_t<Stamp> q, const Bracket<time_value_t<Stamp>>& found,
                                          const ChannelGroup& group, const ReadingRules& rules, Reach reach,
                                          bool check_order) noexcept {
  using Value = time_value_t<Stamp>;
  const std::int64_t n = t.count, i = found.index;
  static_cast<SamplePlan<F>&>(plan) = {};
  plan.left = first_row;
  if (n == 0) {
    plan.status = make_status(How::filled, Why::empty);
    return;
  }
  const std::uint8_t order = check_order && unsorted_near(t, i) ? status_unsorted : 0;
  const auto decide = [&](Action action, How how, Why why) {
    plan.action = action;
    plan.status = static_cast<std::uint8_t>(make_status(how, why) | order);
  };
  const auto fill = [&](Why why) { return decide(Action::fill, How::filled, why); };
  const auto use = [&](std::int64_t sample, Value stamp, How how, Why why) {
    if (!(stamp <= q ? within(q, stamp, rules.max_age) : within(stamp, q, rules.max_age))) return fill(Why::stale);
    plan.left = first_row + t.place(sample);
    return decide(group.derivative ? Action::zero : Action::sample, how, why);
  };
  if (is_nan(q)) return fill(Why::outside);
  const bool has_left = i >= 0, has_right = i + 1 < n;

  if (is_step(group.kind)) {
    const bool is_nearest = group.kind == Interpolation::nearest;
    bool to_right = group.kind == Interpolation::next || !has_left;
    if (is_nearest && has_left && has_right) to_right = right_is_nearest(found, q, group.tie);
    const bool exists = to_right ? has_right : has_left;
    if (!exists || (!is_nearest && to_right != (group.kind == Interpolation::next))) return fill(Why::outside);
    const Value stamp = to_right ? found.right : found.left;
    const bool outside = to_right ? !has_left && q < stamp : !has_right && q > stamp;
    if (outside && rules.outside == Outside::fill) return fill(Why::outside);
    return use(to_right ? i + 1 : i, stamp,
               outside      ? How::clamped
               : stamp == q ? How::exact
                            : How::held,
               outside ? Why::outside : Why::none);
  }

  const bool hit = has_left && found.left == q;
  if (hit && !group.derivative) {
    plan.left = first_row + t.place(i);
    return decide(Action::sample, How::exact, Why::none);
  }
  std::int64_t left = i;
  Value from = found.left, to = found.right;
  const bool inside = has_left && has_right, beyond = !inside && !hit;
  if (!inside) {
    const Value end = has_left ? found.left : found.right;
    const std::int64_t end_sample = has_left ? n - 1 : 0;
    if (beyond) {
      if (rules.outside == Outside::fill) return fill(Why::outside);
      if (rules.outside == Outside::clamp) return use(end_sample, end, How::clamped, Why::outside);
      if (!(has_left ? within(q, end, rules.max_extrapolation) : within(end, q, rules.max_extrapolation))) {
        return fill(Why::outside);
      }
    }
    left = has_left ? n - 2 : 0;
    const bool has_slope = n >= 2 && t[left] < t[left + 1];
    if (!has_slope) {
      return beyond ? use(end_sample, end, How::clamped, Why::outside) : decide(Action::zero, How::exact, Why::none);
    }
    from = t[left];
    to = t[left + 1];
  }
  if (!beyond && !within(to, from, rules.max_gap)) {
    return rules.gap == Gap::fill ? fill(Why::gap) : use(i, found.left, How::held, Why::gap);
  }
  const F length = span<F>(to, from);
  constexpr F above_one = sizeof(F) == 4 ? F(1.00000012f) : F(1.0000000000000002);  // beyond stays told from inside
  plan.left = first_row + t.place(left);
  if (t.capacity != 0) {
    const std::int64_t wrap = t.capacity - t.head - left;
    if (wrap >= -1 && wrap <= 3) plan.wrap = static_cast<std::int8_t>(wrap);
  }
  plan.weight = inside     ? divide_spans(span<F>(q, from), length, q)
                : hit      ? F(1)
                : has_left ? larger(F(1) + divide_spans(span<F>(q, to), length, q), above_one)
                           : -divide_spans(span<F>(from, q), length, q);
  if (group.derivative) plan.rate = rate_of(length, q);
  if (reach != Reach::bracket) plan_stencil(t, left, from, to, length, reach == Reach::wide_neighbours, plan);
  return decide(Action::blend,
                hit      ? How::exact
                : inside ? How::interpolated
                         : How::extrapolated,
                beyond ? Why::outside : Why::none);
}

}  // namespace detail

/// The same for one query in a user's own code, the search included.
template <class F, class Stamp>
ROBOCACHE_HD inline StencilPlan<F> plan_sample(const Stamps<Stamp>& t, std::int64_t first_row, time_value_t<Stamp> q,
                                               const ChannelGroup& group, const ReadingRules& rules) noexcept {
  StencilPlan<F> plan;
  const auto guide = detail::SearchGuide<time_value_t<Stamp>>::of(t);
  const auto found = detail::find_bracket<std::int64_t>(t, guide, q, group.kind, rules.slack);
  detail::plan_sample_into<F>(plan, t, first_row, q, found, group, rules, reach_of(group.kind), true);
  return plan;
}

/// One channel of a scalar group (not slerp) of a plan that does not fill. `y` points at the channel in row plan.left;
/// rows are `pitch` elements apart, and a ring buffer has `ring` elements. Value or first derivative per second, before
/// the affine. A SamplePlan serves every kind but the smooth ones. Row is a pointer to an element type.
template <class F, class Row, template <class> class Plan>
ROBOCACHE_HD inline F evaluate(const Plan<F>& plan, const ChannelGroup& group, Row y, std::int64_t pitch,
                               std::int64_t ring = 0) noexcept {
  using namespace detail;
  if (plan.action == Action::zero) return F(0);
  const F y0 = widen<F>(y[0]);
  if (plan.action == Action::sample) return group.kind == Interpolation::angle ? wrap_angle(y0) : y0;
  const F y1 = widen<F>(y[plan.offset(1, pitch, ring)]);
  if constexpr (std::is_same<Plan<F>, StencilPlan<F>>::value) {
    if (is_smooth(group.kind)) {
      const bool wide = group.kind == Interpolation::akima;
      const auto read = [&plan, y, pitch, ring](bool wanted, int k, F otherwise) {
        return wanted ? widen<F>(y[plan.offset(k, pitch, ring)]) : otherwise;
      };
      const Neighbours<F> neighbours = {read(wide && plan.inverse_before2 != F(0), -2, y0),
                                        read(plan.inverse_before != F(0), -1, y0),
                                        y0,
                                        y1,
                                        read(plan.inverse_after != F(0), 2, y1),
                                        read(wide && plan.inverse_after2 != F(0), 3, y1)};
      return smooth_between(group.kind, group.derivative, plan, neighbours);
    }
  }
  if (group.kind == Interpolation::angle) {
    return group.derivative ? wrap_angle(y1 - y0) * plan.rate : angle_between(y0, y1, plan.weight);
  }
  return group.derivative ? (y1 - y0) * plan.rate : linear_between(y0, y1, plan.weight);
}

/// A rotation read in any format as a unit quaternion; NaN if it has none.
template <class F, class Row>
ROBOCACHE_HD inline Quaternion<F> read_rotation(RotationFormat format, Row y) noexcept {
  using detail::widen;
  const F a = widen<F>(y[0]), b = widen<F>(y[1]), c = widen<F>(y[2]);
  switch (format) {
    case RotationFormat::rotation_vector:
      return from_rotation_vector(Vector3<F>{a, b, c});
    case RotationFormat::rot6d:
      return from_columns(Columns<F>{{a, b, c}, {widen<F>(y[3]), widen<F>(y[4]), widen<F>(y[5])}});
    case RotationFormat::quaternion_wxyz:
      return normalized(Quaternion<F>{b, c, widen<F>(y[3]), a});
    default:
      return normalized(Quaternion<F>{a, b, c, widen<F>(y[3])});
  }
}

/// The output channels of one rotation group: `width` values.
template <class F>
struct RotationChannels {
  F values[6];
};

/// One rotation (slerp group) of a plan that does not fill. `y` points at the group's first channel in row plan.left.
template <class F, class Row>
ROBOCACHE_HD inline RotationChannels<F> evaluate_rotation(const SamplePlan<F>& plan, const ChannelGroup& group, Row y,
                                                          std::int64_t pitch, std::int64_t ring = 0) noexcept {
  RotationChannels<F> out = {};
  if (plan.action == Action::zero) return out;
  Quaternion<F> q = read_rotation<F>(group.from, y);
  if (plan.action == Action::blend) {
    const Quaternion<F> next = read_rotation<F>(group.from, y + plan.offset(1, pitch, ring));
    if (group.derivative) {
      const Vector3<F> velocity = angular_velocity(q, next, plan.rate);
      out.values[0] = velocity.x;
      out.values[1] = velocity.y;
      out.values[2] = velocity.z;
      return out;
    }
    // Beyond the end the sample before the query is the bracket's right one.
    const bool flips = plan.weight > F(1) && dot(q, next) < F(0);
    q = slerp(q, next, plan.weight);
    if (flips) q = negated(q);
  }
  switch (group.to) {
    case RotationFormat::rotation_vector: {
      const Vector3<F> v = to_rotation_vector(q);
      out.values[0] = v.x;
      out.values[1] = v.y;
      out.values[2] = v.z;
      return out;
    }
    case RotationFormat::rot6d: {
      const Columns<F> c = to_columns(q);
      out.values[0] = c.first.x;
      out.values[1] = c.first.y;
      out.values[2] = c.first.z;
      out.values[3] = c.second.x;
      out.values[4] = c.second.y;
      out.values[5] = c.second.z;
      return out;
    }
    default: {
      if (group.sign == QuaternionSign::w_non_negative && q.w < F(0)) q = negated(q);
      const bool scalar_first = group.to == RotationFormat::quaternion_wxyz;
      out.values[0] = scalar_first ? q.w : q.x;
      out.values[1] = scalar_first ? q.x : q.y;
      out.values[2] = scalar_first ? q.y : q.z;
      out.values[3] = scalar_first ? q.z : q.w;
      return out;
    }
  }
}

ROBOCACHE_NAMESPACE_END
