// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/convert.hpp>
#include <robocache/core/profiler_range.hpp>
#include <robocache/core/status.hpp>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// An error is taken from the runtime's last one: it is reported here, not once more by a later call.
ROBOCACHE_HIDDEN inline Status cuda_status(cudaError_t error, const char* what) noexcept {
  if (error == cudaSuccess) return {};
  static_cast<void>(cudaGetLastError());
  return {StatusCode::cuda_error, what, static_cast<int>(error)};
}

/// Ends what a kernel may do before the kernels ahead of it in the stream are done: all threads call it, before they
/// read or write global memory, and before they return. The next kernel may then begin in the same way.
__device__ inline void await_stream() noexcept {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/// The sum over a whole warp, for every lane.
__device__ inline int warp_sum(int value) noexcept {
#if __CUDA_ARCH__ >= 800
  return __reduce_add_sync(0xffffffffu, value);
#else
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
  return value;
#endif
}

/// Whether the kernel's code, as the current device would run it, has await_stream's wait, and graphs record it.
ROBOCACHE_HIDDEN inline bool awaits_stream(const void* kernel) noexcept {
#if CUDART_VERSION >= 12030
  constexpr int hopper = 90, recording_driver = 12030;
  static const int driver = [] {
    int version = 0;
    return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
  }();
  cudaFuncAttributes code;
  return driver >= recording_driver && cudaFuncGetAttributes(&code, kernel) == cudaSuccess && code.ptxVersion >= hopper;
#else
  static_cast<void>(kernel);
  return false;
#endif
}

/// Enqueues that each byte becomes `value`. Nothing, where there is no memory.
ROBOCACHE_HIDDEN inline Status set_bytes(void* data, int value, std::int64_t bytes, cudaStream_t stream) noexcept {
  if (bytes == 0 || data == nullptr) return {};
  return cuda_status(cudaMemsetAsync(data, value, static_cast<std::size_t>(bytes), stream),
                     "memory could not be cleared");
}

struct LaunchShape {
  std::int64_t blocks;
  int threads;           ///< of a block
  int shared_bytes = 0;  ///< of a block, dynamic
};

/// Enqueues a kernel that calls await_stream. Where the device can, its launch overlaps the end of the kernel ahead of
/// it (programmatic dependent launch).
template <class... Parameters>
ROBOCACHE_HIDDEN Status launch(void (*kernel)(Parameters...), const LaunchShape& shape, cudaStream_t stream,
                               const std::common_type_t<Parameters>&... parameters) noexcept {
  const auto* code = reinterpret_cast<const void*>(kernel);
  cudaLaunchAttribute overlap = {};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned int>(shape.blocks));
  config.blockDim = dim3(static_cast<unsigned int>(shape.threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(shape.shared_bytes);
  config.stream = stream;
  config.attrs = &overlap;
  config.numAttrs = awaits_stream(code) ? 1 : 0;
  void* values[] = {const_cast<Parameters*>(&parameters)...};
  return cuda_status(cudaLaunchKernelExC(&config, code, values), "the kernel could not be launched");
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
