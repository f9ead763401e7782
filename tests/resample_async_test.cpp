// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/concurrent.hpp"
#include "support/resample_case.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

// When a call reads its arguments, and many calls at once.

namespace robocache::test {
namespace {

using Plain = Combination<std::int64_t, float, float>;

ResampleCase<Plain> mixed_case(std::uint64_t sequence) {
  Random random(sequence);
  auto c = random_case<Plain>(random, 200, 500);
  add_group(c, random, channels(3, Interpolation::linear));
  add_group(c, random, rotation(RotationFormat::quaternion_xyzw));
  add_group(c, random, channels(2, Interpolation::pchip));
  add_group(c, random, channels(1, Interpolation::previous));
  return c;
}

class ResampleAsync : public LauncherTest {};

/// The argument struct and the host array of groups may go as soon as the call returns, also under capture.
TEST_P(ResampleAsync, ArgumentsAreReadDuringTheCall) {
  SCOPED_TRACE(seed_trace());
  const ResampleCase<Plain> c = mixed_case(500);
  const Resampled<float> wanted = c.run(Launcher::host);
  Arena arena(GetParam());
  const ResampleArgs inputs = c.inputs(arena);
  const auto out = arena.output_rows<float>(c.rows, c.out_width(), c.out_width());
  const auto status = arena.output<std::uint8_t>(c.rows * c.group_count());
  ASSERT_OK(arena.launch([&](auto where) {
    auto args = std::make_unique<ResampleArgs>(inputs);
    auto groups = std::make_unique<std::vector<ChannelGroup>>(c.groups);
    args->source.groups = groups->data();
    args->out = out.rows();
    args->status = status.data();
    const Status result = resample(*args, where);
    std::memset(static_cast<void*>(groups->data()), 0xff, groups->size() * sizeof(ChannelGroup));
    std::memset(static_cast<void*>(args.get()), 0xff, sizeof(ResampleArgs));
    return result;
  }));
  expect_same_bits(wanted.out, out.download(), "out");
  expect_same_bits(wanted.status, status.download(), "status");
}

/// Each call reads what the one ahead of it in the stream wrote, in all blocks of a launch that overlaps its end:
/// halfway between neighbouring samples, again and again. Sums of integers below 2^10, halved twelve times, are exact
/// in float.
TEST_P(ResampleAsync, CallsSeeWhatEarlierOnesWrote) {
  SCOPED_TRACE(seed_trace());
  constexpr int calls = 12;
  constexpr std::int64_t samples = 5000, width = 8;
  Random random(502);
  ResampleCase<Plain> c;
  c.width = width;
  c.source.outside = Outside::clamp;
  std::vector<std::int64_t> halfway;
  for (std::int64_t i = 0; i < samples; ++i) {
    c.times.push_back(10 * i);
    halfway.push_back(10 * i + 5);
    for (std::int64_t k = 0; k < width; ++k) c.values.push_back(static_cast<float>(random.below(1024)));
  }
  c.ask(halfway);
  std::vector<float> wanted = c.values, before;
  for (int call = 0; call < calls; ++call) {
    before = wanted;
    for (std::size_t i = 0; i + width < wanted.size(); ++i) wanted[i] = (before[i] + before[i + width]) / 2;
  }

  Arena arena(GetParam());
  const ResampleArgs first = c.inputs(arena);
  const auto even = arena.output_rows<float>(samples, width, width),
             odd = arena.output_rows<float>(samples, width, width);
  ASSERT_OK(arena.launch([&](auto where) {
    ResampleArgs args = first;
    Status status;
    for (int call = 0; call < calls && status.ok(); ++call) {
      args.out = call % 2 == 0 ? even.rows() : odd.rows();
      status = resample(args, where);
      args.source.values = {args.out.data, args.out.type, args.out.count, args.out.width, args.out.pitch};
    }
    return status;
  }));
  expect_same_bits(wanted, odd.download(), "last call");
  expect_same_bits(before, even.download(), "the one before");
}

/// Eight threads, each with its own stream (or host call) and many calls: no state is shared.
TEST_P(ResampleAsync, ThreadsTimesStreams) {
  SCOPED_TRACE(seed_trace());
  constexpr int workers = 8, calls = 20;
  std::vector<ResampleCase<Plain>> cases;
  std::vector<Resampled<float>> wanted;
  for (int w = 0; w < workers; ++w) {
    cases.push_back(mixed_case(510 + static_cast<std::uint64_t>(w)));
    wanted.push_back(cases.back().run(Launcher::host));
    cases.back().threads = 1 + w % 3;
  }
  expect_right_at_once(workers, calls, [&](std::size_t i) {
    Arena arena(GetParam());
    ResampleArgs args = cases[i].inputs(arena);
    const auto out = arena.output_rows<float>(cases[i].rows, cases[i].out_width(), cases[i].out_width());
    const auto status = arena.output<std::uint8_t>(cases[i].rows * cases[i].group_count());
    args.out = out.rows();
    args.status = status.data();
    const Status result = arena.launch([&](auto where) { return resample(args, where); }, cases[i].threads);
    const std::vector<float> got = out.download();
    return result.ok() && status.download() == wanted[i].status &&
           std::memcmp(got.data(), wanted[i].out.data(), got.size() * sizeof(float)) == 0;
  });
}

INSTANTIATE_TEST_SUITE_P(, ResampleAsync, every_launcher(), launcher_name);

class ResampleCapture : public LauncherTest {};

/// One kernel, whatever the call.
TEST_P(ResampleCapture, EnqueuesOneKernel) {
  const ResampleCase<Plain> c = mixed_case(501);
  Arena arena(GetParam());
  ResampleArgs args = c.inputs(arena);
  const auto out = arena.output_rows<float>(c.rows, c.out_width(), c.out_width());
  args.out = out.rows();
  ASSERT_OK(arena.launch([&](auto where) { return resample(args, where); }));
  EXPECT_EQ(arena.graph_nodes(), 1u);
}

INSTANTIATE_TEST_SUITE_P(, ResampleCapture, testing::Values(Launcher::graph), launcher_name);

}  // namespace
}  // namespace robocache::test
