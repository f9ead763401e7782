// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "combinations.hpp"

ROBOCACHE_NAMESPACE_BEGIN
namespace {

template <class... Listed>
Status run(const ResampleArgs& args, Host host, std::tuple<Listed...>) {
  return resample<Listed...>(args, host);
}

}  // namespace

Status resample(const ResampleArgs& args, Host host) { return run(args, host, detail::Combinations{}); }

ROBOCACHE_NAMESPACE_END
