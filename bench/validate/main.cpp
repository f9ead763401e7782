// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Whether a GPU does RoboCache's work: every operator against the CPU path, and the throughput gates. See
// docs/validation.md. Exit codes: 0 pass, 1 a check failed, 2 usage or environment.

#include "../support/device_facts.hpp"
#include "../support/plain_kernels.hpp"
#include "checks.hpp"
#include "gates.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "scaling.hpp"
#include "soak.hpp"

#include <cuda_runtime_api.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace robocache_validate {
namespace {

using Json = nlohmann::ordered_json;

/// What does not let a run begin.
class Unusable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Options {
  bool json = false, quick = false, full = false;
  double soak_minutes = 0;
  std::string markdown, gates;
  std::vector<std::string> devices = {"0"};
  TrialOptions trials;
  std::string command;

  int trial_count() const { return quick ? 40 : full ? 1500 : 300; }
};

Options parsed(int argc, char** argv, CLI::App& app) {
  Options options;
  options.trials.seed = std::random_device{}();
  app.add_flag("--json", options.json, "print the result as JSON");
  app.add_option("--markdown", options.markdown, "write the result as tables into a file");
  auto* quick = app.add_flag("--quick", options.quick, "fewer calls and the short gates: some 20 s");
  app.add_flag("--full", options.full, "five times as many calls")->excludes(quick);
  // NaN lies in every Range.
  app.add_option("--soak", options.soak_minutes, "then random calls from several threads, for so many minutes")
      ->check(CLI::Range(0.1, 1e6))
      ->check([](const std::string& text) { return text.find_first_of("nN") == std::string::npos ? "" : "no number"; });
  app.add_option("--device", options.devices, "its number, several (0,1), or all; of several, how they scale")
      ->delimiter(',');
  app.add_option("--gates", options.gates, "a file of gates, in place of those for this kind of board");
  app.add_option("--seed", options.trials.seed, "of the random calls; drawn anew unless given");
  // For trying out that a wrong result is seen.
  app.add_option("--corrupt", options.trials.corrupt)->group("");
  app.parse(argc, argv);
  const std::vector<Check> checks = all_checks();
  if (!options.trials.corrupt.empty() && std::none_of(checks.begin(), checks.end(), [&](const Check& check) {
        return check.op == options.trials.corrupt;
      })) {
    throw CLI::ValidationError("--corrupt", "no such operator");
  }
  options.command = "robocache_validate";
  for (int i = 1; i < argc; ++i) options.command += std::string(" ") + argv[i];
  return options;
}

bool is_scaling(const Options& options) { return options.devices.size() > 1 || options.devices.front() == "all"; }

/// Their numbers. One that is given twice is used by two threads at once.
std::vector<int> devices_of(const Options& options) {
  const int count = robocache_bench::device_count();
  if (count == 0) throw Unusable("no CUDA device");
  std::vector<int> devices;
  if (options.devices == std::vector<std::string>{"all"}) {
    for (int device = 0; device < count; ++device) devices.push_back(device);
    return devices;
  }
  for (const std::string& word : options.devices) {
    std::size_t end = 0;
    int device = -1;
    try {
      device = std::stoi(word, &end);
    } catch (const std::exception&) {
    }
    if (end != word.size() || device < 0 || device >= count) {
      throw Unusable("--device " + word + ": there are devices 0 to " + std::to_string(count - 1));
    }
    devices.push_back(device);
  }
  return devices;
}

/// Of --gates, if that is given.
GateFile gates_of(const Options& options) {
  if (options.gates.empty()) return {};
  try {
    GateFile file = read_gates(options.gates);
    if (options.quick && std::none_of(file.gates.begin(), file.gates.end(), [](const Gate& g) { return g.is_quick; })) {
      throw std::runtime_error(options.gates + ": no quick gate");
    }
    return file;
  } catch (const std::exception& error) {
    throw Unusable(error.what());
  }
}

/// Runs each operator's calls on the current device; failures are appended.
Json run_checks(const Options& options, int device, Progress& progress, std::vector<std::string>* failures) {
  Json all = Json::array();
  for (const Check& check : all_checks()) {
    const double begin = progress.seconds();
    std::int64_t calls = 0, bytes = 0;
    int trials = 0, failed = 0;
    while (trials < options.trial_count() && failed < 3) {
      try {
        Trial trial(options.trials, static_cast<std::uint64_t>(trials++));
        check.run(trial);
        calls += trial.calls();
        bytes += trial.bytes();
      } catch (const std::exception& error) {
        ++failed;
        const bool is_named = dynamic_cast<const Failure*>(&error) != nullptr;
        failures->push_back("device " + std::to_string(device) + ": " + (is_named ? "" : check.op + ": ") +
                            error.what());
      }
      progress.show("device " + std::to_string(device) + ": " + check.op + " " + std::to_string(trials) + " of " +
                    std::to_string(options.trial_count()));
    }
    all.push_back({{"operator", check.op},
                   {"trials", trials},
                   {"calls", calls},
                   {"bytes_compared", bytes},
                   {"seconds", progress.seconds() - begin},
                   {"failed", failed}});
  }
  return all;
}

Json run_ceilings(Progress& progress) {
  Json all = Json::array();
  for (const robocache_bench::Ceiling& ceiling : robocache_bench::ceilings()) {
    progress.show(ceiling.name);
    const double us = ceiling.measure();
    all.push_back({{"name", ceiling.name}, {"us", us}});
    if (ceiling.bytes > 0) all.back()["GB_per_s"] = static_cast<double>(ceiling.bytes) / us * 1e-3;
  }
  return all;
}

Json run_gates(const GateFile& file, const std::string& gpu, bool quick, int device, Progress& progress,
               std::vector<std::string>* failures) {
  Json results = Json::array();
  for (const Gate& gate : file.gates) {
    if (quick && !gate.is_quick) continue;
    progress.show("gate " + gate.benchmark);
    const GateResult result = try_gate(gate);
    results.push_back({{"benchmark", gate.benchmark},
                       {"us", result.us},
                       {"copy_fraction", result.found},
                       {"at_least", gate.at_least},
                       {"attempts", result.attempts},
                       {"verdict", result.good() ? "pass" : "fail"}});
    if (result.good()) continue;
    std::string text = "device " + std::to_string(device) + ": gate " + gate.benchmark + ": ";
    text += result.error.empty() ? "expected a copy_fraction of at least " + results.back()["at_least"].dump() +
                                       ", found " + results.back()["copy_fraction"].dump()
                                 : result.error;
    failures->push_back(text);
  }
  return {{"file", file.name}, {"measured", file.is_measured && file.is_for(gpu)}, {"results", results}};
}

Json validated(const Options& options, const GateFile& given, const std::vector<int>& devices) {
  Progress progress;
  Json result = {{"verdict", ""}, {"command", options.command}, {"seed", options.trials.seed}, {"seconds", 0.0}};
  std::vector<std::string> failures;

  // Results are compared on all devices at once; times are taken on one after the other.
  std::vector<Json> of_device(devices.size());
  std::vector<std::vector<std::string>> failures_of(devices.size());
  const auto guarded = [&](std::size_t d, const auto& step) {
    try {
      check(cudaSetDevice(devices[d]), "cudaSetDevice");
      step();
    } catch (const std::exception& error) {
      failures_of[d].push_back("device " + std::to_string(devices[d]) + ": " + error.what());
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t d = 0; d < devices.size(); ++d) {
    of_device[d] = {{"device", devices[d]}, {"facts", Json::object()}, {"checks", Json::array()}};
    threads.emplace_back([&, d] {
      guarded(d, [&] {
        Json& facts = of_device[d]["facts"];
        for (const auto& [key, value] : robocache_bench::device_facts()) facts[key] = value;
        facts["sm_clock_mhz_under_load"] = std::to_string(std::lround(robocache_bench::sm_clock_mhz()));
        of_device[d]["checks"] = run_checks(options, devices[d], progress, &failures_of[d]);
      });
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t d = 0; d < devices.size(); ++d) {
    guarded(d, [&] {
      of_device[d]["ceilings"] = run_ceilings(progress);
      const std::string gpu = of_device[d]["facts"].value("gpu", "");
      const GateFile file = options.gates.empty() ? gates_for(gpu) : given;
      of_device[d]["gates"] = run_gates(file, gpu, options.quick, devices[d], progress, &failures_of[d]);
    });
    failures.insert(failures.end(), failures_of[d].begin(), failures_of[d].end());
    result["devices"].push_back(of_device[d]);
  }
  if (is_scaling(options)) result["scaling"] = scaling_over(devices, progress, &failures);
  if (options.soak_minutes > 0) {
    try {
      check(cudaSetDevice(devices.front()), "cudaSetDevice");
      result["soak"] = soak(options.trials, options.soak_minutes, progress);
      for (const Json& failure : result["soak"]["failures"]) failures.push_back("soak: " + failure.get<std::string>());
    } catch (const std::exception& error) {
      failures.push_back(std::string("soak: ") + error.what());
    }
  }
  result["seconds"] = progress.seconds();
  result["verdict"] = failures.empty() ? "pass" : "fail";
  result["failures"] = failures;
  progress.clear();
  return result;
}

int run(int argc, char** argv) {
  CLI::App app("Says whether a GPU does RoboCache's work: every operator against the CPU, and how fast.");
  Options options;
  try {
    options = parsed(argc, argv, app);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto unusable = [](const std::string& why) {
    std::cerr << "robocache_validate: " << why << "\n";
    return 2;
  };
  Json result;
  std::ofstream report;  // opened first: not after hours is it found that it cannot be
  try {
    const GateFile gates = gates_of(options);
    if (!options.markdown.empty()) report.open(options.markdown);
    if (!report) throw Unusable(options.markdown + ": cannot be written");
    result = validated(options, gates, devices_of(options));
  } catch (const Unusable& error) {
    return unusable(error.what());
  }
  const std::string text = markdown_of(result);
  std::cout << (options.json ? result.dump(1, ' ', false, Json::error_handler_t::replace) + "\n" : text) << std::flush;
  if (report.is_open()) report << text << std::flush;
  const int verdict = result["failures"].empty() ? 0 : 1;
  if (!std::cout || !report) {
    unusable(!report ? options.markdown + ": cannot be written" : "standard output: cannot be written");
    return verdict == 0 ? 2 : verdict;
  }
  return verdict;
}

}  // namespace
}  // namespace robocache_validate

int main(int argc, char** argv) {
  // Code that is loaded later would take device memory in the middle of a soak. Where the driver has to compile it
  // first that takes minutes: LAZY from outside is left alone.
  setenv("CUDA_MODULE_LOADING", "EAGER", 0);
  try {
    return robocache_validate::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "robocache_validate: " << error.what() << "\n";
    return 1;
  }
}
