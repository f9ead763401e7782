// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// What a policy sees of four live sensors: the last second as 20 rows of 84 channels, at each tick of a 20 Hz loop.
// Samples go into ring buffers as they arrive; a tick copies the state of the rings and replays one captured graph.

#include "machine.hpp"

#include <robocache/fuse/fuse.hpp>
#include <robocache/temporal/sample_status.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>

namespace {

using robocache::ElementType;

constexpr std::int64_t ms = 1'000'000, tick = 50 * ms;
constexpr int steps = 20, channels = 84, groups = 5, sensor_count = 4;

/// In the machine's memory, and written at each tick.
struct Input {
  robocache::Ring rings[sensor_count];
  std::int64_t now = 0;
  std::int64_t segment = 0;  // each sensor has one
  std::int64_t offsets[steps];
};

/// In the machine's memory; the policy reads `rows` there.
struct Output {
  robocache::BFloat16 rows[steps * channels];
  std::uint8_t status[steps * groups];
  std::int64_t age[steps][sensor_count];
};

/// A simulated sensor and its ring buffer: `capacity` stamps and as many samples, in the machine's memory.
struct Sensor {
  std::int64_t period, next;  // of stamps, ns
  std::int64_t capacity;
  int width;
  ElementType type;
  std::int64_t* times = nullptr;
  unsigned char* samples = nullptr;

  std::int64_t sample_bytes() const { return width * size_of(type); }

  /// The next sample goes behind the newest; it replaces the oldest if the buffer is full.
  template <class Machine>
  void append(Machine& machine, robocache::Ring& ring) {
    unsigned char sample[256], *end = sample;
    for (int c = 0; c < width; ++c, end += size_of(type)) {
      const auto value = static_cast<float>(std::sin(1e-9 * static_cast<double>(next) + c));
      const auto* const bytes = reinterpret_cast<const unsigned char*>(&value);
      // flawfinder: ignore: at most 4 bytes for each of 64 channels
      std::memcpy(end, bytes + 4 - size_of(type), static_cast<std::size_t>(size_of(type)));  // bf16: the upper half
    }
    const std::int64_t place = (ring.head + ring.count) % capacity;
    machine.copy(times + place, &next, sizeof(next));
    machine.copy(samples + place * sample_bytes(), sample, sample_bytes());
    if (ring.count == capacity) {
      ring.head = (ring.head + 1) % capacity;
    } else {
      ++ring.count;
    }
    next += period;
  }
};

template <class Machine>
void run() {
  Machine machine;
  Sensor sensors[] = {{2 * ms, 1 * ms, 512, 7, ElementType::f32},     // joints
                      {5 * ms, 3 * ms, 256, 6, ElementType::f32},     // IMU
                      {10 * ms, 2 * ms, 128, 7, ElementType::f32},    // pose: position and quaternion
                      {33 * ms, 4 * ms, 32, 64, ElementType::bf16}};  // features of camera images
  auto* const input = static_cast<Input*>(machine.allocate(sizeof(Input)));
  auto* const output = static_cast<Output*>(machine.allocate(sizeof(Output)));

  const robocache::ChannelGroup pose[] = {robocache::channels(3, robocache::Interpolation::linear),
                                          robocache::rotation(robocache::RotationFormat::quaternion_xyzw)};
  robocache::SensorStream streams[sensor_count];
  for (int s = 0; s < sensor_count; ++s) {
    Sensor& sensor = sensors[s];
    sensor.times = static_cast<std::int64_t*>(machine.allocate(sensor.capacity * 8));
    sensor.samples = static_cast<unsigned char*>(machine.allocate(sensor.capacity * sensor.sample_bytes()));
    streams[s].times = sensor.times;
    streams[s].values = {sensor.samples, sensor.type, sensor.capacity, sensor.width, sensor.width};
    streams[s].rings = &input->rings[s];
    streams[s].outside = robocache::Outside::clamp;  // at `now` the newest sample stands in,
    streams[s].max_age = 100 * ms;                   // unless the sensor has stopped
  }
  streams[2].groups = pose;
  streams[2].group_count = 2;
  streams[3].interpolation = robocache::Interpolation::previous;

  robocache::FuseArgs args;
  args.streams = streams;
  args.stream_count = sensor_count;
  args.at = robocache::windows(&input->now, &input->segment, 1, input->offsets, steps);
  args.out = robocache::rows(output->rows, steps, channels);
  args.status = output->status;
  args.age = output->age[0];
  machine.prepare(args);

  Input live;
  for (int k = 0; k < steps; ++k) live.offsets[k] = (k + 1 - steps) * tick;
  for (live.now = tick; live.now <= 2000 * ms; live.now += tick) {
    for (int s = 0; s < sensor_count; ++s) {
      while (sensors[s].next <= live.now) sensors[s].append(machine, live.rings[s]);
    }
    const auto begin = std::chrono::steady_clock::now();
    machine.copy(input, &live, sizeof(live));
    machine.fuse();
    machine.wait();
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;

    if (live.now % (400 * ms) != 0) continue;
    Output seen;
    machine.copy(&seen, output, sizeof(seen));
    machine.wait();
    const auto known = std::count_if(std::begin(seen.status), std::end(seen.status),
                                     [](auto status) { return robocache::how_of(status) != robocache::How::filled; });
    std::printf("%.1f s: %d of %d entries known; newest samples", 1e-9 * static_cast<double>(live.now),
                static_cast<int>(known), steps * groups);
    for (const std::int64_t age : seen.age[steps - 1]) std::printf(" %d", static_cast<int>(age / ms));
    std::printf(" ms old; %.1f us on the %s\n", spent.count(), Machine::name);
  }
}

}  // namespace

int main() {
  try {
#if ROBOCACHE_HAS_CUDA_RUNTIME
    live_policy::Gpu::exists() ? run<live_policy::Gpu>() : run<live_policy::Cpu>();
#else
    run<live_policy::Cpu>();
#endif
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "live_policy: %s\n", error.what());
    return 1;
  }
}
