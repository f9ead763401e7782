// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/half.hpp"
#include "support/launch.hpp"
#include "support/random.hpp"
#include "support/workspace.hpp"

#include <robocache/voxel/voxel_index.hpp>
#include <robocache/voxel/voxelize.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <vector>

// A call of voxelize in the test's own terms, what must come of it by the definitions, and a comparison of every byte
// of every output, the unused ones between strides included.

namespace robocache::test {

/// A number as bytes of a field's or a tensor's type, rounded once; integers must fit.
inline void append_number(std::vector<unsigned char>* bytes, FieldType type, long double value) {
  const auto append = [&](const auto& number) {
    const auto* from = reinterpret_cast<const unsigned char*>(&number);
    bytes->insert(bytes->end(), from, from + sizeof(number));
  };
  switch (type) {
    case FieldType::f32:
      return append(round_to<float>(value));
    case FieldType::f64:
      return append(round_to<double>(value));
    case FieldType::f16:
      return append(round_to<Half>(value));
    case FieldType::bf16:
      return append(round_to<BFloat16>(value));
    case FieldType::u8:
      return append(static_cast<std::uint8_t>(value));
    case FieldType::i8:
      return append(static_cast<std::int8_t>(value));
    case FieldType::u16:
      return append(static_cast<std::uint16_t>(value));
    case FieldType::i16:
      return append(static_cast<std::int16_t>(value));
    case FieldType::u32:
      return append(static_cast<std::uint32_t>(value));
    default:
      return append(static_cast<std::int32_t>(value));
  }
}

/// The same, from byte `at` on.
inline void put_number(std::vector<unsigned char>* bytes, std::int64_t at, FieldType type, long double value) {
  std::vector<unsigned char> number;
  append_number(&number, type, value);
  std::copy(number.begin(), number.end(), bytes->begin() + at);
}

/// What is left of a number that was stored as such a field.
inline double as_stored(FieldType type, double value) {
  switch (type) {
    case FieldType::f32:
      return static_cast<double>(to_real(round_to<float>(static_cast<long double>(value))));
    case FieldType::f16:
      return static_cast<double>(to_real(round_to<Half>(static_cast<long double>(value))));
    case FieldType::bf16:
      return static_cast<double>(to_real(round_to<BFloat16>(static_cast<long double>(value))));
    default:
      return value;
  }
}

struct TensorSpec {
  bool wanted = false;
  CellType type = CellType::u8;
  /// Elements between neighbours along cloud, z, y, x; zeros: dense.
  std::array<std::int64_t, 4> strides = {0, 0, 0, 0};
};

struct ChannelSpec {
  ChannelSource source = ChannelSource::field;
  FieldType type = FieldType::f32;
  std::vector<double> values;  ///< [points], for a field
  Reduction reduction = Reduction::mean;
  bool ignore_nan = false;
  double unit = 0x1p-20;
  double empty = 0;
  TensorSpec out;
};

struct VoxelCase {
  FieldType type = FieldType::f32;
  std::vector<std::array<double, 3>> points;
  std::int64_t stride = 0;                   ///< bytes; 0: packed
  std::int64_t misalign = 0;                 ///< bytes in front of the first record
  bool separate = false;                     ///< an array for each coordinate
  std::int64_t row_points = 0, row_gap = 0;  ///< organised: bytes after each row
  std::vector<std::int64_t> offsets;         ///< CSR; empty: one segment
  std::int64_t uniform_length = -1;          ///< instead
  std::vector<std::int64_t> cloud_of;
  std::int64_t clouds = 1;
  std::vector<double> transforms;
  bool double_transforms = false;
  double min_range = 0;
  bool drop_zero = false;
  std::array<double, 3> crop_min = {-INFINITY, -INFINITY, -INFINITY}, crop_max = {INFINITY, INFINITY, INFINITY};
  VoxelGrid grid;
  std::vector<double> origins;
  TensorSpec occupancy, count;
  std::vector<ChannelSpec> channels;
  bool cell_of = true, counts = true;

