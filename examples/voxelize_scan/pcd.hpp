// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace voxelize_scan {

/// The cloud of a PCD file: text, binary or compressed. Records stay as the file has them; those of a compressed file
/// are arrays, one for each field. Throws InputError that names the file by its path, and the line where that is in the
/// header or in text.
Cloud parse_pcd(std::string bytes, const std::filesystem::path& path);

/// A binary PCD file of floats: `numbers` are [points, names].
std::string pcd_of(const std::vector<std::string>& names, const std::vector<float>& numbers,
                   const std::array<double, 7>& viewpoint);

}  // namespace voxelize_scan
