// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "options.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

namespace align_episode {
namespace {

using example::parse_number;
using robocache::Interpolation;

constexpr std::pair<const char*, Interpolation> kinds[] = {
    {"previous", Interpolation::previous}, {"next", Interpolation::next},   {"nearest", Interpolation::nearest},
    {"linear", Interpolation::linear},     {"cubic", Interpolation::cubic}, {"pchip", Interpolation::pchip},
    {"akima", Interpolation::akima},       {"slerp", Interpolation::slerp}, {"angle", Interpolation::angle},
};

std::string names_of(const Episode& episode) {
  std::string names;
  for (const Stream& stream : episode) names += (names.empty() ? "" : ", ") + stream.name;
  return names;
}

/// One option's text, taken apart from the left; every complaint names the option.
class Argument {
 public:
  Argument(const char* option, const std::string& text) : option_(option), text_(text) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(std::string(option_) + " " + text_ + ": " + what);
  }

  Stream& stream(Episode& episode, const std::string& name) const {
    const auto found = std::find_if(episode.begin(), episode.end(), [&](const Stream& s) { return s.name == name; });
    if (found == episode.end()) fail("no stream '" + name + "' (there are " + names_of(episode) + ")");
    return *found;
  }

  /// A channel by name, or by index from 0.
  std::int64_t channel(const Stream& stream, const std::string& name) const {
    const auto found = std::find(stream.channels.begin(), stream.channels.end(), name);
    if (found != stream.channels.end()) return found - stream.channels.begin();
    const std::optional<std::int64_t> index = parse_number<std::int64_t>(name);
    if (!index) fail("stream '" + stream.name + "' has no channel '" + name + "'");
    if (*index < 0 || *index >= stream.width()) {
      fail("stream '" + stream.name + "' has the channels 0 to " + std::to_string(stream.width() - 1));
    }
    return *index;
  }

  std::int64_t milliseconds(const std::string& text) const {
    constexpr double longest_ms = 1e12;  // 31 years
    const std::optional<double> ms = parse_number<double>(text);
    if (!ms || !(std::abs(*ms) <= longest_ms)) fail("'" + text + "' is not a time in milliseconds");
    return std::llround(*ms * 1e6);
  }

  /// The parts of "left<separator>right", cut at the last separator; no left part where there is none.
  std::pair<std::string, std::string> halves(char separator) const {
    const std::size_t at = text_.rfind(separator);
    if (at == std::string::npos) return {"", text_};
    return {text_.substr(0, at), text_.substr(at + 1)};
  }

