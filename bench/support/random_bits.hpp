// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define ROBOCACHE_BENCH_BOTH __host__ __device__
#else
#define ROBOCACHE_BENCH_BOTH
#endif

namespace robocache_bench {

/// A number's place in a sequence of random ones (splitmix64).
ROBOCACHE_BENCH_BOTH inline std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace robocache_bench

#undef ROBOCACHE_BENCH_BOTH
