// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memory.hpp"

#include <robocache/core/views.hpp>
#include <robocache/resample/resample_job.hpp>
#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#include <algorithm>
#include <cstdint>
#include <list>
#include <type_traits>
#include <vector>

namespace robocache::fuzz {

/// Arguments that operators on streams share. Whatever is large or wrong, every array is as long as the header says.
class StreamArguments {
 public:
  StreamArguments(Choices& choices, Memory& memory) : choices_(choices), memory_(memory) {}

  Times times(TimeType type, Wide count) {
    Times times;
    times.type = type;
    times.data = type == TimeType::f64_seconds   ? static_cast<const void*>(memory_.input<double>(count))
                 : type == TimeType::f32_seconds ? static_cast<const void*>(memory_.input<float>(count))
                                                 : static_cast<const void*>(memory_.input<std::int64_t>(count));
    return times;
  }

  std::int64_t segment_count() { return choices_.flag() ? choices_.size(4) : 1; }
  Segments segments(std::int64_t count, std::int64_t samples) {
    const std::int64_t how = choices_.below(count == 1 ? 3 : 2);
    if (how == 2) return {};
    if (how == 1) return ragged(memory_.input<std::int64_t>(Wide(count) + 1), count);
    return uniform(count, choices_.size_or(count < 1 || samples < 0 ? 0 : samples / count));
  }

  Clock clock() {
    Clock clock;
    clock.offset = choices_.duration(0);
    clock.drift = choices_.real(0.0);
    clock.reference = choices_.duration(0);
    return clock;
  }
  const Clock* clocks(std::int64_t segments) {
    return choices_.rarely() ? reinterpret_cast<const Clock*>(memory_.input<std::int64_t>(Wide(segments) * 3))
                             : nullptr;
  }
  const Ring* rings(std::int64_t segments) {
    return choices_.rarely() ? reinterpret_cast<const Ring*>(memory_.input<std::int64_t>(Wide(segments) * 2)) : nullptr;
  }

  /// A matrix [count, width].
  Rows out_rows(ElementType type, std::int64_t count, std::int64_t width) {
    return matrix<void>(type, count, width, [this](std::int64_t size, Wide elements) {
      return size == 8   ? static_cast<void*>(memory_.output<double>(elements))
             : size == 4 ? static_cast<void*>(memory_.output<float>(elements))
                         : memory_.output_bytes(elements * size);
    });
  }
  ConstRows in_rows(ElementType type, std::int64_t count, std::int64_t width) {
    return matrix<const void>(type, count, width, [this](std::int64_t size, Wide elements) {
      return memory_.input_of(size, elements * size);
    });
  }

  /// `stamps` and `segments` are those of the other streams.
  SensorStream stream(TimeType stamps, std::int64_t segments) {
    SensorStream stream;
    const std::int64_t samples = choices_.size(12);
    std::int64_t width = choices_.size(5);
    if (choices_.flag()) width = groups(&stream);
    if (choices_.rarely()) stream.group_count = static_cast<std::int32_t>(choices_.size(40));
    if (stream.group_count > static_cast<std::int32_t>(held_groups(stream)) && stream.group_count <= 32) {
      stream.groups = nullptr;
    }
    stream.times = times(stamps, samples);
    stream.values = in_rows(choices_.one_of(ElementType::bf16), samples, width);
    stream.segments = this->segments(segments, samples);
    stream.clock = clock();
    stream.clocks = clocks(segments);
    stream.rings = rings(segments);
    if (stream.group_count == 0) stream.interpolation = choices_.one_of(Interpolation::angle);
    stream.outside = choices_.one_of(Outside::extrapolate);
    stream.gap = choices_.one_of(Gap::hold);
    stream.fill = choices_.real(0.0);
    stream.max_gap = choices_.duration(unlimited);
    stream.max_age = choices_.duration(unlimited);
    stream.max_extrapolation = choices_.duration(unlimited);
    stream.slack = choices_.duration(0);
    const std::int64_t width_out = output_channels(stream);
    if (choices_.rarely()) stream.scale = memory_.input<float>(width_out);
    if (choices_.rarely()) stream.shift = memory_.input<float>(width_out);
    return stream;
  }
  /// Channels that a stream's groups give.
  static std::int64_t output_channels(const SensorStream& stream) {
    if (stream.group_count == 0) {
      const bool is_rotation = stream.interpolation == Interpolation::slerp;
      return is_rotation ? 4 : std::clamp<std::int64_t>(stream.values.width, 0, 2 * max_width);
    }
    std::int64_t width = 0;
    if (stream.groups == nullptr || stream.group_count > 32) return 0;
    for (std::int32_t g = 0; g < stream.group_count; ++g) width += std::max(output_width(stream.groups[g]), 0);
    return width;
  }
  static std::int64_t group_count(const SensorStream& stream) { return std::max(stream.group_count, 1); }