  std::int64_t size() const { return static_cast<std::int64_t>(points.size()); }
  std::int64_t segments() const {
    if (!offsets.empty()) return static_cast<std::int64_t>(offsets.size()) - 1;
    return uniform_length >= 0 ? (uniform_length == 0 ? 3 : size() / uniform_length) : 1;
  }
  std::int64_t cloud_count() const { return cloud_of.empty() ? segments() : clouds; }
  bool in_double() const {
    return type == FieldType::f64 || type == FieldType::u32 || type == FieldType::i32 ||
           (!transforms.empty() && double_transforms);
  }
};

/// The field type of a tensor's numbers. Not of bits.
inline FieldType field_of(CellType type) {
  const FieldType types[] = {FieldType::u8,  FieldType::i32, FieldType::f32,
                             FieldType::f64, FieldType::f16, FieldType::bf16};
  return types[static_cast<int>(type)];
}

/// What the definitions give: who lies where, and what becomes of the values of points that are together.
template <class F>
class PointOracle {
 public:
  /// Cloud, z, y, x; a cloud of -1: left out.
  using Place = std::array<std::int64_t, 4>;

  explicit PointOracle(const VoxelCase& call) : call_(call) {
    counts.assign(static_cast<std::size_t>(call.cloud_count()), PointCounts{0, 0, 0, 0});
    places.assign(call.points.size(), Place{-1, -1, -1, -1});
    for (std::size_t i = 0; i < call.points.size(); ++i) locate(i);
  }

  std::vector<Place> places;
  std::vector<PointCounts> counts;

  /// The square of the distance from the centre of the cell.
  long double square_from_centre(std::size_t i) const {
    long double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const F from = origin(places[i][0], k), size = static_cast<F>(call_.grid.size[k]);
      volatile F inverse = F(1) / size, difference = moved_[i][k] - from, first = from * inverse;
      const bool divides = call_.grid.rule == CellRule::divide;
      const long double p = static_cast<long double>(divides ? difference : moved_[i][k]);
      const long double low = divides ? 0.0L : std::floor(static_cast<long double>(first));
      const long double d =
          p - (static_cast<long double>(places[i][3 - k]) + low + 0.5L) * static_cast<long double>(size);
      sum += d * d;
    }
    return sum;
  }
  double value(const ChannelSpec& channel, std::size_t i) const {
    switch (channel.source) {
      case ChannelSource::field:
        return as_stored(channel.type, channel.values[i]);
      case ChannelSource::x:
      case ChannelSource::y:
      case ChannelSource::z:
        return static_cast<double>(moved_[i][static_cast<std::size_t>(channel.source) - 1]);
      default:
        return static_cast<double>(stored(i)[static_cast<std::size_t>(channel.source) - 4]);
    }
  }

  long double reduced(const ChannelSpec& channel, const std::vector<std::size_t>& of) const {
    bool nan = false, any = false;
    std::int64_t units = 0;
    double least = INFINITY, most = -INFINITY;
    const auto below = [](double a, double b) { return a < b || (a == b && std::signbit(a) && !std::signbit(b)); };
    for (const std::size_t i : of) {
      const double v = value(channel, i);
      if (channel.reduction == Reduction::sum || channel.reduction == Reduction::mean) {
        const long double in_units = static_cast<long double>(v) / static_cast<long double>(channel.unit);
        if (!(std::fabs(in_units) <= 0x1p39L)) {
          nan = true;
        } else {
          units += static_cast<std::int64_t>(std::nearbyint(in_units));
        }
      } else if (std::isnan(v)) {
        nan = nan || !channel.ignore_nan;
        continue;
      } else {
        if (!any || below(v, least)) least = v;
        if (!any || below(most, v)) most = v;
      }
      any = true;
    }
    if (nan || !any) return NAN;
    if (channel.reduction == Reduction::min) return static_cast<long double>(least);
    if (channel.reduction == Reduction::max) return static_cast<long double>(most);
    const double sum = static_cast<double>(units);
    const double divided = channel.reduction == Reduction::mean ? sum / static_cast<double>(of.size()) : sum;
    return static_cast<long double>(divided * channel.unit);
  }

