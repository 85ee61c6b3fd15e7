"""A push or a pull that is killed anywhere leaves nothing that is taken for an artifact, and the next one completes."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from factories import remote_artifacts
from factories.remote_artifacts import IDENTITY, KEY, build, find, manifest_in, pulled
from factories.s3_server import LOGIN, Line
from factories.small_writer import killed_at
from factories.waiting import wait_until

from fc_model.artifacts import Store
from fc_pipeline.remote.pull import pull
from fc_pipeline.remote.push import Pushed, push
from fc_pipeline.remote.remote import Remote
from fc_pipeline.remote.retry import RemoteError
from fc_pipeline.store.verify import verify_remote

MEGABYTES = 32


def test_push_killed_anywhere(memory_disk):
    artifact = build(Store(memory_disk / "home"))
    for operation in range(1, 100):
        remote = Remote(f"file://{memory_disk}/nas/{operation}")
        killed = killed_at(operation, partial(push, remote, artifact))
        manifest = remote.find(KEY, IDENTITY)
        if manifest is not None:  # its presence says that all is there
            assert verify_remote(remote, []) == (1, [])
        before = {name: size for name, size in remote.sizes(KEY, IDENTITY).items() if not name.endswith(".tmp")}
        pushed = push(remote, artifact)
        assert pushed.num_files == (0 if manifest is not None else 5 - len(before))  # what was there stays
        assert verify_remote(remote, []) == (1, [])
        if not killed:
            assert operation > 10
            return
    raise AssertionError("the push never completed")


def test_pull_killed_anywhere(memory_disk):
    artifact, remote = build(Store(memory_disk / "home")), Remote(f"file://{memory_disk}/nas")
    push(remote, artifact)
    manifest = manifest_in(remote)
    for operation in range(1, 200):
        other = Store(memory_disk / "others" / str(operation))
        killed = killed_at(operation, partial(pull, remote, other, manifest))
        present = other.find(KEY, IDENTITY)
        assert present is None or present.problems(read="all") == []
        pull(remote, other, manifest)
        other.tidy(find(other))
        assert find(other).problems(strict=True, read="all") == [] and find(other).manifest == artifact.manifest
        if not killed:
            assert operation > 20
            return
    raise AssertionError("the pull never completed")


def process(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", remote_artifacts.__file__, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (environment or {}),
    )


@pytest.fixture
def line(s3_login):
    line = Line(s3_login.port)
    yield line
    line.close()


def through(line: Line) -> dict[str, str]:
    return LOGIN | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{line.port}"}


def test_kill_9_of_a_pull(line, memory_disk, s3_url):
    artifact = build(Store(memory_disk / "home"), megabytes=MEGABYTES)
    push(Remote(s3_url), artifact)
    other = Store(memory_disk / "other")
    line.hold_after = 20_000_000
    puller = process("pull", other.root, s3_url, environment=through(line))
    parts = other.folder(KEY, IDENTITY) / "workspace" / "pull"
    wait_until(lambda: any(part.stat().st_size > 10_000_000 for part in parts.glob("*")), "bytes have come")
    puller.send_signal(signal.SIGKILL)
    puller.communicate(timeout=60)
    assert other.find(KEY, IDENTITY) is None
    line.hold_after, line.num_bytes = None, 0
    again = process("pull", other.root, s3_url, environment=through(line))
    assert again.communicate(timeout=120) == ("", "") and again.returncode == 0
    assert find(other).problems(strict=True, read="all") == []
    assert line.num_bytes < MEGABYTES * 2**20 - 10_000_000  # what had come was not asked for again


def test_kill_9_of_a_push(line, memory_disk, s3_url):
    store = Store(memory_disk / "home")
    artifact, remote = build(store), Remote(s3_url)
    line.hold_put = 3
    pusher = process("push", store.root, s3_url, environment=through(line))
    wait_until(lambda: line.num_puts == 3, "the third upload begins")
    pusher.send_signal(signal.SIGKILL)
    pusher.communicate(timeout=60)
    assert len(remote.sizes(KEY, IDENTITY)) == 2 and remote.find(KEY, IDENTITY) is None
    assert push(remote, artifact).num_files == 3
    assert verify_remote(remote, []) == (1, []) and push(remote, artifact) == Pushed(0, 0)


def test_two_pushers_at_once(memory_disk):
    """Builds of one identity with unequal logs, pushed by two processes over and over: the remote is always whole."""
    stores = [Store(memory_disk / name) for name in ("one", "two")]
    for number, store in enumerate(stores):
        build(store, log=f"log of {number}", megabytes=2)
    for attempt in range(2):
        url = f"file://{memory_disk}/nas/{attempt}"
        pushers = [process("push", store.root, url) for store in stores]
        assert [pusher.communicate(timeout=60)[1] for pusher in pushers] == ["", ""]
        assert [pusher.returncode for pusher in pushers] == [0, 0]
        assert verify_remote(Remote(url), []) == (1, [])
        pulled(Remote(url), Store(memory_disk / "pulled" / str(attempt)))


def test_two_pushers_unequal(memory_disk):
    """At the very same moment the last one stands, whole; whoever comes after it is refused."""
    stores = [Store(memory_disk / name) for name in ("one", "two")]
    for number, store in enumerate(stores):
        build(store, text=f"bytes of {number:3}")
    url = f"file://{memory_disk}/nas"
    pushers = [process("push", store.root, url) for store in stores]
    errors = [pusher.communicate(timeout=60)[1] for pusher in pushers]
    refused = [pusher.returncode for pusher in pushers]
    assert 0 in refused and verify_remote(Remote(url), []) == (1, [])
    for code, error in zip(refused, errors, strict=True):
        assert ("holds other bytes of this identity" in error) == (code == 2)
    stands = manifest_in(Remote(url)).digest
    for store in stores:
        if find(store).digest == stands:
            assert push(Remote(url), find(store)) == Pushed(0, 0)
        else:
            with pytest.raises(RemoteError, match="holds other bytes"):
                push(Remote(url), find(store))


def test_pull_beside_writer(memory_disk):
    """The writer of an artifact keeps it: a pull beside it is refused by name, as a second builder is."""
    artifact, remote, other = build(Store(memory_disk / "home")), Remote(f"file://{memory_disk}/nas"), memory_disk / "o"
    push(remote, artifact)
    with Store(other).write(KEY, artifact.manifest.recipe) as out:
        puller = process("pull", other, f"file://{memory_disk}/nas")
        assert "is being written by another process" in puller.communicate(timeout=60)[1]
        assert puller.returncode == 2
        out.write_text("notes.txt", "mine")
    assert Path(find(Store(other)).path("notes.txt")).read_text() == "mine"
