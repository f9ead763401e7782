# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# robocache_warnings(target): the warnings that the project's own sources are kept free of.
function(robocache_warnings target)
  set(warnings -Wall -Wextra -Wconversion -Wshadow)
  if(ROBOCACHE_WERROR)
    list(APPEND warnings -Werror)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:--Werror all-warnings>")
  endif()
  list(JOIN warnings "," forwarded)
  # Not -Wpedantic for nvcc: the code that it generates is not pedantic. Nor -Wsign-conversion: GCC takes the size of a
  # shared array that depends on a template's argument for a run-time value.
  target_compile_options(
    ${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${warnings};-Wpedantic;-Wsign-conversion>"
                      "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${forwarded}>"
  )
  # Code that nvcc 12 generates makes kernels static, and so ROBOCACHE_HIDDEN void.
  if(ROBOCACHE_WITH_CUDA AND CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wno-attributes>")
  endif()
endfunction()
