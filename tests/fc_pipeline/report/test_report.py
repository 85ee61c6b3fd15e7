"""The report: every number from an artifact, hostile documents shown as text, the same bytes from the same inputs."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories.built_track import DOMAINS, HOSTILE_PROMPT, SCRIPT, Builder
from factories.report_pages import Page, write
from huggingface_hub import ModelCard

from fc_model.artifacts import Artifact, Store
from fc_model.errors import UserError
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.step import Step
from fc_pipeline.formatting import amount
from fc_pipeline.report.facts import cite, gates
from fc_pipeline.report.leaderboard import leaderboard
from fc_pipeline.report.pages import report_page
from fc_pipeline.report.render import fence, visible
from fc_pipeline.report.write import card


def test_hostile_documents(report: Artifact, page: Page) -> None:
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count(SCRIPT) > len(DOMAINS)
    assert visible(HOSTILE_PROMPT) in page.text
    assert "\x1b" not in page.text and "\u202e" not in page.text
    card = report.path("model_card.md").read_text("utf-8")
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", card, flags=re.DOTALL | re.MULTILINE)
    assert SCRIPT in card and "<script" not in re.sub(r"\\<", "", outside)


def test_no_external_links(page: Page) -> None:
    links = [value or "" for name, value in page.attributes if name in ("src", "href", "xlink:href", "srcset")]
    assert links and all(link.startswith("#") for link in links)


def assert_every_number_has_its_source(page: Page, artifacts: Iterable[Artifact]) -> None:
    """Every number that a reader sees stands in an element that names its source, which a link leads to."""
    assert page.unsourced == []
    known = {cite(artifact) for artifact in artifacts}
    assert page.links.keys() <= known and page.links.keys() <= page.origins
    assert {link.removeprefix("#") for link in page.links.values()} | page.derived <= page.ids
    listed = {"@".join(row[1:3]) for row in page.rows}
    assert page.origins <= known | listed


def test_numbers_have_sources(track: Builder, page: Page) -> None:
    assert_every_number_has_its_source(page, track.built.values())
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


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<p>loss 0.32</p>", 1),
        ("<td>94%</td>", 1),
        ("<p>from 3 seeds, 1,234 documents</p>", 1),
        ("<p>int8, gguf_q8_0, recall@1, GPT-2, f16</p>", 0),
        ('<p data-artifact="a@b">0.32 <b>1</b></p><p data-setting="lr">0.1</p>', 0),
    ],
)
def test_a_number_without_a_source_is_seen(text: str, seen: int) -> None:
    page = Page(f"<table><tr>{text}</tr></table>" if "<td>" in text else text)
    assert len(page.unsourced) == seen


def numbers_in(value: Any) -> Iterator[float]:
    """Every number in what a JSON file holds."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(part)
    elif isinstance(value, int | float):
        yield float(value)


def test_numbers_equal_artifacts(track: Builder, page: Page) -> None:
    """Each cited number stands in a JSON file of its artifact, but for a few that are calculated."""
    quality = track.built["corpus/small/filter_quality"]
    files = {cite(artifact): artifact.folder.glob("*.json") for artifact in track.built.values()}
    held = {name: set(numbers_in([json.loads(path.read_text()) for path in paths])) for name, paths in files.items()}
    calculated = {
        (origin.partition("@")[0], round(value, 4)) for value, origin in page.numbers if value not in held[origin]
    }
    shares = {("nano/shards", share) for share in (0.1667, 0.2, 0.3, 0.3333, 0.5, -3.33, 3.33, 0.0)}
    sums = {("nano/stages/second", 2 * 819_200.0), ("nano/evals/second", round(1 - 1.5 / 3.2, 4))}
    margins = {(gate["artifact"].key, round(gate["margin"], 4)) for gate in gates(track.built.values(), track="nano")}
    misses = [row["misses"] for row in json.loads(quality.path("filter_quality.json").read_text("utf-8")).values()]
    counts = {(quality.key, float(len(missed))) for missed in misses}
    assert calculated <= shares | sums | margins | counts | {("corpus/small/decontaminated", 0.8333)}


def test_curves(page: Page) -> None:
    labels = [value for name, value in page.attributes if name == "aria-label"]
    for title in ("Bits per byte", "Loss", "Learning rate", "Gradient norm", "Throughput"):
        assert labels.count(title) == 2
    assert not [value for _, value in page.attributes if value and "#a1000" in value]


