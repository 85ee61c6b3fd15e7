"""The first half of packing conversations: each as token ids that fit a window, with a mask of what is trained on."""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.artifacts import read_records
from fc_pipeline.corpus.decontamination.decisions import decontaminated
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks
from fc_pipeline.instructions.config import DECISIONS, WRITTEN
from fc_pipeline.instructions.document import conversation_of

if TYPE_CHECKING:
    from fc_model.tokenizer import Tokenizer

TOO_LONG = "too_long"
_CHUNK_CHARS = 250_000


class Encoded(NamedTuple):
    """A conversation up to its last reply that fits, without BOS, with EOS behind it.

    `row` is its place in documents.jsonl.zst.
    """

    row: int
    name: str
    source: str
    held_out: bool
    ids: NDArray[np.uint32]
    trained: NDArray[np.bool_]
    cut: bool
    """Whether replies were left out."""


def encode_conversations(step: Step, tokenizer_file: Path, *, seq_len: int, may_cut: bool) -> list[Encoded]:
    """All conversations that fit, listed in documents.jsonl.zst; those that do not are dropped and counted."""
    encode = partial(encode_batch, str(tokenizer_file), seq_len, may_cut)
    conversations: list[Encoded] = []
    with step.out.records("documents.jsonl.zst") as write:
        batches = chunks(_records(step), weight=lambda pair: len(pair[1]["text"]), limit=_CHUNK_CHARS)
        waiting: list[list[tuple[str, dict[str, Any]]]] = []

        def noted() -> Iterator[list[dict[str, Any]]]:
            for batch in batches:
                waiting.append(batch)
                yield [record for _, record in batch]

        for encoded in step.ordered_map(encode, noted()):
            for (side, record), whole in zip(waiting.pop(0), encoded, strict=True):
                step.out.counters.read += 1
                if whole is None:
                    step.out.counters.drop(TOO_LONG)
                    continue
                ids, trained, cut = whole
                one = Encoded(len(conversations), record["id"], record["source"], side == "holdout", ids, trained, cut)
                conversations.append(one)
                about = {key: record[key] for key in ("id", "source", "domain", "licence")}
                counts = {"tokens": len(ids), "trained": int(trained.sum()), "cut": cut}
                write({**about, "split": side, "bytes": len(record["text"].encode()), **counts})
            step.runtime.report({"conversations": step.out.counters.read})
    return conversations


def _records(step: Step) -> Iterator[tuple[str, dict[str, Any]]]:
    for side in ("train", "holdout"):
        for record in read_records(step.inputs["instructions"].path(f"{side}.jsonl.zst")):
            yield side, record
    if WRITTEN in step.inputs:
        for record in decontaminated(step.inputs[WRITTEN], step.inputs.get(DECISIONS)):
            yield "train", record


def encode_batch(
    tokenizer_file: str, seq_len: int, may_cut: bool, records: list[dict[str, Any]]
) -> list[tuple[NDArray[np.uint32], NDArray[np.bool_], bool] | None]:
    """Of each conversation its ids with EOS, which of them are trained on, and whether replies were cut off.

    None for one that does not fit.
    """
    from fc_model.chat.encoding import encode_conversation

    tokenizer = _tokenizer(tokenizer_file)
    encoded = (encode_conversation(conversation_of(record), tokenizer) for record in records)
    return [_fitted(one.ids, one.trained, seq_len, may_cut, tokenizer) for one in encoded]


@lru_cache(maxsize=1)
def _tokenizer(file: str) -> "Tokenizer":
    from fc_model.tokenizer import Tokenizer

    return Tokenizer(Path(file))


def _fitted(
    ids: list[int], trained: list[bool], seq_len: int, may_cut: bool, tokenizer: "Tokenizer"
) -> tuple[NDArray[np.uint32], NDArray[np.bool_], bool] | None:
    """The conversation up to the last reply that fits, without BOS, which `make_batch` puts there, and with EOS."""
    end = tokenizer.special("<im_end>")
    ends = [
        place + 1
        for place, (token, is_trained) in enumerate(zip(ids, trained, strict=True))
        if is_trained and token == end
    ]
    fitting = [place for place in ends if place <= seq_len]
    if not fitting or (len(fitting) < len(ends) and not may_cut):
        return None
    stop = fitting[-1]
    mask = np.array([*trained[1:stop], False])
    return np.array([*ids[1:stop], tokenizer.eos_id], dtype=np.uint32), mask, len(fitting) < len(ends)
