// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/gather_rows.cuh>

#include "gather_combinations.hpp"

ROBOCACHE_NAMESPACE_BEGIN

Status gather_rows(const GatherRowsArgs& args, cudaStream_t stream) {
  return detail::gather_combinations(args, stream);
}

ROBOCACHE_NAMESPACE_END
