// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/fuse/fuse.hpp>
#include <robocache/fuse/fuse_kernels.cuh>
#include <robocache/resample/resample.cuh>
#include <robocache/resample/resample_tuning.hpp>

#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// How rows are divided, for a device of `multiprocessors`. Where there are few rows, tiles are small, so that every
/// multiprocessor has one.
template <class Of>
ROBOCACHE_HIDDEN FuseLaunch launch_of(FuseJob& job, const ResampleTuning& tuning, int multiprocessors) noexcept {
  constexpr int smallest = 4;
  FuseLaunch launch;
  std::int64_t tiles = 0;
  for (std::int32_t s = 0; s < job.stream_count; ++s) {
    const FusedStream& stream = job.streams[s];
    PlacedGroup* groups = job.groups + stream.first_group;
    FusedStreamLaunch& mine = launch.streams[s];
    Of::with_input(stream.type, [&](auto of) {
      mine.access = channels_per_access<decltype(of)>(stream, groups, 8);
      mine.halves = access_fits<decltype(of)>(stream, groups, 2 * mine.access, mine.access);
    });
    if (mine.halves) mine.access *= 2;
    for (std::int32_t g = 0; g < stream.group_count; ++g) {
      groups[g].packs = Divisor(larger<std::int64_t>(groups[g].width / mine.access, 1));
    }
    mine.rows_per_tile = larger(stream.width_out, stream.pitch_out) > widest_row
                             ? 1
                             : tile_rows(tuning, larger<std::int64_t>(stream.width_out / mine.access, 1));
    tiles += (job.rows + mine.rows_per_tile - 1) / mine.rows_per_tile;
  }
  for (std::int32_t s = 0; s < job.stream_count; ++s) {
    FusedStreamLaunch& mine = launch.streams[s];
    for (std::int64_t all = tiles; all < 2 * multiprocessors && mine.rows_per_tile > smallest; all *= 2) {
      mine.rows_per_tile /= 2;
    }
    launch.rows = larger(launch.rows, mine.rows_per_tile);
  }
  std::int32_t end = 0;
  for (std::int32_t s = 0; s < job.stream_count; ++s) {
    launch.streams[s].end = end += launch.rows / launch.streams[s].rows_per_tile;
  }
  launch.tiles_per_round = Divisor(end);
  launch.tiles = (job.rows + launch.rows - 1) / launch.rows * end;
  return launch;
}

/// How the kernel for a set divides its rows, by the bytes of the arithmetic type.
constexpr ResampleTuning fuse_tuning(FuseSet set, std::size_t arithmetic) noexcept {
  return set == FuseSet::plain    ? ResampleTuning{128, 12, 2, 4, 8, 128}
         : set == FuseSet::simple ? ResampleTuning{128, 7, 2, 8, 16, 128}
                                  : groups_tuning(arithmetic, set == FuseSet::any);
}

/// Whether fuse_row_kernel takes a job of a FuseSet::plain: all rows of all streams have a warp at once.
template <class Stamp>
bool has_few_rows(const FuseJob& job, int multiprocessors) noexcept {
  constexpr std::int64_t warps = 16;  // of a multiprocessor
  bool few = job.rows <= warps * multiprocessors / job.stream_count;
  for (std::int32_t s = 0; s < job.stream_count; ++s) {
    const FusedStream& stream = job.streams[s];
    few = few && UniformQuery<Stamp>::fits(stream, job) && stream.group_count > 0;
    for (std::int32_t g = 1; g < stream.group_count; ++g) few = few && job.groups[stream.first_group + g].shares_plan;
  }
  return few;
}

template <class Of, FuseSet Set>
ROBOCACHE_HIDDEN Status launch_fuse(FuseJob& job, cudaStream_t stream) noexcept {
  constexpr ResampleTuning tuning = fuse_tuning(Set, Of::has_double ? 8 : 4);
  int device = 0, multiprocessors = 0;
  ROBOCACHE_CHECK(cuda_status(cudaGetDevice(&device), "no current device"));
  ROBOCACHE_CHECK(cuda_status(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device),
                              "the device's multiprocessors are unknown"));
  const FuseLaunch launch = launch_of<Of>(job, tuning, multiprocessors);
  if constexpr (Set == FuseSet::plain) {
    if (has_few_rows<typename Of::Stamp>(job, multiprocessors)) {
      return detail::launch(fuse_row_kernel<Of>, {job.rows * job.stream_count, 32}, stream, launch, job,
                            Divisor(job.stream_count));
    }
  }
  if (launch.tiles > INT32_MAX) return {StatusCode::overflow, "args.out.count: too many rows for one launch"};
  return detail::launch(fuse_kernel<Of, Set, tuning.threads, tuning.blocks, tuning.batch>,
                        {launch.tiles, tuning.threads}, stream, launch, job);
}

