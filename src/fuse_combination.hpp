// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuse_combinations.hpp"

#include <cstddef>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// The stream path of one of FuseCombinations. Each is instantiated in a file of its own, so that none takes long.
template <std::size_t Index>
ROBOCACHE_HIDDEN Status fuse_combination(FuseJob& job, cudaStream_t stream) noexcept;

}  // namespace detail
ROBOCACHE_NAMESPACE_END
