"""The step that makes `<track>/instruction_shards`: conversations in windows, with a mask of what is trained on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError
from fc_pipeline.corpus.document import draw
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.bins import pack_bins
from fc_pipeline.instructions.config import PackConfig
from fc_pipeline.instructions.encode import TOO_LONG, Encoded, encode_conversations
from fc_pipeline.tokens.mixture_config import HOLDOUT

if TYPE_CHECKING:
    from fc_model.tokenizer import Tokenizer


class StagePackConfig(PackConfig):
    """Of all stages of a track."""

    seq_len: int
    stages: dict[str, dict[str, float] | None]
    """Weights of the sources by stage; None: every source once."""


def pack_conversations(step: Step) -> None:
    """Writes the splits `train-<stage>` and `holdout-<source>`, as docs/architecture.md describes shards, with masks.

    Every window of `seq_len` targets holds whole conversations, each to its last reply and EOS, and PAD behind them. A
    split begins with BOS, its first input; in front of every other conversation stands the EOS or PAD of another one,
    which `make_batch` turns into BOS. What follows the last reply is left out, since nothing of it is trained on. A
    conversation that is longer ends after the last reply that fits, or is dropped.

    config: StagePackConfig. inputs: `instructions` with train.jsonl.zst and holdout.jsonl.zst, and `tokenizer`;
    `written` with documents.jsonl.zst that a stage wrote, and `written_decontaminated`, what decontamination decided.
    Metrics: documents, tokens, trained_tokens and trained_share (of the tokens that are no padding), fill (share of the
    windows that is no padding), cut_conversations; windows_ by stage, holdout_documents_ by source; mask_failures, the
    tokens that are trained on and should not be by where they stand, or the reverse (fc_model/chat/checks.py).

    Raises:
        UserError: the tokenizer lacks the tokens of the chat format, or a stage or the holdout would be empty.
    """
    from fc_model.chat.checks import expected_mask
    from fc_model.data.token_shard_writer import SplitWriter, write_index
    from fc_model.tokenizer import Tokenizer

    config = StagePackConfig.model_validate(step.config)
    tokenizer_file = step.inputs["tokenizer"].path("tokenizer.model")
    tokenizer = Tokenizer(tokenizer_file)
    conversations = encode_conversations(step, tokenizer_file, seq_len=config.seq_len, may_cut=config.too_long == "cut")
    splits = {
        f"train-{stage}": _chosen(conversations, stage, weights, config.seed)
        for stage, weights in config.stages.items()
    }
    for source in sorted({one.source for one in conversations if one.held_out}):
        splits[HOLDOUT + source] = [one for one in conversations if one.held_out and one.source == source]
    for split, chosen in splits.items():
        if not chosen:
            raise UserError(f"{step.key}: no conversation for {split}: change `instructions.stages`, or raise seq_len")
    if len(splits) == len(config.stages):
        raise UserError(f"{step.key}: no conversation that is held out fits seq_len ({config.seq_len}): raise it")
    summaries, token_bytes, mask_failures = {}, tokenizer.token_bytes, 0
    for split, chosen in splits.items():
        with SplitWriter(
            step.out.open, split, vocab_size=tokenizer.vocab_size, shard_tokens=config.shard_tokens, masked=True
        ) as writer:
            for one, ids, trained in _in_windows(split, chosen, config, tokenizer):
                num_bytes = int(token_bytes[ids[trained]].sum())
                writer.add(ids, row=one.row, domain=one.source, num_bytes=num_bytes, trained=trained)
                mask_failures += int((trained != expected_mask(ids, tokenizer)).sum())
        summaries[split] = writer.summary() | {"packed_for": config.seq_len}
    with step.out.open("tokenizer.model") as file:
        file.write(tokenizer_file.read_bytes())
    write_index(
        step.out.open,
        splits=summaries,
        token_bytes=token_bytes,
        tokenizer_fingerprint=tokenizer.fingerprint,
        eos_id=tokenizer.eos_id,
    )
    step.out.metrics["mask_failures"] = mask_failures
    _count(step, splits, summaries, config)


def _chosen(conversations: list[Encoded], stage: str, weights: dict[str, float] | None, seed: int) -> list[Encoded]:
    """What a stage trains on, each as often as it comes in a pass."""
    chosen = []
    for one in conversations:
        if not one.held_out:
            whole, part = divmod(1.0 if weights is None else weights.get(one.source, 0.0), 1)
            chosen += [one] * (int(whole) + (draw(f"{seed}:{stage}:{one.name}") < part * 2**64))
    return chosen


def _in_windows(
    split: str, chosen: list[Encoded], config: StagePackConfig, tokenizer: "Tokenizer"
) -> Iterator[tuple[Encoded, NDArray[np.uint32], NDArray[np.bool_]]]:
    """The conversations window by window in a seeded order, with the BOS before the first and the PAD behind each."""
    random = np.random.default_rng([config.seed, draw(split)])
    shuffled = [chosen[place] for place in random.permutation(len(chosen))]
    bins = pack_bins([len(one.ids) for one in shuffled], capacity=config.seq_len)
    before = np.array([tokenizer.bos_id], dtype=np.uint32)
    for place in random.permutation(len(bins)):
        inside = [shuffled[member] for member in bins[place]]
        padding = config.seq_len - sum(len(one.ids) for one in inside)
        for one in inside:
            behind = np.full(padding if one is inside[-1] else 0, tokenizer.pad_id, dtype=np.uint32)
            ids = np.concatenate([before, one.ids, behind])
            yield one, ids, np.pad(one.trained, (len(before), len(behind)))
            before = before[:0]


def _count(
    step: Step, splits: dict[str, list[Encoded]], summaries: dict[str, dict[str, Any]], config: StagePackConfig
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
