from pathlib import Path

import pytest

from fc_model.errors import UserError
from fc_pipeline.components.factory import Factory
from fc_pipeline.executors.settings import LocalExecutor, RayExecutor, SlurmExecutor, executor_settings

FILE = """
ray: {address: "10.0.0.1:6379"}
slurm:
  partition: cpu
  time: "00:30:00"
  batches_per_task: 64
"""


@pytest.fixture(autouse=True)
def no_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FC_EXECUTOR", raising=False)


def test_local_by_default(tmp_path: Path) -> None:
    assert executor_settings("", home=tmp_path) == LocalExecutor()


def test_one_setting_chooses_and_the_file_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "executors.yaml").write_text(FILE)
    assert executor_settings("", home=tmp_path) == LocalExecutor(), "a file alone chooses nothing"
    monkeypatch.setenv("FC_EXECUTOR", "slurm")
    slurm = SlurmExecutor(partition="cpu", time="00:30:00", batches_per_task=64)
    assert executor_settings("", home=tmp_path) == slurm
    assert executor_settings("ray", home=tmp_path) == RayExecutor(address="10.0.0.1:6379")
    runtime = Factory(home=str(tmp_path)).runtime(report=lambda _: None, tags={})
    assert runtime.executor == slurm
    launchpad = Factory(home=str(tmp_path), executor="local").runtime(report=lambda _: None, tags={})
    assert launchpad.executor == LocalExecutor()


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("slurm", "", r"executors.yaml: slurm: partition is missing: add it"),
        ("slurm", "slurm: {partition: cpu, tiem: 1}", r"executors.yaml: slurm: tiem is no field; did you mean"),
        ("ray", "ray: {cpus_per_task: 0}", r"executors.yaml: ray: cpus_per_task: must be above 0, is 0"),
        ("ray", "- ray", r"executors.yaml: no sections; its sections are local, ray, slurm"),
        ("ray", "spark: {}", r"executors.yaml: no such executor: spark; its sections are"),
        ("ray", "ray: {", r"executors.yaml: not YAML"),
        ("spark", "", r"executor: 'spark' is no executor; use one of local, ray, slurm"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, kind: str, text: str, message: str) -> None:
    (tmp_path / "executors.yaml").write_text(text)
    with pytest.raises(UserError, match=message) as raised:
        executor_settings(kind, home=tmp_path)
    assert "\n" not in str(raised.value)


def test_the_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FC_EXECUTOR", "Slurm")
    with pytest.raises(UserError, match="FC_EXECUTOR: 'Slurm' is no executor"):
        executor_settings("", home=tmp_path)
