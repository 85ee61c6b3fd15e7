"""A GGUF file in stock llama.cpp, in a process of its own and without any network port.

Logits are exact: CPU, F32 key/value cache, no flash attention, one token at a time. Native crashes, refusals and
hangs of the runtime become a UserError.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError

DEFAULT_TIMEOUT_S = 600.0


class LlamaCpp:
    """Use as a context manager; ids are plain lists, logits float32 arrays [tokens, vocab]."""

    def __init__(
        self,
        gguf_file: Path,
        *,
        context_length: int = 0,
        threads: int = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Start the worker and load the model; `context_length` 0 takes the model's own.

        Raises UserError when there is no such file or llama.cpp can't run it.
        """
        if not gguf_file.is_file():
            raise UserError(f"{gguf_file}: no such GGUF file")
        self._gguf_file = gguf_file
        self._timeout_s = timeout_s
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the worker, closed with it)
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "fc_model.export.llama_cpp.worker",
                str(gguf_file),
                str(context_length),
                str(threads),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        try:
            vocabulary = self._reply()
        except BaseException:
            self.close()
            raise
        self.vocab_size: int = vocabulary["vocab_size"]
        self.context_length: int = vocabulary["context_length"]
        self.bos: int = vocabulary["bos"]
        self.eos: int = vocabulary["eos"]
        self.control_tokens: list[int] = vocabulary["control"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; safe to call twice."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:  # a request that a dead worker never read
                    continue

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text as plain text: special tokens neither parsed nor added."""
        ids: list[list[int]] = self._ask(method="tokenize", texts=list(texts))["ids"]
        return ids

    def pieces(self, ids: Sequence[int]) -> list[bytes]:
        """Bytes that each token stands for."""
        return [bytes.fromhex(piece) for piece in self._ask(method="pieces", ids=list(ids))["pieces"]]

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits [len(ids), vocab] after each prefix of `ids`."""
        array: NDArray[np.float32] = self._ask(method="logits", ids=list(ids))["logits"]
        return array

    def greedy(self, prompt: Sequence[int], num_tokens: int) -> list[int]:
        """The most likely continuation of `prompt`, `num_tokens` ids."""
        ids: list[int] = self._ask(method="greedy", ids=list(prompt), num_tokens=num_tokens)["ids"]
        return ids

    def reset(self) -> None:
        """Forget the tokens fed by `next_logits`."""
        self._ask(method="reset")

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Feed `ids` after those already fed; logits [vocab] of the token that follows."""
        array: NDArray[np.float32] = self._ask(method="next", ids=list(ids))["logits"]
        return array[0]

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        watchdog = threading.Timer(self._timeout_s, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
            if not line.endswith(b"\n"):
                raise self._died()
            reply: dict[str, Any] = json.loads(line)
            if "error" in reply:
                raise UserError(reply["error"])
            if "shape" in reply:
                size = 4 * int(np.prod(reply["shape"]))
                data = self._process.stdout.read(size)
                if len(data) < size:
                    raise self._died()
                reply["logits"] = np.frombuffer(data, dtype="<f4").reshape(reply["shape"])
        finally:
            watchdog.cancel()
        return reply

    def _died(self) -> UserError:
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
        return UserError(
            f"{self._gguf_file}: llama.cpp ended with status {status} ({last}); "
            f"a status of -9 after {self._timeout_s:g} s is the time limit"
        )
