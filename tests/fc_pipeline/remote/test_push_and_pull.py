"""What was pushed comes back byte for byte, or not at all; every kind of damage is named."""

import json
import tempfile
from pathlib import Path

import pytest
from factories.remote_artifacts import IDENTITY, KEY, RECIPE, build, find, manifest_in, path_of, pulled
from hypothesis import given
from hypothesis import strategies as st

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.remote import objects
from fc_pipeline.remote.objects import without_login
from fc_pipeline.remote.pull import pull
from fc_pipeline.remote.push import Pushed, push
from fc_pipeline.remote.remote import Remote
from fc_pipeline.remote.retry import RemoteDamaged, RemoteError
from fc_pipeline.store.verify import verify_remote

BYTES = 102_400


@pytest.fixture
def other(memory_disk) -> Store:
    return Store(memory_disk / "other")


def bytes_of(artifact) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in artifact.folder.rglob("*") if path.is_file()}


def test_round(remote, artifact, other):
    assert remote.find(KEY, IDENTITY) is None and remote.everything() == {}
    assert push(remote, artifact) == Pushed(num_files=5, num_bytes=BYTES + 29)
    assert list(remote.everything()) == [(KEY, IDENTITY)]
    copy = pulled(remote, other)
    assert copy.digest == artifact.digest and bytes_of(copy) == bytes_of(artifact)
    assert verify_remote(remote, [KEY]) == (1, [])


def test_push_twice(remote, artifact):
    push(remote, artifact)
    system, path = path_of(remote, "tokens.bin")
    written = system.modified(path)
    assert push(remote, artifact) == Pushed(0, 0)
    assert system.modified(path) == written
    assert push(remote, artifact, again=True).num_files == 5


def test_pull_resumes(remote, artifact, other):
    push(remote, artifact)
    (sha256,) = (entry.sha256 for entry in artifact.manifest.files if entry.path == "tokens.bin")
    part = other.folder(KEY, IDENTITY) / "workspace" / "pull" / sha256
    tokens = artifact.path("tokens.bin").read_bytes()
    for kept in (tokens[:1000], tokens, tokens + b"more", b"zeros where a power failure was", b""):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(kept)
        pulled(remote, other)
        other.remove(KEY, IDENTITY)


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("harm", "message"),
    [(flip, "sha256 differs"), (lambda data: data[:-1], "102399 bytes, the manifest says 102400"), (None, "missing")],
)
def test_pull_damaged_object(remote, artifact, other, harm, message):
    push(remote, artifact)
    system, path = path_of(remote, "tokens.bin")
    if harm is None:
        system.rm_file(path)
    else:
        system.pipe_file(path, harm(system.cat_file(path)))
    with pytest.raises(RemoteDamaged, match=rf"tokens\.bin\..*{message}") as caught:
        pull(remote, other, manifest_in(remote))
    assert "\n" not in str(caught.value) and other.find(KEY, IDENTITY) is None
    [problem] = verify_remote(remote, [])[1]
    assert message in problem and "tokens.bin" in problem
    assert push(remote, artifact, again=harm is flip).num_files == (5 if harm is flip else 1)  # it mends
    pulled(remote, other)


@pytest.mark.parametrize("harm", [lambda text: text[:-40], lambda text: text.replace("1.5", "1.6"), lambda text: "[]"])
def test_damaged_manifest(nas, artifact, harm):
    push(nas, artifact)
    system, path = path_of(nas, "manifest.json")
    system.pipe_file(path, harm(system.cat_file(path).decode()).encode())
    with pytest.raises(RemoteDamaged, match=r"manifest\.json: "):
        nas.find(KEY, IDENTITY)
    assert "manifest.json" in verify_remote(nas, [])[1][0]
    assert push(nas, artifact) == Pushed(0, 0) and manifest_in(nas).digest == artifact.digest


def test_manifest_of_another(nas, artifact):
    push(nas, artifact)
    system, path = path_of(nas, "manifest.json")
    system.copy(path.rpartition("/")[0], path.rpartition("/")[0].replace(IDENTITY, "0" * 16), recursive=True)
    with pytest.raises(RemoteDamaged, match=f"belongs to {KEY}/{IDENTITY}"):
        nas.find(KEY, "0" * 16)


def test_manifest_with_reserved_name(nas, artifact, other):
    push(nas, artifact)
    for name in ("workspace/x", "manifest.json", "x.tmp"):
        manifest = manifest_in(nas)
        manifest.files[0] = type(manifest.files[0])(**(vars(manifest.files[0]) | {"path": name}))
        with pytest.raises(UserError):
            pull(nas, other, manifest)
    assert other.find(KEY, IDENTITY) is None


