"""The step that makes `<track>/tool_dialogues`: values out of the corpus, dialogues around real calls, their checks."""

import hashlib
import json
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_model.strict_json import to_json
from fc_model.tools.corpus_search import write_index
from fc_pipeline.corpus.sample import joined_licence, sample_records
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_document
from fc_pipeline.tool_dialogues.compose import Composer, Side
from fc_pipeline.tool_dialogues.config import WeightedDialogues
from fc_pipeline.tool_dialogues.dialogue import Dialogue, Workbench
from fc_pipeline.tool_dialogues.promises import broken_promise
from fc_pipeline.tool_dialogues.values import Values

SOURCE = "tool_dialogues"
FILES: dict[Side, str] = {
    "train": "documents.jsonl.zst",
    "holdout": "holdout.jsonl.zst",
    "blind": "blind.jsonl.zst",
}
TOO_LONG, SEEN_CALL = "too_long", "seen_call"
_BATCH = 500
"""Dialogues that share a sandbox, and so the time that it is."""


class Batch(NamedTuple):
    """Dialogues of a side by their numbers; `folder` has what they are made from."""

    side: Side
    start: int
    stop: int
    folder: str


class Made(NamedTuple):
    """A dialogue, or why it is dropped."""

    record: dict[str, Any]
    meta: dict[str, Any]
    calls: list[tuple[str, dict[str, Any]]]
    reason: str | None


def synthesize_dialogues(step: Step) -> None:
    """Writes documents.jsonl.zst to train on, holdout.jsonl.zst (the same tools, with values of held-out documents and
    templates of its own), blind.jsonl.zst (tools that no other dialogue has), and summary.json.

    A dialogue that breaks a promise (promises.py) is dropped by its name, one that is longer than `max_characters` as
    `too_long`, and one of the last two with a call that a training dialogue has as `seen_call`. Each record is a
    document of instructions; its `meta` is that of `Dialogue.meta`.

    config: WeightedDialogues. inputs: `documents`, split. The same on every machine, however many workers.

    Raises:
        UserError: the corpus has too few words, numbers, names or sentences, or no dialogue to train on is kept.
    """
    config = WeightedDialogues.model_validate(step.config)
    folder = step.out.workspace("dialogues")
    licence = _write_values(step, config, folder)
    sizes: dict[Side, int] = {"train": config.train, "holdout": config.holdout, "blind": config.blind_holdout}
    batches = [
        Batch(side, start, min(start + _BATCH, size), str(folder))
        for side, size in sizes.items()
        for start in range(0, size, _BATCH)
    ]
    counters = step.out.counters
    seen: set[bytes] = set()
    kept: dict[Side, Counter[str]] = {side: Counter() for side in sizes}
    kinds: dict[Side, Counter[str]] = {side: Counter() for side in sizes}
    tools: dict[Side, Counter[str]] = {side: Counter() for side in sizes}
    with ExitStack() as files:
        write = {side: files.enter_context(step.out.records(name)) for side, name in FILES.items()}
        made_batches = step.ordered_map(partial(make_batch, config.model_dump(mode="json")), batches)
        for batch, made_batch in zip(batches, made_batches, strict=True):
            for number, made in zip(range(batch.start, batch.stop), map(Made._make, made_batch), strict=True):
                counters.read += 1
                digests = {_digest(name, arguments) for name, arguments in made.calls if arguments}
                reason = made.reason
                if reason is None and batch.side != "train" and not digests.isdisjoint(seen):
                    reason = SEEN_CALL
                if reason is not None:
                    counters.drop(reason)
                    continue
                if batch.side == "train":
                    seen |= digests
                counters.kept += 1
                name = f"{SOURCE}/{batch.side}#{number}"
                document = {**made.record, "id": name, "licence": licence, "meta": {**made.record["meta"], **made.meta}}
                write[batch.side](document)
                kinds[batch.side][made.meta["requests"][0]] += 1
                tools[batch.side].update(name for name, _ in made.calls)
                offered = {tool["tool"] for tool in made.meta["tools"].values()}
                kept[batch.side].update(
                    dialogues=1,
                    masked=any(name != tool["tool"] for name, tool in made.meta["tools"].items()),
                    leaks=not offered.isdisjoint(config.blind),
                )
            step.runtime.report({"dialogues": counters.read, "kept": counters.kept})
    if not kept["train"]:
        dropped = ", ".join(f"{reason} {count}" for reason, count in sorted(counters.dropped.items()))
        raise UserError(
            f"{step.key}: none of {config.train} dialogues to train on is kept ({dropped}); raise max_characters, or "
            "lower least_others, most_others and most_requests"
        )
    counts = {"kinds": kinds, "tools": tools}
    summary = {name: {side: dict(sorted(one[side].items())) for side in sizes} for name, one in counts.items()}
    step.out.write_text("summary.json", json.dumps(summary, indent=1) + "\n")
    step.out.licences = [{"licence": licence, "source": SOURCE, "documents": kept["train"]["dialogues"]}]
    broken = sum(count for reason, count in counters.dropped.items() if reason not in (TOO_LONG, SEEN_CALL))
    step.out.metrics = {
        "dialogues": kept["train"]["dialogues"],
        "holdout_dialogues": kept["holdout"]["dialogues"],
        "blind_dialogues": kept["blind"]["dialogues"],
        "calls": sum(tools["train"].values()),
        "masked_dialogues": kept["train"]["masked"],
        "broken_promises": broken,
        "blind_leaks": kept["train"]["leaks"] + kept["holdout"]["leaks"],
    }


