// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// The building blocks in a kernel that is not the library's: search, interpolation, rotations and conversions give the
// bits that the host gives.

#include <robocache/temporal/interpolate.hpp>

#include "support/half.hpp"
#include "support/launch.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace robocache::test {
namespace {

constexpr std::int64_t unix_now = 1'700'000'000'000'000'000;

// Work(i) writes what belongs to index i; it is the same function on both sides.
template <class Work>
__global__ void user_kernel(Work work, std::int64_t count) {
  const std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (i < count) work(i);
}

template <class Work>
Status run_on_device(const Work& work, std::int64_t count, cudaStream_t stream) {
  user_kernel<<<static_cast<unsigned int>((count + 127) / 128), 128, 0, stream>>>(work, count);
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? Status() : Status(StatusCode::cuda_error, "user_kernel", static_cast<int>(error));
}

class UserKernel : public LauncherTest {
 protected:
  // make(arena, out) returns the work over that arena's memory; the host runs the same over its own.
  template <class Out, class Make>
  void compare(std::int64_t count, std::int64_t width, const Make& make) {
    Arena device(GetParam()), host(Launcher::host);
    const Output<Out> got = device.output_rows<Out>(count, width, width),
                      wanted = host.output_rows<Out>(count, width, width);
    const auto device_work = make(device, got.data());
    const auto host_work = make(host, wanted.data());
    const Status status = device.launch([&](auto where) -> Status {
      if constexpr (std::is_same<decltype(where), Host>::value) {
        return Status(StatusCode::invalid_value, "a launcher of the host");
      } else {
        return run_on_device(device_work, count, where);
      }
    });
    ASSERT_OK(status);
    for (std::int64_t i = 0; i < count; ++i) host_work(i);
    const std::vector<Out> a = got.download(), b = wanted.download();
    for (std::size_t i = 0; i < a.size(); ++i)
      ASSERT_EQ(a[i], b[i]) << "item " << i / static_cast<std::size_t>(width) << ", result "
                            << i % static_cast<std::size_t>(width);
  }
};
INSTANTIATE_TEST_SUITE_P(, UserKernel, testing::Values(Launcher::stream, Launcher::graph), launcher_name);

template <class F>
ROBOCACHE_HD std::uint64_t bits(F value) {
  using Bits = std::conditional_t<sizeof(F) == 4, std::uint32_t, std::uint64_t>;
  return robocache::detail::bit_cast<Bits>(robocache::detail::Narrow<F>::from(value));
}

// What the documentation shows: the bracket of a query, a vector by linear and a pose by slerp.
template <class F>
struct OwnInterpolation {
  Stamps<std::int64_t> stamps;
  const F* positions;    // [count, 3]
  const F* quaternions;  // [count, 4]
  const std::int64_t* queries;
  std::uint64_t* out;  // [queries, 8]

  ROBOCACHE_HD void operator()(std::int64_t n) const {
    std::uint64_t* row = out + n * 8;
    const std::int64_t q = queries[n], left = last_not_after(stamps, q);
    row[0] = static_cast<std::uint64_t>(left);
    for (int c = 1; c < 8; ++c) row[c] = 0;
    if (left < 0 || left + 1 >= stamps.count) return;
    const F weight = robocache::detail::divide(robocache::detail::span<F>(q, stamps[left]),
                                               robocache::detail::span<F>(stamps[left + 1], stamps[left]));
    for (int c = 0; c < 3; ++c)
      row[1 + c] = bits(linear_between(positions[left * 3 + c], positions[(left + 1) * 3 + c], weight));
    const F* p = quaternions + left * 4;
    const Quaternion<F> pose = slerp(normalized(Quaternion<F>{p[0], p[1], p[2], p[3]}),
                                     normalized(Quaternion<F>{p[4], p[5], p[6], p[7]}), weight);
    row[4] = bits(pose.x);
    row[5] = bits(pose.y);
    row[6] = bits(pose.z);
    row[7] = bits(pose.w);
  }
};

std::vector<std::int64_t> irregular_stamps(Random& random, std::int64_t count) {
  std::vector<std::int64_t> stamps;
  std::int64_t t = unix_now;
  for (std::int64_t i = 0; i < count; ++i) {
    stamps.push_back(t);
    t += random.one_in(10) ? 0 : random.one_in(50) ? random.below(1'000'000'000) : random.between(1, 5'000'000);
  }
  return stamps;
}
std::vector<std::int64_t> queries_near(Random& random, const std::vector<std::int64_t>& stamps, std::int64_t count) {
  std::vector<std::int64_t> queries;
  for (std::int64_t n = 0; n < count; ++n) {
    const auto i = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(stamps.size())));
    queries.push_back(stamps[i] + (random.one_in(4) ? 0 : random.between(-3'000'000, 8'000'000)));
  }
  return queries;
}
template <class F>
std::vector<F> random_values(Random& random, std::int64_t count) {
  std::vector<F> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<F>(random.signed_unit()));
  return values;
}

