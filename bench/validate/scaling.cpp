// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "scaling.hpp"

#include "../gpu_cases.hpp"
#include "../support/resample_case.hpp"

#include <robocache/resample/resample.hpp>

#include <cuda_runtime_api.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace robocache_validate {

namespace {

using robocache_bench::check;
using robocache_bench::DeviceBuffer;
using robocache_bench::GpuCase;
using robocache_bench::PreparedCase;
using robocache_bench::Regime;
using robocache_bench::Stream;

/// Work that is enqueued again and again on the device that it was made for.
class Load {
 public:
  virtual ~Load() = default;
  virtual void enqueue() = 0;
  virtual std::vector<cudaStream_t> streams() const = 0;
  virtual void expect_result() = 0;  ///< throws unless it is the CPU path's
};
using MakeLoad = std::function<std::unique_ptr<Load>()>;

class ResidentLoad : public Load {
 public:
  explicit ResidentLoad(const GpuCase& spec) : prepared_(spec.prepare(Regime::cold)) {}
  void enqueue() override { prepared_.graph().replay(); }
  std::vector<cudaStream_t> streams() const override { return {prepared_.stream().get()}; }
  void expect_result() override { static_cast<void>(prepared_.check_result()); }

 private:
  PreparedCase prepared_;
};

struct FreeHost {
  void operator()(void* pointer) const { static_cast<void>(cudaFreeHost(pointer)); }
};
using Pinned = std::unique_ptr<unsigned char, FreeHost>;

Pinned pinned(std::size_t bytes) {
  void* pointer = nullptr;
  check(cudaMallocHost(&pointer, bytes), "cudaMallocHost");
  return Pinned(static_cast<unsigned char*>(pointer));
}

/// 256 episodes of 500 x 256 bfloat16 to 256 rows: in from the host, resampled, and back, by turns on two streams. With
/// `is_copy` the bytes go in and out alone, which is what the host's memory and the links give.
class HostFedLoad : public Load {
  static constexpr unsigned char poison = 0xa5;

 public:
  static constexpr std::size_t values_bytes = std::size_t{256} * 500 * 256 * 2,
                               out_bytes = std::size_t{256} * 256 * 256 * 2;

  explicit HostFedLoad(bool is_copy) : problem_(make_problem(robocache_bench::covering(256, 500, 256, 256))) {
    is_copy_ = is_copy;
    for (Lane& lane : lanes_) {
      lane.host_values = pinned(values_bytes);
      lane.host_out = pinned(out_bytes);
      for (std::size_t i = 0; i < values_bytes / 2; ++i) {  // bfloat16 near one
        lane.host_values.get()[2 * i] = static_cast<unsigned char>(i * 37 % 251);
        lane.host_values.get()[2 * i + 1] = 0x3f;
      }
      lane.values = DeviceBuffer(static_cast<std::int64_t>(values_bytes));
      lane.out = DeviceBuffer(static_cast<std::int64_t>(out_bytes));
      lane.times = DeviceBuffer(problem_.stamps);
    }
  }
  void enqueue() override {
    const Lane& lane = lanes_[turn_++ % 2];
    const cudaStream_t on = lane.stream.get();
    check(cudaMemcpyAsync(lane.values.get(), lane.host_values.get(), values_bytes, cudaMemcpyHostToDevice, on),
          "cudaMemcpyAsync");
    if (!is_copy_) {
      robocache::throw_if_error(robocache::resample(args(lane.values.get(), lane.times.get(), lane.out.get()), on));
    }
    check(cudaMemcpyAsync(lane.host_out.get(), lane.out.get(), out_bytes, cudaMemcpyDeviceToHost, on),
          "cudaMemcpyAsync");
  }
  std::vector<cudaStream_t> streams() const override { return {lanes_[0].stream.get(), lanes_[1].stream.get()}; }
  void expect_result() override {
    if (is_copy_) return;
    for (const Lane& lane : lanes_) {
      check(cudaMemsetAsync(lane.out.get(), poison, out_bytes, lane.stream.get()), "cudaMemsetAsync");
      lane.stream.synchronize();
      std::fill_n(lane.host_out.get(), out_bytes, poison);
    }
    enqueue();
    enqueue();
    for (const Lane& lane : lanes_) lane.stream.synchronize();
    std::vector<unsigned char> expected(out_bytes);
    robocache::throw_if_error(robocache::resample(
        args(lanes_[0].host_values.get(), problem_.stamps.data(), expected.data()), robocache::Host{0}));
    for (const Lane& lane : lanes_) {
      if (!std::equal(expected.begin(), expected.end(), lane.host_out.get())) {
        throw std::runtime_error("differs from the CPU path");
      }
    }
  }

 private:
  struct Lane {
    Stream stream;
    Pinned host_values, host_out;
    DeviceBuffer values, out, times;
  };
  robocache::ResampleArgs args(const void* values, const void* times, void* out) const {
    robocache_bench::ResampleArrays arrays;
    arrays.values = values;
    arrays.times = times;
    arrays.out = out;
    return problem_.args(arrays);
  }

  robocache_bench::ResampleProblem problem_;
  Lane lanes_[2];
  unsigned turn_ = 0;
  bool is_copy_ = false;
};

/// What has been enqueued on some streams so far.
class Mark {
 public:
  explicit Mark(std::size_t streams) : events_(streams) {
    for (cudaEvent_t& event : events_) {
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    }
  }
  ~Mark() {
    for (const cudaEvent_t event : events_) static_cast<void>(cudaEventDestroy(event));
  }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

