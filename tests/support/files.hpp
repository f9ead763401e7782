// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

// Readers of the recordings and golden results that ROBOCACHE_TEST_DATA points to. They trust their input.

namespace robocache::test {

/// The folder of real recordings, or empty: then the test skips.
inline std::string test_data() {
  const char* folder = std::getenv("ROBOCACHE_TEST_DATA");
  return folder == nullptr ? std::string() : std::string(folder);
}
inline const char* const no_test_data = "ROBOCACHE_TEST_DATA is not set";

template <class T>
struct NpyArray {
  std::vector<std::int64_t> shape;
  bool is_column_major = false;
  std::vector<T> values;
};

/// A little-endian .npy of double, int64, float or int32.
template <class T>
NpyArray<T> read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) throw std::runtime_error(path + ": not an .npy file");
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  const bool v1 = byte(6) == 1;
  const std::size_t begin = v1 ? 10 : 12;
  const std::size_t length = byte(8) | byte(9) << 8 | (v1 ? 0 : byte(10) << 16 | byte(11) << 24);
  const std::string header = bytes.substr(begin, length);
  const std::string type =
      std::string(std::is_floating_point<T>::value ? "'<f" : "'<i") + std::to_string(sizeof(T)) + "'";
  if (header.find(type) == std::string::npos) throw std::runtime_error(path + ": not an array of " + type);

  NpyArray<T> array;
  array.is_column_major = header.find("'fortran_order': True") != std::string::npos;
  const std::size_t open = header.find('(', header.find("'shape'"));
  std::string shape = header.substr(open + 1, header.find(')', open) - open - 1);
  for (char& c : shape) c = c == ',' ? ' ' : c;
  std::istringstream stream(shape);
  std::int64_t count = 1;
  for (std::int64_t extent; stream >> extent; count *= extent) array.shape.push_back(extent);
  const std::size_t data = begin + length;
  if (bytes.size() - data != static_cast<std::size_t>(count) * sizeof(T))
    throw std::runtime_error(path + ": wrong size");
  array.values.resize(static_cast<std::size_t>(count));
  std::memcpy(array.values.data(), bytes.data() + data, bytes.size() - data);
  return array;
}

/// x, y and z of a .pcd, which must be floats: ascii, binary, or binary_compressed.
inline std::vector<float> read_pcd(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::vector<std::string> names;
  std::vector<std::size_t> sizes;
  std::size_t points = 0;
  std::string line, kind;
  while (kind.empty() && std::getline(file, line)) {
    std::istringstream words(line);
    std::string key, word;
    words >> key;
    if (key == "FIELDS") {
      while (words >> word) names.push_back(word);
    } else if (key == "SIZE") {
      for (std::size_t size = 0; words >> size;) sizes.push_back(size);
    } else if (key == "POINTS") {
      words >> points;
    } else if (key == "DATA") {
      words >> kind;
    }
  }
  std::vector<float> xyz(points * 3);
  const std::string data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (kind == "ascii") {
    std::istringstream numbers(data);
    for (std::size_t i = 0; i < points; ++i) {
      for (std::size_t f = 0; f < names.size(); ++f) {
        std::string number;
        numbers >> number;
        if (f < 3) xyz[i * 3 + f] = std::strtof(number.c_str(), nullptr);
      }
    }
    return xyz;
  }
  std::size_t record = 0;
  for (const std::size_t size : sizes) record += size;
  std::string bytes = data;
  const bool by_field = kind == "binary_compressed";
  if (by_field) {
    // LZF: runs of literals, and references to what was written before.
    bytes.clear();
    for (std::size_t at = 8; at < data.size() && bytes.size() < points * record;) {
      const auto next = [&] { return static_cast<std::size_t>(static_cast<unsigned char>(data.at(at++))); };
      const std::size_t control = next();
      if (control < 32) {
        bytes.append(data, at, control + 1);
        at += control + 1;
        continue;
      }
      const std::size_t length = 2 + (control >> 5 == 7 ? 7 + next() : control >> 5);
      const std::size_t back = ((control & 31) << 8) + next() + 1;
      for (std::size_t k = 0; k < length; ++k) bytes.push_back(bytes.at(bytes.size() - back));
    }
  }
  if (bytes.size() < points * record) throw std::runtime_error(path + ": a short file");
  std::size_t offset = 0;
  for (std::size_t f = 0; f < names.size(); ++f) {
    const std::size_t axis = names[f] == "x" ? 0 : names[f] == "y" ? 1 : names[f] == "z" ? 2 : 3;
    for (std::size_t i = 0; axis < 3 && i < points; ++i) {
      std::memcpy(&xyz[i * 3 + axis], &bytes[by_field ? offset * points + i * sizes[f] : i * record + offset], 4);
    }
    offset += sizes[f];
  }
  return xyz;
}

/// A recording: one header line, time_ns first.
struct Recording {
  std::vector<std::string> names;  ///< of the columns after time_ns
  std::vector<std::int64_t> times;
  std::vector<double> values;  ///< [times.size() * names.size()]

  std::size_t column(const std::string& name) const {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return i;
    throw std::runtime_error("no column " + name);
  }
};

inline Recording read_csv(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  Recording recording;
  std::string line, field;
  std::getline(file, line);
  std::istringstream header(line);
  std::getline(header, field, ',');
  while (std::getline(header, field, ',')) recording.names.push_back(field);
  while (std::getline(file, line)) {
    if (line.empty()) continue;
    const char* p = line.c_str();
    char* end = nullptr;
    recording.times.push_back(std::strtoll(p, &end, 10));
    for (std::size_t i = 0; i < recording.names.size(); ++i) {
      if (*end != ',') throw std::runtime_error(path + ": a short line");
      p = end + 1;
      recording.values.push_back(std::strtod(p, &end));
    }
  }
  return recording;
}

}  // namespace robocache::test
