// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// Drives the built example as a user does: a cloud in, exit code, one line of complaint and files out.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/example.hpp"
#include "support/files.hpp"
#include "support/random.hpp"

namespace {

namespace fs = std::filesystem;
using robocache::test::array_of;
using robocache::test::contents;
using robocache::test::ExampleTest;
using robocache::test::line_of;
using robocache::test::Outcome;

template <class T>
std::string bytes_of(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

/// A PCD header; whatever is given as "" is left out.
struct Header {
  std::string fields = "x y z";
  std::string size = "4 4 4";
  std::string type = "F F F";
  std::string count = "";
  std::string width = "2";
  std::string height = "1";
  std::string viewpoint = "";
  std::string points = "2";
  std::string data = "binary";

  std::string text() const {
    std::string text = "# .PCD v0.7\nVERSION 0.7\n";
    const auto add = [&text](const char* key, const std::string& value) {
      if (!value.empty()) text += std::string(key) + " " + value + "\n";
    };
    add("FIELDS", fields);
    add("SIZE", size);
    add("TYPE", type);
    add("COUNT", count);
    add("WIDTH", width);
    add("HEIGHT", height);
    add("VIEWPOINT", viewpoint);
    add("POINTS", points);
    add("DATA", data);
    return text;
  }
  Header with(std::string Header::*member, const std::string& value) const {
    Header other = *this;
    other.*member = value;
    return other;
  }
};

/// LZF of bytes as they are: runs of up to 32 after a byte that says how many.
std::string stored_as_lzf(const std::string& bytes) {
  std::string lzf;
  for (std::size_t begin = 0; begin < bytes.size(); begin += 32) {
    const std::string run = bytes.substr(begin, 32);
    lzf += static_cast<char>(run.size() - 1);
    lzf += run;
  }
  return lzf;
}
std::string compressed(const std::string& bytes) {
  const std::string lzf = stored_as_lzf(bytes);
  return bytes_of<std::uint32_t>({static_cast<std::uint32_t>(lzf.size()), static_cast<std::uint32_t>(bytes.size())}) +
         lzf;
}

std::string npy(const std::string& dictionary, const std::string& data) {
  std::string header = dictionary + "\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() & 0xff) +
         static_cast<char>(header.size() >> 8) + header + data;
}
std::string npy_of(const std::string& type, const std::string& order, const std::string& shape,
                   const std::string& data) {
  return npy("{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }", data);
}

class VoxelizeScan : public ExampleTest {
 protected:
  Outcome voxelize(const std::string& file, const std::string& arguments = "") const {
    return run("--input '" + (input() / file).string() + "' " + arguments);
  }

  std::vector<std::int32_t> count(const std::string& shape) const {
    return array_of<std::int32_t>(output() / "count.npy", "<i4", shape);
  }
  std::vector<std::uint8_t> occupancy(const std::string& shape) const {
    return array_of<std::uint8_t>(output() / "occupancy.npy", "|u1", shape);
  }
  /// The numbers after a name in grid.json, up to the end of a list or of the line.
  std::vector<double> from_json(const std::string& name) const {
    const std::string json = contents(output() / "grid.json");
    const std::size_t at = json.find("\"" + name + "\": ");
    EXPECT_NE(at, std::string::npos) << name;
    std::string text = json.substr(at + name.size() + 4);
    text = text.substr(text[0] == '[' ? 1 : 0, text.find_first_of("]}\n"));
    for (char& c : text) c = c == ',' || c == ']' || c == '}' ? ' ' : c;
    std::istringstream stream(text);
    std::vector<double> numbers;
    for (double number; stream >> number;) numbers.push_back(number);
    return numbers;
  }
  double number(const std::string& name) const { return from_json(name).at(0); }
  std::string shape() const {
    const std::vector<double> xyz = from_json("shape_xyz");
    std::ostringstream text;
    text << '(' << xyz.at(2) << ',' << xyz.at(1) << ',' << xyz.at(0) << ",)";
    return text.str();
  }
};

// Four points, one of them twice in a cell: cells of 1 from (0, 0, 0).
const std::vector<float> four = {0.25f, 0.5f, 0.5f, 10, 0.75f, 0.5f, 0.5f, 30,
                                 2.5f,  1.5f, 0.5f, 20, 1.5f,  0.5f, 1.5f, 5};
const std::vector<std::int32_t> counts_of_four = {2, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0};
constexpr const char* unit_cells = "--voxel 1 --range 0 0 0 3 2 2";
constexpr const char* shape_of_four = "(2,2,3,)";

const Header xyzi = {"x y z intensity", "4 4 4 4", "F F F F", "", "4", "1", "", "4", "binary"};

// --- malformed input -------------------------------------------------------------------------------------------------

struct Malformed {
  const char* name;
  const char* file;
  std::string bytes;
  const char* message;
};

void PrintTo(const Malformed& malformed, std::ostream* stream) { *stream << malformed.name; }

class VoxelizeScanMalformed : public VoxelizeScan, public testing::WithParamInterface<Malformed> {};

TEST_P(VoxelizeScanMalformed, is_refused_in_one_line_without_output) {
  write(GetParam().file, GetParam().bytes);
  const Outcome outcome = voxelize(GetParam().file);
  if (outcome.error.find("built without LibLZF") != std::string::npos) GTEST_SKIP() << outcome.error;
  expect_refused(outcome, (input() / GetParam().file).string() + ": " + GetParam().message);
}

const std::string two_points = bytes_of<float>({1, 2, 3, 4, 5, 6});
const Header two;

const Malformed malformed_files[] = {
    {"empty_pcd", "a.pcd", "", "the header has no DATA; the file may be cut off"},
    {"not_pcd", "a.pcd", "x,y,z\n1,2,3\n", "line 1: 'x,y,z' is no entry of a PCD header"},
    {"binary_junk", "a.pcd",
     std::string("\x7f"
                 "ELF\x01\0\n\0\0",
                 10),
     "line 1: '?ELF"},
    {"header_cut_off", "a.pcd", "VERSION 0.7\nFIELDS x y", "line 2: the last line has no end of line"},
    {"no_data", "a.pcd", "VERSION 0.7\nFIELDS x y z\n", "the header has no DATA"},
    {"no_fields", "a.pcd", two.with(&Header::fields, "").text() + two_points, "the header has no FIELDS"},
    {"empty_fields", "a.pcd", "FIELDS\nSIZE\nTYPE\nWIDTH 2\nHEIGHT 1\nDATA binary\n", "line 1: FIELDS: no field"},
    {"no_size", "a.pcd", two.with(&Header::size, "").text() + two_points, "the header has no SIZE"},
    {"no_type", "a.pcd", two.with(&Header::type, "").text() + two_points, "the header has no TYPE"},
    {"no_width", "a.pcd", two.with(&Header::width, "").text() + two_points, "the header has no WIDTH"},
    {"no_height", "a.pcd", two.with(&Header::height, "").text() + two_points, "the header has no HEIGHT"},
    {"too_few_sizes", "a.pcd", two.with(&Header::size, "4 4").text() + two_points, "line 4: SIZE: 3 entries were"},
    {"too_many_types", "a.pcd", two.with(&Header::type, "F F F F").text() + two_points, "line 5: TYPE: 3 entries"},
    {"size_3", "a.pcd", two.with(&Header::size, "4 4 3").text() + two_points, "line 5: TYPE: no type 'F' has 3 bytes"},
    {"size_0", "a.pcd", two.with(&Header::size, "4 4 0").text() + two_points,
     "line 4: SIZE: '0' is not a number from 1"},
    {"type_x", "a.pcd", two.with(&Header::type, "F F X").text() + two_points, "line 5: TYPE: no type 'X' has 4 bytes"},
    {"count_0", "a.pcd", two.with(&Header::count, "1 1 0").text() + two_points, "line 6: COUNT: '0' is not a number"},
    {"count_huge", "a.pcd", two.with(&Header::count, "1 1 99999999999").text() + two_points,
     "line 6: COUNT: '99999999"},
    {"count_overflows", "a.pcd", two.with(&Header::count, "1 1 9223372036854775808").text(),
     "line 6: COUNT: '92233720"},
    {"field_twice", "a.pcd", two.with(&Header::fields, "x y x").text() + two_points, "line 3: FIELDS: 'x' twice"},
    {"no_z", "a.pcd", two.with(&Header::fields, "x y w").text() + two_points, "there is no field z of numbers"},
    {"z_of_two", "a.pcd", two.with(&Header::count, "1 1 2").text() + bytes_of<float>({1, 2, 3, 4, 5, 6, 7, 8}),
     "there is no field z of numbers"},
    {"z_64_bits", "a.pcd", Header{"x y z", "4 4 8", "F F I"}.text() + std::string(32, 'a'),
     "there is no field z of num"},
    {"key_twice", "a.pcd", "WIDTH 2\n" + two.text() + two_points, "line 7: the header has WIDTH twice"},
    {"negative_width", "a.pcd", two.with(&Header::width, "-2").text() + two_points, "line 6: WIDTH: '-2' is not a num"},
    {"width_in_words", "a.pcd", two.with(&Header::width, "two").text() + two_points,
     "line 6: WIDTH: 'two' is not a num"},
    {"width_overflows", "a.pcd", two.with(&Header::width, "18446744073709551617").text(), "line 6: WIDTH: '184467440"},
    {"product_overflows", "a.pcd",
     two.with(&Header::width, "1073741824").with(&Header::height, "1073741824").text() + two_points,
     "line 7: HEIGHT: more than 2^30 points"},
    {"no_points", "a.pcd", two.with(&Header::width, "0").with(&Header::points, "0").text(), "the cloud has no points"},
    {"points_differ", "a.pcd", two.with(&Header::points, "3").text() + two_points,
     "line 8: POINTS: it is not WIDTH tim"},
    {"viewpoint_short", "a.pcd", two.with(&Header::viewpoint, "0 0 0 1").text(), "line 8: VIEWPOINT: 7 entries were"},
    {"viewpoint_nan", "a.pcd", two.with(&Header::viewpoint, "0 0 nan 1 0 0 0").text(),
     "line 8: VIEWPOINT: 'nan' is not"},
    {"unknown_data", "a.pcd", two.with(&Header::data, "zip").text() + two_points,
     "line 9: DATA: 'zip' is not ascii, b"},
    {"data_cut_off", "a.pcd", two.text() + two_points.substr(1),
     "the header announces 2 points of 12 bytes, after it a"},
    {"data_missing", "a.pcd", two.text(), "the header announces 2 points of 12 bytes, after it are 0 bytes"},
    {"data_too_long", "a.pcd", two.text() + two_points + "a", "after the points are 1 bytes more"},
    {"a_billion_points", "a.pcd", two.with(&Header::width, "1073741824").with(&Header::points, "").text() + two_points,
     "the header announces 1073741824 points of 12 bytes, after it are 24 bytes"},
    {"a_billion_points_of_text", "a.pcd",
     two.with(&Header::width, "1073741824").with(&Header::points, "").with(&Header::data, "ascii").text() + "1 2 3\n",
     "the header announces 1073741824 points of 3 numbers, after it are 6 bytes"},
    {"text_row_short", "a.pcd", two.with(&Header::data, "ascii").text() + "1 2 3\n4 5\n6 7 8 9\n",
     "line 11: 3 numbers were expected, not 2"},
    {"text_row_long", "a.pcd", two.with(&Header::data, "ascii").text() + "1 2 3\n4 5 6 7\n",
     "line 11: 3 numbers were exp"},
    {"text_rows_missing", "a.pcd", two.with(&Header::data, "ascii").text() + "1.25 2.25 3.25\n",
     "the header announces 2 points, after it are 1"},
    {"text_rows_more", "a.pcd", two.with(&Header::data, "ascii").text() + "1 2 3\n4 5 6\n\n7 8 9\n",
     "line 13: more points than the header's 2"},
    {"text_word", "a.pcd", two.with(&Header::data, "ascii").text() + "1 2 3\n4 five 6\n",
     "line 11: 'five' is not a val"},
    {"text_too_large", "a.pcd", two.with(&Header::data, "ascii").text() + "1 2 3\n4 5 1e39\n",
     "line 11: '1e39' is not a"},
    {"text_cut_off", "a.pcd", two.with(&Header::data, "ascii").text() + "1 2 3\n4 5 6",
     "line 11: the last line has no"},
    {"text_of_a_byte", "a.pcd",
     Header{"x y z r", "4 4 4 1", "F F F U", "", "1", "1", "", "1", "ascii"}.text() + "1 2 3 256\n",
     "line 10: '256' is not a value of 'r'"},
    {"compressed_without_sizes", "a.pcd", two.with(&Header::data, "binary_compressed").text() + "1234567",
     "the compressed points are cut off"},
    {"compressed_cut_off", "a.pcd",
     two.with(&Header::data, "binary_compressed").text() + compressed(two_points).substr(0, 20),
     "25 bytes of compressed points are announced, 12 are there"},
    {"compressed_too_few", "a.pcd",
     two.with(&Header::data, "binary_compressed").text() + compressed(two_points.substr(0, 20)),
     "the header announces 2 points of 12 bytes, the compressed points hold 20 bytes"},
    {"compressed_too_many", "a.pcd", two.with(&Header::data, "binary_compressed").text() + compressed(two_points + "a"),
     "the sizes of the compressed points do not agree"},
    {"compressed_to_gigabytes", "a.pcd",
     two.with(&Header::data, "binary_compressed").with(&Header::width, "100000000").with(&Header::points, "").text() +
         bytes_of<std::uint32_t>({4, 1200000000}) + "1234",
     "the sizes of the compressed points do not agree"},
    {"compressed_damaged", "a.pcd",
     two.with(&Header::data, "binary_compressed").text() + bytes_of<std::uint32_t>({25, 24}) + std::string(25, '\xff'),
     "the compressed points are damaged"},
    {"compressed_ends_early", "a.pcd",
     two.with(&Header::data, "binary_compressed").text() + bytes_of<std::uint32_t>({21, 24}) +
         stored_as_lzf(two_points.substr(0, 20)),
     "the compressed points are damaged"},
    {"empty_kitti", "a.bin", "", "the cloud has no points"},
    {"kitti_cut_off", "a.bin", std::string(33, 'a'), "33 bytes are not records of 16 bytes (KITTI)"},
    {"nuscenes_cut_off", "a.pcd.bin", std::string(32, 'a'), "32 bytes are not records of 20 bytes (nuScenes)"},
    {"unknown_name", "a.las", two_points, "not .pcd, .pcd.bin (nuScenes), .bin (KITTI) or .npy"},
    {"empty_npy", "a.npy", "", "not an .npy file"},
    {"not_npy", "a.npy", two_points, "not an .npy file"},
    {"npy_version", "a.npy", std::string("\x93NUMPY\x04\x00\x00\x00\x00\x00\x00", 13),
     "an .npy file of unknown version 4"},
    {"npy_header_cut_off", "a.npy", std::string("\x93NUMPY\x02\x00\xff\xff\xff\x7f{", 13), "the header is cut off"},
    {"npy_without_type", "a.npy", npy("{}", two_points), "an array of '<f4' or '<f8' was expected"},
    {"npy_of_integers", "a.npy", npy_of("<i4", "False", "(2, 3)", two_points),
     "an array of '<f4' or '<f8' was expected"},
    {"npy_big_endian", "a.npy", npy_of(">f4", "False", "(2, 3)", two_points),
     "an array of '<f4' or '<f8' was expected"},
    {"npy_without_order", "a.npy", npy("{'descr': '<f4', 'shape': (2, 3)}", two_points), "the header does not say"},
    {"npy_without_shape", "a.npy", npy("{'descr': '<f4', 'fortran_order': False}", two_points),
     "the header has no shape"},
    {"npy_open_shape", "a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", ""),
     "the header has no sh"},
    {"npy_shape_of_words", "a.npy", npy_of("<f4", "False", "(two, 3)", two_points), "the shape is not a list of sizes"},
    {"npy_negative_shape", "a.npy", npy_of("<f4", "False", "(-2, 3)", two_points), "the shape is not a list of sizes"},
    {"npy_overflowing_shape", "a.npy", npy_of("<f4", "False", "(18446744073709551617, 3)", two_points),
     "the shape is n"},
    {"npy_huge_shape", "a.npy", npy_of("<f4", "False", "(9223372036854775807, 3)", two_points),
     "the header announces 9223372036854775807 points of 12 bytes, after it are 24 bytes"},
    {"npy_flat", "a.npy", npy_of("<f4", "False", "(6,)", two_points), "a shape of [points, 3 or more] was expected"},
    {"npy_narrow", "a.npy", npy_of("<f4", "False", "(3, 2)", two_points),
     "a shape of [points, 3 or more] was expected"},
    {"npy_wide", "a.npy", npy_of("<f4", "False", "(2, 9223372036854775807)", two_points), "a shape of [points, 3"},
    {"npy_empty", "a.npy", npy_of("<f4", "False", "(0, 3)", ""), "the cloud has no points"},
    {"npy_cut_off", "a.npy", npy_of("<f4", "False", "(3, 3)", two_points), "the header announces 3 points of 12 bytes"},
    {"npy_too_long", "a.npy", npy_of("<f4", "False", "(1, 3)", two_points),
     "the header announces 1 points of 12 bytes"},
};

INSTANTIATE_TEST_SUITE_P(Files, VoxelizeScanMalformed, testing::ValuesIn(malformed_files),
                         [](const auto& file) { return std::string(file.param.name); });

TEST_F(VoxelizeScan, refuses_a_path_that_does_not_exist) {
  expect_refused(voxelize("nowhere.pcd"), "nowhere.pcd: no such file");
}

TEST_F(VoxelizeScan, refuses_what_is_not_a_file) {
  fs::create_directory(input() / "folder.pcd");
  expect_refused(voxelize("folder.pcd"), "folder.pcd: not a regular file");
}

TEST_F(VoxelizeScan, refuses_an_output_that_is_a_file) {
  fs::create_directories(output().parent_path());
  std::ofstream(output()) << "precious";
  const Outcome outcome = run("");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.error.find("it is not a directory"), std::string::npos) << outcome.error;
  EXPECT_EQ(contents(output()), "precious");
}

