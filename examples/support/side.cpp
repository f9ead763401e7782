// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "side.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace example {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
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

#endif

}  // namespace

Timing Side::time_passes(const std::function<void()>& pass) {
  constexpr std::size_t most_passes = 21;
  constexpr double longest_s = 0.25;
  Timing timing;
  const auto begin = std::chrono::steady_clock::now();
  pass();
  timing.first_s = seconds_since(begin);
  std::vector<double> seconds;
  while (seconds.empty() || (seconds.size() < most_passes && seconds_since(begin) < longest_s)) {
    const auto pass_begin = std::chrono::steady_clock::now();
    pass();
    seconds.push_back(seconds_since(pass_begin));
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
  timing.steady_s = seconds[seconds.size() / 2];
  return timing;
}

#if ROBOCACHE_HAS_CUDA_RUNTIME

Side::Side(Device device, int threads) : host_{threads} {
  if (device != Device::cpu) {
    const std::string reason = why_no_gpu();
    if (device == Device::gpu && !reason.empty()) throw std::runtime_error("--device gpu: " + reason);
    if (reason.empty()) {
      name_ = gpu_name();
      check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
      return;
    }
  }
  name_ = cpu_name(threads);
}

Side::~Side() {
  if (stream_ != nullptr) (void)cudaStreamDestroy(stream_);
}

bool Side::on_gpu() const { return stream_ != nullptr; }

void Side::synchronize() const {
  if (stream_ != nullptr) check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

void* Side::allocate(std::size_t bytes) const {
  void* data = nullptr;
  if (bytes != 0) check(cudaMallocAsync(&data, bytes, stream_), "cudaMallocAsync");
  return data;
}

void Side::release(void* data) const noexcept {
  if (data != nullptr) (void)cudaFreeAsync(data, stream_);
}

void Side::upload(void* to, const void* from, std::size_t bytes) const {
  const auto begin = std::chrono::steady_clock::now();
  if (bytes != 0) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
  synchronize();
  copies_s_ += seconds_since(begin);
}

void Side::download(void* to, const void* from, std::size_t bytes) const {
  const auto begin = std::chrono::steady_clock::now();
  if (bytes != 0) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
  synchronize();
  copies_s_ += seconds_since(begin);
}

#else

Side::Side(Device device, int threads) : host_{threads}, name_(cpu_name(threads)) {
  if (device == Device::gpu) throw std::runtime_error("--device gpu: built without CUDA");
}
Side::~Side() = default;
bool Side::on_gpu() const { return false; }
void Side::synchronize() const {}
void* Side::allocate(std::size_t) const { return nullptr; }
void Side::release(void*) const noexcept {}
void Side::upload(void*, const void*, std::size_t) const {}
void Side::download(void*, const void*, std::size_t) const {}

#endif

}  // namespace example
