// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud.hpp"

#include <cstdint>

namespace voxelize_scan {

/// One turn of a made-up 128-beam sensor on a car in a street: facades, a side street, parked cars, trees, lamp posts.
/// Records of 18 bytes, as drivers pack them: x, y, z, intensity (floats), ring (16 bits). Rays that meet nothing are
/// points at (0, 0, 0), window panes give NaN. The same seed gives the same scene.
Cloud street_scene(std::uint64_t seed);

}  // namespace voxelize_scan
