// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "input.hpp"
#include "side.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace example {

/// The part of the command line that examples share.
struct CommonOptions {
  std::string output;
  std::string python;
  Device device = Device::automatic;
  int threads = 0;
  bool no_plot = false;
};

void declare(CLI::App& app, CommonOptions& options);

class Stopwatch {
 public:
  double lap_ms() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - begin_).count();
    begin_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Parses the command line and calls run(). Whatever goes wrong is one line on stderr that begins with the program's
/// name. Returns the exit code: 0 done, 1 the machine failed, 2 the command line or the data.
int run_program(CLI::App& app, int argc, char** argv, const std::function<void()>& run);

}  // namespace example
