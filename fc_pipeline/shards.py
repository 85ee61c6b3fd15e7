"""The step that makes `<track>/shards`: documents as token ids, in the order in which training reads them."""

from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fc_model.artifacts import read_records
from fc_pipeline.mixture import MixtureConfig, mix, mix_error, shares
from fc_pipeline.step import Step

if TYPE_CHECKING:
    from fc_model.tokenizer import Tokenizer

HOLDOUT = "holdout-"  # the rest of such a split's name is its domain
_BATCH_CHARS = 2_000_000  # of text that is encoded at a time
_SPILL_TYPE = np.dtype("<u4")


@dataclass
class Encoded:
    """What is kept in memory of the documents that were encoded; their tokens lie in a file, one after the other."""

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
        found = (np.asarray(self.domain) == self.domains.index(domain)) & (np.asarray(self.held_out) == held_out)
        return np.flatnonzero(found)


def pack_shards(step: Step) -> None:
    """Writes the splits `train` and `holdout-<domain>`, as docs/architecture.md describes them.

    Files: `<split>-<n>.bin`, `<split>-<n>.idx`, index.json, token_bytes.bin, documents.jsonl.zst (id, source, domain,
    licence, split, bytes, tokens of every row), and a copy of tokenizer.model, so that the shards can be read alone.

    config: MixtureConfig. inputs: `documents` with train.jsonl.zst and holdout.jsonl.zst, and `tokenizer`. Metrics:
    tokens, documents, bytes_per_token, mix_error_points; by domain tokens_, share_, epochs_ and holdout_tokens_.

    Raises:
        UserError: a domain has too few tokens for its share of the budget.
    """
    from fc_model.shard_writer import SplitWriter, write_index
    from fc_model.tokenizer import Tokenizer

    config = MixtureConfig.model_validate(step.config)
    tokenizer_file = step.inputs["tokenizer"].path("tokenizer.model")
    tokenizer = Tokenizer(tokenizer_file)
    spill = step.out.workspace("encoded") / "tokens.bin"
    encoded = _encode(step, tokenizer, spill=spill, domains=sorted(shares(config.weights)))
    lengths = np.asarray(encoded.length)
    ends = np.cumsum(lengths)
    tokens = np.memmap(spill, dtype=_SPILL_TYPE, mode="r") if len(ends) else np.empty(0, dtype=_SPILL_TYPE)

    numbers = {domain: encoded.select(domain, held_out=False) for domain in encoded.domains}
    mixture = mix(
        {domain: lengths[chosen] for domain, chosen in numbers.items()},
        numbers,
        weights=config.weights,
        tokens=config.tokens,
        max_epochs=config.max_epochs,
        seed=config.seed,
    )
    orders = {"train": mixture.order}
    for index, domain in enumerate(encoded.domains):
        held_out = encoded.select(domain, held_out=True)
        orders[HOLDOUT + domain] = np.random.default_rng([config.seed, 1, index]).permutation(held_out)

    summaries = {}
    for split, order in orders.items():
        with SplitWriter(
            step.out.open, split, vocab_size=tokenizer.vocab_size, shard_tokens=config.shard_tokens
        ) as writer:
            for row in order:
                writer.add(
                    tokens[ends[row] - lengths[row] : ends[row]],
                    row=int(row),
                    domain=encoded.domains[encoded.domain[row]],
                    num_bytes=encoded.num_bytes[row],
                )
        summaries[split] = writer.summary()
    with step.out.open("tokenizer.model") as file:
        file.write(tokenizer_file.read_bytes())
    write_index(
        step.out.open,
        splits=summaries,
        token_bytes=tokenizer.token_bytes,
        tokenizer_fingerprint=tokenizer.fingerprint,
        eos_id=tokenizer.eos_id,
    )

    used = len(np.unique(np.concatenate(list(orders.values()))))
    step.out.counters.kept += used
    if used < len(lengths):
        step.out.counters.drop("over_budget", len(lengths) - used)
    step.out.metrics |= {
        "tokens": summaries["train"]["tokens"],
        "documents": used,
        "vocab_size": tokenizer.vocab_size,
        "bytes_per_token": round(summaries["train"]["bytes"] / summaries["train"]["tokens"], 4),
        "mix_error_points": round(mix_error(mixture.tokens, config.weights), 4),
    }
    for domain in encoded.domains:
        step.out.metrics |= {
            f"tokens_{domain}": mixture.tokens[domain],
            f"share_{domain}": round(mixture.tokens[domain] / summaries["train"]["tokens"], 6),
            f"epochs_{domain}": round(mixture.epochs[domain], 4),
            f"holdout_tokens_{domain}": summaries[HOLDOUT + domain]["tokens"],
        }


def _encode(step: Step, tokenizer: "Tokenizer", *, spill: Path, domains: list[str]) -> Encoded:
    """Encodes all documents of the domains into `spill` and lists them in documents.jsonl.zst."""
    encoded = Encoded(domains)
    documents = step.inputs["documents"]
    threads = max(step.runtime.workers, step.runtime.threads)
    with ExitStack() as files:
        file = files.enter_context(spill.open("wb"))
        write = files.enter_context(step.out.records("documents.jsonl.zst"))
        for side in ("train", "holdout"):
            records = _counted(step, read_records(documents.path(f"{side}.jsonl.zst")), domains=set(domains))
            for batch in _batches(records):
                texts = [record["text"] for record in batch]
                for record, ids in zip(batch, tokenizer.encode_batch(texts, threads=threads), strict=True):
                    ids.append(tokenizer.eos_id)
                    file.write(np.array(ids, dtype=_SPILL_TYPE).tobytes())
                    num_bytes = len(record["text"].encode())
                    encoded.add(
                        length=len(ids), num_bytes=num_bytes, domain=record["domain"], held_out=side == "holdout"
                    )
                    about = {key: record[key] for key in ("id", "source", "domain", "licence")}
                    write({**about, "split": side, "bytes": num_bytes, "tokens": len(ids)})
                step.runtime.report({"documents": len(encoded.length)})
    return encoded


def _counted(step: Step, records: Iterable[dict[str, Any]], *, domains: set[str]) -> Iterator[dict[str, Any]]:
    """The records of the mixture's domains; the others are dropped and counted."""
    for record in records:
        step.out.counters.read += 1
        if record["domain"] in domains:
            yield record
        else:
            step.out.counters.drop("domain_not_in_mixture")


def _batches(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Records in lists of some million characters."""
    batch: list[dict[str, Any]] = []
    num_chars = 0
    for record in records:
        batch.append(record)
        num_chars += len(record["text"])
        if num_chars >= _BATCH_CHARS:
            yield batch
            batch, num_chars = [], 0
    if batch:
        yield batch
