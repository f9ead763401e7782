// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/launch.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROBOCACHE_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ROBOCACHE_TEST_SANITIZED 1
#endif
#endif
#ifndef ROBOCACHE_TEST_SANITIZED
#define ROBOCACHE_TEST_SANITIZED 0
#endif

namespace robocache::test {

/// Many zeros that cost address space, and memory only where they are written: pages that are only read are one.
template <class T>
class ReservedZeros {
 public:
  explicit ReservedZeros(std::int64_t count) : bytes_(static_cast<std::size_t>(count) * sizeof(T)) {
#if defined(__linux__)
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return;
    madvise(memory, bytes_, MADV_NOHUGEPAGE);  // a huge page is not shared, even if only read
    data_ = static_cast<T*>(memory);
#endif
  }
  ReservedZeros(const ReservedZeros&) = delete;
  ReservedZeros& operator=(const ReservedZeros&) = delete;
  ~ReservedZeros() {
#if defined(__linux__)
    if (data_ != nullptr) munmap(data_, bytes_);
#endif
  }

  T* data() const { return data_; }  ///< null where there is no address space

 private:
  T* data_ = nullptr;
  std::size_t bytes_;
};

/// An output of many elements, of which few are written: address space on the host, memory on a device, where there is
/// enough.
template <class T>
class HugeOutput {
 public:
  HugeOutput(Launcher launcher, std::int64_t count) {
    if (launcher == Launcher::host) {
      if (ROBOCACHE_TEST_SANITIZED == 0) reserved_ = std::make_unique<ReservedZeros<T>>(count);
      return;
    }
#if ROBOCACHE_HAS_CUDA_RUNTIME
    const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
    std::size_t free = 0, total = 0;
    const bool fits = cudaMemGetInfo(&free, &total) == cudaSuccess && free > bytes + (std::size_t{1} << 30);
    if (fits) on_device_ = std::make_unique<detail::Buffer>(launcher, bytes);
#endif
  }

  /// Null where it is not to be had.
  T* data() const {
    if (on_device_ != nullptr) return reinterpret_cast<T*>(on_device_->data());
    return reserved_ != nullptr ? reserved_->data() : nullptr;
  }
  static const char* missing() { return "so much memory is not to be had"; }
  T read(std::int64_t at) const {
    T value;
    if (on_device_ == nullptr) return reserved_->data()[at];
    on_device_->read(static_cast<std::size_t>(at) * sizeof(T), &value, sizeof(T));
    return value;
  }

 private:
  std::unique_ptr<ReservedZeros<T>> reserved_;
  std::unique_ptr<detail::Buffer> on_device_;
};

}  // namespace robocache::test
