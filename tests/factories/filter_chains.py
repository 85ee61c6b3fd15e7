"""Chains of filters that several tests run."""

from typing import Any

from fc_pipeline.corpus.filters.boilerplate import BoilerplateSettings
from fc_pipeline.corpus.filters.c4 import C4Settings
from fc_pipeline.corpus.filters.fineweb import FinewebSettings
from fc_pipeline.corpus.filters.language import LanguageSettings
from fc_pipeline.corpus.filters.length import LengthSettings
from fc_pipeline.corpus.filters.licence import LicenceSettings
from fc_pipeline.corpus.filters.pii import PiiSettings
from fc_pipeline.corpus.filters.quality import QualitySettings
from fc_pipeline.corpus.filters.repetition import RepetitionSettings
from fc_pipeline.corpus.filters.secrets import SecretsSettings
from fc_pipeline.corpus.filters.unicode import UnicodeSettings
from fc_pipeline.corpus.filters.url import UrlSettings


def crawled_filters() -> list[Any]:
    """For crawled pages, in the order of FineWeb: address, extraction, language, repetition, quality."""
    return [
        UnicodeSettings(),
        UrlSettings(),
        LicenceSettings(),
        BoilerplateSettings(),
        LengthSettings(),
        SecretsSettings(),
        LanguageSettings(),
        RepetitionSettings(),
        QualitySettings(),
        C4Settings(),
        FinewebSettings(),
        PiiSettings(),
    ]
