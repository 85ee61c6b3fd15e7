"""What the report says of documents: filters, duplicates, hits on eval sets, lengths."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from factories.built_track import COPIES, LEAKED_ITEM, Builder
from factories.report_pages import Page, write
from hypothesis import given
from hypothesis import strategies as st

from fc_model.artifacts import Artifact
from fc_pipeline.corpus.deduplicate import deduplicate
from fc_pipeline.corpus.report import _between_similarities, _between_sizes, clusters, contamination, waterfall
from fc_pipeline.engine.step import Step
from fc_pipeline.report.drawing import svg
from fc_pipeline.tokens.report import spread


def test_waterfall(track: Builder, page: Page) -> None:
    filtered = track.built["corpus/small/filtered"].manifest.counters
    kept = track.built["corpus/small/decontaminated"].manifest.counters.kept
    assert filtered.dropped and kept < filtered.kept < filtered.read
    for reason in (*filtered.dropped, "exact_duplicate", "contaminated_tactics"):
        assert f"− {reason}" in page.text and f"dropped as {reason}" in page.text
    assert re.search(rf"read\s*{filtered.read}", page.text) and re.search(rf"used\s*{kept}", page.text)


def test_filters(track: Builder, report: Artifact, page: Page) -> None:
    measured = json.loads(track.built["corpus/small/filter_quality"].path("filter_quality.json").read_text("utf-8"))
    quality = measured["quality"]
    assert quality["misses"] and measured["length"]["recall"] == 1.0
    shown = f"{quality['cases']}{quality['precision']:.1%}{quality['recall']:.1%}{len(quality['misses'])}"
    assert f"quality{shown}" in page.text
    assert all(miss["why"] in page.text and miss["excerpt"] in page.text for miss in quality["misses"])
    assert f"| length | {measured['length']['cases']} | 100.0% | 100.0% | 0 |" in report.path("report.md").read_text(
        "utf-8"
    )


def test_duplicates(track: Builder, page: Page) -> None:
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert "Group sizes" in labels
    read = track.built["corpus/small/deduplicated"].manifest.counters.read
    assert f"copies of another document: {len(COPIES) - 1} of {read}, in groups: 1." in page.text
    text = " ".join(page.text.split())
    assert re.search(r"8 games/10\s*games/46 1.00\s*games/47 1.00", text) and "and 2 more" in text


def test_hits(track: Builder, report: Artifact, page: Page) -> None:
    assert LEAKED_ITEM in page.text and "games/20" in page.text
    assert "knight on the seventh rank" in page.text
    for name in ("report.md", "model_card.md"):
        assert "| tactics | 9 |" in report.path(name).read_text("utf-8")


def test_hits_at_most_three_a_document(tmp_path: Path) -> None:
    def five_questions_on_one_story(step: Step) -> None:
        step.out.write_text("items.json", json.dumps({"stories": {"items": 6, "touched": ["a", "b"], "unchecked": []}}))
        with step.out.records("hits.jsonl.zst") as record:
            for document, number in (("x", 5), ("y", 1)):
                for item in range(number):
                    record({"document": document, "evalset": "stories", "item": f"s/{item}", "ngrams": 9 - item})

    section = contamination([Builder(tmp_path)("corpus/small/decontaminated", five_questions_on_one_story)])
    assert section is not None and section["num_hits"] == 6 and section["sets"][0]["clean"] == 4
    assert [(hit["document"], hit["ngrams"]) for hit in section["hits"]] == [("y", 9), ("x", 9), ("x", 8), ("x", 7)]


def test_dumps(track: Builder, tmp_path: Path) -> None:
    of_dump = Builder(tmp_path)
    of_dump.built |= {key: track.built[key] for key in ("corpus/small/filtered", "corpus/small/deduplicated")}
    inputs = {"documents": "corpus/small/filtered", "before/base": "corpus/small/deduplicated"}
    again = of_dump("corpus/small/dumps/deduplicated/2026-11", deduplicate, inputs=inputs)
    first, second = clusters(track.built["corpus/small/deduplicated"]), clusters(again)
    assert (first["part"], second["part"]) == ("", "2026-11")
    assert second["documents"] == second["read"] == track.built["corpus/small/filtered"].manifest.counters.kept
    page = Page(write(of_dump).path("report.html").read_text("utf-8"))
    assert "first documents" in page.text and "dump 2026-11" in page.text
    assert "in an earlier dump, not read again" in page.text or not second["samples"]


def test_duplicates_none(tmp_path: Path) -> None:
    build = Builder(tmp_path)

    def one(step: Step) -> None:
        with step.out.records("documents.jsonl.zst") as record:
            meta: dict[str, Any] = {"source": "a", "domain": "code", "licence": "MIT", "meta": {}}
            record({"id": "a/0", "text": "a text that is alone in the world", **meta})

    build("corpus/small/filtered", one)
    deduplicated = build("corpus/small/deduplicated", deduplicate, inputs={"documents": "corpus/small/filtered"})
    part = clusters(deduplicated)
    assert (part["documents"], part["groups"], part["pictures"]) == (0, 0, [])


def test_waterfall_rare_reasons(tmp_path: Path) -> None:
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


def test_histogram_gaps() -> None:
    assert _between_sizes({"2": 4, "9-16": 1}) == {"2": 4, "3-4": 0, "5-8": 0, "9-16": 1}
    assert _between_similarities({"0.85": 3, "0.95": 1}) == {"0.85": 3, "0.90": 0, "0.95": 1}


@given(st.lists(st.integers(0, 50), min_size=1))
def test_percentiles(values: list[int]) -> None:
    ordered = sorted(values)
    expected = tuple(ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.1, 0.5, 0.9))
    assert spread(Counter(values)) == expected
