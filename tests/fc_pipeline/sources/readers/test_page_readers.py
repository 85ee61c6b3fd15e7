"""Readers of pages: HTML, PDF, lessons, papers."""

import io
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from factories.sources import LIMITS, files, inbox, read, read_one, reason
from matplotlib.figure import Figure

from fc_pipeline.sources.columns import difference, record_difference
from fc_pipeline.sources.readers import BadInput
from fc_pipeline.sources.readers.pdf import unwrapped
from fc_pipeline.sources.readers.template import render

PROSE = "A paragraph with <b>bold</b> words, a <a href='x'>link</a> and <code>code()</code> &amp; an entity."
PAGE = f"""<!DOCTYPE html><html><head><title> A
 title </title><style>p {{ color: red }}</style><script>let x = "no";</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/about">About</a></li></ul></nav>
<article><h1>Head</h1><p>{PROSE}</p><p>{PROSE}</p><h2>Part</h2>
<p>Points:</p><ul><li>the first point of the list, said at length</li>
<li><p>the second</p><ul><li>and a part of it</li></ul></li></ul>
<ol><li>{PROSE}</li><li>second step of the list</li></ol>
<pre>def f():
    return "&lt;x&gt;"</pre>
<p>Caf\u00e9 {PROSE}</p></article><footer><p>Copyright nobody, all rights given away.</p></footer></body></html>"""


def test_a_page_keeps_its_content_and_layout_and_loses_its_frame() -> None:
    item = read_one("html", PAGE.encode())
    plain = "A paragraph with bold words, a link and code() & an entity."
    assert item.meta == {"title": "A title"}
    assert item.text.startswith(f"# Head\n\n{plain}\n\n{plain}\n\n## Part\n\nPoints:\n\n")
    assert "- the first point of the list, said at length\n- the second\n  - and a part of it" in item.text
    assert f"1. {plain}\n2. second step of the list" in item.text
    assert '```\ndef f():\n    return "<x>"\n```' in item.text
    for gone in ("Home", "About", "color", "let x", "Copyright", "<p>", "&amp;"):
        assert gone not in item.text


def article(content: str, head: str = "") -> str:
    """A page whose main content is this, between two paragraphs that are long enough to be taken for content."""
    return (
        f"<html><head>{head}</head><body><article><p>{PROSE * 2}</p>{content}<p>{PROSE * 2}</p></article></body></html>"
    )


def content_of(page: bytes | str) -> str:
    """What was read of the content of `article`."""
    return read_one("html", page).text.split("\n\n")[1]


@pytest.mark.parametrize(
    ("label", "codec", "words"),
    [
        ("utf-8", "utf-8", "Caf\u00e9"),
        ("", "utf-8", "Caf\u00e9"),
        ("iso-8859-1", "utf-8", "Caf\u00e9"),
        ("utf-16", "utf-16", "Caf\u00e9"),
        ("", "utf-16-le", "Caf\u00e9"),
        ("", "utf-16-be", "Caf\u00e9"),
        ("utf-16", "ascii", "An ASCII page"),
        ("iso-8859-1", "cp1252", "\u201cquoted\u201d \u2014 \u20ac5"),
        ("us-ascii", "cp1252", "\u201cquoted\u201d \u2014 \u20ac5"),
        ("ISO-8859-9", "cp1254", "\u0130\u015f \u201cq\u201d"),
        ("tis-620", "cp874", "\u0e20\u0e32\u0e29\u0e32 \u201cq\u201d"),
        ("gb2312", "gb18030", "\u6731\u9555\u57fa"),
        ("GBK", "gb18030", "\u4e2d\u6587 \U00020000"),
        ("shift_jis", "cp932", "\u2460\u756a\u3068\u9ad9"),
        ("euc-kr", "cp949", "\ub620 \ud39f"),
        ("big5", "big5hkscs", "\u4e2d\u6587 \u35ce"),
        ("iso-2022-jp", "iso2022_jp", "\u65e5\u672c\u8a9e"),
        ("", "iso2022_jp", "\u65e5\u672c\u8a9e"),
        ("hz-gb-2312", "hz", "\u4e2d\u6587"),
        ("koi8-r", "koi8-r", "\u041f\u0440\u0438\u0432\u0435\u0442"),
        ("x-mac-cyrillic", "mac_cyrillic", "\u041f\u0440\u0438\u0432\u0435\u0442"),
    ],
)
def test_a_page_is_decoded_as_the_web_means_its_label(label: str, codec: str, words: str) -> None:
    meta = f'<!-- <meta charset="koi8-u"> --><meta http-equiv="Content-Type" content="text/html; charset={label}">'
    assert content_of(article(f"<p>{words}</p>", meta if label else "").encode(codec)) == words


def test_a_page_of_xml_states_its_encoding_before_the_page() -> None:
    page = '<?xml version="1.0" encoding="iso-8859-1"?>' + article("<p>Caf\u00e9 \u201cx\u201d</p>")
    assert content_of(page.encode("cp1252")) == "Caf\u00e9 \u201cx\u201d"


