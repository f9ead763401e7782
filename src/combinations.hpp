// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/resample/resample.hpp>

#include <cstdint>
#include <tuple>

// The types that the compiled library holds: what robots log (float and double values, integer stamps) to what policies
// read, half tensors to half tensors, and seconds for data that already has them. Any other combination is one line of
// header-only code.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

using Combinations = std::tuple<Types<std::int64_t, float, float>,        //
                                Types<std::int64_t, float, Half>,         //
                                Types<std::int64_t, float, BFloat16>,     //
                                Types<std::int64_t, double, double>,      //
                                Types<std::int64_t, double, float>,       //
                                Types<std::int64_t, double, BFloat16>,    //
                                Types<std::int64_t, Half, Half>,          //
                                Types<std::int64_t, BFloat16, BFloat16>,  //
                                Types<double, double, double>,            //
                                Types<double, float, float>,              //
                                Types<float, float, float>,               //
                                Types<float, BFloat16, BFloat16>>;

}  // namespace detail
ROBOCACHE_NAMESPACE_END
