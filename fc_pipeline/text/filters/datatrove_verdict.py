"""Asks a filter block of datatrove about one document, without its pipeline."""

import re
from typing import TYPE_CHECKING

from fc_pipeline.text.document import Document
from fc_pipeline.text.filters.base import Verdict

if TYPE_CHECKING:
    from datatrove.pipeline.filters.base_filter import BaseFilter

_NOT_IN_A_NAME = re.compile(r"\W+")


def verdict_of(block: "BaseFilter", document: Document) -> Verdict:
    """datatrove's reason, fit for a file name; None to keep."""
    from datatrove.data import Document as DatatroveDocument

    answer = block.filter(DatatroveDocument(text=document["text"], id=document["id"]))
    kept, reason = answer if isinstance(answer, tuple) else (answer, type(block).__name__)
    return None if kept else _NOT_IN_A_NAME.sub("_", reason).strip("_")