 protected:
  const VoxelCase& call_;

 private:
  F origin(std::int64_t cloud, std::size_t k) const {
    return static_cast<F>(call_.origins.empty() ? call_.grid.origin[k]
                                                : call_.origins[static_cast<std::size_t>(cloud) * 3 + k]);
  }

  std::array<F, 3> stored(std::size_t i) const {
    std::array<F, 3> p;
    for (std::size_t k = 0; k < 3; ++k) p[k] = static_cast<F>(as_stored(call_.type, call_.points[i][k]));
    return p;
  }

  std::int64_t segment_of(std::int64_t i) const {
    if (!call_.offsets.empty()) {
      for (std::int64_t s = 0; s < call_.segments(); ++s) {
        if (i >= call_.offsets[static_cast<std::size_t>(s)] && i < call_.offsets[static_cast<std::size_t>(s) + 1])
          return s;
      }
      return -1;
    }
    if (call_.uniform_length < 0) return 0;
    return call_.uniform_length > 0 && i / call_.uniform_length < call_.segments() ? i / call_.uniform_length : -1;
  }

  void locate(std::size_t i) {
    moved_.push_back({});
    const std::int64_t segment = segment_of(static_cast<std::int64_t>(i));
    if (segment < 0) return;
    const std::int64_t cloud = call_.cloud_of.empty() ? segment : call_.cloud_of[static_cast<std::size_t>(segment)];
    if (cloud < 0 || cloud >= call_.cloud_count()) return;
    const std::array<F, 3> raw = stored(i);
    std::array<F, 3> p = raw;
    if (!call_.transforms.empty()) {
      for (std::size_t row = 0; row < 3; ++row) {
        F m[4];
        for (std::size_t k = 0; k < 4; ++k) {
          const double number = call_.transforms[static_cast<std::size_t>(segment) * 12 + row * 4 + k];
          m[k] = static_cast<F>(call_.double_transforms ? number : static_cast<double>(static_cast<float>(number)));
        }
        p[row] = std::fma(m[0], raw[0], std::fma(m[1], raw[1], std::fma(m[2], raw[2], m[3])));
      }
    }
    moved_[i] = p;
    PointCounts& fates = counts[static_cast<std::size_t>(cloud)];
    if (!std::isfinite(p[0]) || !std::isfinite(p[1]) || !std::isfinite(p[2])) {
      ++fates.not_finite;
      return;
    }
    const F range = static_cast<F>(call_.min_range);
    const F square = std::fma(raw[0], raw[0], std::fma(raw[1], raw[1], raw[2] * raw[2]));
    bool left_out = square < range * range || (call_.drop_zero && raw[0] == 0 && raw[1] == 0 && raw[2] == 0);
    for (std::size_t k = 0; k < 3; ++k) {
      left_out = left_out || p[k] < static_cast<F>(call_.crop_min[k]) || p[k] > static_cast<F>(call_.crop_max[k]);
    }
    if (left_out) {
      ++fates.filtered;
      return;
    }
    std::int64_t cell[3];
    for (std::size_t k = 0; k < 3; ++k) {
      const F from = origin(cloud, k), size = static_cast<F>(call_.grid.size[k]);
      volatile F inverse = F(1) / size, difference = p[k] - from;  // each rounded to F
      volatile F scaled = p[k] * inverse, first = from * inverse, quotient = difference / size;
      const long double at = call_.grid.rule == CellRule::divide ? std::floor(static_cast<long double>(quotient))
                                                                 : std::floor(static_cast<long double>(scaled)) -
                                                                       std::floor(static_cast<long double>(first));
      const std::int64_t least = call_.grid.unbounded ? -(1 << 20) : 0,
                         end = call_.grid.unbounded ? 1 << 20 : call_.grid.shape[k];
      if (!(at >= static_cast<long double>(least) && at < static_cast<long double>(end))) {
        ++fates.outside;
        return;
      }
      cell[k] = static_cast<std::int64_t>(at);
    }
    ++fates.kept;
    places[i] = {cloud, cell[2], cell[1], cell[0]};
  }

