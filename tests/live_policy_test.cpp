// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Runs the built example, on the GPU where there is one. Its clock is simulated: all but the time that a tick takes is
// known beforehand.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdio>
#include <sstream>
#include <string>

namespace {

/// The lines without the time of a tick, "; 19.3 us on the GPU".
std::string without_time(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t time = line.rfind("; ");
    EXPECT_NE(line.find(" us on the "), std::string::npos) << line;
    result += line.substr(0, time) + '\n';
  }
  return result;
}

TEST(LivePolicy, every_tick_sees_the_last_second) {
  std::FILE* const output = popen("'" EXAMPLE_BINARY "' 2>&1", "r");
  ASSERT_NE(output, nullptr);
  std::string text;
  for (int c = std::fgetc(output); c != EOF; c = std::fgetc(output)) text += static_cast<char>(c);
  EXPECT_EQ(pclose(output), 0);
  // By hand: stamps begin at 1, 3, 2 and 4 ms and come every 2, 5, 10 and 33 ms. Of the rows before the first stamp,
  // those of the first three sensors (four groups of the five) are clamped up to 100 ms ahead.
  EXPECT_EQ(without_time(text),
            "0.4 s: 48 of 100 entries known; newest samples 1 2 8 0 ms old\n"
            "0.8 s: 88 of 100 entries known; newest samples 1 2 8 4 ms old\n"
            "1.2 s: 100 of 100 entries known; newest samples 1 2 8 8 ms old\n"
            "1.6 s: 100 of 100 entries known; newest samples 1 2 8 12 ms old\n"
            "2.0 s: 100 of 100 entries known; newest samples 1 2 8 16 ms old\n");
}

}  // namespace
