// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <cstdint>
#include <type_traits>

// Declared, not included: CUDA's half headers cost a second of compile time and do not exist without a toolkit.
struct __half;         // NOLINT(bugprone-reserved-identifier): CUDA's name
struct __nv_bfloat16;  // NOLINT(bugprone-reserved-identifier): CUDA's name

ROBOCACHE_NAMESPACE_BEGIN

/// Element type of a tensor. `f16` is IEEE binary16, `bf16` the upper half of a binary32, `u8` an integer: pixels, or
/// rows of bytes for gather_rows. Values are stable.
enum class ElementType : std::uint8_t { f32 = 0, f64 = 1, f16 = 2, bf16 = 3, u8 = 4 };

/// Type of stored timestamps: integer nanoseconds, or seconds in floating point.
enum class TimeType : std::uint8_t { int64_ns = 0, f64_seconds = 1, f32_seconds = 2 };

/// A half as bits. The CPU path works on these, with or without CUDA's headers; the layout is that of __half.
struct Half {
  std::uint16_t bits;
};

/// A bfloat16 as bits; the layout is that of __nv_bfloat16.
struct BFloat16 {
  std::uint16_t bits;
};

constexpr std::int64_t size_of(ElementType type) noexcept {
  return type == ElementType::f64 ? 8 : type == ElementType::f32 ? 4 : type == ElementType::u8 ? 1 : 2;
}
constexpr std::int64_t size_of(TimeType type) noexcept { return type == TimeType::f32_seconds ? 4 : 8; }
constexpr bool is_known(ElementType type) noexcept { return type <= ElementType::u8; }
constexpr bool is_known(TimeType type) noexcept { return type <= TimeType::f32_seconds; }

/// The tag of a C++ element type. Defined for float, double, Half, BFloat16, __half, __nv_bfloat16 and std::uint8_t.
template <class T>
struct element_traits;
template <>
struct element_traits<float> {
  static constexpr ElementType type = ElementType::f32;
  using storage = float;
};
template <>
struct element_traits<double> {
  static constexpr ElementType type = ElementType::f64;
  using storage = double;
};
template <>
struct element_traits<Half> {
  static constexpr ElementType type = ElementType::f16;
  using storage = Half;
};
template <>
struct element_traits<BFloat16> {
  static constexpr ElementType type = ElementType::bf16;
  using storage = BFloat16;
};
template <>
struct element_traits<std::uint8_t> {
  static constexpr ElementType type = ElementType::u8;
  using storage = std::uint8_t;
};
template <>
struct element_traits<__half> : element_traits<Half> {};
template <>
struct element_traits<__nv_bfloat16> : element_traits<BFloat16> {};

/// The tag of a C++ time type: std::int64_t is nanoseconds, double and float are seconds.
template <class T>
struct time_traits;
template <>
struct time_traits<std::int64_t> {
  static constexpr TimeType type = TimeType::int64_ns;
};
template <>
struct time_traits<double> {
  static constexpr TimeType type = TimeType::f64_seconds;
};
template <>
struct time_traits<float> {
  static constexpr TimeType type = TimeType::f32_seconds;
};

/// Arithmetic is in double when the input or the output is double, otherwise in float.
template <class In, class Out>
using arithmetic_t =
    std::conditional_t<std::is_same<In, double>::value || std::is_same<Out, double>::value, double, float>;

ROBOCACHE_NAMESPACE_END
