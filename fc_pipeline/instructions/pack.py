"""The step that makes `<track>/instruction_shards`: conversations in windows, with a mask of what is trained on."""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_pipeline.corpus.document import draw
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks
from fc_pipeline.instructions.bins import pack_bins
from fc_pipeline.instructions.config import PackConfig
from fc_pipeline.instructions.document import conversation_of
from fc_pipeline.tokens.mixture_config import HOLDOUT

if TYPE_CHECKING:
    from fc_model.tokenizer import Tokenizer

TOO_LONG = "too_long"
_CHUNK_CHARS = 250_000


class StagePackConfig(PackConfig):
    """Of all stages of a track."""

    seq_len: int
    stages: dict[str, dict[str, float] | None]
    """Weights of the sources by stage; None: every source once."""


class Packed(NamedTuple):
    """A conversation as it is packed, with EOS behind it; row is its place in documents.jsonl.zst."""

    row: int
    name: str
    source: str
    held_out: bool
    ids: NDArray[np.uint32]
    trained: NDArray[np.bool_]
    cut: bool


def pack_conversations(step: Step) -> None:
    """Writes the splits `train-<stage>` and `holdout-<source>`, as docs/architecture.md describes shards, with masks.

    Every window of `seq_len` tokens holds whole conversations, each from BOS to its last reply and EOS, and PAD behind
    them. What follows the last reply is left out, since nothing of it is trained on. A conversation that is longer ends
    after the last reply that fits, or is dropped.

    config: StagePackConfig. inputs: `instructions` with train.jsonl.zst and holdout.jsonl.zst, and `tokenizer`.
    Metrics: documents, tokens, trained_tokens and trained_share (of the tokens that are no padding), fill (share of the
    windows that is no padding), cut_conversations; windows_ by stage, holdout_documents_ by source.

    Raises:
        UserError: the tokenizer lacks the tokens of the chat format, or a stage or the holdout would be empty.
    """
    from fc_model.data.token_shard_writer import SplitWriter, write_index
    from fc_model.tokenizer import Tokenizer

    config = StagePackConfig.model_validate(step.config)
    tokenizer_file = step.inputs["tokenizer"].path("tokenizer.model")
    tokenizer = Tokenizer(tokenizer_file)
    conversations = _encode(step, config)
    splits = {
        f"train-{stage}": _chosen(conversations, stage, weights, config.seed)
        for stage, weights in config.stages.items()
    }
    for source in sorted({one.source for one in conversations}):
        splits[HOLDOUT + source] = [one for one in conversations if one.held_out and one.source == source]
    summaries = {}
    for split, chosen in splits.items():
        if not chosen:
            raise UserError(f"{step.key}: split {split} would have no conversation: change `stages`, or add a source")
        with SplitWriter(
            step.out.open, split, vocab_size=tokenizer.vocab_size, shard_tokens=config.shard_tokens, masked=True
        ) as writer:
            for packed, ids, trained in _in_windows(chosen, tokenizer, config, stream=list(splits).index(split)):
                num_bytes = int(tokenizer.token_bytes[ids[trained]].sum())
                writer.add(ids, row=packed.row, domain=packed.source, num_bytes=num_bytes, trained=trained)
        summaries[split] = writer.summary() | {"packed_for": config.seq_len}
    with step.out.open("tokenizer.model") as file:
        file.write(tokenizer_file.read_bytes())
    write_index(
        step.out.open,
        splits=summaries,
        token_bytes=tokenizer.token_bytes,
        tokenizer_fingerprint=tokenizer.fingerprint,
        eos_id=tokenizer.eos_id,
    )
    _count(step, splits, summaries, config)


def _encode(step: Step, config: StagePackConfig) -> list[Packed]:
    """All conversations that fit, listed in documents.jsonl.zst; those that do not are dropped and counted."""
    encode = partial(
        encode_batch, str(step.inputs["tokenizer"].path("tokenizer.model")), config.seq_len, config.too_long
    )
    packed: list[Packed] = []
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
                one = Packed(len(packed), record["id"], record["source"], side == "holdout", ids, trained, cut)
                packed.append(one)
                about = {key: record[key] for key in ("id", "source", "domain", "licence")}
                counts = {"tokens": len(ids), "trained": int(trained.sum()), "cut": cut}
                write({**about, "split": side, "bytes": len(record["text"].encode()), **counts})
            step.runtime.report({"conversations": step.out.counters.read})
    return packed


def _records(step: Step) -> Iterator[tuple[str, dict[str, Any]]]:
    for side in ("train", "holdout"):
        for record in read_records(step.inputs["instructions"].path(f"{side}.jsonl.zst")):
            yield side, record


