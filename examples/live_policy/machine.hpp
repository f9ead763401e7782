// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/fuse/fuse.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <stdexcept>
#include <vector>

// Where fuse runs. Copies and calls are done in the order in which they are asked for; `wait` returns when they are.

namespace live_policy {

class Cpu {
 public:
  static constexpr const char* name = "CPU";

  void* allocate(std::int64_t bytes) { return memory_.emplace_back(static_cast<std::size_t>(bytes)).data(); }
  // flawfinder: ignore: a copy of what the caller says
  void copy(void* to, const void* from, std::int64_t bytes) { std::memcpy(to, from, static_cast<std::size_t>(bytes)); }
  void prepare(const robocache::FuseArgs& args) { args_ = args; }
  void fuse() { robocache::throw_if_error(robocache::fuse(args_, robocache::Host{1})); }
  void wait() {}

 private:
  std::list<std::vector<unsigned char>> memory_;
  robocache::FuseArgs args_;
};

#if ROBOCACHE_HAS_CUDA_RUNTIME

inline void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

class Gpu {
 public:
  static constexpr const char* name = "GPU";
  static bool exists() {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  }

  Gpu() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;
  ~Gpu() {
    (void)cudaStreamSynchronize(stream_);
    (void)cudaGraphExecDestroy(graph_);
    for (void* memory : memory_) (void)cudaFree(memory);
    (void)cudaStreamDestroy(stream_);
  }

  void* allocate(std::int64_t bytes) {
    check(cudaMalloc(&memory_.emplace_back(nullptr), static_cast<std::size_t>(bytes)));
    return memory_.back();
  }
  /// Host memory that is not pinned may change as soon as this returns.
  void copy(void* to, const void* from, std::int64_t bytes) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDefault, stream_));
  }
  /// Records the call once: `fuse` replays it, on what is in its memory then.
  void prepare(const robocache::FuseArgs& args) {
    cudaGraph_t recorded = nullptr;
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
    robocache::throw_if_error(robocache::fuse(args, stream_));
    check(cudaStreamEndCapture(stream_, &recorded));
    check(cudaGraphInstantiate(&graph_, recorded, 0));
    check(cudaGraphDestroy(recorded));
  }
  void fuse() { check(cudaGraphLaunch(graph_, stream_)); }
  void wait() { check(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
  cudaGraphExec_t graph_ = nullptr;
  std::vector<void*> memory_;
};

#endif

}  // namespace live_policy
