"""Filtering documents: megabytes a CPU second beside datatrove's own pipeline, and whether both keep the same.

    python -m bench.data_filters [--megabytes 6] [--rounds 3] [--sides ...]

Texts are the docstrings of installed packages; agreement is also that on the labelled cases of all filters, about half
of which are to be dropped. `ours_whole` is nano's whole chain as its step runs it; `ours_gopher` is the part of it that
datatrove has too, which is compared: quality and repetition after Gopher, with nano's thresholds. Stock datatrove needs
spaCy for English words; `datatrove_regex` splits them as we do, so it must keep the same documents.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.corpus import documents
from bench.data_filters_sides import DOCUMENTS, SIDES
from bench.data_sides import Race, race
from bench.timing import report
from fc_model.artifacts.records import RecordWriter
from fc_pipeline.experiments.graph import project_graph
from fc_pipeline.text import filters

STEP = "corpus/packages/filtered"
ABOUT = {"source": "bench", "domain": "data", "licence": "various", "meta": {}}


def main(argv: list[str] | None = None) -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=6.0, help="of docstrings of installed packages")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sides", nargs="*", default=list(SIDES), choices=list(SIDES))
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.sides, megabytes=arguments.megabytes, rounds=arguments.rounds)


def measure(folder: Path, names: list[str], *, megabytes: float, rounds: int) -> None:
    """Run the sides in turn on the docstrings, once on the labelled cases, and print one line."""
    records = list(docstrings(megabytes * 1e6))
    size = sum(len(record["text"].encode()) for record in records) / 1e6
    found = race("bench.data_filters_sides", names, laid_out(folder / "docstrings", records), rounds=rounds)
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


def docstrings(num_bytes: float) -> Iterator[dict[str, Any]]:
    """Documents until there are enough bytes."""
    for name, text in documents():
        if num_bytes <= 0:
            break
        num_bytes -= len(text.encode())
        yield {"id": name, "text": text, **ABOUT}


def labelled_cases() -> Iterator[dict[str, Any]]:
    """The cases of every filter."""
    for path in sorted((Path(filters.__file__).parent / "fixtures").glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            yield {"id": f"{path.stem}/{number}", "text": json.loads(line)["text"], **ABOUT}


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
