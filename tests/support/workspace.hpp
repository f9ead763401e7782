// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/launch.hpp"

#include <robocache/core/workspace.hpp>

#include <cstddef>
#include <cstdint>

namespace robocache::test {

/// How much workspace the launcher's call asks for.
template <class Args>
std::size_t workspace_for(Launcher launcher, const Args& args, int threads = 1) {
#if ROBOCACHE_HAS_CUDA_RUNTIME
  if (launcher != Launcher::host) return workspace_bytes(args, cudaStream_t{});
#endif
  static_cast<void>(launcher);
  return workspace_bytes(args, Host{threads});
}

/// Runs operation(workspace, where), with exactly the bytes that are asked for, misaligned by one.
template <class Args, class Operation>
Status launch_with_workspace(Arena* arena, const Args& args, const Operation& operation, int threads = 1) {
  const std::size_t bytes = workspace_for(arena->launcher(), args, threads);
  const Output<unsigned char> scratch = arena->output<unsigned char>(static_cast<std::int64_t>(bytes), 1);
  const Status status = arena->launch(
      [&](auto where) {
        return operation(Workspace{scratch.data(), bytes}, where);
      },
      threads);
  static_cast<void>(scratch.download());  // its guards
  return status;
}

}  // namespace robocache::test
