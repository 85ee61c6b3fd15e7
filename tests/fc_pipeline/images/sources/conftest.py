"""Packages in a cache, and a way to run a step against a real store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories.packages import cached

from fc_model.artifacts import Artifact
from fc_pipeline.images.sources.catalogue import resolve_image_source
from fc_pipeline.images.sources.fetch import fetch_images


@pytest.fixture
def fetch(run_step: Callable[..., Artifact]) -> Callable[..., Artifact]:
    """fetch(entry, workers=1) -> the committed artifact of the source of images."""

    def run(entry: str | dict[str, Any], workers: int = 1) -> Artifact:
        source = resolve_image_source(entry)
        config = source.model_dump(mode="json")
        return run_step(fetch_images, f"images/{source.name}", config, workers)

    return run


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """package(file name, {path: bytes}, files={role: glob}) -> an origin whose package lies in the cache."""
    return lambda file, content, **fields: {**cached(tmp_path / "home", file, content), **fields}
