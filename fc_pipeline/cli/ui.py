"""Dagster and MLflow in the browser, on loopback only: neither has a login."""

import os
import signal
import socket
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.cli.signals import ends_like_ctrl_c
from fc_pipeline.executors.child_process import interrupted_with_parent
from fc_pipeline.paths import mlflow_uri

_SERVICES_STOP_SECONDS = 20
_APP = "fustercluck"
"""MLflow's pages as fc_pipeline/tracking/server.py serves them."""


def serve(home: Path, *, dagster_port: int = 3000, mlflow_port: int = 5000) -> int:
    """Run both until Ctrl-C, another signal to end, or until one of them ends; returns the exit status.

    Where builds are tracked by a server (MLFLOW_TRACKING_URI), its pages are MLflow's, and only Dagster is run.

    Running trainings are run workers of their own and go on when the pages are closed. Raises UserError when a port is
    taken.
    """
    tracked_by, mlflow_page = mlflow_uri(home), f"http://127.0.0.1:{mlflow_port}"
    own = not tracked_by.startswith("http")
    _require_free(dagster_port, "--port")
    if own:
        _require_free(mlflow_port, "--mlflow-port")
    dagster = ["dg", "dev", "-w", "workspace.yaml", "--host", "127.0.0.1", "--port", str(dagster_port)]
    mlflow = [
        *("mlflow", "server", "--backend-store-uri", tracked_by, "--workers", "1"),
        *("--default-artifact-root", (home / "mlflow" / "artifacts").as_uri()),
        *("--host", "127.0.0.1", "--port", str(mlflow_port), "--allowed-hosts", "localhost:*,127.0.0.1:*"),
        *(("--app-name", _APP) if entry_points(group="mlflow.app", name=_APP) else ()),  # not in an older setup
    ]
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # For the links of either to the other.
        "MLFLOW_UI": os.environ.get("MLFLOW_UI", mlflow_page if own else tracked_by),
        "DAGSTER_UI": os.environ.get("DAGSTER_UI", f"http://127.0.0.1:{dagster_port}"),
    }
    services: list[subprocess.Popen[bytes]] = []
    try:
        with ends_like_ctrl_c():
            services.extend(
                _start(command, environment) for command in ([dagster, mlflow] if own else [dagster])
            )  # each is known at once
            print(
                f"Dagster http://127.0.0.1:{dagster_port}   MLflow {mlflow_page if own else tracked_by}   "
                f"Ctrl-C stops {'both' if own else 'Dagster'}",
                flush=True,
            )
            while all(service.poll() is None for service in services):
                time.sleep(0.5)
            return next(service.returncode for service in services if service.poll() is not None) or 1
    except KeyboardInterrupt:
        return 0
    finally:
        for service in services:
            _stop(service)


def _require_free(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise UserError(
                f"ui: port {port} of 127.0.0.1 cannot be used ({error}): stop what listens there, "
                f"or choose another with {option}"
            ) from error


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches only this process, which then stops the services in order."""
    program = Path(sys.executable).with_name(command[0])
    if not program.exists():
        raise UserError(f"{program} is missing: run `make setup`")
    return subprocess.Popen(
        [str(program), *command[1:]], env=environment, start_new_session=True, preexec_fn=interrupted_with_parent
    )


def _stop(service: subprocess.Popen[bytes]) -> None:
    if service.poll() is None:
        service.send_signal(signal.SIGINT)
        try:
            service.wait(_SERVICES_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(service.pid, signal.SIGKILL)
