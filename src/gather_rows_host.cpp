// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "gather_combinations.hpp"

ROBOCACHE_NAMESPACE_BEGIN

Status gather_rows(const GatherRowsArgs& args, Host host) { return detail::gather_combinations(args, host); }

ROBOCACHE_NAMESPACE_END