def test_gates(track: Builder, page: Page, report: Artifact) -> None:
    """Verdict, value, bounds and margin as the manifests have them, with the artifact that the value is from."""
    keys = ("nano/evals/second", "nano/parity", "corpus/small/filter_quality")
    last, parity, quality = (track.built[key] for key in keys)
    recall = quality.metrics["recall_min"]
    expected = {
        "evals/second.bits_per_byte": ["passed", "1.5", "–", "1.6", "0.1"],
        "evals/second.unigram_gain": ["waived", "0.53", "0.6", "–", "-0.07"],
        "parity.gguf_q8_0_kl": ["passed", amount(0.11 / 900), "–", "0.01", amount(0.01 - 0.11 / 900)],
        "corpus/filter_quality.recall_min": ["passed", amount(recall), "0.5", "–", amount(recall - 0.5)],
    }
    text = report.path("report.md").read_text("utf-8").replace("\\", "")
    for name, cells in expected.items():
        (row,) = [row for row in page.rows if row[0] == name]
        assert row[1:6] == cells and f"| {name} | {' | '.join(cells)} |" in text
    for value, artifact in ((1.5, last), (0.53, last), (0.11 / 900, parity), (recall, quality)):
        assert (value, cite(artifact)) in page.numbers
    assert "Waived, Ada Lovelace: small corpus" in page.text and "three seeds, worst + 0.05" in page.text
    assert "Waiver not needed, Ada Lovelace: in case" in page.text and "| not needed, Ada Lovelace: in case |" in text


def test_milestones(page: Page, report: Artifact) -> None:
    """The decision on each, with every figure, who waived it, and what waited; the same in all files."""
    rows = [row for row in page.rows if row[0] in ("M2", "M6")]
    assert [row[:3] for row in rows] == [
        ["M2", "go by waiver", "Text is learnt on 2B tokens."],
        ["M6", "go", "It runs elsewhere."],
    ]
    assert "evals/second.unigram_gain 0.53, at least 0.6 waived by Ada Lovelace: small corpus" in rows[0][3]
    assert [row[4] for row in rows] == ["exports/gguf, exports/huggingface", "report"]
    table = report.path("milestones.md").read_text("utf-8")
    assert "at least 0.6, waived by Ada Lovelace: small corpus" in table
    for name in ("report.md", "model_card.md"):
        assert table.strip() in report.path(name).read_text("utf-8")
    assert report_page(report) == {"milestones": table}


def test_five_figures_first(track: Builder, report: Artifact) -> None:
    """Each with the artifact that it is from and a sentence of what it means, before anything else; in Markdown too."""
    last, parity, stage = (track.built[key] for key in ("nano/evals/second", "nano/parity", "nano/stages/second"))
    html = report.path("report.html").read_text("utf-8")
    figures = re.findall(
        r'<div class="tile"><b><a [^>]*data-artifact="([^"]*)" data-value="([^"]*)".*?<p[^>]*>(.*?)</p>', html
    )
    assert [(origin, float(value)) for origin, value, _ in figures] == [
        (cite(last), 1.5),
        (cite(last), 1 - 1.5 / 3.2),
        (cite(parity), 1 - 0.011),
        (cite(stage), 12_345),
        (cite(stage), 2 * 819_200),
    ]
    assert all(meaning.endswith(".") for *_, meaning in figures)
    assert html.index("tile") < html.index('id="changes"') < html.index("<details")
    for name in ("report.md", "model_card.md"):
        text = report.path(name).read_text("utf-8")
        assert text.index("| held-out bits per byte | 1.5 |") < text.index("\n## ")


def test_verdict_first(track: Builder, report: Artifact, page: Page, tmp_path: Path) -> None:
    """What was waived is no pass; a failure is named."""
    assert "3 of 4 gates passed; waived: evals/second.unigram_gain" in " ".join(page.text.split())
    assert "**3 of 4 gates passed**" in report.path("model_card.md").read_text("utf-8")
    failed = Builder(tmp_path)
    for key, artifact in track.built.items():
        verdicts = [verdict | {"passed": False, "waived": None} for verdict in artifact.manifest.gates]
        failed.built[key] = Artifact(artifact.folder, replace(artifact.manifest, gates=verdicts))
    text = Page(write(failed).path("report.html").read_text("utf-8")).text
    assert "Failed: 4 of 4 gates (corpus/filter_quality.recall_min, " in " ".join(text.split())


def test_changes(track: Builder, page: Page, tmp_path: Path) -> None:
    """Which artifacts are new, other or gone since the report before, and which metrics moved; gates first."""
    assert "This is the first report" in page.text
    later = Builder(tmp_path)
    shutil.copytree(track.store.root, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("report"))
    later.built |= {key: artifact for key, artifact in track.built.items() if key != "nano/exports/gguf"}
    before, old = write(later), track.built["nano/evals/second"]

    def evaluate(step: Step) -> None:
        step.out.write_text("metrics.json", old.path("metrics.json").read_text("utf-8"))
        with step.out.records("samples.jsonl.zst"):
            pass
        step.out.metrics |= {"bits_per_byte": 1.25, "repetition_4": 0.25, "tokens_per_second": 1.0}

    gate = Gate(artifact="evals/second", metric="bits_per_byte", max=1.6)
    first = later("nano/evals/second", evaluate, config={"again": 1}, gates=(gate,))
    later.built["nano/exports/gguf"] = track.built["nano/exports/gguf"]
    del later.built["nano/exports/huggingface"]
    now = Page(write(later).path("report.html").read_text("utf-8"))
    said = " ".join(now.text.split())
    assert "1 new artifact, 1 built again (0 with the same bytes), 1 no longer part of it, " in said
    assert ["bits_per_byte (gate)", "nano/evals/second", "1.5", "1.25", "-0.25"] in now.rows
    assert ["repetition_4", "nano/evals/second", "–", "0.25", "new"] in now.rows
    assert ["unigram_gain", "nano/evals/second", "0.53", "–", "gone"] in now.rows
    assert not [row for row in now.rows if row[0].startswith("tokens_per_second")]
    assert (1.5, cite(old)) in now.numbers and (1.25, cite(first)) in now.numbers
    assert ["nano/evals/second", old.identity, first.identity, "other bytes"] in now.rows
    assert_every_number_has_its_source(now, [*later.built.values(), old, before])


