// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "align.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace align_episode {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The stream in host memory, read as it says.
robocache::SensorStream sensor_stream(const Stream& stream, const std::vector<robocache::ChannelGroup>& groups,
                                      robocache::Outside outside) {
  robocache::SensorStream sensor;
  sensor.times = stream.times.data();
  sensor.values = robocache::rows(stream.values.data(), stream.samples(), stream.width());
  sensor.clock = stream.clock;
  sensor.groups = groups.data();
  sensor.group_count = static_cast<std::int32_t>(groups.size());
  sensor.outside = outside;
  sensor.max_gap = stream.max_gap;
  sensor.max_age = stream.max_age;
  return sensor;
}

/// Times a pass over the episode: once cold, then until it has been seen often enough.
template <class Pass>
void time_passes(const Pass& pass, Aligned& aligned) {
  constexpr std::size_t most_passes = 21;
  constexpr double longest_s = 0.25;
  const auto begin = std::chrono::steady_clock::now();
  pass();
  aligned.first_s = seconds_since(begin);
  std::vector<double> seconds;
  while (seconds.empty() || (seconds.size() < most_passes && seconds_since(begin) < longest_s)) {
    const auto pass_begin = std::chrono::steady_clock::now();
    pass();
    seconds.push_back(seconds_since(pass_begin));
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
  aligned.steady_s = seconds[seconds.size() / 2];
}

std::string cpu_name(int threads) {
  std::string name = "CPU";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.compare(0, 10, "model name") == 0) {
      name = line.substr(line.find(':') + 2);
      break;
    }
  }
  const unsigned used =
      threads > 0 ? static_cast<unsigned>(threads) : std::max(1u, std::thread::hardware_concurrency());
  return name + ", " + std::to_string(used) + (used == 1 ? " thread" : " threads");
}

#if ROBOCACHE_HAS_CUDA_RUNTIME

void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

class CudaStream {
 public:
  CudaStream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  ~CudaStream() { (void)cudaStreamDestroy(stream_); }
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  cudaStream_t get() const { return stream_; }
  void synchronize() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

 private:
  cudaStream_t stream_ = nullptr;
};

/// Device memory in the order of a stream; it must not outlive the stream.
template <class T>
class DeviceArray {
 public:
  DeviceArray(const CudaStream& stream, std::size_t count) : stream_(stream.get()), count_(count) {
    if (count != 0) {
      check(cudaMallocAsync(reinterpret_cast<void**>(&data_), count * sizeof(T), stream_), "cudaMallocAsync");
    }
  }
  DeviceArray(const CudaStream& stream, const std::vector<T>& host) : DeviceArray(stream, host.size()) {
    copy(data_, host.data(), cudaMemcpyHostToDevice);
  }
  ~DeviceArray() {
    if (data_ != nullptr) (void)cudaFreeAsync(data_, stream_);
  }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), stream_(other.stream_), count_(other.count_) {}
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  void download(std::vector<T>& host) const { copy(host.data(), data_, cudaMemcpyDeviceToHost); }

 private:
  void copy(T* to, const T* from, cudaMemcpyKind kind) const {
    if (count_ != 0) check(cudaMemcpyAsync(to, from, count_ * sizeof(T), kind, stream_), "cudaMemcpyAsync");
  }

  T* data_ = nullptr;
  cudaStream_t stream_ = nullptr;
  std::size_t count_ = 0;
};

std::string gpu_name() {
  int device = 0;
  cudaDeviceProp properties{};
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  return properties.name;
}

/// Empty where a GPU can be used, otherwise the reason.
std::string why_no_gpu() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) return {};
  (void)cudaGetLastError();
  return error == cudaSuccess ? "no CUDA device" : cudaGetErrorString(error);
}

/// `args` and its `streams` in host memory; the latter are moved to the GPU.
void align_on_gpu(const Episode& episode, std::vector<robocache::SensorStream>& streams, robocache::FuseArgs args,
                  Aligned& aligned) {
  aligned.device = gpu_name();
  const CudaStream stream;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<DeviceArray<std::int64_t>> times;
  std::vector<DeviceArray<double>> values;
  for (std::size_t s = 0; s < episode.size(); ++s) {
    streams[s].times = times.emplace_back(stream, episode[s].times).data();
    streams[s].values.data = values.emplace_back(stream, episode[s].values).data();
  }
  const DeviceArray<float> out(stream, aligned.values.size());
  const DeviceArray<std::uint8_t> status(stream, aligned.status.size());
  args.out.data = out.data();
  args.status = status.data();
  stream.synchronize();
  aligned.copies_s = seconds_since(begin);

  time_passes(
      [&] {
        robocache::throw_if_error(robocache::fuse(args, stream.get()));
        stream.synchronize();
      },
      aligned);

  const auto download_begin = std::chrono::steady_clock::now();
  out.download(aligned.values);
  status.download(aligned.status);
  stream.synchronize();
  aligned.copies_s += seconds_since(download_begin);
}

#endif

}  // namespace

Aligned align(const Episode& episode, const Grid& grid, robocache::Outside outside, Device device, int threads) {
  Aligned aligned;
  aligned.grid = grid;
  aligned.channels = total_channels(episode);

  aligned.groups = total_groups(episode);
  aligned.values.resize(static_cast<std::size_t>(grid.rows * aligned.channels));
  aligned.status.resize(static_cast<std::size_t>(grid.rows * aligned.groups));

  std::vector<std::vector<robocache::ChannelGroup>> groups;
  std::vector<robocache::SensorStream> streams;
  for (const Stream& stream : episode) {
    groups.push_back(channel_groups(stream));
    streams.push_back(sensor_stream(stream, groups.back(), outside));
  }
  robocache::FuseArgs args;
  args.streams = streams.data();
  args.stream_count = static_cast<std::int32_t>(streams.size());
  args.at = robocache::start_at(robocache::every(grid.rate, grid.rows), grid.start_ns);
  args.out = robocache::rows(aligned.values.data(), grid.rows, aligned.channels);
  args.status = aligned.status.data();

  bool on_gpu = false;
#if ROBOCACHE_HAS_CUDA_RUNTIME
  if (device != Device::cpu) {
    const std::string reason = why_no_gpu();
    if (device == Device::gpu && !reason.empty()) throw std::runtime_error("--device gpu: " + reason);
    on_gpu = reason.empty();
  }
  if (on_gpu) align_on_gpu(episode, streams, args, aligned);
#else
  if (device == Device::gpu) throw std::runtime_error("--device gpu: built without CUDA");
#endif
  if (!on_gpu) {
    aligned.device = cpu_name(threads);
    time_passes([&] { robocache::throw_if_error(robocache::fuse(args, robocache::Host{threads})); }, aligned);
  }
  return aligned;
}

}  // namespace align_episode
