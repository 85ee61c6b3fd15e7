"""Documents: where they came from, what was dropped, what is like them, and how they are taken out."""

import argparse
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.formatting import print_json, print_lines, visible
from fc_pipeline.paths import built_home

if TYPE_CHECKING:
    from fc_pipeline.engine.graph import Graph

with deferred_imports():
    from fc_pipeline.cli.remote import take_down as take_down_remotely
    from fc_pipeline.cli.similar import answer_lines, find_answer, read_text
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.experiments.graph import project_graph
    from fc_pipeline.lineage.cleaning_decisions import cleaning_artifacts, decision_lines, drop_lines, reason_lines
    from fc_pipeline.lineage.lineage import touched, touched_lines
    from fc_pipeline.lineage.takedown import (
        live_artifacts,
        rebuild,
        remaining,
        remove_touched,
        require_known,
        to_rebuild,
    )
    from fc_pipeline.lineage.takedown_list import record
    from fc_pipeline.lineage.trace import trace_position, trace_text


def trace(options: argparse.Namespace) -> int:
    place = _place(options.position) if options.position is not None else None
    graph, store = project_graph(), Store(built_home())
    graph.track(options.track)
    if options.document is not None:
        return _trace_document(graph, store, options.track, options.document)
    resolver = Resolver(graph, store)
    shards = resolver.require(f"{options.track}/shards", for_key="trace").verify()
    if place is not None:
        return trace_position(shards, *place)
    tokenizer = resolver.require(f"{options.track}/tokenizer", for_key="trace").verify()
    return trace_text(shards, tokenizer, options.text)


def _trace_document(graph: "Graph", store: Store, track: str, document: str) -> int:
    artifacts = cleaning_artifacts(graph, Resolver(graph, store), track)
    items, decisions = touched(store, [document]), decision_lines(artifacts, document)
    if not decisions and not any(item.certain for item in items):
        raise UserError(
            f"{visible(document)}: nothing that is built holds this document; ids look like <source>/<path>, "
            f"`fustercluck trace {track} TEXT` shows them"
        )
    print_lines([*decisions, ("", ""), *touched_lines(items, live_artifacts(graph, store))])
    return 0


def _place(text: str) -> tuple[str, int]:
    split, _, position = text.rpartition(":")
    if not split or not position.isdecimal() or len(position) > 18:
        raise UserError(f"--position {text}: write SPLIT:N, such as train:1000")
    return split, int(position)


def drops(options: argparse.Namespace) -> None:
    graph = project_graph(of=options.track)
    artifacts = cleaning_artifacts(graph, Resolver(graph, Store(built_home())), options.track)
    if options.reason is None:
        print_lines(drop_lines(artifacts))
    else:
        print_lines(reason_lines(artifacts, options.reason, limit=options.limit))


def similar(options: argparse.Namespace) -> None:
    graph, text = project_graph(of=options.track), read_text(options.text)
    resolver = Resolver(graph, Store(built_home()))
    answer = find_answer(graph, resolver, options.track, text, at_least=options.at_least, most=options.most)
    if options.json:
        print_json(asdict(answer))
    else:
        print_lines(answer_lines(answer, at_least=options.at_least))


def take_down(options: argparse.Namespace) -> int:
    documents, store, before = options.documents, Store(built_home()), project_graph()
    before.require_whole("takedown")
    items = touched(store, documents)
    require_known(items, documents, before)
    print_lines(touched_lines(items, live_artifacts(before, store)))
    after = project_graph(also_without=documents)
    work = to_rebuild(before, after, store)
    for track, keys in work.items():
        print(f"{track}: {len(keys)} artifacts are built again: {', '.join(keys)}")
    if options.apply:
        record(store.root, documents, reason=options.reason, at=time.time())
        if status := rebuild(work):
            remedy = f"remove the cause, `fustercluck run {next(iter(work))}`, then this again"
            print(f"recorded, but not rebuilt: {remedy}", file=sys.stderr)
            return status
    left_remotely = take_down_remotely(store, documents, items, live_artifacts(after, store), apply=options.apply)
    if options.apply:
        remove_touched(store, after, items)
    print_lines(("", line) for line in left_remotely)
    if not options.apply:
        print("nothing was changed: add --apply to take it down")
        return 0
    left = remaining(store, documents)
    print_lines(touched_lines(left, live_artifacts(after, store)) if left else [])
    print(f"{len(left)} artifacts but the sources still hold or have read {', '.join(documents)}")
    return 1 if left or left_remotely else 0
