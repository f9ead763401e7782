// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>
#include <robocache/core/types.hpp>

// Conversions between element types, the same bits on CPU and GPU: round to nearest even, once, also from double to a
// half type; every NaN becomes canonical. (0x7fff for the half types, the value that the GPU's own conversion gives;
// no CUDA half header is needed for either side.)

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

ROBOCACHE_HD inline float to_float(Half h) noexcept {
#if defined(__CUDA_ARCH__)
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h.bits));
  return f;
#else
  const std::uint32_t sign = static_cast<std::uint32_t>(h.bits & 0x8000u) << 16;
  const std::uint32_t exponent_mantissa = h.bits & 0x7fffu;
  if (exponent_mantissa >= 0x7c00u) return bit_cast<float>(sign | 0x7f800000u | (exponent_mantissa & 0x3ffu) << 13);
  // Rebias by a multiplication with 2^112: exact, also for subnormals.
  const float magnitude = bit_cast<float>(exponent_mantissa << 13) * bit_cast<float>(0x77800000u);
  return bit_cast<float>(bit_cast<std::uint32_t>(magnitude) | sign);
#endif
}

ROBOCACHE_HD inline float to_float(BFloat16 h) noexcept {
  return bit_cast<float>(static_cast<std::uint32_t>(h.bits) << 16);
}

ROBOCACHE_HD inline Half to_half(float f) noexcept {
#if defined(__CUDA_ARCH__)
  Half h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h.bits) : "f"(f));
  return h;
#else
  const std::uint32_t bits = bit_cast<std::uint32_t>(f);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return Half{0x7fffu};
  if (magnitude >= 0x477ff000u) return Half{static_cast<std::uint16_t>(sign | 0x7c00u)};  // rounds to 65536 or more
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the result is subnormal, in units of 2^-24: adding 0.5 leaves those units in the low mantissa bits.
    const float shifted = bit_cast<float>(magnitude) + 0.5f;
    return Half{static_cast<std::uint16_t>(sign | (bit_cast<std::uint32_t>(shifted) - 0x3f000000u))};
  }
  const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return Half{static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13))};
#endif
}

ROBOCACHE_HD inline BFloat16 to_bfloat16(float f) noexcept {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  BFloat16 h;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h.bits) : "f"(f));
  return h;
#else
  const std::uint32_t bits = bit_cast<std::uint32_t>(f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return BFloat16{0x7fffu};
  return BFloat16{static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
#endif
}

/// Toward zero, with the last bit set if anything was lost ("round to odd"): a second rounding to a type with at least
/// two bits less then gives what one rounding would have given.
ROBOCACHE_HD inline float round_to_odd(double d) noexcept {
  const float nearest = static_cast<float>(d);
  if (static_cast<double>(nearest) == d || is_nan(d)) return nearest;
  std::uint32_t bits = bit_cast<std::uint32_t>(nearest);
  if (absolute(static_cast<double>(nearest)) > absolute(d)) bits -= 1;
  return bit_cast<float>(bits | 1u);
}

/// Loads widen exactly.
template <class F>
ROBOCACHE_HD inline F widen(float v) noexcept {
  return static_cast<F>(v);
}
template <class F>
ROBOCACHE_HD inline F widen(double v) noexcept {
  return static_cast<F>(v);
}
template <class F>
ROBOCACHE_HD inline F widen(Half v) noexcept {
  return static_cast<F>(to_float(v));
}
template <class F>
ROBOCACHE_HD inline F widen(BFloat16 v) noexcept {
  return static_cast<F>(to_float(v));
}
template <class F>
ROBOCACHE_HD inline F widen(std::uint8_t v) noexcept {
  return static_cast<F>(v);
}

/// Stores round once and make every NaN canonical; an integer saturates, and is 0 for NaN.
template <class Out>
struct Narrow;
template <>
struct Narrow<float> {
  ROBOCACHE_HD static float from(float v) noexcept { return is_nan(v) ? canonical_nan<float>() : v; }
  ROBOCACHE_HD static float from(double v) noexcept { return from(static_cast<float>(v)); }
};
template <>
struct Narrow<double> {
  ROBOCACHE_HD static double from(double v) noexcept { return is_nan(v) ? canonical_nan<double>() : v; }
};
template <>
struct Narrow<Half> {
  ROBOCACHE_HD static Half from(float v) noexcept { return to_half(v); }
  ROBOCACHE_HD static Half from(double v) noexcept { return to_half(round_to_odd(v)); }
};
template <>
struct Narrow<BFloat16> {
  ROBOCACHE_HD static BFloat16 from(float v) noexcept { return to_bfloat16(v); }
  ROBOCACHE_HD static BFloat16 from(double v) noexcept { return to_bfloat16(round_to_odd(v)); }
};
template <>
struct Narrow<std::uint8_t> {
  // Within [0, 255] a sum with 2^23, or 2^52, has the rounded integer in its lowest byte.
  ROBOCACHE_HD static std::uint8_t from(float v) noexcept {
    const float held = v > 0.0f ? smaller(v, 255.0f) : 0.0f;
    return static_cast<std::uint8_t>(bit_cast<std::uint32_t>(held + 8388608.0f) & 0xffu);
  }
  ROBOCACHE_HD static std::uint8_t from(double v) noexcept {
    const double held = v > 0.0 ? smaller(v, 255.0) : 0.0;
    return static_cast<std::uint8_t>(bit_cast<std::uint64_t>(held + 4503599627370496.0) & 0xffu);
  }
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
