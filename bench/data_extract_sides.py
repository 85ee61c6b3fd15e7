"""One way from files to text, alone in its process: `python -m bench.data_extract_sides SIDE FOLDER`.

Reads FOLDER/<format>/ (and FOLDER/pages.jsonl.zst, the same pages as records), writes FOLDER/SIDE.json: {"documents",
"text_megabytes", "cpu", "wall"}. Imports are not timed. Everyone gets one thread.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench.data_sides import answer

Told = dict[str, Any]
Side = Callable[[Path], Callable[[], Told]]
SMALL_PAGE = "<html><body><article><p>A page to warm up with, long enough to be kept.</p></article></body></html>"
PATIENCE_SECONDS = 30.0
"""For a page, in place of the 0.1 to 1 s of datatrove's blocks, so that no page is lost on a busy machine."""


def told(texts: Iterable[str | None]) -> Told:
    """How many texts are not empty, and their size."""
    sizes = [len(text.encode()) for text in texts if text]
    return {"documents": len(sizes), "text_megabytes": round(sum(sizes) / 1e6, 3)}


def contents(folder: Path, kind: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / kind).iterdir())]


def ours(folder: Path) -> Callable[[], Told]:
    """The whole step of a source with these pages, from files to an artifact; the reader in its sandbox."""
    from bench.data_tokens import build
    from fc_model.artifacts import Store
    from fc_pipeline.sources.catalogue import pin
    from fc_pipeline.sources.fetch import fetch_source
    from fc_pipeline.sources.read_file import read_documents
    from fc_pipeline.sources.sandbox.isolated import isolated
    from fc_pipeline.sources.schema import FileSpec, parse_source

    page = FileSpec(glob="**/*.html", format="html")
    about = {"kind": "local", "name": "bench", "licence": "various", "domain": "science"}
    settings = {**about, "folder": str(folder / "html"), "files": [page.model_dump()]}
    config = pin(parse_source(settings, "bench")).model_dump(mode="json")
    # Starts the child and has it import its parser.
    isolated().call(read_documents, SMALL_PAGE.encode(), spec=page.model_dump())

    def run() -> Told:
        artifact = build(Store(folder / f"store-{os.getpid()}"), "sources/bench", fetch_source, config, {})
        size = artifact.metrics["text_bytes"]
        return {"documents": int(artifact.metrics["documents"]), "text_megabytes": round(size / 1e6, 3)}

    return run


def reader(kind: str) -> Side:
    """Our reader of this format on bytes in memory, as a worker of the step calls it, without a sandbox."""

    def side(folder: Path) -> Callable[[], Told]:
        from fc_pipeline.sources.readers import READERS
        from fc_pipeline.sources.readers.item import Item
        from fc_pipeline.sources.schema import FileSpec

        spec = FileSpec(glob="**", format=kind)  # type: ignore[arg-type]  # one of the formats
        read, files = READERS[kind], contents(folder, kind)
        found = lambda data: [item.text for item in read(data, spec) if isinstance(item, Item)]  # noqa: E731
        found(files[0])
        return lambda: told(text for data in files for text in found(data))

    return side


def resiliparse(folder: Path) -> Callable[[], Told]:
    """Parsing and the extraction of the main content, without our lists, code blocks and titles."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    files = contents(folder, "html")
    return lambda: told(extract_plain_text(HTMLTree.parse_from_bytes(data), main_content=True) for data in files)


def selectolax_parse(folder: Path) -> Callable[[], Told]:
    """Parsing alone and the text of the whole page: what no extraction can beat."""
    from selectolax.lexbor import LexborHTMLParser

    files = contents(folder, "html")
    return lambda: told(LexborHTMLParser(data).text() for data in files)


def trafilatura(folder: Path) -> Callable[[], Told]:
    """The bare library with the settings of datatrove's block."""
    from trafilatura import extract

    extract(SMALL_PAGE)
    texts = [data.decode() for data in contents(folder, "html")]
    return lambda: told(extract(text, favor_precision=True, include_comments=False, deduplicate=True) for text in texts)


