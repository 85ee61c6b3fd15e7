"""Every step that goes parallel writes the bytes that it writes on this machine, under the same identity."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories.build import build

from fc_model.artifacts import Artifact, Store
from fc_pipeline.corpus import decontaminate, filter_documents
from fc_pipeline.corpus.config import DecontaminationConfig, DedupConfig, FilterConfig
from fc_pipeline.corpus.dedup import signed_documents
from fc_pipeline.corpus.deduplicate import deduplicate
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.settings import Executor, LocalExecutor
from fc_pipeline.sources import fetch
from fc_pipeline.sources.catalogue import resolve_source

QUESTION = "Which of the seven rivers of the north runs from the lake to the sea in spring"
WORDS = ["water", "air", "mountain", "the", "a", "of", "and", "is", "in", "river", "stone", "high", "sea", "cold"]


@pytest.fixture(autouse=True)
def many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few documents are several tasks. A batch's size must not matter to the bytes either."""
    for module in (filter_documents, decontaminate, signed_documents):
        monkeypatch.setattr(module, "_CHUNK_CHARS", 3000)
    monkeypatch.setattr(fetch, "_CHUNK_BYTES", 3000)


class Machine:
    """A store of its own, whose steps compute with one executor."""

    def __init__(self, home: Path, executor: Executor, tasks_run: list[str]) -> None:
        self._home, self._executor, self._tasks_run = home, executor, tasks_run

    def build(self, key: str, function: Callable[[Step], None], config: dict[str, Any], **inputs: Artifact) -> Artifact:
        def noted(step: Step) -> None:
            function(step)
            self._tasks_run += [path.name for path in step.out.workspace("tasks").glob("*/results/*")]

        return build(Store(self._home), key, noted, config, inputs, workers=1, executor=self._executor)


def sentences(seed: int, count: int = 30) -> str:
    choose = random.Random(seed)
    return " ".join(f"The {' '.join(choose.choices(WORDS, k=9))} {choose.randrange(999)}.\n" for _ in range(count))


def write_files(folder: Path) -> None:
    """Documents of every kind that the steps tell apart: good, short, equal, alike, contaminated, unreadable."""
    folder.mkdir()
    for number in range(40):
        text = f"# Note {number} – äöü 😀\n\n{sentences(number, count=30 if number % 9 else 1)}"
        (folder / f"{number:02}.md").write_text(text)
    (folder / "50.md").write_text((folder / "01.md").read_text())
    (folder / "51.md").write_text((folder / "02.md").read_text() + "One more.")
    (folder / "52.md").write_bytes(b"\xff\xfe broken")
    (folder / "53.md").write_text(f"{sentences(53)} {QUESTION}? {sentences(54)}")


def write_items(step: Step) -> None:
    with step.out.records("items.jsonl.zst") as write:
        write({"id": "rivers/1", "text": QUESTION, "answer": "the third"})
    step.out.counters.read = step.out.counters.kept = 1


def data_half(machine: Machine, folder: Path) -> dict[str, tuple[str, str]]:
    """{key: (identity, digest)} of the steps in a row."""
    source = {"kind": "local", "name": "notes", "licence": "MIT", "domain": "science", "folder": str(folder)}
    source |= {"files": [{"glob": "*.md", "format": "md"}], "max_bad_rate": 0.5}
    config = resolve_source(source).model_dump(mode="json")
    fetched = machine.build("sources/notes", fetch.fetch_source, config)
    settings = FilterConfig().model_dump(mode="json")
    filtered = machine.build("corpus/demo/filtered", filter_documents.filter_documents, settings, notes=fetched)
    settings = DedupConfig().model_dump(mode="json")
    deduplicated = machine.build("corpus/demo/deduplicated", deduplicate, settings, documents=fetched)
    items = machine.build("evalsets/quiz", write_items, {})
    settings = DecontaminationConfig(evalsets=["quiz"]).model_dump(mode="json")
    inputs = {"documents": fetched, "evalsets/quiz": items}
    clean = machine.build("corpus/demo/decontaminated", decontaminate.decontaminate, settings, **inputs)
    assert fetched.manifest.counters.quarantined == 1
    assert filtered.manifest.counters.kept and filtered.manifest.counters.dropped
    assert deduplicated.manifest.counters.dropped == {"exact_duplicate": 1, "near_duplicate": 1}
    assert clean.metrics["contaminated_documents"] == 1
    return {each.key: (each.identity, each.digest) for each in (fetched, filtered, deduplicated, clean)}


def test_the_bytes_are_the_same(cluster, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    write_files(folder)
    here: list[str] = []
    on_cluster: list[str] = []
    local = data_half(Machine(tmp_path / "local", LocalExecutor(), here), folder)
    remote = data_half(Machine(tmp_path / "remote", cluster(batches_per_task=12), on_cluster), folder)
    assert remote == local, json.dumps([local, remote], indent=1)
    assert here == [] and len(on_cluster) >= 6, "the steps were several tasks each"
