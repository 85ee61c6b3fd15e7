r"""Text that spells a special token, written so that no tokenizer makes the token of it.

`encode_conversation` could leave such text as it is, since it encodes text apart from roles. Runtimes cannot: they
render one string and parse it. So that all have the same ids, all write `<\im_end>` for a text's `<im_end>`, and
`\u003cim_end>` inside JSON, where a backslash is not free but any reader of JSON undoes this.
"""

import re

from fc_model.special_tokens import SPECIAL_TOKENS

_NAMES = "|".join(re.escape(token[1:]) for token in SPECIAL_TOKENS)
_SPELLED = re.compile(f"<(?={_NAMES})")
_ESCAPED = re.compile(rf"<\\(?={_NAMES})")


def escape_text(text: str) -> str:
    """`text` without the name of any special token."""
    return _SPELLED.sub(r"<\\", text)


def unescape_text(text: str) -> str:
    r"""The inverse of `escape_text`, but for a text that held an escaped name already (`<\im_end>`)."""
    return _ESCAPED.sub("<", text)


def escape_json(text: str) -> str:
    """JSON of the same value without the name of any special token."""
    return _SPELLED.sub(r"\\u003c", text)
