"""A folder of documents: on this machine, and where fsspec reaches."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from factories.sources import as_lines, as_parquet, documents, files, inbox, refused, texts

from fc_model.errors import UserError
from fc_pipeline.sources.schema import parse_source

TEXTS, LINES = files("**/*.txt", "txt"), files("*.jsonl", "jsonl")


@pytest.fixture(params=["file", "memory"])
def folder(request, tmp_path: Path) -> tuple[str, Callable[[str, bytes | None], None]]:
    """An address, and a function that puts a file there, or removes it."""
    root = str(tmp_path / "an inbox")
    system = fsspec.filesystem(request.param)

    def put(name: str, data: bytes | None) -> None:
        path = f"{root}/{name}"
        if data is None:
            system.rm(path)
        else:
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            system.pipe(path, data)

    for name, data in {"deep/a.txt": b"first", "b.jsonl": as_lines([{"t": "second"}]), "ignored.bin": b"x"}.items():
        put(name, data)
    yield (root if request.param == "file" else f"memory:/{root}"), put
    system.rm(root, recursive=True)


def test_a_folder_is_read_in_the_order_of_paths(folder, fetch) -> None:
    planned = inbox(folder[0], TEXTS, LINES)
    assert [file["path"] for file in planned["content"]] == ["b.jsonl", "deep/a.txt"]
    one = fetch(planned)
    assert texts(one) == ["second", "first"]
    assert fetch(planned, workers=2).digest == one.digest


def test_a_changed_file_is_another_source_and_is_not_read_unplanned(folder, fetch) -> None:
    address, put = folder
    planned = inbox(address, TEXTS)
    put("deep/a.txt", b"changed")
    assert inbox(address, TEXTS) != planned
    with pytest.raises(UserError, match=r"deep/a\.txt changed after the run was planned; run again"):
        fetch(planned)


@pytest.mark.parametrize("format_name", ["txt", "jsonl", "parquet", "csv"])
@pytest.mark.parametrize("change", ["append", "overwrite", "cut", "replace", "remove"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    format_name: str, change: str, tmp_path: Path, monkeypatch, fetch
) -> None:
    rows = [{"t": f"planned {number}"} for number in range(2000)]
    data = as_parquet(rows) if format_name == "parquet" else as_lines(rows)
    file = tmp_path / "a.x"
    file.write_bytes(b"t\n" + data.replace(b'"', b"") if format_name == "csv" else data)
    planned = inbox(tmp_path, files("*.x", format_name))
    open_file, opened = Path.open, []
    changes = {
        "append": lambda: os.truncate(file, 10**6),
        "overwrite": lambda: file.write_bytes(file.read_bytes()[:-3] + b"xyz"),
        "cut": lambda: os.truncate(file, 100),
        "replace": lambda: (tmp_path / "b").write_bytes(b"new") and (tmp_path / "b").rename(file),
        "remove": file.unlink,
    }

    def open_and_change(path: Path, *arguments, **options):
        stream = open_file(path, *arguments, **options)
        if path == file and arguments == ("rb",):
            opened.append(path)
            if len(opened) == 2:  # the first is for the checksum
                changes[change]()
        return stream

    monkeypatch.setattr(Path, "open", open_and_change)
    with pytest.raises(UserError, match=r"source demo: a\.x(: cannot be read| changed after the run was planned)"):
        fetch(planned)


ODD_NAMES = {
    b"2024-01-02T10:30:00 notes.txt": "2024-01-02T10:30:00 notes.txt",
    b"12:30/notes.txt": "12:30/notes.txt",
    b"a\\b.txt": "a\\b.txt",
    b"C:\\x.txt": "C:\\x.txt",
    b"caf\xe9.txt": r"caf\xe9.txt",
    b"\xff\xfe/\x80.txt": r"\xff\xfe/\x80.txt",
    "ünïcode 🙂 #1 %20 {a,b}*?.txt".encode(): "ünïcode 🙂 #1 %20 {a,b}*?.txt",
    b"two\nlines.txt": "two\nlines.txt",
    b"~/::x.txt": "~/::x.txt",
    b" ..txt": " ..txt",
}


def test_any_name_of_a_file_is_read(tmp_path: Path, fetch) -> None:
    folder = tmp_path / "odd"
    for name in ODD_NAMES:
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name.hex())
    artifact = fetch(inbox(folder, TEXTS))
    assert {document["meta"]["path"]: document["text"] for document in documents(artifact)} == {
        text: name.hex() for name, text in ODD_NAMES.items()
    }
    memory = fsspec.filesystem("memory")
    memory.pipe("/odd names/10:30 a\\b.txt", b"words")
    assert texts(fetch(inbox("memory://odd names", TEXTS))) == ["words"]
    memory.rm("/odd names", recursive=True)


def test_two_names_that_are_one_as_text_are_refused(tmp_path: Path) -> None:
    for name in (b"caf\xe9.txt", rb"caf\xe9.txt"):
        (tmp_path / os.fsdecode(name)).write_text("x")
    with pytest.raises(UserError, match=r"two files are called caf\\xe9\.txt as text; rename one"):
        inbox(tmp_path, TEXTS)


def test_what_may_not_be_read_is_quarantined_by_its_name(tmp_path: Path, monkeypatch, fetch) -> None:
    folder = tmp_path / "inbox"
    for name in ("a.txt", "b.txt", "closed/c.txt", "closed/deep/d.txt"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(name)
    open_file, scan = Path.open, os.scandir

    def refuse(path: Path, *arguments, **options):
        if path.name == "b.txt":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open_file(path, *arguments, **options)

    def refuse_folder(path):
        if str(path).rstrip("/").endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    def planned_paths(glob: str, **fields) -> list[str]:
        return [file["path"] for file in inbox(folder, files(glob, "txt", **fields))["content"]]

    with monkeypatch.context() as rights:
        rights.setattr(Path, "open", refuse)
        rights.setattr(os, "scandir", refuse_folder)
        planned = inbox(folder, TEXTS, max_bad_rate=0.9)
        artifact = fetch(planned)
        assert planned_paths("*.txt") == planned_paths("**/*.txt", exclude=["closed/**"]) == ["a.txt", "b.txt"]
    assert texts(artifact) == ["a.txt"] and refused(artifact) == {"b.txt": "unreadable", "closed/": "unreadable"}
    with pytest.raises(UserError, match=r"source demo: b\.txt can be read since the run was planned; run again"):
        fetch({**planned, "content": [file for file in planned["content"] if file["path"] == "b.txt"]})


def test_missing_files_are_all_named_before_any_is_read(folder, fetch) -> None:
    address, put = folder
    put("c.txt", b"third")
    planned = inbox(address, TEXTS, LINES)
    put("deep/a.txt", None)
    put("c.txt", None)
    with pytest.raises(UserError, match=r"2 of 3 files are gone from .*: c\.txt, deep/a\.txt; bring them back"):
        fetch(planned)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, fetch) -> None:
    """Nor by a file address, which is a folder of this machine."""
    (tmp_path / "an inbox").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "an inbox/link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "an inbox/a.txt").write_text("a")
    for address in (tmp_path / "an inbox", f"file://{tmp_path}/an%20inbox"):
        assert texts(fetch(inbox(address, TEXTS))) == ["a"]


def test_links_and_pipes_are_quarantined_by_name_and_counted(tmp_path: Path, fetch) -> None:
    """Wherever they lead; one that no glob matches is no loss."""
    folder = tmp_path / "inbox"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    links = {"out.txt": "/etc/passwd", "nowhere.txt": "none", "again.txt": "a.txt", "x.bin": "a.txt"}
    links |= {"loop.txt": "loop.txt", "deep/up": "..", "deep/self": "."}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.txt")
    artifact = fetch(inbox(folder, TEXTS, max_bad_rate=0.9))
    unsafe = {"out.txt", "nowhere.txt", "again.txt", "loop.txt", "deep/up/", "deep/self/", "pipe.txt"}
    assert texts(artifact) == ["a"] and refused(artifact) == dict.fromkeys(unsafe, "unsafe_member")
    assert artifact.manifest.counters.quarantined == len(unsafe)
    assert [file["path"] for file in inbox(folder, files("*.bin", "txt"))["content"]] == ["x.bin"]


def test_a_file_above_the_cap_is_quarantined_unread(tmp_path: Path, fetch) -> None:
    (tmp_path / "large.txt").write_bytes(b"x" * 2000)
    (tmp_path / "small.txt").write_bytes(b"x" * 1000)
    assert refused(fetch(inbox(tmp_path, TEXTS, max_file_bytes=1500))) == {"large.txt": "too_large"}


def test_a_planned_path_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    content = [{"path": "a/../../x", "bytes": 1, "sha256": "0" * 64}]
    with pytest.raises(UserError, match=r"content\.0\.path: 'a/\.\./\.\./x' leads out of the source"):
        parse_source({**inbox(tmp_path, TEXTS), "content": content}, "source demo")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere/at/all", r"source demo: no folder /.*nowhere/at/all; make it, or correct `folder`"),
        ("memory://nowhere", r"source demo: no files at memory://nowhere"),
        ("nosuch://bucket/x", r"source demo: nosuch://bucket/x: .*install the driver, or correct `folder`"),
        ("abfs://bucket/x", r"source demo: abfs://bucket/x: .*install the driver"),
    ],
)
def test_a_folder_that_cannot_be_had_is_one_line(address: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        inbox(address, TEXTS)
    assert "\n" not in str(error.value)
