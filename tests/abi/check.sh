#!/usr/bin/env bash
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# What a program that links the compiled library depends on: the functions marked ROBOCACHE_API and the layout of every
# type that they reach. Templates and inline functions of the headers are compiled into the program, and are not seen.
#
#   tests/abi/check.sh [LIBRARY...]    against tests/abi/interface.abixml; each shared library exports just these functions
#   tests/abi/check.sh --against REF   against the headers of another commit
#   tests/abi/check.sh --update        makes interface.abixml anew: for a version that may change the interface

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly baseline=tests/abi/interface.abixml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of the standard library's types only the size counts, which their owners carry.
cat >"$work/suppressions" <<'EOF'
[suppress_type]
  name_regexp = ^(std|__gnu_cxx|__cxxabiv1)::
  drop = true
EOF

# interface NAME INCLUDE: the declared functions, with nothing in them, as a shared library. So it takes a second, and
# needs no CUDA toolkit for the overloads on a stream.
interface() {
  {
    echo '#include <robocache/robocache.hpp>'
    echo ROBOCACHE_NAMESPACE_BEGIN
    grep -rh '^ROBOCACHE_API ' "$2" | sort | sed -E 's/^ROBOCACHE_API (.*);$/\1 { return {}; }/'
    echo ROBOCACHE_NAMESPACE_END
  } >"$work/$1.cpp"
  g++ -std=c++17 -g -fPIC -shared -fvisibility=hidden -I "$2" -I tests/doc_snippets/stand_in \
    -o "$work/$1.so" "$work/$1.cpp"
}
functions() { nm -D --defined-only "$1" | sed -nE 's/^[0-9a-f]+ T (_ZN9robocache.*)$/\1/p' | sort; }
compare() { abidiff --suppressions "$work/suppressions" "$1" "$work/now.so"; }

interface now include
case ${1:-} in
  --update)
    abidw --exported-interfaces-only --suppressions "$work/suppressions" --no-comp-dir-path --no-corpus-path \
      --no-show-locs --no-parameter-names --no-elf-needed --out-file "$baseline" "$work/now.so"
    sed -i "s|$work/||" "$baseline"
    ;;
  --against)
    mkdir "$work/past"
    git archive "$2" include | tar -x -C "$work/past"
    interface past "$work/past/include"
    compare "$work/past.so"
    ;;
  *)
    compare "$baseline"
    for library in "$@"; do
      functions "$library" >"$work/exported"
      # Built without CUDA it has no overloads on a stream.
      grep -q CUstream_st "$work/exported" && absent='^$' || absent=CUstream_st
      functions "$work/now.so" | grep -v "$absent" | diff - "$work/exported"
    done
    ;;
esac
echo "the interface of $(functions "$work/now.so" | wc -l) functions is as expected"