def make_batch(settings: dict[str, Any], batch: Batch) -> list[Made]:
    """The dialogues of a batch, each checked; a function of settings and batch alone."""
    config = WeightedDialogues.model_validate(settings)
    side, start, stop, place = batch
    folder = Path(place)
    values = _values(str(folder / f"{'train' if side == 'train' else 'holdout'}.json"))
    index = folder / f"{'train' if side == 'train' else 'holdout'}.sqlite"
    with TemporaryDirectory(dir=folder) as files:
        now = _now(Random(f"{config.seed}/{side}/{start}"))
        with Workbench(Path(files), now, index if index.exists() else None) as workbench:
            return [
                _made(Composer(config, side, values, workbench, Random(f"{config.seed}/{side}/{number}")))
                for number in range(start, stop)
            ]


def _made(composer: Composer) -> Made:
    dialogue, workbench = composer.dialogue(), composer.workbench
    reason = broken_promise(dialogue, workbench)
    if reason is None and _length(dialogue) > composer.config.max_characters:
        reason = TOO_LONG
    record = conversation_document(dialogue.conversation, name="", source=SOURCE, licence="", meta={})
    calls = [(call.name, dict(sorted(call.arguments.items()))) for call in dialogue.calls()]
    meta = dialogue.meta(workbench.now)
    if composer.side != "train":
        meta["blind"] = composer.side == "blind"
    return Made(dict(record), meta, calls, reason)


def _length(dialogue: Dialogue) -> int:
    messages = dialogue.conversation.messages
    calls = [to_json(call.arguments) for message in messages for call in message.tool_calls]
    texts = [message.content + (message.reasoning or "") for message in messages]
    return sum(map(len, (*texts, *calls))) + len(to_json([tool.schema["function"] for tool in dialogue.tools]))


def _digest(name: str, arguments: dict[str, Any]) -> bytes:
    return hashlib.blake2b(to_json([name, arguments]).encode(), digest_size=16).digest()


def _now(random: Random) -> datetime:
    """The time of a batch: nothing reads a clock."""
    return datetime(2020, 1, 1) + timedelta(minutes=random.randrange(10 * 365 * 24 * 60))


def _write_values(step: Step, config: WeightedDialogues, folder: Path) -> str:
    """Values of both sides of the corpus, and an index to search where a dialogue may; returns their licences."""
    licences: set[str] = set()
    for side in ("train", "holdout"):
        records = read_records(step.inputs["documents"].path(f"{side}.jsonl.zst"))
        documents = sample_records(records, config.documents, Random(f"{config.seed}/{side}"))
        licences |= {document["licence"] for document in documents}
        values = Values.of(documents, Random(f"{config.seed}/{side}/values"), where=f"{step.key}, {side}")
        (folder / f"{side}.json").write_text(values.to_json(), "utf-8")
        write_index(documents, folder / f"{side}.sqlite")
    return joined_licence(licences)


@lru_cache(maxsize=2)
def _values(file: str) -> Values:
    return Values.from_json(Path(file).read_text("utf-8"))