template <class F>
struct SearchInputs {
  std::vector<std::int64_t> stamps, queries;
  std::vector<F> positions, quaternions;
};
template <class F>
SearchInputs<F> search_inputs(std::uint64_t sequence) {
  Random random(sequence);
  SearchInputs<F> in;
  in.stamps = irregular_stamps(random, 2000);
  in.queries = queries_near(random, in.stamps, 20'000);
  in.positions = random_values<F>(random, 3 * 2000);
  in.quaternions = random_values<F>(random, 4 * 2000);
  return in;
}

TEST_P(UserKernel, BracketLinearAndSlerp) {
  SCOPED_TRACE(seed_trace());
  Clock clock;
  clock.offset = -1'234'567;
  clock.drift = 4e-5;
  clock.reference = unix_now - 1'000'000'000;
  const auto check = [&](auto zero) {
    using F = decltype(zero);
    const SearchInputs<F> in = search_inputs<F>(1);
    compare<std::uint64_t>(20'000, 8, [&](Arena& arena, std::uint64_t* out) {
      return OwnInterpolation<F>{{arena.input(in.stamps), 2000, clock},
                                 arena.input(in.positions),
                                 arena.input(in.quaternions),
                                 arena.input(in.queries),
                                 out};
    });
  };
  check(0.0f);
  check(0.0);
}

// plan_sample and evaluate for every kind, value and slope; evaluate_rotation for every pair of formats.
template <class F>
struct EveryKind {
  static constexpr int width = 8 * 2 + 9 + 16 * 6;
  Stamps<std::int64_t> stamps;
  const F* values;  // [count, 6]: a channel, or a rotation in any format
  const std::int64_t* queries;
  ReadingRules rules;
  std::uint64_t* out;

  ROBOCACHE_HD void operator()(std::int64_t n) const {
    std::uint64_t* row = out + n * width;
    int at = 0;
    for (int kind = 0; kind <= static_cast<int>(Interpolation::angle); ++kind) {
      ChannelGroup group;
      group.width = 1;
      group.kind = static_cast<Interpolation>(kind);
      if (group.kind == Interpolation::slerp) {
        for (int formats = 0; formats < 16; ++formats) {
          group.from = static_cast<RotationFormat>(formats / 4);
          group.to = static_cast<RotationFormat>(formats % 4);
          group.derivative = n % 2 == 1;
          const StencilPlan<F> plan = plan_sample<F>(stamps, 0, queries[n], group, rules);
          RotationChannels<F> channels = {};
          if (plan.action != Action::fill) channels = evaluate_rotation(plan, group, values + plan.left * 6, 6);
          for (F value : channels.values) row[at++] = bits(value);
          if (formats == 0) row[at++] = plan.status;
        }
        continue;
      }
      for (int derivative = 0; derivative < 2; ++derivative) {
        group.derivative = derivative == 1 && !is_step(group.kind);
        const StencilPlan<F> plan = plan_sample<F>(stamps, 0, queries[n], group, rules);
        row[at++] = plan.action == Action::fill ? 0 : bits(evaluate(plan, group, values + plan.left * 6, 6));
        if (derivative == 0) row[at++] = plan.status;
      }
    }
  }
};

TEST_P(UserKernel, EveryKindAndRotationFormat) {
  SCOPED_TRACE(seed_trace());
  ReadingRules rules;
  rules.outside = Outside::extrapolate;
  rules.gap = Gap::hold;
  rules.max_gap = 500'000'000;
  const auto check = [&](auto zero) {
    using F = decltype(zero);
    Random random(2);
    const std::vector<std::int64_t> stamps = irregular_stamps(random, 300),
                                    queries = queries_near(random, stamps, 3000);
    const std::vector<F> values = random_values<F>(random, 6 * 300);
    compare<std::uint64_t>(3000, EveryKind<F>::width, [&](Arena& arena, std::uint64_t* out) {
      return EveryKind<F>{{arena.input(stamps), 300, {}}, arena.input(values), arena.input(queries), rules, out};
    });
  };
  check(0.0f);
  check(0.0);
}

// Any bit pattern through the elementary functions, where results are finite or not.
template <class F>
struct AnyPattern {
  const F* values;  // [n + 8]
  std::uint64_t* out;

