// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "synthetic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

namespace align_episode {
namespace {

constexpr double duration_s = 12.0;
constexpr std::int64_t begin_ns = 1'760'000'000'000'000'000;  // October 2025
constexpr std::int64_t imu_latency_ns = 18'000'000;
constexpr double pi = 3.14159265358979323846;

/// Random numbers that do not depend on the standard library's distributions.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// In [0, 1).
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  bool chance(double probability) { return uniform() < probability; }
  /// Close to the standard normal distribution, bounded by 6.
  double normal() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::mt19937_64 engine_;
};

using Joints = std::array<double, 7>;
using Vector = std::array<double, 3>;
using Rotation = std::array<double, 4>;  // unit quaternion x, y, z, w

struct Pose {
  Vector position;
  Rotation rotation;
};

struct Waypoint {
  double time_s;
  Joints joints;
};

/// The arm rests at each of a pair of equal neighbours.
constexpr Waypoint waypoints[] = {
    {0.0, {0.00, -0.55, 0.00, -2.20, 0.00, 1.65, 0.78}},    // home
    {0.8, {0.00, -0.55, 0.00, -2.20, 0.00, 1.65, 0.78}},    //
    {2.6, {0.62, 0.18, 0.10, -1.95, -0.08, 2.12, 1.35}},    // above the part
    {3.6, {0.63, 0.42, 0.10, -1.86, -0.10, 2.27, 1.37}},    // at the part
    {4.6, {0.63, 0.42, 0.10, -1.86, -0.10, 2.27, 1.37}},    // grasped
    {5.6, {0.60, 0.05, 0.06, -1.98, -0.05, 2.03, 1.30}},    // lifted
    {8.0, {-0.74, 0.12, -0.18, -1.88, 0.12, 1.99, -0.25}},  // above the tray
    {9.0, {-0.75, 0.36, -0.19, -1.82, 0.14, 2.17, -0.27}},  // at the tray
    {9.9, {-0.75, 0.36, -0.19, -1.82, 0.14, 2.17, -0.27}},  // released
    {11.6, {0.00, -0.55, 0.00, -2.20, 0.00, 1.65, 0.78}},   // home
    {12.5, {0.00, -0.55, 0.00, -2.20, 0.00, 1.65, 0.78}},
};

/// From 0 to 1 with no velocity and no acceleration at either end (minimum jerk).
double smooth_step(double x) {
  x = std::clamp(x, 0.0, 1.0);
  return x * x * x * (10.0 + x * (-15.0 + x * 6.0));
}

Joints joints_at(double t) {
  const Waypoint* to = std::begin(waypoints) + 1;
  while (to + 1 != std::end(waypoints) && to->time_s < t) ++to;
  const Waypoint& from = *(to - 1);
  const double part = smooth_step((t - from.time_s) / (to->time_s - from.time_s));
  Joints joints;
  for (std::size_t j = 0; j < joints.size(); ++j) {
    // A little sway of its own for every joint, as a hand on the wheel has.
    const double sway = 0.006 * std::sin((1.1 + 0.37 * static_cast<double>(j)) * t + static_cast<double>(j));
    joints[j] = from.joints[j] + part * (to->joints[j] - from.joints[j]) + sway;
  }
  return joints;
}

/// Opening of the gripper in metres.
double opening_at(double t) {
  return 0.08 - 0.052 * smooth_step((t - 3.5) / 0.6) + 0.052 * smooth_step((t - 9.15) / 0.45);
}

Rotation multiply(const Rotation& a, const Rotation& b) {
  return {a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1], a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0],
          a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3], a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]};
}
Rotation conjugate(const Rotation& q) { return {-q[0], -q[1], -q[2], q[3]}; }
Vector rotate(const Rotation& q, const Vector& v) {
  const Rotation r = multiply(multiply(q, {v[0], v[1], v[2], 0.0}), conjugate(q));
  return {r[0], r[1], r[2]};
}

