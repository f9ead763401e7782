// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "readers.hpp"
#include "support/program.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace voxelize_scan {

/// The command line.
struct Options : example::CommonOptions {
  Options() { output = "out/voxelize_scan"; }

  std::string input;
  Format format = Format::automatic;
  std::vector<double> voxel;  ///< none, one, or one for each axis
  std::vector<double> range;  ///< none, or x0 y0 z0 x1 y1 z1
  std::vector<double> crop;   ///< likewise
  std::vector<std::string> features;
  double min_range = 0.0;
  bool drop_zero = false;
  bool viewpoint = false;
  bool sparse = false;  ///< at most one of sparse, hard, leaf; none: a dense grid
  bool hard = false;
  std::optional<double> leaf;  ///< of downsampling
  std::int64_t max_voxels = 40000, max_points = 32;
  std::uint64_t seed = 1;
};

void declare(CLI::App& app, Options& options);

/// Throws InputError that names the option, of those whose values do not depend on the cloud.
void check(const Options& options);

}  // namespace voxelize_scan
