// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Drives the built example as a user does: a command line in, exit code, one line of complaint and files out.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/example.hpp"
#include "support/files.hpp"

namespace {

namespace fs = std::filesystem;
using robocache::test::array_of;
using robocache::test::contents;
using robocache::test::ExampleTest;
using robocache::test::line_of;
using robocache::test::Outcome;

class AlignEpisode : public ExampleTest {
 protected:
  Outcome align(const std::string& arguments = "") const {
    return run("--input '" + input().string() + "' " + arguments);
  }

  std::vector<std::uint8_t> status(const std::string& shape) const {
    return array_of<std::uint8_t>(output() / "status.npy", "|u1", shape);
  }
  std::vector<std::int64_t> times(const std::string& shape) const {
    return array_of<std::int64_t>(output() / "times_ns.npy", "<i8", shape);
  }
};

constexpr std::uint8_t exact = 0, interpolated = 1, held = 2, clamped_outside = 11, extrapolated_outside = 12,
                       filled_outside = 13, filled_gap = 21, filled_stale = 29, filled_empty = 37;

constexpr const char* tiny_a = "time_ns,x,y\n0,0,10\n20000000,1,20\n60000000,5,40\n";
constexpr const char* tiny_b = "time_ns,z\n10000000,100\n30000000,200\n";

/// Equal, where NaN equals NaN.
void expect_values(const std::vector<float>& found, const std::vector<float>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(wanted[i])) {
      EXPECT_TRUE(std::isnan(found[i])) << "element " << i << " is " << found[i];
    } else {
      EXPECT_EQ(found[i], wanted[i]) << "element " << i;
    }
  }
}

// --- malformed input -------------------------------------------------------------------------------------------------

struct Malformed {
  const char* name;
  std::string text;
  const char* message;
};

void PrintTo(const Malformed& malformed, std::ostream* stream) { *stream << malformed.name; }

class AlignEpisodeMalformed : public AlignEpisode, public testing::WithParamInterface<Malformed> {};

TEST_P(AlignEpisodeMalformed, is_refused_in_one_line_without_output) {
  write("a.csv", tiny_a);
  write("bad.csv", GetParam().text);
  expect_refused(align(), (input() / "bad.csv").string() + ": " + GetParam().message);
}

