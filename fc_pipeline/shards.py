"""The step that packs documents into token shards."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.artifacts import read_records
from fc_model.shard_writer import SplitWriter, token_dtype, write_index
from fc_model.tokenizer import Tokenizer
from fc_pipeline.mixture import MixtureConfig, mix
from fc_pipeline.step import Step

_BATCH = 2000


class Encoded(NamedTuple):
    """The documents of a split in the order of their records; tokens lie one after the other in one array."""

    domains: list[str]
    num_bytes: list[int]
    starts: NDArray[np.int64]  # first token of each document, and the end of the last
    tokens: NDArray[Any]
    first_row: int

    @property
    def lengths(self) -> list[int]:
        return [int(length) for length in np.diff(self.starts)]

    def ids(self, index: int) -> NDArray[Any]:
        return self.tokens[self.starts[index] : self.starts[index + 1]]


def pack_shards(step: Step) -> None:
    """Encode all documents, mix the training ones, write both splits.

    config: MixtureConfig. inputs: `documents`, `tokenizer`.
    Writes train-*.bin/.idx, holdout-<domain>-*.bin/.idx, documents.jsonl.zst, index.json and token_bytes.bin.
    Metrics: tokens, bytes_per_token, share_<domain> (realised), share_error (largest gap to the asked share),
    epochs_<domain>. The bytes do not depend on the number of workers.

    Raises:
        UserError: a domain has too few tokens for its share; see `mixture.mix`.
    """
    config = MixtureConfig.model_validate(step.config)
    tokenizer = Tokenizer(step.inputs["tokenizer"].path("tokenizer.model"))
    documents = step.inputs["documents"]
    folder = step.out.workspace("encoded")
    with step.out.records("documents.jsonl.zst") as write:
        threads = step.runtime.workers
        train = _encode(documents.path("train.jsonl.zst"), tokenizer, folder / "train", write, 0, threads)
        holdout = _encode(
            documents.path("holdout.jsonl.zst"), tokenizer, folder / "holdout", write, len(train.domains), threads
        )
    mixture = mix(train.domains, train.lengths, config)
    splits = {"train": _write_split(step, "train", train, mixture.order, tokenizer, config)}
    for domain in sorted(set(holdout.domains) & config.shares.keys()):
        order = [index for index, name in enumerate(holdout.domains) if name == domain]
        split = f"holdout-{domain}"
        splits[split] = _write_split(step, split, holdout, order, tokenizer, config)
    write_index(
        step.out.open,
        splits=splits,
        token_bytes=np.array([len(piece) for piece in tokenizer.token_bytes]),
        tokenizer_fingerprint=tokenizer.fingerprint,
        eos_id=tokenizer.eos_id,
    )
    step.out.counters.read = step.out.counters.kept = len(train.domains) + len(holdout.domains)
    realised, asked = mixture.realised, config.shares
    step.out.metrics |= {
        "tokens": splits["train"]["tokens"],
        "holdout_tokens": sum(summary["tokens"] for name, summary in splits.items() if name != "train"),
        "bytes_per_token": splits["train"]["bytes"] / splits["train"]["tokens"],
        "share_error": max(abs(realised[domain] - asked[domain]) for domain in asked),
        **{f"share_{domain}": share for domain, share in realised.items()},
        **{f"epochs_{domain}": epochs for domain, epochs in mixture.epochs.items()},
    }


def _encode(path: Path, tokenizer: Tokenizer, scratch: Path, write: Any, first_row: int, threads: int) -> Encoded:
    """Encode a file of documents in batches; the tokens go to a scratch file, so memory stays flat."""
    domains: list[str] = []
    num_bytes: list[int] = []
    lengths: list[int] = []
    dtype = token_dtype(tokenizer.vocab_size)
    with open(scratch, "wb") as file:
        for batch in _batches(read_records(path)):
            encoded = tokenizer.encode_batch([record["text"] for record in batch], threads=threads)
            for record, ids in zip(batch, encoded, strict=True):
                ids.append(tokenizer.eos_id)
                file.write(np.array(ids, dtype=dtype).tobytes())
                domains.append(record["domain"])
                num_bytes.append(len(record["text"].encode()))
                lengths.append(len(ids))
                kept = {name: record[name] for name in ("id", "source", "domain", "licence")}
                write(kept | {"bytes": num_bytes[-1], "tokens": len(ids)})
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    tokens = np.memmap(scratch, dtype=dtype, mode="r") if lengths else np.zeros(0, dtype)
    return Encoded(domains, num_bytes, starts, tokens, first_row)


def _batches(records: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(itertools.islice(records, _BATCH)):
        yield batch


def _write_split(
    step: Step, split: str, encoded: Encoded, order: list[int], tokenizer: Tokenizer, config: MixtureConfig
) -> dict[str, Any]:
    writer = SplitWriter(step.out.open, split, vocab_size=tokenizer.vocab_size, shard_tokens=config.shard_tokens)
    with writer:
        for index in order:
            writer.add(
                encoded.ids(index),
                row=encoded.first_row + index,
                domain=encoded.domains[index],
                num_bytes=encoded.num_bytes[index],
            )
    return writer.summary()
