// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// The reader of align_episode.

#include "choices.hpp"

#include "align_episode/csv.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using robocache::fuzz::require;
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const align_episode::Stream stream = align_episode::parse_stream(text, "fuzzed.csv", "t");
    require(std::is_sorted(stream.times.begin(), stream.times.end()), "stamps do not decrease");
    require(stream.width() > 0 && stream.kinds.size() == stream.channels.size(), "there are channels");
    require(stream.values.size() == stream.times.size() * stream.channels.size(), "every row has every channel");
    require(stream.max_gap > 0, "a limit of gaps is positive");
  } catch (const align_episode::InputError& error) {
    require(std::string(error.what()).rfind("fuzzed.csv: line ", 0) == 0, "a complaint names file and line");
  }
  return 0;
}
