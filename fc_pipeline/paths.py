"""Where things lie on this machine; said once, here."""

import os
from pathlib import Path


def fc_home() -> Path:
    """FC_HOME: artifacts, the cache of downloads, MLflow's database. By default `data/` in the working directory."""
    return Path(os.environ.get("FC_HOME") or "data").expanduser().absolute()


def dagster_home() -> Path:
    """DAGSTER_HOME, by default `dagster_home/` in the working directory; set for this process and its children."""
    home = Path(os.environ.get("DAGSTER_HOME") or "dagster_home").expanduser().absolute()
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def mlflow_uri(home: Path) -> str:
    """MLflow's database below FC_HOME: written directly, so that logging needs no server."""
    database = home / "mlflow" / "mlflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{database}"
