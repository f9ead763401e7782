// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Matching on the GPU. Method: bench/README.md.

#include "fuse_cases.hpp"
#include "support/gpu_cases.cuh"
#include "support/resample_case.hpp"

#include <robocache/fuse/match.hpp>

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

using Direction = robocache::MatchArgs::Direction;

struct MatchCase {
  std::string name;
  ResampleCase times;  ///< stamps and queries; no channels
  Direction direction = Direction::nearest;
  bool age_and_status = false;

  std::int64_t bytes(const ResampleProblem& problem) const {
    return problem.bytes() + problem.rows() * (age_and_status ? 8 + 8 + 1 : 8);
  }
};

/// `rows` queries that cover each of `segments` recordings of `samples` jittered stamps.
MatchCase covering_match(std::int64_t segments, std::int64_t rows, std::int64_t samples) {
  MatchCase spec;
  spec.times = covering(segments, samples, rows, 0);
  spec.name = "/" + std::to_string(segments) + "x" + std::to_string(rows) + "_vs_" + std::to_string(samples);
  return spec;
}

/// The arrays of a case, in one memory space. Null where the case has none.
struct MatchArrays {
  const void* times = nullptr;
  const void* queries = nullptr;
  std::int64_t* index = nullptr;
  std::int64_t* age = nullptr;
  std::uint8_t* status = nullptr;
};

robocache::MatchArgs make_args(const MatchCase& spec, const ResampleProblem& problem, const MatchArrays& arrays) {
  ResampleArrays of_times;
  of_times.times = arrays.times;
  of_times.queries = arrays.queries;
  const robocache::ResampleArgs same = problem.args(of_times);
  robocache::MatchArgs args;
  args.times = same.source.times;
  args.count = problem.samples();
  args.segments = same.source.segments;
  args.at = same.at;
  args.rows = problem.rows();
  args.direction = spec.direction;
  args.index = arrays.index;
  args.age = arrays.age;
  args.status = arrays.status;
  return args;
}

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  DeviceSet(const MatchCase& spec, const ResampleProblem& problem)
      : times_(problem.stamps), index_(problem.rows() * 8) {
    if (problem.stored_queries()) queries_ = DeviceBuffer(problem.queries);
    if (!spec.age_and_status) return;
    age_ = DeviceBuffer(problem.rows() * 8);
    status_ = DeviceBuffer(problem.rows());
  }

  /// So that verify() sees what was not written.
  void poison_outputs(std::int64_t rows) const {
    constexpr int poison = 0xa5;
    const auto fill = [](void* p, std::int64_t bytes) {
      if (p != nullptr) check(cudaMemset(p, poison, static_cast<std::size_t>(bytes)), "cudaMemset");
    };
    fill(index_.get(), rows * 8);
    fill(age_.get(), rows * 8);
    fill(status_.get(), rows);
    check(cudaDeviceSynchronize(), "poison");
  }

  MatchArrays arrays() const {
    return {times_.get(), queries_.get(), index_.as<std::int64_t>(), age_.as<std::int64_t>(),
            status_.as<std::uint8_t>()};
  }

 private:
  DeviceBuffer times_, index_, queries_, age_, status_;
};

/// Compares the device's outputs with those of the CPU path, bit for bit.
void verify(const MatchCase& spec, const ResampleProblem& problem, const DeviceSet& set) {
  const auto rows = static_cast<std::size_t>(problem.rows());
  std::vector<std::int64_t> index(rows), age(rows);
  std::vector<std::uint8_t> status(rows);
  MatchArrays host = {problem.stamps.data(), problem.queries.data(), index.data(), nullptr, nullptr};
  if (spec.age_and_status) {
    host.age = age.data();
    host.status = status.data();
  }
  robocache::throw_if_error(robocache::match(make_args(spec, problem, host), robocache::Host{0}));
  const auto same = [](const void* device, const void* expected, std::size_t bytes) {
    return device == nullptr ||
           std::memcmp(download(device, 0, static_cast<std::int64_t>(bytes)).data(), expected, bytes) == 0;
  };
  const MatchArrays device = set.arrays();
  if (!same(device.index, index.data(), rows * 8) || !same(device.age, age.data(), rows * 8) ||
      !same(device.status, status.data(), rows)) {
    throw std::runtime_error("result differs from the CPU path");
  }
}

double run_case(benchmark::State& state, const MatchCase& spec, Regime regime) {
  const ResampleProblem problem = make_problem(spec.times);
  const std::int64_t bytes = spec.bytes(problem);
  const Plan plan = Plan::of(regime, bytes);
  const Stream stream;
  std::vector<DeviceSet> sets;
  for (int set = 0; set < plan.sets; ++set) sets.emplace_back(spec, problem);
  const CallGraph graph(stream.get(), plan.calls, [&](int call, cudaStream_t on) {
    const MatchArrays arrays = sets[static_cast<std::size_t>(call % plan.sets)].arrays();
    robocache::throw_if_error(robocache::match(make_args(spec, problem, arrays), on));
  });
  for (const DeviceSet& set : sets) set.poison_outputs(problem.rows());
  graph.replay();
  stream.synchronize();
  verify(spec, problem, sets.front());
  verify(spec, problem, sets.back());
  return time_beside_copy(state, stream, graph, plan, bytes);
}

void add_case(const char* name, const MatchCase& spec, const char* variant = "") {
  for (const Regime regime : {Regime::hot, Regime::cold}) {
    add("match/" + std::string(name) + spec.name + variant + "/" + name_of(regime),
        [spec, regime](benchmark::State& state) { return run_case(state, spec, regime); });
  }
}

}  // namespace

void add_match_cases() {
  const MatchCase nearest = covering_match(1024, 300, 3000);
  add_case("nearest", nearest);

  MatchCase spec = nearest;
  spec.direction = Direction::backward;
  add_case("backward", spec);
  spec.direction = Direction::forward;
  add_case("forward", spec);
  spec = nearest;
  spec.age_and_status = true;
  add_case("nearest", spec, "/age_status");
  spec = nearest;
  spec.times.asked = ResampleCase::Asked::stored;
  add_case("nearest", spec, "/stored_queries");
}

}  // namespace robocache_bench
