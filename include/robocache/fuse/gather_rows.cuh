// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <robocache/core/device.cuh>
#include <robocache/fuse/gather_rows.hpp>

#include <cstdint>

// A row is cut into items, which are numbered row by row, so that narrow and wide rows use the threads equally. One
// kernel serves all; what an item is, and how it is read and written, is its Piece: bytes to copy, or elements or
// pixels to convert. A thread reads all its items before it writes the first.

ROBOCACHE_NAMESPACE_BEGIN
namespace detail {

/// Threads of a block, and bytes that a thread has in flight. A Piece says how many blocks a multiprocessor holds,
/// which bounds the registers: what was found to fit without spilling.
struct GatherTuning {
  int threads;
  int bytes;

  constexpr int batch(int item_bytes) const noexcept { return clamped(bytes / item_bytes, 1, 6); }
};
inline constexpr GatherTuning gather_tuning = {256, 48};

/// Elements of the widest access that divides Count of them, 16 bytes at most.
template <class T, int Count>
inline constexpr int access_of = smaller<int>((Count * sizeof(T)) & -(Count * sizeof(T)), 16) / sizeof(T);

/// Count elements as the words that they are read in: taken apart only where they are used, they need fewer registers.
template <class T, int Count>
struct Run {
  static constexpr int access = access_of<T, Count>;
  using Access = typename Word<access* static_cast<int>(sizeof(T))>::type;
  Access words[Count / access];

  __device__ void load(const T* from) noexcept {
#pragma unroll
    for (int i = 0; i < Count / access; ++i) words[i] = __ldg(reinterpret_cast<const Access*>(from) + i);
  }
  __device__ T operator[](int i) const noexcept {
    return bit_cast<Pack<T, access>>(words[i / access]).elements[i % access];
  }
};

/// Writes Count elements of bits that repeat in eight bytes.
template <int Count, class Out>
__device__ inline void fill_run(Out* to, std::uint64_t bits) noexcept {
  constexpr int access = access_of<Out, Count>;
  Pack<Out, access> pack;
#pragma unroll
  for (int k = 0; k < access; ++k) {
    const std::uint64_t element = bits >> (k * sizeof(Out) % 8 * 8);
    memcpy(&pack.elements[k], &element, sizeof(Out));  // flawfinder: ignore: the size of an element
  }
#pragma unroll
  for (int i = 0; i < Count; i += access) store_pack<Out, access>(to + i, pack);
}

/// A copy, Bytes at a time: rows, pitches and pointers are multiples of them.
template <int Bytes>
struct CopyPiece {
  using Held = Run<unsigned char, Bytes>;
  static constexpr int bytes = Bytes, blocks = Bytes == 16 ? 6 : 4;

  static std::int64_t items(const GatherJob& job) noexcept { return job.bytes / Bytes; }

  __device__ void load(const GatherJob&, const char* in, const char*, int item, Held& held) const noexcept {
    held.load(reinterpret_cast<const unsigned char*>(in) + std::int64_t{item} * Bytes);
  }
  __device__ void store(const GatherJob&, char* out, int item, const Held& held) const noexcept {
    reinterpret_cast<typename Held::Access*>(out)[item] = held.words[0];
  }
  __device__ void fill(const GatherJob& job, char* out, int item) const noexcept {
    fill_run<Bytes>(reinterpret_cast<unsigned char*>(out) + std::int64_t{item} * Bytes, job.fill);
  }
};

/// A copy of rows of any alignment, 16 aligned bytes of the output at a time; what they are in the source is shifted
/// into place. The ends of a row go byte by byte.
struct ShiftPiece {
  struct Held {
    unsigned int words[4];
  };
  static constexpr int bytes = 20, blocks = 4;

  /// The most that a row can touch: the first and the last may hold one byte each.
  static std::int64_t items(const GatherJob& job) noexcept { return (job.bytes + 30) / 16; }

