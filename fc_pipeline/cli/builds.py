"""What is built, and what would be."""

from __future__ import annotations

import argparse

from fc_pipeline.cli.project import keys_of, open_graph, open_store, print_json


def plan(options: argparse.Namespace) -> int:
    """What a run would build, and why."""
    from dataclasses import asdict

    from fc_pipeline.cli.plan_table import plan_lines
    from fc_pipeline.engine.plan import UNFINISHED, make_plan
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.remote.sync import find_in_remote

    graph, store = open_graph(), open_store()
    items = make_plan(graph, store, keys_of(graph, options.track), elsewhere=find_in_remote)
    unfinished = [item.key for item in items if item.state in UNFINISHED]
    estimate = None
    if unfinished:
        from fc_pipeline.training.forecast import forecast

        estimate = forecast(graph, store, unfinished)
    if options.json:
        return print_json({"items": [asdict(item) for item in items], "forecast": estimate})
    print_lines(plan_lines(items, estimate, explain=options.explain))
    return 0


def run(options: argparse.Namespace) -> int:
    """Build everything of a track that is not there."""
    from fc_pipeline.cli.run import run_track

    return run_track(options.track, keys=options.only)


def status(options: argparse.Namespace) -> int:
    """What is built, what is running and how far it is."""
    from dataclasses import asdict

    from fc_pipeline.engine.status import make_status, status_lines
    from fc_pipeline.formatting import print_lines

    graph, store = open_graph(), open_store()
    items = make_status(graph, store, keys_of(graph, options.track))
    if options.json:
        return print_json([asdict(item) for item in items])
    print_lines(status_lines(items, root=store.root))
    return 0


def equivalent(options: argparse.Namespace) -> int:
    """Record that changed code makes the same bytes."""
    import time

    from fc_pipeline.engine.resolve import declare_equivalent

    older = declare_equivalent(open_graph(), open_store(), options.key, reason=options.reason, at=time.time())
    print(f"{options.key}: its code counts as version {older} from now on; recorded in equivalences.json")
    return 0


def leaderboard(options: argparse.Namespace) -> int:
    """Every report of every track, the best model first."""
    from fc_pipeline.cli.leaderboard_table import leaderboard_lines
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.report.leaderboard import leaderboard

    rows = leaderboard(open_store())
    if options.json:
        return print_json(rows)
    print_lines(leaderboard_lines(rows))
    return 0


def check(options: argparse.Namespace) -> int:
    """Validate every track, and that every step's code can be followed."""
    graph = open_graph()
    for key in graph:
        graph.code(key)
    names = ", ".join((*graph.tracks, *graph.experiments))
    print(f"{len(graph.tracks)} tracks, {len(graph.experiments)} experiments ({names}), {len(graph)} artifacts: valid")
    return 0


def serve_ui(options: argparse.Namespace) -> int:
    """Dagster and MLflow in the browser."""
    from fc_pipeline.cli.ui import serve
    from fc_pipeline.paths import dagster_home, fc_home

    dagster_home()
    return serve(fc_home())
