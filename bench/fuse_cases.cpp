// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Fusion on the GPU, and the operators beside it: matching, gathering, synchronising. Method: bench/README.md.

#include "gpu_cases.hpp"

#include "support/plain_kernels.hpp"
#include "support/resample_case.hpp"

#include <robocache/fuse/fuse.hpp>

#include <cstdint>
#include <memory>
#include <random>
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
    fill_random(values.get(), problem.spec.in, problem.samples() * problem.spec.width, 77);
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

/// A case's streams, each as if it were resampled alone, and the rows of all side by side.
struct FuseProblem {
  std::vector<ResampleProblem> streams;
  std::int64_t bytes = 0, out_bytes = 0;

  explicit FuseProblem(const FuseCase& spec) : streams(make_problems(spec)) {
    std::int64_t width = 0;
    for (const ResampleProblem& stream : streams) {
      bytes += stream.bytes();
      width += stream.spec.width;
    }
    out_bytes = streams[0].rows() * width * robocache::size_of(spec.out);
  }
};

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  explicit DeviceSet(std::shared_ptr<const FuseProblem> problem)
      : problem_(std::move(problem)), out_(problem_->out_bytes) {
    for (const ResampleProblem& stream : problem_->streams) streams_.emplace_back(stream);
  }

  void enqueue(cudaStream_t on) const {
    std::vector<ResampleArrays> arrays;
    for (const DeviceStream& stream : streams_) arrays.push_back(stream.arrays());
    robocache::throw_if_error(robocache::fuse(FuseCall(problem_->streams, arrays, out_.get()).args, on));
  }
  void poison_outputs() const { out_.poison(); }
  Counters verify() const {
    std::vector<std::vector<unsigned char>> values;
    std::vector<ResampleArrays> arrays;
    for (std::size_t s = 0; s < streams_.size(); ++s) {
      const ResampleProblem& problem = problem_->streams[s];
      values.push_back(streams_[s].values.download());
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
    std::vector<unsigned char> expected(static_cast<std::size_t>(problem_->out_bytes), 0x5a);
    const FuseCall call(problem_->streams, arrays, expected.data());
    robocache::throw_if_error(robocache::fuse(call.args, robocache::Host{0}));
    expect_same(out_, expected, "rows");
    return {};
  }

 private:
  std::shared_ptr<const FuseProblem> problem_;
  std::vector<DeviceStream> streams_;
  DeviceBuffer out_;
};

GpuCase as_case(const FuseCase& spec) {
  return {"fuse/" + spec.name, 0, [spec](Regime regime) {
            const auto problem = std::make_shared<const FuseProblem>(spec);
            return PreparedCase::of(regime, problem->bytes, [&](std::uint64_t) { return DeviceSet(problem); });
          }};
}

}  // namespace

std::vector<GpuCase> fuse_cases() {
  std::vector<GpuCase> cases;
  for (const std::int64_t episodes : {4, 64, 1024}) {
    cases.push_back(as_case({"linear/bf16_bf16/" + std::to_string(episodes) + "x3streams",
                             episodes,
                             1.0,
                             1.0,
                             ElementType::bf16,
                             ElementType::bf16,
                             false,
                             {{512, 30}, {64, 100}, {12, 200}}}));
  }
  cases.push_back(as_case(
      {"mixed/f32_bf16/64x5streams_ragged",
       64,
       10.0,
       30.0,
       ElementType::f32,
       ElementType::bf16,
       true,
       {{6, 1000}, {7, 500, Interpolation::linear, true}, {6, 125}, {10, 60}, {1, 30, Interpolation::previous}}}));
  return cases;
}

}  // namespace robocache_bench
