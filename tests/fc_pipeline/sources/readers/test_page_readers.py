"""Readers of pages: HTML, PDF, lessons, papers."""

import io
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from factories.sources import files, inbox, read, read_one, reason
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


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_page_is_decoded_as_it_says(encoding: str) -> None:
    page = PAGE.replace("<head>", f'<head><meta charset="{encoding}">')
    assert "Caf\u00e9 A paragraph" in read_one("html", page.encode(encoding)).text


def test_a_page_of_an_encoding_that_there_is_not_is_refused() -> None:
    (bad,) = read("html", b'<meta charset="klingon-8"><p>caf\xe9</p>')
    assert isinstance(bad, BadInput) and (bad.reason, "klingon-8" in bad.detail) == ("invalid_encoding", True)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """A page whose text is text."""
    stream, figure = io.BytesIO(), Figure(figsize=(5, 3))
    for number, line in enumerate(["A line that the width of a", "page cut in two.", "Another sentence."]):
        figure.text(0.1, 0.85 - 0.15 * number, line)
    with mpl.rc_context({"pdf.fonttype": 42}):
        figure.savefig(stream, format="pdf", metadata={"CreationDate": None})
    return stream.getvalue()


def test_the_text_of_a_pdf(pdf: bytes) -> None:
    item = read_one("pdf", pdf)
    assert item.text == "A line that the width of a page cut in two.\nAnother sentence."
    assert item.meta == {"pages": 1}


def test_words_and_sentences_that_lines_cut_are_joined() -> None:
    assert unwrapped("a won-\r\nderful day,\r\nis it? Yes.\r\nNo") == "a wonderful day, is it? Yes.\nNo"


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
