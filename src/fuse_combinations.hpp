// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/fuse/fuse.hpp>

#include <cstdint>
#include <tuple>

// The types that the compiled library fuses: values of every type in one call, to every type; from stamps in seconds to
// float.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

using EveryInput = Inputs<float, Half, BFloat16, double>;
using FuseCombinations = std::tuple<FuseTypes<std::int64_t, float, EveryInput>,     //
                                    FuseTypes<std::int64_t, Half, EveryInput>,      //
                                    FuseTypes<std::int64_t, BFloat16, EveryInput>,  //
                                    FuseTypes<std::int64_t, double, EveryInput>,    //
                                    FuseTypes<double, float, Inputs<float, double>>>;

}  // namespace detail
ROBOCACHE_NAMESPACE_END
