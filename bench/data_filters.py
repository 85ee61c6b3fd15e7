"""Filtering documents: megabytes a CPU second beside datatrove's own pipeline, and whether both keep the same.

    python -m bench.data_filters [--megabytes 6] [--rounds 3] [--sides ...]

Texts are documents of nano's prose sources, as its step `filtered` gets them; agreement is also that on the labelled
cases of all filters, about half of which are to be dropped. `ours_whole` is nano's whole chain as its step runs it;
`ours_gopher` is the part of it that datatrove has too, which is compared: quality and repetition after Gopher, with
nano's thresholds. Stock datatrove needs spaCy for English words; `datatrove_regex` splits them as we do, so it must
keep the same documents.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.data_filters_sides import DOCUMENTS, SIDES
from bench.data_pages import by_hash, content
from bench.data_sides import Race, race
from bench.timing import report
from fc_model.artifacts.records import RecordWriter
from fc_pipeline.corpus import filters
from fc_pipeline.experiments.graph import project_graph
from fc_pipeline.paths import fc_home
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.sources.fetch import files_of
from fc_pipeline.sources.read_file import read_file
from fc_pipeline.sources.readers.item import Item

STEP = "corpus/packages/filtered"
SOURCES = ("wikipedia_vital", "scikit_learn_docs", "scipy_docstrings", "holoviews_notebooks")


def main(argv: list[str] | None = None) -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=6.0, help="of text")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sources", nargs="+", default=SOURCES, help="of the catalogue; equal shares of text")
    parser.add_argument("--sides", nargs="*", default=list(SIDES), choices=list(SIDES))
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        records = list(documents(arguments.sources, fc_home(), num_bytes=arguments.megabytes * 1e6))
        measure(Path(folder), arguments.sides, records, rounds=arguments.rounds)


def measure(folder: Path, names: list[str], records: list[dict[str, Any]], *, rounds: int) -> None:
    """Run the sides in turn on the documents, once on the labelled cases, and print one line."""
    size = sum(len(record["text"].encode()) for record in records) / 1e6
    found = race("bench.data_filters_sides", names, laid_out(folder / "documents", records), rounds=rounds)
    cases = list(labelled_cases())
    judged = race("bench.data_filters_sides", names, laid_out(folder / "cases", cases), rounds=1)
    report(
        bench="data_filters",
        megabytes=round(size, 2),
        documents=len(records),
        results=found.rates(size),
        **found.over("ours_gopher", ("datatrove", "datatrove_regex")),
        agreement=agreement(found, num_documents=len(records)),
        labelled_cases={
            "documents": len(cases),
            "kept": {name: runs[0]["kept"] for name, runs in judged.runs.items()},
            "agreement": agreement(judged, num_documents=len(cases)),
        },
        missing=found.missing,
    )


def laid_out(folder: Path, records: list[dict[str, Any]]) -> Path:
    """What every side reads: the documents, and nano's settings of its filters."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(project_graph()[STEP].config), "utf-8")
    with (folder / DOCUMENTS).open("wb") as file:
        write = RecordWriter(file)
        for record in records:
            write(record)
        write.close()
    return folder


def documents(names: Iterable[str], home: Path, *, num_bytes: float) -> Iterator[dict[str, Any]]:
    """Documents of the sources, read from files that are drawn by the hash of their path; as much text of each."""
    names = list(names)
    for name in names:
        source = resolve_source(name)
        left = num_bytes / len(names)
        for file in by_hash(files_of(source, home)):
            for item in read_file(content(file), file.spec, source.limits, where=file.path):
                if isinstance(item, Item) and left > 0:
                    left -= len(item.text.encode())
                    about = {"source": name, "domain": source.domain, "licence": source.licence, "meta": {}}
                    yield {"id": f"{name}/{file.path}#{item.key}", "text": item.text, **about}
            if left <= 0:
                break


def labelled_cases() -> Iterator[dict[str, Any]]:
    """The cases of every filter."""
    for path in sorted((Path(filters.__file__).parent / "fixtures").glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            about = {"source": "cases", "domain": "data", "licence": "various", "meta": {}}
            yield {"id": f"{path.stem}/{number}", "text": json.loads(line)["text"], **about}


def agreement(found: Race, *, num_documents: int) -> dict[str, float]:
    """Share of the documents that each other side judges as `ours_gopher` does."""
    kept = {name: set(runs[0]["kept_ids"]) for name, runs in found.runs.items()}
    return {
        name: round(1 - len(kept["ours_gopher"] ^ others) / num_documents, 5)
        for name, others in kept.items()
        if name.startswith("datatrove") and "ours_gopher" in kept
    }


if __name__ == "__main__":
    main()
