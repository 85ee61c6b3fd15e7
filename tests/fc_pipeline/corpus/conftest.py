"""Makes artifacts of documents and runs steps against a real store."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from fc_model.artifacts import Artifact, Recipe, Store
from fc_pipeline.engine.step import Runtime, Step


@pytest.fixture
def run_step(tmp_path: Path) -> Callable[..., Artifact]:
    """run_step(function, key, config, workers=1, **inputs) -> the committed artifact."""
    store = Store(tmp_path / "home")

    def run(
        function: Callable[[Step], None], key: str, config: dict[str, Any], workers: int = 1, **inputs: Artifact
    ) -> Artifact:
        digests = {role: artifact.digest for role, artifact in inputs.items()}
        code = {"version": f"{digests} with {workers} workers", "parts": {}}
        recipe = Recipe(config=config, code=code, inputs={})
        runtime = Runtime(home=store.root, workers=workers)
        with store.write(key, recipe) as out:
            function(Step(key=key, config=config, inputs=inputs, out=out, runtime=runtime))
        artifact = store.find(key, recipe.identity(key))
        assert artifact is not None
        return artifact.verify()

    return run


@pytest.fixture
def corpus(run_step: Callable[..., Artifact]) -> Callable[..., Artifact]:
    """corpus({id: text} or documents, key=...) -> an artifact with documents.jsonl.zst."""

    def make(documents: dict[str, str] | Iterable[dict[str, Any]], key: str = "sources/demo") -> Artifact:
        if isinstance(documents, dict):
            documents = [document(name, text) for name, text in documents.items()]
        records = list(documents)

        def write(step: Step) -> None:
            with step.out.records("documents.jsonl.zst") as keep:
                for record in records:
                    keep(record)
            step.out.counters.read = step.out.counters.kept = len(records)

        return run_step(write, key, {"records": [[record["id"], record["text"]] for record in records]})

    return make


def document(name: str, text: str, domain: str = "science", **meta: Any) -> dict[str, Any]:
    """A document of a source called demo."""
    return {"id": name, "text": text, "source": "demo", "domain": domain, "licence": "MIT", "meta": meta}


@pytest.fixture
def make_document() -> Callable[..., dict[str, Any]]:
    return document
