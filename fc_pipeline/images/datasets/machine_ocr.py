"""Words that came with a set and were read by a machine: three engines' formats, the fields of a record."""

import math
from typing import Any

from fc_model.data.images.record import Box
from fc_pipeline.images.datasets.pictures import Frame, Picture, box_in, placed

Fields = dict[str, Any]
"""`words`, `lines` and `words_by` as `SetFolder.sample` takes them; none where nothing was read."""


def rosetta(image: Picture, tokens: list[dict[str, Any]], *, frame: Frame) -> Fields:
    """Facebook's Rosetta, `ocr_info` of TextVQA: boxes are fractions of the image's sides, every word a line.

    A box is turned by `rotation` degrees about its upper left corner, clockwise as the picture is seen (the y axis
    points down; by comparison, since it is not documented).
    """
    sides = ("top_left_x", "top_left_y", "width", "height")
    places = [(token["word"], token["bounding_box"]) for token in tokens]
    rows = [[(word, _fraction(image, place, sides, place.get("rotation") or 0, frame))] for word, place in places]
    return _fields("Rosetta", rows)


def textract(image: Picture, blocks: dict[str, Any] | None) -> Fields:
    """Amazon Textract as InfographicVQA stores it: {PAGE, LINE, WORD: [{Id, Text, Geometry, Relationships}]}.

    A line names its words in Relationships (Type CHILD); boxes are fractions of the image's sides.
    """
    if not blocks:
        return {}
    sides = ("Left", "Top", "Width", "Height")
    words = {
        block["Id"]: (block["Text"], _fraction(image, block["Geometry"]["BoundingBox"], sides))
        for block in blocks["WORD"]
    }
    return _fields(
        "Amazon Textract", [[words[name] for name in _children(line) if name in words] for line in blocks["LINE"]]
    )


def _children(line: dict[str, Any]) -> list[str]:
    return [name for link in line.get("Relationships") or [] if link["Type"] == "CHILD" for name in link["Ids"]]


def microsoft_read(image: Picture, result: dict[str, Any] | None) -> Fields:
    """Microsoft's Read API, version 2, as DocVQA stores it: {recognitionResults: [{width, height, lines: [{words}]}]}.

    A boundingBox is four corners in pixels of the page that the engine saw, which may be scaled.
    """
    if not result:
        return {}
    page = result["recognitionResults"][0]
    frame = image.frame_of(page["width"], page["height"])
    width, height = image.size(frame)
    across, down = width / page["width"], height / page["height"]

    def box(corners: list[float]) -> Box | None:
        points = [(x * across, y * down) for x, y in zip(corners[0::2], corners[1::2], strict=True)]
        return box_in(image, points, frame=frame)

    lines = [[(word["text"], box(word["boundingBox"])) for word in line["words"]] for line in page["lines"]]
    return _fields("Microsoft Read", lines)


def _fraction(
    image: Picture,
    place: dict[str, float],
    sides: tuple[str, str, str, str],
    degrees: float = 0,
    frame: Frame = "upright",
) -> Box | None:
    """A box in fractions of the image's sides, turned about its upper left corner."""
    scales = image.size(frame) * 2
    left, top, width, height = (place[side] * scale for side, scale in zip(sides, scales, strict=True))
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    return box_in(image, [(left + x * cos - y * sin, top + x * sin + y * cos) for x, y in corners], frame=frame)


def _fields(engine: str, rows: list[list[tuple[str, Box | None]]]) -> Fields:
    words, lines = placed(rows)
    return {"words": words, "lines": lines, "words_by": engine}