TEST_F(VoxelizeScan, an_output_that_cannot_be_written_is_one_line) {
  write("a.pcd", two.text() + two_points);
  std::ofstream(folder_ / "file") << "precious";
  const Outcome outcome =
      run_plain("--no-plot --device cpu --input input/a.pcd --output '" + (folder_ / "file" / "below").string() + "'");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
  EXPECT_EQ(contents(folder_ / "file"), "precious");
}

TEST_F(VoxelizeScan, keeps_old_results_when_it_fails) {
  write("a.pcd", two.text() + two_points);
  ASSERT_EQ(voxelize("a.pcd").code, 0);
  const std::string before = contents(output() / "count.npy");
  write("a.pcd", two.text());
  EXPECT_EQ(voxelize("a.pcd").code, 2);
  EXPECT_EQ(contents(output() / "count.npy"), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(output()), fs::directory_iterator()), 4);
}

TEST_F(VoxelizeScan, every_file_cut_off_anywhere_is_refused) {
  // One that says how long it is; KITTI's does not.
  const std::string whole = xyzi.with(&Header::data, "binary_compressed").text() + compressed(bytes_of(four));
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    write("a.pcd", whole.substr(0, length));
    const Outcome outcome = voxelize("a.pcd");
    EXPECT_EQ(outcome.code, 2) << length;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << length << outcome.error;
  }
}

