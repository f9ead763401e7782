// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include <robocache/robocache.hpp>

#include "support/reserved_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#endif

namespace robocache {
namespace {

// Status
// ---------------------------------------------------------------------------------------------------------------

static_assert(std::is_trivially_copyable<Status>::value, "a Status is returned from every call, by value");
static_assert(std::is_nothrow_default_constructible<Status>::value, "no exceptions inside");
static_assert(Status().ok(), "usable in constant expressions");
static_assert(!Status(StatusCode::overflow, "x").ok(), "usable in constant expressions");

TEST(Status, DefaultIsOkAndOthersKeepWhatTheyAreGiven) {
  const Status fine;
  EXPECT_TRUE(fine.ok());
  EXPECT_EQ(fine.code(), StatusCode::ok);
  EXPECT_STREQ(fine.what(), "");
  EXPECT_EQ(fine.cuda_error(), 0);

  const char* text = "args.out.pitch: smaller than the row's width";
  const Status status(StatusCode::cuda_error, text, 700);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::cuda_error);
  EXPECT_EQ(status.what(), text) << "the text is kept by pointer";
  EXPECT_EQ(status.cuda_error(), 700);
}

TEST(Status, CodeValuesAreStable) {
  EXPECT_EQ(static_cast<int>(StatusCode::ok), 0);
  EXPECT_EQ(static_cast<int>(StatusCode::null_pointer), 1);
  EXPECT_EQ(static_cast<int>(StatusCode::invalid_size), 2);
  EXPECT_EQ(static_cast<int>(StatusCode::invalid_value), 3);
  EXPECT_EQ(static_cast<int>(StatusCode::overflow), 4);
  EXPECT_EQ(static_cast<int>(StatusCode::aliasing), 5);
  EXPECT_EQ(static_cast<int>(StatusCode::misaligned), 6);
  EXPECT_EQ(static_cast<int>(StatusCode::workspace_too_small), 7);
  EXPECT_EQ(static_cast<int>(StatusCode::unsupported_type), 8);
  EXPECT_EQ(static_cast<int>(StatusCode::cuda_error), 9);
}

TEST(Status, ThrowIfErrorMapsCodesToExceptions) {
  EXPECT_NO_THROW(throw_if_error(Status()));
  for (int code = 1; code <= 8; ++code) {
    EXPECT_THROW(throw_if_error(Status(static_cast<StatusCode>(code), "the argument")), std::invalid_argument) << code;
  }
  try {
    throw_if_error(Status(StatusCode::cuda_error, "the launch", 719));
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("the launch"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("719"), std::string::npos) << error.what();
  }
}

Status checked_sequence(const Status& first, int* evaluations) {
  ROBOCACHE_CHECK((++*evaluations, first));
  ROBOCACHE_CHECK((++*evaluations, Status()));
  return Status(StatusCode::misaligned, "end");
}

TEST(Status, CheckMacroReturnsTheFirstErrorAndEvaluatesOnce) {
  int evaluations = 0;
  const Status stopped = checked_sequence(Status(StatusCode::aliasing, "first"), &evaluations);
  EXPECT_EQ(stopped.code(), StatusCode::aliasing);
  EXPECT_EQ(evaluations, 1);
  evaluations = 0;
  const Status passed = checked_sequence(Status(), &evaluations);
  EXPECT_EQ(passed.code(), StatusCode::misaligned);
  EXPECT_EQ(evaluations, 2);
}

TEST(Status, CheckMacroIsOneStatement) {
  const auto choose = [](bool condition) -> Status {
    if (condition)
      ROBOCACHE_CHECK(Status(StatusCode::overflow, "taken"));
    else
      return Status(StatusCode::misaligned, "else");
    return Status();
  };
  EXPECT_EQ(choose(true).code(), StatusCode::overflow);
  EXPECT_EQ(choose(false).code(), StatusCode::misaligned);
}

// Version
// --------------------------------------------------------------------------------------------------------------

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

TEST(Version, MacrosArePlainNumbersAndNameTheAbi) {
  EXPECT_GE(ROBOCACHE_VERSION_MAJOR, 0);
  EXPECT_GE(ROBOCACHE_VERSION_MINOR, 0);
  EXPECT_GE(ROBOCACHE_VERSION_PATCH, 0);
  const std::string abi = TEXT_OF(ROBOCACHE_ABI);
  EXPECT_EQ(abi, "v" + std::to_string(ROBOCACHE_VERSION_MAJOR) + "_" + std::to_string(ROBOCACHE_VERSION_MINOR));
  // The inline namespace is the same type under both names.
  EXPECT_TRUE((std::is_same<::robocache::Status, ::robocache::ROBOCACHE_ABI::Status>::value));
}

// Types
// ----------------------------------------------------------------------------------------------------------------

TEST(Types, SizesTagsAndArithmetic) {
  EXPECT_EQ(size_of(ElementType::f32), 4);
  EXPECT_EQ(size_of(ElementType::f64), 8);
  EXPECT_EQ(size_of(ElementType::f16), 2);
  EXPECT_EQ(size_of(ElementType::bf16), 2);
  EXPECT_EQ(size_of(ElementType::u8), 1);
  EXPECT_EQ(size_of(TimeType::int64_ns), 8);
  EXPECT_EQ(size_of(TimeType::f64_seconds), 8);
  EXPECT_EQ(size_of(TimeType::f32_seconds), 4);
  for (int value = 0; value < 256; ++value) {
    EXPECT_EQ(is_known(static_cast<ElementType>(value)), value < 5) << value;
    EXPECT_EQ(is_known(static_cast<TimeType>(value)), value < 3) << value;
  }
  EXPECT_EQ(static_cast<int>(ElementType::f32), 0);
  EXPECT_EQ(static_cast<int>(ElementType::f64), 1);
  EXPECT_EQ(static_cast<int>(ElementType::f16), 2);
  EXPECT_EQ(static_cast<int>(ElementType::bf16), 3);
  EXPECT_EQ(static_cast<int>(ElementType::u8), 4);
  EXPECT_EQ(sizeof(Half), 2u);
  EXPECT_EQ(sizeof(BFloat16), 2u);
  EXPECT_EQ(element_traits<__half>::type, ElementType::f16);
  EXPECT_EQ(element_traits<__nv_bfloat16>::type, ElementType::bf16);

  EXPECT_TRUE((std::is_same<arithmetic_t<float, float>, float>::value));
  EXPECT_TRUE((std::is_same<arithmetic_t<Half, BFloat16>, float>::value));
  EXPECT_TRUE((std::is_same<arithmetic_t<double, float>, double>::value));
  EXPECT_TRUE((std::is_same<arithmetic_t<float, double>, double>::value));
  EXPECT_TRUE((std::is_same<arithmetic_t<double, Half>, double>::value));
}

// Views
// ----------------------------------------------------------------------------------------------------------------

TEST(Views, RowsCarryTypeConstnessAndPitch) {
  float values[12] = {};
  const Rows tight = rows(values, 3, 4);
  EXPECT_EQ(tight.data, values);
  EXPECT_EQ(tight.type, ElementType::f32);
  EXPECT_EQ(tight.count, 3);
  EXPECT_EQ(tight.width, 4);
  EXPECT_EQ(tight.pitch, 4);
  const double wide[20] = {};
  const ConstRows slice = rows(wide + 1, 2, 3, 10);
  EXPECT_EQ(slice.data, wide + 1);
  EXPECT_EQ(slice.type, ElementType::f64);
  EXPECT_EQ(slice.pitch, 10);
  EXPECT_EQ(rows(static_cast<__half*>(nullptr), 0, 1).type, ElementType::f16);
  EXPECT_EQ(rows(static_cast<const __nv_bfloat16*>(nullptr), 0, 1).type, ElementType::bf16);
  EXPECT_EQ(rows(static_cast<Half*>(nullptr), 0, 1).type, ElementType::f16);
  EXPECT_EQ(rows(static_cast<const BFloat16*>(nullptr), 0, 1).type, ElementType::bf16);
  EXPECT_EQ(rows(static_cast<const std::uint8_t*>(nullptr), 0, 1).type, ElementType::u8);
  EXPECT_EQ(rows(values, std::int64_t{1} << 40, std::int64_t{1} << 20).count, std::int64_t{1} << 40);
}

TEST(Views, TimesTakeTheirTypeFromThePointer) {
  const std::int64_t ns = 0;
  const double seconds = 0;
  const float short_seconds = 0;
  EXPECT_EQ(Times(&ns).type, TimeType::int64_ns);
  EXPECT_EQ(Times(&seconds).type, TimeType::f64_seconds);
  EXPECT_EQ(Times(&short_seconds).type, TimeType::f32_seconds);
  EXPECT_EQ(Times(&short_seconds).data, &short_seconds);
  EXPECT_EQ(Times().data, nullptr);
}

TEST(Segments, DefaultAndUniformRows) {
  const Segments one;
  EXPECT_EQ(one.count, 1);
  const RowRange all = detail::segment_rows(one, 0, 17);
  EXPECT_EQ(all.begin, 0);
  EXPECT_EQ(all.end, 17);

  const Segments segments = uniform(3'000'000'000, 5);
  const RowRange range = detail::segment_rows(segments, 2'999'999'999, 15'000'000'000);
  EXPECT_EQ(range.begin, 14'999'999'995);
  EXPECT_EQ(range.end, 15'000'000'000);
}

TEST(Segments, RaggedRowsFollowTheOffsets) {
  const std::int64_t offsets[] = {0, 3, 3, 10};
  const Segments segments = ragged(offsets, 3);
  EXPECT_EQ(segments.count, 3);
  const std::pair<std::int64_t, std::int64_t> expected[] = {{0, 3}, {3, 3}, {3, 10}};
  for (std::int64_t s = 0; s < 3; ++s) {
    const RowRange range = detail::segment_rows(segments, s, 10);
    EXPECT_EQ(range.begin, expected[s].first) << s;
    EXPECT_EQ(range.end, expected[s].second) << s;
  }
}

TEST(Segments, RowsAreFoundInTheirSegments) {
  EXPECT_EQ(detail::segment_of_row(Segments(), 16), 0);
  const Segments even = uniform(3'000'000'000, 5), without_rows = uniform(3, 0);
  EXPECT_EQ(detail::segment_of_row(even, 4), 0);
  EXPECT_EQ(detail::segment_of_row(even, 14'999'999'995), 2'999'999'999);
  EXPECT_EQ(detail::segment_of_row(even, 15'000'000'000), 3'000'000'000);  // past the last
  EXPECT_EQ(detail::segment_of_row(without_rows, 0), -1);
  const std::int64_t offsets[] = {2, 3, 3, 10};
  const Segments some = ragged(offsets, 3);
  const std::int64_t segment_of[] = {-1, -1, 0, 2, 2, 2, 2, 2, 2, 2, 3};
  for (std::int64_t r = 0; r < 11; ++r) EXPECT_EQ(detail::segment_of_row(some, r), segment_of[r]) << r;
}

TEST(Segments, WrongOffsetsNeverLeaveTheRows) {
  const std::int64_t bad[] = {INT64_MIN, -1, 0, 4, 9, 10, 11, INT64_MAX};
  for (std::int64_t low : bad) {
    for (std::int64_t high : bad) {
      const std::int64_t offsets[] = {low, high};
      const RowRange range = detail::segment_rows(ragged(offsets, 1), 0, 10);
      EXPECT_GE(range.begin, 0) << low << ' ' << high;
      EXPECT_LE(range.begin, range.end) << low << ' ' << high;
      EXPECT_LE(range.end, 10) << low << ' ' << high;
      if (low >= 0 && low <= high && high <= 10) {
        EXPECT_EQ(range.begin, low);
        EXPECT_EQ(range.end, high);
      }
    }
  }
}

// Stream and query descriptions
// ----------------------------------------------------------------------------------------

TEST(SensorStream, SafeDefaultsAndOutputWidths) {
  const SensorStream stream;
  EXPECT_EQ(stream.outside, Outside::fill);
  EXPECT_EQ(stream.gap, Gap::fill);
  EXPECT_TRUE(stream.fill != stream.fill);
  EXPECT_EQ(stream.max_gap, INT64_MAX);
  EXPECT_EQ(stream.max_age, INT64_MAX);
  EXPECT_EQ(stream.max_extrapolation, INT64_MAX);
  EXPECT_EQ(stream.slack, 0);
  EXPECT_EQ(stream.clock.offset, 0);
  EXPECT_EQ(stream.clock.drift, 0.0);
  EXPECT_EQ(stream.interpolation, Interpolation::linear);

  EXPECT_EQ(output_width(channels(7, Interpolation::pchip)), 7);
  const RotationFormat formats[] = {RotationFormat::quaternion_xyzw, RotationFormat::quaternion_wxyz,
                                    RotationFormat::rotation_vector, RotationFormat::rot6d};
  const int widths[] = {4, 4, 3, 6};
  for (int from = 0; from < 4; ++from) {
    for (int to = 0; to < 4; ++to) {
      ChannelGroup group = rotation(formats[from], formats[to]);
      EXPECT_EQ(group.width, widths[from]);
      EXPECT_EQ(output_width(group), widths[to]);
      group.derivative = true;
      EXPECT_EQ(output_width(group), 3);
    }
  }
  ChannelGroup slope = channels(5, Interpolation::linear);
  slope.derivative = true;
  EXPECT_EQ(output_width(slope), 5);
}

TEST(Queries, BuildersSetWhatTheySay) {
  const std::int64_t stamps[4] = {};
  const std::int64_t offsets[3] = {};
  Queries q = at_times(stamps, 2);
  EXPECT_EQ(q.kind, Queries::Kind::times);
  EXPECT_EQ(q.steps, 2);
  EXPECT_EQ(q.row_offsets, nullptr);
  q = at_times(stamps, offsets);
  EXPECT_EQ(q.row_offsets, offsets);
  q = at_shared_times(stamps, 4);
  EXPECT_EQ(q.kind, Queries::Kind::shared_times);
  EXPECT_EQ(q.times.data, stamps);
  q = every({30000, 1001}, 9);
  EXPECT_EQ(q.kind, Queries::Kind::grid);
  EXPECT_EQ(q.start, Queries::Start::first_stamp);
  EXPECT_EQ(q.rate.num, 30000);
  EXPECT_EQ(q.rate.den, 1001);
  EXPECT_EQ(q.steps, 9);
  q = start_at(every({50, 1}, offsets), 77);
  EXPECT_EQ(q.start, Queries::Start::given);
  EXPECT_EQ(q.start_time, 77);
  EXPECT_EQ(q.row_offsets, offsets);
  q = start_at(every({50, 1}, 3), Times(stamps));
  EXPECT_EQ(q.start, Queries::Start::per_segment);
  EXPECT_EQ(q.times.data, stamps);
  q = windows(stamps, offsets, 3, stamps, 4);
  EXPECT_EQ(q.kind, Queries::Kind::windows);
  EXPECT_EQ(q.segment_of, offsets);
  EXPECT_EQ(q.anchor_count, 3);
  EXPECT_EQ(q.offsets.data, stamps);
  EXPECT_EQ(q.steps, 4);
}

TEST(SampleStatus, PacksAndUnpacksEveryCombination) {
  for (int how = 0; how <= 5; ++how) {
    for (int why = 0; why <= 4; ++why) {
      const std::uint8_t plain = make_status(static_cast<How>(how), static_cast<Why>(why));
      EXPECT_EQ(plain, how + 8 * why) << "the values are stable";
      for (int flags = 0; flags < 4; ++flags) {
        const auto status =
            static_cast<std::uint8_t>(plain | (flags & 1 ? status_unsorted : 0) | (flags & 2 ? status_non_finite : 0));
        EXPECT_EQ(how_of(status), static_cast<How>(how));
        EXPECT_EQ(why_of(status), static_cast<Why>(why));
        const bool plain_sample = how <= 2 && why == 0 && flags == 0;
        EXPECT_EQ(usable(status), plain_sample) << int{status};
      }
    }
  }
  EXPECT_EQ(status_unsorted, 64);
  EXPECT_EQ(status_non_finite, 128);
}

// Workspace
// ------------------------------------------------------------------------------------------------------------

struct Carved {
  char* bytes;
  double* doubles;
  std::int64_t* none;
  std::int32_t* ints;
  std::size_t needed;
};

Carved carve(detail::Carver carver) {
  Carved result;
  result.bytes = carver.take<char>(3);
  result.doubles = carver.take<double>(1000);
  result.none = carver.take<std::int64_t>(0);
  result.ints = carver.take<std::int32_t>(64);  // ends on an alignment boundary: the last byte counts
  result.needed = carver.bytes();
  return result;
}

TEST(Carver, MeasuringGivesNoPointersAndNothingNeedsNothing) {
  const Carved measured = carve(detail::Carver());
  EXPECT_EQ(measured.bytes, nullptr);
  EXPECT_EQ(measured.doubles, nullptr);
  EXPECT_EQ(measured.ints, nullptr);
  EXPECT_GE(measured.needed, 3 + 8000 + 256u);

  EXPECT_EQ(detail::Carver().bytes(), 0u);
  char memory[8];
  EXPECT_EQ(detail::Carver(Workspace{memory + 1, 7}).bytes(), 0u);
}

TEST(Carver, ExactlyAsLargeAsAskedHoldsAtEveryMisalignment) {
  const std::size_t needed = carve(detail::Carver()).needed;
  std::vector<unsigned char> memory(needed + 4 * detail::Carver::alignment);
  for (std::size_t shift = 0; shift < 2 * detail::Carver::alignment; ++shift) {
    unsigned char* begin = memory.data() + shift;
    const Carved carved = carve(detail::Carver(Workspace{begin, needed}));
    EXPECT_EQ(carved.needed, needed) << "the run and the measurement disagree";
    const auto inside = [&](const void* data, std::size_t bytes) {
      const auto* first = static_cast<const unsigned char*>(data);
      return first >= begin && first + bytes <= begin + needed;
    };
    ASSERT_TRUE(inside(carved.bytes, 3)) << shift;
    ASSERT_TRUE(inside(carved.doubles, 8000)) << shift;
    ASSERT_TRUE(inside(carved.ints, 256)) << shift;
    for (const void* data :
         {static_cast<void*>(carved.bytes), static_cast<void*>(carved.doubles), static_cast<void*>(carved.ints)}) {
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(data) % detail::Carver::alignment, 0u) << shift;
    }
    ASSERT_GE(reinterpret_cast<char*>(carved.doubles), carved.bytes + 3);
    ASSERT_GE(reinterpret_cast<char*>(carved.ints), reinterpret_cast<char*>(carved.doubles + 1000));
  }
}

TEST(Carver, OneByteLessWouldNotHoldAtTheWorstMisalignment) {
  const std::size_t needed = carve(detail::Carver()).needed;
  std::vector<unsigned char> memory(needed + 2 * detail::Carver::alignment);
  auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  while (address % detail::Carver::alignment != 1) ++address;
  auto* begin = reinterpret_cast<unsigned char*>(address);
  const Carved carved = carve(detail::Carver(Workspace{begin, needed}));
  EXPECT_EQ(reinterpret_cast<unsigned char*>(carved.ints + 64), begin + needed);
}

TEST(Carver, SizesThatDoNotFitAreAnOverflowNotAWrap) {
  detail::Carver carver;
  EXPECT_EQ(carver.take<double>(INT64_MAX / 16), nullptr);
  EXPECT_FALSE(carver.overflow());
  const std::size_t before = carver.bytes();
  EXPECT_EQ(carver.take<double>(INT64_MAX / 16), nullptr);
  EXPECT_TRUE(carver.overflow());
  EXPECT_EQ(carver.bytes(), before) << "a refused array takes nothing";
  detail::Carver at_once;
  EXPECT_EQ(at_once.take<double>(INT64_MAX / 8), nullptr);
  EXPECT_EQ(at_once.take<double>(INT64_MAX / 8), nullptr);
  EXPECT_TRUE(at_once.overflow());

  detail::Carver many;
  EXPECT_EQ(many.take<double>(INT64_MAX), nullptr);
  EXPECT_TRUE(many.overflow());
  char memory[512];
  detail::Carver with_memory(Workspace{memory, sizeof memory});
  EXPECT_EQ(with_memory.take<std::int64_t>(INT64_MAX / 4), nullptr) << "not a pointer from a wrapped sum";
  EXPECT_TRUE(with_memory.overflow());
}

// Host
// -----------------------------------------------------------------------------------------------------------------

// How often each index of [0, count) was visited, and how many ranges were handed out.
struct Coverage {
  explicit Coverage(std::int64_t count) : visits(static_cast<std::size_t>(count)) {}
  std::vector<std::atomic<int>> visits;
  std::atomic<int> ranges{0};
  std::atomic<int> bad_ranges{0};

  void run(int threads, std::int64_t grain) {
    const auto count = static_cast<std::int64_t>(visits.size());
    detail::parallel_for(Host{threads}, count, grain, [this, count](std::int64_t begin, std::int64_t end) {
      ++ranges;
      if (begin < 0 || begin >= end || end > count) {
        ++bad_ranges;
        return;
      }
      for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
    });
  }
  bool each_once() const {
    for (const auto& visit : visits) {
      if (visit != 1) return false;
    }
    return bad_ranges == 0;
  }
};

TEST(ParallelFor, RangesCoverExactlyOnce) {
  for (int threads : {0, 1, 2, 3, 7, 64, 1000}) {
    for (std::int64_t count : {0, 1, 2, 3, 6, 7, 8, 63, 64, 65, 997, 5000}) {
      for (std::int64_t grain : {0, 1, 5, 1000, 1'000'000}) {
        if (threads == 1000 && count < 997) continue;  // same as 64: bounded by the count
        Coverage coverage(count);
        coverage.run(threads, grain);
        ASSERT_TRUE(coverage.each_once()) << threads << " threads, " << count << " items, grain " << grain;
        ASSERT_EQ(coverage.ranges == 0, count == 0);
      }
    }
  }
}

TEST(ParallelFor, NeverMoreRangesThanThreadsOrGrains) {
  Coverage few(10);
  few.run(1000, 4);
  EXPECT_LE(few.ranges, 2);
  Coverage alone(100);
  alone.run(1, 1);
  EXPECT_EQ(alone.ranges, 1);
  Coverage thousand(100'000);
  thousand.run(1000, 1);
  EXPECT_EQ(thousand.ranges, 1000);
  EXPECT_TRUE(thousand.each_once());
}

TEST(ParallelFor, NegativeCountAndOddThreadCountsAreHarmless) {
  int calls = 0;
  detail::parallel_for(Host{4}, -5, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  detail::parallel_for(Host{4}, INT64_MIN, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  EXPECT_EQ(calls, 0);
  for (int threads : {-1, INT32_MIN}) {
    Coverage coverage(100);
    coverage.run(threads, 1);
    EXPECT_TRUE(coverage.each_once()) << threads;
  }
}

TEST(ParallelFor, LargeCountsSplitWithoutOverflow) {
  std::atomic<std::int64_t> total{0};
  std::atomic<int> ranges{0};
  detail::parallel_for(Host{3}, INT64_MAX, 1, [&](std::int64_t begin, std::int64_t end) {
    total += end - begin;
    ++ranges;
  });
  EXPECT_EQ(total, INT64_MAX);
  EXPECT_EQ(ranges, 3);
}

TEST(ThreadPool, EveryPartOnceCallAfterCall) {
  for (const int threads : {-3, 0, 1, 2, 7, 40}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), std::max(threads, 1));
    for (std::int64_t parts = 1; parts < 60; ++parts) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(parts));
      pool.run(parts, [&](std::int64_t part) { ++calls[static_cast<std::size_t>(part)]; });
      for (const auto& count : calls) ASSERT_EQ(count.load(), 1) << threads << " threads, " << parts << " parts";
    }
  }
}

TEST(ThreadPool, WakesAfterSleep) {
  ThreadPool pool(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    std::atomic<int> calls{0};
    pool.run(20, [&](std::int64_t) { ++calls; });
    EXPECT_EQ(calls.load(), 20);
  }
}

TEST(ThreadPool, CallersTakeTurns) {
  ThreadPool pool(3);
  std::atomic<std::int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&] {
      for (int call = 0; call < 200; ++call) {
        detail::parallel_for(Host{0, &pool}, 100, 1, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 6 * 200 * 100);
}

TEST(ThreadPool, HostMayUseFewerThanThePoolHas) {
  ThreadPool pool(8);
  std::atomic<int> ranges{0};
  detail::parallel_for(Host{2, &pool}, 100, 1, [&](std::int64_t, std::int64_t) { ++ranges; });
  EXPECT_EQ(ranges.load(), 2);
  ranges = 0;
  detail::parallel_for(Host{0, &pool}, 100, 1, [&](std::int64_t, std::int64_t) { ++ranges; });
  EXPECT_EQ(ranges.load(), 8);
}

TEST(Host, NegativeThreadsAreRefusedByEveryOperator) {
  const Host wrong{-1};
  const Status statuses[] = {
      resample(ResampleArgs(), wrong),
      fuse(FuseArgs(), wrong),
      match(MatchArgs(), wrong),
      gather_rows(GatherRowsArgs(), wrong),
      synchronize(SynchronizeArgs(), wrong),
      check_times(CheckTimesArgs(), wrong),
      split_segments(SplitSegmentsArgs(), wrong),
      grid_offsets(GridOffsetsArgs(), wrong),
      voxelize(VoxelizeArgs(), Workspace(), wrong),
      bounds(BoundsArgs(), wrong),
      voxelize_sparse(VoxelizeSparseArgs(), Workspace(), wrong),
      voxelize_hard(VoxelizeHardArgs(), Workspace(), wrong),
      voxel_downsample(VoxelDownsampleArgs(), Workspace(), wrong),
  };
  for (const Status& status : statuses) {
    EXPECT_EQ(status.code(), StatusCode::invalid_value);
    EXPECT_STREQ(status.what(), "host.threads: negative");
  }
}

TEST(ParallelFor, NestedAndConcurrentCallsDoNotDisturbEachOther) {
  std::atomic<int> visits{0};
  detail::parallel_for(Host{4}, 8, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      detail::parallel_for(Host{4}, 100, 1,
                           [&](std::int64_t first, std::int64_t last) { visits += static_cast<int>(last - first); });
    }
  });
  EXPECT_EQ(visits, 800);
}

#if defined(__linux__) && !ROBOCACHE_TEST_SANITIZED
// A thread's stack of 8 MiB cannot be mapped under this limit many times, so the system refuses threads midway.
[[noreturn]] void run_with_little_memory() {
  Coverage coverage(100'000);
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = 256u << 20;
  if (setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(2);
  coverage.run(1000, 1);
  std::_Exit(coverage.each_once() && coverage.ranges < 1000 ? 0 : 1);
}

TEST(ParallelForDeathTest, RefusedThreadsLeaveTheirShareToTheCaller) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(run_with_little_memory(), ::testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace robocache
