"""What a build has to say of its remote reaches the terminal of the person who runs it."""

import io

import pytest
from factories.materializer import Materializer, materializer

from fc_pipeline.cli.live_progress import Terminal
from fc_pipeline.components.progress import listening
from fc_pipeline.remote.remote import configured_remote


@pytest.fixture
def run(memory_disk, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(memory_disk))
    with materializer(memory_disk / "home") as run:
        yield run


def test_remote_notes(toy, run: Materializer, tmp_path, monkeypatch):
    def build(*keys: str) -> list[str]:
        stream = io.StringIO()
        with listening(Terminal(stream, len(keys))):
            assert run(toy.graph, *keys).success
        return stream.getvalue().splitlines()

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FC_REMOTE", str(tmp_path / "file"))
    remote = configured_remote()
    assert remote is not None
    monkeypatch.setattr(remote.objects, "_pause_seconds", 0.001)
    lines = build("sources/letters")
    assert "no answer in 3 tries" in lines[0] and lines[0].endswith("sources/letters is built here")
    assert lines[1] == "sources/letters is built but not in the remote: run `fustercluck push sources/letters`"
    monkeypatch.setenv("FC_REMOTE", str(tmp_path / "nas"))
    [identity] = toy.store.identities("sources/letters")
    for expected in ("built in", "pulled from"):  # and pushed, the first time
        toy.store.remove("sources/letters", identity)
        assert expected in build("sources/letters")[0]
