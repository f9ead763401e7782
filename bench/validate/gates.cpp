// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "gates.hpp"

#include "../gpu_cases.hpp"
#include "../support/plain_kernels.hpp"
#include "gate_files.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <regex>
#include <stdexcept>
#include <utility>

namespace robocache_validate {

namespace {

using robocache_bench::GpuCase;
using robocache_bench::Regime;

GateFile parsed(const std::string& name, const nlohmann::json& json) {
  GateFile file;
  file.name = name;
  file.is_measured = json.at("measured").get<bool>();
  file.gpu = json.value("gpu", "");
  static_cast<void>(file.is_for(""));  // throws if it is no regular expression
  for (const nlohmann::json& entry : json.at("gates")) {
    Gate gate;
    gate.benchmark = entry.at("benchmark").get<std::string>();
    gate.at_least = entry.at("at_least").get<double>();
    gate.is_quick = entry.value("quick", false);
    if (entry.at("counter") != "copy_fraction") throw std::runtime_error(gate.benchmark + ": unknown counter");
    if (!(gate.at_least > 0.0)) throw std::runtime_error(gate.benchmark + ": at_least is not positive");
    file.gates.push_back(std::move(gate));
  }
  if (file.gates.empty()) throw std::runtime_error("no gates");
  return file;
}

std::pair<const GpuCase*, Regime> case_of(const std::string& benchmark) {
  static const std::vector<GpuCase> all = [] {
    std::vector<GpuCase> cases;
    for (const auto& family :
         {robocache_bench::resample_cases(), robocache_bench::fuse_cases(), robocache_bench::match_cases(),
          robocache_bench::gather_cases(), robocache_bench::synchronize_cases(), robocache_bench::voxelize_cases(),
          robocache_bench::voxelize_sparse_cases()}) {
      cases.insert(cases.end(), family.begin(), family.end());
    }
    return cases;
  }();
  for (const GpuCase& spec : all) {
    for (const Regime regime : {Regime::hot, Regime::cold}) {
      if (robocache_bench::name_of(spec, regime) == benchmark) return {&spec, regime};
    }
  }
  throw std::runtime_error("no such benchmark");
}

}  // namespace

bool GateFile::is_for(const std::string& name_of_gpu) const {
  return !gpu.empty() && std::regex_search(name_of_gpu, std::regex(gpu));
}

GateFile read_gates(const std::string& path) {
  try {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot be read");
    return parsed(path, nlohmann::json::parse(file));
  } catch (const std::exception& error) {
    throw std::runtime_error(path + ": " + error.what());
  }
}

GateFile gates_for(const std::string& gpu) {
  for (const auto& [name, text] : gate_files) {
    GateFile file = parsed(name, nlohmann::json::parse(text));
    if (file.is_for(gpu)) return file;
  }
  throw std::runtime_error("no gates for a " + gpu);
}

GateResult try_gate(const Gate& gate) {
  GateResult result;
  result.gate = gate;
  try {
    const auto [spec, regime] = case_of(gate.benchmark);
    const robocache_bench::PreparedCase prepared = spec->prepare(regime);
    static_cast<void>(prepared.check_result());
    while (result.attempts < 3 && result.found < gate.at_least) {
      const robocache_bench::Timing timing = robocache_bench::time_beside_copy(prepared);
      ++result.attempts;
      if (timing.copy_fraction() > result.found) {
        result.found = timing.copy_fraction();
        result.us = timing.us;
      }
    }
  } catch (const std::exception& error) {
    result.error = error.what();
  }
  return result;
}

}  // namespace robocache_validate