/// Forward kinematics by modified Denavit-Hartenberg rows (length, offset, twist), in metres and radians.
Pose pose_at(double t) {
  struct Link {
    double length, offset, twist;
  };
  constexpr Link links[7] = {{0.0, 0.333, 0.0},     {0.0, 0.0, -pi / 2},       {0.0, 0.316, pi / 2},
                             {0.0825, 0.0, pi / 2}, {-0.0825, 0.384, -pi / 2}, {0.0, 0.0, pi / 2},
                             {0.088, 0.21, pi / 2}};
  const Joints joints = joints_at(t);
  Pose pose{{0.0, 0.0, 0.0}, {0.0, 0.0, 0.0, 1.0}};
  const auto advance = [&pose](const Vector& step) {
    const Vector moved = rotate(pose.rotation, step);
    for (std::size_t i = 0; i < 3; ++i) pose.position[i] += moved[i];
  };
  for (std::size_t j = 0; j < joints.size(); ++j) {
    advance({links[j].length, 0.0, 0.0});
    pose.rotation = multiply(pose.rotation, {std::sin(links[j].twist / 2), 0.0, 0.0, std::cos(links[j].twist / 2)});
    pose.rotation = multiply(pose.rotation, {0.0, 0.0, std::sin(joints[j] / 2), std::cos(joints[j] / 2)});
    advance({0.0, 0.0, links[j].offset});
  }
  // The tool's frame is tilted against the flange's, whose quaternion has w near 0 while the hand points down.
  pose.rotation = multiply(pose.rotation, {std::sin(-pi / 4), 0.0, 0.0, std::cos(-pi / 4)});
  return pose;
}

/// Angular rate (rad/s) and specific force (m/s^2) in the frame of the wrist.
std::array<double, 6> motion_at(double t) {
  constexpr double h = 2e-3;
  const Pose before = pose_at(t - h), here = pose_at(t), after = pose_at(t + h);
  const Rotation turn = multiply(conjugate(before.rotation), after.rotation);
  const double sign = turn[3] < 0.0 ? -1.0 : 1.0;
  Vector force;
  for (std::size_t i = 0; i < 3; ++i) {
    force[i] = (before.position[i] - 2.0 * here.position[i] + after.position[i]) / (h * h) + (i == 2 ? 9.81 : 0.0);
  }
  force = rotate(conjugate(here.rotation), force);
  std::array<double, 6> motion;
  for (std::size_t i = 0; i < 3; ++i) {
    motion[i] = sign * turn[i] / h;
    motion[i + 3] = force[i];
  }
  return motion;
}

struct Clockwork {
  double first_s, last_s, rate_hz;
  double jitter_s;              ///< standard deviation of a stamp
  double lost;                  ///< share of samples that never arrive
  double twice;                 ///< share of samples that arrive twice
  double dropouts[2][2];        ///< s
  std::int64_t latency_ns = 0;  ///< by which stamps are late
};

/// Calls sample(t) for each sample and stamps it; stamps never run backwards.
template <class Sample>
void record(Stream& stream, const Clockwork& clock, Random& random, const Sample& sample) {
  const auto count = static_cast<int>((clock.last_s - clock.first_s) * clock.rate_hz);
  for (int i = 0; i < count; ++i) {
    const double t = clock.first_s + i / clock.rate_hz;
    const double stamp_s = t + clock.jitter_s * random.normal();
    const bool lost = random.chance(clock.lost), twice = random.chance(clock.twice);
    const bool silent = std::any_of(std::begin(clock.dropouts), std::end(clock.dropouts),
                                    [=](const double* d) { return t >= d[0] && t < d[1]; });
    if (lost || silent) continue;
    const std::int64_t stamp = begin_ns + std::llround(stamp_s * 1e9) + clock.latency_ns;
    for (int copy = 0; copy <= static_cast<int>(twice); ++copy) {
      stream.times.push_back(stream.times.empty() ? stamp : std::max(stamp, stream.times.back()));
      for (const double value : sample(t)) stream.values.push_back(value);
    }
  }
}

Stream named(std::string name, std::vector<std::string> channels, robocache::Interpolation kind) {
  Stream stream;
  stream.name = std::move(name);
  stream.kinds.assign(channels.size(), kind);
  stream.channels = std::move(channels);
  return stream;
}

std::vector<std::string> numbered(const std::string& stem, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(stem + std::to_string(i));
  return names;
}

