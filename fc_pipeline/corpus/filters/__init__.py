"""Filters: one a file, each a settings model with `kind` and a function that says why a document is dropped.

To add one, write its file, and add its settings to `FilterSettings`, its function to `FILTERS`, and labelled cases
as `fixtures/<kind>.jsonl`.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from fc_pipeline.corpus.filters.base import Verdict
from fc_pipeline.corpus.filters.boilerplate import BoilerplateSettings, cut_boilerplate
from fc_pipeline.corpus.filters.c4 import C4Settings, below_c4
from fc_pipeline.corpus.filters.fineweb import FinewebSettings, web_noise
from fc_pipeline.corpus.filters.language import LanguageSettings, wrong_language
from fc_pipeline.corpus.filters.length import LengthSettings, wrong_length
from fc_pipeline.corpus.filters.licence import LicenceSettings, wrong_licence
from fc_pipeline.corpus.filters.perplexity import PerplexitySettings, surprising
from fc_pipeline.corpus.filters.pii import PiiSettings, personal_data
from fc_pipeline.corpus.filters.quality import QualitySettings, low_quality
from fc_pipeline.corpus.filters.repetition import RepetitionSettings, repetitive
from fc_pipeline.corpus.filters.secrets import SecretsSettings, has_secret
from fc_pipeline.corpus.filters.unicode import UnicodeSettings, normalise
from fc_pipeline.corpus.filters.url import UrlSettings, unwanted_url

FilterSettings = Annotated[
    UnicodeSettings
    | UrlSettings
    | LicenceSettings
    | BoilerplateSettings
    | LengthSettings
    | SecretsSettings
    | PiiSettings
    | LanguageSettings
    | QualitySettings
    | RepetitionSettings
    | C4Settings
    | FinewebSettings
    | PerplexitySettings,
    Field(discriminator="kind"),
]

FILTERS: dict[str, Callable[..., Verdict]] = {
    "unicode": normalise,
    "url": unwanted_url,
    "licence": wrong_licence,
    "boilerplate": cut_boilerplate,
    "length": wrong_length,
    "secrets": has_secret,
    "pii": personal_data,
    "language": wrong_language,
    "quality": low_quality,
    "repetition": repetitive,
    "c4": below_c4,
    "fineweb": web_noise,
    "perplexity": surprising,
}
"""Each takes a document, which it may edit, and its settings; `perplexity` also the models that it judges by."""


def default_filters() -> list[Any]:
    """A sensible order for clean text: cheap and certain first. For crawled pages see docs/filters.md."""
    return [
        UnicodeSettings(),
        LengthSettings(),
        SecretsSettings(),
        PiiSettings(),
        LanguageSettings(),
        QualitySettings(),
        RepetitionSettings(),
    ]
