"""`scripts/setup` trusts a .venv only where it was made, and while its interpreter is there."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
INSTALLS = 7


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after `make setup`, without what was installed."""
    folder = tmp_path_factory.mktemp("places") / "a project"
    (folder / "scripts").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "scripts/setup"):
        shutil.copy(ROOT / name, folder / name)
    venv.create(folder / ".venv", with_pip=False)
    checksum = "cat pyproject.toml constraints.txt scripts/setup | cksum > .venv/installed"
    subprocess.run(checksum, shell=True, cwd=folder, check=True)
    return folder


def setup(folder: Path) -> int:
    """Exit status: 0 for nothing to do, INSTALLS where a new .venv is asked for."""
    python = folder.parent / "python"
    python.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "-m venv --clear" ] && exit {INSTALLS}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    environment = os.environ | {"PYTHON": str(python)}
    return subprocess.run([folder / "scripts" / "setup"], env=environment, capture_output=True).returncode


def test_made_here(original: Path) -> None:
    assert setup(original) == 0


def test_copied_and_renamed(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(original, copy, symlinks=True)
    assert setup(copy) == INSTALLS
    below = original / "a project"
    shutil.copytree(original, below, symlinks=True)
    assert setup(below) == INSTALLS
    shutil.rmtree(below)


def test_interpreter_gone(original: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(original, broken, symlinks=True)
    activate = broken / ".venv" / "bin" / "activate"
    activate.write_text(activate.read_text().replace(str(original), str(broken)))
    assert setup(broken) == 0
    for name in ("python", "python3", f"python3.{sys.version_info.minor}"):
        (broken / ".venv" / "bin" / name).unlink()
        (broken / ".venv" / "bin" / name).symlink_to(tmp_path / "upgraded away")
    assert setup(broken) == INSTALLS


def test_a_link_is_left_whole(original: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(original, other, ignore=shutil.ignore_patterns(".venv"))
    (other / ".venv").symlink_to(original / ".venv")
    assert setup(other) == INSTALLS
    assert (original / ".venv" / "installed").exists() and not (other / ".venv").exists()