const Malformed malformed_files[] = {
    {"empty_file", "", "line 1, column 1: the file is empty"},
    {"header_without_end", "time_ns,x", "line 1, column 2: the last line has no end of line"},
    {"header_without_time", "stamp,x\n0,1\n",
     "line 1, column 1: the header has no column 'time_ns'; it begins with 'stamp'"},
    {"header_with_other_separator", "time_ns;x\n0;1\n", "line 1, column 1: the header has no column 'time_ns'"},
    {"header_is_data", "0,1\n20,2\n", "line 1, column 1: the header has no column 'time_ns'"},
    {"header_with_empty_name", "time_ns,,x\n0,1,2\n", "line 1, column 2: the header has an empty column name"},
    {"header_with_name_twice", "time_ns,x,x\n0,1,2\n", "line 1, column 3: the header names 'x' twice"},
    {"header_with_time_alone", "time_ns\n0\n", "line 1, column 1: the header names no channel"},
    {"header_is_binary",
     std::string("\x7f"
                 "ELF\x02\x01\0\0\n\0\0",
                 11),
     "line 1, column 1: the header has no column"},
    {"row_too_short", "time_ns,x,y\n0,1,2\n20,3\n", "line 3, column 3 (y): fewer fields than the header's 3"},
    {"row_too_long", "time_ns,x\n0,1\n20,2\n40,3,4\n", "line 4, column 3: more fields than the header's 2"},
    {"empty_line", "time_ns,x\n0,1\n\n20,2\n", "line 3, column 1 (time_ns): the line is empty"},
    {"empty_line_at_the_end", "time_ns,x\n0,1\n\n", "line 3, column 1 (time_ns): the line is empty"},
    {"empty_field", "time_ns,x,y\n0,1,2\n20,,3\n", "line 3, column 2 (x): the field is empty"},
    {"empty_last_field", "time_ns,x\n0,1\n20,\n", "line 3, column 2 (x): the field is empty"},
    {"word", "time_ns,x,y\n0,1,2\n20,3,four\n", "line 3, column 3 (y): 'four' is not a number"},
    {"number_and_more", "time_ns,x\n0,1.5m\n", "line 2, column 2 (x): '1.5m' is not a number"},
    {"two_numbers", "time_ns,x\n0,1 2\n", "line 2, column 2 (x): '1 2' is not a number"},
    {"two_signs", "time_ns,x\n0,+-1\n", "line 2, column 2 (x): '+-1' is not a number"},
    {"zero_byte", std::string("time_ns,x\n0,1\0\n", 15), "line 2, column 2 (x): '1?' is not a number"},
    {"huge_value", "time_ns,x\n0,1e999\n", "line 2, column 2 (x): '1e999' is out of range"},
    {"long_field", "time_ns,x\n0," + std::string(5000, 'a') + "\n", "line 2, column 2 (x): 'aaaa"},
    {"fraction_of_a_nanosecond", "time_ns,x\n0.5,1\n",
     "line 2, column 1 (time_ns): '0.5' is not an integer number of nanoseconds"},
    {"huge_stamp", "time_ns,x\n9223372036854775808,1\n",
     "line 2, column 1 (time_ns): '9223372036854775808' is out of range"},
    {"nan_stamp", "time_ns,x\nnan,1\n", "line 2, column 1 (time_ns): 'nan' is not an integer"},
    {"stamps_decrease", "time_ns,x\n0,1\n40,2\n39,3\n", "line 4, column 1 (time_ns): the stamp 39 is before 40"},
    {"stamps_decrease_in_last_place", "x,time_ns\n1,5\n2,4\n", "line 3, column 2 (time_ns): the stamp 4 is before 5"},
    {"last_line_without_end", "time_ns,x\n0,1\n20,2", "line 3, column 2 (x): the last line has no end of line"},
    {"last_line_cut_off", "time_ns,x,y\n0,1,2\n20", "line 3, column 1 (time_ns): the last line has no end of line"},
};

INSTANTIATE_TEST_SUITE_P(Files, AlignEpisodeMalformed, testing::ValuesIn(malformed_files),
                         [](const auto& file) { return std::string(file.param.name); });

TEST_F(AlignEpisode, refuses_a_path_that_does_not_exist) {
  expect_refused(run("--input '" + (folder_ / "nowhere").string() + "'"),
                 (folder_ / "nowhere").string() + ": no such file or directory");
}

TEST_F(AlignEpisode, refuses_a_directory_without_streams) {
  write("notes.txt", "nothing");
  expect_refused(align(), input().string() + ": the directory holds no .csv file");
}

TEST_F(AlignEpisode, refuses_what_is_not_a_file) {
  fs::create_directory(input() / "folder.csv");
  expect_refused(align(), "folder.csv: not a regular file");
}

TEST_F(AlignEpisode, refuses_a_link_to_nothing) {
  fs::create_symlink("gone.csv", input() / "link.csv");
  expect_refused(align(), "link.csv: no such file");
}

TEST_F(AlignEpisode, refuses_a_file_without_permission) {
  write("a.csv", tiny_a);
  fs::permissions(input() / "a.csv", fs::perms::none);
  if (std::ifstream(input() / "a.csv")) GTEST_SKIP() << "this user may read every file";
  expect_refused(align(), "a.csv: the file cannot be opened");
}

TEST_F(AlignEpisode, keeps_old_results_when_it_fails) {
  write("a.csv", tiny_a);
  ASSERT_EQ(align().code, 0);
  const std::string before = contents(output() / "values.npy");
  write("a.csv", "time_ns,x\n0,1\n1,b\n");
  EXPECT_EQ(align().code, 2);
  EXPECT_EQ(contents(output() / "values.npy"), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(output()), fs::directory_iterator()), 4);
}

