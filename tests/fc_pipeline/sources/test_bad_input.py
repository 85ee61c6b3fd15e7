"""What the outside may send: each is quarantined under a reason and counted, or refused by name; the rest goes on."""

import gzip
import io
import json
import os
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import pyarrow
import pytest
import zstandard
from factories.packages import cached, special, tar
from factories.sources import LIMITS, as_lines, as_parquet, documents, files, inbox, read, reason, refused, source
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from fc_model.errors import UserError
from fc_pipeline.sources import read_file as read_file_module
from fc_pipeline.sources.read_file import read_documents
from fc_pipeline.sources.readers import BadInput, Item
from fc_pipeline.sources.sandbox.isolated import Isolated
from fc_pipeline.sources.schema import FileSpec

FIELDS = {"text": "{t}"}
ROWS = [{"t": f"text {number}", "n": number} for number in range(4000)]
LINES, PARQUET = as_lines(ROWS), as_parquet(ROWS)
PACKED = zstandard.compress(LINES)
FEW = {"parquet": as_parquet(ROWS[:600]), "jsonl": zstandard.compress(as_lines(ROWS[:600]))}
TEXTS, RECORDS = files("*.txt", "txt"), files("*.jsonl", "jsonl")
PAGE = "<html><body><main><h1>Title</h1><p>{}</p></main></body></html>"
PROSE = "A paragraph that is long enough to be the content of the page, with some more words in it."


@pytest.mark.parametrize("eighth", range(8))
@pytest.mark.parametrize(
    ("format_name", "whole"),
    [("parquet", PARQUET), ("jsonl", gzip.compress(LINES, mtime=0)), ("jsonl", PACKED)],
    ids=["parquet", "gzip", "zstd"],
)
def test_a_cut_file_of_records_ends_with_its_fault(format_name: str, whole: bytes, eighth: int) -> None:
    items = read(format_name, whole[: len(whole) * eighth // 8 or 5], **FIELDS)
    assert isinstance(items[-1], BadInput) and items[-1].reason.startswith("invalid_")
    texts = [item.text for item in items if isinstance(item, Item)]
    assert texts == [row["t"] for row in ROWS[: len(texts)]], "what came before the cut stands"


@pytest.mark.parametrize("format_name", FEW)
@given(position=st.integers(0, 10**9), change=st.integers(1, 255))
def test_a_flipped_byte_is_a_fault_or_another_text_never_a_traceback(
    format_name: str, position: int, change: int
) -> None:
    data = bytearray(FEW[format_name])
    data[position % len(data)] ^= change
    for item in read(format_name, bytes(data), **FIELDS):
        assert isinstance(item, Item | BadInput)


def test_a_broken_file_in_an_inbox_costs_only_itself_and_weighs_what_it_weighs(fetch, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(PARQUET)
    (tmp_path / "b.parquet").write_bytes(PARQUET[:-100])
    spec = files("*.parquet", "parquet")
    with pytest.raises(
        UserError, match=r"demo: \d+ of \d+ bytes in files of records cannot be read \(invalid_parquet 1"
    ):
        fetch(inbox(tmp_path, spec))
    artifact = fetch(inbox(tmp_path, spec, max_bad_rate=0.6))
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.quarantined) == (4001, 4000, 1)
    assert refused(artifact) == {"b.parquet": "invalid_parquet"}


def test_other_bytes_than_utf8_are_refused_or_replaced_and_counted(fetch, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 au lait")
    (tmp_path / "good.txt").write_text("good")
    (tmp_path / "nul.txt").write_bytes(b"a\0b")
    with pytest.raises(UserError, match=r"2 of 3 records cannot be read \(invalid_utf8 1, nul_character 1; the first"):
        fetch(inbox(tmp_path, TEXTS))
    artifact = fetch(inbox(tmp_path, TEXTS, undecodable="replace"))
    good, latin, nul = documents(artifact)
    assert latin["text"] == "caf\ufffd au lait" and nul["text"] == "a\ufffdb"
    assert latin["meta"]["replaced"] == 1 and "replaced" not in good["meta"]
    assert artifact.metrics["replaced_characters"] == 2


def test_in_lines_of_json_only_the_bad_one_is_refused_or_mended() -> None:
    data = b'{"t": "caf\xe9"}\n{"t": "x\\u0000y"}\n{"t": "\\ud800"}\n{"t": "good"}\n'
    items = read("jsonl", data, **FIELDS)
    assert [item.reason for item in items if isinstance(item, BadInput)] == [
        "invalid_utf8", "nul_character", "invalid_unicode"
    ]  # fmt: skip
    mended = read("jsonl", data, LIMITS._replace(replace=True), **FIELDS)
    assert [item.text for item in mended] == ["caf\ufffd", "x\ufffdy", "\ufffd", "good"]
    assert [item.meta.get("replaced") for item in mended] == [1, 1, 1, None]


def test_a_byte_order_mark_and_line_ends_go_and_bidi_stays() -> None:
    (item,) = read("txt", "\ufeffone\r\ntwo\rthree \u202eright\u202c".encode())
    assert item.text == "one\ntwo\nthree \u202eright\u202c"


def test_a_line_of_ten_megabytes_is_refused_alone_and_never_held_twice() -> None:
    data = b'{"t": "' + b"x" * (10 << 20) + b'"}\n{"t": "good"}\n'
    items = read("jsonl", data, **FIELDS)
    assert [getattr(item, "reason", None) or item.text for item in items] == ["record_too_large", "good"]
    (long,) = read("txt", b"x" * (7 << 20))
    assert len(long.text) == 7 << 20


@given(st.binary(max_size=200))
def test_any_bytes_come_out_as_text_or_as_a_reason(data: bytes) -> None:
    for limits in (LIMITS, LIMITS._replace(replace=True)):
        for item in [*read("txt", data, limits), *read("jsonl", b'{"t": "' + data + b'"}', limits, **FIELDS)]:
            if isinstance(item, Item):
                assert "\0" not in item.text
                item.text.encode()


def test_a_texts_column_with_other_bytes_costs_only_its_row() -> None:
    array = pyarrow.array([b"one", b"caf\xe9", b"two"], type=pyarrow.binary())
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"t": array.view(pyarrow.string())}), file)
    items = read("parquet", file.getvalue(), **FIELDS)
    assert [getattr(item, "reason", None) or item.text for item in items] == ["one", "invalid_utf8", "two"]


