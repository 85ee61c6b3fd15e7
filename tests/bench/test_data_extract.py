"""The bench of extraction runs every side that is installed on the same files."""

import json
from pathlib import Path

import pytest

from bench import data_extract, data_extract_sides, data_sides

PAGE = (
    "<html><head><title>Knots</title></head><body><nav><a href='/'>Home</a></nav><main><h1>Knots</h1>"
    "<p>A bowline makes a loop that does not slip, however hard the rope is pulled.</p></main></body></html>"
)
CELL = {"id": "a", "cell_type": "markdown", "metadata": {}, "source": "Knots *hold*."}
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [CELL]}


def test_html_sides(tmp_path: Path) -> None:
    data_extract.lay_out(
        tmp_path, "html", {"a.html": PAGE.encode(), "b.html": PAGE.replace("bowline", "knot").encode()}
    )
    found = data_sides.race("bench.data_extract_sides", data_extract_sides.SIDES["html"], tmp_path, rounds=1)
    assert found.runs.keys() >= {"ours", "ours_reader", "resiliparse"}
    assert found.runs.keys() | found.missing.keys() == data_extract_sides.SIDES["html"].keys()
    assert all(runs[0]["documents"] == 2 and runs[0]["cpu"] > 0 for runs in found.runs.values())
    assert found.runs["ours"][0]["text_megabytes"] == found.runs["ours_reader"][0]["text_megabytes"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("rst", "Knots\n=====\n\nA *bowline* holds."),
        ("ipynb", json.dumps(NOTEBOOK)),
        ("py", "x = 1\n"),
        ("docstrings", f'def tie():\n    """{"A function that ties knots, and says so at length. " * 9}"""\n'),
    ],
)
def test_format_sides(tmp_path: Path, kind: str, content: str) -> None:
    data_extract.lay_out(tmp_path, kind, {"a": content.encode()})
    for name, side in data_extract_sides.SIDES[kind].items():
        if name != "nbformat":  # not among the project's packages
            assert side(tmp_path)()["documents"] == 1, name


def test_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data_extract.measure(tmp_path, "py", home=tmp_path, megabytes=0.05, rounds=1)
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found["megabytes"] >= 0.05 and found["files"] > 0 and found["missing"] == {}
    assert found["results"]["ours_py"]["mb_per_cpu_second"] > 0


def test_side_error(tmp_path: Path) -> None:
    found = data_sides.race("bench.data_extract_sides", ["nobody"], tmp_path, rounds=2)
    assert found.runs == {} and found.missing == {"nobody": "KeyError: 'nobody'"}
