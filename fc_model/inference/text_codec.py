"""What a tokenizer is to generation and chat, whichever runtime has it."""

from collections.abc import Sequence
from typing import Protocol


class TextCodec(Protocol):
    """Text to ids and back; `pieces` gives the bytes of each id, which may be part of a character.

    `control_tokens` are the ids that stand for no text.
    """

    bos: int
    eos: int
    vocab_size: int
    control_tokens: list[int]

    def __hash__(self) -> int:
        """By identity: what is made of a vocabulary is kept for it."""
        ...

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]: ...

    def pieces(self, ids: Sequence[int]) -> list[bytes]: ...

    def special(self, name: str) -> int:
        """Id of a special token. Raises UserError when there is none of that name."""