def encode_batch(
    tokenizer_file: str, seq_len: int, too_long: str, records: list[dict[str, Any]]
) -> list[tuple[NDArray[np.uint32], NDArray[np.bool_], bool] | None]:
    """Of each conversation its ids with EOS, which of them are trained on, and whether replies were cut off.

    None for one that does not fit.
    """
    from fc_model.chat.encoding import encode_conversation

    tokenizer = _tokenizer(tokenizer_file)
    encoded = (encode_conversation(conversation_of(record), tokenizer) for record in records)
    return [_fitted(one.ids, one.trained, seq_len, too_long, tokenizer) for one in encoded]


@lru_cache(maxsize=1)
def _tokenizer(file: str) -> "Tokenizer":
    from fc_model.tokenizer import Tokenizer

    return Tokenizer(Path(file))


def _fitted(
    ids: list[int], trained: list[bool], seq_len: int, too_long: str, tokenizer: "Tokenizer"
) -> tuple[NDArray[np.uint32], NDArray[np.bool_], bool] | None:
    """The conversation up to the last reply that ends inside of the window with room for EOS."""
    end = tokenizer.special("<im_end>")
    ends = [
        place + 1
        for place, (token, is_trained) in enumerate(zip(ids, trained, strict=True))
        if is_trained and token == end
    ]
    fitting = [place for place in ends if place < seq_len]
    if not fitting or (too_long == "drop" and len(fitting) < len(ends)):
        return None
    stop = fitting[-1]
    mask = np.array([*trained[:stop], False])
    return np.array([*ids[:stop], tokenizer.eos_id], dtype=np.uint32), mask, len(fitting) < len(ends)


def _chosen(conversations: list[Packed], stage: str, weights: dict[str, float] | None, seed: int) -> list[Packed]:
    """What a stage trains on, each as often as it comes in a pass."""
    chosen = []
    for one in conversations:
        if not one.held_out:
            whole, part = divmod(1.0 if weights is None else weights.get(one.source, 0.0), 1)
            chosen += [one] * (int(whole) + (draw(f"{seed}:{stage}:{one.name}") < part * 2**64))
    return chosen


def _in_windows(
    chosen: list[Packed], tokenizer: "Tokenizer", config: StagePackConfig, *, stream: int
) -> Iterator[tuple[Packed, NDArray[np.uint32], NDArray[np.bool_]]]:
    """The conversations window by window in a seeded order; the last of each window is filled up with PAD.

    One more PAD ends the split: the last window's last target.
    """
    random = np.random.default_rng([config.seed, stream])
    shuffled = [chosen[place] for place in random.permutation(len(chosen))]
    bins = pack_bins([len(one.ids) for one in shuffled], capacity=config.seq_len)
    for number, place in enumerate(random.permutation(len(bins))):
        inside = [shuffled[member] for member in bins[place]]
        padding = config.seq_len - sum(len(one.ids) for one in inside) + (number == len(bins) - 1)
        for one in inside[:-1]:
            yield one, one.ids, one.trained
        last = inside[-1]
        ids = np.concatenate([last.ids, np.full(padding, tokenizer.pad_id, dtype=np.uint32)])
        yield last, ids, np.concatenate([last.trained, np.zeros(padding, dtype=bool)])


def _count(
    step: Step, splits: dict[str, list[Packed]], summaries: dict[str, dict[str, Any]], config: StagePackConfig
) -> None:
    used = {one.row for chosen in splits.values() for one in chosen}
    num_encoded = step.out.counters.read - step.out.counters.dropped.get(TOO_LONG, 0)
    step.out.counters.kept += len(used)
    if len(used) < num_encoded:
        step.out.counters.drop("in_no_stage", num_encoded - len(used))
    stages = {name: chosen for name, chosen in splits.items() if not name.startswith(HOLDOUT)}
    tokens = sum(len(one.ids) for chosen in stages.values() for one in chosen)
    trained = sum(summaries[name]["trained"] for name in stages)
    step.out.metrics |= {
        "documents": len(used),
        "tokens": tokens,
        "trained_tokens": trained,
        "trained_share": round(trained / tokens, 6),
        "fill": round(tokens / sum(summaries[name]["tokens"] for name in stages), 6),
        "cut_conversations": len({one.row for chosen in splits.values() for one in chosen if one.cut}),
    }
    step.out.metrics |= {
        f"windows_{name.removeprefix('train-')}": summaries[name]["tokens"] // config.seq_len for name in stages
    }
    held_out = {name.removeprefix(HOLDOUT): chosen for name, chosen in splits.items() if name.startswith(HOLDOUT)}
    step.out.metrics |= {f"holdout_documents_{source}": len(chosen) for source, chosen in held_out.items()}
