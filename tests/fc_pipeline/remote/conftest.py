"""Remotes of every kind: a folder, memory, and a real S3 server on loopback."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import s3_server
from factories.remote_artifacts import build
from factories.s3_server import BUCKET, S3Server, free_port, use_server_at

from fc_model.artifacts import Artifact, Store
from fc_pipeline.remote.remote import Remote, configured_remote


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    if s3_server.MISSING:
        pytest.skip(s3_server.REASON)
    server = S3Server(tmp_path_factory.mktemp("s3") / "log")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def s3_login(s3, monkeypatch) -> S3Server:
    """The server, with a bucket and the environment in which fsspec finds it."""
    import s3fs

    use_server_at(monkeypatch, s3.port)
    system = s3fs.S3FileSystem()
    if not system.exists(BUCKET):
        system.mkdir(BUCKET)
    return s3


@pytest.fixture
def s3_away(monkeypatch) -> str:
    """The address of a bucket at a server that does not answer."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    use_server_at(monkeypatch, free_port(), AWS_MAX_ATTEMPTS="1")
    return f"s3://{BUCKET}/unreachable"


@pytest.fixture
def use_remote(monkeypatch) -> Callable[[object], Remote]:
    """use_remote(address) makes it FC_REMOTE, asked again without a pause."""

    def use(address: object) -> Remote:
        monkeypatch.setenv("FC_REMOTE", str(address))
        remote = configured_remote()
        assert remote is not None
        monkeypatch.setattr(remote.objects, "_pause_seconds", 0.001)
        return remote

    return use


@pytest.fixture
def s3_url(s3_login, tmp_path) -> str:
    """A folder in the bucket that no other test uses."""
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def nas(tmp_path: Path) -> Remote:
    """A folder, for what does not depend on the kind of remote."""
    return Remote(f"file://{tmp_path}/nas/fc", pause_seconds=0.01)


@pytest.fixture(params=["file", "memory", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    if request.param == "s3":
        return Remote(request.getfixturevalue("s3_url"), pause_seconds=0.01)
    if request.param == "memory":
        return Remote(f"memory:/{tmp_path}", pause_seconds=0.01)
    return request.getfixturevalue("nas")


@pytest.fixture
def artifact(memory_disk: Path) -> Artifact:
    return build(Store(memory_disk / "home"))
