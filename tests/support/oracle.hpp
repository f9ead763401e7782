// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/half.hpp"

#include <robocache/resample/resample.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

// What `resample` must give, in long double, by linear searches and textbook formulas. It shares the argument structs
// and enumerators with the library, and no code. Stamps must be sorted and offsets right: what happens otherwise is not
// a value but memory safety, and the bits are compared between launchers.

namespace robocache::test {

using Real = long double;
constexpr Real pi = 3.14159265358979323846264338327950288L;
constexpr Real not_a_number = std::numeric_limits<Real>::quiet_NaN();

/// One output element. A zero scale means: correctly rounded. Otherwise the library may be off by a small multiple of
/// scale * (unit roundoff of its arithmetic), besides the rounding to the output type.
struct ExpectedElement {
  Real value = 0;
  Real scale = 0;
  bool filled = false;           ///< the fill value, bit for bit
  bool any_non_finite = false;   ///< NaN or infinite: which of them is up to the formula
  bool ill_conditioned = false;  ///< the definition jumps here and rounding decides: any finite value
  bool periodic = false;         ///< an angle: equal modulo a turn
  bool sign_is_free = false;     ///< with the other channels of its group
};

struct Expected {
  std::int64_t rows = 0, channels = 0, groups = 0;
  std::vector<ExpectedElement> elements;  ///< [rows * channels]
  std::vector<std::uint8_t> status;       ///< [rows * groups]
  std::vector<std::int64_t> group_begin;  ///< [groups + 1], output channels
};

namespace oracle {

inline Real load(const void* data, ElementType type, std::int64_t i) {
  switch (type) {
    case ElementType::f32:
      return to_real(static_cast<const float*>(data)[i]);
    case ElementType::f64:
      return to_real(static_cast<const double*>(data)[i]);
    case ElementType::f16:
      return to_real(static_cast<const Half*>(data)[i]);
    case ElementType::bf16:
      return to_real(static_cast<const BFloat16*>(data)[i]);
    case ElementType::u8:
      return static_cast<const std::uint8_t*>(data)[i];
  }
  return not_a_number;
}

inline Real load(const Times& times, std::int64_t i) {
  if (times.type == TimeType::int64_ns) return static_cast<Real>(static_cast<const std::int64_t*>(times.data)[i]);
  if (times.type == TimeType::f64_seconds) return static_cast<Real>(static_cast<const double*>(times.data)[i]);
  return static_cast<Real>(static_cast<const float*>(times.data)[i]);
}

/// int64 sums are held at the ends of the type. Long double holds every int64, and every sum well enough to clamp it.
inline Real held_sum(Real a, Real b) {
  const Real low = static_cast<Real>(INT64_MIN), high = static_cast<Real>(INT64_MAX);
  const Real sum = a + b;
  return sum < low ? low : sum > high ? high : sum;
}

inline Real corrected_stamp(Real t, const Clock& clock, bool integer) {
  if (integer) {
    Real result = held_sum(t, static_cast<Real>(clock.offset));
    if (clock.drift != 0) {
      const double span = static_cast<double>(t - static_cast<Real>(clock.reference));
      volatile double product = clock.drift * span;
      result = held_sum(result, held_sum(std::nearbyint(static_cast<Real>(product)), 0));
    }
    return result;
  }
  double result = static_cast<double>(t);
  if (clock.offset != 0) result = std::fma(static_cast<double>(clock.offset), 1e-9, result);
  if (clock.drift != 0) {
    const double span = std::fma(static_cast<double>(clock.reference), -1e-9, static_cast<double>(t));
    result = std::fma(clock.drift, span, result);
  }
  return result;
}

__extension__ using Int128 = __int128;

inline Real grid_step(Rate rate, std::int64_t k, bool integer) {
  if (!integer) {
    volatile double seconds = static_cast<double>(k) * static_cast<double>(rate.den);
    return seconds / static_cast<double>(rate.num);
  }
  const Int128 twice = static_cast<Int128>(k) * 1'000'000'000 * rate.den * 2;
  return static_cast<Real>(static_cast<std::int64_t>((twice + rate.num) / (2 * static_cast<Int128>(rate.num))));
}

/// One sensor's segment, all of it at hand.
struct Segment {
  const SensorStream* source = nullptr;
  std::vector<std::int64_t> rows;  ///< of its samples
  std::vector<Real> t;             ///< corrected
  Real unit = 1;                   ///< of t, in seconds

