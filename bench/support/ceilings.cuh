// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph_timer.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

// What the memory system gives to kernels that do nothing but move 16-byte vectors.

namespace robocache_bench {

__host__ __device__ inline std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

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

/// Random values in [-2, 2), never zero.
template <class T>
__global__ void fill_random_kernel(T* data, std::int64_t count, std::uint64_t seed) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const int integer = static_cast<int>(mixed(seed + static_cast<std::uint64_t>(i)) >> 40 | 1u) - (1 << 23);
    data[i] = FromFloat<T>::of(static_cast<float>(integer) * 0x1p-22f);
  }
}

template <class T>
void fill_random(T* data, std::int64_t count, std::uint64_t seed) {
  fill_random_kernel<<<1024, 256>>>(data, count, seed);
  check(cudaGetLastError(), "fill_random_kernel");
  check(cudaDeviceSynchronize(), "fill_random_kernel");
}

static __global__ void empty_kernel() {}

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

inline std::vector<MoveVariant> copy_variants() {
  return {{copy_kernel<1>, 1, 256}, {copy_kernel<1>, 1, 512}, {copy_kernel<1>, 1, 1024},
          {copy_kernel<2>, 2, 256}, {copy_kernel<4>, 4, 256}, {copy_kernel<4>, 4, 512}};
}
inline std::vector<MoveVariant> read_variants() {
  return {{read_kernel<1>, 1, 512}, {read_kernel<4>, 4, 256}, {read_kernel<8>, 8, 256}};
}
inline std::vector<MoveVariant> fill_variants() {
  return {{fill_kernel<1>, 1, 256}, {fill_kernel<1>, 1, 1024}, {fill_kernel<4>, 4, 256}};
}

/// Buffers and graphs of a plain kernel, one graph for each variant.
class Ceiling {
 public:
  /// Moves `read_bytes` in and `written_bytes` out a call, both rounded up to whole vectors; one of them may be zero.
  Ceiling(const Stream& stream, const std::vector<MoveVariant>& variants, Plan plan, std::int64_t read_bytes,
          std::int64_t written_bytes) {
    const std::int64_t vectors = (std::max(read_bytes, written_bytes) + 15) / 16;
    for (int set = 0; set < plan.sets; ++set) {
      from_.emplace_back(read_bytes > 0 ? vectors * 16 : 16);
      to_.emplace_back(written_bytes > 0 ? vectors * 16 : 16);
      if (read_bytes > 0) fill_random(from_.back().as<float>(), vectors * 4, static_cast<std::uint64_t>(set));
    }
    for (const MoveVariant& variant : variants) {
      const std::int64_t per_block = std::int64_t{variant.threads} * variant.per_thread;
      const unsigned blocks = static_cast<unsigned>((vectors + per_block - 1) / per_block);
      graphs_.push_back(std::make_unique<CallGraph>(stream.get(), plan.calls, [&](int call, cudaStream_t on) {
        const std::size_t set = static_cast<std::size_t>(call % plan.sets);
        variant.kernel<<<blocks, variant.threads, 0, on>>>(from_[set].as<uint4>(), to_[set].as<uint4>(), vectors);
        check(cudaGetLastError(), "ceiling kernel");
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

}  // namespace robocache_bench
