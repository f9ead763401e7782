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

/// One sensor stream at the wanted times.
struct ResampleArgs {
  SensorStream source;
  Queries at;
  Rows out;                        ///< [rows, output channels of the groups]; float, double, half or bfloat16
  std::uint8_t* status = nullptr;  ///< optional, [rows, groups]: sample_status.hpp
};

/// Header-only use names what is to be instantiated: `resample<Types<std::int64_t, float, __nv_bfloat16>>(args,
/// stream)`. Stamp is std::int64_t (ns), double or float (seconds). Kinds is AllKinds, or TwoPointKinds for previous,
/// next, nearest and linear alone, which compile in half the time.
struct AllKinds {
  static constexpr bool two_point_only = false;
};
struct TwoPointKinds {
  static constexpr bool two_point_only = true;
};
template <class Stamp, class In, class Out, class Kinds = AllKinds>
struct Types {};

/// Resamples on the CPU. Shapes, errors and result bits are those of the stream overload; pointers are host memory.
/// Returns when done. Compiled library: the type combinations of src/combinations.hpp.
ROBOCACHE_API Status resample(const ResampleArgs& args, Host host);

/// The same, instantiated here for the listed Types; no library is linked.
template <class First, class... Rest>
Status resample(const ResampleArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// Resamples on the current device: enqueues one kernel on `stream` and returns. Never synchronises, allocates or uses
/// scratch; may be captured into a graph. Compiled library: the type combinations of src/combinations.hpp.
///
/// Writes out[row, channel], and status[row, group] if given, for every row of `args.at`; nothing else, and nothing at
/// all when it returns an error. NaN is written canonical (quiet, positive). Results are the same bits on CPU and GPU.
///
/// Errors, all found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output
/// overlaps an input or the other output), misaligned, unsupported_type, cuda_error.
ROBOCACHE_API Status resample(const ResampleArgs& args, cudaStream_t stream);
Status resample(const ResampleArgs& args, std::nullptr_t) = delete;  // name the stream

/// The same, instantiated by nvcc for the listed Types; defined in resample.cuh.
template <class First, class... Rest>
Status resample(const ResampleArgs& args, cudaStream_t stream);
#endif

ROBOCACHE_NAMESPACE_END
