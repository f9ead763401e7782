// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Resampling on the CPU. bench/compare_scipy.py runs the linear float64 case beside SciPy.

#include "support/report.hpp"
#include "support/resample_case.hpp"

#include <robocache/resample/resample.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

/// 300 samples at 50 Hz to 150 stored queries at 25 Hz, both jittered.
ResampleCase arms(std::int64_t segments, std::int64_t width, const char* kind, Interpolation interpolation,
                  ElementType type) {
  ResampleCase spec;
  spec.kind = kind;
  spec.interpolation = interpolation;
  spec.in = spec.out = type;
  spec.segments = segments;
  spec.samples = 300;
  spec.rows = 150;
  spec.width = width;
  spec.rate = {25, 1};
  spec.asked = ResampleCase::Asked::stored;
  return spec;
}

template <class T>
std::vector<unsigned char> random_values(std::int64_t count) {
  std::mt19937_64 random(9);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(count) * sizeof(T));
  for (std::int64_t i = 0; i < count; ++i) {
    const T value =
        static_cast<T>(static_cast<std::int64_t>(random() >> 40 | 1u) - (1 << 23)) / static_cast<T>(1 << 22);
    // flawfinder: ignore: one of `count` elements
    std::memcpy(bytes.data() + static_cast<std::size_t>(i) * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

void run_case(benchmark::State& state, const ResampleCase& spec, robocache::Host host) {
  ResampleProblem problem = make_problem(spec);
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < problem.queries.size(); ++i) {  // up to 8 ms late: inside the recording, rarely a hit
    problem.queries[i] += static_cast<std::int64_t>(random() % 8'000'000);
  }
  const std::int64_t count = problem.samples() * spec.width;
  const std::vector<unsigned char> values =
      spec.in == ElementType::f64 ? random_values<double>(count) : random_values<float>(count);
  std::vector<unsigned char> out(static_cast<std::size_t>(problem.rows() * spec.width * robocache::size_of(spec.out)));
  ResampleArrays arrays;
  arrays.values = values.data();
  arrays.times = problem.stamps.data();
  arrays.queries = problem.queries.data();
  arrays.out = out.data();
  const robocache::ResampleArgs args = problem.args(arrays);
  for (auto _ : state) {
    const robocache::Status status = robocache::resample(args, host);
    if (!status.ok()) {
      state.SkipWithError(status.what());
      break;
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * problem.rows() * spec.width);
  const double bytes = static_cast<double>(problem.bytes());
  state.counters["bytes"] = bytes;
  state.counters["bytes_per_second"] =
      benchmark::Counter(bytes * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void add_case(const ResampleCase& spec) {
  const auto add = [&spec](const std::string& how, const auto& run) {
    benchmark::RegisterBenchmark((spec.name().replace(0, 8, "resample_cpu") + how).c_str(), run)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  add("/threads:1", [spec](benchmark::State& state) { run_case(state, spec, robocache::Host{1}); });
  add("/threads:2", [spec](benchmark::State& state) {
    robocache::ThreadPool pool(2);
    run_case(state, spec, robocache::Host{2, &pool});
  });
  // Threads started by each call.
  add("/started:2", [spec](benchmark::State& state) { run_case(state, spec, robocache::Host{2}); });
}

}  // namespace
}  // namespace robocache_bench

int main(int argc, char** argv) {
  using namespace robocache_bench;  // NOLINT(google-build-using-namespace)
  add_case(arms(64, 14, "linear", Interpolation::linear, ElementType::f64));
  add_case(arms(1024, 14, "linear", Interpolation::linear, ElementType::f64));
  add_case(arms(1024, 14, "linear", Interpolation::linear, ElementType::f32));
  add_case(arms(64, 14, "pchip", Interpolation::pchip, ElementType::f64));
  add_case(arms(64, 14, "akima", Interpolation::akima, ElementType::f64));
  ResampleCase pose = arms(64, 7, "pose_slerp", Interpolation::linear, ElementType::f32);
  pose.pose = true;
  add_case(pose);
  return run_benchmarks(argc, argv);
}
