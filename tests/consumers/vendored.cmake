# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# cmake -DCOMPILER=... -DFLAGS=... -DSOURCE=... -DHEADERS=... -DWORK=... -P vendored.cmake
# A bare copy of include/robocache, compiled without CMake's knowledge of the project, and run.
if(NOT COMPILER)
  message("Skipped\nno such compiler on this machine\n[  SKIPPED ]")
  return()
endif()
file(REMOVE_RECURSE "${WORK}")
file(COPY "${HEADERS}/robocache" DESTINATION "${WORK}/include")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
execute_process(
  COMMAND "${COMPILER}" -std=c++17 ${flags} "-I${WORK}/include" "${SOURCE}" -o "${WORK}/consumer"
  COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND "${WORK}/consumer" COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
