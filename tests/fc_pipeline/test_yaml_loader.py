"""YAML that people write: values, or one line that names the file, the place and the remedy."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_pipeline.yaml_loader import read_yaml

KEYS = st.text("abcdefgh", min_size=1, max_size=3)
VALUES = st.recursive(st.integers() | KEYS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=9)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("yaml") / "defs.yaml"


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("gates: [a]\nother: 1\ngates: [b]\n", "gates", (1, 3)),
        ("a:\n  stages:\n    one: {lr: 1}\n  stages: {two: 2}\n", "stages", (2, 4)),
        ("a: {seq_len: 64, seq_len: 128}\n", "seq_len", (1, 1)),
        ("- {b: 1}\n- [{c: 1,\n   'c': 2}]\n", "c", (2, 3)),
        ("on: 1\ntrue: 2\n", "true", (1, 2)),
        ("16: a\n0x10: b\n", "0x10", (1, 2)),
        ("a: &x {k: 1}\nb: {<<: *x, l: 1,\n l: 2}\n", "l", (2, 3)),
        ("a: &a {k: 1, k: 2}\nb: *a\n", "k", (1, 1)),
        ("a: &a\n  me: *a\n  z: 1\n  z: 1\n", "z", (3, 4)),
    ],
)
def test_repeated_key(file, text, key, lines):
    file.write_text(text, "utf-8")
    with pytest.raises(UserError) as caught:
        read_yaml(file)
    assert str(caught.value) == f"{file}: {key!r} stands twice, in lines {lines[0]} and {lines[1]}: keep one of the two"


def test_merge_keys(file):
    file.write_text("a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nc: {<<: *a, k: 3}\nd: {<<: [*a, *b]}\ne: {1: x, '1': y}\n")
    values = read_yaml(file)
    assert values["c"] == {"k": 3, "l": 1}
    assert values["d"] == {"k": 1, "l": 1, "m": 2}
    assert values["e"] == {1: "x", "1": "y"}


@given(VALUES)
def test_round_trip(file, value):
    file.write_text(yaml.safe_dump(value), "utf-8")
    assert read_yaml(file) == value


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.data())
def test_any_key_twice(file, mapping, data):
    key = data.draw(st.sampled_from(sorted(mapping)))
    file.write_text(yaml.safe_dump(mapping) + yaml.safe_dump({key: 0}), "utf-8")
    with pytest.raises(UserError, match=f": '{key}' stands twice, in lines "):
        read_yaml(file)


@pytest.mark.parametrize("text", [b"a: {", b"a: caf\xe9", b"a: 2026-13-45", b"a: 1\n---\na: 2\n", b"a: " + b"[" * 5000])
def test_not_yaml(file, text):
    file.write_bytes(text)
    with pytest.raises(UserError, match=r"defs\.yaml: not YAML: ") as caught:
        read_yaml(file)
    assert "\n" not in str(caught.value)


def test_a_day_that_is_none_is_named(file):
    file.write_text("a: 1\nuntil: 2026-02-30\n")
    with pytest.raises(UserError, match=r"not YAML: '2026-02-30' in line 2: day is out of range"):
        read_yaml(file)


def test_empty(file):
    file.write_text("# nothing\n")
    assert read_yaml(file) is None
