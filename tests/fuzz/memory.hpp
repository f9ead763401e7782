// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "choices.hpp"

#include <robocache/core/status.hpp>
#include <robocache/core/types.hpp>

#include <sanitizer/asan_interface.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace robocache::fuzz {

/// Sizes as they are, if products leave 64 bits. Whole numbers up to 2^64 are exact, and so is which is the larger.
using Wide = long double;

/// The arrays of one call, each of exactly the size that the arguments declare, with poison between them. At times one
/// is null, misaligned, or lies over another. Where the arguments declare more than there is, they can still be
/// validated: pointers are then mere numbers.
class Memory {
 public:
  explicit Memory(Choices& choices) : choices_(choices) { ASAN_POISON_MEMORY_REGION(block_, sizeof(block_)); }
  ~Memory() { ASAN_UNPOISON_MEMORY_REGION(block_, sizeof(block_)); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// Arbitrary numbers, often rising.
  template <class T>
  const T* input(Wide count) {
    return static_cast<const T*>(input_bytes<T>(count * static_cast<Wide>(sizeof(T))));
  }
  /// The same of so many bytes, of numbers whose type is a tag.
  const void* input_of(std::int64_t element_bytes, Wide bytes) {
    return element_bytes == 8   ? input_bytes<double>(bytes)
           : element_bytes == 4 ? input_bytes<float>(bytes)
           : element_bytes == 2 ? input_bytes<std::uint16_t>(bytes)
                                : input_bytes<std::uint8_t>(bytes);
  }
  template <class T>
  T* output(Wide count) {
    return static_cast<T*>(output_bytes(count * static_cast<Wide>(sizeof(T))));
  }
  void* output_bytes(Wide bytes) {
    Range range;
    void* data = take(bytes, &range);
    std::memset(range.data, 0xc5, range.bytes);
    outputs_.push_back(range);
    return data;
  }
  /// An output that may be left out.
  template <class T>
  T* optional_output(Wide count) {
    return choices_.flag() ? output<T>(count) : nullptr;
  }
  /// So many steps of work, although no array may be as long.
  void work(Wide steps) { is_large_ = is_large_ || steps > most_bytes; }
  /// Whether there is too much for the call itself.
  bool is_large() const { return is_large_; }

  /// Calls, and looks at what may not be written: inputs; on an error, anything.
  template <class Call>
  Status run(const Call& call) const {
    const std::uint64_t in = digest(inputs_), out = digest(outputs_);
    const Status status = call();
    require(digest(inputs_) == in, "inputs stay as they are");
    require(status.ok() || digest(outputs_) == out, "an error leaves outputs as they are");
    check(status);
    return status;
  }
  /// What every result must be like.
  void check(const Status& status) const {
    require(!status.ok() || !overflows_, "arrays of 2^63 bytes are refused");
    require(status.ok() == (*status.what() == '\0'), "an error has a text");
    require(status.code() != StatusCode::cuda_error && status.cuda_error() == 0, "there is no CUDA here");
  }

 private:
  static constexpr std::size_t room = 1 << 18, most_bytes = 1 << 14, gap = 32;
  struct Range {
    unsigned char* data;
    std::size_t bytes;
  };

  template <class T>
  const void* input_bytes(Wide bytes) {
    Range range;
    const void* data = take(bytes, &range);
    fill<T>(range);
    inputs_.push_back(range);
    return data;
  }

  void* take(Wide bytes, Range* range) {
    *range = {block_, 0};
    if (bytes < 0) bytes = 0;  // a negative size: no memory
    std::size_t misaligned = 0;
    if (choices_.rarely()) {
      const std::int64_t how = choices_.below(4);
      if (how == 0) return nullptr;
      if (how == 1) misaligned = 1 + static_cast<std::size_t>(choices_.below(7));
      if (how >= 2 && lies_over_another(bytes, range)) return range->data;
    }
    const std::size_t begin = (used_ + gap + 7) / 8 * 8 + misaligned;
    if (bytes > static_cast<Wide>(most_bytes) || begin + static_cast<std::size_t>(bytes) > room - gap) {
      is_large_ = true;
      overflows_ = overflows_ || bytes >= 0x1p63L;
      const std::uintptr_t apart = ++numbers_ << 55;
      return reinterpret_cast<void*>(apart + misaligned);  // NOLINT(performance-no-int-to-ptr)
    }
    *range = {block_ + begin, static_cast<std::size_t>(bytes)};
    used_ = begin + range->bytes;
    ASAN_UNPOISON_MEMORY_REGION(range->data, range->bytes);
    return range->data;
  }
  bool lies_over_another(Wide bytes, Range* range) {
    const std::vector<Range>& ranges = choices_.flag() ? inputs_ : outputs_;
    if (ranges.empty()) return false;
    const Range& other = ranges[static_cast<std::size_t>(choices_.byte()) % ranges.size()];
    if (bytes > static_cast<Wide>(other.bytes)) return false;
    const auto spare = static_cast<std::int64_t>(other.bytes) - static_cast<std::int64_t>(bytes);
    *range = {other.data + choices_.below(spare + 1), static_cast<std::size_t>(bytes)};
    return true;
  }

  template <class T>
  void fill(const Range& range) {
    const std::size_t count = range.bytes / sizeof(T);
    if (count == 0) return;
    const std::uint8_t how = choices_.byte();
    std::uint32_t state = how * 2654435761u + 1;
    T last = T(0);
    for (std::size_t i = 0; i < count; ++i) {
      state = state * 1664525u + 1013904223u;
      const auto random = static_cast<int>(state >> 24);
      T value;
      if (how % 4 == 0) {
        value = static_cast<T>(last + static_cast<T>(random % (1 + how / 4 % 4)));
      } else if (how % 4 == 1) {
        value = static_cast<T>(random % 16 - (std::is_unsigned<T>::value ? 0 : 2));
      } else if (how % 4 == 2) {
        value = choices_.bits<T>();
      } else {
        const std::int64_t any = random % 2 != 0 ? random : std::numeric_limits<std::int64_t>::max() - random;
        value = static_cast<T>(random % 3 != 0 ? any : -any);
        if constexpr (std::is_floating_point<T>::value) {
          if (random % 5 == 0) value = std::numeric_limits<T>::quiet_NaN();
          if (random % 7 == 0) value = std::numeric_limits<T>::infinity();
        }
      }
      std::memcpy(range.data + i * sizeof(T), &value, sizeof(T));
      last = value;
    }
  }

  static std::uint64_t digest(const std::vector<Range>& ranges) {
    std::uint64_t hash = 14695981039346656037u;
    for (const Range& range : ranges) {
      for (std::size_t i = 0; i < range.bytes; ++i) hash = (hash ^ range.data[i]) * 1099511628211u;
    }
    return hash;
  }

  alignas(64) static inline unsigned char block_[room];
  Choices& choices_;
  std::size_t used_ = 0;
  std::uintptr_t numbers_ = 0;
  std::vector<Range> inputs_, outputs_;
  bool is_large_ = false, overflows_ = false;
};

}  // namespace robocache::fuzz
