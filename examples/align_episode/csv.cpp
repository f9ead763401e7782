// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "csv.hpp"

#include "support/input.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

namespace align_episode {
namespace {

namespace fs = std::filesystem;
using example::in_quotes;
using example::trimmed;

constexpr std::string_view default_time_column = "time_ns";

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = line.find(',', begin);
    fields.push_back(trimmed(line.substr(begin, comma - begin)));
    if (comma == std::string_view::npos) return fields;
    begin = comma + 1;
  }
}

class CsvFile {
 public:
  CsvFile(std::string text, const fs::path& path, const std::string& time_column)
      : path_(path.string()), text_(std::move(text)), time_column_(time_column) {}

  Stream stream() {
    stream_.name = fs::path(path_).stem().string();
    if (text_.empty()) fail(1, 1, "the file is empty; a header was expected");
    const std::size_t complete = text_.rfind('\n') + 1;  // 0 without any
    const char* p = text_.data();
    const char* const end = p + complete;
    std::size_t line = 1;
    if (complete != 0) {
      p = read_header(p);
      reserve(end - p);
      for (line = 2; p != end; ++line) p = read_row(p, line);
    }
    if (complete != text_.size()) {
      fail(line, fields_of(std::string_view(text_).substr(complete)).size(),
           "the last line has no end of line; the file may be cut off");
    }
    stream_.max_gap = usual_gap_limit(stream_);
    return std::move(stream_);
  }

 private:
  enum class Role : std::uint8_t { channel, time, unused };

  [[noreturn]] void fail(std::size_t line, std::size_t column, const std::string& what) const {
    std::string place = path_ + ": line " + std::to_string(line) + ", column " + std::to_string(column);
    if (line > 1 && column - 1 < names_.size()) place += " (" + names_[column - 1] + ")";
    throw InputError(place + ": " + what);
  }

  const char* read_header(const char* p) {
    if (text_.compare(0, 3, "\xEF\xBB\xBF") == 0) p += 3;  // byte order mark
    const char* const end = text_.data() + text_.find('\n');
    const std::vector<std::string_view> fields = fields_of({p, static_cast<std::size_t>(end - p)});
    bool found = false;
    for (std::size_t c = 0; c < fields.size(); ++c) {
      if (fields[c].empty()) fail(1, c + 1, "the header has an empty column name");
      const auto same = std::find(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(c), fields[c]);
      if (same - fields.begin() != static_cast<std::ptrdiff_t>(c)) {
        fail(1, c + 1, "the header names " + in_quotes(fields[c]) + " twice");
      }
      names_.emplace_back(fields[c]);
      if (fields[c] == time_column_) {
        roles_.push_back(Role::time);
        found = true;
      } else if (fields[c] == default_time_column) {
        roles_.push_back(Role::unused);
      } else {
        roles_.push_back(Role::channel);
        stream_.channels.emplace_back(fields[c]);
      }
    }
    if (!found) {
      fail(1, 1,
           "the header has no column " + in_quotes(time_column_) + "; it begins with " + in_quotes(fields.front()));
    }
    if (stream_.channels.empty()) fail(1, fields.size(), "the header names no channel beside the time");
    stream_.kinds.assign(stream_.channels.size(), robocache::Interpolation::linear);
    return end + 1;
  }

  void reserve(std::ptrdiff_t bytes) {
    const auto rows = static_cast<std::size_t>(std::count(text_.end() - bytes, text_.end(), '\n'));
    stream_.times.reserve(rows);
    stream_.values.reserve(rows * stream_.channels.size());
  }

  /// One line that is known to end with '\n'; returns the begin of the next.
  const char* read_row(const char* p, std::size_t line) {
    for (std::size_t c = 0;; ++c) {
      p = roles_[c] == Role::time ? read_time(p, line, c) : read_value(p, line, c);
      const bool last = c + 1 == roles_.size();
      if (*p == ',' && !last) {
        ++p;
        continue;
      }
      if (*p == '\n' && last) return p + 1;
      fail(line, c + 2,
           (*p == ',' ? "more fields than the header's " : "fewer fields than the header's ") +
               std::to_string(roles_.size()));
    }
  }

  const char* read_time(const char* p, std::size_t line, std::size_t c) {
    std::int64_t time = 0;
    p = read_number(p, line, c, time, "is not an integer number of nanoseconds");
    if (!stream_.times.empty() && time < stream_.times.back()) {
      fail(line, c + 1,
           "the stamp " + std::to_string(time) + " is before " + std::to_string(stream_.times.back()) +
               ", that of the line above");
    }
    stream_.times.push_back(time);
    return p;
  }

  const char* read_value(const char* p, std::size_t line, std::size_t c) {
    double value = 0.0;
    p = read_number(p, line, c, value, "is not a number");
    if (roles_[c] == Role::channel) stream_.values.push_back(value);
    return p;
  }

  /// Reads one field; returns the comma or end of line after it. The file ends with '\n', which no number contains.
  template <class Number>
  const char* read_number(const char* begin, std::size_t line, std::size_t c, Number& number, const char* complaint) {
    const auto skip_blanks = [](const char* p) {
      while (*p == ' ' || *p == '\t' || (*p == '\r' && p[1] == '\n')) ++p;
      return p;
    };
    const char* first = skip_blanks(begin);
    if (*first == '+' && first[1] != '-') ++first;
    const auto [after, error] = std::from_chars(first, text_.data() + text_.size(), number);
    const char* const stop = skip_blanks(after);
    if (error == std::errc() && (*stop == ',' || *stop == '\n')) return stop;

    const std::string_view rest(begin, static_cast<std::size_t>(text_.data() + text_.size() - begin));
    const std::string_view field = trimmed(rest.substr(0, rest.find_first_of(",\n")));
    if (field.empty())
      fail(line, c + 1, c == 0 && *skip_blanks(begin) == '\n' ? "the line is empty" : "the field is empty");
    fail(line, c + 1,
         in_quotes(field) +
             (error == std::errc::result_out_of_range ? " is out of range" : std::string(" ") + complaint));
  }

  std::string path_;
  std::string text_;
  std::string time_column_;
  std::vector<std::string> names_;  ///< of all columns
  std::vector<Role> roles_;
  Stream stream_;
};

/// The .csv files that `path` stands for.
std::vector<fs::path> files_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw InputError(path.string() + ": no such file or directory");
  if (!fs::is_directory(status)) return {path};
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".csv") files.push_back(entry->path());
  }
  if (error) throw InputError(path.string() + ": the directory cannot be read");
  if (files.empty()) throw InputError(path.string() + ": the directory holds no .csv file");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Stream parse_stream(std::string text, const fs::path& path, const std::string& time_column) {
  return CsvFile(std::move(text), path, time_column).stream();
}

Episode read_episode(const fs::path& path, const std::vector<std::string>& names, const std::string& time_column) {
  std::vector<fs::path> files = files_of(path);
  if (!names.empty()) {
    std::vector<fs::path> chosen;
    for (const std::string& name : names) {
      const auto file =
          std::find_if(files.begin(), files.end(), [&](const fs::path& f) { return f.stem().string() == name; });
      if (file == files.end())
        throw InputError(path.string() + ": no stream " + in_quotes(name) + " (" + name + ".csv)");
      chosen.push_back(*file);
    }
    files = std::move(chosen);
  }
  Episode episode;
  for (const fs::path& file : files) episode.push_back(parse_stream(example::read_file(file), file, time_column));
  return episode;
}

}  // namespace align_episode
