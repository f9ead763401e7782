// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "plain_kernels.hpp"

#include "random_bits.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace robocache_bench {
namespace {

template <class T>
struct FromFloat {
  __device__ static T of(float v) { return static_cast<T>(v); }
};
template <>
struct FromFloat<__half> {
  __device__ static __half of(float v) { return __float2half_rn(v); }
};
template <>
struct FromFloat<__nv_bfloat16> {
  __device__ static __nv_bfloat16 of(float v) { return __float2bfloat16_rn(v); }
};

template <class T>
__global__ void fill_random_kernel(T* data, std::int64_t count, std::uint64_t seed) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const int integer = static_cast<int>(mixed(seed + static_cast<std::uint64_t>(i)) >> 40 | 1u) - (1 << 23);
    data[i] = FromFloat<T>::of(static_cast<float>(integer) * 0x1p-22f);
  }
}

__global__ void empty_kernel() {}

/// Spins; the first thread says how many cycles of its clock, and how many nanoseconds, that took.
__global__ void spin_kernel(std::uint64_t nanoseconds, std::uint64_t* measured) {
  const auto time = [] {
    std::uint64_t t;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t));
    return t;
  };
  const std::uint64_t begin = time(), first_cycle = static_cast<std::uint64_t>(clock64());
  std::uint64_t now = begin;
  while (now - begin < nanoseconds) now = time();
  if (blockIdx.x != 0 || threadIdx.x != 0) return;
  measured[0] = static_cast<std::uint64_t>(clock64()) - first_cycle;
  measured[1] = now - begin;
}

/// Each thread has PerThread vectors, a block apart, all loaded before the first is stored.
template <int PerThread>
__global__ void copy_kernel(const uint4* __restrict__ from, uint4* __restrict__ to, std::int64_t vectors) {
  const std::int64_t first = std::int64_t{blockIdx.x} * blockDim.x * PerThread + threadIdx.x;
  uint4 held[PerThread];
#pragma unroll
  for (int v = 0; v < PerThread; ++v) {
    const std::int64_t at = first + std::int64_t{v} * blockDim.x;
    if (at < vectors) held[v] = from[at];
  }
#pragma unroll
  for (int v = 0; v < PerThread; ++v) {
    const std::int64_t at = first + std::int64_t{v} * blockDim.x;
    if (at < vectors) to[at] = held[v];
  }
}

/// The store is never reached: `never` is not among the data. It keeps the loads alive.
template <int PerThread>
__global__ void read_kernel(const uint4* __restrict__ from, uint4* __restrict__ to, std::int64_t vectors) {
  const std::int64_t first = std::int64_t{blockIdx.x} * blockDim.x * PerThread + threadIdx.x;
  uint4 sum = {0, 0, 0, 0};
#pragma unroll
  for (int v = 0; v < PerThread; ++v) {
    const std::int64_t at = first + std::int64_t{v} * blockDim.x;
    if (at >= vectors) continue;
    const uint4 value = from[at];
    sum = {sum.x ^ value.x, sum.y ^ value.y, sum.z ^ value.z, sum.w ^ value.w};
  }
  constexpr unsigned never = 0x7f800001u;
  if (sum.x == never && sum.y == never && sum.z == never && sum.w == never) to[0] = sum;
}

template <int PerThread>
__global__ void fill_kernel(const uint4* __restrict__, uint4* __restrict__ to, std::int64_t vectors) {
  const std::int64_t first = std::int64_t{blockIdx.x} * blockDim.x * PerThread + threadIdx.x;
#pragma unroll
  for (int v = 0; v < PerThread; ++v) {
    const std::int64_t at = first + std::int64_t{v} * blockDim.x;
    const unsigned value = static_cast<unsigned>(at) * 0x9e3779b9u | 1u;
    if (at < vectors) to[at] = {value, ~value, value ^ 0x5555u, value + 7u};
  }
}

using MoveKernel = void (*)(const uint4*, uint4*, std::int64_t);

struct MoveVariant {
  MoveKernel kernel;
  int per_thread;
  int threads;
};

std::vector<MoveVariant> copy_variants() {
  return {{copy_kernel<1>, 1, 256}, {copy_kernel<1>, 1, 512}, {copy_kernel<1>, 1, 1024},
          {copy_kernel<2>, 2, 256}, {copy_kernel<4>, 4, 256}, {copy_kernel<4>, 4, 512}};
}
std::vector<MoveVariant> read_variants() {
  return {{read_kernel<1>, 1, 512}, {read_kernel<4>, 4, 256}, {read_kernel<8>, 8, 256}};
}
std::vector<MoveVariant> fill_variants() {
  return {{fill_kernel<1>, 1, 256}, {fill_kernel<1>, 1, 1024}, {fill_kernel<4>, 4, 256}};
}

