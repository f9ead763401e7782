// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/fuse/gather_rows.hpp>

#include <cstdint>

// The conversions that the compiled library holds, beside copies of every type: images to what networks read, single
// precision to half, and the affine or another layout alone. Any other is one line of header-only code.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

template <class Where>
Status gather_combinations(const GatherRowsArgs& args, Where where) {
  return gather_rows<Conversion<std::uint8_t, float>,         //
                     Conversion<std::uint8_t, Half>,          //
                     Conversion<std::uint8_t, BFloat16>,      //
                     Conversion<std::uint8_t, std::uint8_t>,  //
                     Conversion<float, BFloat16>,             //
                     Conversion<float, Half>,                 //
                     Conversion<float, float>,                //
                     Conversion<BFloat16, BFloat16>>(args, where);
}

}  // namespace detail
ROBOCACHE_NAMESPACE_END