  /// Sets `rows` to as many as they give; to any number if those are ragged, or at times.
  Queries queries(TimeType stamps, std::int64_t segments, std::int64_t* rows) {
    Queries at;
    at.kind = choices_.one_of(Queries::Kind::windows);
    at.steps = choices_.size(6);
    const bool is_window = at.kind == Queries::Kind::windows, is_ragged = !is_window && choices_.rarely();
    if (is_window) at.anchor_count = choices_.size(4);
    const Wide given = Wide(is_window ? at.anchor_count : segments) * at.steps;
    *rows = is_ragged ? choices_.size(12)
                      : choices_.size_or(given < 0 || given >= 0x1p63L ? 0 : static_cast<std::int64_t>(given));
    if (is_ragged) at.row_offsets = memory_.input<std::int64_t>(Wide(segments) + 1);
    const TimeType type = choices_.rarely() ? choices_.one_of(TimeType::f32_seconds) : stamps;
    if (at.kind == Queries::Kind::grid) {
      at.rate = {choices_.size_or(50), choices_.size_or(1 + choices_.below(3))};
      at.start = choices_.one_of(Queries::Start::per_segment);
      at.start_time = choices_.duration(0);
      if (at.start == Queries::Start::per_segment) at.times = times(type, segments);
    } else if (is_window) {
      at.times = times(type, at.anchor_count);
      at.segment_of = memory_.input<std::int64_t>(at.anchor_count);
      at.offsets = times(type, at.steps);
    } else {
      at.times = times(type, at.kind == Queries::Kind::times ? *rows : at.steps);
    }
    memory_.work(*rows);
    return at;
  }

 private:
  template <class Void, class Take>
  BasicRows<Void> matrix(ElementType type, std::int64_t count, std::int64_t width, const Take& take) {
    BasicRows<Void> rows;
    rows.type = type;
    rows.count = count;
    rows.width = width;
    rows.pitch = choices_.rarely() ? choices_.size(9) : width;
    const bool is_empty = count <= 0 || width <= 0;
    rows.data =
        take(size_of(type), is_empty ? Wide(0) : (Wide(count) - 1) * std::max<std::int64_t>(rows.pitch, 0) + width);
    return rows;
  }

  /// The stream's groups; returns their width.
  std::int64_t groups(SensorStream* stream) {
    std::int64_t width = 0;
    groups_.emplace_back(static_cast<std::size_t>(choices_.below(5)));
    for (ChannelGroup& group : groups_.back()) {
      group.kind = choices_.one_of(Interpolation::angle);
      group.from = choices_.one_of(RotationFormat::rot6d);
      group.to = choices_.one_of(RotationFormat::rot6d);
      group.sign = choices_.one_of(QuaternionSign::as_sample);
      group.derivative = choices_.rarely();
      group.tie = choices_.one_of(Tie::later);
      const std::int32_t usual = group.kind == Interpolation::slerp ? channels_of(group.from) : 1;
      group.width = static_cast<std::int32_t>(choices_.size_or(usual + (usual == 1 ? choices_.below(4) : 0)));
      width += group.width;
    }
    stream->groups = groups_.back().data();
    stream->group_count = static_cast<std::int32_t>(groups_.back().size());
    return choices_.size_or(width);
  }
  std::size_t held_groups(const SensorStream& stream) const {
    return stream.groups == nullptr ? 0 : groups_.back().size();
  }

  Choices& choices_;
  Memory& memory_;
  std::list<std::vector<ChannelGroup>> groups_;
};

}  // namespace robocache::fuzz
