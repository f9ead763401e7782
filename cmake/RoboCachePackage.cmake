# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# What cpack writes: a .tar.gz of everything, and Debian packages of the library, of what it takes to build with it, and
# of the tools. A static library is part of the second.

set(package_of_headers librobocache-dev)
set(package_of_tools robocache-tools)
get_target_property(library_type robocache TYPE)
if(library_type STREQUAL "SHARED_LIBRARY")
  get_target_property(soversion robocache SOVERSION)
  set(package_of_library librobocache${soversion})
else()
  set(package_of_library ${package_of_headers})
endif()

# Where Debian looks for it. What is in `development` says nothing without the others.
get_cmake_property(components COMPONENTS)
foreach(component IN ITEMS headers library tools)
  if(component IN_LIST components)
    install(
      FILES "${PROJECT_SOURCE_DIR}/LICENSE"
      DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${package_of_${component}}"
      RENAME copyright
      COMPONENT ${component}
    )
  endif()
endforeach()
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

set(CPACK_PACKAGE_NAME robocache)
set(CPACK_PACKAGE_VENDOR "The RoboCache Authors")
set(CPACK_PACKAGE_CONTACT "The RoboCache Authors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
string(TOLOWER "robocache-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" CPACK_PACKAGE_FILE_NAME)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENT_HEADERS_GROUP dev)
set(CPACK_COMPONENT_DEVELOPMENT_GROUP dev)
if(ROBOCACHE_WITH_CUDA)
  list(JOIN CMAKE_CUDA_ARCHITECTURES ", " architectures)
  set(built "Built with CUDA ${CUDAToolkit_VERSION}, for the architectures ${architectures}.")
else()
  set(built "Built without CUDA: the CPU paths alone.")
endif()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME ${package_of_headers})
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_DESCRIPTION "What it takes to build programs with it, by CMake or with pkg-config. ${built}")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME ${package_of_tools})
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION science)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS python3-matplotlib)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "Programs. ${built}")
if(package_of_library STREQUAL package_of_headers)
  set(CPACK_COMPONENT_LIBRARY_GROUP dev)
else()
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${package_of_library})
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "The shared library. ${built}")
  set(same_library "${package_of_library} (= ${PROJECT_VERSION})")
  set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${same_library}")
  set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${same_library}")
endif()

# Dependencies on the packages of other libraries, where Debian's tools are there to find them. Those of CUDA's runtime
# are found where it was installed as a package.
find_program(ROBOCACHE_SHLIBDEPS dpkg-shlibdeps)
find_program(ROBOCACHE_FILE file)
mark_as_advanced(ROBOCACHE_SHLIBDEPS ROBOCACHE_FILE)
if(ROBOCACHE_SHLIBDEPS AND ROBOCACHE_FILE)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/src")
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
endif()

include(CPack)