// A file may say anything: it is read, or refused, and never more than that.
TEST_F(VoxelizeScan, damaged_files_do_no_harm) {
  const std::string fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (4, 4), }";
  const std::pair<const char*, std::string> files[] = {
      {"a.pcd", xyzi.with(&Header::data, "binary_compressed").text() + compressed(bytes_of(four))},
      {"b.pcd", xyzi.with(&Header::viewpoint, "0 0 0 1 0 0 0").text() + bytes_of(four)},
      {"c.npy", npy(fortran, bytes_of(four))}};
  SCOPED_TRACE(robocache::test::seed_trace());
  robocache::test::Random random(1);
  for (const auto& [name, whole] : files) {
    for (int damage = 0; damage < 40; ++damage) {
      std::string bytes = whole;
      for (int n = 0; n < 3; ++n)
        bytes[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size())))] =
            static_cast<char>(random.below(256));
      write(name, bytes);
      const Outcome outcome = voxelize(name);
      EXPECT_TRUE(outcome.code == 0 || outcome.code == 2) << outcome.code << outcome.error;
      EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), outcome.code == 0 ? 0 : 1);
    }
  }
}

// --- the command line ------------------------------------------------------------------------------------------------

struct Usage {
  const char* arguments;
  const char* message;
};

void PrintTo(const Usage& usage, std::ostream* stream) { *stream << usage.arguments; }

class VoxelizeScanUsage : public VoxelizeScan, public testing::WithParamInterface<Usage> {};

TEST_P(VoxelizeScanUsage, is_refused_in_one_line) {
  write("a.pcd", xyzi.text() + bytes_of(four));
  expect_refused(voxelize("a.pcd", GetParam().arguments), GetParam().message);
}

const Usage wrong_usage[] = {
    {"--voxel 0", "--voxel: a size is from 1e-9 to 1e9"},
    {"--voxel -1", "--voxel: a size is from 1e-9 to 1e9"},
    {"--voxel nan", "--voxel: a size is from 1e-9 to 1e9"},
    {"--voxel inf", "--voxel: a size is from 1e-9 to 1e9"},
    {"--voxel wide", "--voxel"},
    {"--voxel 1 1", "--voxel: one size or three were expected"},
    {"--voxel 1 1 1 1", "--voxel"},
    {"--voxel 0.001", "cells are more than this example fills (67108864); --voxel 0.005 would do"},
    {"--voxel 0.001 0.01 0.002", "; --voxel 0.002 0.02 0.004 would do"},
    {"--voxel 1e-9", "would do"},
    {"--range 0 0 0 1 1", "--range"},
    {"--range 0 0 0 1 1 1 1", "--range"},
    {"--range 0 0 0 1 0 1", "--range: x0 y0 z0 must be below x1 y1 z1"},
    {"--range 0 0 0 1 1 nan", "--range: x0 y0 z0 must be below x1 y1 z1"},
    {"--range 0 0 0 1 1 inf", "--range: coordinates are from -1e15 to 1e15"},
    {"--range 0 0 0 1 1 1 --voxel 3", "--range: along x it is less than half a cell of 3"},
    {"--range 0 0 0 4 4 1 --voxel 3", "--range: along z it is less than half a cell of 3"},
    {"--crop 0 0 0 1 1 -1", "--crop: x0 y0 z0 must be below x1 y1 z1"},
    {"--crop 5 5 5 6 6 6", "no point is left to choose a grid by"},
    {"--min-range -1", "--min-range: it is from 0 to 1e15"},
    {"--min-range nan", "--min-range: it is from 0 to 1e15"},
    {"--min-range 100", "no point is left to choose a grid by"},
    {"--feature intensity", "--feature intensity: expected FIELD=REDUCTION"},
    {"--feature intensity=median", "--feature intensity=median: no reduction 'median' (there are sum, mean, min, max)"},
    {"--feature ring=max",
     "--feature ring=max: no field 'ring' of numbers of up to 32 bits or floats (there are x, y, z, "},
    {"--feature x_0=max", "--feature x_0=max: no field"},
    {"--format las", "--format"},
    {"--format npy", "not an .npy file"},
    {"--sparse --hard", "--hard"},
    {"--sparse --downsample 1", "--downsample"},
    {"--hard --downsample 1", "--downsample"},
    {"--hard --feature x=max", "--feature"},
    {"--downsample 1 --voxel 1", "--voxel"},
    {"--downsample 1 --range 0 0 0 1 1 1", "--range"},
    {"--downsample 1 --feature x=max", "--feature"},
    {"--downsample", "--downsample"},
    {"--downsample thin", "--downsample"},
    {"--downsample 0", "--downsample: a size is from 1e-9 to 1e9"},
    {"--downsample -0.1", "--downsample: a size is from 1e-9 to 1e9"},
    {"--downsample nan", "--downsample: a size is from 1e-9 to 1e9"},
    {"--downsample inf", "--downsample: a size is from 1e-9 to 1e9"},
    {"--downsample 1e-10", "--downsample: a size is from 1e-9 to 1e9"},
    {"--downsample 1e-9", "--downsample: no point is left"},
    {"--downsample 1 --min-range 100", "--downsample: no point is left"},
    {"--sparse --min-range 100", "no point is left to choose a grid by"},
    {"--sparse --voxel 1e-9", "would do"},
    {"--sparse --feature x=median", "--feature x=median: no reduction"},
    {"--max-voxels 3", "--max-voxels"},
    {"--sparse --max-points 3", "--max-points"},
    {"--hard --max-voxels 0", "--max-voxels: it is from 1 to 2^30"},
    {"--hard --max-voxels 1073741825", "--max-voxels: it is from 1 to 2^30"},
    {"--hard --max-points 0", "--max-points: it is from 1 to 2^20"},
    {"--hard --max-points -1", "--max-points: it is from 1 to 2^20"},
    {"--hard --max-points 1048577", "--max-points: it is from 1 to 2^20"},
    {"--hard --max-points many", "--max-points"},
    {"--device tpu", "--device"},
    {"--threads -1", "--threads"},
    {"--seed 3", "--seed"},
    {"--unknown", "--unknown"},
    {"stray", "stray"},
};

