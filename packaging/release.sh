#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
#
# The files of a release, in build/release: packages, sources, bills of materials, SHA256SUMS. docs/release.md
#
#   packaging/release.sh [--install]    --install: first what it takes on Debian 12, by apt
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1:-} == --install ]]; then
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends cmake dpkg-dev file g++ git libcli11-dev \
    liblzf-dev make python3-venv
fi
PYTHON=${PYTHON:-python3} .ci/tools.sh

# Whoever makes them again gets the same times in them.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
build=build/package out=build/release
rm -rf "$build" "$out"
mkdir -p "$out"

CUDACXX=false cmake -S . -B "$build" -G "Unix Makefiles" -DBUILD_SHARED_LIBS=ON -DROBOCACHE_BUILD_TESTS=OFF \
  -DROBOCACHE_BUILD_BENCH=OFF
cmake --build "$build" -j "${ROBOCACHE_CI_JOBS:-$(nproc)}"
version=$(sed -n 's/^Version: //p' "$build/robocache.pc")
if [[ ${GITHUB_REF_TYPE:-} == tag && ${GITHUB_REF_NAME:-} != "v$version" ]]; then
  echo "the tag ${GITHUB_REF_NAME} is not that of version $version" >&2
  exit 1
fi

cpack --config "$build/CPackConfig.cmake" -B "$build/packages"
cp "$build"/packages/*.deb "$build"/packages/*.tar.gz "$out"
git archive --prefix="robocache-$version/" --output="$out/robocache-$version.tar.gz" HEAD
build/ci-tools/bin/python packaging/make_sbom.py "$build" "$out/robocache"
cd "$out"
sha256sum -- * >../SHA256SUMS
mv ../SHA256SUMS .
cat SHA256SUMS
