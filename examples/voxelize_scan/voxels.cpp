// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "voxels.hpp"

#include "support/input.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace voxelize_scan {
namespace {

using example::InputError;
using robocache::FieldType;
using robocache::Reduction;

constexpr std::pair<const char*, Reduction> reductions[] = {
    {"sum", Reduction::sum}, {"mean", Reduction::mean}, {"min", Reduction::min}, {"max", Reduction::max}};

Feature parse_feature(const std::string& text, const Cloud& cloud) {
  const auto fail = [&text](const std::string& what) { throw InputError("--feature " + text + ": " + what); };
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos) fail("expected FIELD=REDUCTION");
  const std::string name = text.substr(0, equals), wanted = text.substr(equals + 1);
  const auto reduction = std::find_if(std::begin(reductions), std::end(reductions),
                                      [&](const auto& pair) { return pair.first == wanted; });
  if (reduction == std::end(reductions)) fail("no reduction '" + wanted + "' (there are sum, mean, min, max)");
  if (!find_number(cloud, name)) {
    fail("no field '" + name + "' of numbers of up to 32 bits or floats (there are " + number_names(cloud) + ")");
  }
  return {name, reduction->second};
}

/// The largest finite magnitude of a field of floats.
template <class T>
double largest_magnitude(const Cloud& cloud, const CloudField& number) {
  double largest = 0.0;
  const char* at = cloud.data() + number.offset;
  for (std::int64_t i = 0; i < cloud.points(); ++i) {
    T value;
    std::memcpy(&value, at + i * number.stride, sizeof(T));  // flawfinder: ignore: the size of `value`
    if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
  }
  return largest;
}

/// What sums are rounded to: as fine as lets them hold that many values, none of which is much larger.
double unit_for(double largest, std::int64_t points) {
  constexpr int bits_of_value = 39, bits_of_sum = 63;  // what operators take
  constexpr double margin = 1.001;                     // grids are rounded to the type of the coordinates
  int of_largest = 0, of_points = 0;
  (void)std::frexp(largest * margin, &of_largest);
  (void)std::frexp(static_cast<double>(points), &of_points);
  return std::ldexp(1.0, std::clamp(of_largest - std::min(bits_of_value, bits_of_sum - of_points), -199, 199));
}

}  // namespace

robocache::VoxelChannel channel_of(const Feature& feature, const Scan& scan, const robocache::VoxelGrid& grid) {
  robocache::VoxelChannel channel;
  channel.reduction = feature.reduction;
  const std::int64_t points = scan.cloud().points();
  if (feature.name.size() == 1 && feature.name >= "x" && feature.name <= "z") {
    const int axis = feature.name[0] - 'x';
    constexpr robocache::ChannelSource sources[] = {robocache::ChannelSource::x, robocache::ChannelSource::y,
                                                    robocache::ChannelSource::z};
    channel.source = sources[axis];
    const double end = grid.origin[axis] + grid.size[axis] * grid.shape[axis];
    channel.unit = unit_for(std::max(std::abs(grid.origin[axis]), std::abs(end)), points);
    return channel;
  }
  const CloudField number = *find_number(scan.cloud(), feature.name);
  channel.field = scan.field(number);
  channel.unit = number.type == FieldType::f32   ? unit_for(largest_magnitude<float>(scan.cloud(), number), points)
                 : number.type == FieldType::f64 ? unit_for(largest_magnitude<double>(scan.cloud(), number), points)
                                                 : 1.0;
  return channel;
}

std::string Feature::text() const {
  const auto pair =
      std::find_if(std::begin(reductions), std::end(reductions), [&](const auto& r) { return r.second == reduction; });
  return std::string(pair->first) + " " + name;
}

std::vector<Feature> parse_features(const std::vector<std::string>& texts, const Cloud& cloud) {
  std::vector<Feature> features;
  if (texts.empty()) {
    features = {{"x", Reduction::mean}, {"y", Reduction::mean}, {"z", Reduction::mean}};
    for (const char* name : {"intensity", "reflectivity", "reflectance"}) {
      if (find_number(cloud, name)) features.push_back({name, Reduction::max});
    }
    return features;
  }
  if (texts.size() == 1 && texts[0] == "none") return features;
  for (const std::string& text : texts) features.push_back(parse_feature(text, cloud));
  if (features.size() > static_cast<std::size_t>(robocache::max_voxel_channels)) {
    throw InputError("--feature: more than " + std::to_string(robocache::max_voxel_channels) + " features");
  }
  return features;
}

Voxels voxelize(const Scan& scan, const robocache::VoxelGrid& grid, std::vector<Feature> features) {
  Voxels voxels;
  voxels.grid = grid;
  voxels.features = std::move(features);
  const auto cells = static_cast<std::size_t>(grid.cells());
  const std::size_t width = voxels.features.size();
  voxels.occupancy.resize(cells);
  voxels.count.resize(cells);
  voxels.values.resize(cells * width);

  const example::Side& side = scan.side();
  const example::SideArray<std::uint8_t> occupancy(side, voxels.occupancy);
  const example::SideArray<std::int32_t> count(side, voxels.count);
  const example::SideArray<float> values(side, voxels.values);
  const example::SideArray<robocache::PointCounts> points(side, &voxels.points, 1);
  std::vector<robocache::VoxelChannel> channels;
  for (std::size_t c = 0; c < width; ++c) {
    channels.push_back(channel_of(voxels.features[c], scan, grid));
    channels.back().out =
        robocache::channel_last(values.data(), grid, static_cast<std::int64_t>(width), static_cast<std::int64_t>(c));
  }
  robocache::VoxelizeArgs args;
  args.points = scan.points();
  args.grid = grid;
  args.occupancy = robocache::dense(occupancy.data());
  args.count = robocache::dense(count.data());
  args.channels = channels.data();
  args.channel_count = static_cast<std::int32_t>(channels.size());
  args.counts = points.data();
  voxels.timing = time_call(side, args, [](const auto&... all) { return robocache::voxelize(all...); });
  occupancy.download();
  count.download();
  values.download();
  points.download();
  return voxels;
}

}  // namespace voxelize_scan
