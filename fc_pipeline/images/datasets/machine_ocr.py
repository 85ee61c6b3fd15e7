"""Words that came with a set and were read by a machine: three engines' formats, one result."""

from typing import Any

from fc_model.data.images.record import Box, Line, Word, union
from fc_pipeline.images.datasets.pictures import Picture, box_in

Read = tuple[list[Word], list[Line]]


def rosetta_words(image: Picture, tokens: list[dict[str, Any]]) -> Read:
    """Facebook's Rosetta, `ocr_info` of TextVQA: boxes are fractions of the image's sides, every word a line."""
    found: list[tuple[str, Box | None]] = []
    for token in tokens:
        place = token["bounding_box"]
        found.append((token["word"], _fraction(image, place, ("top_left_x", "top_left_y", "width", "height"))))
    return _lines([[word] for word in found])


def textract_words(image: Picture, blocks: dict[str, Any]) -> Read:
    """Amazon Textract as InfographicVQA stores it: {PAGE, LINE, WORD: [{Id, Text, Geometry, Relationships}]}.

    A line names its words in Relationships (Type CHILD); boxes are fractions of the image's sides.
    """
    sides = ("Left", "Top", "Width", "Height")
    words = {
        block["Id"]: (block["Text"], _fraction(image, block["Geometry"]["BoundingBox"], sides))
        for block in blocks["WORD"]
    }
    return _lines([[words[name] for name in _children(line) if name in words] for line in blocks["LINE"]])


def _children(line: dict[str, Any]) -> list[str]:
    return [name for link in line.get("Relationships") or [] if link["Type"] == "CHILD" for name in link["Ids"]]


def read_api_words(image: Picture, result: dict[str, Any]) -> Read:
    """Microsoft's Read API, version 2, as DocVQA stores it: {recognitionResults: [{width, height, lines: [{words}]}]}.

    A boundingBox is four corners in pixels of the page that the engine saw, which may be scaled.
    """
    page = result["recognitionResults"][0]
    across, down = image.width / page["width"], image.height / page["height"]
    lines: list[list[tuple[str, Box | None]]] = []
    for line in page["lines"]:
        words: list[tuple[str, Box | None]] = []
        for word in line["words"]:
            xs, ys = word["boundingBox"][0::2], word["boundingBox"][1::2]
            box = box_in(image, min(xs) * across, min(ys) * down, max(xs) * across, max(ys) * down)
            words.append((word["text"], box))
        lines.append(words)
    return _lines(lines)


def _fraction(image: Picture, place: dict[str, float], sides: tuple[str, str, str, str]) -> Box | None:
    left, top, width, height = (place[side] for side in sides)
    right, bottom = left + width, top + height
    return box_in(image, left * image.width, top * image.height, right * image.width, bottom * image.height)


def _lines(found: list[list[tuple[str, Box | None]]]) -> Read:
    """Words with a box inside the image, and the lines that have any."""
    words: list[Word] = []
    lines: list[Line] = []
    for line in found:
        inside = [(text.strip(), box) for text, box in line if text.strip() and box]
        if inside:
            words += [Word(text, box, len(lines)) for text, box in inside]
            lines.append(Line(" ".join(text for text, _ in inside), union([box for _, box in inside])))
    return words, lines
