// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "output.hpp"

#include "npy.hpp"
#include "options.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX

namespace align_episode {
namespace {

namespace fs = std::filesystem;

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

/// Durations in ns; no limit is null.
std::string json_limit(std::int64_t limit) { return limit == robocache::unlimited ? "null" : std::to_string(limit); }

const char* rotation_name(const robocache::ChannelGroup& group) {
  return group.from == robocache::RotationFormat::quaternion_wxyz ? "quaternion_wxyz" : "quaternion_xyzw";
}

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

std::string episode_json(const Episode& episode, const std::vector<StreamReport>& reports, const Aligned& aligned) {
  std::string columns, streams;
  std::int64_t column = 0, status_column = 0;
  for (std::size_t s = 0; s < episode.size(); ++s) {
    const Stream& stream = episode[s];
    std::string groups;
    std::int64_t group_column = column;
    for (const robocache::ChannelGroup& group : channel_groups(stream)) {
      groups += (groups.empty() ? "" : ",") + std::string("\n      {\"first_column\": ") +
                std::to_string(group_column) + ", \"width\": " + std::to_string(group.width) +
                ", \"kind\": " + json_string(name_of(group.kind));
      if (group.kind == robocache::Interpolation::slerp) groups += ", \"format\": " + json_string(rotation_name(group));
      groups += ", \"status_column\": " + std::to_string(status_column++) + "}";
      group_column += group.width;
    }
    for (const std::string& channel : stream.channels) {
      columns += (columns.empty() ? "" : ", ") + json_string(stream.name + "." + channel);
    }
    const StreamReport& report = reports[s];
    char numbers[128];
    std::snprintf(numbers, sizeof(numbers), "\"rate_hz\": %.6g, \"jitter_ms\": %.6g, \"coverage\": %.6g",
                  report.rate_hz, report.jitter_ms, report.coverage);
    streams += (s == 0 ? "" : ",") + std::string("\n    {\"name\": ") + json_string(stream.name) +
               ", \"first_column\": " + std::to_string(column) + ", \"channels\": " + json_strings(stream.channels) +
               ",\n     \"samples\": " + std::to_string(stream.samples()) + ", " + numbers +
               ", \"gaps\": " + std::to_string(report.gaps) + ", \"duplicates\": " + std::to_string(report.duplicates) +
               ", \"non_finite_samples\": " + std::to_string(report.non_finite) +
               ",\n     \"offset_ns\": " + std::to_string(stream.clock.offset) +
               ", \"max_gap_ns\": " + json_limit(stream.max_gap) + ", \"max_age_ns\": " + json_limit(stream.max_age) +
               ",\n     \"groups\": [" + groups + "]}";
    column += stream.width();
  }
  const Grid& grid = aligned.grid;
  return "{\n  \"values\": \"values.npy\",\n  \"status\": \"status.npy\",\n  \"times\": \"times_ns.npy\",\n  \"rate\": "
         "[" +
         std::to_string(grid.rate.num) + ", " + std::to_string(grid.rate.den) +
         "],\n  \"start_ns\": " + std::to_string(grid.start_ns) + ",\n  \"rows\": " + std::to_string(grid.rows) +
         ",\n  \"columns\": [" + columns + "],\n  \"streams\": [" + streams +
         "],\n  \"status_bits\": {\n"
         "    \"how\": {\"mask\": 7, \"exact\": 0, \"interpolated\": 1, \"held\": 2, \"clamped\": 3, \"extrapolated\": "
         "4, "
         "\"filled\": 5},\n"
         "    \"why\": {\"shift\": 3, \"mask\": 7, \"none\": 0, \"outside\": 1, \"gap\": 2, \"stale\": 3, \"empty\": "
         "4},\n"
         "    \"unsorted\": 64,\n    \"non_finite\": 128,\n"
         "    \"usable\": \"(status & 192) == 0 and (status & 7) <= 2 and (status >> 3 & 7) == 0\"\n  }\n}\n";
}

std::string draw_picture(const fs::path& folder, const Episode& episode, const std::string& python) {
  constexpr int no_matplotlib = 3;                                                 // plot_episode.py's exit status
  const fs::path script = fs::path(__FILE__).replace_filename("plot_episode.py");  // where this was compiled
  std::error_code error;
  if (!fs::exists(script, error)) return script.string() + " is gone";
  const fs::path raw = folder / "raw";
  fs::create_directory(raw);
  for (std::size_t s = 0; s < episode.size(); ++s) {
    const Stream& stream = episode[s];
    std::vector<std::int64_t> times;
    for (const std::int64_t time : stream.times) times.push_back(robocache::corrected(time, stream.clock));
    write_npy(raw / (std::to_string(s) + "_times_ns.npy"), times, {stream.samples()});
    write_npy(raw / (std::to_string(s) + "_values.npy"), stream.values, {stream.samples(), stream.width()});
  }
  std::vector<std::string> interpreters = {"python3", "/usr/bin/python3"};
  if (!python.empty()) interpreters = {python};
  std::string reason = interpreters.front() + " cannot be run";
  for (const std::string& interpreter : interpreters) {
    const int status = run({interpreter, script.string(), folder.string()});
    if (status == no_matplotlib) {
      reason = interpreter + " has no matplotlib";
    } else if (status != -1 && status != 127) {  // 127: a shell's "not found"
      reason = status == 0 ? "" : "plot_episode.py failed";
      break;
    }
  }
  fs::remove_all(raw);
  return reason;
}

}  // namespace align_episode
