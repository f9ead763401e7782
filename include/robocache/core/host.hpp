// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>
#include <robocache/core/status.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

ROBOCACHE_NAMESPACE_BEGIN

/// Threads that are kept from call to call: starting one costs some 25 us, as long as a small batch takes. Calls that
/// share a pool take turns. It lives at least as long as every call that uses it.
class ThreadPool {
 public:
  /// `threads` counts the caller's own. Where the system refuses a thread, the pool has fewer.
  explicit ThreadPool(int threads) {
    try {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { serve(); });
    } catch (const std::exception&) {  // no thread, or no memory for one: the caller does the rest
    }
  }
  ~ThreadPool() {
    stop_.store(true);
    wake();
    for (std::thread& worker : workers_) worker.join();
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// Calls part(0) .. part(parts - 1), each once, on the pool's threads and the caller's; returns when all are done.
  template <class Part>
  void run(std::int64_t parts, const Part& part) {
    const std::lock_guard<std::mutex> turn(turn_);
    part_ = &part;
    call_ = [](const void* of, std::int64_t index) { (*static_cast<const Part*>(of))(index); };
    unfinished_.store(parts, std::memory_order_relaxed);
    unclaimed_.store(parts, std::memory_order_release);
    wake();
    while (work()) {
    }
    while (unfinished_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  }

 private:
  /// Does one part, if one is left. What part_ and call_ hold belongs to the claimed part: its run() cannot end before.
  bool work() {
    std::int64_t left = unclaimed_.load(std::memory_order_acquire);
    do {
      if (left == 0) return false;
    } while (!unclaimed_.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel));
    call_(part_, left - 1);
    unfinished_.fetch_sub(1, std::memory_order_release);
    return true;
  }

  void serve() {
    constexpr int patience = 20000;  // looks, some 20 us: the next call often follows at once
    while (!stop_.load()) {
      for (int look = 0; look < patience && !stop_.load(std::memory_order_relaxed); ++look) {
        if (work()) look = 0;
      }
      std::unique_lock<std::mutex> lock(sleep_);
      wake_.wait(lock, [this] { return stop_.load() || unclaimed_.load() != 0; });
    }
  }

  void wake() {
    { const std::lock_guard<std::mutex> lock(sleep_); }  // no worker is between its last look and its sleep
    wake_.notify_all();
  }

  std::mutex turn_, sleep_;
  std::condition_variable wake_;
  std::atomic<std::int64_t> unclaimed_{0}, unfinished_{0};
  std::atomic<bool> stop_{false};
  const void* part_ = nullptr;
  void (*call_)(const void*, std::int64_t) = nullptr;
  std::vector<std::thread> workers_;
};

/// Runs an operator on the CPU, over host memory, and returns when it is done. The result does not depend on `threads`.
struct Host {
  int threads = 1;             ///< 0: one per hardware thread, or all of the pool. Without a pool each call starts them
  ThreadPool* pool = nullptr;  ///< optional: its threads are used, and none are started
};

namespace detail {

inline Status check_host(const Host& host) noexcept {
  if (host.threads < 0) return {StatusCode::invalid_value, "host.threads: negative"};
  return {};
}

/// How many threads share `count` items, of which `grain` are the least worth a thread.
inline std::int64_t threads_for(Host host, std::int64_t count, std::int64_t grain) {
  const std::int64_t available = host.pool != nullptr ? host.pool->threads()
                                 : host.threads > 0   ? host.threads
                                                      : std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  const std::int64_t wanted = host.threads > 0 ? std::min<std::int64_t>(host.threads, available) : available;
  return std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, wanted);
}

/// Calls body(begin, end) for disjoint ranges that cover [0, count), in parallel, by threads_for() threads. The
/// caller's takes part. Where the system refuses a thread, its share runs here.
template <class Body>
void parallel_for(Host host, std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 0) return;
  const std::int64_t parts = threads_for(host, count, grain);
  if (parts == 1) {
    body(std::int64_t{0}, count);
    return;
  }
  const std::int64_t share = count / parts;
  const std::int64_t larger_shares = count % parts;
  const auto begin_of = [=](std::int64_t part) { return part * share + std::min(part, larger_shares); };
  if (host.pool != nullptr) {
    host.pool->run(parts, [&](std::int64_t part) { body(begin_of(part), begin_of(part + 1)); });
    return;
  }

  std::vector<std::thread> workers;
  std::int64_t started = 1;
  try {
    workers.reserve(static_cast<std::size_t>(parts - 1));
    for (; started < parts; ++started) workers.emplace_back(body, begin_of(started), begin_of(started + 1));
  } catch (const std::exception&) {  // no thread, or no memory for one
    body(begin_of(started), count);
  }
  body(std::int64_t{0}, begin_of(1));
  for (std::thread& worker : workers) worker.join();
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
