# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/RoboCache")
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/include/robocache"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.cuh"
)
install(TARGETS robocache_headers robocache EXPORT RoboCacheTargets)
install(
  EXPORT RoboCacheTargets
  NAMESPACE RoboCache::
  DESTINATION "${package_directory}"
)
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/RoboCacheConfig.cmake.in" "${PROJECT_BINARY_DIR}/RoboCacheConfig.cmake"
  INSTALL_DESTINATION "${package_directory}"
)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/RoboCacheConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/RoboCacheConfig.cmake" "${PROJECT_BINARY_DIR}/RoboCacheConfigVersion.cmake"
  DESTINATION "${package_directory}"
)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
