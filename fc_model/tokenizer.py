"""The tokenizer: SentencePiece, made exact for any bytes and closed to special tokens.

SentencePiece alone is not lossless: it writes U+2581 for a space, so the text's own U+2581 would come back as a
space, and it replaces invalid UTF-8. Both are spelled in byte tokens here. Special tokens have ids, but no text gives
them: `<image>` in a document is cut into ordinary pieces.

Long runs of line ends are cut here too, the longest piece first, as llama.cpp and transformers do. To SentencePiece
all cuts of such a run into as many pieces are equally good, and rounding decides.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from fc_model.errors import UserError
from fc_model.special_tokens import BOS, EOS, PAD, UNK

_MAX_LINE_ENDS = 8  # in one piece; longer ones are not looked for
_SPACE = "\u2581"  # what SentencePiece puts in the place of a space
# What must not reach SentencePiece: its own mark, and surrogates, which stand for bytes that are no UTF-8.
_UNSAFE = "[\u2581\ud800-\udfff]+"


class Tokenizer:
    """A trained tokenizer.

    Args:
        model_file: SentencePiece model, `tokenizer.model` of a tokenizer's artifact.

    Raises:
        UserError: the file is missing or is no SentencePiece model with byte fallback.
    """

    def __init__(self, model_file: Path) -> None:
        self.model_file = Path(model_file)
        if not self.model_file.is_file():
            raise UserError(f"{model_file}: no such file; materialize the tokenizer")
        data = self.model_file.read_bytes()
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=data)
        except RuntimeError as error:
            raise UserError(f"{model_file}: not a SentencePiece model; materialize the tokenizer again") from error
        processor = self._processor
        self.fingerprint = hashlib.sha256(data).hexdigest()
        self.vocab_size: int = processor.vocab_size()
        self._ids = {processor.id_to_piece(token): token for token in range(self.vocab_size)}
        self._bytes = [self._piece_bytes(token) for token in range(self.vocab_size)]
        try:
            self._byte_ids = [self._ids[f"<0x{byte:02X}>"] for byte in range(256)]
        except KeyError as error:
            raise UserError(f"{model_file}: has no byte tokens; train it with byte_fallback") from error
        self._line_ends = [self._ids.get("\n" * length) for length in range(_MAX_LINE_ENDS + 1)]
        longest = max((n for n, token in enumerate(self._line_ends) if token is not None), default=_MAX_LINE_ENDS)
        self._long_run = "\n" * (longest + 1)
        self._unsafe = re.compile(f"({_UNSAFE}|\n{{{longest + 1},}})")
        self.unk_id, self.bos_id = self.special(UNK), self.special(BOS)
        self.eos_id, self.pad_id = self.special(EOS), self.special(PAD)

    @property
    def token_bytes(self) -> NDArray[np.int64]:
        """Bytes of text that each id stands for, shape (vocab_size,); 0 for special tokens."""
        return np.array([len(piece) for piece in self._bytes], dtype=np.int64)

    @property
    def byte_ids(self) -> frozenset[int]:
        """The 256 ids that stand for single bytes."""
        return frozenset(self._byte_ids)

    def special(self, name: str) -> int:
        """Id of a special token. Raises UserError when this tokenizer has none of that name."""
        token = self._ids.get(name)
        if token is None or not (self._processor.is_control(token) or self._processor.is_unknown(token)):
            raise UserError(f"{self.model_file}: no special token {name!r}; train the tokenizer again")
        return token

    def encode(self, text: str) -> list[int]:
        """Ids of a text; never those of special tokens. Lone surrogates are spelled as bytes."""
        if self._is_safe(text):
            ids: list[int] = self._processor.encode(text)
            return ids
        return self.encode_bytes(text.encode("utf-8", "surrogatepass"))

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Ids of each text, as `encode` gives them. Other threads go on meanwhile; arrays spare a third of the time."""
        safe = [text if self._is_safe(text) else "" for text in texts]
        batch: list[NDArray[np.int32]] = self._processor.encode(safe, return_type="numpy", num_threads=1)
        return [
            ids if text is original else np.array(self.encode(original), dtype=np.int32)
            for ids, text, original in zip(batch, safe, texts, strict=True)
        ]

    def encode_bytes(self, data: bytes) -> list[int]:
        """Ids of any bytes; `decode_bytes` gives them back exactly."""
        ids: list[int] = []
        # Split at the captured group: even places are plain text, odd ones are cut here.
        for place, part in enumerate(self._unsafe.split(data.decode("utf-8", "surrogateescape"))):
            if place % 2 and part[0] == "\n":
                ids += self._encode_line_ends(len(part))
            elif place % 2:
                ids += [self._byte_ids[byte] for byte in part.encode("utf-8", "surrogateescape")]
            elif part:
                ids += self._processor.encode(part)
        return ids

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes that ids stand for; special tokens stand for none. Raises UserError for an id out of range."""
        ids = list(ids)
        if ids and not 0 <= min(ids) <= max(ids) < self.vocab_size:
            raise UserError(f"{self.model_file}: ids must be 0 to {self.vocab_size - 1}, got {min(ids)} to {max(ids)}")
        return b"".join([self._bytes[token] for token in ids])

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, without special tokens; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def _is_safe(self, text: str) -> bool:
        """Whether SentencePiece may have the text as it is. A plain search and UTF-8 are faster than `_unsafe`."""
        if self._long_run in text or _SPACE in text:
            return False
        if text.isascii():
            return True
        try:
            text.encode()
        except UnicodeEncodeError:  # a surrogate
            return False
        return True

    def _encode_line_ends(self, count: int) -> list[int]:
        ids: list[int] = []
        for length, token in reversed(list(enumerate(self._line_ends))):
            if token is not None:
                ids += [token] * (count // length)
                count %= length
        return ids + [self._byte_ids[ord("\n")]] * count

    def _piece_bytes(self, token: int) -> bytes:
        processor = self._processor
        if processor.is_byte(token):
            return bytes([int(processor.id_to_piece(token)[3:5], 16)])
        if processor.is_control(token) or processor.is_unknown(token) or processor.is_unused(token):
            return b""
        text: str = processor.id_to_piece(token)
        return text.replace(_SPACE, " ").encode()