  /// Where in the row an item begins: before 0, for the first of a row that is not aligned.
  __device__ static std::int64_t begin_of(const char* out, int item) noexcept {
    return std::int64_t{item} * 16 - static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(out) % 16);
  }
  __device__ static bool has(const GatherJob& job, std::int64_t at) noexcept { return at >= 0 && at < job.bytes; }

  __device__ void load(const GatherJob& job, const char* in, const char* out, int item, Held& held) const noexcept {
    const std::int64_t begin = begin_of(out, item);
    const auto* from = reinterpret_cast<const unsigned char*>(in) + begin;
    const int over = static_cast<int>(reinterpret_cast<std::uintptr_t>(from) % 4);
    if (has(job, begin - over) && has(job, begin + (over == 0 ? 15 : 19 - over))) {
      const auto* aligned = reinterpret_cast<const unsigned int*>(from - over);
      unsigned int words[5];
#pragma unroll
      for (int k = 0; k < 5; ++k) words[k] = k < 4 || over != 0 ? __ldg(aligned + k) : 0u;
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        held.words[k] = __funnelshift_r(words[k], words[k + 1], static_cast<unsigned int>(over) * 8);
      }
      return;
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) held.words[k] = 0;
#pragma unroll
    for (int i = 0; i < 16; ++i) {
      if (has(job, begin + i)) held.words[i / 4] |= static_cast<unsigned int>(__ldg(from + i)) << (i % 4 * 8);
    }
  }
  __device__ void store(const GatherJob& job, char* out, int item, const Held& held) const noexcept {
    const std::int64_t begin = begin_of(out, item);
    if (has(job, begin) && has(job, begin + 15)) {
      *reinterpret_cast<uint4*>(out + begin) = make_uint4(held.words[0], held.words[1], held.words[2], held.words[3]);
      return;
    }
#pragma unroll
    for (int i = 0; i < 16; ++i) {
      if (has(job, begin + i)) out[begin + i] = static_cast<char>(held.words[i / 4] >> (i % 4 * 8) & 0xffu);
    }
  }
  __device__ void fill(const GatherJob& job, char* out, int item) const noexcept {
    // Elements that need shifting have at most four bytes, in which their bits repeat.
    const auto word = static_cast<unsigned int>(job.fill);
    store(job, out, item, {{word, word, word, word}});
  }
};

/// How the channels of an item's elements follow one another.
enum class ChannelOrder {
  any,
  constant,  ///< all are of one
  three,     ///< channel_last, three channels
};

/// Converts V neighbouring elements, whose order stays.
template <class Of, int V, ChannelOrder Order>
struct ElementsPiece {
  using In = typename Of::In;
  using Out = typename Of::Out;
  using F = typename Of::F;
  using Held = Run<In, V>;
  static constexpr int bytes = V * static_cast<int>(sizeof(In)), blocks = 4;

  Divisor period;  ///< elements until the channels begin anew, or in channel_first, until the next one

  explicit ElementsPiece(const GatherJob& job) noexcept
      : period(job.to == ImageLayout::channel_last ? job.channels : job.pixels) {}
  static std::int64_t items(const GatherJob& job) noexcept { return job.width / V; }

