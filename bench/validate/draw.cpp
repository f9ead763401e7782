// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "draw.hpp"

#include <robocache/core/convert.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace robocache_validate {

using robocache::ElementType;
using robocache::FieldType;
using robocache::Interpolation;
using robocache::TimeType;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

template <class T>
void append(std::vector<unsigned char>* bytes, T value) {
  const auto* from = reinterpret_cast<const unsigned char*>(&value);
  bytes->insert(bytes->end(), from, from + sizeof(T));
}

/// Mostly moderate; if `rare`, some that break what is not careful.
double number(Random& random, bool rare) {
  constexpr std::array<double, 8> odd = {nan, infinity, -infinity, -0.0, 1e30, -1e-30, 65504.0, 1e-45};
  if (rare && random.one_in(60)) return odd[static_cast<std::size_t>(random.below(odd.size()))];
  return 4.0 * random.signed_unit();
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
  std::int64_t total = 0;
  if (__builtin_add_overflow(a, b, &total)) return b > 0 ? INT64_MAX : INT64_MIN;
  return total;
}

template <class T>
T any_of(Random& random, std::initializer_list<T> values) {
  return *(values.begin() + random.below(static_cast<std::int64_t>(values.size())));
}

/// The nearest that an integer can be; 0 if `v` is not finite.
template <class T>
void append_integer(std::vector<unsigned char>* bytes, double v) {
  using Limits = std::numeric_limits<T>;
  const double held = std::clamp(v, static_cast<double>(Limits::min()), static_cast<double>(Limits::max()));
  append(bytes, std::isfinite(v) ? static_cast<T>(held) : T(0));
}

void append_number(std::vector<unsigned char>* bytes, FieldType type, double v) {
  switch (type) {
    case FieldType::u8:
      return append_integer<std::uint8_t>(bytes, v);
    case FieldType::i8:
      return append_integer<std::int8_t>(bytes, v);
    case FieldType::u16:
      return append_integer<std::uint16_t>(bytes, v);
    case FieldType::i16:
      return append_integer<std::int16_t>(bytes, v);
    case FieldType::u32:
      return append_integer<std::uint32_t>(bytes, v);
    case FieldType::i32:
      return append_integer<std::int32_t>(bytes, v);
    default: {  // the first four enumerators are those of ElementType
      const std::vector<unsigned char> one = encoded(static_cast<ElementType>(type), std::vector<double>{v});
      bytes->insert(bytes->end(), one.begin(), one.end());
    }
  }
}

}  // namespace

std::vector<unsigned char> encoded(ElementType type, const std::vector<double>& values) {
  using robocache::detail::Narrow;
  std::vector<unsigned char> bytes;
  bytes.reserve(values.size() * static_cast<std::size_t>(robocache::size_of(type)));
  for (const double v : values) {
    switch (type) {
      case ElementType::f32:
        append(&bytes, static_cast<float>(v));
        break;
      case ElementType::f64:
        append(&bytes, v);
        break;
      case ElementType::f16:
        append(&bytes, Narrow<robocache::Half>::from(v).bits);
        break;
      case ElementType::bf16:
        append(&bytes, Narrow<robocache::BFloat16>::from(v).bits);
        break;
      case ElementType::u8:
        append(&bytes, Narrow<std::uint8_t>::from(40.0 * std::fabs(v)));
        break;
    }
  }
  return bytes;
}

std::vector<unsigned char> encoded(TimeType type, const std::vector<std::int64_t>& nanoseconds) {
  std::vector<unsigned char> bytes;
  for (const std::int64_t t : nanoseconds) {
    const double seconds = static_cast<double>(t) * 1e-9;
    if (type == TimeType::int64_ns) append(&bytes, t);
    if (type == TimeType::f64_seconds) append(&bytes, seconds);
    if (type == TimeType::f32_seconds) append(&bytes, static_cast<float>(seconds));
  }
  return bytes;
}

DrawnSegments DrawnSegments::of(Random& random, std::int64_t segments, std::int64_t rows) {
  DrawnSegments drawn;
  drawn.count = segments;
  if (random.one_in(2)) {
    drawn.length = rows / segments;
    return drawn;
  }
  for (std::int64_t s = 0; s < segments; ++s) drawn.offsets.push_back(random.between(0, rows));
  drawn.offsets.push_back(rows);
  std::sort(drawn.offsets.begin(), drawn.offsets.end());
  return drawn;
}

