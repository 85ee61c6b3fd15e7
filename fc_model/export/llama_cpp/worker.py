"""The process that llama.cpp runs in: native crashes, refusals and hangs of the runtime become a UserError here."""

import multiprocessing
import os
import re
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from fc_model.child_process import spawned_child_dies_with_parent
from fc_model.errors import UserError

DEFAULT_TIMEOUT_S = 600.0
_LOG_LINE = re.compile(r"\d+\.\d+\.\d+")
"""llama.cpp's log lines begin with a time; what ended the process does not."""


class Worker:
    """An object of `make(gguf_file, *arguments)` in a process of its own, whose methods are called from here.

    Use as a context manager. `program` names it in errors.
    """

    def __init__(
        self,
        make: Callable[..., Any],
        gguf_file: Path,
        *arguments: int,
        program: str = "llama.cpp",
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Start the process and make the object. Raises UserError when there is no such file or it can't be run."""
        if not gguf_file.is_file():
            raise UserError(f"{gguf_file}: no such GGUF file")
        self._name, self._timeout_s = f"{gguf_file}: {program}", timeout_s
        self._printed = tempfile.NamedTemporaryFile()  # noqa: SIM115 (lives as long as the process, closed with it)
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self._printed.name, make, gguf_file, *arguments), daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            self._reply()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; safe to call twice."""
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._printed.close()

    def call(self, method: str, *arguments: Any) -> Any:
        """What the object's method returns. Raises its UserError, and one when the process dies or hangs."""
        try:
            self._connection.send((method, arguments))
        except OSError:
            raise self._died() from None
        return self._reply()

    def _reply(self) -> Any:
        if not self._connection.poll(self._timeout_s):
            self._process.kill()
        try:
            reply = self._connection.recv()
        except (EOFError, OSError):
            raise self._died() from None
        if isinstance(reply, UserError):
            raise reply
        return reply

    def _died(self) -> UserError:
        self._process.join()
        lines = Path(self._printed.name).read_text("utf-8", errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip() and not _LOG_LINE.match(line)), None)
        return UserError(
            f"{self._name} ended with status {self._process.exitcode} ({last or 'it printed nothing'}); "
            f"a status of -9 after {self._timeout_s:g} s is the time limit"
        )


def _serve(connection: Connection, printed: str, make: Callable[..., Any], *arguments: Any) -> None:
    """Make the object and answer calls until the parent ends; what native code prints goes to the file `printed`."""
    spawned_child_dies_with_parent()
    with Path(printed).open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    try:
        native = make(*arguments)
        connection.send(None)
    except UserError as error:
        connection.send(error)
        return
    while True:
        method, arguments = connection.recv()
        try:
            reply = getattr(native, method)(*arguments)
        except UserError as error:
            reply = error
        connection.send(reply)
