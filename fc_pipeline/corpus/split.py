"""The step that makes `corpus/<name>/split`: what is trained on and what never is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_pipeline.corpus.config import HoldoutConfig
from fc_pipeline.corpus.decontamination.decisions import decontaminated
from fc_pipeline.corpus.decontamination.holdout_exclusion import HOLDOUT, held_out_before
from fc_pipeline.corpus.document import draw
from fc_pipeline.engine.step import Step

Record = dict[str, Any]


@dataclass
class Cluster:
    """Documents that resemble each other; they stay together."""

    name: str
    domain: str
    num_documents: int = 0


def split(step: Step) -> None:
    """Writes train.jsonl.zst and holdout.jsonl.zst, each in the order of the input.

    config: HoldoutConfig. inputs: `documents`, deduplicated, with `meta.cluster`; `documents/<dump>` of each dump;
    `decontaminated` and `decontaminated/<dump>`, what decontamination decided on them, where the corpus has it.
    With `holdout`, the artifact of this step for another corpus, its holdout is taken as it is, and what it holds out
    is not trained on here either (fc_pipeline/corpus/decontamination/holdout_exclusion.py).

    Raises:
        UserError: a domain is so small that nothing is left to train on or nothing to hold out.
    """
    config = HoldoutConfig.model_validate(step.config)
    clusters: dict[str, Cluster] = {}
    for document in _documents(step):
        name = document["meta"]["cluster"]
        clusters.setdefault(name, Cluster(name, document["domain"])).num_documents += 1
    taken_over = HOLDOUT in step.inputs
    metrics: dict[str, float] = {}
    with step.out.records("train.jsonl.zst") as train, step.out.records("holdout.jsonl.zst") as holdout:
        if taken_over:
            known = held_out_before(step, _documents(step))
        else:
            held_out = choose_holdout(clusters.values(), config)
        for document in _documents(step):
            if taken_over and document["id"] in known:
                step.out.counters.read += 1
                step.out.counters.drop("held_out")
            elif not taken_over and document["meta"]["cluster"] in held_out:
                _keep(step, document, holdout, "holdout", metrics)
            else:
                _keep(step, document, train, "train", metrics)
        if taken_over:
            for document in read_records(step.inputs[HOLDOUT].path("holdout.jsonl.zst")):
                _keep(step, document, holdout, "holdout", metrics)
    step.out.metrics = dict(sorted(metrics.items()))
    for domain in sorted({cluster.domain for cluster in clusters.values()}):
        if not metrics.get(f"train_documents_{domain}") or not (
            taken_over or metrics.get(f"holdout_documents_{domain}")
        ):
            raise UserError(
                f"{step.key}: domain {domain} has too few documents to split "
                f"({sum(c.num_documents for c in clusters.values() if c.domain == domain)}); add a source"
            )


def _keep(step: Step, document: Record, write: Callable[[Record], None], side: str, metrics: dict[str, float]) -> None:
    write(document)
    step.out.counters.read += 1
    step.out.counters.kept += 1
    size = len(document["text"].encode())
    for name, amount in (("documents", 1), ("bytes", size)):
        for key in (f"{side}_{name}", f"{side}_{name}_{document['domain']}"):
            metrics[key] = metrics.get(key, 0) + amount


def _documents(step: Step) -> Iterator[Record]:
    """Of the corpus, then of its dumps by name."""
    for role in sorted(step.inputs):
        if role.split("/")[0] == "documents":
            decisions = step.inputs.get(role.replace("documents", "decontaminated", 1))
            yield from decontaminated(step.inputs[role], decisions)


def choose_holdout(clusters: Iterable[Cluster], config: HoldoutConfig) -> set[str]:
    """Names of the clusters that are held out.

    A cluster's place depends on the hash of its name and the seed alone, so new documents do not move old ones. A
    domain that has less than `min_documents` by then takes the next ones in the order of the hash, up to half of it.
    """
    by_domain: dict[str, list[tuple[float, Cluster]]] = {}
    for cluster in clusters:
        by_domain.setdefault(cluster.domain, []).append((draw(f"{config.seed}:{cluster.name}") / 2**64, cluster))
    chosen: set[str] = set()
    for ranked in by_domain.values():
        ranked.sort(key=lambda pair: (pair[0], pair[1].name))
        half = sum(cluster.num_documents for _, cluster in ranked) // 2
        num_held = 0
        for place, cluster in ranked:
            wanted = place < config.fraction or num_held < config.min_documents
            if wanted and num_held + cluster.num_documents <= half:
                chosen.add(cluster.name)
                num_held += cluster.num_documents
    return chosen
