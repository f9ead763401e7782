// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "input.hpp"

#include <cstdio>
#include <memory>
#include <system_error>

namespace example {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw InputError(path.string() + ": no such file");
  if (!fs::is_regular_file(status)) throw InputError(path.string() + ": not a regular file");
  // flawfinder: ignore: the user's own file
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) throw InputError(path.string() + ": the file cannot be opened for reading");
  std::string text(static_cast<std::size_t>(fs::file_size(path, error)), '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (error || std::ferror(file.get()) != 0) throw InputError(path.string() + ": the file cannot be read");
  return text;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 32;
  std::string result = "'";
  for (const char c : text.substr(0, longest)) result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return result + (text.size() > longest ? "...'" : "'");
}

}  // namespace example
