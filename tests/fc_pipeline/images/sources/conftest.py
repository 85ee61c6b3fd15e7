"""Packages on an index of this disk, and a way to run a step against a real store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories import packages

from fc_model.artifacts import Artifact
from fc_pipeline.catalogue.kinds import package_index
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
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """package(file name, {path: bytes}, files={role: glob}) -> an origin whose package an index serves."""
    index = tmp_path / "simple"
    monkeypatch.setattr(package_index, "index_urls", lambda: [index.as_uri()])

    def add(file: str, content: dict[str, bytes], **fields: Any) -> dict[str, Any]:
        data = packages.package(file, content)
        pin = packages.pin(file, data)
        page = index / pin["project"]
        page.mkdir(parents=True)
        (page / file).write_bytes(data)
        (page / "index.html").write_text(f'<a href="{file}">{file}</a>')
        return {**pin, **fields}

    return add