def test_gates_of_other_tracks(track: Builder, page: Page) -> None:
    quality = track.built["corpus/small/filter_quality"]
    assert [verdict["track"] for verdict in quality.manifest.gates] == ["nano", "strict"]
    assert page.text.count("corpus/filter_quality.recall_min") == 1 and "strict: " not in page.text


def test_lineage(track: Builder, page: Page) -> None:
    for artifact in track.built.values():
        assert artifact.identity in page.text and artifact.digest[:16] in page.text
    assert "run-of-first" in page.text and "run-of-second" in page.text


def test_model_card_front_matter(report: Artifact) -> None:
    text = report.path("model_card.md").read_text("utf-8")
    front = yaml.safe_load(text.split("---\n")[1])
    assert (front["license"], front["datasets"]) == ("cc-by-4.0", ["games"])
    results = front["model-index"][0]["results"]
    assert [result["dataset"]["config"] for result in results] == ["all", *DOMAINS, "arc_easy", "gsm8k"]
    figures = ModelCard(text).data.eval_results  # the hub's own reader joins what it takes for one data set
    assert [(one.dataset_config, one.metric_value) for one in figures] == [
        (result["dataset"]["config"], figure["value"]) for result in results for figure in result["metrics"]
    ]
    assert [figure["value"] for figure in results[0]["metrics"]] == [1.5, 2**1.4]
    assert f"| all | 1.5 | {amount(2**1.4)} |" in text


@pytest.mark.parametrize(
    ("licences", "front"),
    [
        (["CC-BY-4.0"], {"license": "cc-by-4.0"}),
        (["MIT AND PSF-2.0", "Unicode TOU"], {"license": "other", "license_name": "mit-and-psf-2.0-and-unicode-tou"}),
    ],
)
def test_model_card_licence_is_an_id(licences: list[str], front: dict[str, str]) -> None:
    entries = [{"source": f"s{n}", "licence": name, "use": "trained"} for n, name in enumerate(licences)]
    made = card({"name": "toy", "sections": [], "licences": entries})
    assert {name: made[name] for name in ("license", "license_name") if name in made} == front


def test_contents_deterministic(track: Builder, report: Artifact, tmp_path: Path) -> None:
    """Of its files the contents do not depend on times; report.html shows times and is a log."""
    later = Builder(tmp_path)
    for key, artifact in track.built.items():
        run = artifact.manifest.run | {"seconds": 3333.0, "committed_at": 2.0}
        later.built[key] = Artifact(artifact.folder, replace(artifact.manifest, run=run))
    slow = write(later)
    contents = {entry.path for entry in report.manifest.files if entry.content}
    assert contents == {"report.md", "model_card.md", "milestones.md", "row.json"}
    assert report.digest == slow.digest
    assert report.path("report.html").read_bytes() != slow.path("report.html").read_bytes()


def test_partial_track(track: Builder) -> None:
    few = write(track, ["corpus/small/filtered", "nano/shards"])
    page = Page(few.path("report.html").read_text("utf-8"))
    assert "Held-out quality" not in page.text and "Cost" in page.text
    assert json.loads(few.path("row.json").read_text())["bits_per_byte"] is None
    assert "bits_per_byte" not in few.metrics


def test_leaderboard(track: Builder, tmp_path: Path) -> None:
    store = Store(tmp_path)
    whole, few = write(track, store=store), write(track, ["nano/shards"], store=store)
    rows = leaderboard(store)
    assert [(row["track"], row["identity"]) for row in rows] == [("nano", whole.identity), ("nano", few.identity)]
    assert rows[0]["bits_per_byte"] == 1.5 and rows[0]["gates"] == {"passed": 3, "waived": 1, "failed": 0}
    assert rows[0]["digests"]["nano/shards"] == track.built["nano/shards"].digest
    (whole.folder / "row.json").write_text("{")
    with pytest.raises(UserError, match="materialize nano/report again"):
        leaderboard(store)


def test_a_fence_is_longer_than_any_inside() -> None:
    assert str(fence("a ```` b")) == "`````text\na ```` b\n`````"


def test_markdown_tables(report: Artifact) -> None:
    text = report.path("report.md").read_text("utf-8")
    blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(blocks) > 5
    for block in blocks:
        columns: set[Any] = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block
