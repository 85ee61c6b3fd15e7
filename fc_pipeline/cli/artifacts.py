"""Artifacts of the store and of the remote: verified, copied, deleted."""

from __future__ import annotations

import argparse

from fc_model.errors import UserError
from fc_pipeline.cli.project import open_graph, open_store


def verify(options: argparse.Namespace) -> int:
    """Rehash every file of every artifact."""
    if options.remote:
        from fc_pipeline.cli.remote import verify_remotely

        return verify_remotely(options.keys)
    from fc_pipeline.store.verify import verify_store

    store = open_store()
    checked, problems = verify_store(store, options.keys, strict=options.strict)
    for problem in problems:
        print(problem)
    print(f"{checked} artifacts checked, {len(problems)} problems")
    return 1 if problems else 0


def push(options: argparse.Namespace) -> int:
    """Copy what is built to FC_REMOTE."""
    from fc_pipeline.cli.remote import push_artifacts

    return push_artifacts(open_graph(), open_store(), options.keys, again=options.again)


def pull(options: argparse.Namespace) -> int:
    """Copy what is in FC_REMOTE here."""
    from fc_pipeline.cli.remote import pull_artifacts

    return pull_artifacts(open_graph(), open_store(), options.wanted)


def collect_garbage(options: argparse.Namespace) -> int:
    """List, or delete, what no track needs any more."""
    from fc_pipeline.formatting import print_lines, size
    from fc_pipeline.store.gc import collect, find_garbage, garbage_lines, remove_leftovers

    if options.keep < 0:
        raise UserError("--keep takes 0 or more")
    graph, store = open_graph(), open_store()
    if options.remote:
        from fc_pipeline.cli.remote import collect_garbage_remotely

        return collect_garbage_remotely(graph, store, keep=options.keep, apply=options.apply)
    garbage = find_garbage(graph, store, keep=options.keep)
    print_lines(garbage_lines(garbage))
    if not options.apply:
        if garbage:
            print("nothing was deleted: add --apply to delete")
        return 0
    freed = 0
    for item, refused in collect(store, garbage):
        freed += item.num_bytes if not refused else 0
        if refused:
            print(f"kept: {refused}")
    freed += remove_leftovers(store)
    print(f"{size(freed)} freed")
    return 0
