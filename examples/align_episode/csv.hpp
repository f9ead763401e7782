// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace align_episode {

/// The stream that a .csv file holds, whose text this is. `path` names it and is not read.
/// Throws InputError with file, line and column of the first offence. A column is counted in fields, from 1.
Stream parse_stream(std::string text, const std::filesystem::path& path, const std::string& time_column);

/// Reads `path`: one .csv file, or every .csv file of a directory in the order of their names; with `names`, those
/// streams alone, in that order. A stream is named by its file, without the extension.
/// Throws InputError as parse_stream does.
Episode read_episode(const std::filesystem::path& path, const std::vector<std::string>& names,
                     const std::string& time_column);

}  // namespace align_episode