LONG_ROW = b'1,"' + b"word " * 30_000 + b'"\n'


@pytest.mark.parametrize(
    ("format_name", "data", "kept", "quarantined", "reasons"),
    [
        ("csv", b"t,n\na,1\nb, c,2\nd\ne,3\n", 2, 2, {"invalid_csv"}),
        ("csv", b't,n\n"never closed,1\nb,2\n"c" d,3\n\n"e\nf",4\n', 2, 2, {"invalid_csv"}),
        ("csv", b"n,t\n" + LONG_ROW + b"2,b\n", 2, 0, set()),
        ("csv", b'n,t\n2,b\n3,"' + b"x" * (2 << 20) + b'"\n4,d\n', 2, 1, {"record_too_large"}),
        ("csv", b"n,t\n1,caf\xe9\n2,b\n3,c\n", 2, 1, {"invalid_utf8"}),
        ("csv", b"n;t\n1;a\n2;b\n", 0, 2, {"no_text"}),
        ("csv", b"n,T\n1,a\n2,b\n", 0, 2, {"no_text"}),
        ("csv", b"n, t\n1, a\n", 0, 1, {"no_text"}),
        ("csv", b"t,t\na,b\n", 0, 1, {"invalid_csv"}),
        ("csv", "t\na\n".encode("utf-16"), 0, 2, {"no_text"}),
        ("json", b'{"version": "1", "data": [{"t": "a"}]}', 0, 2, {"invalid_json"}),
        ("json", b'["a", "b"]', 0, 2, {"invalid_json"}),
        ("json", b'[{"t": "a"}, null, {"t": "b"}, 3]', 2, 2, {"invalid_json"}),
        ("json", b'[{"t": "a"}, {"t": "caf\xe9"}, {"t": "b"}]', 2, 1, {"invalid_utf8"}),
        ("json", b'[{"content": "a"}, {"body": "b"}]', 0, 2, {"no_text"}),
        ("jsonl", b'{"t": "a"}\n{"content": "b"}\n{"body": "c"}\n{"t": null}\n', 1, 2, {"no_text"}),
    ],
)  # fmt: skip
def test_a_record_of_another_shape_is_refused_alone_and_counted(
    format_name: str, data: bytes, kept: int, quarantined: int, reasons: set[str]
) -> None:
    items = read(format_name, data, **FIELDS)
    bad = [item for item in items if isinstance(item, BadInput)]
    assert (sum(isinstance(item, Item) and item.text != "" for item in items), len(bad)) == (kept, quarantined)
    assert {item.reason for item in bad} == reasons and all(len(item.detail) < 500 for item in bad)
    assert [item.detail for item in pickle.loads(pickle.dumps(bad))] == [item.detail for item in bad]


