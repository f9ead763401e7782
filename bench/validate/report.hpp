// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace robocache_validate {

/// A result of robocache_validate as tables, and the failures one by one.
std::string markdown_of(const nlohmann::ordered_json& result);

}  // namespace robocache_validate
