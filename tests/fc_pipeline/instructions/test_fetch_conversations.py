"""Files of conversations as people have them, and as nobody should: each bad row is counted, none is lost."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard
from factories.instruction_sources import fetch, lines, talk

from fc_model.artifacts import Artifact, read_records
from fc_model.errors import UserError

GOOD = [talk(f"What is {n} and {n}?", f"{2 * n}") for n in range(40)]
BOM = b"\xef\xbb\xbf"


def prompts(artifact: Artifact) -> list[str]:
    records = read_records(artifact.path("documents.jsonl.zst"))
    return [record["meta"]["conversation"]["messages"][0]["content"] for record in records]


def reasons(artifact: Artifact) -> dict[str, int]:
    quarantined = [record["reason"] for record in read_records(artifact.path("quarantine.jsonl.zst"))]
    return artifact.manifest.counters.dropped | {name: quarantined.count(name) for name in quarantined}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lines.jsonl", lines(*GOOD)),
        ("lines.json", lines(*GOOD)),
        ("list.json", json.dumps(GOOD, indent=1).encode()),
        ("list.jsonl", json.dumps(GOOD).encode()),
        ("bom.jsonl", BOM + lines(*GOOD)),
        ("bom.json", BOM + json.dumps(GOOD).encode()),
        ("crlf.jsonl", lines(*GOOD).replace(b"\n", b"\r\n")),
        ("blank.jsonl", lines(*GOOD).replace(b"\n", b"\n\n")),
        ("packed.jsonl.gz", gzip.compress(lines(*GOOD))),
        ("packed.json.zst", zstandard.compress(json.dumps(GOOD).encode())),
    ],
)
def test_files_are_told_by_what_they_hold(tmp_path: Path, name: str, content: bytes) -> None:
    artifact = fetch(tmp_path, {name: content})
    assert prompts(artifact) == [record["messages"][0]["content"] for record in GOOD]
    assert reasons(artifact) == {}
    assert artifact.metrics == {"documents": 40, "messages": 80, "text_bytes": artifact.metrics["text_bytes"]}
    assert artifact.manifest.licences == [{"licence": "CC0-1.0", "source": "inbox", "documents": 40}]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    call = {"function": {"name": "clock", "arguments": '{"place": "Rome"}'}, "id": "1", "type": "function"}
    middle = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "content": "9:00", "tool_call_id": "1"}]
    called = talk("What time is it?", "Nine.")
    called["messages"][1:1] = middle
    # A column of structs has all fields in every row, those of other messages as null.
    parquet.write_table(pyarrow.Table.from_pylist([*GOOD, called, *GOOD[:1]]), tmp_path / "table")
    artifact = fetch(tmp_path, {"train.parquet": (tmp_path / "table").read_bytes()})
    assert len(prompts(artifact)) == 42
    *_, with_call, _ = read_records(artifact.path("documents.jsonl.zst"))
    assert with_call["meta"]["conversation"]["messages"][1]["tool_calls"][0]["function"]["name"] == "clock"


def test_a_schema_in_parquet_has_no_parameters_of_other_tools(tmp_path: Path) -> None:
    """modelscope/ms-swift#10110: a struct has the members of all structs of its column."""
    import pyarrow
    from pyarrow import parquet

    tools = [
        {"name": name, "parameters": {"type": "object", "properties": {parameter: {"type": "string"}}}}
        for name, parameter in (("clock", "zone"), ("weather", "place"))
    ]
    calls = [{"function": {"name": "clock", "arguments": {"zone": "UTC"}}}]
    calls += [{"function": {"name": "weather", "arguments": {"place": "Rome"}}}]
    row = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": calls}], "tools": tools}
    parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "table")
    artifact = fetch(tmp_path, {"train.parquet": (tmp_path / "table").read_bytes()})
    (document,) = read_records(artifact.path("documents.jsonl.zst"))
    conversation = document["meta"]["conversation"]
    assert [tool["function"] for tool in conversation["tools"]] == tools
    arguments = [call["function"]["arguments"] for call in conversation["messages"][1]["tool_calls"]]
    assert arguments == ['{"zone":"UTC"}', '{"place":"Rome"}']


