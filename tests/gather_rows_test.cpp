// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/fuse/gather_rows.hpp>

#include "support/half.hpp"
#include "support/launch.hpp"
#include "support/random.hpp"
#include "support/reserved_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace robocache::test {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr ImageLayout last = ImageLayout::channel_last, first = ImageLayout::channel_first;

/// What is asked for. Widths and pitches are elements; `skip` is unused memory in front of a matrix.
struct Call {
  std::int64_t pixels = 1, channels = 1;
  ImageLayout from = last, to = last;
  std::int64_t source_rows = 5;
  std::int64_t gap_in = 0, gap_out = 0;  ///< pitch less width
  std::int64_t skip_in = 0, skip_out = 0;
  std::vector<std::int64_t> index = {3, 0, -1, 4, 4};
  bool scaled = false, shifted = false;
  double fill = nan;
  int threads = 1;

  std::int64_t width() const { return pixels * channels; }
  std::int64_t rows() const { return static_cast<std::int64_t>(index.size()); }
  std::string text() const {
    std::ostringstream os;
    os << pixels << " pixels x " << channels << " channels, layout " << static_cast<int>(from) << " to "
       << static_cast<int>(to) << ", gaps " << gap_in << " " << gap_out << ", skips " << skip_in << " " << skip_out
       << ", " << rows() << " rows, scale " << scaled << ", shift " << shifted << ", fill " << fill;
    return os.str();
  }
};

template <class T>
long double real_of(const T& value) {
  if constexpr (std::is_same<T, std::uint8_t>::value) {
    return value;
  } else {
    return to_real(value);
  }
}

template <class T>
T rounded(long double value) {
  if constexpr (std::is_same<T, std::uint8_t>::value) {
    if (std::isnan(value)) return 0;
    return static_cast<std::uint8_t>(std::min(std::max(std::nearbyint(value), 0.0L), 255.0L));
  } else {
    return round_to<T>(value);
  }
}

/// Any bits; half of the floats of a size that every type can hold.
template <class T>
std::vector<T> random_elements(Random& random, std::int64_t count) {
  std::vector<T> elements(static_cast<std::size_t>(count));
  for (T& element : elements) {
    const std::uint64_t bits = random.next();
    std::memcpy(&element, &bits, sizeof(T));
    if (!std::is_same<T, std::uint8_t>::value && random.one_in(2))
      element = rounded<T>(300.0L * static_cast<long double>(random.signed_unit()));
  }
  return elements;
}

/// From the definition, element by element.
template <class In, class Out>
std::vector<Out> expected(const Call& call, const std::vector<In>& source, const std::vector<float>& scale,
                          const std::vector<float>& shift) {
  using F = std::conditional_t<std::is_same<In, double>::value || std::is_same<Out, double>::value, double, float>;
  const std::int64_t width = call.width();
  const auto place = [&](ImageLayout layout, std::int64_t pixel, std::int64_t channel) {
    return layout == last ? pixel * call.channels + channel : channel * call.pixels + pixel;
  };
  const bool order_stays = call.from == call.to || call.channels == 1 || call.pixels == 1;
  const bool copies = std::is_same<In, Out>::value && !call.scaled && !call.shifted && order_stays;
  std::vector<Out> out(static_cast<std::size_t>(call.rows() * width));
  for (std::int64_t r = 0; r < call.rows(); ++r) {
    const std::int64_t from = call.index[static_cast<std::size_t>(r)];
    for (std::int64_t p = 0; p < call.pixels; ++p) {
      for (std::int64_t c = 0; c < call.channels; ++c) {
        Out& element = out[static_cast<std::size_t>(r * width + place(call.to, p, c))];
        if (from < 0 || from >= call.source_rows) {
          element = rounded<Out>(static_cast<long double>(call.fill));
          continue;
        }
        const In& value = source[static_cast<std::size_t>(from * width + place(call.from, p, c))];
        if (copies) {
          std::memcpy(&element, &value, sizeof(Out));
          continue;
        }
        F result = static_cast<F>(real_of(value));
        const F by = static_cast<F>(scale[static_cast<std::size_t>(c)]);
        const F more = static_cast<F>(shift[static_cast<std::size_t>(c)]);
        if (call.scaled && call.shifted) {
          result = std::fma(result, by, more);
        } else if (call.scaled) {
          result = result * by;
        } else if (call.shifted) {
          result = result + more;
        }
        element = rounded<Out>(static_cast<long double>(result));
      }
    }
  }
  return out;
}

