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
  std::vector<T> values;
};

/// A little-endian C-order .npy of double or int64.
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
  const char* type = std::is_same<T, double>::value ? "'<f8'" : "'<i8'";
  if (header.find(type) == std::string::npos || header.find("'fortran_order': False") == std::string::npos)
    throw std::runtime_error(path + ": not a C-order array of " + type);

  NpyArray<T> array;
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
