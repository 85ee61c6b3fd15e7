import pytest
from factories.documents import document, records

from fc_model.errors import UserError
from fc_pipeline.corpus.config import HoldoutConfig
from fc_pipeline.corpus.split import Cluster, choose_holdout, split


def config(**fields) -> dict:
    return HoldoutConfig(**fields).model_dump(mode="json")


def documents() -> list[dict]:
    """Clusters of one to four documents in two domains."""
    made = []
    for number in range(2000):
        domain = "code" if number % 10 == 0 else "science"
        cluster = f"{domain}-{number // 40 if number % 4 == 0 else number}"
        made.append(document(f"d{number}", f"text {number}", domain, cluster=cluster))
    return made


def test_split_sides_and_order(run_step, corpus) -> None:
    """In the order of the input, and no cluster is on both sides."""
    made = documents()
    artifact = run_step(split, "corpus/demo/split", config(), documents=corpus(made))
    sides = {name: records(artifact, name) for name in ("train", "holdout")}
    for side in sides.values():
        chosen = {record["id"] for record in side}
        assert side == [document for document in made if document["id"] in chosen]
    clusters = [{record["meta"]["cluster"] for record in side} for side in sides.values()]
    assert clusters[0].isdisjoint(clusters[1])
    assert 0.01 < len(sides["holdout"]) / 2000 < 0.04
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.dropped) == (2000, 2000, {})
    assert artifact.metrics["train_documents"] == len(sides["train"]) == 2000 - len(sides["holdout"])
    assert artifact.metrics["holdout_documents_code"] >= 8


def test_holdout_stable() -> None:
    clusters = [Cluster(f"c{number}", "science", 1) for number in range(5000)]
    settings = HoldoutConfig()
    before = choose_holdout(clusters[:4000], settings)
    after = choose_holdout(clusters, settings)
    assert before == {name for name in after if int(name[1:]) < 4000}


def test_holdout_seed_and_fraction() -> None:
    clusters = [Cluster(f"c{number}", "science", 1) for number in range(20_000)]
    first = choose_holdout(clusters, HoldoutConfig(seed=0))
    second = choose_holdout(clusters, HoldoutConfig(seed=1))
    assert len(first) / 20_000 == pytest.approx(0.02, abs=0.004)
    assert len(first & second) < 40


def test_holdout_small_domain() -> None:
    clusters = [Cluster(f"c{number}", "chess", 1) for number in range(100)]
    assert len(choose_holdout(clusters, HoldoutConfig(min_documents=8))) == 8
    few = [Cluster(f"c{number}", "chess", 1) for number in range(5)]
    assert len(choose_holdout(few, HoldoutConfig(min_documents=8))) == 2


def test_holdout_huge_cluster() -> None:
    clusters = [Cluster("huge", "chess", 90), *(Cluster(f"c{number}", "chess", 1) for number in range(10))]
    for seed in range(10):
        assert "huge" not in choose_holdout(clusters, HoldoutConfig(seed=seed, fraction=0.5))


def test_split_domain_too_small(run_step, corpus) -> None:
    records = [*documents(), document("only", "one", "chess", cluster="only")]
    with pytest.raises(UserError, match=r"domain chess has too few documents to split \(1\); add a source"):
        run_step(split, "corpus/demo/split", config(), documents=corpus(records))
