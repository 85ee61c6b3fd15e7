"""A document that is taken down goes with all its copies, wherever they stand."""

import random
from typing import Any

import pytest
from factories.near_texts import random_text, true_jaccard, vary

from fc_model.artifacts import Artifact, read_records
from fc_model.errors import UserError
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.deduplicate import deduplicate

KEY = "corpus/demo/deduplicated"


def config(**fields: Any) -> dict[str, Any]:
    return DedupConfig(**fields).model_dump(mode="json")


def verdicts(artifact: Artifact) -> dict[str, str]:
    found = {record["id"]: "kept" for record in read_records(artifact.path("documents.jsonl.zst"))}
    return found | {record["id"]: record["reason"] for record in read_records(artifact.path("duplicates.jsonl.zst"))}


def family() -> dict[str, str]:
    """x, copies in front of and behind it, a relative below the threshold, a copy of a copy, and a stranger."""
    rng = random.Random(1)
    x = random_text(rng)
    copy = vary(x, 0.85, rng)
    texts = {
        "copy": copy,
        "upper": x.upper(),
        "x": x,
        "again": x,
        "relative": vary(x, 0.6, rng),
        "copy_of_copy": vary(copy, 0.85, rng),
        "stranger": random_text(rng),
        "short": "too short for a shingle",
    }
    assert true_jaccard(x, texts["copy_of_copy"]) < 0.8
    return texts


def test_copies_go_before_and_after_and_their_texts_are_not_published(run_step, corpus) -> None:
    chosen = config(removed=["x", "of another dump"])
    artifact = run_step(deduplicate, KEY, chosen, documents=corpus(family()))
    copies = dict.fromkeys(("copy", "upper", "again"), "taken_down_copy")
    others = dict.fromkeys(("relative", "copy_of_copy", "stranger", "short"), "kept")
    assert verdicts(artifact) == {"x": "taken_down", **copies, **others}
    for reason in ("taken_down", "taken_down_copy"):
        for record in read_records(artifact.path(f"dropped/{reason}.jsonl.zst")):
            assert record["text"] == "" and record["duplicate_of"] == (None if reason == "taken_down" else "x")
    assert artifact.metrics["taken_down"] == 4
    assert artifact.manifest.counters.dropped == {"taken_down": 1, "taken_down_copy": 3}


def test_without_a_takedown_the_same_documents_are_duplicates(run_step, corpus) -> None:
    artifact = run_step(deduplicate, KEY, config(), documents=corpus(family()))
    assert verdicts(artifact)["x"] == "near_duplicate" and artifact.metrics["taken_down"] == 0
    assert verdicts(artifact)["copy"] == "kept"


def test_a_short_document_and_its_exact_copies_go(run_step, corpus) -> None:
    texts = {"one": "Too SHORT for a shingle", **family()}
    artifact = run_step(deduplicate, KEY, config(removed=["short"]), documents=corpus(texts))
    assert verdicts(artifact)["short"] == "taken_down" and verdicts(artifact)["one"] == "taken_down_copy"


def test_copies_in_later_dumps_go_too(run_step, corpus) -> None:
    texts = family()
    rng = random.Random(2)
    chosen = config(removed=["x"])
    first = run_step(deduplicate, KEY, chosen, documents=corpus({"x": texts["x"], "stranger": texts["stranger"]}))
    second = run_step(
        deduplicate, KEY, chosen, documents=corpus({"new": random_text(rng)}, key="sources/2"), **{"before/1": first}
    )
    later = {f"later/{name}": text for name, text in texts.items()}
    third = run_step(
        deduplicate,
        KEY,
        chosen,
        documents=corpus(later, key="sources/3"),
        **{"before/1": first, "before/2": second},
    )
    assert verdicts(third) == {
        **dict.fromkeys(("later/x", "later/copy", "later/upper", "later/again"), "taken_down_copy"),
        **dict.fromkeys(("later/relative", "later/copy_of_copy", "later/short"), "kept"),
        "later/stranger": "exact_duplicate",
    }
    (record, *_) = read_records(third.path("dropped/taken_down_copy.jsonl.zst"))
    assert (record["duplicate_of"], record["dump"]) == ("x", "1")


@pytest.mark.parametrize("name", ["copy", "upper"])
def test_a_copy_that_an_earlier_dump_keeps_is_named(run_step, corpus, name: str) -> None:
    texts = family()
    old = corpus({name: texts[name]})
    first = run_step(deduplicate, KEY, config(removed=["x"]), documents=old)
    new = corpus({"x": texts["x"]}, key="sources/2")
    with pytest.raises(UserError, match=f"x is taken down, but dump 1 keeps its copy {name}; add that id to `removed`"):
        run_step(deduplicate, KEY, config(removed=["x"]), documents=new, **{"before/1": first})
    both = config(removed=["x", name])
    first = run_step(deduplicate, KEY, both, documents=old)
    second = run_step(deduplicate, KEY, both, documents=new, **{"before/1": first})
    assert verdicts(second) == {"x": "taken_down"}


def test_the_order_of_the_list_does_not_matter() -> None:
    assert config(removed=["b", "a", "b"]) == config(removed=["a", "b"]) != config()