@pytest.mark.parametrize(
    ("label", "why", "words"),
    [("utf-8", "invalid_utf8", "caf\ufffd \ufffd!"), ("euc-jp", "invalid_encoding", "caf\ufffd \ufffd!")],
)
def test_a_page_that_is_not_of_its_encoding_is_refused_or_replaced(label: str, why: str, words: str) -> None:
    page = article("<p>caf\u00ff \u00ff!</p>", f'<meta charset="{label}">').encode("latin-1")
    assert reason("html", page) == why
    (item,) = read("html", page, LIMITS._replace(replace=True))
    assert words in item.text and item.meta["replaced"] == 2


_ANNOTATION = '<annotation encoding="application/x-tex">{\\displaystyle E &lt; mc^{2}}</annotation>'
_MATHML = f"<math><semantics><mrow><mi>E</mi><mo>&lt;</mo><mi>m</mi></mrow>{_ANNOTATION}</semantics></math>"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("10<sup>30</sup> kg, 10<sup>-3</sup> m, x<sup>n+1</sup>", "10^30 kg, 10^-3 m, x^{n+1}"),
        ("H<sub>2</sub>O, x<sub>i<sup>2</sup></sub>", "H_2O, x_{i^2}"),
        ("the 1<sup>st</sup><sup><a href='#n'>[1]</a></sup> mark<sup>\u00ae</sup>", "the 1st[1] mark\u00ae"),
        ('so <script type="math/tex">a &lt b</script> holds', "so $a &lt b$ holds"),
        ('<span class="MathJax">E=mc2</span><script type="math/tex; mode=display">E = mc^2</script>', "$$ E = mc^2 $$"),
        (_MATHML, "$E < mc^{2}$"),
        (f'<span class="katex"><span class="katex-mathml">{_MATHML}</span>'
         '<span class="katex-html" aria-hidden="true">Emc</span></span> is', "$E < mc^{2}$ is"),
        (f'<span class="mwe-math-element"><span style="display: none;">{_MATHML}</span>'
         '<img class="mwe-math-fallback-image-inline" alt="E"></span> is', "$E < mc^{2}$ is"),
        ('<math alttext="a^{2}"><msup><mi>a</mi><mn>2</mn></msup></math>', "$a^{2}$"),
        ("<mjx-container><mjx-mi></mjx-mi><mjx-assistive-mml><math><mfrac><mn>1</mn><msqrt><msub><mi>x</mi>"
         "<mi>ij</mi></msub></msqrt></mfrac></math></mjx-assistive-mml></mjx-container>",
         "$\\frac{1}{\\sqrt{x_{ij}}}$"),
        ('<math display="block"><munderover><mo>\u2211</mo><mi>i</mi><mi>n</mi></munderover></math>',
         "$$ \u2211_i^n $$"),
        ('<img class="tex" alt="a^2"> is', "$a^2$ is"),
    ],
)  # fmt: skip
def test_formulas_and_exponents_of_a_page(source: str, text: str) -> None:
    assert content_of(article(f"<p>{source}</p>")) == text


def test_a_page_of_an_encoding_that_there_is_not_is_refused() -> None:
    (bad,) = read("html", b'<meta charset="klingon-8"><p>caf\xe9</p>')
    assert isinstance(bad, BadInput) and (bad.reason, "klingon-8" in bad.detail) == ("invalid_encoding", True)


def pdf_of(*lines: str) -> bytes:
    """A page whose text is text."""
    stream, figure = io.BytesIO(), Figure(figsize=(5, 3))
    for number, line in enumerate(lines):
        figure.text(0.1, 0.9 - 0.08 * number, line)
    with mpl.rc_context({"pdf.fonttype": 42}):
        figure.savefig(stream, format="pdf", metadata={"CreationDate": None})
    return stream.getvalue()


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return pdf_of("A line that the width of a", "page cut in two.", "Another sentence.")


def test_the_text_of_a_pdf(pdf: bytes) -> None:
    item = read_one("pdf", pdf)
    assert item.text == "A line that the width of a page cut in two.\nAnother sentence."
    assert item.meta == {"pages": 1}


def test_a_hyphen_at_the_end_of_a_line_goes_only_between_small_letters() -> None:
    lines = (
        "The Ruy-",
        "Lopez is a won-",
        "derful \u00e9tu-",
        "de of COVID-",
        "19 and the Runge-",
        "Kutta method - a",
        "b-",
    )
    text = read_one("pdf", pdf_of(*lines)).text
    assert text == "The Ruy-Lopez is a wonderful \u00e9tude of COVID-19 and the Runge-Kutta method - a b-"


def test_words_and_sentences_that_lines_cut_are_joined() -> None:
    assert unwrapped("a won\x02derful day,\r\nis it? Yes.\r\nNo") == "a wonderful day, is it? Yes.\nNo"


