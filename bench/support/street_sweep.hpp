// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace robocache_bench {

/// What a spinning sensor with 128 beams, 1.8 m above a street, sees between walls and parked boxes: column by column,
/// as drivers deliver it. [points, step] floats: x, y, z and, if there is room, an intensity.
inline std::vector<float> street_sweep(std::int64_t points, std::int64_t step, std::uint64_t seed) {
  constexpr int beams = 128, boxes = 40;
  constexpr double pi = 3.14159265358979;
  std::mt19937_64 random(seed);
  const auto unit = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  double box[boxes][6];
  for (int b = 0; b < boxes; ++b) {
    const double x = 120.0 * unit() - 60.0;
    const double y = (3.5 + 8.0 * unit()) * (b % 2 == 0 ? 1.0 : -1.0);
    const double half[3] = {0.4 + 2.0 * unit(), 0.3 + 0.7 * unit(), 0.0};
    box[b][0] = x - half[0], box[b][1] = x + half[0], box[b][2] = y - half[1], box[b][3] = y + half[1];
    box[b][4] = -1.8, box[b][5] = -1.8 + 0.8 + 1.5 * unit();
  }
  const std::int64_t columns = (points + beams - 1) / beams;
  std::vector<float> numbers(static_cast<std::size_t>(points * step));
  for (std::int64_t i = 0; i < points; ++i) {
    const double azimuth = 2.0 * pi * static_cast<double>(i / beams) / static_cast<double>(columns);
    const double elevation = (45.0 - 90.0 * static_cast<double>(i % beams) / (beams - 1)) * pi / 180.0;
    const double d[3] = {std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth),
                         std::sin(elevation)};
    double range = 90.0;
    if (d[2] < 0) range = std::min(range, -1.8 / d[2]);
    if (d[1] != 0) {
      const double to_wall = (d[1] > 0 ? 13.0 : -14.0) / d[1];
      if (to_wall * d[2] < 12.0) range = std::min(range, to_wall);
    }
    for (const auto& b : box) {
      double enter = 0.0, leave = range;
      for (int k = 0; k < 3; ++k) {
        const double low = b[2 * k] / d[k], high = b[2 * k + 1] / d[k];
        enter = std::max(enter, std::min(low, high));
        leave = std::min(leave, std::max(low, high));
      }
      if (enter < leave && enter > 0.5) range = enter;
    }
    range += 0.03 * (unit() - 0.5);
    float* p = numbers.data() + i * step;
    for (int k = 0; k < 3; ++k) p[k] = static_cast<float>(range * d[k]);
    if (step == 4) p[3] = static_cast<float>(random() % 256);
  }
  return numbers;
}

/// A transform for each cloud, [clouds, 12]: as if one sweep were seen from that many places.
inline std::vector<float> turned_and_moved(std::int64_t clouds) {
  std::vector<float> numbers;
  for (std::int64_t cloud = 0; cloud < clouds; ++cloud) {
    const double angle = 0.1 * static_cast<double>(cloud), c = std::cos(angle), s = std::sin(angle);
    const double m[12] = {
        c, -s, 0, 0.2 * static_cast<double>(cloud % 8), s, c, 0, -0.1 * static_cast<double>(cloud % 5), 0, 0, 1, 0.01};
    for (const double v : m) numbers.push_back(static_cast<float>(v));
  }
  return numbers;
}

}  // namespace robocache_bench
