// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

namespace robocache_bench {

/// Benchmark names are stable keys of gates and result files, so Google Benchmark's own suffixes (iterations,
/// manual_time, real_time) are taken off.
template <class Reporter>
class PlainNames : public Reporter {
 public:
  using Reporter::Reporter;
  using Run = benchmark::BenchmarkReporter::Run;

  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> plain = runs;
    for (Run& run : plain) {
      run.run_name.iterations.clear();
      run.run_name.time_type.clear();
    }
    Reporter::ReportRuns(plain);
  }
};

/// Parses the --benchmark_* flags and runs what is registered.
inline int run_benchmarks(int argc, char** argv) {
  bool json = false;
  bool file = false;
  for (int i = 1; i < argc; ++i) {
    json |= std::strcmp(argv[i], "--benchmark_format=json") == 0;
    file |= std::strncmp(argv[i], "--benchmark_out=", 16) == 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  PlainNames<benchmark::ConsoleReporter> console(benchmark::ConsoleReporter::OO_Tabular);
  PlainNames<benchmark::JSONReporter> json_display;
  PlainNames<benchmark::JSONReporter> json_file;
  benchmark::BenchmarkReporter* display = &console;
  if (json) display = &json_display;
  benchmark::RunSpecifiedBenchmarks(display, file ? &json_file : nullptr);
  benchmark::Shutdown();
  return 0;
}

}  // namespace robocache_bench