robocache::Segments DrawnSegments::place(Memory& memory) const {
  return offsets.empty() ? robocache::uniform(count, length) : robocache::ragged(memory.input(offsets), count);
}

robocache::Times placed(Memory& memory, TimeType type, const std::vector<std::int64_t>& nanoseconds) {
  robocache::Times times;
  times.data = memory.input(encoded(type, nanoseconds));
  times.type = type;
  return times;
}

DrawnTimes DrawnTimes::of(Trial& trial, TimeType type, std::int64_t segments) {
  Random& random = trial.random();
  DrawnTimes drawn;
  drawn.type = type;
  drawn.segments = DrawnSegments::of(random, segments, trial.size(20'000));
  drawn.period = any_of<std::int64_t>(random, {1'000'000, 5'000'000, 33'333'333, 100'000'000});
  const bool is_extreme = type == TimeType::int64_ns && random.one_in(12);
  const bool is_unsorted = random.one_in(8);
  std::int64_t t = type == TimeType::f32_seconds ? 0 : 1'700'000'000'000'000'000;
  if (is_extreme) t = random.one_in(2) ? INT64_MIN : INT64_MAX - 100 * drawn.period;
  const std::int64_t first = t;
  for (std::int64_t i = 0; i < drawn.segments.rows(); ++i) {
    if (random.one_in(200)) t = first;  // about where a segment may begin
    t = sum(t, random.one_in(30) ? 0 : drawn.period + random.between(-drawn.period / 5, drawn.period / 5));
    if (random.one_in(50)) t = sum(t, 20 * drawn.period);
    if (is_unsorted && random.one_in(20)) t = sum(t, -7 * drawn.period);
    drawn.stamps.push_back(t);
  }
  const auto clock = [&] {
    robocache::Clock c;
    c.offset = random.between(-50'000'000, 50'000'000);
    if (random.one_in(2)) c.drift = 1e-4 * random.signed_unit();
    c.reference = first;
    return c;
  };
  if (random.one_in(3)) drawn.clock = clock();
  if (random.one_in(4)) {
    for (std::int64_t s = 0; s < segments; ++s) drawn.clocks.push_back(clock());
  }
  if (drawn.segments.offsets.empty() && random.one_in(3)) {
    for (std::int64_t s = 0; s < segments; ++s) {
      drawn.rings.push_back({random.between(-5, 2000), random.between(-1, 2000)});
    }
  }
  return drawn;
}

robocache::Times DrawnTimes::place(Memory& memory) const { return placed(memory, type, stamps); }

DrawnQueries DrawnQueries::of(Trial& trial, const DrawnTimes& source) {
  Random& random = trial.random();
  DrawnQueries drawn;
  drawn.type = source.type;
  const std::int64_t segments = source.segments.count;
  const auto near_stamp = [&] {
    const std::int64_t at =
        source.stamps.empty()
            ? 0
            : source.stamps[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(source.stamps.size())))];
    if (random.one_in(3)) return at;
    if (random.one_in(40)) return random.one_in(2) ? INT64_MAX : INT64_MIN;
    return sum(at, random.between(-2 * source.period, 2 * source.period));
  };
  const auto near_stamps = [&](std::int64_t count) {
    std::vector<std::int64_t> times;
    for (std::int64_t i = 0; i < count; ++i) times.push_back(near_stamp());
    if (random.one_in(2)) std::sort(times.begin(), times.end());
    return times;
  };
  const std::int64_t steps = random.between(0, std::max<std::int64_t>(1, 3000 / segments));
  const robocache::Rate rate = any_of<robocache::Rate>(random, {{50, 1}, {30'000, 1001}, {200, 1}, {1, 3}});
  const bool ragged = random.one_in(3);
  if (ragged) {
    drawn.row_offsets = {0};
    for (std::int64_t s = 0; s < segments; ++s) {
      drawn.row_offsets.push_back(drawn.row_offsets.back() + random.between(0, 2 * steps));
    }
  }
  drawn.rows = ragged ? drawn.row_offsets.back() : segments * steps;
  switch (random.below(4)) {
    case 0:
      drawn.times = near_stamps(drawn.rows);
      drawn.queries = robocache::at_times(robocache::Times(), steps);
      break;
    case 1:
      drawn.row_offsets.clear();
      drawn.rows = segments * steps;
      drawn.times = near_stamps(steps);
      drawn.queries = robocache::at_shared_times(robocache::Times(), steps);
      break;
    case 2:
      drawn.queries = robocache::every(rate, steps);
      if (random.one_in(3)) drawn.queries = robocache::start_at(drawn.queries, near_stamp());
      if (random.one_in(3)) {
        drawn.queries = robocache::start_at(drawn.queries, robocache::Times());
        drawn.times = near_stamps(segments);
      }
      break;
    default: {
      drawn.row_offsets.clear();
      const std::int64_t anchors = trial.size(400), horizon = random.between(1, 16);
      drawn.times = near_stamps(anchors);
      for (std::int64_t n = 0; n < anchors; ++n) {
        drawn.segment_of.push_back(random.one_in(30) ? random.between(-2, segments + 1) : random.below(segments));
      }
      for (std::int64_t h = 0; h < horizon; ++h) drawn.offsets.push_back((h - horizon / 2) * 20'000'000);
      drawn.rows = anchors * horizon;
      drawn.queries = robocache::windows({}, nullptr, anchors, {}, horizon);
    }
  }
  return drawn;
}

robocache::Queries DrawnQueries::place(Memory& memory) const {
  robocache::Queries q = queries;
  const bool is_grid = q.kind == robocache::Queries::Kind::grid;
  if (!is_grid || q.start == robocache::Queries::Start::per_segment) q.times = placed(memory, type, times);
  if (!row_offsets.empty()) {
    q.steps = 0;
    q.row_offsets = memory.input(row_offsets);
  }
  if (q.kind == robocache::Queries::Kind::windows) {
    q.segment_of = memory.input(segment_of);
    q.offsets = placed(memory, type, offsets);
  }
  return q;
}

DrawnStream DrawnStream::of(Trial& trial, TimeType time_type, ElementType type, std::int64_t segments) {
  Random& random = trial.random();
  DrawnStream drawn;
  drawn.times = DrawnTimes::of(trial, time_type, segments);
  drawn.type = type;
  const auto kind = [&] {  // a group of slerp is a rotation
    return any_of(random, {Interpolation::previous, Interpolation::next, Interpolation::nearest, Interpolation::linear,
                           Interpolation::linear, Interpolation::cubic, Interpolation::pchip, Interpolation::akima,
                           Interpolation::angle});
  };
  const std::int64_t group_count = random.one_in(2) ? 0 : random.between(1, 5);
  for (std::int64_t g = 0; g < group_count; ++g) {
    robocache::ChannelGroup group = robocache::channels(static_cast<std::int32_t>(random.between(1, 20)), kind());
    if (random.one_in(4)) {
      group = robocache::rotation(static_cast<robocache::RotationFormat>(random.below(4)),
                                  static_cast<robocache::RotationFormat>(random.below(4)));
    }
    group.sign = static_cast<robocache::QuaternionSign>(random.below(2));
    group.tie = random.one_in(2) ? robocache::Tie::earlier : robocache::Tie::later;
    if (group.kind == Interpolation::cubic || group.kind == Interpolation::pchip ||
        group.kind == Interpolation::akima || group.kind == Interpolation::slerp) {
      group.derivative = random.one_in(4);
    }
    drawn.groups.push_back(group);
    drawn.width += group.width;
    drawn.out_width += robocache::output_width(group);
  }
  if (drawn.groups.empty()) {
    drawn.options.interpolation = kind();
    drawn.width = drawn.out_width = any_of<std::int64_t>(random, {1, 3, 7, 14, 32, 64, 256});
  }
  drawn.pitch = drawn.width + (random.one_in(2) ? 0 : random.below(9));
  const std::int64_t rows = drawn.times.segments.rows();
  const bool rare = random.one_in(2);
  drawn.values.resize(static_cast<std::size_t>(rows == 0 ? 0 : (rows - 1) * drawn.pitch + drawn.width));
  for (double& v : drawn.values) v = number(random, rare);
  if (random.one_in(3)) {
    for (std::int64_t c = 0; c < drawn.out_width; ++c) {
      drawn.scale.push_back(static_cast<float>(number(random, false)));
      drawn.shift.push_back(static_cast<float>(number(random, false)));
    }
  }
  robocache::SensorStream& options = drawn.options;
  options.outside = static_cast<robocache::Outside>(random.below(3));
  options.gap = static_cast<robocache::Gap>(random.below(2));
  if (random.one_in(3)) options.fill = number(random, true);
  if (random.one_in(2)) options.max_gap = 10 * drawn.times.period;
  if (random.one_in(3)) options.max_age = 2 * drawn.times.period;
  if (random.one_in(3)) options.max_extrapolation = drawn.times.period;
  if (random.one_in(4)) options.slack = drawn.times.period / 3;
  return drawn;
}

robocache::SensorStream DrawnStream::place(Memory& memory) const {
  robocache::SensorStream stream = options;
  stream.times = times.place(memory);
  stream.values = {memory.input(encoded(type, values)), type, times.segments.rows(), width, pitch};
  stream.segments = times.segments.place(memory);
  stream.clock = times.clock;
  if (!times.clocks.empty()) stream.clocks = memory.input(times.clocks);
  if (!times.rings.empty()) stream.rings = memory.input(times.rings);
  if (!groups.empty()) stream.groups = groups.data();
  stream.group_count = static_cast<std::int32_t>(groups.size());
  if (!scale.empty()) stream.scale = memory.input(scale);
  if (!shift.empty()) stream.shift = memory.input(shift);
  return stream;
}

DrawnClouds DrawnClouds::of(Trial& trial, std::int64_t most_points) {
  Random& random = trial.random();
  DrawnClouds drawn;
  // Half of them are floats.
  drawn.type = random.one_in(2) ? FieldType::f32 : static_cast<FieldType>(random.below(10));
  drawn.step = random.between(3, 6);
  const std::int64_t segments = any_of<std::int64_t>(random, {1, 1, 2, 7, 40});
  drawn.segments = DrawnSegments::of(random, segments, trial.size(most_points));
  // Points after the last segment belong to none.
  const std::int64_t points = drawn.segments.rows() + (random.one_in(4) ? random.below(50) : 0);

  robocache::VoxelGrid& grid = drawn.grid;
  for (int k = 0; k < 3; ++k) {
    grid.shape[k] = static_cast<std::int32_t>(random.between(1, any_of<std::int64_t>(random, {4, 40, 130})));
    grid.size[k] = any_of<double>(random, {0.1, 0.16, 1.0, 3.7});
    grid.origin[k] = random.one_in(2) ? 0.0 : 20.0 * random.signed_unit();
  }
  if (random.one_in(3)) grid.rule = robocache::CellRule::reciprocal;
  const bool is_crowded = random.one_in(3);  // many points in few cells, neighbours in memory, as scans have them
  double at[3] = {};
  for (std::int64_t i = 0; i < points; ++i) {
    for (int k = 0; k < 3; ++k) {
      const double range = grid.size[k] * grid.shape[k];
      if (!is_crowded || random.one_in(16)) at[k] = grid.origin[k] + range * (1.1 * random.unit() - 0.05);
      double v = at[k] + (is_crowded ? 0.3 * grid.size[k] * random.signed_unit() : 0.0);
      if (random.one_in(16)) v = grid.origin[k] + grid.size[k] * static_cast<double>(random.between(0, grid.shape[k]));
      if (random.one_in(200)) v = number(random, true);
      if (random.one_in(500)) v = any_of<double>(random, {nan, infinity, -infinity, 1e30, -0.0});
      drawn.numbers.push_back(v);
    }
    if (random.one_in(100)) std::fill(drawn.numbers.end() - 3, drawn.numbers.end(), 0.0);
    for (std::int64_t k = 3; k < drawn.step; ++k) drawn.numbers.push_back(50.0 * number(random, random.one_in(20)));
  }
  if (random.one_in(3)) {
    drawn.options.clouds = random.between(1, 3);
    for (std::int64_t s = 0; s < segments; ++s) drawn.cloud_of.push_back(random.between(-1, drawn.options.clouds));
  }
  if (random.one_in(2)) {
    for (std::int64_t s = 0; s < segments; ++s) {
      for (int k = 0; k < 12; ++k) {
        drawn.transforms.push_back((k % 5 == 0 ? 1.0 : 0.0) + 0.05 * random.signed_unit());
      }
    }
    drawn.has_double_transforms = random.one_in(4);
  }
  if (random.one_in(4)) drawn.options.row_points = random.between(1, 300);
  drawn.is_planar = random.one_in(4);
  if (!drawn.is_planar && random.one_in(2)) drawn.row_padding = random.below(9);
  if (random.one_in(4)) {
    for (std::int64_t c = 0; c < drawn.cloud_count() * 3; ++c) {
      drawn.origins.push_back(grid.origin[c % 3] + 2.0 * random.signed_unit());
    }
  }
  if (random.one_in(3)) drawn.options.min_range = 4.0 * random.unit();
  drawn.options.drop_zero = random.one_in(3);
  for (int k = 0; k < 3; ++k) {
    const double range = grid.size[k] * grid.shape[k];
    if (random.one_in(6)) drawn.options.crop_min[k] = grid.origin[k] + 0.1 * range;
    if (random.one_in(6)) drawn.options.crop_max[k] = grid.origin[k] + 0.8 * range;
  }
  return drawn;
}

std::vector<unsigned char> DrawnClouds::encoded_points() const {
  std::vector<unsigned char> bytes;
  if (is_planar) {
    for (std::int64_t k = 0; k < step; ++k) {
      for (std::int64_t i = 0; i < points(); ++i) append_number(&bytes, type, number_of(i, k));
    }
    return bytes;
  }
  for (std::int64_t i = 0; i < points(); ++i) {
    const bool begins_row = i > 0 && options.row_points > 0 && i % options.row_points == 0;
    if (begins_row) bytes.insert(bytes.end(), static_cast<std::size_t>(row_padding), 0xa5);
    for (std::int64_t k = 0; k < step; ++k) append_number(&bytes, type, number_of(i, k));
  }
  return bytes;
}

robocache::PointClouds DrawnClouds::place(Memory& memory) const {
  robocache::PointClouds clouds = options;
  clouds.x.data = memory.input(encoded_points());
  clouds.x.type = type;
  clouds.x.stride = robocache::size_of(type) * (is_planar ? 1 : step);
  clouds.x.row_stride = options.row_points * clouds.x.stride + row_padding;
  clouds.y = field(clouds, 1);
  clouds.z = field(clouds, 2);
  clouds.count = points();
  clouds.segments = segments.place(memory);
  if (!cloud_of.empty()) clouds.cloud_of = memory.input(cloud_of);
  if (!transforms.empty()) {
    clouds.transforms = memory.input(transforms);
    if (!has_double_transforms) {
      clouds.transforms = memory.input(std::vector<float>(transforms.begin(), transforms.end()));
    }
  }
  return clouds;
}

robocache::VoxelGrid DrawnClouds::place_grid(Memory& memory) const {
  robocache::VoxelGrid placed = grid;
  if (!origins.empty()) placed.origins = memory.input(origins);
  return placed;
}

robocache::PointField DrawnClouds::field(const robocache::PointClouds& placed, std::int64_t k) const {
  robocache::PointField field = placed.x;
  field.data =
      static_cast<const unsigned char*>(field.data) + k * robocache::size_of(type) * (is_planar ? points() : 1);
  return field;
}

std::string DrawnClouds::shape() const {
  return std::to_string(cloud_count()) + " clouds, " + std::to_string(points()) + " points of " + std::to_string(step) +
         (is_planar ? " planar" : "") + " numbers of type " + std::to_string(static_cast<int>(type)) +
         (options.row_points > 0 ? " in rows of " + std::to_string(options.row_points) : "") + ", grid " +
         std::to_string(grid.shape[0]) + "x" + std::to_string(grid.shape[1]) + "x" + std::to_string(grid.shape[2]);
}

}  // namespace robocache_validate
