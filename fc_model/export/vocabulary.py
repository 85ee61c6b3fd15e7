"""What the exporters need to know of a SentencePiece model file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gguf import TokenType  # the numbers of SentencePiece too

from fc_model.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Piece:
    text: str
    score: float
    type: TokenType


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Pieces by id; `bos`, `eos` and `pad` are None where the model has none."""

    algorithm: Literal["unigram", "bpe"]
    pieces: tuple[Piece, ...]
    unk: int
    bos: int | None
    eos: int | None
    pad: int | None

    def of_type(self, *types: TokenType) -> list[tuple[int, Piece]]:
        """(id, piece) of every piece of one of `types`."""
        return [(token, piece) for token, piece in enumerate(self.pieces) if piece.type in types]

    def control_id(self, name: str) -> int:
        """The id of a control token. Raises UserError where the tokenizer has none of that name."""
        for token, piece in self.of_type(TokenType.CONTROL):
            if piece.text == name:
                return token
        raise UserError(f"the tokenizer has no control token {name!r}: train it again")


def read_vocabulary(tokenizer_file: Path, *, vocab_size: int) -> Vocabulary:
    """Read a SentencePiece model; pieces are padded with unused ones up to `vocab_size`, the model's.

    Raises UserError when the file is no such model, does not fit into `vocab_size`, or changes the text before it
    is cut: other runtimes can only be shown to agree without normalisation, dummy prefix or whitespace removal.
    """
    from google.protobuf.message import DecodeError
    from sentencepiece import sentencepiece_model_pb2 as messages

    try:
        proto = messages.ModelProto.FromString(tokenizer_file.read_bytes())  # type: ignore[attr-defined]  # made at import
    except DecodeError as error:
        raise UserError(f"{tokenizer_file} is not a SentencePiece model") from error
    _check_plain(tokenizer_file, proto)
    if len(proto.pieces) > vocab_size:
        raise UserError(
            f"{tokenizer_file} has {len(proto.pieces)} pieces, more than the model's vocab_size ({vocab_size}): "
            "export with the tokenizer that the model was trained with"
        )
    pieces = [
        Piece(text=piece.piece, score=piece.score, type=TokenType(piece.type)) if _can_match(piece) else _unused(token)
        for token, piece in enumerate(proto.pieces)
    ]
    pieces += [_unused(token) for token in range(len(pieces), vocab_size)]
    spec = proto.trainer_spec
    return Vocabulary(
        algorithm="unigram" if spec.model_type == spec.UNIGRAM else "bpe",
        pieces=tuple(pieces),
        unk=spec.unk_id,
        bos=_optional(spec.bos_id),
        eos=_optional(spec.eos_id),
        pad=_optional(spec.pad_id),
    )


def _can_match(piece: Any) -> bool:
    """False for a user-defined symbol with a space.

    SentencePiece turns the text's spaces into U+2581 first, so it never finds such a symbol; other runtimes would.
    """
    return not (piece.type == piece.USER_DEFINED and " " in piece.piece)


def _unused(token: int) -> Piece:
    return Piece(text=f"<unused_{token}>", score=0.0, type=TokenType.UNUSED)


def _check_plain(tokenizer_file: Path, proto: Any) -> None:
    spec, normalizer = proto.trainer_spec, proto.normalizer_spec
    problems = {
        f"model_type {spec.model_type} (only unigram and bpe export)": spec.model_type not in (spec.UNIGRAM, spec.BPE),
        "no byte fallback": not spec.byte_fallback,
        f"normalisation {normalizer.name}": bool(normalizer.precompiled_charsmap),
        "add_dummy_prefix": normalizer.add_dummy_prefix,
        "remove_extra_whitespaces": normalizer.remove_extra_whitespaces,
        "treat_whitespace_as_suffix": spec.treat_whitespace_as_suffix,
    }
    if present := [problem for problem, is_so in problems.items() if is_so]:
        raise UserError(f"{tokenizer_file} can't be exported faithfully: {', '.join(present)}; train it without")


def _optional(token: int) -> int | None:
    return token if token >= 0 else None
