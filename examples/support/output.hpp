// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace example {

/// A folder for results that appears with all of its files or, on failure, not at all. Until publish() the files are in
/// a hidden folder beside (or, where the folder exists, in) it, which the destructor removes.
class OutputFolder {
 public:
  /// Throws InputError where `folder` is something else.
  explicit OutputFolder(const std::filesystem::path& folder);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write. Created by the first call.
  const std::filesystem::path& staging();
  /// Moves what was written to its place. An old file of `results` that was not written anew is removed.
  void publish(const std::vector<std::string>& results);

 private:
  std::filesystem::path folder_;
  std::filesystem::path staging_;
  bool exists_ = false;
  bool staged_ = false;
};

std::string json_string(const std::string& text);
std::string json_strings(const std::vector<std::string>& texts);

/// Runs a script on `folder`, which draws what is in it; it exits with 3 where it has no matplotlib. An installed
/// program runs the script of that name that was installed with it. `python` is the interpreter; empty: the first of
/// the usual ones that has matplotlib. Returns why there is no picture; empty: there is one.
std::string draw_picture(std::filesystem::path script, const std::filesystem::path& folder, const std::string& python);

}  // namespace example
