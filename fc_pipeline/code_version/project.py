"""Code version of a function: a hash of everything it reaches, without comments, docstrings, layout and locations.

A step's function is named by an import path. From its source (nothing is imported) the reader follows every name
to the functions, classes and constants of this project that it reaches, and hashes each one's normal form.
So an edited helper changes the version of exactly the steps that reach it, and a comment changes none. Versions of
libraries are recorded in the manifest's run; only the names that are used of them are hashed here.

A reference counts as the definition it resolves to, and a definition counts by its own name and content. So moving or
renaming a module, moving a definition to another module, and another alias change nothing.

A string that is an import path (`package.module:name`, or a module that is run with `python -m`) is followed too.
Limits, on purpose: a method is reached through its whole class. Names in annotations of functions, and imports for
their effect alone, are not reached. Code under a computed name is not seen: name it in a table. Files that are not
Python are not read: put their content into the step's config. Files beside a module (`__file__`) must move with it.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from fc_pipeline.code_version.definitions import Definitions
from fc_pipeline.code_version.merkle import merkle_hashes, reached
from fc_pipeline.code_version.normal_form import Symbol

Stamp = tuple[int, int, int, int] | None


class Project:
    """The source of some packages below one folder, read on demand. An edited file is read again.

    Args:
        root: folder of the packages.
        packages: their names.
        memory: file that caches the versions of the current source, so that a command answers at once.
    """

    def __init__(self, root: Path, packages: tuple[str, ...], memory: Path | None = None) -> None:
        self._root = root
        self._packages = packages
        self._memory = memory
        self._stamps: dict[Path, Stamp] = {}
        self._digest = ""
        self._definitions = Definitions(root, packages)
        self._hashes: dict[Symbol, str] = {}
        self._versions: dict[str, dict[str, Any]] = {}

    def version(self, function: str, *, unedited: bool = False) -> dict[str, Any]:
        """{"version": 16 hex, "parts": {"module:name": 16 hex}}: parts are all it reaches, itself included.

        The hash of a part is over its own normal form alone, so that the parts tell which definitions were edited.

        Args:
            function: import path, `package.module:name`.
            unedited: the caller, who has just asked for another, takes the source to be as it was then. Looking at
                hundreds of files takes milliseconds, and a plan asks for 60 versions.

        Raises:
            UserError: there is no such function, or its code uses an import that cannot be followed.
        """
        if not unedited or function not in self._versions:
            self._forget_if_edited()
        if function not in self._versions:
            self._versions[function] = self._version(function)
            if not self._edited():
                self._remember()
        return self._versions[function]

    def _version(self, function: str) -> dict[str, Any]:
        form = self._definitions.form
        start = self._definitions.named(function)
        merkle_hashes(start, form, self._hashes)
        symbols = reached(start, form)
        # All reached hashes count, too: one of two equal constants may be changed in place.
        hashes = [sorted(self._hashes[symbol] for symbol in several) for several in (start, symbols)]
        version = hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:16]
        return {"version": version, "parts": {":".join(symbol): form(symbol).digest[:16] for symbol in sorted(symbols)}}

    def _forget_if_edited(self) -> None:
        if self._stamps and not self._edited():
            return
        self._definitions = Definitions(self._root, self._packages)
        self._hashes, self._versions = {}, {}
        files = sorted(path for name in self._packages for path in (self._root / name).rglob("*.py"))
        self._stamps = {path: _stamp(path) for path in files}
        if self._memory is not None:
            digests = [
                f"{path.relative_to(self._root)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files
            ]
            self._digest = hashlib.sha256("\n".join(digests).encode()).hexdigest()
            self._versions = self._remembered(self._memory)

    def _edited(self) -> bool:
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())

    def _remembered(self, memory: Path) -> dict[str, dict[str, Any]]:
        try:
            memo = json.loads(memory.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return memo["versions"] if memo["source"] == self._digest else {}

    def _remember(self) -> None:
        """Not where the disk refuses: then every command takes seconds longer."""
        if self._memory is None:
            return
        temporary = self._memory.with_name(f"{self._memory.name}.{os.getpid()}.tmp")
        with suppress(OSError):
            temporary.parent.mkdir(exist_ok=True)  # Python makes it only where it may write bytecode
            temporary.write_text(json.dumps({"source": self._digest, "versions": self._versions}), "utf-8")
            os.replace(temporary, self._memory)


def _stamp(path: Path) -> Stamp:
    """A value that changes when the file is edited, also by a tool that puts its time back; None when it is gone."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


_HERE = Path(__file__).resolve().parents[1]
_PROJECT = Project(
    _HERE.parent, packages=("fc_model", "fc_pipeline"), memory=_HERE / "__pycache__" / "code_version.json"
)


def code_version(function: str, *, unedited: bool = False) -> dict[str, Any]:
    """`Project.version` of a function of this project."""
    return _PROJECT.version(function, unedited=unedited)
