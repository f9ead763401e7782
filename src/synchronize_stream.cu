// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/synchronize.cuh>

ROBOCACHE_NAMESPACE_BEGIN

Status synchronize(const SynchronizeArgs& args, cudaStream_t stream) {
  return synchronize<std::int64_t, double, float>(args, stream);
}

ROBOCACHE_NAMESPACE_END
