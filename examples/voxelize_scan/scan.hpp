// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud.hpp"
#include "grid.hpp"
#include "support/side.hpp"

#include <limits>
#include <vector>

namespace voxelize_scan {

/// Which points are looked at, and how they are moved first.
struct Selection {
  double min_range = 0.0;
  bool drop_zero = false;
  std::vector<double> crop;  ///< none, or x0 y0 z0 x1 y1 z1
  bool viewpoint = false;    ///< move points by that of the cloud
};

/// A cloud's points where operators reach them. Neither cloud nor side may go before it.
class Scan {
 public:
  /// Throws InputError where points are to be moved by a viewpoint that is no pose.
  Scan(const Cloud& cloud, const Selection& selection, const example::Side& side);

  const Cloud& cloud() const { return *cloud_; }
  const example::Side& side() const { return *side_; }
  /// In memory of the side; transformed and filtered as the selection says.
  robocache::PointClouds points() const;
  robocache::PointField field(const CloudField& number) const { return point_field(records_.data(), number); }
  /// Whether cells are computed in double.
  bool is_double() const { return robocache::detail::needs_double(points()); }

  Extent extent() const;

 private:
  const Cloud* cloud_;
  const example::Side* side_;
  Selection selection_;
  std::vector<double> pose_;  ///< none, or a row-major 3x4 matrix
  example::SideArray<const char> records_;
  example::SideArray<const double> transform_;
};

}  // namespace voxelize_scan
