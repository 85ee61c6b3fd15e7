"""What is known of an image: its text with boxes, a caption, questions. One JSON object an image.

Every field has one type in all records, so that tables can hold them: `meta`, whose fields differ, is JSON in a string.

Boxes are (left, top, right, bottom) in pixels of the stored image, right and bottom exclusive: the smallest box around
the ink.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

Box = tuple[int, int, int, int]
Family = Literal["text", "natural"]
"""What the caps of a mixture count: images that are there to be read, and all others."""
Split = Literal["train", "holdout"]


class Word(NamedTuple):
    """A run without white space, as drawn."""

    text: str
    box: Box
    line: int
    """Index into the lines."""
    starts: tuple[int, ...] = ()
    """Where each character begins, in pixels from the left edge of the image; empty when that is not known."""


class Line(NamedTuple):
    """Words in reading order; `text` joins them as a person would type the line."""

    text: str
    box: Box


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with every answer that counts as right, the best one first."""

    question: str
    answers: list[str]
    kind: str
    """extractive, field, count, json, yes_no, choice and so on: what the scores are reported by."""


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """One sample of an image shard; in a tar it is `<key>.json` beside `<key>.<image>` for each of `images`."""

    id: str
    """`<source>/<path or number>`, unique over all sources."""
    source: str
    kind: str
    """What it shows: line, document/invoice, screenshot/dialog, scene/sign, chart, emoji, photo and so on."""
    family: Family
    licence: str
    """SPDX identifier, or what the source states."""
    width: int
    height: int
    """Pixels of the first image."""
    images: list[str] = field(default_factory=lambda: ["png"])
    """Extensions of the members that hold the images, in order: one (`png`), or several (`0.png`, `1.png`)."""
    split: Split = "train"
    text: str | None = None
    """All text in reading order, lines joined by newlines; None when it is not known, "" when there is none."""
    words: list[Word] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    caption: str | None = None
    questions: list[Question] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    """fonts, layout, style and what else the maker knows; plain JSON."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, in the order of the fields. It shares `images` and the answers with the record.

        Raises ValueError or TypeError when `meta` is no plain JSON.
        """
        return vars(self) | {  # not dataclasses.asdict, which copies every box of a page before it is thrown away
            "words": [
                {"text": word.text, "box": list(word.box), "line": word.line, "starts": list(word.starts)}
                for word in self.words
            ],
            "lines": [{"text": line.text, "box": list(line.box)} for line in self.lines],
            "questions": [dict(vars(question)) for question in self.questions],
            "meta": json.dumps(self.meta, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        """Inverse of `to_json`. Raises TypeError, KeyError or ValueError when it is none."""
        return cls(
            **raw
            | {
                "words": [
                    Word(word["text"], tuple(word["box"]), word["line"], tuple(word["starts"])) for word in raw["words"]
                ],
                "lines": [Line(line["text"], tuple(line["box"])) for line in raw["lines"]],
                "questions": [Question(**question) for question in raw["questions"]],
                "meta": json.loads(raw["meta"]),
            }
        )


def union(boxes: list[Box]) -> Box:
    """The smallest box around all (at least one)."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