/// Buffers and graphs of a plain kernel, one graph for each variant.
class PlainMove {
 public:
  /// Moves `read_bytes` in and `written_bytes` out a call, both rounded up to whole vectors; one of them may be zero.
  PlainMove(const Stream& stream, const std::vector<MoveVariant>& variants, Plan plan, std::int64_t read_bytes,
            std::int64_t written_bytes) {
    const std::int64_t vectors = (std::max(read_bytes, written_bytes) + 15) / 16;
    for (int set = 0; set < plan.sets; ++set) {
      from_.emplace_back(read_bytes > 0 ? vectors * 16 : 16);
      to_.emplace_back(written_bytes > 0 ? vectors * 16 : 16);
      if (read_bytes > 0) {
        fill_random(from_.back().get(), robocache::ElementType::f32, vectors * 4, static_cast<std::uint64_t>(set));
      }
    }
    for (const MoveVariant& variant : variants) {
      const std::int64_t per_block = std::int64_t{variant.threads} * variant.per_thread;
      const unsigned blocks = static_cast<unsigned>((vectors + per_block - 1) / per_block);
      graphs_.push_back(std::make_unique<CallGraph>(stream.get(), plan.calls, [&](int call, cudaStream_t on) {
        const std::size_t set = static_cast<std::size_t>(call % plan.sets);
        variant.kernel<<<blocks, variant.threads, 0, on>>>(from_[set].as<uint4>(), to_[set].as<uint4>(), vectors);
        check(cudaGetLastError(), "plain kernel");
      }));
    }
  }

  std::vector<const CallGraph*> graphs() const {
    std::vector<const CallGraph*> result;
    for (const std::unique_ptr<CallGraph>& graph : graphs_) result.push_back(graph.get());
    return result;
  }

 private:
  std::vector<DeviceBuffer> from_;
  std::vector<DeviceBuffer> to_;
  std::vector<std::unique_ptr<CallGraph>> graphs_;
};

Ceiling ceiling(const char* name, std::vector<MoveVariant> (*variants)(), Regime regime, std::int64_t read_bytes,
                std::int64_t written_bytes) {
  return {name, read_bytes + written_bytes, [=] {
            const Stream stream;
            const Plan plan = Plan::of(regime, read_bytes + written_bytes);
            const PlainMove move(stream, variants(), plan, read_bytes, written_bytes);
            const std::vector<double> times = medians(move.graphs());
            return *std::min_element(times.begin(), times.end());
          }};
}

template <class T>
void fill(void* data, std::int64_t count, std::uint64_t seed) {
  fill_random_kernel<<<1024, 256>>>(static_cast<T*>(data), count, seed);
}

}  // namespace

void fill_random(void* data, robocache::ElementType type, std::int64_t count, std::uint64_t seed) {
  using robocache::ElementType;
  switch (type) {
    case ElementType::f32:
      fill<float>(data, count, seed);
      break;
    case ElementType::f64:
      fill<double>(data, count, seed);
      break;
    case ElementType::f16:
      fill<__half>(data, count, seed);
      break;
    case ElementType::bf16:
      fill<__nv_bfloat16>(data, count, seed);
      break;
    default:
      throw std::logic_error("fill_random: no such values");
  }
  check(cudaGetLastError(), "fill_random_kernel");
  check(cudaDeviceSynchronize(), "fill_random_kernel");
}

std::vector<Ceiling> ceilings() {
  constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
  return {{"ceiling/empty_kernel", 0,
           [] {
             const Stream stream;
             const CallGraph graph(stream.get(), 24, [](int, cudaStream_t on) { empty_kernel<<<1, 32, 0, on>>>(); });
             return medians({&graph}).front();
           }},
          ceiling("ceiling/copy_8MB/hot", copy_variants, Regime::hot, 8 * mebibyte, 8 * mebibyte),
          ceiling("ceiling/copy/12MB/hot", copy_variants, Regime::hot, 6'000'000, 6'000'000),
          ceiling("ceiling/copy/12MB/cold", copy_variants, Regime::cold, 6'000'000, 6'000'000),
          ceiling("ceiling/copy/100MB/cold", copy_variants, Regime::cold, 50'000'000, 50'000'000),
          ceiling("ceiling/copy/2GiB/cold", copy_variants, Regime::cold, 1024 * mebibyte, 1024 * mebibyte),
          ceiling("ceiling/read", read_variants, Regime::cold, 1024 * mebibyte, 0),
          ceiling("ceiling/fill", fill_variants, Regime::cold, 0, 1024 * mebibyte)};
}

double sm_clock_mhz() {
  int device = 0, multiprocessors = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
  std::vector<std::uint64_t> measured(2);
  const DeviceBuffer buffer(measured);
  spin_kernel<<<static_cast<unsigned>(multiprocessors), 256>>>(20'000'000, buffer.as<std::uint64_t>());
  check(cudaGetLastError(), "spin_kernel");
  check(cudaMemcpy(measured.data(), buffer.get(), 16, cudaMemcpyDeviceToHost), "cudaMemcpy");
  return static_cast<double>(measured[0]) * 1e3 / static_cast<double>(measured[1]);
}

Timing time_beside_copy(const PreparedCase& prepared) {
  const std::int64_t read_bytes = prepared.bytes() / 2;
  const PlainMove copy(prepared.stream(), copy_variants(), prepared.plan(), read_bytes, prepared.bytes() - read_bytes);
  std::vector<const CallGraph*> graphs = copy.graphs();
  graphs.push_back(&prepared.graph());
  std::vector<double> times = medians(graphs);
  const double us = times.back();
  times.pop_back();
  return {us, *std::min_element(times.begin(), times.end())};
}

}  // namespace robocache_bench
