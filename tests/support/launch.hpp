// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/views.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// One test body, three ways to run the operator: on the CPU, on a CUDA stream, and as a captured graph that is replayed
// on other data than it was captured with. An Arena owns the buffers of one run; its outputs are poisoned first and
// lie between guard zones.
//
//   class Resample : public LauncherTest {};
//   TEST_P(Resample, GivesTheSample) {
//     Arena arena(GetParam());
//     args.times = arena.input(times);
//     auto out = arena.output_rows<float>(rows, width, pitch, first_channel);
//     args.out = out.rows();
//     ASSERT_OK(arena.launch([&](auto where) { return robocache::resample(args, where); }));
//     const std::vector<float> result = out.download();  // [rows * width]; fails the test if a guard was touched
//   }
//   INSTANTIATE_TEST_SUITE_P(, Resample, every_launcher(), launcher_name);

namespace robocache::test {

enum class Launcher { host, stream, graph };

inline const char* name_of(Launcher launcher) {
  return launcher == Launcher::host ? "Host" : launcher == Launcher::stream ? "Stream" : "Graph";
}
inline void PrintTo(Launcher launcher, std::ostream* os) { *os << name_of(launcher); }
inline std::string launcher_name(const testing::TestParamInfo<Launcher>& info) { return name_of(info.param); }
inline auto every_launcher() { return testing::Values(Launcher::host, Launcher::stream, Launcher::graph); }

/// Decided once per process.
inline bool has_cuda_device() {
#if ROBOCACHE_HAS_CUDA_RUNTIME
  static const bool found = [] {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  }();
  return found;
#else
  return false;
#endif
}

/// Skips the GPU launchers where there is no GPU.
class LauncherTest : public testing::TestWithParam<Launcher> {
 protected:
  void SetUp() override {
    if (GetParam() != Launcher::host && !has_cuda_device()) GTEST_SKIP() << "no CUDA device";
  }
};

namespace detail {

#if ROBOCACHE_HAS_CUDA_RUNTIME
inline void check_cuda(cudaError_t error, const char* call) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(error));
}
#endif

/// Bytes in host or device memory, of exactly the size asked for, so that a sanitizer sees the first byte too many.
class Buffer {
 public:
  Buffer(Launcher launcher, std::size_t bytes) : on_device_(launcher != Launcher::host), bytes_(bytes) {
    if (!on_device_) {
      host_.reset(new unsigned char[bytes]);
      data_ = host_.get();
      return;
    }
#if ROBOCACHE_HAS_CUDA_RUNTIME
    void* p = nullptr;
    check_cuda(cudaMalloc(&p, std::max<std::size_t>(bytes, 1)), "cudaMalloc");
    data_ = static_cast<unsigned char*>(p);
#else
    throw std::logic_error("device memory without CUDA");
#endif
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
#if ROBOCACHE_HAS_CUDA_RUNTIME
    if (on_device_) static_cast<void>(cudaFree(data_));
#endif
  }

  unsigned char* data() const { return data_; }
  std::size_t size() const { return bytes_; }

  // Copies go through the thread's own stream: synchronising the device would break a capture in another thread.
  void write(std::size_t offset, const void* from, std::size_t bytes) const {
    if (bytes == 0) return;
    if (!on_device_) {
      std::memcpy(data_ + offset, from, bytes);
      return;
    }
#if ROBOCACHE_HAS_CUDA_RUNTIME
    check_cuda(cudaMemcpyAsync(data_ + offset, from, bytes, cudaMemcpyHostToDevice, cudaStreamPerThread), "cudaMemcpy");
    check_cuda(cudaStreamSynchronize(cudaStreamPerThread), "cudaStreamSynchronize");
#endif
  }
  void read(std::size_t offset, void* to, std::size_t bytes) const {
    if (bytes == 0) return;
    if (!on_device_) {
      std::memcpy(to, data_ + offset, bytes);
      return;
    }
#if ROBOCACHE_HAS_CUDA_RUNTIME
    check_cuda(cudaMemcpyAsync(to, data_ + offset, bytes, cudaMemcpyDeviceToHost, cudaStreamPerThread), "cudaMemcpy");
    check_cuda(cudaStreamSynchronize(cudaStreamPerThread), "cudaStreamSynchronize");
#endif
  }
  void upload(const std::vector<unsigned char>& from) const { write(0, from.data(), bytes_); }
  std::vector<unsigned char> download() const {
    std::vector<unsigned char> to(bytes_);
    read(0, to.data(), bytes_);
    return to;
  }

