"""The step that makes `<track>/reasoning`: problems drawn from real values, each checked before it is kept."""

import hashlib
import json
from collections import Counter
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from fc_model.artifacts import read_records
from fc_model.evals.chat.equations import equations
from fc_model.strict_json import to_json
from fc_pipeline.corpus.sample import joined_licence, sample_records
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_document, conversation_text
from fc_pipeline.reasoning.config import ReasoningConfig
from fc_pipeline.reasoning.kinds.registry import KINDS
from fc_pipeline.reasoning.material import Material
from fc_pipeline.reasoning.outside.programs import GYM_LICENCE, Programs
from fc_pipeline.reasoning.problem import Desk, Problem, Redraw, Side
from fc_pipeline.reasoning.promises import broken_promise
from fc_pipeline.reasoning.tables import parse_table, read_table

SOURCE = "reasoning"
FILES: dict[Side, str] = {"train": "documents.jsonl.zst", "holdout": "holdout.jsonl.zst"}
TOO_LONG, SEEN_PROBLEM = "too_long", "seen_problem"
_BATCH = 250
_TRIES = 500


class Batch(NamedTuple):
    """Problems of a side by their numbers; `folder` has what they are made from."""

    side: Side
    start: int
    stop: int
    folder: str
    programs: tuple[str, str]


class Made(NamedTuple):
    """A problem, or why it is dropped; how many equations it has, and why earlier ones were drawn again."""

    record: dict[str, Any]
    meta: dict[str, Any]
    key: str
    equations: int
    refused: dict[str, int]
    reason: str | None


def synthesize_problems(step: Step) -> None:
    """Writes documents.jsonl.zst to train on, holdout.jsonl.zst (values of held-out documents and rows, templates of
    its own), and summary.json: problems by kind, and why some were drawn again.

    A problem that breaks a promise (promises.py) is dropped by its name, one that is longer than `max_characters` as
    `too_long`, and one that came before, on either side, as `seen_problem`. Each record is a document of
    instructions; its `meta` is that of `Problem.meta`.

    config: ReasoningConfig, its tables whole. inputs: `documents`, split. The same on every machine, however many
    workers.

    Raises:
        UserError: the corpus has too few values; a table or a program cannot be had, or is not what is pinned.
    """
    config = ReasoningConfig.model_validate(step.config)
    shares = {family: share for family, share in config.kinds.model_dump().items() if share}
    folder = step.out.workspace("problems")
    licences = _write_material(step, config, folder)
    programs = Programs.fetched(shares, home=step.runtime.home, folder=folder)
    sizes: dict[Side, int] = {"train": config.train, "holdout": config.holdout}
    batches = [
        Batch(side, start, min(start + _BATCH, size), str(folder), programs)
        for side, size in sizes.items()
        for start in range(0, size, _BATCH)
    ]
    counters, seen = step.out.counters, set[bytes]()
    kinds: dict[Side, Counter[str]] = {side: Counter() for side in sizes}
    refused, by_licence, num_equations = Counter[str](), Counter[str](), 0
    with ExitStack() as files:
        write = {side: files.enter_context(step.out.records(name)) for side, name in FILES.items()}
        settings = config.model_dump(mode="json")
        made_batches = step.ordered_map(partial(make_batch, settings), batches)
        for batch, made_batch in zip(batches, made_batches, strict=True):
            for number, made in zip(range(batch.start, batch.stop), map(Made._make, made_batch), strict=True):
                counters.read += 1
                refused.update(made.refused)
                digest = hashlib.blake2b(made.key.encode(), digest_size=16).digest()
                reason = made.reason or (SEEN_PROBLEM if digest in seen else None)
                if reason is not None:
                    counters.drop(reason)
                    continue
                seen.add(digest)
                counters.kept += 1
                family = made.meta["kind"].split("/")[1]
                licence = licences.get(family, licences["documents"])
                name = f"{SOURCE}/{batch.side}#{number}"
                document = {**made.record, "id": name, "licence": licence, "meta": {**made.record["meta"], **made.meta}}
                write[batch.side](document)
                kinds[batch.side][made.meta["kind"].removeprefix(f"{SOURCE}/")] += 1
                if batch.side == "train":
                    by_licence[licence] += 1
                    num_equations += made.equations
            step.runtime.report({"problems": counters.read, "kept": counters.kept})
    summary = {
        "kinds": {side: dict(sorted(counts.items())) for side, counts in kinds.items()},
        "refused": dict(sorted(refused.items())),
    }
    step.out.write_text("summary.json", json.dumps(summary, indent=1) + "\n")
    step.out.licences = [
        {"licence": licence, "source": SOURCE, "documents": count} for licence, count in sorted(by_licence.items())
    ]
    step.out.metrics = {
        "problems": kinds["train"].total(),
        "holdout_problems": kinds["holdout"].total(),
        "equations": num_equations,
        "redrawn": refused.total(),
        "broken_promises": sum(
            count for reason, count in counters.dropped.items() if reason not in (TOO_LONG, SEEN_PROBLEM)
        ),
    }


