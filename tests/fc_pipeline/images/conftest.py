"""Fonts that matplotlib brings, as the artifact `images/fonts`, and a corpus of Python's own manual."""

from collections.abc import Callable
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pytest
from factories.build import build as run_step

from fc_model.artifacts import Artifact, Store
from fc_pipeline.engine.step import Step
from fc_pipeline.images.fonts.catalogue import fonts_config
from fc_pipeline.images.fonts.faces import load_faces
from fc_pipeline.images.fonts.fetch import fetch_fonts
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.passages import write_passages
from fc_pipeline.images.synthesis.text_pool import CorpusText, read_passages
from fc_pipeline.images.synthesis_config import StringsConfig

Build = Callable[..., Artifact]


@pytest.fixture(scope="session")
def build(tmp_path_factory) -> Build:
    """Runs a step's function and commits what it wrote: build(key, function, config, inputs, workers=1)."""
    store = Store(tmp_path_factory.mktemp("home"))

    def run(key: str, function: Callable[[Step], None], config: dict[str, Any], inputs: dict[str, Artifact],
            workers: int = 1) -> Artifact:  # fmt: skip
        code = f"v{len(store.identities(key))}"
        return run_step(store, key, function, config, inputs, code=code, workers=workers)

    return run


@pytest.fixture(scope="session")
def fonts(build) -> Artifact:
    """Eight faces of the DejaVu family."""
    return build("images/fonts", fetch_fonts, fonts_config(["dejavu"]).model_dump(mode="json"), {})


@pytest.fixture(scope="session")
def faces(fonts) -> Faces:
    return load_faces(fonts.folder)


def manual(side: str) -> list[dict[str, Any]]:
    """Topics of the language's manual: every fifth is held out. Some count as code."""
    chosen = [name for number, name in enumerate(sorted(topics)) if (number % 5 == 0) == (side == "holdout")]
    return [
        {"id": f"manual/{name}", "text": topics[name], "source": "manual", "licence": "PSF-2.0", "meta": {},
         "domain": "code" if number % 4 == 0 else "data"}
        for number, name in enumerate(chosen)
    ]  # fmt: skip


@pytest.fixture(scope="session")
def corpus(build) -> Artifact:
    """Splits train and holdout, as `corpus/<name>/split` has them."""

    def write(step: Step) -> None:
        for side in ("train", "holdout"):
            with step.out.records(f"{side}.jsonl.zst") as keep:
                for document in manual(side):
                    keep(document)

    return build("corpus/manual/split", write, {}, {})


@pytest.fixture(scope="session")
def text(faces, tmp_path_factory) -> CorpusText:
    path: Path = tmp_path_factory.mktemp("text") / "train.jsonl"
    digest = write_passages(manual("train"), path, max_chars=300_000, max_document_chars=8_000, seed=0)
    return CorpusText(read_passages(path, digest), faces, split="train", strings=StringsConfig())
