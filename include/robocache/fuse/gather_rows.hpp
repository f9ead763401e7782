// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/arithmetic.hpp>
#include <robocache/core/convert.hpp>
#include <robocache/core/host.hpp>
#include <robocache/core/status.hpp>
#include <robocache/core/views.hpp>
#include <robocache/temporal/checks.hpp>

#if ROBOCACHE_HAS_CUDA_RUNTIME
#include <cuda_runtime_api.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

ROBOCACHE_NAMESPACE_BEGIN

/// Order of a row's elements, [pixels, channels] or [channels, pixels]. Values are stable.
enum class ImageLayout : std::uint8_t {
  channel_last = 0,   ///< HWC: the channels of a pixel side by side
  channel_first = 1,  ///< CHW: a plane for each channel
};

/// out[r] = source[index[r]], converted: the frames that `match` found, brought together. Pointers are device memory
/// for stream calls and host memory for Host calls.
///
/// An element becomes value * scale[channel] + shift[channel], one fma in float, or in double where either type is
/// double, then rounded once to the output type; u8 rounds to nearest even, saturates, and is 0 for NaN. NaN is written
/// canonical (quiet, positive).
///
/// Where both types and both layouts are the same and there is no affine, rows are copied: every bit stays, the payload
/// of a NaN too. Layouts are the same also where a row has one channel or one pixel. Rows of any byte width are u8
/// rows.
struct GatherRowsArgs {
  ConstRows source;                              ///< [rows, pixels * channels]
  const std::int64_t* index = nullptr;           ///< [out.count]: rows of `source`; -1 or any other outside it fills
  Rows out;                                      ///< [out.count, source.width]
  std::int32_t channels = 1;                     ///< of a pixel
  ImageLayout from = ImageLayout::channel_last;  ///< of a source row
  ImageLayout to = ImageLayout::channel_last;    ///< of an output row
  const float* scale = nullptr;                  ///< [channels], optional
  const float* shift = nullptr;                  ///< [channels], optional
  double fill = std::numeric_limits<double>::quiet_NaN();  ///< written after the affine
};

/// Elements that a gathered row may have.
constexpr std::int64_t max_gathered_width = std::int64_t{1} << 30;

/// Header-only use names what is to be instantiated: `gather_rows<Conversion<std::uint8_t, __nv_bfloat16>>(args,
/// stream)`. Rows of every type can be copied, whatever is listed.
template <class In, class Out>
struct Conversion {};

/// Gathers on the CPU. Shapes, errors and result bits are those of the stream overload. Returns when done. Compiled
/// library: the conversions of src/gather_combinations.hpp.
ROBOCACHE_API Status gather_rows(const GatherRowsArgs& args, Host host);

/// The same, instantiated here for the listed Conversions; no library is linked.
template <class First, class... Rest>
Status gather_rows(const GatherRowsArgs& args, Host host);

#if ROBOCACHE_HAS_CUDA_RUNTIME
/// Gathers on the current device: enqueues one kernel on `stream` and returns. Never synchronises, allocates or uses
/// scratch; may be captured into a graph. Compiled library: the conversions of src/gather_combinations.hpp.
///
/// Writes every element of `out`, nothing else, and nothing at all when it returns an error. Results are the same bits
/// on CPU and GPU. Any pointer that is aligned to its element type and any pitch will do. 16-byte alignment of both
/// sides and their pitches, and, to or from channel_first, a multiple of 16 pixels, are fastest.
///
/// Errors found before the launch: null_pointer, invalid_size, invalid_value, overflow, aliasing (the output overlaps
/// an input), misaligned, unsupported_type. Of the launch: cuda_error.
ROBOCACHE_API Status gather_rows(const GatherRowsArgs& args, cudaStream_t stream);
Status gather_rows(const GatherRowsArgs& args, std::nullptr_t) = delete;  // name the stream

/// The same, instantiated by nvcc for the listed Conversions; defined in gather_rows.cuh.
template <class First, class... Rest>
ROBOCACHE_HIDDEN Status gather_rows(const GatherRowsArgs& args, cudaStream_t stream);
template <class First, class... Rest>
Status gather_rows(const GatherRowsArgs& args, std::nullptr_t) = delete;
#endif

