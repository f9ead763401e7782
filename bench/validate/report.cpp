// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "report.hpp"

#include <cstdarg>
#include <cstdio>
#include <sstream>

namespace robocache_validate {

namespace {

using Json = nlohmann::ordered_json;

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

void describe_device(const Json& device, std::ostringstream& out) {
  out << "## Device " << device.at("device") << "\n\n| | |\n| --- | --- |\n";
  for (const auto& [key, value] : device.at("facts").items()) out << "| " << key << " | " << text_of(value) << " |\n";
  if (device.contains("ceilings")) {
    out << "\n| ceiling | µs | GB/s |\n| --- | ---: | ---: |\n";
    for (const Json& ceiling : device.at("ceilings")) {
      out << "| `" << text_of(ceiling.at("name")) << "` | " << fixed(ceiling.at("us"), 2) << " | "
          << (ceiling.contains("GB_per_s") ? fixed(ceiling.at("GB_per_s"), 0) : "") << " |\n";
    }
  }
  out << "\n| operator | trials | calls | MB compared | s | verdict |\n| --- | ---: | ---: | ---: | ---: | --- |\n";
  for (const Json& check : device.at("checks")) {
    out << "| `" << text_of(check.at("operator")) << "` | " << check.at("trials") << " | " << check.at("calls") << " | "
        << fixed(check.at("bytes_compared").get<double>() * 1e-6, 1) << " | " << fixed(check.at("seconds"), 1) << " | "
        << (check.at("failed") == 0 ? "pass" : "**" + check.at("failed").dump() + " failed**") << " |\n";
  }
  if (!device.contains("gates")) return;
  const Json& gates = device.at("gates");
  out << "\nGates of " << text_of(gates.at("file"))
      << (gates.at("measured") ? ", from runs on such a board:\n" : ", of which no board was measured:\n")
      << "\n| benchmark | µs | copy_fraction | at least | attempts | verdict |\n"
         "| --- | ---: | ---: | ---: | ---: | --- |\n";
  for (const Json& gate : gates.at("results")) {
    out << "| `" << text_of(gate.at("benchmark")) << "` | " << fixed(gate.at("us"), 2) << " | "
        << fixed(gate.at("copy_fraction"), 3) << " | " << text_of(gate.at("at_least")) << " | " << gate.at("attempts")
        << " | " << text_of(gate.at("verdict")) << " |\n";
  }
}

void describe_scaling(const Json& scaling, std::ostringstream& out) {
  out << "\n## Devices together\n\n| load | devices | calls/s alone, sum | together, sum | scaling |\n"
         "| --- | ---: | ---: | ---: | ---: |\n";
  for (const Json& load : scaling) {
    double alone = 0, together = 0;
    for (const double rate : load.at("per_second_alone")) alone += rate;
    for (const double rate : load.at("per_second_together")) together += rate;
    out << "| `" << text_of(load.at("load")) << "` | " << load.at("devices") << " | " << fixed(alone, 1) << " | "
        << fixed(together, 1)
        << (load.contains("GB_per_s_together") ? " (" + fixed(load.at("GB_per_s_together"), 1) + " GB/s)" : "") << " | "
        << fixed(load.at("scaling"), 3) << " |\n";
  }
}

void describe_soak(const Json& soak, std::ostringstream& out) {
  out << "\n## Soak\n\n"
      << fixed(soak.at("minutes"), 1) << " minutes, " << soak.at("threads") << " threads, " << soak.at("calls")
      << " calls, " << fixed(soak.at("bytes_compared").get<double>() * 1e-9, 2) << " GB compared.";
  if (soak.contains("free_bytes_at_end")) {
    out << " Free device memory after the first fifth: " << soak.at("free_bytes_after_warm_up") << " bytes, from then "
        << soak.at("free_bytes_least") << " to " << soak.at("free_bytes_most") << ", at the end "
        << soak.at("free_bytes_at_end") << ".";
  }
  out << "\n\n| benchmark | µs, first tenth | last tenth | change | highest |\n"
         "| --- | ---: | ---: | ---: | ---: |\n";
  for (const Json& drift : soak.at("drift")) {
    out << "| `" << text_of(drift.at("benchmark")) << "` | " << fixed(drift.at("us_first_tenth"), 2) << " | "
        << fixed(drift.at("us_last_tenth"), 2) << " | " << fixed(100.0 * drift.at("change").get<double>(), 1) << " % | "
        << fixed(drift.at("us_highest"), 2) << " |\n";
  }
}

}  // namespace

std::string markdown_of(const Json& result) {
  std::ostringstream out;
  out << "# robocache_validate: " << text_of(result.at("verdict")) << "\n\n`" << text_of(result.at("command")) << "`, "
      << fixed(result.at("seconds"), 1) << " s, seed " << result.at("seed") << ".\n\n";
  for (const Json& device : result.at("devices")) describe_device(device, out);
  if (result.contains("scaling")) describe_scaling(result.at("scaling"), out);
  if (result.contains("soak")) describe_soak(result.at("soak"), out);
  if (!result.at("failures").empty()) out << "\n## Failures\n\n";
  for (const Json& failure : result.at("failures")) out << "- " << text_of(failure) << "\n";
  return out.str();
}

}  // namespace robocache_validate
