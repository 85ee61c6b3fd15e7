"""What `verify` says of a store."""

import os

from factories.build import build, write_text

from fc_model.artifacts import Store
from fc_model.artifacts.hashed import index_path
from fc_pipeline.store.verify import verify_store


def test_a_pipe_is_named_and_the_other_artifacts_are_checked(tmp_path) -> None:
    store = Store(tmp_path)
    one, two, _ = (build(store, f"toy/{name}", write_text) for name in ("one", "two", "three"))
    index_path(one.folder).unlink(missing_ok=True)
    os.mkfifo(index_path(one.folder))
    (two.folder / "manifest.json").unlink()
    os.mkfifo(two.folder / "manifest.json")
    checked, lines = verify_store(store, [], strict=True)
    assert checked == 3 and len(lines) == 2
    assert all(line.endswith("stands in place of a file: remove it") for line in lines)
