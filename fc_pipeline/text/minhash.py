"""Candidates for near-duplicates by datatrove's MinHash-LSH blocks.

The blocks (signatures, buckets, clusters) run in our own worker pool, not in datatrove's executor: its helper
processes outlive a killed parent, and its log of finished tasks would let a rebuild skip work.
"""

import contextlib
import os
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fc_pipeline.text.config import DedupConfig
from fc_pipeline.text.parallel import ordered_map
from fc_pipeline.text.words import word_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from datatrove.pipeline.dedup import MinhashDedupSignature

Texts = list[str]


def candidate_groups(
    batches: Iterable[Texts], config: DedupConfig, *, workspace: Path, workers: int
) -> list[list[int]]:
    """Groups of texts that may be near-duplicates of each other, as sorted rows; a text alone is in no group.

    Rows count the texts of all batches from 0. The groups depend on the texts alone, not on batches or workers.
    """
    starts: list[int] = [0]

    def numbered() -> Iterator[tuple[int, Texts]]:
        for rank, texts in enumerate(batches):
            starts.append(starts[-1] + len(texts))
            yield rank, texts

    settings = config.model_dump_json()
    for _ in ordered_map(partial(_write_signatures, settings, str(workspace)), numbered(), workers=workers):
        pass
    if starts == [0]:
        return []
    buckets = range(config.num_buckets)
    for _ in ordered_map(partial(_match_bucket, settings, str(workspace)), buckets, workers=workers):
        pass
    return _clusters(config, workspace, starts)


@lru_cache(maxsize=2)
def signature_block(config_json: str, folder: str) -> "MinhashDedupSignature":
    """datatrove's first stage; it also knows the shingles of a text."""
    from datatrove.pipeline.dedup import MinhashDedupSignature

    return MinhashDedupSignature(
        output_folder=folder,
        config=_minhash_config(DedupConfig.model_validate_json(config_json)),
        language=word_tokenizer(),  # type: ignore[arg-type]  # typed str, takes a tokenizer
    )


def shingles(text: str, config_json: str) -> "np.ndarray":
    """The hashes (uint64, sorted, unique) of the word n-grams of the simplified text."""
    import numpy as np

    return np.unique(signature_block(config_json, os.devnull).get_shingles(text))


def _minhash_config(config: DedupConfig) -> Any:
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    return MinhashConfig(
        n_grams=config.ngram,
        num_buckets=config.num_buckets,
        hashes_per_bucket=config.hashes_per_bucket,
        seed=config.seed,
    )


def _write_signatures(config_json: str, workspace: str, batch: tuple[int, Texts]) -> None:
    from datatrove.data import Document

    rank, texts = batch
    block = signature_block(config_json, f"{workspace}/signatures")
    with _silence():
        block.run((Document(text=text, id=str(row)) for row, text in enumerate(texts)), rank=rank)


def _match_bucket(config_json: str, workspace: str, bucket: int) -> None:
    from datatrove.pipeline.dedup import MinhashDedupBuckets

    config = DedupConfig.model_validate_json(config_json)
    block = MinhashDedupBuckets(
        input_folder=f"{workspace}/signatures", output_folder=f"{workspace}/buckets", config=_minhash_config(config)
    )
    with _silence():
        block.run(None, bucket, config.num_buckets)


def _clusters(config: DedupConfig, workspace: Path, starts: list[int]) -> list[list[int]]:
    from datatrove.pipeline.dedup import MinhashDedupCluster

    block = MinhashDedupCluster(
        input_folder=str(workspace / "buckets"),
        output_folder=str(workspace / "clusters"),
        config=_minhash_config(config),
        save_cluster_id=True,
    )
    with _silence():
        block.run(None, 0, 1)
    groups: dict[int, list[int]] = {}
    for path in sorted((workspace / "clusters").glob("*.clusters")):
        for row, cluster in struct.iter_unpack("<2I", path.read_bytes()):
            groups.setdefault(cluster, []).append(starts[int(path.stem)] + row)
    return sorted(sorted(rows) for rows in groups.values())


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """datatrove logs every task and draws a progress bar; our own report is enough."""
    from loguru import logger

    logger.disable("datatrove")
    with Path(os.devnull).open("w") as nothing, contextlib.redirect_stderr(nothing):
        yield
