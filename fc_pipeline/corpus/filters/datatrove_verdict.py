"""Asks a filter block of datatrove about one document, without its pipeline."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Settings, Verdict

if TYPE_CHECKING:
    from datatrove.data import Document as DatatroveDocument
    from datatrove.pipeline.filters.base_filter import BaseFilter

_NOT_IN_A_NAME = re.compile(r"\W+")


def ask_block(
    make: Callable[[Any], "BaseFilter"], settings: Settings, document: Document
) -> tuple[Verdict, "DatatroveDocument"]:
    """(datatrove's reason, fit for a file name, or None to keep; its copy of the document, as the block left it).

    Args:
        make: makes the block of the settings; called once a process.
    """
    from datatrove.data import Document as DatatroveDocument

    block = _made(make, type(settings), settings.model_dump_json())
    copy = DatatroveDocument(text=document["text"], id=document["id"])
    answer = block.filter(copy)
    kept, reason = answer if isinstance(answer, tuple) else (answer, type(block).__name__)
    return None if kept else _NOT_IN_A_NAME.sub("_", reason).strip("_"), copy


@lru_cache(maxsize=32)
def _made(make: Callable[[Any], "BaseFilter"], settings: type[Settings], settings_json: str) -> "BaseFilter":
    return make(settings.model_validate_json(settings_json))