TEST_F(AlignEpisode, refuses_an_output_that_is_a_file) {
  write("a.csv", tiny_a);
  fs::create_directories(output().parent_path());
  std::ofstream(output()) << "precious";
  const Outcome outcome = align();
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.error.find("it is not a directory"), std::string::npos) << outcome.error;
  EXPECT_EQ(contents(output()), "precious");
}

// --- the command line ------------------------------------------------------------------------------------------------

struct Usage {
  const char* arguments;
  const char* message;
};

void PrintTo(const Usage& usage, std::ostream* stream) { *stream << usage.arguments; }

class AlignEpisodeUsage : public AlignEpisode, public testing::WithParamInterface<Usage> {};

TEST_P(AlignEpisodeUsage, is_refused_in_one_line) {
  write("a.csv", tiny_a);
  write("b.csv", tiny_b);
  write("q.csv", "time_ns,s,w,x,y,z\n0,1,1,0,0,0\n");
  expect_refused(align(GetParam().arguments), GetParam().message);
}

const Usage wrong_usage[] = {
    {"--rate 0", "--rate 0: "},
    {"--rate -50", "--rate -50: "},
    {"--rate fast", "--rate fast: "},
    {"--rate 1e3", "--rate 1e3: "},
    {"--rate 30/0", "--rate 30/0: "},
    {"--rate 30/", "--rate 30/: "},
    {"--rate 29.97.1", "--rate 29.97.1: "},
    {"--rate 1.00000000001", "--rate 1.00000000001: "},
    {"--rate 99999999999", "--rate 99999999999: "},
    {"--streams a,c", "no stream 'c'"},
    {"--streams a,a", "--streams: 'a' twice"},
    {"--interp a", "--interp a: expected STREAM=KIND"},
    {"--interp c=linear", "--interp c=linear: no stream 'c' (there are a, b, q)"},
    {"--interp a=bicubic", "--interp a=bicubic: no interpolation 'bicubic'"},
    {"--interp q=slerp", "--interp q=slerp: slerp needs four channels that --quaternion names"},
    {"--interp a:w=linear", "--interp a:w=linear: stream 'a' has no channel 'w'"},
    {"--interp a:2=linear", "--interp a:2=linear: stream 'a' has the channels 0 to 1"},
    {"--quaternion q", "--quaternion q: expected STREAM:FIRST"},
    {"--quaternion c:w", "--quaternion c:w: no stream 'c'"},
    {"--quaternion q:x", "--quaternion q:x: four channels are needed; stream 'q' has 3 from there on"},
    {"--quaternion q:v:wxyz", "--quaternion q:v:wxyz: stream 'q' has no channel 'v'"},
    {"--quaternion q:s --quaternion q:w", "--quaternion q:w: it overlaps the quaternion at channel 0"},
    {"--max-gap a=soon", "--max-gap a=soon: 'soon' is not a time in milliseconds"},
    {"--max-gap -1", "--max-gap -1: a limit is not negative"},
    {"--max-gap nan", "--max-gap nan: 'nan' is not a time"},
    {"--max-age c=1", "--max-age c=1: no stream 'c'"},
    {"--offset 5", "--offset 5: expected STREAM=MS"},
    {"--offset a=1e300", "--offset a=1e300: "},
    {"--outside nowhere", "--outside"},
    {"--device tpu", "--device"},
    {"--threads -1", "--threads"},
    {"--seed 3", "--seed"},
    {"--time-column arrival_ns", "line 1, column 1: the header has no column 'arrival_ns'"},
    {"--unknown", "--unknown"},
    {"stray", "stray"},
};

INSTANTIATE_TEST_SUITE_P(Arguments, AlignEpisodeUsage, testing::ValuesIn(wrong_usage),
                         [](const auto& usage) { return "case_" + std::to_string(usage.index); });

