import pytest
from factories.documents import ids, records
from factories.filter_chains import crawled_filters
from pydantic import ValidationError

from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.filter_documents import filter_documents
from fc_pipeline.corpus.filters import FILTERS, default_filters

GOOD = "The quick brown fox jumps over the lazy dog and then walks to the river with a friend of the family. " * 2
SECRET = GOOD + "AKIA" + "Q7RT" * 4


def config(**fields) -> dict:
    return FilterConfig(**fields).model_dump(mode="json")


def test_kept_and_dropped_by_reason(run_step, corpus) -> None:
    first = corpus({"a": GOOD, "b": "short", "c": SECRET}, key="sources/b")
    second = corpus({"d": GOOD + "\x00"}, key="sources/a")
    artifact = run_step(filter_documents, "corpus/demo/filtered", config(), one=first, two=second)
    assert ids(artifact) == ["d", "a"], "sources in the order of their keys"
    assert records(artifact)[0]["text"] == GOOD.strip(), "without the NUL"
    (short,) = records(artifact, "dropped/too_short")
    assert (short["id"], short["text"], short["reason"]) == ("b", "short", "too_short")
    (secret,) = records(artifact, "dropped/secret_aws_key")
    assert secret["id"] == "c" and secret["text"] == ""
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept) == (4, 2)
    assert counters.dropped == {"too_short": 1, "secret_aws_key": 1}


def test_workers(run_step, corpus, monkeypatch) -> None:
    monkeypatch.setattr("fc_pipeline.corpus.filter_documents._CHUNK_CHARS", 10_000)
    documents = corpus({f"d{i}": GOOD * (i % 10) + str(i) for i in range(100)})
    one = run_step(filter_documents, "corpus/demo/filtered", config(), workers=1, documents=documents)
    two = run_step(filter_documents, "corpus/demo/filtered", config(), workers=2, documents=documents)
    assert one.digest == two.digest and one.identity != two.identity


def test_config_refused() -> None:
    with pytest.raises(ValidationError, match="magic"):
        FilterConfig.model_validate({"filters": [{"kind": "magic"}]})
    with pytest.raises(ValidationError, match="min_char"):
        FilterConfig.model_validate({"filters": [{"kind": "length", "min_char": 3}]})


def test_config_every_filter() -> None:
    config = FilterConfig.model_validate({"filters": [{"kind": kind} for kind in FILTERS]})
    assert [chosen.kind for chosen in config.filters] == list(FILTERS)
    kinds = [chosen.kind for chosen in crawled_filters()]
    assert {*kinds, "perplexity"} == set(FILTERS) and len(kinds) == len(set(kinds))
    assert {chosen.kind for chosen in default_filters()} < set(kinds)
