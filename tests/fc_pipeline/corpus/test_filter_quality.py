"""Precision and recall on the labelled cases, as the step measures them."""

import json

import pytest
from factories.filter_chains import crawled_filters

from fc_model.errors import UserError
from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.filter_quality import (
    CUT,
    FIXTURES,
    fixtures_digest,
    labelled_cases,
    measure_filters,
    score_filter,
)
from fc_pipeline.corpus.filters import FILTERS
from fc_pipeline.corpus.filters.chain import Chain
from fc_pipeline.corpus.filters.length import LengthSettings
from fc_pipeline.corpus.filters.pii import PiiSettings
from fc_pipeline.corpus.filters.secrets import find_secrets


def config(*filters) -> dict:
    filtering = FilterConfig(filters=filters or crawled_filters()).model_dump(mode="json")
    return {"filtering": filtering, "fixtures": fixtures_digest()}


@pytest.mark.parametrize("kind", sorted(FILTERS))
def test_labelled_cases(kind: str) -> None:
    cases = list(labelled_cases(kind))
    kept = sum(case["label"] == "keep" for case in cases)
    assert len(cases) >= 30 and kept >= 10 and len(cases) - kept >= 10
    assert all(case["why"] for case in cases)
    for case in cases:
        for _, text in case.get("spans", []):
            assert text in case["text"]


def test_precision_and_recall(run_step) -> None:
    artifact = run_step(measure_filters, "corpus/web/filter_quality", config())
    for chosen in crawled_filters():
        assert artifact.metrics[f"precision_{chosen.kind}"] >= 0.9, chosen.kind
        assert artifact.metrics[f"recall_{chosen.kind}"] >= 0.94, chosen.kind
        assert artifact.metrics[f"cases_{chosen.kind}"] >= 30
    report = json.loads(artifact.path("filter_quality.json").read_text("utf-8"))
    misses = [miss for entry in report.values() for miss in entry["misses"]]
    assert misses and all(miss["miss"] and miss["why"] for miss in misses)
    assert artifact.metrics["precision_min"] == min(entry["precision"] for entry in report.values())


def test_threshold_moves_figures(run_step) -> None:
    lax = run_step(measure_filters, "corpus/lax/filter_quality", config(LengthSettings(min_chars=5)))
    harsh = run_step(measure_filters, "corpus/harsh/filter_quality", config(LengthSettings(min_chars=5000)))
    assert lax.metrics["recall_length"] < 0.5 and lax.metrics["precision_length"] == 1
    assert harsh.metrics["precision_length"] < 0.8 and harsh.metrics["recall_length"] == 1


def test_pii_drop_score() -> None:
    score = score_filter(Chain([PiiSettings(action="drop")]), "pii")
    assert (score.precision, score.recall) == (1, 1)
    assert score.true_positives == sum(case["label"] == "mask" for case in labelled_cases("pii"))


def test_cases_hold_no_secret() -> None:
    for path in sorted(FIXTURES.glob("*.jsonl")):
        text = path.read_text("utf-8")
        assert not list(find_secrets(text, allow=["EXAMPLE"])), path.name
    assert CUT in (FIXTURES / "secrets.jsonl").read_text("utf-8")


def test_filter_without_cases() -> None:
    with pytest.raises(UserError, match=r"filter magic: .* write magic\.jsonl"):
        list(labelled_cases("magic"))
