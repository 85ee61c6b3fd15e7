"""The step that makes `corpus/<name>/deduplicated`: one of each group of equal or nearly equal documents."""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from fc_model.artifacts import read_records
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.cluster_report import ClusterReport
from fc_pipeline.corpus.dedup.clusters import clusters
from fc_pipeline.corpus.dedup.duplicate_index import KEPT_PART, TAKEN_DOWN_PART, DuplicateIndex, open_index, write_index
from fc_pipeline.corpus.dedup.near_duplicates import drop_near_duplicates
from fc_pipeline.corpus.dedup.signed_documents import sign_documents
from fc_pipeline.corpus.dedup.taken_down import drop_taken_down
from fc_pipeline.corpus.dedup.verdicts import EXACT, KEPT, REASONS, TAKEN_DOWN, Verdicts
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.ordered_map import OrderedMap

_BEFORE = "before/"
_ROWS_PER_REPORT = 1 << 14


def deduplicate(step: Step) -> None:
    """Keeps the first of duplicates, in the order of the input and after those of the dumps before.

    Writes documents.jsonl.zst (`meta.cluster`: documents with the same one resemble each other, and belong on the
    same side of a split), dropped/<reason>.jsonl.zst for every reason, duplicates.jsonl.zst ({"id", "reason",
    "duplicate_of", "dump" of that one or null, "jaccard"} of each dropped document), clusters.json (a report), and
    {index,taken_down}.{bin,json}, which later dumps need of this one (fc_pipeline/corpus/dedup/duplicate_index.py).

    config: DedupConfig. inputs: `documents`, with documents.jsonl.zst; `before/<dump>`: the artifacts of this step of
    earlier dumps, taken in the order of their names. Their documents are not read.

    Raises:
        UserError: an index was made with other settings, or an earlier dump keeps a copy of a removed document.
    """
    config = DedupConfig.model_validate(step.config)
    workspace = step.out.workspace("signatures")
    shutil.rmtree(workspace)  # half of an earlier attempt: signatures of other rows would match wrongly
    workspace.mkdir()
    dumps = sorted(role for role in step.inputs if role.startswith(_BEFORE))
    kept, taken_down = (
        [open_index(step.inputs[role], part, dump=role.removeprefix(_BEFORE), config=config) for role in dumps]
        for part in (KEPT_PART, TAKEN_DOWN_PART)
    )
    documents = read_records(step.inputs["documents"].path("documents.jsonl.zst"))
    verdicts, cluster_of = find_duplicates(
        documents,
        config,
        before=kept,
        taken_down=taken_down,
        folder=workspace,
        ordered_map=step.ordered_map,
        report=step.runtime.report,
    )
    step.runtime.report({"documents": len(verdicts.reason), "kept": int(np.sum(verdicts.reason == KEPT))})
    _write_documents(step, verdicts, cluster_of, num_samples=config.num_samples)
    for part, reason, names in ((KEPT_PART, KEPT, cluster_of), (TAKEN_DOWN_PART, TAKEN_DOWN, {})):
        rows = np.flatnonzero(verdicts.reason == reason)
        write_index(step.out, part, verdicts.documents, rows, clusters=names, config=config)


