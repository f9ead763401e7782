# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the project of the consumer tests against the Conan package."""

import pathlib

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class RoboCacheTest(ConanFile):
    settings = "os", "compiler", "build_type", "arch"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder="../../../tests/consumers/package_cxx")
        cmake.build()

    def test(self):
        if can_run(self):
            self.run(pathlib.Path(self.cpp.build.bindir, "consumer"), env="conanrun")