  __device__ void load(const GatherJob&, const char* in, const char*, int item, Held& held) const noexcept {
    held.load(reinterpret_cast<const In*>(in) + item * V);
  }
  __device__ void store(const GatherJob& job, char* out, int item, const Held& held) const noexcept {
    const bool last = job.to == ImageLayout::channel_last;
    const int first = item * V, length = static_cast<int>(period.value);
    const int periods = static_cast<int>(period.divide_short(static_cast<std::uint32_t>(first)));
    int place = first - periods * length;
    int channel = last ? place : periods;
    F scale[V], shift[V];
    if constexpr (Order == ChannelOrder::any) {
#pragma unroll
      for (int v = 0; v < V; ++v) {
        scale[v] = job.scale_of<F>(channel);
        shift[v] = job.shift_of<F>(channel);
        ++place;
        if (place == length) place = 0;
        channel = last ? place : channel + (place == 0 ? 1 : 0);
      }
    } else {
      constexpr int distinct = Order == ChannelOrder::constant ? 1 : smaller(V, 3);
#pragma unroll
      for (int v = 0; v < V; ++v) {
        scale[v] = v < distinct ? job.scale_of<F>(channel) : scale[v % distinct];
        shift[v] = v < distinct ? job.shift_of<F>(channel) : shift[v % distinct];
        channel = channel == 2 ? 0 : channel + 1;
      }
    }
    F values[V];
#pragma unroll
    for (int v = 0; v < V; ++v) values[v] = fma(widen<F>(held[v]), scale[v], shift[v]);
    store_pack<Out, V>(reinterpret_cast<Out*>(out) + first, narrow_pack<Out>(values));
  }
  __device__ void fill(const GatherJob& job, char* out, int item) const noexcept {
    fill_run<V>(reinterpret_cast<Out*>(out) + item * V, job.fill);
  }
};

/// Converts whole pixels of Channels channels from one layout to the other: as many as fill an access of 16 bytes in
/// an output plane, or two in an input plane.
template <class Of, int Channels, ImageLayout To>
struct PixelsPiece {
  using In = typename Of::In;
  using Out = typename Of::Out;
  using F = typename Of::F;
  static constexpr bool to_planes = To == ImageLayout::channel_first;
  static constexpr int pixels = smaller<int>(16 / sizeof(Out), 32 / sizeof(In));
  // One channel's pixels lie together in planes, and all channels' in the other layout.
  static constexpr int run_in = to_planes ? pixels * Channels : pixels;
  static constexpr int run_out = to_planes ? pixels : pixels * Channels;
  static constexpr int bytes = pixels * Channels * static_cast<int>(sizeof(In));
  static constexpr int blocks = sizeof(In) == 1 && sizeof(Out) == 2 ? 6 : 4;
  struct Held {
    Run<In, run_in> runs[pixels * Channels / run_in];  ///< in the source's order
  };

  static std::int64_t items(const GatherJob& job) noexcept { return job.pixels / pixels; }
  /// Whether rows are whole items, and every access is aligned.
  static bool fits(const GatherJob& job) noexcept {
    return job.channels == Channels && job.pixels % pixels == 0 &&
           job.is_aligned(access_of<In, run_in> * sizeof(In), access_of<Out, run_out> * sizeof(Out));
  }

  __device__ void load(const GatherJob& job, const char* in, const char*, int item, Held& held) const noexcept {
    const In* from = reinterpret_cast<const In*>(in) + item * run_in;
#pragma unroll
    for (int i = 0; i < pixels * Channels / run_in; ++i) held.runs[i].load(from + i * job.pixels);
  }
  __device__ void store(const GatherJob& job, char* out, int item, const Held& held) const noexcept {
    constexpr int access = access_of<Out, run_out>;
    F scale[Channels], shift[Channels];
#pragma unroll
    for (int c = 0; c < Channels; ++c) {
      scale[c] = job.scale_of<F>(c);
      shift[c] = job.shift_of<F>(c);
    }
    Out* to = reinterpret_cast<Out*>(out) + item * run_out;
#pragma unroll
    for (int first = 0; first < pixels * Channels; first += access) {
      F values[access];
#pragma unroll
      for (int k = 0; k < access; ++k) {
        const int at = first + k, c = to_planes ? at / pixels : at % Channels,
                  p = to_planes ? at % pixels : at / Channels;
        const int from = to_planes ? p * Channels + c : c * pixels + p;
        values[k] = fma(widen<F>(held.runs[from / run_in][from % run_in]), scale[c], shift[c]);
      }
      store_pack<Out, access>(to + first / run_out * job.pixels + first % run_out, narrow_pack<Out>(values));
    }
  }
  __device__ void fill(const GatherJob& job, char* out, int item) const noexcept {
    Out* to = reinterpret_cast<Out*>(out) + item * run_out;
#pragma unroll
    for (int i = 0; i < pixels * Channels; i += run_out) fill_run<run_out>(to + i / run_out * job.pixels, job.fill);
  }
};

