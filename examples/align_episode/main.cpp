// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// One recorded episode of several sensor streams, each on its own irregular clock, becomes one tensor of fixed rate.

#include "align.hpp"
#include "csv.hpp"
#include "options.hpp"
#include "output.hpp"
#include "report.hpp"
#include "support/npy.hpp"
#include "support/output.hpp"
#include "support/program.hpp"
#include "synthetic.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

namespace align_episode {
namespace {

void declare(CLI::App& app, Options& options) {
  const auto repeatable = [](CLI::Option* option) { option->expected(1)->take_all()->allow_extra_args(false); };
  CLI::Option* input = app.add_option("--input", options.input,
                                      "directory with one CSV file per stream, or one CSV file; a header line, then "
                                      "time_ns and numbers (default: a built-in episode)")
                           ->type_name("PATH");
  app.add_option("--rate", options.rate, "rows per second: 50, 29.97, 30000/1001")->capture_default_str();
  app.add_option("--streams", options.streams, "only these streams, in this order: a,b,c")->delimiter(',');
  repeatable(
      app.add_option("--interp", options.interp,
                     "STREAM=KIND or STREAM:CHANNEL=KIND, repeatable; previous, next, nearest, linear (default), "
                     "cubic, pchip, akima, angle"));
  repeatable(app.add_option("--quaternion", options.quaternion,
                            "STREAM:FIRST or STREAM:FIRST:wxyz, repeatable: four channels from FIRST (name, or index "
                            "from 0) are a rotation, xyzw unless said otherwise, interpolated by slerp"));
  repeatable(
      app.add_option("--max-gap", options.max_gap,
                     "milliseconds, or STREAM=MS, or none, repeatable: longest pause that is interpolated across "
                     "(default: 2.5 times the stream's median interval)"));
  repeatable(
      app.add_option("--max-age", options.max_age,
                     "milliseconds, or STREAM=MS, or none, repeatable: previous, next and nearest take no sample "
                     "further away (default: none)"));
  app.add_option("--outside", options.outside,
                 "before the first and after the last sample of a stream: fill (NaN, "
                 "default), clamp, extrapolate")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, robocache::Outside>{{"fill", robocache::Outside::fill},
                                                                {"clamp", robocache::Outside::clamp},
                                                                {"extrapolate", robocache::Outside::extrapolate}})
                      .description("{fill,clamp,extrapolate}"));
  repeatable(
      app.add_option("--offset", options.offset,
                     "STREAM=MS, repeatable: added to the stamps; -18 for a sensor whose stamps are 18 ms late"));
  app.add_option("--time-column", options.time_column, "the column of nanoseconds that is the time")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the built-in episode")->excludes(input)->capture_default_str();
  example::declare(app, options);
}

/// The built-in episode, narrowed to the streams that are wanted.
Episode built_in(const Options& options) {
  Episode all = synthetic_episode(options.seed);
  if (options.streams.empty()) return all;
  Episode chosen;
  for (const std::string& name : options.streams) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Stream& s) { return s.name == name; });
    if (found == all.end()) throw InputError("--streams: the built-in episode has no stream '" + name + "'");
    chosen.push_back(*found);
  }
  return chosen;
}

void run(const Options& options) {
  const robocache::Rate rate = parse_rate(options.rate);
  example::OutputFolder output(options.output);
  for (auto name = options.streams.begin(); name != options.streams.end(); ++name) {
    if (std::find(options.streams.begin(), name, *name) != name) throw InputError("--streams: '" + *name + "' twice");
  }

  example::Stopwatch watch;
  Episode episode =
      options.input.empty() ? built_in(options) : read_episode(options.input, options.streams, options.time_column);
  const double read_ms = watch.lap_ms();
  configure(options, episode);
  const Grid grid = common_grid(episode, rate);

  watch.lap_ms();
  const example::Side side(options.device, options.threads);
  const Aligned aligned = align(episode, grid, options.outside, side);
  const std::vector<StreamReport> reports = report_streams(episode, aligned);
  std::vector<std::int64_t> times;
  for (std::int64_t row = 0; row < grid.rows; ++row) times.push_back(grid.time(row));

  watch.lap_ms();
  example::write_npy(output.staging() / "values.npy", aligned.values, {grid.rows, aligned.channels});
  example::write_npy(output.staging() / "status.npy", aligned.status, {grid.rows, aligned.groups});
  example::write_npy(output.staging() / "times_ns.npy", times, {grid.rows});
  example::write_text(output.staging() / "episode.json", episode_json(episode, reports, aligned));
  const double write_ms = watch.lap_ms();
  const std::string no_picture =
      options.no_plot ? "--no-plot" : draw_episode(output.staging(), episode, options.python);
  const double picture_ms = watch.lap_ms();
  output.publish({"values.npy", "status.npy", "times_ns.npy", "episode.json", "episode.png"});

  const double hz = static_cast<double>(rate.num) / static_cast<double>(rate.den);
  std::printf("%s: %lld rows x %lld columns at %.6g Hz, %.3f s\n\n",
              options.input.empty() ? "built-in episode" : options.input.c_str(), static_cast<long long>(grid.rows),
              static_cast<long long>(aligned.channels), hz, static_cast<double>(grid.rows) / hz);
  std::printf("%s\n", table_of(episode, reports, aligned).c_str());
  std::printf("device  %s\n", side.name().c_str());
  std::printf("%s    %.1f ms\n", options.input.empty() ? "make" : "read", read_ms);
  std::printf("align   first pass %.3f ms, then %.3f ms a pass", 1e3 * aligned.timing.first_s,
              1e3 * aligned.timing.steady_s);
  if (side.copies_s() > 0.0) std::printf("; copies to the GPU and back %.3f ms", 1e3 * side.copies_s());
  std::printf("\nwrite   %.1f ms", write_ms);
  if (no_picture.empty()) std::printf(", picture %.0f ms", picture_ms);
  std::printf("\nresult  %s: values.npy, status.npy, times_ns.npy, episode.json%s\n", options.output.c_str(),
              no_picture.empty() ? ", episode.png" : "");
  if (!no_picture.empty()) std::printf("no picture: %s\n", no_picture.c_str());
}

}  // namespace
}  // namespace align_episode

int main(int argc, char** argv) {
  CLI::App app("Aligns the sensor streams of one episode to one fixed-rate tensor.", "align_episode");
  align_episode::Options options;
  align_episode::declare(app, options);
  return example::run_program(app, argc, argv, [&] { align_episode::run(options); });
}
