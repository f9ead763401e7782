// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything; for files that nvcc compiles.

#include <robocache/fuse/fuse.cuh>
#include <robocache/fuse/gather_rows.cuh>
#include <robocache/fuse/match.cuh>
#include <robocache/fuse/synchronize.cuh>
#include <robocache/resample/resample.cuh>
#include <robocache/robocache.hpp>
#include <robocache/temporal/check_times.cuh>
#include <robocache/temporal/grid_offsets.cuh>
#include <robocache/temporal/split_segments.cuh>
#include <robocache/voxel/bounds.cuh>
#include <robocache/voxel/voxelize.cuh>
#include <robocache/voxel/voxelize_hard.cuh>
#include <robocache/voxel/voxelize_sparse.cuh>