/// FuseTypes without double values.
template <class Kept, class... In>
struct WithoutDouble {
  using type = Kept;
};
template <class... Kept, class First, class... Rest>
struct WithoutDouble<Inputs<Kept...>, First, Rest...>
    : std::conditional_t<std::is_same<First, double>::value, WithoutDouble<Inputs<Kept...>, Rest...>,
                         WithoutDouble<Inputs<Kept..., First>, Rest...>> {};

template <class Types>
struct FuseVariants;
template <class S, class O, class... I, class K>
struct FuseVariants<FuseTypes<S, O, Inputs<I...>, K>> {
  using SingleTypes = FuseTypes<S, O, typename WithoutDouble<Inputs<>, I...>::type, K>;
  using All = FuseTypesOf<FuseTypes<S, O, Inputs<I...>, K>>;
  using TwoPoint = FuseTypesOf<FuseTypes<S, O, Inputs<I...>, TwoPointKinds>>;
  using SinglesAll = FuseTypesOf<SingleTypes>;
};

/// Whether values of one type get kernels that know it: each costs compile time.
constexpr bool gets_kernels(ElementType in, ElementType out) noexcept { return in == ElementType::f32 || in == out; }

/// run(Only) if it `fits`, and is to be compiled at all; whether it did.
template <class Only, bool Wanted, class Run>
bool launch_if(bool fits, const Run& run, Status* status) noexcept {
  if constexpr (Wanted) {
    if (fits) {
      *status = run(Only{});
      return true;
    }
  }
  return false;
}
/// run(FuseTypes) for the type of all streams' values alone, where that gets_kernels. Otherwise for all types: to tell
/// them apart costs a tenth, or a few percent.
template <class S, class O, class... I, class K, class Run>
Status launch_for_type(FuseTypes<S, O, Inputs<I...>, K> all, const FuseJob& job, const Run& run) noexcept {
  constexpr ElementType out = element_traits<O>::type;
  const ElementType type = job.streams[0].type;
  bool is_one = true;
  for (std::int32_t s = 1; s < job.stream_count; ++s) is_one = is_one && job.streams[s].type == type;
  Status status;
  const bool launched = (launch_if<FuseTypes<S, O, Inputs<I>, K>, gets_kernels(element_traits<I>::type, out)>(
                             is_one && type == element_traits<I>::type, run, &status) ||
                         ...);
  return launched ? status : run(all);
}

/// The kernel for a job, enqueued: one of a few, since arithmetic in double, corrected clocks and each of the costlier
/// kinds take registers from every stream of a kernel.
struct ROBOCACHE_HIDDEN FuseOnStream {
  cudaStream_t stream;

  template <class Types>
  ROBOCACHE_HIDDEN Status operator()(FuseTypesOf<Types>, FuseJob& job) const noexcept {
    using Of = FuseTypesOf<Types>;
    using Variants = FuseVariants<Types>;
    bool simple = job.age == nullptr && job.sample == nullptr;
    bool plain = true, two_point = true, smooth = false, has_double = std::is_same<typename Of::Out, double>::value;
    for (std::int32_t s = 0; s < job.stream_count; ++s) {
      const PlacedGroup* groups = job.groups + job.streams[s].first_group;
      simple = simple && has_short_path(job.streams[s]);
      plain = plain && is_plain(job.streams[s]);
      two_point = two_point && has_two_point_only(groups, job.streams[s].group_count);
      smooth = smooth || has_smooth(groups, job.streams[s].group_count);
      has_double = has_double || job.streams[s].type == ElementType::f64;
    }
    if constexpr (!std::is_same<typename Of::Out, double>::value) {
      if (!has_double && simple && !smooth) {
        return launch_for_type(typename Variants::SingleTypes{}, job, [&](auto types) {
          using Some = FuseVariants<decltype(types)>;
          if constexpr (!Of::two_point_only) {
            if (!two_point) return launch_fuse<typename Some::All, FuseSet::simple>(job, stream);
          }
          return plain ? launch_fuse<typename Some::TwoPoint, FuseSet::plain>(job, stream)
                       : launch_fuse<typename Some::TwoPoint, FuseSet::simple>(job, stream);
        });
      }
      if constexpr (!Of::two_point_only) {
        if (!has_double && !smooth) return launch_fuse<typename Variants::SinglesAll, FuseSet::steady>(job, stream);
      }
    }
    if constexpr (!Of::two_point_only) {
      if (!two_point) return launch_fuse<typename Variants::All, FuseSet::any>(job, stream);
    }
    return launch_fuse<typename Variants::TwoPoint, FuseSet::steady>(job, stream);
  }
};

}  // namespace detail

template <class First, class... Rest>
Status fuse(const FuseArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("fuse");
  return detail::dispatch<First, Rest...>(args, detail::FuseOnStream{stream});
}

ROBOCACHE_NAMESPACE_END