def datatrove_trafilatura(folder: Path) -> Callable[[], Told]:
    from datatrove.pipeline.extractors import Trafilatura
    from trafilatura import extract

    extract(SMALL_PAGE)
    return datatrove(folder, Trafilatura(timeout=PATIENCE_SECONDS))


def datatrove_readability(folder: Path) -> Callable[[], Told]:
    """Needs the fork of readability that datatrove names."""
    from datatrove.pipeline.extractors import ReadabilityInscriptis

    block = ReadabilityInscriptis(timeout=PATIENCE_SECONDS)
    block.extract(SMALL_PAGE)
    return datatrove(folder, block)


def datatrove(folder: Path, block: Any) -> Callable[[], Told]:
    """A stock pipeline of reader, extractor (in a process of its own, as there) and writer."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from loguru import logger

    from fc_model.artifacts import read_records

    logger.remove()
    out = folder / f"{type(block).__name__}-{os.getpid()}"

    def run() -> Told:
        reader = JsonlReader(str(folder), glob_pattern="pages.jsonl.zst", compression="zstd")
        writer = JsonlWriter(str(out), output_filename="${rank}.jsonl.zst", compression="zstd")
        LocalPipelineExecutor([reader, block, writer], tasks=1, logging_dir=f"{out}-logs").run()
        return told(record["text"] for record in read_records(out / "00000.jsonl.zst"))

    return run


def docutils(folder: Path) -> Callable[[], Told]:
    """Its parser alone: directives that it does not know are errors in the tree."""
    from docutils.core import publish_doctree

    quiet = {"report_level": 5, "halt_level": 5, "file_insertion_enabled": False, "raw_enabled": False}
    files = [data.decode() for data in contents(folder, "rst")]
    publish_doctree("a", settings_overrides=quiet)
    return lambda: told(publish_doctree(text, settings_overrides=quiet).astext() for text in files)


def nbformat(folder: Path) -> Callable[[], Told]:
    """Parsing and validation, and the cells as they are."""
    import nbformat as library

    files = [data.decode() for data in contents(folder, "ipynb")]
    warnings.simplefilter("ignore")  # of notebooks without ids of cells
    return lambda: told(
        "\n\n".join(cell["source"] for cell in library.reads(text, as_version=4)["cells"]) for text in files
    )


def json_cells(folder: Path) -> Callable[[], Told]:
    """The JSON parser of the standard library and the cells as they are."""
    files = contents(folder, "ipynb")
    return lambda: told("\n\n".join("".join(cell["source"]) for cell in json.loads(data)["cells"]) for data in files)


def ast_docstrings(folder: Path) -> Callable[[], Told]:
    """Python's parser and the docstrings as they are."""
    from bench.corpus import docstrings

    files = contents(folder, "docstrings")
    return lambda: told(docstrings(data) for data in files)


SIDES: dict[str, dict[str, Side]] = {
    "html": {
        "ours": ours,
        "ours_reader": reader("html"),
        "resiliparse": resiliparse,
        "selectolax_parse": selectolax_parse,
        "trafilatura": trafilatura,
        "datatrove_trafilatura": datatrove_trafilatura,
        "datatrove_readability": datatrove_readability,
    },
    "rst": {"ours_rst": reader("rst"), "docutils": docutils},
    "ipynb": {"ours_ipynb": reader("ipynb"), "nbformat": nbformat, "json_cells": json_cells},
    "py": {"ours_py": reader("py")},
    "docstrings": {"ours_docstrings": reader("docstrings"), "ast_docstrings": ast_docstrings},
}
"""By format of the files that they read."""


def main(name: str, folder: str) -> None:
    every = {side: make for sides in SIDES.values() for side, make in sides.items()}
    answer(Path(folder), name, every[name](Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
