"""Fixtures of what downloads: a loopback server, no waiting, and a way to run a step against a real store."""

from collections.abc import Callable, Iterator
from functools import partial
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


def build(
    home: Path, function: Callable[[Step], None], key: str, config: dict[str, Any], workers: int = 1, **inputs: Artifact
) -> Artifact:
    """The committed artifact of a step."""
    store = Store(home)
    recipe = Recipe(config=config, code={"version": f"test with {workers} workers", "parts": {}}, inputs={})
    with store.write(key, recipe) as out:
        function(Step(key=key, config=config, inputs=inputs, out=out, runtime=Runtime(home=home, workers=workers)))
    artifact = store.find(key, recipe.identity(key))
    assert artifact is not None
    return artifact.verify()


@pytest.fixture
def run_step(tmp_path: Path) -> RunStep:
    """run_step(function, key, config, workers=1, **inputs) -> the committed artifact."""
    return partial(build, tmp_path / "home")
