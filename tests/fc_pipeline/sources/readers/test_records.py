import json

import pytest
from factories.sources import as_lines, as_parquet, read, reason
from hypothesis import example, given
from hypothesis import strategies as st

from fc_pipeline.sources.readers import BadInput, Item
from fc_pipeline.sources.readers.template import render


def test_an_object_of_records_is_keyed_by_its_names() -> None:
    data = json.dumps({"b": {"title": "B", "n": 1}, "a": {"title": "A", "n": None}}).encode()
    items = read("json", data, text="{title} {n}", meta=["n"])
    assert [(item.key, item.text, item.meta) for item in items] == [("b", "B 1", {"n": 1}), ("a", "A", {"n": None})]


def test_records_below_a_dotted_name() -> None:
    data = json.dumps({"version": 1, "data": {"puzzles": [{"id": "x", "moves": ["e4", "e5"]}]}}).encode()
    (item,) = read("json", data, records="data.puzzles", key="id", text="{moves|words}")
    assert (item.key, item.text) == ("x", "e4 e5")


def test_a_record_without_a_required_field_gives_an_empty_document() -> None:
    items = read("json", b'[{"t": "x"}, {"t": ""}, {}]', text="{t}", require=["t"])
    assert [item.text for item in items] == ["x", "", ""]


def test_groups_join_records_in_order_up_to_their_size() -> None:
    rows = [{"eco": eco, "name": f"{eco}{number}"} for number in range(3) for eco in ("A", "B")]
    group = {"by": "eco", "title": "Code {eco}", "size": 2}
    items = read("json", json.dumps(rows).encode(), text="{name}", group=group)
    keys, texts = zip(*((item.key, item.text) for item in items), strict=True)
    assert keys == ("A.0", "A.1", "B.0", "B.1")
    assert texts == ("Code A\n\nA0\n\nA1", "Code A\n\nA2", "Code B\n\nB0\n\nB1", "Code B\n\nB2")


def test_a_bad_line_is_refused_alone() -> None:
    lines = b'{"t": "one"}\nnot json\n\n{"t": "caf\xe9"}\n[1]\n{"t": "two"}'
    items = read("jsonl", lines, text="{t}")
    assert [item.text for item in items if isinstance(item, Item)] == ["one", "two"]
    refused = [(item.reason, item.detail.split(":")[0]) for item in items if isinstance(item, BadInput)]
    assert refused == [("invalid_json", "line 2"), ("invalid_utf8", "line 4"), ("invalid_json", "line 5")]


def test_csv_with_quotes_and_another_delimiter() -> None:
    items = read("csv", b'name;note\nA;"x; ""y""\nz"\nB;\n', text="{name}: {note}", delimiter=";")
    assert [item.text for item in items] == ['A: x; "y"\nz', "B:"]


def test_a_template_leaves_out_lines_whose_fields_are_empty() -> None:
    row = {"title": "T", "steps": ["a", "b"], "note": "", "deep": {"list": [["p1"], ["p2", "p3"]]}}
    assert render("# {title}\n\n{note}\n{steps}", row) == "# T\n\n- a\n- b"
    assert render("{deep.list}", row) == "p1\n\np2\n\np3"
    assert render("fixed {braces}", {}) == ""


CODE = "    def method(self):\n        return 1\n\n\ndef top():\n    '''doc\n\n\n    end'''  \n"


@given(st.text("ab \n\t", max_size=40))
@example(CODE)
def test_a_field_alone_is_given_as_a_file_is(text: str) -> None:
    assert render("{t}", {"t": text}) == text.strip("\n")
    assert render("  {t}{u}: {v} ", {"t": text, "u": text}) == (f"{text}{text}:".strip("\n") if text else "")
    assert render("# {v}\n\n{t}\n\n\n{v}\n", {"t": f"({text})"}) == f"({text})"


@pytest.mark.parametrize("format_name", ["json", "jsonl", "csv", "parquet"])
def test_code_in_records_is_the_code_of_a_file(format_name: str) -> None:
    cell = CODE.replace('"', '""')
    data = {
        "json": json.dumps([{"t": CODE}]).encode(),
        "jsonl": as_lines([{"t": CODE}]),
        "csv": f't\n"{cell}"\n'.encode(),
        "parquet": as_parquet([{"t": CODE}]),
    }
    (item,), (of_file,) = read(format_name, data[format_name], text="{t}"), read("py", CODE)
    assert item.text == of_file.text == CODE.rstrip("\n")


def test_markup_is_removed_from_the_text() -> None:
    (item,) = read("json", b'[{"t": "flour<ref name=\\"x\\"/> and salt"}]', text="{t}", remove=["<ref[^<>]*/>"])
    assert item.text == "flour and salt"


def test_turns_of_a_conversation_in_both_spellings() -> None:
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    tools = [{"from": "human", "value": "Add"}, {"from": "function_call", "value": "{}"}, {"from": "observation"}]
    assert render("{turns|turns}", {"turns": chat}) == "User: Hi\nAssistant: Hello"
    assert render("{turns|turns}", {"turns": tools}) == "User: Add\nTool call: {}\nTool result:"


@pytest.mark.parametrize("data", [b"{", b"3", b'"text"', b"\xff\xfe"])
def test_no_records(data: bytes) -> None:
    assert reason("json", data, text="{t}").startswith("invalid_")
