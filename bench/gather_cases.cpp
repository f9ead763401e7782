// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Gathering rows on the GPU, beside a copy of as many bytes. Method: bench/README.md.

#include "gpu_cases.hpp"

#include <robocache/fuse/gather_rows.hpp>
#include "support/case.hpp"
#include "support/plain_kernels.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

using robocache::ImageLayout;

/// Rows at random places of twice as many, none of them twice.
struct GatherCase {
  std::string shape;  ///< of the output
  std::int64_t rows = 0;
  std::int64_t pixels = 0;
  std::int32_t channels = 1;
  ElementType in = ElementType::u8;
  ElementType out = ElementType::u8;
  ImageLayout to = ImageLayout::channel_last;  ///< from channel_last
  bool affine = false;

  std::int64_t source_rows() const { return 2 * rows; }
  std::int64_t width() const { return pixels * channels; }
  std::int64_t row_bytes_in() const { return width() * robocache::size_of(in); }
  std::int64_t row_bytes_out() const { return width() * robocache::size_of(out); }
  std::string name() const { return std::string("gather_rows/") + name_of(in) + "_" + name_of(out) + "/" + shape; }
};

std::vector<std::int64_t> random_index(const GatherCase& spec, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> all(static_cast<std::size_t>(spec.source_rows()));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const auto wanted = static_cast<std::size_t>(spec.rows);
  for (std::size_t i = 0; i < wanted; ++i) std::swap(all[i], all[i + random() % (all.size() - i)]);
  all.resize(wanted);
  return all;
}

robocache::GatherRowsArgs args_of(const GatherCase& spec, std::int64_t source_rows, std::int64_t rows) {
  robocache::GatherRowsArgs args;
  args.source = {nullptr, spec.in, source_rows, spec.width(), spec.width()};
  args.out = {nullptr, spec.out, rows, spec.width(), spec.width()};
  args.channels = spec.channels;
  args.to = spec.to;
  return args;
}

/// What ImageNet's mean and deviation make of a byte, over and over.
std::vector<float> affine_of(const GatherCase& spec, bool scale) {
  const float mean[] = {0.485f, 0.456f, 0.406f}, deviation[] = {0.229f, 0.224f, 0.225f};
  std::vector<float> values;
  for (std::int32_t c = 0; spec.affine && c < spec.channels; ++c) {
    values.push_back(scale ? 1.0f / (255.0f * deviation[c % 3]) : -mean[c % 3] / deviation[c % 3]);
  }
  return values;
}

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  DeviceSet(const GatherCase& spec, std::uint64_t seed)
      : spec_(spec),
        rows_(random_index(spec, seed)),
        source_((spec.source_rows() * spec.row_bytes_in() + 3) / 4 * 4),
        index_(rows_),
        out_(spec.rows * spec.row_bytes_out()),
        scale_(affine_of(spec, true)),
        shift_(affine_of(spec, false)) {
    // Bytes of random floats: as pixels they are any bytes.
    fill_random(source_.get(), ElementType::f32, (spec.source_rows() * spec.row_bytes_in() + 3) / 4, seed);
  }

  void enqueue(cudaStream_t on) const {
    robocache::GatherRowsArgs args = args_of(spec_, spec_.source_rows(), spec_.rows);
    args.source.data = source_.get();
    args.index = index_.as<std::int64_t>();
    args.out.data = out_.get();
    args.scale = scale_.as<float>();
    args.shift = shift_.as<float>();
    robocache::throw_if_error(robocache::gather_rows(args, on));
  }
  void poison_outputs() const { out_.poison(); }
  /// Some rows.
  Counters verify() const {
    const std::vector<float> scale = affine_of(spec_, true), shift = affine_of(spec_, false);
    for (std::int64_t k = 0; k < 16; ++k) {
      const std::int64_t row = (spec_.rows - 1) * k / 15, first = 0;
      const std::vector<unsigned char> source =
          source_.download(rows_[static_cast<std::size_t>(row)] * spec_.row_bytes_in(), spec_.row_bytes_in());
      const std::vector<unsigned char> out = out_.download(row * spec_.row_bytes_out(), spec_.row_bytes_out());
      std::vector<unsigned char> expected(out.size(), 0x5a);
      robocache::GatherRowsArgs args = args_of(spec_, 1, 1);
      args.source.data = source.data();
      args.index = &first;
      args.out.data = expected.data();
      if (spec_.affine) args.scale = scale.data(), args.shift = shift.data();
      robocache::throw_if_error(robocache::gather_rows(args, robocache::Host{1}));
      if (out != expected) throw std::runtime_error("differs from the CPU path in row " + std::to_string(row));
    }
    return {};
  }

 private:
  GatherCase spec_;
  std::vector<std::int64_t> rows_;
  DeviceBuffer source_, index_, out_, scale_, shift_;
};

/// Each 32-byte sector of the rows that are wanted, once; the index; each byte of output.
std::int64_t bytes_of(const GatherCase& spec) {
  std::vector<bool> marks(static_cast<std::size_t>(spec.source_rows()));
  for (const std::int64_t row : random_index(spec, 1)) marks[static_cast<std::size_t>(row)] = true;
  return sector_bytes(marks, spec.row_bytes_in()) + spec.rows * 8 + spec.rows * spec.row_bytes_out();
}

GpuCase as_case(const GatherCase& spec) {
  return {spec.name(), 0, [spec](Regime regime) {
            return PreparedCase::of(regime, bytes_of(spec), [&](std::uint64_t seed) { return DeviceSet(spec, seed); });
          }};
}

GatherCase images(const char* shape, std::int64_t pixels, ElementType out, ImageLayout to) {
  return {shape, 256, pixels, 3, ElementType::u8, out, to, true};
}

GatherCase matrix(const char* shape, std::int64_t rows, std::int64_t width, ElementType in, ElementType out) {
  return {shape, rows, width, 1, in, out, ImageLayout::channel_last, false};
}

}  // namespace

std::vector<GpuCase> gather_cases() {
  constexpr ImageLayout planes = ImageLayout::channel_first, pixels = ImageLayout::channel_last;
  return {as_case(images("256x3x224x224", 224 * 224, ElementType::bf16, planes)),
          as_case(images("256x224x224x3", 224 * 224, ElementType::bf16, pixels)),
          as_case(images("256x3x224x224", 224 * 224, ElementType::f32, planes)),
          as_case(images("256x3x225x225", 225 * 225, ElementType::bf16, planes)),
          as_case(matrix("256x150528", 256, 150528, ElementType::u8, ElementType::u8)),
          as_case(matrix("256x150527", 256, 150527, ElementType::u8, ElementType::u8)),
          as_case(matrix("614400x14", 4096 * 150, 14, ElementType::f32, ElementType::f32)),
          as_case(matrix("614400x14", 4096 * 150, 14, ElementType::f32, ElementType::bf16)),
          as_case(matrix("65536x255", 65536, 255, ElementType::f32, ElementType::f32)),
          as_case(matrix("614400x57", 4096 * 150, 57, ElementType::u8, ElementType::u8))};
}

}  // namespace robocache_bench
