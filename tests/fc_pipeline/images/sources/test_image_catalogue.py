"""An entry of a track that changes a shipped source of images, or is wrong."""

from pathlib import Path

import pytest
from factories.image_artifacts import local_source

from fc_model.errors import UserError
from fc_pipeline.images.sources.catalogue import resolve_image_source
from fc_pipeline.images.sources.schema import ChessReader, LocalOrigin

SET = {"from": "cc3m", "name": "x"}


def test_an_entry_changes_fields_of_a_shipped_one() -> None:
    changes = {"name": "small_boards", "max_images": 10, "reader": {"size": 96}}
    source = resolve_image_source({"from": "chess_boards", **changes})
    assert (source.name, source.max_images) == ("small_boards", 10)
    assert isinstance(source.reader, ChessReader) and (source.reader.size, source.reader.squares_asked) == (96, 2)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"from": "openmoji", "name": "x", "sise": 3}, "images x: sise is no field"),
        ({"from": "openmoji", "name": "x", "reader": {"size": 1}}, r"images x: reader.emoji.size: .* 16"),
        ({"from": "pdf_pages", "name": "x", "max_images": 5}, "reader pdf takes no `max_images`; set reader.max_pages"),
        ({"name": "x", "licence": "MIT", "origins": [], "reader": {"kind": "tiff"}}, "images x: .*reader"),
        ({"name": "x", "licence": "MIT", "reader": {"kind": "chess"}}, "reader chess needs `origins`: the packages"),
        (
            SET | {"reader": {"dataset": "vqa"}},
            r"images x: reader\.dataset: .*'vqa' has no loader; choose from cc12m, ",
        ),
        (SET | {"max_images": 5}, r"reader dataset takes no `max_images`; set reader\.share"),
        (SET | {"licence": "MIT"}, "licence: cc3m is published under LicenseRef-Conceptual-Captions, not MIT"),
        (SET | {"origins": [{"kind": "local", "folder": "x", "files": {"a": "*"}}]}, "takes no `origins`; its files"),
        (SET | {"reader": {"share": 0}}, r"reader\.dataset\.share"),
    ],
)
def test_what_is_wrong_is_told_by_name(entry: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        resolve_image_source(entry)


def test_the_content_of_a_folder_is_pinned(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    entry = local_source(tmp_path, {"pictures": "*.png"}, {"kind": "folder"})
    first = resolve_image_source(entry)
    (tmp_path / "a.png").write_bytes(b"2")
    assert resolve_image_source(entry) != first
    (origin,) = first.origins
    assert isinstance(origin, LocalOrigin) and [file.path for file in origin.content or []] == ["a.png"]


def test_a_role_that_the_reader_needs_and_nobody_has(tmp_path: Path, fetch) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    with pytest.raises(UserError, match=r"images inbox: reader emoji needs `files\.names` in one of `origins`"):
        fetch(local_source(tmp_path, {"pictures": "*.png"}, {"kind": "emoji"}))
