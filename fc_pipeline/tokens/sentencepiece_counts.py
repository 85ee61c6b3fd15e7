"""SentencePiece training from counted words: as good as from the text, and fifteen times as fast.

SentencePiece spends most of its time on a suffix array over all the text, which yields its seed pieces. But no piece
crosses a border between letters, digits and signs, so the words cut at these borders, with their counts, hold all that
training uses. The seed pieces (substrings with their frequencies) are counted here.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_model.special_tokens import BOS, CONTROL_TOKENS, EOS, PAD, SPECIAL_TOKENS, UNK

# Line ends and tabs are user-defined symbols, which training and encoding never join with anything else; llama.cpp's
# Unigram, which has no byte fallback, needs them in the vocabulary.
LINE_SYMBOLS = ("\n", "\n\n", "\n\n\n", "\t")

_SPECIAL = {"unk": UNK, "bos": BOS, "eos": EOS, "pad": PAD}
_SPACE = "\u2581"
_MAX_PIECE_LENGTH = 16  # SentencePiece's own default, in characters
_MAX_UNIT_LENGTH = 256
"""Of longer runs (a gene in one line) SentencePiece's BPE aborts the process from 65,536 characters on."""
_SEEDS_PER_PIECE = 5  # more seeds than this compress no better and take longer


def count_units(texts: Iterable[str], *, symbols: Sequence[str] = ()) -> Counter[str]:
    """How often each unit occurs: a run of letters, one digit, or a run of signs, with the space before it.

    Longer runs are cut at _MAX_UNIT_LENGTH characters.

    Args:
        symbols: strings that units are cut at, as they have pieces of their own.
    """
    import regex

    # NUL, tab and U+2581 are SentencePiece's separators; none can be part of a piece.
    border = "|".join(["[\\n\\t\\0\u2581]", *map(re.escape, sorted(symbols, key=len, reverse=True))])
    cut = re.compile(border)
    words: Counter[str] = Counter()
    # Of a run of spaces the last one belongs to the word after it.
    split = re.compile(r" ?[^ \n]+| +(?= [^ \n])| +")
    for text in texts:
        words.update(split.findall(cut.sub("\n", text)))
    units: Counter[str] = Counter()
    parts = regex.compile(r" ?[\p{L}\p{M}]+|\p{N}| ?[^\p{L}\p{M}\p{N} ]+| +")
    for word, count in words.items():
        for run in parts.findall(word):
            for start in range(0, len(run), _MAX_UNIT_LENGTH):
                units[run[start : start + _MAX_UNIT_LENGTH]] += count
    return units


def seed_pieces(units: Counter[str], *, size: int) -> list[tuple[str, int]]:
    """The substrings of units with the highest frequency times length, each with its frequency.

    A substring that is always followed by the same character is left out: the longer one replaces it.
    """
    substrings: dict[str, int] = {}
    active = sorted(units.items())
    level: dict[str, int] = {}
    for length in range(1, _MAX_PIECE_LENGTH + 1):
        # Only a string that begins with a frequent substring can be frequent.
        frequent, level = level, {}
        active = [(unit, count) for unit, count in active if len(unit) >= length]
        for unit, count in active:
            for start in range(len(unit) - length + 1):
                piece = unit[start : start + length]
                if length == 1 or piece[:-1] in frequent:
                    level[piece] = level.get(piece, 0) + count
        level = {piece: count for piece, count in level.items() if count > 1}
        substrings |= level
    extended = {piece[:-1] for piece, count in substrings.items() if count == substrings.get(piece[:-1])}
    seeds = [(piece, count) for piece, count in substrings.items() if len(piece) > 1 and piece not in extended]
    seeds.sort(key=lambda seed: (-seed[1] * len(seed[0]), seed[0]))
    return seeds[:size]


def train_sentencepiece(
    units: Counter[str], *, kind: str, vocab_size: int, character_coverage: float, symbols: Sequence[str]
) -> bytes:
    """Train a model; the same units give the same bytes.

    Text round-trips unchanged: identity normalisation, no dummy prefix, every space kept, byte fallback.

    Args:
        kind: `unigram` (Kudo 2018) or `bpe` (Sennrich et al. 2016).
        symbols: strings that become pieces of their own, besides the special tokens.

    Raises:
        UserError: the vocabulary is too large for the units or too small for their characters.
    """
    import sentencepiece

    options: dict[str, Any] = {
        "model_type": kind,
        "vocab_size": vocab_size,
        "character_coverage": character_coverage,
        "normalization_rule_name": "identity",
        "add_dummy_prefix": False,
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
        "byte_fallback": True,
        "split_digits": True,
        **{f"{name}_id": SPECIAL_TOKENS.index(piece) for name, piece in _SPECIAL.items()},
        **{f"{name}_piece": piece for name, piece in _SPECIAL.items()},
        "control_symbols": list(CONTROL_TOKENS),
        "user_defined_symbols": list(symbols),
        "max_sentencepiece_length": _MAX_PIECE_LENGTH,
        "max_sentence_length": 1 << 30,
        "input_format": "tsv",
        "num_threads": 1,  # with more threads the order of summation changes the scores
        "minloglevel": 2,
    }
    model = BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        if kind == "unigram":
            seeds_file = Path(folder) / "seeds.tsv"
            seeds = seed_pieces(units, size=_SEEDS_PER_PIECE * vocab_size)
            lines = [f"{piece.replace(' ', _SPACE)}\t{count}\n" for piece, count in seeds]
            seeds_file.write_text("".join(lines), "utf-8", newline="")
            options["seed_sentencepieces_file"] = str(seeds_file)
        try:
            sentences = (f"{unit}\t{count}" for unit, count in sorted(units.items()))
            sentencepiece.SentencePieceTrainer.train(sentence_iterator=sentences, model_writer=model, **options)
        except RuntimeError as error:
            raise UserError(_explain(str(error), vocab_size=vocab_size)) from error
    return _without_paths(model.getvalue())


def _explain(message: str, *, vocab_size: int) -> str:
    """SentencePiece's refusal, with the remedy."""
    if largest := re.search(r"value <= (\d+)", message):
        return (
            f"tokenizer.vocab_size: {vocab_size} pieces are more than this corpus yields, at most {largest[1]}; lower "
            "vocab_size or add text"
        )
    if smallest := re.search(r"required_chars\D*(?:\d+ vs )?(\d+)", message):
        return (
            f"tokenizer.vocab_size: {vocab_size} pieces cannot hold the characters of this corpus, which take "
            f"{smallest[1]}; raise vocab_size or lower character_coverage"
        )
    return f"tokenizer: SentencePiece cannot train on this corpus: {' '.join(message.split())}"


def _without_paths(model: bytes) -> bytes:
    """The model without the name of the temporary file, so that its bytes depend on its input alone."""
    from sentencepiece import sentencepiece_model_pb2 as messages

    proto = messages.ModelProto.FromString(model)  # type: ignore[attr-defined]  # made at import time from a descriptor
    proto.trainer_spec.DiscardUnknownFields()  # the file of seeds is a field newer than these messages
    data: bytes = proto.SerializeToString(deterministic=True)
    return data
