"""The bench of memory: every step runs, and its figures are of real processes."""

import json
import sys

import pytest

from bench import data_memory


def test_peaks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["data_memory", "--sizes", "1"])
    data_memory.main()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["step"] for line in lines] == list(data_memory.STEPS)
    assert all(10 < line["peak_mb"][0] < 1000 and line["documents"][0] > 100 for line in lines)
