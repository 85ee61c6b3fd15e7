"""Browsing what was dropped, and asking why."""

import pytest

from fc_model.errors import UserError
from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.drops import browse_drops, drop_report, why_dropped
from fc_pipeline.corpus.filter_documents import filter_documents

GOOD = "The quick brown fox jumps over the lazy dog and then walks to the river with a friend of the family. " * 2
GERMAN = "Der Wald war so dicht, dass kaum Licht auf den Boden fiel, und wir gingen langsam über die Wurzeln.\n" * 3


@pytest.fixture
def artifact(run_step, corpus):
    documents = {"good": GOOD, "mail": GOOD + "Ask jo@nowhere-inc.com or al@nowhere-inc.com.", "german": GERMAN}
    documents |= {f"s{number}": "short" for number in range(30)}
    config = FilterConfig(num_samples=2).model_dump(mode="json")
    return run_step(filter_documents, "corpus/demo/filtered", config, one=corpus(documents))


def test_reasons_come_with_their_filter_and_counts_most_first(artifact) -> None:
    rows = list(browse_drops(artifact))
    assert [(row["reason"], row["filter"], row["documents"]) for row in rows] == [
        ("too_short", "length", 30),
        ("language_de", "language", 1),
    ]
    assert rows[0]["by_source"] == {"demo": 30} and rows[0]["by_domain"] == {"science": 30}
    assert rows[0]["bytes"] == 150 and "samples" not in rows[0]


def test_documents_of_a_reason_up_to_a_limit(artifact) -> None:
    assert [record["id"] for record in browse_drops(artifact, "too_short", limit=3)] == ["s0", "s1", "s2"]
    assert len(list(browse_drops(artifact, "too_short", limit=99))) == 30
    (german,) = browse_drops(artifact, "language_de")
    assert german["text"] == GERMAN.strip() and german["filter"] == "language"
    assert len(drop_report(artifact)["too_short"]["samples"]) == 2


def test_an_unknown_reason_names_those_that_there_are(artifact) -> None:
    with pytest.raises(UserError, match="'too_long'; reasons there are: too_short, language_de"):
        list(browse_drops(artifact, "too_long"))


def test_why_a_document_was_dropped_or_kept(artifact) -> None:
    dropped = why_dropped(artifact, "s7")
    assert (dropped["kept"], dropped["filter"], dropped["reason"]) == (False, "length", "too_short")
    assert dropped["settings"][0]["min_chars"] == 100
    assert why_dropped(artifact, "good") == {"id": "good", "kept": True, "edits": {}}
    assert why_dropped(artifact, "mail")["edits"] == {"pii": {"email": 2}}
    with pytest.raises(UserError, match="never read a document 'nobody'"):
        why_dropped(artifact, "nobody")
