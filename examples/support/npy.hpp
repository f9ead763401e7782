// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace example {

/// Writes a C-contiguous array as NumPy's .npy, format version 1.0. T is float, double, std::uint8_t, std::int32_t or
/// std::int64_t. Throws std::runtime_error that names the file.
template <class T>
void write_npy(const std::filesystem::path& path, const std::vector<T>& data, const std::vector<std::int64_t>& shape);

/// Writes `text` as the whole file. Throws std::runtime_error that names the file.
void write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace example