INSTANTIATE_TEST_SUITE_P(Arguments, VoxelizeScanUsage, testing::ValuesIn(wrong_usage),
                         [](const auto& usage) { return "case_" + std::to_string(usage.index); });

TEST_F(VoxelizeScan, refuses_more_features_than_one_call_takes) {
  write("a.pcd", xyzi.text() + bytes_of(four));
  std::string arguments;
  for (int n = 0; n < 64; ++n) arguments += "--feature x=max ";
  EXPECT_EQ(voxelize("a.pcd", arguments).code, 0);
  fs::remove_all(output().parent_path());
  expect_refused(voxelize("a.pcd", arguments + "--feature x=min"), "--feature: more than 64 features");
}

TEST_F(VoxelizeScan, help_names_every_option) {
  const Outcome outcome = run_plain("--help");
  EXPECT_EQ(outcome.code, 0);
  for (const char* option :
       {"--input",     "--format",  "--voxel",   "--range", "--crop",       "--min-range",  "--drop-zero",
        "--viewpoint", "--feature", "--sparse",  "--hard",  "--max-voxels", "--max-points", "--downsample",
        "--device",    "--output",  "--threads", "--seed",  "--no-plot",    "--python"}) {
    EXPECT_NE(outcome.out.find(option), std::string::npos) << option;
  }
}

TEST_F(VoxelizeScan, the_size_that_would_do_does) {
  write("a.bin", bytes_of<float>({-1e6f, 0, 0, 0, 1e6f, 3e5f, 20, 0}));
  const Outcome refused = voxelize("a.bin", "--voxel 0.3");
  const std::size_t at = refused.error.rfind("--voxel");
  ASSERT_NE(at, std::string::npos) << refused.error;
  const std::string size = refused.error.substr(at, refused.error.find(" would do") - at);
  ASSERT_EQ(voxelize("a.bin", size + " --feature none").code, 0) << size;
  EXPECT_EQ(number("kept"), 2);
}

// --- formats ---------------------------------------------------------------------------------------------------------

class VoxelizeScanFormats : public VoxelizeScan {
 protected:
  void expect_four(const std::string& file, const std::string& arguments = "") const {
    SCOPED_TRACE(file);
    const Outcome outcome = voxelize(file, unit_cells + (" " + arguments));
    if (outcome.error.find("built without LibLZF") != std::string::npos) GTEST_SKIP() << outcome.error;
    ASSERT_EQ(outcome.code, 0) << outcome.error;
    EXPECT_EQ(count(shape_of_four), counts_of_four);
    std::vector<std::uint8_t> flags;
    for (const std::int32_t n : counts_of_four) flags.push_back(n != 0);
    EXPECT_EQ(occupancy(shape_of_four), flags);
    std::vector<float> wanted(48, 0.0f);
    const float cells[][5] = {{0, 0.5f, 0.5f, 0.5f, 30}, {5, 2.5f, 1.5f, 0.5f, 20}, {7, 1.5f, 0.5f, 1.5f, 5}};
    for (const auto& cell : cells) std::copy_n(cell + 1, 4, wanted.begin() + 4 * static_cast<std::ptrdiff_t>(cell[0]));
    EXPECT_EQ(values("(2,2,3,4,)"), wanted);
    EXPECT_NE(contents(output() / "grid.json").find(R"(["mean x", "mean y", "mean z", "max intensity"])"),
              std::string::npos);
    fs::remove_all(output());
  }
  static std::string transposed(const std::vector<float>& rows, std::size_t columns) {
    std::vector<float> numbers;
    for (std::size_t c = 0; c < columns; ++c) {
      for (std::size_t i = c; i < rows.size(); i += columns) numbers.push_back(rows[i]);
    }
    return bytes_of(numbers);
  }
};

TEST_F(VoxelizeScanFormats, pcd) {
  write("binary.pcd", xyzi.text() + bytes_of(four));
  write("ascii.pcd", xyzi.with(&Header::data, "ascii").text() +
                         "0.25 .5 +0.5 10\n\n0.75\t5e-1 0.5 30 \r\n2.5 1.5 0.5 20\n1.5 0.5 1.5 5\n");
  write("compressed.pcd",
        xyzi.with(&Header::data, "binary_compressed").text() + compressed(transposed(four, 4)) + "more");
  write("windows.pcd", [&] {
    std::string text;
    for (const char c : xyzi.text()) text += c == '\n' ? "\r\n" : std::string(1, c);
    return text + bytes_of(four);
  }());
  write("no_count_no_points.pcd", xyzi.with(&Header::points, "").text() + bytes_of(four));
  write("organized.pcd", xyzi.with(&Header::width, "2").with(&Header::height, "2").text() + bytes_of(four));
  for (const char* file : {"binary.pcd", "ascii.pcd", "windows.pcd", "no_count_no_points.pcd", "organized.pcd"}) {
    expect_four(file);
  }
  expect_four("compressed.pcd");
}

TEST_F(VoxelizeScanFormats, records_of_floats) {
  write("a.bin", bytes_of(four));
  expect_four("a.bin");
  std::vector<float> with_ring;
  for (std::size_t i = 0; i < four.size(); ++i) {
    with_ring.push_back(four[i]);
    if (i % 4 == 3) with_ring.push_back(7);
  }
  write("a.pcd.bin", bytes_of(with_ring));
  expect_four("a.pcd.bin");
  write("sweep", bytes_of(with_ring));
  expect_four("sweep", "--format nuscenes");
}

TEST_F(VoxelizeScanFormats, npy) {
  const std::vector<double> wide(four.begin(), four.end());
  write("f4.npy", npy_of("<f4", "False", "(4, 4)", bytes_of(four)));
  write("f8.npy", npy_of("<f8", "False", "(4,4,)", bytes_of(wide)));
  write("columns.npy", npy_of("<f4", "True", "(4, 4)", transposed(four, 4)));
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }\n";
  write("version_2.npy", std::string("\x93NUMPY\x02\x00", 8) +
                             bytes_of<std::uint32_t>({static_cast<std::uint32_t>(header.size())}) + header +
                             bytes_of(four));
  for (const char* file : {"f4.npy", "f8.npy", "columns.npy", "version_2.npy"}) expect_four(file);
}

TEST_F(VoxelizeScanFormats, pcd_of_many_types) {
  // 35 bytes: coordinates of three types that are no neighbours, padding, numbers of which a point has several.
  const Header header = {"_ x hist y i64 z _ rgb intensity",
                         "1 8 2 1 8 2 1 4 4",
                         "U F U I I U U U F",
                         "3 1 2 1 1 1 1 1 1",
                         "4",
                         "1",
                         "1 2 3 1 0 0 0",
                         "4",
                         "binary"};
  std::string bytes;
  const auto add = [&bytes](auto number) { bytes += bytes_of(std::vector<decltype(number)>{number}); };
  for (std::uint16_t i = 0; i < 4; ++i) {
    bytes += "pad";
    add(i == 3 ? -0.5 : 0.5);
    add(static_cast<std::uint16_t>(65535 - i));
    add(i);
    add(static_cast<std::int8_t>(i == 2 ? -1 : 1));
    add(std::int64_t{-1});
    add(static_cast<std::uint16_t>(i == 1 ? 400 : 7));
    bytes += "p";
    add(std::uint32_t{0x00102030} + i);
    add(static_cast<float>(i));
  }
  write("a.pcd", header.text() + bytes);
  const Outcome outcome = voxelize("a.pcd",
                                   "--voxel 1 --range 0 0 0 2 2 8 --feature hist_0=sum --feature hist_1=max --feature "
                                   "r=max --feature g=min --feature b=sum --feature rgb=min --feature y=mean");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  std::vector<std::int32_t> wanted(32, 0);
  wanted[7 * 4 + 2] = 1;  // the first alone: z = 400, y = -1 and x = -0.5 are outside
  EXPECT_EQ(count("(8,2,2,)"), wanted);
  EXPECT_EQ(number("outside"), 3);
  const std::vector<float> found = values("(8,2,2,7,)");
  const std::size_t cell = (7 * 4 + 2) * 7;
  const std::vector<float> numbers(found.begin() + static_cast<std::ptrdiff_t>(cell),
                                   found.begin() + static_cast<std::ptrdiff_t>(cell) + 7);
  EXPECT_EQ(numbers, (std::vector<float>{65535, 0, 16, 32, 48, 1056816, 1}));
  fs::remove_all(output().parent_path());
  expect_refused(voxelize("a.pcd", "--feature i64=max"), "(there are x, hist_0 to _1, y, z, rgb, r, g, b, intensity)");
  expect_refused(voxelize("a.pcd", "--feature hist_2=max"), "no field 'hist_2'");
  expect_refused(voxelize("a.pcd", "--feature hist=max"), "no field 'hist'");
}

