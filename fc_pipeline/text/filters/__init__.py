"""Filters: one a file, each a settings model with `kind` and a function that says why a document is dropped.

To add one, write its file, and add its settings to `FilterSettings` and its function to `FILTERS`.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from fc_pipeline.text.document import Document
from fc_pipeline.text.filters.base import Verdict
from fc_pipeline.text.filters.language import LanguageSettings, wrong_language
from fc_pipeline.text.filters.length import LengthSettings, wrong_length
from fc_pipeline.text.filters.quality import QualitySettings, low_quality
from fc_pipeline.text.filters.repetition import RepetitionSettings, repetitive
from fc_pipeline.text.filters.secrets import SecretsSettings, has_secret
from fc_pipeline.text.filters.unicode import UnicodeSettings, normalise
from fc_pipeline.text.filters.web import WebSettings, web_noise

FilterSettings = Annotated[
    UnicodeSettings
    | LengthSettings
    | SecretsSettings
    | LanguageSettings
    | QualitySettings
    | RepetitionSettings
    | WebSettings,
    Field(discriminator="kind"),
]

FILTERS: dict[str, Callable[[Document, Any], Verdict]] = {
    "unicode": normalise,
    "length": wrong_length,
    "secrets": has_secret,
    "language": wrong_language,
    "quality": low_quality,
    "repetition": repetitive,
    "web": web_noise,
}


def default_filters() -> list[FilterSettings]:
    """A sensible order: cheap and certain first. `web` is for crawled pages and is not among them."""
    return [
        UnicodeSettings(),
        LengthSettings(),
        SecretsSettings(),
        LanguageSettings(),
        QualitySettings(),
        RepetitionSettings(),
    ]


__all__ = ["FILTERS", "FilterSettings", "Verdict", "default_filters"]
