"""Chains of filters that several tests run."""

from typing import Any

from fc_pipeline.corpus.config import FilterConfig

_CRAWLED = "unicode url licence boilerplate length secrets language repetition quality c4 fineweb pii"


def crawled_filters() -> list[Any]:
    """For crawled pages, in the order of FineWeb: address, extraction, language, repetition, quality."""
    return list(FilterConfig.model_validate({"filters": [{"kind": kind} for kind in _CRAWLED.split()]}).filters)
