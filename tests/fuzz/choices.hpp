// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace robocache::fuzz {

/// Ends the process unless a property holds: a finding, whose input the fuzzer keeps.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", property);
  std::abort();
}

/// The fuzzer's bytes, taken as one decision after the other. Once they run out every decision is 0, which everywhere
/// is the usual one.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  std::uint8_t byte() { return at_ == end_ ? std::uint8_t{0} : *at_++; }
  template <class T>
  T bits() {
    T value{};
    const std::size_t count = std::min(sizeof(T), static_cast<std::size_t>(end_ - at_));
    if (count != 0) std::memcpy(&value, at_, count);
    at_ += count;
    return value;
  }
  /// One in sixteen.
  bool rarely() { return byte() >= 0xf0; }
  bool flag() { return byte() % 2 != 0; }
  std::int64_t below(std::int64_t count) { return byte() % count; }

  /// A size: mostly in [0, most], at times where sums and products leave their type.
  std::int64_t size(std::int64_t most) {
    const std::uint8_t choice = byte();
    return choice < 0xf0 ? choice % (most + 1) : extreme(choice);
  }
  /// The one that is right, or at times any.
  std::int64_t size_or(std::int64_t right) {
    const std::uint8_t choice = byte();
    return choice < 0xf0 ? right : extreme(choice);
  }
  /// Nanoseconds: none, few, seconds, or any.
  std::int64_t duration(std::int64_t usual) {
    const std::uint8_t choice = byte();
    return choice < 0x60   ? usual
           : choice < 0xa0 ? choice % 16
           : choice < 0xe0 ? choice * std::int64_t{100'000'000}
                           : extreme(choice | 0xf0);
  }
  double real(double usual) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double others[] = {0.0,    1.0,    -1.0,  0.5,      -0.0,      1e-3, infinity, -infinity,
                                 1e-320, -1e300, 1e300, infinity, 0x1p-1030, 1e38, -1e19};
    const std::uint8_t choice = byte();
    if (choice < 0xc0) return usual;
    if (choice < 0xe0) return bits<std::int8_t>() * 0.25;
    return choice < 0xef ? others[choice - 0xe0] : choice == 0xef ? infinity - infinity : bits<double>();
  }
  /// Up to `last`, at times unknown.
  template <class Enumeration>
  Enumeration one_of(Enumeration last) {
    const std::uint8_t choice = byte();
    return static_cast<Enumeration>(choice < 0xf8 ? choice % (static_cast<int>(last) + 1) : choice);
  }

 private:
  std::int64_t extreme(int choice) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t extremes[] = {-1,        -most - 1, most,      most - 1,  most / 2,
                                         most / 8,  most / 64, most / 12, 1 << 23,   1 << 30,
                                         1LL << 31, 1LL << 32, 1LL << 33, 1LL << 60, 33};
    return choice == 0xff ? bits<std::int64_t>() : extremes[choice - 0xf0];
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace robocache::fuzz
