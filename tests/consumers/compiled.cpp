// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "midpoint.hpp"

// The compiled library, from a file that nvcc does not see.
int main() {
  const auto resample = [](const robocache::ResampleArgs& args, auto where) {
    return robocache::resample(args, where);
  };
  int bad = check_on_host(resample);
#if ROBOCACHE_HAS_CUDA_RUNTIME
  bad += check_on_device(resample);
#endif
  return bad;
}
