// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Approximate time synchronisation on the GPU. Method: bench/README.md.

#include <robocache/fuse/synchronize.hpp>
#include "fuse_cases.hpp"
#include "support/gpu_cases.cuh"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
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

/// One buffer set of a case on the device.
class DeviceSet {
 public:
  DeviceSet(const SynchronizeCase& spec, const std::vector<Stamps>& streams)
      : spec_(spec), sets_(spec.set_bytes()), set_count_(spec.count_bytes()) {
    for (const Stamps& stamps : streams) times_.emplace_back(stamps);
  }

  void enqueue(cudaStream_t on) const {
    std::vector<const std::int64_t*> times;
    for (const DeviceBuffer& buffer : times_) times.push_back(buffer.as<std::int64_t>());
    call(spec_, times, sets_.as<std::int64_t>(), set_count_.as<std::int64_t>(), on);
  }
  /// So that verify() sees what was not written.
  void poison_outputs() const {
    constexpr int poison = 0xa5;
    check(cudaMemset(sets_.get(), poison, static_cast<std::size_t>(spec_.set_bytes())), "cudaMemset");
    check(cudaMemset(set_count_.get(), poison, static_cast<std::size_t>(spec_.count_bytes())), "cudaMemset");
    check(cudaDeviceSynchronize(), "poison");
  }
  /// Compares with the CPU path's result.
  void verify(const Stamps& sets, const Stamps& set_count) const {
    const auto differs = [](const DeviceBuffer& buffer, const Stamps& expected) {
      const auto bytes = static_cast<std::int64_t>(expected.size() * sizeof(std::int64_t));
      return std::memcmp(download(buffer.get(), 0, bytes).data(), expected.data(), static_cast<std::size_t>(bytes)) !=
             0;
    };
    if (differs(sets_, sets) || differs(set_count_, set_count)) {
      throw std::runtime_error("result differs from the CPU path");
    }
  }

 private:
  SynchronizeCase spec_;
  std::vector<DeviceBuffer> times_;
  DeviceBuffer sets_, set_count_;
};

double run_case(benchmark::State& state, const SynchronizeCase& spec, Regime regime) {
  const std::vector<Stamps> streams = make_stamps(spec);
  std::int64_t bytes = spec.set_bytes() + spec.count_bytes();
  std::vector<const std::int64_t*> times;
  for (const Stamps& stamps : streams) {
    bytes += static_cast<std::int64_t>(stamps.size() * sizeof(std::int64_t));
    times.push_back(stamps.data());
  }
  const Plan plan = Plan::of(regime, bytes);
  const Stream stream;
  std::vector<DeviceSet> sets;
  for (int set = 0; set < plan.sets; ++set) sets.emplace_back(spec, streams);
  const CallGraph graph(stream.get(), plan.calls, [&](int number, cudaStream_t on) {
    sets[static_cast<std::size_t>(number % plan.sets)].enqueue(on);
  });
  for (const DeviceSet& set : sets) set.poison_outputs();
  graph.replay();
  stream.synchronize();

  Stamps expected(static_cast<std::size_t>(spec.set_bytes()) / sizeof(std::int64_t), -2);
  Stamps expected_count(static_cast<std::size_t>(spec.segments), -2);
  call(spec, times, expected.data(), expected_count.data(), robocache::Host{0});
  for (const DeviceSet& set : sets) set.verify(expected, expected_count);
  double found = 0;
  for (const std::int64_t count : expected_count) found += static_cast<double>(count);
  state.counters["sets_found"] = found;
  return time_beside_copy(state, stream, graph, plan, bytes);
}

void add_case(const SynchronizeCase& spec) {
  for (const Regime regime : {Regime::hot, Regime::cold}) {
    add(spec.name() + "/" + name_of(regime),
        [spec, regime](benchmark::State& state) { return run_case(state, spec, regime); });
  }
}

}  // namespace

void add_synchronize_cases() {
  SynchronizeCase sensors;  // camera, lidar, joints
  sensors.segments = 1024;
  sensors.hertz = {30, 10, 50};
  add_case(sensors);
}

}  // namespace robocache_bench
