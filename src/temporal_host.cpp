// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/split_segments.hpp>

ROBOCACHE_NAMESPACE_BEGIN

Status check_times(const CheckTimesArgs& args, Host host) {
  return check_times<std::int64_t, double, float>(args, host);
}

Status split_segments(const SplitSegmentsArgs& args, Host host) {
  return split_segments<std::int64_t, double, float>(args, host);
}

Status grid_offsets(const GridOffsetsArgs& args, Host host) {
  return grid_offsets<std::int64_t, double, float>(args, host);
}

ROBOCACHE_NAMESPACE_END
