// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include "midpoint.hpp"

// A host compiler alone, and no library.
int main() {
  return check_on_host([](const robocache::ResampleArgs& args, robocache::Host host) {
    return robocache::resample<robocache::Types<std::int64_t, float, float>>(args, host);
  });
}
