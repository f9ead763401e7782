// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/temporal/checks.hpp>
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
  Segments segments;                 ///< offsets that decrease give unspecified offences (never an access outside)
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

/// Finds the first offence of each segment. Gaps are no trouble for resampling, whose limits deal with them; anything
/// else is. Pointers are host memory. Returns when done.
ROBOCACHE_API Status check_times(const CheckTimesArgs& args, Host host);
/// The same, instantiated here for the listed stamp types (std::int64_t, double, float).
template <class First, class... Rest>
Status check_times(const CheckTimesArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// The same in device memory, on the current device: enqueues two kernels on `stream` and returns. Never synchronises,
/// allocates or uses scratch; may be captured into a graph.
///
/// Errors found before the launch, when nothing is written: null_pointer, invalid_size, invalid_value, overflow,
/// aliasing (offences overlap an input), misaligned, unsupported_type. Of launches: cuda_error.
ROBOCACHE_API Status check_times(const CheckTimesArgs& args, cudaStream_t stream);
Status check_times(const CheckTimesArgs& args, std::nullptr_t) = delete;  // name the stream
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status check_times(const CheckTimesArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status check_times(const CheckTimesArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

inline Status prepare(const CheckTimesArgs& args) noexcept {
  if (args.count < 0) return {StatusCode::invalid_size, "args.count: negative"};
  std::int64_t bytes = 0;
  if (multiply_overflows(args.count, 8, &bytes)) return {StatusCode::overflow, "args.count: size overflows"};
  ROBOCACHE_CHECK(check_times_array(args.times, args.count, "args.times: null", "args.times.type: unknown",
                                    "args.times: misaligned"));
  ROBOCACHE_CHECK(check_segments(args.segments, args.count));
  if (args.max_gap < 0) return {StatusCode::invalid_value, "args.max_gap: negative"};
  if (args.segments.count == 0) return {};
  if (args.offences == nullptr) return {StatusCode::null_pointer, "args.offences: null"};
  return check_arrays({{args.times.data, args.count, size_of(args.times.type), "args.times: misaligned"},
                       {args.segments.offsets, args.segments.count + 1, 8, "args.segments: misaligned"}},
                      {{args.offences, args.segments.count, 8, "args.offences: misaligned"}},
                      "args.offences: overlaps an input");
}

/// What is wrong with stamp i of a recording, whose segment begins at `begin`.
template <class Stamp>
ROBOCACHE_HD inline TimeFault fault_of(const Stamp* times, std::int64_t begin, std::int64_t i, bool duplicates,
                                       std::int64_t max_gap) noexcept {
  using Value = time_value_t<Stamp>;
  const Value t = static_cast<Value>(times[i]);
  if (!is_finite(t)) return TimeFault::not_finite;
  if (i == begin) return TimeFault::none;
  const Value previous = static_cast<Value>(times[i - 1]);
  if (!is_finite(previous)) return TimeFault::none;
  if (t < previous) return TimeFault::backward;
  if (t == previous) return duplicates ? TimeFault::duplicate : TimeFault::none;
  return within(t, previous, max_gap) ? TimeFault::none : TimeFault::gap;
}

ROBOCACHE_HD constexpr std::int64_t pack_offence(std::int64_t row, TimeFault fault) noexcept {
  return row * 8 + static_cast<std::int64_t>(fault);
}

}  // namespace detail

template <class First, class... Rest>
Status check_times(const CheckTimesArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  ROBOCACHE_CHECK(detail::prepare(args));
  return detail::dispatch_stamp<First, Rest...>(args.times.type, [&](auto stamp) {
    const auto* times = static_cast<const decltype(stamp)*>(args.times.data);
    detail::parallel_for(host, args.segments.count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) {
        const RowRange rows = detail::segment_rows(args.segments, s, args.count);
        args.offences[s] = no_offence;
        for (std::int64_t i = rows.begin; i < rows.end && args.offences[s] == no_offence; ++i) {
          const TimeFault fault = detail::fault_of(times, rows.begin, i, args.duplicates, args.max_gap);
          if (fault != TimeFault::none) args.offences[s] = detail::pack_offence(i, fault);
        }
      }
    });
    return Status{};
  });
}

ROBOCACHE_NAMESPACE_END
