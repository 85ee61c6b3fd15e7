"""Where things lie on this machine; said once, here."""

import os
import re
from pathlib import Path
from urllib.parse import quote

from fc_model.errors import UserError

_DECODED = re.compile(r"\?|%(?=[0-9A-Fa-f]{2})")
"""What the address of a database holds for the beginning of a query, or of an escape."""


def fc_home() -> Path:
    """FC_HOME: artifacts, the cache of downloads, MLflow's database. By default `data/` in the working directory.

    Raises UserError when it is a file, or lies below one.
    """
    home = Path(os.environ.get("FC_HOME") or "data").expanduser().absolute()
    if file := next((path for path in (home, *home.parents) if path.is_file()), None):
        raise UserError(f"{file} is no folder: set FC_HOME to the folder where the artifacts are, or shall be")
    return home


def dagster_home() -> Path:
    """DAGSTER_HOME, by default `dagster_home/` in the working directory; set for this process and its children."""
    home = Path(os.environ.get("DAGSTER_HOME") or "dagster_home").expanduser().absolute()
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def built_home() -> Path:
    """FC_HOME, for a command that reads what was built. Raises UserError when it is no folder."""
    home = fc_home()
    if not home.is_dir():
        raise UserError(f"{home} is no folder: work in the project's folder, or set FC_HOME to where the artifacts are")
    return home


def made_home() -> Path:
    """FC_HOME, for a command that writes there. Raises UserError when it is no folder and cannot be made one."""
    home = fc_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{home} cannot be made ({error.strerror}): set FC_HOME to a folder that can") from error
    return home


def instance_home() -> Path:
    """DAGSTER_HOME with the project's settings.

    Raises UserError when it has none, and for a path that Dagster's database addresses cannot hold.
    """
    home = dagster_home()
    if _DECODED.search(str(home)):
        raise UserError(f"{home}: Dagster would read the ? or %XX in it as something else: set DAGSTER_HOME to another")
    if not (home / "dagster.yaml").is_file():
        raise UserError(
            f"{home} has no dagster.yaml: work in the project's folder, or set DAGSTER_HOME to its dagster_home"
        )
    return home


def mlflow_database(home: Path) -> str:
    """MLflow's database below FC_HOME: written directly, so that logging needs no server."""
    database = home / "mlflow" / "mlflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{_DECODED.sub(lambda match: quote(match[0]), str(database))}"


def mlflow_uri(home: Path) -> str:
    """Where builds are tracked: MLFLOW_TRACKING_URI, as everywhere in MLflow, or the database below FC_HOME."""
    return os.environ.get("MLFLOW_TRACKING_URI") or mlflow_database(home)
