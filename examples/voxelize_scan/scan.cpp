// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "scan.hpp"

#include "support/input.hpp"

#include <robocache/geometry/quaternion.hpp>
#include <robocache/voxel/bounds.hpp>

#include <algorithm>
#include <cmath>

namespace voxelize_scan {
namespace {

/// From the sensor's frame to that of the file.
std::vector<double> matrix_of(const Cloud& cloud) {
  const auto& v = cloud.viewpoint;
  const auto q = robocache::normalized(robocache::Quaternion<double>{v[4], v[5], v[6], v[3]});
  if (std::isnan(q.w)) throw example::InputError("--viewpoint: the rotation of " + cloud.name + " is zero");
  const auto [a, b] = robocache::to_columns(q);
  const double c[3] = {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
  return {a.x, b.x, c[0], v[0], a.y, b.y, c[1], v[1], a.z, b.z, c[2], v[2]};
}

}  // namespace

Scan::Scan(const Cloud& cloud, const Selection& selection, const example::Side& side)
    : cloud_(&cloud),
      side_(&side),
      selection_(selection),
      pose_(selection.viewpoint ? matrix_of(cloud) : std::vector<double>()),
      records_(side, cloud.data(), cloud.size()),
      transform_(side, pose_) {}

robocache::PointClouds Scan::points() const {
  robocache::PointClouds points;
  points.x = field(*find_number(*cloud_, "x"));
  points.y = field(*find_number(*cloud_, "y"));
  points.z = field(*find_number(*cloud_, "z"));
  points.count = cloud_->points();
  if (!pose_.empty()) points.transforms = transform_.data();
  points.min_range = selection_.min_range;
  points.drop_zero = selection_.drop_zero;
  if (!selection_.crop.empty()) {
    std::copy_n(selection_.crop.begin(), 3, points.crop_min);
    std::copy_n(selection_.crop.begin() + 3, 3, points.crop_max);
  }
  return points;
}

Extent Scan::extent() const {
  std::vector<double> box(6);
  const example::SideArray<double> boxes(*side_, box);
  robocache::BoundsArgs args;
  args.points = points();
  args.boxes = boxes.data();
  side_->run([&](auto where) { return robocache::bounds(args, where); });
  boxes.download();
  return {{box[0], box[1], box[2]}, {box[3], box[4], box[5]}};
}

}  // namespace voxelize_scan
