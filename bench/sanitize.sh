#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
#
# Every GPU test under compute-sanitizer: memcheck, racecheck, initcheck and synccheck. `--help` says the rest.
#   bench/sanitize.sh DIRECTORY-OF-TEST-BINARIES [OPTION...]
set -euo pipefail
for tool in python3 compute-sanitizer nvidia-smi; do
  command -v "$tool" > /dev/null || { echo "sanitize.sh: $tool: not found" >&2; exit 2; }
done
exec python3 "$(dirname "${BASH_SOURCE[0]}")/sanitize.py" "$@"
