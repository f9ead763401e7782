// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace robocache_bench {

inline void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

/// Device memory. Allocations of cudaMalloc begin on a 256-byte boundary, so sectors can be counted from offset 0.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::int64_t bytes) {
    void* pointer = nullptr;
    if (bytes > 0) check(cudaMalloc(&pointer, static_cast<std::size_t>(bytes)), "cudaMalloc");
    memory_.reset(pointer);
    bytes_ = bytes;
  }
  template <class T>
  explicit DeviceBuffer(const std::vector<T>& host) : DeviceBuffer(static_cast<std::int64_t>(host.size() * sizeof(T))) {
    if (host.empty()) return;
    check(cudaMemcpy(memory_.get(), host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }

  void* get() const noexcept { return memory_.get(); }
  std::int64_t bytes() const noexcept { return bytes_; }
  template <class T>
  T* as() const noexcept {
    return static_cast<T*>(memory_.get());
  }

  /// So that a comparison sees what was not written.
  void poison() const {
    if (bytes_ > 0) check(cudaMemset(memory_.get(), 0xa5, static_cast<std::size_t>(bytes_)), "cudaMemset");
  }
  std::vector<unsigned char> download(std::int64_t offset, std::int64_t bytes) const {
    std::vector<unsigned char> host(static_cast<std::size_t>(bytes));
    const unsigned char* from = as<unsigned char>() + offset;
    if (bytes > 0) check(cudaMemcpy(host.data(), from, host.size(), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return host;
  }
  std::vector<unsigned char> download() const { return download(0, bytes_); }

 private:
  struct Free {
    void operator()(void* pointer) const noexcept { static_cast<void>(cudaFree(pointer)); }
  };
  std::unique_ptr<void, Free> memory_;
  std::int64_t bytes_ = 0;
};

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  ~Stream() { static_cast<void>(cudaStreamDestroy(stream_)); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const noexcept { return stream_; }
  void synchronize() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

 private:
  cudaStream_t stream_ = nullptr;
};

/// A captured graph of `calls` calls.
class CallGraph {
 public:
  /// enqueue(call, stream) enqueues one call and throws if it cannot. One is run before the capture: the first launch
  /// of a kernel loads its code.
  template <class Enqueue>
  CallGraph(cudaStream_t stream, int calls, const Enqueue& enqueue) : stream_(stream), calls_(calls) {
    enqueue(0, stream);
    check(cudaStreamSynchronize(stream), "first call");
    check(cudaEventCreate(&begin_), "cudaEventCreate");
    check(cudaEventCreate(&end_), "cudaEventCreate");
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    try {
      for (int call = 0; call < calls; ++call) enqueue(call, stream);
    } catch (...) {
      static_cast<void>(cudaStreamEndCapture(stream, &graph));
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    const cudaError_t error = cudaGraphInstantiate(&executable_, graph, 0);
    static_cast<void>(cudaGraphDestroy(graph));
    check(error, "cudaGraphInstantiate");
  }
  ~CallGraph() {
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
    static_cast<void>(cudaEventDestroy(begin_));
    static_cast<void>(cudaEventDestroy(end_));
  }
  CallGraph(const CallGraph&) = delete;
  CallGraph& operator=(const CallGraph&) = delete;

  void replay() const { check(cudaGraphLaunch(executable_, stream_), "cudaGraphLaunch"); }

  /// Microseconds per call of one replay. An untimed replay goes first: it leaves the caches as this graph leaves them,
  /// whatever ran before, and hides the latency of the launch.
  double microseconds() const {
    replay();
    check(cudaEventRecord(begin_, stream_), "cudaEventRecord");
    replay();
    check(cudaEventRecord(end_, stream_), "cudaEventRecord");
    check(cudaEventSynchronize(end_), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime");
    return static_cast<double>(milliseconds) * 1e3 / calls_;
  }

 private:
  cudaStream_t stream_;
  int calls_;
  cudaGraphExec_t executable_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

/// The median microseconds per call of each graph. Repetitions are interleaved, so that all see the same clocks.
inline std::vector<double> medians(const std::vector<const CallGraph*>& graphs, int repetitions = 15) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point warm = Clock::now() + std::chrono::milliseconds(20);
  do {
    for (const CallGraph* graph : graphs) graph->microseconds();
  } while (Clock::now() < warm);
  std::vector<std::vector<double>> times(graphs.size());
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    for (std::size_t g = 0; g < graphs.size(); ++g) times[g].push_back(graphs[g]->microseconds());
  }
  std::vector<double> result;
  for (const std::vector<double>& of_graph : times) result.push_back(median(of_graph));
  return result;
}

enum class Regime { hot, cold };

/// How a benchmark that moves `bytes` a call is repeated.
struct Plan {
  int sets = 1;    ///< buffer sets; call c uses set c % sets
  int calls = 24;  ///< of one graph, a multiple of sets

  static Plan of(Regime regime, std::int64_t bytes) {
    Plan plan;
    if (regime == Regime::cold) {
      int device = 0;
      int l2_bytes = 0;
      check(cudaGetDevice(&device), "cudaGetDevice");
      check(cudaDeviceGetAttribute(&l2_bytes, cudaDevAttrL2CacheSize, device), "cudaDeviceGetAttribute");
      // Two at least: a set that is larger than the cache still leaves its end there.
      plan.sets = static_cast<int>(std::max<std::int64_t>(2, 3 * std::int64_t{l2_bytes} / bytes + 1));
    }
    const int wanted = bytes > 500'000'000 ? 4 : 24;
    plan.calls = (wanted + plan.sets - 1) / plan.sets * plan.sets;
    return plan;
  }
};

}  // namespace robocache_bench
