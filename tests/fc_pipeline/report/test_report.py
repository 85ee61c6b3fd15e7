"""The report: every number from an artifact, hostile documents shown as text, the same bytes from the same inputs."""

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from built_track import COPIES, DOMAINS, HOSTILE_PROMPT, LEAKED_ITEM, SCRIPT, Builder, build_track
from hypothesis import given
from hypothesis import strategies as st

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_pipeline.report.documents import _between_similarities, _between_sizes, contamination, duplicates, waterfall
from fc_pipeline.report.drawing import svg
from fc_pipeline.report.facts import gates
from fc_pipeline.report.leaderboard import leaderboard
from fc_pipeline.report.mixture import spread
from fc_pipeline.report.pipeline_picture import pipeline_picture
from fc_pipeline.report.render import amount, duration, fence, short, size, visible
from fc_pipeline.report.write import templates_digest, write_report
from fc_pipeline.step import Step
from fc_pipeline.text.deduplicate import deduplicate

CONFIG = {"name": "nano", "description": "A model & more", "weights": {"science": 50, "code": 30, "chess": 20}}


def write(build: Builder, keys: list[str] | None = None) -> Artifact:
    return build("nano/report", write_report, config=CONFIG, inputs={key: key for key in keys or list(build.built)})


@pytest.fixture(scope="module")
def report(build: Builder) -> Artifact:
    keys = [key for key in build.built if key != "nano/report"]
    return write(build, keys)


