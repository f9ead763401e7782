#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
#
# The documentation site with the API reference, in build/site. A warning is an error, and so is a link that leads
# nowhere within the project; links to elsewhere are not followed. Needs doxygen and python3 with venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=build/site-tools
if ! cmp --silent docs/requirements.txt "$tools/requirements.txt"; then
  rm -rf "$tools"
  "${PYTHON:-python3}" -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement docs/requirements.txt
  cp docs/requirements.txt "$tools"
fi
mkdir -p build/doxygen
doxygen docs/Doxyfile
"$tools/bin/sphinx-build" --quiet --fail-on-warning --keep-going -c docs -d build/doxygen/doctrees . build/site