/// Converts one pixel from one layout to the other, whatever the channels and the alignment.
template <class Of>
struct PixelPiece {
  using In = typename Of::In;
  using Out = typename Of::Out;
  using F = typename Of::F;
  using Held = const In*;  ///< the row: a pixel's channels may be any number, so they are read as they are written
  static constexpr int bytes = 16, blocks = 4;

  static std::int64_t items(const GatherJob& job) noexcept { return job.pixels; }

  __device__ void load(const GatherJob&, const char* in, const char*, int, Held& held) const noexcept {
    held = reinterpret_cast<Held>(in);
  }
  __device__ void store(const GatherJob& job, char* out, int item, const Held& held) const noexcept {
    Out* to = reinterpret_cast<Out*>(out);
    constexpr int batch = 4;
    const int channels = static_cast<int>(job.channels);
    for (int first = 0; first < channels; first += batch) {
      In elements[batch] = {};
#pragma unroll
      for (int k = 0; k < batch; ++k) {
        if (first + k < channels)
          elements[k] = load_pack<In, 1>(held + job.place(job.from, item, first + k)).elements[0];
      }
#pragma unroll
      for (int k = 0; k < batch; ++k) {
        const int c = first + k;
        if (c >= channels) continue;
        const F value = fma(widen<F>(elements[k]), job.scale_of<F>(c), job.shift_of<F>(c));
        to[job.place(job.to, item, c)] = Narrow<Out>::from(value);
      }
    }
  }
  __device__ void fill(const GatherJob& job, char* out, int item) const noexcept {
    for (int c = 0; c < static_cast<int>(job.channels); ++c) {
      fill_run<1>(reinterpret_cast<Out*>(out) + job.place(job.to, item, c), job.fill);
    }
  }
};

template <class Piece, int Threads, int Blocks, int Batch>
ROBOCACHE_HIDDEN __global__ void __launch_bounds__(Threads, Blocks)
    gather_rows_kernel(const __grid_constant__ GatherJob job, const __grid_constant__ Piece piece,
                       const __grid_constant__ Divisor items_of_row) {
  await_stream();
  const std::int64_t items = job.rows * items_of_row.value, step = std::int64_t{gridDim.x} * (Threads * Batch);
  for (std::int64_t first = std::int64_t{blockIdx.x} * (Threads * Batch); first < items; first += step) {
    const std::int64_t first_row = items_of_row.divide(first);
    const int offset = static_cast<int>(first - first_row * items_of_row.value) + static_cast<int>(threadIdx.x);
    const std::int64_t left = items - first - static_cast<std::int64_t>(threadIdx.x);
    std::int64_t from[Batch];
    int row[Batch], item[Batch];
    typename Piece::Held held[Batch];
#pragma unroll
    for (int b = 0; b < Batch; ++b) {
      const int at = offset + b * Threads;
      row[b] = static_cast<int>(items_of_row.divide_short(static_cast<std::uint32_t>(at)));
      item[b] = at - row[b] * static_cast<int>(items_of_row.value);
      if (b * Threads < left) from[b] = __ldg(job.index + (first_row + row[b]));
    }
#pragma unroll
    for (int b = 0; b < Batch; ++b) {
      if (b * Threads >= left || !job.has_source(from[b])) continue;
      piece.load(job, job.source + from[b] * job.pitch_in, job.out + (first_row + row[b]) * job.pitch_out, item[b],
                 held[b]);
    }
#pragma unroll
    for (int b = 0; b < Batch; ++b) {
      if (b * Threads >= left) continue;
      char* out = job.out + (first_row + row[b]) * job.pitch_out;
      if (job.has_source(from[b])) {
        piece.store(job, out, item[b], held[b]);
      } else {
        piece.fill(job, out, item[b]);
      }
    }
  }
}

