// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "program.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <new>

namespace example {
namespace {

constexpr int exit_machine = 1;  // no GPU, no space, no memory
constexpr int exit_input = 2;    // the command line or the data

}  // namespace

void declare(CLI::App& app, CommonOptions& options) {
  app.add_option("--device", options.device, "where to compute: auto (default) takes a GPU if there is one")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Device>{
                                              {"cpu", Device::cpu}, {"gpu", Device::gpu}, {"auto", Device::automatic}})
                      .description("{cpu,gpu,auto}"));
  app.add_option("--output", options.output, "directory for the results")->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads; 0: all")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("--no-plot", options.no_plot, "draw no picture");
  app.add_option("--python", options.python, "interpreter that draws the picture (default: a python3 with matplotlib)");
}

int run_program(CLI::App& app, int argc, char** argv, const std::function<void()>& run) {
  const auto fail = [&app](std::string what, int code) {
    std::replace(what.begin(), what.end(), '\n', ' ');
    std::cerr << app.get_name() << ": " << what << '\n';
    return code;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + " (see --help)", exit_input);
  }
  try {
    run();
    return 0;
  } catch (const InputError& error) {
    return fail(error.what(), exit_input);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", exit_machine);
  } catch (const std::exception& error) {
    return fail(error.what(), exit_machine);
  }
}

}  // namespace example
