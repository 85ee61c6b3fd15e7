"""Readers: one a format, from a row of a file to OpenAI's format. To add one, add its file and its row here."""

from collections.abc import Callable
from typing import Any

from fc_pipeline.instructions.readers import alpaca, chatterbot, messages, sharegpt
from fc_pipeline.instructions.readers.columns import Columns

READERS: dict[str, Callable[[Columns], dict[str, Any]]] = {
    "alpaca": alpaca.read,
    "chatterbot": chatterbot.read,
    "messages": messages.read,
    "sharegpt": sharegpt.read,
}
"""Each raises BadInput for a row without the columns of its format, Invalid for one that is no conversation."""
