"""Search over a corpus: BM25 by the full-text index of SQLite (FTS5), one file that is built once and read by calls."""

import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fc_model.tools.tool import TEXT, Tool, ToolError, array, described, record

_MAX_TITLE = 120
_MAX_EXCERPT = 600
_MAX_WORDS = 20


def write_index(documents: Iterable[dict[str, Any]], path: Path) -> int:
    """Index id, title and beginning of records ({"id", "text"}: docs/architecture.md) in a new file; returns how many.

    The title is a document's first line that is not empty; the excerpt its first 600 characters. The same documents
    in the same order give the same answers.
    """
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as database:
        database.execute("PRAGMA journal_mode=OFF")
        database.execute("CREATE VIRTUAL TABLE documents USING fts5(id UNINDEXED, title, excerpt, tokenize='porter')")
        rows = ((document["id"], *_beginning(document["text"])) for document in documents)
        count = database.executemany("INSERT INTO documents VALUES (?, ?, ?)", rows).rowcount
        database.commit()
    os.replace(partial, path)
    return max(count, 0)


def _beginning(text: str) -> tuple[str, str]:
    excerpt = text[: _MAX_EXCERPT * 2].strip()[:_MAX_EXCERPT]
    title = excerpt.partition("\n")[0].strip(" #=*\t")
    return title[:_MAX_TITLE], excerpt


def search_corpus(corpus: Path, query: str, limit: int = 3) -> dict[str, Any]:
    """The documents that fit some words of a query best, a word of the title counting thrice."""
    words = list(dict.fromkeys(re.findall(r"\w+", query.lower())))[:_MAX_WORDS]
    if not words:
        raise ToolError("the query has no word")
    any_word = " OR ".join(f'"{word}"' for word in words)  # in quotes nothing is an operator of FTS5
    try:
        with closing(sqlite3.connect(f"file:{quote(str(corpus))}?mode=ro&immutable=1", uri=True)) as database:
            rows = database.execute(
                "SELECT id, title, excerpt FROM documents WHERE documents MATCH ? "
                "ORDER BY bm25(documents, 0, 3, 1), rowid LIMIT ?",
                (any_word, limit),
            ).fetchall()
    except sqlite3.Error as error:
        raise ToolError(f"the index of the corpus cannot be read ({error})") from error
    return {"documents": [{"id": id_, "title": title, "excerpt": excerpt} for id_, title, excerpt in rows]}


TOOLS = (
    Tool(
        name="search_corpus",
        description="Searches the documents that the model was trained on, and shows how the best ones begin.",
        parameters=record(
            {"query": described({"type": "string", "minLength": 1, "maxLength": 500}, "a few words")},
            optional={"limit": {"type": "integer", "minimum": 1, "maximum": 10}},
        ),
        executor=search_corpus,
        result=record({"documents": array(record({"id": TEXT, "title": TEXT, "excerpt": TEXT}))}),
        uses="corpus",
    ),
)