namespace detail {

/// Validated args. Pitches are bytes.
struct GatherJob {
  const char* source = nullptr;
  std::int64_t source_rows = 0;
  std::int64_t pitch_in = 0;
  const std::int64_t* index = nullptr;
  char* out = nullptr;
  std::int64_t rows = 0;
  std::int64_t pitch_out = 0;
  std::int64_t width = 0;  ///< elements
  std::int64_t bytes = 0;  ///< of an output row
  std::int64_t channels = 1;
  std::int64_t pixels = 0;
  ImageLayout from = ImageLayout::channel_last;  ///< equal to `to` wherever the order of elements stays
  ImageLayout to = ImageLayout::channel_last;
  const float* scale = nullptr;
  const float* shift = nullptr;
  std::uint64_t fill = 0;  ///< the bits of an output element, repeated over eight bytes
  bool is_copy = false;

  ROBOCACHE_HD bool has_source(std::int64_t row) const noexcept {
    return static_cast<std::uint64_t>(row) < static_cast<std::uint64_t>(source_rows);
  }
  bool has_affine() const noexcept { return scale != nullptr || shift != nullptr; }
  /// Whether every row begins at a multiple of so many bytes.
  bool is_aligned(std::size_t in_bytes, std::size_t out_bytes) const noexcept {
    const auto bits = [](const char* row, std::int64_t pitch) {
      return reinterpret_cast<std::uintptr_t>(row) | static_cast<std::uintptr_t>(pitch);
    };
    return bits(source, pitch_in) % in_bytes == 0 && bits(out, pitch_out) % out_bytes == 0;
  }
  /// Where a row of that layout has a channel of a pixel.
  ROBOCACHE_HD std::int64_t place(ImageLayout layout, std::int64_t pixel, std::int64_t channel) const noexcept {
    return layout == ImageLayout::channel_last ? pixel * channels + channel : channel * pixels + pixel;
  }
  template <class F>
  ROBOCACHE_HD F scale_of(std::int64_t channel) const noexcept {
    return scale != nullptr ? static_cast<F>(scale[channel]) : F(1);
  }
  template <class F>
  ROBOCACHE_HD F shift_of(std::int64_t channel) const noexcept {
    // -0 is the neutral addend: it keeps the sign of a zero.
    return shift != nullptr ? static_cast<F>(shift[channel]) : F(-0.0);
  }
};

template <class T>
std::uint64_t repeated_bits(double value) noexcept {
  const T element = Narrow<T>::from(value);
  unsigned char bytes[8];
  // flawfinder: ignore: sizes divide 8
  for (std::size_t at = 0; at < 8; at += sizeof(T)) std::memcpy(bytes + at, &element, sizeof(T));
  return bit_cast<std::uint64_t>(bytes);
}

inline std::uint64_t fill_bits(ElementType type, double value) noexcept {
  switch (type) {
    case ElementType::f32:
      return repeated_bits<float>(value);
    case ElementType::f64:
      return repeated_bits<double>(value);
    case ElementType::f16:
      return repeated_bits<Half>(value);
    case ElementType::bf16:
      return repeated_bits<BFloat16>(value);
    case ElementType::u8:
      return repeated_bits<std::uint8_t>(value);
  }
  return 0;
}

inline Status prepare(const GatherRowsArgs& args, GatherJob* job) noexcept {
  const ConstRows& source = args.source;
  Array in = {nullptr, 0, 1, ""}, out = in;
  ROBOCACHE_CHECK(check_rows(
      source,
      {"args.source.data: null", "args.source: negative count or width", "args.source.pitch: smaller than width",
       "args.source.type: unknown", "args.source: size overflows", "args.source.data: misaligned"},
      &in));
  ROBOCACHE_CHECK(
      check_rows(args.out,
                 {"args.out.data: null", "args.out: negative count or width", "args.out.pitch: smaller than width",
                  "args.out.type: unknown", "args.out: size overflows", "args.out.data: misaligned"},
                 &out));
  if (args.out.width != source.width) return {StatusCode::invalid_size, "args.out.width: not args.source.width"};
  if (source.width > max_gathered_width) return {StatusCode::overflow, "args.source.width: more than 2^30"};
  if (args.channels < 1) return {StatusCode::invalid_size, "args.channels: less than 1"};
  if (source.width % args.channels != 0) {
    return {StatusCode::invalid_size, "args.channels: does not divide args.source.width"};
  }
  if (args.from > ImageLayout::channel_first) return {StatusCode::invalid_value, "args.from: unknown"};
  if (args.to > ImageLayout::channel_first) return {StatusCode::invalid_value, "args.to: unknown"};
  std::int64_t index_bytes = 0;
  if (multiply_overflows(args.out.count, 8, &index_bytes)) {
    return {StatusCode::overflow, "args.out.count: size of args.index overflows"};
  }
  if (args.index == nullptr && args.out.count != 0) return {StatusCode::null_pointer, "args.index: null"};
  ROBOCACHE_CHECK(check_arrays({in,
                                {args.index, args.out.count, 8, "args.index: misaligned"},
                                {args.scale, args.channels, 4, "args.scale: misaligned"},
                                {args.shift, args.channels, 4, "args.shift: misaligned"}},
                               {out}, "args.out: overlaps an input"));

  job->source = static_cast<const char*>(source.data);
  job->source_rows = source.count;
  job->index = args.index;
  job->out = static_cast<char*>(args.out.data);
  job->rows = args.out.count;
  job->width = source.width;
  if (job->rows == 0 || job->width == 0) return {};
  // Of a single row the pitch says nothing, and may be any number.
  job->pitch_in = source.count > 1 ? source.pitch * size_of(source.type) : 0;
  job->pitch_out = args.out.count > 1 ? args.out.pitch * size_of(args.out.type) : 0;
  job->bytes = args.out.width * size_of(args.out.type);
  job->channels = args.channels;
  job->pixels = source.width / args.channels;
  if (job->channels > 1 && job->pixels > 1) {
    job->from = args.from;
    job->to = args.to;
  }
  job->scale = args.scale;
  job->shift = args.shift;
  job->fill = fill_bits(args.out.type, args.fill);
  job->is_copy = source.type == args.out.type && !job->has_affine() && job->from == job->to;
  return {};
}

template <class T>
struct ConversionOf;
template <class I, class O>
struct ConversionOf<Conversion<I, O>> {
  using In = typename element_traits<I>::storage;
  using Out = typename element_traits<O>::storage;
  using F = arithmetic_t<In, Out>;

