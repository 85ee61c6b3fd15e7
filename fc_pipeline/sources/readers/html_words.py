"""HTML and MathML inside other formats to Markdown-like text, with the standard library: tags go, words stay."""

import re
from html.parser import HTMLParser

from fc_pipeline.sources.readers.blocks import fence, formula, join, script

SCRIPTS = {"sup": "^", "sub": "_"}
_SILENT = {"script", "style", "template"}
_BREAKS = {
    "address", "article", "aside", "blockquote", "body", "button", "caption", "center", "dd", "details", "dialog",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "html", "legend", "li", "main", "nav", "ol", "option", "p", "pre", "section", "select", "summary",
    "table", "tbody", "textarea", "tfoot", "thead", "title", "tr", "ul",
}  # fmt: skip
_HEADING = re.compile(r"h([1-6])")
_SPACE = re.compile(r"[ \t\n\r\f]+")
_TEX = re.compile(r"(?:application/x-(?:la)?tex|math/tex|(?:la)?tex)\b", re.IGNORECASE)
_DISPLAY_STYLE = re.compile(r"\{\\(?:display|text)style\s(.*)\}", re.DOTALL)


def html_to_text(source: str) -> str:
    """The words of a piece of HTML: headings, lists, tables, code and formulas as Markdown has them."""
    parser = _Words()
    parser.feed(source)
    parser.close()
    return parser.text()


def tex(source: str) -> str:
    """TeX without what Wikipedia puts around it."""
    inner = _DISPLAY_STYLE.fullmatch(source.strip())
    return (inner[1] if inner else source).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[str] = []
        self._held: list[str] = []  # of the block that is open
        self._prefix = ""  # what the next block begins with
        self._cells: list[str] | None = None  # of the table row that is open
        self._lists: list[int] = []  # of each open list the number of its last item; -1 for bullets
        self._scripts: list[tuple[str, int]] = []  # open <sup> and <sub>, and where in the block they began
        self._silent = ""  # the element whose text is not for readers
        self._tex_script = ""  # what a <script> of TeX is: "inline" or "display"
        self._pre = False
        self._math: list[tuple[str, dict[str, str | None], list[str]]] = []  # open elements with their children's text

    def text(self) -> str:
        self._end_row()
        return join(self._blocks)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if self._math or tag == "math":
            self._math.append((tag, attributes, []))
        elif tag in _SILENT:
            self._silent = tag
            kind = attributes.get("type") or ""
            if _TEX.match(kind):
                self._tex_script = "display" if "mode=display" in kind else "inline"
        elif tag in {"td", "th"}:
            self._end_cell()
            self._cells = self._cells or []
        elif tag == "br":
            self._held.append("\n")
        elif tag in SCRIPTS:
            self._scripts.append((tag, len(self._held)))
        elif tag in _BREAKS:
            self._end_row() if tag in {"tr", "table"} else self._end_block()
            self._open(tag)

    def _open(self, tag: str) -> None:
        heading = _HEADING.fullmatch(tag)
        if heading:
            self._prefix = "#" * int(heading[1]) + " "
        elif tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            numbered = bool(self._lists) and self._lists[-1] >= 0
            if numbered:
                self._lists[-1] += 1
            indent = "  " * max(0, len(self._lists) - 1)
            self._prefix = indent + (f"{self._lists[-1]}. " if numbered else "- ")
        elif tag == "pre":
            self._pre = True

    def handle_endtag(self, tag: str) -> None:
        if self._math:
            self._end_math(tag)
        elif tag == self._silent:
            self._silent = self._tex_script = ""
        elif tag in {"td", "th"}:
            self._end_cell()
        elif tag in SCRIPTS and self._scripts and self._scripts[-1][0] == tag:
            self._end_script()
        elif tag in _BREAKS:
            self._end_row() if tag in {"tr", "table"} else self._end_block()
            if tag in {"ul", "ol"} and self._lists:
                self._lists.pop()
            if tag == "li" or _HEADING.fullmatch(tag):
                self._prefix = ""

    def handle_data(self, data: str) -> None:
        if self._math:
            self._math[-1][2].append(data.strip())
        elif self._tex_script:
            self._held.append(formula(data, display=self._tex_script == "display"))
        elif not self._silent:
            self._held.append(data if self._pre else _SPACE.sub(" ", data))

    def _end_script(self) -> None:
        tag, start = self._scripts.pop()
        words = "".join(self._held[start:])
        self._held[start:] = [script(words, SCRIPTS[tag])]

    def _end_block(self) -> None:
        while self._scripts:
            self._end_script()
        text = "".join(self._held)
        if self._cells is not None:  # a block inside a cell of a table: the cell stays in its row
            self._held = [text, " "] if text.strip() else []
            return
        self._held = []
        if self._pre:
            self._pre = False
            if text.strip():
                self._blocks.append(fence(text, ""))
            return
        lines = (line.strip() for line in text.split("\n"))
        text = "\n".join(line for line in lines if line)
        if text:
            self._blocks.append(self._prefix + text)
            self._prefix = ""

    def _end_cell(self) -> None:
        self._end_block()
        if self._cells is not None and self._held:
            self._cells.append(" ".join("".join(self._held).split()))
            self._held = []

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self._blocks.append("| " + " | ".join(self._cells) + " |")
        self._cells = None

    def _end_math(self, tag: str) -> None:
        while self._math:
            closed, attributes, children = self._math.pop()
            if self._math:
                self._math[-1][2].append(_linear(closed, attributes, children))
            else:
                source = tex(attributes.get("alttext") or "".join(children))
                self._held.append(formula(source, display=attributes.get("display") == "block"))
            if closed == tag:
                return

    def close(self) -> None:
        super().close()
        if self._math:
            self._end_math("math")


def _linear(tag: str, attributes: dict[str, str | None], children: list[str]) -> str:
    """An element of MathML in the notation of TeX, from its children; TeX that is noted beside it stands for it."""
    children = [child for child in children if child]
    group = [child if len(child) == 1 else f"{{{child}}}" for child in children]
    if tag == "annotation":
        return _NOTED + "".join(children) if _TEX.match(attributes.get("encoding") or "") else ""
    if tag == "annotation-xml":
        return ""
    if tag == "semantics":
        noted = [child[1:] for child in children if child.startswith(_NOTED)]
        return noted[0] if noted else "".join(children)
    if tag in {"msup", "mover"} and len(children) == 2:
        return f"{children[0]}^{group[1]}"
    if tag in {"msub", "munder"} and len(children) == 2:
        return f"{children[0]}_{group[1]}"
    if tag in {"msubsup", "munderover"} and len(children) == 3:
        return f"{children[0]}_{group[1]}^{group[2]}"
    if tag == "mfrac" and len(children) == 2:
        return f"\\frac{{{children[0]}}}{{{children[1]}}}"
    if tag == "msqrt":
        return f"\\sqrt{{{''.join(children)}}}"
    if tag == "mroot" and len(children) == 2:
        return f"\\sqrt[{children[1]}]{{{children[0]}}}"
    return (" " if tag in {"mtd", "mtr", "mtext"} else "").join(children) + (" " if tag in {"mtd", "mtr"} else "")


_NOTED = "\0"