 private:
  std::unique_ptr<unsigned char[]> host_;
  unsigned char* data_ = nullptr;
  bool on_device_;
  std::size_t bytes_;
};

}  // namespace detail

/// A poisoned output: `count` rows of `width` elements, `pitch` apart, the first one `first` elements into its row.
template <class T>
class Output {
 public:
  static constexpr unsigned char poison = 0xc5;
  static constexpr std::size_t guard = 256;

  T* data() const { return reinterpret_cast<T*>(buffer_->data() + guard) + first_; }
  BasicRows<void> rows() const { return robocache::rows(data(), count_, width_, pitch_); }
  std::int64_t count() const { return count_; }
  std::int64_t width() const { return width_; }
  std::int64_t pitch() const { return pitch_; }

  /// The declared elements, densely packed. The test fails if any other byte changed.
  std::vector<T> download() const {
    const std::vector<unsigned char> bytes = buffer_->download();
    std::vector<T> result(static_cast<std::size_t>(count_ * width_));
    std::size_t checked = 0;
    const auto untouched_until = [&](std::size_t end) {
      for (; checked < end; ++checked) {
        if (bytes[checked] == poison) continue;
        ADD_FAILURE() << "byte " << static_cast<std::int64_t>(checked) - static_cast<std::int64_t>(guard)
                      << " of an output was written, outside its " << count_ << " rows of " << width_
                      << " elements (pitch " << pitch_ << ", first " << first_ << ", " << sizeof(T) << " bytes each)";
        return;
      }
    };
    const std::size_t row_bytes = static_cast<std::size_t>(width_) * sizeof(T);
    for (std::int64_t r = 0; r < count_; ++r) {
      const std::size_t begin = guard + static_cast<std::size_t>(r * pitch_ + first_) * sizeof(T);
      untouched_until(begin);
      if (row_bytes != 0) std::memcpy(result.data() + r * width_, bytes.data() + begin, row_bytes);
      checked = begin + row_bytes;
    }
    untouched_until(bytes.size());
    return result;
  }

  /// Whether every byte still holds the poison.
  bool untouched() const {
    const std::vector<unsigned char> bytes = buffer_->download();
    return std::all_of(bytes.begin(), bytes.end(), [](unsigned char b) { return b == poison; });
  }

  static bool is_poison(const T& value) {
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    return std::all_of(bytes, bytes + sizeof(T), [](unsigned char b) { return b == poison; });
  }

 private:
  friend class Arena;
  Output(std::shared_ptr<detail::Buffer> buffer, std::int64_t count, std::int64_t width, std::int64_t pitch,
         std::int64_t first)
      : buffer_(std::move(buffer)), count_(count), width_(width), pitch_(pitch), first_(first) {}

  std::shared_ptr<detail::Buffer> buffer_;
  std::int64_t count_, width_, pitch_, first_;
};

/// The buffers of one run of an operator, in the memory that the launcher needs.
class Arena {
 public:
  explicit Arena(Launcher launcher) : launcher_(launcher) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
#if ROBOCACHE_HAS_CUDA_RUNTIME
  ~Arena() {
    if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
  }
#endif

  Launcher launcher() const { return launcher_; }

  /// A copy of `values`; never null. `offset` elements of unused memory in front misalign it on purpose.
  template <class T>
  const T* input(const std::vector<T>& values, std::int64_t offset = 0) {
    const std::int64_t count = static_cast<std::int64_t>(values.size());
    return input_rows(values, 1, count, count, offset);
  }

