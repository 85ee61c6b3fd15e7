"""Words that came with a set and were read by a machine: three engines' formats, the fields of a record."""

from typing import Any

from fc_model.data.images.record import Box
from fc_pipeline.images.datasets.pictures import Picture, box_in, placed

Fields = dict[str, Any]
"""`words`, `lines` and `words_by` as `SetFolder.sample` takes them; none where nothing was read."""


def rosetta(image: Picture, tokens: list[dict[str, Any]]) -> Fields:
    """Facebook's Rosetta, `ocr_info` of TextVQA: boxes are fractions of the image's sides, every word a line."""
    sides = ("top_left_x", "top_left_y", "width", "height")
    return _fields("Rosetta", [[(token["word"], _fraction(image, token["bounding_box"], sides))] for token in tokens])


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
    across, down = image.width / page["width"], image.height / page["height"]

    def box(corners: list[float]) -> Box | None:
        xs, ys = corners[0::2], corners[1::2]
        return box_in(image, min(xs) * across, min(ys) * down, max(xs) * across, max(ys) * down)

    lines = [[(word["text"], box(word["boundingBox"])) for word in line["words"]] for line in page["lines"]]
    return _fields("Microsoft Read", lines)


def _fraction(image: Picture, place: dict[str, float], sides: tuple[str, str, str, str]) -> Box | None:
    left, top, width, height = (place[side] for side in sides)
    right, bottom = left + width, top + height
    return box_in(image, left * image.width, top * image.height, right * image.width, bottom * image.height)


def _fields(engine: str, rows: list[list[tuple[str, Box | None]]]) -> Fields:
    words, lines = placed(rows)
    return {"words": words, "lines": lines, "words_by": engine}
