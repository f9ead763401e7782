// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "align.hpp"

namespace align_episode {
namespace {

using example::SideArray;

/// The stream, read as it says, from where its times and values are.
robocache::SensorStream sensor_stream(const Stream& stream, const std::int64_t* times, const double* values,
                                      const std::vector<robocache::ChannelGroup>& groups, robocache::Outside outside) {
  robocache::SensorStream sensor;
  sensor.times = times;
  sensor.values = robocache::rows(values, stream.samples(), stream.width());
  sensor.clock = stream.clock;
  sensor.groups = groups.data();
  sensor.group_count = static_cast<std::int32_t>(groups.size());
  sensor.outside = outside;
  sensor.max_gap = stream.max_gap;
  sensor.max_age = stream.max_age;
  return sensor;
}

}  // namespace

Aligned align(const Episode& episode, const Grid& grid, robocache::Outside outside, const example::Side& side) {
  Aligned aligned;
  aligned.grid = grid;
  aligned.channels = total_channels(episode);
  aligned.groups = total_groups(episode);
  aligned.values.resize(static_cast<std::size_t>(grid.rows * aligned.channels));
  aligned.status.resize(static_cast<std::size_t>(grid.rows * aligned.groups));

  std::vector<std::vector<robocache::ChannelGroup>> groups;
  std::vector<SideArray<const std::int64_t>> times;
  std::vector<SideArray<const double>> values;
  std::vector<robocache::SensorStream> streams;
  for (const Stream& stream : episode) {
    groups.push_back(channel_groups(stream));
    times.emplace_back(side, stream.times);
    values.emplace_back(side, stream.values);
    streams.push_back(sensor_stream(stream, times.back().data(), values.back().data(), groups.back(), outside));
  }
  const SideArray<float> out(side, aligned.values);
  const SideArray<std::uint8_t> status(side, aligned.status);
  robocache::FuseArgs args;
  args.streams = streams.data();
  args.stream_count = static_cast<std::int32_t>(streams.size());
  args.at = robocache::start_at(robocache::every(grid.rate, grid.rows), grid.start_ns);
  args.out = robocache::rows(out.data(), grid.rows, aligned.channels);
  args.status = status.data();
  aligned.timing = side.time([&](auto where) { return robocache::fuse(args, where); });
  out.download();
  status.download();
  return aligned;
}

}  // namespace align_episode