  ROBOCACHE_HD void operator()(std::int64_t n) const {
    namespace d = robocache::detail;
    const F* v = values + n;
    std::uint64_t* row = out + n * 18;
    const Quaternion<F> a = normalized(Quaternion<F>{v[0], v[1], v[2], v[3]});
    const Quaternion<F> b = normalized(Quaternion<F>{v[4], v[5], v[6], v[7]});
    const Quaternion<F> between = slerp(a, b, v[8]);
    const Quaternion<F> turned = from_rotation_vector(Vector3<F>{v[0], v[1], v[2]});
    const Quaternion<F> columns = from_columns(Columns<F>{{v[0], v[1], v[2]}, {v[3], v[4], v[5]}});
    const Vector3<F> log = to_rotation_vector(a);
    const F results[18] = {a.x,
                           a.y,
                           a.z,
                           a.w,
                           between.x,
                           between.y,
                           between.z,
                           between.w,
                           turned.x,
                           turned.w,
                           columns.x,
                           columns.y,
                           columns.z,
                           columns.w,
                           log.x,
                           log.y,
                           d::wrap_angle(v[0]),
                           d::first_quadrant_angle(d::absolute(v[0]), d::absolute(v[1]))};
    for (int i = 0; i < 18; ++i) row[i] = bits(results[i]);
  }
};

TEST_P(UserKernel, ElementaryFunctionsOfAnyBitPattern) {
  SCOPED_TRACE(seed_trace());
  const auto check = [&](auto zero) {
    using F = decltype(zero);
    Random random(3);
    std::vector<F> values;
    for (int i = 0; i < 20'009; ++i) {
      values.push_back(i % 3 == 0 ? from_bits<F>(static_cast<typename Format<F>::bits>(random.next()))
                                  : static_cast<F>(random.signed_unit() * (i % 3 == 1 ? 1.0 : 1e3)));
      if (i % 50 == 0) values.back() = F(0);
    }
    compare<std::uint64_t>(20'000, 18, [&](Arena& arena, std::uint64_t* out) {
      return AnyPattern<F>{arena.input(values), out};
    });
  };
  check(0.0f);
  check(0.0);
}

// All 16-bit patterns widened, and floats and doubles around every rounding boundary narrowed.
struct Conversions {
  const float* floats;
  const double* doubles;
  std::uint64_t* out;

  ROBOCACHE_HD void operator()(std::int64_t n) const {
    using namespace robocache::detail;
    std::uint64_t* row = out + n * 9;
    const auto pattern = static_cast<std::uint16_t>(n);
    const float f = floats[n];
    const double d = doubles[n];
    row[0] = bits(widen<float>(Half{pattern}));
    row[1] = bits(widen<double>(Half{pattern}));
    row[2] = bits(widen<float>(BFloat16{pattern}));
    row[3] = Narrow<Half>::from(f).bits;
    row[4] = Narrow<BFloat16>::from(f).bits;
    row[5] = Narrow<Half>::from(d).bits;
    row[6] = Narrow<BFloat16>::from(d).bits;
    row[7] = bit_cast<std::uint32_t>(Narrow<float>::from(d));
    row[8] = static_cast<std::uint64_t>(to_int64(d)) ^ static_cast<std::uint64_t>(saturating_add(to_int64(d), n << 40));
  }
};

TEST_P(UserKernel, ConversionsOfEveryPatternAndBoundary) {
  SCOPED_TRACE(seed_trace());
  Random random(4);
  constexpr std::int64_t count = 4 * 65'536;
  std::vector<float> floats;
  std::vector<double> doubles;
  for (std::int64_t i = 0; i < count; ++i) {
    // Halfway between neighbours of binary16 or bfloat16, and next to it; then anything.
    const auto half = static_cast<std::uint16_t>(i);
    const long double low = i & 0x10000 ? to_real(Half{half}) : to_real(BFloat16{half});
    const long double middle = low + ulp<Half>(std::isfinite(low) ? low : 1.0L) / 2;
    const long double boundary = i & 0x10000 ? middle : low * (1 + 0x1p-8L);
    floats.push_back(static_cast<float>(boundary));
    doubles.push_back(static_cast<double>(boundary) * (1 + static_cast<double>(random.below(3) - 1) * 0x1p-50));
    if (i & 0x20000) {
      floats.back() = from_bits<float>(static_cast<std::uint32_t>(random.next()));
      doubles.back() = from_bits<double>(random.next());
    }
  }
  compare<std::uint64_t>(count, 9, [&](Arena& arena, std::uint64_t* out) {
    return Conversions{arena.input(floats), arena.input(doubles), out};
  });
}

}  // namespace
}  // namespace robocache::test
