// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ceilings.cuh"
#include "graph_timer.hpp"

#include <robocache/version.hpp>

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

// What the GPU benchmarks of all operators share: registration, timing beside a copy, the context of a result file.

namespace robocache_bench {

inline const char* name_of(Regime regime) { return regime == Regime::hot ? "hot" : "cold"; }

inline bool have_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

/// One timed run of `body`, which returns the microseconds of a call.
template <class Body>
void report(benchmark::State& state, const Body& body) {
  if (!have_device()) {
    state.SkipWithError("no CUDA device");
    return;
  }
  try {
    const double us = body();
    for (auto _ : state) state.SetIterationTime(us * 1e-6);
    state.counters["us"] = us;
  } catch (const std::exception& error) {
    const std::string message = error.what();
    state.SkipWithError(message.c_str());
  }
}

template <class Body>
void add(const std::string& name, const Body& body) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [body](benchmark::State& state) { report(state, [&] { return body(state); }); })
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

/// Times `graph`, whose calls move `bytes` each, in turns with the fastest plain copy of as many bytes.
inline double time_beside_copy(benchmark::State& state, const Stream& stream, const Plan& plan, const CallGraph& graph,
                               std::int64_t bytes) {
  const Ceiling copy(stream, copy_variants(), plan, bytes / 2, bytes - bytes / 2);
  std::vector<const CallGraph*> graphs = copy.graphs();
  graphs.push_back(&graph);
  std::vector<double> times = medians(graphs);
  const double us = times.back();
  times.pop_back();
  const double copy_us = *std::min_element(times.begin(), times.end());
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["GB_per_s"] = static_cast<double>(bytes) / us * 1e-3;
  state.counters["copy_us"] = copy_us;
  state.counters["copy_fraction"] = copy_us / us;
  state.counters["sets"] = plan.sets;
  state.counters["calls"] = plan.calls;
  return us;
}

inline std::vector<unsigned char> download(const void* device, std::int64_t offset, std::int64_t bytes) {
  std::vector<unsigned char> host(static_cast<std::size_t>(bytes));
  check(
      cudaMemcpy(host.data(), static_cast<const unsigned char*>(device) + offset, host.size(), cudaMemcpyDeviceToHost),
      "cudaMemcpy");
  return host;
}

inline void add_context() {
  const auto add_text = [](const char* key, const std::string& value) { benchmark::AddCustomContext(key, value); };
  const char* commit = std::getenv("ROBOCACHE_COMMIT");
  add_text("commit", commit != nullptr ? commit : "unknown");
  add_text("robocache_version", std::to_string(ROBOCACHE_VERSION_MAJOR) + "." +
                                    std::to_string(ROBOCACHE_VERSION_MINOR) + "." +
                                    std::to_string(ROBOCACHE_VERSION_PATCH));
  add_text("cuda_toolkit", std::to_string(CUDART_VERSION));
  if (!have_device()) return;
  int number = 0;
  if (cudaRuntimeGetVersion(&number) == cudaSuccess) add_text("cuda_runtime", std::to_string(number));
  if (cudaDriverGetVersion(&number) == cudaSuccess) add_text("cuda_driver_api", std::to_string(number));
  std::ifstream driver("/proc/driver/nvidia/version");
  for (std::string word; driver >> word;) {
    if (word.find_first_not_of("0123456789.") != std::string::npos || word.find('.') == std::string::npos) continue;
    add_text("driver", word);
    break;
  }
  int device = 0;
  cudaDeviceProp properties;
  if (cudaGetDevice(&device) != cudaSuccess || cudaGetDeviceProperties(&properties, device) != cudaSuccess) return;
  add_text("gpu", properties.name);
  add_text("compute_capability", std::to_string(properties.major) + "." + std::to_string(properties.minor));
  const auto add_attribute = [&](const char* key, cudaDeviceAttr attribute) {
    if (cudaDeviceGetAttribute(&number, attribute, device) == cudaSuccess) add_text(key, std::to_string(number));
  };
  add_attribute("sms", cudaDevAttrMultiProcessorCount);
  add_attribute("l2_bytes", cudaDevAttrL2CacheSize);
  add_attribute("sm_clock_khz_max", cudaDevAttrClockRate);
  add_attribute("memory_clock_khz_max", cudaDevAttrMemoryClockRate);
}

}  // namespace robocache_bench
