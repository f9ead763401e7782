// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

// Element types in the test's own terms: a description of each format, one conversion from it, one rounding into it.

namespace robocache::test {

template <class T>
struct Format;
template <>
struct Format<float> {
  using bits = std::uint32_t;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr bits nan = 0x7fc00000u;
};
template <>
struct Format<double> {
  using bits = std::uint64_t;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr bits nan = 0x7ff8000000000000u;
};
template <>
struct Format<Half> {
  using bits = std::uint16_t;
  static constexpr int mantissa = 10, bias = 15;
  static constexpr bits nan = 0x7fffu;
};
template <>
struct Format<BFloat16> {
  using bits = std::uint16_t;
  static constexpr int mantissa = 7, bias = 127;
  static constexpr bits nan = 0x7fffu;
};

template <class T>
typename Format<T>::bits bits_of(const T& value) {
  typename Format<T>::bits bits;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}
template <class T>
T from_bits(typename Format<T>::bits bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

/// Exact.
template <class T>
long double to_real(const T& value) {
  using F = Format<T>;
  const std::uint64_t bits = bits_of(value);
  const int exponent_bits = static_cast<int>(sizeof(T)) * 8 - 1 - F::mantissa;
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << F::mantissa) - 1);
  const std::uint64_t all_ones = (std::uint64_t{1} << exponent_bits) - 1;
  const std::uint64_t exponent = bits >> F::mantissa & all_ones;
  const bool negative = (bits >> (sizeof(T) * 8 - 1) & 1) != 0;
  long double magnitude;
  if (exponent == all_ones)
    magnitude =
        fraction != 0 ? std::numeric_limits<long double>::quiet_NaN() : std::numeric_limits<long double>::infinity();
  else if (exponent == 0)
    magnitude = std::ldexp(static_cast<long double>(fraction), 1 - F::bias - F::mantissa);
  else
    magnitude = std::ldexp(static_cast<long double>(fraction | std::uint64_t{1} << F::mantissa),
                           static_cast<int>(exponent) - F::bias - F::mantissa);
  return negative ? -magnitude : magnitude;
}

/// The distance between neighbours of format T around `value`, which is finite.
template <class T>
long double ulp(long double value) {
  using F = Format<T>;
  int exponent = 0;
  static_cast<void>(std::frexp(value, &exponent));  // |value| in [2^(exponent-1), 2^exponent)
  if (value == 0) exponent = 1 - F::bias;
  return std::ldexp(1.0L, std::max(exponent - 1, 1 - F::bias) - F::mantissa);
}

/// Nearest, ties to even; canonical NaN.
template <class T>
T round_to(long double value) {
  using F = Format<T>;
  using bits = typename F::bits;
  if (std::isnan(value)) return from_bits<T>(F::nan);
  const bits sign = std::signbit(value) ? static_cast<bits>(bits{1} << (sizeof(T) * 8 - 1)) : bits{0};
  const long double magnitude = std::fabs(value);
  const int exponent_bits = static_cast<int>(sizeof(T)) * 8 - 1 - F::mantissa;
  const bits infinity = static_cast<bits>(((bits{1} << exponent_bits) - 1) << F::mantissa);
  if (std::isinf(value)) return from_bits<T>(static_cast<bits>(sign | infinity));
  // In units of the last place the rounding is nearbyint's; a carry moves into the exponent by itself.
  const long double unit = ulp<T>(magnitude);
  const long double steps = std::nearbyint(magnitude / unit);
  const std::uint64_t count = static_cast<std::uint64_t>(steps);
  const std::uint64_t hidden = std::uint64_t{1} << F::mantissa;
  if (count < hidden) return from_bits<T>(static_cast<bits>(sign | count));  // subnormal, or zero
  const int exponent = std::ilogb(unit) + F::mantissa + F::bias;             // of the numbers in [hidden, 2*hidden)
  const std::uint64_t encoded = (static_cast<std::uint64_t>(exponent) << F::mantissa) + (count - hidden);
  return from_bits<T>(encoded >= infinity ? static_cast<bits>(sign | infinity) : static_cast<bits>(sign | encoded));
}

template <class T>
const char* type_name() {
  return std::is_same<T, float>::value    ? "f32"
         : std::is_same<T, double>::value ? "f64"
         : std::is_same<T, Half>::value   ? "f16"
                                          : "bf16";
}

}  // namespace robocache::test
