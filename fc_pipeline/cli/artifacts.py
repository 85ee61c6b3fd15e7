"""Artifacts of the store or of the remote: verified, deleted."""

import argparse
import time

from fc_model.artifacts import Store
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.formatting import print_lines, size
from fc_pipeline.paths import built_home, fc_home

with deferred_imports():
    from fc_pipeline.cli.remote import require_remote
    from fc_pipeline.experiments.graph import project_graph
    from fc_pipeline.store.gc import (
        collect,
        find_garbage,
        find_remote_garbage,
        garbage_lines,
        remove_dead_uploads,
        remove_leftovers,
    )
    from fc_pipeline.store.verify import verify_remote, verify_store


def verify(options: argparse.Namespace) -> int:
    remote = require_remote() if options.remote else None
    if remote is not None:
        checked, problems = verify_remote(remote, options.keys)
    else:
        checked, problems = verify_store(Store(built_home()), options.keys, strict=options.strict)
    for problem in problems:
        print(problem)
    where = f"{remote.name}: " if remote is not None else ""
    print(f"{where}{checked} artifacts checked, {len(problems)} problems")
    return 1 if problems else 0


def collect_garbage(options: argparse.Namespace) -> int:
    store, now = Store(fc_home() if options.remote else built_home()), time.time()
    graph = project_graph()
    remote = require_remote() if options.remote else None
    if remote is not None:
        garbage = find_remote_garbage(graph, store, remote, keep=options.keep, now=now)
        source, place, others = f" from {remote.name}", f" in {remote.name}", ", also what other checkouts may need"
    else:
        garbage = find_garbage(graph, store, keep=options.keep)
        source = place = others = ""
    print_lines(garbage_lines(garbage))
    if not options.apply:
        if garbage:
            print(f"nothing was deleted{source}: add --apply to delete{others}")
        return 0
    deleted = list(collect(remote or store, garbage))
    refused = [why for _, why in deleted if why]
    print_lines(("", f"kept: {why}") for why in refused)
    freed = sum(item.num_bytes for item, why in deleted if not why)
    freed += remove_dead_uploads(remote, now=now) if remote is not None else remove_leftovers(store)
    print(f"{size(freed)} freed{place}")
    return 1 if refused and remote is not None else 0