  /// `values` [count * width] as rows of a wider tensor, whose other elements are all bits set: NaN, or -1. The buffer
  /// ends with the last element of the last row.
  template <class T>
  const T* input_rows(const std::vector<T>& values, std::int64_t count, std::int64_t width, std::int64_t pitch,
                      std::int64_t first = 0) {
    if (static_cast<std::int64_t>(values.size()) != count * width) throw std::logic_error("input_rows: wrong size");
    const std::int64_t elements = count == 0 ? first : first + (count - 1) * pitch + width;
    Input in;
    in.bytes.assign(static_cast<std::size_t>(elements) * sizeof(T), 0xff);
    in.changed = in.bytes;
    for (std::int64_t r = 0; r < count; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        const std::size_t at = static_cast<std::size_t>(first + r * pitch + c) * sizeof(T);
        const std::size_t from = static_cast<std::size_t>(r * width + c);
        std::memcpy(&in.bytes[at], &values[from], sizeof(T));
        std::memcpy(&in.changed[at], &values[values.size() - 1 - from], sizeof(T));
      }
    }
    in.buffer = std::make_shared<detail::Buffer>(launcher_, in.bytes.size());
    in.buffer->upload(in.bytes);
    inputs_.push_back(in);
    return reinterpret_cast<const T*>(in.buffer->data()) + first;
  }

  template <class T>
  Output<T> output(std::int64_t count, std::int64_t offset = 0) {
    return output_rows<T>(1, count, count, offset);
  }

  template <class T>
  Output<T> output_rows(std::int64_t count, std::int64_t width, std::int64_t pitch, std::int64_t first = 0) {
    const std::size_t elements = static_cast<std::size_t>(count * pitch + first);
    auto buffer = std::make_shared<detail::Buffer>(launcher_, elements * sizeof(T) + 2 * Output<T>::guard);
    outputs_.push_back(buffer);
    poison_outputs();
    return Output<T>(buffer, count, width, pitch, first);
  }

  void poison_outputs() const {
    for (const auto& buffer : outputs_)
      buffer->upload(std::vector<unsigned char>(buffer->size(), Output<char>::poison));
  }

  /// Whether every byte of every output still holds the poison.
  bool outputs_untouched() const {
    return std::all_of(outputs_.begin(), outputs_.end(), [](const auto& buffer) {
      const std::vector<unsigned char> bytes = buffer->download();
      return std::all_of(bytes.begin(), bytes.end(), [](unsigned char b) { return b == Output<char>::poison; });
    });
  }

  /// Runs `operation(where)`, where `where` is a Host or a cudaStream_t, and waits for it.
  ///
  /// Graph: captures it, replays it on changed inputs (each input's elements in reverse order), and once more on the
  /// real ones, with the outputs poisoned anew. Outputs are what the last replay left.
  template <class Operation>
  Status launch(const Operation& operation, int threads = 1) {
    if (launcher_ == Launcher::host) return operation(Host{threads});
#if ROBOCACHE_HAS_CUDA_RUNTIME
    using detail::check_cuda;
    if (stream_ == nullptr) check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
    if (launcher_ == Launcher::stream) {
      const Status status = operation(stream_);
      check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
      return status;
    }

    // Thread-local, so that test threads may capture side by side; still refuses whatever a capture must not do.
    check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    const Status status = operation(stream_);
    cudaGraph_t graph = nullptr;
    check_cuda(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
    check_cuda(cudaGraphGetNodes(graph, nullptr, &graph_nodes_), "cudaGraphGetNodes");
    if (!status.ok()) {
      EXPECT_EQ(graph_nodes_, 0u) << "an error was returned, but work was enqueued";
      static_cast<void>(cudaGraphDestroy(graph));
      return status;
    }
    cudaGraphExec_t executable = nullptr;
    check_cuda(cudaGraphInstantiateWithFlags(&executable, graph, 0), "cudaGraphInstantiate");
    for (const Input& in : inputs_) in.buffer->upload(in.changed);
    check_cuda(cudaGraphLaunch(executable, stream_), "cudaGraphLaunch");
    check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    for (const Input& in : inputs_) in.buffer->upload(in.bytes);
    poison_outputs();
    check_cuda(cudaGraphLaunch(executable, stream_), "cudaGraphLaunch");
    check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    static_cast<void>(cudaGraphExecDestroy(executable));
    static_cast<void>(cudaGraphDestroy(graph));
    return status;
#else
    throw std::logic_error("a GPU launcher without CUDA");
#endif
  }

  /// Whether every input still holds what it was given.
  bool inputs_untouched() const {
    return std::all_of(inputs_.begin(), inputs_.end(),
                       [](const Input& in) { return in.buffer->download() == in.bytes; });
  }

  /// Nodes of the last captured graph.
  std::size_t graph_nodes() const { return graph_nodes_; }

 private:
  struct Input {
    std::shared_ptr<detail::Buffer> buffer;
    std::vector<unsigned char> bytes, changed;
  };

  Launcher launcher_;
  std::vector<Input> inputs_;
  std::vector<std::shared_ptr<detail::Buffer>> outputs_;
  std::size_t graph_nodes_ = 0;
#if ROBOCACHE_HAS_CUDA_RUNTIME
  cudaStream_t stream_ = nullptr;
#endif
};

