"""SVG to pixels with resvg. Run in a child process (isolated.py): what an SVG asks for may be made to harm.

resvg opens the file that an absolute path in `href` names, so it never sees the source's own markup: the tree is
parsed here, refused when anything in it points outside, and written anew.
"""

import re
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from fc_pipeline.catalogue.bad_input import BadInput

MAX_ELEMENTS = 20_000
MAX_DEPTH = 100
MAX_ASPECT = 8.0
_MAX_ATTRIBUTE_CHARS = 500_000
_SVG = "{http://www.w3.org/2000/svg}svg"
_REFUSED = {"script", "foreignObject", "image", "feImage"}
"""Pictures of this source are drawn, not pasted: no element that runs code or brings in another file."""
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*(?:px)?\s*")


def render_svg(data: bytes, *, size: int, background: str) -> tuple[Any, list[bytes]]:
    """The picture as PNG, its longer side `size` pixels, on a plain colour (`#rrggbb`).

    Raises:
        BadInput: it is no SVG, or is made so that drawing it could do harm.
    """
    import resvg_py

    root = _tree(data)
    width, height = _size(root)
    longest = max(width, height)
    if longest > MAX_ASPECT * min(width, height):
        raise BadInput("odd_shape", f"{width:g} by {height:g}: one side is more than {MAX_ASPECT:g} times the other")
    try:
        image = resvg_py.svg_to_bytes(
            svg_string=ElementTree.tostring(root, encoding="unicode"),
            background=background,
            skip_system_fonts=True,  # what is drawn must not depend on the machine's fonts
            width=size if width == longest else None,
            height=size if width < longest else None,
        )
    except ValueError as error:
        raise BadInput("invalid_svg", str(error)) from error
    return None, [bytes(image)]


class _Builder(ElementTree.TreeBuilder):
    """Stops at what no drawing needs, before a tree of it is built."""

    def __init__(self) -> None:
        super().__init__()
        self._count = self._depth = 0

    def doctype(self, *_: str | None) -> None:
        raise BadInput("doctype", "a document type may declare entities; save the drawing without it")

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self._count += 1
        self._depth += 1
        if self._count > MAX_ELEMENTS:
            raise BadInput("too_large", f"more than {MAX_ELEMENTS} elements")
        if self._depth > MAX_DEPTH:
            raise BadInput("too_deep", f"nested more than {MAX_DEPTH} deep")
        name = _local(tag)
        if name in _REFUSED:
            raise BadInput("active_content", f"a <{name}>")
        for key, value in attrs.items():
            if _local(key) == "href" and not value.strip().startswith("#"):
                raise BadInput("external_reference", f"{name} refers to {value[:80]!r}")
            if len(value) > _MAX_ATTRIBUTE_CHARS:
                raise BadInput("too_large", f"{name}: {key} has {len(value)} characters")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def _tree(data: bytes) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(data)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ExpatError, ValueError, LookupError) as error:
        raise BadInput("invalid_svg", str(error)) from error
    if root.tag != _SVG:
        raise BadInput("invalid_svg", f"its root is {root.tag[:80]!r}, not svg")
    return root


def _size(root: ElementTree.Element) -> tuple[float, float]:
    """Width and height as drawn: of the attributes, or of the view box where they are missing or relative."""
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    try:
        _, _, box_width, box_height = (float(part) for part in box)
    except ValueError:
        box_width = box_height = 0.0
    sides = []
    for name, other in (("width", box_width), ("height", box_height)):
        stated = _LENGTH.fullmatch(root.get(name, ""))
        sides.append(float(stated[1]) if stated else other)
    if not all(0 < side < float("inf") for side in sides):
        raise BadInput("invalid_svg", f"a size of {sides[0]:g} by {sides[1]:g}")
    return sides[0], sides[1]


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]
