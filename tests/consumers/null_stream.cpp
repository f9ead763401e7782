// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include <robocache/robocache.hpp>

// Compiles only with STREAM left undefined: a null pointer does not name a stream.
#ifndef STREAM
#define STREAM cudaStream_t()
#endif

robocache::Status call() { return robocache::OPERATOR(robocache::ARGUMENTS(), STREAM); }
