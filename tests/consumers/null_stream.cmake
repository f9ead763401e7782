# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# cmake -DCOMPILER=... -DHEADERS=... -DTOOLKIT=... -DSOURCE=... -DOPERATOR=... -DARGUMENTS=... -P null_stream.cmake
# Leaving the stream out by accident must not compile.
set(compile "${COMPILER}" -std=c++17 -fsyntax-only "-I${HEADERS}" "-I${TOOLKIT}" -DOPERATOR=${OPERATOR}
            -DARGUMENTS=${ARGUMENTS} "${SOURCE}"
)
execute_process(COMMAND ${compile} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
foreach(stream IN ITEMS nullptr "{}")
  execute_process(
    COMMAND ${compile} "-DSTREAM=${stream}"
    RESULT_VARIABLE result ERROR_VARIABLE errors COMMAND_ECHO STDOUT
  )
  if(result EQUAL 0)
    message(FATAL_ERROR "${OPERATOR}(args, ${stream}) compiles")
  elseif(NOT errors MATCHES "deleted|ambiguous")
    message(FATAL_ERROR "${OPERATOR}(args, ${stream}) fails for another reason:\n${errors}")
  endif()
endforeach()
