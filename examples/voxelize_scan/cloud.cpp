// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "cloud.hpp"

#include "support/input.hpp"

#include <algorithm>

namespace voxelize_scan {
namespace {

bool is_colour(const CloudField& field) {
  return (field.name == "rgb" || field.name == "rgba") && field.size == 4 && field.count == 1;
}

}  // namespace

std::optional<CloudField> find_number(const Cloud& cloud, const std::string& name) {
  const auto field_of = [&](const std::string& wanted) {
    return std::find_if(cloud.fields.begin(), cloud.fields.end(),
                        [&](const CloudField& field) { return field.name == wanted; });
  };
  if (const auto field = field_of(name); field != cloud.fields.end()) {
    return field->count == 1 && field->type ? std::optional<CloudField>(*field) : std::nullopt;
  }
  if (const std::size_t bar = name.rfind('_'); bar != std::string::npos) {
    const auto index = example::parse_number<std::int64_t>(std::string_view(name).substr(bar + 1));
    const auto field = field_of(name.substr(0, bar));
    if (index && field != cloud.fields.end() && field->type && field->count > 1 && *index >= 0 &&
        *index < field->count) {
      CloudField number = *field;
      number.count = 1;
      number.offset += *index * number.size;
      return number;
    }
  }
  const std::string components = "bgr";
  const auto colour = std::find_if(cloud.fields.begin(), cloud.fields.end(), is_colour);
  if (name.size() == 1 && components.find(name) != std::string::npos && colour != cloud.fields.end()) {
    CloudField number = *colour;
    number.type = robocache::FieldType::u8;
    number.offset += static_cast<std::int64_t>(components.find(name));
    return number;
  }
  return std::nullopt;
}

std::string number_names(const Cloud& cloud) {
  std::string names;
  const auto add = [&names](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  for (const CloudField& field : cloud.fields) {
    if (!field.type || field.name == "_") continue;
    add(field.count == 1 ? field.name : field.name + "_0 to _" + std::to_string(field.count - 1));
    if (is_colour(field)) add("r, g, b");
  }
  return names;
}

std::int64_t lay_out_records(std::vector<CloudField>& fields) {
  std::int64_t bytes = 0;
  for (CloudField& field : fields) {
    field.offset = bytes;
    bytes += field.size * field.count;
  }
  for (CloudField& field : fields) field.stride = bytes;
  return bytes;
}

}  // namespace voxelize_scan
