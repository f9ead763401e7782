// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/match.hpp>

ROBOCACHE_NAMESPACE_BEGIN

Status match(const MatchArgs& args, Host host) { return match<std::int64_t, double, float>(args, host); }

ROBOCACHE_NAMESPACE_END
