"""What was hashed before and has not changed since, so that a run need not read every byte of what it goes on from.

A file whose inode, size, time of change and time of status change are those of its last hash holds what it held then:
any write, copy or restore changes one of them, and no program can set the last. After a restart of the machine all is
hashed once: a disk that lied about what it had synced may have lost it. A disk that loses a bit by itself changes none;
`fustercluck verify` reads everything, and finds it.
"""

import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from fc_model.artifacts.files import read_file
from fc_model.artifacts.host import Host

_TICK_SECONDS = 2.0
"""Two writes within a tick of the file system's clock look alike (FAT counts in steps of two seconds), so a file that
was read so soon after its last change is hashed again, as git does with its index."""


class HashedFiles:
    """The hashes of an artifact's files beside its folder, and what the files looked like."""

    def __init__(self, folder: Path) -> None:
        self._path = index_path(folder)
        self._known: dict[str, list[str | int]] = {}
        # Absent or damaged: everything is hashed again.
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            index = json.loads(read_file(self._path))
            self._known = dict(index["files"]) if index["boot"] == _boot() != "" else {}
        self._changed = False
        self._began = 0.0

    def begin(self) -> None:
        """To be called before files are read that are to be noted."""
        with suppress(OSError):  # read-only: nothing is noted
            self._began = _clock(self._path.parent)

    def holds(self, name: str, sha256: str, status: os.stat_result) -> bool:
        """Whether the file had this hash when it last looked as it does now."""
        return self._known.get(name) == _line(sha256, status)

    def note(self, name: str, sha256: str, status: os.stat_result) -> None:
        """The file has this hash; `status` is from before it was read."""
        if self._began - status.st_ctime > _TICK_SECONDS:
            self._known[name] = _line(sha256, status)
            self._changed = True

    def save(self) -> None:
        """Write what was noted; without it, as on a disk that is full or read-only, the next look takes longer."""
        if self._changed:
            with suppress(OSError):  # half of it is a damaged index
                self._path.write_text(json.dumps({"boot": _boot(), "files": self._known}), "utf-8")


def index_path(folder: Path) -> Path:
    """Where the hashes of an artifact's folder stand."""
    return folder.with_name(f".{folder.name}.hashed")


def _clock(folder: Path) -> float:
    """The time by the clock that stamps the files of a folder; a server's may differ from this machine's."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_ctime


@cache
def _boot() -> str:
    """What names this run of the machine; "" where the system does not tell, and nothing is remembered."""
    return Host.this().boot


def _line(sha256: str, status: os.stat_result) -> list[str | int]:
    return [sha256, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