@pytest.mark.parametrize(
    ("format_name", "data", "message"),
    [
        ("csv", "n;t\n1;a\n", r"no column t; it has n;t: correct `fields\.text`, or the `delimiter`"),
        ("csv", "", "nothing of 0 records is kept"),
        ("csv", "n,t\n1,\n2,  \n", r"nothing of 2 records is kept \(empty 2\)"),
        ("json", '{"v": 1, "data": [{"t": "a"}]}', "there are records at `data`: set `fields.records`"),
        ("json", "[]", "nothing of 0 records is kept"),
        ("jsonl", '{"content": "a"}\n', r"no column t; it has content: correct `fields\.text`'"),
    ],
)
def test_a_source_of_which_nothing_is_kept_stops(format_name, data: str, message: str, fetch, tmp_path: Path) -> None:
    spec = files("*.x", format_name)
    (tmp_path / "a.x").write_text(data)
    with pytest.raises(UserError, match=message):
        fetch(inbox(tmp_path, spec))


def test_a_column_of_the_text_that_no_record_has_stops_the_source(fetch, tmp_path: Path) -> None:
    for format_name, data in (("csv", "title\na\n"), ("json", '[{"title": "a"}]'), ("jsonl", '{"title": "a"}\n')):
        (tmp_path / "a.x").write_text(data)
        spec = files("*.x", format_name, fields={"text": "{title}: {t}"})
        for isolate in (False, True):
            with pytest.raises(UserError, match="no column t; it has title"):
                fetch(inbox(tmp_path, spec, isolate=isolate))


def test_groups_count_the_records_that_they_leave_out() -> None:
    group = {"by": "n", "title": "{n}"}
    items = read("json", b'[{"n": "x", "t": "a"}, {"n": "x", "t": ""}]', **FIELDS, require=["t"], group=group)
    assert [item.text for item in items] == ["", "x\n\na"]


def test_zstandard_with_the_longest_window_is_read() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=31, enable_ldm=True)
    packed = io.BytesIO()
    with zstandard.ZstdCompressor(compression_params=parameters).stream_writer(packed, closefd=False) as writer:
        writer.write(as_lines([{"t": "words"}]))
    assert [item.text for item in read("jsonl", packed.getvalue(), **FIELDS)] == ["words"]


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        (["Café".encode(), b"caf\xe9", None, b"two"], pyarrow.binary(), ["Café", "invalid_utf8", "", "two"]),
        (["Café".encode()], pyarrow.large_binary(), ["Café"]),
        ([[b"a", b"b"]], pyarrow.list_(pyarrow.binary()), ["- a\n- b"]),
        ([float("nan"), 1.5], pyarrow.float64(), ["", "1.5"]),
        ([10**9], pyarrow.timestamp("s"), ["2001-09-09T01:46:40"]),
        ([{"a": b"x"}], pyarrow.struct({"a": pyarrow.binary()}), ['{"a": "x"}']),
        ([[("a", b"x")]], pyarrow.map_(pyarrow.string(), pyarrow.binary()), ["a\n\nx"]),
    ],
)
def test_what_a_table_holds_becomes_text_as_json_has_it(values: list[Any], kind: Any, texts: list[str]) -> None:
    data = as_parquet([{"t": value} for value in values], pyarrow.schema({"t": kind}))
    assert [getattr(item, "reason", None) or item.text for item in read("parquet", data, **FIELDS)] == texts


