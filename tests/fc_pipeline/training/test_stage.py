"""The step of a stage, on real shards: a signal ends it as Ctrl-C does, and the next attempt goes on from there."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories.text_stage import MODEL, STAGE, write_tiny_shards

from fc_model.artifacts import Artifact, Recipe, Store
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.training.stage import train_stage


@pytest.fixture
def shards(tmp_path: Path) -> Artifact:
    store = Store(tmp_path)
    recipe = Recipe(config={}, code={"version": "1", "parts": {}}, inputs={})
    with store.write("tiny/shards", recipe) as out:
        for path in write_tiny_shards(tmp_path / "written").iterdir():
            out.adopt(path.name, path)
    (artifact,) = store.versions("tiny/shards")
    return artifact


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_no_failure_to_try_again(tmp_path: Path, shards: Artifact, number: int) -> None:
    store, steps = Store(tmp_path), []

    def train(report: Callable[[dict[str, Any]], None]) -> None:
        config = {"model": MODEL, "stage": STAGE | {"name": "one"}}
        recipe = Recipe(config=config, code={"version": "1", "parts": {}}, inputs={})
        with store.write("tiny/stages/one", recipe) as out:
            runtime = Runtime(home=tmp_path, device="cpu", report=report)
            train_stage(Step(key="tiny/stages/one", config=config, inputs={"shards": shards}, out=out, runtime=runtime))

    def interrupting(metrics: dict[str, Any]) -> None:
        steps.append(metrics["step"])
        os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        train(interrupting)
    train(lambda metrics: steps.append(metrics["step"]))
    assert steps == sorted(set(steps)), "no step is trained twice"
    assert len(store.versions("tiny/stages/one")) == 1
