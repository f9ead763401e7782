// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// The readers of voxelize_scan; FUZZED_FORMAT says which.

#include "choices.hpp"

#include "support/input.hpp"
#include "voxelize_scan/readers.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using robocache::fuzz::require;
  try {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const voxelize_scan::Cloud cloud =
        voxelize_scan::parse_cloud(bytes, "fuzzed", voxelize_scan::Format::FUZZED_FORMAT);
    require(cloud.points() > 0 && cloud.points() <= voxelize_scan::most_points, "there are points");
    require(!number_names(cloud).empty(), "there are numbers");
    for (const voxelize_scan::CloudField& field : cloud.fields) {
      const std::int64_t last = field.offset + (cloud.points() - 1) * field.stride + field.size * field.count;
      require(field.offset >= 0 && field.stride >= 0 && last <= static_cast<std::int64_t>(cloud.size()),
              "the bytes hold every point");
    }
  } catch (const example::InputError& error) {
    require(std::strncmp(error.what(), "fuzzed: ", 8) == 0, "a complaint names the file");
  }
  return 0;
}
