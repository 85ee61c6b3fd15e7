"""The tiny model and texts that the tests of exports share; fixtures stand in conftest.py."""

import os
import string
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch

from fc_model.config.model import ModelConfig
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import BOS, CONTROL_TOKENS, EOS, PAD, UNK

VOCAB_SIZE = 1000


@dataclass(frozen=True, kw_only=True)
class Exports:
    model: Decoder
    tokenizer_file: Path
    folder: Path
    texts: list[str]

    @property
    def huggingface(self) -> Path:
        return self.folder / "huggingface"

    def gguf(self, quantization: str) -> Path:
        return self.folder / f"{quantization}.gguf"


def python_sources(folder_name: str) -> list[str]:
    """Sources of a package of the standard library: real text that every machine has."""
    folder = Path(os.__file__).parent / folder_name
    return [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py"))]


def tiny_model(**changes: object) -> Decoder:
    """Random weights with outputs that are far from uniform; rope_theta is not the default of any reader."""
    torch.manual_seed(0)
    shape: dict[str, object] = {
        "vocab_size": VOCAB_SIZE,
        "num_layers": 2,
        "hidden_size": 64,
        "num_heads": 4,
        "num_kv_heads": 2,
        "head_dim": 16,
        "intermediate_size": 192,
        "context_length": 128,
        "rope_theta": 50_000.0,
        "embedding_init_std": 0.3,
        "head_init_std": 0.3,
        "zero_init_outputs": False,
    }
    config = ModelConfig.model_validate(shape | changes)
    return Decoder(config).eval()


def train_tokenizer(folder: Path, *, model_type: str) -> Path:
    """A SentencePiece model with the settings that a track's tokenizer has."""
    prefix = folder / model_type
    lines = [line for text in python_sources("asyncio") for line in text.split("\n")]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([string.ascii_letters + string.digits + string.punctuation, *lines[:4000]]),
        model_prefix=str(prefix),
        model_type=model_type,
        vocab_size=VOCAB_SIZE,
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        character_coverage=1.0,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        unk_piece=UNK,
        bos_piece=BOS,
        eos_piece=EOS,
        pad_piece=PAD,
        control_symbols=list(CONTROL_TOKENS),
        user_defined_symbols=["\n", "\t", "  "],
        num_threads=1,
        minloglevel=2,
    )
    return prefix.with_suffix(".model")
