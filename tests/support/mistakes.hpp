// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/launch.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

// What tests of refused arguments share.

namespace robocache::test {

/// One change to the valid arguments of a Call, and the error that it must give.
template <class Call>
struct Mistake {
  const char* what;
  StatusCode code;
  const char* argument;  ///< which the text must name
  std::function<void(Call&)> make;
  int index = -1;  ///< Status::index()
};

/// p, moved by some bytes.
template <class T>
T* beside(T* p, std::ptrdiff_t bytes) {
  return reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(p) + static_cast<std::uintptr_t>(bytes));
}
template <class Enum>
Enum unknown() {
  return static_cast<Enum>(99);
}

constexpr std::int64_t huge = std::int64_t{1} << 62;

}  // namespace robocache::test
