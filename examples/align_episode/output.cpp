// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "output.hpp"

#include "options.hpp"
#include "support/npy.hpp"
#include "support/output.hpp"

#include <cstdio>

namespace align_episode {
namespace {

namespace fs = std::filesystem;
using example::json_string;
using example::json_strings;

/// Durations in ns; no limit is null.
std::string json_limit(std::int64_t limit) { return limit == robocache::unlimited ? "null" : std::to_string(limit); }

const char* rotation_name(const robocache::ChannelGroup& group) {
  return group.from == robocache::RotationFormat::quaternion_wxyz ? "quaternion_wxyz" : "quaternion_xyzw";
}

}  // namespace

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

std::string draw_episode(const fs::path& folder, const Episode& episode, const std::string& python) {
  const fs::path raw = folder / "raw";
  fs::create_directory(raw);
  for (std::size_t s = 0; s < episode.size(); ++s) {
    const Stream& stream = episode[s];
    std::vector<std::int64_t> times;
    for (const std::int64_t time : stream.times) times.push_back(robocache::corrected(time, stream.clock));
    example::write_npy(raw / (std::to_string(s) + "_times_ns.npy"), times, {stream.samples()});
    example::write_npy(raw / (std::to_string(s) + "_values.npy"), stream.values, {stream.samples(), stream.width()});
  }
  const fs::path script = fs::path(__FILE__).replace_filename("plot_episode.py");  // where this was compiled
  std::string reason = example::draw_picture(script, folder, python);
  fs::remove_all(raw);
  return reason;
}

}  // namespace align_episode