/// The kernel for a job, enqueued.
struct ROBOCACHE_HIDDEN GatherOnStream {
  cudaStream_t stream;

  template <class Piece>
  ROBOCACHE_HIDDEN Status launch(const GatherJob& job, const Piece& piece) const noexcept {
    constexpr int batch = gather_tuning.batch(Piece::bytes);
    constexpr std::int64_t of_block = gather_tuning.threads * batch;
    const Divisor items_of_row(Piece::items(job));
    const std::int64_t blocks = (job.rows * items_of_row.value - 1) / of_block + 1;
    return detail::launch(gather_rows_kernel<Piece, gather_tuning.threads, Piece::blocks, batch>,
                          {smaller<std::int64_t>(blocks, INT32_MAX), gather_tuning.threads}, stream, job, piece,
                          items_of_row);
  }

  ROBOCACHE_HIDDEN Status operator()(const GatherJob& job) const noexcept {
    constexpr std::int64_t least_shifted = 256;  // bytes; of shorter rows the ends cost more than narrow accesses
    const auto fits = [&job](int bytes) { return job.bytes % bytes == 0 && job.is_aligned(bytes, bytes); };
    if (fits(16)) return launch(job, CopyPiece<16>{});
    if (fits(8)) return launch(job, CopyPiece<8>{});
    if (job.bytes >= least_shifted) return launch(job, ShiftPiece{});
    if (fits(4)) return launch(job, CopyPiece<4>{});
    if (fits(2)) return launch(job, CopyPiece<2>{});
    return launch(job, CopyPiece<1>{});
  }

  template <class Of>
  ROBOCACHE_HIDDEN Status operator()(Of, const GatherJob& job) const noexcept {
    constexpr int in_bytes = sizeof(typename Of::In), out_bytes = sizeof(typename Of::Out);
    if (job.from != job.to) {
      // Three channels are what cameras have; others take the piece below.
      using ToPlanes = PixelsPiece<Of, 3, ImageLayout::channel_first>;
      using FromPlanes = PixelsPiece<Of, 3, ImageLayout::channel_last>;
      if (job.to == ImageLayout::channel_first && ToPlanes::fits(job)) return launch(job, ToPlanes{});
      if (job.to == ImageLayout::channel_last && FromPlanes::fits(job)) return launch(job, FromPlanes{});
      return launch(job, PixelPiece<Of>{});
    }
    constexpr int widest = 16 / larger(in_bytes, out_bytes);
    const auto fits = [&job](int v) { return job.width % v == 0 && job.is_aligned(v * in_bytes, v * out_bytes); };
    if (fits(widest)) {
      const bool planes = job.to == ImageLayout::channel_first;
      if (job.channels == 1 || !job.has_affine() || (planes && job.pixels % widest == 0)) {
        return launch(job, ElementsPiece<Of, widest, ChannelOrder::constant>(job));
      }
      if (job.channels == 3 && !planes) return launch(job, ElementsPiece<Of, widest, ChannelOrder::three>(job));
      return launch(job, ElementsPiece<Of, widest, ChannelOrder::any>(job));
    }
    if (widest > 2 && fits(2)) return launch(job, ElementsPiece<Of, 2, ChannelOrder::any>(job));
    return launch(job, ElementsPiece<Of, 1, ChannelOrder::any>(job));
  }
};

}  // namespace detail

template <class First, class... Rest>
Status gather_rows(const GatherRowsArgs& args, cudaStream_t stream) {
  ROBOCACHE_RANGE("gather_rows");
  return detail::dispatch_conversion<First, Rest...>(args, detail::GatherOnStream{stream});
}

ROBOCACHE_NAMESPACE_END
