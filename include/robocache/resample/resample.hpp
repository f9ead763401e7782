// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/resample/resample_job.hpp>
#include <robocache/temporal/queries.hpp>
#include <robocache/temporal/sensor_stream.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>

ROBOCACHE_NAMESPACE_BEGIN

/// One sensor stream at the wanted times.
struct ResampleArgs {
  SensorStream source;
  Queries at;
  Rows out;                        ///< [rows, output channels of the groups]; float, double, half or bfloat16
  std::uint8_t* status = nullptr;  ///< optional, [rows, groups]: sample_status.hpp
};

/// Header-only use names what is to be instantiated: `resample<Types<std::int64_t, float, __nv_bfloat16>>(args,
/// stream)`. Stamp is std::int64_t (ns), double or float (seconds). Kinds is AllKinds, or TwoPointKinds for previous,
/// next, nearest and linear alone, which compile in half the time.
struct AllKinds {
  static constexpr bool two_point_only = false;
};
struct TwoPointKinds {
  static constexpr bool two_point_only = true;
};
template <class Stamp, class In, class Out, class Kinds = AllKinds>
struct Types {};

/// Resamples on the CPU. Shapes, errors and result bits are those of the stream overload; pointers are host memory.
/// Returns when done. Compiled library: the type combinations of src/combinations.hpp.
ROBOCACHE_API Status resample(const ResampleArgs& args, Host host);