  static bool match(const GatherRowsArgs& args) noexcept {
    return args.source.type == element_traits<I>::type && args.out.type == element_traits<O>::type;
  }
};

/// Validates, then calls run(job) for a copy, or run(ConversionOf<C>, job) for the listed conversion that fits the
/// tags.
template <class... Listed, class Run>
Status dispatch_conversion(const GatherRowsArgs& args, const Run& run) noexcept {
  GatherJob job;
  ROBOCACHE_CHECK(prepare(args, &job));
  if (job.rows == 0 || job.width == 0) return {};
  if (job.is_copy) return run(job);
  Status status(StatusCode::unsupported_type, "args: no instantiation for these source and output types");
  (void)((ConversionOf<Listed>::match(args) && (status = run(ConversionOf<Listed>{}, job), true)) || ...);
  return status;
}

inline void fill_row(const GatherJob& job, char* out) noexcept {
  std::int64_t done = smaller<std::int64_t>(job.bytes, 8);
  std::memcpy(out, &job.fill, static_cast<std::size_t>(done));  // flawfinder: ignore: 8 bytes at most, and a row's
  while (done < job.bytes) {
    const std::int64_t more = smaller(done, job.bytes - done);
    std::memcpy(out + done, out, static_cast<std::size_t>(more));  // flawfinder: ignore: what a row lacks
    done += more;
  }
}

/// Calls row(in, out) for the output rows [begin, end) that have a source row; fills the others.
template <class Row>
ROBOCACHE_ALWAYS_INLINE inline void for_each_row(const GatherJob& job, std::int64_t begin, std::int64_t end,
                                                 const Row& row) noexcept {
  for (std::int64_t r = begin; r < end; ++r) {
    char* out = job.out + r * job.pitch_out;
    if (job.has_source(job.index[r])) {
      row(job.source + job.index[r] * job.pitch_in, out);
    } else {
      fill_row(job, out);
    }
  }
}

/// Converts the output rows [begin, end), as plain loops that compilers vectorise.
template <class Of>
inline void convert_rows(const GatherJob& job, std::int64_t begin, std::int64_t end) noexcept {
  using F = typename Of::F;
  using In = typename Of::In;
  using Out = typename Of::Out;
  const std::int64_t channels = job.channels;
  if (job.from == ImageLayout::channel_last && job.to == ImageLayout::channel_last) {
    // The affine of a few whole pixels, or of a part of one: a loop over it has no channel to look up.
    constexpr std::int64_t most = 128;
    F scale[most], shift[most];
    const bool repeats = channels <= most;
    const std::int64_t step = repeats ? most / channels * channels : most;
    for (std::int64_t i = 0; repeats && i < step; ++i) {
      scale[i] = job.scale_of<F>(i % channels);
      shift[i] = job.shift_of<F>(i % channels);
    }
    return for_each_row(job, begin, end, [&](const char* row_in, char* row_out) ROBOCACHE_ALWAYS_INLINE {
      const In* __restrict__ in = reinterpret_cast<const In*>(row_in);
      Out* __restrict__ out = reinterpret_cast<Out*>(row_out);
      for (std::int64_t e = 0; e < job.width;) {
        const std::int64_t channel = repeats ? 0 : e % channels;
        const std::int64_t count = smaller(step, repeats ? job.width - e : channels - channel);
        for (std::int64_t i = 0; !repeats && i < count; ++i) {
          scale[i] = job.scale_of<F>(channel + i);
          shift[i] = job.shift_of<F>(channel + i);
        }
        for (std::int64_t i = 0; i < count; ++i) {
          out[e + i] = Narrow<Out>::from(fma(widen<F>(in[e + i]), scale[i], shift[i]));
        }
        e += count;
      }
    });
  }
  // One channel of neighbouring pixels after the other; their steps are constants where they can be.
  const auto convert = [&](auto step_in, auto step_out) ROBOCACHE_ALWAYS_INLINE {
    for_each_row(job, begin, end, [&](const char* row_in, char* row_out) ROBOCACHE_ALWAYS_INLINE {
      constexpr std::int64_t block = 2048;  // pixels that stay in the cache for all channels
      for (std::int64_t first = 0; first < job.pixels; first += block) {
        const std::int64_t count = smaller(block, job.pixels - first);
        for (std::int64_t c = 0; c < channels; ++c) {
          const In* __restrict__ in = reinterpret_cast<const In*>(row_in) + job.place(job.from, first, c);
          Out* __restrict__ out = reinterpret_cast<Out*>(row_out) + job.place(job.to, first, c);
          const F scale = job.scale_of<F>(c), shift = job.shift_of<F>(c);
          for (std::int64_t p = 0; p < count; ++p) {
            out[p * step_out] = Narrow<Out>::from(fma(widen<F>(in[p * step_in]), scale, shift));
          }
        }
      }
    });
  };
  using One = std::integral_constant<std::int64_t, 1>;
  if (job.from == job.to) return convert(One{}, One{});
  if (job.to == ImageLayout::channel_last) return convert(One{}, channels);
  if (channels == 3) return convert(std::integral_constant<std::int64_t, 3>{}, One{});
  return convert(channels, One{});
}

// As for resample: fma is a library call unless the code may use the instruction, so it is compiled twice.
#if ROBOCACHE_DISPATCH_FMA
template <class Of>
__attribute__((target("avx2,fma"), flatten)) void convert_rows_fma(const GatherJob& job, std::int64_t begin,
                                                                   std::int64_t end) noexcept {
  convert_rows<Of>(job, begin, end);
}
#endif

template <class Of>
auto fastest_convert_rows() noexcept {
#if ROBOCACHE_DISPATCH_FMA
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &convert_rows_fma<Of>;
#endif
  return &convert_rows<Of>;
}

struct GatherOnHost {
  Host host;

  template <class Rows>
  Status run(const GatherJob& job, const Rows& rows) const noexcept {
    constexpr std::int64_t work_per_thread = 1 << 16;  // bytes; a thread costs some 20 us to start
    parallel_for(host, job.rows, larger<std::int64_t>(work_per_thread / job.bytes, 1), rows);
    return {};
  }
  Status operator()(const GatherJob& job) const noexcept {
    return run(job, [&job](std::int64_t begin, std::int64_t end) {
      for_each_row(job, begin, end,
                   // flawfinder: ignore: a row's bytes
                   [&job](const char* in, char* out) { std::memcpy(out, in, static_cast<std::size_t>(job.bytes)); });
    });
  }
  template <class Of>
  Status operator()(Of, const GatherJob& job) const noexcept {
    return run(job, [&job, convert = fastest_convert_rows<Of>()](std::int64_t begin, std::int64_t end) {
      convert(job, begin, end);
    });
  }
};

}  // namespace detail

template <class First, class... Rest>
Status gather_rows(const GatherRowsArgs& args, Host host) {
  ROBOCACHE_CHECK(detail::check_host(host));
  return detail::dispatch_conversion<First, Rest...>(args, detail::GatherOnHost{host});
}

ROBOCACHE_NAMESPACE_END
