// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "fuse_combinations.hpp"

ROBOCACHE_NAMESPACE_BEGIN
namespace {

template <class... Listed>
Status run(const FuseArgs& args, Host host, std::tuple<Listed...>) {
  return fuse<Listed...>(args, host);
}

}  // namespace

Status fuse(const FuseArgs& args, Host host) { return run(args, host, detail::FuseCombinations{}); }

ROBOCACHE_NAMESPACE_END
