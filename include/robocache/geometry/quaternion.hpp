// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/elementary.hpp>

ROBOCACHE_NAMESPACE_BEGIN

/// A Hamilton quaternion x i + y j + z k + w. As a rotation it takes body to world coordinates. F is float or double.
/// All functions run on host and device and give the same bits on both.
template <class F>
struct Quaternion {
  F x, y, z, w;
};

template <class F>
struct Vector3 {
  F x, y, z;
};

template <class F>
ROBOCACHE_HD inline F dot(const Quaternion<F>& a, const Quaternion<F>& b) noexcept {
  return detail::fma(a.x, b.x, detail::fma(a.y, b.y, detail::fma(a.z, b.z, a.w * b.w)));
}
template <class F>
ROBOCACHE_HD inline Quaternion<F> scaled(const Quaternion<F>& q, F s) noexcept {
  using detail::rounded_product;
  return {rounded_product(q.x, s), rounded_product(q.y, s), rounded_product(q.z, s), rounded_product(q.w, s)};
}
template <class F>
ROBOCACHE_HD inline Vector3<F> scaled(const Vector3<F>& v, F s) noexcept {
  using detail::rounded_product;
  return {rounded_product(v.x, s), rounded_product(v.y, s), rounded_product(v.z, s)};
}
template <class F>
ROBOCACHE_HD inline Quaternion<F> negated(const Quaternion<F>& q) noexcept {
  return {-q.x, -q.y, -q.z, -q.w};
}
template <class F>
ROBOCACHE_HD inline Quaternion<F> conjugated(const Quaternion<F>& q) noexcept {
  return {-q.x, -q.y, -q.z, q.w};
}

/// The Hamilton product: the rotation b, then a.
template <class F>
ROBOCACHE_HD inline Quaternion<F> product(const Quaternion<F>& a, const Quaternion<F>& b) noexcept {
  using detail::fma;
  return {fma(a.w, b.x, fma(a.x, b.w, fma(a.y, b.z, -a.z * b.y))),
          fma(a.w, b.y, fma(-a.x, b.z, fma(a.y, b.w, a.z * b.x))),
          fma(a.w, b.z, fma(a.x, b.y, fma(-a.y, b.x, a.z * b.w))),
          fma(a.w, b.w, fma(-a.x, b.x, fma(-a.y, b.y, -a.z * b.z)))};
}

/// Unit norm. NaN in every component if the norm is zero or a component is not finite. Norms whose square leaves the
/// floating-point range are handled by scaling first.
template <class F>
ROBOCACHE_HD inline Quaternion<F> normalized(Quaternion<F> q) noexcept {
  using namespace detail;
  F square = dot(q, q);
  const F small = sizeof(F) == 4 ? F(1e-30) : F(1e-290), large = sizeof(F) == 4 ? F(1e30) : F(1e290);
  if (!(square > small && square < large)) {
    const F largest = larger(larger(absolute(q.x), absolute(q.y)), larger(absolute(q.z), absolute(q.w)));
    if (!(largest > F(0)) || !is_finite(q.x) || !is_finite(q.y) || !is_finite(q.z) || !is_finite(q.w)) {
      const F nan = canonical_nan<F>();
      return {nan, nan, nan, nan};
    }
    q = {divide(q.x, largest), divide(q.y, largest), divide(q.z, largest), divide(q.w, largest)};
    square = dot(q, q);
  }
  return scaled(q, divide_moderate(F(1), square_root(square)));
}

/// The unit quaternion of a rotation vector (axis times angle, radians).
template <class F>
ROBOCACHE_HD inline Quaternion<F> from_rotation_vector(const Vector3<F>& v) noexcept {
  using namespace detail;
  const F angle = square_root(fma(v.x, v.x, fma(v.y, v.y, v.z * v.z)));
  const SincCos<F> half = sinc_cos(F(0.5) * angle);
  const Vector3<F> imaginary = scaled(v, F(0.5) * half.sinc);
  return {imaginary.x, imaginary.y, imaginary.z, half.cos};
}

/// The rotation vector of a unit quaternion, angle in [0, pi].
template <class F>
ROBOCACHE_HD inline Vector3<F> to_rotation_vector(Quaternion<F> q) noexcept {
  using namespace detail;
  if (q.w < F(0)) q = negated(q);
  const F sine = square_root(fma(q.x, q.x, fma(q.y, q.y, q.z * q.z)));
  // angle / sin(angle / 2), without a division by a small sine where the two are nearly proportional
  F factor;
  if (sine <= q.w) {
    const F tangent = divide(sine, q.w);
    factor = divide(F(2) * atanc_of_square(tangent * tangent), q.w);
  } else {
    factor = divide(F(2) * first_quadrant_angle(sine, q.w), sine);
  }
  return scaled(Vector3<F>{q.x, q.y, q.z}, factor);
}

/// First and second column of the rotation matrix of a unit quaternion.
template <class F>
struct Columns {
  Vector3<F> first, second;
};
template <class F>
ROBOCACHE_HD inline Columns<F> to_columns(const Quaternion<F>& q) noexcept {
  using detail::fma;
  const F two = F(2);
  return {{fma(-two, fma(q.y, q.y, q.z * q.z), F(1)), two * fma(q.x, q.y, q.z * q.w), two * fma(q.x, q.z, -q.y * q.w)},
          {two * fma(q.x, q.y, -q.z * q.w), fma(-two, fma(q.x, q.x, q.z * q.z), F(1)), two * fma(q.y, q.z, q.x * q.w)}};
}

