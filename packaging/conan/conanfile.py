# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Recipe of RoboCache for Conan 2, to be used from a checkout: conan create packaging/conan"""

import pathlib
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class RoboCache(ConanFile):
    name = "robocache"
    description = "Data engine between a robot's recorded sensors and a policy's tensors"
    license = "Apache-2.0"
    author = "The RoboCache Authors"
    topics = ("robotics", "cuda", "resampling", "sensor-fusion", "voxelization")

    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False], "cuda": [True, False]}
    default_options = {"shared": False, "cuda": False}

    def set_version(self):
        header = pathlib.Path(self.recipe_folder, "../../include/robocache/version.hpp").read_text(encoding="utf-8")
        self.version = ".".join(re.findall(r"ROBOCACHE_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))

    def export_sources(self):
        root = pathlib.Path(self.recipe_folder, "../..").resolve()
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 17)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("RoboCache is for Linux")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["ROBOCACHE_CUDA"] = "ON" if self.options.cuda else "OFF"
        for part in ("TESTS", "BENCH", "EXAMPLES"):
            toolchain.cache_variables[f"ROBOCACHE_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, pathlib.Path(self.package_folder, "licenses"))

    def package_info(self):
        # CMake takes the package's own files, which also find CUDA; what follows is for other build systems.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/RoboCache"]
        self.cpp_info.set_property("pkg_config_name", "robocache")
        self.cpp_info.libs = ["robocache"]
        self.cpp_info.system_libs = ["pthread"]
        if not self.options.cuda:
            self.cpp_info.defines = ["ROBOCACHE_NO_CUDA=1"]
