"""A helper process for programs that must not be loaded into ours: their licence or their packages are other ones.

It is asked for calls of FUNCTIONS, in JSON both ways. It starts with the first question, and outlives nobody.
"""

import atexit
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fc_model.capped_child import CappedChild, serve
from fc_model.errors import UserError
from fc_pipeline.reasoning.outside.chess_rules import judge_position
from fc_pipeline.reasoning.outside.gym import make_task, score_task

FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (judge_position, make_task, score_task)
}
_CPU_SECONDS = 300.0
"""For an answer that takes some milliseconds."""
_MEMORY_BYTES = 8 << 30
_REPLY_BYTES = 64 << 20


class Helper:
    """Starts its process with the first question. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._child: CappedChild | None = None

    def answer(self, function: Callable[..., Any], **options: Any) -> Any:
        """`function(**options)` in the process; options and answer are JSON.

        Raises UserError where the function fails, or the process dies or takes too long.
        """
        child = self._child = self._child or CappedChild(__name__, "")
        try:
            child.send(json.dumps({"function": function.__name__, "options": options}).encode())
            reply = json.loads(child.receive(seconds=2 * _CPU_SECONDS, max_bytes=_REPLY_BYTES))
        except (OSError, EOFError):
            reply = {"error": "its process has ended"}
        if "error" in reply:
            self.close()
            raise UserError(f"{function.__name__} of {options}: {reply['error']}; run it again")
        return reply["answer"]

    def close(self) -> None:
        """Ends the process; the next question starts another."""
        if self._child is not None:
            self._child.end()
            self._child = None


@lru_cache(maxsize=1)
def helper() -> Helper:
    """That of this process."""
    shared = Helper()
    atexit.register(shared.close)
    return shared


def _answered(question: bytes) -> list[bytes]:
    asked = json.loads(question)
    try:
        reply = {"answer": FUNCTIONS[asked["function"]](**asked["options"])}
    except Exception as error:  # whatever a program of others raises is told to who asked
        reply = {"error": f"{type(error).__name__}: {error}"}
    return [json.dumps(reply).encode()]


if __name__ == "__main__":
    serve(_answered, num_messages=1, cpu_seconds=_CPU_SECONDS, memory_bytes=_MEMORY_BYTES)
