// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/synchronize.hpp>

ROBOCACHE_NAMESPACE_BEGIN

Status synchronize(const SynchronizeArgs& args, Host host) {
  return synchronize<std::int64_t, double, float>(args, host);
}

ROBOCACHE_NAMESPACE_END
