// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "gpu_bench.hpp"

#include "device_facts.hpp"
#include "plain_kernels.hpp"
#include "report.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <exception>
#include <string>

namespace robocache_bench {
namespace {

/// One timed run of `body`, which returns the microseconds of a call.
template <class Body>
void add(const std::string& name, const Body& body) {
  const auto run = [body](benchmark::State& state) {
    if (device_count() == 0) {
      state.SkipWithError("no CUDA device");
      return;
    }
    try {
      const double us = body(state);
      for (auto _ : state) state.SetIterationTime(us * 1e-6);
      state.counters["us"] = us;
    } catch (const std::exception& error) {
      const std::string message = error.what();
      state.SkipWithError(message.c_str());
    }
  };
  benchmark::RegisterBenchmark(name.c_str(), run)->Iterations(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

void count_bytes(benchmark::State& state, std::int64_t bytes, double us) {
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["GB_per_s"] = static_cast<double>(bytes) / us * 1e-3;
}

void add(const Ceiling& ceiling) {
  add(ceiling.name, [ceiling](benchmark::State& state) {
    const double us = ceiling.measure();
    if (ceiling.bytes > 0) count_bytes(state, ceiling.bytes, us);
    return us;
  });
}

void add(const GpuCase& spec, Regime regime) {
  add(name_of(spec, regime), [spec, regime](benchmark::State& state) {
    const PreparedCase prepared = spec.prepare(regime);
    for (const auto& [counter, value] : prepared.check_result()) state.counters[counter] = value;
    const Timing timing = time_beside_copy(prepared);
    count_bytes(state, prepared.bytes(), timing.us);
    state.counters["copy_us"] = timing.copy_us;
    state.counters["copy_fraction"] = timing.copy_fraction();
    state.counters["sets"] = prepared.plan().sets;
    state.counters["calls"] = prepared.plan().calls;
    if (spec.points > 0) {
      state.counters["points"] = static_cast<double>(spec.points);
      state.counters["G_points_per_s"] = static_cast<double>(spec.points) / timing.us * 1e-3;
    }
    return timing.us;
  });
}

}  // namespace

int run_gpu_benchmarks(int argc, char** argv, const std::vector<std::vector<GpuCase>>& families) {
  for (const auto& [key, value] : device_facts()) benchmark::AddCustomContext(key, value);
  for (const Ceiling& ceiling : ceilings()) add(ceiling);
  for (const std::vector<GpuCase>& cases : families) {
    for (const GpuCase& spec : cases) {
      for (const Regime regime : {Regime::hot, Regime::cold}) add(spec, regime);
    }
  }
  return run_benchmarks(argc, argv);
}

}  // namespace robocache_bench
