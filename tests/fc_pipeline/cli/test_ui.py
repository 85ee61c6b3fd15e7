"""`fustercluck ui`: both pages on loopback only, for neither has a login."""

from types import SimpleNamespace

from fc_pipeline.cli import ui


def test_ui_listens_on_loopback_only(tmp_path, monkeypatch, capsys) -> None:
    started: list[list[str]] = []

    def start(command: list[str], environment: dict[str, str]) -> SimpleNamespace:
        started.append(command)
        return SimpleNamespace(poll=lambda: 3, returncode=3)

    monkeypatch.setattr(ui, "_start", start)
    assert ui.serve(tmp_path, dagster_port=1234, mlflow_port=5678) == 3
    assert [command[0] for command in started] == ["dg", "mlflow"]
    for command, port in zip(started, ("1234", "5678"), strict=True):
        assert command[command.index("--host") + 1] == "127.0.0.1" and command[command.index("--port") + 1] == port
        assert "0.0.0.0" not in " ".join(command)
    hosts = started[1][started[1].index("--allowed-hosts") + 1]
    assert {host.partition(":")[0] for host in hosts.split(",")} == {"localhost", "127.0.0.1"}
    assert "http://127.0.0.1:1234" in capsys.readouterr().out
