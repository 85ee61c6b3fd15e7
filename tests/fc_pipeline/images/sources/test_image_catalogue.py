"""Every shipped source is whole and pinned; an entry that is wrong is told by name."""

from pathlib import Path

import pytest

from fc_model.errors import UserError
from fc_pipeline.images.sources.catalogue import names, resolve_image_source
from fc_pipeline.images.sources.readers.registry import READERS
from fc_pipeline.images.sources.schema import ChessReader, DatasetReader, InstalledOrigin, LocalOrigin, PypiOrigin
from fc_pipeline.sources import catalogue as text_catalogue


@pytest.mark.parametrize("name", names())
def test_a_shipped_source_is_whole_and_pinned(name: str) -> None:
    source = resolve_image_source(name)
    assert source.name == name and (source.reader.kind in READERS) != isinstance(source.reader, DatasetReader)
    for origin in source.origins:
        assert isinstance(origin, PypiOrigin) or (isinstance(origin, InstalledOrigin) and origin.version)
    assert resolve_image_source(source.model_dump(mode="json")) == source


def test_packages_that_text_reads_too_are_the_same_files() -> None:
    text = {
        (source.project, source.version): source.sha256
        for name in text_catalogue.names()
        if (source := text_catalogue.resolve_source(name)).kind == "pypi"
    }
    shared = 0
    for name in names():
        for origin in resolve_image_source(name).origins:
            if isinstance(origin, PypiOrigin) and (origin.project, origin.version) in text:
                assert origin.sha256 == text[origin.project, origin.version]
                shared += 1
    assert shared >= 4


def test_an_entry_changes_fields_of_a_shipped_one() -> None:
    source = resolve_image_source(
        {"from": "chess_boards", "name": "small_boards", "max_images": 10, "reader": {"size": 96}}
    )
    assert (source.name, source.max_images) == ("small_boards", 10)
    assert isinstance(source.reader, ChessReader) and (source.reader.size, source.reader.squares_asked) == (96, 2)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("openmojis", "images 'openmojis' is not in the catalogue; did you mean 'openmoji'?"),
        ("../openmoji", "is not in the catalogue"),
        ({"from": "openmoji", "max_images": 3}, "images openmoji: changes fields of openmoji, so give it a `name`"),
        ({"from": "openmoji", "name": "x", "sise": 3}, "images x: sise: Extra inputs are not permitted"),
        ({"from": "openmoji", "name": "x", "reader": {"size": 1}}, r"images x: reader.emoji.size: .* 16"),
        ({"from": "pdf_pages", "name": "x", "max_images": 5}, "reader pdf takes no `max_images`; set reader.max_pages"),
        ({"name": "x", "licence": "MIT", "origins": [], "reader": {"kind": "tiff"}}, "images x: .*reader"),
    ],
)
def test_what_is_wrong_is_told_by_name(entry: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        resolve_image_source(entry)


def local(folder: Path, files: dict[str, str], kind: str = "folder") -> dict[str, object]:
    origin = {"kind": "local", "folder": str(folder), "files": files}
    return {"name": "inbox", "licence": "CC0-1.0", "origins": [origin], "reader": {"kind": kind}}


def test_the_content_of_a_folder_is_pinned(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    first = resolve_image_source(local(tmp_path, {"pictures": "*.png"}))
    (tmp_path / "a.png").write_bytes(b"2")
    assert resolve_image_source(local(tmp_path, {"pictures": "*.png"})) != first
    assert isinstance(first.origins[0], LocalOrigin) and [file.path for file in first.origins[0].content or []] == [
        "a.png"
    ]


def test_a_role_that_the_reader_needs_and_nobody_has(tmp_path: Path, fetch) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    with pytest.raises(UserError, match=r"images inbox: reader emoji needs `files\.names` in one of `origins`"):
        fetch(local(tmp_path, {"pictures": "*.png"}, kind="emoji"))
