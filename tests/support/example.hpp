// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

// Runs an example, EXAMPLE_BINARY, as a user does.

namespace robocache::test {

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// An array as the example writes it: the header is compared as a whole.
template <class T>
std::vector<T> array_of(const std::filesystem::path& path, const std::string& type, const std::string& shape) {
  const std::string bytes = contents(path);
  const std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8)) << path;
  EXPECT_EQ(bytes.substr(10, header.size()), header) << path;
  const std::size_t begin = 10 + static_cast<unsigned char>(bytes.at(8)) +
                            256 * static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(9)));
  EXPECT_EQ(begin % 64, 0u);
  EXPECT_EQ(bytes.at(begin - 1), '\n');
  std::vector<T> values((bytes.size() - begin) / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data() + begin, values.size() * sizeof(T));
  return values;
}

/// The line that begins so, or an empty one.
inline std::string line_of(const std::string& text, const std::string& begin) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.compare(0, begin.size(), begin) == 0) return line;
  }
  return {};
}

/// Of a command.
struct Outcome {
  int code = -1;
  std::string out, error;
};

/// A folder for what goes into an example and what comes out, gone after the test.
class ExampleTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(info->test_suite_name()) + "." + info->name() + "." + std::to_string(getpid());
    std::replace(name.begin(), name.end(), '/', '_');
    folder_ = std::filesystem::path(testing::TempDir()) / name;
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(input());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path input() const { return folder_ / "input"; }
  std::filesystem::path output() const { return folder_ / "results" / "example"; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(input() / name, std::ios::binary) << text;
  }

  Outcome run_plain(const std::string& arguments) const {
    const std::filesystem::path out = folder_ / "stdout", error = folder_ / "stderr";
    const std::string command = "cd '" + folder_.string() + "' && '" + EXAMPLE_BINARY + "' " + arguments + " >'" +
                                out.string() + "' 2>'" + error.string() + "'";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(out), contents(error)};
  }

  std::string to_output() const { return " --output '" + output().string() + "' "; }
  Outcome run(const std::string& arguments) const {
    return run_plain(to_output() + "--no-plot --device cpu " + arguments);
  }
  Outcome run_on_gpu(const std::string& arguments) const {
    return run_plain(to_output() + "--no-plot --device gpu " + arguments);
  }

  std::vector<float> values(const std::string& shape) const {
    return array_of<float>(output() / "values.npy", "<f4", shape);
  }

  void expect_refused(const Outcome& outcome, const std::string& message) const {
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    EXPECT_NE(outcome.error.find(message), std::string::npos) << outcome.error << "should contain\n" << message;
    EXPECT_FALSE(std::filesystem::exists(output().parent_path())) << "output was left behind";
  }

  void expect_gpu_or_a_reason() const {
    const Outcome outcome = run_on_gpu("");
    if (outcome.code == 0) {
      EXPECT_NE(line_of(outcome.out, "device"), "");
    } else {
      EXPECT_EQ(outcome.code, 1);
      EXPECT_NE(outcome.error.find("--device gpu: "), std::string::npos) << outcome.error;
      EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
      EXPECT_FALSE(std::filesystem::exists(output().parent_path()));
    }
  }

  /// Every file that it writes.
  void expect_same_bytes_on_gpu(const std::string& arguments = "") const {
    const Outcome outcome = run_on_gpu(arguments);
    if (outcome.code != 0) GTEST_SKIP() << "no CUDA device: " << outcome.error;
    std::map<std::filesystem::path, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(output())) {
      files[entry.path()] = contents(entry.path());
    }
    ASSERT_EQ(run(arguments).code, 0);
    for (const auto& [path, bytes] : files) EXPECT_EQ(contents(path), bytes) << path;
  }

  void expect_no_picture_without_tool(const std::string& arguments) const {
    const Outcome outcome = run_plain(to_output() + "--python /nonexistent/python3 " + arguments);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(line_of(outcome.out, "no picture"), "no picture: /nonexistent/python3 cannot be run");
  }

  std::filesystem::path folder_;
};

}  // namespace robocache::test
