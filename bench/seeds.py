"""The spread of a track's held-out bits per byte over seeds: the same data, trained and evaluated anew for each.

A seed decides the initial weights and the order of the training windows. Everything is built as artifacts of FC_HOME,
so the data is taken from there, an interrupted run goes on where it was, and `fustercluck gc` takes the rest away.

    python -m bench.seeds [TRACK] [--seeds 1 2 3] [--threads N]
"""

from __future__ import annotations

import argparse
import os
import statistics

from bench.timing import report
from fc_model.artifacts import Artifact, Store
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.step import Runtime
from fc_pipeline.paths import fc_home
from fc_pipeline.track.config import parse_track, read_attributes
from fc_pipeline.track.graph import build_graph


def main() -> None:
    """Print a line for each seed and evaluated stage, then mean and standard deviation over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("track", nargs="?", default="nano")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    runtime = Runtime(home=fc_home(), workers=arguments.threads, threads=arguments.threads)
    found: dict[tuple[str, str], list[float]] = {}
    for seed in arguments.seeds:
        graph, evals = seeded(arguments.track, seed)
        for key in evals:
            artifact = build(graph, key, runtime)
            figures = {name: artifact.metrics[name] for name in ("bits_per_byte", "unigram_gain")}
            report(bench="seeds", key=key, seed=seed, **figures)
            for name, value in figures.items():
                found.setdefault((key, name), []).append(value)
    for (key, name), values in found.items():
        spread = statistics.stdev(values) if len(values) > 1 else None
        report(bench="seeds", key=key, metric=name, seeds=len(values), mean=statistics.mean(values), stdev=spread)


def seeded(track: str, seed: int) -> tuple[Graph, list[str]]:
    """The graph of a track whose stages all take this seed, and the keys of its evaluations in order."""
    attributes = read_attributes(track)
    attributes["stages"] = {name: {**stage, "seed": seed} for name, stage in attributes["stages"].items()}
    # A spread is measured, not judged; but the data is the track's own, and keeps its verdicts.
    trained = ("stages/", "evals/", "exports/", "parity", "report")
    attributes["gates"] = [gate for gate in attributes["gates"] if not gate["artifact"].startswith(trained)]
    graph = build_graph([parse_track(track, attributes)])
    return graph, [key for key in graph if key.startswith(f"{track}/evals/")]


def build(graph: Graph, key: str, runtime: Runtime) -> Artifact:
    """The artifact, with everything that it is made from."""
    store = Store(runtime.home)
    outcomes = [materialize(graph, store, needed, runtime) for needed in graph.closure([key])]
    return outcomes[-1].artifact


if __name__ == "__main__":
    main()
