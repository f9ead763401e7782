// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// One file of the build for each index: it defines ROBOCACHE_COMBINATION and includes this.

#include <robocache/fuse/fuse.cuh>

#include "fuse_combination.hpp"

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

template <>
Status fuse_combination<ROBOCACHE_COMBINATION>(FuseJob& job, cudaStream_t stream) noexcept {
  using Combination = std::tuple_element_t<ROBOCACHE_COMBINATION, FuseCombinations>;
  return FuseOnStream{stream}(FuseTypesOf<Combination>{}, job);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
