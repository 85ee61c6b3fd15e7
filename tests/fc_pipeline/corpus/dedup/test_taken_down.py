"""A document that is taken down goes with all its copies, wherever they stand."""

import random

import pytest
from factories.documents import ids, records
from factories.near_texts import random_text, true_jaccard, vary

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_pipeline.corpus.config import DedupConfig


def verdicts(artifact: Artifact) -> dict[str, str]:
    reasons = {record["id"]: record["reason"] for record in records(artifact, "duplicates")}
    return dict.fromkeys(ids(artifact), "kept") | reasons


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


def test_takedown_with_copies(dedup) -> None:
    """Copies before and after the document go with it, and their texts are written nowhere."""
    artifact = dedup({"brief": "Too SHORT for a shingle", **family()}, removed=["x", "short", "of another dump"])
    copies = {"copy": "x", "upper": "x", "again": "x", "brief": "short"}
    others = dict.fromkeys(("relative", "copy_of_copy", "stranger"), "kept")
    reasons = dict.fromkeys(("x", "short"), "taken_down") | dict.fromkeys(copies, "taken_down_copy")
    assert verdicts(artifact) == reasons | others
    for reason in ("taken_down", "taken_down_copy"):
        for record in records(artifact, f"dropped/{reason}"):
            assert record["text"] == "" and record["duplicate_of"] == copies.get(record["id"])
    assert artifact.metrics["taken_down"] == 6
    assert artifact.manifest.counters.dropped == {"taken_down": 2, "taken_down_copy": 4}


def test_takedown_later_dumps(dedup) -> None:
    texts = family()
    rng = random.Random(2)
    first = dedup({"x": texts["x"], "stranger": texts["stranger"]}, removed=["x"])
    second = dedup({"new": random_text(rng)}, {"1": first}, removed=["x"])
    later = {f"later/{name}": text for name, text in texts.items()}
    third = dedup(later, {"1": first, "2": second}, removed=["x"])
    assert verdicts(third) == {
        **dict.fromkeys(("later/x", "later/copy", "later/upper", "later/again"), "taken_down_copy"),
        **dict.fromkeys(("later/relative", "later/copy_of_copy", "later/short"), "kept"),
        "later/stranger": "exact_duplicate",
    }
    (record, *_) = records(third, "dropped/taken_down_copy")
    assert (record["duplicate_of"], record["dump"]) == ("x", "1")


@pytest.mark.parametrize("name", ["copy", "upper"])
def test_takedown_copy_in_earlier_dump(dedup, name: str) -> None:
    texts = family()
    old, new = {name: texts[name]}, {"x": texts["x"]}
    first = dedup(old, removed=["x"])
    with pytest.raises(UserError, match=f"x is taken down, but dump 1 keeps its copy {name}; add that id to `removed`"):
        dedup(new, {"1": first}, removed=["x"])
    first = dedup(old, removed=["x", name])
    assert verdicts(dedup(new, {"1": first}, removed=["x", name])) == {"x": "taken_down"}


def test_takedown_list_order() -> None:
    assert DedupConfig(removed=["b", "a", "b"]) == DedupConfig(removed=["a", "b"]) != DedupConfig()
