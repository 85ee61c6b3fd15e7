"""Every tool with arguments that are meant to harm: an error as data, in time, and no file outside the folder."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factories.hostile_calls import TEXTS, VALID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fc_model.tools.call import Outcome, run_call, run_tool
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox
from fc_model.tools.tool import Schema

SECONDS = 1.0
"""Of this process, for any call. The child's second is capped, and no call may reach the cap: together 2 s."""
VALUES: list[Any] = [
    *(None, True, 1.5, -1, 0, 10**18, 10**99, -(10**18), 1e308, 5e-324, -0.0),
    *([], {}, [[]], [None], ["a"] * 10_000, [1] * 10_000, [1.7e308] * 3, [0.1, "a"], {"a": {"b": [1]}}),
]  # fmt: skip
RAW = [
    '{"a":' * 20_000,
    "[" * 60_000,
    '{"path": "a", "path": "../b"}',
    '{"text": NaN}',
    '{"numbers": [Infinity]}',
    '{"number": ' + "7" * 5000 + "}",
    '{"text": "\\ud800"}',
    '{"path": "\ud800"}',
    '{"text": "\x00"}',
    "",
    "null",
    "[]",
    '"text"',
    "{",
    "x" * 100_000,
    '{"text": "' + "x" * 10_000_000 + '"}',
    '{"number": 1, "number": 2}',
    '{"' + "k" * 60_000 + '": 1}',
    '{"__proto__": {}, "constructor": 1}',
]


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Sandbox]:
    """A sandbox of the default caps; its folder lies beside files that nothing may touch."""
    base = tmp_path_factory.mktemp("cell")
    (base / "secret.txt").write_text("a secret, 42")
    (base / "in").mkdir()
    (base / "in" / "t.csv").write_text("a,b\n1,x\n2.5,y\n")
    with Sandbox(folder=base / "in", now=sandbox.now, corpus=sandbox.corpus) as opened:
        run_tool("read_image", '{"path": "t.csv"}', opened)  # imports Pillow
        yield opened


def outside(cell: Sandbox) -> dict[str, str]:
    assert cell.folder is not None
    paths = (path for path in cell.folder.parent.rglob("*") if not path.is_relative_to(cell.folder))
    return {str(path): path.read_text() for path in paths if path.is_file()}


def timed(tool: str, text: str, cell: Sandbox) -> Outcome:
    start = time.process_time()
    outcome = run_tool(tool, text, cell)
    assert time.process_time() - start < SECONDS, text[:100]
    if outcome.error is not None:
        assert outcome.error.isprintable() and len(outcome.error) < 1000
        assert "internal error" not in outcome.error, (outcome.error, text[:200])
    assert json.loads(outcome.text()) is not ...
    return outcome


def test_every_tool_is_tried() -> None:
    assert VALID.keys() == TOOLS.keys()
    for tool, arguments in VALID.items():
        assert arguments.keys() == TOOLS[tool].parameters["properties"].keys()


@pytest.mark.parametrize("tool", TOOLS)
def test_hostile_json(tool: str, cell: Sandbox) -> None:
    for text in RAW:
        assert timed(tool, text, cell).error is not None, text[:50]
        call = f'{{"name": "{tool}", "arguments": {text}}}'
        assert run_call(call, cell).error is not None, text[:50]


@pytest.mark.parametrize("tool", TOOLS)
def test_hostile_values(tool: str, cell: Sandbox) -> None:
    before = outside(cell)
    for name in TOOLS[tool].parameters["properties"]:
        for value in [*TEXTS, *VALUES]:
            outcome = timed(tool, json.dumps(VALID[tool] | {name: value}), cell)
            assert "secret" not in outcome.text()
            assert "more time or memory" not in (outcome.error or ""), (name, value)
    assert outside(cell) == before and not Path("/tmp/owned").exists()


@pytest.mark.parametrize("tool", TOOLS)
def test_an_unknown_parameter_and_a_missing_one(tool: str, cell: Sandbox) -> None:
    assert "no parameter 'self'" in (timed(tool, json.dumps(VALID[tool] | {"self": 1}), cell).error or "")
    for name in TOOLS[tool].parameters["required"]:
        rest = {key: value for key, value in VALID[tool].items() if key != name}
        assert f"the parameter {name} is missing" in (timed(tool, json.dumps(rest), cell).error or "")


def fitting(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that a schema allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(kind, schema) for kind in kinds])


def _of_kind(kind: str, schema: Schema) -> st.SearchStrategy[Any]:
    match kind:
        case "object" if "properties" in schema:
            parts = {name: fitting(part) for name, part in schema["properties"].items()}
            required = {name: parts.pop(name) for name in schema["required"]}
            return st.fixed_dictionaries(required, optional=parts)
        case "object":
            return st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=3)
        case "array":
            items = fitting(schema["items"]) if "items" in schema else st.integers() | st.text(max_size=3)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=min(schema.get("maxItems", 5), 5))
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        case "string":
            sizes = {"min_size": schema.get("minLength", 0), "max_size": min(schema.get("maxLength", 40), 40)}
            return st.text(**sizes) | st.text(alphabet="0123456789+-*/^(). aeINVXbqnw/KQ-x=", **sizes)
        case "integer":
            return st.integers(schema.get("minimum", -(10**18)), schema.get("maximum", 10**18))
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**99), 10**99)
        case "boolean":
            return st.booleans()
    return st.none()


@pytest.mark.parametrize("tool", TOOLS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_arguments_that_the_schema_allows(tool: str, data: st.DataObject, cell: Sandbox) -> None:
    arguments = data.draw(fitting(TOOLS[tool].parameters))
    outcome = timed(tool, json.dumps(arguments), cell)
    if outcome.error is None:
        Draft202012Validator(TOOLS[tool].result).validate(outcome.value)
    else:
        assert "more time or memory" not in outcome.error
