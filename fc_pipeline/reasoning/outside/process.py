"""A helper process for programs that must not be loaded into ours: their licence or their packages are other ones.

It reads a question a line from its input, and writes an answer a line: JSON both ways. The questions are calls of
FUNCTIONS. It starts with the first question, and ends when its input does, so it outlives nobody.
"""

import atexit
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.reasoning.outside.chess_rules import judge_position
from fc_pipeline.reasoning.outside.gym import make_task, score_task

FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (judge_position, make_task, score_task)
}
_SECONDS = 300.0
"""By the clock, for an answer that takes some milliseconds."""


class Helper:
    """Starts its process with the first question. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def answer(self, function: Callable[..., Any], **options: Any) -> Any:
        """`function(**options)` in the process; options and answer are JSON.

        Raises UserError where the function fails, or the process dies or takes too long.
        """
        question = {"function": function.__name__, "options": options}
        line = self._asked(json.dumps(question).encode() + b"\n")
        reply: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {"error": "its process has ended"}
        if "error" in reply:
            self.close()
            raise UserError(f"{function.__name__} of {options}: {reply['error']}; run it again")
        return reply["answer"]

    def close(self) -> None:
        """Ends the process; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _asked(self, question: bytes) -> bytes:
        """The line that is answered, an empty one by a process that died or hangs."""
        process = self._process = self._process or _start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(question)
            process.stdin.flush()
        except OSError:
            return b""
        ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
        return process.stdout.readline() if ready else b""


@lru_cache(maxsize=1)
def helper() -> Helper:
    """That of this process."""
    shared = Helper()
    atexit.register(shared.close)
    return shared


def serve() -> None:
    """The process: answers until its input ends. What a program prints goes nowhere: the output is the answers'."""
    channel, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        question = json.loads(line)
        try:
            reply = {"answer": FUNCTIONS[question["function"]](**question["options"])}
        except Exception as error:  # whatever a program of others raises is told to who asked
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=channel, flush=True)


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # Ctrl-C is the parent's; this one ends with its input
    )


if __name__ == "__main__":
    serve()
