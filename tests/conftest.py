"""What all tests share. Warnings are errors and the time limits stand in pyproject.toml."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.built_pico import build_pico
from factories.loopback_server import Loopback
from factories.toy_project import ToyProject
from hypothesis import settings

from fc_model.artifacts import Artifact, Store
from fc_pipeline.cli import main as cli
from fc_pipeline.engine.step import Step

# Two workers on two cores: libraries that start a thread per core would get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A remote, and a tracking server, of the person who runs the tests are theirs.
os.environ.pop("FC_REMOTE", None)
os.environ.pop("MLFLOW_TRACKING_URI", None)

# The same examples on every machine, and none stored: a test that fails fails for everyone.
settings.register_profile("fustercluck", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("fustercluck")


LONGEST = (
    "tests/docs/test_commands.py",
    "tests/reliability/test_automation_by_the_daemon.py",
    "tests/reliability/test_chaos.py",
    "tests/fc_pipeline/executors/test_clusters.py",
    "tests/test_pico.py",
    "tests/reliability/test_runs_from_the_ui.py",
    "tests/test_mutants.py",
    "tests/fc_model/train/test_image_stage.py",
    "tests/fc_pipeline/executors/test_steps_on_clusters.py",
    "tests/fc_pipeline/experiments/test_for_real.py",
    "tests/reliability/test_runs_from_the_command_line.py",
    "tests/fc_model/train/test_resume.py",
    "tests/fc_pipeline/executors/test_cluster_errors.py",
)
"""Files that take half a minute to minutes. They begin first, so that no worker is left with one of them in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.location[0], len(LONGEST)))


@pytest.fixture(scope="session")
def built_pico(tmp_path_factory, worker_id) -> Path:
    """A folder with `data` and `dagster_home` in which pico is built, for all workers the same: copy it."""
    base = tmp_path_factory.getbasetemp()
    return build_pico((base if worker_id == "master" else base.parent) / "built_pico")


@pytest.fixture
def memory_disk(tmp_path) -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of fsyncs on a busy disk take a minute."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture
def toy(memory_disk, monkeypatch) -> ToyProject:
    """A small project with real steps in a folder of its own, whose source a test may edit."""
    return ToyProject(memory_disk, monkeypatch)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server of files on 127.0.0.1 that keeps what is posted to it."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def run_step(tmp_path: Path) -> Callable[..., Artifact]:
    """run_step(function, key, config, workers=1, **inputs) -> the artifact."""

    def run(
        function: Callable[[Step], None], key: str, config: dict[str, Any], workers: int = 1, **inputs: Artifact
    ) -> Artifact:
        store = Store(tmp_path / "home")
        return build(store, key, function, config, inputs, code=f"{workers} workers", workers=workers)

    return run


@pytest.fixture
def command(toy: ToyProject, monkeypatch, capsys) -> Callable[..., tuple[int, list[str], str]]:
    """Runs the command line on the toy project; gives (exit status, lines printed, errors printed)."""
    monkeypatch.setattr("fc_pipeline.experiments.graph.project_graph", lambda **_: toy.graph)

    def run(*arguments: str) -> tuple[int, list[str], str]:
        monkeypatch.setenv("FC_HOME", str(toy.store.root))
        capsys.readouterr()
        status = cli.main(arguments)
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run
