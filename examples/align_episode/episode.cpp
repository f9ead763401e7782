// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "episode.hpp"

#include <algorithm>
#include <limits>

namespace align_episode {
namespace {

/// Streams on unrelated clocks would ask for years of rows: say so instead of allocating them.
constexpr std::int64_t most_elements = std::int64_t{1} << 30;

}  // namespace

std::vector<robocache::ChannelGroup> channel_groups(const Stream& stream) {
  const auto quaternion_at = [&](std::int64_t channel) {
    return std::find_if(stream.quaternions.begin(), stream.quaternions.end(),
                        [=](const Quaternion& q) { return q.first == channel; });
  };
  std::vector<robocache::ChannelGroup> groups;
  bool extend = false;
  for (std::int64_t c = 0; c < stream.width();) {
    if (const auto quaternion = quaternion_at(c); quaternion != stream.quaternions.end()) {
      groups.push_back(robocache::rotation(quaternion->format));
      c += groups.back().width;
      extend = false;
      continue;
    }
    const robocache::Interpolation kind = stream.kinds[static_cast<std::size_t>(c)];
    if (extend && groups.back().kind == kind) {
      ++groups.back().width;
    } else {
      groups.push_back(robocache::channels(1, kind));
      extend = true;
    }
    ++c;
  }
  return groups;
}

std::int64_t interval_before(const Stream& stream, std::size_t i) {
  const std::uint64_t interval =
      static_cast<std::uint64_t>(stream.times[i]) - static_cast<std::uint64_t>(stream.times[i - 1]);
  return static_cast<std::int64_t>(std::min<std::uint64_t>(interval, std::numeric_limits<std::int64_t>::max()));
}

std::int64_t median_interval(const Stream& stream) {
  std::vector<std::int64_t> intervals;
  for (std::size_t i = 1; i < stream.times.size(); ++i) {
    if (stream.times[i] != stream.times[i - 1]) intervals.push_back(interval_before(stream, i));
  }
  if (intervals.empty()) return 0;
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  return *middle;
}

std::int64_t usual_gap_limit(const Stream& stream) {
  const std::int64_t usual = median_interval(stream);
  return usual == 0 || usual > robocache::unlimited / 5 ? robocache::unlimited : 5 * usual / 2;
}

std::int64_t Grid::time(std::int64_t k) const {
  // Whole rounds of `num` steps first, so that no product outgrows 64 bits.
  const std::int64_t period = rate.den * 1'000'000'000;
  const std::int64_t within = k % rate.num;
  return start_ns + k / rate.num * period + within * (period / rate.num) +
         (within * (period % rate.num) + rate.num / 2) / rate.num;
}

Grid common_grid(const Episode& episode, robocache::Rate rate) {
  std::int64_t ends[2] = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
  for (const Stream& stream : episode) {
    if (stream.times.empty()) continue;
    ends[0] = std::min(ends[0], robocache::corrected(stream.times.front(), stream.clock));
    ends[1] = std::max(ends[1], robocache::corrected(stream.times.back(), stream.clock));
  }
  Grid grid;
  grid.rate = rate;
  if (ends[0] > ends[1]) return grid;
  grid.start_ns = ends[0];

  const double span_s = (static_cast<double>(ends[1]) - static_cast<double>(ends[0])) * 1e-9;
  const double rows = span_s * static_cast<double>(rate.num) / static_cast<double>(rate.den);
  if (rows * static_cast<double>(std::max<std::int64_t>(1, total_channels(episode))) > most_elements) {
    throw InputError("the streams span " + std::to_string(static_cast<long long>(span_s)) + " s, which is " +
                     std::to_string(static_cast<long long>(rows)) +
                     " rows: more than this example aligns; are they on one clock? (see --offset, --streams)");
  }

  std::int64_t row_offsets[2] = {0, 0};
  robocache::GridOffsetsArgs args;
  args.source.times = static_cast<const std::int64_t*>(ends);
  args.source.values.count = 2;
  args.at = robocache::start_at(robocache::every(rate, std::int64_t{0}), grid.start_ns);
  args.row_offsets = row_offsets;
  robocache::throw_if_error(robocache::grid_offsets(args, robocache::Host{}));
  grid.rows = row_offsets[1];
  return grid;
}

std::int64_t total_channels(const Episode& episode) {
  std::int64_t total = 0;
  for (const Stream& stream : episode) total += stream.width();
  return total;
}

std::int64_t total_groups(const Episode& episode) {
  std::int64_t total = 0;
  for (const Stream& stream : episode) total += static_cast<std::int64_t>(channel_groups(stream).size());
  return total;
}

}  // namespace align_episode
