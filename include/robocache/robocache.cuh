// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything; for files that nvcc compiles.

#include <robocache/fuse/synchronize.cuh>
#include <robocache/resample/resample.cuh>
#include <robocache/robocache.hpp>
#include <robocache/temporal/check_times.cuh>
#include <robocache/temporal/grid_offsets.cuh>
#include <robocache/temporal/split_segments.cuh>