def test_a_missing_number_costs_no_document_and_a_column_may_have_dots_in_its_name() -> None:
    data = as_parquet([{"meta.text": "words", "score": float("nan")}])
    (item,) = read("parquet", data, text="{meta.text}", meta=["score"])
    assert (item.text, item.meta) == ("words", {"score": None})


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_bomb_is_refused_as_a_file_and_as_a_stream(pack) -> None:
    bomb = pack(bytes(80 << 20))
    assert len(bomb) < 100_000
    assert reason("txt", bomb) == "bomb"
    assert reason("jsonl", bomb, **FIELDS) == "bomb"


def test_packed_text_is_read_whatever_its_format() -> None:
    head = b"# Head\n"
    for packed in (gzip.compress(head), zstandard.compress(head), gzip.compress(b"# ") + gzip.compress(b"Head")):
        assert [item.text for item in read("md", packed)] == ["# Head"]
    assert reason("md", gzip.compress(head * 1000)[:-9]) == "invalid_gzip"
    assert reason("md", zstandard.compress(head * 1000)[:-5]) == "invalid_zstd"


HOSTILE_PAGES = {
    "nested": b"<div>" * 100_000 + b"x" + b"</div>" * 100_000,
    "attributes": b"<p " + b" ".join(b"a%d=1" % number for number in range(200_000)) + b">text</p>",
    "huge": b"<p>" + b"x" * (50 << 20) + b"</p>",
    "open tags": b"<b>" * 50_000 + b"x",
    "entities": b"<p>" + b"&amp;" * 200_000 + b"</p>",
    "angles": b"<" * 500_000,
    "charset": b"<meta charset " * 100_000 + b"\xff",
    "doctype": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><p>&b;&b;</p>',
}


def test_hostile_pages_are_dropped_and_counted_and_the_others_unharmed(fetch, tmp_path: Path, monkeypatch) -> None:
    quick = Isolated(cpu_seconds=1.0)
    monkeypatch.setattr(read_file_module, "isolated", lambda: quick)
    for number, (name, data) in enumerate(HOSTILE_PAGES.items()):
        (tmp_path / f"good {number}.html").write_text(PAGE.format(f"{PROSE} {number}"))
        (tmp_path / f"{name}.html").write_bytes(data)
    artifact = fetch(inbox(tmp_path, files("*.html", "html"), max_bad_rate=0.5))
    quick.close()
    kept = [document["text"] for document in documents(artifact) if "good" in document["meta"]["path"]]
    assert kept == [f"# Title\n\n{PROSE} {number}" for number in range(len(HOSTILE_PAGES))]
    reasons = {"nested": "timeout", "attributes": "timeout", "huge": "too_large", "charset": "invalid_utf8"}
    assert refused(artifact).items() >= {f"{name}.html": why for name, why in reasons.items()}.items()


def test_a_file_that_docutils_takes_for_ever_to_read_is_refused(monkeypatch) -> None:
    """Its time grows with the square of the stars that begin no emphasis."""
    quick = Isolated(cpu_seconds=1.0)
    monkeypatch.setattr(read_file_module, "isolated", lambda: quick)
    assert reason("rst", b"*a " * 30_000) == "timeout"
    assert [item.text for item in read("rst", b"a *b* c")] == ["a b c"]
    quick.close()


