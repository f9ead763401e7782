// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/views.hpp>
#include <robocache/temporal/clock.hpp>

#include <cstdint>
#include <limits>

ROBOCACHE_NAMESPACE_BEGIN

/// How a channel group is evaluated between samples. Values are stable.
/// - previous, next, nearest: the value of one sample.
/// - linear: exact at both ends of a bracket.
/// - cubic: Hermite with the slope (y[k+1]-y[k-1]) / (t[k+1]-t[k-1]), one-sided at the ends.
/// - pchip: Fritsch & Butland 1984, monotone; SciPy's PchipInterpolator. The slope at a sample is 0 if those beside it
///   differ in sign or one is 0, else their harmonic mean, weighted by the intervals.
/// - akima: Akima 1970; SciPy's Akima1DInterpolator, but with a local test for zero weights: if they add up to at most
///   1e-9 of the steepest secant of the stencil, the slope is the mean of the two secants beside the sample.
/// - slerp: rotations, by the shortest arc at constant angular velocity (Shoemake 1985). A rotation without a direction
///   (zero norm) gives NaN, which the status names.
/// - angle: radians, the shortest way round, result in (-pi, pi].
///
/// Of samples with the same stamp, previous and a query at the stamp take the last, next and the right end of a bracket
/// the first. Intervals of no length end the stencils of smooth kinds, which are linear where two samples are left. A
/// query at a stamp reads that sample alone, so that a NaN beside it does no harm. Derivatives at a sample are those to
/// its right, at the last one to its left, and 0 where the value is clamped or held.
enum class Interpolation : std::uint8_t {
  previous = 0,
  next = 1,
  nearest = 2,
  linear = 3,
  cubic = 4,
  pchip = 5,
  akima = 6,
  slerp = 7,
  angle = 8,
};

/// Which of two equally near samples `nearest` takes. SciPy's `nearest` and pandas: earlier. polars, `nearest-up`:
/// later.
enum class Tie : std::uint8_t { earlier = 0, later = 1 };

/// What a query outside [first stamp, last stamp] gets. `previous` never reads a sample after the query and `next`
/// never one before it, whatever the policy: with no admissible sample they fill. For the step kinds `extrapolate` is
/// `clamp`.
enum class Outside : std::uint8_t {
  fill = 0,
  clamp = 1,        ///< the end sample
  extrapolate = 2,  ///< by the end slope; slerp at constant angular velocity. Without one (a single sample, or
                    ///< duplicates at the end) as clamp
};

/// What a bracket longer than max_gap gives.
enum class Gap : std::uint8_t {
  fill = 0,
  hold = 1,  ///< the sample before the gap (subject to max_age); a derivative is zero
};

/// Channels of one rotation.
enum class RotationFormat : std::uint8_t {
  quaternion_xyzw = 0,  ///< 4 channels, Hamilton, any non-zero norm
  quaternion_wxyz = 1,  ///< 4 channels
  rotation_vector = 2,  ///< 3 channels: unit axis times angle in radians
  rot6d = 3,            ///< 6 channels: first, then second column of the rotation matrix (Zhou et al. 2019)
};

/// Of the two quaternions of a rotation, the one that is written.
enum class QuaternionSign : std::uint8_t {
  w_non_negative = 0,
  as_sample = 1,  ///< that of the sample before the query
};

constexpr std::int32_t channels_of(RotationFormat format) noexcept {
  return format == RotationFormat::rotation_vector ? 3 : format == RotationFormat::rot6d ? 6 : 4;
}

/// Consecutive channels of a stream that are evaluated alike. Groups follow one another in the row, in and out.
struct ChannelGroup {
  std::int32_t width = 0;  ///< input channels; for slerp that of `from`: one rotation a group
  Interpolation kind = Interpolation::linear;
  bool derivative = false;  ///< first derivative per second; of smooth kinds. slerp: angular velocity, 3 channels,
                            ///< rad/s, body frame, of the body-to-world rotation
  Tie tie = Tie::earlier;   ///< nearest only
  RotationFormat from = RotationFormat::quaternion_xyzw;  ///< slerp only
  RotationFormat to = RotationFormat::quaternion_xyzw;    ///< slerp only
  QuaternionSign sign = QuaternionSign::w_non_negative;   ///< slerp with a quaternion output only
};

/// `width` channels of one kind.
inline ChannelGroup channels(std::int32_t width, Interpolation kind) noexcept {
  ChannelGroup group;
  group.width = width;
  group.kind = kind;
  return group;
}

/// One rotation, interpolated by slerp.
inline ChannelGroup rotation(RotationFormat from, RotationFormat to) noexcept {
  ChannelGroup group = channels(channels_of(from), Interpolation::slerp);
  group.from = from;
  group.to = to;
  return group;
}
inline ChannelGroup rotation(RotationFormat format) noexcept { return rotation(format, format); }

/// Channels that a group writes.
constexpr std::int32_t output_width(const ChannelGroup& group) noexcept {
  if (group.kind != Interpolation::slerp) return group.width;
  return group.derivative ? 3 : channels_of(group.to);
}

/// No limit on a duration.
constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

/// What one sensor logged, and how it is to be read. Pointers are device memory for stream calls and host memory for
/// Host calls, except `groups`, which is host memory, read during the call. Durations are nanoseconds for every time
/// type. Stamps of one segment should not decrease; where they do, results stay defined and memory-safe, and
/// status_unsorted says so.
struct SensorStream {
  Times times;                    ///< [values.count]
  ConstRows values;               ///< [samples, channels]
  Segments segments;              ///< of the samples; default one segment
  Clock clock;                    ///< corrects `times`
  const Clock* clocks = nullptr;  ///< [segments.count], optional: replaces `clock` for each segment
  const Ring* rings = nullptr;    ///< [segments.count], optional: the rows of each segment are a ring buffer

  const ChannelGroup* groups = nullptr;  ///< [group_count], host memory; null: one group of `interpolation`
  std::int32_t group_count = 0;
  Interpolation interpolation = Interpolation::linear;

  Outside outside = Outside::fill;
  Gap gap = Gap::fill;
  double fill = std::numeric_limits<double>::quiet_NaN();  ///< written after the affine

  std::int64_t max_gap = unlimited;  ///< longest bracket that is interpolated across, inclusive; two-sided kinds only
  std::int64_t max_age =
      unlimited;  ///< |query - stamp of the sample used|, inclusive: previous, next, nearest, hold, clamp
  std::int64_t max_extrapolation = unlimited;  ///< distance beyond the recording, inclusive
  std::int64_t slack =
      0;  ///< previous accepts a sample up to this much after the query, next one up to this much before

  /// On the way out, per output channel: value * scale + shift, fused. Each optional.
  const float* scale = nullptr;  ///< [output channels]
  const float* shift = nullptr;  ///< [output channels]
};

ROBOCACHE_NAMESPACE_END
