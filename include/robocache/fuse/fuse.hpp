// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/fuse/fuse_job.hpp>
#include <robocache/resample/resample.hpp>
#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// Several sensor streams at the same wanted times, side by side in one row. Streams may differ in everything but the
/// type of their stamps and the number of their segments; segment s of every stream is one episode. Outputs are device
/// memory for stream calls and host memory for Host calls; rows outside every segment of ragged queries stay as they
/// are.
struct FuseArgs {
  const SensorStream* streams = nullptr;  ///< [stream_count], host memory, read during the call
  std::int32_t stream_count = 0;          ///< 1 .. max_streams
  const std::int64_t* places = nullptr;   ///< [stream_count], host memory, optional: the output channel where each
                                          ///< stream begins; null: one after the other from channel 0
  Queries at;                             ///< a grid of first stamps starts at the first stamp of streams[0]
  Rows out;                               ///< [rows, channels]; channels of no stream are left as they are
  std::uint8_t* status = nullptr;         ///< optional, [rows, groups of all streams in order]: sample_status.hpp
  std::int64_t* age = nullptr;            ///< optional, [rows, stream_count]: query minus the stamp of `sample`, ns
  std::int64_t* sample = nullptr;         ///< optional, [rows, stream_count]: row of the stream's last sample not after
                                          ///< the query; -1 where there is none, whose age is `unlimited`
};

/// Header-only use names what is to be instantiated: the type of the stamps, that of the output, and those that the
/// streams' values may have: `fuse<FuseTypes<std::int64_t, __nv_bfloat16, Inputs<float, __nv_bfloat16>>>(args,
/// stream)`.
template <class... In>
struct Inputs {};
template <class Stamp, class Out, class In, class Kinds = AllKinds>
struct FuseTypes {};

/// Fuses on the CPU. Shapes, errors and result bits are those of the stream overload; pointers are host memory.
/// Returns when done.
ROBOCACHE_API Status fuse(const FuseArgs& args, Host host);

/// The same, instantiated here for the listed FuseTypes; no library is linked.
template <class First, class... Rest>
Status fuse(const FuseArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// Fuses on the current device: enqueues one kernel on `stream` and returns. Never synchronises, allocates or uses
/// scratch; may be captured into a graph. Compiled library: int64 stamps to every element type, double seconds to
/// float; values of every element type.
///
/// Each stream gives what resample gives for it alone, bit for bit, at its place in the row. Nothing else is written,
/// and nothing at all when an error is returned.
///
/// Errors found before the launch: those of resample, whose stream is Status::index(); two streams in one channel
/// (aliasing); more than max_streams streams or max_fuse_groups channel groups (invalid_size). Of the launch:
/// cuda_error.
ROBOCACHE_API Status fuse(const FuseArgs& args, cudaStream_t stream);
Status fuse(const FuseArgs& args, std::nullptr_t) = delete;  // name the stream

/// The same, instantiated by nvcc for the listed FuseTypes; defined in fuse.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status fuse(const FuseArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status fuse(const FuseArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

template <class T>
struct FuseTypesOf;
template <class S, class O, class... I, class K>
struct FuseTypesOf<FuseTypes<S, O, Inputs<I...>, K>> {
  using Stamp = S;
  using Out = typename element_traits<O>::storage;
  template <class In>
  using Of = TypesOf<Types<S, In, O, K>>;
  static constexpr bool two_point_only = K::two_point_only;
  static constexpr bool has_double = std::is_same<Out, double>::value || (std::is_same<I, double>::value || ...);

  static bool takes(ElementType type) noexcept { return ((element_traits<I>::type == type) || ...); }
  static bool match(const FuseArgs& args) noexcept {
    bool all = args.streams[0].times.type == time_traits<S>::type && args.out.type == element_traits<O>::type;
    for (std::int32_t s = 0; s < args.stream_count; ++s) all = all && takes(args.streams[s].values.type);
    return all;
  }
  static bool has_kinds(const FuseJob& job) noexcept {
    bool all = true;
    for (std::int32_t s = 0; s < job.stream_count; ++s) {
      all = all && (!two_point_only ||
                    has_two_point_only(job.groups + job.streams[s].first_group, job.streams[s].group_count));
    }
    return all;
  }
  /// Calls run(Of<In>{}) for the input type that fits the tag.
  template <class Run>
  static void with_input(ElementType type, const Run& run) noexcept {
    (void)((element_traits<I>::type == type && (run(Of<I>{}), true)) || ...);
  }
};

/// Validates, then calls run(FuseTypesOf<T>, job) for the first of the listed FuseTypes that fits the tags.
template <class... Listed, class Run>
Status dispatch(const FuseArgs& args, const Run& run) noexcept {
  FuseJob job;
  ROBOCACHE_CHECK(prepare(args, &job));
  return dispatch_job<FuseTypesOf<Listed>...>(args, job, "args.streams: kind outside TwoPointKinds", run);
}

struct FuseOnHost {
  Host host;

  template <class Of>
  Status operator()(Of, const FuseJob& job) const noexcept {
    void (*run[max_streams])(const StreamRows&, std::int64_t, std::int64_t);
    std::int64_t width = 0;
    for (std::int32_t s = 0; s < job.stream_count; ++s) {
      const FusedStream& stream = job.streams[s];
      // Its own stamps and those that a grid starts at are read in one way.
      const FusedStream& slower = has_plain_stamps(stream) ? job.streams[0] : stream;
      Of::with_input(stream.type, [&](auto of) { run[s] = fastest_resample_rows<decltype(of)>(slower); });
      width += stream.width_out;
    }
    parallel_for(host, job.rows, least_rows(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int32_t s = 0; s < job.stream_count; ++s) {
        const FusedStream& stream = job.streams[s];
        run[s]({stream, job.groups + stream.first_group, job, job.streams[0]}, begin, end);
        if (job.age != nullptr || job.sample != nullptr) write_ages<typename Of::Stamp>(job, s, begin, end);
      }
    });
    return {};
  }

  template <class Stamp>
  static void write_ages(const FuseJob& job, std::int32_t s, std::int64_t begin, std::int64_t end) noexcept {
    RowQuery<Stamp> query;
    for (std::int64_t r = begin; r < end; ++r) {
      const NearRows near = NearRows::of(job.at.row_offsets, job.streams[s].segments.count, query.segment);
      locate_row<false>(job.streams[s], job.streams[0], job, r, near, query);
      write_age(job, query, r * job.stream_count + s);
    }
  }
};

}  // namespace detail

template <class First, class... Rest>
Status fuse(const FuseArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  return detail::dispatch<First, Rest...>(args, detail::FuseOnHost{host});
}

ROBOCACHE_NAMESPACE_END
