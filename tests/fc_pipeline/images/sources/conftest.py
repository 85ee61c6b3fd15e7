"""Packages on an index of this disk, and a way to run a step against a real store."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fc_model.artifacts import Artifact, Recipe, Store
from fc_pipeline.catalogue.kinds import package_index
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.images.sources.catalogue import resolve_image_source
from fc_pipeline.images.sources.fetch import fetch_images


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., Artifact]:
    """fetch(entry, workers=1) -> the committed artifact of the source of images."""
    store = Store(tmp_path / "home")

    def run(entry: str | dict[str, Any], workers: int = 1) -> Artifact:
        source = resolve_image_source(entry)
        key, config = f"images/{source.name}", source.model_dump(mode="json")
        recipe = Recipe(config=config, code={"version": f"test with {workers} workers", "parts": {}}, inputs={})
        runtime = Runtime(home=store.root, workers=workers)
        with store.write(key, recipe) as out:
            fetch_images(Step(key=key, config=config, inputs={}, out=out, runtime=runtime))
        artifact = store.find(key, recipe.identity(key))
        assert artifact is not None
        return artifact.verify()

    return run


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """package(file name, {path: bytes}, files={role: glob}) -> an origin whose package an index serves."""
    index = tmp_path / "simple"
    monkeypatch.setattr(package_index, "index_urls", lambda: [index.as_uri()])

    def add(file: str, content: dict[str, bytes], **fields: Any) -> dict[str, Any]:
        project = file.split("-")[0]
        data = _sdist(content) if file.endswith(".tar.gz") else _wheel(content)
        (index / project).mkdir(parents=True)
        (index / project / file).write_bytes(data)
        (index / project / "index.html").write_text(f'<a href="{file}">{file}</a>')
        digest = hashlib.sha256(data).hexdigest()
        return {"kind": "pypi", "project": project, "version": "1.0", "file": file, "sha256": digest, **fields}

    return add


def _wheel(content: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return stream.getvalue()


def _sdist(content: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path, data in content.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()
