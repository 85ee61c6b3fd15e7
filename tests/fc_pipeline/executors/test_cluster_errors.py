"""What a user can have set up wrongly, in one clear line."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from factories import batch_functions
from factories.waiting import alive, wait_until

from fc_model.errors import UserError
from fc_pipeline.executors.ordered_map import ordered_map
from fc_pipeline.executors.settings import Executor, RayExecutor, SlurmExecutor


def run(executor: Executor, root: Path, function: Any = batch_functions.refuse) -> None:
    list(ordered_map(function, range(3), executor=executor, workers=2, folder=lambda: root, report=lambda _: None))


def test_slurm_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="executor slurm: squeue is not in PATH"):
        run(SlurmExecutor(partition="test"), tmp_path)


def test_the_controller_cannot_be_reached(slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "slurm.conf"
    config.write_text("ClusterName=away\nSlurmctldHost=localhost\nSlurmctldPort=1\nMessageTimeout=1\n")
    monkeypatch.setenv("SLURM_CONF", str(config))
    with pytest.raises(UserError, match=r"executor slurm: squeue (failed|gave no answer)"):
        run(slurm(), tmp_path / "root")


def test_slurm_refuses_the_job(slurm, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    executor = slurm().model_copy(update={"partition": "no_such"})
    with pytest.raises(UserError, match=r"executor slurm: sbatch refused .*launch_script.slurm"):
        run(executor, tmp_path)
    assert "invalid partition" in capfd.readouterr().err


def test_slurm_would_never_run_the_job(slurm, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"executor slurm: fustercluck-\w+ would wait for ever: PartitionTimeLimit"):
        run(slurm().model_copy(update={"time": "10-00:00:00"}), tmp_path)


def test_jobs_do_not_submit_jobs(slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    with pytest.raises(UserError, match="executor slurm: this is a task of a job array itself"):
        run(slurm(), tmp_path)


def test_ray_has_no_room(ray, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="executor ray: no node of the cluster has the 64 CPUs and 64 GB of a task"):
        run(ray(cpus_per_task=64), tmp_path)


def test_ray_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"executor ray: Ray is not installed; `pip install 'fustercluck\[ray\]'`"):
        run(RayExecutor(), tmp_path)


def test_a_task_that_ray_cannot_start_is_not_waited_for(ray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray as library

    def refuse(*_: object) -> None:
        raise ValueError("no bundle for this")

    executor = ray()
    run(executor, tmp_path / "before", batch_functions.double)
    monkeypatch.setattr(library.util, "placement_group", refuse)
    with pytest.raises(UserError, match="executor ray: a task could not be started: no bundle for this"):
        run(executor, tmp_path)


def test_a_task_of_ray_that_takes_too_long_is_killed(ray, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    with pytest.raises(UserError, match=r"it ended without an error message \(task 0 of 1 failed on ray; log: "):
        run(ray(seconds_per_task=15), tmp_path / "root", partial(batch_functions.wait_while, str(tmp_path)))
    (pid,) = (int(path.name.removeprefix("pid-")) for path in tmp_path.glob("pid-*"))
    wait_until(lambda: not alive(pid), "the task ends", seconds=20)


def test_what_has_no_name_cannot_be_sent(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="it has no name in a module"):
        run(SlurmExecutor(partition="test"), tmp_path, lambda number: number)
