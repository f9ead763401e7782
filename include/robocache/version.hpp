// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place of the version: CMake reads these three lines.
#define ROBOCACHE_VERSION_MAJOR 1
#define ROBOCACHE_VERSION_MINOR 0
#define ROBOCACHE_VERSION_PATCH 0
