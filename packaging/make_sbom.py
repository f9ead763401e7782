# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""Bills of materials of a build directory, in CycloneDX and SPDX, valid by both formats' own rules.

    make_sbom.py BUILD OUTPUT    writes OUTPUT.cdx.json and OUTPUT.spdx.json

What the build took is what its compilers read and what its programs load: the dependency files beside the objects, which
make keeps and Ninja does not, and the loader's list. Names and versions are those of the Debian packages that own these
files, of the CUDA toolkit, and of archives that the build downloaded. A file that belongs to none of them is an error.
"""

import argparse
import collections
import datetime
import os
import pathlib
import re
import shlex
import subprocess
import sys
import uuid

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_supported_id
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.common.spdx_licensing import spdx_licensing
from spdx_tools.spdx.model import (Actor, ActorType, Checksum, ChecksumAlgorithm, CreationInfo, Document,
                                   ExternalPackageRef, ExternalPackageRefCategory, Package, Relationship,
                                   RelationshipType, SpdxNoAssertion)
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.writer.json import json_writer

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PARTS = {"src": "library", "examples": "tools", "bench": "benchmarks", "tests": "tests"}
# Debian's names of licences that SPDX has another name for.
LICENCES = {"Expat": "MIT", "BSD-3-clause": "BSD-3-Clause", "BSD-2-clause": "BSD-2-Clause"}

Material = collections.namedtuple("Material", "name version licence purl sha256", defaults=(None, None, None))


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def files_read(directory):
    """What the compilers read for the objects below a directory."""
    for depfile in directory.rglob("*.o.d"):
        rule = depfile.read_text().replace("\\\n", " ").partition(": ")[2]
        yield from shlex.split(rule)


def files_loaded(directory):
    """What the loader takes for the programs and libraries below a directory."""
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink() and "CMakeFiles" not in path.parts:
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield from re.findall(r"(?:=> |^\s+)(/\S+) \(", output_of("ldd", str(path)), re.MULTILINE)


def spellings(path):
    """dpkg knows a file by the name that its package gave it, which may be with or without /usr, and of a link."""
    for name in (path, os.path.realpath(path)):
        yield name
        yield name[4:] if name.startswith("/usr/") else "/usr" + name


def debian_owners(paths):
    names = {name: path for path in paths for name in spellings(path)}
    owners = {}
    for line in output_of("dpkg-query", "--search", *names).splitlines():
        packages, _, name = line.rpartition(": ")
        if name in names:
            owners[names[name]] = packages.split(", ")[0]
    return owners


def debian_material(package):
    fields = output_of("dpkg-query", "--show", "--showformat", "${Package}\n${Version}\n${Architecture}", package)
    name, version, architecture = fields.split("\n")
    text = pathlib.Path(f"/usr/share/doc/{name}/copyright").read_text(errors="replace")
    licence = re.search(r"^Files: *\*\n(?:.+\n)*?License: *(\S+)$", text, re.MULTILINE)
    licence = licence and LICENCES.get(licence[1], licence[1])
    purl = PackageURL("deb", "debian", name, version, {"arch": architecture})
    return Material(name, version, licence if licence and is_supported_id(licence) else None, purl)


def fetched_material(name):
    """A release that RoboCacheDependencies.cmake names and pins."""
    text = (SOURCE / "cmake/RoboCacheDependencies.cmake").read_text()
    pinned = re.search(rf"^  ({name})\n  URL (\S+)\n  URL_HASH SHA256=(\w+)$", text, re.MULTILINE | re.IGNORECASE)
    name, url, sha256 = pinned.groups()
    version = re.search(r"/v([\d.]+\d)", url)[1]
    purl = PackageURL("generic", None, name, version, {"download_url": url, "checksum": f"sha256:{sha256}"})
    return Material(name, version, None, purl, sha256)


class Toolkit:
    """The CUDA toolkit, where the build has one."""

    def __init__(self, build):
        text = "".join(path.read_text() for path in build.glob("CMakeFiles/*/CMakeCUDACompiler.cmake"))
        settings = dict(re.findall(r'^set\((\w+) "(.*)"\)$', text, re.MULTILINE))
        self.version = settings.get("CMAKE_CUDA_COMPILER_VERSION")
        self.root = self.version and os.path.realpath(settings["CMAKE_CUDA_COMPILER_TOOLKIT_ROOT"]) + "/"

    def material(self, path):
        real = os.path.realpath(path)
        if not self.version or not real.startswith(self.root):
            return None
        # CUB, Thrust and libcu++ have a version of their own, and since CUDA 13 a directory.
        root = re.match(r"(.*/include(?:/cccl)?)/(?:cub|thrust|cuda|nv)/", real)
        header = root and pathlib.Path(root[1], "cub/version.cuh")
        if not header or not header.exists():
            purl = PackageURL("generic", "nvidia", "cuda-toolkit", self.version)
            return Material("cuda-toolkit", self.version, None, purl)
        number = int(re.search(r"#define CUB_VERSION (\d+)", header.read_text())[1])
        version = f"{number // 100000}.{number // 100 % 1000}.{number % 100}"
        return Material("cccl", version, None, PackageURL("generic", "nvidia", "cccl", version))


def materials(build):
    """By part of the project, what it was built from."""
    files = {}
    for directory, part in PARTS.items():
        read = {os.path.normpath(path) for path in files_read(build / directory)}
        if read:
            files[part] = read.union(files_loaded(build / directory))
    if not files:
        sys.exit(f"{build} has no dependency files: it is not built, or by another generator than make")
    fetched = re.compile(rf"{re.escape(str(build))}/_deps/([^/]+)-(?:src|build)/")
    toolkit, found = Toolkit(build), {}
    strange = set()
    for path in set().union(*files.values()):
        if name := fetched.match(path):
            found[path] = fetched_material(name[1])
        elif path.startswith((f"{build}/", f"{SOURCE}/")):
            found[path] = None
        else:
            strange.add(path)
    owners = debian_owners(strange)
    packages = {package: debian_material(package) for package in set(owners.values())}
    for path in strange:
        found[path] = packages[owners[path]] if path in owners else toolkit.material(path)
        if found[path] is None:
            sys.exit(f"{path}: from no package that is known here")
    return {part: sorted({found[path] for path in paths} - {None}) for part, paths in files.items()}


def cyclonedx(project, parts, created):
    def component(material, kind, **more):
        licences = [DisjunctiveLicense(id=material.licence)] if material.licence else []
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=material.sha256)] if material.sha256 else []
        return Component(name=material.name, version=material.version, type=kind, bom_ref=str(material.purl),
                         purl=material.purl, licenses=licences, hashes=hashes, **more)

    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, repr((project, sorted(parts.items())))))
    bom.metadata.timestamp = created
    root = bom.metadata.component = component(project, ComponentType.LIBRARY)
    shipped = {material for part, inputs in parts.items() if part != "tests" for material in inputs}
    inputs = {material: component(material, ComponentType.LIBRARY,
                                  scope=ComponentScope.REQUIRED if material in shipped else ComponentScope.EXCLUDED)
              for material in set().union(*parts.values())}
    bom.components.update(inputs.values())
    for part, needs in parts.items():
        node = component(part_of(project, part),
                         ComponentType.LIBRARY if part == "library" else ComponentType.APPLICATION,
                         scope=ComponentScope.EXCLUDED if part == "tests" else ComponentScope.REQUIRED)
        bom.components.add(node)
        bom.register_dependency(root, [node])
        bom.register_dependency(node, [inputs[material] for material in needs])
    return JsonV1Dot6(bom).output_as_string(indent=2)


def spdx(project, parts, created):
    identifiers = {}

    def package(material):
        identifier = "SPDXRef-" + re.sub(r"[^\w.-]", "-", material.name).replace("_", "-")
        identifiers[material] = identifier
        licence = spdx_licensing.parse(material.licence) if material.licence else SpdxNoAssertion()
        return Package(
            identifier, material.name, material.purl.qualifiers.get("download_url", SpdxNoAssertion()),
            version=material.version, files_analyzed=False, license_declared=licence,
            checksums=[Checksum(ChecksumAlgorithm.SHA256, material.sha256)] if material.sha256 else [],
            external_references=[
                ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", str(material.purl))])

    own = {part: part_of(project, part) for part in parts}
    packages = [package(material) for material in [project, *own.values(), *sorted(set().union(*parts.values()))]]
    relationships = [Relationship("SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, identifiers[project])]
    for part, needs in parts.items():
        node = identifiers[own[part]]
        relationships.append(Relationship(identifiers[project], RelationshipType.CONTAINS, node))
        relationships += [Relationship(node, RelationshipType.DEPENDS_ON, identifiers[material]) for material in needs]
    name = f"{project.name}-{project.version}"
    number = uuid.uuid5(uuid.NAMESPACE_URL, repr((project, sorted(parts.items()))))
    information = CreationInfo("SPDX-2.3", "SPDXRef-DOCUMENT", name, f"urn:uuid:{number}",
                               [Actor(ActorType.TOOL, "packaging/make_sbom.py")], created)
    return Document(information, packages, relationships=relationships)


def part_of(project, part):
    return project._replace(name=f"{project.name}-{part}", purl=project.purl._replace(subpath=part))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("output")
    arguments = parser.parse_args()
    build = arguments.build.resolve()

    facts = dict(re.findall(r"^(\w+): (.*)$", (build / "robocache.pc").read_text(), re.MULTILINE))
    purl = PackageURL("generic", None, "robocache", facts["Version"])
    project = Material("robocache", facts["Version"], facts["License"], purl)
    parts = materials(build)
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    created = datetime.datetime.fromtimestamp(int(seconds) if seconds else int(datetime.datetime.now().timestamp()),
                                              datetime.timezone.utc)

    text = cyclonedx(project, parts, created)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"CycloneDX: {error}")
    pathlib.Path(arguments.output + ".cdx.json").write_text(text + "\n")

    # SPDX's times have no zone in this tool.
    path = arguments.output + ".spdx.json"
    json_writer.write_document_to_file(spdx(project, parts, created.replace(tzinfo=None)), path)
    if errors := validate_full_spdx_document(parse_file(path)):
        sys.exit("\n".join(f"SPDX: {error.validation_message}" for error in errors))

    for part, needs in parts.items():
        print(f"{part}: " + ", ".join(f"{material.name} {material.version}" for material in needs))


if __name__ == "__main__":
    main()
