"""The whole graph, for real: pico through Dagster, from the package index to the report, and then again."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories.built_pico import copy_pico
from factories.report_pages import Page

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.errors import UserError
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.plan import make_plan
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import Runtime
from fc_pipeline.formatting import amount
from fc_pipeline.report.facts import cite
from fc_pipeline.track.config import load_tracks, parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

# A takedown trains pico anew, which takes minutes where other tests have the cores.
pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Built:
    """A store in which pico was built, by `fustercluck run pico`."""

    home: Path
    environment: dict[str, str]

    @property
    def store(self) -> Store:
        return Store(self.home)

    def artifact(self, key: str) -> Artifact:
        found = Resolver(pico_graph(), self.store).artifact(key)
        assert found is not None
        return found

    def command(self, *words: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fc_pipeline", *words],
            env=self.environment, cwd=ROOT, input=typed, capture_output=True, text=True, timeout=850,
        )  # fmt: skip


def pico_graph() -> Graph:
    return build_graph([load_tracks()["pico"]])


@pytest.fixture(scope="module")
def built(built_pico: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("pico")
    copy_pico(built_pico, folder)
    environment = os.environ | {"FC_HOME": str(folder / "data"), "DAGSTER_HOME": str(folder / "dagster_home")}
    return Built(folder / "data", environment)


def test_built_verified_and_gated(built: Built) -> None:
    graph = pico_graph()
    for key in graph:
        artifact = built.artifact(key).verify()
        verdicts = artifact.manifest.gates
        assert len(verdicts) == len(graph.gates(key)) and all(verdict["passed"] for verdict in verdicts), verdicts
    assert built.artifact("pico/evals/pretrain_b").metrics["bits_per_byte"] < 2.2
    assert built.command("verify", "--strict").returncode == 0


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
def test_mlflow_run(built: Built) -> None:
    from mlflow import MlflowClient

    stage = built.artifact("pico/stages/pretrain_b")
    client = MlflowClient(f"sqlite:///{built.home}/mlflow/mlflow.db")
    run = client.get_run(stage.manifest.run["mlflow_run_id"])
    assert run.data.tags["fc.data_version"] == stage.digest
    assert run.data.tags["fc.artifact"] == f"{stage.key}/{stage.identity}"
    assert run.data.tags["dagster.run_id"] == stage.manifest.run["tags"]["dagster.run_id"]
    assert run.data.metrics["loss"] > 0


def test_run_again(built: Built) -> None:
    done = built.command("run", "pico")
    assert done.returncode == 0 and "nothing to do" in done.stdout, done.stdout + done.stderr


def test_changed_threshold(built: Built) -> None:
    attributes = read_attributes("pico")
    attributes["corpus"]["dedup"] = {**attributes["corpus"]["dedup"], "jaccard": 0.7}
    graph = build_graph([parse_track("pico", attributes)])
    plan = {item.key: item for item in make_plan(graph, built.store, graph.track("pico"))}
    untouched = {key for key in plan if key.startswith(("sources/", "evalsets/", "images/", "tokenizers/"))}
    untouched |= {"corpus/pico/filtered", "corpus/pico/filter_quality"}
    assert {key for key, item in plan.items() if item.state == "fresh"} == untouched
    assert plan["corpus/pico/deduplicated"].state == "build"
    assert any("jaccard 0.8 -> 0.7" in reason for reason in plan["corpus/pico/deduplicated"].reasons)


def test_failed_gate_stops_export(built: Built, tmp_path: Path) -> None:
    attributes = read_attributes("pico")
    attributes["gates"] = [{"artifact": "evals/multimodal_full", "metric": "bits_per_byte", "max": 0.1}]
    attributes["milestones"] = {}
    graph = build_graph([parse_track("pico", attributes)])
    materialize(graph, built.store, "pico/evals/multimodal_full", Runtime(home=built.home))
    with pytest.raises(UserError, match=r"cannot go on from pico/evals/multimodal_full: gate .*bits_per_byte failed"):
        materialize(graph, built.store, "pico/exports/gguf", Runtime(home=built.home))
    materialize(pico_graph(), built.store, "pico/evals/multimodal_full", Runtime(home=built.home))  # as it was


def test_data_steps_deterministic(built: Built, tmp_path: Path) -> None:
    graph, store = pico_graph(), Store(tmp_path)
    (tmp_path / "cache").symlink_to(built.home / "cache")
    keys = graph.closure(["pico/shards"])
    for key in keys:
        materialize(graph, store, key, Runtime(home=tmp_path, workers=1))
    other = Resolver(graph, store)
    assert {key: other.require(key, for_key="test").digest for key in keys} == {
        key: built.artifact(key).digest for key in keys
    }


def test_chat_and_trace(built: Built) -> None:
    for which in ("huggingface", "gguf"):
        done = built.command("chat", "pico", "--with", which, typed="Returns the number of\n")
        assert done.returncode == 0 and done.stdout.strip(), done.stderr
    traced = built.command("trace", "pico", "King's Indian")
    assert traced.returncode == 0 and "pico_openings" in traced.stdout and "MIT" in traced.stdout


def test_status_and_report(built: Built) -> None:
    status = {
        item["key"]: item["state"] for item in json.loads(built.command("status", "pico", "--json").stdout)["items"]
    }
    assert status == dict.fromkeys(pico_graph(), "built")
    report, evals = built.artifact("pico/report"), built.artifact("pico/evals/multimodal_full")
    page = Page(report.path("report.html").read_text("utf-8"))
    assert page.origins <= {cite(built.artifact(key)) for key in status if key != report.key}
    assert (evals.metrics["bits_per_byte"], cite(evals)) in page.numbers
    for gate in evals.manifest.gates:
        assert [gate["name"], "passed", amount(gate["value"])] in [row[:3] for row in page.rows]
    card = report.path("model_card.md").read_text("utf-8")
    assert f"| all | {amount(evals.metrics['bits_per_byte'])} | {amount(evals.metrics['perplexity'])} |" in card
    assert "BSD-3-Clause" in card and "MIT" in card
    assert f"report: {report.path('report.html')}" in built.command("status", "pico").stdout.splitlines()


def test_drops(built: Built) -> None:
    listed = built.command("drops", "pico")
    assert listed.returncode == 0 and "exact_duplicate" in listed.stdout, listed.stderr
    shown = built.command("drops", "pico", "gopher_short_doc", "--limit", "1")
    assert shown.returncode == 0 and shown.stdout.split("/")[0].startswith("pico_"), shown.stdout + shown.stderr
    refused = built.command("drops", "pico", "nonsense")
    assert refused.returncode == 2 and "the reasons are:" in refused.stderr


def test_takedown(built: Built) -> None:
    """After a takedown only the document's source still holds it."""
    document = next(
        record
        for record in read_records(built.artifact("pico/shards").path("documents.jsonl.zst"))
        if record["split"] == "train" and record["id"].startswith("pico_openings/")
    )["id"]
    texts = read_records(built.artifact("corpus/pico/split").path("train.jsonl.zst"))
    title = next(record["text"] for record in texts if record["id"] == document).split("\n")[0]
    traced = built.command("trace", "pico", title)
    assert traced.returncode == 0 and document in traced.stdout, traced.stdout + traced.stderr
    planned = built.command("takedown", document)
    assert planned.returncode == 0 and "nothing was changed" in planned.stdout, planned.stderr
    assert "pico/shards" in planned.stdout
    half_done = built.home / "pico" / "shards" / ("0" * 16) / "workspace"
    half_done.mkdir(parents=True)
    (half_done / "tokens.bin").write_bytes(b"of a run that was killed, before the takedown")
    done = built.command("takedown", document, "--reason", "asked for by its author", "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"0 artifacts but the sources still hold or have read {document}\n")
    assert not half_done.exists()
    assert built.command("trace", "pico", title).stdout == "0 places in 0 documents\n"
    decided = built.command("trace", "pico", "--document", document)
    assert "dropped as taken_down" in decided.stdout and "pico/stages" not in decided.stdout
