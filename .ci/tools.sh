#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
#
# Installs .ci/requirements.txt into build/ci-tools, where it is not there yet. Needs python3 with venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=build/ci-tools
if ! cmp --silent .ci/requirements.txt "$tools/requirements.txt"; then
  rm -rf "$tools"
  "${PYTHON:-python3}" -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary reuse \
    --requirement .ci/requirements.txt
  cp .ci/requirements.txt "$tools"
fi
