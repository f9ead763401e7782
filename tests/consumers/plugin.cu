// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "midpoint.hpp"

#include <robocache/resample/resample.cuh>

// One of two shared libraries that each hold a copy of the headers' kernels, for an architecture of their own.
extern "C" __attribute__((visibility("default"))) int plugin_midpoint(int* cuda_error) {
  const auto resample = [cuda_error](const robocache::ResampleArgs& args, cudaStream_t stream) {
    const robocache::Status status =
        robocache::resample<robocache::Types<std::int64_t, float, float, robocache::TwoPointKinds>>(args, stream);
    *cuda_error = status.cuda_error();
    return status;
  };
  return check_on_device(resample);
}
