# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0

# LibLZF as LZF::LZF; its own package file is Debian's alone.
find_path(LZF_INCLUDE_DIR lzf.h PATH_SUFFIXES liblzf)
find_library(LZF_LIBRARY NAMES lzf liblzf)
mark_as_advanced(LZF_INCLUDE_DIR LZF_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LZF REQUIRED_VARS LZF_LIBRARY LZF_INCLUDE_DIR)
if(LZF_FOUND AND NOT TARGET LZF::LZF)
  add_library(LZF::LZF UNKNOWN IMPORTED)
  set_target_properties(
    LZF::LZF PROPERTIES IMPORTED_LOCATION "${LZF_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${LZF_INCLUDE_DIR}"
  )
endif()