TEST_F(AlignEpisode, help_names_every_option) {
  const Outcome outcome = run_plain("--help");
  EXPECT_EQ(outcome.code, 0);
  for (const char* option :
       {"--input", "--rate", "--streams", "--interp", "--quaternion", "--max-gap", "--max-age", "--outside", "--offset",
        "--device", "--output", "--time-column", "--threads", "--seed", "--no-plot"}) {
    EXPECT_NE(outcome.out.find(option), std::string::npos) << option;
  }
}

TEST_F(AlignEpisode, refuses_streams_of_unrelated_clocks) {
  write("a.csv", "time_ns,x\n0,1\n20000000,2\n");
  write("b.csv", "time_ns,x\n1760000000000000000,1\n");
  expect_refused(align(), "are they on one clock?");
}

TEST_F(AlignEpisode, stamps_at_both_ends_of_int64_are_no_accident) {
  write("a.csv", "time_ns,x\n-9223372036854775808,1\n9223372036854775807,2\n");
  expect_refused(align(), "are they on one clock?");
}

TEST_F(AlignEpisode, takes_as_many_streams_as_one_call_and_refuses_more) {
  for (int s = 10; s < 42; ++s) write(std::to_string(s) + ".csv", "time_ns,x\n0," + std::to_string(s) + "\n");
  ASSERT_EQ(align().code, 0);
  const std::vector<float> found = values("(1,32,)");
  for (std::size_t s = 0; s < found.size(); ++s) EXPECT_EQ(found[s], static_cast<float>(s + 10));
  fs::remove_all(output().parent_path());
  write("42.csv", tiny_a);
  expect_refused(align(), "33 streams: more than 32 (see --streams)");
}

TEST_F(AlignEpisode, takes_as_many_groups_as_one_call_and_refuses_more) {
  // Four streams of 32 channels, whose kinds alternate; one of a single channel.
  std::string header = "time_ns", row = "0", arguments;
  for (int c = 0; c < 32; ++c) {
    header += ",c" + std::to_string(c);
    row += ",1";
    if (c % 2 != 0) {
      for (const char* name : {"a", "b", "c", "d"}) {
        arguments += std::string("--interp ") + name + ":" + std::to_string(c) + "=next ";
      }
    }
  }
  for (const char* name : {"a.csv", "b.csv", "c.csv", "d.csv"}) write(name, header + "\n" + row + "\n");
  ASSERT_EQ(align(arguments).code, 0);
  EXPECT_EQ(status("(1,128,)"), std::vector<std::uint8_t>(128, exact));
  fs::remove_all(output().parent_path());
  write("e.csv", "time_ns,x\n0,1\n");
  expect_refused(align(arguments), "129 channel groups: more than 128 (see --interp)");
  write("a.csv", header + ",z\n" + row + ",1\n");
  expect_refused(align(arguments), "33 channel groups in stream 'a': more than 32 (see --interp)");
}

// --- values ----------------------------------------------------------------------------------------------------------

TEST_F(AlignEpisode, two_streams_by_hand) {
  write("a.csv", tiny_a);
  write("b.csv", tiny_b);
  const Outcome outcome = align("--offset b=10");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_EQ(times("(4,)"), (std::vector<std::int64_t>{0, 20'000'000, 40'000'000, 60'000'000}));
  expect_values(values("(4,3,)"), {0, 10, NAN, 1, 20, 100, 3, 30, 200, 5, 40, NAN});
  EXPECT_EQ(status("(4,2,)"), (std::vector<std::uint8_t>{exact, filled_outside, exact, exact, interpolated, exact,
                                                         exact, filled_outside}));
  const std::string json = contents(output() / "episode.json");
  EXPECT_NE(json.find("\"columns\": [\"a.x\", \"a.y\", \"b.z\"]"), std::string::npos) << json;
  EXPECT_NE(json.find("\"rate\": [50, 1]"), std::string::npos) << json;
  EXPECT_NE(json.find("\"offset_ns\": 10000000"), std::string::npos) << json;
  EXPECT_EQ(std::distance(fs::directory_iterator(output()), fs::directory_iterator()), 4);
}

