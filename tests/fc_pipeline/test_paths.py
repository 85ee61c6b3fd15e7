"""Where things lie: refused in one line where they cannot."""

import sqlite3

import pytest

from fc_model.errors import UserError
from fc_model.tracking import Tracker
from fc_pipeline.paths import built_home, fc_home, instance_home, made_home, mlflow_uri


@pytest.mark.filterwarnings("ignore")
def test_mlflow_database_of_any_name(tmp_path):
    home = tmp_path / "what? my%20project 50% é #1 &'"
    tracker = Tracker(mlflow_uri(home), artifact="a/b/1", tags={}, params={})
    assert tracker.error is None and tracker.run_id is not None
    assert sqlite3.connect(home / "mlflow" / "mlflow.db").execute("select name from runs").fetchall() == [("a/b/1",)]
    assert list(tmp_path.rglob("*.db")) == [home / "mlflow" / "mlflow.db"]


@pytest.mark.parametrize(("name", "is_fine"), [("my%20x", False), ("a?b", False), ("100%", True), ("5% é #&'", True)])
def test_instance_home(tmp_path, monkeypatch, name, is_fine):
    home = tmp_path / name
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with pytest.raises(UserError, match="has no dagster.yaml" if is_fine else "the [?] or %XX in it"):
        instance_home()
    home.mkdir()
    (home / "dagster.yaml").touch()
    if is_fine:
        assert instance_home() == home


def test_built_home(tmp_path, monkeypatch):
    monkeypatch.setenv("FC_HOME", str(tmp_path / "tpyo"))
    with pytest.raises(UserError, match=r"tpyo is no folder: .* set FC_HOME"):
        built_home()
    (tmp_path / "tpyo").touch()
    with pytest.raises(UserError, match="tpyo is no folder"):
        built_home()
    monkeypatch.setenv("FC_HOME", str(tmp_path))
    assert built_home() == tmp_path


def test_home_that_is_no_folder_and_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for name in ("file", "file/below/it"):
        monkeypatch.setenv("FC_HOME", str(tmp_path / name))
        with pytest.raises(UserError, match="file is no folder: set FC_HOME to the folder"):
            fc_home()
    monkeypatch.setenv("FC_HOME", "/proc/none/at/all")
    with pytest.raises(UserError, match=r"/proc/none/at/all cannot be made \(No such file or directory\): set FC_HOME"):
        made_home()
    monkeypatch.setenv("FC_HOME", str(tmp_path / "a" / "b"))
    assert made_home().is_dir()
