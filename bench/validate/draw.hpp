// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trial.hpp"

#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/sensor_stream.hpp>
#include <robocache/voxel/point_clouds.hpp>
#include <robocache/voxel/voxel_grid.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Random arguments, as recordings have them and as they should not. What is drawn once is placed on either side.

namespace robocache_validate {

/// `values` as elements of a type; bits where it has no integers of its own.
std::vector<unsigned char> encoded(robocache::ElementType type, const std::vector<double>& values);
std::vector<unsigned char> encoded(robocache::TimeType type, const std::vector<std::int64_t>& nanoseconds);

/// Rows [0, count) in `segments` segments: offsets, or nothing where they are uniform.
struct DrawnSegments {
  std::vector<std::int64_t> offsets;
  std::int64_t count = 1, length = 0;

  static DrawnSegments of(Random& random, std::int64_t segments, std::int64_t rows);
  robocache::Segments place(Memory& memory) const;
  std::int64_t rows() const { return offsets.empty() ? count * length : offsets.back(); }
};

/// Stamps of one stream: jittered, with duplicates and gaps, at times unsorted, at times at the ends of int64.
struct DrawnTimes {
  robocache::TimeType type = robocache::TimeType::int64_ns;
  DrawnSegments segments;
  std::vector<std::int64_t> stamps;
  std::vector<robocache::Clock> clocks;
  std::vector<robocache::Ring> rings;
  robocache::Clock clock;
  std::int64_t period = 1;

  static DrawnTimes of(Trial& trial, robocache::TimeType type, std::int64_t segments);
  robocache::Times place(Memory& memory) const;
};
robocache::Times placed(Memory& memory, robocache::TimeType type, const std::vector<std::int64_t>& nanoseconds);

/// The times at which rows are wanted, for a stream.
struct DrawnQueries {
  robocache::Queries queries;
  robocache::TimeType type = robocache::TimeType::int64_ns;
  std::vector<std::int64_t> times, row_offsets, segment_of, offsets;
  std::int64_t rows = 0;

  static DrawnQueries of(Trial& trial, const DrawnTimes& source);
  robocache::Queries place(Memory& memory) const;
};

/// A stream with values, channel groups, limits, and perhaps an affine.
struct DrawnStream {
  DrawnTimes times;
  robocache::ElementType type = robocache::ElementType::f32;
  std::vector<robocache::ChannelGroup> groups;
  std::vector<double> values;
  std::vector<float> scale, shift;
  robocache::SensorStream options;  ///< all but the arrays
  std::int64_t width = 0, out_width = 0, pitch = 0;

  static DrawnStream of(Trial& trial, robocache::TimeType time_type, robocache::ElementType type,
                        std::int64_t segments);
  /// Points at `groups`.
  robocache::SensorStream place(Memory& memory) const;
  std::int64_t group_count() const { return groups.empty() ? 1 : static_cast<std::int64_t>(groups.size()); }
};

/// Clouds of points: scans, noise, points on faces, NaN, far away; in records of several forms.
struct DrawnClouds {
  robocache::FieldType type = robocache::FieldType::f32;
  std::int64_t step = 3;  ///< numbers of a point
  DrawnSegments segments;
  std::vector<double> numbers;   ///< [points, step]
  bool is_planar = false;        ///< each of the `step` numbers has an array of its own, else a point is a record
  std::int64_t row_padding = 0;  ///< bytes between rows of records
  std::vector<std::int64_t> cloud_of;
  std::vector<double> transforms;
  bool has_double_transforms = false;
  std::vector<double> origins;
  robocache::PointClouds options;  ///< all but the arrays
  robocache::VoxelGrid grid;

  static DrawnClouds of(Trial& trial, std::int64_t most_points);
  robocache::PointClouds place(Memory& memory) const;
  robocache::VoxelGrid place_grid(Memory& memory) const;
  /// Number `k` of each point of placed clouds.
  robocache::PointField field(const robocache::PointClouds& placed, std::int64_t k) const;
  std::int64_t points() const { return static_cast<std::int64_t>(numbers.size()) / step; }
  std::int64_t cloud_count() const { return cloud_of.empty() ? segments.count : options.clouds; }
  std::string shape() const;

 private:
  double number_of(std::int64_t point, std::int64_t k) const {
    return numbers[static_cast<std::size_t>(point * step + k)];
  }
  std::vector<unsigned char> encoded_points() const;
};

}  // namespace robocache_validate
