"""What a disk may hold after a power loss at any moment of some work.

The disk is modelled after Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014): what was written is
durable after fsync of the file, a name after fsync of its folder. Of the rest a disk keeps what it likes: nothing, all
of it, names without their bytes, half of the bytes, any of the names.
"""

import functools
import io
import os
import random
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

Entries = dict[str, int | None]
"""What a change makes of names in a folder: the file or folder that each now leads to, None for no longer any."""
DRAWS = 3


@dataclass
class Disk:
    """A folder on a disk, by inodes. `observe` is called before each operation, and sees what the last one did."""

    root: Path
    folders: dict[int, dict[str, int]] = field(default_factory=dict)
    """Durable names of each folder."""
    durable: dict[int, bytes] = field(default_factory=dict)
    written: dict[int, bytes] = field(default_factory=dict)
    pending: list[tuple[int, Entries]] = field(default_factory=list)
    """Changes of names in (folder's inode, names), in order, not durable yet."""
    seen: dict[int, dict[str, int]] = field(default_factory=dict)
    states: list[dict[str, bytes | None]] = field(default_factory=list)
    """What may be there after a loss: bytes by path, None for a folder. Each once."""

    def begin(self) -> None:
        """What is there now is durable."""
        self.seen, self.written = self._read()
        self.folders = {inode: dict(names) for inode, names in self.seen.items()}
        self.durable = dict(self.written)

    def observe(self) -> None:
        now, written = self._read()
        self.written |= written
        changes = []
        for inode in now.keys() | self.seen.keys():
            new, old = now.get(inode, {}), self.seen.get(inode, {})
            changed: Entries = {
                name: new.get(name) for name in new.keys() | old.keys() if new.get(name) != old.get(name)
            }
            if changed:
                changes.append((inode, changed))
        self.seen = now
        if changes:
            self.pending += changes
        self._collect()

    def fsync(self, inode: int, *, folder: bool) -> None:
        """All before it was observed."""
        if folder:
            kept = []
            for change in self.pending:
                if change[0] == inode:
                    _apply(self.folders, change)
                else:
                    kept.append(change)
            self.pending = kept
        elif inode in self.written:
            self.durable[inode] = self.written[inode]

    def restore(self, state: dict[str, bytes | None], place: Path) -> None:
        place.mkdir()
        for name, content in sorted(state.items()):
            if content is None:
                (place / name).mkdir(parents=True, exist_ok=True)
            else:
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)

    def _collect(self) -> None:
        chance = random.Random(len(self.states))
        contents: list[Callable[[int], bytes]] = [
            self._old,
            lambda _: b"",
            self._torn,
            lambda inode: self.written[inode],
        ]
        found = [self._state([], self._old)]
        found += [self._state(self.pending, content) for content in contents]
        found += [self._state([change], content) for change in self.pending for content in contents]
        for _ in range(DRAWS):
            some = [change for change in self.pending if chance.random() < 0.5]
            found.append(self._state(some, lambda inode: chance.choice(contents)(inode)))
        self.states += [state for state in found if state not in self.states]

    def _old(self, inode: int) -> bytes:
        return self.durable.get(inode, b"")

    def _torn(self, inode: int) -> bytes:
        whole = self.written[inode]
        return whole[: len(whole) // 2]

    def _state(self, changes: list[tuple[int, Entries]], content: Callable[[int], bytes]) -> dict[str, bytes | None]:
        folders = {inode: dict(names) for inode, names in self.folders.items()}
        for change in changes:
            _apply(folders, change)
        state: dict[str, bytes | None] = {}

        def walk(inode: int, path: str) -> None:
            for name, child in folders.get(inode, {}).items():
                if child in self.written:
                    synced = self.durable.get(child) == self.written[child]
                    state[path + name] = self.written[child] if synced else content(child)
                else:
                    state[path + name] = None
                    walk(child, f"{path}{name}/")

        walk(self.root.stat().st_ino, "")
        return state

    def _read(self) -> tuple[dict[int, dict[str, int]], dict[int, bytes]]:
        folders: dict[int, dict[str, int]] = {}
        contents: dict[int, bytes] = {}
        for place, names, files in os.walk(self.root):
            folder = Path(place)
            entries = {name: (folder / name).stat().st_ino for name in names + files}
            folders[folder.stat().st_ino] = entries
            contents |= {entries[name]: (folder / name).read_bytes() for name in files}
        return folders, contents


def _apply(folders: dict[int, dict[str, int]], change: tuple[int, Entries]) -> None:
    names = folders.setdefault(change[0], {})
    for name, inode in change[1].items():
        if inode is None:
            names.pop(name, None)
        else:
            names[name] = inode


@contextmanager
def recorded(root: Path, monkeypatch: pytest.MonkeyPatch, *, lying: bool = False) -> Iterator[Disk]:
    """The disk while the block works in `root`; with `lying` it says that it has synced a file, and has not."""
    disk = Disk(root)
    busy = False

    def before(function: Callable) -> Callable:
        @functools.wraps(function)
        def wrapped(*arguments, **options):
            nonlocal busy
            if not busy:
                busy = True
                disk.observe()
                busy = False
            return function(*arguments, **options)

        return wrapped

    fsync = os.fsync

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        about = os.fstat(descriptor)
        folder = stat.S_ISDIR(about.st_mode)
        if folder or not lying:
            disk.fsync(about.st_ino, folder=folder)

    disk.begin()
    with monkeypatch.context() as patched:
        for name in ("replace", "rename", "unlink", "mkdir", "rmdir", "link"):
            patched.setattr(os, name, before(getattr(os, name)))
        patched.setattr(os, "fsync", before(synced))
        patched.setattr(io, "open", before(io.open))
        yield disk
    disk.observe()
