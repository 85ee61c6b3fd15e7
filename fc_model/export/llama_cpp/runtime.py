"""A GGUF file in stock llama.cpp, in a process of its own and without any network port.

Logits are exact: CPU, F32 key/value cache, no flash attention, one token at a time.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError
from fc_model.export.llama_cpp.library import LlamaCppModel
from fc_model.export.llama_cpp.worker import Worker


class LlamaCpp(Worker):
    """`LlamaCppModel` in a process of its own: a `Runtime` and a `TextCodec`. Use as a context manager."""

    def __init__(self, gguf_file: Path, *, context_length: int = 0, threads: int = 1) -> None:
        """Load the model; `context_length` 0 is the model's own.

        Raises UserError when there is no such file or llama.cpp can't run it.
        """
        super().__init__(LlamaCppModel, gguf_file, context_length, threads)
        vocabulary = self.call("vocabulary")
        self.vocab_size: int = vocabulary["vocab_size"]
        self.context_length: int = vocabulary["context_length"]
        self.bos: int = vocabulary["bos"]
        self.eos: int = vocabulary["eos"]
        self.control_tokens: list[int] = vocabulary["control_tokens"]
        self._special = dict(zip(self.pieces(self.control_tokens), self.control_tokens, strict=True))

    def special(self, name: str) -> int:
        """Id of a special token. Raises UserError when the file has none of that name."""
        token = self._special.get(name.encode())
        if token is None:
            raise UserError(f"no special token {name!r} in the vocabulary of the GGUF file; export the model again")
        return token

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return self.call("tokenize", texts)

    def pieces(self, ids: Sequence[int]) -> list[bytes]:
        return self.call("pieces", ids)

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return self.call("logits", ids)

    def greedy(self, prompt: Sequence[int], num_tokens: int) -> list[int]:
        return self.call("greedy", prompt, num_tokens)

    def reset(self) -> None:
        self.call("reset")

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return self.call("next_logits", ids)
