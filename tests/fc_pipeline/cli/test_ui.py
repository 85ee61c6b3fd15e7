"""`fustercluck ui`: both pages on loopback only, for neither has a login, and nothing of them left behind."""

import signal
import socket
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import psutil
import pytest

from fc_model.errors import UserError
from fc_pipeline.cli import ui

SERVERS = """
import sys
from pathlib import Path
from fc_pipeline.cli import ui

start, idle = ui._start, ["python", "-c", "import os, time; os.write(1, bytes([49, 10])); time.sleep(600)"]
ui._start = lambda command, environment: start(idle, environment)
ui.serve(Path(sys.argv[1]), dagster_port=int(sys.argv[2]), mlflow_port=int(sys.argv[3]))
"""
"""`serve` with two idle programs in place of the servers, which take ten seconds to start."""


def test_ui_listens_on_loopback_only(tmp_path, monkeypatch, capsys) -> None:
    started: list[list[str]] = []
    ports = free_ports()

    def start(command: list[str], environment: dict[str, str]) -> SimpleNamespace:
        started.append(command)
        return SimpleNamespace(poll=lambda: 3, returncode=3)

    monkeypatch.setattr(ui, "_start", start)
    assert ui.serve(tmp_path, dagster_port=int(ports[0]), mlflow_port=int(ports[1])) == 3
    assert [command[0] for command in started] == ["dg", "mlflow"]
    for command, port in zip(started, ports, strict=True):
        assert command[command.index("--host") + 1] == "127.0.0.1" and command[command.index("--port") + 1] == port
        assert "0.0.0.0" not in " ".join(command)
    hosts = started[1][started[1].index("--allowed-hosts") + 1]
    assert {host.partition(":")[0] for host in hosts.split(",")} == {"localhost", "127.0.0.1"}
    assert f"http://127.0.0.1:{ports[0]}" in capsys.readouterr().out


def free_ports() -> list[str]:
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in (one, other)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_server_outlives_the_command(number, tmp_path) -> None:
    command = [sys.executable, "-c", SERVERS, str(tmp_path), *free_ports()]
    heeding_ctrl_c = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # whatever started the tests
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heeding_ctrl_c) as process:
        assert process.stdout is not None
        assert [process.stdout.readline()[0] for _ in range(3)].count("1") == 2
        servers = psutil.Process(process.pid).children(recursive=True)
        assert len(servers) == 2
        process.send_signal(number)
        assert process.wait(30) == (-9 if number == signal.SIGKILL else 0)
    _, alive = psutil.wait_procs(servers, timeout=30)
    assert not alive


def test_a_port_that_is_taken_is_named(tmp_path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"ui: port {port} .*in use.*choose another with --mlflow-port"):
            ui.serve(tmp_path, dagster_port=int(free_ports()[0]), mlflow_port=port)


def test_a_tracking_server_serves_its_own_pages(tmp_path, monkeypatch, capsys) -> None:
    started: list[tuple[str, str]] = []

    def start(command: list[str], environment: dict[str, str]) -> SimpleNamespace:
        started.append((command[0], environment["MLFLOW_UI"]))
        return SimpleNamespace(poll=lambda: 3, returncode=3)

    monkeypatch.setattr(ui, "_start", start)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    dagster, mlflow = map(int, free_ports())
    assert ui.serve(tmp_path, dagster_port=dagster, mlflow_port=mlflow) == 3
    assert started == [("dg", "http://mlflow.example")]
    assert "MLflow http://mlflow.example " in capsys.readouterr().out
