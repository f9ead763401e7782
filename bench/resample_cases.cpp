// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Resampling on the GPU, and the ceilings it is held against. Method: bench/README.md.

#include "gpu_cases.hpp"

#include "support/plain_kernels.hpp"
#include "support/resample_case.hpp"

#include <robocache/resample/resample.hpp>

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace robocache_bench {
namespace {

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  DeviceSet(std::shared_ptr<const ResampleProblem> shared, std::uint64_t seed)
      : problem_(std::move(shared)),
        values_(problem_->samples() * row_bytes_in()),
        times_(problem_->spec.f32_seconds ? DeviceBuffer(problem_->stamps_f32) : DeviceBuffer(problem_->stamps)),
        out_(problem_->rows() * row_bytes_out()),
        status_(problem_->rows() * row_bytes_status()),
        scale_(problem_->scale),
        shift_(problem_->shift) {
    const ResampleProblem& problem = *problem_;
    fill_random(values_.get(), problem.spec.in, problem.samples() * problem.spec.width, seed);
    if (problem.spec.ragged()) {
      sample_offsets_ = DeviceBuffer(problem.sample_offsets);
      row_offsets_ = DeviceBuffer(problem.row_offsets);
    }
    if (problem.stored_queries()) {
      queries_ = problem.spec.f32_seconds ? DeviceBuffer(problem.queries_f32) : DeviceBuffer(problem.queries);
    }
  }

  void enqueue(cudaStream_t on) const {
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
    robocache::throw_if_error(robocache::resample(problem_->args(arrays), on));
  }
  void poison_outputs() const {
    out_.poison();
    status_.poison();
  }
  /// The first segment, the last, and some between.
  Counters verify() const {
    const std::int64_t segments = problem_->spec.segments;
    std::vector<std::int64_t> chosen = {0, segments - 1};
    std::mt19937_64 random(5);
    for (int i = 0; i < 14; ++i) {
      chosen.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(segments)));
    }
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    for (const std::int64_t segment : chosen) verify_segment(segment);
    return {};
  }

 private:
  std::int64_t row_bytes_in() const { return problem_->spec.width * robocache::size_of(problem_->spec.in); }
  std::int64_t row_bytes_out() const { return problem_->spec.width * robocache::size_of(problem_->spec.out); }
  std::int64_t row_bytes_status() const { return problem_->spec.status ? problem_->group_count() : 0; }

  void verify_segment(std::int64_t segment) const {
    const ResampleProblem& problem = *problem_;
    const ResampleCase& spec = problem.spec;
    const std::size_t s = static_cast<std::size_t>(segment);
    const std::int64_t sample = problem.sample_offsets[s];
    const std::int64_t row = problem.row_offsets[s];
    const std::int64_t samples = problem.sample_offsets[s + 1] - sample;
    const std::int64_t rows = problem.row_offsets[s + 1] - row;

    const std::vector<unsigned char> values = values_.download(sample * row_bytes_in(), samples * row_bytes_in());
    const std::vector<unsigned char> out = out_.download(row * row_bytes_out(), rows * row_bytes_out());
    const std::vector<unsigned char> status = status_.download(row * row_bytes_status(), rows * row_bytes_status());
    std::vector<unsigned char> expected(out.size(), 0x5a), expected_status(status.size(), 0x5a);

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
      throw std::runtime_error("differs from the CPU path in segment " + std::to_string(segment));
    }
  }

  std::shared_ptr<const ResampleProblem> problem_;
  DeviceBuffer values_, times_, out_, status_, scale_, shift_;
  DeviceBuffer sample_offsets_, row_offsets_, queries_;
};

GpuCase as_case(const ResampleCase& spec) {
  return {spec.name(), 0, [spec](Regime regime) {
            const auto problem = std::make_shared<const ResampleProblem>(make_problem(spec));
            return PreparedCase::of(regime, problem->bytes(),
                                    [&](std::uint64_t seed) { return DeviceSet(problem, seed); });
          }};
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

void add_required(std::vector<GpuCase>& cases) {
  cases.push_back(as_case(covering(32, 500, 256, 256)));
  cases.push_back(as_case(covering(256, 500, 256, 256)));
  cases.push_back(as_case(covering(64, 4096, 1024, 32)));
  cases.push_back(as_case(halving(4096, 14)));
  cases.push_back(as_case(with_types(halving(4096, 14), ElementType::f32, ElementType::bf16)));

  ResampleCase ragged = with_types(halving(4096, 14), ElementType::f32, ElementType::bf16);
  ragged.shape = "4096x300x150x14";
  ragged.variant = "ragged";
  ragged.shortest = 100;
  ragged.samples = 1600;
  cases.push_back(as_case(ragged));

  ResampleCase pose = with_types(halving(4096, 7), ElementType::f32, ElementType::f32);
  pose.kind = "pose_slerp";
  pose.pose = true;
  cases.push_back(as_case(pose));

  const ResampleCase f32_arms = with_types(halving(1024, 14), ElementType::f32, ElementType::f32);
  cases.push_back(as_case(with_kind(f32_arms, "pchip", Interpolation::pchip)));

  ResampleCase recording = with_types(ResampleCase(), ElementType::f64, ElementType::f64);
  recording.shape = "one_segment_5M";
  recording.samples = recording.rows = 5'000'000;
  recording.width = 14;
  recording.hertz = 1000;
  recording.rate = {1000, 1};
  cases.push_back(as_case(recording));

  ResampleCase seconds = with_variant(covering(32, 500, 256, 256), "f32_seconds");
  seconds.asked = ResampleCase::Asked::stored;
  seconds.f32_seconds = true;
  cases.push_back(as_case(seconds));
}

void add_informative(std::vector<GpuCase>& cases) {
  const ResampleCase wide = covering(256, 500, 256, 256);
  cases.push_back(as_case(with_kind(wide, "previous", Interpolation::previous)));
  cases.push_back(as_case(with_kind(wide, "nearest", Interpolation::nearest)));
  const ResampleCase f32_arms = with_types(halving(1024, 14), ElementType::f32, ElementType::f32);
  cases.push_back(as_case(with_kind(f32_arms, "cubic", Interpolation::cubic)));
  cases.push_back(as_case(with_kind(f32_arms, "akima", Interpolation::akima)));

  ResampleCase variant = with_variant(wide, "status");
  variant.status = true;
  cases.push_back(as_case(variant));
  variant = with_variant(wide, "affine");
  variant.affine = true;
  cases.push_back(as_case(variant));
  variant = with_variant(wide, "stored_queries");
  variant.asked = ResampleCase::Asked::stored;
  cases.push_back(as_case(variant));
  variant = with_variant(wide, "shuffled_queries");
  variant.asked = ResampleCase::Asked::shuffled;
  cases.push_back(as_case(variant));

  cases.push_back(as_case(with_types(wide, ElementType::f32, ElementType::f32)));
  cases.push_back(as_case(covering(64, 1000, 512, 512)));
  cases.push_back(as_case(halving(1024, 14)));
  cases.push_back(as_case(with_types(halving(1024, 14), ElementType::f64, ElementType::f64)));
}

}  // namespace

std::vector<GpuCase> resample_cases() {
  std::vector<GpuCase> cases;
  add_required(cases);
  add_informative(cases);
  return cases;
}

}  // namespace robocache_bench
