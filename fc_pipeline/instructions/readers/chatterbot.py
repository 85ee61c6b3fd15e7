"""The chatterbot corpus: turns of user and assistant in turn. A last turn of the user, without a reply, is left out."""

from typing import Any

from fc_pipeline.instructions.readers.columns import Columns, as_text
from fc_pipeline.instructions.validate import Invalid


def read(row: Columns) -> dict[str, Any]:
    turns = row.require("turns")
    if not isinstance(turns, list):
        raise Invalid("no_messages", f"a list of turns is expected, not {type(turns).__name__}")
    whole = turns[: len(turns) // 2 * 2]
    return {
        "messages": [
            {"role": ("user", "assistant")[number % 2], "content": as_text(turn, f"turn {number}")}
            for number, turn in enumerate(whole)
        ]
    }
