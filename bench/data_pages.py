"""Files to extract text from: web pages of package documentation, and files of the catalogue's sources.

All come through the code that a source's step reads its files by: downloaded once into FC_HOME's cache, checked
against the pinned checksum, unpacked in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.files import File
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.sources.fetch import files_of
from fc_pipeline.sources.schema import FileSpec, parse_source

MAX_PAGE_BYTES = 256 << 10
"""Larger pages are rare on the web, and not in documentation: tables of a whole library's functions."""

SITES: tuple[dict[str, Any], ...] = (
    {
        "name": "sqlalchemy_site",
        "project": "SQLAlchemy",
        "version": "2.0.58",
        "file": "sqlalchemy-2.0.58.tar.gz",
        "sha256": "2acdcec9836b7c1514a9ad426e7731669a1186d96481a2e82c50bf2aebb49061",
        "licence": "MIT",
        "files": [{"glob": "*/doc/**/*.html", "format": "html"}],
    },
    {
        "name": "lxml_site",
        "project": "lxml",
        "version": "6.1.3",
        "file": "lxml-6.1.3.tar.gz",
        "sha256": "45222d94ddd511536f3b2f7d9deae3b2339b4ce0f075f1ca25703b07cad9dd21",
        "licence": "BSD-3-Clause",
        "files": [{"glob": "*/doc/html/**/*.html", "format": "html"}],
    },
)
"""Documentation as it stands on the web, with navigation, search and footer: 248 pages, 15 MB."""

SOURCES = {
    "rst": ("scikit_learn_docs", "astropy_docs", "sympy_docs"),
    "ipynb": ("holoviews_notebooks",),
    "py": ("numpy_code", "torch_code"),
    "docstrings": ("pandas_docstrings", "scipy_docstrings"),
}
"""By format the sources of nano that have most of it."""


def pages(home: Path, *, num_bytes: float) -> dict[str, bytes]:
    """Web pages by path, drawn by the hash of it until there are enough bytes."""
    sites = [parse_source({"kind": "pypi", "domain": "code", **site}, f"bench/{site['name']}") for site in SITES]
    found = (file for site in sites for file in files_of(site, home))
    return _drawn((file for file in found if len(content(file)) <= MAX_PAGE_BYTES), num_bytes)


def raw_files(home: Path, kind: str, *, num_bytes: float) -> dict[str, bytes]:
    """Files of this format by path, drawn by the hash of it until there are enough bytes."""
    found = (file for name in SOURCES[kind] for file in files_of(resolve_source(name), home))
    return _drawn((file for file in found if file.spec.format == kind), num_bytes)


def content(file: File[FileSpec]) -> bytes:
    assert isinstance(file.content, bytes), "the sources that are named here hold no tables"
    return file.content


def by_hash(found: Iterable[File[FileSpec]]) -> list[File[FileSpec]]:
    """The files in an order that has nothing to do with their place in the package."""
    return sorted(found, key=lambda file: hashlib.sha256(file.path.encode()).digest())


def _drawn(found: Iterable[File[FileSpec]], num_bytes: float) -> dict[str, bytes]:
    taken: dict[str, bytes] = {}
    for file in by_hash(found):
        if num_bytes <= 0:
            break
        taken[file.path] = content(file)
        num_bytes -= len(content(file))
    return taken
