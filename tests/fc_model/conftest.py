"""Shards of text, a tiny tokenizer, model and set of exports for all tests of this folder."""

from pathlib import Path

import pytest
from factories.text_stage import write_tiny_shards
from factories.tiny_exports import Exports, python_sources, tiny_model, train_tokenizer

from fc_model.export.exact_scores import round_scores
from fc_model.export.huggingface import export_huggingface


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Unigram model as a track has it; beside it unigram.model, whose scores are not rounded."""
    trained = train_tokenizer(tmp_path_factory.mktemp("tokenizer"), model_type="unigram")
    file = trained.with_name("tokenizer.model")
    file.write_bytes(round_scores(trained.read_bytes()))
    return file


@pytest.fixture(scope="session")
def exports(tokenizer_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """The tiny model; its GGUF files are written when they are first asked for."""
    folder = tmp_path_factory.mktemp("exports")
    model = tiny_model()
    export_huggingface(model, model.config, tokenizer_file, folder / "huggingface")
    return Exports(model=model, tokenizer_file=tokenizer_file, folder=folder, texts=python_sources("json"))