/// The same, instantiated here for the listed Types; no library is linked.
template <class First, class... Rest>
Status resample(const ResampleArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// Resamples on the current device: enqueues one kernel on `stream` and returns. Never synchronises, allocates or uses
/// scratch; may be captured into a graph. Compiled library: the type combinations of src/combinations.hpp.
///
/// Writes out[row, channel], and status[row, group] if given, for every row of `args.at`; nothing else, and nothing at
/// all when it returns an error. NaN is written canonical (quiet, positive). Results are the same bits on CPU and GPU.
///
/// Errors found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (an output overlaps an
/// input or the other output), misaligned, unsupported_type. Of the launch: cuda_error.
ROBOCACHE_API Status resample(const ResampleArgs& args, cudaStream_t stream);
Status resample(const ResampleArgs& args, std::nullptr_t) = delete;  // name the stream

/// The same, instantiated by nvcc for the listed Types; defined in resample.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status resample(const ResampleArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status resample(const ResampleArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

template <class T>
struct TypesOf;
template <class S, class I, class O, class K>
struct TypesOf<Types<S, I, O, K>> {
  using Stamp = S;
  using In = typename element_traits<I>::storage;
  using Out = typename element_traits<O>::storage;
  using F = arithmetic_t<In, Out>;
  using Plan = std::conditional_t<K::two_point_only, SamplePlan<F>, StencilPlan<F>>;
  using TwoPoint = TypesOf<Types<S, I, O, TwoPointKinds>>;
  static constexpr bool two_point_only = K::two_point_only;

  static bool match(const ResampleArgs& args) noexcept {
    return args.source.times.type == time_traits<S>::type && args.source.values.type == element_traits<I>::type &&
           args.out.type == element_traits<O>::type;
  }
  static bool has_kinds(const ResampleJob& job) noexcept {
    return !two_point_only || has_two_point_only(job.groups, job.group_count);
  }
};

/// Calls run(Of, job) for the first of the listed Ofs that fits the tags and kinds of a job that is valid.
template <class... Ofs, class Args, class Job, class Run>
Status dispatch_job(const Args& args, Job& job, const char* wrong_kind, const Run& run) noexcept {
  if (job.rows == 0) return {};
  Status status(StatusCode::unsupported_type, "args: no instantiation for these time, input and output types");
  bool done = false;
  const auto attempt = [&](auto of) {
    if (done || !of.match(args)) return;
    if (!of.has_kinds(job)) {
      status = {StatusCode::unsupported_type, wrong_kind};
      return;
    }
    done = true;
    status = run(of, job);
  };
  (attempt(Ofs{}), ...);
  return status;
}

/// Validates, then calls run(TypesOf<T>, job) for the first of the listed Types that fits the tags.
template <class... Listed, class Run>
Status dispatch(const ResampleArgs& args, const Run& run) noexcept {
  ResampleJob job;
  ROBOCACHE_CHECK(prepare(args, &job));
  return dispatch_job<TypesOf<Listed>...>(args, job, "args.source.groups: kind outside TwoPointKinds", run);
}

/// Channels [first, first + count) of the output, as plain loops that compilers vectorise: value(c) is the c-th of them
/// before the affine. Whether all are finite, which is looked at only if `check`.
template <class Out, class Value>
inline bool write_channels(const Affine& affine, std::int64_t first, std::int32_t count, bool check,
                           Out* __restrict__ out, const Value& value) noexcept {
  if (affine.scale == nullptr && affine.shift == nullptr) {
    for (std::int32_t c = 0; c < count; ++c) out[c] = Narrow<Out>::from(value(c));
  } else {
    for (std::int32_t c = 0; c < count; ++c) out[c] = Narrow<Out>::from(affine(value(c), first + c));
  }
  bool finite = true;
  for (std::int32_t c = 0; check && c < count; ++c) finite = finite && is_finite(value(c));
  return finite;
}

/// One row of one group on the CPU; whether every value written is finite, as far as anybody asks.
template <class Of>
inline bool write_group(const StreamJob& job, const PlacedGroup& group, const typename Of::Plan& plan,
                        typename Of::Out* out) noexcept {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  const Affine affine{job.scale, job.shift};
  const bool check = job.status != nullptr;
  if (plan.action == Action::fill) {
    for (std::int32_t c = 0; c < group.width_out; ++c) out[c] = job.template fill<Out>();
    return true;
  }
  // Not before: where there are no samples, values may be null.
  const In* in = static_cast<const In*>(job.values) + plan.left * job.pitch_in + group.first_in;
  if (is_two_point(group.kind) && plan.action == Action::sample) {
    return write_channels(affine, group.first_out, group.width, check, out,
                          [in](std::int32_t c) { return widen<F>(in[c]); });
  }
  if (is_two_point(group.kind) && plan.action == Action::blend && !group.derivative) {
    const In* next = in + plan.offset(1, job.pitch_in, job.ring);
    const F weight = plan.weight;
    return write_channels(affine, group.first_out, group.width, check, out, [in, next, weight](std::int32_t c) {
      return linear_between(widen<F>(in[c]), widen<F>(next[c]), weight);
    });
  }
  bool finite = true;
  if constexpr (!Of::two_point_only) {
    // Through a small buffer, so that the costly evaluation is compiled once.
    constexpr std::int32_t batch = 16;
    for (std::int32_t first = 0; first < group.width_out; first += batch) {
      const std::int32_t count = smaller(group.width_out - first, batch);
      F values[batch];
      if (group.kind == Interpolation::slerp) {
        const RotationChannels<F> channels = evaluate_rotation(plan, group, in, job.pitch_in, job.ring);
        for (std::int32_t c = 0; c < 6; ++c) values[c] = channels.values[c];
      } else {
        for (std::int32_t c = 0; c < count; ++c) {
          values[c] = evaluate(plan, group, in + first + c, job.pitch_in, job.ring);
        }
      }
      finite = write_channels(affine, group.first_out + first, count, check, out + first,
                              [&values](std::int32_t c) { return values[c]; }) &&
               finite;
    }
  }
  return finite;
}

/// Group g of the `count` rows from `first_row` on, whose plans these are.
template <class Of>
inline void write_rows(const StreamJob& job, const PlacedGroup* groups, std::int32_t g, const typename Of::Plan* plans,
                       std::int64_t first_row, std::int32_t count) noexcept {
  const PlacedGroup& group = groups[g];
  auto* out = static_cast<typename Of::Out*>(job.out) + group.first_out;
  for (std::int32_t i = 0; i < count; ++i) {
    // Not a step from row to row: of one row the pitch may be huge.
    const bool finite = write_group<Of>(job, group, plans[i], out + (first_row + i) * job.pitch_out);
    if (job.status == nullptr) continue;
    job.status[(first_row + i) * job.pitch_status + g] = finite ? plans[i].status : plans[i].status | status_non_finite;
  }
}

// fma is a library call unless the code may use the instruction, which a portable build may not. So the arithmetic is
// compiled twice and the processor asked at run time; results are the same bits either way.
#if ROBOCACHE_DISPATCH_FMA
template <class Of>
__attribute__((target("avx2,fma"), flatten)) void write_rows_fma(const StreamJob& job, const PlacedGroup* groups,
                                                                 std::int32_t g, const typename Of::Plan* plans,
                                                                 std::int64_t first_row, std::int32_t count) noexcept {
  write_rows<Of>(job, groups, g, plans, first_row, count);
}
#endif

template <class Of>
auto fastest_write_rows() noexcept {
#if ROBOCACHE_DISPATCH_FMA
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &write_rows_fma<Of>;
#endif
  return &write_rows<Of>;
}

/// Rows of one segment go together, a few at a time, so that planning and writing are loops of their own.
template <class Of, bool Plain>
void resample_rows(const StreamRows& of, std::int64_t begin, std::int64_t end) noexcept {
  const StreamJob& job = of.job;
  using Value = time_value_t<typename Of::Stamp>;
  constexpr std::int32_t most = 32;
  Value at[most];
  Bracket<Value> found[most];
  typename Of::Plan plans[most];
  const auto write = fastest_write_rows<Of>();
  RowQuery<typename Of::Stamp> query;
  for (std::int64_t r = begin; r < end;) {
    const auto near = [&of](std::int64_t segment) {
      return NearRows::of(of.wanted.at.row_offsets, of.job.segments.count, segment);
    };
    locate_row<Plain>(job, of.starts, of.wanted, r, near(query.segment), query);
    std::int32_t count = 0;
    auto next = query;
    while (next.wanted && next.segment == query.segment) {
      at[count++] = next.at;
      if (count == most || r + count == end) break;
      locate_row<Plain>(job, of.starts, of.wanted, r + count, near(next.segment), next);
    }
    Interpolation searched = of.groups[0].kind;
    for (std::int32_t g = 0; g < job.group_count; ++g) {
      const PlacedGroup& group = of.groups[g];
      if (!group.shares_plan) {
        if (g == 0 || needs_search(group.kind, searched, job.rules.slack)) {
          searched = group.kind;
          for (std::int32_t i = 0; i < count; ++i) {
            found[i] = find_bracket<std::int64_t>(query.stamps, query.guide, at[i], searched, job.rules.slack);
          }
        }
        for (std::int32_t i = 0; i < count; ++i) {
          plan_sample_into<typename Of::F>(plans[i], query.stamps, query.first_row, at[i], found[i], group, job.rules,
                                           group.reach, job.status != nullptr);
        }
      }
      write(job, of.groups, g, plans, r, count);
    }
    r += count > 0 ? count : 1;
  }
}

/// The usual case, all inlined: with the clock a constant, a stamp is read as it is.
template <class Of>
__attribute__((flatten)) void resample_rows_as_logged(const StreamRows& of, std::int64_t begin,
                                                      std::int64_t end) noexcept {
  resample_rows<Of, true>(of, begin, end);
}

template <class Of>
auto fastest_resample_rows(const StampSource& source) noexcept {
  return has_plain_stamps(source) ? &resample_rows_as_logged<Of> : &resample_rows<Of, false>;
}

/// Rows of an output of `width` channels that are worth a thread.
inline std::int64_t least_rows(std::int64_t width) noexcept {
  constexpr std::int64_t work_per_thread = 1 << 14;  // elements; a thread costs some 20 us to start
  return larger<std::int64_t>(work_per_thread / larger<std::int64_t>(width, 1), 1);
}

struct ResampleOnHost {
  Host host;

  template <class Of>
  Status operator()(Of, const ResampleJob& job) const noexcept {
    const StreamRows of = {job, job.groups, job, job};
    parallel_for(
        host, job.rows, least_rows(job.width_out),
        [&of, run = fastest_resample_rows<Of>(job)](std::int64_t begin, std::int64_t end) { run(of, begin, end); });
    return {};
  }
};

}  // namespace detail

template <class First, class... Rest>
Status resample(const ResampleArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  return detail::dispatch<First, Rest...>(args, detail::ResampleOnHost{host});
}

ROBOCACHE_NAMESPACE_END