  std::vector<std::array<F, 3>> moved_;
};

/// What comes of a call of voxelize: the bytes of the outputs.
template <class F>
class VoxelOracle : public PointOracle<F> {
 public:
  static constexpr unsigned char poison = Output<char>::poison;

  explicit VoxelOracle(const VoxelCase& call) : PointOracle<F>(call) {
    const std::int64_t x = call.grid.shape[0], y = call.grid.shape[1], z = call.grid.shape[2];
    for (std::size_t i = 0; i < call.points.size(); ++i) {
      const auto& at = this->places[i];
      cell_of.push_back(at[0] < 0 ? -1 : ((at[0] * z + at[1]) * y + at[2]) * x + at[3]);
      if (at[0] >= 0) members[cell_of[i]].push_back(i);
    }
  }

  std::vector<std::int64_t> cell_of;
  std::map<std::int64_t, std::vector<std::size_t>> members;  ///< of each occupied cell, over all clouds

  std::vector<unsigned char> occupancy_bytes() const {
    return image(call_.occupancy, [](const std::vector<std::size_t>& of) { return of.empty() ? 0.0L : 1.0L; });
  }
  std::vector<unsigned char> count_bytes() const {
    return image(call_.count, [](const std::vector<std::size_t>& of) { return static_cast<long double>(of.size()); });
  }
  std::vector<unsigned char> channel_bytes(const ChannelSpec& channel) const {
    return image(channel.out, [&](const std::vector<std::size_t>& of) {
      return of.empty() ? static_cast<long double>(channel.empty) : this->reduced(channel, of);
    });
  }

 private:
  using PointOracle<F>::call_;

  template <class Of>
  std::vector<unsigned char> image(const TensorSpec& spec, const Of& of) const {
    std::vector<unsigned char> bytes(static_cast<std::size_t>(image_size(call_, spec)), poison);
    if (!spec.wanted) return bytes;
    static const std::vector<std::size_t> nobody;
    const std::int64_t x = call_.grid.shape[0], y = call_.grid.shape[1], z = call_.grid.shape[2], cells = x * y * z;
    if (spec.type == CellType::bit) {
      const std::int64_t words = (cells + 31) / 32, pitch = spec.strides[0] != 0 ? spec.strides[0] : words;
      for (std::int64_t cloud = 0; cloud < call_.cloud_count(); ++cloud) {
        std::fill_n(bytes.begin() + cloud * pitch * 4, words * 4, static_cast<unsigned char>(0));
      }
      for (const auto& cell : members) {
        const std::int64_t cloud = cell.first / cells, within = cell.first % cells;
        bytes[static_cast<std::size_t>(cloud * pitch * 4 + within / 8)] |= static_cast<unsigned char>(1 << within % 8);
      }
      return bytes;
    }
    const std::array<std::int64_t, 4> strides = strides_of(call_, spec);
    for (std::int64_t cell = 0; cell < cells * call_.cloud_count(); ++cell) {
      const auto found = members.find(cell);
      const std::int64_t at = cell / cells * strides[0] + cell / (x * y) % z * strides[1] + cell / x % y * strides[2] +
                              cell % x * strides[3];
      put_number(&bytes, at * size_of(spec.type), field_of(spec.type),
                 of(found == members.end() ? nobody : found->second));
    }
    return bytes;
  }

