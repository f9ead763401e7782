// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// One scan becomes a dense grid: how many points each cell has, and what their mean position and intensity are; or a
// list of the cells that have points; or a thinner cloud.

#include "grid.hpp"
#include "options.hpp"
#include "readers.hpp"
#include "report.hpp"
#include "scan.hpp"
#include "scene.hpp"
#include "sparse.hpp"
#include "support/npy.hpp"
#include "support/output.hpp"
#include "support/program.hpp"
#include "voxels.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace voxelize_scan {
namespace {

/// What is said of results that are written.
struct Result {
  std::string summary;
  std::vector<std::string> files;  ///< beside grid.json
  example::Timing timing;
  double write_ms = 0.0;
};

bool is_dense(const Options& options) { return !options.sparse && !options.hard && !options.leaf; }

robocache::VoxelGrid grid_of(const Scan& scan, const Options& options, const Extent& extent) {
  return choose_grid({options.voxel, options.range}, extent, scan.cloud().points(), scan.is_double());
}

Result write_grid(const Scan& scan, const Options& options, const std::vector<Feature>& features,
                  example::OutputFolder& output) {
  const Extent extent = scan.extent();
  const Voxels voxels = voxelize(scan, grid_of(scan, options, extent), features);
  const Report report = report_on(voxels, extent);
  example::Stopwatch watch;
  Result result{summary_of(scan.cloud(), voxels, report), {"count.npy", "occupancy.npy"}, voxels.timing};
  std::vector<std::int64_t> shape = voxels.shape();
  example::write_npy(output.staging() / "count.npy", voxels.count, shape);
  example::write_npy(output.staging() / "occupancy.npy", voxels.occupancy, shape);
  if (!features.empty()) {
    shape.push_back(static_cast<std::int64_t>(features.size()));
    example::write_npy(output.staging() / "values.npy", voxels.values, shape);
    result.files.emplace_back("values.npy");
  }
  example::write_text(output.staging() / "grid.json", grid_json(scan.cloud(), voxels, report));
  result.write_ms = watch.lap_ms();
  return result;
}

Result write_list(const Scan& scan, const Options& options, const std::vector<Feature>& features,
                  example::OutputFolder& output) {
  const Extent extent = scan.extent();
  const VoxelList list =
      options.leaf   ? downsample(scan, *options.leaf)
      : options.hard ? gather_points(scan, grid_of(scan, options, extent), options.max_voxels, options.max_points)
                     : list_voxels(scan, grid_of(scan, options, extent), features);
  example::Stopwatch watch;
  Result result{summary_of(scan.cloud(), list, extent), {}, list.timing};
  const std::array<double, 7> viewpoint = options.viewpoint ? Cloud().viewpoint : scan.cloud().viewpoint;
  result.files = write_list(list, output.staging(), viewpoint);
  example::write_text(output.staging() / "grid.json", list_json(scan.cloud(), list, extent));
  result.write_ms = watch.lap_ms();
  return result;
}

/// The files of every kind of result, so that none outlives its grid.json; but for the input, if it is one of them.
std::vector<std::string> results_for(const Options& options, const std::filesystem::path& staging) {
  std::vector<std::string> names = {
      "count.npy",  "occupancy.npy",   "values.npy",      "coords.npy", "counts.npy", "features.npy", "num_points.npy",
      "voxels.npy", "downsampled.npy", "downsampled.pcd", "grid.json",  "top.png",    "side.png"};
  const auto is_input = [&](const std::string& name) {
    std::error_code none;
    return !std::filesystem::exists(staging / name) &&
           std::filesystem::equivalent(options.output / std::filesystem::path(name), options.input, none);
  };
  names.erase(std::remove_if(names.begin(), names.end(), is_input), names.end());
  return names;
}

void run(const Options& options) {
  check(options);
  example::OutputFolder output(options.output);

  example::Stopwatch watch;
  const Cloud cloud = options.input.empty() ? street_scene(options.seed) : read_cloud(options.input, options.format);
  const double read_ms = watch.lap_ms();
  const std::vector<Feature> features = parse_features(options.features, cloud);
  const example::Side side(options.device, options.threads);
  const Scan scan(cloud, {options.min_range, options.drop_zero, options.crop, options.viewpoint}, side);
  const Result result =
      is_dense(options) ? write_grid(scan, options, features, output) : write_list(scan, options, features, output);
  std::string no_picture;
  watch.lap_ms();
  if (is_dense(options)) no_picture = options.no_plot ? "--no-plot" : draw_grid(output.staging(), options.python);
  const double picture_ms = watch.lap_ms();
  const bool is_drawn = is_dense(options) && no_picture.empty();
  output.publish(results_for(options, output.staging()));

  std::printf("%s", result.summary.c_str());
  std::printf("device    %s\n", side.name().c_str());
  std::printf("%s      %.1f ms\n", options.input.empty() ? "make" : "read", read_ms);
  std::printf("voxelize  first pass %.3f ms, then %.3f ms a pass", 1e3 * result.timing.first_s,
              1e3 * result.timing.steady_s);
  if (side.copies_s() > 0.0) std::printf("; copies to the GPU and back %.3f ms", 1e3 * side.copies_s());
  std::printf("\nwrite     %.1f ms", result.write_ms);
  if (is_drawn) std::printf(", pictures %.0f ms", picture_ms);
  std::printf("\nresult    %s: ", options.output.c_str());
  for (const std::string& file : result.files) std::printf("%s, ", file.c_str());
  std::printf("grid.json%s\n", is_drawn ? ", top.png, side.png" : "");
  if (!no_picture.empty()) std::printf("no picture: %s\n", no_picture.c_str());
}

}  // namespace
}  // namespace voxelize_scan

int main(int argc, char** argv) {
  CLI::App app("Turns a cloud of points into a dense grid, a list of voxels, or a thinner cloud.", "voxelize_scan");
  voxelize_scan::Options options;
  voxelize_scan::declare(app, options);
  return example::run_program(app, argc, argv, [&] { voxelize_scan::run(options); });
}
