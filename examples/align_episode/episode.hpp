// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/fuse/fuse.hpp>
#include <robocache/temporal/clock.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/sample_status.hpp>

#include "support/input.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace align_episode {

using example::InputError;

/// Four channels of a stream that are one rotation.
struct Quaternion {
  std::int64_t first = 0;  ///< channel
  robocache::RotationFormat format = robocache::RotationFormat::quaternion_xyzw;
};

/// What one sensor logged, in host memory, and how it is to be read.
struct Stream {
  std::string name;
  std::vector<std::string> channels;
  std::vector<std::int64_t> times;  ///< [samples], ns, as recorded
  std::vector<double> values;       ///< [samples, channels]

  std::vector<robocache::Interpolation> kinds;  ///< [channels]; unused where a quaternion is
  std::vector<Quaternion> quaternions;
  robocache::Clock clock;
  std::int64_t max_gap = robocache::unlimited;  ///< ns
  std::int64_t max_age = robocache::unlimited;  ///< ns

  std::int64_t samples() const { return static_cast<std::int64_t>(times.size()); }
  std::int64_t width() const { return static_cast<std::int64_t>(channels.size()); }
};

using Episode = std::vector<Stream>;

/// Runs of neighbouring channels of one kind, and the quaternions between them, in channel order.
std::vector<robocache::ChannelGroup> channel_groups(const Stream& stream);

/// The time from sample i - 1 to sample i in ns, held at the largest int64.
std::int64_t interval_before(const Stream& stream, std::size_t i);

/// The median time between two samples that do not share a stamp, in ns; 0 where there are no two such samples.
std::int64_t median_interval(const Stream& stream);

/// What --max-gap is where nothing is said: 2.5 median intervals, which one lost sample does not reach; `unlimited`
/// without a median.
std::int64_t usual_gap_limit(const Stream& stream);

/// The times of the output rows: start_ns + k / rate, k = 0 .. rows-1.
struct Grid {
  robocache::Rate rate;
  std::int64_t start_ns = 0;
  std::int64_t rows = 0;

  /// The time of row k, rounded half up to a nanosecond.
  std::int64_t time(std::int64_t k) const;
};

/// The grid that begins at the earliest corrected stamp of all streams and ends not after the latest. No rows where no
/// stream has a sample.
Grid common_grid(const Episode& episode, robocache::Rate rate);

std::int64_t total_channels(const Episode& episode);
std::int64_t total_groups(const Episode& episode);

}  // namespace align_episode
