"""What is built, and what would be."""

import argparse
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.plan import UNFINISHED
from fc_pipeline.formatting import UNKNOWN, Line, columns, count, print_json, print_lines, size
from fc_pipeline.paths import built_home, fc_home, instance_home

with deferred_imports():
    from fc_pipeline.cli.milestone_table import milestone_lines, milestone_states, waiver_lines
    from fc_pipeline.cli.plan_table import plan_lines
    from fc_pipeline.cli.run import run_track
    from fc_pipeline.cli.ui import serve
    from fc_pipeline.engine.plan import make_plan
    from fc_pipeline.engine.resolve import declare_equivalent
    from fc_pipeline.engine.status import make_status, status_lines
    from fc_pipeline.experiments.graph import misplaced, project_graph
    from fc_pipeline.remote.sync import find_in_remote
    from fc_pipeline.report.leaderboard import leaderboard as rank_reports
    from fc_pipeline.tokens.supply import supply_problems
    from fc_pipeline.track.config import load_tracks
    from fc_pipeline.training.forecast import forecast


def plan(options: argparse.Namespace) -> None:
    graph, store = project_graph(of=options.track), Store(fc_home())
    keys = graph.track(options.track) if options.track is not None else graph
    items = make_plan(graph, store, keys, elsewhere=find_in_remote)
    unfinished = [item.key for item in items if item.state in UNFINISHED]
    estimate = forecast(graph, store, unfinished) if unfinished else None
    if options.json:
        print_json({"items": [asdict(item) for item in items], "forecast": estimate})
    else:
        print_lines(plan_lines(items, estimate, explain=options.explain))
        print_lines(too_little_space(estimate["total"]["disk_bytes"], fc_home()) if estimate else [])


def too_little_space(needed: int, home: Path) -> list[Line]:
    """A line where the disk of FC_HOME, which need not be there yet, has less free than a plan needs."""
    folder = next(path for path in (home.absolute(), *home.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if needed <= free:
        return []
    return [("bold red", f"{size(free)} are free on the disk of {home}: free more, or set FC_HOME to another disk")]


def run(options: argparse.Namespace) -> int:
    return run_track(options.track, keys=options.only)


def status(options: argparse.Namespace) -> None:
    graph, store = project_graph(of=options.track), Store(fc_home())
    keys = graph.track(options.track) if options.track is not None else list(graph)
    items, milestones = make_status(graph, store, keys), milestone_states(graph, store, keys)
    if options.json:
        print_json({"items": [asdict(item) for item in items], "milestones": milestones})
    else:
        *lines, total = status_lines(items, root=store.root)
        print_lines([*lines, *milestone_lines(milestones), *waiver_lines(graph, store, keys), total])


def equivalent(options: argparse.Namespace) -> None:
    graph, store = project_graph(), Store(built_home())
    older = declare_equivalent(graph, store, options.key, reason=options.reason, at=time.time())
    print(f"{options.key}: its code counts as version {older} from now on; recorded in equivalences.json")


def leaderboard(options: argparse.Namespace) -> None:
    rows = rank_reports(Store(built_home()))
    if options.json:
        print_json(rows)
    else:
        print_lines(leaderboard_lines(rows))


def leaderboard_lines(rows: list[dict[str, Any]]) -> list[Line]:
    """Args: rows: what `fc_pipeline.report.leaderboard.leaderboard` gives, the best first."""
    if not rows:
        return [("", "no report is built yet: fustercluck run TRACK")]
    table = [["track", "bits/byte", "perplexity", "parameters", "tokens", "gates", "stage", "report"]] + [
        [
            row["track"],
            UNKNOWN if row["bits_per_byte"] is None else f"{row['bits_per_byte']:.4f}",
            UNKNOWN if row["perplexity"] is None else f"{row['perplexity']:.2f}",
            count(row["parameters"]),
            count(row["tokens"]),
            ", ".join(f"{number} {state}" for state, number in row["gates"].items() if number) or "none",
            row["stage"] or UNKNOWN,
            row["identity"],
        ]
        for row in rows
    ]
    styles = ["bold", *("red" if row["gates"]["failed"] else "" for row in rows)]
    return list(zip(styles, columns(table), strict=True))


def check(options: argparse.Namespace) -> int:
    graph = project_graph(warn=False)
    wrong = [*graph.broken.values(), *misplaced()]
    for key in graph:
        try:
            graph.code(key)
        except UserError as error:
            wrong.append(str(error))
    for name, track in load_tracks(without=graph.broken).items():
        fields = cast(Any, track)  # of all parts, joined at run time
        wrong += [f"tracks/{name}: {line}" for line in supply_problems(fields)]
    for why in dict.fromkeys(wrong):
        print(f"fustercluck: error: {' '.join(why.split())}", file=sys.stderr)
    names = ", ".join((*graph.tracks, *graph.experiments))
    verdict = f"{len(set(wrong))} problems" if wrong else "valid"
    print(
        f"{len(graph.tracks)} tracks, {len(graph.experiments)} experiments ({names}), {len(graph)} artifacts: {verdict}"
    )
    return 2 if wrong else 0


def serve_ui(options: argparse.Namespace) -> int:
    instance_home()
    if not Path("workspace.yaml").is_file():
        raise UserError("there is no workspace.yaml here: work in the project's folder")
    return serve(fc_home(), dagster_port=options.port, mlflow_port=options.mlflow_port)