Stream arm(Random random) {
  Stream stream = named("arm", numbered("joint_", 7), robocache::Interpolation::linear);
  record(stream, {0.0, duration_s, 1000.0, 6e-5, 0.004, 0.002, {{3.02, 3.20}, {8.31, 8.40}}}, random, [&](double t) {
    Joints joints = joints_at(t);
    for (double& joint : joints) joint += 2e-4 * random.normal();
    return joints;
  });
  return stream;
}

Stream gripper(Random random) {
  Stream stream = named("gripper", {"opening_m"}, robocache::Interpolation::previous);
  double published = -1.0, published_s = -1.0;
  for (double t = 0.031; t < duration_s - 0.4; t += 0.05) {
    const double opening = opening_at(t);
    if (std::abs(opening - published) < 5e-4 && t - published_s < 1.0) continue;
    published = opening;
    published_s = t;
    stream.times.push_back(begin_ns + std::llround((t + 2e-3 * random.uniform()) * 1e9));
    stream.values.push_back(opening);
  }
  return stream;
}

Stream imu(Random random) {
  Stream stream =
      named("imu", {"gyro_x", "gyro_y", "gyro_z", "accel_x", "accel_y", "accel_z"}, robocache::Interpolation::linear);
  record(stream, {0.05, duration_s, 200.0, 1.2e-4, 0.005, 0.0, {{3.29, 3.41}, {10.02, 10.09}}, imu_latency_ns}, random,
         [&](double t) {
           std::array<double, 6> motion = motion_at(t);
           for (std::size_t i = 0; i < motion.size(); ++i) motion[i] += (i < 3 ? 0.008 : 0.06) * random.normal();
           return motion;
         });
  for (const std::size_t sample : {std::size_t{560}, std::size_t{561}}) {
    stream.values[sample * 6] = std::numeric_limits<double>::quiet_NaN();
  }
  stream.clock.offset = -imu_latency_ns;
  return stream;
}

Stream ee_pose(Random random) {
  Stream stream = named("ee_pose", {"x", "y", "z", "qx", "qy", "qz", "qw"}, robocache::Interpolation::pchip);
  stream.quaternions.push_back({3, robocache::RotationFormat::quaternion_xyzw});
  record(stream, {0.012, duration_s, 125.0, 3e-4, 0.01, 0.0, {{3.45, 3.54}, {6.30, 6.42}}}, random, [&](double t) {
    const Pose pose = pose_at(t);
    const double sign = random.chance(0.2) ? -1.0 : 1.0;
    std::array<double, 7> row;
    for (std::size_t i = 0; i < 3; ++i) row[i] = pose.position[i] + 2e-4 * random.normal();
    for (std::size_t i = 0; i < 4; ++i) row[i + 3] = sign * pose.rotation[i];
    return row;
  });
  return stream;
}

Stream camera(Random random) {
  constexpr std::size_t features = 16;
  Stream stream = named("camera", numbered("feature_", features), robocache::Interpolation::nearest);
  std::array<std::array<double, 4>, features> weights;
  for (auto& row : weights) {
    for (double& weight : row) weight = 2.0 * random.normal();
  }
  record(stream, {0.35, duration_s, 30.0, 1.5e-3, 0.02, 0.0, {{3.70, 3.95}, {7.20, 7.42}}}, random, [&](double t) {
    const Pose pose = pose_at(t);
    std::array<double, features> row;
    for (std::size_t i = 0; i < features; ++i) {
      double sum = weights[i][3] * 10.0 * opening_at(t) + 0.03 * random.normal();
      for (std::size_t k = 0; k < 3; ++k) sum += weights[i][k] * pose.position[k];
      row[i] = std::tanh(sum);
    }
    return row;
  });
  stream.max_age = 50'000'000;
  return stream;
}

}  // namespace

Episode synthetic_episode(std::uint64_t seed) {
  Random random(seed);
  const auto own = [&random] { return Random(static_cast<std::uint64_t>(random.uniform() * 0x1p53)); };
  Episode episode;
  episode.push_back(arm(own()));
  episode.push_back(gripper(own()));
  episode.push_back(imu(own()));
  episode.push_back(ee_pose(own()));
  episode.push_back(camera(own()));
  for (Stream& stream : episode) {
    const bool on_change = stream.name == "gripper";  // its silence is no gap
    if (!on_change) stream.max_gap = usual_gap_limit(stream);
  }
  return episode;
}

}  // namespace align_episode
