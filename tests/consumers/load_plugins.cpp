// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <cstdio>

// Loads every shared library that is named, all of them before the first call, and calls each.
int main(int argc, char** argv) {
  using Plugin = int (*)(int*);
  constexpr int most = 8;
  // cudaErrorNoKernelImageForDevice: this library was built for a newer device than the one here.
  constexpr int not_for_this_device = 209;
  if (argc < 2 || argc > most) return 2;

  Plugin plugins[most] = {};
  for (int i = 1; i < argc; ++i) {
    // RTLD_GLOBAL lets the first library's symbols stand in for the second's, if any are exported.
    void* library = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) {
      std::printf("%s\n", dlerror());
      return 1;
    }
    plugins[i] = reinterpret_cast<Plugin>(dlsym(library, "plugin_midpoint"));
    if (plugins[i] == nullptr) return 1;
  }
  int bad = 0;
  for (int i = 1; i < argc; ++i) {
    int cuda_error = 0;
    const int plugin_bad = plugins[i](&cuda_error);
    if (cuda_error != not_for_this_device) bad += plugin_bad;
    std::printf("%s: CUDA error %d\n", argv[i], cuda_error);
  }
  return bad;
}
