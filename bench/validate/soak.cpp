// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "soak.hpp"

#include "../gpu_cases.hpp"
#include "../support/plain_kernels.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace robocache_validate {

namespace {

using robocache_bench::PreparedCase;
using robocache_bench::Regime;

constexpr int thread_count = 4;

/// What all threads of a soak have done.
struct Done {
  std::atomic<std::uint64_t> next{0};  ///< sequence
  std::atomic<std::int64_t> calls{0}, bytes{0};
  std::mutex mutex;
  std::vector<std::string> failures;
};

void run_until(double end, const TrialOptions& options, int device, const std::vector<Check>& checks,
               Progress& progress, Done* done) {
  try {
    check(cudaSetDevice(device), "cudaSetDevice");
    while (progress.seconds() < end) {
      Trial trial(options, done->next++);
      const Check& chosen =
          checks[static_cast<std::size_t>(trial.random().below(static_cast<std::int64_t>(checks.size())))];
      chosen.run(trial);
      done->calls += trial.calls();
      done->bytes += trial.bytes();
    }
  } catch (const std::exception& error) {
    const std::lock_guard<std::mutex> lock(done->mutex);
    done->failures.emplace_back(error.what());
  }
}

/// With nothing in flight, and nothing kept back by the allocator.
std::size_t free_bytes(int device) {
  check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, device), "cudaDeviceGetDefaultMemPool");
  check(cudaMemPoolTrimTo(pool, 0), "cudaMemPoolTrimTo");
  check(cudaDeviceGraphMemTrim(device), "cudaDeviceGraphMemTrim");
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

/// A fixed case whose time is looked at again and again.
struct Drift {
  std::string name;
  PreparedCase prepared;
  std::vector<double> us;

  void look() {
    try {
      static_cast<void>(prepared.check_result());
      us.push_back(robocache_bench::medians({&prepared.graph()}).front());
    } catch (const std::exception& error) {
      throw std::runtime_error(name + ": " + error.what());
    }
  }
};

std::vector<Drift> drift_cases() {
  std::vector<Drift> drifts;
  for (const auto& family : {robocache_bench::resample_cases(), robocache_bench::fuse_cases(),
                             robocache_bench::voxelize_cases(), robocache_bench::voxelize_sparse_cases()}) {
    drifts.push_back({name_of(family.front(), Regime::hot), family.front().prepare(Regime::hot), {}});
  }
  return drifts;
}

}  // namespace

nlohmann::ordered_json soak(const TrialOptions& options, double minutes, Progress& progress) {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  const std::vector<Check> checks = all_checks();
  std::vector<Drift> drifts = drift_cases();
  const double begin = progress.seconds(), end = begin + 60.0 * minutes;
  const double round = std::clamp(60.0 * minutes / 30.0, 1.0, 60.0);
  Done done;
  std::vector<std::size_t> free;  // after each round
  while (progress.seconds() < end && done.failures.empty()) {
    const double until = std::min(end, progress.seconds() + round);
    std::vector<std::thread> threads;
    for (int t = 0; t < thread_count; ++t) {
      threads.emplace_back([&] { run_until(until, options, device, checks, progress, &done); });
    }
    for (std::thread& thread : threads) thread.join();
    // After a fault of the device nothing else works, nor says more.
    if (!done.failures.empty()) break;
    try {
      for (Drift& drift : drifts) drift.look();
      free.push_back(free_bytes(device));
    } catch (const std::exception& error) {
      done.failures.emplace_back(error.what());
    }
    progress.show("soak: " + std::to_string(done.calls) + " calls, " + std::to_string(static_cast<int>(end - begin)) +
                  " s in all");
  }

  nlohmann::ordered_json result;
  result["minutes"] = (progress.seconds() - begin) / 60.0;
  result["threads"] = thread_count;
  result["calls"] = done.calls.load();
  result["bytes_compared"] = done.bytes.load();
  if (!free.empty()) {
    const auto warm = free.begin() + static_cast<std::ptrdiff_t>(free.size() / 5);
    const auto [least, most] = std::minmax_element(warm, free.end());
    result["free_bytes_after_warm_up"] = *warm;
    result["free_bytes_least"] = *least;
    result["free_bytes_most"] = *most;
    result["free_bytes_at_end"] = free.back();
    if (*least != *most) {
      done.failures.push_back("device memory: after the first fifth " + std::to_string(*warm) + " bytes free, then " +
                              std::to_string(*least) + " to " + std::to_string(*most) + ", at the end " +
                              std::to_string(free.back()));
    }
  }
  result["drift"] = nlohmann::ordered_json::array();
  for (const Drift& drift : drifts) {
    if (drift.us.empty()) continue;
    const auto tenth = static_cast<std::ptrdiff_t>((drift.us.size() + 9) / 10);
    const double first = robocache_bench::median({drift.us.begin(), drift.us.begin() + tenth});
    const double last = robocache_bench::median({drift.us.end() - tenth, drift.us.end()});
    result["drift"].push_back({{"benchmark", drift.name},
                               {"us_first_tenth", first},
                               {"us_last_tenth", last},
                               {"change", last / first - 1.0},
                               {"us_highest", *std::max_element(drift.us.begin(), drift.us.end())}});
  }
  result["failures"] = done.failures;
  return result;
}

}  // namespace robocache_validate
