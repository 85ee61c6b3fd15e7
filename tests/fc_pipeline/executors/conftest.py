"""Real clusters of this machine alone."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories.one_node_slurm import missing_programs, one_node_slurm

from fc_pipeline.executors.serialization import TEST_PACKAGE
from fc_pipeline.executors.settings import ClusterExecutor, RayExecutor, SlurmExecutor

HERE = Path(__file__).parents[2]

NewCluster = Callable[..., ClusterExecutor]


@pytest.fixture(scope="session", autouse=True)
def factories_may_travel() -> Iterator[None]:
    """Tasks may call tests/factories, in the processes that tests start, too."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(TEST_PACKAGE, "factories")
        yield


@pytest.fixture(scope="module")
def ray() -> Iterator[NewCluster]:
    """ray(batches_per_task=...) -> settings; the cluster is started by the first map and ends with the module."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed (pip install 'fustercluck[ray]')")
    with pytest.MonkeyPatch.context() as environment:
        _visible_to_the_nodes(environment)
        environment.delenv("RAY_ADDRESS", raising=False)
        yield lambda **settings: RayExecutor(mem_per_cpu_gb=1, **settings)
        import ray as library

        library.shutdown()


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewCluster]:
    """slurm(batches_per_task=...) -> settings of a running one-node cluster."""
    if missing := missing_programs():
        pytest.skip(f"Slurm is not installed: no {', '.join(missing)} (apt install slurm-wlm munge)")
    with one_node_slurm(tmp_path_factory.mktemp("slurm")) as config, pytest.MonkeyPatch.context() as environment:
        _visible_to_the_nodes(environment)
        environment.setenv("SLURM_CONF", str(config))
        yield lambda **settings: SlurmExecutor(partition="test", mem_per_cpu_gb=1, poll_seconds=0.3, **settings)


@pytest.fixture(params=["ray", "slurm"])
def cluster(request: pytest.FixtureRequest) -> NewCluster:
    new: NewCluster = request.getfixturevalue(request.param)
    return new


def _visible_to_the_nodes(environment: pytest.MonkeyPatch) -> None:
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    environment.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
