// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Matching on the GPU. Method: bench/README.md.

#include "gpu_cases.hpp"

#include "support/resample_case.hpp"

#include <robocache/fuse/match.hpp>

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
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
  DeviceSet(const MatchCase& spec, std::shared_ptr<const ResampleProblem> problem)
      : spec_(spec), problem_(std::move(problem)), times_(problem_->stamps), index_(problem_->rows() * 8) {
    if (problem_->stored_queries()) queries_ = DeviceBuffer(problem_->queries);
    if (!spec.age_and_status) return;
    age_ = DeviceBuffer(problem_->rows() * 8);
    status_ = DeviceBuffer(problem_->rows());
  }

  void enqueue(cudaStream_t on) const {
    const MatchArrays arrays = {times_.get(), queries_.get(), index_.as<std::int64_t>(), age_.as<std::int64_t>(),
                                status_.as<std::uint8_t>()};
    robocache::throw_if_error(robocache::match(make_args(spec_, *problem_, arrays), on));
  }
  void poison_outputs() const {
    index_.poison();
    age_.poison();
    status_.poison();
  }
  Counters verify() const {
    const auto rows = static_cast<std::size_t>(problem_->rows());
    std::vector<std::int64_t> index(rows), age(rows);
    std::vector<std::uint8_t> status(rows);
    MatchArrays host = {problem_->stamps.data(), problem_->queries.data(), index.data(), nullptr, nullptr};
    if (spec_.age_and_status) {
      host.age = age.data();
      host.status = status.data();
    }
    robocache::throw_if_error(robocache::match(make_args(spec_, *problem_, host), robocache::Host{0}));
    expect_same(index_, index, "index");
    if (!spec_.age_and_status) return {};
    expect_same(age_, age, "age");
    expect_same(status_, status, "status");
    return {};
  }

 private:
  MatchCase spec_;
  std::shared_ptr<const ResampleProblem> problem_;
  DeviceBuffer times_, index_, queries_, age_, status_;
};

GpuCase as_case(const char* name, const MatchCase& spec, const char* variant = "") {
  return {"match/" + std::string(name) + spec.name + variant, 0, [spec](Regime regime) {
            const auto problem = std::make_shared<const ResampleProblem>(make_problem(spec.times));
            return PreparedCase::of(regime, spec.bytes(*problem),
                                    [&](std::uint64_t) { return DeviceSet(spec, problem); });
          }};
}

}  // namespace

std::vector<GpuCase> match_cases() {
  const MatchCase nearest = covering_match(1024, 300, 3000);
  MatchCase backward = nearest, forward = nearest, with_age = nearest, stored = nearest;
  backward.direction = Direction::backward;
  forward.direction = Direction::forward;
  with_age.age_and_status = true;
  stored.times.asked = ResampleCase::Asked::stored;
  return {as_case("nearest", nearest), as_case("backward", backward), as_case("forward", forward),
          as_case("nearest", with_age, "/age_status"), as_case("nearest", stored, "/stored_queries")};
}

}  // namespace robocache_bench
