// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "align.hpp"
#include "episode.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace align_episode {

/// What a user wants to know of one stream before trusting its columns.
struct StreamReport {
  double rate_hz = 0.0;    ///< of the median interval; 0: no two stamps
  double jitter_ms = 0.0;  ///< standard deviation of the intervals that are no gap
  std::int64_t gaps = 0;   ///< intervals longer than max_gap
  double longest_ms = 0.0;
  std::int64_t duplicates = 0;    ///< samples with the stamp of the one before
  std::int64_t non_finite = 0;    ///< samples with a NaN or an infinity
  std::int64_t rows_by_how[6]{};  ///< output rows by the worst `how` of the stream's groups
  double coverage = 0.0;          ///< share of rows that are usable in every group
};

std::vector<StreamReport> report_streams(const Episode& episode, const Aligned& aligned);

/// The table, one line for each stream, with a line of explanation below.
std::string table_of(const Episode& episode, const std::vector<StreamReport>& reports, const Aligned& aligned);

}  // namespace align_episode
