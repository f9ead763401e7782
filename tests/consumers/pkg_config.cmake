# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# cmake -DPKG_CONFIG=... -DDIRECTORY=... -DCOMPILER=... -DFLAGS=... -DSOURCE=... -DWORK=... -P pkg_config.cmake
# An installed package, compiled with what pkg-config says of it, and run.
if(NOT PKG_CONFIG)
  message("Skipped\nno pkg-config on this machine\n[  SKIPPED ]")
  return()
endif()
set(ENV{PKG_CONFIG_LIBDIR} "${DIRECTORY}")
execute_process(
  COMMAND "${PKG_CONFIG}" --cflags --libs robocache
  OUTPUT_VARIABLE said COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
)
separate_arguments(said UNIX_COMMAND "${said}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
file(MAKE_DIRECTORY "${WORK}")
execute_process(
  COMMAND "${COMPILER}" -std=c++17 ${flags} "${SOURCE}" ${said} -o "${WORK}/consumer"
  COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
)
# Where the loader is to look: in the directories that the linker looked in.
set(directories "${said}")
list(FILTER directories INCLUDE REGEX "^-L")
list(TRANSFORM directories REPLACE "^-L" "")
list(JOIN directories ":" directories)
set(ENV{LD_LIBRARY_PATH} "${directories}")
execute_process(COMMAND "${WORK}/consumer" COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
