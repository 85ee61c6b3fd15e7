"""The step that makes `corpus/<name>/deduplicated`: one of each group of equal or nearly equal documents."""

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np

from fc_model.artifacts import read_records
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.cluster_report import ClusterReport
from fc_pipeline.corpus.dedup.duplicate_index import KEPT_PART, TAKEN_DOWN_PART, open_index, write_index
from fc_pipeline.corpus.dedup.duplicates import find_duplicates
from fc_pipeline.corpus.dedup.verdicts import KEPT, REASONS, TAKEN_DOWN, Verdicts
from fc_pipeline.engine.step import Step

_BEFORE = "before/"
_ROWS_PER_REPORT = 1 << 14

Write = Callable[[dict[str, Any]], None]


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
    verdicts, clusters = find_duplicates(
        documents,
        config,
        before=kept,
        taken_down=taken_down,
        folder=workspace,
        ordered_map=step.ordered_map,
        report=step.runtime.report,
    )
    step.runtime.report({"documents": len(verdicts.reason), "kept": int(np.sum(verdicts.reason == KEPT))})
    _write_documents(step, verdicts, clusters, num_samples=config.num_samples)
    for part, reason, names in ((KEPT_PART, KEPT, clusters), (TAKEN_DOWN_PART, TAKEN_DOWN, {})):
        rows = np.flatnonzero(verdicts.reason == reason)
        write_index(step.out, part, verdicts.documents, rows, clusters=names, config=config)


def _write_documents(step: Step, verdicts: Verdicts, clusters: dict[int, str], *, num_samples: int) -> None:
    counters = step.out.counters
    text_bytes = 0
    report = ClusterReport(verdicts, num_samples=num_samples)
    with ExitStack() as files:
        keep, note = (
            files.enter_context(step.out.records(f"{name}.jsonl.zst")) for name in ("documents", "duplicates")
        )
        drops: dict[str, Write] = {
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
                cluster = clusters.get(row, document["id"])
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