 public:
  static std::array<std::int64_t, 4> strides_of(const VoxelCase& call, const TensorSpec& spec) {
    if (spec.strides != std::array<std::int64_t, 4>{0, 0, 0, 0}) return spec.strides;
    const std::int64_t x = call.grid.shape[0], y = call.grid.shape[1], z = call.grid.shape[2];
    return {x * y * z, x * y, x, 1};
  }
  /// Bytes from the first element to the last.
  static std::int64_t image_size(const VoxelCase& call, const TensorSpec& spec) {
    const std::int64_t x = call.grid.shape[0], y = call.grid.shape[1], z = call.grid.shape[2],
                       clouds = call.cloud_count(), cells = x * y * z;
    if (!spec.wanted || cells * clouds == 0) return 0;
    if (spec.type == CellType::bit) {
      const std::int64_t words = (cells + 31) / 32, pitch = spec.strides[0] != 0 ? spec.strides[0] : words;
      return ((clouds - 1) * pitch + words) * 4;
    }
    const std::array<std::int64_t, 4> s = strides_of(call, spec);
    return ((clouds - 1) * s[0] + (z - 1) * s[1] + (y - 1) * s[2] + (x - 1) * s[3] + 1) * size_of(spec.type);
  }
};

/// The points of a call in a run's memory.
inline PointClouds place_points(Arena& arena, const VoxelCase& call) {
  PointClouds points;
  const std::int64_t size = size_of(call.type), count = call.size();
  const std::int64_t stride = call.separate ? size : call.stride != 0 ? call.stride : 3 * size;
  const std::int64_t row_points = call.row_points == 0 ? std::max<std::int64_t>(count, 1) : call.row_points;
  const std::int64_t row_stride = row_points * stride + call.row_gap;
  PointField* fields[3] = {&points.x, &points.y, &points.z};
  std::vector<unsigned char> bytes[3];
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      std::vector<unsigned char>& to = bytes[call.separate ? k : 0];
      const std::int64_t at = call.misalign + i / row_points * row_stride + i % row_points * stride +
                              (call.separate ? 0 : static_cast<std::int64_t>(k) * size);
      if (static_cast<std::int64_t>(to.size()) < at + size) to.resize(static_cast<std::size_t>(at + size), 0xff);
      put_number(&to, at, call.type, static_cast<long double>(call.points[static_cast<std::size_t>(i)][k]));
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const unsigned char* data = call.separate || k == 0 ? arena.input(bytes[k]) + call.misalign : nullptr;
    if (data != nullptr) *fields[k] = {data, call.type, stride, row_stride};
    if (data == nullptr) {
      *fields[k] = record_field(points.x.data, stride, static_cast<std::int64_t>(k) * size, call.type, row_stride);
    }
  }
  points.count = count;
  points.row_points = call.row_points;
  if (!call.offsets.empty()) {
    points.segments = ragged(arena.input(call.offsets), call.segments());
  } else if (call.uniform_length >= 0) {
    points.segments = uniform(call.segments(), call.uniform_length);
  }
  if (!call.cloud_of.empty()) points.cloud_of = arena.input(call.cloud_of);
  points.clouds = call.clouds;
  if (!call.transforms.empty()) {
    points.transforms =
        call.double_transforms
            ? Transforms(arena.input(call.transforms))
            : Transforms(arena.input(std::vector<float>(call.transforms.begin(), call.transforms.end())));
  }
  points.min_range = call.min_range;
  points.drop_zero = call.drop_zero;
  std::copy(call.crop_min.begin(), call.crop_min.end(), points.crop_min);
  std::copy(call.crop_max.begin(), call.crop_max.end(), points.crop_max);
  return points;
}

/// A field, one number a record of its own, as an array of structures has; rows as those of the points.
inline PointField place_field(Arena& arena, const VoxelCase& call, const ChannelSpec& spec) {
  if (spec.source != ChannelSource::field) return {};
  std::vector<unsigned char> bytes;
  for (const double v : spec.values) append_number(&bytes, spec.type, static_cast<long double>(v));
  return {arena.input(bytes), spec.type, size_of(spec.type), call.row_points * size_of(spec.type)};
}

