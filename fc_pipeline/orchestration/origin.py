"""Where the code server finds a job: what the UI needs to know of a run to execute it again."""

from pathlib import Path

from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths

WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"


def job_origin(name: str) -> RemoteJobOrigin | None:
    """The origin of a job of this project, as a run has it that the UI launches; None without a checkout."""
    if not WORKSPACE.is_file():
        return None
    (location,) = location_origins_from_yaml_paths([str(WORKSPACE)])
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), name)
