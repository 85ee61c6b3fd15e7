"""SentencePiece tokenizer: text and any bytes to token ids and back, exactly."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from fc_model.errors import UserError
from fc_model.special_tokens import BOS, EOS, PAD, SPECIAL_TOKENS, UNK

_SPACE = "\u2581"
"""SentencePiece writes spaces as this character and reads it as a space, so the character itself goes as bytes."""
_NOT_TEXT = re.compile(f"[{_SPACE}\ud800-\udfff]+")


class Tokenizer:
    """A SentencePiece model with byte fallback and the project's special tokens.

    Text never gives a special token: they are control symbols, which the segmentation does not match.
    Raises UserError when the file is missing or is no such model.
    """

    def __init__(self, model_file: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        try:
            self._model = Path(model_file).read_bytes()
            self._processor = SentencePieceProcessor(model_proto=self._model)
        except (FileNotFoundError, RuntimeError) as error:
            raise UserError(f"{model_file}: no SentencePiece model ({error}); train the tokenizer again") from error
        self.vocab_size: int = self._processor.get_piece_size()
        self._byte_ids = [self._processor.piece_to_id(f"<0x{byte:02X}>") for byte in range(256)]
        unknown = self._processor.unk_id()
        if unknown in self._byte_ids:
            raise UserError(f"{model_file}: has no byte fallback; train the tokenizer with it")
        for name in SPECIAL_TOKENS[1:]:
            if self._processor.piece_to_id(name) == unknown:
                raise UserError(f"{model_file}: lacks the special token {name}; train the tokenizer again")

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the model file: equal for equal tokenizers, and only for them."""
        return hashlib.sha256(self._model).hexdigest()

    def special(self, name: str) -> int:
        """Id of a special token. Raises UserError for any other name."""
        if name not in SPECIAL_TOKENS:
            raise UserError(f"{name!r} is no special token; there are: {' '.join(SPECIAL_TOKENS)}")
        return int(self._processor.piece_to_id(name))

    @property
    def bos_id(self) -> int:
        return self.special(BOS)

    @property
    def eos_id(self) -> int:
        return self.special(EOS)

    @property
    def pad_id(self) -> int:
        return self.special(PAD)

    @property
    def unk_id(self) -> int:
        return self.special(UNK)

    def encode(self, text: str) -> list[int]:
        """Token ids of the text. Lone surrogates from `surrogateescape` stand for their bytes."""
        if _NOT_TEXT.search(text) is None:
            return list(self._processor.encode(text))
        return [token for run in _runs(text) for token in self._encode_run(run)]

    def encode_batch(self, texts: Sequence[str], *, threads: int = 1) -> list[list[int]]:
        """`encode` of each text; the number of threads changes nothing but the time."""
        plain = [text if _NOT_TEXT.search(text) is None else "" for text in texts]
        encoded = self._processor.encode(plain, num_threads=threads)
        return [
            ids if len(kept) == len(text) else self.encode(text)
            for text, kept, ids in zip(texts, plain, encoded, strict=True)
        ]

    def encode_bytes(self, data: bytes) -> list[int]:
        """Token ids of any bytes: what is not UTF-8 goes byte by byte."""
        return self.encode(data.decode("utf-8", "surrogateescape"))

    def decode_bytes(self, ids: Sequence[int]) -> bytes:
        """The bytes that the ids stand for; special tokens stand for none."""
        table = self.token_bytes
        return b"".join([table[token] for token in ids])

    def decode(self, ids: Sequence[int]) -> str:
        """The text that the ids stand for; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def piece(self, token: int) -> str:
        """The piece as the model writes it, with U+2581 for a space."""
        return str(self._processor.id_to_piece(token))

    @cached_property
    def token_bytes(self) -> list[bytes]:
        """What each id stands for."""
        byte_of = {token: bytes([byte]) for byte, token in enumerate(self._byte_ids)}
        silent = {self._processor.piece_to_id(name) for name in SPECIAL_TOKENS}
        return [
            b"" if token in silent else byte_of.get(token) or self.piece(token).replace(_SPACE, " ").encode("utf-8")
            for token in range(self.vocab_size)
        ]

    def _encode_run(self, run: str) -> list[int]:
        if _NOT_TEXT.match(run) is None:
            return list(self._processor.encode(run))
        return [self._byte_ids[byte] for byte in run.encode("utf-8", "surrogateescape")]


def _runs(text: str) -> Iterator[str]:
    """The text cut into what SentencePiece can take and what has to go as bytes."""
    start = 0
    for match in _NOT_TEXT.finditer(text):
        if match.start() > start:
            yield text[start : match.start()]
        yield match.group()
        start = match.end()
    if start < len(text):
        yield text[start:]