/// The unit quaternion of two columns, orthonormalised by Gram-Schmidt (Zhou et al. 2019); the largest component is
/// found first (Shepperd 1978). NaN if a column is zero, or both are parallel: the sine of their angle is at most eight
/// units of roundoff, so that no direction is left of what is not along the first.
template <class F>
ROBOCACHE_HD inline Quaternion<F> from_columns(const Columns<F>& columns) noexcept {
  using namespace detail;
  // As vectors with w = 0, columns share the quaternion's careful normalisation.
  const Quaternion<F> a = normalized(Quaternion<F>{columns.first.x, columns.first.y, columns.first.z, F(0)});
  const Quaternion<F> raw = normalized(Quaternion<F>{columns.second.x, columns.second.y, columns.second.z, F(0)});
  const F along = dot(a, raw);
  const Quaternion<F> across = {fma(-along, a.x, raw.x), fma(-along, a.y, raw.y), fma(-along, a.z, raw.z), F(0)};
  constexpr F least_sine = sizeof(F) == 4 ? F(0x1p-20) : F(0x1p-49);
  const Quaternion<F> b =
      normalized(dot(across, across) > least_sine * least_sine ? across : Quaternion<F>{0, 0, 0, 0});
  const Vector3<F> c = {fma(a.y, b.z, -a.z * b.y), fma(a.z, b.x, -a.x * b.z), fma(a.x, b.y, -a.y * b.x)};
  const F trace = a.x + b.y + c.z;
  Quaternion<F> q;
  if (trace >= a.x && trace >= b.y && trace >= c.z) {
    q = {b.z - c.y, c.x - a.z, a.y - b.x, F(1) + trace};
  } else if (a.x >= b.y && a.x >= c.z) {
    q = {F(1) + a.x - b.y - c.z, a.y + b.x, c.x + a.z, b.z - c.y};
  } else if (b.y >= c.z) {
    q = {a.y + b.x, F(1) - a.x + b.y - c.z, b.z + c.y, c.x - a.z};
  } else {
    q = {c.x + a.z, b.z + c.y, F(1) - a.x - b.y + c.z, a.y - b.x};
  }
  return normalized(q);
}

/// From unit quaternion a (weight 0) to unit quaternion b (weight 1) by the shortest arc at constant angular velocity
/// (Shoemake 1985); beyond [0, 1] it goes on at that velocity. The angle comes from the chord (Kahan), so that
/// near-equal and near-opposite rotations keep full precision. Unit norm; the sign continues from a.
template <class F>
ROBOCACHE_HD inline Quaternion<F> slerp(const Quaternion<F>& a, Quaternion<F> b, F weight) noexcept {
  using namespace detail;
  if (dot(a, b) < F(0)) b = negated(b);
  const Quaternion<F> difference = {a.x - b.x, a.y - b.y, a.z - b.z, a.w - b.w};
  const Quaternion<F> sum = {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
  // tan(angle / 2) <= 1 for angle in [0, pi/2] between the two as points of the unit sphere
  const F tangent = divide_moderate(square_root(dot(difference, difference)), square_root(dot(sum, sum)));
  const F angle = F(2) * (tangent * atanc_of_square(tangent * tangent));
  F from_a, from_b;
  const bool between = weight >= F(0) && weight <= F(1);
  if (between) {
    // sin(k angle) / sin(angle) by sinc, which has no singularity at zero
    const F u = angle * angle, rest = F(1) - weight;
    const F inverse = divide_moderate(F(1), sinc_of_square(u));
    from_a = rest * (sinc_of_square(rest * rest * u) * inverse);
    from_b = weight * (sinc_of_square(weight * weight * u) * inverse);
  } else {
    // a * exp(weight * log(a^-1 b)), written out: cos(t) a + sin(t) e, e the unit tangent at a toward b
    const SincCos<F> turn = sinc_cos(weight * angle);
    const F inverse = divide(F(1), sinc_of_square(angle * angle));
    from_b = weight * (turn.sinc * inverse);
    from_a = fma(-from_b, cos_of_square(angle * angle), turn.cos);
  }
  const Quaternion<F> q = {fma(from_b, b.x, from_a * a.x), fma(from_b, b.y, from_a * a.y),
                           fma(from_b, b.z, from_a * a.z), fma(from_b, b.w, from_a * a.w)};
  if (!between) return normalized(q);
  // One Newton step of 1/sqrt: the norm is already 1 up to rounding.
  return scaled(q, fma(F(-0.5), dot(q, q), F(1.5)));
}

/// Constant angular velocity (rad per unit of 1 / rate) that turns unit quaternion a into b, in the body frame.
template <class F>
ROBOCACHE_HD inline Vector3<F> angular_velocity(const Quaternion<F>& a, const Quaternion<F>& b, F rate) noexcept {
  return scaled(to_rotation_vector(product(conjugated(a), b)), rate);
}

ROBOCACHE_NAMESPACE_END
