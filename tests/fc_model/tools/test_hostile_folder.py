"""A folder that is meant to harm, for every tool: an error as data, in time, and nothing of what lies outside."""

import json
import os
import shutil
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from factories.hostile_calls import VALID

from fc_model.tools.call import Outcome, run_tool
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox

SECONDS = 5.0
"""By the clock; a call that waits is given up after 10."""
NAME = "t.csv"
SECRET = "a,b\n1,secret\n"


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("devices are made by root")


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def loop(path: Path) -> None:
    path.mkdir()
    (path / "up").symlink_to("..")


PLANTED: dict[str, Callable[[Path], object]] = {
    "a link to a file outside": lambda path: path.symlink_to("../secret.csv"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a link to a folder outside": lambda path: path.symlink_to(".."),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
    "a device": device,
    "a socket": bound_socket,
    "a file of a terabyte": sparse,
    "a folder with a link up": loop,
    "a file without an end of quotes": lambda path: path.write_text('a,b\n"' + "x" * 900_000),
    "ten thousand columns": lambda path: path.write_text(",".join(map(str, range(10_000)))),
    "bytes": lambda path: path.write_bytes(bytes(range(256)) * 4000),
    "nothing": lambda path: path.touch(),
}
IN_FOLDER = [name for name, tool in TOOLS.items() if tool.uses == "folder"]


@contextmanager
def opened(root: Path) -> Iterator[Sandbox]:
    """Beside the folder lies what nothing may read or change."""
    (root / "in").mkdir()
    (root / "secret.csv").write_text(SECRET)
    with Sandbox(folder=root / "in", reader=str) as sandbox:
        run_tool("calculate", '{"expression": "1"}', sandbox)  # starts the child
        yield sandbox


def call(tool: str, sandbox: Sandbox, **arguments: str) -> Outcome:
    start = time.monotonic()
    outcome = run_tool(tool, json.dumps(VALID[tool] | arguments), sandbox)
    assert time.monotonic() - start < SECONDS, tool
    assert "internal error" not in (outcome.error or "") and "secret" not in outcome.text()
    assert outcome.error is None or (outcome.error.isprintable() and len(outcome.error) < 400)
    return outcome


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_what_lies_in_the_folder(plant: Callable[[Path], object], tmp_path: Path) -> None:
    with opened(tmp_path) as sandbox:
        plant(tmp_path / "in" / NAME)
        for tool in IN_FOLDER:
            outcome = call(tool, sandbox, **({"path": NAME} if "path" in VALID[tool] else {}))
            if tool in ("table_statistics", "filter_table", "read_image"):
                assert outcome.error is not None and "more time or memory" not in outcome.error, tool
        for tool in set(TOOLS) - set(IN_FOLDER):
            call(tool, sandbox)
    assert (tmp_path / "secret.csv").read_text() == SECRET
    assert {path.name for path in tmp_path.iterdir()} == {"in", "secret.csv"}


@pytest.mark.parametrize("tool", IN_FOLDER)
def test_a_folder_that_vanishes_and_comes_back_as_a_link(tool: str, tmp_path: Path) -> None:
    with opened(tmp_path) as sandbox:
        shutil.rmtree(tmp_path / "in")
        assert "the folder of this conversation cannot be opened" in (call(tool, sandbox).error or "")
        (tmp_path / "in").symlink_to(tmp_path)
        assert "the folder of this conversation cannot be opened" in (call(tool, sandbox).error or "")
    assert {path.name for path in tmp_path.iterdir()} == {"in", "secret.csv"}


def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    with opened(tmp_path) as sandbox:
        path, done = tmp_path / "in" / NAME, threading.Event()
        path.write_text("a,b\n")

        def grow() -> None:
            with path.open("a") as file:
                while not done.is_set() and path.stat().st_size < 64 << 20:
                    file.write("1,x\n" * 20_000)
                    file.flush()

        thread = threading.Thread(target=grow)
        thread.start()
        try:
            for tool in IN_FOLDER * 3:
                call(tool, sandbox, **({"path": NAME} if tool == "read_file" else {}))
        finally:
            done.set()
            thread.join()
        assert "has more than 1048576 bytes" in (call("read_file", sandbox, path=NAME).error or "")


def test_names_that_no_path_has(tmp_path: Path) -> None:
    with opened(tmp_path) as sandbox:
        for name in (b"\xff.txt", b"new\nline", b".hidden", b"back\\slash", "é\u202e.txt".encode()):
            (tmp_path / "in" / os.fsdecode(name)).write_text("a")
        assert call("list_files", sandbox).value == {"count": 1, "files": [{"path": "é\u202e.txt", "bytes": 1}]}
        assert [one["path"] for one in call("search_files", sandbox, text="a").value["hits"]] == ["é\u202e.txt"]


def test_folders_in_folders(tmp_path: Path) -> None:
    with opened(tmp_path) as sandbox:
        deep = tmp_path / "in"
        for _ in range(300):
            deep /= "d"
        deep.mkdir(parents=True)
        for tool in IN_FOLDER:
            call(tool, sandbox)
