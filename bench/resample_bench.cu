// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Resampling on the GPU, and the ceilings it is held against. Method: bench/README.md.

#include "support/gpu_cases.cuh"
#include "support/resample_case.hpp"

#include <robocache/resample/resample.hpp>

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace robocache_bench {
namespace {

void fill_values(const ResampleCase& spec, void* values, std::int64_t count) {
  constexpr std::uint64_t seed = 77;
  switch (spec.in) {
    case ElementType::f32:
      return fill_random(static_cast<float*>(values), count, seed);
    case ElementType::f64:
      return fill_random(static_cast<double*>(values), count, seed);
    case ElementType::f16:
      return fill_random(static_cast<__half*>(values), count, seed);
    case ElementType::bf16:
      return fill_random(static_cast<__nv_bfloat16*>(values), count, seed);
    case ElementType::u8:
      break;  // not resampled
  }
}

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  explicit DeviceSet(const ResampleProblem& problem)
      : out_bytes_(problem.rows() * problem.spec.width * robocache::size_of(problem.spec.out)),
        status_bytes_(problem.spec.status ? problem.rows() * problem.group_count() : 0),
        values_(problem.samples() * problem.spec.width * robocache::size_of(problem.spec.in)),
        times_(problem.spec.f32_seconds ? DeviceBuffer(problem.stamps_f32) : DeviceBuffer(problem.stamps)),
        out_(out_bytes_),
        status_(status_bytes_),
        scale_(problem.scale),
        shift_(problem.shift) {
    fill_values(problem.spec, values_.get(), problem.samples() * problem.spec.width);
    if (problem.spec.ragged()) {
      sample_offsets_ = DeviceBuffer(problem.sample_offsets);
      row_offsets_ = DeviceBuffer(problem.row_offsets);
    }
    if (problem.stored_queries()) {
      queries_ = problem.spec.f32_seconds ? DeviceBuffer(problem.queries_f32) : DeviceBuffer(problem.queries);
    }
  }

  /// So that verify() sees what was not written.
  void poison_outputs() const {
    constexpr int poison = 0xa5;
    check(cudaMemset(out_.get(), poison, static_cast<std::size_t>(out_bytes_)), "cudaMemset");
    if (status_bytes_ > 0) {
      check(cudaMemset(status_.get(), poison, static_cast<std::size_t>(status_bytes_)), "cudaMemset");
    }
    check(cudaDeviceSynchronize(), "poison");
  }

  ResampleArrays arrays() const {
    ResampleArrays arrays;
    arrays.values = values_.get();
    arrays.times = times_.get();
    arrays.queries = queries_.get();
    arrays.sample_offsets = sample_offsets_.as<std::int64_t>();
    arrays.row_offsets = row_offsets_.as<std::int64_t>();
    arrays.scale = scale_.as<float>();
    arrays.shift = shift_.as<float>();
    arrays.out = out_.get();
    arrays.status = status_.as<std::uint8_t>();
    return arrays;
  }

 private:
  std::int64_t out_bytes_;
  std::int64_t status_bytes_;
  DeviceBuffer values_, times_, out_, status_, scale_, shift_;
  DeviceBuffer sample_offsets_, row_offsets_, queries_;
};

/// Compares one segment of the device's output with the CPU path, bit for bit.
void verify_segment(const ResampleProblem& problem, const DeviceSet& set, std::int64_t segment) {
  const ResampleCase& spec = problem.spec;
  const ResampleArrays device = set.arrays();
  const std::size_t s = static_cast<std::size_t>(segment);
  const std::int64_t sample = problem.sample_offsets[s];
  const std::int64_t row = problem.row_offsets[s];
  const std::int64_t samples = problem.sample_offsets[s + 1] - sample;
  const std::int64_t rows = problem.row_offsets[s + 1] - row;
  const std::int64_t in_row = spec.width * robocache::size_of(spec.in);
  const std::int64_t out_row = spec.width * robocache::size_of(spec.out);

  const std::vector<unsigned char> values = download(device.values, sample * in_row, samples * in_row);
  const std::vector<unsigned char> out = download(device.out, row * out_row, rows * out_row);
  std::vector<unsigned char> expected(out.size(), 0x5a);
  const std::int64_t status_row = spec.status ? problem.group_count() : 0;
  const std::vector<unsigned char> status = download(device.status, row * status_row, rows * status_row);
  std::vector<unsigned char> expected_status(status.size(), 0x5a);

  ResampleArrays host;
  host.values = values.data();
  host.times = spec.f32_seconds ? static_cast<const void*>(problem.stamps_f32.data() + sample)
                                : static_cast<const void*>(problem.stamps.data() + sample);
  host.queries = spec.f32_seconds ? static_cast<const void*>(problem.queries_f32.data() + row)
                                  : static_cast<const void*>(problem.queries.data() + row);
  host.scale = spec.affine ? problem.scale.data() : nullptr;
  host.shift = spec.affine ? problem.shift.data() : nullptr;
  host.out = expected.data();
  host.status = spec.status ? expected_status.data() : nullptr;
  robocache::throw_if_error(robocache::resample(problem.args(host, segment, 1), robocache::Host{0}));
  if (out != expected || status != expected_status) {
    throw std::runtime_error("result differs from the CPU path in segment " + std::to_string(segment));
  }
}

void verify(const ResampleProblem& problem, const DeviceSet& set) {
  std::vector<std::int64_t> segments = {0, problem.spec.segments - 1};
  std::mt19937_64 random(5);
  for (int i = 0; i < 14; ++i) {
    segments.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(problem.spec.segments)));
  }
  std::sort(segments.begin(), segments.end());
  segments.erase(std::unique(segments.begin(), segments.end()), segments.end());
  for (const std::int64_t segment : segments) verify_segment(problem, set, segment);
}

