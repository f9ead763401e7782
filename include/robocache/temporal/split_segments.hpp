// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// Cuts one recording where its clock jumps back (or is NaN) and where it pauses for longer than max_gap.
struct SplitSegmentsArgs {
  Times times;  ///< [count]
  std::int64_t count = 0;
  std::int64_t max_gap = unlimited;       ///< ns, inclusive
  std::int64_t* offsets = nullptr;        ///< [capacity + 1]: CSR, ready for ragged(offsets, *segment_count)
  std::int64_t capacity = 0;              ///< segments that offsets can hold; at least 1
  std::int64_t* segment_count = nullptr;  ///< [1]: the number found, which may exceed capacity: then only the first
                                          ///< `capacity` segments are in offsets, the last of them ending where it does
};

/// Host memory; returns when done. An empty recording has no segment: segment_count 0, offsets[0] 0.
/// Offsets past the last segment are set to `count`, so that ragged(offsets, capacity) is valid too.
ROBOCACHE_API Status split_segments(const SplitSegmentsArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status split_segments(const SplitSegmentsArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory: enqueues one kernel of one block on `stream` (it is meant for once per recording), never
/// synchronises or allocates.
ROBOCACHE_API Status split_segments(const SplitSegmentsArgs& args, cudaStream_t stream);
Status split_segments(const SplitSegmentsArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
Status split_segments(const SplitSegmentsArgs& args, cudaStream_t stream);
#endif

ROBOCACHE_NAMESPACE_END
