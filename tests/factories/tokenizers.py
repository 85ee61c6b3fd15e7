"""SentencePiece models with the settings that a track's tokenizer has."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from fc_model.special_tokens import BOS, CONTROL_TOKENS, EOS, PAD, UNK


def train_tokenizer(
    prefix: Path, lines: Iterable[str], *, vocab_size: int, model_type: str = "bpe", symbols: Sequence[str] = ("\n",)
) -> Path:
    """PREFIX.model, whose vocabulary has every character of the lines."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(prefix), model_type=model_type, vocab_size=vocab_size,
        byte_fallback=True, normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, split_digits=True, character_coverage=1.0,
        unk_id=0, bos_id=1, eos_id=2, pad_id=3, unk_piece=UNK, bos_piece=BOS, eos_piece=EOS, pad_piece=PAD,
        control_symbols=list(CONTROL_TOKENS), user_defined_symbols=list(symbols), num_threads=1, minloglevel=2,
    )  # fmt: skip
    return prefix.with_suffix(".model")
