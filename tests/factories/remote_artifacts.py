"""A small artifact with every kind of file, and processes that push and pull it, to be killed.

python remote_artifacts.py push HOME URL
python remote_artifacts.py pull HOME URL
"""

import sys
from pathlib import Path
from typing import Any

from fc_model.artifacts import Artifact, Manifest, Recipe, Store
from fc_model.artifacts.manifest import MANIFEST_NAME
from fc_model.errors import UserError
from fc_pipeline.remote.pull import pull
from fc_pipeline.remote.push import push
from fc_pipeline.remote.remote import Remote

KEY = "toy/artifact"
RECIPE = Recipe(config={"number": 1}, code={"version": "0" * 16, "parts": {}}, inputs={})
IDENTITY = RECIPE.identity(KEY)


def build(store: Store, *, log: str = "a log", text: str = "twelve bytes", megabytes: int = 0) -> Artifact:
    """Content, a copy of it under another name, an empty file, and a log that counts in no digest."""
    with store.write(KEY, RECIPE) as out:
        out.write_text("notes.txt", text)
        out.write_text("deep/folder/copy.txt", text)
        out.write_text("empty.txt", "")
        out.write_text("log.txt", log, content=False)
        with out.open("tokens.bin") as file:
            file.write(bytes(range(256)) * 400)
            for megabyte in range(megabytes):
                file.write(megabyte.to_bytes(4, "little") * (1 << 18))
        out.metrics["loss"] = 1.5
    return find(store)


def find(store: Store) -> Artifact:
    artifact = store.find(KEY, IDENTITY)
    assert artifact is not None
    return artifact


def manifest_in(remote: Remote) -> Manifest:
    manifest = remote.find(KEY, IDENTITY)
    assert manifest is not None
    return manifest


def pulled(remote: Remote, store: Store) -> Artifact:
    """The remote's artifact, pulled into a store and whole in it."""
    pull(remote, store, manifest_in(remote))
    artifact = find(store)
    assert artifact.problems(strict=True) == []
    return artifact


def path_of(remote: Remote, name: str) -> tuple[Any, str]:
    """The file system and the path on it of the manifest or another of the artifact's files, to do harm there."""
    system, root = remote.objects._opened
    hashes = {} if name == MANIFEST_NAME else {entry.path: f".{entry.sha256}" for entry in manifest_in(remote).files}
    return system, f"{root}/artifacts-1/{KEY}/{IDENTITY}/{name}{hashes.get(name, '')}"


def main(what: str, home: str, url: str) -> None:
    remote, store = Remote(url, pause_seconds=0.05), Store(Path(home))
    if what == "push":
        print(push(remote, find(store)).num_files)
    else:
        pull(remote, store, manifest_in(remote))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
