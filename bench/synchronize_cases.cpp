// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Approximate time synchronisation on the GPU. Method: bench/README.md.

#include "gpu_cases.hpp"

#include <robocache/fuse/synchronize.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace robocache_bench {
namespace {

/// Segments of `seconds`, in each of which every sensor begins at a random phase.
struct SynchronizeCase {
  std::int64_t segments = 0;
  std::int64_t seconds = 10;
  std::vector<std::int64_t> hertz;

  std::string name() const {
    return "synchronize/approximate/" + std::to_string(segments) + "x" + std::to_string(hertz.size()) + "streams";
  }
  std::int64_t messages(std::size_t stream) const { return seconds * hertz[stream]; }
  /// No segment has more sets than messages of the slowest sensor.
  std::int64_t capacity() const { return seconds * *std::min_element(hertz.begin(), hertz.end()); }
  std::int64_t set_bytes() const {
    return segments * capacity() * static_cast<std::int64_t>(hertz.size()) *
           static_cast<std::int64_t>(sizeof(std::int64_t));
  }
  std::int64_t count_bytes() const { return segments * static_cast<std::int64_t>(sizeof(std::int64_t)); }
};

using Stamps = std::vector<std::int64_t>;

/// Stamps near 1.7e18 ns, off their nominal times by up to 20 % of a period.
std::vector<Stamps> make_stamps(const SynchronizeCase& spec) {
  std::mt19937_64 random(20260101);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
  };
  std::vector<Stamps> streams;
  for (std::size_t i = 0; i < spec.hertz.size(); ++i) {
    const std::int64_t period = 1'000'000'000 / spec.hertz[i], jitter = period / 5;
    streams.emplace_back();
    for (std::int64_t s = 0; s < spec.segments; ++s) {
      const std::int64_t first = 1'700'000'000'000'000'000 + s * 3'600'000'000'000 + below(period);
      for (std::int64_t k = 0; k < spec.messages(i); ++k) {
        streams.back().push_back(first + k * period + below(2 * jitter + 1) - jitter);
      }
    }
  }
  return streams;
}

/// The call over arrays of one memory space; times[i] are the stamps of sensor i.
template <class Where>
void call(const SynchronizeCase& spec, const std::vector<const std::int64_t*>& times, std::int64_t* sets,
          std::int64_t* set_count, Where where) {
  std::vector<robocache::SyncStream> streams(times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    streams[i].times = times[i];
    streams[i].count = spec.segments * spec.messages(i);
    streams[i].segments = robocache::uniform(spec.segments, spec.messages(i));
  }
  robocache::SynchronizeArgs args;
  args.streams = streams.data();
  args.stream_count = static_cast<std::int32_t>(streams.size());
  args.sets = sets;
  args.capacity = spec.capacity();
  args.set_count = set_count;
  robocache::throw_if_error(robocache::synchronize(args, where));
}

/// A case with its result on the CPU.
struct SynchronizeProblem {
  SynchronizeCase spec;
  std::vector<Stamps> streams;
  Stamps sets, set_count;

  explicit SynchronizeProblem(const SynchronizeCase& of)
      : spec(of),
        streams(make_stamps(of)),
        sets(static_cast<std::size_t>(of.set_bytes()) / sizeof(std::int64_t), -2),
        set_count(static_cast<std::size_t>(of.segments), -2) {
    std::vector<const std::int64_t*> times;
    for (const Stamps& stamps : streams) times.push_back(stamps.data());
    call(spec, times, sets.data(), set_count.data(), robocache::Host{0});
  }
  std::int64_t bytes() const {
    std::int64_t bytes = spec.set_bytes() + spec.count_bytes();
    for (const Stamps& stamps : streams) bytes += static_cast<std::int64_t>(stamps.size() * sizeof(std::int64_t));
    return bytes;
  }
};

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  explicit DeviceSet(std::shared_ptr<const SynchronizeProblem> problem)
      : problem_(std::move(problem)), sets_(problem_->spec.set_bytes()), set_count_(problem_->spec.count_bytes()) {
    for (const Stamps& stamps : problem_->streams) times_.emplace_back(stamps);
  }

  void enqueue(cudaStream_t on) const {
    std::vector<const std::int64_t*> times;
    for (const DeviceBuffer& buffer : times_) times.push_back(buffer.as<std::int64_t>());
    call(problem_->spec, times, sets_.as<std::int64_t>(), set_count_.as<std::int64_t>(), on);
  }
  void poison_outputs() const {
    sets_.poison();
    set_count_.poison();
  }
  Counters verify() const {
    expect_same(sets_, problem_->sets, "sets");
    expect_same(set_count_, problem_->set_count, "set_count");
    const Stamps& found = problem_->set_count;
    return {{"sets_found", static_cast<double>(std::accumulate(found.begin(), found.end(), std::int64_t{0}))}};
  }

 private:
  std::shared_ptr<const SynchronizeProblem> problem_;
  std::vector<DeviceBuffer> times_;
  DeviceBuffer sets_, set_count_;
};

}  // namespace

std::vector<GpuCase> synchronize_cases() {
  SynchronizeCase sensors;  // camera, lidar, joints
  sensors.segments = 1024;
  sensors.hertz = {30, 10, 50};
  return {{sensors.name(), 0, [sensors](Regime regime) {
             const auto problem = std::make_shared<const SynchronizeProblem>(sensors);
             return PreparedCase::of(regime, problem->bytes(), [&](std::uint64_t) { return DeviceSet(problem); });
           }}};
}

}  // namespace robocache_bench
