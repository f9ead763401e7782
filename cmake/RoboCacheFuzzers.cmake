# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# Everything that is built from here on tells libFuzzer which code an input reaches, and stops at what the address and
# undefined-behaviour sanitizers find.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "ROBOCACHE_BUILD_FUZZERS needs clang, for libFuzzer: CMAKE_CXX_COMPILER is ${CMAKE_CXX_COMPILER}")
endif()
if(ROBOCACHE_WITH_CUDA)
  message(FATAL_ERROR "ROBOCACHE_BUILD_FUZZERS is about the CPU paths: set ROBOCACHE_CUDA=OFF")
endif()
set(sanitizers address,undefined,float-cast-overflow)
add_compile_options(-fsanitize=fuzzer-no-link,${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
add_link_options(-fsanitize=${sanitizers})
