# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# cmake -DNVCC=... -DCXX=... -DNM=... -DSOURCES=... -DHEADERS=... -DWORK=... -P plugins.cmake
# Two shared libraries, for different architectures, that both contain the headers, in one process.
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
set(plugins)
foreach(architecture IN ITEMS sm_80 sm_90)
  set(plugin "${WORK}/plugin_${architecture}.so")
  execute_process(
    COMMAND "${NVCC}" -std=c++17 -arch=${architecture} -shared -Xcompiler=-fPIC "-I${HEADERS}" "${SOURCES}/plugin.cu" -o
            "${plugin}" COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
  )
  execute_process(
    COMMAND "${NM}" -DC --defined-only "${plugin}"
    OUTPUT_VARIABLE symbols COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
  )
  string(REGEX MATCHALL "[^\n]*(robocache::[^\n]*([ :](resample|launch_)|OnStream)|_kernel)[^\n]*" exported "${symbols}")
  if(exported)
    list(JOIN exported "\n" exported)
    message(FATAL_ERROR "${plugin} exports launchers or kernels:\n${exported}")
  endif()
  list(APPEND plugins "${plugin}")
endforeach()
execute_process(
  COMMAND "${CXX}" -std=c++17 "${SOURCES}/load_plugins.cpp" -o "${WORK}/load_plugins" -ldl
  COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND "${WORK}/load_plugins" ${plugins} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
