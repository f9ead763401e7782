// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "align.hpp"
#include "episode.hpp"
#include "report.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace align_episode {

/// Names of the columns, streams, groups, rate and status bits, for a reader of the arrays.
std::string episode_json(const Episode& episode, const std::vector<StreamReport>& reports, const Aligned& aligned);

/// Draws episode.png in `folder`, which holds the other results, by plot_episode.py. `python` is its interpreter;
/// empty: the first of the usual ones that has matplotlib. Returns why there is no picture; empty: there is one.
std::string draw_episode(const std::filesystem::path& folder, const Episode& episode, const std::string& python);

}  // namespace align_episode
