// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "npy.hpp"

#include <fstream>
#include <stdexcept>

namespace example {
namespace {

template <class T>
struct Descriptor;
template <>
struct Descriptor<float> {
  static constexpr const char* text = "<f4";
};
template <>
struct Descriptor<double> {
  static constexpr const char* text = "<f8";
};
template <>
struct Descriptor<std::uint8_t> {
  static constexpr const char* text = "|u1";
};
template <>
struct Descriptor<std::int32_t> {
  static constexpr const char* text = "<i4";
};
template <>
struct Descriptor<std::int64_t> {
  static constexpr const char* text = "<i8";
};

void write_file(const std::filesystem::path& path, const std::string& head, const void* data, std::size_t bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(head.data(), static_cast<std::streamsize>(head.size()));
  if (bytes != 0) file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  file.close();
  if (!file) throw std::runtime_error(path.string() + ": the file cannot be written");
}

}  // namespace

template <class T>
void write_npy(const std::filesystem::path& path, const std::vector<T>& data, const std::vector<std::int64_t>& shape) {
  std::string dictionary = std::string("{'descr': '") + Descriptor<T>::text + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t extent : shape) dictionary += std::to_string(extent) + ",";
  dictionary += "), }";

  constexpr std::size_t preamble = 10;  // magic, version, two bytes of length
  constexpr std::size_t alignment = 64;
  while ((preamble + dictionary.size() + 1) % alignment != 0) dictionary += ' ';
  dictionary += '\n';

  std::string head = "\x93NUMPY";
  head += '\x01';
  head += '\x00';
  head += static_cast<char>(dictionary.size() & 0xff);
  head += static_cast<char>(dictionary.size() >> 8);
  write_file(path, head + dictionary, data.data(), data.size() * sizeof(T));
}

template void write_npy(const std::filesystem::path&, const std::vector<float>&, const std::vector<std::int64_t>&);
template void write_npy(const std::filesystem::path&, const std::vector<double>&, const std::vector<std::int64_t>&);
template void write_npy(const std::filesystem::path&, const std::vector<std::uint8_t>&,
                        const std::vector<std::int64_t>&);
template void write_npy(const std::filesystem::path&, const std::vector<std::int32_t>&,
                        const std::vector<std::int64_t>&);
template void write_npy(const std::filesystem::path&, const std::vector<std::int64_t>&,
                        const std::vector<std::int64_t>&);

void write_text(const std::filesystem::path& path, const std::string& text) { write_file(path, text, nullptr, 0); }

}  // namespace example
