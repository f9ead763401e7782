// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support/gpu_case.hpp"

#include <functional>
#include <string>
#include <vector>

// Lower bounds on throughput: files of bench/gates, which are part of the program.

namespace robocache_validate {

struct Gate {
  std::string benchmark;  ///< with its regime
  double at_least = 0;    ///< of copy_fraction; positive
  bool is_quick = false;
};

struct GateFile {
  std::string name;
  std::string gpu;           ///< regular expression for the names of the devices that it is for
  bool is_measured = false;  ///< whether such a device was
  std::vector<Gate> gates;   ///< one at least

  bool is_for(const std::string& name_of_gpu) const;
};

/// Throws std::runtime_error where the file cannot be read or is no gates file.
GateFile read_gates(const std::string& path);
/// The first built-in file for a device of this name.
GateFile gates_for(const std::string& gpu);

struct GateResult {
  Gate gate;
  double found = 0;  ///< the best of the attempts
  double us = 0;
  int attempts = 0;
  std::string error;
  bool good() const { return error.empty() && found >= gate.at_least; }
};

/// Prepares the case, compares its result with the CPU path's, and times it beside a copy of as many bytes: again, up
/// to three times, where it is too slow, since others may use the machine.
GateResult try_gate(const Gate& gate);

}  // namespace robocache_validate
