// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace robocache::test {

/// Calls right(worker) `calls` times on a thread of its own for each worker, all at once: every call must return true
/// and throw nothing.
template <class Right>
void expect_right_at_once(int workers, int calls, const Right& right) {
  std::vector<int> wrong(static_cast<std::size_t>(workers), 0);
  std::vector<std::string> failures(static_cast<std::size_t>(workers));
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < wrong.size(); ++w) {
    threads.emplace_back([&, w] {
      try {
        for (int call = 0; call < calls; ++call) wrong[w] += !right(w);
      } catch (const std::exception& error) {
        failures[w] = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(wrong.size(), 0));
  EXPECT_EQ(failures, std::vector<std::string>(wrong.size()));
}

/// Whether results are the same with workers side by side as alone.
template <class Result>
void expect_same_at_once(int workers, int calls, const Result& result) {
  std::vector<decltype(result(std::size_t{}))> alone;
  for (std::size_t w = 0; w < static_cast<std::size_t>(workers); ++w) alone.push_back(result(w));
  expect_right_at_once(workers, calls, [&](std::size_t w) { return result(w) == alone[w]; });
}

}  // namespace robocache::test
