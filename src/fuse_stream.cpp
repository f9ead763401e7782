// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/core/profiler_range.hpp>

#include <utility>

#include "fuse_combination.hpp"

ROBOCACHE_NAMESPACE_BEGIN
namespace {

static_assert(std::tuple_size<detail::FuseCombinations>::value == 5,
              "src/CMakeLists.txt generates one file for each of FuseCombinations");

template <std::size_t... Index>
Status run(const FuseArgs& args, cudaStream_t stream, std::index_sequence<Index...>) {
  const auto launch = [stream](auto types, detail::FuseJob& job) {
    Status status;
    (void)((std::is_same<decltype(types),
                         detail::FuseTypesOf<std::tuple_element_t<Index, detail::FuseCombinations>>>::value &&
            (status = detail::fuse_combination<Index>(job, stream), true)) ||
           ...);
    return status;
  };
  return detail::dispatch<std::tuple_element_t<Index, detail::FuseCombinations>...>(args, launch);
}

}  // namespace

Status fuse(const FuseArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("fuse");
  return run(args, stream, std::make_index_sequence<std::tuple_size<detail::FuseCombinations>::value>{});
}

ROBOCACHE_NAMESPACE_END