def test_push_without_manifest(remote, artifact, other):
    """Without its manifest an artifact does not exist, and a push completes it."""
    push(remote, artifact)
    system, path = path_of(remote, "manifest.json")
    system.rm_file(path)
    assert remote.find(KEY, IDENTITY) is None and len(remote.everything()[KEY, IDENTITY]) == 5
    push(remote, artifact)
    pulled(remote, other)


def test_push_other_bytes(nas, artifact, other):
    push(nas, artifact)
    with pytest.raises(RemoteError, match=r"other bytes of this identity \(deep/folder/copy.txt, notes.txt\)"):
        push(nas, build(other, text="other bytes!"))
    assert manifest_in(nas).digest == artifact.digest


def test_push_other_logs(nas, artifact, other, memory_disk):
    """Two builds of one identity differ in their timings; whichever manifest stands, its files are there."""
    push(nas, artifact)
    twin = build(other, log="another log")
    assert push(nas, twin) == Pushed(0, 0)
    assert push(nas, twin, again=True).num_files == 5
    assert pulled(nas, Store(memory_disk / "third")).path("log.txt").read_text() == "another log"


def test_removed_and_taken_down(remote, artifact):
    push(remote, artifact)
    remote.remove(KEY, IDENTITY)
    remote.remove(KEY, IDENTITY)
    assert remote.everything() == {}
    push(remote, artifact)
    remote.take_down(KEY, IDENTITY, at=1.0)
    assert remote.everything() == {} and remote.is_taken_down(KEY, IDENTITY)
    with pytest.raises(RemoteError, match=r"was taken down from .* not pushed again"):
        push(remote, artifact)
    assert remote.everything() == {}


def test_pull_replaces_damaged(nas, artifact, other):
    push(nas, artifact)
    pull(nas, other, manifest_in(nas))
    find(other).path("notes.txt").write_text("flipped")
    pull(nas, other, manifest_in(nas))  # there, as far as the store knows
    assert find(other).problems() != []
    pull(nas, other, manifest_in(nas), replace=True)
    assert find(other).problems(strict=True) == []


contents = st.dictionaries(
    st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,9}(/[a-z0-9][a-z0-9_.-]{0,9}){0,2}", fullmatch=True),
    st.tuples(st.binary(max_size=3000), st.booleans()),
    max_size=6,
)


def can_lie_together(names) -> bool:
    """No name is another one's folder, and none is reserved."""
    reserved = any(
        name.split("/")[0] == "workspace" or name == "manifest.json" or name.endswith(".tmp") for name in names
    )
    return not reserved and not any(other.startswith(f"{name}/") for name in names for other in names)


@given(files=contents.filter(can_lie_together), scheme=st.sampled_from(["file://", "memory:/"]))
def test_any_bytes_go_round(files, scheme):
    root = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=root) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "CHUNK_BYTES", 700)
        home, other, remote = Store(f"{folder}/home"), Store(f"{folder}/other"), Remote(f"{scheme}{folder}/remote")
        with home.write(KEY, RECIPE) as out:
            for name, (data, content) in files.items():
                with out.open(name, content=content) as file:
                    file.write(data)
        push(remote, find(home))
        copy = pulled(remote, other)
        assert copy.manifest == find(home).manifest
        assert all(copy.path(name).read_bytes() == data for name, (data, _) in files.items())


def test_folders_like_identities(nas, memory_disk):
    home = Store(memory_disk / "home")
    with home.write(KEY, RECIPE) as out:
        out.write_text(f"{'0' * 16}/{'f' * 16}/notes.txt", "deep")
    push(nas, find(home))
    assert list(nas.everything()) == [(KEY, IDENTITY)]


def test_logins_are_in_no_message():
    assert without_login("ftp://user:pass@host/fc") == "ftp://host/fc"
    assert without_login("s3://bucket/a@b") == "s3://bucket/a@b"
    assert without_login("/mnt/nas/fc") == "/mnt/nas/fc"


def test_the_layout(artifact, tmp_path):
    """What other machines read: a change of it needs a new number in the folder's name."""
    push(Remote(str(tmp_path / "nas")), artifact)
    base = f"nas/artifacts-1/{KEY}/{IDENTITY}"
    paths = {path.relative_to(tmp_path / base).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert paths == {"manifest.json", *(f"{entry.path}.{entry.sha256}" for entry in artifact.manifest.files)}
    assert json.loads((tmp_path / base / "manifest.json").read_text())["digest"] == artifact.digest
