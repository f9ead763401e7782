// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// One file of the build for each index: it defines ROBOCACHE_COMBINATION and includes this.

#include <robocache/resample/resample.cuh>

#include "resample_combination.hpp"

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

template <>
Status resample_combination<ROBOCACHE_COMBINATION>(const ResampleJob& job, cudaStream_t stream) noexcept {
  using Combination = std::tuple_element_t<ROBOCACHE_COMBINATION, Combinations>;
  return ResampleOnStream{stream}(TypesOf<Combination>{}, job);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
