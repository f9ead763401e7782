// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/temporal/check_times.cuh>
#include <robocache/temporal/grid_offsets.cuh>
#include <robocache/temporal/split_segments.cuh>

ROBOCACHE_NAMESPACE_BEGIN

Status check_times(const CheckTimesArgs& args, cudaStream_t stream) {
  return check_times<std::int64_t, double, float>(args, stream);
}

Status split_segments(const SplitSegmentsArgs& args, cudaStream_t stream) {
  return split_segments<std::int64_t, double, float>(args, stream);
}

Status grid_offsets(const GridOffsetsArgs& args, cudaStream_t stream) {
  return grid_offsets<std::int64_t, double, float>(args, stream);
}

ROBOCACHE_NAMESPACE_END
