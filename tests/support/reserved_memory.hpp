// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace robocache::test