struct Compiled {
  template <class Where>
  Status operator()(const GatherRowsArgs& args, Where where) const {
    return gather_rows(args, where);
  }
};

/// Runs the call on random rows, and compares every bit.
template <class In, class Out, class Operation = Compiled>
void check(Launcher launcher, const Call& call, Random& random, const Operation& operation = {}) {
  Arena arena(launcher);
  const std::vector<In> source = random_elements<In>(random, call.source_rows * call.width());
  std::vector<float> scale, shift;
  for (std::int64_t c = 0; c < call.channels; ++c) {
    scale.push_back(static_cast<float>(random.signed_unit()) * (random.one_in(2) ? 0.02f : 3.0f));
    shift.push_back(static_cast<float>(random.signed_unit()) * 100.0f);
  }
  GatherRowsArgs args;
  const std::int64_t pitch_in = call.width() + call.gap_in, pitch_out = call.width() + call.gap_out;
  args.source = rows(arena.input_rows(source, call.source_rows, call.width(), pitch_in, call.skip_in), call.source_rows,
                     call.width(), pitch_in);
  args.index = arena.input(call.index);
  const Output<Out> out = arena.output_rows<Out>(call.rows(), call.width(), pitch_out, call.skip_out);
  args.out = out.rows();
  args.channels = static_cast<std::int32_t>(call.channels);
  args.from = call.from;
  args.to = call.to;
  if (call.scaled) args.scale = arena.input(scale);
  if (call.shifted) args.shift = arena.input(shift);
  args.fill = call.fill;
  ASSERT_OK(arena.launch([&](auto where) { return operation(args, where); }, call.threads)) << call.text();
  ASSERT_TRUE(arena.inputs_untouched());
  const std::vector<Out> got = out.download(), wanted = expected<In, Out>(call, source, scale, shift);
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(std::memcmp(&got[i], &wanted[i], sizeof(Out)), 0)
        << "element " << i << ": " << real_of(got[i]) << ", expected " << real_of(wanted[i]) << "; " << call.text()
        << "; " << sizeof(In) << " to " << sizeof(Out) << " bytes";
  }
}

class GatherRows : public LauncherTest {
 protected:
  template <class In, class Out>
  void check(const Call& call, Random& random) {
    test::check<In, Out>(GetParam(), call, random);
  }
};
INSTANTIATE_TEST_SUITE_P(, GatherRows, every_launcher(), launcher_name);

Call random_call(Random& random) {
  Call call;
  const std::int64_t channels[] = {1, 2, 3, 3, 3, 4, 5, 7, 129, 200};
  const std::int64_t pixels[] = {1, 2, 3, 4, 8, 12, 16, 32, 48, 64, 85, 256};
  call.channels = channels[random.below(10)];
  call.pixels = pixels[random.below(call.channels < 100 ? 12 : 6)];
  call.from = random.one_in(2) ? first : last;
  call.to = random.one_in(2) ? first : last;
  call.source_rows = random.between(1, 9);
  // Half of the matrices are dense and aligned, as those that frameworks allocate.
  if (random.one_in(2)) {
    const std::int64_t unit = random.one_in(2) ? 16 : 1;
    call.gap_in = random.below(4) * unit;
    call.gap_out = random.below(4) * unit;
    call.skip_in = random.below(4) * unit;
    call.skip_out = random.below(4) * unit;
  }
  call.index.resize(static_cast<std::size_t>(random.between(1, 40)));
  for (std::int64_t& i : call.index) i = random.between(-1, call.source_rows);
  call.scaled = random.one_in(2);
  call.shifted = random.one_in(2);
  if (random.one_in(2)) call.fill = 400.0 * random.signed_unit();
  call.threads = static_cast<int>(random.between(0, 3));
  return call;
}

