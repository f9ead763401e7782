// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

#include "device_facts.hpp"

#include <robocache/version.hpp>

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <fstream>

namespace robocache_bench {
namespace {

std::string driver_version() {
  std::ifstream driver("/proc/driver/nvidia/version");
  for (std::string word; driver >> word;) {
    const bool is_number = word.find_first_not_of("0123456789.") == std::string::npos;
    if (is_number && word.find('.') != std::string::npos) return word;
  }
  return {};
}

}  // namespace

int device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

std::vector<std::pair<std::string, std::string>> device_facts() {
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&facts](const char* key, const std::string& value) { facts.emplace_back(key, value); };
  const char* commit = std::getenv("ROBOCACHE_COMMIT");  // flawfinder: ignore: a text to print
  add("commit", commit != nullptr ? commit : "unknown");
  add("robocache_version", std::to_string(ROBOCACHE_VERSION_MAJOR) + "." + std::to_string(ROBOCACHE_VERSION_MINOR) +
                               "." + std::to_string(ROBOCACHE_VERSION_PATCH));
  add("cuda_toolkit", std::to_string(CUDART_VERSION));
  if (device_count() == 0) return facts;
  int number = 0;
  if (cudaRuntimeGetVersion(&number) == cudaSuccess) add("cuda_runtime", std::to_string(number));
  if (cudaDriverGetVersion(&number) == cudaSuccess) add("cuda_driver_api", std::to_string(number));
  if (const std::string driver = driver_version(); !driver.empty()) add("driver", driver);
  int device = 0;
  cudaDeviceProp properties;
  if (cudaGetDevice(&device) != cudaSuccess || cudaGetDeviceProperties(&properties, device) != cudaSuccess) {
    return facts;
  }
  add("gpu", properties.name);
  add("compute_capability", std::to_string(properties.major) + "." + std::to_string(properties.minor));
  add("memory_bytes", std::to_string(properties.totalGlobalMem));
  const auto add_attribute = [&](const char* key, cudaDeviceAttr attribute) {
    if (cudaDeviceGetAttribute(&number, attribute, device) == cudaSuccess) add(key, std::to_string(number));
  };
  add_attribute("ecc", cudaDevAttrEccEnabled);
  add_attribute("sms", cudaDevAttrMultiProcessorCount);
  add_attribute("l2_bytes", cudaDevAttrL2CacheSize);
  add_attribute("sm_clock_khz_max", cudaDevAttrClockRate);
  add_attribute("memory_clock_khz_max", cudaDevAttrMemoryClockRate);
  return facts;
}

}  // namespace robocache_bench
