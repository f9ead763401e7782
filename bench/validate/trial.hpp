// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support/graph_timer.hpp"
#include "tests/support/random.hpp"

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/types.hpp>
#include <robocache/core/workspace.hpp>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

// One call on the CPU, on a stream and as a captured graph, over buffers that are alike; and whether the outputs are.

namespace robocache_validate {

using robocache::test::Random;
using robocache_bench::check;

/// Where a call runs: what the last argument of every operator is.
using Where = std::variant<robocache::Host, cudaStream_t>;
using Call = std::function<robocache::Status(Where)>;

/// `operation(where)` for either kind of `where`.
template <class Operation>
Call call_of(Operation operation) {
  return [operation](Where where) {
    return std::visit([&](auto side) -> robocache::Status { return operation(side); }, where);
  };
}

enum class NumberType : std::uint8_t { integer, real, bits };

/// The buffers of one call, in the memory of its side. Outputs are poisoned, and end where they are said to.
class Memory {
 public:
  explicit Memory(Where where) : where_(where) {}
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  Where where() const { return where_; }

  /// A copy; never null.
  template <class T>
  T* input(const std::vector<T>& values) {
    return static_cast<T*>(add_input(values.data(), values.size() * sizeof(T)));
  }
  template <class T>
  T* output(const char* name, std::int64_t count) {
    constexpr NumberType type = std::is_integral<T>::value         ? NumberType::integer
                                : std::is_floating_point<T>::value ? NumberType::real
                                                                   : NumberType::bits;
    return static_cast<T*>(add_output(name, count, sizeof(T), type));
  }
  void* output(const char* name, std::int64_t count, robocache::ElementType type);
  robocache::Workspace workspace(std::size_t bytes);

  /// What an output is found to hold; `bytes` are those of every element.
  struct Output {
    std::string name;
    std::size_t element = 1;
    NumberType type = NumberType::bits;
    std::vector<unsigned char> bytes;
    /// An element's number and bits.
    std::string shown(std::size_t index) const;
  };
  std::vector<Output> outputs() const;
  void poison_outputs() const;
  /// Of the first output that has any.
  void flip_a_bit() const;

 private:
  struct Buffer {
    unsigned char* data = nullptr;
    std::size_t bytes = 0;
  };
  struct Placed {
    Output output;
    Buffer buffer;
  };
  Buffer allocate(std::size_t bytes);
  void* add_input(const void* from, std::size_t bytes);
  void* add_output(const char* name, std::int64_t count, std::size_t element, NumberType type);
  void copy(void* to, const void* from, std::size_t bytes, bool to_device) const;
  bool on_device() const { return std::holds_alternative<cudaStream_t>(where_); }
  cudaStream_t stream() const { return std::get<cudaStream_t>(where_); }

  Where where_;
  std::vector<Buffer> buffers_;
  std::vector<Placed> outputs_;
};

/// A result that is not what it has to be.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What all trials of a run share.
struct TrialOptions {
  std::uint64_t seed = 0;
  std::string corrupt;     ///< an operator, one bit of whose result is turned: a run that must fail
  std::int64_t scale = 1;  ///< of the sizes
};

/// A sequence of random calls on the current device.
class Trial {
 public:
  Trial(const TrialOptions& options, std::uint64_t sequence)
      : options_(options), random_(sequence, options.seed), sequence_(sequence) {}

  Random& random() { return random_; }
  /// A count up to `most`, often much smaller, sometimes nothing.
  std::int64_t size(std::int64_t most);

  /// `make(Memory&)` places the buffers and returns the Call; it is asked once for each side, and must do the same both
  /// times. Throws Failure, which names the operator, the shape, and the number that differs.
  template <class Make>
  void compare(const std::string& op, const std::string& shape, const Make& make) {
    run(op, shape, [&make](Memory& memory) -> Call { return make(memory); });
  }

  std::int64_t calls() const { return calls_; }  ///< on the CPU, on a stream, and as a graph: three each time
  std::int64_t bytes() const { return bytes_; }  ///< compared

 private:
  void run(const std::string& op, const std::string& shape, const std::function<Call(Memory&)>& make);
  void compare_sides(const std::string& op, const std::function<Call(Memory&)>& make);
  void expect_same(const std::string& what, const Memory& expected, const Memory& found);

  const TrialOptions& options_;
  Random random_;
  std::uint64_t sequence_;
  robocache_bench::Stream stream_;
  std::int64_t calls_ = 0, bytes_ = 0;
};

}  // namespace robocache_validate
