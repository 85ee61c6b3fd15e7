"""Makes artifacts of documents and runs steps against a real store."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.documents import write_documents

from fc_model.artifacts import Artifact, Store
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.deduplicate import deduplicate
from fc_pipeline.engine.step import Step


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def run_step(store: Store) -> Callable[..., Artifact]:
    """run_step(function, key, config, workers=1, **inputs) -> the artifact."""

    def run(
        function: Callable[[Step], None], key: str, config: dict[str, Any], workers: int = 1, **inputs: Artifact
    ) -> Artifact:
        return build(store, key, function, config, inputs, code=f"{workers} workers", workers=workers)

    return run


@pytest.fixture
def corpus(store: Store) -> Callable[..., Artifact]:
    """corpus({id: text} or documents, key="sources/demo") -> an artifact with documents.jsonl.zst."""
    return partial(write_documents, store)


@pytest.fixture
def dedup(run_step: Callable[..., Artifact], corpus: Callable[..., Artifact]) -> Callable[..., Artifact]:
    """dedup(documents, before={dump: artifact}, workers=1, **settings) -> the deduplicated artifact."""

    def run(documents: Any, before: dict[str, Artifact] | None = None, workers: int = 1, **settings: Any) -> Artifact:
        source = documents if isinstance(documents, Artifact) else corpus(documents)
        inputs = {"documents": source, **{f"before/{dump}": artifact for dump, artifact in (before or {}).items()}}
        config = DedupConfig(**settings).model_dump(mode="json")
        return run_step(deduplicate, "corpus/demo/deduplicated", config, workers, **inputs)

    return run
