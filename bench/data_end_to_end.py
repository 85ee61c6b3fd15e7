"""Downloads to shards: what a track's data half takes, step by step, from an empty store.

    python -m bench.data_end_to_end [--track nano] [--workers 2]

The cache of FC_HOME stands in for the network: what is not in it is downloaded first, which is not counted. One line:
text, wall seconds (from the manifests) and processor seconds (of all processes) by step, and in all.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

# Before libraries read them: the threads that count are those that are asked for here.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench.data_sides import rates
from bench.timing import report
from fc_model.artifacts import Artifact, Store, read_records
from fc_pipeline.catalogue.entry import PypiPin
from fc_pipeline.catalogue.kinds.pypi import download
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.resource_usage import tree_cpu_seconds
from fc_pipeline.engine.step import Runtime
from fc_pipeline.evalsets.schema import parse_evalset
from fc_pipeline.experiments.graph import project_graph
from fc_pipeline.paths import fc_home
from fc_pipeline.sources.schema import parse_source


def main(argv: list[str] | None = None) -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--track", default="nano")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.track, cache=fc_home() / "cache", workers=arguments.workers)


def measure(folder: Path, track: str, *, cache: Path, workers: int) -> None:
    """Build the track's shards and all before them in the empty store `folder`, and print the line."""
    graph = project_graph()
    keys = graph.closure([f"{track}/shards"])
    cache.mkdir(parents=True, exist_ok=True)
    (folder / "cache").symlink_to(cache.resolve(), target_is_directory=True)
    raw_bytes = downloaded(graph, keys, folder)
    store, runtime = Store(folder), Runtime(home=folder, workers=workers, threads=workers)
    text: dict[str, int] = {}
    steps: dict[str, dict[str, float]] = {}
    for key in keys:
        cpu = tree_cpu_seconds()
        artifact = materialize(graph, store, key, runtime).artifact
        cpu = tree_cpu_seconds() - cpu
        text[key] = text_bytes(artifact)
        inputs = sum(text[upstream] for upstream in graph[key].inputs.values())
        worked_on = text[key] if is_raw(key) or key.startswith(f"{track}/") else inputs
        found = steps.setdefault(step_name(key), {"megabytes": 0.0, "seconds": 0.0, "cpu_seconds": 0.0})
        found["megabytes"] += worked_on / 1e6
        found["seconds"] += artifact.manifest.run["seconds"]
        found["cpu_seconds"] += cpu
    total = {name: sum(step[name] for step in steps.values()) for name in ("seconds", "cpu_seconds")}
    report(
        bench="data_end_to_end",
        track=track,
        workers=workers,
        download_megabytes=round(raw_bytes / 1e6, 1),
        steps={name: with_rates(step) for name, step in steps.items()},
        total=with_rates({"megabytes": steps["sources"]["megabytes"], **total}),
    )


def downloaded(graph: Graph, keys: Iterable[str], home: Path) -> int:
    """Bytes of the packages that these steps read; those that are not in the cache are fetched, and it is said."""
    total = 0
    for source in packages(graph, keys):
        file = home / "cache" / "downloads" / source.sha256 / source.file
        if not file.is_file():
            print(f"{source.file} is not in the cache; it is downloaded first", file=sys.stderr)
        total += download(source, home).stat().st_size
    return total


def packages(graph: Graph, keys: Iterable[str]) -> Iterator[PypiPin]:
    for key in filter(is_raw, keys):
        config = graph[key].config
        source = parse_evalset(config, key) if key.startswith("evalsets/") else parse_source(config, key)
        if isinstance(source, PypiPin):
            yield source


def is_raw(key: str) -> bool:
    """Does the step read files, not artifacts?"""
    return key.startswith(("sources/", "evalsets/"))


def step_name(key: str) -> str:
    """The sources together, the eval sets together, every other step alone."""
    return key.split("/")[0] if is_raw(key) else key.rsplit("/", 1)[-1]


def text_bytes(artifact: Artifact) -> int:
    """Of the documents that the artifact holds, or was made from in the end (a tokenizer: its sample)."""
    metrics = artifact.metrics
    if "text_bytes" in metrics:
        return int(metrics["text_bytes"])
    if artifact.key.endswith("/shards"):
        return sum(document["bytes"] for document in read_records(artifact.path("documents.jsonl.zst")))
    if artifact.key.endswith("/split"):
        return int(metrics["train_bytes"] + metrics["holdout_bytes"])
    return int(sum(value for name, value in metrics.items() if name.startswith("sample_bytes_")))


def with_rates(step: dict[str, float]) -> dict[str, float]:
    """The figures rounded, with megabytes a second where there is text."""
    found = rates(step["megabytes"], step["cpu_seconds"], step["seconds"]) if step["megabytes"] else {}
    return {**{name: round(value, 2) for name, value in step.items()}, **found}


if __name__ == "__main__":
    main()
