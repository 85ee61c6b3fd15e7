"""Licences: by the SPDX expression that a document carries, and by the header that its own text shows."""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Settings, Verdict, note_edits
from fc_pipeline.corpus.filters.licence_names import spdx_expression, spdx_identifier

if TYPE_CHECKING:
    from license_expression import Licensing

_MAX_CHARS = 400
_OPERATORS = re.compile(r"[()]|\b(?:and|or)\b", re.IGNORECASE)
_HEADER_CHARS = 4_000
_SPDX_HEADER = re.compile(r"SPDX-License-Identifier:[ \t]{0,4}([^\n*]{1,400})")
# What a header says in words, and its SPDX identifier. White space and comment marks are taken out before.
_HEADERS = (
    ("gnu affero general public license", "AGPL-3.0-or-later"),
    ("gnu lesser general public license", "LGPL-2.1-or-later"),
    ("gnu library general public license", "LGPL-2.0-or-later"),
    ("terms of the gnu general public license", "GPL-2.0-or-later"),
    ("gnu gpl version", "GPL-2.0-or-later"),
    ("server side public license", "SSPL-1.0"),
    ("business source license", "BUSL-1.1"),
    ("commons clause", "LicenseRef-Commons-Clause"),
    ("attribution-noncommercial", "CC-BY-NC-4.0"),
    ("all rights reserved. no part of this", "LicenseRef-Proprietary"),
    ("proprietary and confidential", "LicenseRef-Proprietary"),
    ("confidential and proprietary", "LicenseRef-Proprietary"),
    ("unauthorized copying of this file", "LicenseRef-Proprietary"),
)
_COMMENT_MARKS = re.compile(r"[\s#*/;%\-]{1,40}")
_META_FIELDS = ("licence", "license", "detected_licenses")

COPYLEFT_AND_CLOSED = [
    "AGPL-*", "GPL-*", "LGPL-*", "SSPL-*", "BUSL-*", "CC-BY-NC*", "CC-BY-ND*", "LicenseRef-Proprietary",
    "LicenseRef-Commons-Clause",
]  # fmt: skip


class LicenceSettings(Settings):
    kind: Literal["licence"] = "licence"
    allow: list[str] | None = Field(
        default=None, description="SPDX identifiers that are kept, `*` stands for anything; null: all but the denied."
    )
    deny: list[str] = Field(default=COPYLEFT_AND_CLOSED, description="SPDX identifiers that are dropped.")
    unknown: Literal["drop", "keep"] = Field(
        default="drop", description="What becomes of names that are neither SPDX's nor usual; kept ones are counted."
    )
    read_headers: bool = Field(default=True, description="Also judge code by what its beginning says.")


def wrong_licence(document: Document, settings: LicenceSettings) -> Verdict:
    """`licence_denied`, `licence_unlisted` or `licence_unknown` by its licence, `licence_header` by its own text."""
    allow = None if settings.allow is None else tuple(settings.allow)
    deny = tuple(settings.deny)
    for stated in _stated(document):
        if not _permits(stated, None, deny):
            return "licence_denied"
        if not _permits(stated, allow, ()):
            return "licence_unlisted"
        if allow is None and not _permits(stated, None, deny, known=True):
            if settings.unknown == "drop":
                return "licence_unknown"
            note_edits(document, "licence", {"unknown": 1})
    shown = _in_header(document["text"]) if settings.read_headers and document["domain"] == "code" else []
    return None if all(_permits(licence, None, deny) for licence in shown) else "licence_header"


def _stated(document: Document) -> list[str]:
    """The document's licence, and what a crawl found for it; of several that were found all must do."""
    licences = [document["licence"]]
    for name in _META_FIELDS:
        value = document["meta"].get(name)
        licences += [str(element) for element in (value if isinstance(value, list) else [value]) if element]
    return licences


def _in_header(text: str) -> list[str]:
    head = text[:_HEADER_CHARS]
    stated = [match[1].strip(" \t-/") for match in _SPDX_HEADER.finditer(head)]
    words = _COMMENT_MARKS.sub(" ", head).lower().replace("attribution noncommercial", "attribution-noncommercial")
    return stated or [licence for phrase, licence in _HEADERS if phrase in words]


@lru_cache(maxsize=4096)
def _permits(expression: str, allow: tuple[str, ...] | None, deny: tuple[str, ...], *, known: bool = False) -> bool:
    """Does an expression leave a way by identifiers that are allowed and not denied, and, if asked, known?"""

    def permits(name: str) -> bool:
        identifier = spdx_identifier(name)
        if identifier is None and known:
            return False
        names = {spelling.rstrip("+").lower() for spelling in (name, identifier or name)}

        def matches(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(name, pattern.lower()) for name in names for pattern in patterns)

        return not matches(deny) and (allow is None or matches(allow))

    return permitted(spdx_expression(expression[:_MAX_CHARS]), permits)


def permitted(expression: str, permits: Callable[[str], bool]) -> bool:
    """Does an SPDX expression leave a way that is permitted? Of `A OR B` one must be, of `A AND B` both.

    An exception (`A WITH B`) only gives more rights, so A decides. Words without an operator are one name; what cannot
    be parsed is permitted when every name in it is.

    Args:
        expression: as a source states it, in any case.
        permits: says of one identifier whether it is.
    """
    from license_expression import LicenseWithExceptionSymbol

    licensing = _licensing()

    def holds(node: Any) -> bool:
        if isinstance(node, licensing.AND | licensing.OR):
            parts = map(holds, node.args)
            return any(parts) if isinstance(node, licensing.OR) else all(parts)
        symbol = node.license_symbol if isinstance(node, LicenseWithExceptionSymbol) else node
        return permits(symbol.key)

    expression = expression[:_MAX_CHARS]
    try:
        tree = licensing.parse(expression)
    except Exception:  # besides errors of its own, boolean.py lets assertions and others through for what is none
        return all(permits(name.strip()) for name in _OPERATORS.split(expression) if name.strip())
    return permits("") if tree is None else holds(tree)


@cache
def _licensing() -> "Licensing":
    from license_expression import Licensing

    return Licensing()
