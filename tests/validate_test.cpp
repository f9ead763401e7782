// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "support/example.hpp"

#include <cstdlib>
#include <string>

// robocache_validate as a program: that it passes, that it fails, and what it says then.

namespace robocache::test {
namespace {

class Validate : public ExampleTest {
 protected:
  void expect_unusable(const Outcome& outcome, const std::string& message) const {
    EXPECT_EQ(outcome.code, 2) << outcome.out;
    EXPECT_NE((outcome.out + outcome.error).find(message), std::string::npos) << outcome.out << outcome.error;
  }
};

TEST_F(Validate, WrongUsage) {
  expect_unusable(run_plain("--nonsense"), "--nonsense");
  expect_unusable(run_plain("--quick --full"), "excludes");
  expect_unusable(run_plain("--soak 0"), "--soak");
  expect_unusable(run_plain("--soak nan"), "--soak");
  expect_unusable(run_plain("--corrupt nothing"), "no such operator");
}

TEST_F(Validate, WrongGates) {
  write("empty.json", "");
  write("other.json", R"({"gates": [{"benchmark": "b", "counter": "us", "at_least": 1}], "measured": true})");
  expect_unusable(run_plain("--gates input/missing.json"), "input/missing.json: cannot be read");
  expect_unusable(run_plain("--gates input/empty.json"), "input/empty.json: ");
  expect_unusable(run_plain("--gates input/other.json"), "input/other.json: b: unknown counter");
  for (const char* none : {"[]", "{}", "null"}) {
    write("none.json", std::string(R"({"measured": true, "gates": )") + none + "}");
    expect_unusable(run_plain("--gates input/none.json"), "input/none.json: no gates");
  }
  const auto gate_of = [](const std::string& at_least) {
    return R"({"measured": true, "gates": [{"benchmark": "b", "counter": "copy_fraction", "at_least": )" + at_least +
           "}]}";
  };
  for (const char* bound : {"0", "-0.5"}) {
    write("free.json", gate_of(bound));
    expect_unusable(run_plain("--gates input/free.json"), "input/free.json: b: at_least is not positive");
  }
  write("slow.json", gate_of("0.5"));
  expect_unusable(run_plain("--quick --gates input/slow.json"), "input/slow.json: no quick gate");
}

// Before anything is run.
TEST_F(Validate, ReportThatCannotBeWritten) {
  expect_unusable(run_plain("--markdown input/missing/report.md"), "input/missing/report.md: cannot be written");
}

TEST_F(Validate, NoDevice) {
  ASSERT_EQ(setenv("CUDA_VISIBLE_DEVICES", "", 1), 0);
  expect_unusable(run_plain("--quick"), "no CUDA device");
  ASSERT_EQ(unsetenv("CUDA_VISIBLE_DEVICES"), 0);
}

class GpuValidate : public Validate {
 protected:
  void SetUp() override {
    Validate::SetUp();
    write("gates.json", gates(0.01));
    const Outcome outcome = run_plain("--device 0 --quick --gates input/gates.json");
    if (outcome.error.find("no CUDA device") != std::string::npos) GTEST_SKIP() << "no CUDA device";
    ASSERT_EQ(outcome.code, 0) << failure_of(outcome) << outcome.error;
  }
  static std::string gates(double at_least) {
    return R"({"measured": false, "gates": [{"benchmark": "fuse/linear/bf16_bf16/4x3streams/hot", "quick": true,
               "counter": "copy_fraction", "at_least": )" +
           std::to_string(at_least) + "}]}";
  }
  /// The first failure in the report.
  static std::string failure_of(const Outcome& outcome) {
    const std::size_t begin = outcome.out.find("## Failures\n\n");
    if (begin == std::string::npos) return "none";
    const std::size_t line = begin + std::string("## Failures\n\n").size();
    return outcome.out.substr(line, outcome.out.find('\n', line) - line);
  }
};

TEST_F(GpuValidate, Passes) {
  const Outcome outcome = run_plain("--quick --seed 5 --gates input/gates.json --markdown input/report.md");
  EXPECT_EQ(outcome.code, 0) << failure_of(outcome);
  EXPECT_EQ(contents(input() / "report.md"), outcome.out);
  EXPECT_NE(line_of(outcome.out, "| `voxelize_hard` | 40 | 120 |"), "") << outcome.out;
}

/// The threads of `--device all`, on one device.
TEST_F(GpuValidate, ADeviceTwice) {
  const Outcome outcome = run_plain("--quick --gates input/gates.json --device 0,0");
  EXPECT_EQ(outcome.code, 0) << failure_of(outcome);
  EXPECT_NE(line_of(outcome.out, "| `host_fed/copies_alone` | 2 |"), "") << outcome.out;
  const Outcome unknown = run_plain("--quick --gates input/gates.json --device 0,1000");
  expect_unusable(unknown, "--device 1000: there are devices 0 to ");
}

TEST_F(GpuValidate, AWrongBitFails) {
  for (const char* op : {"resample", "split_segments", "voxel_downsample"}) {
    const Outcome outcome = run_plain("--quick --seed 5 --gates input/gates.json --corrupt " + std::string(op));
    EXPECT_EQ(outcome.code, 1);
    const std::string failure = failure_of(outcome);
    for (const char* part : {"differs on a stream: ", ", expected ", ", found ", "of seed 5)"}) {
      EXPECT_NE(failure.find(part), std::string::npos) << failure;
    }
    EXPECT_EQ(failure.find("- device 0: " + std::string(op) + " "), 0u) << failure;
  }
}

TEST_F(GpuValidate, AnImpossibleGateFails) {
  write("impossible.json", gates(2.0));
  const Outcome outcome = run_plain("--quick --gates input/impossible.json");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(failure_of(outcome).find("- device 0: gate fuse/linear/bf16_bf16/4x3streams/hot: expected a copy_fraction "
                                     "of at least 2.0, found 0."),
            0u)
      << failure_of(outcome);
}

}  // namespace
}  // namespace robocache::test
