// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "options.hpp"

#include <cmath>
#include <cstdio>
#include <map>

namespace voxelize_scan {
namespace {

[[noreturn]] void fail(const char* option, const char* what) {
  throw example::InputError(std::string(option) + ": " + what);
}

/// Two corners: the lower one first.
void check_box(const char* option, const std::vector<double>& box) {
  for (std::size_t axis = 0; axis < box.size() / 2; ++axis) {
    if (!(box[axis] < box[axis + 3])) fail(option, "x0 y0 z0 must be below x1 y1 z1");
  }
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  CLI::Option* input =
      app.add_option("--input", options.input,
                     "a cloud: PCD (.pcd), nuScenes (.pcd.bin), KITTI (.bin), or an array [points, 3 or more] (.npy) "
                     "(default: a made-up street scene)")
          ->type_name("FILE");
  app.add_option("--format", options.format, "of the file: auto (default) goes by its name")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{{"auto", Format::automatic},
                                                                        {"pcd", Format::pcd},
                                                                        {"kitti", Format::kitti},
                                                                        {"nuscenes", Format::nuscenes},
                                                                        {"npy", Format::npy}})
                      .description("{auto,pcd,kitti,nuscenes,npy}"));
  app.add_option("--voxel", options.voxel,
                 "size of a cell, or its sizes along x, y and z (default: 1, 2 or 5 times a power of ten, so that the "
                 "longest side has some hundred cells)")
      ->expected(1, 3);
  app.add_option("--range", options.range,
                 "x0 y0 z0 x1 y1 z1: what the grid spans (default: every point that is not filtered)")
      ->expected(6);
  app.add_option("--crop", options.crop, "x0 y0 z0 x1 y1 z1: points outside are filtered")->expected(6);
  app.add_option("--min-range", options.min_range, "points nearer to the sensor are filtered")->capture_default_str();
  app.add_flag("--drop-zero", options.drop_zero, "points at exactly (0, 0, 0) are filtered");
  app.add_flag("--viewpoint", options.viewpoint, "move points by the VIEWPOINT of a PCD file");
  app.add_option("--feature", options.features,
                 "FIELD=REDUCTION, repeatable, or none: sum, mean, min or max of the points of a cell (default: mean "
                 "of x, y and z, max of intensity)")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--seed", options.seed, "of the street scene")->excludes(input)->capture_default_str();
  example::declare(app, options);
}

void check(const Options& options) {
  constexpr double least_size = 1e-9, most_size = 1e9, farthest = 1e15;
  if (options.voxel.size() == 2) fail("--voxel", "one size or three were expected");
  for (const double size : options.voxel) {
    if (!(size >= least_size && size <= most_size)) fail("--voxel", "a size is from 1e-9 to 1e9");
  }
  check_box("--range", options.range);
  for (const double corner : options.range) {
    if (!(std::abs(corner) <= farthest)) fail("--range", "coordinates are from -1e15 to 1e15");
  }
  check_box("--crop", options.crop);
  if (!(options.min_range >= 0.0 && options.min_range <= farthest)) fail("--min-range", "it is from 0 to 1e15");
}

}  // namespace voxelize_scan
