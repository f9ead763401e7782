// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "scene.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace voxelize_scan {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double ground = -1.9;  // m: the sensor is on a roof
constexpr double road = 3.6;     // half its width
constexpr double farthest = 50.0;

struct Hit {
  double range = farthest;
  double reflectance = 0.0;
  bool is_glass = false;
};

struct Block {
  double low[3], high[3];
  double reflectance;

  void meet(const double (&d)[3], Hit& hit) const {
    double enter = 0.0, leave = hit.range;
    for (int k = 0; k < 3; ++k) {
      const double near = low[k] / d[k], far = high[k] / d[k];
      enter = std::max(enter, std::min(near, far));
      leave = std::min(leave, std::max(near, far));
    }
    if (enter < leave && enter > 0.5) hit = {enter, reflectance, false};
  }
};

struct Ball {
  double centre[3];
  double radius, reflectance;

  void meet(const double (&d)[3], Hit& hit) const {
    const double along = d[0] * centre[0] + d[1] * centre[1] + d[2] * centre[2];
    const double square =
        along * along + radius * radius - centre[0] * centre[0] - centre[1] * centre[1] - centre[2] * centre[2];
    if (square <= 0.0) return;
    const double range = along - std::sqrt(square);
    if (range > 0.5 && range < hit.range) hit = {range, reflectance, false};
  }
};

/// A box on the ground, about (x, y).
Block standing(double x, double y, double length, double width, double from, double to, double reflectance) {
  return {{x - length / 2, y - width / 2, ground + from}, {x + length / 2, y + width / 2, ground + to}, reflectance};
}

class Street {
 public:
  explicit Street(std::uint64_t seed) : random_(seed) {
    for (const double side : {-1.0, 1.0}) {
      const double front = side < 0 ? 7.0 : 8.5;
      blocks_.push_back(standing(0, side * (road + 25.0), 200, 50, 0, 0.14, 0.25));  // pavement
      for (double x = -70.0 + 6.0 * unit(); x < 70.0;) {
        const double width = 8.0 + 8.0 * unit(), height = 5.0 + 9.0 * unit();
        const bool is_gap = std::abs(x + width / 2 - 20.0) < 7.0;  // a side street
        if (!is_gap)
          houses_.push_back(standing(x + width / 2, side * (front + 4), width, 8, 0, height, 0.3 + 0.4 * unit()));
        x += width;
      }
      for (double x = -48.0 + 5.0 * unit(); x < 50.0; x += 6.2 + 9.0 * unit()) {
        if (std::abs(x - 20.0) < 6.0) continue;
        const double y = side * (road - 1.0), shine = 0.35 + 0.5 * unit();
        blocks_.push_back(standing(x, y, 4.3, 1.75, 0.25, 0.85, shine));
        blocks_.push_back(standing(x - 0.3, y, 2.3, 1.6, 0.85, 1.4, shine));
      }
      for (double x = -45.0 + 8.0 * unit(); x < 50.0; x += 9.0 + 6.0 * unit()) {
        const double y = side * (road + 1.2), top = 3.4 + 1.2 * unit(), radius = 1.2 + 0.6 * unit();
        blocks_.push_back(standing(x, y, 0.3, 0.3, 0, top, 0.4));
        if (unit() < 0.75) {
          crowns_.push_back({{x, y, ground + top + 0.6 * radius}, radius, 0.5});
        } else {
          blocks_.push_back(standing(x, y - side * 0.8, 0.25, 1.6, top, top + 0.2, 0.9));  // a lamp
        }
      }
    }
  }

  Hit look(const double (&d)[3]) {
    Hit hit;
    if (d[2] < 0.0 && ground / d[2] < hit.range) {
      hit = {ground / d[2], 0.12, false};
      const double y = std::abs(hit.range * d[1]), x = hit.range * d[0];
      if (y < 0.08 && std::fmod(x + 1000.0, 6.0) < 3.0) hit.reflectance = 0.95;  // paint
    }
    for (const Block& block : blocks_) block.meet(d, hit);
    for (const Block& house : houses_) {
      const double before = hit.range;
      house.meet(d, hit);
      if (hit.range == before) continue;
      const double x = hit.range * d[0] + 1000.0, z = hit.range * d[2] - ground;
      hit.is_glass = std::fmod(x, 2.6) < 1.1 && std::fmod(z, 3.0) > 1.0 && std::fmod(z, 3.0) < 2.3 && unit() < 0.8;
    }
    for (const Ball& crown : crowns_) {
      if (unit() < 0.7) crown.meet(d, hit);  // leaves let rays pass
    }
    return hit;
  }

  /// In [0, 1).
  double unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

 private:
  std::mt19937_64 random_;
  std::vector<Block> blocks_, houses_;
  std::vector<Ball> crowns_;
};

template <class T>
void append(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof(T));
}

}  // namespace

Cloud street_scene(std::uint64_t seed) {
  constexpr int columns = 1024, beams = 128;
  constexpr double lowest = -25.0, highest = 15.0;  // degrees
  using robocache::FieldType;
  Cloud cloud;
  cloud.name = "street scene";
  cloud.format = "made up";
  cloud.width = columns * beams;
  cloud.fields = {{"x", FieldType::f32},
                  {"y", FieldType::f32},
                  {"z", FieldType::f32},
                  {"intensity", FieldType::f32},
                  {"ring", FieldType::u16, 2}};
  lay_out_records(cloud.fields);
  Street street(seed);
  for (int i = 0; i < columns * beams; ++i) {
    const int column = i / beams, beam = i % beams;
    const double azimuth = 2.0 * pi * column / columns;
    const double elevation = (lowest + (highest - lowest) * beam / (beams - 1)) * pi / 180.0;
    const double d[3] = {std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth),
                         std::sin(elevation)};
    const Hit hit = street.look(d);
    const double range = hit.range + 0.04 * (street.unit() - 0.5);
    for (const double component : d) {
      double coordinate = range * component;
      if (hit.is_glass) coordinate = std::numeric_limits<double>::quiet_NaN();
      if (hit.range == farthest) coordinate = 0.0;
      append(cloud.bytes, static_cast<float>(coordinate));
    }
    const bool is_seen = hit.range < farthest && !hit.is_glass;
    append(cloud.bytes,
           static_cast<float>(is_seen ? std::round(255.0 * hit.reflectance * (0.9 + 0.1 * street.unit())) : 0.0));
    append(cloud.bytes, static_cast<std::uint16_t>(beam));
  }
  return cloud;
}

}  // namespace voxelize_scan
