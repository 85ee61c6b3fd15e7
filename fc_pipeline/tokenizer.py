"""The step that trains the tokenizer."""

import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_model.special_tokens import BOS, CONTROL_TOKENS, EOS, PAD, UNK
from fc_pipeline.step import Step

_THREADS = 2
"""Of the training. Fixed, since the sums of the EM steps are split by thread, and so the last bits of the scores."""


class TokenizerConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["unigram", "bpe"] = Field(default="unigram", description="unigram goes to GGUF as t5, bpe as llama.")
    vocab_size: int = Field(gt=300, description="Pieces, special tokens and the 256 bytes included.")
    character_coverage: float = Field(
        default=1.0, gt=0.9, le=1, description="Share of the characters that get a piece; others go as bytes."
    )
    input_bytes: int = Field(
        default=8_000_000, gt=0, description="Text to train on, drawn from the domains by their weights."
    )
    symbols: list[str] = Field(
        default=["\n", "\t", "\n\n", "  ", "    ", "        "],
        description="Pieces of their own from the start: white space that llama.cpp has no byte fallback for.",
    )
    seed: int = Field(default=0, ge=0, description="Chooses the documents of the sample.")


def train_tokenizer(step: Step) -> None:
    """Train SentencePiece on the training split.

    config: {"tokenizer": TokenizerConfig, "weights": {domain: weight}}. inputs: `documents`.
    Writes tokenizer.model and vocab.json. Metrics: bytes_per_token and `_<domain>` on the holdout, in which no
    document failed to come back exactly.

    Raises:
        UserError: the corpus is too small for the vocabulary; names the largest size that it allows.
    """
    config = TokenizerConfig.model_validate(step.config["tokenizer"])
    documents = step.inputs["documents"]
    sample = draw_sample(documents.path("train.jsonl.zst"), step.config["weights"], config)
    model = train_model(sample, config)
    with step.out.open("tokenizer.model") as file:
        file.write(model)
    _write_vocabulary(step)
    step.out.metrics |= _measure(step, documents.path("holdout.jsonl.zst"))
    step.out.metrics["vocab_size"] = config.vocab_size
    step.out.metrics["sample_bytes"] = sum(len(text.encode()) for text in sample)


def draw_sample(path: Path, weights: dict[str, float], config: TokenizerConfig) -> list[str]:
    """Texts of the training split, by weight of their domains, in a seeded order; about `input_bytes` in all."""
    share = {domain: weight / sum(weights.values()) for domain, weight in weights.items()}
    by_domain: dict[str, list[str]] = {domain: [] for domain in sorted(share)}
    for record in read_records(path):
        if record["domain"] in by_domain:
            by_domain[record["domain"]].append(record["text"])
    sample = []
    for domain, texts in by_domain.items():
        random.Random(f"{config.seed} {domain}").shuffle(texts)
        left = share[domain] * config.input_bytes
        for text in texts:
            if left <= 0:
                break
            sample.append(text)
            left -= len(text.encode())
    return sample


def train_model(texts: list[str], config: TokenizerConfig) -> bytes:
    """A SentencePiece model, as bytes: identity normalisation, byte fallback, digits one by one, no dummy prefix."""
    import sentencepiece

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_lines(texts),
            model_writer=model,
            model_type=config.kind,
            vocab_size=config.vocab_size,
            character_coverage=config.character_coverage,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            byte_fallback=True,
            split_digits=True,
            allow_whitespace_only_pieces=True,
            max_sentence_length=65_536,
            user_defined_symbols=config.symbols,
            control_symbols=list(CONTROL_TOKENS),
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=3,
            unk_piece=UNK,
            bos_piece=BOS,
            eos_piece=EOS,
            pad_piece=PAD,
            unk_surface="",
            num_threads=_THREADS,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise UserError(
            f"tokenizer.vocab_size ({config.vocab_size}) does not fit a sample of {len(texts):,} documents: "
            f"{' '.join(str(error).split())}; lower it"
        ) from error
    return model.getvalue()


def _lines(texts: list[str]) -> Iterator[str]:
    for text in texts:
        for line in text.split("\n"):
            if line and "\0" not in line:
                yield line[:16_000]


def _write_vocabulary(step: Step) -> None:
    from fc_model.tokenizer import Tokenizer

    tokenizer = Tokenizer(step.out.folder / "tokenizer.model")
    pieces = [tokenizer.piece(token) for token in range(tokenizer.vocab_size)]
    step.out.write_text("vocab.json", json.dumps(pieces, ensure_ascii=False, indent=0) + "\n")


def _measure(step: Step, holdout: Path) -> dict[str, float]:
    from fc_model.tokenizer import Tokenizer

    tokenizer = Tokenizer(step.out.folder / "tokenizer.model")
    num_bytes: Counter[str] = Counter()
    num_tokens: Counter[str] = Counter()
    for record in read_records(holdout):
        ids = tokenizer.encode(record["text"])
        if tokenizer.decode(ids) != record["text"]:
            raise UserError(f"tokenizer: document {record['id']} does not come back from its tokens")
        num_bytes[record["domain"]] += len(record["text"].encode())
        num_tokens[record["domain"]] += len(ids)
    ratios = {f"bytes_per_token_{domain}": num_bytes[domain] / num_tokens[domain] for domain in sorted(num_bytes)}
    return {"bytes_per_token": num_bytes.total() / num_tokens.total(), **ratios}
