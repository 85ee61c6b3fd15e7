"""The table of faults names tests that are there, and every fault has one."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \| ([\d.]+|—) \|$", re.MULTILINE)


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_named_test_exists():
    named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", PAGE)
    assert len(named) > 90
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


def test_every_fault_has_its_test():
    rows = {int(number): shown_by for number, _, _, shown_by, _ in ROW.findall(PAGE)}
    assert list(rows) == list(range(1, 39))
    assert [number for number, shown_by in rows.items() if "::test_" not in shown_by] == []