def make_batch(settings: dict[str, Any], batch: Batch) -> list[Made]:
    """The problems of a batch, each checked; a function of settings and batch alone."""
    config = ReasoningConfig.model_validate(settings)
    material = _material(f"{batch.folder}/{batch.side}.json")
    programs = Programs(*batch.programs)
    randoms = (Random(f"{config.seed}/{batch.side}/{number}") for number in range(batch.start, batch.stop))
    return [_made(config, Desk(random, material, batch.side, programs)) for random in randoms]


def draw_problem(config: ReasoningConfig, desk: Desk) -> Problem:
    """A problem of a family that is drawn by its share."""
    shares = config.kinds.model_dump()
    family = desk.random.choices(list(shares), list(shares.values()))[0]
    for _ in range(_TRIES):
        try:
            return KINDS[family].draw(desk)
        except Redraw as reason:
            desk.refused[f"{family}/{reason}"] += 1
    raise AssertionError(f"{family}: nothing that was drawn makes a problem: {desk.refused}")


def _made(config: ReasoningConfig, desk: Desk) -> Made:
    problem = draw_problem(config, desk)
    conversation = problem.conversation()
    reason = broken_promise(problem, desk.programs)
    if reason is None and len(conversation_text(conversation)) > config.max_characters:
        reason = TOO_LONG
    record = conversation_document(conversation, name="", source=SOURCE, licence="", meta={})
    num_equations = sum(1 for line in problem.steps for _ in equations(line, problem.variables))
    key = to_json([problem.kind, *problem.key])
    return Made(dict(record), problem.meta(), key, num_equations, dict(desk.refused), reason)


def _write_material(step: Step, config: ReasoningConfig, folder: Path) -> dict[str, str]:
    """Writes what problems are made of, a file a side; returns licences by family, `documents` for the others."""
    tables = [read_table(parse_table(entry, step.key), step.runtime.home) for entry in config.tables]
    licences: set[str] = set()
    for side in ("train", "holdout"):
        records = read_records(step.inputs["documents"].path(f"{side}.jsonl.zst"))
        documents = sample_records(records, config.documents, Random(f"{config.seed}/{side}"))
        licences |= {document["licence"] for document in documents}
        random = Random(f"{config.seed}/{side}/values")
        material = Material.of(documents, tables, random, where=f"{step.key}, {side}")
        (folder / f"{side}.json").write_text(material.to_json(), "utf-8")
    return {
        "documents": joined_licence(licences),
        "table": joined_licence(licences | {table.licence for table in tables}),
        "gym": GYM_LICENCE,
    }


@lru_cache(maxsize=2)
def _material(file: str) -> Material:
    return Material.from_json(Path(file).read_text("utf-8"))
