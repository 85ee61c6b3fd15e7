"""A sandbox with a folder, a time and an index of this project's own documentation."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fc_model.tools.call import Outcome, run_tool
from fc_model.tools.corpus_search import write_index
from fc_model.tools.sandbox import Sandbox

DOCS = Path(__file__).parents[3] / "docs"
# Anscombe, Graphs in Statistical Analysis, 1973: the first two of his data sets.
ANSCOMBE = """set,x,y
I,10,8.04\nI,8,6.95\nI,13,7.58\nI,9,8.81\nI,11,8.33\nI,14,9.96\nI,6,7.24\nI,4,4.26\nI,12,10.84\nI,7,4.82\nI,5,5.68
II,10,9.14\nII,8,8.14\nII,13,8.74\nII,9,8.77\nII,11,9.26\nII,14,8.10\nII,6,6.13\nII,4,3.10\nII,12,9.13\nII,7,7.26\nII,5,4.74
"""


def fill(folder: Path) -> None:
    (folder / "anscombe.csv").write_text(ANSCOMBE)
    (folder / "notes").mkdir()
    (folder / "notes" / "poem.txt").write_text("Tyger Tyger, burning bright,\nIn the forests of the night;\n")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("tools") / "folder"
    folder.mkdir()
    fill(folder)
    corpus = folder.parent / "corpus.sqlite"
    paths = sorted(DOCS.rglob("*.md"))
    write_index(({"id": str(path.relative_to(DOCS)), "text": path.read_text("utf-8")} for path in paths), corpus)
    now = datetime(2026, 11, 30, 9, 45, tzinfo=UTC)
    with Sandbox(folder=folder, now=now, corpus=corpus) as opened:
        yield opened


@pytest.fixture
def run(sandbox: Sandbox) -> Callable[..., Outcome]:
    """run(tool, **arguments)"""

    def call(tool: str, /, **arguments: Any) -> Outcome:
        return run_tool(tool, json.dumps(arguments), sandbox)

    return call
