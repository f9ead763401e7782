// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace example {

enum class Device { automatic, cpu, gpu };

/// How long a pass over the data takes.
struct Timing {
  double first_s = 0.0;   ///< the first one, with the loading of code
  double steady_s = 0.0;  ///< the median of those that follow
};

/// Where operators run: on the CPU, or on the current GPU in a stream of its own.
class Side {
 public:
  /// `threads` is for the CPU; 0: all of them. Throws std::runtime_error where the wanted device is missing or fails.
  Side(Device device, int threads);
  ~Side();
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  const std::string& name() const { return name_; }
  bool on_gpu() const;

  /// call(where) with what operators take: a Host or a cudaStream_t.
  template <class Call>
  auto call(const Call& call) const {
#if ROBOCACHE_HAS_CUDA_RUNTIME
    if (stream_ != nullptr) return call(stream_);
#endif
    return call(host_);
  }
  /// The same for a call of an operator: throws where it fails, and returns when it is done.
  template <class Call>
  void run(const Call& operation) const {
    robocache::throw_if_error(call(operation));
    synchronize();
  }
  /// Runs it once cold, then until it has been seen often enough.
  template <class Call>
  Timing time(const Call& operation) const {
    return time_passes([&] { run(operation); });
  }

  void synchronize() const;
  /// Seconds spent so far on copies to the GPU and back.
  double copies_s() const { return copies_s_; }

 private:
  template <class T>
  friend class SideArray;

  static Timing time_passes(const std::function<void()>& pass);
  void* allocate(std::size_t bytes) const;
  void release(void* data) const noexcept;
  void upload(void* to, const void* from, std::size_t bytes) const;
  void download(void* to, const void* from, std::size_t bytes) const;

  robocache::Host host_;
#if ROBOCACHE_HAS_CUDA_RUNTIME
  cudaStream_t stream_ = nullptr;
#endif
  std::string name_;
  mutable double copies_s_ = 0.0;
};

/// A vector where a side can reach it: itself on the CPU, a copy on the GPU. Neither side nor vector may go before it,
/// nor may the vector's size change.
template <class T>
class SideArray {
 public:
  using Vector = std::conditional_t<std::is_const<T>::value, const std::vector<std::remove_const_t<T>>, std::vector<T>>;

  /// Uploads the vector if T is const; what is written otherwise is fetched by download().
  SideArray(const Side& side, Vector& vector) : SideArray(side, vector.data(), vector.size()) {}
  /// The same for `count` numbers anywhere; null on a GPU for memory that is used there alone.
  SideArray(const Side& side, T* host, std::size_t count)
      : side_(&side), host_(host), data_(host), bytes_(count * sizeof(T)) {
    if (!side.on_gpu()) return;
    data_ = static_cast<T*>(side.allocate(bytes_));
    if constexpr (std::is_const<T>::value) side.upload(const_cast<std::remove_const_t<T>*>(data_), host_, bytes_);
  }
  ~SideArray() {
    if (data_ != host_) side_->release(const_cast<std::remove_const_t<T>*>(data_));
  }
  SideArray(SideArray&& other) noexcept
      : side_(other.side_), host_(other.host_), data_(std::exchange(other.data_, other.host_)), bytes_(other.bytes_) {}
  SideArray(const SideArray&) = delete;
  SideArray& operator=(const SideArray&) = delete;

  T* data() const { return data_; }
  /// Into the vector; returns when done.
  void download() const {
    if (data_ != host_) side_->download(host_, data_, bytes_);
  }

 private:
  const Side* side_;
  T* host_;
  T* data_;
  std::size_t bytes_;
};

}  // namespace example
