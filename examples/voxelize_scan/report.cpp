// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "report.hpp"

#include "support/output.hpp"

#include <algorithm>
#include <cstdio>

namespace voxelize_scan {
namespace {

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char text[256];
  std::snprintf(text, sizeof(text), pattern, args...);
  return text;
}

std::string field_names(const Cloud& cloud) {
  std::string names;
  for (const CloudField& field : cloud.fields) {
    names +=
        (names.empty() ? "" : " ") + field.name + (field.count == 1 ? "" : "[" + std::to_string(field.count) + "]");
  }
  return names;
}

double points_per_cell(const Voxels& voxels, const Report& report) {
  return report.occupied == 0 ? 0.0 : static_cast<double>(voxels.points.kept) / static_cast<double>(report.occupied);
}

std::string json_numbers(const double (&numbers)[3]) {
  return format("[%.17g, %.17g, %.17g]", numbers[0], numbers[1], numbers[2]);
}

}  // namespace

Report report_on(const Voxels& voxels, const Extent& extent) {
  Report report;
  report.extent = extent;
  for (const std::int32_t count : voxels.count) {
    report.occupied += count != 0;
    report.fullest = std::max(report.fullest, count);
  }
  return report;
}

std::string summary_of(const Cloud& cloud, const Voxels& voxels, const Report& report) {
  const robocache::VoxelGrid& grid = voxels.grid;
  const robocache::PointCounts& points = voxels.points;
  const auto line = [](const char* name, std::int64_t count, const char* what) {
    return format("%-11s %9lld%s%s\n", name, static_cast<long long>(count), *what == '\0' ? "" : "  ", what);
  };
  std::string text = cloud.name + ": " + cloud.format + ", " + std::to_string(cloud.points()) + " points";
  if (cloud.height != 1) text += " (" + std::to_string(cloud.width) + " x " + std::to_string(cloud.height) + ")";
  text += ": " + field_names(cloud) + "\n\n";
  text += line("points", cloud.points(), "");
  text += line("kept", points.kept, "in a cell");
  text += line("outside", points.outside, "the grid");
  text += line("filtered", points.filtered, "too near, zero, or outside the crop box");
  text += line("not finite", points.not_finite, "");
  text += line("cells", grid.cells(), "");
  text += line("occupied", report.occupied, "");
  text += format("%-11s %9.2f  of an occupied cell; %d of the fullest\n\n", "points", points_per_cell(voxels, report),
                 report.fullest);
  if (!report.extent.is_empty()) {
    const Extent& e = report.extent;
    text += format("extent    %.6g to %.6g, %.6g to %.6g, %.6g to %.6g (x, y, z)\n", e.low[0], e.high[0], e.low[1],
                   e.high[1], e.low[2], e.high[2]);
  }
  text += format("grid      %d x %d x %d cells of %.6g x %.6g x %.6g from (%.6g, %.6g, %.6g)\n", grid.shape[0],
                 grid.shape[1], grid.shape[2], grid.size[0], grid.size[1], grid.size[2], grid.origin[0], grid.origin[1],
                 grid.origin[2]);
  std::string names;
  for (const Feature& feature : voxels.features) names += (names.empty() ? "" : ", ") + feature.text();
  if (!names.empty()) text += "features  " + names + "\n";
  return text;
}

std::string grid_json(const Cloud& cloud, const Voxels& voxels, const Report& report) {
  const robocache::VoxelGrid& grid = voxels.grid;
  const robocache::PointCounts& points = voxels.points;
  std::vector<std::string> features;
  for (const Feature& feature : voxels.features) features.push_back(feature.text());
  const auto number = [](const char* name, std::int64_t value) {
    return ", \"" + std::string(name) + "\": " + std::to_string(value);
  };
  std::string extent = "null";
  if (!report.extent.is_empty()) {
    extent = "{\"low\": " + json_numbers(report.extent.low) + ", \"high\": " + json_numbers(report.extent.high) + "}";
  }
  return "{\n  \"cloud\": " + example::json_string(cloud.name) +
         ",\n  \"format\": " + example::json_string(cloud.format) +
         ",\n  \"axes\": [\"z\", \"y\", \"x\"],\n  \"count\": \"count.npy\",\n" +
         "  \"occupancy\": \"occupancy.npy\",\n  \"values\": " + (features.empty() ? "null" : "\"values.npy\"") +
         ",\n  \"features\": " + example::json_strings(features) + ",\n  \"origin_xyz\": " + json_numbers(grid.origin) +
         ",\n  \"cell_xyz\": " + json_numbers(grid.size) +
         format(",\n  \"shape_xyz\": [%d, %d, %d]", grid.shape[0], grid.shape[1], grid.shape[2]) +
         ",\n  \"extent_xyz\": " + extent + ",\n  \"points\": {\"all\": " + std::to_string(cloud.points()) +
         number("kept", points.kept) + number("outside", points.outside) + number("filtered", points.filtered) +
         number("not_finite", points.not_finite) + "},\n  \"occupied_cells\": " + std::to_string(report.occupied) +
         ",\n  \"fullest_cell\": " + std::to_string(report.fullest) +
         format(",\n  \"points_per_occupied_cell\": %.6g\n}\n", points_per_cell(voxels, report));
}

std::string draw_grid(const std::filesystem::path& folder, const std::string& python) {
  const auto script = std::filesystem::path(__FILE__).replace_filename("plot_grid.py");  // where this was compiled
  return example::draw_picture(script, folder, python);
}

}  // namespace voxelize_scan