/// Runs an operation again and again: a call each time, or replays of the graph that the first time captured.
class Repeated {
 public:
  explicit Repeated(Launcher launcher) : launcher_(launcher) {
#if ROBOCACHE_HAS_CUDA_RUNTIME
    if (launcher != Launcher::host) detail::check_cuda(cudaStreamCreate(&stream_), "cudaStreamCreate");
#endif
  }
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;
#if ROBOCACHE_HAS_CUDA_RUNTIME
  ~Repeated() {
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
    if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
  }
#endif

  template <class Operation>
  Status run(const Operation& operation, int threads = 1) {
    if (launcher_ == Launcher::host) return operation(Host{threads});
#if ROBOCACHE_HAS_CUDA_RUNTIME
    using detail::check_cuda;
    Status status;
    if (launcher_ == Launcher::stream) {
      status = operation(stream_);
    } else {
      if (executable_ == nullptr) {
        cudaGraph_t graph = nullptr;
        check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
        status = operation(stream_);
        check_cuda(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
        check_cuda(cudaGraphInstantiateWithFlags(&executable_, graph, 0), "cudaGraphInstantiate");
        static_cast<void>(cudaGraphDestroy(graph));
      }
      check_cuda(cudaGraphLaunch(executable_, stream_), "cudaGraphLaunch");
    }
    check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    return status;
#else
    throw std::logic_error("a GPU launcher without CUDA");
#endif
  }

 private:
  Launcher launcher_;
#if ROBOCACHE_HAS_CUDA_RUNTIME
  cudaStream_t stream_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
#endif
};

inline testing::AssertionResult is_ok(Status status) {
  if (status.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "status " << static_cast<int>(status.code()) << ": " << status.what()
                                     << " (CUDA error " << status.cuda_error() << ")";
}

/// Whether `status` has this code and its text names this argument.
inline testing::AssertionResult is_error(Status status, StatusCode code, const std::string& argument) {
  if (status.code() != code)
    return testing::AssertionFailure() << "expected code " << static_cast<int>(code) << ", got "
                                       << static_cast<int>(status.code()) << " (" << status.what() << ")";
  if (std::string(status.what()).find(argument) == std::string::npos)
    return testing::AssertionFailure() << "\"" << status.what() << "\" does not name " << argument;
  return testing::AssertionSuccess();
}

}  // namespace robocache::test

#define ASSERT_OK(expression) ASSERT_TRUE(::robocache::test::is_ok(expression))
#define EXPECT_OK(expression) EXPECT_TRUE(::robocache::test::is_ok(expression))