def lesson(*steps: dict[str, Any]) -> bytes:
    head = {"title": "Forks", "summary": "Two at once.", "category": "tactics", "level": "beginner"}
    return json.dumps({**head, "steps": [{"title": f"Step {n}", **step} for n, step in enumerate(steps)]}).encode()


def test_a_lesson_is_text_with_positions_tasks_and_reasons() -> None:
    item = read_one(
        "torre_lesson",
        lesson(
            {"kind": "explain", "fen": "8/8 w", "text": "A knight.", "narration": "aloud"},
            {"kind": "play", "prompt": "Fork.", "hint": "Jump.", "line": ["e5f7"], "success": "Won."},
            {"kind": "choose", "question": "Why?", "options": [{"text": "So", "correct": True, "why": "yes"}]},
            {"kind": "guess", "text": "A game.", "moves": ["e2e4"], "notes": [{"text": "1.e4"}],
             "guesses": [{"prompt": "Next?", "hint": "h", "why": "w"}]},
            {"kind": "stars", "narration": "Collect the stars."},
        ),
    )  # fmt: skip
    assert item.text == (
        "# Forks\n\nTwo at once.\n\n## Step 0\n\nPosition: 8/8 w\n\nA knight.\n\n"
        "## Step 1\n\nTask: Fork.\nHint: Jump.\nMoves: e5f7\nWon.\n\n"
        "## Step 2\n\nQuestion: Why?\n- So (right: yes)\n\n"
        "## Step 3\n\nA game.\n\nMoves: e2e4\n\n- 1.e4\n\nQuestion: Next?\nHint: h\nAnswer: w\n\n"
        "## Step 4\n\nCollect the stars."
    )
    assert item.meta == {"category": "tactics", "level": "beginner"}
    for data in (b"[]", b'{"title": "x"}', lesson({"kind": "play", "prompt": "no line"})):
        assert reason("torre_lesson", data) == "invalid_lesson"


def test_a_paper_has_its_headings_between_its_paragraphs() -> None:
    paper = {"section_name": ["", "Intro", "Method ::: Data"], "paragraphs": [["1"], ["a", "b"], ["c"]]}
    assert render("{p|sections}", {"p": paper}) == "1\n\n## Intro\n\na\n\nb\n\n## Data\n\nc"


@pytest.mark.parametrize(
    ("expected", "actual", "differs"),
    [
        ({"a": "string"}, {"a": "string"}, None),
        ({"a": "string"}, {"a": "list<string>"}, "column a: expected string, is list<string>"),
        ({"a": "string", "b": "int64"}, {"a": "string"}, "column b is gone"),
        ({"a": "string", "b": "int64?"}, {"a": "string"}, None),
        ({"a": "string"}, {"a": "string", "b": "int64", "c": "bool"}, "new: b (int64), c (bool)"),
        ({"a": "string", "*": "any"}, {"a": "string", "b": "int64"}, None),
        ({"a": "list<struct>"}, {"a": "list<struct<x: string>>"}, None),
        ({"a": "list<list<string>>"}, {"a": "list<list<string>>"}, None),
        ({"a": "list<string>"}, {"a": "list<bool>"}, "column a: expected list<string>, is list<bool>"),
        ({"a": "any"}, {"a": "binary"}, None),
        (
            {"text": "string", "url": "string"}, {"text": "list<string>", "link": "string"},
            "column text: expected string, is list<string>; column url is gone; new: link (string)",
        ),
    ],
)  # fmt: skip
def test_the_difference_of_two_schemas_in_words(expected, actual, differs) -> None:
    assert difference(expected, actual) == differs


@pytest.mark.parametrize(
    ("expected", "record", "differs"),
    [
        ({"a": "string", "n": "double"}, {"a": "x", "n": 1}, None),
        ({"a": "string"}, {"a": None}, None),
        ({"a": "timestamp"}, {"a": "2024-01-01"}, None),
        ({"n": "int64"}, {"n": True}, "column n: expected int64, is bool"),
        ({"n": "int64"}, {"n": 1.5}, "column n: expected int64, is double"),
        ({"a": "list<string>"}, {"a": ["x", 1]}, "column a: expected list<string>, is list<int64 or string>"),
        ({"a": "struct"}, {"a": {"b": 1}}, None),
        ({"a": "string"}, {"b": 1}, "column a is gone; new: b (int64)"),
    ],
)
def test_the_difference_of_a_json_record(expected, record, differs) -> None:
    assert record_difference(expected, record) == differs


def test_pages_read_in_child_processes_are_the_same_bytes_for_any_workers(fetch, pdf: bytes, tmp_path: Path) -> None:
    for number in range(14):
        (tmp_path / f"{number:02}.html").write_text(PAGE.replace("Head", f"Head {number}") + "<!-- -->" * 10_000)
        (tmp_path / f"{number:02}.pdf").write_bytes(pdf)
    config = inbox(tmp_path, files("*.html", "html"), files("*.pdf", "pdf"))
    artifact = fetch(config)
    assert artifact.manifest.counters.kept == 28
    assert fetch(config, workers=2).digest == artifact.digest
