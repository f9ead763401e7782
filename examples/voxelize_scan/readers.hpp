// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud.hpp"

#include <filesystem>
#include <string>

namespace voxelize_scan {

enum class Format { automatic, pcd, kitti, nuscenes, npy };

/// Reads a cloud; `automatic` goes by the name: .pcd, .pcd.bin (nuScenes), .bin (KITTI), .npy. It has points, and x, y
/// and z that operators read. Throws InputError that names the file.
Cloud read_cloud(const std::filesystem::path& path, Format format);

/// The same of a file that is in memory; `path` names it and is not read. The format is not `automatic`.
Cloud parse_cloud(std::string bytes, const std::filesystem::path& path, Format format);

}  // namespace voxelize_scan
