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

void check_size(const char* option, double size) {
  if (!(size >= 1e-9 && size <= 1e9)) fail(option, "a size is from 1e-9 to 1e9");
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
  CLI::Option* voxel =
      app.add_option(
             "--voxel", options.voxel,
             "size of a cell, or its sizes along x, y and z (default: 1, 2 or 5 times a power of ten, so that the "
             "longest side has some hundred cells)")
          ->expected(1, 3);
  CLI::Option* range =
      app.add_option("--range", options.range,
                     "x0 y0 z0 x1 y1 z1: what the grid spans (default: every point that is not filtered)")
          ->expected(6);
  app.add_option("--crop", options.crop, "x0 y0 z0 x1 y1 z1: points outside are filtered")->expected(6);
  app.add_option("--min-range", options.min_range, "points nearer to the sensor are filtered")->capture_default_str();
  app.add_flag("--drop-zero", options.drop_zero, "points at exactly (0, 0, 0) are filtered");
  app.add_flag("--viewpoint", options.viewpoint, "move points by the VIEWPOINT of a PCD file");
  CLI::Option* feature =
      app.add_option(
             "--feature", options.features,
             "FIELD=REDUCTION, repeatable, or none: sum, mean, min or max of the points of a cell (default: mean "
             "of x, y and z, max of intensity)")
          ->expected(1)
          ->take_all()
          ->allow_extra_args(false);
  CLI::Option* sparse =
      app.add_flag("--sparse", options.sparse, "a list of the occupied cells, with their features, instead of a grid");
  CLI::Option* hard = app.add_flag("--hard", options.hard, "a list of the occupied cells, with their first points")
                          ->excludes(sparse, feature);
  app.add_option("--max-voxels", options.max_voxels, "of --hard")->needs(hard)->capture_default_str();
  app.add_option("--max-points", options.max_points, "of --hard: of each voxel")->needs(hard)->capture_default_str();
  app.add_option("--downsample", options.leaf, "one point, the mean, for each cube of this size")
      ->type_name("LEAF")
      ->excludes(sparse, hard, voxel, range, feature);
  app.add_option("--seed", options.seed, "of the street scene")->excludes(input)->capture_default_str();
  example::declare(app, options);
}

void check(const Options& options) {
  constexpr double farthest = 1e15;
  if (options.voxel.size() == 2) fail("--voxel", "one size or three were expected");
  for (const double size : options.voxel) check_size("--voxel", size);
  if (options.leaf) check_size("--downsample", *options.leaf);
  if (!(options.max_voxels >= 1 && options.max_voxels <= most_points)) fail("--max-voxels", "it is from 1 to 2^30");
  if (!(options.max_points >= 1 && options.max_points <= 1 << 20)) fail("--max-points", "it is from 1 to 2^20");
  check_box("--range", options.range);
  for (const double corner : options.range) {
    if (!(std::abs(corner) <= farthest)) fail("--range", "coordinates are from -1e15 to 1e15");
  }
  check_box("--crop", options.crop);
  if (!(options.min_range >= 0.0 && options.min_range <= farthest)) fail("--min-range", "it is from 0 to 1e15");
}

}  // namespace voxelize_scan
