"""The step that makes `<track>/instructions`: what is trained on and what never is, and which tools stay unseen."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from fc_model.errors import UserError, suggestion
from fc_pipeline.corpus.decontamination.decisions import decontaminated
from fc_pipeline.corpus.split import Cluster, choose_holdout
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.config import ConversationHoldout

Record = dict[str, Any]
_NO_TOOLS_LEFT = "no_tools_left"


def split_conversations(step: Step) -> None:
    """Writes train.jsonl.zst and holdout.jsonl.zst, each in the order of the input.

    Held out are the clusters that `choose_holdout` chooses of each source, and the groups that `blind` names, whole. A
    conversation with a group (`meta.group`) that is trained on does not offer a tool which only conversations that are
    held out call; where none is left, it is dropped. Of those that are held out, `meta.blind` says whether no tool that
    it calls is called in a conversation with a group that is trained on.

    config: ConversationHoldout. inputs: `documents` with `meta.cluster`; `decontaminated`, what decontamination decided
    on them, where the track has it.
    Metrics: documents and bytes by side and by side and source; blind_documents; unseen_tools, those that only blind
    conversations call.

    Raises:
        UserError: a source is so small that nothing is left to train on or nothing to hold out, or `blind` names a
            group that there is not.
    """
    config = ConversationHoldout.model_validate(step.config)
    clusters: dict[str, Cluster] = {}
    blind: set[str] = set()
    groups: dict[str, set[str]] = defaultdict(set)
    for document in _documents(step):
        name, source = document["meta"]["cluster"], document["source"]
        group = document["meta"].get("group")
        groups[source] |= set() if group is None else {group}
        if group is not None and any(_is_under(group, path) for path in config.blind.get(source, ())):
            blind.add(name)
        else:
            clusters.setdefault(name, Cluster(name, document["domain"])).num_documents += 1
    _check_blind(step.key, config, groups)
    held_out = choose_holdout(clusters.values(), config) | blind
    called: dict[bool, set[str]] = {False: set(), True: set()}
    for document in _documents(step):
        if "group" in document["meta"]:
            called[document["meta"]["cluster"] in held_out] |= _called(document)
    unseen = called[True] - called[False]
    metrics: dict[str, float] = defaultdict(int, {"unseen_tools": len(unseen), "blind_documents": 0})
    with step.out.records("train.jsonl.zst") as train, step.out.records("holdout.jsonl.zst") as holdout:
        for document in _documents(step):
            step.out.counters.read += 1
            if document["meta"]["cluster"] in held_out:
                document = _marked(document, unseen)
                metrics["blind_documents"] += document["meta"].get("blind") is True
                _keep(step, document, holdout, "holdout", metrics)
            elif (seen := _without(document, unseen)) is not None:
                _keep(step, seen, train, "train", metrics)
            else:
                step.out.counters.drop(_NO_TOOLS_LEFT)
    step.out.metrics = dict(sorted(metrics.items()))
    for source in sorted({cluster.domain for cluster in clusters.values()}):
        if not (metrics.get(f"train_documents_{source}") and metrics.get(f"holdout_documents_{source}")):
            count = sum(cluster.num_documents for cluster in clusters.values() if cluster.domain == source)
            raise UserError(
                f"{step.key}: {source} has too few conversations to split ({count}); add some, or leave it out"
            )


def _documents(step: Step) -> Iterator[Record]:
    return decontaminated(step.inputs["documents"], step.inputs.get("decontaminated"))


def _is_under(group: str, path: str) -> bool:
    """Whether a group is one of a path, which may be a glob (`*`, also across `/`)."""
    return fnmatchcase(group, path) or fnmatchcase(group, f"{path}/*")


def _check_blind(key: str, config: ConversationHoldout, groups: dict[str, set[str]]) -> None:
    for source, paths in config.blind.items():
        for path in paths:
            if not any(_is_under(group, path) for group in groups[source]):
                known = {part for group in groups[source] for part in (group, group.partition("/")[0])}
                raise UserError(
                    f"{key}: instructions.holdout.blind.{source}: no group {path!r}{suggestion(path, sorted(known))}"
                )


def _called(document: Record) -> set[str]:
    messages = document["meta"]["conversation"]["messages"]
    return {call["function"]["name"] for message in messages for call in message.get("tool_calls", [])}


def _marked(document: Record, unseen: set[str]) -> Record:
    """With `meta.blind`, where it has a group and calls."""
    called = _called(document) if "group" in document["meta"] else set()
    return {**document, "meta": {**document["meta"], "blind": called <= unseen}} if called else document


def _without(document: Record, unseen: set[str]) -> Record | None:
    """A conversation without the tools that stay unseen; None where it is left without any."""
    meta = document["meta"]
    if "group" not in meta:
        return document
    tools = [tool for tool in meta["conversation"]["tools"] if tool["function"]["name"] not in unseen]
    conversation = {**meta["conversation"], "tools": tools}
    return {**document, "meta": {**meta, "conversation": conversation}} if tools else None


def _keep(step: Step, document: Record, write: Callable[[Record], None], side: str, metrics: dict[str, float]) -> None:
    write(document)
    step.out.counters.kept += 1
    for name, amount in (("documents", 1), ("bytes", len(document["text"].encode()))):
        for key in (f"{side}_{name}", f"{side}_{name}_{document['domain']}"):
            metrics[key] += amount
