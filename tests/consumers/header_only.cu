// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "midpoint.hpp"

#include <robocache/resample/resample.cuh>

// nvcc, and no library.
int main() {
  const auto resample = [](const robocache::ResampleArgs& args, auto where) {
    return robocache::resample<robocache::Types<std::int64_t, float, float>>(args, where);
  };
  return check_on_host(resample) + check_on_device(resample);
}
