"""What `fustercluck similar` costs: our mapped index, read through datasketch's LSH, beside datasketch's own.

    python -m bench.similar [--documents 100000] [--shingles 350] [--queries 50] [--sides ours datasketch]

One line of JSON for each side, each in a process of its own: processor seconds until the first answer, milliseconds a
question, and the memory that both took beyond what the process had with everything imported. Documents are random sets
of 32-bit shingles; a question is a document with a ninth of its shingles replaced, so that the similarity is 0.8.
Neither side shingles the documents: the index is as deduplication left it, and datasketch gets the stored shingles.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fc_model.artifacts import Recipe, Store
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.duplicate_index import KEPT_PART, DuplicateIndex, write_index
from fc_pipeline.corpus.dedup.minhash import band_keys
from fc_pipeline.corpus.dedup.near_duplicates import jaccard
from fc_pipeline.corpus.dedup.ragged import RaggedFile, starts_of
from fc_pipeline.corpus.dedup.shingles import Shingles
from fc_pipeline.corpus.dedup.signed_documents import SignedDocuments
from fc_pipeline.corpus.dedup.similar import query, sketch
from fc_pipeline.engine.resource_usage import own_peak_memory_bytes

CONFIG = DedupConfig()
BLOCK = 2000
"""Documents that are made at a time."""


def main(argv: list[str] | None = None) -> None:
    """Print a line for each side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--shingles", type=int, default=350, help="of a document")
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--index", type=Path, help="measure on this index, in this process")
    options = parser.parse_args(argv)
    if options.index is not None:
        for side in options.sides:
            print(json.dumps(measure(side, options.index, options.queries)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), options.documents, options.shingles)
        for side in options.sides:
            words = ["--index", folder, "--queries", str(options.queries), "--sides", side]
            subprocess.run([sys.executable, "-m", "bench.similar", *words], check=True)


def write(folder: Path, num_documents: int, num_shingles: int) -> None:
    """The index of random documents, as deduplication would have written it."""
    rng = np.random.default_rng(1)
    bands = [(folder / f"band-{number:03}.bin").open("wb") for number in range(CONFIG.num_buckets)]
    counts = np.full(num_documents, num_shingles)
    with (folder / "shingles.bin").open("wb") as shingles, (folder / "ids.bin").open("wb") as ids:
        for first in range(0, num_documents, BLOCK):
            block = min(BLOCK, num_documents - first)
            hashes = np.sort(rng.integers(0, 1 << 32, (block, num_shingles), np.uint32), axis=1).reshape(-1)
            shingles.write(hashes.tobytes())
            signed = Shingles(np.empty((block, 2), np.uint64), counts[:block], hashes)
            rows, seed = CONFIG.hashes_per_bucket, CONFIG.seed
            for file, keys in zip(bands, band_keys(signed, num_buckets=len(bands), rows=rows, seed=seed), strict=True):
                file.write(keys.tobytes())
            ids.write("".join(f"bench/{row:012}" for row in range(first, first + block)).encode())
    for file in bands:
        file.close()
    np.zeros(num_documents, np.uint16).tofile(folder / "sources.bin")
    documents = SignedDocuments(
        folder,
        digests=rng.integers(0, 1 << 63, (num_documents, 2), np.uint64),
        shingles=RaggedFile(folder / "shingles.bin", starts_of(counts), "<u4"),
        ids=RaggedFile(folder / "ids.bin", starts_of(np.full(num_documents, len("bench/") + 12)), "u1"),
        sources=["bench"],
    )
    recipe = Recipe(config={}, code={"version": "bench", "parts": {}}, inputs={})
    with Store(folder / "store").write("bench/deduplicated", recipe) as out:
        write_index(out, KEPT_PART, documents, np.arange(num_documents), clusters={}, config=CONFIG)


def measure(side: str, folder: Path, num_queries: int) -> dict[str, object]:
    """Ask the questions of one side."""
    import datasketch  # noqa: F401  # what is imported is not counted

    (artifact,) = Store(folder / "store").versions("bench/deduplicated")
    before = own_peak_memory_bytes()
    started = time.process_time()
    index = DuplicateIndex(artifact, KEPT_PART, "bench")
    ask = SIDES[side](index)
    rng = np.random.default_rng(2)
    rows = rng.choice(len(index), num_queries, replace=False).tolist()
    seconds, num_hits = [], 0
    for row in rows:
        shingles = index.shingles.row(row).copy()
        changed = rng.choice(len(shingles), len(shingles) // 9, replace=False)
        shingles[changed] = rng.integers(0, 1 << 32, len(changed), np.uint32)
        shingles = np.unique(shingles)
        asked = time.process_time()
        answer = {other: jaccard(shingles, index.shingles.row(other)) for other in ask(shingles)}
        seconds.append(time.process_time() - asked)
        num_hits += answer.get(row, 0) > 0.7
        if len(seconds) == 1:
            first = time.process_time() - started
    return {
        "side": side,
        "documents": len(index),
        "cpu_seconds_to_first_answer": round(first, 3),
        "milliseconds_a_question": round(1000 * float(np.median(seconds)), 2),
        "memory_mb": round((own_peak_memory_bytes() - before) / 1e6, 1),
        "recall_at_0.8": num_hits / num_queries,
    }


def ours(index: DuplicateIndex):  # type: ignore[no-untyped-def]
    """The mapped index."""
    return lambda shingles: query(index, shingles)


def datasketch_lsh(index: DuplicateIndex):  # type: ignore[no-untyped-def]
    """datasketch's tables in memory, of the same bands."""
    from datasketch import MinHashLSH

    num_perm = CONFIG.num_buckets * CONFIG.hashes_per_bucket
    lsh = MinHashLSH(num_perm=num_perm, params=(CONFIG.num_buckets, CONFIG.hashes_per_bucket))
    for row in range(len(index)):
        lsh.insert(row, sketch(index.shingles.row(row), num_perm=num_perm, seed=CONFIG.seed), check_duplication=False)
    return lambda shingles: lsh.query(sketch(shingles, num_perm=num_perm, seed=CONFIG.seed))


SIDES = {"ours": ours, "datasketch": datasketch_lsh}


if __name__ == "__main__":
    main()
