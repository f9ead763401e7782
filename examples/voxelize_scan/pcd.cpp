// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "pcd.hpp"

#include "support/input.hpp"

#if VOXELIZE_SCAN_HAS_LZF
#include <lzf.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <limits>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

namespace voxelize_scan {
namespace {

using example::in_quotes;
using example::InputError;
using robocache::FieldType;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr const char* blanks = " \t\r";
  for (std::size_t begin = line.find_first_not_of(blanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(blanks, end);
  }
  return words;
}

/// Appends a number that is written out, as T. False where it is none, or none that T holds.
template <class T>
bool append(std::string_view word, std::string& bytes) {
  if (word.size() > 1 && word[0] == '+' && word[1] != '-') word.remove_prefix(1);
  std::optional<T> number = example::parse_number<T>(word);
  if constexpr (std::is_same<T, float>::value) {
    // What underflows as a float is a number all the same.
    const auto wide = number ? std::nullopt : example::parse_number<double>(word);
    if (wide && std::abs(*wide) < 1.0) number = static_cast<float>(*wide);
  }
  if (!number) return false;
  bytes.append(reinterpret_cast<const char*>(&*number), sizeof(T));
  return true;
}

struct NumberType {
  std::int64_t size;
  bool (*append)(std::string_view, std::string&);
  char type;
  std::optional<FieldType> field_type;
};
constexpr NumberType number_types[] = {
    {4, append<float>, 'F', FieldType::f32},         {8, append<double>, 'F', FieldType::f64},
    {1, append<std::uint8_t>, 'U', FieldType::u8},   {1, append<std::int8_t>, 'I', FieldType::i8},
    {2, append<std::uint16_t>, 'U', FieldType::u16}, {2, append<std::int16_t>, 'I', FieldType::i16},
    {4, append<std::uint32_t>, 'U', FieldType::u32}, {4, append<std::int32_t>, 'I', FieldType::i32},
    {8, append<std::uint64_t>, 'U', std::nullopt},   {8, append<std::int64_t>, 'I', std::nullopt},
};

class PcdFile {
 public:
  PcdFile(std::string text, const std::filesystem::path& path) : path_(path.string()), text_(std::move(text)) {}

  Cloud cloud() {
    read_header();
    read_fields();
    read_size();
    read_viewpoint();
    const std::string_view data = words("DATA", 1)[0];
    cloud_.format = "PCD, " + std::string(data);
    if (data == "ascii") {
      read_text();
    } else if (data == "binary") {
      read_records();
    } else if (data == "binary_compressed") {
      read_compressed();
    } else {
      fail_at("DATA", in_quotes(data) + " is not ascii, binary or binary_compressed");
    }
    return std::move(cloud_);
  }

 private:
  struct Entry {
    std::size_t line = 0;
    std::vector<std::string_view> words;
  };

  [[noreturn]] void fail(const std::string& what) const { throw InputError(path_ + ": " + what); }
  [[noreturn]] void fail_in(std::size_t line, const std::string& what) const {
    fail("line " + std::to_string(line) + ": " + what);
  }
  [[noreturn]] void fail_at(std::string_view key, const std::string& what) const {
    fail_in(header_.at(key).line, std::string(key) + ": " + what);
  }

  /// The next line, without its end; false where none is left.
  bool next_line(std::string_view* line) {
    if (at_ == text_.size()) return false;
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string::npos) fail_in(line_ + 1, "the last line has no end of line; the file may be cut off");
    *line = std::string_view(text_).substr(at_, end - at_);
    at_ = end + 1;
    ++line_;
    return true;
  }

  void read_header() {
    constexpr std::string_view keys[] = {"VERSION", "FIELDS", "SIZE",      "TYPE",   "COUNT",
                                         "WIDTH",   "HEIGHT", "VIEWPOINT", "POINTS", "DATA"};
    std::string_view line;
    while (header_.count("DATA") == 0) {
      if (!next_line(&line)) fail("the header has no DATA; the file may be cut off");
      std::vector<std::string_view> words = words_of(line);
      if (words.empty() || words[0][0] == '#') continue;
      const std::string_view key = words[0];
      if (std::find(std::begin(keys), std::end(keys), key) == std::end(keys)) {
        fail_in(line_, in_quotes(key) + " is no entry of a PCD header");
      }
      words.erase(words.begin());
      if (!header_.emplace(key, Entry{line_, std::move(words)}).second) {
        fail_in(line_, "the header has " + std::string(key) + " twice");
      }
    }
  }