TEST_F(VoxelizeScanFormats, viewpoint) {
  // A quarter turn about z, twice the unit norm, then a step: (x, y, z) -> (1 - y, x, z + 1).
  const Header header = xyzi.with(&Header::viewpoint, "1 0 1 1.41421356237309505 0 0 1.41421356237309505");
  write("a.pcd", header.text() + bytes_of(four));
  expect_four("a.pcd");
  ASSERT_EQ(voxelize("a.pcd", "--viewpoint --voxel 1 --range -1 0 1 1 3 3").code, 0);
  EXPECT_EQ(count("(2,3,2,)"), (std::vector<std::int32_t>{0, 2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0}));
  const std::vector<float> found = values("(2,3,2,4,)");
  const float wanted[] = {0.5f, 0.5f, 1.5f, 30};
  for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(found[4 + c], wanted[c], 1e-6f) << c;
  fs::remove_all(output().parent_path());
  write("zero.pcd", xyzi.with(&Header::viewpoint, "0 0 0 0 0 0 0").text() + bytes_of(four));
  expect_four("zero.pcd");
  fs::remove_all(output().parent_path());
  expect_refused(voxelize("zero.pcd", "--viewpoint"), "--viewpoint: the rotation of zero.pcd is zero");
}

// --- points and grids ------------------------------------------------------------------------------------------------

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

TEST_F(VoxelizeScan, fates_of_points) {
  write("a.bin", bytes_of<float>({0, 0,        0, 1, 0.5f,  0, 0, 2, 3,    3, 3, 3, nan, 0, 0, 4,
                                  0, infinity, 0, 5, -0.0f, 0, 0, 6, 3.5f, 3, 3, 7, 9,   9, 9, 8}));
  ASSERT_EQ(voxelize("a.bin", "--voxel 1 --range 0 0 0 4 4 4").code, 0);
  EXPECT_EQ(from_json("all"), (std::vector<double>{8}));
  EXPECT_EQ(number("kept"), 5);
  EXPECT_EQ(number("outside"), 1);
  EXPECT_EQ(number("filtered"), 0);
  EXPECT_EQ(number("not_finite"), 2);
  EXPECT_EQ(number("occupied_cells"), 2);
  EXPECT_EQ(number("fullest_cell"), 3);
  EXPECT_EQ(number("points_per_occupied_cell"), 2.5);
  ASSERT_EQ(voxelize("a.bin", "--voxel 1 --range 0 0 0 4 4 4 --drop-zero").code, 0);
  EXPECT_EQ(number("filtered"), 2);
  EXPECT_EQ(number("kept"), 3);
  ASSERT_EQ(voxelize("a.bin", "--voxel 1 --range 0 0 0 4 4 4 --min-range 0.6 --crop -5 -5 -5 3.25 5 5").code, 0);
  EXPECT_EQ(number("filtered"), 5);
  EXPECT_EQ(number("kept"), 1);
  EXPECT_EQ(number("outside"), 0);
}

TEST_F(VoxelizeScan, a_range_without_points_is_empty) {
  write("a.bin", bytes_of(four));
  ASSERT_EQ(voxelize("a.bin", "--voxel 1 --range 10 10 10 11 12 13").code, 0);
  EXPECT_EQ(count("(3,2,1,)"), std::vector<std::int32_t>(6, 0));
  EXPECT_EQ(values("(3,2,1,4,)"), std::vector<float>(24, 0));
  EXPECT_EQ(number("points_per_occupied_cell"), 0);
  write("nan.bin", bytes_of<float>({nan, 0, 0, 0}));
  ASSERT_EQ(voxelize("nan.bin", "--voxel 1 --range 0 0 0 1 1 1").code, 0);
  EXPECT_NE(contents(output() / "grid.json").find("\"extent_xyz\": null"), std::string::npos);
  fs::remove_all(output().parent_path());
  expect_refused(voxelize("nan.bin"), "no point is left to choose a grid by");
}

TEST_F(VoxelizeScan, sizes_along_each_axis) {
  write("a.bin", bytes_of(four));
  ASSERT_EQ(voxelize("a.bin", "--voxel 1 0.5 2 --range 0 0 0 3 2 2").code, 0);
  EXPECT_EQ(count("(1,4,3,)"), (std::vector<std::int32_t>{0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(from_json("cell_xyz"), (std::vector<double>{1, 0.5, 2}));
}

TEST_F(VoxelizeScan, no_features) {
  write("a.bin", bytes_of(four));
  ASSERT_EQ(voxelize("a.bin").code, 0);
  EXPECT_TRUE(fs::exists(output() / "values.npy"));
  const Outcome outcome = voxelize("a.bin", "--feature none");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_FALSE(fs::exists(output() / "values.npy")) << "that of the run before";
  EXPECT_EQ(outcome.out.find("values.npy"), std::string::npos);
  EXPECT_NE(contents(output() / "grid.json").find("\"values\": null"), std::string::npos);
}

TEST_F(VoxelizeScan, means_far_from_the_origin) {
  // A map's coordinates: 5,400 km north. The mean of doubles is rounded once, to float.
  std::vector<double> points;
  for (int i = 0; i < 100; ++i) points.insert(points.end(), {500000.0 + 0.001 * i, 5400000.0, 0.25, 1e12});
  write("a.npy", npy_of("<f8", "False", "(100, 4)", bytes_of(points)));
  const Outcome outcome = voxelize("a.npy", "--voxel 1 --feature x=mean --feature y=mean --feature intensity=mean");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_EQ(number("outside"), 0);
  EXPECT_EQ(values("(1,1,1,3,)"), (std::vector<float>{500000.0495f, 5400000.0f, 1e12f}));
}

TEST_F(VoxelizeScan, the_usual_grid_holds_every_point) {
  SCOPED_TRACE(robocache::test::seed_trace());
  robocache::test::Random random(1);
  const double scales[] = {1e-6, 0.01, 1, 40, 1e6, 1e30};
  for (const double scale : scales) {
    for (int is_double = 0; is_double < 2; ++is_double) {
      for (int trial = 0; trial < 3; ++trial) {
        std::vector<double> points;
        const double middle = trial == 0 ? 0.0 : scale * static_cast<double>(random.below(2001) - 1000);
        for (int i = 0; i < 300; ++i)
          points.push_back(middle + scale * 1e-3 * static_cast<double>(random.below(2001) - 1000));
        const std::vector<float> narrow(points.begin(), points.end());
        write("a.npy", is_double != 0 ? npy_of("<f8", "False", "(100, 3)", bytes_of(points))
                                      : npy_of("<f4", "False", "(100, 3)", bytes_of(narrow)));
        for (const double part : {0.0, 0.1, 0.37}) {
          const std::string voxel = part == 0.0 ? "" : "--voxel " + std::to_string(part * scale);
          const Outcome outcome = voxelize("a.npy", voxel);
          if (part != 0.0 && outcome.error.find("a size is from") != std::string::npos) continue;
          ASSERT_EQ(outcome.code, 0) << outcome.error;
          EXPECT_EQ(number("kept"), 100) << scale << " about " << middle << ' ' << voxel << ", double " << is_double;
        }
      }
    }
  }
}

TEST_F(VoxelizeScan, the_usual_grid_holds_the_lowest_point_of_all) {
  // 1.7 / 0.1 is 17, and 17 * 0.1 is more than 1.7.
  write("a.npy", npy_of("<f8", "False", "(2, 3)", bytes_of<double>({1.7, 3.4, 3.9, 2, 4, 5})));
  ASSERT_EQ(voxelize("a.npy", "--voxel 0.1").code, 0);
  EXPECT_EQ(number("kept"), 2);
}

TEST_F(VoxelizeScan, one_point) {
  write("a.bin", bytes_of<float>({-3, 1e9f, 0, 1}));
  const Outcome outcome = voxelize("a.bin");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_EQ(number("kept"), 1);
}

// --- lists of voxels -------------------------------------------------------------------------------------------------

class VoxelizeScanLists : public VoxelizeScan {
 protected:
  using Points = std::vector<std::array<float, 4>>;
  using Cell = std::array<std::int32_t, 3>;  ///< x, y, z

  /// The cells of points by the example's rule for some size: numbers of points, in the order of their first ones.
  struct Cells {
    std::vector<Cell> order;
    std::map<Cell, std::vector<std::size_t>> points;
  };
  static Cells cells_of(const Points& points, float origin, float size, bool by_reciprocal = false) {
    Cells cells;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (!std::isfinite(points[i][0])) continue;
      Cell cell;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const float from = points[i][axis] - origin;
        cell[axis] = static_cast<std::int32_t>(std::floor(by_reciprocal ? from * (1 / size) : from / size));
      }
      std::vector<std::size_t>& inside = cells.points[cell];
      if (inside.empty()) cells.order.push_back(cell);
      inside.push_back(i);
    }
    return cells;
  }
  /// Points in [0, 4)^3, of which every 17th is NaN.
  static Points cloud(std::size_t count, robocache::test::Random& random) {
    Points points(count);
    for (std::size_t i = 0; i < count; ++i) {
      for (float& number : points[i]) number = static_cast<float>(random.below(4096)) / 1024;
      if (i % 17 == 5) points[i][0] = nan;
    }
    return points;
  }
  void write_points(const std::string& name, const Points& points) const {
    std::string bytes;
    for (const auto& p : points) bytes.append(reinterpret_cast<const char*>(p.data()), sizeof(p));
    write(name, bytes);
  }
  static std::string shape_of(std::initializer_list<std::size_t> extents) {
    std::string text = "(";
    for (const std::size_t extent : extents) text += std::to_string(extent) + ",";
    return text + ")";
  }
  std::vector<float> floats(const std::string& name, std::initializer_list<std::size_t> extents) const {
    return array_of<float>(output() / name, "<f4", shape_of(extents));
  }
  std::vector<std::int32_t> integers(const std::string& name, std::initializer_list<std::size_t> extents) const {
    return array_of<std::int32_t>(output() / name, "<i4", shape_of(extents));
  }
  void expect_coords(const Cells& cells, std::size_t rows) const {
    std::vector<std::int32_t> wanted;
    for (std::size_t v = 0; v < rows; ++v) {
      const Cell& cell = cells.order[v];
      wanted.insert(wanted.end(), {0, cell[2], cell[1], cell[0]});
    }
    EXPECT_EQ(integers("coords.npy", {rows, 4}), wanted);
  }
  void expect_summary(const Outcome& outcome, std::size_t points, std::size_t voxels, std::size_t dropped) const {
    EXPECT_EQ(line_of(outcome.out, "voxels "), "voxels      " + std::to_string(points) + " points, " +
                                                   std::to_string(voxels) + " voxels, " + std::to_string(dropped) +
                                                   " dropped");
    EXPECT_EQ(number("voxels"), static_cast<double>(voxels));
    EXPECT_EQ(number("dropped"), static_cast<double>(dropped));
    EXPECT_EQ(number("all"), static_cast<double>(points));
    EXPECT_EQ(outcome.out.find("no picture"), std::string::npos);
  }
  void expect_files(std::vector<std::string> names) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(output())) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, names);
  }
};

