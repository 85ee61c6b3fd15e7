"""Records come back as they went in, and a damaged file is never a shorter one."""

import json

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from fc_model.artifacts import Counters, read_records, read_rows
from fc_model.artifacts.files import atomic_write
from fc_model.artifacts.records import RecordWriter
from fc_model.errors import UserError

text = st.text(st.characters(exclude_categories=("Cs",)))
scalar = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)
records = st.lists(st.dictionaries(text, value, max_size=4), max_size=8)


def write(path, rows) -> None:
    with atomic_write(path) as file:
        writer = RecordWriter(file)
        for row in rows:
            writer(row)
        writer.close()
    assert writer.count == len(rows)


@given(rows=records)
def test_round_trip(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("records") / "rows.jsonl.zst"
    write(path, rows)
    assert list(read_records(path)) == rows
    first = path.read_bytes()
    write(path, rows)
    assert path.read_bytes() == first


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.jsonl.zst"
    write(path, [{"id": str(number), "text": "some words " * number} for number in range(30)])
    return path


def test_cut_anywhere(file):
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"rows\.jsonl\.zst: damaged after record \d+"):
            list(read_records(file))


def test_any_flipped_bit(file):
    whole, rows = file.read_bytes(), list(read_records(file))
    refused = 0
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << (position % 8)
        file.write_bytes(changed)
        try:
            assert list(read_records(file)) == rows  # a bit that zstandard does not use
        except UserError as error:
            assert "damaged" in str(error)
            refused += 1
    assert refused > 0.9 * len(whole)


@pytest.mark.parametrize(
    "content",
    [
        b'{"id": 1}',
        b'{"id": 1}\nnot json\n',
        b'{"id": NaN}\n',
        b'{"id": "\xff"}\n',
        b"[" * 100_000 + b"\n",
        b'{"id": ' + b"1" * 5000 + b"}\n",
    ],
    ids=["no line end", "not json", "NaN", "not utf-8", "nested", "long number"],
)
def test_not_records(tmp_path, content):
    path = tmp_path / "rows.jsonl.zst"
    path.write_bytes(zstandard.compress(content))
    with pytest.raises(UserError, match="damaged after record"):
        list(read_records(path))


def test_something_behind_the_last_record(file):
    file.write_bytes(file.read_bytes() + b"more")
    with pytest.raises(UserError, match="follows the last record"):
        list(read_records(file))


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"no such file; materialize"):
        list(read_records(tmp_path / "rows.jsonl.zst"))


@pytest.mark.parametrize("row", [{"x": float("nan")}, {"x": float("inf")}, {"x": "\ud800"}])
def test_what_is_no_record_is_refused(tmp_path, row):
    with pytest.raises(ValueError, match=r"JSON|surrogate"):
        write(tmp_path / "rows.jsonl.zst", [row])
    assert list(tmp_path.iterdir()) == []


@given(
    kept=st.integers(0, 9),
    quarantined=st.integers(0, 9),
    drops=st.lists(st.sampled_from("abc")),
    lost=st.integers(0, 3),
)
def test_counters_add_up_or_refuse(kept, quarantined, drops, lost):
    counters = Counters(read=kept + quarantined + len(drops) + lost, kept=kept, quarantined=quarantined)
    for reason in drops:
        counters.drop(reason)
    if lost:
        with pytest.raises(ValueError, match="counters do not add up"):
            counters.check()
    else:
        counters.check()
    assert json.loads(json.dumps(counters.dropped)) == {reason: drops.count(reason) for reason in drops}


def test_some_rows(file, tmp_path):
    """The others are not parsed, and what stands behind the last one is not read."""
    assert [(row, record["id"]) for row, record in read_rows(file, [7, 2, 7])] == [(2, "2"), (7, "7")]
    assert list(read_rows(file, [])) == [] and list(read_rows(file, [99])) == []
    odd = tmp_path / "odd.jsonl.zst"
    odd.write_bytes(zstandard.compress(b'{"id":"0"}\nnothing\n{"id":"2"}\n'))
    assert dict(read_rows(odd, [0, 2])) == {0: {"id": "0"}, 2: {"id": "2"}}
    with pytest.raises(UserError, match="cannot be read"):
        list(read_rows(odd, [1]))
    odd.write_bytes(odd.read_bytes()[:-2])
    with pytest.raises(UserError, match="the file is cut short"):
        list(read_rows(odd, [3]))
    with pytest.raises(UserError, match="materialize its artifact again"):
        list(read_rows(tmp_path / "missing.jsonl.zst", [0]))
