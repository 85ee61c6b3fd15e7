"""Makes artifacts of documents and runs steps against a real store."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from factories.documents import write_documents

from fc_model.artifacts import Artifact, Store
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.deduplicate import deduplicate


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., Artifact]:
    """corpus({id: text} or documents, key="sources/demo") -> an artifact with documents.jsonl.zst."""
    return partial(write_documents, Store(tmp_path / "home"))


@pytest.fixture
def dedup(run_step: Callable[..., Artifact], corpus: Callable[..., Artifact]) -> Callable[..., Artifact]:
    """dedup(documents, before={dump: artifact}, workers=1, **settings) -> the deduplicated artifact."""

    def run(documents: Any, before: dict[str, Artifact] | None = None, workers: int = 1, **settings: Any) -> Artifact:
        source = documents if isinstance(documents, Artifact) else corpus(documents)
        inputs = {"documents": source, **{f"before/{dump}": artifact for dump, artifact in (before or {}).items()}}
        config = DedupConfig(**settings).model_dump(mode="json")
        return run_step(deduplicate, "corpus/demo/deduplicated", config, workers, **inputs)

    return run