constexpr const char* box_of_4 = " --voxel 0.5 --range 0 0 0 4 4 4";

TEST_F(VoxelizeScanLists, sparse) {
  SCOPED_TRACE(robocache::test::seed_trace());
  robocache::test::Random random(1);
  const Points points = cloud(700, random);
  write_points("a.bin", points);
  const Cells cells = cells_of(points, 0, 0.5f);
  const std::size_t n = cells.order.size();
  ASSERT_EQ(voxelize("a.bin", box_of_4).code, 0);
  const Outcome outcome = voxelize("a.bin", std::string("--sparse") + box_of_4);
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_files({"coords.npy", "counts.npy", "features.npy", "grid.json"});  // not those of the run before
  expect_coords(cells, n);
  const std::vector<std::int32_t> counts = integers("counts.npy", {n});
  const std::vector<float> features = floats("features.npy", {n, 4});
  ASSERT_EQ(counts.size(), n);
  ASSERT_EQ(features.size(), 4 * n);
  for (std::size_t v = 0; v < n; ++v) {
    const std::vector<std::size_t>& inside = cells.points.at(cells.order[v]);
    EXPECT_EQ(counts[v], static_cast<std::int32_t>(inside.size()));
    double sums[3] = {0, 0, 0};
    float brightest = -infinity;
    for (const std::size_t i : inside) {
      for (std::size_t axis = 0; axis < 3; ++axis) sums[axis] += static_cast<double>(points[i][axis]);
      brightest = std::max(brightest, points[i][3]);
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_EQ(features[4 * v + axis], static_cast<float>(sums[axis] / static_cast<double>(inside.size())));
    }
    EXPECT_EQ(features[4 * v + 3], brightest);
  }
  expect_summary(outcome, 700, n, 41);
  EXPECT_NE(contents(output() / "grid.json").find("\"kind\": \"sparse\""), std::string::npos);

  const std::string coords = contents(output() / "coords.npy");
  ASSERT_EQ(voxelize("a.bin", std::string("--sparse --threads 3 --feature intensity=min") + box_of_4).code, 0);
  EXPECT_EQ(contents(output() / "coords.npy"), coords);
  const std::vector<float> darkest = floats("features.npy", {n, 1});
  for (std::size_t v = 0; v < n; ++v) {
    float wanted = infinity;
    for (const std::size_t i : cells.points.at(cells.order[v])) wanted = std::min(wanted, points[i][3]);
    EXPECT_EQ(darkest.at(v), wanted);
  }
  ASSERT_EQ(voxelize("a.bin", std::string("--sparse --feature none") + box_of_4).code, 0);
  expect_files({"coords.npy", "counts.npy", "grid.json"});
}

TEST_F(VoxelizeScanLists, a_range_without_points_lists_none) {
  write("a.bin", bytes_of(four));
  for (const char* mode : {"--sparse", "--hard"}) {
    const Outcome outcome = voxelize("a.bin", std::string(mode) + " --voxel 1 --range 10 10 10 11 12 13");
    ASSERT_EQ(outcome.code, 0) << outcome.error;
    EXPECT_EQ(integers("coords.npy", {0, 4}), std::vector<std::int32_t>());
    expect_summary(outcome, 4, 0, 4);
  }
}

TEST_F(VoxelizeScanLists, hard) {
  SCOPED_TRACE(robocache::test::seed_trace());
  robocache::test::Random random(2);
  const Points points = cloud(700, random);
  write_points("a.bin", points);
  const Cells cells = cells_of(points, 0, 0.5f);
  struct Limits {
    std::size_t voxels, points;
    const char* arguments;
  };
  const Limits limits[] = {
      {40000, 32, ""}, {100, 2, " --max-voxels 100 --max-points 2"}, {1, 1, " --max-voxels 1 --max-points 1"}};
  for (const Limits& limit : limits) {
    SCOPED_TRACE(limit.arguments);
    const Outcome outcome = voxelize("a.bin", std::string("--hard") + box_of_4 + limit.arguments);
    ASSERT_EQ(outcome.code, 0) << outcome.error;
    expect_files({"coords.npy", "grid.json", "num_points.npy", "voxels.npy"});
    const std::size_t n = std::min(limit.voxels, cells.order.size());
    expect_coords(cells, n);
    std::vector<std::int32_t> counts;
    std::vector<float> voxels(n * limit.points * 4, 0.0f);
    std::size_t placed = 0;
    for (std::size_t v = 0; v < n; ++v) {
      const std::vector<std::size_t>& inside = cells.points.at(cells.order[v]);
      const std::size_t some = std::min(limit.points, inside.size());
      counts.push_back(static_cast<std::int32_t>(some));
      placed += some;
      for (std::size_t k = 0; k < some; ++k) {
        for (std::size_t c = 0; c < 4; ++c) voxels[(v * limit.points + k) * 4 + c] = points[inside[k]][c];
      }
    }
    EXPECT_EQ(integers("num_points.npy", {n}), counts);
    EXPECT_EQ(floats("voxels.npy", {n, limit.points, 4}), voxels);
    expect_summary(outcome, 700, n, 700 - placed);
    EXPECT_NE(contents(output() / "grid.json").find(R"(["x", "y", "z", "intensity"])"), std::string::npos);
    EXPECT_EQ(number("voxels_found"), static_cast<double>(cells.order.size()));
  }
}

