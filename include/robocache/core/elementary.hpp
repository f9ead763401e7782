// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>

// The few elementary functions that rotations need, as polynomials that give the same bits on CPU and GPU (the math
// libraries of the two differ in the last place). Coefficients are minimax for the relative error (Remez exchange in 60
// digits); "error" is that of the polynomial alone, before rounding.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

template <class F>
struct Constants;
template <>
struct Constants<float> {
  static constexpr float pi = 3.14159274f, pi_low = -8.74227766e-8f, half_pi = 1.57079637f,
                         inverse_two_pi = 0.159154937f, inverse_pi = 0.318309873f;
};
template <>
struct Constants<double> {
  static constexpr double pi = 3.141592653589793, pi_low = 1.2246467991473532e-16, half_pi = 1.5707963267948966,
                          inverse_two_pi = 0.15915494309189535, inverse_pi = 0.3183098861837907;
};

/// sin(x) / x as a function of u = x^2, for |x| <= pi/2. Error 2.2e-11 (float), 3.8e-22 (double).
ROBOCACHE_HD inline float sinc_of_square(float u) noexcept {
  return horner(u, 0.999999999979f, -0.166666666088f, 0.0083333307195f, -0.000198408326924f, 2.75239644858e-6f,
                -2.38682309205e-8f);
}
ROBOCACHE_HD inline double sinc_of_square(double u) noexcept {
  return horner(u, 1.0, -0.16666666666666666464, 0.0083333333333333329518, -0.00019841269841269648811,
                2.7557319223936372139e-6, -2.5052108378098083261e-8, 1.605904317186736052e-10,
                -7.6471263678627350415e-13, 2.8101850274805775647e-15, -7.9798732053073215112e-18);
}

/// cos(x) as a function of u = x^2, for |x| <= pi/2. Absolute error 3.7e-9 (float), 1.1e-19 (double).
ROBOCACHE_HD inline float cos_of_square(float u) noexcept {
  const float tail = horner(u, 0.041666666057701272093f, -0.0013888811056814363702f, 0.000024785921251130526492f,
                            -2.6541709386464407559e-7f);
  return fma(fma(u, tail, -0.5f), u, 1.0f);
}
ROBOCACHE_HD inline double cos_of_square(double u) noexcept {
  const double tail = horner(u, 0.041666666666666666649, -0.0013888888888888879872, 0.00002480158730157967969,
                             -2.755731922152764247e-7, 2.0876756598019833712e-9, -1.1470711983908263475e-11,
                             4.7778694024388879431e-14, -1.5217650147956957818e-16);
  return fma(fma(u, tail, -0.5), u, 1.0);
}

/// atan(x) / x as a function of u = x^2, for |x| <= 1. Error 2.4e-9 (float), 1.2e-19 (double).
ROBOCACHE_HD inline float atanc_of_square(float u) noexcept {
  return horner(u, 0.999999997631f, -0.333332836396f, 0.199982659718f, -0.142619323532f, 0.109420267663f,
                -0.083773042654f, 0.0575519145239f, -0.0308044141166f, 0.0107268476804f, -0.00175390898078f);
}
ROBOCACHE_HD inline double atanc_of_square(double u) noexcept {
  return horner(u, 1.0, -0.33333333333333320409, 0.19999999999997670981, -0.14285714285547054192,
                0.11111111104725198906, -0.090909089408001433294, 0.076923053204855838892, -0.066666399641481964164,
                0.058821297784196858675, -0.052617311289574727487, 0.047547658948054485957, -0.04319372716058628012,
                0.039083736934933872875, -0.034624642311229101603, 0.029233610992463321371, -0.022714771040067715572,
                0.015618603023164466394, -0.0091219904154620165328, 0.0043319036688298582631, -0.001588570886355206666,
                0.00041882720270762408528, -0.000070277388329604890985, 5.6163209050807871673e-6);
}

/// The angle of the point (x, y) in the first quadrant: atan(y / x) for x, y >= 0, in [0, pi/2]; 0 for (0, 0).
template <class F>
ROBOCACHE_HD inline F first_quadrant_angle(F y, F x) noexcept {
  if (x == F(0) && y == F(0)) return F(0);
  const bool steep = y > x;
  const F ratio = steep ? divide(x, y) : divide(y, x);
  const F tail = atanc_of_square(ratio * ratio);
  return steep ? fma(-ratio, tail, Constants<F>::half_pi) : ratio * tail;
}

/// radians - 2 pi n, once: within (-pi, pi] up to rounding while n is exact.
template <class F>
ROBOCACHE_HD inline F without_turns(F radians) noexcept {
  using C = Constants<F>;
  const F turns = round_to_even(radians * C::inverse_two_pi);
  return fma(turns, F(-2) * C::pi_low, fma(turns, F(-2) * C::pi, radians));
}

/// radians - 2 pi n in (-pi, pi]; NaN for infinity. Two parts of pi keep the full precision for |radians| up to about
/// 1e5 (float) and 1e12 (double); far above, where the type no longer resolves a turn, the result is merely in range.
template <class F>
ROBOCACHE_HD inline F wrap_angle(F radians) noexcept {
  using C = Constants<F>;
  F wrapped = without_turns(radians);
  if (absolute(wrapped) > F(4)) wrapped = without_turns(wrapped);
  if (wrapped > C::pi) wrapped = fma(F(-2), C::pi, wrapped);
  if (wrapped <= -C::pi) wrapped = fma(F(2), C::pi, wrapped);
  return absolute(wrapped) > C::pi ? C::pi : wrapped;
}

/// sin(x) / x and cos(x) for any finite x; x is reduced by multiples of pi in two parts, so that the absolute error
/// grows with |x| as that of wrap_angle does.
template <class F>
struct SincCos {
  F sinc;
  F cos;
};
template <class F>
ROBOCACHE_HD inline SincCos<F> sinc_cos(F x) noexcept {
  using C = Constants<F>;
  const F turns = round_to_even(x * C::inverse_pi);
  if (turns == F(0)) return {sinc_of_square(x * x), cos_of_square(x * x)};
  // Where x no longer resolves a turn, the clamp keeps sine and cosine what they are: at most 1.
  const F reduced = clamped(fma(turns, -C::pi_low, fma(turns, -C::pi, x)), -C::half_pi, C::half_pi);
  const F half_turns = F(0.5) * turns;
  const F sign = half_turns == round_to_even(half_turns) ? F(1) : F(-1);
  const F u = reduced * reduced;
  return {sign * divide(reduced * sinc_of_square(u), x), sign * cos_of_square(u)};
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
