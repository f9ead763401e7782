// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>

// Arithmetic whose result no compiler may change. One rule keeps CPU and GPU bit-identical whatever the contraction
// flags: a product never feeds a plain + or -. It is either the product inside `fma(a, b, c)`, or the addend of one,
// `fma(a, b, c * d)`, which no fused instruction can absorb, or a `rounded_product`. Division and square root are the
// IEEE ones.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

template <class To, class From>
ROBOCACHE_HD inline To bit_cast(const From& from) noexcept {
  static_assert(sizeof(To) == sizeof(From), "bit_cast needs equal sizes");
  To to;
  memcpy(&to, &from, sizeof(To));  // flawfinder: ignore: equal sizes
  return to;
}

ROBOCACHE_HD inline float fma(float a, float b, float c) noexcept {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#else
  return __builtin_fmaf(a, b, c);
#endif
}
ROBOCACHE_HD inline double fma(double a, double b, double c) noexcept {
#if defined(__CUDA_ARCH__)
  return __fma_rn(a, b, c);
#else
  return __builtin_fma(a, b, c);
#endif
}

ROBOCACHE_HD inline float divide(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  return __fdiv_rn(a, b);
#else
  return a / b;
#endif
}
ROBOCACHE_HD inline double divide(double a, double b) noexcept {
#if defined(__CUDA_ARCH__)
  return __ddiv_rn(a, b);
#else
  return a / b;
#endif
}

/// a / b, rounded as IEEE division, where a is 0 or |a|, |b| and |a / b| lie within [2^-80, 2^80]: on the GPU without
/// the tests and the branch for other operands, which keep a compiler from interleaving neighbouring divisions. Two
/// corrections of the quotient by its exact remainder round it rightly (Markstein 1990).
ROBOCACHE_HD inline float divide_moderate(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(b));
  r = __fmaf_rn(__fmaf_rn(-b, r, 1.0f), r, r);
  float q = __fmul_rn(a, r);
  q = __fmaf_rn(__fmaf_rn(-b, q, a), r, q);
  return __fmaf_rn(__fmaf_rn(-b, q, a), r, q);
#else
  return a / b;
#endif
}
ROBOCACHE_HD inline double divide_moderate(double a, double b) noexcept { return divide(a, b); }

ROBOCACHE_HD inline float square_root(float a) noexcept {
#if defined(__CUDA_ARCH__)
  return __fsqrt_rn(a);
#else
  return __builtin_sqrtf(a);
#endif
}
ROBOCACHE_HD inline double square_root(double a) noexcept {
#if defined(__CUDA_ARCH__)
  return __dsqrt_rn(a);
#else
  return __builtin_sqrt(a);
#endif
}

ROBOCACHE_HD inline float absolute(float a) noexcept { return __builtin_fabsf(a); }
ROBOCACHE_HD inline double absolute(double a) noexcept { return __builtin_fabs(a); }

/// A product that a later addition must not absorb, wherever inlining puts that addition. It hinders vectorisation on
/// the host: use it where a product leaves a function or feeds a difference.
ROBOCACHE_HD inline float rounded_product(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  return __fmul_rn(a, b);
#else
  float product = a * b;
  ROBOCACHE_KEEP_ROUNDED(product);
  return product;
#endif
}
ROBOCACHE_HD inline double rounded_product(double a, double b) noexcept {
#if defined(__CUDA_ARCH__)
  return __dmul_rn(a, b);
#else
  double product = a * b;
  ROBOCACHE_KEEP_ROUNDED(product);
  return product;
#endif
}

/// To the nearest integer, ties to even.
ROBOCACHE_HD inline float round_to_even(float a) noexcept {
#if defined(__CUDA_ARCH__)
  return ::rintf(a);
#else
  return __builtin_rintf(a);
#endif
}
ROBOCACHE_HD inline double round_to_even(double a) noexcept {
#if defined(__CUDA_ARCH__)
  return ::rint(a);
#else
  return __builtin_rint(a);
#endif
}

/// To the largest integer that is not larger.
ROBOCACHE_HD inline float round_down(float a) noexcept {
#if defined(__CUDA_ARCH__)
  return ::floorf(a);
#else
  return __builtin_floorf(a);
#endif
}
ROBOCACHE_HD inline double round_down(double a) noexcept {
#if defined(__CUDA_ARCH__)
  return ::floor(a);
#else
  return __builtin_floor(a);
#endif
}

