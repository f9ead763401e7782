# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# cmake -DCOMPILER=... -DHEADERS=... -DFLAG=... -P fast_math.cmake
# What the compiler says of a flag of fast-math is refused.
execute_process(
  COMMAND "${COMPILER}" -std=c++17 ${FLAG} -fsyntax-only "-I${HEADERS}" -x c++ "${HEADERS}/robocache/config.hpp"
  RESULT_VARIABLE result ERROR_VARIABLE errors COMMAND_ECHO STDOUT
)
if(result EQUAL 0)
  message(FATAL_ERROR "${FLAG} is not refused")
elseif(NOT errors MATCHES "RoboCache does not support")
  message(FATAL_ERROR "${FLAG} fails for another reason:\n${errors}")
endif()
