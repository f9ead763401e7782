# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation site, which docs/build_site.sh makes.

Its source is the whole project, so that links between the documents are those that a repository view follows. Files
that are no documents are copied into the site where a document links to them.
"""

import pathlib
import re
import shutil

ROOT = pathlib.Path(__file__).resolve().parent.parent

project = "RoboCache"
copyright = "2026 The RoboCache Authors"
release = ".".join(re.findall(r"VERSION_\w+ (\d+)", (ROOT / "include/robocache/version.hpp").read_text()))

extensions = ["breathe", "myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "bench/README.md", "bench/results/**", "examples/README.md",
                    "packaging/README.md"]
primary_domain = "cpp"
highlight_language = "none"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # those of a repository view

breathe_projects = {"RoboCache": str(ROOT / "build/doxygen/xml")}
breathe_default_project = "RoboCache"
breathe_default_members = ("members", "undoc-members")
breathe_show_include = False
toc_object_entries_show_parents = "hide"

# Of a header, in this order: arguments come before the calls that take them.
SECTIONS = ("briefdescription detaileddescription enum typedef innerclass public-type public-attrib "
            "public-static-attrib public-func public-static-func var func define")

html_theme = "furo"
html_title = f"RoboCache {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False


def show_site_blocks(app, docname, source):
    """What only the site can show, such as the reference, is in comments `<!-- site ... -->` of the documents."""
    text = re.sub(r"<!-- site\n(.*?)\n-->", r"\n\1\n", source[0], flags=re.DOTALL)
    source[0] = re.sub(r"^:::\{doxygenfile\}.*$", rf"\g<0>\n:sections: {SECTIONS}", text, flags=re.MULTILINE)


def add_index(app, exception):
    """The first page is README.md, and the site's address is that of its folder."""
    if exception is None and app.builder.name == "html":
        shutil.copy(pathlib.Path(app.outdir) / "README.html", pathlib.Path(app.outdir) / "index.html")


def setup(app):
    app.connect("source-read", show_site_blocks)
    app.connect("build-finished", add_index)
