# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# What tests, benchmarks and examples need: an installed package where there is one, otherwise a release pinned by hash.
include(FetchContent)

FetchContent_Declare(
  googletest
  URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz
  URL_HASH SHA256=8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7
  SYSTEM
  FIND_PACKAGE_ARGS NAMES GTest
)
FetchContent_Declare(
  benchmark
  URL https://github.com/google/benchmark/archive/refs/tags/v1.8.3.tar.gz
  URL_HASH SHA256=6bc180a57d23d4d9515519f92b0c83d61b05b5bab188961f36ac7b06b0d9e9ce
  SYSTEM
  FIND_PACKAGE_ARGS NAMES benchmark
)
FetchContent_Declare(
  CLI11
  URL https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
  URL_HASH SHA256=f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a
  SYSTEM
  FIND_PACKAGE_ARGS NAMES CLI11
)
FetchContent_Declare(
  nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
  URL_HASH SHA256=d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d
  SYSTEM
  FIND_PACKAGE_ARGS NAMES nlohmann_json
)

# robocache_dependency(name): makes it available to the calling directory; a fetched one is neither tested nor installed
# with RoboCache. A macro, since find_package's results belong to the caller.
macro(robocache_dependency name)
  block()
    set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
    set(BUILD_SHARED_LIBS OFF)
    set(INSTALL_GTEST OFF)
    set(BENCHMARK_ENABLE_INSTALL OFF)
    set(BENCHMARK_ENABLE_TESTING OFF)
    set(CLI11_INSTALL OFF)
    set(CLI11_BUILD_TESTS OFF)
    set(CLI11_BUILD_EXAMPLES OFF)
    set(CLI11_BUILD_DOCS OFF)
    set(JSON_BuildTests OFF)
    set(JSON_Install OFF)
    FetchContent_MakeAvailable(${name})
  endblock()
endmacro()