TEST_P(GatherRows, RandomCallsOfEveryCompiledConversion) {
  SCOPED_TRACE(seed_trace());
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    check<std::uint8_t, float>(random_call(random), random);
    check<std::uint8_t, Half>(random_call(random), random);
    check<std::uint8_t, BFloat16>(random_call(random), random);
    check<std::uint8_t, std::uint8_t>(random_call(random), random);
    check<float, BFloat16>(random_call(random), random);
    check<float, Half>(random_call(random), random);
    check<float, float>(random_call(random), random);
    check<BFloat16, BFloat16>(random_call(random), random);
    if (HasFatalFailure()) return;
  }
}

// Every type pair, layout and affine on rows that take the widest accesses, and more items than a block has.
TEST_P(GatherRows, AlignedImages) {
  SCOPED_TRACE(seed_trace());
  Random random(2);
  for (std::int64_t channels : {1, 3, 4}) {
    for (int layouts = 0; layouts < 4; ++layouts) {
      for (int affine = 0; affine < 4; ++affine) {
        Call call;
        call.pixels = 48 * 48;
        call.channels = channels;
        call.from = layouts % 2 != 0 ? first : last;
        call.to = layouts / 2 != 0 ? first : last;
        call.index = {4, 1, 1, -1, 0, 3, 5};
        call.scaled = affine % 2 != 0;
        call.shifted = affine / 2 != 0;
        check<std::uint8_t, BFloat16>(call, random);
        check<std::uint8_t, Half>(call, random);
        check<std::uint8_t, float>(call, random);
        check<std::uint8_t, std::uint8_t>(call, random);
        check<float, BFloat16>(call, random);
        check<float, Half>(call, random);
        check<float, float>(call, random);
        check<BFloat16, BFloat16>(call, random);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Planes whose pixels are not a multiple of an access, and matrices that begin or continue in the middle of one.
TEST_P(GatherRows, OddImages) {
  SCOPED_TRACE(seed_trace());
  Random random(3);
  for (std::int64_t pixels : {7, 15, 17, 225, 1023, 1025}) {
    for (std::int64_t skip : {0, 1, 2, 4, 8}) {
      for (ImageLayout to : {first, last}) {
        Call call;
        call.pixels = pixels;
        call.channels = 3;
        call.from = to == first ? last : first;
        call.to = to;
        call.skip_in = skip;
        call.gap_out = skip;
        call.scaled = call.shifted = true;
        check<std::uint8_t, BFloat16>(call, random);
        check<float, Half>(call, random);
        call.from = to;
        check<std::uint8_t, float>(call, random);
        // Padded, so that every row is aligned all the same.
        call.from = to == first ? last : first;
        call.skip_in = 0;
        call.gap_in = call.gap_out = 15 - (call.width() - 1) % 16;
        check<std::uint8_t, BFloat16>(call, random);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(GatherRows, CopiesRowsOfAnyByteWidthAndAlignment) {
  SCOPED_TRACE(seed_trace());
  Random random(4);
  std::vector<std::int64_t> widths;
  for (std::int64_t width = 1; width <= 40; ++width) widths.push_back(width);
  for (std::int64_t width = 250; width <= 290; ++width) widths.push_back(width);
  for (std::int64_t width : {1000, 4095, 4096, 4097, 12345, 70001}) widths.push_back(width);
  for (std::int64_t width : widths) {
    for (int variant = 0; variant < 6; ++variant) {
      Call call;
      call.pixels = width;
      call.source_rows = 7;
      call.index = {6, -1, 0, 2, 2, 7, 5, INT64_MAX, 1, INT64_MIN, 3};
      call.fill = 77.0;
      call.gap_in = variant == 0 ? 0 : random.below(20);
      call.gap_out = variant < 2 ? 0 : random.below(20);
      call.skip_in = variant < 3 ? 0 : random.below(20);
      call.skip_out = variant < 4 ? 0 : random.below(20);
      call.threads = variant;
      check<std::uint8_t, std::uint8_t>(call, random);
      if (HasFatalFailure()) return;
    }
  }
}

// Bits stay, those of NaN too; the fill is an element of the type wherever a copy's accesses begin.
TEST_P(GatherRows, CopiesRowsOfEveryType) {
  SCOPED_TRACE(seed_trace());
  Random random(5);
  for (std::int64_t width : {1, 2, 3, 4, 5, 7, 14, 16, 33, 63, 64, 65, 127, 131, 512, 1001}) {
    for (std::int64_t offset : {0, 1, 2, 3, 5, 8}) {
      Call call;
      call.pixels = width;
      call.gap_in = offset;
      call.skip_out = offset;
      call.gap_out = offset % 3;
      call.fill = offset % 2 == 0 ? nan : -1.0 / 3.0;
      check<float, float>(call, random);
      check<double, double>(call, random);
      check<Half, Half>(call, random);
      check<BFloat16, BFloat16>(call, random);
      call.channels = width;
      call.pixels = 1;
      call.to = first;  // one pixel: the same order
      check<float, float>(call, random);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(GatherRows, NanKeepsItsPayloadInACopyAndIsCanonicalElsewhere) {
  const auto strange = from_bits<float>(0xffc12345u);
  const auto run = [&](ImageLayout to, bool scaled) {
    Arena arena(GetParam());
    GatherRowsArgs args;
    args.source = rows(arena.input(std::vector<float>{1.0f, strange, -0.0f, strange}), 1, 4);
    args.index = arena.input(std::vector<std::int64_t>{0});
    const Output<float> out = arena.output_rows<float>(1, 4, 4);
    args.out = out.rows();
    args.channels = 2;
    args.to = to;
    if (scaled) args.scale = arena.input(std::vector<float>{1.0f, 1.0f});
    EXPECT_OK(arena.launch([&](auto where) { return gather_rows(args, where); }));
    std::vector<std::uint32_t> bits;
    for (float value : out.download()) bits.push_back(bits_of(value));
    return bits;
  };
  using Bits = std::vector<std::uint32_t>;
  EXPECT_EQ(run(last, false), (Bits{0x3f800000u, 0xffc12345u, 0x80000000u, 0xffc12345u}));
  EXPECT_EQ(run(last, true), (Bits{0x3f800000u, 0x7fc00000u, 0x80000000u, 0x7fc00000u})) << "the zero keeps its sign";
  EXPECT_EQ(run(first, false), (Bits{0x3f800000u, 0x80000000u, 0x7fc00000u, 0x7fc00000u}));
}

TEST_P(GatherRows, AKnownImage) {
  // Two pixels of three channels.
  Arena arena(GetParam());
  GatherRowsArgs args;
  args.source = rows(arena.input(std::vector<std::uint8_t>{9, 9, 9, 9, 9, 9, 0, 1, 2, 253, 254, 255}), 2, 6);
  args.index = arena.input(std::vector<std::int64_t>{1, -1});
  const Output<BFloat16> out = arena.output_rows<BFloat16>(2, 6, 6);
  args.out = out.rows();
  args.channels = 3;
  args.to = first;
  args.scale = arena.input(std::vector<float>{1.0f, 0.5f, 2.0f});
  args.shift = arena.input(std::vector<float>{0.0f, -1.0f, 0.0f});
  args.fill = -2.0;
  ASSERT_OK(arena.launch([&](auto where) { return gather_rows(args, where); }));
  std::vector<double> values;
  for (const BFloat16& value : out.download()) values.push_back(static_cast<double>(to_real(value)));
  EXPECT_EQ(values, (std::vector<double>{0, 253, -0.5, 126, 4, 510, -2, -2, -2, -2, -2, -2}));
}

TEST_P(GatherRows, BytesAreRoundedToEvenAndSaturate) {
  const std::vector<float> values = {0.5f,
                                     1.5f,
                                     2.5f,
                                     254.5f,
                                     255.5f,
                                     256.0f,
                                     1e30f,
                                     -0.5f,
                                     -1e9f,
                                     0.49999997f,
                                     254.49998f,
                                     -0.0f,
                                     std::numeric_limits<float>::infinity(),
                                     -std::numeric_limits<float>::infinity(),
                                     static_cast<float>(nan),
                                     7.0f};
  const auto convert = [](const GatherRowsArgs& args, Host host) {
    return gather_rows<Conversion<float, std::uint8_t>>(args, host);
  };
  if (GetParam() != Launcher::host) GTEST_SKIP() << "not among the compiled conversions";
  Arena arena(GetParam());
  GatherRowsArgs args;
  args.source = rows(arena.input(values), 1, 16);
  args.index = arena.input(std::vector<std::int64_t>{0, 1});
  const Output<std::uint8_t> out = arena.output_rows<std::uint8_t>(2, 16, 16);
  args.out = out.rows();
  ASSERT_OK(convert(args, Host{1}));
  std::vector<std::uint8_t> wanted = {0, 2, 2, 254, 255, 255, 255, 0, 0, 0, 254, 0, 255, 0, 0, 7};
  wanted.resize(32);  // the default fill is NaN: 0
  EXPECT_EQ(out.download(), wanted);
}

TEST_P(GatherRows, NothingIsReadWhereNothingIsAskedFor) {
  Random random(6);
  Call call;
  call.pixels = 20;
  call.index = {};
  check<std::uint8_t, BFloat16>(call, random);
  call.pixels = 0;
  call.index = {0, 1};
  check<std::uint8_t, BFloat16>(call, random);
  call.pixels = 20;
  call.source_rows = 0;  // everything is filled
  call.index = {0, -1, 5};
  check<std::uint8_t, BFloat16>(call, random);
  check<float, float>(call, random);
  GatherRowsArgs none;
  Arena arena(GetParam());
  EXPECT_OK(arena.launch([&](auto where) { return gather_rows(none, where); })) << "no rows, all null";
  // Of a single row the pitch says nothing, however large.
  const Output<float> out = arena.output_rows<float>(1, 3, 3);
  GatherRowsArgs one;
  one.source = rows(arena.input(std::vector<float>{1, 2, 3}), 1, 3, INT64_MAX);
  one.index = arena.input(std::vector<std::int64_t>{0});
  one.out = rows(out.data(), 1, 3, INT64_MAX);
  ASSERT_OK(arena.launch([&](auto where) { return gather_rows(one, where); }));
  EXPECT_EQ(out.download(), (std::vector<float>{1, 2, 3}));
}

TEST_P(GatherRows, ManyNarrowRows) {
  SCOPED_TRACE(seed_trace());
  Random random(7);
  Call call;
  call.source_rows = 3000;
  call.index.resize(20'000);
  for (std::int64_t& i : call.index) i = random.between(-2, 3001);
  for (std::int64_t width : {1, 3, 14}) {
    call.pixels = width;
    check<float, float>(call, random);
    check<float, BFloat16>(call, random);
    check<std::uint8_t, std::uint8_t>(call, random);
  }
}

TEST_P(GatherRows, IsOneKernel) {
  if (GetParam() != Launcher::graph) GTEST_SKIP() << "a graph counts them";
  Arena arena(GetParam());
  GatherRowsArgs args;
  args.source = rows(arena.input(std::vector<float>(12)), 3, 4);
  args.index = arena.input(std::vector<std::int64_t>{2, 1});
  args.out = arena.output_rows<float>(2, 4, 4).rows();
  ASSERT_OK(arena.launch([&](auto where) { return gather_rows(args, where); }));
  EXPECT_EQ(arena.graph_nodes(), 1u);
}

TEST_P(GatherRows, EveryMistakeIsNamedAndNothingIsWritten) {
  Arena arena(GetParam());
  GatherRowsArgs good;
  good.source = rows(arena.input(std::vector<std::uint8_t>(60, 7)), 5, 12);
  good.index = arena.input(std::vector<std::int64_t>{0, 4, -1});
  const Output<float> out = arena.output_rows<float>(3, 12, 12);
  good.out = out.rows();
  good.channels = 3;
  good.scale = arena.input(std::vector<float>{1, 2, 3});
  good.shift = arena.input(std::vector<float>{1, 2, 3});
  const auto expect_error = [&](StatusCode code, const char* argument, auto spoil) {
    GatherRowsArgs args = good;
    spoil(args);
    arena.poison_outputs();
    EXPECT_TRUE(is_error(arena.launch([&](auto where) { return gather_rows(args, where); }), code, argument));
    EXPECT_TRUE(out.untouched()) << argument;
  };
  using Args = GatherRowsArgs;
  const auto shifted = [](const void* p, int bytes) { return const_cast<char*>(static_cast<const char*>(p)) + bytes; };
  const std::int64_t huge = INT64_MAX / 2;

  expect_error(StatusCode::null_pointer, "source.data", [](Args& a) { a.source.data = nullptr; });
  expect_error(StatusCode::null_pointer, "out.data", [](Args& a) { a.out.data = nullptr; });
  expect_error(StatusCode::null_pointer, "args.index", [](Args& a) { a.index = nullptr; });
  expect_error(StatusCode::invalid_size, "args.source", [](Args& a) { a.source.count = -1; });
  expect_error(StatusCode::invalid_size, "args.source", [](Args& a) { a.source.width = -12; });
  expect_error(StatusCode::invalid_size, "source.pitch", [](Args& a) { a.source.pitch = 11; });
  expect_error(StatusCode::invalid_size, "args.out", [](Args& a) { a.out.count = -1; });
  expect_error(StatusCode::invalid_size, "args.out", [](Args& a) { a.out.width = -1; });
  expect_error(StatusCode::invalid_size, "out.pitch", [](Args& a) { a.out.pitch = 11; });
  expect_error(StatusCode::invalid_size, "out.width", [](Args& a) { a.out.width = 9; });
  expect_error(StatusCode::invalid_size, "out.width", [](Args& a) { a.source.width = 9; });
  expect_error(StatusCode::overflow, "args.source", [=](Args& a) { a.source.pitch = huge; });
  expect_error(StatusCode::overflow, "args.source", [=](Args& a) { a.source.count = INT64_MAX; });
  expect_error(StatusCode::overflow, "args.out", [=](Args& a) { a.out.pitch = huge; });
  expect_error(StatusCode::overflow, "args.out", [=](Args& a) { a.out.count = INT64_MAX / 8; });
  expect_error(StatusCode::overflow, "args.index", [](Args& a) {
    a.source.width = a.out.width = 0;
    a.out.count = INT64_MAX / 4;
  });
  expect_error(StatusCode::overflow, "source.width", [](Args& a) {
    a.source.width = a.out.width = a.source.pitch = a.out.pitch = (std::int64_t{1} << 30) + 1;
  });
  expect_error(StatusCode::invalid_size, "channels", [](Args& a) { a.channels = 0; });
  expect_error(StatusCode::invalid_size, "channels", [](Args& a) { a.channels = INT32_MIN; });
  expect_error(StatusCode::invalid_size, "channels", [](Args& a) { a.channels = 5; });
  expect_error(StatusCode::invalid_size, "channels", [](Args& a) { a.channels = 24; });
  expect_error(StatusCode::invalid_value, "source.type", [](Args& a) { a.source.type = static_cast<ElementType>(5); });
  expect_error(StatusCode::invalid_value, "out.type", [](Args& a) { a.out.type = static_cast<ElementType>(255); });
  expect_error(StatusCode::invalid_value, "from", [](Args& a) { a.from = static_cast<ImageLayout>(2); });
  expect_error(StatusCode::invalid_value, "to", [](Args& a) { a.to = static_cast<ImageLayout>(200); });
  expect_error(StatusCode::misaligned, "out.data", [&](Args& a) { a.out.data = shifted(a.out.data, 2); });
  expect_error(StatusCode::misaligned, "source.data", [&](Args& a) {
    a.source = {shifted(a.source.data, 2), ElementType::f32, 1, 12, 12};
  });
  expect_error(StatusCode::misaligned, "index", [&](Args& a) {
    a.index = reinterpret_cast<const std::int64_t*>(shifted(a.index, 4));
    a.out.count = 2;
  });
  expect_error(StatusCode::misaligned, "scale",
               [&](Args& a) { a.scale = reinterpret_cast<float*>(shifted(a.scale, 1)); });
  expect_error(StatusCode::misaligned, "shift",
               [&](Args& a) { a.shift = reinterpret_cast<float*>(shifted(a.shift, 3)); });
  expect_error(StatusCode::aliasing, "out", [&](Args& a) { a.source.data = shifted(a.out.data, 143); });
  expect_error(StatusCode::aliasing, "out", [&](Args& a) { a.source.data = shifted(a.out.data, -59); });
  expect_error(StatusCode::aliasing, "out",
               [&](Args& a) { a.index = reinterpret_cast<const std::int64_t*>(shifted(a.out.data, 136)); });
  expect_error(StatusCode::aliasing, "out", [&](Args& a) { a.scale = static_cast<const float*>(a.out.data) + 35; });
  expect_error(StatusCode::aliasing, "out", [&](Args& a) { a.shift = static_cast<const float*>(a.out.data); });
  expect_error(StatusCode::unsupported_type, "types", [](Args& a) {
    a.source = {a.source.data, ElementType::f16, 2, 12, 12};
  });
  expect_error(StatusCode::unsupported_type, "types", [](Args& a) { a.out.type = ElementType::f64, a.out.count = 1; });
  arena.poison_outputs();
  ASSERT_OK(arena.launch([&](auto where) { return gather_rows(good, where); })) << "right without a mistake";
  EXPECT_EQ(out.download()[0], 8.0f);
}

// Any conversion that is listed, with and without a pool.
TEST(GatherRowsOnHost, HeaderOnlyConversions) {
  SCOPED_TRACE(seed_trace());
  Random random(8);
  ThreadPool pool(3);
  const auto listed = [&](const GatherRowsArgs& args, auto where) -> Status {
    if constexpr (std::is_same<decltype(where), Host>::value) {
      where.pool = where.threads == 2 ? &pool : nullptr;
      return gather_rows<Conversion<double, double>, Conversion<float, double>, Conversion<double, BFloat16>,
                         Conversion<std::uint8_t, double>, Conversion<BFloat16, std::uint8_t>>(args, where);
    } else {
      return {StatusCode::invalid_value, "host only"};
    }
  };
  for (int i = 0; i < 100; ++i) {
    test::check<double, double>(Launcher::host, random_call(random), random, listed);
    test::check<float, double>(Launcher::host, random_call(random), random, listed);
    test::check<double, BFloat16>(Launcher::host, random_call(random), random, listed);
    test::check<std::uint8_t, double>(Launcher::host, random_call(random), random, listed);
    test::check<BFloat16, std::uint8_t>(Launcher::host, random_call(random), random, listed);
    Call copy = random_call(random);  // of any type, whatever is listed
    copy.scaled = copy.shifted = false;
    copy.to = copy.from;
    test::check<Half, Half>(Launcher::host, copy, random, listed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Rows more than 2^32 bytes apart.
class GatherRowsFarApart : public LauncherTest {};
INSTANTIATE_TEST_SUITE_P(, GatherRowsFarApart, testing::Values(Launcher::host, Launcher::stream), launcher_name);

TEST_P(GatherRowsFarApart, OffsetsHave64Bits) {
  constexpr std::int64_t width = 300, pitch = (std::int64_t{1} << 32) + 48, elements = pitch + width;
  std::vector<std::uint8_t> row(width);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::uint8_t>(i % 251);
  const std::vector<std::int64_t> index = {1, 1};
  GatherRowsArgs args;
  if (GetParam() == Launcher::host) {
    if (ROBOCACHE_TEST_SANITIZED) GTEST_SKIP() << "a sanitizer keeps a shadow of all that memory";
    const ReservedZeros<std::uint8_t> source(elements), out(elements);
    if (source.data() == nullptr || out.data() == nullptr) GTEST_SKIP() << "8 GiB cannot be reserved";
    std::copy(row.begin(), row.end(), source.data() + pitch);
    args.source = rows(static_cast<const std::uint8_t*>(source.data()), 2, width, pitch);
    args.out = rows(out.data(), 2, width, pitch);
    args.index = index.data();
    ASSERT_OK(gather_rows(args, Host{2}));
    EXPECT_TRUE(std::equal(row.begin(), row.end(), out.data()));
    EXPECT_TRUE(std::equal(row.begin(), row.end(), out.data() + pitch));
    return;
  }
#if ROBOCACHE_HAS_CUDA_RUNTIME
  std::size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess || free >> 30 < 10) GTEST_SKIP() << "less than 10 GiB are free";
  Arena arena(GetParam());
  for (std::int64_t skip : {0, 1}) {  // by 16 bytes, and shifted
    const detail::Buffer source(GetParam(), elements), out(GetParam(), elements + 1);
    source.write(pitch, row.data(), row.size());
    args.source = rows(static_cast<const std::uint8_t*>(source.data()), 2, width, pitch);
    args.out = rows(out.data() + skip, 2, width, pitch);
    args.index = arena.input(index);
    ASSERT_OK(arena.launch([&](auto where) { return gather_rows(args, where); }));
    for (std::int64_t r : {0, 1}) {
      std::vector<std::uint8_t> got(width);
      out.read(static_cast<std::size_t>(skip + r * pitch), got.data(), got.size());
      EXPECT_EQ(got, row) << "row " << r << ", skip " << skip;
    }
  }
#endif
}

// More than 2^31 items of one launch.
TEST_P(GatherRowsFarApart, MoreItemsThan32Bits) {
  if (GetParam() == Launcher::host && std::getenv("ROBOCACHE_TEST_HUGE") == nullptr)
    GTEST_SKIP() << "ROBOCACHE_TEST_HUGE is not set: 3 GB of memory";
#if ROBOCACHE_HAS_CUDA_RUNTIME
  std::size_t free = 0, total = 0;
  if (GetParam() == Launcher::stream && (cudaMemGetInfo(&free, &total) != cudaSuccess || free >> 30 < 4))
    GTEST_SKIP() << "less than 4 GiB of device memory are free";
#endif
  constexpr std::int64_t width = 57, count = (std::int64_t{1} << 31) / width + 1000;
  Arena arena(GetParam());
  std::vector<std::uint8_t> source(3 * width);
  for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<std::uint8_t>(i + 1);
  std::vector<std::int64_t> index(static_cast<std::size_t>(count));
  for (std::size_t r = 0; r < index.size(); ++r) index[r] = static_cast<std::int64_t>(r % 3);
  const detail::Buffer out(GetParam(), static_cast<std::size_t>(count * width));
  GatherRowsArgs args;
  args.source = rows(arena.input(source), 3, width);
  args.index = arena.input(index);
  args.out = rows(out.data(), count, width);
  ASSERT_OK(arena.launch([&](auto where) { return gather_rows(args, where); }, 0));
  for (std::int64_t r : {std::int64_t{0}, count / 2, count - 1001, count - 1000, count - 1}) {
    std::vector<std::uint8_t> got(width);
    out.read(static_cast<std::size_t>(r * width), got.data(), got.size());
    EXPECT_TRUE(std::equal(got.begin(), got.end(), source.begin() + r % 3 * width)) << r;
  }
}

// Calls side by side share nothing.
TEST_P(GatherRows, ThreadsSideBySide) {
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      Random random(100 + t);
      for (int i = 0; i < 20; ++i) check<std::uint8_t, BFloat16>(random_call(random), random);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace robocache::test