TEST_F(VoxelizeScanLists, hard_refuses_what_it_does_not_fill) {
  write_points("a.bin", Points(1000));
  expect_refused(voxelize("a.bin", "--hard --voxel 1 --max-points 1048576"),
                 "--max-points: 1000 voxels of 1048576 points are more than this example fills");
}

TEST_F(VoxelizeScanLists, downsampled) {
  SCOPED_TRACE(robocache::test::seed_trace());
  robocache::test::Random random(3);
  const Points points = cloud(700, random);
  write_points("a.bin", points);
  const Cells cells = cells_of(points, 0, 0.75f, true);
  const std::size_t n = cells.order.size();
  const Outcome outcome = voxelize("a.bin", "--downsample 0.75");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_files({"downsampled.npy", "downsampled.pcd", "grid.json"});
  expect_summary(outcome, 700, n, 41);
  const std::vector<float> means = floats("downsampled.npy", {n, 4});
  ASSERT_EQ(means.size(), 4 * n);
  for (std::size_t v = 0; v < n; ++v) {
    const std::vector<std::size_t>& inside = cells.points.at(cells.order[v]);
    for (std::size_t c = 0; c < 4; ++c) {
      double sum = 0;
      for (const std::size_t i : inside) sum += static_cast<double>(points[i][c]);
      EXPECT_NEAR(means[4 * v + c], sum / static_cast<double>(inside.size()), 1e-6) << v << ", " << c;
    }
  }
  const std::string count = std::to_string(n);
  EXPECT_EQ(contents(output() / "downsampled.pcd"),
            "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\nWIDTH " +
                count + "\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS " + count + "\nDATA binary\n" + bytes_of(means));

  // The example reads what it wrote: each point is the only one of its cube.
  fs::copy(output() / "downsampled.pcd", input() / "b.pcd");
  ASSERT_EQ(voxelize("b.pcd", "--sparse --voxel 0.75 --range 0 0 0 4.5 4.5 4.5").code, 0);
  expect_coords(cells, n);
  EXPECT_EQ(floats("features.npy", {n, 4}), means);
}

TEST_F(VoxelizeScanLists, an_input_among_the_old_results_stays) {
  write("a.bin", bytes_of(four));
  ASSERT_EQ(voxelize("a.bin", "--downsample 1").code, 0);
  const std::string file = (output() / "downsampled.pcd").string(), before = contents(file);
  ASSERT_EQ(run("--input '" + file + "' --sparse --voxel 1").code, 0);
  expect_files({"coords.npy", "counts.npy", "downsampled.pcd", "features.npy", "grid.json"});
  EXPECT_EQ(contents(file), before);
  ASSERT_EQ(run("--input '" + file + "' --downsample 8").code, 0);
  expect_files({"downsampled.npy", "downsampled.pcd", "grid.json"});
  EXPECT_NE(contents(file), before);
}

TEST_F(VoxelizeScanLists, downsampled_points_keep_their_frame) {
  const Header header = {"x y z", "4 4 4", "F F F", "", "2", "1", "1 0 1.1 0 0 0 1", "2", "binary"};
  write("a.pcd", header.text() + bytes_of<float>({1, 2, 3, 1.5f, 2.5f, 3.5f}));
  ASSERT_EQ(voxelize("a.pcd", "--downsample 1").code, 0);
  EXPECT_EQ(floats("downsampled.npy", {1, 3}), (std::vector<float>{1.25f, 2.25f, 3.25f}));
  std::string pcd = contents(output() / "downsampled.pcd");
  EXPECT_NE(pcd.find("FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\n"), std::string::npos);
  const std::string line = line_of(pcd, "VIEWPOINT ");
  EXPECT_EQ(line.compare(0, 15, "VIEWPOINT 1 0 1"), 0) << line;
  EXPECT_EQ(line.substr(line.size() - 8), " 0 0 0 1");
  ASSERT_EQ(voxelize("a.pcd", "--downsample 10 --viewpoint").code, 0);
  pcd = contents(output() / "downsampled.pcd");
  EXPECT_NE(pcd.find("VIEWPOINT 0 0 0 1 0 0 0\n"), std::string::npos) << "they were moved already";
}

// --- the street scene and the pictures -------------------------------------------------------------------------------

TEST_F(VoxelizeScan, street_scene_is_repeatable) {
  const Outcome outcome = run("--voxel 0.5");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_GT(number("not_finite"), 100);
  EXPECT_EQ(number("all"), number("kept") + number("not_finite"));
  const std::string counts = contents(output() / "count.npy"), values = contents(output() / "values.npy");
  ASSERT_EQ(run("--voxel 0.5 --seed 1 --threads 3").code, 0);
  EXPECT_EQ(contents(output() / "count.npy"), counts);
  EXPECT_EQ(contents(output() / "values.npy"), values);
  ASSERT_EQ(run("--voxel 0.5 --seed 2").code, 0);
  EXPECT_NE(contents(output() / "count.npy"), counts);
  ASSERT_EQ(run("--voxel 0.5 --drop-zero").code, 0);
  EXPECT_GT(number("filtered"), 100);
}

TEST_F(VoxelizeScan, without_arguments_results_go_below_the_current_directory) {
  const Outcome outcome = run_plain("");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  const fs::path results = folder_ / "out" / "voxelize_scan";
  for (const char* name : {"count.npy", "occupancy.npy", "values.npy", "grid.json"}) {
    EXPECT_TRUE(fs::exists(results / name)) << name;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), fs::directory_iterator()), 1);
  const bool drawn = line_of(outcome.out, "no picture").empty();
  for (const char* name : {"top.png", "side.png"}) {
    EXPECT_EQ(drawn, contents(results / name).compare(0, 8, "\x89PNG\r\n\x1a\n") == 0) << name;
  }
}

TEST_F(VoxelizeScan, odd_grids_are_drawn) {
  write("a.bin", bytes_of(four));
  for (const char* grid : {"--voxel 10", "--voxel 1 --range 10 10 10 11 12 13", "--voxel 1 --range 0 0 0 20000 1 1",
                           "--voxel 1 --range 0 0 0 1 1 20000"}) {
    const Outcome outcome = run_plain(to_output() + "--input input/a.bin --device cpu " + grid);
    ASSERT_EQ(outcome.code, 0) << outcome.error;
    const std::string line = line_of(outcome.out, "no picture");
    if (line.find("plot_grid.py") == std::string::npos && !line.empty()) GTEST_SKIP() << line;
    EXPECT_EQ(line, "") << grid;
    EXPECT_EQ(outcome.error, "") << grid;
  }
}

TEST_F(VoxelizeScan, a_missing_plotting_tool_is_said_in_one_line) {
  write("a.bin", bytes_of(four));
  fs::create_directories(output());
  std::ofstream(output() / "top.png") << "old";
  std::ofstream(output() / "mine.txt") << "kept";
  expect_no_picture_without_tool("--input input/a.bin");
  EXPECT_FALSE(fs::exists(output() / "top.png")) << "an old picture does not outlive its grid";
  EXPECT_EQ(contents(output() / "mine.txt"), "kept");
}

TEST_F(VoxelizeScan, gpu_or_a_reason) { expect_gpu_or_a_reason(); }

class GpuVoxelizeScan : public VoxelizeScan {};

TEST_F(GpuVoxelizeScan, same_bytes_as_the_cpu) { expect_same_bytes_on_gpu(); }

TEST_F(GpuVoxelizeScan, lists_have_the_same_bytes_as_on_the_cpu) {
  for (const char* mode : {"--sparse", "--hard --max-voxels 3000 --max-points 4", "--downsample 0.3"}) {
    expect_same_bytes_on_gpu(mode);
  }
}

// --- real recordings -------------------------------------------------------------------------------------------------

/// A recording, and what is known of it.
struct Recording {
  const char* name;
  const char* file;
  std::int64_t points;
  std::int64_t stride;     ///< of records; 0: the test does not read them
  std::int64_t intensity;  ///< offset of a float; -1: none, -2: a byte at 12
  const char* golden;      ///< voxels of another library
  const char* leaf;        ///< their size
};