double run_case(benchmark::State& state, const ResampleCase& spec, Regime regime) {
  const ResampleProblem problem = make_problem(spec);
  const std::int64_t bytes = problem.bytes();
  const Plan plan = Plan::of(regime, bytes);
  const Stream stream;
  std::vector<DeviceSet> sets;
  for (int set = 0; set < plan.sets; ++set) sets.emplace_back(problem);
  const CallGraph graph(stream.get(), plan.calls, [&](int call, cudaStream_t on) {
    const DeviceSet& set = sets[static_cast<std::size_t>(call % plan.sets)];
    robocache::throw_if_error(robocache::resample(problem.args(set.arrays()), on));
  });
  for (const DeviceSet& set : sets) set.poison_outputs();
  graph.replay();
  stream.synchronize();
  verify(problem, sets.front());
  if (sets.size() > 1) verify(problem, sets.back());

  return time_beside_copy(state, stream, graph, plan, bytes);
}

void add_case(const ResampleCase& spec) {
  for (const Regime regime : {Regime::hot, Regime::cold}) {
    add(spec.name() + "/" + name_of(regime),
        [spec, regime](benchmark::State& state) { return run_case(state, spec, regime); });
  }
}

/// 300 samples at 50 Hz to 150 rows at 25 Hz.
ResampleCase halving(std::int64_t segments, std::int64_t width) {
  ResampleCase spec;
  spec.segments = segments;
  spec.samples = 300;
  spec.rows = 150;
  spec.width = width;
  spec.rate = {25, 1};
  return spec;
}

ResampleCase with_types(ResampleCase spec, ElementType in, ElementType out) {
  spec.in = in;
  spec.out = out;
  return spec;
}

ResampleCase with_kind(ResampleCase spec, const char* name, Interpolation kind) {
  spec.kind = name;
  spec.interpolation = kind;
  return spec;
}

ResampleCase with_variant(ResampleCase spec, const char* name) {
  spec.variant = name;
  return spec;
}

void add_required_cases() {
  add_case(covering(32, 500, 256, 256));
  add_case(covering(256, 500, 256, 256));
  add_case(covering(64, 4096, 1024, 32));
  add_case(halving(4096, 14));
  add_case(with_types(halving(4096, 14), ElementType::f32, ElementType::bf16));

  ResampleCase ragged = with_types(halving(4096, 14), ElementType::f32, ElementType::bf16);
  ragged.shape = "4096x300x150x14";
  ragged.variant = "ragged";
  ragged.shortest = 100;
  ragged.samples = 1600;
  add_case(ragged);

  ResampleCase pose = with_types(halving(4096, 7), ElementType::f32, ElementType::f32);
  pose.kind = "pose_slerp";
  pose.pose = true;
  add_case(pose);

  const ResampleCase f32_arms = with_types(halving(1024, 14), ElementType::f32, ElementType::f32);
  add_case(with_kind(f32_arms, "pchip", Interpolation::pchip));

  ResampleCase recording = with_types(ResampleCase(), ElementType::f64, ElementType::f64);
  recording.shape = "one_segment_5M";
  recording.samples = recording.rows = 5'000'000;
  recording.width = 14;
  recording.hertz = 1000;
  recording.rate = {1000, 1};
  add_case(recording);

  ResampleCase seconds = with_variant(covering(32, 500, 256, 256), "f32_seconds");
  seconds.asked = ResampleCase::Asked::stored;
  seconds.f32_seconds = true;
  add_case(seconds);
}

void add_informative_cases() {
  const ResampleCase wide = covering(256, 500, 256, 256);
  add_case(with_kind(wide, "previous", Interpolation::previous));
  add_case(with_kind(wide, "nearest", Interpolation::nearest));
  const ResampleCase f32_arms = with_types(halving(1024, 14), ElementType::f32, ElementType::f32);
  add_case(with_kind(f32_arms, "cubic", Interpolation::cubic));
  add_case(with_kind(f32_arms, "akima", Interpolation::akima));

  ResampleCase variant = with_variant(wide, "status");
  variant.status = true;
  add_case(variant);
  variant = with_variant(wide, "affine");
  variant.affine = true;
  add_case(variant);
  variant = with_variant(wide, "stored_queries");
  variant.asked = ResampleCase::Asked::stored;
  add_case(variant);
  variant = with_variant(wide, "shuffled_queries");
  variant.asked = ResampleCase::Asked::shuffled;
  add_case(variant);

  add_case(with_types(wide, ElementType::f32, ElementType::f32));
  add_case(covering(64, 1000, 512, 512));
  add_case(halving(1024, 14));
  add_case(with_types(halving(1024, 14), ElementType::f64, ElementType::f64));
}

}  // namespace
}  // namespace robocache_bench

int main(int argc, char** argv) {
  robocache_bench::add_context();
  robocache_bench::add_ceilings();
  robocache_bench::add_required_cases();
  robocache_bench::add_informative_cases();
  return robocache_bench::run_benchmarks(argc, argv);
}