  void record(const std::vector<cudaStream_t>& streams) const {
    for (std::size_t s = 0; s < streams.size(); ++s) check(cudaEventRecord(events_[s], streams[s]), "cudaEventRecord");
  }
  void wait() const {
    for (const cudaEvent_t event : events_) check(cudaEventSynchronize(event), "cudaEventSynchronize");
  }

 private:
  std::vector<cudaEvent_t> events_;
};

/// Times that a load is enqueued a second, over a good part of one.
double rate_of(Load& load) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  constexpr int batch = 8;  // the host waits for one while the device has the next: it does not run dry
  const std::vector<cudaStream_t> streams = load.streams();
  const Mark marks[2] = {Mark(streams.size()), Mark(streams.size())};
  const Clock::time_point begin = Clock::now();
  std::int64_t batches = 0;
  do {
    for (int i = 0; i < batch; ++i) load.enqueue();
    marks[batches % 2].record(streams);
    if (batches > 0) marks[(batches + 1) % 2].wait();
    ++batches;
  } while (seconds_since(begin) < 0.5);
  marks[(batches + 1) % 2].wait();
  return static_cast<double>(batches * batch) / seconds_since(begin);
}

/// Everybody waits for the last.
class Barrier {
 public:
  explicit Barrier(int threads) : missing_(threads) {}
  void arrive() {
    --missing_;
    while (missing_ > 0) std::this_thread::yield();
  }

 private:
  std::atomic<int> missing_;
};

struct Rates {
  std::vector<double> alone, together;
};

/// Failures of the devices are appended; then the rates say nothing.
Rates rates_over(const std::vector<int>& devices, const std::string& name, const MakeLoad& make,
                 std::vector<std::string>* failures) {
  const auto count = devices.size();
  Rates rates{std::vector<double>(count), std::vector<double>(count)};
  std::vector<std::string> errors(count);
  // One device may be named twice, and may not be synchronised while a stream of it is captured.
  std::mutex preparing;
  Barrier prepared(static_cast<int>(count)), done_alone(static_cast<int>(count));
  std::atomic<std::size_t> turn{0};
  std::vector<std::thread> threads;
  for (std::size_t d = 0; d < count; ++d) {
    threads.emplace_back([&, d] {
      std::unique_ptr<Load> load;
      const auto guarded = [&](const auto& step) {
        if (!errors[d].empty()) return;
        try {
          step();
        } catch (const std::exception& error) {
          errors[d] = error.what();
        }
      };
      guarded([&] {
        check(cudaSetDevice(devices[d]), "cudaSetDevice");
        std::unique_lock<std::mutex> lock(preparing, std::defer_lock);
        if (std::count(devices.begin(), devices.end(), devices[d]) > 1) lock.lock();
        load = make();
        load->expect_result();
        rate_of(*load);  // warm
      });
      prepared.arrive();
      while (turn != d) std::this_thread::yield();
      guarded([&] { rates.alone[d] = rate_of(*load); });
      ++turn;
      done_alone.arrive();
      guarded([&] {
        rates.together[d] = rate_of(*load);
        load->expect_result();
      });
      load.reset();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t d = 0; d < count; ++d) {
    if (!errors[d].empty()) {
      failures->push_back("scaling: device " + std::to_string(devices[d]) + ": " + name + ": " + errors[d]);
    }
  }
  return rates;
}

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

GpuCase named(const std::vector<GpuCase>& cases, const std::string& name) {
  for (const GpuCase& spec : cases) {
    if (spec.name == name) return spec;
  }
  throw std::logic_error(name + ": no such case");
}

}  // namespace

nlohmann::ordered_json scaling_over(const std::vector<int>& devices, Progress& progress,
                                    std::vector<std::string>* failures) {
  using namespace robocache_bench;
  std::vector<std::pair<std::string, MakeLoad>> loads;
  for (const GpuCase& spec : {named(resample_cases(), "resample/linear/bf16_bf16/256x500x256x256"),
                              named(fuse_cases(), "fuse/linear/bf16_bf16/1024x3streams"),
                              named(voxelize_cases(), "voxelize_dense/count_i32/lidar_64x97k_128x128x16"),
                              named(voxelize_sparse_cases(), "voxelize_sparse/mean_f32x4/lidar_64x97k_0.1m")}) {
    loads.emplace_back(spec.name, [spec] { return std::make_unique<ResidentLoad>(spec); });
  }
  const std::string fed = "host_fed/resample/bf16_bf16/256x500x256x256", copied = "host_fed/copies_alone";
  loads.emplace_back(fed, [] { return std::make_unique<HostFedLoad>(false); });
  loads.emplace_back(copied, [] { return std::make_unique<HostFedLoad>(true); });

  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (const auto& [name, make] : loads) {
    progress.show("scaling: " + name);
    const std::size_t failed = failures->size();
    const Rates rates = rates_over(devices, name, make, failures);
    if (failures->size() > failed) continue;
    nlohmann::ordered_json entry = {{"load", name},
                                    {"devices", devices.size()},
                                    {"per_second_alone", rates.alone},
                                    {"per_second_together", rates.together},
                                    {"scaling", sum(rates.together) / sum(rates.alone)}};
    if (name == fed || name == copied) {
      constexpr double bytes = static_cast<double>(HostFedLoad::values_bytes + HostFedLoad::out_bytes);
      entry["GB_per_s_together"] = sum(rates.together) * bytes * 1e-9;
    }
    result.push_back(entry);
  }
  return result;
}

}  // namespace robocache_validate