ROBOCACHE_HD inline bool is_nan(float a) noexcept { return a != a; }
ROBOCACHE_HD inline bool is_nan(double a) noexcept { return a != a; }
ROBOCACHE_HD inline bool is_finite(std::int64_t) noexcept { return true; }
ROBOCACHE_HD inline bool is_finite(float a) noexcept { return absolute(a) <= 3.402823466e+38f; }
ROBOCACHE_HD inline bool is_finite(double a) noexcept { return absolute(a) <= 1.7976931348623157e+308; }

/// The one NaN that results hold: quiet, positive, no payload.
template <class F>
ROBOCACHE_HD inline F canonical_nan() noexcept;
template <>
ROBOCACHE_HD inline float canonical_nan<float>() noexcept {
  return bit_cast<float>(std::uint32_t{0x7fc00000u});
}
template <>
ROBOCACHE_HD inline double canonical_nan<double>() noexcept {
  return bit_cast<double>(std::uint64_t{0x7ff8000000000000u});
}

/// c[0] + x*(c[1] + x*(...)), fused.
template <class F>
ROBOCACHE_HD inline F horner(F, F c) noexcept {
  return c;
}
template <class F, class... Fs>
ROBOCACHE_HD inline F horner(F x, F c, Fs... rest) noexcept {
  return fma(horner(x, rest...), x, c);
}

template <class T>
ROBOCACHE_HD constexpr T smaller(T a, T b) noexcept {
  return b < a ? b : a;
}
template <class T>
ROBOCACHE_HD constexpr T larger(T a, T b) noexcept {
  return a < b ? b : a;
}
template <class T>
ROBOCACHE_HD constexpr T clamped(T value, T low, T high) noexcept {
  return smaller(larger(value, low), high);
}

/// a + b, held at the ends of int64 instead of wrapping, so that time order survives any offset.
ROBOCACHE_HD inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) noexcept {
  const std::int64_t sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  if (((a ^ sum) & (b ^ sum)) < 0) return a < 0 ? INT64_MIN : INT64_MAX;
  return sum;
}

/// a - b for a >= b, exact for every pair of int64.
ROBOCACHE_HD inline std::uint64_t distance(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
}

ROBOCACHE_HD inline double distance(double a, double b) noexcept { return a - b; }

/// The largest value below a: t < a is t <= predecessor(a). For a above the lowest value; NaN stays NaN.
ROBOCACHE_HD inline std::int64_t predecessor(std::int64_t a) noexcept { return a - 1; }
ROBOCACHE_HD inline double predecessor(double a) noexcept {
  if (is_nan(a)) return a;
  if (a == 0.0) return -4.9406564584124654e-324;
  const std::int64_t bits = bit_cast<std::int64_t>(a);
  return bit_cast<double>(a > 0.0 ? bits - 1 : bits + 1);
}
ROBOCACHE_HD inline bool is_lowest(std::int64_t a) noexcept { return a == INT64_MIN; }
ROBOCACHE_HD inline bool is_lowest(double a) noexcept { return a < -1.7976931348623157e+308; }

/// To the nearest int64, ties to even, held at the ends; NaN becomes 0.
ROBOCACHE_HD inline std::int64_t to_int64(double a) noexcept {
  if (is_nan(a)) return 0;
  if (a >= 9223372036854775808.0) return INT64_MAX;
  if (a <= -9223372036854775808.0) return INT64_MIN;
  return static_cast<std::int64_t>(round_to_even(a));
}

/// Division of n >= 0 by a divisor >= 1 that is known beforehand: a multiplication while both are below 2^31 (Granlund
/// & Montgomery 1994). Integer division is a subroutine on the GPU.
struct Divisor {
  std::int64_t value = 1;
  std::uint32_t magic = 1;
  std::uint8_t shift = 0;
  bool is_short = true;  ///< value < 2^31

  Divisor() = default;
  explicit Divisor(std::int64_t d) noexcept : value(d), is_short(d < INT32_MAX) {
    if (!is_short) return;
    const auto divisor = static_cast<std::uint64_t>(d);
    while ((std::uint64_t{1} << shift) < divisor) ++shift;
    magic = static_cast<std::uint32_t>((((std::uint64_t{1} << shift) - divisor) << 32) / divisor + 1);
  }

  ROBOCACHE_HD std::uint32_t divide_short(std::uint32_t n) const noexcept {
#if defined(__CUDA_ARCH__)
    return (__umulhi(n, magic) + n) >> shift;
#else
    return (static_cast<std::uint32_t>(static_cast<std::uint64_t>(n) * magic >> 32) + n) >> shift;
#endif
  }
  ROBOCACHE_HD std::int64_t divide(std::int64_t n) const noexcept {
    return is_short && n < INT32_MAX ? divide_short(static_cast<std::uint32_t>(n)) : n / value;
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
