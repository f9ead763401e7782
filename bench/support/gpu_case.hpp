// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph_timer.hpp"

#include <robocache/core/workspace.hpp>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// A benchmark case: what one call of an operator must move, and how to make buffers and a graph of calls for it.

namespace robocache_bench {

using Counters = std::vector<std::pair<std::string, double>>;

/// Throws unless the device holds these values, bit for bit.
template <class T>
void expect_same(const DeviceBuffer& device, const std::vector<T>& expected, const char* what) {
  const std::vector<unsigned char> found = device.download();
  if (found.size() == expected.size() * sizeof(T) && std::memcmp(found.data(), expected.data(), found.size()) == 0) {
    return;
  }
  throw std::runtime_error(std::string(what) + ": differs from the CPU path");
}

/// The workspace that the buffer sets of a case share, as calls of one stream do.
class Scratch {
 public:
  /// Before the first call.
  void reserve(std::size_t bytes) {
    if (static_cast<std::int64_t>(bytes) > buffer_.bytes()) buffer_ = DeviceBuffer(static_cast<std::int64_t>(bytes));
  }
  robocache::Workspace workspace() const { return {buffer_.get(), static_cast<std::size_t>(buffer_.bytes())}; }

 private:
  DeviceBuffer buffer_;
};

/// A case with its buffers on the device that was current when it was made.
class PreparedCase {
 public:
  /// Set is one buffer set: `enqueue(cudaStream_t) const` calls the operator, `poison_outputs() const` overwrites what
  /// it writes, `Counters verify() const` throws unless the outputs are those of the CPU path, bit for bit; it may
  /// count what it sees. `make_set(seed)` makes one.
  template <class MakeSet>
  static PreparedCase of(Regime regime, std::int64_t bytes, const MakeSet& make_set) {
    using Set = decltype(make_set(std::uint64_t{}));
    PreparedCase made;
    made.plan_ = Plan::of(regime, bytes);
    made.bytes_ = bytes;
    const auto sets = std::make_shared<std::vector<Set>>();
    for (int set = 0; set < made.plan_.sets; ++set) sets->push_back(make_set(1 + static_cast<std::uint64_t>(set)));
    made.stream_ = std::make_unique<Stream>();
    made.graph_ = std::make_unique<CallGraph>(
        made.stream_->get(), made.plan_.calls,
        [&sets](int call, cudaStream_t on) { (*sets)[static_cast<std::size_t>(call) % sets->size()].enqueue(on); });
    made.poison_ = [sets] {
      for (const Set& set : *sets) set.poison_outputs();
      check(cudaDeviceSynchronize(), "poison");
    };
    made.verify_ = [sets] {
      if (sets->size() > 1) static_cast<void>(sets->back().verify());
      return sets->front().verify();
    };
    return made;
  }

  const Plan& plan() const { return plan_; }
  std::int64_t bytes() const { return bytes_; }  ///< what one call must move
  const CallGraph& graph() const { return *graph_; }
  const Stream& stream() const { return *stream_; }

  /// Replays the graph over poisoned outputs and compares them with the CPU path's; throws if they differ.
  Counters check_result() const {
    poison_();
    graph_->replay();
    stream_->synchronize();
    return verify_();
  }

 private:
  Plan plan_;
  std::int64_t bytes_ = 0;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<CallGraph> graph_;
  std::function<void()> poison_;
  std::function<Counters()> verify_;
};

struct GpuCase {
  std::string name;         ///< without the regime
  std::int64_t points = 0;  ///< of a call, where points are what is counted
  std::function<PreparedCase(Regime)> prepare;
};

inline std::string name_of(const GpuCase& spec, Regime regime) {
  return spec.name + (regime == Regime::hot ? "/hot" : "/cold");
}

}  // namespace robocache_bench
