// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "trial.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>

namespace robocache_validate {

namespace {
constexpr unsigned char poison = 0xa5;

template <class T>
T read(const unsigned char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));  // flawfinder: ignore: the size of `value`
  return value;
}
}  // namespace

Memory::~Memory() {
  for (const Buffer& buffer : buffers_) {
    if (on_device()) {
      static_cast<void>(cudaFreeAsync(buffer.data, stream()));
    } else {
      delete[] buffer.data;
    }
  }
}

Memory::Buffer Memory::allocate(std::size_t bytes) {
  Buffer buffer;
  buffer.bytes = bytes;
  if (on_device()) {
    void* data = nullptr;
    check(cudaMallocAsync(&data, std::max<std::size_t>(bytes, 1), stream()), "cudaMallocAsync");
    buffer.data = static_cast<unsigned char*>(data);
  } else {
    buffer.data = new unsigned char[bytes];
  }
  buffers_.push_back(buffer);
  return buffer;
}

void Memory::copy(void* to, const void* from, std::size_t bytes, bool to_device) const {
  if (bytes == 0) return;
  if (!on_device()) {
    std::memcpy(to, from, bytes);  // flawfinder: ignore: a copy of what the caller says
    return;
  }
  check(cudaMemcpyAsync(to, from, bytes, to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, stream()),
        "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize");
}

void* Memory::add_input(const void* from, std::size_t bytes) {
  const Buffer buffer = allocate(bytes);
  copy(buffer.data, from, bytes, true);
  return buffer.data;
}

void* Memory::add_output(const char* name, std::int64_t count, std::size_t element, NumberType type) {
  const Buffer buffer = allocate(static_cast<std::size_t>(count) * element);
  outputs_.push_back({{name, element, type, {}}, buffer});
  return buffer.data;
}

void* Memory::output(const char* name, std::int64_t count, robocache::ElementType type) {
  const bool is_real = type == robocache::ElementType::f32 || type == robocache::ElementType::f64;
  return add_output(name, count, static_cast<std::size_t>(robocache::size_of(type)),
                    is_real ? NumberType::real : NumberType::bits);
}

robocache::Workspace Memory::workspace(std::size_t bytes) {
  const Buffer buffer = allocate(bytes);
  return {buffer.data, buffer.bytes};
}

void Memory::poison_outputs() const {
  for (const Placed& placed : outputs_) {
    if (placed.buffer.bytes == 0) continue;
    if (on_device()) {
      check(cudaMemsetAsync(placed.buffer.data, poison, placed.buffer.bytes, stream()), "cudaMemsetAsync");
    } else {
      std::memset(placed.buffer.data, poison, placed.buffer.bytes);
    }
  }
}

void Memory::flip_a_bit() const {
  for (const Placed& placed : outputs_) {
    if (placed.buffer.bytes == 0) continue;
    unsigned char byte = 0;
    unsigned char* at = placed.buffer.data + placed.buffer.bytes / 2;
    copy(&byte, at, 1, false);
    byte ^= 0x10;
    copy(at, &byte, 1, true);
    return;
  }
}

std::vector<Memory::Output> Memory::outputs() const {
  std::vector<Output> all;
  for (const Placed& placed : outputs_) {
    all.push_back(placed.output);
    all.back().bytes.resize(placed.buffer.bytes);
    copy(all.back().bytes.data(), placed.buffer.data, placed.buffer.bytes, false);
  }
  return all;
}

std::string Memory::Output::shown(std::size_t index) const {
  const unsigned char* at = bytes.data() + index * element;
  std::ostringstream text;
  text.precision(17);
  if (type == NumberType::integer) {
    text << (element == 8   ? read<std::int64_t>(at)
             : element == 4 ? std::int64_t{read<std::int32_t>(at)}
                            : std::int64_t{*at});
  } else if (type == NumberType::real) {
    text << (element == 8 ? read<double>(at) : static_cast<double>(read<float>(at)));
  }
  if (type != NumberType::integer) {
    text << (type == NumberType::real ? " (0x" : "0x") << std::hex;
    for (std::size_t k = element; k-- > 0;) {
      text.width(2);
      text.fill('0');
      text << static_cast<int>(at[k]);
    }
    if (type == NumberType::real) text << ')';
  }
  return text.str();
}

std::int64_t Trial::size(std::int64_t most) {
  if (random_.one_in(20)) return 0;
  return random_.between(1, std::max<std::int64_t>(1, (most * options_.scale) >> random_.below(8)));
}

void Trial::run(const std::string& op, const std::string& shape, const std::function<Call(Memory&)>& make) {
  try {
    compare_sides(op, make);
  } catch (const std::exception& error) {
    throw Failure(op + " " + shape + ": " + error.what() + " (sequence " + std::to_string(sequence_) + " of seed " +
                  std::to_string(options_.seed) + ")");
  }
  calls_ += 3;
}

void Trial::compare_sides(const std::string& op, const std::function<Call(Memory&)>& make) {
  Memory host(robocache::Host{static_cast<int>(random_.between(1, 4))}), device(stream_.get());
  const Call on_host = make(host), on_device = make(device);
  host.poison_outputs();
  device.poison_outputs();
  for (const auto& [call, memory, side] :
       {std::tuple<const Call&, const Memory&, const char*>{on_host, host, "CPU"}, {on_device, device, "stream"}}) {
    const robocache::Status status = call(memory.where());
    if (!status.ok()) throw Failure(std::string(side) + " call refused: " + status.what());
  }
  if (options_.corrupt == op) device.flip_a_bit();
  stream_.synchronize();
  expect_same("on a stream", host, device);

  device.poison_outputs();
  cudaGraph_t graph = nullptr;
  check(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  const robocache::Status status = on_device(device.where());
  check(cudaStreamEndCapture(stream_.get(), &graph), "cudaStreamEndCapture");
  const std::unique_ptr<CUgraph_st, decltype(&cudaGraphDestroy)> owned(graph, &cudaGraphDestroy);
  if (!status.ok()) throw Failure(std::string("call refused under capture: ") + status.what());
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
  const std::unique_ptr<CUgraphExec_st, decltype(&cudaGraphExecDestroy)> exec(executable, &cudaGraphExecDestroy);
  check(cudaGraphLaunch(executable, stream_.get()), "cudaGraphLaunch");
  stream_.synchronize();
  expect_same("as a graph", host, device);
}

void Trial::expect_same(const std::string& what, const Memory& expected, const Memory& found) {
  const std::vector<Memory::Output> wanted = expected.outputs(), got = found.outputs();
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const std::vector<unsigned char>&a = wanted[k].bytes, &b = got[k].bytes;
    bytes_ += static_cast<std::int64_t>(a.size());
    if (a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0)) continue;
    const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
    const std::size_t index = static_cast<std::size_t>(at) / wanted[k].element;
    throw Failure("differs " + what + ": " + wanted[k].name + "[" + std::to_string(index) + "], expected " +
                  wanted[k].shown(index) + ", found " + got[k].shown(index));
  }
}

}  // namespace robocache_validate
