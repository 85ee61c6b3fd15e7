"""`fustercluck tools`: the list, a schema, a call."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fc_model.tools.registry import TOOLS
from fc_pipeline.cli import main as cli
from fc_pipeline.cli.tools import named_tools


@pytest.fixture
def tools(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs it; gives (exit status, output, errors)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["tools", *arguments])
        printed = capsys.readouterr()
        return status, printed.out.strip(), printed.err.strip()

    return run


def test_tools_of_a_conversation() -> None:
    """Spaces and repeats are slips; a model that does not see is not offered what it could never use."""
    assert [tool.name for tool in named_tools("weekday, calculate,weekday", sees=True)] == ["weekday", "calculate"]
    assert [tool.name for tool in named_tools("all", sees=True)] == list(TOOLS)
    assert [tool.name for tool in named_tools("all", sees=False)] == [name for name in TOOLS if name != "read_image"]


def test_list(tools: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = tools()
    header, *rows = out.splitlines()
    assert status == 0 and header.split() == ["tool", "parameters", "what", "it", "does"]
    assert [row.split()[0] for row in rows] == list(TOOLS)
    assert "sort_list          items [order] [unique]" in out


def test_schema(tools: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = tools("weekday")
    assert status == 0 and json.loads(out) == TOOLS["weekday"].schema()
    status, _, errors = tools("weekdays")
    assert status == 2 and errors == "fustercluck: error: no tool 'weekdays'; did you mean 'weekday'?"


def test_call(tools: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    assert tools("calculate", '{"expression": "6 * 7"}')[:2] == (0, "42")
    assert tools("calculate", '{"expression": "1/0"}')[:2] == (1, '{"error":"calculate: division by zero"}')
    assert tools("calculate", "nonsense")[0] == 1
    assert tools("current_time", "{}", "--now", "2026-11-30T12:00+01:00")[1] == (
        '{"time":"2026-11-30T12:00:00+01:00","weekday":"Monday"}'
    )
    assert tools("current_time", "{}")[0] == 0
    assert tools("current_time", "{}", "--now", "noon")[0] == 2
    folder = ("--folder", str(tmp_path))
    assert tools("write_file", '{"path": "a/b.txt", "text": "x"}', *folder)[:2] == (0, '{"bytes":1}')
    assert (tmp_path / "a" / "b.txt").read_text() == "x"
    assert tools("read_file", '{"path": "../b.txt"}', *folder)[0] == 1
    assert tools("read_file", '{"path": "b.txt"}')[:2] == (1, '{"error":"read_file: this conversation has no folder"}')
    status, _, errors = tools("list_files", "{}", "--folder", str(tmp_path / "missing"))
    assert status == 2 and errors.endswith("missing: is no folder; make it first")


def test_of_a_track(tools: Callable[..., tuple[int, str, str]], built_pico: Path, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FC_HOME", str(built_pico / "data"))
    status, out, errors = tools("search_corpus", '{"query": "random numbers", "limit": 2}', "--track", "pico")
    assert status == 0, errors
    documents = json.loads(out)["documents"]
    assert len(documents) == 2 and "random" in documents[0]["excerpt"].lower()
    assert tools("search_corpus", '{"query": "a"}', "--track", "pica")[0] == 2
