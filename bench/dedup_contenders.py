"""One way of near-duplicate removal, alone in its process: `python -m bench.dedup_contenders NAME FOLDER`.

Reads FOLDER/in.jsonl ({"id", "text"}), writes FOLDER/NAME.json ({"pairs": [[kept id, removed id]], "cpu", "wall"}).
Imports are not timed. Everyone gets one thread, and shingles of five words.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench.timing import timed

Pairs = list[tuple[str, str]]
WORD = re.compile(r"\w+")
NGRAM, PERMUTATIONS, SIMILAR = 5, 128, 0.8


def grams(text: str) -> set[str]:
    words = WORD.findall(text.lower())
    return {" ".join(words[start : start + NGRAM]) for start in range(len(words) - NGRAM + 1)}


def records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def ours() -> Callable[[Path], Pairs]:
    """Verified pairs, with everything that the step does but the writing of documents."""
    from fc_pipeline.corpus.config import DedupConfig
    from fc_pipeline.corpus.dedup.minhash import sign
    from fc_pipeline.corpus.dedup.verdicts import KEPT
    from fc_pipeline.corpus.deduplicate import find_duplicates

    sign(DedupConfig(), ["warm up"])  # tables that a process builds once, as other imports do

    def run(path: Path) -> Pairs:
        documents = ({**record, "source": "bench"} for record in records(path))
        with tempfile.TemporaryDirectory() as folder:
            verdicts, _ = find_duplicates(documents, DedupConfig(), before=[], taken_down=[], folder=Path(folder))
            dropped = (verdicts.reason != KEPT).nonzero()[0].tolist()
            return [(verdicts.original(row).id, verdicts.documents.ids.text(row)) for row in dropped]

    return run


def datasketch() -> Callable[[Path], Pairs]:
    """MinHash and its LSH; candidates are not verified."""
    from datasketch import MinHash, MinHashLSH

    def run(path: Path) -> Pairs:
        index, pairs = MinHashLSH(threshold=SIMILAR, num_perm=PERMUTATIONS), []
        for record in records(path):
            sketch = MinHash(num_perm=PERMUTATIONS)
            sketch.update_batch([gram.encode() for gram in grams(record["text"])])
            pairs += [(str(other), record["id"]) for other in index.query(sketch)]
            index.insert(record["id"], sketch)
        return pairs

    return run


def rensa() -> Callable[[Path], Pairs]:
    """MinHash and its LSH in Rust, shingles in Python; candidates are not verified."""
    from rensa import RMinHash, RMinHashLSH

    def run(path: Path) -> Pairs:
        index, pairs = RMinHashLSH(threshold=SIMILAR, num_perm=PERMUTATIONS, num_bands=16), []
        for row, record in enumerate(records(path)):
            sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
            sketch.update(list(grams(record["text"])))
            pairs += [(other, row) for other in index.query(sketch)]
            index.insert(row, sketch)
        ids = [record["id"] for record in records(path)]
        return [(ids[kept], ids[removed]) for kept, removed in pairs]

    return run


def rensa_signing() -> Callable[[Path], Pairs]:
    """Only shingles and signatures: what no pipeline around them can beat."""
    from rensa import RMinHash

    def run(path: Path) -> Pairs:
        for record in records(path):
            sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
            sketch.update(list(grams(record["text"])))
            sketch.digest()
        return []

    return run


def datatrove(language: Any = "eng") -> Callable[[Path], Pairs]:
    """The four stages as its documentation has them, 14 buckets of 8; its English tokenizer is spaCy's."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
    )
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.word_tokenizers import load_word_tokenizer
    from loguru import logger

    logger.remove()
    config = MinhashConfig()
    if isinstance(language, str):
        load_word_tokenizer(language).word_tokenize("warm up")

    def run(path: Path) -> Pairs:
        with tempfile.TemporaryDirectory() as work:

            def reader() -> JsonlReader:
                return JsonlReader(str(path.parent), glob_pattern=path.name)

            signature = MinhashDedupSignature(output_folder=f"{work}/sig", config=config, language=language)
            buckets = MinhashDedupBuckets(input_folder=f"{work}/sig", output_folder=f"{work}/buckets", config=config)
            cluster = MinhashDedupCluster(
                input_folder=f"{work}/buckets", output_folder=f"{work}/remove", config=config, save_cluster_id=True
            )
            drop = MinhashDedupFilter(
                input_folder=f"{work}/remove",
                load_cluster_ids=True,
                exclusion_writer=JsonlWriter(f"{work}/dropped", compression=None),
            )
            keep = JsonlWriter(f"{work}/kept", compression=None)
            stages = (
                ([reader(), signature], 1),
                ([buckets], config.num_buckets),
                ([cluster], 1),
                ([reader(), drop, keep], 1),
            )
            for number, (blocks, tasks) in enumerate(stages):
                logs = f"{work}/logs{number}"
                LocalPipelineExecutor(blocks, tasks=tasks, workers=1, logging_dir=logs, skip_completed=False).run()
            return pairs_of_clusters(
                (record["id"], record["metadata"].get("minhash_cluster_id", -1))
                for side in ("kept", "dropped")
                for file in sorted(Path(work, side).glob("*.jsonl"))
                for record in records(file)
            )

    return run


def datatrove_regex() -> Callable[[Path], Pairs]:
    """The same with a plain regular expression for a tokenizer."""
    from fc_pipeline.corpus.words import word_tokenizer

    return datatrove(language=word_tokenizer())


def pairs_of_clusters(members: Iterable[tuple[str, int]]) -> Pairs:
    """The kept document of each cluster (it comes first) with each of the others; cluster -1 is none."""
    first: dict[int, str] = {}
    pairs = []
    for name, cluster in members:
        if cluster not in (-1, None):
            if cluster in first:
                pairs.append((first[cluster], name))
            else:
                first[cluster] = name
    return pairs


CONTENDERS: dict[str, Callable[[], Callable[[Path], Pairs]]] = {
    "ours": ours,
    "datatrove": datatrove,
    "datatrove_regex": datatrove_regex,
    "rensa_signing": rensa_signing,
    "rensa": rensa,
    "datasketch": datasketch,
}


def main(name: str, folder: str) -> None:
    run = CONTENDERS[name]()
    found: list[Pairs] = []
    seconds = timed(lambda: found.append(run(Path(folder, "in.jsonl"))))
    answer = {"pairs": found[0], "cpu": seconds.cpu, "wall": seconds.wall}
    Path(folder, f"{name}.json").write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
