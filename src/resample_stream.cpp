// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/core/profiler_range.hpp>

#include <utility>

#include "resample_combination.hpp"

ROBOCACHE_NAMESPACE_BEGIN
namespace {

static_assert(std::tuple_size<detail::Combinations>::value == 12,
              "src/CMakeLists.txt generates one file for each of Combinations");

template <std::size_t... Index>
Status run(const ResampleArgs& args, cudaStream_t stream, std::index_sequence<Index...>) {
  const auto launch = [stream](auto types, const detail::ResampleJob& job) {
    Status status;
    (void)((std::is_same<decltype(types), detail::TypesOf<std::tuple_element_t<Index, detail::Combinations>>>::value &&
            (status = detail::resample_combination<Index>(job, stream), true)) ||
           ...);
    return status;
  };
  return detail::dispatch<std::tuple_element_t<Index, detail::Combinations>...>(args, launch);
}

}  // namespace

Status resample(const ResampleArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("resample");
  return run(args, stream, std::make_index_sequence<std::tuple_size<detail::Combinations>::value>{});
}

ROBOCACHE_NAMESPACE_END
