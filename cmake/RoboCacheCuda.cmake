# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# Sets ROBOCACHE_WITH_CUDA; where it is true, enables the language and finds the toolkit.

if(NOT ROBOCACHE_CUDA MATCHES "^(AUTO|ON|OFF|TRUE|FALSE|1|0)$")
  message(FATAL_ERROR "ROBOCACHE_CUDA is '${ROBOCACHE_CUDA}'; it must be AUTO, ON or OFF")
endif()

set(ROBOCACHE_WITH_CUDA ${ROBOCACHE_CUDA})
if(ROBOCACHE_CUDA AND NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  # The toolkit's installer does not put nvcc on the PATH.
  find_program(ROBOCACHE_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  mark_as_advanced(ROBOCACHE_NVCC)
  if(ROBOCACHE_NVCC)
    set(ENV{CUDACXX} "${ROBOCACHE_NVCC}")
    set(robocache_borrowed_environment TRUE)
  endif()
endif()

if(ROBOCACHE_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(ROBOCACHE_WITH_CUDA TRUE)
  else()
    set(ROBOCACHE_WITH_CUDA FALSE)
    message(STATUS "RoboCache: no CUDA compiler, building the CPU paths only")
  endif()
endif()

if(ROBOCACHE_WITH_CUDA)
  # A value given by the user, by CUDAARCHS or by a parent project stands. Ours is no cache entry, so that nobody else
  # inherits it.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
    set(ROBOCACHE_DEFAULT_ARCHITECTURES
        "80-real;90"
        CACHE STRING "CUDA architectures, where neither CMAKE_CUDA_ARCHITECTURES nor a GPU of this machine says which"
    )
    set(CMAKE_CUDA_ARCHITECTURES ${ROBOCACHE_DEFAULT_ARCHITECTURES})
    set(robocache_default_architectures TRUE)
  endif()
  enable_language(CUDA)
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.1)
    message(
      FATAL_ERROR
        "RoboCache needs CUDA 12.1 or newer; ${CMAKE_CUDA_COMPILER} is ${CMAKE_CUDA_COMPILER_VERSION}. "
        "ROBOCACHE_CUDA=OFF builds the CPU paths only."
    )
  endif()
  if(robocache_default_architectures AND CMAKE_CUDA_ARCHITECTURES_NATIVE)
    set(CMAKE_CUDA_ARCHITECTURES native)
  endif()
  message(STATUS "RoboCache: CUDA ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
  find_package(CUDAToolkit 12.1 REQUIRED)
endif()

if(robocache_borrowed_environment)
  unset(ENV{CUDACXX})
endif()
