// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "output.hpp"

#include "input.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX

namespace example {
namespace {

namespace fs = std::filesystem;

/// Runs a program without a shell. Returns its exit status, or -1 where it cannot be started or is killed.
int run(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) return -1;
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& folder) : folder_(fs::absolute(folder).lexically_normal()) {
  if (!folder_.has_filename()) folder_ = folder_.parent_path();
  std::error_code error;
  const fs::file_status status = fs::status(folder_, error);
  exists_ = fs::is_directory(status);
  if (fs::exists(status) && !exists_) throw InputError("--output " + folder.string() + ": it is not a directory");
  // In an existing folder, which may be a file system of its own, the files only need to be renamed.
  const std::string name = "." + folder_.filename().string() + ".partial-" + std::to_string(getpid());
  staging_ = (exists_ ? folder_ : folder_.parent_path()) / name;
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (staged_) fs::remove_all(staging_, ignored);
}

const fs::path& OutputFolder::staging() {
  if (!staged_) fs::create_directories(staging_);
  staged_ = true;
  return staging_;
}

void OutputFolder::publish(const std::vector<std::string>& results) {
  if (!exists_) {
    fs::rename(staging(), folder_);
  } else {
    for (const std::string& result : results) {
      if (fs::exists(staging() / result)) {
        fs::rename(staging() / result, folder_ / result);
      } else {
        fs::remove(folder_ / result);
      }
    }
    fs::remove_all(staging_);
  }
  staged_ = false;
}

std::string json_string(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::string result = "[";
  for (const std::string& text : texts) result += (result.size() > 1 ? ", " : "") + json_string(text);
  return result + "]";
}

std::string draw_picture(fs::path script, const fs::path& folder, const std::string& python) {
  constexpr int no_matplotlib = 3;
  std::error_code error;
  const fs::path installed =
      fs::read_symlink("/proc/self/exe", error).parent_path() / "../share/robocache" / script.filename();
  if (fs::exists(installed, error)) script = installed;
  if (!fs::exists(script, error)) return script.string() + " is gone";
  std::vector<std::string> interpreters = {"python3", "/usr/bin/python3"};
  if (!python.empty()) interpreters = {python};
  std::string reason = interpreters.front() + " cannot be run";
  for (const std::string& interpreter : interpreters) {
    const int status = run({interpreter, script.string(), folder.string()});
    if (status == no_matplotlib) {
      reason = interpreter + " has no matplotlib";
    } else if (status != -1 && status != 127) {  // 127: a shell's "not found"
      return status == 0 ? "" : script.filename().string() + " failed";
    }
  }
  return reason;
}

}  // namespace example
