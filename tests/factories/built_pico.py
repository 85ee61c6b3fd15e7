"""pico, built for real by `fustercluck run pico`: once in a test session, and then copied."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build_pico(folder: Path) -> Path:
    """Build pico into `data` and `dagster_home` of the folder unless it is there. Processes take turns."""
    dagster_home = folder / "dagster_home"
    dagster_home.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").is_file():
            shutil.copy(ROOT / "dagster_home" / "dagster.yaml", dagster_home)
            done = subprocess.run(
                [sys.executable, "-m", "fc_pipeline", "run", "pico"],
                env=os.environ | {"FC_HOME": str(folder / "data"), "DAGSTER_HOME": str(dagster_home)},
                cwd=ROOT, capture_output=True, text=True, timeout=850,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "built").touch()
    return folder


def copy_pico(built: Path, folder: Path) -> None:
    """A copy that a test may change."""
    for name in ("data", "dagster_home"):
        shutil.copytree(built / name, folder / name, dirs_exist_ok=True)
