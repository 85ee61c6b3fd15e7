"""Wheels, sdists and other tars in memory, and where a download leaves them."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any


def wheel(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return stream.getvalue()


def tar(*members: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w", **options: Any) -> bytes:
    """A tar of (name, content), or of members without content; `options` are those of tarfile.open."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, **options) as archive:
        for member in members:
            is_empty = isinstance(member, tarfile.TarInfo)
            info, data = (member, b"") if is_empty else (tarfile.TarInfo(member[0]), member[1])
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def sdist(files: dict[str, bytes]) -> bytes:
    return tar(*files.items(), mode="w:gz")


def special(name: str, kind: bytes) -> tarfile.TarInfo:
    """A link to a file of this machine, or a device."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def package(name: str, files: dict[str, bytes]) -> bytes:
    """The kind of package that the file name says."""
    return (sdist if name.endswith(".tar.gz") else wheel)(files)


def pin(name: str, data: bytes) -> dict[str, Any]:
    """The fields that pin the package, whose project and version its file name has."""
    project, version = name.removesuffix(".tar.gz").split("-")[:2]
    sha256 = hashlib.sha256(data).hexdigest()
    return {"kind": "pypi", "project": project, "version": version, "file": name, "sha256": sha256}


def cached(home: Path, name: str, content: dict[str, bytes] | bytes) -> dict[str, Any]:
    """The pin of a package that lies in the cache of `home`, as after a download; `content` are files or it all."""
    data = content if isinstance(content, bytes) else package(name, content)
    fields = pin(name, data)
    target = home / "cache" / "downloads" / fields["sha256"] / name
    target.parent.mkdir(parents=True)
    target.write_bytes(data)
    return fields
