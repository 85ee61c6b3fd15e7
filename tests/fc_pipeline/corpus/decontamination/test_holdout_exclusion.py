"""A split that takes over the holdout of another: nothing that resembles it is trained on."""

import pytest
from factories.documents import document, ids
from hypothesis import given
from hypothesis import strategies as st

from fc_model.artifacts import Artifact
from fc_pipeline.corpus.config import HoldoutConfig
from fc_pipeline.corpus.dedup.clusters import Ties
from fc_pipeline.corpus.split import split

CONFIG = HoldoutConfig(fraction=0.1, min_documents=1).model_dump(mode="json")
WORDS = ["ash", "bay", "cod", "dew", "elm", "fir", "gum", "hay", "ivy", "jar", "kin", "log", "map", "nut", "oak", "pea"]


def text(number: int, *, changed: int = 0) -> str:
    """Two hundred words by which documents differ; `changed` of them are others."""
    words = [f"{WORDS[(number + place) % 16]}{number * 1000 + place}" for place in range(200)]
    return " ".join([*words[: 200 - changed], *(f"new{place}" for place in range(changed))])


@pytest.fixture
def pipeline(run_step, dedup):
    """pipeline(documents) -> (deduplicated, split), of a corpus of its own, or like an earlier one."""

    def run(documents, like=None) -> tuple[Artifact, Artifact]:
        clean = dedup(documents)
        known = {} if like is None else {"holdout": like[1], "duplicates/a": like[0], "duplicates/b": clean}
        return clean, run_step(split, "corpus/c/split", CONFIG, documents=clean, **known)

    return run


def test_holdout_taken_over(pipeline):
    """The holdout of the earlier split is taken over byte for byte, and none of it is trained on."""
    documents = [document(f"d{number}", text(number)) for number in range(200)]
    first = pipeline(documents)
    held_out = ids(first[1], "holdout")
    fewer = [one for one in documents if one["id"] not in {*held_out[:3], "d0", "d1"}]
    more = [*fewer, *(document(f"e{number}", text(1000 + number)) for number in range(20))]
    second = pipeline(more, like=first)[1]
    assert second.path("holdout.jsonl.zst").read_bytes() == first[1].path("holdout.jsonl.zst").read_bytes()
    assert ids(second, "train") == [one["id"] for one in more if one["id"] not in held_out]
    counters = second.manifest.counters
    assert counters.dropped == {"held_out": len(held_out) - 3}
    assert counters.kept == len(ids(second, "train")) + len(held_out)
    assert second.metrics["holdout_documents"] == len(held_out)


def test_twins_excluded(pipeline):
    """Near-duplicates of the holdout are left out, whichever of the two corpora knows of them."""
    documents = [document(f"d{number}", text(number)) for number in range(100)]
    held_out = ids(pipeline(documents)[1], "holdout")
    one, two, three = (int(name[1:]) for name in held_out[:3])
    twins = [
        document("after", text(one, changed=5)),  # dropped by the first corpus, which keeps the earlier one
        document("related", text(three, changed=40)),  # too different to be dropped, in one cluster with it
    ]
    first = pipeline([*documents, *twins])
    assert "related" in ids(first[1], "holdout") and ids(first[1], "holdout")[:-1] == held_out
    assert "after" not in ids(first[0])

    without = [document for document in documents if document["id"] != f"d{one}"]
    before = document("before", text(two, changed=5))  # the second corpus keeps it and drops what is held out
    clean, second = pipeline([before, *without, *twins], like=first)
    assert {"before", "after", "related"} <= set(ids(clean))
    assert f"d{two}" not in ids(clean)
    assert not {"before", "after", "related"} & set(ids(second, "train"))
    assert ids(second, "train") == [document["id"] for document in without if document["id"] not in held_out]


def test_added_domain(pipeline):
    documents = [document(f"d{number}", text(number)) for number in range(60)]
    first = pipeline(documents)
    second = pipeline([*documents, document("game", text(500), "chess")], like=first)[1]
    assert "game" in ids(second, "train")


@given(pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=25))
def test_ties_transitive(pairs):
    ties = Ties()
    for one, other in pairs:
        ties.tie(str(one), str(other))
    groups = {number: {number} for number in range(13)}
    for one, other in pairs:
        together = groups[one] | groups[other]
        for number in together:
            groups[number] = together
    for one in range(13):
        assert {other for other in range(13) if ties.group(str(other)) == ties.group(str(one))} == groups[one]
