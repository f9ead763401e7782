// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Fusion on the GPU, and the operators beside it: matching, gathering, synchronising. Method: bench/README.md.

#include "fuse_cases.hpp"
#include "support/gpu_cases.cuh"
#include "support/resample_case.hpp"

#include <robocache/fuse/fuse.hpp>

#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace robocache_bench {
namespace {

/// One stream of a case.
struct StreamSpec {
  std::int64_t width;
  double hertz;
  Interpolation interpolation = Interpolation::linear;
  bool pose = false;  ///< 3 channels, then a quaternion by slerp
};

struct FuseCase {
  std::string name;
  std::int64_t segments;
  double shortest, longest;  ///< seconds of an episode
  ElementType in, out;
  bool affine;
  std::vector<StreamSpec> streams;
};

constexpr std::int64_t rate = 50;

/// Each stream as if it were resampled alone: its stamps, the rows, and the bytes it must move.
std::vector<ResampleProblem> make_problems(const FuseCase& fused) {
  std::mt19937_64 random(20260101);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
  };
  const bool ragged = fused.shortest < fused.longest;
  std::vector<ResampleProblem> problems(fused.streams.size());
  for (std::size_t s = 0; s < problems.size(); ++s) {
    const StreamSpec& stream = fused.streams[s];
    ResampleCase& spec = problems[s].spec;
    spec.interpolation = stream.interpolation;
    spec.pose = stream.pose;
    spec.in = fused.in;
    spec.out = fused.out;
    spec.segments = fused.segments;
    spec.shortest = ragged ? 1 : 0;
    spec.width = stream.width;
    spec.rate = {rate, 1};
    spec.affine = fused.affine;
    if (stream.pose) {
      problems[s].groups = {robocache::channels(3, stream.interpolation),
                            robocache::rotation(robocache::RotationFormat::quaternion_xyzw)};
    }
    for (std::int64_t c = 0; fused.affine && c < stream.width; ++c) {
      problems[s].scale.push_back(static_cast<float>(1 + below(1000)) / 256.0f);
      problems[s].shift.push_back(static_cast<float>(below(1000) - 500) / 128.0f);
    }
    problems[s].sample_offsets = {0};
    problems[s].row_offsets = {0};
  }
  for (std::int64_t e = 0; e < fused.segments; ++e) {
    const double seconds =
        fused.shortest + (fused.longest - fused.shortest) * static_cast<double>(below(1 << 20)) / (1 << 20);
    const std::int64_t first = 1'700'000'000'000'000'000 + e * 3'600'000'000'000;
    const std::int64_t rows = static_cast<std::int64_t>(seconds * rate);
    const std::int64_t last = first + rows * (1'000'000'000 / rate);
    for (std::size_t s = 0; s < problems.size(); ++s) {
      ResampleProblem& problem = problems[s];
      const auto samples = static_cast<std::int64_t>(seconds * fused.streams[s].hertz);
      const std::int64_t period = (last - first) / (samples - 1), jitter = period / 5;
      for (std::int64_t i = 0; i < samples; ++i) {
        // The ends are not jittered, so that every row lies inside the recording.
        const std::int64_t off = i > 0 && i + 1 < samples ? below(2 * jitter + 1) - jitter : 0;
        problem.stamps.push_back(i + 1 == samples ? last : first + i * period + off);
      }
      for (std::int64_t k = 0; k < rows; ++k) problem.queries.push_back(first + k * (1'000'000'000 / rate));
      problem.sample_offsets.push_back(problem.sample_offsets.back() + samples);
      problem.row_offsets.push_back(problem.row_offsets.back() + rows);
    }
  }
  return problems;
}

/// The arrays of one stream on the device.
struct DeviceStream {
  DeviceBuffer values, times, sample_offsets, row_offsets, scale, shift;

  explicit DeviceStream(const ResampleProblem& problem)
      : values(problem.samples() * problem.spec.width * robocache::size_of(problem.spec.in)),
        times(problem.stamps),
        scale(problem.scale),
        shift(problem.shift) {
    if (problem.spec.ragged()) {
      sample_offsets = DeviceBuffer(problem.sample_offsets);
      row_offsets = DeviceBuffer(problem.row_offsets);
    }
    const std::int64_t count = problem.samples() * problem.spec.width;
    if (problem.spec.in == ElementType::f32) {
      fill_random(values.as<float>(), count, 77);
    } else {
      fill_random(values.as<__nv_bfloat16>(), count, 77);
    }
  }
  ResampleArrays arrays() const {
    ResampleArrays arrays;
    arrays.values = values.get();
    arrays.times = times.get();
    arrays.sample_offsets = sample_offsets.as<std::int64_t>();
    arrays.row_offsets = row_offsets.as<std::int64_t>();
    arrays.scale = scale.as<float>();
    arrays.shift = shift.as<float>();
    return arrays;
  }
};

/// Arguments for the arrays of all streams, in one memory space. Holds what the arguments point at.
struct FuseCall {
  std::vector<robocache::SensorStream> streams;
  robocache::FuseArgs args;

  FuseCall(const std::vector<ResampleProblem>& problems, const std::vector<ResampleArrays>& arrays, void* out) {
    std::int64_t width = 0;
    for (std::size_t s = 0; s < problems.size(); ++s) {
      const robocache::ResampleArgs alone = problems[s].args(arrays[s]);
      streams.push_back(alone.source);
      if (s == 0) args.at = alone.at;
      width += problems[s].spec.width;
    }
    args.streams = streams.data();
    args.stream_count = static_cast<std::int32_t>(streams.size());
    args.out = {out, problems[0].spec.out, problems[0].rows(), width, width};
  }
};

struct DeviceSet {
  std::vector<DeviceStream> streams;
  DeviceBuffer out;

  DeviceSet(const std::vector<ResampleProblem>& problems, std::int64_t out_bytes) : out(out_bytes) {
    for (const ResampleProblem& problem : problems) streams.emplace_back(problem);
  }
  FuseCall call(const std::vector<ResampleProblem>& problems) const {
    std::vector<ResampleArrays> arrays;
    for (const DeviceStream& stream : streams) arrays.push_back(stream.arrays());
    return FuseCall(problems, arrays, out.get());
  }
};

/// Compares the device's output with the CPU path, bit for bit.
void verify(const std::vector<ResampleProblem>& problems, const DeviceSet& set, std::int64_t out_bytes) {
  std::vector<std::vector<unsigned char>> values;
  std::vector<ResampleArrays> arrays;
  for (std::size_t s = 0; s < problems.size(); ++s) {
    const ResampleProblem& problem = problems[s];
    values.push_back(download(set.streams[s].values.get(), 0,
                              problem.samples() * problem.spec.width * robocache::size_of(problem.spec.in)));
    ResampleArrays host;
    host.values = values.back().data();
    host.times = problem.stamps.data();
    if (problem.spec.ragged()) {
      host.sample_offsets = problem.sample_offsets.data();
      host.row_offsets = problem.row_offsets.data();
    }
    host.scale = problem.scale.empty() ? nullptr : problem.scale.data();
    host.shift = problem.shift.empty() ? nullptr : problem.shift.data();
    arrays.push_back(host);
  }
  std::vector<unsigned char> expected(static_cast<std::size_t>(out_bytes), 0x5a);
  const FuseCall call(problems, arrays, expected.data());
  robocache::throw_if_error(robocache::fuse(call.args, robocache::Host{0}));
  if (download(set.out.get(), 0, out_bytes) != expected) throw std::runtime_error("result differs from the CPU path");
}

double run_case(benchmark::State& state, const FuseCase& fused, Regime regime) {
  const std::vector<ResampleProblem> problems = make_problems(fused);
  std::int64_t bytes = 0, width = 0;
  for (const ResampleProblem& problem : problems) {
    bytes += problem.bytes();
    width += problem.spec.width;
  }
  const std::int64_t out_bytes = problems[0].rows() * width * robocache::size_of(fused.out);
  const Plan plan = Plan::of(regime, bytes);
  const Stream stream;
  std::vector<DeviceSet> sets;
  for (int set = 0; set < plan.sets; ++set) sets.emplace_back(problems, out_bytes);
  const CallGraph graph(stream.get(), plan.calls, [&](int call, cudaStream_t on) {
    robocache::throw_if_error(
        robocache::fuse(sets[static_cast<std::size_t>(call % plan.sets)].call(problems).args, on));
  });
  for (const DeviceSet& set : sets) {
    check(cudaMemset(set.out.get(), 0xa5, static_cast<std::size_t>(out_bytes)), "cudaMemset");
  }
  check(cudaDeviceSynchronize(), "poison");
  graph.replay();
  stream.synchronize();
  verify(problems, sets.front(), out_bytes);
  if (sets.size() > 1) verify(problems, sets.back(), out_bytes);
  return time_beside_copy(state, stream, graph, plan, bytes);
}

void add_case(const FuseCase& fused) {
  for (const Regime regime : {Regime::hot, Regime::cold}) {
    add("fuse/" + fused.name + "/" + name_of(regime),
        [fused, regime](benchmark::State& state) { return run_case(state, fused, regime); });
  }
}

void add_cases() {
  for (const std::int64_t episodes : {4, 64, 1024}) {
    add_case({"linear/bf16_bf16/" + std::to_string(episodes) + "x3streams",
              episodes,
              1.0,
              1.0,
              ElementType::bf16,
              ElementType::bf16,
              false,
              {{512, 30}, {64, 100}, {12, 200}}});
  }
  add_case({"mixed/f32_bf16/64x5streams_ragged",
            64,
            10.0,
            30.0,
            ElementType::f32,
            ElementType::bf16,
            true,
            {{6, 1000}, {7, 500, Interpolation::linear, true}, {6, 125}, {10, 60}, {1, 30, Interpolation::previous}}});
}

}  // namespace
}  // namespace robocache_bench

int main(int argc, char** argv) {
  robocache_bench::add_context();
  robocache_bench::add_ceilings();
  robocache_bench::add_cases();
  robocache_bench::add_match_cases();
  robocache_bench::add_gather_cases();
  robocache_bench::add_synchronize_cases();
  return robocache_bench::run_benchmarks(argc, argv);
}
