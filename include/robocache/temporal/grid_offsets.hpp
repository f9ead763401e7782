// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// The ragged rows of a grid that ends with each segment.
struct GridOffsetsArgs {
  SensorStream source;                  ///< times, values.count, segments, clock and clocks are used
  Queries at;                           ///< a grid; its steps and row_offsets are not used
  std::int64_t* row_offsets = nullptr;  ///< [segments + 1], for every(rate, row_offsets)
};

/// row_offsets[s+1] - row_offsets[s] is the number of grid times in segment s that are not after its last corrected
/// stamp; row_offsets[0] is 0. An empty segment has none. Host memory; returns when done.
ROBOCACHE_API Status grid_offsets(const GridOffsetsArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status grid_offsets(const GridOffsetsArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory: enqueues one kernel of one block on `stream`, never synchronises or allocates.
ROBOCACHE_API Status grid_offsets(const GridOffsetsArgs& args, cudaStream_t stream);
Status grid_offsets(const GridOffsetsArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
Status grid_offsets(const GridOffsetsArgs& args, cudaStream_t stream);
#endif

ROBOCACHE_NAMESPACE_END
