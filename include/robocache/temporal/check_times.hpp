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

/// What is wrong with a stamp. Values are stable.
enum class TimeFault : std::uint8_t {
  none = 0,
  not_finite = 1,  ///< NaN or infinite seconds
  backward = 2,    ///< smaller than the stamp before
  duplicate = 3,   ///< equal to the stamp before
  gap = 4,         ///< more than max_gap after the stamp before
};

struct CheckTimesArgs {
  Times times;  ///< [count]
  std::int64_t count = 0;
  Segments segments;
  bool duplicates = true;            ///< whether a duplicate is an offence
  std::int64_t max_gap = unlimited;  ///< ns, inclusive
  std::int64_t* offences = nullptr;  ///< [segments.count]: the first offence of each, packed; see below
};

constexpr std::int64_t no_offence = INT64_MAX;
/// The row of `times` that is at fault.
ROBOCACHE_HD constexpr std::int64_t offence_row(std::int64_t offence) noexcept {
  return offence == no_offence ? -1 : offence / 8;
}
ROBOCACHE_HD constexpr TimeFault offence_fault(std::int64_t offence) noexcept {
  return offence == no_offence ? TimeFault::none : static_cast<TimeFault>(offence % 8);
}

/// Finds the first offence of each segment: sensors that resample well have none but gaps. Host memory; returns when
/// done.
ROBOCACHE_API Status check_times(const CheckTimesArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status check_times(const CheckTimesArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory: enqueues two kernels on `stream`, never synchronises or allocates.
ROBOCACHE_API Status check_times(const CheckTimesArgs& args, cudaStream_t stream);
Status check_times(const CheckTimesArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
Status check_times(const CheckTimesArgs& args, cudaStream_t stream);
#endif

ROBOCACHE_NAMESPACE_END
