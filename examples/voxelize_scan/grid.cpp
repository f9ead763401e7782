// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "grid.hpp"

#include "support/input.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace voxelize_scan {
namespace {

using example::InputError;

constexpr double most_cells = 1 << 26;  // with the usual features, 1.4 GB of results
constexpr double most_cells_unasked = 1 << 24;
constexpr double most_along_axis = 1 << 23;  // of the operators
constexpr double most_size = 1e9;

/// The least of 1, 2 and 5 times a power of ten that is not below.
double round_number(double least) {
  const double ten = std::pow(10.0, std::floor(std::log10(least)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (digit * ten >= least) return digit * ten;
  }
  return 10.0 * ten;
}

std::string text_of(const double (&sizes)[3]) {
  char text[96];
  if (sizes[0] == sizes[1] && sizes[0] == sizes[2]) {
    std::snprintf(text, sizeof(text), "%.6g", sizes[0]);
  } else {
    std::snprintf(text, sizeof(text), "%.6g %.6g %.6g", sizes[0], sizes[1], sizes[2]);
  }
  return text;
}

/// The grid for cells of some size, in numbers of any size.
struct Plan {
  double origin[3], cells[3];

  double all() const { return cells[0] * cells[1] * cells[2]; }
  bool fits() const { return all() <= most_cells && *std::max_element(cells, cells + 3) <= most_along_axis; }
};

/// The cell along an axis by the operators' rule, which rounds to the type of the coordinates.
template <class F>
double cell_of(double place, double origin, double size) {
  return static_cast<double>(std::floor((static_cast<F>(place) - static_cast<F>(origin)) / static_cast<F>(size)));
}

class Planner {
 public:
  Planner(const GridRequest& request, const Extent& extent, bool is_double)
      : is_given_(!request.range.empty()), cell_of_(is_double ? cell_of<double> : cell_of<float>) {
    for (int axis = 0; axis < 3; ++axis) {
      low_[axis] = is_given_ ? request.range[static_cast<std::size_t>(axis)] : extent.low[axis];
      high_[axis] = is_given_ ? request.range[static_cast<std::size_t>(axis) + 3] : extent.high[axis];
    }
  }

  double longest() const { return std::max({high_[0] - low_[0], high_[1] - low_[1], high_[2] - low_[2]}); }

  Plan plan(const double (&size)[3]) const {
    Plan plan;
    for (int axis = 0; axis < 3; ++axis) {
      double& origin = plan.origin[axis];
      origin = low_[axis];
      plan.cells[axis] = std::round((high_[axis] - origin) / size[axis]);
      if (is_given_) continue;
      // Faces at whole multiples of the size, all points inside.
      origin = std::floor(low_[axis] / size[axis]) * size[axis];
      if (cell_of_(low_[axis], origin, size[axis]) < 0.0) origin -= size[axis];
      plan.cells[axis] = cell_of_(high_[axis], origin, size[axis]) + 1.0;
    }
    return plan;
  }

 private:
  bool is_given_;
  double (*cell_of_)(double, double, double);
  double low_[3], high_[3];
};

}  // namespace

robocache::VoxelGrid choose_grid(const GridRequest& request, const Extent& extent, std::int64_t points,
                                 bool is_double) {
  if (request.range.empty() && extent.is_empty()) {
    throw InputError("no point is left to choose a grid by: all are filtered or not finite (see --range)");
  }
  const Planner planner(request, extent, is_double);
  double size[3];
  const auto set_size = [&size](double value) { std::fill(size, size + 3, value); };
  if (request.voxel.empty()) {
    // A scan sees surfaces: n points suffice for some sqrt(n) cells along a side.
    const double along = std::clamp(2.0 * std::sqrt(static_cast<double>(points)), 16.0, 512.0);
    set_size(round_number(std::max(planner.longest() / along, 1e-6)));
    while (size[0] < most_size && planner.plan(size).all() > most_cells_unasked) set_size(round_number(1.01 * size[0]));
  } else {
    for (std::size_t axis = 0; axis < 3; ++axis) size[axis] = request.voxel[request.voxel.size() == 1 ? 0 : axis];
  }
  const Plan plan = planner.plan(size);
  if (!plan.fits()) {
    double larger[3] = {size[0], size[1], size[2]};
    for (double factor = 1.0; !planner.plan(larger).fits();) {
      factor = round_number(1.01 * factor);
      for (int axis = 0; axis < 3; ++axis) larger[axis] = factor * size[axis];
      if (!(larger[0] <= most_size)) throw InputError("the points lie too far apart for a grid (see --range, --crop)");
    }
    char text[160];
    std::snprintf(text, sizeof(text), "%.0f x %.0f x %.0f cells are more than this example fills (%.0f)", plan.cells[0],
                  plan.cells[1], plan.cells[2], most_cells);
    throw InputError("--voxel " + text_of(size) + ": " + text + "; --voxel " + text_of(larger) + " would do");
  }
  robocache::VoxelGrid grid;
  for (int axis = 0; axis < 3; ++axis) {
    if (plan.cells[axis] < 1.0) {
      throw InputError("--range: along " + std::string(1, "xyz"[axis]) + " it is less than half a cell of " +
                       text_of(size));
    }
    grid.origin[axis] = plan.origin[axis];
    grid.size[axis] = size[axis];
    grid.shape[axis] = static_cast<std::int32_t>(plan.cells[axis]);
  }
  return grid;
}

}  // namespace voxelize_scan
