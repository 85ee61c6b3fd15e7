"""What is told of a source before anything of it is downloaded; Stack-Edu, which holds no text, is the model."""

import re
from typing import Any

import pytest

from fc_model.errors import UserError
from fc_pipeline.sources.catalogue import CATALOGUE, read_source
from fc_pipeline.sources.static_checks import source_problems

FIELDS = {"text": "{text}", "key": "blob_id"}
COLUMNS = {"blob_id": "string", "path": "string", "length_bytes": "int64"}


def entry(*, fields: dict[str, Any] = FIELDS, schema: dict[str, str] | None = COLUMNS, **changed: Any) -> Any:
    spec: dict[str, Any] = {"glob": "Python/*.parquet", "format": "parquet", "fields": fields}
    return {
        "name": "edu",
        "kind": "hub",
        "repo": "HuggingFaceTB/stack-edu",
        "revision": "e" * 40,
        "licence": "MIT",
        "domain": "code",
        "max_bytes": 1000,
        "files": [spec | ({} if schema is None else {"schema": schema})],
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({"schema": COLUMNS | {"text": "string"}}, []),
        ({"schema": {"text": "string", "*": "any"}}, []),
        ({"fields": {"text": "{path}: {length_bytes}"}}, []),
        (
            {},
            [r"Python/\*\.parquet: its text is {text}, and `schema` has no such column \(blob_id, length"],
        ),
        ({"schema": {"blob_id": "string", "*": "any"}}, ["its text is {text}, and `schema` has no such column"]),
        ({"fields": {"text": "{path}", "meta": ["stars.all"]}}, ["`fields` names stars.all, and `schema` has no such"]),
        ({"schema": None}, ["its columns are not stated: write those of the data set's card into `schema`"]),
        ({"schema": {"*": "any", "text": "string"}, "revision": "main"}, ["revision 'main' moves: write a commit"]),
        ({"schema": {"*": "any", "text": "string"}, "revision": "v1.7"}, ["revision 'v1.7' moves"]),
        ({"schema": {"*": "any", "text": "string"}, "revision": "E" * 40}, ["revision 'EEE"]),
        ({"schema": {"*": "any", "text": "string"}, "max_bytes": None}, ["nothing bounds its size: set `max_bytes`"]),
        ({"revision": "main", "max_bytes": None, "schema": None}, ["moves", "nothing bounds", "not stated"]),
    ],
)
def test_problems(changed, problems):
    found = list(source_problems(read_source(entry(**changed))))
    assert len(found) == len(problems)
    for line, expected in zip(found, problems, strict=True):
        assert re.search(expected, line)
        assert line.startswith("source edu: ") and "\n" not in line


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_the_catalogue_has_none(name):
    assert list(source_problems(read_source(name))) == []


def test_an_address_without_a_checksum_is_refused():
    http = {"kind": "http", "name": "a", "licence": "MIT", "domain": "code", "files": [{"glob": "*", "format": "txt"}]}
    with pytest.raises(UserError, match=r"source a: http\.urls\.0\.sha256 is missing: add it"):
        read_source(http | {"urls": [{"url": "https://example.org/a.txt"}]})


def test_published_sizes_are_of_the_entrys_own_files_and_of_no_identity():
    source = read_source({"from": "finemath", "name": "part", "max_bytes": 1_836_518_463})
    assert source.download_bytes == 1_836_518_463 and source.num_tokens == 960_000_000
    assert "published" not in source.model_dump(mode="json")
    other = read_source({"from": "finemath", "name": "three", "files": entry(schema=None)["files"]})
    assert other.published is None and other.num_tokens is None
    assert read_source({"from": "finemath", "name": "all", "licence": "MIT"}).download_bytes == 18_365_184_633