def find_duplicates(
    documents: Iterable[dict[str, Any]],
    config: DedupConfig,
    *,
    before: Sequence[DuplicateIndex],
    taken_down: Sequence[DuplicateIndex],
    folder: Path,
    ordered_map: OrderedMap = map,
    report: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[Verdicts, dict[int, str]]:
    """Returns what becomes of each document, and the clusters of those that have relatives.

    Args:
        documents: records, read once.
        before: what earlier dumps kept, in order.
        taken_down: what earlier dumps took down.
        folder: an empty one for half-done work; the verdicts read from it.
        ordered_map: how the signatures are computed (`Step.ordered_map`); by default in this process.
        report: takes live progress.
    """
    signed = sign_documents(documents, config, folder=folder, ordered_map=ordered_map, report=report)
    verdicts = Verdicts(signed, [*before, *taken_down])
    earlier = range(len(before), len(before) + len(taken_down))
    removed = signed.rows_of(config.removed)
    drop_taken_down(verdicts, removed, earlier=earlier, before=range(len(before)), config=config)
    _drop_exact_duplicates(verdicts, num_before=len(before))
    first = _first_rows(signed.digests)
    rows = np.arange(len(signed))
    shingled = np.diff(signed.shingles.starts) > 0
    active = rows[(verdicts.reason == KEPT) & (first == rows) & shingled]
    links = drop_near_duplicates(verdicts, active, num_before=len(before), config=config)
    again = rows[(first != rows) & (verdicts.reason == KEPT)]
    verdicts.inherit(again, first[again])
    return verdicts, clusters(verdicts, links)


def _drop_exact_duplicates(verdicts: Verdicts, *, num_before: int) -> None:
    """Drop what equals a kept document of an earlier dump."""
    for place, index in enumerate(verdicts.indexes[:num_before]):
        equal = index.equal(verdicts.documents.digests)
        rows = np.flatnonzero((equal >= 0) & (verdicts.reason == KEPT))
        verdicts.drop(rows, EXACT, place=place, number=equal[rows])


def _first_rows(digests: np.ndarray) -> np.ndarray:
    """int64 [N]: for each row of uint64 [N, 2] the first row that is equal to it; itself when it is the first."""
    if not len(digests):
        return np.empty(0, np.int64)
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: of equal ones the first comes first
    ranked = digests[order]
    new = np.concatenate(([True], (ranked[1:] != ranked[:-1]).any(axis=1)))
    first = np.empty(len(digests), np.int64)
    first[order] = order[np.flatnonzero(new)[np.cumsum(new) - 1]]
    return first


def _write_documents(step: Step, verdicts: Verdicts, cluster_of: dict[int, str], *, num_samples: int) -> None:
    counters = step.out.counters
    text_bytes = 0
    report = ClusterReport(verdicts, num_samples=num_samples)
    with ExitStack() as files:
        keep, note = (
            files.enter_context(step.out.records(f"{name}.jsonl.zst")) for name in ("documents", "duplicates")
        )
        drops: dict[str, Callable[[dict[str, Any]], None]] = {
            reason: files.enter_context(step.out.records(f"dropped/{reason}.jsonl.zst"))
            for code, reason in enumerate(REASONS)
            if code != KEPT and (verdicts.reason == code).any()
        }
        for row, document in enumerate(read_records(step.inputs["documents"].path("documents.jsonl.zst"))):
            counters.read += 1
            report.see(row, document["text"])
            reason = REASONS[verdicts.reason[row]]
            if verdicts.reason[row] == KEPT:
                counters.kept += 1
                text_bytes += len(document["text"].encode())
                cluster = cluster_of.get(row, document["id"])
                keep({**document, "meta": {**document["meta"], "cluster": cluster}})
            else:
                counters.drop(reason)
                why = _why(verdicts, row, reason)
                # What is taken down is not published again.
                text = document["text"] if reason in ("exact_duplicate", "near_duplicate") else ""
                drops[reason]({**document, "text": text, **why})
                note({"id": document["id"], **why})
            if counters.read % _ROWS_PER_REPORT == 0:
                step.runtime.report({"documents": counters.read, "kept": counters.kept})
        step.out.write_text("clusters.json", json.dumps(report.report(), indent=1, ensure_ascii=False) + "\n")
    step.out.metrics = {
        "documents": counters.kept,
        "text_bytes": text_bytes,
        **{f"{reason}s": counters.dropped.get(reason, 0) for reason in ("exact_duplicate", "near_duplicate")},
        "taken_down": counters.dropped.get("taken_down", 0) + counters.dropped.get("taken_down_copy", 0),
    }


def _why(verdicts: Verdicts, row: int, reason: str) -> dict[str, Any]:
    if reason == "taken_down":
        return {"reason": reason, "duplicate_of": None, "dump": None, "jaccard": None}
    original = verdicts.original(row)
    jaccard = round(float(verdicts.jaccard[row]), 4)
    return {"reason": reason, "duplicate_of": original.id, "dump": original.dump, "jaccard": jaccard}
