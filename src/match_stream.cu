// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/match.cuh>

ROBOCACHE_NAMESPACE_BEGIN

Status match(const MatchArgs& args, cudaStream_t stream) { return match<std::int64_t, double, float>(args, stream); }

ROBOCACHE_NAMESPACE_END