/// Without its output.
inline VoxelChannel place_channel(Arena& arena, const VoxelCase& call, const ChannelSpec& spec) {
  VoxelChannel channel;
  channel.source = spec.source;
  channel.reduction = spec.reduction;
  channel.ignore_nan = spec.ignore_nan;
  channel.unit = spec.unit;
  channel.empty = spec.empty;
  channel.field = place_field(arena, call, spec);
  return channel;
}

/// The coordinates of a voxel, as a row has them.
inline std::array<std::int32_t, 4> coords_of(const std::array<std::int64_t, 4>& at, CoordOrder order) {
  const bool is_zyx = order == CoordOrder::bzyx;
  return {static_cast<std::int32_t>(at[0]), static_cast<std::int32_t>(at[is_zyx ? 1 : 3]),
          static_cast<std::int32_t>(at[2]), static_cast<std::int32_t>(at[is_zyx ? 3 : 1])};
}

inline void expect_same(const std::vector<unsigned char>& got, const std::vector<unsigned char>& wanted,
                        const std::string& what) {
  ASSERT_EQ(got.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i], wanted[i]) << "byte " << i << " of " << got.size() << " of " << what;
  }
}

/// The buffers of a call on point clouds, and its arguments.
template <class Args>
class CloudRun {
 public:
  CloudRun(Launcher launcher, const VoxelCase& call) : arena(launcher) {
    args.points = place_points(arena, call);
    args.grid = call.grid;
    if (!call.origins.empty()) args.grid.origins = arena.input(call.origins);
  }
  CloudRun(const CloudRun&) = delete;
  CloudRun& operator=(const CloudRun&) = delete;

  Arena arena;
  Args args;

 protected:
  /// An output that the call may leave out, and what it must hold if it is there.
  template <class T>
  void want(bool wanted, std::int64_t count, std::vector<Output<T>>* outs, T** to) {
    if (!wanted) return;
    outs->push_back(arena.output<T>(count));
    *to = outs->back().data();
  }
  template <class T>
  static void expect(const std::vector<Output<T>>& outs, const std::vector<T>& wanted, const char* what) {
    if (outs.empty()) return;
    const std::vector<T> got = outs[0].download();
    EXPECT_TRUE(got == wanted) << what << ": " << testing::PrintToString(got) << "\nnot "
                               << testing::PrintToString(wanted);
  }
  void want_counts(bool wanted, std::int64_t clouds) {
    std::int64_t* counts = nullptr;
    want(wanted, clouds * 4, &counts_, &counts);
    args.counts = reinterpret_cast<PointCounts*>(counts);
  }
  void expect_counts(const std::vector<PointCounts>& of_clouds) const {
    std::vector<std::int64_t> counts;
    for (const PointCounts& of : of_clouds) {
      counts.insert(counts.end(), {of.kept, of.outside, of.filtered, of.not_finite});
    }
    expect(counts_, counts, "counts");
  }

  std::vector<Output<std::int64_t>> counts_;
};

/// Runs a call and compares.
template <class Run, class Case>
void check_run(Launcher launcher, const Case& call, bool in_double, int threads) {
  Run run(launcher, call);
  ASSERT_OK(run.launch(threads));
  if (in_double) {
    run.template compare<double>(call);
  } else {
    run.template compare<float>(call);
  }
}

class VoxelRun : public CloudRun<VoxelizeArgs> {
 public:
  VoxelRun(Launcher launcher, const VoxelCase& call) : CloudRun(launcher, call) {
    args.occupancy = tensor(call, call.occupancy, &occupancy_);
    args.count = tensor(call, call.count, &count_);
    channel_outs_.resize(call.channels.size());
    for (std::size_t c = 0; c < call.channels.size(); ++c) {
      const ChannelSpec& spec = call.channels[c];
      channels.push_back(place_channel(arena, call, spec));
      channels.back().out = tensor(call, spec.out, &channel_outs_[c]);
    }
    args.channels = channels.data();
    args.channel_count = static_cast<std::int32_t>(channels.size());
    want(call.cell_of, call.size(), &cell_of_, &args.cell_of);
    want_counts(call.counts, call.cloud_count());
  }

