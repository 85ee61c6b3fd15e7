"""The report: every number from an artifact, hostile documents shown as text, the same bytes from the same inputs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories.built_track import DOMAINS, HOSTILE_PROMPT, SCRIPT, Builder, build_track
from factories.report_page import Page, write

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_pipeline.report.facts import gates
from fc_pipeline.report.leaderboard import leaderboard
from fc_pipeline.report.render import fence, visible


def test_hostile_documents_are_text(report: Artifact, page: Page) -> None:
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count(SCRIPT) > len(DOMAINS)
    assert visible(HOSTILE_PROMPT) in page.text
    assert "\x1b" not in page.text and "\u202e" not in page.text
    card = report.path("model_card.md").read_text("utf-8")
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", card, flags=re.DOTALL | re.MULTILINE)
    assert SCRIPT in card and "<script" not in re.sub(r"\\<", "", outside)


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    links = [value or "" for name, value in page.attributes if name in ("src", "href", "xlink:href", "srcset")]
    assert links and all(link.startswith("#") for link in links)


def test_every_number_names_an_artifact_that_exists(build: Builder, page: Page) -> None:
    assert page.origins <= {f"{artifact.key}@{artifact.identity}" for artifact in build.built.values()}
    assert {origin.partition("@")[0] for origin in page.origins} >= {
        "corpus/small/filtered",
        "corpus/small/deduplicated",
        "corpus/small/decontaminated",
        "corpus/small/filter_quality",
        "nano/shards",
        "nano/stages/first",
        "nano/evals/second",
        "nano/exports/gguf",
        "nano/parity",
    }


def test_curves_of_every_stage(page: Page) -> None:
    labels = [value for name, value in page.attributes if name == "aria-label"]
    for title in ("Bits per byte", "Loss", "Learning rate", "Gradient norm", "Throughput"):
        assert labels.count(title) == 2
    assert not [value for _, value in page.attributes if value and "#a1000" in value]


def test_gates_show_margin_and_waiver(build: Builder, page: Page) -> None:
    found = {gate["name"]: gate for gate in gates(build.built.values(), track="nano")}
    assert found["evals/second.bits_per_byte"]["margin"] == pytest.approx(0.1)
    assert found["evals/second.bits_per_byte"]["state"] == "passed"
    assert found["evals/second.unigram_gain"]["state"] == "waived"
    assert found["evals/second.unigram_gain"]["margin"] == pytest.approx(-0.07)
    assert "Waived: small corpus" in page.text and "three seeds, worst + 0.05" in page.text


def test_a_report_shows_its_own_tracks_verdicts_on_a_shared_artifact(build: Builder, page: Page) -> None:
    quality = build.built["corpus/small/filter_quality"]
    assert [verdict["track"] for verdict in quality.manifest.gates] == ["nano", "strict"]
    assert page.text.count("corpus/filter_quality.recall_min") == 1 and "strict: " not in page.text


def test_lineage_names_inputs_and_mlflow_runs(build: Builder, page: Page) -> None:
    for artifact in build.built.values():
        if artifact.key != "nano/report":
            assert artifact.identity in page.text and artifact.digest[:16] in page.text
    assert "run-of-first" in page.text and "run-of-second" in page.text


def test_model_card_front_matter(report: Artifact) -> None:
    text = report.path("model_card.md").read_text("utf-8")
    front = yaml.safe_load(text.split("---\n")[1])
    assert (front["license"], front["datasets"]) == ("cc-by-4.0", ["games"])
    results = front["model-index"][0]["results"]
    assert [result["dataset"]["name"] for result in results][1:] == [f"held-out {domain}" for domain in DOMAINS]
    assert results[0]["metrics"][0] == {"type": "bits_per_byte", "value": 1.5, "name": "Bits per byte"}


def test_contents_depend_on_the_contents_of_the_inputs_alone(tmp_path: Path) -> None:
    reports = []
    for place, seconds in (("one", 3.0), ("two", 3333.0)):
        build = build_track(tmp_path / place, seconds=seconds)
        found = write(build)
        reports.append((found, {e.path: e.sha256 for e in found.manifest.files if e.content}))
    (first, files), (second, others) = reports
    assert files == others and set(files) == {"report.md", "model_card.md", "row.json"}
    assert first.digest == second.digest
    assert first.path("report.html").read_bytes() != second.path("report.html").read_bytes()


def test_a_track_without_evaluation_or_exports_has_a_report(tmp_path: Path) -> None:
    build = build_track(tmp_path)
    few = write(build, ["corpus/small/filtered", "nano/shards"])
    page = Page(few.path("report.html").read_text("utf-8"))
    assert "Held-out quality" not in page.text and "Cost" in page.text
    assert json.loads(few.path("row.json").read_text())["bits_per_byte"] is None
    assert "bits_per_byte" not in few.metrics


def test_leaderboard_ranks_the_reports_of_the_store(tmp_path: Path) -> None:
    build = build_track(tmp_path)
    whole, few = write(build), write(build, ["nano/shards"])
    rows = leaderboard(build.store)
    assert [(row["track"], row["identity"]) for row in rows] == [("nano", whole.identity), ("nano", few.identity)]
    assert rows[0]["bits_per_byte"] == 1.5 and rows[0]["gates"] == {"passed": 3, "waived": 1, "failed": 0}
    assert rows[0]["digests"]["nano/shards"] == build.built["nano/shards"].digest
    (whole.folder / "row.json").write_text("{")
    with pytest.raises(UserError, match="materialize nano/report again"):
        leaderboard(build.store)


def test_a_fence_is_longer_than_any_inside() -> None:
    assert str(fence("a ```` b")) == "`````text\na ```` b\n`````"


def test_markdown_values_stay_in_their_line(report: Artifact) -> None:
    text = report.path("report.md").read_text("utf-8")
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        columns: set[Any] = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block
