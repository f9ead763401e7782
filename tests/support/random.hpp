// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

// Random test inputs made from integers alone: the same bits from every compiler, whatever it contracts.

namespace robocache::test {

/// The run's seed; the environment variable ROBOCACHE_TEST_SEED overrides it.
inline std::uint64_t test_seed() {
  static const std::uint64_t seed = [] {
    const char* text = std::getenv("ROBOCACHE_TEST_SEED");
    return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 0) : std::uint64_t{20260101};
  }();
  return seed;
}

/// For SCOPED_TRACE: how to run the same inputs again.
inline std::string seed_trace() { return "ROBOCACHE_TEST_SEED=" + std::to_string(test_seed()); }

/// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  /// Each `sequence` of a seed is a sequence of its own.
  explicit Random(std::uint64_t sequence, std::uint64_t seed = test_seed()) : state_(seed) {
    state_ = next() ^ sequence;
    state_ = next();
  }

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// In [0, bound).
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }
  /// In [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool one_in(std::int64_t n) { return below(n) == 0; }

  /// In [-1, 1), a multiple of 2^-52.
  double signed_unit() { return static_cast<double>(static_cast<std::int64_t>(next()) >> 11) * 0x1p-52; }
  /// In [0, 1), a multiple of 2^-53.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i)
      std::swap(values[i - 1], values[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace robocache::test
