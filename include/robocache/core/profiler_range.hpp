// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/config.hpp>

#if defined(ROBOCACHE_NVTX)

#include <nvtx3/nvToolsExt.h>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// An NVTX range of the calling thread. ROBOCACHE_RANGE makes it.
class ProfilerRange {
 public:
  explicit ProfilerRange(const char* name) noexcept { nvtxRangePushA(name); }
  ~ProfilerRange() { nvtxRangePop(); }
  ProfilerRange(const ProfilerRange&) = delete;
  ProfilerRange& operator=(const ProfilerRange&) = delete;
};

}  // namespace detail
ROBOCACHE_NAMESPACE_END

#endif
