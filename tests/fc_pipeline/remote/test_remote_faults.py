"""The network breaks, and comes back or not; drivers are missing; nobody may write there."""

import os
import threading
import time
from itertools import pairwise

import pytest
from factories.remote_artifacts import IDENTITY, KEY, build, manifest_in, pulled
from factories.s3_server import Line, free_port, use_server_at

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.remote.pull import pull
from fc_pipeline.remote.push import push
from fc_pipeline.remote.remote import Remote
from fc_pipeline.remote.retry import ATTEMPTS, RemoteError, RemoteUnreachable, ask_remote


@pytest.fixture
def behind(s3_login, monkeypatch):
    """A line to the server; fsspec goes through it."""
    line = Line(s3_login.port)
    use_server_at(monkeypatch, line.port)
    yield line
    line.close()


def test_connection_breaks(behind, artifact, memory_disk, s3_url):
    remote, other = Remote(s3_url, pause_seconds=0.01), Store(memory_disk / "other")
    behind.cuts = [0, 10, 100]
    push(remote, artifact)
    behind.cuts = [0, 50_000, 300]
    pulled(remote, other)
    assert behind.cuts == []


def test_server_returns(s3_login, artifact, monkeypatch, s3_url):
    port, lines = free_port(), []
    use_server_at(monkeypatch, port)
    back = threading.Timer(1.5, lambda: lines.append(Line(s3_login.port, port=port)))
    back.start()
    try:
        push(Remote(s3_url, pause_seconds=0.5), artifact)
    finally:
        back.join()
        lines[0].close()
    use_server_at(monkeypatch, s3_login.port)
    assert manifest_in(Remote(s3_url)).digest == artifact.digest


def test_server_away(s3_away, artifact):
    expected = rf"no answer in {ATTEMPTS} tries .* check FC_REMOTE, the network"
    with pytest.raises(RemoteUnreachable, match=expected) as caught:
        push(Remote(s3_away, pause_seconds=0.001), artifact)
    assert "\n" not in str(caught.value)


def test_bucket_missing(s3_login, artifact):
    remote = Remote("s3://no-such-bucket/fc", pause_seconds=0.001)
    assert remote.find(KEY, IDENTITY) is None and remote.everything() == {}
    with pytest.raises(RemoteError, match=r"cannot be written .*bucket does not exist.* correct FC_REMOTE"):
        push(remote, artifact)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nosuch://bucket/fc", "Protocol not known: nosuch"),
        ("oci://bucket/fc", "Install ocifs to access OCI Object Storage"),
    ],
)
def test_driver_missing(url, message):
    remote = Remote(url, pause_seconds=3600)  # a second try would come too late for the test
    with pytest.raises(RemoteError, match=message):
        remote.find(KEY, IDENTITY)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_read_only(tmp_path, artifact):
    (tmp_path / "nas").mkdir(mode=0o500)
    with pytest.raises(RemoteUnreachable, match="access is refused"):
        push(Remote(str(tmp_path / "nas"), pause_seconds=0.001), artifact)


def test_remote_is_a_file(tmp_path, artifact):
    (tmp_path / "nas").write_text("a file")
    remote = Remote(str(tmp_path / "nas"), pause_seconds=0.001)
    for ask in (lambda: push(remote, artifact), lambda: remote.find(KEY, IDENTITY), remote.everything):
        with pytest.raises(RemoteUnreachable, match="NotADirectoryError"):
            ask()


def test_local_disk_error(tmp_path, memory_disk):
    """What this side cannot write ends the pull with the store's own words."""
    remote = Remote(str(tmp_path / "nas"))
    push(remote, build(Store(memory_disk / "home")))
    (tmp_path / "home").write_text("a file where the store should be")
    with pytest.raises(UserError, match="Not a directory") as caught:
        pull(remote, Store(tmp_path / "home"), manifest_in(remote))
    assert not isinstance(caught.value, RemoteError)


def test_patiently():
    asked = []

    def ask():
        asked.append(time.monotonic())
        raise ConnectionResetError("gone")

    with pytest.raises(RemoteUnreachable):
        ask_remote(ask, what="x", pause_seconds=0.02)
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert len(asked) == ATTEMPTS and gaps[0] >= 0.02 and gaps[-1] >= 0.04

    def mistake():
        asked.append(0.0)
        raise TypeError("ours")

    with pytest.raises(TypeError):
        ask_remote(mistake, what="x", pause_seconds=0.02)
    assert len(asked) == ATTEMPTS + 1