BAD_ROWS = {
    "invalid_json": b'{"messages": NaN}',
    "invalid_utf8": b'{"messages": "\xff"}',
    "record_too_large": b'{"messages": "' + b"x" * 5000 + b'"}',
    "no_reply": json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode(),
    "nul_character": json.dumps(talk("a\0", "b")).encode(),
    "invalid_unicode": json.dumps(talk("a\ud800", "b")).encode(),
    "no_column": b'{"text": "x", "label": 1}',
}


@pytest.mark.parametrize("as_list", [False, True])
def test_a_bad_row_costs_itself_and_no_other(tmp_path: Path, as_list: bool) -> None:
    rows = [*lines(*GOOD).splitlines(), b'{"messages": [], "messages": []}', b"[]"]
    bad = {reason: row for reason, row in BAD_ROWS.items() if not as_list or reason != "invalid_utf8"}
    rows[20:20] = bad.values()
    content = b"[" + b",\n".join(rows) + b"]" if as_list else b"\n".join(rows)
    artifact = fetch(tmp_path, {"rows.jsonl": content}, max_record_bytes=4000, max_bad_rate=0.5)
    assert len(prompts(artifact)) == 40
    assert reasons(artifact) == dict.fromkeys(bad, 1) | {"invalid_json": 3}
    report = json.loads(artifact.path("drops.json").read_text("utf-8"))
    assert report["no_reply"]["samples"][0]["excerpt"].startswith("the assistant says nothing")
    assert artifact.manifest.counters.read == len(rows)


def test_a_list_that_breaks_off_costs_its_rest(tmp_path: Path) -> None:
    artifact = fetch(tmp_path, {"a.json": json.dumps(GOOD).encode()[:-300]}, max_bad_rate=0.5)
    assert 30 < len(prompts(artifact)) < 40
    assert reasons(artifact) == {"invalid_json": 1}


@pytest.mark.parametrize("behind", [json.dumps(GOOD).encode(), b"]", b"x", b'{"messages": []}'])
def test_what_stands_behind_a_list_is_not_left_out_in_silence(tmp_path: Path, behind: bytes) -> None:
    content = json.dumps(GOOD).encode() + b"\n" + behind
    artifact = fetch(tmp_path, {"a.json": content}, max_bad_rate=0.6)
    assert len(prompts(artifact)) == 40 and reasons(artifact) == {"invalid_json": 1}
    if len(behind) > 100:
        with pytest.raises(
            UserError, match=r"bytes in files of records cannot be read.*behind a list of 40: write one"
        ):
            fetch(tmp_path / "strict", {"a.json": content})


def test_columns_of_another_name_are_told(tmp_path: Path) -> None:
    rows = lines(*[{"question": "2+2?", "answer": "4", "level": "easy"}] * 3)
    with pytest.raises(UserError) as error:
        fetch(tmp_path, {"qa.jsonl": rows}, format_="alpaca")
    message = str(error.value)
    assert "3 of 3 records" in message and "no column instruction; it has question, answer, level" in message
    assert "\n" not in message
    columns = {"instruction": "question", "output": "answer"}
    assert prompts(fetch(tmp_path / "again", {"qa.jsonl": rows}, format_="alpaca", columns=columns)) == ["2+2?"] * 3


@pytest.mark.parametrize("content", [b"", b"[]", b"\n\n", b"[", b'"text"', b"PAR1", b"\x1f\x8b\x08", b"{", b"[1, 2"])
def test_a_file_without_conversations_is_an_error_in_a_line(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"^conversations inbox: [^\n]+$"):
        fetch(tmp_path, {"a.json": content})


def test_deep_and_long_values(tmp_path: Path) -> None:
    deep = b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    long = json.dumps(talk("x" * 10_000_000, "y")).encode()
    digits = b'{"messages": ' + b"9" * 5000 + b"}"
    artifact = fetch(tmp_path, {"a.jsonl": b"\n".join([deep, long, digits, lines(*GOOD)])}, max_bad_rate=0.1)
    assert len(prompts(artifact)) == 41
    assert reasons(artifact) == {"invalid_json": 2}


def test_secrets_of_a_bad_row_are_not_shown(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "mail me: ann.smith@mail.com"}]}
    artifact = fetch(tmp_path, {"a.jsonl": lines(row, *GOOD)})
    (dropped,) = read_records(artifact.path("dropped/no_reply.jsonl.zst"))
    assert "[EMAIL]" in dropped["text"] and "smith" not in dropped["text"]
