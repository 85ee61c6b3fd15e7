"""One tiny tokenizer, model and set of exports for all tests of this folder."""

import string
from pathlib import Path

import pytest
import sentencepiece
from tiny_exports import VOCAB_SIZE, Exports, python_sources, tiny_model

from fc_model.export.exact_scores import round_scores
from fc_model.export.gguf import export_gguf
from fc_model.export.huggingface import export_huggingface
from fc_model.special_tokens import BOS, CONTROL_TOKENS, EOS, PAD, UNK


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Unigram model with the settings that a track's tokenizer has."""
    prefix = tmp_path_factory.mktemp("tokenizer") / "tokenizer"
    lines = [line for text in python_sources("asyncio") for line in text.split("\n")]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines[:4000]),
        model_prefix=str(prefix),
        model_type="unigram",
        vocab_size=VOCAB_SIZE,
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        character_coverage=1.0,
        required_chars=string.ascii_letters + string.digits + string.punctuation,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        unk_piece=UNK,
        bos_piece=BOS,
        eos_piece=EOS,
        pad_piece=PAD,
        control_symbols=list(CONTROL_TOKENS),
        user_defined_symbols=["\n", "\t"],
        num_threads=1,
        minloglevel=2,
    )
    file = prefix.with_suffix(".model")
    file.write_bytes(round_scores(file.read_bytes()))
    return file


@pytest.fixture(scope="session")
def exports(tokenizer_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """The tiny model in every format."""
    folder = tmp_path_factory.mktemp("exports")
    model = tiny_model()
    export_huggingface(model, model.config, tokenizer_file, folder / "huggingface")
    for quantization in ("f32", "f16", "bf16", "q8_0"):
        export_gguf(
            model,
            model.config,
            tokenizer_file,
            folder / f"{quantization}.gguf",
            quantization=quantization,
            name="tiny",
            licence="apache-2.0",
            description="A model for tests",
        )
    return Exports(model=model, tokenizer_file=tokenizer_file, folder=folder, texts=python_sources("json"))