 private:
  const char* option_;
  const std::string& text_;
};

void set_interpolation(const std::string& text, Episode& episode) {
  const Argument argument("--interp", text);
  const auto [place, name] = argument.halves('=');
  if (place.empty()) argument.fail("expected STREAM=KIND or STREAM:CHANNEL=KIND");
  const auto kind =
      std::find_if(std::begin(kinds), std::end(kinds), [&, n = name](const auto& k) { return k.first == n; });
  if (kind == std::end(kinds)) argument.fail("no interpolation '" + name + "'");
  if (kind->second == Interpolation::slerp) argument.fail("slerp needs four channels that --quaternion names");

  const std::size_t colon = place.find(':');
  Stream& stream = argument.stream(episode, place.substr(0, colon));
  if (colon == std::string::npos) {
    std::fill(stream.kinds.begin(), stream.kinds.end(), kind->second);
  } else {
    stream.kinds[static_cast<std::size_t>(argument.channel(stream, place.substr(colon + 1)))] = kind->second;
  }
}

void set_quaternion(const std::string& text, Episode& episode) {
  const Argument argument("--quaternion", text);
  std::string place = text;
  Quaternion quaternion;
  for (const auto& [suffix, format] :
       {std::pair<std::string, robocache::RotationFormat>{":xyzw", robocache::RotationFormat::quaternion_xyzw},
        {":wxyz", robocache::RotationFormat::quaternion_wxyz}}) {
    if (place.size() > suffix.size() && place.compare(place.size() - suffix.size(), suffix.size(), suffix) == 0) {
      place.resize(place.size() - suffix.size());
      quaternion.format = format;
      break;
    }
  }
  const std::size_t colon = place.find(':');
  if (colon == std::string::npos) argument.fail("expected STREAM:FIRST or STREAM:FIRST:wxyz");
  Stream& stream = argument.stream(episode, place.substr(0, colon));
  quaternion.first = argument.channel(stream, place.substr(colon + 1));
  if (quaternion.first + 4 > stream.width()) {
    argument.fail("four channels are needed; stream '" + stream.name + "' has " +
                  std::to_string(stream.width() - quaternion.first) + " from there on");
  }
  const auto same = [&](const Quaternion& other) { return other.first == quaternion.first; };
  stream.quaternions.erase(std::remove_if(stream.quaternions.begin(), stream.quaternions.end(), same),
                           stream.quaternions.end());
  for (const Quaternion& other : stream.quaternions) {
    if (std::abs(other.first - quaternion.first) < 4)
      argument.fail("it overlaps the quaternion at channel " + std::to_string(other.first));
  }
  stream.quaternions.push_back(quaternion);
}

/// "MS" for all streams or "STREAM=MS" for one, with "none" for no limit.
template <class Set>
void set_limit(const char* option, const std::string& text, Episode& episode, const Set& set) {
  const Argument argument(option, text);
  const auto [name, value] = argument.halves('=');
  const std::int64_t limit = value == "none" ? robocache::unlimited : argument.milliseconds(value);
  if (limit < 0) argument.fail("a limit is not negative");
  if (name.empty()) {
    for (Stream& stream : episode) set(stream, limit);
  } else {
    set(argument.stream(episode, name), limit);
  }
}

void set_offset(const std::string& text, Episode& episode) {
  const Argument argument("--offset", text);
  const auto [name, value] = argument.halves('=');
  if (name.empty()) argument.fail("expected STREAM=MS");
  argument.stream(episode, name).clock.offset = argument.milliseconds(value);
}

/// What one call of fuse takes.
void check_limits(const Episode& episode) {
  const auto check = [](const std::string& what, std::size_t count, std::int32_t most, const char* option) {
    if (count <= static_cast<std::size_t>(most)) return;
    throw InputError(std::to_string(count) + " " + what + ": more than " + std::to_string(most) + " (see " + option +
                     ")");
  };
  check("streams", episode.size(), robocache::max_streams, "--streams");
  for (const Stream& stream : episode) {
    check("channel groups in stream '" + stream.name + "'", channel_groups(stream).size(), robocache::max_groups,
          "--interp");
  }
  check("channel groups", static_cast<std::size_t>(total_groups(episode)), robocache::max_fuse_groups, "--interp");
}

}  // namespace

robocache::Rate parse_rate(const std::string& text) {
  constexpr std::int64_t largest_term = 1'000'000'000;
  const auto fail = [&](const char* what) { throw InputError("--rate " + text + ": " + what); };
  std::string numerator = text, denominator = "1";
  if (const std::size_t slash = text.find('/'); slash != std::string::npos) {
    numerator = text.substr(0, slash);
    denominator = text.substr(slash + 1);
  } else if (const std::size_t point = text.find('.'); point != std::string::npos) {
    numerator = text.substr(0, point) + text.substr(point + 1);
    denominator.append(text.size() - point - 1, '0');
  }
  robocache::Rate rate;
  rate.num = parse_number<std::int64_t>(numerator).value_or(0);
  rate.den = parse_number<std::int64_t>(denominator).value_or(0);
  if (rate.num <= 0 || rate.den <= 0) fail("expected rows per second, such as 50, 29.97 or 30000/1001");
  const std::int64_t divisor = std::gcd(rate.num, rate.den);
  rate.num /= divisor;
  rate.den /= divisor;
  if (rate.num > largest_term || rate.den > largest_term) fail("both terms of the ratio must be at most 1e9");
  return rate;
}

void configure(const Options& options, Episode& episode) {
  for (const std::string& text : options.max_gap) {
    set_limit("--max-gap", text, episode, [](Stream& stream, std::int64_t limit) { stream.max_gap = limit; });
  }
  for (const std::string& text : options.max_age) {
    set_limit("--max-age", text, episode, [](Stream& stream, std::int64_t limit) { stream.max_age = limit; });
  }
  for (const std::string& text : options.interp) set_interpolation(text, episode);
  for (const std::string& text : options.quaternion) set_quaternion(text, episode);
  for (const std::string& text : options.offset) set_offset(text, episode);
  check_limits(episode);
}

const char* name_of(Interpolation kind) {
  const auto found = std::find_if(std::begin(kinds), std::end(kinds), [=](const auto& k) { return k.second == kind; });
  return found->first;
}

}  // namespace align_episode
