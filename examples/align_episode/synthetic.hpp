// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode.hpp"

#include <cstdint>

namespace align_episode {

/// A made-up but lifelike episode: a 7-joint arm moves a part from one place to another. Every stream has its own
/// clock, rate and faults:
/// - arm: joint positions, 1 kHz with jitter, a dropout, duplicates of retransmitted packets
/// - gripper: opening, published when it changes and once a second; read as `previous`
/// - imu: at the wrist, 200 Hz, its stamps 18 ms late (corrected), a dropout, two samples lost to NaN
/// - ee_pose: position and quaternion, 125 Hz, signs of the quaternion as they come
/// - camera: 16 features of an image, 30 Hz, frames lost; starts late; read as `nearest`
/// The same seed gives the same episode.
Episode synthetic_episode(std::uint64_t seed);

}  // namespace align_episode
