"""Asks a filter block of datatrove about one document, without its pipeline."""

import re
from typing import TYPE_CHECKING

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Verdict

if TYPE_CHECKING:
    from datatrove.data import Document as DatatroveDocument
    from datatrove.pipeline.filters.base_filter import BaseFilter

_NOT_IN_A_NAME = re.compile(r"\W+")


def verdict_of(block: "BaseFilter", document: Document) -> Verdict:
    """datatrove's reason, fit for a file name; None to keep. The document stays as it is."""
    from datatrove.data import Document as DatatroveDocument

    return reason_of(block, DatatroveDocument(text=document["text"], id=document["id"]))


def reason_of(block: "BaseFilter", document: "DatatroveDocument") -> Verdict:
    """The same for a document of datatrove's, whose text the block may change."""
    answer = block.filter(document)
    kept, reason = answer if isinstance(answer, tuple) else (answer, type(block).__name__)
    return None if kept else _NOT_IN_A_NAME.sub("_", reason).strip("_")
