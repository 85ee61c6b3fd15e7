"""The step that makes `corpus/<name>/deduplicated`: one of each group of equal or nearly equal documents."""

import shutil
from collections.abc import Iterator
from functools import partial
from typing import Any

from fc_model.artifacts import read_records
from fc_pipeline.step import Step
from fc_pipeline.text.config import DedupConfig
from fc_pipeline.text.exact_duplicates import ExactDuplicates
from fc_pipeline.text.minhash import candidate_groups
from fc_pipeline.text.near_duplicates import Duplicate, verify_group
from fc_pipeline.text.parallel import chunks, ordered_map

_CHUNK_CHARS = 2 << 20


def deduplicate(step: Step) -> None:
    """Writes documents.jsonl.zst, clusters.jsonl.zst and dropped/{exact,near}_duplicate.jsonl.zst.

    Of duplicates, the first in the order of the input stays. Each kept document gets `meta.cluster`: the id of the
    first document of its candidate group, so that what resembles it can be kept on the same side of a split.

    config: DedupConfig. inputs: `documents`, with documents.jsonl.zst.
    """
    config = DedupConfig.model_validate(step.config)
    documents = step.inputs["documents"].path("documents.jsonl.zst")
    workspace = step.out.workspace("minhash")
    shutil.rmtree(workspace)  # half of an earlier attempt: signatures of other rows would match wrongly
    workspace.mkdir()

    ids: list[str] = []
    exact: dict[int, int] = {}
    unique: list[int] = []

    def unique_texts() -> Iterator[str]:
        seen = ExactDuplicates()
        for row, document in enumerate(read_records(documents)):
            ids.append(document["id"])
            first = seen.first_row(document["text"], row)
            if first == row:
                unique.append(row)
                yield document["text"]
            else:
                exact[row] = first

    batches = chunks(unique_texts(), weight=len, limit=_CHUNK_CHARS)
    workers = step.runtime.workers
    found = candidate_groups(batches, config, workspace=workspace, workers=workers)
    groups = [[unique[position] for position in group] for group in found]
    step.runtime.report({"documents": len(ids), "candidate_groups": len(groups)})

    near: dict[int, Duplicate] = {}
    verify = partial(verify_group, config.model_dump_json())
    for duplicates in ordered_map(verify, _with_texts(groups, documents), workers=workers):
        near.update((duplicate.row, duplicate) for duplicate in duplicates)

    cluster_of = {row: group[0] for group in groups for row in group}
    _write(step, ids=ids, exact=exact, near=near, cluster_of=cluster_of)
    _write_clusters(step, ids=ids, exact=exact, near=near, cluster_of=cluster_of)


def _with_texts(groups: list[list[int]], documents: Any) -> Iterator[list[tuple[int, str]]]:
    wanted = {row for group in groups for row in group}
    texts = {row: document["text"] for row, document in enumerate(read_records(documents)) if row in wanted}
    for group in groups:
        yield [(row, texts.pop(row)) for row in group]


def _write(
    step: Step, *, ids: list[str], exact: dict[int, int], near: dict[int, Duplicate], cluster_of: dict[int, int]
) -> None:
    counters = step.out.counters
    text_bytes = 0
    with (
        step.out.records("documents.jsonl.zst") as keep,
        step.out.records("dropped/exact_duplicate.jsonl.zst") as drop_exact,
        step.out.records("dropped/near_duplicate.jsonl.zst") as drop_near,
    ):
        for row, document in enumerate(read_records(step.inputs["documents"].path("documents.jsonl.zst"))):
            counters.read += 1
            if row in exact:
                counters.drop("exact_duplicate")
                drop_exact({**document, "duplicate_of": ids[exact[row]], "jaccard": 1.0})
            elif row in near:
                counters.drop("near_duplicate")
                drop_near({**document, "duplicate_of": ids[near[row].kept], "jaccard": near[row].jaccard})
            else:
                counters.kept += 1
                text_bytes += len(document["text"].encode())
                cluster = ids[cluster_of.get(row, row)]
                keep({**document, "meta": {**document["meta"], "cluster": cluster}})
    step.out.metrics = {
        "documents": counters.kept,
        "text_bytes": text_bytes,
        "exact_duplicates": counters.dropped.get("exact_duplicate", 0),
        "near_duplicates": counters.dropped.get("near_duplicate", 0),
    }


def _write_clusters(
    step: Step, *, ids: list[str], exact: dict[int, int], near: dict[int, Duplicate], cluster_of: dict[int, int]
) -> None:
    """One record a group of two or more: {"cluster", "members": [{"id", "duplicate_of", "jaccard"}]}."""
    members: dict[int, list[int]] = {}
    for row in sorted({*exact, *exact.values(), *cluster_of}):
        first = exact.get(row, row)
        members.setdefault(cluster_of.get(first, first), []).append(row)
    with step.out.records("clusters.jsonl.zst") as write:
        for cluster, rows in sorted(members.items()):
            write({"cluster": ids[cluster], "members": [_member(row, ids, exact, near) for row in rows]})


def _member(row: int, ids: list[str], exact: dict[int, int], near: dict[int, Duplicate]) -> dict[str, Any]:
    if row in exact:
        return {"id": ids[row], "duplicate_of": ids[exact[row]], "jaccard": 1.0}
    if row in near:
        return {"id": ids[row], "duplicate_of": ids[near[row].kept], "jaccard": near[row].jaccard}
    return {"id": ids[row], "duplicate_of": None, "jaccard": None}