class Page(HTMLParser):
    """What a browser would see: elements, the text, and the numbers with their origins."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.origins: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "data":
            self.origins.add(dict(attrs)["title"] or "")
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(report: Artifact) -> Page:
    return Page(report.path("report.html").read_text("utf-8"))


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


def test_documents_fall_from_read_to_kept(build: Builder, page: Page) -> None:
    filtered = build.built["corpus/small/filtered"].manifest.counters
    kept = build.built["corpus/small/decontaminated"].manifest.counters.kept
    assert filtered.dropped and kept < filtered.kept < filtered.read
    for reason in (*filtered.dropped, "exact_duplicate", "contaminated_tactics"):
        assert f"− {reason}" in page.text and f"dropped as {reason}" in page.text
    assert re.search(rf"read\s*{filtered.read}", page.text) and re.search(rf"used\s*{kept}", page.text)


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
    assert "nano: corpus/filter_quality.recall_min" in page.text and "strict: " not in page.text


def test_filters_show_precision_recall_and_what_they_missed(build: Builder, report: Artifact, page: Page) -> None:
    found = json.loads(build.built["corpus/small/filter_quality"].path("filter_quality.json").read_text("utf-8"))
    quality = found["quality"]
    assert quality["misses"] and found["length"]["recall"] == 1.0
    shown = f"{quality['cases']}{quality['precision']:.1%}{quality['recall']:.1%}{len(quality['misses'])}"
    assert f"quality{shown}" in page.text
    assert all(miss["why"] in page.text and miss["excerpt"] in page.text for miss in quality["misses"])
    assert f"| length | {found['length']['cases']} | 100.0% | 100.0% | 0 |" in report.path("report.md").read_text(
        "utf-8"
    )


def test_duplicates_show_sizes_groups_and_documents(build: Builder, page: Page) -> None:
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert "Group sizes" in labels
    read = build.built["corpus/small/deduplicated"].manifest.counters.read
    assert f"copies of another document: {len(COPIES) - 1} of {read}, in groups: 1." in page.text
    text = " ".join(page.text.split())
    assert re.search(r"8 games/10\s*games/46 1.00\s*games/47 1.00", text) and "and 2 more" in text


def test_hits_are_named_to_the_item(build: Builder, report: Artifact, page: Page) -> None:
    assert LEAKED_ITEM in page.text and "games/20" in page.text
    assert "a knight on the seventh rank" in page.text
    for name in ("report.md", "model_card.md"):
        assert "| tactics | 9 |" in report.path(name).read_text("utf-8")


def test_at_most_three_hits_of_a_document_are_shown(tmp_path: Path) -> None:
    def five_questions_on_one_story(step: Step) -> None:
        step.out.write_text("items.json", json.dumps({"stories": {"items": 6, "touched": ["a", "b"], "unchecked": []}}))
        with step.out.records("hits.jsonl.zst") as record:
            for document, number in (("x", 5), ("y", 1)):
                for item in range(number):
                    record({"document": document, "evalset": "stories", "item": f"s/{item}", "ngrams": 9 - item})

    found = contamination([Builder(tmp_path)("corpus/small/decontaminated", five_questions_on_one_story)])
    assert found is not None and found["num_hits"] == 6 and found["sets"][0]["clean"] == 4
    assert [(hit["document"], hit["ngrams"]) for hit in found["hits"]] == [("y", 9), ("x", 9), ("x", 8), ("x", 7)]


def test_dumps_have_parts_of_their_own(build: Builder, tmp_path: Path) -> None:
    of_dump = Builder(tmp_path)
    of_dump.built |= {key: build.built[key] for key in ("corpus/small/filtered", "corpus/small/deduplicated")}
    inputs = {"documents": "corpus/small/filtered", "before/base": "corpus/small/deduplicated"}
    again = of_dump("corpus/small/dumps/deduplicated/2026-11", deduplicate, inputs=inputs)
    first, second = duplicates([build.built["corpus/small/deduplicated"], again])
    assert (first["part"], second["part"]) == ("", "2026-11")
    assert second["documents"] == second["read"] == build.built["corpus/small/filtered"].manifest.counters.kept
    page = Page(write(of_dump).path("report.html").read_text("utf-8"))
    assert "first documents" in page.text and "dump 2026-11" in page.text
    assert "in an earlier dump, not read again" in page.text or not second["samples"]


def test_a_corpus_without_duplicates_has_no_pictures_of_them(tmp_path: Path) -> None:
    build = Builder(tmp_path)

    def one(step: Step) -> None:
        with step.out.records("documents.jsonl.zst") as record:
            meta: dict[str, Any] = {"source": "a", "domain": "code", "licence": "MIT", "meta": {}}
            record({"id": "a/0", "text": "a text that is alone in the world", **meta})

    build("corpus/small/filtered", one)
    found = build("corpus/small/deduplicated", deduplicate, inputs={"documents": "corpus/small/filtered"})
    (part,) = duplicates([found])
    assert (part["documents"], part["groups"], part["pictures"]) == (0, 0, [])


def test_the_rarest_reasons_fall_together(tmp_path: Path) -> None:
    def drop_a_lot(step: Step) -> None:
        for number in range(30):
            step.out.counters.drop(f"reason_{number}", 31 - number)
        step.out.counters.read = sum(step.out.counters.dropped.values()) + 5
        step.out.counters.kept = 5

    picture = svg(waterfall(Builder(tmp_path)("corpus/small/filtered", drop_a_lot)))["svg"]
    labels = re.findall(r">([^<>\n]+)</text>", picture)
    assert labels.count("6 other reasons") == 1 and "reason_23" in labels and "reason_24" not in labels
    assert "27" in labels  # 7 + 6 + 5 + 4 + 3 + 2 of the six
    assert {"read", "kept"} <= set(labels)


def test_ranges_between_those_that_are_there_are_shown() -> None:
    assert _between_sizes({"2": 4, "9-16": 1}) == {"2": 4, "3-4": 0, "5-8": 0, "9-16": 1}
    assert _between_similarities({"0.85": 3, "0.95": 1}) == {"0.85": 3, "0.90": 0, "0.95": 1}


@given(st.lists(st.integers(0, 50), min_size=1))
def test_percentiles_of_counts_are_those_of_the_list(values: list[int]) -> None:
    ordered = sorted(values)
    expected = tuple(ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.1, 0.5, 0.9))
    assert spread(Counter(values)) == expected


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


def test_pipeline_picture_has_no_line_beside_a_longer_way() -> None:
    edges = {
        "corpus/a/filtered": {"sources/x", "sources/y"},
        "t/tokenizer": {"corpus/a/filtered"},
        "t/shards": {"corpus/a/filtered", "t/tokenizer"},
    }
    picture = pipeline_picture(edges, {"t/shards": "5 MB"})
    assert [(box["label"], box["sublabel"]) for box in picture["boxes"]] == [
        ("filtered", ""),
        ("sources", "2 sources"),
        ("shards", "5 MB"),
        ("tokenizer", ""),
    ]
    assert len(picture["curves"]) == 3
    xs = {box["label"]: box["x"] for box in picture["boxes"]}
    assert xs["sources"] < xs["filtered"] < xs["tokenizer"] < xs["shards"]
    inside = all(0 < box["x"] < picture["width"] and 0 < box["y"] < picture["height"] for box in picture["boxes"])
    assert inside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (amount(1_234_567), "1,234,567"),
        (amount(2.30649), "2.306"),
        (amount(12345.6), "12,346"),
        (amount(1.057e15), "1.057e+15"),
        (amount(None), "–"),
        (short(416_154_624), "416M"),
        (size(1_234_567_890), "1.23 GB"),
        (size(0), "0 B"),
        (duration(75.52), "75.5 s"),
        (duration(725), "12 min 5 s"),
        (duration(9000), "2 h 30 min"),
        (str(fence("a ```` b")), "`````text\na ```` b\n`````"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    assert text == expected


def test_templates_have_a_version() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", templates_digest())


def test_markdown_values_stay_in_their_line(report: Artifact) -> None:
    text = report.path("report.md").read_text("utf-8")
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        columns: set[Any] = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block
