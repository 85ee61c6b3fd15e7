"""Documents: where they came from, what was dropped, what is like them, and how they are taken out."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from fc_model.errors import UserError
from fc_pipeline.cli.project import open_graph, open_store, print_json

if TYPE_CHECKING:
    from fc_pipeline.engine.graph import Graph
    from fc_pipeline.engine.resolve import Resolver


def trace(options: argparse.Namespace) -> int:
    """Which documents a piece of training data came from."""
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.lineage.trace import trace_position, trace_text

    place = _place(options.position) if options.position is not None else None
    graph = open_graph()
    graph.track(options.track)
    resolver = Resolver(graph, open_store())
    if options.document is not None:
        return _touched(graph, resolver, options.track, options.document)
    shards = resolver.require(f"{options.track}/shards", for_key="trace").verify()
    if place is not None:
        return trace_position(shards, *place)
    tokenizer = resolver.require(f"{options.track}/tokenizer", for_key="trace").verify()
    return trace_text(shards, tokenizer, options.text)


def _touched(graph: Graph, resolver: Resolver, track: str, document: str) -> int:
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.lineage.cleaning_decisions import cleaning_artifacts, decision_lines
    from fc_pipeline.lineage.lineage import touched, touched_lines
    from fc_pipeline.lineage.takedown import live_artifacts

    items = touched(open_store(), [document])
    print_lines([*decision_lines(cleaning_artifacts(graph, resolver, track), document), ("", "")])
    print_lines(touched_lines(items, live_artifacts(graph, open_store())))
    return 0 if items else 1


def _place(text: str) -> tuple[str, int]:
    split, _, position = text.rpartition(":")
    if not split or not position.isdecimal():
        raise UserError(f"--position {text}: write SPLIT:N, such as train:1000")
    return split, int(position)


def drops(options: argparse.Namespace) -> int:
    """What cleaning dropped, by reason."""
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.lineage.cleaning_decisions import cleaning_artifacts, drop_lines, reason_lines

    graph = open_graph()
    artifacts = cleaning_artifacts(graph, Resolver(graph, open_store()), options.track)
    if options.reason is None:
        print_lines(drop_lines(artifacts))
    else:
        print_lines(reason_lines(artifacts, options.reason, limit=options.limit))
    return 0


def similar(options: argparse.Namespace) -> int:
    """What a text is nearly equal to."""
    from dataclasses import asdict

    from fc_pipeline.cli.similar import answer_lines, read_text, similar
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.formatting import print_lines

    graph, text = open_graph(), read_text(options.text)
    resolver = Resolver(graph, open_store())
    answer = similar(graph, resolver, options.track, text, at_least=options.at_least, most=options.most)
    if options.json:
        return print_json(asdict(answer))
    print_lines(answer_lines(answer, at_least=options.at_least))
    return 0


def take_down(options: argparse.Namespace) -> int:
    """Take documents out of everything made from them."""
    import time

    from fc_pipeline.cli.remote import take_down
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.lineage import takedown
    from fc_pipeline.lineage.lineage import touched, touched_lines
    from fc_pipeline.lineage.takedown_list import record

    store, before = open_store(), open_graph()
    items = touched(store, options.documents)
    takedown.require_known(items, options.documents, before)
    print_lines(touched_lines(items, takedown.live_artifacts(before, store)))
    after = open_graph(also_without=options.documents)
    work = takedown.to_rebuild(before, after, store)
    for track, keys in work.items():
        print(f"{track}: {len(keys)} artifacts are built again: {', '.join(keys)}")
    if not options.apply:
        live = takedown.live_artifacts(after, store)
        print_lines(("", line) for line in take_down(store, options.documents, items, live, apply=False))
        print("nothing was changed: add --apply to take it down")
        return 0
    record(store.root, options.documents, reason=options.reason, at=time.time())
    if status := takedown.rebuild(work):
        print(
            f"recorded, but not rebuilt: remove the cause, `fustercluck run {next(iter(work))}`, then this again",
            file=sys.stderr,
        )
        return status
    live = takedown.live_artifacts(after, store)
    left_remotely = take_down(store, options.documents, items, live, apply=True)
    takedown.remove_touched(store, after, items)
    print_lines(("", line) for line in left_remotely)
    left = takedown.remaining(store, options.documents)
    print_lines(touched_lines(left, takedown.live_artifacts(after, store)) if left else [])
    print(f"{len(left)} artifacts but the sources still hold or have read {', '.join(options.documents)}")
    return 1 if left or left_remotely else 0
