// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "street_sweep.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace robocache_bench {

/// What a depth camera of 640 x 480 pixels sees, 1 m above a table with boxes: row by row, every fifth pixel without a
/// depth. [307200, 3] floats.
inline std::vector<float> table_cloud() {
  constexpr int width = 640, height = 480;
  std::mt19937_64 random(7);
  const auto unit = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<float> numbers;
  for (int v = 0; v < height; ++v) {
    for (int u = 0; u < width; ++u) {
      const double x = (u - 0.5 * width) / 525.0, y = (v - 0.5 * height) / 525.0;
      const bool on_box = std::fmod(std::fabs(x) * 7.0, 1.0) < 0.3 && std::fmod(std::fabs(y) * 5.0, 1.0) < 0.4;
      const double depth = (on_box ? 0.85 : 1.0) / (1.0 + 0.3 * y) + 0.002 * (unit() - 0.5);
      const bool is_seen = unit() >= 0.2;
      for (const double number : {x * depth, y * depth, depth}) {
        numbers.push_back(is_seen ? static_cast<float>(number) : std::numeric_limits<float>::quiet_NaN());
      }
    }
  }
  return numbers;
}

/// A cloud with a leaf size for it.
struct SparseCloud {
  std::string name;
  float leaf;
  std::vector<float> xyz;  ///< [points, 3]

  std::int64_t points() const { return static_cast<std::int64_t>(xyz.size() / 3); }
};

/// A sweep and an organised cloud. ROBOCACHE_BENCH_POINTS and ROBOCACHE_BENCH_ORGANIZED name files of float32
/// [points, 3] that take their places.
inline const std::vector<SparseCloud>& sparse_clouds() {
  static const std::vector<SparseCloud> clouds = [] {
    const auto points_or = [](const char* variable, const auto& made_up) {
      const char* name = std::getenv(variable);  // flawfinder: ignore: a file's name
      if (name == nullptr) return made_up();
      std::ifstream file(name, std::ios::binary);
      const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      std::vector<float> numbers(bytes.size() / 12 * 3);
      // flawfinder: ignore: sized from `bytes`
      std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
      return numbers;
    };
    return std::vector<SparseCloud>{
        {"lidar_97k_0.1m", 0.1f, points_or("ROBOCACHE_BENCH_POINTS", [] { return street_sweep(97'280, 3, 1); })},
        {"organized_307k_0.01m", 0.01f, points_or("ROBOCACHE_BENCH_ORGANIZED", [] { return table_cloud(); })}};
  }();
  return clouds;
}

}  // namespace robocache_bench
