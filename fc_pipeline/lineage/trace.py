"""Search in token shards: the document of a token, and the documents that hold a text."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fc_model.artifacts import Artifact, read_rows
from fc_model.errors import UserError

if TYPE_CHECKING:
    from fc_model.data.token_shards import Shards
    from fc_model.tokenizer import Tokenizer

_DOCUMENTS = "documents.jsonl.zst"
_CONTEXT_TOKENS = 40  # shown on each side of a token
_CHUNK_TOKENS = 2_000_000  # decoded at a time
_BORDER = 0xFF  # stands for the end of a document in decoded bytes; no UTF-8 text has this byte


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A place in a document of the shards."""

    id: str
    source: str
    domain: str
    licence: str
    split: str
    row: int


@dataclass(frozen=True, kw_only=True)
class Origin(_Place):
    """Where one token came from."""

    offset: int
    """Place of the token in its document."""
    before: str
    token: str
    after: str
    """Text around the token, within its document."""


@dataclass(frozen=True, kw_only=True)
class Occurrence(_Place):
    """One place in one document that holds a text."""

    offset: int
    """Bytes of the document before the text."""
    copies: int
    """How often the split holds this document."""


def trace_token(shards: Artifact, split: str, position: int) -> Origin:
    """The document of the token at `position` of `split`. Raises UserError when there is no such token or split."""
    from fc_model.data.token_shards import Shards
    from fc_model.tokenizer import Tokenizer

    tokenizer = Tokenizer(shards.path("tokenizer.model"))
    reader = Shards(shards.folder, split, tokenizer_fingerprint=tokenizer.fingerprint)
    row, offset = reader.locate(position)
    start = position - offset
    _, record = next(read_rows(shards.path(_DOCUMENTS), [row]))
    stop = min(start + record["tokens"], position + _CONTEXT_TOKENS + 1)
    ids = reader.tokens(max(start, position - _CONTEXT_TOKENS), stop)
    here = min(offset, _CONTEXT_TOKENS)
    return Origin(
        **_about(record),
        split=split,
        row=row,
        offset=offset,
        before=tokenizer.decode(ids[:here]),
        token=tokenizer.decode(ids[here : here + 1]),
        after=tokenizer.decode(ids[here + 1 :]),
    )


def find_text(shards: Artifact, tokenizer: "Tokenizer", text: str) -> list[Occurrence]:
    """Every place in the shards that holds `text`, by split, row and offset.

    The search reads decoded bytes, so token borders do not matter.

    Raises:
        UserError: the text is empty, or the shards were made with another tokenizer.
    """
    from fc_model.data.token_shards import Shards, list_splits

    if not text:
        raise UserError("trace: give a text that is not empty")
    places: Counter[tuple[str, int, int]] = Counter()
    for split in list_splits(shards.folder):
        reader = Shards(shards.folder, split, tokenizer_fingerprint=tokenizer.fingerprint)
        places.update((split, row, offset) for row, offset in _search(reader, tokenizer, text.encode()))
    documents = dict(read_rows(shards.path(_DOCUMENTS), {row for _, row, _ in places}))
    return [
        Occurrence(**_about(documents[row]), split=split, row=row, offset=offset, copies=copies)
        for (split, row, offset), copies in sorted(places.items())
    ]


def trace_position(shards: Artifact, split: str, position: int) -> int:
    """Print where a token came from; returns the exit status."""
    from fc_pipeline.formatting import columns, print_lines

    origin = trace_token(shards, split, position)
    place = f"token {origin.offset:,} of the document in row {origin.row:,} of documents.jsonl.zst"
    about = [["document", origin.id], *([name, getattr(origin, name)] for name in ("source", "domain", "licence"))]
    print_lines([("", line) for line in columns([*about, ["place", place]])])
    token = origin.token or "the end of the document"
    print_lines([("", ""), ("dim", origin.before), ("bold", token), ("dim", origin.after)])
    return 0


def trace_text(shards: Artifact, tokenizer: Artifact, text: str) -> int:
    """Print the documents that hold a text; returns the exit status, 1 when there is none."""
    from fc_model.tokenizer import Tokenizer
    from fc_pipeline.formatting import columns, print_lines

    occurrences = find_text(shards, Tokenizer(tokenizer.path("tokenizer.model")), text)
    rows = [[o.split, o.source, o.licence, f"byte {o.offset:,}", f"x{o.copies}", o.id] for o in occurrences]
    print_lines([("", line) for line in columns(rows)])
    documents = len({occurrence.row for occurrence in occurrences})
    print_lines([("bold", f"{len(occurrences)} places in {documents} documents")])
    return 0 if occurrences else 1


def _search(reader: "Shards", tokenizer: "Tokenizer", wanted: bytes) -> Iterator[tuple[int, int]]:
    """(row, bytes before) of every occurrence in a split, repeats of documents included."""
    pieces = [tokenizer.decode_bytes([token]) for token in range(tokenizer.vocab_size)]
    pieces[reader.eos_id] = bytes([_BORDER])
    for first, last in _chunks(reader):
        ids = reader.tokens(reader.document_span(first)[0], reader.document_span(last - 1)[1])
        text = b"".join(map(pieces.__getitem__, ids.tolist()))
        borders = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == _BORDER)
        document_starts = np.concatenate([[0], borders + 1])
        place = text.find(wanted)
        while place >= 0:
            ordinal = int(np.searchsorted(document_starts, place, side="right")) - 1
            yield int(reader.document_rows[first + ordinal]), place - int(document_starts[ordinal])
            place = text.find(wanted, place + 1)


def _chunks(reader: "Shards") -> Iterator[tuple[int, int]]:
    """Ranges of whole documents of about `_CHUNK_TOKENS` tokens."""
    starts = reader.document_starts
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + _CHUNK_TOKENS)))
        yield first, last
        first = last


def _about(record: dict[str, Any]) -> dict[str, str]:
    return {name: record[name] for name in ("id", "source", "domain", "licence")}
