// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

ROBOCACHE_NAMESPACE_BEGIN

/// What an operator's host side found. Values are stable.
enum class StatusCode : std::int32_t {
  ok = 0,
  null_pointer = 1,         ///< A pointer is null although its size is not zero.
  invalid_size = 2,         ///< A size, pitch or count is negative or contradicts another.
  invalid_value = 3,        ///< An option is outside its range, or an enumerator is unknown.
  overflow = 4,             ///< A product of sizes, or a time, does not fit its integer type.
  aliasing = 5,             ///< An output overlaps an input or another output.
  misaligned = 6,           ///< A pointer is not aligned to its element type.
  workspace_too_small = 7,  ///< The workspace holds fewer bytes than workspace_bytes(args).
  unsupported_type = 8,     ///< No instantiation for this combination of element types.
  cuda_error = 9,           ///< The CUDA runtime refused; see Status::cuda_error().
};

/// The result of every host call: a code, the CUDA error if any, and a static text that names the argument.
/// Trivially copyable; never owns memory. On any code but `ok` and `cuda_error` nothing was launched and no output was
/// written. After a `cuda_error` the kernels ahead of the one that was refused may run, and outputs are unspecified.
class [[nodiscard]] Status {
 public:
  constexpr Status() noexcept = default;

  /// `what` must be a string literal: it is kept by pointer.
  constexpr Status(StatusCode code, const char* what, int cuda_error = 0) noexcept
      : what_(what), code_(code), cuda_error_(cuda_error) {}

  constexpr bool ok() const noexcept { return code_ == StatusCode::ok; }
  constexpr StatusCode code() const noexcept { return code_; }
  /// The argument at fault and the rule it broke, for example "args.out.pitch: smaller than the row's width".
  constexpr const char* what() const noexcept { return what_; }
  /// The cudaError_t behind StatusCode::cuda_error, else 0.
  constexpr int cuda_error() const noexcept { return cuda_error_; }
  /// Which element of an array of arguments is at fault, for example of args.streams; -1: none, or not one alone.
  constexpr int index() const noexcept { return index_; }
  constexpr Status at(int index) const noexcept {
    Status status = *this;
    status.index_ = index;
    return status;
  }

 private:
  const char* what_ = "";
  StatusCode code_ = StatusCode::ok;
  int cuda_error_ = 0;
  int index_ = -1;
};

/// For code that reports errors by exception.
inline void throw_if_error(Status status) {
  if (status.ok()) return;
  std::string message = std::string("RoboCache: ") + status.what();
  if (status.index() >= 0) message += " (of " + std::to_string(status.index()) + ")";
  if (status.cuda_error() != 0) message += " (CUDA error " + std::to_string(status.cuda_error()) + ")";
  if (status.code() == StatusCode::cuda_error) throw std::runtime_error(message);
  throw std::invalid_argument(message);
}

ROBOCACHE_NAMESPACE_END

/// Returns the Status from the enclosing function unless it is ok.
#define ROBOCACHE_CHECK(expression)                                                                                 \
  do {                                                                                                              \
    if (const ::robocache::Status robocache_status = (expression); !robocache_status.ok()) return robocache_status; \
  } while (false)
