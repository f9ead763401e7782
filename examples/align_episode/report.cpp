// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "report.hpp"

#include "options.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace align_episode {
namespace {

void report_stamps(const Stream& stream, StreamReport& report) {
  const std::int64_t usual = median_interval(stream);
  if (usual != 0) report.rate_hz = 1e9 / static_cast<double>(usual);
  double sum = 0.0, sum_of_squares = 0.0, regular = 0.0;
  for (std::size_t i = 1; i < stream.times.size(); ++i) {
    const std::int64_t interval = interval_before(stream, i);
    const double ms = static_cast<double>(interval) * 1e-6;
    report.longest_ms = std::max(report.longest_ms, ms);
    report.duplicates += interval == 0;
    if (interval > stream.max_gap) {
      ++report.gaps;
    } else {
      const double deviation = ms - static_cast<double>(usual) * 1e-6;
      sum += deviation;
      sum_of_squares += deviation * deviation;
      regular += 1.0;
    }
  }
  if (regular > 1.0)
    report.jitter_ms = std::sqrt(std::max(0.0, (sum_of_squares - sum * sum / regular) / (regular - 1.0)));
}

void report_values(const Stream& stream, StreamReport& report) {
  const auto width = static_cast<std::ptrdiff_t>(stream.width());
  for (auto row = stream.values.begin(); row != stream.values.end(); row += width) {
    report.non_finite += !std::all_of(row, row + width, [](double v) { return std::isfinite(v); });
  }
}

void report_rows(const Aligned& aligned, std::int64_t first, std::int64_t count, StreamReport& report) {
  std::int64_t usable = 0;
  for (std::int64_t row = 0; row < aligned.grid.rows; ++row) {
    const std::uint8_t* status = aligned.status.data() + row * aligned.groups + first;
    robocache::How worst = robocache::How::exact;
    for (std::int64_t g = 0; g < count; ++g) worst = std::max(worst, robocache::how_of(status[g]));
    ++report.rows_by_how[static_cast<std::size_t>(worst)];
    usable += std::all_of(status, status + count, [](std::uint8_t s) { return robocache::usable(s); });
  }
  if (aligned.grid.rows != 0) report.coverage = static_cast<double>(usable) / static_cast<double>(aligned.grid.rows);
}

template <class... Args>
std::string format(const char* pattern, Args... args) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, args...);  // flawfinder: ignore: patterns are literals
  return text.data();
}

std::string kinds_of(const Stream& stream) {
  std::vector<std::string> names;
  for (const robocache::ChannelGroup& group : channel_groups(stream)) {
    const std::string name = name_of(group.kind);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "+") + name;
  return text;
}

std::string aligned_columns(const std::vector<std::vector<std::string>>& lines, std::size_t left_aligned) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string padding(widths[c] - line[c].size(), ' ');
      text += (c == 0 ? "" : "  ") + (c < left_aligned ? line[c] + padding : padding + line[c]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::vector<StreamReport> report_streams(const Episode& episode, const Aligned& aligned) {
  std::vector<StreamReport> reports;
  std::int64_t first = 0;
  for (const Stream& stream : episode) {
    const auto groups = static_cast<std::int64_t>(channel_groups(stream).size());
    StreamReport report;
    report_stamps(stream, report);
    report_values(stream, report);
    report_rows(aligned, first, groups, report);
    reports.push_back(report);
    first += groups;
  }
  return reports;
}

std::string table_of(const Episode& episode, const std::vector<StreamReport>& reports, const Aligned& aligned) {
  const auto count = [](std::int64_t n) { return n == 0 ? std::string("-") : std::to_string(n); };
  std::vector<std::vector<std::string>> lines = {{"stream", "kind", "channels", "samples", "Hz", "jitter ms", "gaps",
                                                  "longest ms", "duplicates", "NaN", "coverage", "interp.", "held",
                                                  "clamped", "filled"}};
  for (std::size_t s = 0; s < episode.size(); ++s) {
    const Stream& stream = episode[s];
    const StreamReport& report = reports[s];
    const bool timed = report.rate_hz > 0.0;
    std::vector<std::string> line = {stream.name,
                                     kinds_of(stream),
                                     std::to_string(stream.width()),
                                     std::to_string(stream.samples()),
                                     timed ? format("%.1f", report.rate_hz) : "-",
                                     timed ? format("%.3f", report.jitter_ms) : "-",
                                     count(report.gaps),
                                     timed ? format("%.1f", report.longest_ms) : "-",
                                     count(report.duplicates),
                                     count(report.non_finite),
                                     aligned.grid.rows == 0 ? "-" : format("%.1f %%", 100.0 * report.coverage)};
    const auto rows = [&](robocache::How how) { return report.rows_by_how[static_cast<std::size_t>(how)]; };
    line.push_back(count(rows(robocache::How::exact) + rows(robocache::How::interpolated)));
    line.push_back(count(rows(robocache::How::held)));
    line.push_back(count(rows(robocache::How::clamped) + rows(robocache::How::extrapolated)));
    line.push_back(count(rows(robocache::How::filled)));
    lines.push_back(std::move(line));
  }
  return aligned_columns(lines, 2) +
         "Hz: of the median interval. jitter: standard deviation of the intervals that are no gap. gaps: intervals "
         "over\n"
         "--max-gap. NaN: samples that hold one. coverage: rows fit for use in every channel. Then the rows that are\n"
         "interpolated or exact, held, clamped or extrapolated, filled.\n";
}

}  // namespace align_episode
