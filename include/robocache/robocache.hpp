// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that compiles without nvcc.

#include <robocache/config.hpp>
#include <robocache/core/arithmetic.hpp>
#include <robocache/core/convert.hpp>
#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/types.hpp>
#include <robocache/core/views.hpp>
#include <robocache/core/workspace.hpp>
#include <robocache/fuse/fuse.hpp>
#include <robocache/fuse/gather_rows.hpp>
#include <robocache/fuse/match.hpp>
#include <robocache/fuse/synchronize.hpp>
#include <robocache/geometry/quaternion.hpp>
#include <robocache/resample/resample.hpp>
#include <robocache/temporal/bracket.hpp>
#include <robocache/temporal/check_times.hpp>
#include <robocache/temporal/clock.hpp>
#include <robocache/temporal/grid_offsets.hpp>
#include <robocache/temporal/interpolate.hpp>
#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/sample_status.hpp>
#include <robocache/temporal/sensor_stream.hpp>
#include <robocache/temporal/split_segments.hpp>
#include <robocache/version.hpp>
#include <robocache/voxel/bounds.hpp>
#include <robocache/voxel/number_key.hpp>
#include <robocache/voxel/point_clouds.hpp>
#include <robocache/voxel/voxel_call.hpp>
#include <robocache/voxel/voxel_downsample.hpp>
#include <robocache/voxel/voxel_grid.hpp>
#include <robocache/voxel/voxel_index.hpp>
#include <robocache/voxel/voxel_index_plan.hpp>
#include <robocache/voxel/voxelize.hpp>
#include <robocache/voxel/voxelize_hard.hpp>
#include <robocache/voxel/voxelize_job.hpp>
#include <robocache/voxel/voxelize_plan.hpp>
#include <robocache/voxel/voxelize_sparse.hpp>
#include <robocache/voxel/voxelize_sparse_job.hpp>
