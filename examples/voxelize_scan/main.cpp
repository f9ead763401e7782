// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// One scan becomes a dense grid: how many points each cell has, and what their mean position and intensity are.

#include "grid.hpp"
#include "options.hpp"
#include "readers.hpp"
#include "report.hpp"
#include "scan.hpp"
#include "scene.hpp"
#include "support/npy.hpp"
#include "support/output.hpp"
#include "support/program.hpp"
#include "voxels.hpp"

#include <cstdio>
#include <string>

namespace voxelize_scan {
namespace {

void run(const Options& options) {
  check(options);
  example::OutputFolder output(options.output);

  example::Stopwatch watch;
  const Cloud cloud = options.input.empty() ? street_scene(options.seed) : read_cloud(options.input, options.format);
  const double read_ms = watch.lap_ms();
  const std::vector<Feature> features = parse_features(options.features, cloud);
  const example::Side side(options.device, options.threads);
  const Scan scan(cloud, {options.min_range, options.drop_zero, options.crop, options.viewpoint}, side);
  const Extent extent = scan.extent();
  const robocache::VoxelGrid grid =
      choose_grid({options.voxel, options.range}, extent, cloud.points(), scan.is_double());
  const Voxels voxels = voxelize(scan, grid, features);
  const Report report = report_on(voxels, extent);

  watch.lap_ms();
  std::vector<std::int64_t> shape = voxels.shape();
  example::write_npy(output.staging() / "count.npy", voxels.count, shape);
  example::write_npy(output.staging() / "occupancy.npy", voxels.occupancy, shape);
  if (!features.empty()) {
    shape.push_back(static_cast<std::int64_t>(features.size()));
    example::write_npy(output.staging() / "values.npy", voxels.values, shape);
  }
  example::write_text(output.staging() / "grid.json", grid_json(cloud, voxels, report));
  const double write_ms = watch.lap_ms();
  const std::string no_picture = options.no_plot ? "--no-plot" : draw_grid(output.staging(), options.python);
  const double picture_ms = watch.lap_ms();
  output.publish({"count.npy", "occupancy.npy", "values.npy", "grid.json", "top.png", "side.png"});

  std::printf("%s", summary_of(cloud, voxels, report).c_str());
  std::printf("device    %s\n", side.name().c_str());
  std::printf("%s      %.1f ms\n", options.input.empty() ? "make" : "read", read_ms);
  std::printf("voxelize  first pass %.3f ms, then %.3f ms a pass", 1e3 * voxels.timing.first_s,
              1e3 * voxels.timing.steady_s);
  if (side.copies_s() > 0.0) std::printf("; copies to the GPU and back %.3f ms", 1e3 * side.copies_s());
  std::printf("\nwrite     %.1f ms", write_ms);
  if (no_picture.empty()) std::printf(", pictures %.0f ms", picture_ms);
  std::printf("\nresult    %s: count.npy, occupancy.npy, %sgrid.json%s\n", options.output.c_str(),
              features.empty() ? "" : "values.npy, ", no_picture.empty() ? ", top.png, side.png" : "");
  if (!no_picture.empty()) std::printf("no picture: %s\n", no_picture.c_str());
}

}  // namespace
}  // namespace voxelize_scan

int main(int argc, char** argv) {
  CLI::App app("Turns a cloud of points into a dense grid.", "voxelize_scan");
  voxelize_scan::Options options;
  voxelize_scan::declare(app, options);
  return example::run_program(app, argc, argv, [&] { voxelize_scan::run(options); });
}
