// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

namespace robocache_validate {

/// A line on standard error that says what is being done: rewritten on a terminal, else a new one every few seconds.
/// May be shared by threads.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  void show(const std::string& what) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const double now = seconds();
    if (now < next_) return;
    next_ = now + (is_terminal_ ? 0.1 : 5.0);
    // flawfinder: ignore: both formats are literals
    std::fprintf(stderr, is_terminal_ ? "\r\033[K[%5.0f s] %s" : "[%5.0f s] %s\n", now, what.c_str());
    std::fflush(stderr);
  }
  /// Before anything else is printed.
  void clear() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (is_terminal_) std::fputs("\r\033[K", stderr);
  }

 private:
  Clock::time_point begin_ = Clock::now();
  bool is_terminal_ = isatty(STDERR_FILENO) != 0;
  double next_ = 0;
  std::mutex mutex_;
};

}  // namespace robocache_validate
