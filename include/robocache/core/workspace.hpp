// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// Caller memory for an operator's scratch: device memory for stream calls, host memory for Host calls. Any alignment.
struct Workspace {
  void* data = nullptr;
  std::size_t bytes = 0;
};

namespace detail {

/// Cuts a workspace into aligned arrays. The same code runs with no memory to measure, so that workspace_bytes(args)
/// and the run cannot disagree: an operator writes one function that takes arrays from a Carver, and calls it twice.
class Carver {
 public:
  static constexpr std::size_t alignment = 256;

  /// Measures only.
  Carver() noexcept = default;
  explicit Carver(Workspace workspace) noexcept : base_(reinterpret_cast<std::uintptr_t>(workspace.data)) {
    const std::uintptr_t aligned = (base_ + alignment - 1) / alignment * alignment;
    used_ = aligned - base_;
  }

  /// An array of `count` T, or null while measuring. `count` is not negative.
  template <class T>
  T* take(std::int64_t count) noexcept {
    const std::size_t at = used_;
    const std::size_t wanted = static_cast<std::size_t>(count);
    constexpr std::size_t most = static_cast<std::size_t>(-1) / 2 - 2 * alignment;
    if (overflow_ || used_ > most || wanted > (most - used_) / sizeof(T)) {
      overflow_ = true;
      return nullptr;
    }
    used_ += (wanted * sizeof(T) + alignment - 1) / alignment * alignment;
    return base_ == 0 ? nullptr : reinterpret_cast<T*>(base_ + at);  // NOLINT(performance-no-int-to-ptr)
  }

  bool overflow() const noexcept { return overflow_; }
  /// Bytes that hold every array taken so far wherever the workspace begins; zero if nothing was taken.
  std::size_t bytes() const noexcept {
    const std::size_t arrays = base_ == 0 ? used_ : used_ - padding();
    return arrays == 0 ? 0 : arrays + alignment - 1;
  }

 private:
  std::size_t padding() const noexcept { return (alignment - base_ % alignment) % alignment; }

  std::uintptr_t base_ = 0;
  std::size_t used_ = 0;
  bool overflow_ = false;
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END
