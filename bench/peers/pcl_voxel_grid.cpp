// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// PCL's VoxelGrid on the clouds of voxelize_sparse_cpu_bench, in its runs. The centroids are compared before they are
// timed: as many, and the same to 1e-5 of their distance from the origin.

#include "../support/sparse_clouds.hpp"

#include <robocache/voxel/voxel_downsample.hpp>

#include <benchmark/benchmark.h>
#include <pcl/filters/voxel_grid.h>
#include <pcl/point_cloud.h>
#include <pcl/point_types.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

using Cloud = pcl::PointCloud<pcl::PointXYZ>;

/// Whether voxel_downsample gives these centroids. PCL's order is that of keys.
bool agree(const SparseCloud& cloud, const Cloud& theirs) {
  std::vector<float> ours(cloud.xyz.size());
  std::int64_t voxels = 0;
  robocache::VoxelDownsampleArgs args;
  args.points = robocache::points_of(cloud.xyz.data(), cloud.points());
  args.grid = robocache::leaf_grid(static_cast<double>(cloud.leaf));
  args.capacity = cloud.points();
  args.order = robocache::VoxelOrder::key;
  args.xyz = robocache::column(ours.data(), 3);
  args.voxel_count = &voxels;
  std::vector<unsigned char> scratch(workspace_bytes(args, robocache::Host{1}));
  if (!voxel_downsample(args, {scratch.data(), scratch.size()}, robocache::Host{1}).ok()) return false;
  if (voxels != static_cast<std::int64_t>(theirs.size())) return false;
  for (std::size_t v = 0; v < theirs.size(); ++v) {
    const pcl::PointXYZ& p = theirs[v];
    const float x = ours[v * 3] - p.x, y = ours[v * 3 + 1] - p.y, z = ours[v * 3 + 2] - p.z;
    if (!(std::sqrt(x * x + y * y + z * z) <= 1e-5f * std::sqrt(p.x * p.x + p.y * p.y + p.z * p.z))) return false;
  }
  return true;
}

void run_pcl(benchmark::State& state, const SparseCloud& from) {
  const Cloud::Ptr cloud(new Cloud);
  for (std::size_t i = 0; i < from.xyz.size(); i += 3) {
    cloud->push_back(pcl::PointXYZ(from.xyz[i], from.xyz[i + 1], from.xyz[i + 2]));
  }
  cloud->is_dense = false;
  pcl::VoxelGrid<pcl::PointXYZ> grid;
  grid.setInputCloud(cloud);
  grid.setLeafSize(from.leaf, from.leaf, from.leaf);
  Cloud out;
  grid.filter(out);
  if (!agree(from, out)) {
    state.SkipWithError("the centroids differ");
    return;
  }
  for (auto _ : state) {
    grid.filter(out);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * from.points());
  state.counters["voxels"] = static_cast<double>(out.size());
}

const bool registered = [] {
  for (const SparseCloud& cloud : sparse_clouds()) {
    benchmark::RegisterBenchmark(("pcl_voxel_grid/centroid_f32x3/" + cloud.name + "/threads:1").c_str(),
                                 [&cloud](benchmark::State& state) { run_pcl(state, cloud); })
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
  return true;
}();

}  // namespace
}  // namespace robocache_bench
