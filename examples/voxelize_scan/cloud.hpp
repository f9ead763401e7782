// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/voxel/point_clouds.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace voxelize_scan {

/// The most points that one call of the operators takes.
constexpr std::int64_t most_points = std::int64_t{1} << 30;

/// Numbers of each point, as they lie among those of the other fields.
struct CloudField {
  std::string name;
  std::optional<robocache::FieldType> type;  ///< none: one that operators do not read, such as 64-bit integers
  std::int64_t size = 4;                     ///< bytes of a number
  std::int64_t count = 1;                    ///< neighbouring numbers of a point
  std::int64_t offset = 0;                   ///< of the first point, in bytes
  std::int64_t stride = 0;                   ///< bytes from a point to the next
};

/// A cloud in host memory, byte for byte as a sensor or a file has it.
struct Cloud {
  std::string name;
  std::string format;
  std::string bytes;
  std::size_t begin = 0;  ///< of the points among the bytes
  std::int64_t width = 0, height = 1;
  std::vector<CloudField> fields;
  std::array<double, 7> viewpoint = {0, 0, 0, 1, 0, 0, 0};  ///< of the sensor: position x y z, rotation w x y z

  std::int64_t points() const { return width * height; }
  const char* data() const { return bytes.data() + begin; }
  std::size_t size() const { return bytes.size() - begin; }
};

/// One number of each point by its name: a field; NAME_2, the third number of a field of several; r, g, b of a packed
/// colour. None where there is no such number, or operators cannot read it.
std::optional<CloudField> find_number(const Cloud& cloud, const std::string& name);

/// The same, seen from memory that holds the cloud's points.
inline robocache::PointField point_field(const void* points, const CloudField& number) {
  return robocache::record_field(points, number.stride, number.offset, *number.type);
}

/// The names that find_number() knows, for a message.
std::string number_names(const Cloud& cloud);

/// Fields of packed records: fills in offsets and strides. Returns the bytes of a point.
std::int64_t lay_out_records(std::vector<CloudField>& fields);

}  // namespace voxelize_scan
