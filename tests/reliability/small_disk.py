"""A small disk that only this process and its children see: a tmpfs in a mount namespace of their own.

It needs no root where the kernel lets anybody make a user namespace, and it goes with its last process.
"""

import ctypes
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_BALLAST = "ballast"


def mount_small_disk(folder: Path, megabytes: int) -> bool:
    """Mount the disk on an empty folder, for this process; it must have one thread. False where that is not allowed."""
    if sys.platform != "linux":
        return False
    libc, user, group = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if user != 0 else 0)) != 0:
        return False
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    if libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) != 0:
        return False
    return libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={megabytes}m".encode()) == 0


def fill(folder: Path, *, leave: int = 0) -> None:
    """Leave so many bytes on the folder's disk free."""
    with (folder / _BALLAST).open("ab") as file:
        for _ in range(100):
            if (room := shutil.disk_usage(folder).free - leave) <= 0:
                break
            with suppress(OSError):  # others write meanwhile, so that there may be less room by now
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), room)


def make_room(folder: Path) -> None:
    (folder / _BALLAST).unlink(missing_ok=True)
