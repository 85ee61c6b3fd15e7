"""Where a build ran, and on which code: tags of its runs, under MLflow's own names where it has one."""

import getpass
import platform
import subprocess
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

_GIT = ("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
_GIT_SECONDS = 10


@lru_cache(maxsize=1)
def provenance() -> dict[str, str]:
    """Host, user, version, and the commit of the working folder, which ends in `-dirty` when files were edited."""
    tags = {
        "mlflow.source.name": "fustercluck",
        "mlflow.source.type": "LOCAL",
        "fc.host": platform.node(),
        "fc.version": version("fustercluck"),
        "fc.folder": str(Path.cwd()),
    }
    if user := _user():
        tags["mlflow.user"] = user
    if commit := _commit():
        tags["mlflow.source.git.commit"] = commit
    return tags


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""


def _commit() -> str:
    """Empty where the folder is no checkout, or git is missing or does not answer."""
    try:
        done = subprocess.run(_GIT, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
