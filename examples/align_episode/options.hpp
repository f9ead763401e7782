// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "align.hpp"
#include "episode.hpp"
#include "support/program.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace align_episode {

/// The command line, as text where it speaks of streams: those are known after reading.
struct Options : example::CommonOptions {
  Options() { output = "out/align_episode"; }

  std::string input;
  std::string rate = "50";
  std::vector<std::string> streams;
  std::vector<std::string> interp;
  std::vector<std::string> quaternion;
  std::vector<std::string> max_gap;
  std::vector<std::string> max_age;
  std::vector<std::string> offset;
  robocache::Outside outside = robocache::Outside::fill;
  std::string time_column = "time_ns";
  std::uint64_t seed = 1;
};

/// "50", "29.97" or "30000/1001", in lowest terms. Throws InputError.
robocache::Rate parse_rate(const std::string& text);

/// Carries out what the options say of single streams. Throws InputError that names the option, also where the episode
/// outgrows one call of fuse.
void configure(const Options& options, Episode& episode);

const char* name_of(robocache::Interpolation kind);

}  // namespace align_episode
