// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/resample_case.hpp"

#include <robocache/resample/resample.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Every visible device at once: the operators use the current one, and leave it current.

#if ROBOCACHE_HAS_CUDA_RUNTIME

namespace robocache::test {
namespace {

using detail::check_cuda;
using Plain = Combination<std::int64_t, float, float>;

int device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

void use_device(int device) { check_cuda(cudaSetDevice(device), "cudaSetDevice"); }

int current_device() {
  int device = -1;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

/// Odd ones run the kernel for two-point kinds, even ones the kernels for mixed groups.
ResampleCase<Plain> numbered_case(int number) {
  Random random(900 + static_cast<std::uint64_t>(number));
  auto c = random_case<Plain>(random, 100 + number, 300 + 7 * number);
  add_group(c, random, channels(5, Interpolation::linear));
  if (number % 2 == 0) {
    add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
    if (number % 4 == 0) add_group(c, random, channels(2, Interpolation::akima));
  }
  return c;
}

/// A case with its result on the CPU, its buffers on one device and a stream there, and what came of it.
class DeviceRun {
 public:
  DeviceRun(int device, int number) : device_(device), case_(numbered_case(number)) {
    wanted_ = case_.run(Launcher::host);
    use_device(device_);
    check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
    args_ = case_.inputs(arena_);
    out_ = std::make_unique<Output<float>>(arena_.output_rows<float>(case_.rows, case_.out_width(), case_.out_width()));
    status_ = std::make_unique<Output<std::uint8_t>>(arena_.output<std::uint8_t>(case_.rows * case_.group_count()));
    args_.out = out_->rows();
    args_.status = status_->data();
  }
  DeviceRun(const DeviceRun&) = delete;
  DeviceRun& operator=(const DeviceRun&) = delete;
  ~DeviceRun() {
    static_cast<void>(cudaSetDevice(device_));
    static_cast<void>(cudaStreamDestroy(stream_));
  }

  int device() const { return device_; }

  void poison() const {
    use_device(device_);
    arena_.poison_outputs();
  }
  /// Enqueues the call on the current device, whichever that is.
  Status enqueue() const { return resample(args_, stream_); }

  void expect_result() const {
    use_device(device_);
    check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    expect_same_bits(wanted_.out, out_->download(), "out, device " + std::to_string(device_));
    expect_same_bits(wanted_.status, status_->download(), "status, device " + std::to_string(device_));
  }
  void expect_untouched() const {
    use_device(device_);
    check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    EXPECT_TRUE(out_->untouched() && status_->untouched()) << "device " << device_;
  }

 private:
  int device_;
  ResampleCase<Plain> case_;
  Resampled<float> wanted_;
  Arena arena_{Launcher::stream};
  cudaStream_t stream_ = nullptr;
  ResampleArgs args_;
  std::unique_ptr<Output<float>> out_;
  std::unique_ptr<Output<std::uint8_t>> status_;
};

class GpuDevices : public testing::Test {
 protected:
  void SetUp() override {
    if (device_count() == 0) GTEST_SKIP() << "no CUDA device";
    if (device_count() < 2) GTEST_SKIP() << "fewer than two CUDA devices";
  }
  void TearDown() override {
    if (device_count() > 0) use_device(0);
  }
};

/// Three threads for each device, each with three streams and many calls, none of which waits for another.
TEST_F(GpuDevices, ThreadsTimesStreamsTimesDevices) {
  SCOPED_TRACE(seed_trace());
  constexpr int threads_per_device = 3, streams = 3, rounds = 10;
  std::vector<std::string> failures(static_cast<std::size_t>(device_count() * threads_per_device));
  std::vector<std::thread> threads;
  for (int t = 0; t < device_count() * threads_per_device; ++t) {
    threads.emplace_back([&failures, t] {
      try {
        const int device = t / threads_per_device;
        std::vector<std::unique_ptr<DeviceRun>> runs;
        for (int s = 0; s < streams; ++s) runs.push_back(std::make_unique<DeviceRun>(device, t * streams + s));
        for (int round = 0; round < rounds; ++round) {
          for (const auto& run : runs) run->poison();
          for (const auto& run : runs) {
            EXPECT_OK(run->enqueue());
            EXPECT_EQ(current_device(), device);
          }
          for (const auto& run : runs) run->expect_result();
        }
      } catch (const std::exception& error) {
        failures[static_cast<std::size_t>(t)] = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<std::string>(failures.size()));
}

/// One thread that takes the devices in turn, with two streams on each, and waits only when all have work.
TEST_F(GpuDevices, OneThreadInTurn) {
  SCOPED_TRACE(seed_trace());
  std::vector<std::unique_ptr<DeviceRun>> runs;
  for (int number = 0; number < 2 * device_count(); ++number)
    runs.push_back(std::make_unique<DeviceRun>(number % device_count(), number));
  for (int round = 0; round < 10; ++round) {
    for (const auto& run : runs) run->poison();
    for (const auto& run : runs) {
      use_device(run->device());
      ASSERT_OK(run->enqueue());
      ASSERT_EQ(current_device(), run->device());
    }
    for (const auto& run : runs) run->expect_result();
  }
}

/// Captured and replayed on one device after the other.
TEST_F(GpuDevices, GraphsOnEveryDevice) {
  SCOPED_TRACE(seed_trace());
  for (int device = 0; device < device_count(); ++device) {
    use_device(device);
    for (int number = 0; number < 4; ++number) {
      const ResampleCase<Plain> c = numbered_case(number);
      expect_same(c.run(Launcher::host), c.run(Launcher::graph), "device " + std::to_string(device));
      ASSERT_EQ(current_device(), device);
    }
  }
}

/// Neither a refused call nor one that names a stream of another device changes the current device. The latter is an
/// error of CUDA with nothing written, or right.
TEST_F(GpuDevices, ErrorsLeaveTheDeviceCurrent) {
  SCOPED_TRACE(seed_trace());
  for (int device = 0; device < device_count(); ++device) {
    use_device(device);
    ResampleArgs refused;
    refused.source.group_count = 1;
    EXPECT_TRUE(is_error(resample(refused, cudaStreamPerThread), StatusCode::null_pointer, "source.groups"));
    EXPECT_EQ(current_device(), device);
  }

  const DeviceRun run(1, 0);
  use_device(0);
  const Status status = run.enqueue();
  EXPECT_EQ(current_device(), 0);
  if (status.ok()) {
    run.expect_result();
  } else {
    EXPECT_EQ(status.code(), StatusCode::cuda_error);
    run.expect_untouched();
  }
}

}  // namespace
}  // namespace robocache::test

#endif
