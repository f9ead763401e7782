// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/resample/resample.hpp>

#include <cstdint>
#include <cstdio>

/// What every consumer asks for: two samples, and the value halfway between them. In host or device memory.
struct Midpoint {
  std::int64_t times[2] = {0, 10};
  float values[2] = {1.0f, 3.0f};
  std::int64_t wanted[1] = {5};
  float result[1] = {-1.0f};
};

inline robocache::ResampleArgs arguments(Midpoint* memory) {
  robocache::ResampleArgs args;
  args.source.times = memory->times;
  args.source.values = robocache::rows(static_cast<const float*>(memory->values), 2, 1);
  args.at = robocache::at_times(memory->wanted, 1);
  args.out = robocache::rows(memory->result, 1, 1);
  return args;
}

/// 0 if a call gave what it should, so that a sum of these is an exit code.
inline int verdict(const char* where, robocache::Status status, float result) {
  const bool good = status.ok() && result == 2.0f;
  std::printf("%s: %s (%g, '%s')\n", where, good ? "good" : "BAD", static_cast<double>(result), status.what());
  return good ? 0 : 1;
}

template <class Operator>
int check_on_host(Operator resample) {
  Midpoint midpoint;
  const robocache::Status status = resample(arguments(&midpoint), robocache::Host{});
  return verdict("host", status, midpoint.result[0]);
}

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// Without a device the launcher is compiled and linked, not called.
template <class Operator>
int check_on_device(Operator resample) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::puts("device: no CUDA device");
    return 0;
  }
  Midpoint midpoint;
  void* memory = nullptr;
  cudaStream_t stream = nullptr;
  if (cudaMalloc(&memory, sizeof midpoint) != cudaSuccess || cudaStreamCreate(&stream) != cudaSuccess) return 1;
  cudaMemcpyAsync(memory, &midpoint, sizeof midpoint, cudaMemcpyHostToDevice, stream);
  const robocache::Status status = resample(arguments(static_cast<Midpoint*>(memory)), stream);
  cudaMemcpyAsync(&midpoint, memory, sizeof midpoint, cudaMemcpyDeviceToHost, stream);
  const cudaError_t error = cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  cudaFree(memory);
  return verdict("device", status, midpoint.result[0]) + (error == cudaSuccess ? 0 : 1);
}
#endif