  Status launch(int threads = 1) {
    return launch_with_workspace(
        &arena, args, [&](Workspace workspace, auto where) { return voxelize(args, workspace, where); }, threads);
  }

  /// Every byte of every output.
  template <class F>
  void compare(const VoxelCase& call) const {
    const VoxelOracle<F> oracle(call);
    expect(cell_of_, oracle.cell_of, "cell_of");
    expect_counts(oracle.counts);
    if (call.occupancy.wanted) expect_same(occupancy_[0].download(), oracle.occupancy_bytes(), "occupancy");
    if (call.count.wanted) expect_same(count_[0].download(), oracle.count_bytes(), "count");
    for (std::size_t c = 0; c < call.channels.size(); ++c) {
      expect_same(channel_outs_[c][0].download(), oracle.channel_bytes(call.channels[c]),
                  "channel " + std::to_string(c));
    }
    EXPECT_TRUE(arena.inputs_untouched());
  }

  std::vector<unsigned char> channel(std::size_t c) const { return channel_outs_[c][0].download(); }
  std::vector<unsigned char> occupancy() const { return occupancy_[0].download(); }
  std::vector<unsigned char> count() const { return count_[0].download(); }

  std::vector<VoxelChannel> channels;

 private:
  VoxelTensor tensor(const VoxelCase& call, const TensorSpec& spec, std::vector<Output<unsigned char>>* outs) {
    if (!spec.wanted) return {};
    outs->push_back(arena.output<unsigned char>(VoxelOracle<float>::image_size(call, spec)));
    return {outs->back().data(), spec.type, spec.strides[0], spec.strides[1], spec.strides[2], spec.strides[3]};
  }

  std::vector<Output<unsigned char>> occupancy_, count_;
  std::vector<std::vector<Output<unsigned char>>> channel_outs_;
  std::vector<Output<std::int64_t>> cell_of_;
};

inline std::string text_of(const VoxelCase& call) {
  std::ostringstream os;
  const auto tensor = [&os](const char* name, const TensorSpec& spec) {
    if (!spec.wanted) return;
    os << ", " << name << " " << static_cast<int>(spec.type) << " [";
    for (const std::int64_t stride : spec.strides) os << stride << " ";
    os << "]";
  };
  os << call.size() << " points of type " << static_cast<int>(call.type) << ", stride " << call.stride
     << ", misaligned " << call.misalign << ", separate " << call.separate << ", rows " << call.row_points << " + "
     << call.row_gap << ", " << call.segments() << " segments, length " << call.uniform_length << ", ragged "
     << !call.offsets.empty() << ", " << call.cloud_count() << " clouds, named " << !call.cloud_of.empty()
     << ", transforms " << !call.transforms.empty() << call.double_transforms << ", range " << call.min_range
     << ", zero " << call.drop_zero << ", grid " << call.grid.shape[2] << " x " << call.grid.shape[1] << " x "
     << call.grid.shape[0] << ", rule " << static_cast<int>(call.grid.rule) << ", origins " << !call.origins.empty();
  tensor("occupancy", call.occupancy);
  tensor("count", call.count);
  for (const ChannelSpec& channel : call.channels) {
    os << "; source " << static_cast<int>(channel.source) << " type " << static_cast<int>(channel.type) << " reduction "
       << static_cast<int>(channel.reduction) << " ignore " << channel.ignore_nan << " unit " << channel.unit
       << " empty " << channel.empty;
    tensor("out", channel.out);
  }
  return os.str();
}

inline void check(Launcher launcher, const VoxelCase& call, int threads = 1) {
  SCOPED_TRACE(text_of(call));
  check_run<VoxelRun>(launcher, call, call.in_double(), threads);
}

}  // namespace robocache::test
