"""The whole step at several sizes and with one percent of new documents, each in a process of its own.

`python -m bench.dedup_growth FOLDER CORPUS [BEFORE]` deduplicates the corpus of that name (against that dump) in the
store FOLDER and prints {"cpu", "wall", "peak_mb", ...}; the two functions make the corpora and print the figures.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench.timing import report, timed
from fc_model.artifacts import Artifact, Recipe, Store
from fc_pipeline.engine.resource_usage import own_peak_memory_bytes
from fc_pipeline.engine.step import Runtime, Step


def measure_growth(folder: Path, texts: list[str], sizes: list[float]) -> None:
    """A line for each size in megabytes: speed, peak memory also above that of an empty corpus, bytes of the index."""
    store = Store(folder / "store")
    write_corpus(store, "empty", iter(()))
    fixed = run(store, "empty")["peak_mb"]
    for megabytes in sizes:
        name = f"mb-{megabytes:g}"
        size = write_corpus(store, name, documents(texts, megabytes * 1e6))
        found = run(store, name)
        report(
            bench="data_dedup_growth",
            megabytes=round(size["bytes"] / 1e6, 2),
            documents=size["documents"],
            mb_per_cpu_second=round(size["bytes"] / 1e6 / found["cpu"], 2),
            peak_mb=found["peak_mb"],
            above_an_empty_corpus_mb=round(found["peak_mb"] - fixed, 1),
            index_bytes_per_document=round(found["index_bytes"] / size["documents"], 1),
            index_gb_per_million_documents=round(found["index_bytes"] / size["documents"] / 1e3, 3),
        )


def measure_new_dump(folder: Path, texts: list[str], megabytes: float) -> None:
    """One line: a dump of one percent of the documents against the index of the others, beside a rebuild of all."""
    store = Store(folder / "new")
    everything = list(documents(texts, megabytes * 1e6))
    cut = len(everything) - len(everything) // 100
    write_corpus(store, "all", iter(everything))
    write_corpus(store, "old", iter(everything[:cut]))
    write_corpus(store, "dump", iter(everything[cut:]))
    rebuild, _, dump = run(store, "all"), run(store, "old"), run(store, "dump", before="old")
    report(
        bench="data_dedup_new_dump",
        documents=len(everything),
        new_documents=len(everything) - cut,
        rebuild_cpu_seconds=round(rebuild["cpu"], 3),
        dump_cpu_seconds=round(dump["cpu"], 3),
        dump_over_rebuild=round(dump["cpu"] / rebuild["cpu"], 4),
        verifying_cpu_seconds=round(dump["verify_cpu"], 3),
        with_verifying_over_rebuild=round((dump["cpu"] + dump["verify_cpu"]) / rebuild["cpu"], 4),
    )


def documents(texts: list[str], num_bytes: float) -> Iterator[dict[str, Any]]:
    """The texts, then the same ones with their words in another order: as long, and no duplicates."""
    rng = random.Random(0)
    count = 0
    while num_bytes > 0:
        text = texts[count % len(texts)]
        if count >= len(texts):
            words = text.split(" ")
            rng.shuffle(words)
            text = " ".join(words)
        about = {"source": "bench", "domain": "code", "licence": "various", "meta": {}}
        yield {"id": f"bench/{count}", "text": text, **about}
        num_bytes -= len(text.encode())
        count += 1


def write_corpus(store: Store, name: str, records: Iterator[dict[str, Any]]) -> dict[str, int]:
    """An artifact of filtered documents; returns {"documents", "bytes"}."""
    size = {"documents": 0, "bytes": 0}

    def write(step: Step) -> None:
        with step.out.records("documents.jsonl.zst") as keep:
            for record in records:
                keep(record)
                size["documents"] += 1
                size["bytes"] += len(record["text"].encode())
        step.out.counters.read = step.out.counters.kept = size["documents"]

    with store.write(f"filtered/{name}", _recipe()) as out:
        write(Step(key=name, config={}, inputs={}, out=out, runtime=Runtime(home=store.root)))
    return size


def run(store: Store, name: str, before: str = "") -> dict[str, float]:
    """Deduplicate in a new process."""
    words = [sys.executable, "-m", "bench.dedup_growth", str(store.root), name, before]
    answer: dict[str, float] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return answer


def main(folder: str, name: str, before: str) -> None:
    from fc_pipeline.corpus.config import DedupConfig
    from fc_pipeline.corpus.dedup.minhash import sign
    from fc_pipeline.corpus.deduplicate import deduplicate

    sign(DedupConfig(), ["warm up"])
    store = Store(folder)
    inputs = {"documents": find(store, f"filtered/{name}")}
    if before:
        inputs["before/old"] = find(store, f"deduplicated/{before}")
    verify = timed(lambda: [artifact.verify() for role, artifact in inputs.items() if role != "documents"])
    config = DedupConfig().model_dump(mode="json")

    def work() -> None:
        with store.write(f"deduplicated/{name}", _recipe()) as out:
            deduplicate(Step(key=name, config=config, inputs=inputs, out=out, runtime=Runtime(home=store.root)))

    seconds = timed(work)
    made = find(store, f"deduplicated/{name}")
    answer = {
        "cpu": seconds.cpu,
        "verify_cpu": verify.cpu,
        "peak_mb": round(own_peak_memory_bytes() / 1e6, 1),
        "index_bytes": sum(made.path(f"index.{kind}").stat().st_size for kind in ("bin", "json")),
    }
    print(json.dumps(answer))


def find(store: Store, key: str) -> Artifact:
    (artifact,) = store.versions(key)
    return artifact


def _recipe() -> Recipe:
    return Recipe(config={}, code={"version": "bench", "parts": {}}, inputs={})


if __name__ == "__main__":
    main(*sys.argv[1:])
