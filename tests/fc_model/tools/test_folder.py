"""No path leaves the folder, and the folder stays small."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.tools.folder import MAX_FILE_BYTES, MAX_FILES, Folder
from fc_model.tools.tool import ToolError

LEADS_OUT = [
    "../secret.txt", "../../etc/passwd", "/etc/passwd", "//etc/passwd", "a/../../secret.txt", "..", ".", "", "/",
    "a//b", "./a", "a/./b", "a/", ".hidden", "a/.ssh/id", "..\\secret.txt", "C:\\Windows\\win.ini", "C:secret",
    "file:///etc/passwd", "~root/../x/..", "a\x00.txt", "secret.txt\x00.png", "a\nb", "nul", "NUL.txt", "con",
    "Com1.log", "x" * 300, "x/" * 20 + "x", "\u00e9" * 150, "folder_secret/../../folder_secret/a",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder, beside a secret and a folder whose name begins like its own (mavlink/MAVSDK#3069)."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "folder_secret").mkdir()
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def outside(root: Path) -> list[str]:
    paths = (path for path in root.parent.rglob("*") if not path.is_relative_to(root))
    return sorted(f"{path.name} {path.read_text() if path.is_file() else ''}" for path in paths)


@pytest.mark.parametrize("path", LEADS_OUT)
def test_paths_that_lead_out(path: str, root: Path) -> None:
    before = outside(root)
    for use in (Folder(root).read, lambda path: Folder(root).write(path, b"x", append=False)):
        with pytest.raises(ToolError) as caught:
            use(path)
        assert str(caught.value).isprintable() and "secret\n" not in str(caught.value)
    assert outside(root) == before and list(root.iterdir()) == []


@given(st.text(alphabet="a./\\~:\x00 é", max_size=12))
def test_any_path(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    base = tmp_path_factory.mktemp("any")
    (base / "in").mkdir()
    try:
        Folder(base / "in").write(path, b"x", append=False)
    except ToolError:
        assert list(base.rglob("*")) == [base / "in"] or not any(item.is_file() for item in base.rglob("*"))
        return
    assert Folder(base / "in").read(path) == b"x"
    assert list(base.iterdir()) == [base / "in"]


LINKS: dict[str, Callable[[Path], None]] = {
    # modelcontextprotocol/servers#1845
    "a link to a file": lambda root: (root / "link").symlink_to("../secret.txt"),
    "an absolute link": lambda root: (root / "link").symlink_to(root.parent / "secret.txt"),
    # wonderwhy-er/DesktopCommanderMCP#420: a target that is not there yet
    "a link to nothing": lambda root: (root / "link").symlink_to("../new.txt"),
    "a link to itself": lambda root: (root / "link").symlink_to("link"),
}


@pytest.mark.parametrize("make", LINKS.values(), ids=LINKS)
def test_links_are_not_followed(make: Callable[[Path], None], root: Path) -> None:
    make(root)
    before, folder = outside(root), Folder(root)
    for path in ("link", "link/a.txt"):
        for use in (folder.read, lambda path: folder.write(path, b"x", append=False)):
            with pytest.raises(ToolError, match="'link"):
                use(path)
    assert outside(root) == before and list(folder.files()) == []


def test_a_link_to_a_folder_is_none(root: Path) -> None:
    (root / "out").symlink_to(root.parent)
    folder = Folder(root)
    for use in (folder.read, lambda path: folder.write(path, b"x", append=True)):
        with pytest.raises(ToolError, match="cannot be opened"):
            use("out/secret.txt")
    assert (root.parent / "secret.txt").read_text() == "secret" and list(folder.files()) == []


def test_what_is_no_file(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket"))
        for name in ("pipe", "folder", "socket"):
            with pytest.raises(ToolError):
                Folder(root).read(name)
            with pytest.raises(ToolError, match=f"'{name}' is no file"):
                Folder(root).write(name, b"x", append=False)
    assert list(Folder(root).files()) == []


def test_bounds(root: Path) -> None:
    folder = Folder(root)
    with pytest.raises(ToolError, match=r"a file may have 1048576 bytes, 'a' would have 1048577"):
        folder.write("a", b"x" * (MAX_FILE_BYTES + 1), append=False)
    assert folder.write("a", b"x" * MAX_FILE_BYTES, append=False) == MAX_FILE_BYTES
    with pytest.raises(ToolError, match="would have 1048577"):
        folder.write("a", b"x", append=True)
    for number in range(15):
        folder.write(f"many/{number}", b"x" * MAX_FILE_BYTES, append=False)
    with pytest.raises(ToolError, match="the folder is full"):
        folder.write("b", b"x", append=False)
    (root / "large").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ToolError, match="'large' has more than 1048576 bytes"):
        folder.read("large")


def test_number_of_files(root: Path) -> None:
    for number in range(MAX_FILES):
        (root / str(number)).touch()
    with pytest.raises(ToolError, match="the folder is full: 1000 files"):
        Folder(root).write("one more", b"", append=False)
    Folder(root).write("0", b"x", append=False)


def test_what_a_kill_left_is_no_file(root: Path) -> None:
    (root / ".a.partial").write_bytes(b"half")
    folder = Folder(root)
    assert folder.write("a", b"whole", append=False) == 5
    assert list(folder.files()) == [("a", 5)] and not (root / ".a.partial").exists()


def test_no_room(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(root)
    folder.write("a", b"old", append=False)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ToolError, match=r"'a' cannot be written \(No space left on device\)"):
        folder.write("a", b"new", append=False)
    assert folder.read("a") == b"old" and [path.name for path in root.iterdir()] == ["a"]


def test_no_descriptor_is_left(root: Path) -> None:
    folder = Folder(root)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("a/b/c", "missing/x", "a", "../x"):
        for use in (lambda path: folder.write(path, b"x", append=True), folder.read):
            try:
                use(path)
            except ToolError:
                continue
    list(folder.files())
    assert len(list(Path("/proc/self/fd").iterdir())) == before
