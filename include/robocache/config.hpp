// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every macro of the library, except the version's three.

#include <robocache/version.hpp>

// Fast-math breaks NaN handling and the bit identity of CPU and GPU, silently. It is refused where a compiler says so,
// also of its parts; nvcc does not say so of --use_fast_math.
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error "RoboCache does not support -ffast-math, -ffinite-math-only and the like"
#endif

// The inline namespace carries the version, so that two versions can live in one process.
#define ROBOCACHE_CONCATENATE_(major, minor) v##major##_##minor
#define ROBOCACHE_CONCATENATE(major, minor) ROBOCACHE_CONCATENATE_(major, minor)
#define ROBOCACHE_ABI ROBOCACHE_CONCATENATE(ROBOCACHE_VERSION_MAJOR, ROBOCACHE_VERSION_MINOR)
#define ROBOCACHE_NAMESPACE_BEGIN \
  namespace robocache {           \
  inline namespace ROBOCACHE_ABI {
#define ROBOCACHE_NAMESPACE_END \
  }                             \
  }

// A function that host and device share.
#if defined(__CUDACC__)
#define ROBOCACHE_HD __host__ __device__
#else
#define ROBOCACHE_HD
#endif

// Rare and long code that must not take registers from the common path of a kernel.
#if defined(__CUDA_ARCH__)
#define ROBOCACHE_NOINLINE_ON_DEVICE __noinline__
#else
#define ROBOCACHE_NOINLINE_ON_DEVICE inline
#endif

// A range for profilers around an operator's stream call, if ROBOCACHE_NVTX is defined: CMake's option of that name, or
// your own definition where you use the headers alone.
#if defined(ROBOCACHE_NVTX)
#define ROBOCACHE_RANGE(name) const ::robocache::detail::ProfilerRange robocache_range("robocache::" name)
#else
#define ROBOCACHE_RANGE(name) static_cast<void>(0)
#endif

// Makes a host value opaque to the optimiser at no cost, so that no contraction can see how it was computed.
#if defined(__x86_64__)
#define ROBOCACHE_KEEP_ROUNDED(value) asm("" : "+x"(value))
#elif defined(__aarch64__)
#define ROBOCACHE_KEEP_ROUNDED(value) asm("" : "+w"(value))
#else
#define ROBOCACHE_KEEP_ROUNDED(value) asm("" : "+m"(value))
#endif

// Whether host arithmetic is compiled a second time for processors with FMA, to be chosen at run time.
#if defined(__x86_64__) && !defined(__FMA__)
#define ROBOCACHE_DISPATCH_FMA 1
#else
#define ROBOCACHE_DISPATCH_FMA 0
#endif

// What code that is compiled for FMA calls, so that it is compiled for it too: clang's `flatten` goes one call deep.
#if defined(__GNUC__)
#define ROBOCACHE_ALWAYS_INLINE __attribute__((always_inline))
#else
#define ROBOCACHE_ALWAYS_INLINE
#endif

// Kernels and their launchers stay inside the shared library that compiled them: two libraries built for different
// architectures must not resolve to each other's device code. ROBOCACHE_API marks what the compiled library exports.
#if defined(__GNUC__)
#define ROBOCACHE_HIDDEN __attribute__((visibility("hidden")))
#define ROBOCACHE_API __attribute__((visibility("default")))
#else
#define ROBOCACHE_HIDDEN
#define ROBOCACHE_API
#endif

// Whether the stream overloads can be declared: they need cudaStream_t, but no nvcc.
#if defined(__has_include) && !defined(ROBOCACHE_NO_CUDA)
#if __has_include(<cuda_runtime_api.h>)
#define ROBOCACHE_HAS_CUDA_RUNTIME 1
#endif
#endif
#ifndef ROBOCACHE_HAS_CUDA_RUNTIME
#define ROBOCACHE_HAS_CUDA_RUNTIME 0
#endif