  std::int64_t size() const { return static_cast<std::int64_t>(t.size()); }
  Real value(std::int64_t k, std::int64_t channel) const {
    return load(source->values.data, source->values.type,
                rows[static_cast<std::size_t>(k)] * source->values.pitch + channel);
  }
  Real nanoseconds(Real distance) const { return distance * (unit * 1'000'000'000); }
  bool within(Real distance, std::int64_t limit) const {
    return limit == unlimited || nanoseconds(distance) <= static_cast<Real>(limit);
  }
  Real shifted(Real q, Real by_ns) const {
    if (unit != 1) return held_sum(q, by_ns);
    return std::fma(static_cast<double>(by_ns), 1e-9, static_cast<double>(q));
  }
  std::int64_t last_at_or_before(Real q) const {
    std::int64_t found = -1;
    for (std::int64_t k = 0; k < size(); ++k)
      if (t[static_cast<std::size_t>(k)] <= q) found = k;
    return found;
  }
  std::int64_t first_at_or_after(Real q) const {
    for (std::int64_t k = 0; k < size(); ++k)
      if (t[static_cast<std::size_t>(k)] >= q) return k;
    return size();
  }
  Real at(std::int64_t k) const { return t[static_cast<std::size_t>(k)]; }
};

/// What happens to a group at a query, before any value is looked at.
struct Plan {
  enum class Do { fill, sample, zero, bracket, extend } what = Do::fill;
  std::int64_t k = 0;  ///< sample: which; bracket and extend: the left end of the interval
  How how = How::filled;
  Why why = Why::none;
};

inline Plan filled(Why why) { return {Plan::Do::fill, 0, How::filled, why}; }

/// `sample` at its own value, or a derivative of zero, unless it is too far away.
inline Plan one_sample(const Segment& s, const ChannelGroup& g, Real q, std::int64_t k, How how, Why why) {
  if (!s.within(std::fabs(q - s.at(k)), s.source->max_age)) return filled(Why::stale);
  return {g.derivative ? Plan::Do::zero : Plan::Do::sample, k, how, why};
}

inline bool takes_one_sample(Interpolation kind) {
  return kind == Interpolation::previous || kind == Interpolation::next || kind == Interpolation::nearest;
}

inline Plan plan_outside(const Segment& s, const ChannelGroup& g, Real q) {
  const SensorStream& source = *s.source;
  const std::int64_t last = s.size() - 1;
  const bool before = q < s.at(0);
  const std::int64_t end = before ? 0 : last;
  if (source.outside == Outside::fill) return filled(Why::outside);
  const Plan held = one_sample(s, g, q, end, How::clamped, Why::outside);
  if (source.outside == Outside::clamp || takes_one_sample(g.kind)) return held;
  if (!s.within(std::fabs(q - s.at(end)), source.max_extrapolation)) return filled(Why::outside);
  const bool has_slope = last > 0 && (before ? s.at(1) > s.at(0) : s.at(last) > s.at(last - 1));
  if (!has_slope) return held;
  return {Plan::Do::extend, before ? 0 : last - 1, How::extrapolated, Why::outside};
}

inline Plan plan_for(const Segment& s, const ChannelGroup& g, Real q) {
  if (s.size() == 0) return filled(Why::empty);
  const SensorStream& source = *s.source;
  if (std::isnan(q)) return filled(Why::outside);
  const std::int64_t last = s.size() - 1;
  const std::int64_t i = s.last_at_or_before(q);
  const Real slack = static_cast<Real>(source.slack);
  const auto step = [&](std::int64_t k) {
    return one_sample(s, g, q, k, s.at(k) == q ? How::exact : How::held, Why::none);
  };

  if (g.kind == Interpolation::previous) {
    const std::int64_t k = s.last_at_or_before(s.shifted(q, slack));
    if (k < 0) return filled(Why::outside);
    return q > s.at(last) ? plan_outside(s, g, q) : step(k);
  }
  if (g.kind == Interpolation::next) {
    const std::int64_t k = s.first_at_or_after(s.shifted(q, -slack));
    if (k > last) return filled(Why::outside);
    return q < s.at(0) ? plan_outside(s, g, q) : step(k);
  }

  if (q < s.at(0) || q > s.at(last)) return plan_outside(s, g, q);
  const bool hit = s.at(i) == q;
  if (g.kind == Interpolation::nearest) {
    if (hit) return step(i);
    const Real before = q - s.at(i), after = s.at(i + 1) - q;
    const bool later = after < before || (after == before && g.tie == Tie::later);
    return step(later ? i + 1 : i);
  }
  if (hit && !g.derivative) return {Plan::Do::sample, i, How::exact, Why::none};

  std::int64_t left = i;
  if (i == last) {  // a derivative, from the left
    left = last - 1;
    if (last == 0 || s.at(left) == s.at(last)) return {Plan::Do::zero, last, How::exact, Why::none};
  }
  if (!s.within(s.at(left + 1) - s.at(left), source.max_gap)) {
    if (source.gap == Gap::fill) return filled(Why::gap);
    return one_sample(s, g, q, i, How::held, Why::gap);
  }
  return {Plan::Do::bracket, left, hit ? How::exact : How::interpolated, Why::none};
}

/// Samples around a bracket, as far as no interval has length zero: the curve that one bracket belongs to.
struct Stretch {
  std::vector<Real> t, y;  ///< t as stored: its differences are exact
  std::vector<Real> h, m;  ///< of the intervals: length, secant
  std::size_t k = 0;       ///< the bracket is [k, k+1]
  Real unit;

  Stretch(const Segment& s, std::int64_t left, std::int64_t channel) : unit(s.unit) {
    std::int64_t low = left, high = left + 1;
    while (low > 0 && s.at(low - 1) < s.at(low)) --low;
    while (high + 1 < s.size() && s.at(high) < s.at(high + 1)) ++high;
    for (std::int64_t j = low; j <= high; ++j) {
      t.push_back(s.at(j));
      y.push_back(s.value(j, channel));
      if (j == low) continue;
      h.push_back((s.at(j) - s.at(j - 1)) * s.unit);
      m.push_back((y[y.size() - 1] - y[y.size() - 2]) / h.back());
    }
    k = static_cast<std::size_t>(left - low);
  }
};

struct Slope {
  Real value = 0;
  Real scale = 0;
  bool ill_conditioned = false;
};

inline Slope cubic_slope(const Stretch& c, std::size_t k) {
  const std::size_t before = k == 0 ? 0 : k - 1, after = k + 1 == c.y.size() ? k : k + 1;
  const Real span = (c.t[after] - c.t[before]) * c.unit;
  return {(c.y[after] - c.y[before]) / span, std::fabs(c.y[after] - c.y[before]) / span, false};
}

inline int sign_of(Real x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

inline Slope pchip_slope(const Stretch& c, std::size_t k) {
  const std::size_t intervals = c.m.size();
  if (intervals == 1) return {c.m[0], std::fabs(c.m[0]), false};
  if (k != 0 && k != intervals) {
    const Real a = c.m[k - 1], b = c.m[k];
    if (std::isnan(a) || std::isnan(b)) return {not_a_number, 0, false};
    if (sign_of(a) * sign_of(b) <= 0) return {0, 0, false};
    const Real w1 = 2 * c.h[k] + c.h[k - 1], w2 = c.h[k] + 2 * c.h[k - 1];
    const Real d = (w1 + w2) / (w1 / a + w2 / b);
    return {d, std::fabs(d), false};
  }
  const std::size_t own = k == 0 ? 0 : intervals - 1, other = k == 0 ? 1 : intervals - 2;
  const Real m0 = c.m[own], m1 = c.m[other], h0 = c.h[own], h1 = c.h[other];
  const Real d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1);
  const Real scale = (2 * std::fabs(m0) + std::fabs(m1));
  if (std::isnan(d)) return {not_a_number, 0, false};
  if (sign_of(d) != sign_of(m0)) return {0, scale, false};
  if (sign_of(m0) != sign_of(m1) && std::fabs(d) > 3 * std::fabs(m0)) return {3 * m0, scale, false};
  return {d, scale, false};
}

inline Slope akima_slope(const Stretch& c, std::size_t k) {
  const std::size_t intervals = c.m.size();
  if (intervals == 1) return {c.m[0], std::fabs(c.m[0]), false};
  // Two secants more at either end, on the parabola of the end's two.
  std::vector<Real> m(intervals + 4);
  for (std::size_t j = 0; j < intervals; ++j) m[j + 2] = c.m[j];
  m[1] = 2 * m[2] - m[3];
  m[0] = 2 * m[1] - m[2];
  m[intervals + 2] = 2 * m[intervals + 1] - m[intervals];
  m[intervals + 3] = 2 * m[intervals + 2] - m[intervals + 1];
  const Real far_left = m[k], left = m[k + 1], right = m[k + 2], far_right = m[k + 3];
  const Real w1 = std::fabs(far_right - right), w2 = std::fabs(left - far_left);
  Real largest = 0;
  for (const Real x : {far_left, left, right, far_right}) largest = std::fmax(largest, std::fabs(x));
  if (std::isnan(w1 + w2)) return {not_a_number, 0, false};
  if (w1 + w2 <= 1e-9L * largest) return {(far_left + far_right) / 2, 4 * largest, false};
  // A rounding error in a weight moves the slope between its neighbours.
  const Real amplification = largest / (w1 + w2);
  return {(w1 * left + w2 * right) / (w1 + w2), largest * (1 + 4 * amplification), amplification > 1000};
}

inline Slope slope_at(const Stretch& c, Interpolation kind, std::size_t k) {
  if (kind == Interpolation::cubic) return cubic_slope(c, k);
  if (kind == Interpolation::pchip) return pchip_slope(c, k);
  if (kind == Interpolation::akima) return akima_slope(c, k);
  return {c.m[c.k], (std::fabs(c.y[c.k]) + std::fabs(c.y[c.k + 1])) / c.h[c.k], false};
}

/// A curve through scalar samples: `x` seconds after the left end of the bracket, on the bracket or on the line that
/// continues it.
inline ExpectedElement curve(const Segment& s, const ChannelGroup& g, const Plan& plan, std::int64_t channel, Real q) {
  const Stretch c(s, plan.k, channel);
  const std::size_t k = c.k;
  const Real h = c.h[k], x = (q - s.at(plan.k)) * s.unit, a = c.y[k], b = c.y[k + 1];
  ExpectedElement e;
  if (plan.what == Plan::Do::extend) {
    const std::size_t end = x < 0 ? k : k + 1;
    const Slope d = slope_at(c, g.kind, end);
    const Real reach = (q - s.at(plan.k + (x < 0 ? 0 : 1))) * s.unit;
    e.value = g.derivative ? d.value : c.y[end] + d.value * reach;
    e.scale = g.derivative ? d.scale : (std::fabs(a) + std::fabs(b) + d.scale * h) * (1 + std::fabs(reach) / h);
    e.ill_conditioned = d.ill_conditioned;
    return e;
  }
  if (g.kind == Interpolation::linear) {
    const Real w = x / h;
    e.value = g.derivative ? c.m[k] : a * (1 - w) + b * w;
    e.scale = g.derivative ? (std::fabs(a) + std::fabs(b)) / h : std::fabs(a) + std::fabs(b);
    return e;
  }
  const Slope d0 = slope_at(c, g.kind, k), d1 = slope_at(c, g.kind, k + 1);
  e.ill_conditioned = d0.ill_conditioned || d1.ill_conditioned;
  const Real w = x / h, v = 1 - w;
  const Real size = std::fabs(a) + std::fabs(b) + h * (d0.scale + d1.scale);
  if (g.derivative) {
    e.value = 6 * w * v * (b - a) / h + v * (v - 2 * w) * d0.value + w * (w - 2 * v) * d1.value;
    e.scale = size / h;
    if (w == 0) e.value = d0.value, e.scale = d0.scale;
    if (w == 1) e.value = d1.value, e.scale = d1.scale;
  } else {
    e.value = v * v * (1 + 2 * w) * a + w * w * (3 - 2 * w) * b + h * w * v * (v * d0.value - w * d1.value);
    e.scale = size;
  }
  return e;
}

/// In (-pi, pi].
inline Real wrapped(Real a) {
  const Real r = std::remainder(a, 2 * pi);
  return r <= -pi ? r + 2 * pi : r;
}

inline ExpectedElement angle(const Segment& s, const ChannelGroup& g, const Plan& plan, std::int64_t channel, Real q) {
  const Real a = s.value(plan.k, channel), b = s.value(plan.k + 1, channel);
  const Real h = s.at(plan.k + 1) - s.at(plan.k), w = (q - s.at(plan.k)) / h;
  const Real way = wrapped(b - a);
  ExpectedElement e;
  e.ill_conditioned = std::fabs(way) > pi - 1e-3L;
  const Real size = std::fabs(a) + std::fabs(b) + 2 * pi;
  if (g.derivative) {
    e.value = way / (h * s.unit);
    e.scale = size / (h * s.unit);
  } else {
    e.value = wrapped(a + way * w);
    e.scale = size * (1 + std::fabs(w));
    e.periodic = true;
  }
  return e;
}

struct Quaternion {
  Real x = 0, y = 0, z = 0, w = 1;
};
inline Quaternion operator*(const Quaternion& a, const Quaternion& b) {
  return {a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y, a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
          a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w, a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z};
}
inline Quaternion operator*(Real s, const Quaternion& a) { return {s * a.x, s * a.y, s * a.z, s * a.w}; }
inline Quaternion conjugate(const Quaternion& a) { return {-a.x, -a.y, -a.z, a.w}; }
inline Real dot(const Quaternion& a, const Quaternion& b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }
inline Quaternion normalised(const Quaternion& a) {
  const Real largest = std::fmax(std::fmax(std::fabs(a.x), std::fabs(a.y)), std::fmax(std::fabs(a.z), std::fabs(a.w)));
  if (!(largest > 0) || std::isinf(largest)) return {not_a_number, not_a_number, not_a_number, not_a_number};
  const Quaternion b = (1 / largest) * a;
  return (1 / std::sqrt(dot(b, b))) * b;
}
/// Of a unit quaternion: axis times angle, the angle in [0, 2 pi).
inline std::array<Real, 3> rotation_vector_of(const Quaternion& a) {
  const Real sine = std::sqrt(a.x * a.x + a.y * a.y + a.z * a.z);
  if (sine == 0) return {0, 0, 0};
  const Real factor = 2 * std::atan2(sine, a.w) / sine;
  return {a.x * factor, a.y * factor, a.z * factor};
}
inline Quaternion quaternion_of(Real x, Real y, Real z) {
  const Real angle = std::sqrt(x * x + y * y + z * z);
  const Real factor = angle == 0 ? 0.5L : std::sin(angle / 2) / angle;
  return {x * factor, y * factor, z * factor, std::cos(angle / 2)};
}

using Vector = std::array<Real, 3>;
inline Real dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline Vector scaled(const Vector& a, Real s) { return {a[0] * s, a[1] * s, a[2] * s}; }

/// Columns of a rotation matrix to its quaternion, by the largest of the four components.
inline Quaternion quaternion_of(const Vector& x, const Vector& y, const Vector& z) {
  const Real trace[4] = {1 + x[0] - y[1] - z[2], 1 - x[0] + y[1] - z[2], 1 - x[0] - y[1] + z[2],
                         1 + x[0] + y[1] + z[2]};  // four times the square of each component
  int best = 0;
  for (int i = 1; i < 4; ++i)
    if (trace[i] > trace[best]) best = i;
  const Real yz = y[2] - z[1], zx = z[0] - x[2], xy = x[1] - y[0];
  const Real sum_xy = y[0] + x[1], sum_xz = z[0] + x[2], sum_yz = z[1] + y[2];
  switch (best) {
    case 0:
      return normalised({trace[0], sum_xy, sum_xz, yz});
    case 1:
      return normalised({sum_xy, trace[1], sum_yz, zx});
    case 2:
      return normalised({sum_xz, sum_yz, trace[2], xy});
    default:
      return normalised({yz, zx, xy, trace[3]});
  }
}

struct Rotation {
  Quaternion q;
  Real scale = 1;  ///< how much the conversion amplifies rounding
};

inline Rotation rotation_of(const Segment& s, const ChannelGroup& g, std::int64_t k, std::int64_t c) {
  const auto v = [&](std::int64_t j) { return s.value(k, c + j); };
  switch (g.from) {
    case RotationFormat::quaternion_xyzw:
      return {normalised({v(0), v(1), v(2), v(3)}), 1};
    case RotationFormat::quaternion_wxyz:
      return {normalised({v(1), v(2), v(3), v(0)}), 1};
    case RotationFormat::rotation_vector:
      return {normalised(quaternion_of(v(0), v(1), v(2))), 1 + std::sqrt(v(0) * v(0) + v(1) * v(1) + v(2) * v(2))};
    case RotationFormat::rot6d:
      break;
  }
  const Vector a{v(0), v(1), v(2)}, b{v(3), v(4), v(5)};
  const Real a_norm = std::sqrt(dot(a, a)), b_norm = std::sqrt(dot(b, b));
  const Vector x = scaled(a, 1 / a_norm);
  Vector y = {b[0] - dot(x, b) * x[0], b[1] - dot(x, b) * x[1], b[2] - dot(x, b) * x[2]};
  const Real y_norm = std::sqrt(dot(y, y));
  y = scaled(y, 1 / y_norm);
  return {quaternion_of(x, y, cross(x, y)), 1 + b_norm / y_norm};
}

/// `power` of the shortest way from a to b, applied to a.
inline void slerp(const Segment& s, const ChannelGroup& g, const Plan& plan, std::int64_t c, Real q,
                  ExpectedElement* out) {
  const std::int32_t width = output_width(g);
  const Rotation a = rotation_of(s, g, plan.k, c);
  Quaternion result = a.q;
  Real scale = a.scale;
  bool ill_conditioned = false;
  std::array<Real, 3> velocity{};
  if (plan.what == Plan::Do::bracket || plan.what == Plan::Do::extend) {
    const Rotation b = rotation_of(s, g, plan.k + 1, c);
    const Real h = s.at(plan.k + 1) - s.at(plan.k), w = (q - s.at(plan.k)) / h;
    Quaternion turn = conjugate(a.q) * b.q;
    ill_conditioned = std::fabs(turn.w) < 1e-3L;
    if (turn.w < 0) turn = -1 * turn;
    const std::array<Real, 3> way = rotation_vector_of(turn);
    result = a.q * quaternion_of(way[0] * w, way[1] * w, way[2] * w);
    // "As the sample before the query" is the right end where the query is beyond it.
    if (w > 1 && dot(a.q, b.q) < 0) result = -1 * result;
    const Real grown = a.scale + b.scale;
    scale = grown * (1 + std::fabs(w) * 4);
    for (std::size_t j = 0; j < 3; ++j) velocity[j] = way[j] / (h * s.unit);
    if (g.derivative) scale = 4 * grown / (h * s.unit);
  }
  std::array<Real, 6> values{};
  bool sign_is_free = false;
  if (g.derivative) {
    for (std::size_t j = 0; j < 3; ++j) values[j] = velocity[j];
  } else {
    if (g.sign == QuaternionSign::w_non_negative && result.w < 0) result = -1 * result;
    const bool w_near_zero = std::fabs(result.w) < 1e-4L * scale;
    switch (g.to) {
      case RotationFormat::quaternion_xyzw:
      case RotationFormat::quaternion_wxyz:
        sign_is_free =
            g.sign == QuaternionSign::w_non_negative ? w_near_zero : g.from > RotationFormat::quaternion_wxyz;
        if (g.to == RotationFormat::quaternion_xyzw)
          values = {result.x, result.y, result.z, result.w};
        else
          values = {result.w, result.x, result.y, result.z};
        break;
      case RotationFormat::rotation_vector: {
        if (result.w < 0) result = -1 * result;
        const std::array<Real, 3> v = rotation_vector_of(result);
        values = {v[0], v[1], v[2]};
        sign_is_free = w_near_zero;
        scale *= 4;
        break;
      }
      case RotationFormat::rot6d: {
        const auto rotate = [&](const Quaternion& v) { return result * v * conjugate(result); };
        const Quaternion x = rotate({1, 0, 0, 0}), y = rotate({0, 1, 0, 0});
        values = {x.x, x.y, x.z, y.x, y.y, y.z};
        scale *= 4;
        break;
      }
    }
  }
  for (std::int32_t j = 0; j < width; ++j) {
    out[j].value = values[static_cast<std::size_t>(j)];
    out[j].scale = scale;
    out[j].ill_conditioned = ill_conditioned;
    out[j].sign_is_free = sign_is_free;
  }
}

/// The values of one group at one query, and its status.
inline std::uint8_t evaluate(const Segment& s, const ChannelGroup& g, std::int64_t c, Real q, ExpectedElement* out) {
  const Plan plan = plan_for(s, g, q);
  const std::int32_t width = output_width(g);
  bool non_finite = false;
  if (plan.what == Plan::Do::fill) {
    for (std::int32_t j = 0; j < width; ++j) out[j].filled = true;
  } else if (plan.what == Plan::Do::zero) {
    for (std::int32_t j = 0; j < width; ++j) out[j] = ExpectedElement();
  } else if (g.kind == Interpolation::slerp) {
    slerp(s, g, plan, c, q, out);
  } else {
    for (std::int32_t j = 0; j < width; ++j) {
      if (plan.what == Plan::Do::sample) {
        out[j].value = s.value(plan.k, c + j);
        if (g.kind == Interpolation::angle) {
          out[j].scale = std::fabs(out[j].value);
          out[j].value = wrapped(out[j].value);
          out[j].periodic = true;
        }
      } else {
        out[j] = g.kind == Interpolation::angle ? angle(s, g, plan, c + j, q) : curve(s, g, plan, c + j, q);
      }
    }
  }
  if (plan.what != Plan::Do::fill)
    for (std::int32_t j = 0; j < width; ++j) {
      out[j].any_non_finite = !std::isfinite(out[j].value);
      non_finite = non_finite || out[j].any_non_finite;
      const bool copied = plan.what == Plan::Do::sample && g.kind < Interpolation::slerp;
      if (copied) out[j].any_non_finite = false;
    }
  return static_cast<std::uint8_t>(static_cast<int>(plan.how) | static_cast<int>(plan.why) << 3 |
                                   (non_finite ? 0x80 : 0));
}

/// A stream in host memory, segment by segment.
inline std::vector<Segment> segments_of(const SensorStream& source) {
  const bool integer = source.times.type == TimeType::int64_ns;
  std::vector<Segment> segments(static_cast<std::size_t>(source.segments.count));
  for (std::int64_t s = 0; s < source.segments.count; ++s) {
    std::int64_t begin = 0, end = source.values.count;
    if (source.segments.offsets != nullptr) {
      begin = source.segments.offsets[s];
      end = source.segments.offsets[s + 1];
    } else if (source.segments.length != Segments::every_row) {
      begin = s * source.segments.length;
      end = begin + source.segments.length;
    }
    Segment& segment = segments[static_cast<std::size_t>(s)];
    segment.source = &source;
    segment.unit = integer ? 1e-9L : 1;
    const std::int64_t capacity = end - begin;
    std::int64_t head = 0, count = capacity;
    if (source.rings != nullptr && capacity > 0) {
      head = source.rings[s].head % capacity;
      if (head < 0) head += capacity;
      count = std::max<std::int64_t>(0, std::min(source.rings[s].count, capacity));
    }
    const Clock& clock = source.clocks != nullptr ? source.clocks[s] : source.clock;
    for (std::int64_t k = 0; k < count; ++k) {
      segment.rows.push_back(begin + (head < capacity - k ? head + k : head + k - capacity));
      segment.t.push_back(corrected_stamp(load(source.times, segment.rows.back()), clock, integer));
    }
  }
  return segments;
}

inline const Segment& at(const std::vector<Segment>& segments, std::int64_t s) {
  static const Segment nowhere;
  return s >= 0 && s < static_cast<std::int64_t>(segments.size()) ? segments[static_cast<std::size_t>(s)] : nowhere;
}

struct AskedRow {
  std::int64_t segment = 0;
  Real q = 0;
};

/// Row r of `at`, in host memory. A grid of first stamps starts at those of `segments`.
inline AskedRow asked_row(const Queries& at, std::int64_t r, bool integer, const std::vector<Segment>& segments) {
  std::int64_t s = 0, step = r;
  if (at.kind == Queries::Kind::windows) {
    s = at.segment_of[r / at.steps];
    step = r % at.steps;
  } else if (at.row_offsets != nullptr) {
    while (at.row_offsets[s + 1] <= r) ++s;
    step = r - at.row_offsets[s];
  } else {
    s = r / at.steps;
    step = r % at.steps;
  }
  const auto sum = [&](Real a, Real b) {
    return integer ? held_sum(a, b) : static_cast<Real>(static_cast<double>(a) + static_cast<double>(b));
  };
  switch (at.kind) {
    case Queries::Kind::times:
      return {s, load(at.times, r)};
    case Queries::Kind::shared_times:
      return {s, load(at.times, step)};
    case Queries::Kind::windows:
      return {s, sum(load(at.times, r / at.steps), load(at.offsets, step))};
    case Queries::Kind::grid:
      break;
  }
  Real start = static_cast<Real>(at.start_time);
  if (!integer) start = static_cast<double>(at.start_time) / 1e9;
  if (at.start == Queries::Start::first_stamp) {
    const Segment& first = oracle::at(segments, s);
    start = first.t.empty() ? 0 : first.t[0];
  }
  if (at.start == Queries::Start::per_segment) start = load(at.times, s);
  return {s, sum(start, grid_step(at.rate, step, integer))};
}

}  // namespace oracle

/// `args` holds host memory.
inline Expected expected_resample(const ResampleArgs& args) {
  const SensorStream& source = args.source;
  const Queries& at = args.at;
  const bool integer = source.times.type == TimeType::int64_ns;

  std::vector<ChannelGroup> groups;
  if (source.groups != nullptr)
    groups.assign(source.groups, source.groups + source.group_count);
  else
    groups.push_back(channels(static_cast<std::int32_t>(source.values.width), source.interpolation));

  const std::vector<oracle::Segment> segments = oracle::segments_of(source);

  Expected expected;
  expected.rows = args.out.count;
  expected.groups = static_cast<std::int64_t>(groups.size());
  expected.group_begin.push_back(0);
  for (const ChannelGroup& g : groups) expected.group_begin.push_back(expected.group_begin.back() + output_width(g));
  expected.channels = expected.group_begin.back();
  expected.elements.resize(static_cast<std::size_t>(expected.rows * expected.channels));
  expected.status.resize(static_cast<std::size_t>(expected.rows * expected.groups));

  for (std::int64_t r = 0; r < expected.rows; ++r) {
    const oracle::AskedRow row = oracle::asked_row(at, r, integer, segments);
    const oracle::Segment& segment = oracle::at(segments, row.segment);
    const Real q = row.q;

    std::int64_t channel = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      ExpectedElement* out = expected.elements.data() + r * expected.channels + expected.group_begin[g];
      expected.status[static_cast<std::size_t>(r * expected.groups) + g] =
          oracle::evaluate(segment, groups[g], channel, q, out);
      channel += groups[g].width;
    }
  }

  for (std::size_t i = 0; i < expected.elements.size(); ++i) {
    ExpectedElement& e = expected.elements[i];
    const std::size_t channel = i % static_cast<std::size_t>(expected.channels);
    if (e.filled) {
      e.value = source.fill;
      continue;
    }
    if (source.scale == nullptr && source.shift == nullptr) continue;
    const Real scale = source.scale != nullptr ? source.scale[channel] : 1;
    const Real shift = source.shift != nullptr ? source.shift[channel] : 0;
    e.scale = (e.scale + std::fabs(e.value)) * std::fabs(scale) + std::fabs(shift);
    e.value = e.value * scale + shift;
    e.periodic = false;
  }
  return expected;
}

}  // namespace robocache::test
