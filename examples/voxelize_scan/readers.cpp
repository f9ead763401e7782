// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "readers.hpp"

#include "pcd.hpp"
#include "support/input.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace voxelize_scan {
namespace {

using example::InputError;
using robocache::FieldType;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Format format_of(const std::string& path) {
  if (ends_with(path, ".pcd")) return Format::pcd;
  if (ends_with(path, ".pcd.bin")) return Format::nuscenes;
  if (ends_with(path, ".bin")) return Format::kitti;
  if (ends_with(path, ".npy")) return Format::npy;
  throw InputError(path + ": not .pcd, .pcd.bin (nuScenes), .bin (KITTI) or .npy (see --format)");
}

/// Nothing but records of floats.
Cloud parse_floats(std::string bytes, const std::filesystem::path& path, const char* format,
                   const std::vector<std::string>& names) {
  Cloud cloud;
  cloud.format = format;
  for (const std::string& name : names) cloud.fields.push_back({name, FieldType::f32});
  const auto stride = static_cast<std::size_t>(lay_out_records(cloud.fields));
  cloud.bytes = std::move(bytes);
  if (cloud.bytes.size() % stride != 0) {
    throw InputError(path.string() + ": " + std::to_string(cloud.bytes.size()) + " bytes are not records of " +
                     std::to_string(stride) + " bytes (" + cloud.format + ")");
  }
  cloud.width = static_cast<std::int64_t>(cloud.bytes.size() / stride);
  return cloud;
}

/// The text after `key` in the dictionary of an .npy header.
std::string_view value_of(std::string_view dictionary, std::string_view key) {
  const std::size_t at = dictionary.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = dictionary.substr(at + key.size());
  return rest.substr(std::min(rest.find_first_not_of(": "), rest.size()));
}

Cloud parse_npy(std::string file, const std::filesystem::path& path) {
  const auto fail = [&path](const std::string& what) { throw InputError(path.string() + ": " + what); };
  Cloud cloud;
  cloud.format = "npy";
  cloud.bytes = std::move(file);
  const std::string_view bytes = cloud.bytes;
  const auto byte = [bytes](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  if (bytes.size() < 12 || bytes.substr(0, 6) != "\x93NUMPY") fail("not an .npy file");
  if (byte(6) < 1 || byte(6) > 3) fail("an .npy file of unknown version " + std::to_string(byte(6)));
  const bool is_short = byte(6) == 1;
  const std::size_t begin = is_short ? 10 : 12;
  const std::size_t length = byte(8) | byte(9) << 8 | (is_short ? 0 : byte(10) << 16 | byte(11) << 24);
  if (length > bytes.size() - begin) fail("the header is cut off");
  const std::string_view dictionary = bytes.substr(begin, length);
  cloud.begin = begin + length;

  const std::string_view type = value_of(dictionary, "'descr'").substr(0, 5);
  const bool is_double = type == "'<f8'";
  if (!is_double && type != "'<f4'") fail("an array of '<f4' or '<f8' was expected, not " + example::in_quotes(type));
  const std::string_view order = value_of(dictionary, "'fortran_order'");
  const bool by_columns = order.substr(0, 4) == "True";
  if (!by_columns && order.substr(0, 5) != "False") fail("the header does not say whether the array is in C order");

  std::string_view shape = value_of(dictionary, "'shape'");
  const std::size_t end = shape.find(')');
  if (shape.substr(0, 1) != "(" || end == std::string_view::npos) fail("the header has no shape");
  shape = shape.substr(1, end - 1);
  std::vector<std::int64_t> extents;
  while (!example::trimmed(shape).empty()) {
    const std::size_t comma = std::min(shape.find(','), shape.size());
    const auto extent = example::parse_number<std::int64_t>(example::trimmed(shape.substr(0, comma)));
    if (!extent || *extent < 0) fail("the shape is not a list of sizes");
    extents.push_back(*extent);
    shape.remove_prefix(std::min(comma + 1, shape.size()));
  }
  constexpr std::int64_t most_columns = 1 << 16;
  if (extents.size() != 2 || extents[1] < 3 || extents[1] > most_columns)
    fail("a shape of [points, 3 or more] was expected");
  for (std::int64_t column = 0; column < extents[1]; ++column) {
    constexpr const char* names[] = {"x", "y", "z", "intensity"};
    const std::string name = column < 4 ? names[column] : "column_" + std::to_string(column);
    cloud.fields.push_back({name, is_double ? FieldType::f64 : FieldType::f32, is_double ? 8 : 4});
  }
  const std::int64_t stride = lay_out_records(cloud.fields);
  const auto data = static_cast<std::int64_t>(cloud.size());
  if (data % stride != 0 || data / stride != extents[0]) {
    fail("the header announces " + std::to_string(extents[0]) + " points of " + std::to_string(stride) +
         " bytes, after it are " + std::to_string(data) + " bytes");
  }
  cloud.width = extents[0];
  for (std::size_t column = 0; by_columns && column < cloud.fields.size(); ++column) {
    CloudField& field = cloud.fields[column];
    field.stride = field.size;
    field.offset = static_cast<std::int64_t>(column) * field.size * extents[0];
  }
  return cloud;
}

Cloud parse_as(std::string bytes, const std::filesystem::path& path, Format format) {
  switch (format) {
    case Format::pcd:
      return parse_pcd(std::move(bytes), path);
    case Format::kitti:
      return parse_floats(std::move(bytes), path, "KITTI", {"x", "y", "z", "intensity"});
    case Format::nuscenes:
      return parse_floats(std::move(bytes), path, "nuScenes", {"x", "y", "z", "intensity", "ring"});
    default:
      return parse_npy(std::move(bytes), path);
  }
}

}  // namespace

Cloud read_cloud(const std::filesystem::path& path, Format format) {
  if (format == Format::automatic) format = format_of(path.string());
  return parse_cloud(example::read_file(path), path, format);
}

Cloud parse_cloud(std::string bytes, const std::filesystem::path& path, Format format) {
  Cloud cloud = parse_as(std::move(bytes), path, format);
  cloud.name = path.filename().string();
  if (cloud.points() == 0) throw InputError(path.string() + ": the cloud has no points");
  if (cloud.points() > most_points) throw InputError(path.string() + ": more than 2^30 points");
  for (const char* axis : {"x", "y", "z"}) {
    if (!find_number(cloud, axis)) {
      throw InputError(path.string() + ": there is no field " + axis +
                       " of numbers of up to 32 bits or floats (there are " + number_names(cloud) + ")");
    }
  }
  return cloud;
}

}  // namespace voxelize_scan