void PrintTo(const Recording& recording, std::ostream* stream) { *stream << recording.name; }

class VoxelizeScanRecordings : public VoxelizeScan, public testing::WithParamInterface<Recording> {
 protected:
  void SetUp() override {
    VoxelizeScan::SetUp();
    if (data().empty()) GTEST_SKIP() << robocache::test::no_test_data;
  }
  static std::string data() { return robocache::test::test_data(); }
  static std::string file() { return data() + "/" + GetParam().file; }

  /// x, y, z and intensity of each point, by the test's own reading.
  static std::vector<std::array<float, 4>> points() {
    const Recording& recording = GetParam();
    std::vector<std::array<float, 4>> points(static_cast<std::size_t>(recording.points));
    const std::string bytes = contents(file());
    if (recording.stride == 0) {
      std::istringstream lines(bytes.substr(bytes.find("DATA ascii\n") + 11));
      std::string line;
      for (auto& p : points) {
        std::getline(lines, line);
        std::istringstream(line) >> p[0] >> p[1] >> p[2];
      }
      return points;
    }
    const char* at = bytes.data() + bytes.size() - recording.points * recording.stride;
    for (auto& p : points) {
      std::memcpy(p.data(), at, 12);
      if (recording.intensity >= 0) std::memcpy(&p[3], at + recording.intensity, 4);
      if (recording.intensity == -2) p[3] = static_cast<float>(static_cast<unsigned char>(at[12]));
      at += recording.stride;
    }
    return points;
  }
};

const Recording recordings[] = {
    {"bunny", "lidar/bunny.pcd", 397, 0, -1, "bunny_leaf_0.02", "0.02"},
    {"hesai", "lidar/hesai_ot128.pcd", 72240, 12, -1, "hesai_ot128_leaf_0.5", "0.5"},
    {"street_a", "lidar/street_a.pcd", 69088, 16, 12, "street_a_leaf_0.25", "0.25"},
    {"vlp16", "lidar/vlp16_per_point_time.pcd", 14831, 32, -2, "vlp16_per_point_time_leaf_0.2", "0.2"},
    {"street_b", "lidar/street_b.pcd", 69792, 16, 12, "", ""},
    {"ouster", "ouster_sweep/os0_128_sweep.pcd", 97299, 22, 12, "", ""},
};
const auto name_of_recording = [](const auto& recording) { return std::string(recording.param.name); };

INSTANTIATE_TEST_SUITE_P(, VoxelizeScanRecordings, testing::ValuesIn(recordings), name_of_recording);

// The whole grid against a map of cells that is filled here, point by point.
TEST_P(VoxelizeScanRecordings, grid_is_that_of_the_points) {
  const Outcome outcome = run("--input '" + file() + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  const std::vector<double> origin = from_json("origin_xyz"), size = from_json("cell_xyz"),
                            extent = from_json("shape_xyz");
  struct Cell {
    std::int32_t count = 0;
    long double sums[3] = {0, 0, 0};
    float brightest = -infinity;
  };
  std::map<std::int64_t, Cell> cells;
  for (const auto& p : points()) {
    std::int64_t index = 0;
    for (std::size_t axis = 3; axis-- > 0;) {
      const float from = p[axis] - static_cast<float>(origin[axis]);
      const float place = std::floor(from / static_cast<float>(size[axis]));
      ASSERT_TRUE(place >= 0 && place < static_cast<float>(extent[axis]));
      index = index * static_cast<std::int64_t>(extent[axis]) + static_cast<std::int64_t>(place);
    }
    Cell& cell = cells[index];
    ++cell.count;
    for (std::size_t axis = 0; axis < 3; ++axis) cell.sums[axis] += static_cast<long double>(p[axis]);
    cell.brightest = std::max(cell.brightest, p[3]);
  }
  const std::string cells_shape = shape();
  const std::vector<std::int32_t> counts = count(cells_shape);
  const std::vector<std::uint8_t> flags = occupancy(cells_shape);
  const std::size_t width = GetParam().intensity == -1 ? 3 : 4;
  const std::vector<float> numbers =
      values(cells_shape.substr(0, cells_shape.size() - 1) + std::to_string(width) + ",)");
  ASSERT_EQ(numbers.size(), counts.size() * width);
  std::size_t occupied = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto found = cells.find(static_cast<std::int64_t>(i));
    ASSERT_EQ(counts[i], found == cells.end() ? 0 : found->second.count) << i;
    ASSERT_EQ(flags[i], counts[i] != 0);
    occupied += counts[i] != 0;
    for (std::size_t c = 0; c < width; ++c) {
      const float value = numbers[i * width + c];
      if (counts[i] == 0) {
        ASSERT_EQ(value, 0.0f);
      } else if (c == 3) {
        ASSERT_EQ(value, found->second.brightest);
      } else {
        const double mean = static_cast<double>(found->second.sums[c] / found->second.count);
        ASSERT_NEAR(static_cast<double>(value), mean, 1e-7 * std::abs(mean) + 1e-8) << i << ", " << c;
      }
    }
  }
  EXPECT_EQ(occupied, cells.size());
  EXPECT_EQ(number("occupied_cells"), static_cast<double>(cells.size()));
  EXPECT_EQ(number("kept"), static_cast<double>(GetParam().points));
  EXPECT_EQ(number("outside"), 0);
  EXPECT_EQ(number("not_finite"), 0);
}

class VoxelizeScanGoldens : public VoxelizeScanRecordings {};
INSTANTIATE_TEST_SUITE_P(, VoxelizeScanGoldens, testing::ValuesIn(recordings, recordings + 4), name_of_recording);

// PCL's grid has its faces at multiples of the leaf, too; it multiplies by the reciprocal, so that a few points differ.
TEST_P(VoxelizeScanGoldens, as_many_cells_as_pcl) {
  const std::string golden = contents(data() + "/golden/pcl_voxelgrid/" + GetParam().golden + ".npy");
  const std::size_t open = golden.find("'shape': (");
  ASSERT_NE(open, std::string::npos);
  const double wanted = std::stod(golden.substr(open + 10));
  ASSERT_EQ(run("--input '" + file() + "' --voxel " + GetParam().leaf).code, 0);
  EXPECT_NEAR(number("occupied_cells"), wanted, 1e-3 * wanted);
}

// As many as PCL has, to the voxel: --downsample has its rule.
TEST_P(VoxelizeScanGoldens, downsampled_as_by_pcl) {
  const auto golden = robocache::test::read_npy<float>(data() + "/golden/pcl_voxelgrid/" + GetParam().golden + ".npy");
  const Outcome outcome = run("--input '" + file() + "' --downsample " + GetParam().leaf);
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_EQ(number("voxels"), static_cast<double>(golden.shape.at(0)));
  EXPECT_EQ(number("dropped"), 0);
}

class VoxelizeScanTable : public VoxelizeScan {};

TEST_F(VoxelizeScanTable, organized_and_compressed) {
  if (robocache::test::test_data().empty()) GTEST_SKIP() << robocache::test::no_test_data;
  const std::string file = robocache::test::test_data() + "/lidar/table_organized_nan.pcd";
  const Outcome outcome = run("--input '" + file + "' --voxel 0.01 --feature g=max");
  if (outcome.error.find("built without LibLZF") != std::string::npos) GTEST_SKIP() << outcome.error;
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("307200 points (640 x 480)"), std::string::npos) << outcome.out;
  EXPECT_EQ(number("kept"), 209280);
  EXPECT_EQ(number("not_finite"), 97920);
  EXPECT_NEAR(number("occupied_cells"), 9389, 9);
  const std::vector<std::int32_t> counts = count(shape());
  std::int64_t sum = 0;
  for (const std::int32_t n : counts) sum += n;
  EXPECT_EQ(sum, 209280);
}

TEST_F(VoxelizeScan, points_at_zero_of_real_sensors) {
  if (robocache::test::test_data().empty()) GTEST_SKIP() << robocache::test::no_test_data;
  const std::pair<const char*, double> files[] = {{"street_a", 5032}, {"street_b", 5107}, {"hesai_ot128", 0}};
  for (const auto& [name, zeros] : files) {
    ASSERT_EQ(
        run("--drop-zero --feature none --input '" + robocache::test::test_data() + "/lidar/" + name + ".pcd'").code,
        0);
    EXPECT_EQ(number("filtered"), zeros) << name;
  }
}

}  // namespace
