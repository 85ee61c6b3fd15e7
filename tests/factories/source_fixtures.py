"""Fixtures of what downloads: a loopback server, no waiting, and a way to run a step against a real store."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from factories.loopback_server import Loopback
from fc_model.artifacts import Artifact, Recipe, Store
from fc_pipeline.catalogue.download import retry
from fc_pipeline.engine.step import Runtime, Step


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited before asking a server again; nothing waits."""
    waited: list[float] = []
    monkeypatch.setattr(retry.time, "sleep", waited.append)
    return waited


RunStep = Callable[..., Artifact]


@pytest.fixture
def run_step(tmp_path: Path) -> RunStep:
    """run_step(function, key, config, workers=1, **inputs) -> the committed artifact."""
    store = Store(tmp_path / "home")

    def run(
        function: Callable[[Step], None], key: str, config: dict[str, Any], workers: int = 1, **inputs: Artifact
    ) -> Artifact:
        code = {"version": f"test with {workers} workers", "parts": {}}
        recipe = Recipe(config=config, code=code, inputs={})
        runtime = Runtime(home=store.root, workers=workers)
        with store.write(key, recipe) as out:
            function(Step(key=key, config=config, inputs=inputs, out=out, runtime=runtime))
        artifact = store.find(key, recipe.identity(key))
        assert artifact is not None
        return artifact.verify()

    return run
