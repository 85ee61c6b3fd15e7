"""Tables of one's own: what is read, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from fc_model.errors import UserError
from fc_pipeline.reasoning.tables import CATALOGUE, read_table, resolve_table


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_those_that_ship(name: str, tmp_path: Path) -> None:
    table = read_table(resolve_table(name), tmp_path)
    assert table.licence == "BSD-3-Clause" and len(table.rows) >= 20
    assert all("," not in column and "|" not in column for column in table.columns)


@pytest.mark.parametrize(
    ("content", "changes", "message"),
    [
        (b"a,b\n" + b"1,2\n" * 30, {}, None),
        (b"a,b\n" + b"1,2\n" * 5, {}, "5 rows and 2 columns of short numbers"),
        (b"a,b\n" + b"1,2\n" * 30 + b"1\n", {}, "a row has more or fewer"),
        (b"a,b\n" + b"x,2\n" * 30, {}, "30 rows and 1 columns"),
        (b"a,b\n" + b"1,\xff\n" * 30, {}, "no table in UTF-8"),
        (b"\x1f\x8bnot a gzip file", {}, "no table in UTF-8"),
        (b"", {}, "has no rows"),
        (b"a,b\n" + b"1,2\n" * 30, {"skip_rows": 50}, "has no rows"),
        (b"a,b\n" + b"1,2\n" * 30, {"columns": ["one"]}, "1 columns are named"),
        (b" a   b \n" + b" 1   2 \n" * 30, {"delimiter": " "}, None),
        (b'"price, net",b\n' + b"1,2\n" * 30, {}, "own.csv: 'price, net' is no name of a column .*`skip_rows`"),
        (b"a|b,c\n" + b"1,2\n" * 30, {}, "'a|b' is no name"),
        (b",b\n" + b"1,2\n" * 30, {}, "'' is no name"),
        (b"a = b,c\n" + b"1,2\n" * 30, {}, "'a = b' is no name"),
        (b"a,a\n" + b"1,2\n" * 30, {}, "two columns have the name 'a'"),
        (b"1,2\n" * 30, {}, "the first row has numbers, no names: give `columns`"),
        (b"1,2\n" * 30, {"columns": ["a", "a,b"]}, "'a,b' is no name .*: correct `columns`"),
        (b"a,b\n" + "1,٣\n".encode() * 30, {}, "30 rows and 1 columns"),
    ],
)
def test_ones_own(tmp_path: Path, content: bytes, changes: dict[str, Any], message: str | None) -> None:
    (tmp_path / "own.csv").write_bytes(content)
    raw = {
        "name": "own",
        "kind": "local",
        "folder": str(tmp_path),
        "licence": "CC0-1.0",
        "file": "own.csv",
        "rows": "rows",
    }
    for rows in ("", "sh\nops"):
        with pytest.raises(UserError, match=r"table own: local\.rows: "):
            resolve_table(raw | {"rows": rows})
    entry = resolve_table(raw | changes)
    if message is None:
        table = read_table(entry, tmp_path)
        assert table.columns == ("a", "b") and len(table.rows) == 30
        return
    with pytest.raises(UserError, match=message):
        read_table(entry, tmp_path)
