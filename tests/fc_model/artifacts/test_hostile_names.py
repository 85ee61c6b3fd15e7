"""Names that lead out of the store, links that do, and files that are no manifests."""

import hashlib
import json

import pytest
from factories.small_writer import KEY, find, write

from fc_model.artifacts import Manifest, ManifestError, Recipe, Store
from fc_model.artifacts.manifest import canonical_json
from fc_model.errors import UserError

OTHER = Recipe(config={}, code={"version": "0" * 16, "parts": {}}, inputs={})


@pytest.fixture
def store(tmp_path) -> Store:
    write(tmp_path / "home", 1)
    return Store(tmp_path / "home")


@pytest.fixture
def artifact(store):
    return find(store.root, 1)


def sealed(raw: dict) -> bytes:
    """The manifest of somebody who knows how to seal one."""
    raw = {name: value for name, value in raw.items() if name != "seal"}
    return json.dumps({**raw, "seal": hashlib.sha256(canonical_json(raw).encode()).hexdigest()}).encode()


HOSTILE_NAMES = [
    "../escape", "folder/../../escape", "/etc/passwd", "", ".", "..", "folder//notes.txt", "folder/", "C:\\windows",
    "nul\0byte", "~/.ssh/id_rsa", "line\nbreak", ".hidden", "-rf",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names(store, artifact, name):
    raw = json.loads((artifact.folder / "manifest.json").read_bytes())
    raw["files"][0]["path"] = name
    with pytest.raises(ManifestError, match="cannot be the name"):
        Manifest.from_json(sealed(raw), "here")
    with pytest.raises(UserError, match="cannot be the name"), store.write(KEY, OTHER) as out:
        out.write_text(name, "text")
    for key in (name, f"toy/{name}"):
        if key != "toy/":
            with pytest.raises(UserError, match="is not an artifact"):
                store.folder(key, "0" * 16)
    with pytest.raises(UserError, match="is not an artifact"):
        store.folder(KEY, name)


@pytest.mark.parametrize("name", ["manifest.json", "workspace", "workspace/model.bin", "half.tmp"])
def test_reserved_names(store, name):
    with pytest.raises(UserError, match="cannot be the name"), store.write(KEY, OTHER) as out:
        out.write_text(name, "text")


def test_link_out_of_the_artifact_is_not_followed(tmp_path, artifact):
    path = artifact.path("deep/folder/tokens.bin")
    (tmp_path / "elsewhere").mkdir()
    elsewhere = path.rename(tmp_path / "elsewhere" / "tokens.bin")
    path.symlink_to(elsewhere)
    assert artifact.problems() == [f"{path}: a link, not a file of this artifact"]
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(elsewhere.parent)
    assert artifact.problems() == [f"{path}: a link, not a file of this artifact"]


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b'"schema"', b'{"schema": 1}', b"[" * 100_000, b"\xff\xfe", b"{" * 9]
)
def test_not_a_manifest(text):
    with pytest.raises(ManifestError, match="here: "):
        Manifest.from_json(text, "here")
