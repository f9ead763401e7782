// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What declarations of stream overloads need, for machines without a CUDA toolkit: nothing here can be linked.

using cudaStream_t = struct CUstream_st*;
