"""One writer per artifact: an flock that dies with its holder, and a fence against a holder that was passed over.

The kernel releases an flock when its process ends, however it ends, so a dead holder needs no clean-up. A holder
that hangs (or is stopped) keeps the lock; a person may break it by deleting the lock file, and the fence (is the
file that I locked still the file at that path?) then keeps the old holder from committing.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import read_file
from fc_model.artifacts.host import Host
from fc_model.errors import UserError


class Locked(UserError):
    """Somebody else is writing the artifact."""


class ArtifactLock:
    """Context manager; raises Locked (a UserError) naming the holder's pid and host when somebody else holds it.

    Args:
        what: what errors call the artifact.
        reads: (key, identity) of what its writer reads, which must stay as long as the lock is held.
    """

    def __init__(self, path: Path, what: str, reads: Sequence[tuple[str, str]] = ()) -> None:
        self._path = path
        self._what = what
        self._reads = reads
        self._descriptor = -1

    def __enter__(self) -> "ArtifactLock":
        while True:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = _name(os.pread(self._descriptor, 1 << 20, 0))
                os.close(self._descriptor)
                raise Locked(
                    f"{self._what} is being written by {holder}; wait for it, or stop it and delete {self._path}"
                ) from error
            except OSError:
                os.close(self._descriptor)
                raise
            if self.is_mine():
                break
            os.close(self._descriptor)  # the last holder removed the file between our open and our flock
        try:
            os.ftruncate(self._descriptor, 0)
            me = {"pid": os.getpid(), **asdict(Host.this()), "reads": self._reads}
            os.pwrite(self._descriptor, json.dumps(me).encode(), 0)
        except OSError:  # a full disk: a lock that outlived the failure would bar this process's next attempt
            self.__exit__()
            raise
        return self

    def is_mine(self) -> bool:
        """True while the file at the path is the one that this process locked."""
        try:
            return os.stat(self._path).st_ino == os.fstat(self._descriptor).st_ino
        except FileNotFoundError:
            return False

    def check(self) -> None:
        """Raises UserError when the lock was broken: a newer writer may be at work."""
        if not self.is_mine():
            raise UserError(f"{self._what}: this writer's lock was broken while it ran; it commits nothing")

    def __exit__(self, *error: object) -> None:
        if self.is_mine():
            self._path.unlink()
        os.close(self._descriptor)


def read_holder(path: Path) -> dict[str, Any] | None:
    """{"pid", fields of its Host, "reads"} of the process that holds the lock file; None when there is none.

    It asks whether the process lives instead of trying the lock, because a try would make a writer that starts at that
    moment fail. A holder on a host whose processes cannot be seen from here counts as alive.
    """
    try:
        holder: dict[str, Any] = json.loads(read_file(path))
        host = Host(**{field.name: holder[field.name] for field in fields(Host) if field.name in holder})
        place = host.seen_from_here()
        if place == "here":
            os.kill(holder["pid"], 0)
    except (FileNotFoundError, ProcessLookupError, ValueError, KeyError, TypeError):
        return None
    except PermissionError:  # it lives, as somebody else's process
        return holder
    return None if place == "over" else holder


def _name(text: bytes) -> str:
    try:
        holder = json.loads(text)
        return f"another process (pid {holder['pid']} on {holder['host']})"
    except (ValueError, KeyError, TypeError):  # it is just writing its name
        return "another process"
