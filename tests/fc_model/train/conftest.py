"""Text and images that the tests of training share, and a server of forks for those that kill."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import torch
from factories.image_stage import VISION, write_images, write_text
from factories.training_runs import close_runs

from fc_model.config.image_stage import VisionConfig
from fc_model.tokenizer import Tokenizer
from fc_model.vision.examples import ExampleMaker


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packed text with a tokenizer, for stages with images."""
    torch.set_num_threads(1)
    return write_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def maker(text: Path) -> ExampleMaker:
    return ExampleMaker(Tokenizer(text / "tokenizer.model"), VisionConfig.model_validate(VISION))


@pytest.fixture(scope="session")
def context() -> ForkServerContext:
    """Processes that are forked from one that has Lightning loaded, so that a restart takes no seconds."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["pytorch_lightning", "fc_model.train.stage"])
    return made


@pytest.fixture(autouse=True)
def _close_runs() -> Iterator[None]:
    yield
    close_runs()