def test_a_reader_that_dies_or_eats_all_memory_is_replaced() -> None:
    isolated = Isolated(cpu_seconds=5.0, memory_bytes=400 << 20)
    spec = FileSpec(glob="*", format="html").model_dump()
    with pytest.raises(BadInput) as error:
        isolated.call(read_documents, b"<p>" + b"<i>x" * 2_500_000, spec=spec)
    assert error.value.reason in {"reader_died", "too_large", "timeout"}
    ((_, text, _),), _ = isolated.call(read_documents, PAGE.format(PROSE).encode(), spec=spec)
    assert PROSE in text
    assert isolated._child is not None
    isolated._child._process.kill()
    with pytest.raises(BadInput) as error:
        isolated.call(read_documents, b"<p>x</p>", spec=spec)
    assert error.value.reason == "reader_died"
    assert len(isolated.call(read_documents, b"<p>x</p>", spec=spec)[0]) == 1
    isolated.close()


def test_the_child_calls_only_what_is_listed() -> None:
    with pytest.raises(ValueError, match=r"json:loads is not one that the child may import"):
        Isolated().call(json.loads, b"{}")


def test_any_format_can_be_read_in_the_child_process() -> None:
    isolated = LIMITS._replace(isolate=True)
    for format_name, data in (("md", b"# Head\n\ntext"), ("py", b"x = 1"), ("rst", b"Head\n====\n")):
        assert read(format_name, data, isolated) == read(format_name, data)
    assert reason("ipynb", b"[", isolated) == "invalid_json"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested deeper than 64"),
        ('{"t":' * 100_000 + "1" + "}" * 100_000, "nested deeper than 64"),
        ('{"t": "x", "t": "y"}', "key 't' comes twice"),
        ('{"t": NaN}', "NaN is not JSON"),
        ('{"t": -Infinity}', "-Infinity is not JSON"),
        ('{"t": 1e400}', "1e400 is beyond a float"),
        ('{"t": ' + "9" * 5000 + "}", "digits"),
        ('{"t": "\x01"}', "control character"),
        ('{"t": 1} x', "Extra data"),
    ],
)
@pytest.mark.parametrize("format_name", ["json", "jsonl"])
def test_odd_json_is_refused(format_name: str, text: str, why: str) -> None:
    (bad,) = read(format_name, text.encode(), **FIELDS)
    assert isinstance(bad, BadInput) and bad.reason == "invalid_json" and why in bad.detail


def test_brackets_in_strings_are_no_depth() -> None:
    (item,) = read("jsonl", json.dumps({"t": "[" * 1000 + '\\"{'}).encode(), **FIELDS)
    assert item.text.startswith("[[[")
    deep = json.dumps({"t": "x", "n": json.loads("[" * 62 + "]" * 62)}).encode()
    assert [item.text for item in read("jsonl", deep, **FIELDS)] == ["x"]


def test_a_notebook_with_nan_in_its_outputs_is_read() -> None:
    cell = '{"cell_type": "code", "source": "x = 1", "outputs": [NaN]}'
    (item,) = read("ipynb", f'{{"cells": [{cell}]}}'.encode())
    assert "x = 1" in item.text


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/pickle-canary-must-not-exist",)


