"""The tiny model and texts that the tests of exports share; fixtures stand in conftest.py."""

import os
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from factories import models, tokenizers
from fc_model.export.gguf import export_gguf
from fc_model.model.decoder import Decoder

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
        """The tiny model's file; written when it is first asked for."""
        file = self.folder / f"{quantization}.gguf"
        return file if file.exists() else self.export(self.model, file, quantization=quantization)

    def export(self, model: Decoder, file: Path, **changes: Any) -> Path:
        """Write a GGUF file; returns it."""
        settings: dict[str, Any] = {"name": "tiny", "licence": "apache-2.0", "description": "A model for tests"}
        export_gguf(model, model.config, changes.pop("tokenizer_file", self.tokenizer_file), file, **settings | changes)
        return file


def python_sources(folder_name: str) -> list[str]:
    """Sources of a package of the standard library: real text that every machine has."""
    folder = Path(os.__file__).parent / folder_name
    return [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py"))]


def tiny_model(**changes: object) -> Decoder:
    """Random weights with outputs that are far from uniform; rope_theta is not the default of any reader."""
    torch.manual_seed(0)
    shape: dict[str, object] = {
        "vocab_size": VOCAB_SIZE, "hidden_size": 64, "head_dim": 16, "intermediate_size": 192, "context_length": 128,
        "rope_theta": 50_000.0, "embedding_init_std": 0.3, "head_init_std": 0.3, "zero_init_outputs": False,
    }  # fmt: skip
    return Decoder(models.tiny_model(**shape | changes)).eval()


def train_tokenizer(folder: Path, *, model_type: str) -> Path:
    """A SentencePiece model with the settings that a track's tokenizer has."""
    lines = [line for text in python_sources("asyncio") for line in text.split("\n")]
    lines = [string.ascii_letters + string.digits + string.punctuation, *lines[:4000]]
    symbols = ["\n", "\t", "  "]
    return tokenizers.train_tokenizer(
        folder / model_type, lines, vocab_size=VOCAB_SIZE, model_type=model_type, symbols=symbols
    )
