// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud.hpp"

#include <filesystem>

namespace voxelize_scan {

/// Reads a PCD file: text, binary or compressed. Records stay as the file has them; those of a compressed file are
/// arrays, one for each field. Throws InputError that names the file, and the line where that is in the header or in
/// text.
Cloud read_pcd(const std::filesystem::path& path);

}  // namespace voxelize_scan
