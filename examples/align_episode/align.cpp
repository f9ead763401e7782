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

/// Where the arrays of one stream live: host memory, or the GPU's.
struct StreamMemory {
  const std::int64_t* times = nullptr;
  const double* values = nullptr;
  float* out = nullptr;            ///< the stream's first column of the tensor
  std::uint8_t* status = nullptr;  ///< [rows, groups of the stream]
};

robocache::ResampleArgs resample_args(const Stream& stream, const std::vector<robocache::ChannelGroup>& groups,
                                      const StreamMemory& memory, const Grid& grid, robocache::Outside outside,
                                      std::int64_t pitch) {
  robocache::ResampleArgs args;
  args.source.times = memory.times;
  args.source.values = robocache::rows(memory.values, stream.samples(), stream.width());
  args.source.clock = stream.clock;
  args.source.groups = groups.data();
  args.source.group_count = static_cast<std::int32_t>(groups.size());
  args.source.outside = outside;
  args.source.max_gap = stream.max_gap;
  args.source.max_age = stream.max_age;
  args.at = robocache::start_at(robocache::every(grid.rate, grid.rows), grid.start_ns);
  args.out = robocache::rows(memory.out, grid.rows, stream.width(), pitch);
  args.status = memory.status;
  return args;
}

/// Times a pass over all streams: once cold, then until it has been seen often enough.
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

/// Status blocks of the streams, [rows, groups of the stream] one after another, become [rows, all groups].
void interleave(const std::vector<std::uint8_t>& blocks, const std::vector<std::int64_t>& widths, Aligned& aligned) {
  const std::uint8_t* block = blocks.data();
  std::int64_t first = 0;
  for (const std::int64_t width : widths) {
    for (std::int64_t row = 0; row < aligned.grid.rows; ++row, block += width) {
      std::copy_n(block, width, aligned.status.data() + row * aligned.groups + first);
    }
    first += width;
  }
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

template <class ArgsOf>
void align_on_gpu(const Episode& episode, const ArgsOf& args_of, std::vector<std::uint8_t>& blocks, Aligned& aligned) {
  aligned.device = gpu_name();
  const CudaStream stream;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<DeviceArray<std::int64_t>> times;
  std::vector<DeviceArray<double>> values;
  for (const Stream& sensor : episode) {
    times.emplace_back(stream, sensor.times);
    values.emplace_back(stream, sensor.values);
  }
  const DeviceArray<float> out(stream, aligned.values.size());
  const DeviceArray<std::uint8_t> status(stream, blocks.size());
  const std::vector<robocache::ResampleArgs> calls = args_of([&](std::size_t s) {
    return StreamMemory{times[s].data(), values[s].data(), out.data(), status.data()};
  });
  stream.synchronize();
  aligned.copies_s = seconds_since(begin);

  time_passes(
      [&] {
        for (const robocache::ResampleArgs& args : calls) {
          robocache::throw_if_error(robocache::resample(args, stream.get()));
        }
        stream.synchronize();
      },
      aligned);

  const auto download_begin = std::chrono::steady_clock::now();
  out.download(aligned.values);
  status.download(blocks);
  stream.synchronize();
  aligned.copies_s += seconds_since(download_begin);
}

#endif

}  // namespace

Aligned align(const Episode& episode, const Grid& grid, robocache::Outside outside, Device device, int threads) {
  Aligned aligned;
  aligned.grid = grid;
  aligned.channels = total_channels(episode);

  std::vector<std::vector<robocache::ChannelGroup>> groups;
  std::vector<std::int64_t> widths;
  for (const Stream& stream : episode) {
    groups.push_back(channel_groups(stream));
    widths.push_back(static_cast<std::int64_t>(groups.back().size()));
    aligned.groups += widths.back();
  }
  aligned.values.resize(static_cast<std::size_t>(grid.rows * aligned.channels));
  aligned.status.resize(static_cast<std::size_t>(grid.rows * aligned.groups));
  std::vector<std::uint8_t> blocks(aligned.status.size());

  // memory_of(s) gives the arrays of stream s, with `out` and `status` at the begin of the whole tensors.
  const auto args_of = [&](const auto& memory_of) {
    std::vector<robocache::ResampleArgs> calls;
    std::int64_t column = 0, status_begin = 0;
    for (std::size_t s = 0; s < episode.size(); ++s) {
      StreamMemory memory = memory_of(s);
      if (grid.rows != 0) {
        memory.out += column;
        memory.status += status_begin;
      }
      calls.push_back(resample_args(episode[s], groups[s], memory, grid, outside, aligned.channels));
      column += episode[s].width();
      status_begin += grid.rows * widths[s];
    }
    return calls;
  };

  bool on_gpu = false;
#if ROBOCACHE_HAS_CUDA_RUNTIME
  if (device != Device::cpu) {
    const std::string reason = why_no_gpu();
    if (device == Device::gpu && !reason.empty()) throw std::runtime_error("--device gpu: " + reason);
    on_gpu = reason.empty();
  }
  if (on_gpu) align_on_gpu(episode, args_of, blocks, aligned);
#else
  if (device == Device::gpu) throw std::runtime_error("--device gpu: built without CUDA");
#endif
  if (!on_gpu) {
    aligned.device = cpu_name(threads);
    const std::vector<robocache::ResampleArgs> calls = args_of([&](std::size_t s) {
      return StreamMemory{episode[s].times.data(), episode[s].values.data(), aligned.values.data(), blocks.data()};
    });
    time_passes(
        [&] {
          for (const robocache::ResampleArgs& args : calls) {
            robocache::throw_if_error(robocache::resample(args, robocache::Host{threads}));
          }
        },
        aligned);
  }
  interleave(blocks, widths, aligned);
  return aligned;
}

}  // namespace align_episode
