// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace example {

/// A mistake in the command line or in the data: one line for the user, exit code 2.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The whole of a regular file. Throws InputError that names it.
std::string read_file(const std::filesystem::path& path);

/// Without blanks at its ends.
std::string_view trimmed(std::string_view text);

/// Text of a file made fit for one line of a message.
std::string in_quotes(std::string_view text);

/// The number that `text` is, as a whole.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace example
