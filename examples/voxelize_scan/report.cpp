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
  std::snprintf(text, sizeof(text), pattern, args...);  // flawfinder: ignore: patterns are literals
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

std::vector<std::string> texts_of(const std::vector<Feature>& features) {
  std::vector<std::string> texts;
  for (const Feature& feature : features) texts.push_back(feature.text());
  return texts;
}

/// Of points as they are, nothing is reduced.
std::vector<std::string> texts_of(const VoxelList& list) {
  if (list.kind != ListKind::hard) return texts_of(list.features);
  std::vector<std::string> names;
  for (const Feature& feature : list.features) names.push_back(feature.name);
  return names;
}

std::string line(const char* name, std::int64_t count, const char* what = "") {
  return format("%-11s %9lld%s%s\n", name, static_cast<long long>(count), *what == '\0' ? "" : "  ", what);
}

/// What there was, and what became of its points.
std::string cloud_text(const Cloud& cloud, const robocache::PointCounts& points) {
  std::string text = cloud.name + ": " + cloud.format + ", " + std::to_string(cloud.points()) + " points";
  if (cloud.height != 1) text += " (" + std::to_string(cloud.width) + " x " + std::to_string(cloud.height) + ")";
  text += ": " + field_names(cloud) + "\n\n";
  text += line("points", cloud.points());
  text += line("kept", points.kept, "in a cell");
  text += line("outside", points.outside, "the grid");
  text += line("filtered", points.filtered, "too near, zero, or outside the crop box");
  return text + line("not finite", points.not_finite);
}

std::string grid_text(const robocache::VoxelGrid& grid, const std::vector<std::string>& features,
                      const Extent& extent) {
  std::string text;
  if (!extent.is_empty()) {
    text += format("extent    %.6g to %.6g, %.6g to %.6g, %.6g to %.6g (x, y, z)\n", extent.low[0], extent.high[0],
                   extent.low[1], extent.high[1], extent.low[2], extent.high[2]);
  }
  const std::string shape = grid.unbounded ? "" : format("%d x %d x %d ", grid.shape[0], grid.shape[1], grid.shape[2]);
  text += format("grid      %scells of %.6g x %.6g x %.6g from (%.6g, %.6g, %.6g)\n", shape.c_str(), grid.size[0],
                 grid.size[1], grid.size[2], grid.origin[0], grid.origin[1], grid.origin[2]);
  std::string names;
  for (const std::string& feature : features) names += (names.empty() ? "" : ", ") + feature;
  if (!names.empty()) text += "features  " + names + "\n";
  return text;
}

std::string json_numbers(const double (&numbers)[3]) {
  return format("[%.17g, %.17g, %.17g]", numbers[0], numbers[1], numbers[2]);
}

std::string json_number(const char* name, std::int64_t value) {
  return ", \"" + std::string(name) + "\": " + std::to_string(value);
}

std::string cloud_json(const Cloud& cloud) {
  return "{\n  \"cloud\": " + example::json_string(cloud.name) +
         ",\n  \"format\": " + example::json_string(cloud.format);
}

/// From the features to what became of the points.
std::string points_json(const Cloud& cloud, const robocache::VoxelGrid& grid, const std::vector<std::string>& features,
                        const robocache::PointCounts& points, const Extent& extent) {
  const std::string box =
      extent.is_empty() ? "null"
                        : "{\"low\": " + json_numbers(extent.low) + ", \"high\": " + json_numbers(extent.high) + "}";
  const std::string shape =
      grid.unbounded ? "null" : format("[%d, %d, %d]", grid.shape[0], grid.shape[1], grid.shape[2]);
  return ",\n  \"features\": " + example::json_strings(features) + ",\n  \"origin_xyz\": " + json_numbers(grid.origin) +
         ",\n  \"cell_xyz\": " + json_numbers(grid.size) + ",\n  \"shape_xyz\": " + shape +
         ",\n  \"extent_xyz\": " + box + ",\n  \"points\": {\"all\": " + std::to_string(cloud.points()) +
         json_number("kept", points.kept) + json_number("outside", points.outside) +
         json_number("filtered", points.filtered) + json_number("not_finite", points.not_finite) + "}";
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
  std::string text = cloud_text(cloud, voxels.points);
  text += line("cells", voxels.grid.cells());
  text += line("occupied", report.occupied);
  text += format("%-11s %9.2f  of an occupied cell; %d of the fullest\n\n", "points", points_per_cell(voxels, report),
                 report.fullest);
  return text + grid_text(voxels.grid, texts_of(voxels.features), report.extent);
}

std::string summary_of(const Cloud& cloud, const VoxelList& list, const Extent& extent) {
  std::string text = cloud_text(cloud, list.points);
  if (list.found != list.rows) text += line("found", list.found, "voxels: more than --max-voxels");
  if (list.kind == ListKind::hard) text += line("overflow", list.overflow, "past --max-voxels or --max-points");
  text += format("%-11s %lld points, %lld voxels, %lld dropped\n\n", "voxels", static_cast<long long>(cloud.points()),
                 static_cast<long long>(list.rows), static_cast<long long>(list.dropped()));
  return text + grid_text(list.grid, texts_of(list), extent);
}

std::string grid_json(const Cloud& cloud, const Voxels& voxels, const Report& report) {
  return cloud_json(cloud) + ",\n  \"axes\": [\"z\", \"y\", \"x\"],\n  \"count\": \"count.npy\",\n" +
         "  \"occupancy\": \"occupancy.npy\",\n  \"values\": " + (voxels.features.empty() ? "null" : "\"values.npy\"") +
         points_json(cloud, voxels.grid, texts_of(voxels.features), voxels.points, report.extent) +
         ",\n  \"occupied_cells\": " + std::to_string(report.occupied) +
         ",\n  \"fullest_cell\": " + std::to_string(report.fullest) +
         format(",\n  \"points_per_occupied_cell\": %.6g\n}\n", points_per_cell(voxels, report));
}

std::string list_json(const Cloud& cloud, const VoxelList& list, const Extent& extent) {
  constexpr const char* kinds[] = {"sparse", "hard", "downsampled"};
  return cloud_json(cloud) + ",\n  \"kind\": \"" + kinds[static_cast<int>(list.kind)] + "\"" +
         points_json(cloud, list.grid, texts_of(list), list.points, extent) +
         ",\n  \"voxels\": " + std::to_string(list.rows) + ",\n  \"voxels_found\": " + std::to_string(list.found) +
         ",\n  \"overflow\": " + std::to_string(list.overflow) + ",\n  \"dropped\": " + std::to_string(list.dropped()) +
         "\n}\n";
}

std::string draw_grid(const std::filesystem::path& folder, const std::string& python) {
  const auto script = std::filesystem::path(__FILE__).replace_filename("plot_grid.py");  // where this was compiled
  return example::draw_picture(script, folder, python);
}

}  // namespace voxelize_scan
