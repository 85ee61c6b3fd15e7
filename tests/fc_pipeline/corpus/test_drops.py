"""Browsing what was dropped, and asking why."""

import json

import pytest

from fc_model.errors import UserError
from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.filter_documents import filter_documents
from fc_pipeline.lineage.cleaning_decisions import decision_lines, drop_lines, reason_lines

GOOD = "The quick brown fox jumps over the lazy dog and then walks to the river with a friend of the family. " * 2
GERMAN = "Der Wald war so dicht, dass kaum Licht auf den Boden fiel, und wir gingen langsam über die Wurzeln.\n" * 3


@pytest.fixture
def artifact(run_step, corpus):
    documents = {"good": GOOD, "mail": GOOD + "Ask jo@nowhere-inc.com or al@nowhere-inc.com.", "german": GERMAN}
    documents |= {f"s{number}": "short" for number in range(30)}
    config = FilterConfig(num_samples=2).model_dump(mode="json")
    return run_step(filter_documents, "corpus/demo/filtered", config, one=corpus(documents))


def test_drop_lines(artifact) -> None:
    *rows, total = [text.split() for _, text in drop_lines([artifact])]
    assert [row[:3] for row in rows] == [
        ["30", "too_short", "corpus/demo/filtered"],
        ["1", "language_de", "corpus/demo/filtered"],
    ]
    assert total == ["31", "documents", "dropped"]
    report = json.loads(artifact.path("drops.json").read_text("utf-8"))
    assert list(report) == ["too_short", "language_de"] and len(report["too_short"]["samples"]) == 2
    assert report["too_short"]["samples"][0].keys() == {"id", "source", "excerpt"}
    assert {sample["excerpt"] for sample in report["too_short"]["samples"]} == {"short"}
    assert (report["too_short"]["filter"], report["too_short"]["bytes"]) == ("length", 150)
    assert report["too_short"]["by_source"] == {"demo": 30} and report["too_short"]["by_domain"] == {"science": 30}


def test_reason_lines(artifact) -> None:
    def ids(limit: int) -> list[str]:
        return [text for style, text in reason_lines([artifact], "too_short", limit=limit) if style]

    assert ids(3) == ["s0", "s1", "s2"] and len(ids(99)) == 30
    assert ("", GERMAN.strip()) in reason_lines([artifact], "language_de", limit=1)
    with pytest.raises(UserError, match="'too_long'; the reasons are: language_de, too_short"):
        reason_lines([artifact], "too_long", limit=1)


@pytest.mark.parametrize(
    ("document", "decision"),
    [
        ("s7", "dropped as too_short by length {'domains': None, 'kind': 'length', 'min_chars': 100"),
        ("good", "kept"),
        ("mail", "kept, edited: pii {'email': 2}"),
    ],
)
def test_decision_lines(artifact, document: str, decision: str) -> None:
    ((_, line),) = decision_lines([artifact], document)
    assert line.startswith(f"corpus/demo/filtered  {decision}")
    assert decision_lines([artifact], "nobody") == []
