"""The filters of a track in a row: what a document goes through until one refuses it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters import FILTERS, FilterSettings
from fc_pipeline.corpus.filters.base import Verdict

if TYPE_CHECKING:
    from fc_pipeline.corpus.filters.character_model import CharacterModel


class Refusal(NamedTuple):
    """Which filter refused a document, and why."""

    filter: str
    reason: str


class Chain:
    """Filters in order, and the models of the one that needs some (`perplexity`).

    Raises UserError when that filter is asked for without a file of models.
    """

    def __init__(self, filters: Sequence[FilterSettings], models: Path | None = None) -> None:
        self.filters = filters
        self._models: list[CharacterModel] = []
        if models is not None:
            from fc_pipeline.corpus.filters.character_model import load_models

            self._models = load_models(models)
        elif any(settings.kind == "perplexity" for settings in filters):
            raise UserError("filter perplexity: it judges by a model of the corpus, and none was given")

    def judge(self, document: Document) -> Refusal | None:
        """The first refusal; None to keep the document, which the filters that edit have changed by then."""
        verdicts = ((settings.kind, self.ask(settings, document)) for settings in self.filters)
        return next((Refusal(kind, reason) for kind, reason in verdicts if reason is not None), None)

    def ask(self, settings: FilterSettings, document: Document) -> Verdict:
        """One filter's verdict; None where it does not act."""
        if not settings.acts_on(document["domain"]):
            return None
        if settings.kind == "perplexity":
            return FILTERS[settings.kind](document, settings, self._models)
        return FILTERS[settings.kind](document, settings)