  /// What follows the key: `count` words.
  const std::vector<std::string_view>& words(std::string_view key, std::size_t count) const {
    const auto entry = header_.find(key);
    if (entry == header_.end()) fail("the header has no " + std::string(key));
    const std::vector<std::string_view>& words = entry->second.words;
    if (words.size() != count) {
      fail_at(key, std::to_string(count) + (count == 1 ? " entry was" : " entries were") + " expected, not " +
                       std::to_string(words.size()));
    }
    return words;
  }

  std::int64_t number(std::string_view key, std::string_view word, std::int64_t least, std::int64_t most) const {
    const auto value = example::parse_number<std::int64_t>(word);
    if (!value || *value < least || *value > most) {
      fail_at(key, in_quotes(word) + " is not a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return *value;
  }

  void read_fields() {
    constexpr std::int64_t most_numbers = 1 << 20;
    const auto names = header_.find("FIELDS");
    if (names == header_.end()) fail("the header has no FIELDS");
    const std::size_t count = names->second.words.size();
    if (count == 0) fail_at("FIELDS", "no field is named");
    const auto &sizes = words("SIZE", count), &types = words("TYPE", count);
    for (std::size_t f = 0; f < count; ++f) {
      CloudField field;
      field.name = names->second.words[f];
      field.size = number("SIZE", sizes[f], 1, 8);
      const auto type = std::find_if(std::begin(number_types), std::end(number_types), [&](const NumberType& t) {
        return types[f].size() == 1 && types[f][0] == t.type && field.size == t.size;
      });
      if (type == std::end(number_types)) {
        fail_at("TYPE", "no type " + in_quotes(types[f]) + " has " + std::to_string(field.size) + " bytes");
      }
      field.type = type->field_type;
      types_.push_back(type);
      if (header_.count("COUNT") != 0) field.count = number("COUNT", words("COUNT", count)[f], 1, most_numbers);
      const auto same = std::find_if(cloud_.fields.begin(), cloud_.fields.end(),
                                     [&](const CloudField& other) { return other.name == field.name; });
      if (same != cloud_.fields.end() && field.name != "_") fail_at("FIELDS", in_quotes(field.name) + " twice");
      cloud_.fields.push_back(std::move(field));
    }
    stride_ = lay_out_records(cloud_.fields);
  }

  void read_size() {
    cloud_.width = number("WIDTH", words("WIDTH", 1)[0], 0, most_points);
    cloud_.height = number("HEIGHT", words("HEIGHT", 1)[0], 0, most_points);
    if (cloud_.points() > most_points) fail_at("HEIGHT", "more than 2^30 points");
    if (header_.count("POINTS") != 0 && number("POINTS", words("POINTS", 1)[0], 0, most_points) != cloud_.points()) {
      fail_at("POINTS", "it is not WIDTH times HEIGHT, " + std::to_string(cloud_.points()));
    }
    if (cloud_.points() == 0) fail("the cloud has no points");
  }

  void read_viewpoint() {
    if (header_.count("VIEWPOINT") == 0) return;
    const auto& numbers = words("VIEWPOINT", cloud_.viewpoint.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto value = example::parse_number<double>(numbers[i]);
      if (!value || !std::isfinite(*value)) fail_at("VIEWPOINT", in_quotes(numbers[i]) + " is not a finite number");
      cloud_.viewpoint[i] = *value;
    }
  }

  std::int64_t left() const { return static_cast<std::int64_t>(text_.size() - at_); }

  void expect_points(std::int64_t available, const char* what) const {
    if (cloud_.points() <= available / stride_) return;
    fail("the header announces " + std::to_string(cloud_.points()) + " points of " + std::to_string(stride_) +
         " bytes, " + what + " " + std::to_string(available) + " bytes; the file may be cut off");
  }

  void read_records() {
    expect_points(left(), "after it are");
    if (left() != cloud_.points() * stride_) {
      fail("after the points are " + std::to_string(left() - cloud_.points() * stride_) + " bytes more");
    }
    cloud_.bytes = std::move(text_);
    cloud_.begin = at_;
  }

  void read_compressed() {
#if VOXELIZE_SCAN_HAS_LZF
    constexpr std::int64_t most_expansion = 88;  // of LZF: three bytes stand for 264 at most
    std::uint32_t sizes[2];
    if (left() < 8) fail("the compressed points are cut off");
    std::memcpy(sizes, text_.data() + at_, sizeof(sizes));
    at_ += sizeof(sizes);
    if (sizes[0] > left()) {
      fail(std::to_string(sizes[0]) + " bytes of compressed points are announced, " + std::to_string(left()) +
           " are there; the file may be cut off");
    }
    expect_points(sizes[1], "the compressed points hold");
    const std::int64_t bytes = cloud_.points() * stride_;
    if (bytes != sizes[1] || bytes > sizes[0] * most_expansion) fail("the sizes of the compressed points do not agree");
    cloud_.bytes.resize(static_cast<std::size_t>(bytes));
    if (lzf_decompress(text_.data() + at_, sizes[0], cloud_.bytes.data(), sizes[1]) != sizes[1]) {
      fail("the compressed points are damaged");
    }
    std::int64_t begin = 0;
    for (CloudField& field : cloud_.fields) {
      field.offset = begin;
      field.stride = field.size * field.count;
      begin += field.stride * cloud_.points();
    }
#else
    fail("this program was built without LibLZF, which compressed PCD files need");
#endif
  }

  void read_text() {
    std::int64_t numbers = 0;
    for (const CloudField& field : cloud_.fields) numbers += field.count;
    // A digit and a blank each.
    if (cloud_.points() > (left() + 1) / 2 / numbers) {
      fail("the header announces " + std::to_string(cloud_.points()) + " points of " + std::to_string(numbers) +
           " numbers, after it are " + std::to_string(left()) + " bytes; the file may be cut off");
    }
    cloud_.bytes.reserve(static_cast<std::size_t>(cloud_.points() * stride_));
    std::string_view line;
    std::int64_t points = 0;
    while (next_line(&line)) {
      const std::vector<std::string_view> words = words_of(line);
      if (words.empty()) continue;
      if (points++ == cloud_.points()) fail_in(line_, "more points than the header's " + std::to_string(points - 1));
      if (static_cast<std::int64_t>(words.size()) != numbers) {
        fail_in(line_, std::to_string(numbers) + " numbers were expected, not " + std::to_string(words.size()));
      }
      auto word = words.begin();
      for (std::size_t f = 0; f < cloud_.fields.size(); ++f) {
        for (std::int64_t n = 0; n < cloud_.fields[f].count; ++n, ++word) {
          if (!types_[f]->append(*word, cloud_.bytes)) {
            fail_in(line_, in_quotes(*word) + " is not a value of " + in_quotes(cloud_.fields[f].name));
          }
        }
      }
    }
    if (points != cloud_.points()) {
      fail("the header announces " + std::to_string(cloud_.points()) + " points, after it are " +
           std::to_string(points));
    }
  }

  std::string path_;
  std::string text_;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
  std::map<std::string_view, Entry> header_;
  std::vector<const NumberType*> types_;  ///< of the fields
  std::int64_t stride_ = 0;               ///< bytes of a point
  Cloud cloud_;
};

}  // namespace

Cloud parse_pcd(std::string bytes, const std::filesystem::path& path) {
  return PcdFile(std::move(bytes), path).cloud();
}

std::string pcd_of(const std::vector<std::string>& names, const std::vector<float>& numbers,
                   const std::array<double, 7>& viewpoint) {
  std::ostringstream text;
  text << std::setprecision(std::numeric_limits<double>::max_digits10) << "# .PCD v0.7\nVERSION 0.7";
  const auto add = [&](const char* key, const auto& value_of) {
    text << '\n' << key;
    for (const std::string& name : names) text << ' ' << value_of(name);
  };
  add("FIELDS", [](const std::string& name) { return name; });
  add("SIZE", [](const std::string&) { return sizeof(float); });
  add("TYPE", [](const std::string&) { return 'F'; });
  add("COUNT", [](const std::string&) { return 1; });
  const std::size_t points = numbers.size() / names.size();
  text << "\nWIDTH " << points << "\nHEIGHT 1\nVIEWPOINT";
  for (const double number : viewpoint) text << ' ' << number;
  text << "\nPOINTS " << points << "\nDATA binary\n";
  return text.str() + std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
}

}  // namespace voxelize_scan
