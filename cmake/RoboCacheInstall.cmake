# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# Components: `headers` is enough for RoboCache::headers; `library` is the compiled library, `development` what it takes
# to link with it; `tools` are programs.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# robocache_install_tools(destination target...): programs that find a shared library beside them, under any prefix.
function(robocache_install_tools destination)
  file(RELATIVE_PATH libraries "/${destination}" "/${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(${ARGN} PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
  install(TARGETS ${ARGN} RUNTIME DESTINATION "${destination}" COMPONENT tools)
endfunction()

set(package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/RoboCache")
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/include/robocache"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT headers
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.cuh"
)
install(TARGETS robocache_headers EXPORT RoboCacheHeaders)
install(
  TARGETS robocache
  EXPORT RoboCacheLibrary
  ARCHIVE COMPONENT library
  LIBRARY COMPONENT library NAMELINK_COMPONENT development
)
install(
  EXPORT RoboCacheHeaders
  NAMESPACE RoboCache::
  DESTINATION "${package_directory}"
  COMPONENT headers
)
install(
  EXPORT RoboCacheLibrary
  NAMESPACE RoboCache::
  DESTINATION "${package_directory}"
  COMPONENT development
)
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/RoboCacheConfig.cmake.in" "${PROJECT_BINARY_DIR}/RoboCacheConfig.cmake"
  INSTALL_DESTINATION "${package_directory}"
)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/RoboCacheConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/RoboCacheConfig.cmake" "${PROJECT_BINARY_DIR}/RoboCacheConfigVersion.cmake"
  DESTINATION "${package_directory}"
  COMPONENT headers
)

# For pkg-config. CUDA's directories are those of this machine; pkg-config --define-variable gives others.
set(pc_directory "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
string(REGEX REPLACE "[^/]+" ".." pc_prefix "${pc_directory}")
set(pc_cuda "")
if(ROBOCACHE_WITH_CUDA)
  list(GET CUDAToolkit_INCLUDE_DIRS 0 cuda_include)
  set(pc_cuda "cuda_includedir=${cuda_include}\ncuda_libdir=${CUDAToolkit_LIBRARY_DIR}\n")
  set(pc_cflags "-I\${cuda_includedir}")
  set(pc_libs "-L\${cuda_libdir} -lcudart")
  if(ROBOCACHE_NVTX)
    string(APPEND pc_libs " -l${CMAKE_DL_LIBS}")
  endif()
else()
  set(pc_cflags "-DROBOCACHE_NO_CUDA=1")
  set(pc_libs "")
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/robocache.pc.in" "${PROJECT_BINARY_DIR}/robocache.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/robocache.pc" DESTINATION "${pc_directory}" COMPONENT development)