def test_only_pickles_of_dicts_and_texts_are_read() -> None:
    page = "set| R Documentation  \n---|---  \n\n## Title\n\na\n\n    \n\nfirst\n\n### Examples\n\n    \n    x <- 1\n"
    pages = {"pkg": {"set": page}}
    for protocol in range(1, 6):
        (item,) = read("r_help", pickle.dumps(pages, protocol=protocol))
        assert (item.key, item.text) == ("pkg/set", "## Title\n\n- a: first\n\n### Examples\n\n```r\nx <- 1\n```")
    same = "x"
    shared = read("r_help", pickle.dumps({"b": {"1": same}, "a": {"1": same, "0": same}}))
    assert [item.key for item in shared] == ["a/0", "a/1", "b/1"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pickle.dumps({"a": Evil()}), "hostile_pickle"),
        (pickle.dumps({"a": {"b": Evil()}}, protocol=0), "hostile_pickle"),
        (pickle.dumps({"a": {"b": ["x"]}}), "hostile_pickle"),
        (pickle.dumps({"a": {"b": b"x"}}), "hostile_pickle"),
        (pickle.dumps({"a": {"b": 1}}), "hostile_pickle"),
        (b"cos\nsystem\n(S'true'\ntR.", "hostile_pickle"),
        (b"\x80\x04}r" + struct.pack("<I", 2**31) + b".", "hostile_pickle"),
        (b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"x.", "invalid_pickle"),
        (pickle.dumps({"a": "text"}), "invalid_pickle"),
        (pickle.dumps("text"), "invalid_pickle"),
        (pickle.dumps({"a": {"b": "x" * 100}})[:-20], "invalid_pickle"),
        (b"", "invalid_pickle"),
        (b"\x80\x04}\x94h\x05.", "invalid_pickle"),
        (b"\x80\x04}}}s.", "invalid_pickle"),
        (pickle.dumps({"a": dict.fromkeys(map(str, range(200)), "x" * 3_000_000)}), "bomb"),
    ],
)
def test_any_other_pickle_is_refused_before_it_runs(data: bytes, why: str) -> None:
    assert reason("r_help", data) == why
    assert not Path("/tmp/pickle-canary-must-not-exist").exists()


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_pickle_is_pages_or_a_reason(position: int, change: int) -> None:
    data = bytearray(pickle.dumps({"a": {"b": "some text", "c": "more"}, "d": {"b": "some text"}}))
    data[position % len(data)] ^= change
    for item in read("r_help", bytes(data)):
        assert isinstance(item, Item | BadInput)


@pytest.mark.parametrize(
    ("data", "allowed", "message"),
    [
        (b'{"t": "good"}\n' * 300 + b"broken\n" * 4, 0.01, r"4 of 304 .* read \(invalid_json 4; the first is"),
        (b"\xff", 1.0, "1 of 1 records cannot be read"),
        (b"broken\n" * 100_000, 0.01, "1000 of 1000 records cannot be read"),
    ],
    ids=["part", "nothing", "stopped early"],
)
def test_a_source_with_too_many_faults_stops(data: bytes, allowed: float, message: str, fetch, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(data)
    with pytest.raises(UserError, match=f"^source demo: {message}") as error:
        fetch(inbox(tmp_path, RECORDS, max_bad_rate=allowed))
    assert "\n" not in str(error.value)


def test_hostile_members_that_a_glob_wants_are_counted(fetch, tmp_path: Path) -> None:
    names = ("../up.txt", "/root.txt", "demo/a.txt", "demo/b.txt", "demo/caf\udce9.txt")
    members = [(name, b"words") for name in names]
    members += [special("demo/link.txt", tarfile.SYMTYPE), special("demo/device.txt", tarfile.CHRTYPE)]
    data = tar(*members, mode="w:gz")
    pin = cached(tmp_path / "home", "demo-1.0.tar.gz", data)
    spec = files("**/*.txt", "txt")
    with pytest.raises(UserError, match=r"5 of 7 records cannot be read \(unsafe_member 5"):
        fetch(source(files=[spec], **pin))
    counters = fetch(source(files=[spec], **pin, max_bad_rate=0.9)).manifest.counters
    assert (counters.read, counters.kept, counters.quarantined) == (7, 2, 5)


def test_a_script_of_an_installed_distribution_is_no_file_of_it(fetch) -> None:
    config = source("installed", files("**/bin/pytest", "txt"), distribution="pytest")
    with pytest.raises(UserError, match=r"1 of 1 records cannot be read \(unsafe_member 1"):
        fetch(config)
