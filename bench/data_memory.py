"""Peak memory of each data step at several sizes of the corpus, each step in a process of its own, one worker.

    python -m bench.data_memory [--sizes 10 20 40]

A line for each step: the peak at every size, in MB, and what a further 1,000 documents cost between the smallest and
the largest. Documents are source files of installed packages, cut (bench.data_dedup); filters are nano's.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.data_dedup import pieces
from bench.dedup_growth import documents, find, write_corpus
from bench.timing import report
from fc_model.artifacts import Recipe, Store
from fc_pipeline.engine.resource_usage import own_peak_memory_bytes
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.track.config import parse_track, read_attributes

STEPS = {
    "filtered": ("fc_pipeline.corpus.filter_documents:filter_documents", {"documents": "sources"}),
    "deduplicated": ("fc_pipeline.corpus.deduplicate:deduplicate", {"documents": "filtered"}),
    "split": ("fc_pipeline.corpus.split:split", {"documents": "deduplicated"}),
    "tokenizer": ("fc_pipeline.tokens.train_tokenizer:train_tokenizer", {"documents": "split"}),
    "shards": ("fc_pipeline.tokens.pack:pack_shards", {"documents": "split", "tokenizer": "tokenizer"}),
}
"""Function and inputs of each step, in order."""


def main() -> None:
    """Run every step at every size, and print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=[10.0, 20.0, 40.0], help="megabytes")
    sizes = sorted(parser.parse_args().sizes)
    peaks: dict[str, list[float]] = {name: [] for name in STEPS}
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        texts = list(pieces(min(sizes) * 1e6, random.Random(1)))
        for size in sizes:
            store = Store(Path(folder) / f"{size:g}")
            counts.append(write_corpus(store, "sources", documents(texts, size * 1e6))["documents"])
            for name in STEPS:
                words = [sys.executable, "-m", "bench.data_memory", str(store.root), name]
                done = subprocess.run(words, check=True, capture_output=True, text=True)
                peaks[name].append(json.loads(done.stdout.splitlines()[-1]))
    for name, found in peaks.items():
        growth = (found[-1] - found[0]) / max(1, counts[-1] - counts[0]) * 1000
        report(bench="data_memory", step=name, megabytes=sizes, documents=counts, peak_mb=found, mb_per_1000=growth)


def run(folder: str, name: str) -> float:
    """Run one step in the store; returns the most memory that this process has held, in MB."""
    store = Store(Path(folder))
    path, roles = STEPS[name]
    module, function = path.split(":")
    keys = {"sources": "filtered/sources"}  # where `write_corpus` puts them
    inputs = {role: find(store, keys.get(key, f"bench/{key}")) for role, key in roles.items()}
    recipe = Recipe(config={}, code={"version": "bench", "parts": {}}, inputs={})
    with store.write(f"bench/{name}", recipe) as out:
        step = Step(key=name, config=config_of(name), inputs=inputs, out=out, runtime=Runtime(home=store.root))
        getattr(import_module(module), function)(step)
    return round(own_peak_memory_bytes() / 1e6, 1)


def config_of(name: str) -> dict[str, Any]:
    """nano's settings, for a corpus of one domain and a budget that any size has."""
    track = parse_track("nano", read_attributes("nano"))
    weights = {"code": 1.0}
    mixture = track.mixture.model_copy(update={"weights": weights, "tokens": 1_000_000, "max_epochs": 4})
    return {
        "filtered": track.corpus.filtering.model_dump(mode="json"),
        "deduplicated": track.corpus.dedup.model_dump(mode="json"),
        "split": track.corpus.holdout.model_dump(mode="json"),
        "tokenizer": {"tokenizer": track.tokenizer.model_dump(mode="json"), "weights": weights},
        "shards": mixture.model_dump(mode="json"),
    }[name]


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[2] in STEPS:
        print(json.dumps(run(sys.argv[1], sys.argv[2])))
    else:
        main()
