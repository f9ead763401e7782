// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/half.hpp"

#include <string>

namespace robocache::test {

/// Names typed tests by their element type: Geometry/f64.GroupLaws.
struct TypeNames {
  template <class T>
  static std::string GetName(int) {
    return type_name<T>();
  }
};

}  // namespace robocache::test
