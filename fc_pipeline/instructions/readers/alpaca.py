"""Alpaca: `instruction`, `input` (may be empty) and `output`; `system` and `history` as LLaMA-Factory has them.

https://github.com/tatsu-lab/stanford_alpaca#data-release
"""

from typing import Any

from fc_pipeline.instructions.readers.columns import Columns, as_text
from fc_pipeline.instructions.validate import Invalid


def read(row: Columns) -> dict[str, Any]:
    """The input follows the instruction in one message of the user; `history` has the turns before, in pairs."""
    asked = (row.text("instruction", required=True), row.text("input"))
    reply = row.text("output", required=True)
    messages: list[dict[str, Any]] = []
    if system := row.text("system"):
        messages.append({"role": "system", "content": system})
    history = row.get("history") or []
    if not isinstance(history, list):
        raise Invalid("wrong_order", f"history: a list of pairs is expected, not {type(history).__name__}")
    for number, pair in enumerate(history):
        if not isinstance(pair, list) or len(pair) != 2:
            raise Invalid("wrong_order", f"history[{number}]: a pair of prompt and reply is expected")
        for role, text in zip(("user", "assistant"), pair, strict=True):
            messages.append({"role": role, "content": as_text(text, f"history[{number}]")})
    messages.append({"role": "user", "content": "\n".join(filter(None, asked))})
    messages.append({"role": "assistant", "content": reply})
    return {"messages": messages, "tools": row.tools()}