TEST_F(AlignEpisode, one_file_is_an_episode) {
  write("a.csv", tiny_a);
  write("b.csv", "not read");
  const Outcome outcome = run("--input '" + (input() / "a.csv").string() + "' --rate 25");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_values(values("(2,2,)"), {0, 10, 3, 30});
}

TEST_F(AlignEpisode, streams_are_chosen_and_ordered) {
  write("a.csv", tiny_a);
  write("b.csv", tiny_b);
  write("c.csv", "not read");
  ASSERT_EQ(align("--streams b,a --rate 20").code, 0);
  expect_values(values("(2,3,)"), {NAN, 0, 10, NAN, 4, 35});
}

TEST_F(AlignEpisode, kinds_by_stream_and_by_channel) {
  write("a.csv", tiny_a);
  ASSERT_EQ(align("--interp a=previous").code, 0);
  expect_values(values("(4,2,)"), {0, 10, 1, 20, 1, 20, 5, 40});
  EXPECT_EQ(status("(4,1,)"), (std::vector<std::uint8_t>{exact, exact, held, exact}));
  ASSERT_EQ(align("--interp a:y=next").code, 0);
  expect_values(values("(4,2,)"), {0, 10, 1, 20, 3, 40, 5, 40});
  EXPECT_EQ(status("(4,2,)"),
            (std::vector<std::uint8_t>{exact, exact, exact, exact, interpolated, held, exact, exact}));
}

TEST_F(AlignEpisode, limits) {
  write("a.csv", tiny_a);
  ASSERT_EQ(align("--max-gap 39.999999").code, 0);
  EXPECT_EQ(status("(4,1,)")[2], filled_gap);
  EXPECT_TRUE(std::isnan(values("(4,2,)")[4]));
  ASSERT_EQ(align("--max-gap a=40").code, 0);
  EXPECT_EQ(status("(4,1,)")[2], interpolated);
  ASSERT_EQ(align("--interp a=previous --max-age 19").code, 0);
  EXPECT_EQ(status("(4,1,)")[2], filled_stale);
}

