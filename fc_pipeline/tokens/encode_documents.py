"""The first half of packing: every document as token ids in one file; a killed attempt is resumed.

Threads encode (SentencePiece releases the GIL) while the main thread reads, writes and counts.
"""

import json
from array import array
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.artifacts import read_records
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks

if TYPE_CHECKING:
    from fc_model.tokenizer import Tokenizer

_BATCH_CHARS = 250_000  # of text that a thread encodes at a time
_QUEUED_PER_THREAD = 2

Record = dict[str, Any]


class Batch(NamedTuple):
    """Consecutive documents, each with EOS."""

    tokens: bytes
    lengths: list[int]
    checksum: str


@dataclass
class Encoded:
    """Tables of the encoded documents, in memory; the tokens are in a file, document after document."""

    file: Path
    dtype: np.dtype[Any]
    domains: list[str]
    length: "array[int]" = field(default_factory=lambda: array("q"))  # tokens, EOS included
    num_bytes: "array[int]" = field(default_factory=lambda: array("q"))  # UTF-8 bytes of the text
    domain: "array[int]" = field(default_factory=lambda: array("q"))  # place in `domains`
    held_out: "array[int]" = field(default_factory=lambda: array("b"))

    def add(self, *, length: int, num_bytes: int, domain: str, held_out: bool) -> None:
        """Counts one document; its number is its row in documents.jsonl.zst."""
        self.length.append(length)
        self.num_bytes.append(num_bytes)
        self.domain.append(self.domains.index(domain))
        self.held_out.append(held_out)

    def select(self, domain: str, *, held_out: bool) -> NDArray[np.int64]:
        """Numbers of the documents of a domain on one side of the split."""
        chosen = (np.asarray(self.domain) == self.domains.index(domain)) & (np.asarray(self.held_out) == held_out)
        return np.flatnonzero(chosen)

    def tokens(self) -> NDArray[np.integer[Any]]:
        """All tokens, mapped from the file."""
        return np.memmap(self.file, dtype=self.dtype, mode="r") if self.length else np.empty(0, dtype=self.dtype)


class Journal:
    """The tokens in a file and, beside it, a line for each batch: the lengths of its documents and their checksum.

    Batches of an earlier attempt are reused as far as tokens and lines agree; the rest is cut off.
    """

    def __init__(self, folder: Path, *, token_bytes: int) -> None:
        self._token_bytes = token_bytes
        self.tokens_file = folder / "tokens.bin"
        self._lines_file = folder / "batches.jsonl"
        for file in (self.tokens_file, self._lines_file):
            file.touch()
        self._kept = deque(self._whole_batches())

    def __enter__(self) -> "Journal":
        self._files = ExitStack()
        self._tokens: BinaryIO = self._files.enter_context(self.tokens_file.open("ab"))
        self._lines: BinaryIO = self._files.enter_context(self._lines_file.open("ab"))
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def next_lengths(self) -> list[int] | None:
        """Lengths of the documents of the next batch that an earlier attempt has encoded, None when there is none."""
        return self._kept.popleft() if self._kept else None

    def add(self, batch: Batch) -> None:
        self._tokens.write(batch.tokens)
        self._tokens.flush()  # before the line that vouches for them
        self._lines.write(json.dumps({"lengths": batch.lengths, "checksum": batch.checksum}).encode() + b"\n")
        self._lines.flush()

    def _whole_batches(self) -> Iterator[list[int]]:
        lines_end = tokens_end = 0
        with self._lines_file.open("r+b") as lines, self.tokens_file.open("r+b") as tokens:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:  # cut in the middle
                    break
                data = tokens.read(sum(entry["lengths"]) * self._token_bytes)
                if not line.endswith(b"\n") or checksum_of(data) != entry["checksum"]:
                    break
                lines_end += len(line)
                tokens_end += len(data)
                yield entry["lengths"]
            lines.truncate(lines_end)
            tokens.truncate(tokens_end)


def checksum_of(data: bytes) -> str:
    import xxhash

    return xxhash.xxh3_64_hexdigest(data)


def encode_documents(step: Step, tokenizer: "Tokenizer", *, domains: list[str]) -> Encoded:
    """Encodes all documents of the domains and lists them in documents.jsonl.zst, in the order of the input.

    Every document ends with EOS. The documents of other domains are dropped and counted.
    """
    from fc_model.data.token_shard_writer import token_dtype

    dtype = token_dtype(tokenizer.vocab_size)
    threads = max(step.runtime.workers, step.runtime.threads)
    with ExitStack() as files:
        journal = files.enter_context(Journal(step.out.workspace("encoded"), token_bytes=dtype.itemsize))
        write = files.enter_context(step.out.records("documents.jsonl.zst"))
        pool = files.enter_context(ThreadPoolExecutor(threads, thread_name_prefix="encode"))
        encoded = Encoded(journal.tokens_file, dtype, domains)
        waiting: deque[tuple[str, list[Record], Future[Batch] | list[int]]] = deque()

        def write_next() -> None:
            side, batch, result = waiting.popleft()
            if isinstance(result, Future):
                encoded_batch = result.result()
                journal.add(encoded_batch)
                lengths = encoded_batch.lengths
            else:
                lengths = result
            for record, length in zip(batch, lengths, strict=True):
                num_bytes = len(record["text"].encode())
                encoded.add(length=length, num_bytes=num_bytes, domain=record["domain"], held_out=side == "holdout")
                about = {key: record[key] for key in ("id", "source", "domain", "licence")}
                write({**about, "split": side, "bytes": num_bytes, "tokens": length})
            step.runtime.report({"documents": len(encoded.length)})

        for side, batch in _batches(step, set(domains)):
            texts = [record["text"] for record in batch]
            waiting.append((side, batch, journal.next_lengths() or pool.submit(encode, tokenizer, texts, dtype)))
            if len(waiting) > _QUEUED_PER_THREAD * threads:
                write_next()
        while waiting:
            write_next()
    return encoded


def encode(tokenizer: "Tokenizer", texts: list[str], dtype: np.dtype[Any]) -> Batch:
    """The tokens of texts as bytes of `dtype`, each text with EOS."""
    ids = tokenizer.encode_batch(texts)
    end = np.array([tokenizer.eos_id], dtype=np.int32)
    tokens = np.concatenate([part for one in ids for part in (one, end)]).astype(dtype).tobytes()
    return Batch(tokens, [len(one) + 1 for one in ids], checksum_of(tokens))


def _batches(step: Step, domains: set[str]) -> Iterator[tuple[str, list[Record]]]:
    """(side of the split, records of the domains); those of others are dropped and counted."""

    def wanted(side: str) -> Iterator[Record]:
        for record in read_records(step.inputs["documents"].path(f"{side}.jsonl.zst")):
            step.out.counters.read += 1
            if record["domain"] in domains:
                yield record
            else:
                step.out.counters.drop("domain_not_in_mixture")

    for side in ("train", "holdout"):
        for batch in chunks(wanted(side), weight=lambda record: len(record["text"]), limit=_BATCH_CHARS):
            yield side, batch
