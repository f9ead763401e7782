// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/convert.hpp>
#include <robocache/core/status.hpp>

#include <cuda_runtime_api.h>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

ROBOCACHE_HIDDEN inline Status cuda_status(cudaError_t error, const char* what) noexcept {
  if (error == cudaSuccess) return {};
  return {StatusCode::cuda_error, what, static_cast<int>(error)};
}

/// The error of the launch just made, if any.
ROBOCACHE_HIDDEN inline Status launch_status() noexcept {
  return cuda_status(cudaGetLastError(), "the kernel could not be launched");
}

/// V elements that travel as one access.
template <class T, int V>
struct alignas(sizeof(T) * V) Pack {
  T elements[V];
};

template <int Bytes>
struct Word;
template <>
struct Word<1> {
  using type = unsigned char;
};
template <>
struct Word<2> {
  using type = unsigned short;
};
template <>
struct Word<4> {
  using type = unsigned int;
};
template <>
struct Word<8> {
  using type = uint2;
};
template <>
struct Word<16> {
  using type = uint4;
};

/// Reads a pack through the read-only path. `p` is aligned to the pack.
template <class T, int V>
__device__ inline Pack<T, V> load_pack(const T* p) noexcept {
  using Access = typename Word<static_cast<int>(sizeof(T)) * V>::type;
  return bit_cast<Pack<T, V>>(__ldg(reinterpret_cast<const Access*>(p)));
}

/// Writes a pack in one access, which no optimisation takes apart. `p` is aligned to the pack.
template <class T, int V>
__device__ inline void store_pack(T* p, const Pack<T, V>& pack) noexcept {
  using Access = typename Word<static_cast<int>(sizeof(T)) * V>::type;
  __stwb(reinterpret_cast<Access*>(p), bit_cast<Access>(pack));
}

/// Narrow<Out>::from for a pack; two floats to a half type are one instruction where the hardware has it.
template <class Out, class F, int V>
__device__ inline Pack<Out, V> narrow_pack(const F (&values)[V]) noexcept {
  Pack<Out, V> pack;
#if __CUDA_ARCH__ >= 800
  if constexpr (V % 2 == 0 && sizeof(Out) == 2 && sizeof(F) == 4) {
    unsigned int pairs[V / 2];
#pragma unroll
    for (int i = 0; i < V / 2; ++i) {
      if constexpr (element_traits<Out>::type == ElementType::bf16) {
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pairs[i]) : "f"(values[2 * i + 1]), "f"(values[2 * i]));
      } else {
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pairs[i]) : "f"(values[2 * i + 1]), "f"(values[2 * i]));
      }
    }
    memcpy(&pack, pairs, sizeof(pack));
    return pack;
  } else
#endif
#pragma unroll
    for (int i = 0; i < V; ++i) pack.elements[i] = Narrow<Out>::from(values[i]);
  return pack;
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
