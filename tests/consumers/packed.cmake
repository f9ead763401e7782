# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# cmake -DCPACK=... -DBUILD=... -DCONFIG=... -DKIND=deb|tgz -DWORK=... -DPREFIX=... -DLIBRARIES=... -P packed.cmake
# Writes packages and unpacks them into an empty directory. The tools must start there, with LIBRARIES for the loader.
set(packages "${WORK}_packages")
file(REMOVE_RECURSE "${packages}" "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
string(TOUPPER "${KIND}" generator)
execute_process(
  COMMAND "${CPACK}" --config "${BUILD}/CPackConfig.cmake" -C "${CONFIG}" -G ${generator} -B "${packages}"
  COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
)
file(GLOB files "${packages}/*.deb" "${packages}/*.tar.gz")
if(NOT files)
  message(FATAL_ERROR "cpack wrote no package")
endif()
foreach(file IN LISTS files)
  set(unpack tar --extract --file "${file}" --strip-components=1 "--directory=${WORK}")
  if(KIND STREQUAL "deb")
    set(unpack dpkg-deb --extract "${file}" "${WORK}")
  endif()
  execute_process(COMMAND ${unpack} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endforeach()
set(ENV{LD_LIBRARY_PATH} "${LIBRARIES}")
file(GLOB tools "${PREFIX}/bin/*" "${PREFIX}/libexec/robocache/*")
foreach(tool IN LISTS tools)
  execute_process(COMMAND "${tool}" --help OUTPUT_QUIET COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endforeach()
