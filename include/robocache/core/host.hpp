// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

ROBOCACHE_NAMESPACE_BEGIN

/// Runs an operator on the CPU, over host memory, and returns when it is done. The result does not depend on `threads`.
struct Host {
  int threads = 1;  ///< 0: one per hardware thread
};

namespace detail {

/// Calls body(begin, end) for disjoint ranges that cover [0, count), in parallel. The caller's thread takes part.
/// `grain` is the least work worth a thread. Where the system refuses a thread, its share runs here.
template <class Body>
void parallel_for(Host host, std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 0) return;
  const std::int64_t wanted =
      host.threads > 0 ? host.threads : static_cast<std::int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  const std::int64_t parts = std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, wanted);
  if (parts == 1) {
    body(std::int64_t{0}, count);
    return;
  }
  const std::int64_t share = count / parts;
  const std::int64_t larger_shares = count % parts;
  const auto begin_of = [=](std::int64_t part) { return part * share + std::min(part, larger_shares); };

  std::vector<std::thread> workers;
  workers.reserve(static_cast<std::size_t>(parts - 1));
  std::int64_t started = 1;
  try {
    for (; started < parts; ++started) workers.emplace_back(body, begin_of(started), begin_of(started + 1));
  } catch (const std::system_error&) {
    body(begin_of(started), count);
  }
  body(std::int64_t{0}, begin_of(1));
  for (std::thread& worker : workers) worker.join();
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