TEST_F(AlignEpisode, a_long_pause_is_a_gap_unless_it_is_allowed) {
  write("a.csv", "time_ns,x\n0,0\n20000000,1\n40000000,2\n60000000,3\n200000000,10\n");
  ASSERT_EQ(align().code, 0);
  EXPECT_EQ(status("(11,1,)")[5], filled_gap);
  ASSERT_EQ(align("--max-gap none").code, 0);
  expect_values(values("(11,1,)"), {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_F(AlignEpisode, outside_policies) {
  write("a.csv", tiny_a);
  write("b.csv", tiny_b);
  ASSERT_EQ(align("--streams b,a --offset b=10 --outside clamp").code, 0);
  expect_values(values("(4,3,)"), {100, 0, 10, 100, 1, 20, 200, 3, 30, 200, 5, 40});
  EXPECT_EQ(status("(4,2,)")[0], clamped_outside);
  ASSERT_EQ(align("--streams b,a --offset b=10 --outside extrapolate").code, 0);
  expect_values(values("(4,3,)"), {0, 0, 10, 100, 1, 20, 200, 3, 30, 300, 5, 40});
  EXPECT_EQ(status("(4,2,)")[6], extrapolated_outside);
}

TEST_F(AlignEpisode, quaternions_go_by_slerp) {
  const float half = std::sqrt(0.5f);
  std::ostringstream rows;
  rows.precision(17);
  rows << "time_ns,s,w,x,y,z\n0,1,1,0,0,0\n40000000,3," << -std::sqrt(0.5) << ",0,0," << -std::sqrt(0.5) << "\n";
  write("q.csv", rows.str());
  for (const char* first : {"w", "1"}) {
    ASSERT_EQ(align(std::string("--quaternion q:") + first + ":wxyz").code, 0);
    const std::vector<float> found = values("(3,5,)");
    const std::vector<float> wanted = {1, 1, 0, 0, 0, 2, 0.92387953f, 0, 0, 0.38268343f, 3, half, 0, 0, half};
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-7) << i;
    EXPECT_EQ(status("(3,2,)"), (std::vector<std::uint8_t>{exact, exact, interpolated, interpolated, exact, exact}));
  }
  EXPECT_NE(contents(output() / "episode.json").find("\"kind\": \"slerp\", \"format\": \"quaternion_wxyz\""),
            std::string::npos);
}

TEST_F(AlignEpisode, rational_rates_do_not_drift) {
  std::string rows = "time_ns,x\n1700000000000000000,1\n1700000100100000000,2\n";
  write("a.csv", rows);
  for (const char* rate : {"30000/1001", "60000/2002"}) {
    ASSERT_EQ(align(std::string("--rate ") + rate).code, 0);
    const std::vector<std::int64_t> found = times("(3001,)");
    EXPECT_EQ(found[1] - found[0], 33366667);
    EXPECT_EQ(found[2] - found[0], 66733333);
    EXPECT_EQ(found[3000], 1700000100100000000);
  }
  ASSERT_EQ(align("--rate 29.97").code, 0);
  EXPECT_EQ(times("(3000,)")[2997], 1700000100000000000);
}

// --- legal, if odd ---------------------------------------------------------------------------------------------------

TEST_F(AlignEpisode, duplicates_are_reported) {
  write("a.csv", "time_ns,x\n0,0\n20000000,1\n20000000,2\n40000000,4\n");
  const Outcome outcome = align();
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_values(values("(3,1,)"), {0, 2, 4});
  EXPECT_NE(contents(output() / "episode.json").find("\"duplicates\": 1"), std::string::npos);
}

TEST_F(AlignEpisode, nan_and_infinity_are_reported_and_flagged) {
  write("a.csv", "time_ns,x,y\n0,0,1\n20000000,nan,2\n40000000,NaN,inf\n60000000,3,4\n");
  const Outcome outcome = align();
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_TRUE(std::isnan(values("(4,2,)")[2]));
  EXPECT_EQ(status("(4,1,)"), (std::vector<std::uint8_t>{0, 128, 128, 0}));
  EXPECT_NE(contents(output() / "episode.json").find("\"non_finite_samples\": 2"), std::string::npos);
}

TEST_F(AlignEpisode, one_sample_and_no_sample) {
  write("a.csv", tiny_a);
  write("empty.csv", "time_ns,x,y\n");
  write("one.csv", "time_ns,x\n20000000,7\n");
  const Outcome outcome = align();
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_values(values("(4,5,)"),
                {0, 10, NAN, NAN, NAN, 1, 20, NAN, NAN, 7, 3, 30, NAN, NAN, NAN, 5, 40, NAN, NAN, NAN});
  EXPECT_EQ(status("(4,3,)"),
            (std::vector<std::uint8_t>{exact, filled_empty, filled_outside, exact, filled_empty, exact, interpolated,
                                       filled_empty, filled_outside, exact, filled_empty, filled_outside}));
  EXPECT_NE(line_of(outcome.out, "empty"), "");
  EXPECT_NE(line_of(outcome.out, "one"), "");
}

TEST_F(AlignEpisode, one_sample_alone_is_one_row) {
  write("one.csv", "time_ns,x\n20000000,7\n");
  ASSERT_EQ(align().code, 0);
  expect_values(values("(1,1,)"), {7});
}

TEST_F(AlignEpisode, no_sample_at_all_is_no_row) {
  write("empty.csv", "time_ns,x,y\n");
  const Outcome outcome = align();
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_values(values("(0,2,)"), {});
  EXPECT_TRUE(times("(0,)").empty());
}

TEST_F(AlignEpisode, spellings_of_numbers_and_lines) {
  write("a.csv", "\xEF\xBB\xBFtime_ns, x ,y\r\n 0,+1.5, -2e1 \r\n20000000\t,.5,-INF\r\n");
  const Outcome outcome = align();
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_values(values("(2,2,)"), {1.5f, -20, 0.5f, -INFINITY});
  EXPECT_NE(contents(output() / "episode.json").find("[\"a.x\", \"a.y\"]"), std::string::npos);
}

TEST_F(AlignEpisode, another_column_is_the_time) {
  write("a.csv", "time_ns,arrival_ns,x\n0,5,1\n7,5,2\n3,20000005,3\n");
  ASSERT_EQ(align("--time-column arrival_ns").code, 0);
  EXPECT_EQ(times("(2,)"), (std::vector<std::int64_t>{5, 20'000'005}));
  expect_values(values("(2,1,)"), {2, 3});
}

TEST_F(AlignEpisode, names_are_escaped_in_json) {
  write("a.csv", "time_ns,say \"x\\y\"\n0,1\n");
  ASSERT_EQ(align().code, 0);
  EXPECT_NE(contents(output() / "episode.json").find(R"("a.say \"x\\y\"")"), std::string::npos);
}

// --- the built-in episode and the picture ----------------------------------------------------------------------------

TEST_F(AlignEpisode, built_in_episode_has_every_fault_and_is_repeatable) {
  const Outcome outcome = run("");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  for (const char* stream : {"arm", "gripper", "imu", "ee_pose", "camera"}) {
    EXPECT_NE(line_of(outcome.out, stream), "") << stream;
  }
  const std::vector<std::uint8_t> found = array_of<std::uint8_t>(output() / "status.npy", "|u1", "(600,6,)");
  for (const std::uint8_t wanted : {exact, interpolated, held, filled_outside, filled_gap, filled_stale}) {
    EXPECT_NE(std::count(found.begin(), found.end(), wanted), 0) << static_cast<int>(wanted);
  }
  EXPECT_EQ(contents(output() / "episode.json").find("\"duplicates\": 0, \"non_finite_samples\": 0"),
            contents(output() / "episode.json").find("\"duplicates\": 0, "))
      << "the first stream, the arm, has duplicates";
  EXPECT_NE(contents(output() / "episode.json").find("\"offset_ns\": -18000000"), std::string::npos);

  const std::string first = contents(output() / "values.npy");
  ASSERT_EQ(run("--seed 1 --threads 3").code, 0);
  EXPECT_EQ(contents(output() / "values.npy"), first);
  ASSERT_EQ(run("--seed 2").code, 0);
  EXPECT_NE(contents(output() / "values.npy"), first);
}

TEST_F(AlignEpisode, without_arguments_results_go_below_the_current_directory) {
  const Outcome outcome = run_plain("");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  for (const char* name : {"values.npy", "status.npy", "times_ns.npy", "episode.json"}) {
    EXPECT_TRUE(fs::exists(folder_ / "out" / "align_episode" / name)) << name;
  }
  EXPECT_FALSE(fs::exists(folder_ / "out" / "align_episode" / "raw"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), fs::directory_iterator()), 1);
  const bool drawn = fs::exists(folder_ / "out" / "align_episode" / "episode.png");
  EXPECT_EQ(drawn, line_of(outcome.out, "no picture").empty());
}

TEST_F(AlignEpisode, a_missing_plotting_tool_is_said_in_one_line) {
  expect_no_picture_without_tool("--streams gripper");
  EXPECT_EQ(std::distance(fs::directory_iterator(output()), fs::directory_iterator()), 4);
}

TEST_F(AlignEpisode, an_old_picture_does_not_outlive_its_data) {
  write("a.csv", tiny_a);
  fs::create_directories(output());
  std::ofstream(output() / "episode.png") << "old";
  std::ofstream(output() / "mine.txt") << "kept";
  ASSERT_EQ(align().code, 0);
  EXPECT_FALSE(fs::exists(output() / "episode.png"));
  EXPECT_EQ(contents(output() / "mine.txt"), "kept");
}

TEST_F(AlignEpisode, gpu_or_a_reason) { expect_gpu_or_a_reason(); }

class GpuAlignEpisode : public AlignEpisode {};

TEST_F(GpuAlignEpisode, same_bytes_as_the_cpu) { expect_same_bytes_on_gpu(); }

// --- real recordings -------------------------------------------------------------------------------------------------

class AlignEpisodeRecordings : public AlignEpisode {
 protected:
  void SetUp() override {
    AlignEpisode::SetUp();
    if (data().empty()) GTEST_SKIP() << robocache::test::no_test_data;
  }
  static std::string data() { return robocache::test::test_data(); }
};

TEST_F(AlignEpisodeRecordings, a_whole_flight) {
  const std::string flight = data() + "/px4_flight";
  const Outcome outcome =
      run("--input '" + flight + "' --rate 50 --max-gap none --quaternion vehicle_attitude:q_0:wxyz");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  const std::vector<std::int64_t> at = times("(3447,)");
  const std::vector<float> found = values("(3447,78,)");
  EXPECT_EQ(at.front(), 112571708000);

  // The same line, drawn in long double between the samples around each row.
  const robocache::test::Recording imu = robocache::test::read_csv(flight + "/sensor_combined.csv");
  const std::size_t accel = imu.column("accelerometer_m_s2_2");
  const std::size_t column = 9 + 9 + accel;  // after actuator_controls_0 and actuator_outputs
  const std::size_t width = imu.names.size();
  std::size_t compared = 0;
  for (std::size_t row = 0; row < at.size(); ++row) {
    const auto after = std::upper_bound(imu.times.begin(), imu.times.end(), at[row]);
    const float value = found[row * 78 + column];
    if (after == imu.times.begin() || (after == imu.times.end() && imu.times.back() != at[row])) {
      EXPECT_TRUE(std::isnan(value)) << row;
      continue;
    }
    if (after == imu.times.end()) continue;
    const auto i = static_cast<std::size_t>(after - imu.times.begin()) - 1;
    const long double part =
        static_cast<long double>(at[row] - imu.times[i]) / static_cast<long double>(imu.times[i + 1] - imu.times[i]);
    const long double a = imu.values[i * width + accel], b = imu.values[(i + 1) * width + accel];
    EXPECT_NEAR(value, static_cast<double>(a + part * (b - a)), 2e-6) << row;
    ++compared;
  }
  EXPECT_GT(compared, 3400u);

  const std::size_t q = 9 + 9 + width + 3;  // vehicle_attitude has 3 channels before the quaternion
  for (std::size_t row = 0; row < at.size(); ++row) {
    const float* r = found.data() + row * 78 + q;
    if (std::isnan(r[0])) continue;
    EXPECT_NEAR(r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + r[3] * r[3], 1.0f, 1e-6f) << row;
    EXPECT_GE(r[0], 0.0f) << row;
  }
}

TEST_F(AlignEpisodeRecordings, humanoid_episodes) {
  // 479, 393 and 343 samples; two recordings end a rounding error before the last step of the grid.
  const char* shapes[] = {"(479,52,)", "(392,52,)", "(342,52,)"};
  for (int episode = 0; episode < 3; ++episode) {
    const std::string name = "episode_" + std::to_string(episode);
    ASSERT_EQ(run("--input '" + data() + "/g1_humanoid' --rate 30 --streams " + name).code, 0);
    const std::string from_folder = contents(output() / "values.npy");
    ASSERT_EQ(run("--input '" + data() + "/g1_humanoid/" + name + ".csv' --rate 30").code, 0);
    EXPECT_EQ(contents(output() / "values.npy"), from_folder);
    const robocache::test::Recording recording = robocache::test::read_csv(data() + "/g1_humanoid/" + name + ".csv");
    const std::vector<float> found = values(shapes[episode]);
    for (std::size_t i = 0; i < 52; ++i) EXPECT_EQ(found[i], static_cast<float>(recording.values[i]));
  }
}

TEST_F(AlignEpisodeRecordings, arrival_stamps_have_duplicates) {
  const std::string file = data() + "/imu/quadruped_400hz.csv";
  ASSERT_EQ(run("--input '" + file + "' --time-column arrival_ns --quaternion quadruped_400hz:orientation_x").code, 0);
  EXPECT_NE(contents(output() / "episode.json").find("\"duplicates\": 248"), std::string::npos);
}

}  // namespace
